// rollbook samples: from Rollbook JSON, from the sandbox, and where there is nothing to show.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "adapters/wire/text.h"
#include "tests/tools/program.h"
#include "tests/tools/test_engine.h"

namespace rollbook::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";

constexpr char kShopWithLatency[] = R"(edition 1
runbook shop_latency {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role owner
  metric requests = counter   shop_requests_total
  metric errors   = counter   shop_errors_total by type default 0
  metric latency  = histogram shop_duration_ms in ms by layer
  metric stock    = histogram shop_stock_seconds
  metric memory   = gauge     max shop_memory_bytes
  guard {
    stop errors / requests > 50% over 5m
    stop p99(latency) > 50ms over 5m
    stop memory > 2GiB over 5m
    stop absent(requests) for 1h
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 2h
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

void expect_narrow(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto columns = std::count_if(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    EXPECT_LE(columns, 80) << line;
  }
}

class SamplesTest : public testing::Test {
 protected:
  SamplesTest() : engine_(directory_.file("data"), directory_.file("bus")) {
    engine_.now = *adapters::parse_time("2026-01-05T10:00:00Z");
    core::Command command;
    command.verb = core::Verb::start;
    command.rollout = "shop-1";
    command.actor = "maria";
    command.runbook = kShopWithLatency;
    command.file = "shop.runbook";
    engine_.command(command);
    engine_.step();
  }

  // One message, and seconds until what was seen is in the log.
  void send(const std::string& message) {
    engine_.metrics(message);
    engine_.step();
    for (int i = 0; i < 11; ++i) {
      engine_.now += 1s;
      engine_.metrics(requests());
      engine_.step();
    }
  }
  static std::string requests() {
    return R"({"metric":"shop_requests_total","labels":{"version":"new"},"kind":"counter_delta","value":90})"
           "\n"
           R"({"metric":"shop_requests_total","labels":{"version":"old"},"kind":"counter_delta","value":90})"
           "\n";
  }
  static std::string latency(const std::string& value, const std::string& version = "new") {
    return R"({"metric":"shop_duration_ms","labels":{"version":")" + version +
           R"(","layer":"db"},"kind":"histogram_delta","bounds":[10,50],"counts":[990,0,1],)"
           R"("exemplars":[{"value":)" +
           value + R"(,"trace_id":")" + kTrace + R"(","labels":{"route":"/pay"}}]})";
  }
  static std::string error() {
    return R"({"metric":"shop_errors_total","labels":{"version":"new","type":"oom"},)"
           R"("kind":"counter_delta","value":1,"exemplars":[{"trace_id":")" +
           std::string(kTrace) + "\"}]}";
  }

  Ran samples(std::vector<std::string> words) {
    words.insert(words.begin(), {"NO_COLOR=1", "samples"});
    words.insert(words.end(), {"--data", directory_.file("data")});
    return rollbook(words);
  }
  json read(std::vector<std::string> words) {
    words.insert(words.end(), {"-o", "json"});
    const Ran ran = samples(words);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return json::parse(ran.out, nullptr, false);
  }

  Directory directory_;
  TestEngine engine_;
};

TEST_F(SamplesTest, ComeFromRollbookJsonWithWhatIsKnownOfThem) {
  send(latency("120"));
  send(latency("49"));
  send(error());
  const json slow = read({"shop-1", "--metric", "latency", "--above", "100ms"});
  EXPECT_EQ(slow.at("seen"), 2);
  ASSERT_EQ(slow.at("samples").size(), 1U);
  const json& sample = slow.at("samples").at(0);
  EXPECT_EQ(sample.at("value"), 0.12);
  EXPECT_EQ(sample.at("trace_id"), kTrace);
  EXPECT_EQ(sample.at("labels"), json({{"layer", "db"}, {"route", "/pay"}}));
  EXPECT_EQ(sample.at("arm"), "canary");

  const Ran all = samples({});
  EXPECT_EQ(all.exit, 0) << all.err;
  EXPECT_THAT(all.out, AllOf(HasSubstr(std::string(kTrace) + "  layer=db, route=/pay\n"),
                             HasSubstr("latency  canary  120ms"),
                             HasSubstr(std::string(kTrace) + "  type=oom\n"),
                             HasSubstr("errors   canary  1")));
  expect_narrow(all.out);
  const Ran lines = samples({"--metric", "errors", "-o", "jsonl"});
  EXPECT_EQ(json::parse(lines.out).at("labels"), json({{"type", "oom"}}));
}

TEST_F(SamplesTest, LabelsTooLongForALineAreCutForPeopleOnly) {
  std::string message = latency("120");
  message.replace(message.find("/pay"), 4, "/päy/" + std::string(150, 'x'));
  send(message);
  const Ran ran = samples({});
  EXPECT_THAT(ran.out, HasSubstr("  layer=db, route=/päy/xxx"));
  EXPECT_THAT(ran.out, HasSubstr("x…\n"));
  expect_narrow(ran.out);
  EXPECT_EQ(read({}).at("samples").at(0).at("labels").at("route"), "/päy/" + std::string(150, 'x'));
}

// What it tells its reader to send does what it says.
TEST_F(SamplesTest, WhereNoneHasComeSayWhyAndTheLineToWrite) {
  for (const char* metric : {"latency", "errors"}) {
    const Ran none = samples({"--metric", metric, "--at", "1"});
    EXPECT_EQ(none.exit, 0) << none.err;
    EXPECT_THAT(none.out, AllOf(HasSubstr("  0 samples"), HasSubstr("none has come. A sample is"),
                                HasSubstr("OTLP has them"), HasSubstr("so has Rollbook\nJSON;"),
                                HasSubstr("Influx lines have no place for them")));
    expect_narrow(none.out);
    const std::size_t begin = none.out.find("  {\"metric\"");
    ASSERT_NE(begin, std::string::npos) << none.out;
    send(none.out.substr(begin));
    EXPECT_EQ(read({"--metric", metric}).at("samples").size(), 1U) << none.out;
  }
}

TEST_F(SamplesTest, WhereWhatIsAskedForIsNotThereSayWhatIs) {
  send(latency("120"));
  const struct {
    std::vector<std::string> words;
    const char* text;
  } cases[] = {
      {{"--metric", "latency", "--above", "200ms"},
       "1 of `latency` came, none above 200ms; the highest is 120ms\n"},
      {{"--metric", "latency", "--arm", "baseline"},
       "1 of `latency` came, none from the baseline\n"},
      {{"--above", "200ms"}, "1 came, none above 200ms\n"},
      {{"--metric", "errors"}, "1 of other metrics came, none of `errors`: none of its requests"},
  };
  for (const auto& c : cases) {
    const Ran ran = samples(c.words);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("  0 samples"), HasSubstr(c.text)));
    EXPECT_THAT(ran.out, Not(HasSubstr("{\"metric\"")));
    expect_narrow(ran.out);
  }
}

TEST_F(SamplesTest, OfWhatHasNoneSayWhyAndTheWayOut) {
  const struct {
    std::vector<std::string> words;
    int exit;
    const char* message;
  } cases[] = {
      {{"--metric", "latncy"}, 2, "no metric `latncy` in this runbook, did you mean `latency`?"},
      {{"--metric", "shop_errors_total"},
       2,
       "no metric `shop_errors_total` in this runbook; it calls it `errors`"},
      {{"--metric", "conversion"},
       2,
       "no metric `conversion` in this runbook; it keeps samples of errors, latency"},
      {{"--metric", "memory"},
       1,
       "`memory` is a gauge: a sample is one request, so a counter or a histogram has them (it "
       "keeps those of errors, latency)"},
      {{"--metric", "stock"},
       1,
       "no samples of `stock` are kept: no criterion of this runbook says which of them breach; "
       "`stop p99(stock) > 100ms over 5m` would keep those from 100ms on"},
      {{"--metric", "requests"},
       1,
       "no samples of `requests` are kept: no criterion of this runbook says which of them breach; "
       "of a counter a share that is bounded does"},
      {{"--metric", "errors", "--above", "100ms"},
       2,
       "--above is a duration, and `errors` is a counter: each of its samples is one request, "
       "whatever it took; leave --above out"},
  };
  for (const auto& c : cases) {
    const Ran ran = samples(c.words);
    EXPECT_EQ(ran.exit, c.exit) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(c.message));
    EXPECT_EQ(ran.out, "");
  }
}

TEST_F(SamplesTest, OfSeveralMetricsADurationIsAskedOfLatenciesOnly) {
  send(latency("120"));
  send(error());
  EXPECT_EQ(read({"--above", "100ms"}).at("samples").size(), 1U);
  EXPECT_EQ(read({"--above", "0.1"}).at("samples").size(), 2U);  // a number is one of either
}

TEST(SamplesHelp, BeginsWithExamples) {
  const Ran help = rollbook({"samples", "--help"});
  EXPECT_EQ(help.exit, 0);
  EXPECT_THAT(help.out, HasSubstr("rollbook samples hal9-7f3k2q --metric latency --above 100ms"));
  expect_narrow(help.out);
}

// ---- The sandbox ----------------------------------------------------------------------------

TEST(SamplesOfTheSandbox, ShowWhatFailedAndWhatWasSlow) {
  const Directory directory;
  const std::string runbook = directory.write("shop.runbook", kShopWithLatency);
  const auto play = [&](const std::string& name, const std::string& fault) {
    const Ran ran =
        rollbook({"sandbox", runbook, "--fault", fault, "--data", directory.file(name)});
    EXPECT_EQ(ran.exit, 3) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("next: rollbook samples shop-latency-"));
  };
  const auto read = [&](const std::string& name, const std::vector<std::string>& more) {
    const json all = json::parse(
        rollbook({"list", "--data", directory.file(name), "-o", "json"}).out, nullptr, false);
    std::vector<std::string> words{"samples", all.at(0).at("rollout").get<std::string>(),
                                   "--data",  directory.file(name),
                                   "-o",      "json"};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = rollbook(words);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return json::parse(ran.out, nullptr, false);
  };
  play("errors", "errors 60% from 30m");
  std::set<std::string> traces;
  std::size_t since = 0;
  const json failed = read("errors", {"--metric", "errors", "--arm", "canary"}).at("samples");
  for (const json& sample : failed) {
    traces.insert(sample.at("trace_id").get<std::string>());
    if (sample.at("time").get<std::string>() > "2026-01-05T00:30") ++since;
    EXPECT_TRUE(sample.at("labels").contains("type")) << sample;
  }
  EXPECT_GE(since, 5U) << failed;
  EXPECT_EQ(traces.size(), failed.size());
  EXPECT_TRUE(read("errors", {"--metric", "latency", "--above", "100ms"}).at("samples").empty());

  play("slow", "latency x20 from 30m");
  const json slow = read("slow", {"--metric", "latency", "--above", "100ms"}).at("samples");
  EXPECT_GE(slow.size(), 5U);
  for (const json& sample : slow) {
    EXPECT_EQ(sample.at("arm"), "canary");
    EXPECT_GT(sample.at("value").get<double>(), 0.1);
    EXPECT_TRUE(sample.at("labels").contains("layer")) << sample;
  }
}

}  // namespace
}  // namespace rollbook::tests
