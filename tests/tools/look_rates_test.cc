// metrics, analyze and traffic of exports that come when they come: what they show is what verdicts
// go by.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/program.h"

namespace rollbook::tests {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Orders are held against time, requests are not.
constexpr char kRates[] = R"(edition 1
runbook rates {
  service "s"
  arms by label "version": baseline "old", canary "new"
  metric requests = counter req by region
  metric orders   = counter ord
  metric errors   = counter err by type default 0
  metric latency  = histogram lat by layer
  metric error_rate = errors / requests
  role owner
  guard {
    stop rate(orders) < 1/s over 2m30s
    stop canary.error_rate > baseline.error_rate * 1000% over 5m
    stop canary.p99(latency) > baseline.p99(latency) * 900% over 5m
    stop absent(requests) for 15m
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 30m
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

constexpr std::int64_t kBegin = 1'767'571'200;  // 2026-01-05T00:00:00Z

// Both arms' totals at one second, each of 50 requests and orders and of half an error a second.
class Recording {
 public:
  std::int64_t offset_ns = 0;  // of every export from its second
  std::int64_t slow = 0;  // of the canary's hundred observations a second, beyond the last edge
  std::int64_t slow_old = 0;
  bool canary_fails = true;  // else it has no series of errors, as a healthy one has

  void at(std::int64_t second) {
    time_ = std::to_string(kBegin + second) + std::to_string(1'000'000'000 + offset_ns).substr(1);
    for (const char* version : {"old", "new"}) {
      const std::int64_t beyond = version == std::string("new") ? slow : slow_old;
      line("req", version, R"("region":"eu")", "counter", value(20 * second));
      line("req", version, R"("region":"us")", "counter", value(30 * second));
      line("ord", version, R"("region":"eu")", "counter", value(50 * second));
      if (canary_fails || version == std::string("old")) {
        line("err", version, R"("type":"timeout")", "counter", value(second / 2));
      }
      line("lat", version, R"("layer":"db")", "histogram",
           R"("bounds":[0.01,0.05],"counts":[)" + std::to_string((100 - beyond) * second) + ",0," +
               std::to_string(beyond * second) + "]");
    }
  }
  const std::string& text() const { return text_; }

 private:
  static std::string value(std::int64_t value) { return "\"value\":" + std::to_string(value); }
  void line(const std::string& name, const std::string& version, const std::string& label,
            const std::string& kind, const std::string& rest) {
    text_ += R"({"metric":")" + name + R"(","labels":{"version":")" + version + "\"," + label +
             R"(},"kind":")" + kind + "\"," + rest + ",\"time\":" + time_ + "}\n";
  }

  std::string text_, time_;
};

std::string time_at(int second) {
  char text[32];
  std::snprintf(text, sizeof text, "2026-01-05T%02d:%02d:%02dZ", second / 3600, second / 60 % 60,
                second % 60);
  return text;
}

// As it would be on a terminal that is wide enough.
std::string unwrapped(std::string text) {
  for (std::size_t at; (at = text.find("\n    ")) != std::string::npos;) text.replace(at, 5, " ");
  return text;
}

class LookRatesTest : public testing::Test {
 protected:
  // Nothing comes between the second and the third.
  void play(int every, int seconds, int away_from = 0, int away_to = 0) {
    for (int second = 0; second <= seconds; second += every) {
      if (second <= away_from || second >= away_to) recording_.at(second);
    }
    simulate(kRates);
  }
  void simulate(const std::string& runbook) {
    const Ran ran = rollbook({"simulate", directory_.write("r.runbook", runbook), "--metrics",
                              directory_.write("r.jsonl", recording_.text()), "--data", data(),
                              "--answer", "yes"});
    EXPECT_THAT(ran.exit, testing::AnyOf(0, 4)) << ran.err;  // 4: the recording ends before it
  }
  std::string data() const { return directory_.file("data"); }
  Ran run(std::vector<std::string> words) const {
    words.insert(words.begin(), "NO_COLOR=1");
    words.insert(words.end(), {"--data", data()});
    return rollbook(words);
  }
  json read(std::vector<std::string> words) const {
    words.insert(words.end(), {"-o", "json"});
    const Ran ran = run(std::move(words));
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return json::parse(ran.out, nullptr, false);
  }
  // Of the canary, at a second, over a window.
  double rate(const std::string& metric, int second, const std::string& window) const {
    const json look = read(
        {"metrics", "rates-1", "--metric", metric, "--window", window, "--at", time_at(second)});
    return look.at("metrics").at(0).at("arms").at("canary").at("value");
  }

  Directory directory_;
  Recording recording_;
};

// Whether the log tells since when an increment counts, or not.
TEST_F(LookRatesTest, ExportsThatAreNoMinuteApartMakeNoRateOfThree) {
  play(61, 1500);
  for (const char* metric : {"orders", "requests"}) {
    for (const char* window : {"2m30s", "5m", "1m", "7s", "1s"}) {
      EXPECT_NEAR(rate(metric, 1220, window), 50, 1e-6) << metric << " over " << window;
    }
  }
  const json stop = read({"show", "rates-1", "--at", time_at(1220)}).at("criteria").at(0);
  ASSERT_EQ(stop.at("text"), "rate(orders) < 1/s over 2m30s");
  EXPECT_EQ(stop.at("value"), rate("orders", 1220, "2m30s"));
}

TEST_F(LookRatesTest, AScrapeThatWasAwayMakesNoRateOfThree) {
  play(15, 1500, 600, 900);
  for (const char* metric : {"orders", "requests"}) {
    for (const char* window : {"1m", "5m", "10m"}) {
      EXPECT_NEAR(rate(metric, 900, window), 50, 1e-6) << metric << " over " << window;
    }
  }
}

// What comes after a long silence came at once there, as verdicts take it.
TEST_F(LookRatesTest, WhereSilenceIsZeroWhatBreaksItCameAtOnce) {
  play(15, 1500, 600, 900);
  EXPECT_NEAR(rate("errors", 900, "1m"), 150.0 / 60, 1e-6);
  EXPECT_NEAR(rate("errors", 1200, "2m"), 0.5, 0.01);
}

TEST_F(LookRatesTest, WhatIsCountedByLabelsIsARateOverTheTimeThatItSpans) {
  play(61, 1500);
  for (const char* window : {"1m40s", "61s", "30s", "1s", "10m"}) {
    const json look = read({"analyze", "traffic", "rates-1", "--by", "region", "--window", window,
                            "--at", time_at(1250)});
    const json& all = look.at("total").at("canary");
    EXPECT_NEAR(all.at("rate").get<double>(), 50, 1e-6) << window;
    EXPECT_EQ(look.at("window"), std::string(window) == "61s" ? "1m1s" : window);
    EXPECT_EQ(all.at("count").get<int>() % (50 * 61), 0) << all;
  }
  const std::vector<std::string> words{"analyze",  "traffic", "rates-1", "--by",       "region",
                                       "--window", "1m40s",   "--at",    time_at(1250)};
  EXPECT_EQ(read(words).at("seen"), "2m2s");
  EXPECT_THAT(run(words).out,
              AllOf(HasSubstr("requests by region, over 2m2s up to "),
                    HasSubstr("1m40s was asked for; counts are logged once a minute, and all that "
                              "reach into it\nare taken whole\n"),
                    HasSubstr("50/s"), Not(HasSubstr("1m40s of"))));
}

TEST_F(LookRatesTest, TheBusiestMinuteIsNoneOfTwoExports) {
  play(15, 1500, 600, 900);
  const json minutes = read({"analyze", "traffic", "rates-1", "--by", "region"}).at("minutes");
  for (const char* arm : {"canary", "baseline"}) {
    EXPECT_NEAR(minutes.at(arm).at("peak").get<double>(), 50, 1e-6);
    EXPECT_NEAR(minutes.at(arm).at("least").get<double>(), 50, 1e-6);
  }
}

// Their requests are those of the same minutes, not of all that came since the last error.
TEST_F(LookRatesTest, ErrorsAreAShareOfTheRequestsOfTheirTime) {
  for (int second = 0; second <= 600; second += 15) recording_.at(second);
  std::string more = recording_.text();
  Recording later;
  for (int second = 615; second <= 1500; second += 15) later.at(second);
  for (std::size_t at = 0; at < later.text().size();) {
    const std::size_t end = later.text().find('\n', at) + 1;
    const std::string line = later.text().substr(at, end - at);
    if (line.find("\"err\"") == std::string::npos) more += line;
    at = end;
  }
  const Ran ran = rollbook({"simulate", directory_.write("r.runbook", kRates), "--metrics",
                            directory_.write("r.jsonl", more), "--data", data()});
  ASSERT_EQ(ran.exit, 4) << ran.err;
  const json look = read({"analyze", "errors", "rates-1", "--window", "5m"});
  EXPECT_EQ(look.at("at"), time_at(600));
  EXPECT_NEAR(look.at("total").at("canary").at("ratio").get<double>(), 0.01, 1e-3);
}

// Errors of half a minute are a share of the requests of all of the window.
TEST_F(LookRatesTest, SeldomErrorsAreAShareOfAllThatWasAskedFor) {
  std::string kept;
  for (int second = 0; second <= 1500; second += 15) {
    Recording all;
    all.at(second);
    for (std::size_t at = 0; at < all.text().size();) {
      const std::size_t end = all.text().find('\n', at) + 1;
      const std::string line = all.text().substr(at, end - at);
      const bool error = line.find("\"err\"") != std::string::npos;
      if (!error || (second >= 1170 && second <= 1200)) kept += line;
      at = end;
    }
  }
  const Ran ran = rollbook({"simulate", directory_.write("r.runbook", kRates), "--metrics",
                            directory_.write("r.jsonl", kept), "--data", data()});
  ASSERT_EQ(ran.exit, 4) << ran.err;
  const json canary = read({"analyze", "errors", "rates-1", "--window", "15m"})["total"]["canary"];
  const double errors = canary.at("count").get<double>();
  EXPECT_GT(errors, 10);
  EXPECT_NEAR(canary.at("ratio").get<double>(), errors / (15 * 60 * 50), errors / (15 * 60 * 500));
}

TEST_F(LookRatesTest, WhatIsJudgedALittleBeforeTheNewestPointIsNotSilent) {
  recording_.canary_fails = false;
  // Every export a little less than five seconds after the one before: ten seconds before the
  // newest lies just before another, and what is judged ends with the second before that.
  for (int second = 0; second <= 300; second += 5) {
    recording_.offset_ns = 990'000'000 - 2'000'000 * second;
    recording_.at(second);
  }
  simulate(kRates);
  const std::string table = run({"metrics", "rates-1", "--compare", "--window", "1m"}).out;
  EXPECT_THAT(table, HasSubstr("\nerrors "));
  EXPECT_THAT(unwrapped(table), Not(HasSubstr("no point has come since")));
}

TEST_F(LookRatesTest, AnArmThatHasBeenSilentIsNamedAndTheOtherIsNot) {
  play(15, 600);
  std::string text;
  for (std::size_t at = 0; at < recording_.text().size();) {
    const std::size_t end = recording_.text().find('\n', at) + 1;
    const std::string line = recording_.text().substr(at, end - at);
    const bool late = line.find("\"time\":" + std::to_string(kBegin + 600)) != std::string::npos ||
                      line.find("\"time\":" + std::to_string(kBegin + 585)) != std::string::npos;
    if (!late || line.find("\"old\"") == std::string::npos) text += line;
    at = end;
  }
  const std::string other = directory_.file("other");
  const Ran ran = rollbook({"simulate", directory_.write("r.runbook", kRates), "--metrics",
                            directory_.write("o.jsonl", text), "--data", other});
  ASSERT_EQ(ran.exit, 4) << ran.err;
  const std::string table =
      rollbook({"NO_COLOR=1", "metrics", "rates-1", "--compare", "--data", other}).out;
  EXPECT_THAT(
      unwrapped(table),
      AllOf(HasSubstr("• canary of error_rate, requests, p50(latency), p99(latency): ends at "
                      "2026-01-05T00:09:30Z: up to there all senders of both arms were heard"),
            HasSubstr("• baseline of error_rate, requests, errors, p50(latency), "
                      "p99(latency): ends at 2026-01-05T00:09:30Z: no point has come since")));
}

// ---- Beyond the last edge -------------------------------------------------------------------

TEST_F(LookRatesTest, AQuantileBeyondTheLastEdgeIsNotThatEdge) {
  recording_.slow = 3;
  play(15, 600);
  const json look = read({"analyze", "latency", "rates-1", "--percentiles", "p50,p99"});
  const json& canary = look.at("sets").at(0).at("arms").at("canary");
  EXPECT_EQ(canary.at("p99"), 0.05);
  EXPECT_EQ(canary.at("beyond_edges"), json::array({"p99"}));
  EXPECT_FALSE(look.at("total").at("baseline").contains("beyond_edges"));
  EXPECT_THAT(run({"analyze", "latency", "rates-1"}).out, HasSubstr("above 50ms"));
}

TEST_F(LookRatesTest, OfWhatLiesBeyondItADifferenceIsABound) {
  recording_.slow = 3;
  play(15, 600);
  const std::vector<std::string> words{"metrics",   "rates-1",       "--metric", "latency",
                                       "--compare", "--percentiles", "p50,p99"};
  const json looks = read(words).at("metrics");
  EXPECT_FALSE(looks.at(0).contains("bound"));
  EXPECT_EQ(looks.at(1).at("bound"), "at_least");
  EXPECT_NEAR(looks.at(1).at("difference").get<double>(), 0.0401, 1e-9);
  EXPECT_THAT(run(words).out, HasSubstr("at least +40.1ms (+405.1%)"));
}

TEST_F(LookRatesTest, WhereTheBaselineLiesBeyondItTheBoundIsTheOther) {
  recording_.slow_old = 3;
  play(15, 600);
  const std::vector<std::string> words{"metrics",   "rates-1",       "--metric", "latency",
                                       "--compare", "--percentiles", "p99"};
  EXPECT_EQ(read(words).at("metrics").at(0).at("bound"), "at_most");
  EXPECT_THAT(run(words).out, HasSubstr("at most -40.1ms (-80.2%)"));
}

TEST_F(LookRatesTest, WhatLiesBeyondItOnBothArmsIsNotCompared) {
  recording_.slow = recording_.slow_old = 3;
  play(15, 600);
  const std::vector<std::string> words{"metrics",   "rates-1",       "--metric", "latency",
                                       "--compare", "--percentiles", "p99"};
  const json look = read(words).at("metrics").at(0);
  EXPECT_EQ(look.at("arms").at("canary").at("beyond_edges"), true);
  EXPECT_TRUE(look.at("difference").is_null());
  EXPECT_TRUE(look.at("relative").is_null());
  EXPECT_FALSE(look.contains("bound"));
  EXPECT_THAT(run(words).out, AllOf(HasSubstr("above 50ms  above 50ms  -"), Not(HasSubstr("0s"))));
}

// ---- What counts requests -------------------------------------------------------------------

constexpr char kErrorsAlone[] = R"(edition 1
runbook rates {
  service "s"
  arms by label "version": baseline "old", canary "new"
  metric errors   = counter err default 0
  metric requests = counter req
  guard {
    stop canary.rate(errors) > baseline.rate(errors) * 1000% over 5m
    stop absent(requests) for 15m
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 30m
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

// The baseline has three times the errors of the canary, of as many requests.
TEST_F(LookRatesTest, ErrorsAreNoRequests) {
  std::string text;
  for (std::int64_t second = 0; second <= 900; second += 5) {
    for (const std::int64_t arm : {1, 3}) {
      for (const auto& [name, count] : {std::pair{"req", 50 * second}, {"err", arm * second / 5}}) {
        text += std::string(R"({"metric":")") + name + R"(","labels":{"version":")" +
                (arm == 1 ? "new" : "old") + R"("},"kind":"counter","value":)" +
                std::to_string(count) + ",\"time\":" + std::to_string(kBegin + second) +
                "000000000}\n";
      }
    }
  }
  const Ran ran = rollbook({"simulate", directory_.write("r.runbook", kErrorsAlone), "--metrics",
                            directory_.write("r.jsonl", text), "--data", data()});
  ASSERT_EQ(ran.exit, 4) << ran.err;
  EXPECT_TRUE(read({"status", "rates-1"}).at("observed_weight").is_null());
  EXPECT_THAT(run({"status", "rates-1"}).out, Not(HasSubstr("observed")));
  const Ran slow = run({"analyze", "latency", "rates-1"});
  EXPECT_EQ(slow.exit, 2);
  EXPECT_EQ(slow.err,
            "rollbook: this runbook has no histogram: there is nothing to analyse for latency\n");
  const Ran verify = run({"traffic", "rates-1", "--verify", "--at", time_at(890)});
  EXPECT_EQ(verify.exit, 1);
  EXPECT_THAT(verify.err,
              HasSubstr("the split is not measured: no criterion of this runbook counts "
                        "the requests of both arms"));
}

}  // namespace
}  // namespace rollbook::tests
