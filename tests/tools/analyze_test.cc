// analyze, samples and traffic --rebalance: what the log has of a metric by its labels, and of
// single requests.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
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

constexpr char kShopByLabels[] = R"(edition 1
runbook shop_by_labels {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role owner
  metric requests = counter shop_requests_total by region, endpoint
  metric errors   = counter shop_errors_total by type, endpoint default 0
  metric latency  = histogram shop_duration_seconds by layer
  metric orders   = counter shop_orders_total
  metric error_rate = errors / requests
  guard {
    stop error_rate > 50% over 5m
    stop p99(latency) > 50ms over 5m
    stop absent(requests) for 1h
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 2h
    expect rate(orders) > 0/s over 5m
    within 4h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

// A shop that both arms serve, with what it has counted so far.
class AnalyzeTest : public testing::Test {
 protected:
  AnalyzeTest() : engine_(directory_.file("data"), directory_.file("bus")) {
    engine_.now = *adapters::parse_time("2026-01-05T10:00:00Z");
  }

  void start(const std::string& runbook = kShopByLabels) {
    core::Command command;
    command.verb = core::Verb::start;
    command.rollout = "shop-1";
    command.actor = "maria";
    command.runbook = runbook;
    command.file = "shop.runbook";
    engine_.command(command);
    engine_.step();
  }

  // So many seconds, in each of which both arms have these requests more.
  void run_for(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      engine_.now += 1s;
      lines_.clear();
      for (const char* version : {"old", "new"}) {
        count("shop_requests_total", version, {{"region", "eu"}, {"endpoint", "/pay"}}, 30);
        count("shop_requests_total", version, {{"region", "us"}, {"endpoint", "/pay"}}, 10);
        count("shop_errors_total", version, {{"type", "timeout"}, {"endpoint", "/pay"}}, 1);
        observe(version, "db", "[0,8,2,0]");
        observe(version, "web", "[10,0,0,0]");
      }
      count("shop_errors_total", "new", {{"type", "oom"}, {"endpoint", "/pay"}}, 3);
      engine_.metrics(lines_);
      engine_.step();
    }
  }

  using Pairs = std::vector<std::pair<std::string, std::string>>;
  void line(const std::string& metric, const std::string& version, const Pairs& labels,
            const std::string& kind, const std::string& rest) {
    lines_ += R"({"metric":")" + metric + R"(","labels":{"version":")" + version + "\"";
    for (const auto& [label, value] : labels) lines_ += ",\"" + label + "\":\"" + value + "\"";
    lines_ += R"(},"kind":")" + kind + "\"," + rest + R"(,"start":")" +
              adapters::format_time(engine_.now - 1s) + R"(","time":")" +
              adapters::format_time(engine_.now) + "\"}\n";
  }
  void count(const std::string& metric, const std::string& version, const Pairs& labels, int more) {
    line(metric, version, labels, "counter_delta", "\"value\":" + std::to_string(more));
  }
  void observe(const std::string& version, const std::string& layer, const std::string& counts) {
    line("shop_duration_seconds", version, {{"layer", layer}}, "histogram_delta",
         "\"bounds\":[0.01,0.02,0.04],\"counts\":" + counts);
  }

  // What an SDK sends of two requests that it traced, one of them slow.
  void traced() {
    const std::string time = std::to_string(engine_.now.time_since_epoch().count());
    engine_.metrics(
        R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"shop_duration_seconds",)"
        R"("histogram":{"aggregationTemporality":1,"dataPoints":[{"attributes":[)"
        R"({"key":"version","value":{"stringValue":"new"}},{"key":"layer","value":{"stringValue":"db"}}],)"
        R"("timeUnixNano":")" +
        time +
        R"(","count":"2","sum":0.13,"bucketCounts":["1","0","0","1"],"explicitBounds":[0.01,0.02,0.04],"exemplars":[)"
        R"({"timeUnixNano":")" +
        time +
        R"(","asDouble":0.12,"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331"},)"
        R"({"timeUnixNano":")" +
        time + R"(","asDouble":0.004,"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"}]}]}}]}]}]})");
    engine_.step();
  }

  Ran run(const std::string& verb, std::vector<std::string> words) {
    words.insert(words.begin(), {"NO_COLOR=1", verb});
    words.insert(words.end(), {"--data", directory_.file("data")});
    return rollbook(words);
  }
  json read(const std::string& verb, std::vector<std::string> words) {
    words.insert(words.end(), {"-o", "json"});
    const Ran ran = run(verb, words);
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return json::parse(ran.out, nullptr, false);
  }

  Directory directory_;
  TestEngine engine_;
  std::string lines_;
};

void expect_narrow(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto columns = std::count_if(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    EXPECT_LE(columns, 80) << line;
  }
}

TEST_F(AnalyzeTest, SaysWhichKindOfErrorsWhereAndOnWhichArm) {
  start();
  run_for(600);
  const json look = read("analyze", {"errors", "shop-1", "--by", "type,endpoint"});
  EXPECT_EQ(look.at("metric"), "errors");
  ASSERT_EQ(look.at("sets").size(), 2U);
  // What contributes most to the canary comes first.
  const json& oom = look.at("sets").at(0);
  EXPECT_EQ(oom.at("labels"), json({{"type", "oom"}, {"endpoint", "/pay"}}));
  EXPECT_FALSE(oom.at("arms").contains("baseline"));
  EXPECT_EQ(oom.at("arms").at("canary").at("share"), 0.75);
  EXPECT_NEAR(oom.at("arms").at("canary").at("rate").get<double>(), 3, 0.05);
  const json& timeout = look.at("sets").at(1);
  EXPECT_EQ(timeout.at("arms").at("canary").at("share"), 0.25);
  EXPECT_EQ(timeout.at("arms").at("baseline").at("share"), 1);
  EXPECT_EQ(timeout.at("arms").at("baseline").at("count"),
            timeout.at("arms").at("canary").at("count"));
  EXPECT_TRUE(look.at("other").is_null());
  // Of forty requests a second to that endpoint.
  EXPECT_NEAR(oom.at("arms").at("canary").at("ratio").get<double>(), 3.0 / 40, 1e-9);
  EXPECT_NEAR(look.at("total").at("canary").at("ratio").get<double>(), 4.0 / 40, 1e-9);

  const Ran ran = run("analyze", {"errors", "--by", "type"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("\nTYPE"), HasSubstr("oom      canary"),
                             HasSubstr("1 label set seen on the canary alone: oom\n")));
  EXPECT_THAT(ran.err, HasSubstr("next: rollbook samples shop-1 --metric errors"));
  expect_narrow(ran.out);
}

TEST_F(AnalyzeTest, SaysWhichLayerIsSlow) {
  start();
  run_for(300);
  const json look = read("analyze", {"latency", "--by", "layer", "--percentiles", "p50,p99"});
  ASSERT_EQ(look.at("sets").size(), 2U);
  for (const json& set : look.at("sets")) {
    const json& canary = set.at("arms").at("canary");
    const bool db = set.at("labels").at("layer") == "db";
    EXPECT_EQ(canary.at("share"), 0.5);
    EXPECT_NEAR(canary.at("p50").get<double>(), db ? 0.01625 : 0.005, 1e-9);
    EXPECT_NEAR(canary.at("p99").get<double>(), db ? 0.039 : 0.0099, 1e-9);
  }
}

TEST_F(AnalyzeTest, SaysHowTrafficIsSpread) {
  start();
  run_for(600);
  const json look = read("analyze", {"traffic", "--by", "region"});
  EXPECT_EQ(look.at("metric"), "requests");
  EXPECT_EQ(look.at("sets").at(0).at("labels").at("region"), "eu");
  EXPECT_EQ(look.at("sets").at(0).at("arms").at("canary").at("share"), 0.75);
  EXPECT_EQ(look.at("minutes").at("canary").at("peak"), 40);
  EXPECT_EQ(look.at("minutes").at("canary").at("least"), 40);
  EXPECT_THAT(
      run("analyze", {"traffic"}).out,
      AllOf(HasSubstr("REGION, ENDPOINT"), HasSubstr("canary: peak 40/s at 2026-01-05T10:")));
}

TEST_F(AnalyzeTest, LooksBackToAMomentAndOverItsWindowOnly) {
  start();
  run_for(900);
  const json early = read("analyze", {"errors", "--at", "2026-01-05T10:05:00Z"});
  const json late = read("analyze", {"errors", "--window", "5m"});
  const auto count = [](const json& look) {
    return look.at("total").at("baseline").at("count").get<int>();
  };
  EXPECT_LE(early.at("at").get<std::string>(), "2026-01-05T10:05:00Z");
  EXPECT_GT(count(early), 200);
  EXPECT_LT(count(early), 301);
  EXPECT_NEAR(count(late), 300, 75);  // minutes are logged whole
  EXPECT_EQ(late.at("seen"), "5m");
}

TEST_F(AnalyzeTest, ShowsAndCountsWhatIsBeyondTheSetsThatAreKept) {
  start();
  lines_.clear();
  engine_.now += 1s;
  for (int i = 0; i < 250; ++i) {
    count("shop_errors_total", "old", {{"type", "t" + std::to_string(i)}, {"endpoint", "/"}}, 2);
  }
  engine_.metrics(lines_);
  engine_.step();
  run_for(130);
  const json look = read("analyze", {"errors"});
  EXPECT_EQ(look.at("kept_sets"), 200);
  // The canary's own kinds came later than the two hundred.
  EXPECT_EQ(look.at("other").at("canary").at("share"), 1);
  EXPECT_EQ(look.at("sets").size(), 200U);
  const int rest = look.at("other").at("baseline").at("count").get<int>();
  EXPECT_EQ(rest, 50 * 2 + look.at("total").at("baseline").at("count").get<int>() - 500);
  const Ran ran = run("analyze", {"errors", "--top", "3"});
  EXPECT_THAT(ran.out, AllOf(HasSubstr("\nother"), HasSubstr("and 197 more; --top 200 shows them"),
                             HasSubstr("other: the label sets beyond the first 200 of `errors`")));
}

TEST_F(AnalyzeTest, RefusesWithAWayOut) {
  start();
  run_for(5);
  struct Case {
    std::vector<std::string> words;
    int exit;
    const char* message;
  };
  const Case cases[] = {
      {{"errors", "--by", "tipe"}, 2, "`errors` is not kept by `tipe`, did you mean `type`?"},
      {{"errors", "--by", "zone"},
       2,
       "`errors` is not kept by `zone`; it is kept by `type`, `endpoint`"},
      {{"errors", "--by", "type,type"},
       2,
       "--by: `type,type` is no list of different labels such as type,endpoint"},
      {{"errors", "--metric", "orders"},
       1,
       "`orders` is not kept by its labels; `metric orders = … by endpoint` in the runbook keeps "
       "it so, for rollouts that are started then"},
      {{"errors", "--metric", "erors"}, 2, "no counter `erors` in this runbook, did you mean "},
      {{"latency", "--metric", "errors"},
       2,
       "no histogram `errors` in this runbook; it has latency"},
      {{"trafic"}, 2, "`trafic` is not analysed, did you mean `traffic`?"},
  };
  for (const Case& c : cases) {
    const Ran ran = run("analyze", c.words);
    EXPECT_EQ(ran.exit, c.exit) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(c.message));
    EXPECT_EQ(ran.out, "");
  }
}

TEST_F(AnalyzeTest, SaysWhereNothingHasComeYet) {
  start();
  engine_.now += 90s;
  engine_.step();
  const Ran nothing = run("analyze", {"traffic"});
  EXPECT_EQ(nothing.exit, 1);
  EXPECT_EQ(nothing.err, "rollbook: no point of `requests` has come yet\n");
  // No errors are the usual state of a healthy service.
  const Ran none = run("analyze", {"errors"});
  EXPECT_EQ(none.exit, 0) << none.err;
  EXPECT_THAT(none.out, HasSubstr("nothing of errors by type, endpoint has been counted"));
}

// ---- samples --------------------------------------------------------------------------------

TEST_F(AnalyzeTest, ListsTheRequestsThatBreachedWithTheirTraces) {
  start();
  run_for(20);
  engine_.now += 1s;
  traced();
  run_for(20);
  const json look = read("samples", {"shop-1", "--metric", "latency", "--above", "100ms"});
  EXPECT_EQ(look.at("kept").at(0).at("from"), 0.05);
  ASSERT_EQ(look.at("samples").size(), 1U);  // the other was fast
  const json& sample = look.at("samples").at(0);
  EXPECT_EQ(sample.at("trace_id"), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(sample.at("value"), 0.12);
  EXPECT_EQ(sample.at("arm"), "canary");
  EXPECT_EQ(sample.at("time"), "2026-01-05T10:00:21Z");
  EXPECT_EQ(sample.at("source"), json({{"topic", "metrics"}, {"partition", 0}, {"offset", 20}}));

  const Ran ran = run("samples", {});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("0af7651916cd43dd8448eb211c80319c"), HasSubstr("120ms"),
                             HasSubstr("metrics/0/20")));
  expect_narrow(ran.out);
  EXPECT_TRUE(read("samples", {"--above", "200ms"}).at("samples").empty());
  // As it shows latencies itself.
  EXPECT_EQ(read("samples", {"--above", "119.999ms"}).at("samples").size(), 1U);
  EXPECT_TRUE(read("samples", {"--above", "120.001ms"}).at("samples").empty());
  EXPECT_TRUE(read("samples", {"--arm", "baseline"}).at("samples").empty());
}

TEST_F(AnalyzeTest, KeepsFiveSamplesAMinuteAndArm) {
  start();
  run_for(200);
  for (int i = 0; i < 25; ++i) {
    engine_.now += 1s;
    traced();
  }
  run_for(120);
  EXPECT_EQ(read("samples", {"--metric", "latency"}).at("samples").size(), 5U);
}

TEST_F(AnalyzeTest, SaysWhyThereAreNoSamples) {
  start();
  run_for(5);
  EXPECT_THAT(run("samples", {"--metric", "latncy"}).err,
              HasSubstr("no metric `latncy` in this runbook, did you mean `latency`?"));
  const Ran none = run("samples", {"--metric", "orders"});
  EXPECT_EQ(none.exit, 1);
  EXPECT_THAT(none.err, HasSubstr("no samples of `orders` are kept: no criterion"));
  EXPECT_THAT(run("samples", {"--above", "much"}).err,
              HasSubstr("--above: `much` is neither a duration such as 100ms nor a number"));
}

// ---- traffic --rebalance ----------------------------------------------------------------------

TEST_F(AnalyzeTest, AsksForTheWeightOnceMoreAndIsAnswered) {
  start();
  run_for(10);
  std::jthread engine([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) engine_.step();
  });
  const Ran ran = run("traffic", {"shop-1", "--rebalance", "--force", "--yes", "--bus",
                                  "file:" + directory_.file("bus")});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("shop-1: asked for 50% once more\n"));
  engine = {};
  const Ran log = run("log", {"shop-1", "--type", "effect_requested", "-o", "jsonl"});
  std::istringstream lines(log.out);
  std::vector<json> shifts;
  for (std::string line; std::getline(lines, line);) shifts.push_back(json::parse(line));
  ASSERT_EQ(shifts.size(), 2U) << log.out;
  EXPECT_EQ(shifts[1].at("to"), shifts[0].at("to"));
  EXPECT_GT(shifts[1].at("order"), shifts[0].at("order"));
  EXPECT_TRUE(shifts[1].contains("retry_of"));
}

}  // namespace
}  // namespace rollbook::tests
