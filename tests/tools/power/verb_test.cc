// `rollbook power` as people and scripts run it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/paths.h"
#include "tests/tools/program.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kShop[] = R"(edition 1
runbook shop_canary {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role owner
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  metric latency  = histogram shop_seconds
  guard {
    stop errors / requests > 5% over 1m
    stop p90(latency) > 100ms over 1m
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 20m
    within 1h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

class PowerVerb : public testing::Test {
 protected:
  Ran power(const std::vector<std::string>& more) {
    std::vector<std::string> words{"power", directory_.write("shop.runbook", kShop), "--runs", "5"};
    words.insert(words.end(), more.begin(), more.end());
    return rollbook(words);
  }
  // Twenty minutes at 40 and then at 20 requests a second, 1 % of which fail; a tenth takes more
  // than 50 ms and one in two hundred more than 200 ms.
  std::string recorded() {
    std::string text;
    std::int64_t requests = 0;
    for (std::int64_t second = 0; second <= 1200; second += 10) {
      const std::int64_t time = 1'767'600'000'000'000'000 + second * 1'000'000'000;
      const auto line = [&](const std::string& name, const std::string& rest) {
        text += R"({"metric":")" + name + R"(","labels":{"version":"old"},)" + rest +
                ",\"time\":" + std::to_string(time) + "}\n";
      };
      line("shop_requests_total", R"("kind":"counter","value":)" + std::to_string(requests));
      line("shop_errors_total", R"("kind":"counter","value":)" + std::to_string(requests / 100));
      line("shop_seconds", R"("kind":"histogram","count":)" + std::to_string(requests) +
                               R"(,"sum":1,"bounds":[0.05,0.1,0.2],"counts":[)" +
                               std::to_string(requests - requests / 10) + "," +
                               std::to_string(requests / 10 - requests / 20) + "," +
                               std::to_string(requests / 20 - requests / 200) + "," +
                               std::to_string(requests / 200) + "]");
      requests += second < 600 ? 400 : 200;
    }
    return directory_.write("recorded.jsonl", text);
  }
  Directory directory_;
};

TEST_F(PowerVerb, SaysBothLoadsAndWhatHealthyMeans) {
  const Ran ran = power({"--load", "40/s,20/s"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("the guard stops a healthy one"));
  EXPECT_THAT(ran.out, HasSubstr("healthy 1% (a fifth of the limit), limit 5%, in half (50%)"));
  EXPECT_THAT(ran.out, HasSubstr("peak 40/s"));
  EXPECT_THAT(ran.out, HasSubstr("trough 20/s"));
  EXPECT_THAT(ran.err, Not(HasSubstr("\r")));  // no bar off a terminal
}

TEST_F(PowerVerb, TheCanarysTableFitsATerminal) {
  const Ran ran =
      rollbook({"power", ROLLBOOK_SOURCE_DIR "/plans/hal9-canary.runbook", "--runs", "3"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("guard.stop[5]  absent(requests) for 3m"));
  EXPECT_THAT(ran.out, HasSubstr("silence is noticed after 3m"));
  // 80 columns lose nothing: only a criterion's own words may be longer.
  std::istringstream lines(ran.out);
  bool notes = false;
  for (std::string line; std::getline(lines, line);) {
    notes = notes || line.starts_with("Noticed:");
    const auto characters = std::count_if(
        line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; });
    const bool a_row = line.starts_with(" ") && !line.starts_with("  healthy");
    EXPECT_TRUE(!(a_row || notes) || characters <= 80) << line;
  }
  EXPECT_TRUE(notes);
}

TEST_F(PowerVerb, JsonHasEveryNumber) {
  const Ran ran = power({"--load", "40/s,20/s", "-o", "json"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json["runbook"], "shop_canary");
  EXPECT_EQ(json["runs"], 5);
  EXPECT_EQ(json["watched_seconds"], 1200);
  ASSERT_EQ(json["plan"].size(), 2U);
  EXPECT_EQ(json["plan"][1]["load"], "trough");
  EXPECT_TRUE(json["plan"][0]["stopped"].contains("most"));
  ASSERT_EQ(json["criteria"].size(), 2U);
  const auto& stop = json["criteria"][0];
  EXPECT_EQ(stop["id"], "guard.stop[1]");
  EXPECT_EQ(stop["healthy"], 0.01);
  EXPECT_EQ(stop["healthy_from"], "limit");
  EXPECT_EQ(stop["loads"][0]["false_alarm"]["how"], "formula");
  EXPECT_EQ(stop["loads"][0]["notice"][1]["multiple"], 5);
  EXPECT_EQ(stop["loads"][0]["notice"][1]["noticed"], 1);
  EXPECT_GT(stop["loads"][0]["notice"][1]["requests"], 0);
  // Twenty times a limit of 5 % is no rate.
  EXPECT_FALSE(stop["loads"][0]["notice"][2].contains("noticed"));
}

TEST_F(PowerVerb, APlotIsOnePicture) {
  const Ran ran = power({"--load", "40/s", "-o", "svg"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("<svg "));
  EXPECT_TRUE(ran.out.ends_with("</svg>\n"));
}

// What comes before the first stage has a curve as a review has; what has none is named.
TEST_F(PowerVerb, APlotHasAllOrNamesWhatItLeavesOut) {
  const Ran ran = rollbook(
      {"power", ROLLBOOK_SOURCE_DIR "/plans/hal9-canary.runbook", "--runs", "1", "-o", "svg"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("at the review of preflight"));
  EXPECT_THAT(ran.out, HasSubstr("at the review of success"));
  EXPECT_THAT(ran.out, HasSubstr(">not drawn, the table says why: guard.stop[5]"));
  std::string quiet = kShop;
  const std::size_t at = quiet.find("    stop errors");
  quiet.replace(at, quiet.find("    otherwise") - at, "    stop absent(requests) for 3m\n");
  const Ran none =
      rollbook({"power", directory_.write("q.runbook", quiet), "--load", "9/s", "-o", "svg"});
  EXPECT_THAT(none.out, HasSubstr(">nothing to draw, the table says why: guard.stop[1]<"));
}

TEST_F(PowerVerb, RatesAreGivenForAllOrForOne) {
  const Ran all = power({"--load", "40/s", "--healthy", "2%", "-o", "json"});
  ASSERT_EQ(all.exit, 0) << all.err;
  EXPECT_EQ(nlohmann::json::parse(all.out)["criteria"][0]["healthy"], 0.02);
  const Ran one = power({"--load", "40/s", "--healthy", "guard.stop[2]=3%", "-o", "json"});
  ASSERT_EQ(one.exit, 0) << one.err;
  EXPECT_EQ(nlohmann::json::parse(one.out)["criteria"][1]["healthy"], 0.03);
  EXPECT_EQ(nlohmann::json::parse(one.out)["criteria"][0]["healthy"], 0.01);
}

TEST_F(PowerVerb, TakesRatesAndLoadFromARecording) {
  const Ran ran = power({"--from", recorded(), "-o", "json"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_NEAR(json["plan"][0]["per_second"].get<double>(), 40, 1.5);
  EXPECT_NEAR(json["plan"][1]["per_second"].get<double>(), 20, 1.5);
  EXPECT_NEAR(json["criteria"][0]["healthy"].get<double>(), 0.01, 0.0002);
  EXPECT_EQ(json["criteria"][0]["healthy_from"], "given");
  EXPECT_NEAR(json["criteria"][1]["healthy"].get<double>(), 0.05, 0.001);  // above 100 ms
  // Limits that hold: above the recorded 1 %, and an edge above which less than 10 % lie.
  ASSERT_EQ(json["proposals"].size(), 2U);
  EXPECT_EQ(json["proposals"][0]["id"], "guard.stop[1]");
  EXPECT_LE(json["proposals"][0]["false_alarm"], 0.01);
  EXPECT_EQ(json["proposals"][0]["limit"], "4%");
  EXPECT_EQ(json["proposals"][1]["limit"], "200ms");
}

// Those of the recording lie 10 s apart.
TEST_F(PowerVerb, PointsComeAsFarApartAsIsSaidOrWasRecorded) {
  const auto every = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = more;
    words.insert(words.end(), {"-o", "json"});
    const Ran ran = power(words);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return nlohmann::json::parse(ran.out)["every_seconds"].get<double>();
  };
  EXPECT_EQ(every({"--load", "40/s"}), 5);
  EXPECT_EQ(every({"--load", "40/s", "--every", "60s"}), 60);
  EXPECT_EQ(every({"--from", recorded()}), 10);
  EXPECT_EQ(every({"--from", recorded(), "--every", "1m30s"}), 90);
  // The later of a shift's and of an hour's; both wait for an export.
  const Ran ran = power({"--load", "40/s", "--every", "60s", "-o", "json"});
  const auto seldom = nlohmann::json::parse(ran.out)["criteria"][0]["loads"][0]["notice"][1];
  EXPECT_EQ(seldom["since"], "shift");
  EXPECT_GT(seldom["seconds"], 60);
}

// What has no arms is judged by its totals, from the start.
TEST_F(PowerVerb, ARolloutWithoutTrafficHasAGuardToo) {
  const std::string text = R"(edition 1
runbook data {
  service "shop"
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  guard always {
    stop errors / requests > 5% over 1m
    otherwise rollback automatic
  }
  stage half {
    hold 20m
    within 1h otherwise rollback automatic
  }
  rollback automatic { checkpoint "back" }
}
)";
  const Ran ran = rollbook({"power", directory_.write("data.runbook", text), "--load", "20/s",
                            "--healthy", "5%", "--runs", "5", "-o", "json"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  const auto stop = nlohmann::json::parse(ran.out)["criteria"][0];
  EXPECT_EQ(stop["stage"], "half");
  EXPECT_GT(stop["loads"][0]["false_alarm"]["chance"], 0.9);
}

TEST_F(PowerVerb, RecordedLimitsAreProposedInWords) {
  const Ran ran = power({"--from", recorded()});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("recorded 1%, limit 4% (broken in "));
  EXPECT_THAT(ran.out, HasSubstr("recorded 5%, limit 200ms (broken in "));
}

// What is suggested can be pasted, and draws what was just told.
TEST_F(PowerVerb, ThePlotThatIsSuggestedIsOfTheSame) {
  const std::string file = directory_.write("my shop.runbook", kShop);
  const auto next = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"power", file});
    const Ran ran = rollbook(more);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    const std::size_t at = ran.err.find("next: ");
    return at == std::string::npos ? "" : ran.err.substr(at + 6);
  };
  const std::string from = recorded();
  EXPECT_EQ(next({"--load", "40/s,20/s", "--healthy", "2%", "--healthy", "guard.stop[2]=3%",
                  "--every", "10s", "--runs", "3", "--seed", "7"}),
            "rollbook power '" + file +
                "' --healthy 2% --healthy 'guard.stop[2]=3%' --load 40/s,20/s --every 10s --runs 3 "
                "--seed 7 -o svg > power.svg\n");
  EXPECT_EQ(
      next({"--from", from, "--last", "7d", "--runs", "3"}),
      "rollbook power '" + file + "' --from " + from + " --last 7d --runs 3 -o svg > power.svg\n");
  const Ran piped = rollbook({"power", "-", "--load", "40/s", "--runs", "3"}, kShop);
  EXPECT_EQ(piped.exit, 0) << piped.err;
  EXPECT_THAT(piped.err, Not(HasSubstr("next:")));  // what came by stdin has been read
}

TEST_F(PowerVerb, MistakesAreNamed) {
  EXPECT_THAT(power({}).err, HasSubstr("how many requests come is not said; add `load 900/s peak"));
  EXPECT_EQ(power({}).exit, 2);
  EXPECT_THAT(power({"--load", "many"}).err, HasSubstr("`many` is no number of requests a second"));
  EXPECT_THAT(power({"--load", "20/s,40/s"}).err, HasSubstr("names the peak first"));
  for (const char* every : {"0s", "500ms", "1500ms", "2h", "often"}) {
    const Ran ran = power({"--load", "40/s", "--every", every});
    EXPECT_EQ(ran.exit, 2);
    EXPECT_THAT(ran.err, HasSubstr("--every: `" + std::string(every) +
                                   "` is no whole number of seconds up to an hour: 60s"));
  }
  EXPECT_THAT(power({"--load", "40/s", "--healthy", "x"}).err, HasSubstr("`x` is no rate"));
  EXPECT_THAT(power({"--load", "40/s", "--healthy", "stop=1%"}).err,
              HasSubstr("no criterion is called `stop`"));
  EXPECT_THAT(power({"--load", "40/s", "--seed", "-1"}).err, HasSubstr("`-1` is no whole number"));
  EXPECT_THAT(power({"--from", directory_.file("none")}).err, HasSubstr("no such file"));
  EXPECT_THAT(power({"--from", directory_.write("bad", "{\"metric\":1}\n")}).err,
              HasSubstr("bad: line 1: "));
  EXPECT_THAT(power({"--from", directory_.write("empty", "")}).err,
              HasSubstr("no metrics were recorded there"));
  const Ran broken =
      rollbook({"power", directory_.write("b.runbook", "edition 1\nrunbook {"), "--load", "1/s"});
  EXPECT_EQ(broken.exit, 1);
  EXPECT_THAT(broken.err, HasSubstr("not valid, so there is nothing to try"));
}

}  // namespace
}  // namespace rollbook::tests
