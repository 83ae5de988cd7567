// `rollbook simulate`: recorded metrics through a runbook.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/paths.h"
#include "tests/tools/program.h"
#include "tests/tools/test_engine.h"

namespace rollbook::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// `seconds` of two arms at 50 requests a second each; the canary fails `errors` of them from
// second 30 on.
std::string recorded(int seconds, int errors = 0) {
  std::string text;
  const auto line = [&](const char* name, const char* version, int value, int second) {
    text += std::string(R"({"metric":")") + name + R"(","labels":{"version":")" + version +
            R"("},"kind":"counter","value":)" + std::to_string(value) +
            ",\"time\":" + std::to_string(1'767'600'000'000'000'000LL + second * 1'000'000'000LL) +
            "}\n";
  };
  int failed = 0;
  for (int second = 0; second <= seconds; ++second) {
    if (second >= 30) failed += errors;
    for (const char* version : {"old", "new"}) {
      line("shop_requests_total", version, second * 50, second);
      line("shop_errors_total", version, version == std::string("new") ? failed : 0, second);
    }
  }
  return text;
}

class SimulateTest : public testing::Test {
 protected:
  Ran simulate(const std::string& metrics, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"simulate", directory_.write("shop.runbook", kShop), "--metrics",
                                   directory_.write("recorded.jsonl", metrics)};
    words.insert(words.end(), more.begin(), more.end());
    return rollbook(words);
  }
  Directory directory_;
};

TEST_F(SimulateTest, AHealthyRecordingSucceeds) {
  const Ran ran = simulate(recorded(120));
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("2026-01-05T08:00:00Z"));
  EXPECT_THAT(ran.out, HasSubstr("✓ succeeded after 1m"));
}

TEST_F(SimulateTest, RecordedErrorsRollBack) {
  const Ran ran = simulate(recorded(120, 20), {"--data", directory_.file("data")});
  EXPECT_EQ(ran.exit, 3) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("errors / requests > 5% over 10s"));
  EXPECT_EQ(rollbook({"replay", directory_.file("data"), "--verify"}).exit, 0);
}

TEST_F(SimulateTest, AFaultLaidOverAHealthyRecordingRollsBack) {
  const Ran ran = simulate(recorded(120), {"--fault", "errors 40% from 20s"});
  EXPECT_EQ(ran.exit, 3) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("guard.stop[1] fail"));
}

// What it suggests is the same run, whatever a shell thinks of its words.
TEST_F(SimulateTest, TheRunThatIsSuggestedIsTheSame) {
  const std::string file = directory_.write("my shop.runbook", kShop);
  const std::string metrics = directory_.write("recorded.jsonl", recorded(120));
  const Ran ran = rollbook(
      {"simulate", file, "--metrics", metrics, "--fault", "errors 40% from 20s", "--answer", "no"});
  EXPECT_EQ(ran.exit, 3) << ran.out << ran.err;
  EXPECT_EQ(ran.err, "next: rollbook simulate '" + file + "' --metrics " + metrics +
                         " --fault 'errors 40% from 20s' --answer no --data DIR   keeps the log, "
                         "to look further\n");
  const Ran made = rollbook({"sandbox", file, "--fault", "errors 40% from 20s", "--seed", "7"});
  EXPECT_EQ(made.exit, 3) << made.out << made.err;
  EXPECT_EQ(made.err, "next: rollbook sandbox '" + file +
                          "' --fault 'errors 40% from 20s' --seed 7 --data DIR   keeps the log, to "
                          "look further\n");
}

TEST_F(SimulateTest, TheEndOfTheRecordingIsNoSilence) {
  const Ran ran = simulate(recorded(40));
  EXPECT_EQ(ran.exit, 4);
  EXPECT_THAT(ran.err, HasSubstr("the recording ends at 2026-01-05T08:00:40Z, 40s after its begin, "
                                 "with the rollout in half.hold"));
}

TEST_F(SimulateTest, EveryEventIsPrintedForPrograms) {
  const Ran ran = simulate(recorded(120), {"-o", "jsonl"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(R"("type":"rollout_finished")"));
}

// ---- Points that are refused -----------------------------------------------------------------

constexpr char kLatency[] = R"(edition 1
runbook shop_slow {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  metric requests = counter shop_requests_total
  metric latency = histogram shop_seconds
  guard {
    stop p99(latency) > 500ms over 1m at least 20 requests
    stop absent(requests) for 1h
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

// The canary is deployed with other bucket bounds at second 60.
std::string other_bounds(int seconds) {
  std::string text;
  const auto line = [&](const std::string& rest, int second) {
    text += R"({"labels":{"version":"new"},)" + rest +
            ",\"time\":" + std::to_string(1'767'600'000'000'000'000LL + second * 1'000'000'000LL) +
            "}\n";
  };
  for (int second = 0; second <= seconds; second += 5) {
    line(
        R"("metric":"shop_requests_total","kind":"counter","value":)" + std::to_string(10 * second),
        second);
    line(std::string(R"("metric":"shop_seconds","kind":"histogram_delta","counts":[40,10,0],)") +
             (second < 60 ? R"("bounds":[0.1,0.5])" : R"("bounds":[0.15,0.7])"),
         second);
  }
  return text;
}

TEST_F(SimulateTest, PointsThatAreRefusedAreToldOnceAndInTheStatus) {
  const std::string data = directory_.file("data");
  const Ran ran = rollbook({"simulate", directory_.write("slow.runbook", kLatency), "--metrics",
                            directory_.write("slow.jsonl", other_bounds(600)), "--data", data});
  EXPECT_EQ(ran.exit, 4) << ran.out << ran.err;
  const std::string told =
      "shop-slow-1: points of `shop_seconds{version=\"new\"}` are refused: the buckets of "
      "`shop_seconds` and those that `latency` has kept so far have no layout in common; let all "
      "its senders use the same one\n";
  EXPECT_THAT(ran.err, HasSubstr(told));
  EXPECT_EQ(ran.err.find(told), ran.err.rfind(told)) << "once for its series";
  EXPECT_THAT(ran.err, HasSubstr("with the rollout in half.hold.wait, which stands still: no "
                                 "points of `latency` of the canary for "));
  const Ran status = rollbook({"status", "--data", data});
  EXPECT_THAT(status.out, AllOf(HasSubstr("points that are refused\n  ✗ `latency` of the canary:"),
                                HasSubstr("no data, points are refused")));
  const Ran json = rollbook({"status", "--data", data, "-o", "json"});
  EXPECT_THAT(json.out, AllOf(HasSubstr(R"("refused":[{"metric":"latency","arm":"canary")"),
                              HasSubstr(R"("held_by":["p99(latency) > 500ms)")));
}

// Two pods of the canary without a label of their own, each with ten requests a second; from second
// `from` on the one that is heard second fails them all.
std::string two_pods(int from, const std::string& second_pod = "") {
  std::string text;
  for (int second = 10; second <= 600; second += 10) {
    const auto line = [&](const std::string& name, int value, int late_ms, const std::string& pod) {
      const long long end =
          1'767'600'000'000'000'000LL + second * 1'000'000'000LL + late_ms * 1'000'000LL;
      text += R"({"metric":")" + name + R"(","labels":{"version":"new")" + pod +
              R"(},"kind":"counter_delta","value":)" + std::to_string(value) +
              ",\"time\":" + std::to_string(end) +
              ",\"start\":" + std::to_string(end - 10'000'000'000LL) + "}\n";
    };
    line("shop_requests_total", 100, 0, "");
    line("shop_errors_total", 0, 0, "");
    line("shop_requests_total", 100, 400, second_pod);
    line("shop_errors_total", second >= from ? 100 : 0, 400, second_pod);
  }
  return text;
}

constexpr char kCanary[] = R"(edition 1
runbook shop_pods {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  metric requests = counter shop_requests_total
  metric errors = counter shop_errors_total
  guard {
    stop errors / requests > 5% over 1m
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 5m
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

TEST_F(SimulateTest, ACanaryOfWhichHalfIsLeftOutDoesNotPass) {
  const std::string data = directory_.file("data");
  const auto run = [&](const std::string& metrics) {
    return rollbook({"simulate", directory_.write("pods.runbook", kCanary), "--metrics",
                     directory_.write("pods.jsonl", metrics), "--data", data});
  };
  const Ran ran = run(two_pods(120));
  EXPECT_EQ(ran.exit, 4) << ran.out << ran.err;
  EXPECT_THAT(ran.err, AllOf(HasSubstr("points of `shop_requests_total{version=\"new\"}` are "
                                       "refused: an interval overlaps one that was counted, and is "
                                       "another: two senders under one set of labels"),
                             HasSubstr("stands still: two senders of `")));
  const Ran status = rollbook({"status", "--data", data});
  EXPECT_THAT(status.out,
              AllOf(HasSubstr("held, two senders of `"), HasSubstr("points that are refused\n"),
                    HasSubstr("no data, two senders under one set of labels")));
  EXPECT_THAT(rollbook({"status", "--data", data, "-o", "json"}).out,
              AllOf(HasSubstr(R"("missing":"two_senders")"), HasSubstr(R"("two_senders":true)"),
                    HasSubstr(R"("sender":"shop_requests_total{version=\"new\"}")")));
  EXPECT_THAT(rollbook({"show", "shop-pods-1", "--at", "20", "--data", data}).out,
              HasSubstr("two senders of `"));
  EXPECT_EQ(rollbook({"replay", data, "--verify"}).exit, 0);
}

TEST_F(SimulateTest, WithALabelOfItsOwnThePodThatFailsIsSeen) {
  const Ran ran = rollbook({"simulate", directory_.write("pods.runbook", kCanary), "--metrics",
                            directory_.write("pods.jsonl", two_pods(120, R"(,"pod":"b")"))});
  EXPECT_EQ(ran.exit, 3) << ran.out << ran.err;
  EXPECT_THAT(ran.err, Not(HasSubstr("refused")));
}

// Requests come, and the histogram's counts stay where they were.
TEST_F(SimulateTest, AHistogramThatStandsStillIsNotTakenForAServiceWithoutTraffic) {
  std::string text;
  for (int second = 0; second <= 300; second += 5) {
    const auto line = [&](const std::string& rest) {
      text += R"({"labels":{"version":"new"},)" + rest + ",\"time\":" +
              std::to_string(1'767'600'000'000'000'000LL + second * 1'000'000'000LL) + "}\n";
    };
    line(R"("metric":"shop_requests_total","kind":"counter","value":)" +
         std::to_string(10 * second));
    line(R"("metric":"shop_seconds","kind":"histogram","bounds":[0.1,0.5],"counts":[40,10,0])");
  }
  const std::string data = directory_.file("data");
  const Ran ran = rollbook({"simulate", directory_.write("slow.runbook", kLatency), "--metrics",
                            directory_.write("slow.jsonl", text), "--data", data});
  EXPECT_EQ(ran.exit, 4) << ran.out << ran.err;
  EXPECT_THAT(rollbook({"status", "--data", data}).out,
              AllOf(HasSubstr("no data, no observations of `latency` of the canary"),
                    Not(HasSubstr("no traffic"))));
  EXPECT_THAT(rollbook({"metrics", "--data", data}).out,
              AllOf(HasSubstr("no observations in the window"), Not(HasSubstr("no traffic"))));
}

// ---- Sizes, and what lies beyond the last edge ----------------------------------------------

constexpr char kSizes[] = R"(edition 1
runbook sizes {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  metric requests = counter shop_requests_total
  metric size = histogram shop_body
  metric heap = gauge max shop_heap
  guard {
    stop p99(size) > 64KiB over 1m at least 20 requests
    stop heap > 8GiB over 1m
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 10m
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

TEST_F(SimulateTest, SizesAreShownAsSizesAndWhatLiesBeyondTheEdgesAsThat) {
  std::string text;
  const auto line = [&](const std::string& rest, int second) {
    text += R"({"labels":{"version":"new"},)" + rest +
            ",\"time\":" + std::to_string(1'767'600'000'000'000'000LL + second * 1'000'000'000LL) +
            "}\n";
  };
  for (int second = 0; second <= 60; ++second) {
    const std::string count = std::to_string(10 * second);
    line(R"("metric":"shop_requests_total","kind":"counter","value":)" + count, second);
    line(R"("metric":"shop_heap","kind":"gauge","value":4294967296)", second);
    line(R"("metric":"shop_body","kind":"histogram","bounds":[1024,32768],"counts":[0,0,)" + count +
             "]",
         second);
  }
  const std::string data = directory_.file("data");
  const Ran ran = rollbook({"simulate", directory_.write("sizes.runbook", kSizes), "--metrics",
                            directory_.write("sizes.jsonl", text), "--data", data});
  EXPECT_EQ(ran.exit, 3) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("p99(size) > 64KiB over 1m at least 20 requests: above 32KiB, "
                                 "the last edge of its buckets, in "));
  EXPECT_EQ(rollbook({"replay", data, "--verify"}).exit, 0);
  const std::string looks = rollbook({"metrics", "sizes-1", "--data", data}).out;
  EXPECT_THAT(looks, testing::ContainsRegex("p99.size. +canary +above 32KiB "));
  EXPECT_THAT(looks, testing::ContainsRegex("heap +canary +4GiB "));
}

// ---- Histograms of Prometheus, and Spinnaker's judge ----------------------------------------

constexpr char kBuckets[] = R"(edition 1
runbook shop_latency {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  metric latency = histogram shop_seconds
  guard {
    stop p99(latency) > 500ms over 10s at least 20 requests
    stop absent(latency) for 1h
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 1m
    expect judge kayenta over 1m every 10s {
      p99(latency)   increase
      count(latency) either
    }
    within 1h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

// What prometheus-kafka-adapter sends, a scrape each five seconds: 25 requests of each arm, the
// canary's slow ones `slow` of them from second 40 on.
std::string scraped(int seconds, int slow) {
  std::string text;
  int late = 0;
  for (int second = 0; second <= seconds; second += 5) {
    if (second >= 40) late += slow;
    for (const char* version : {"old", "new"}) {
      const int all = 5 * second, above = version == std::string("new") ? late : 0;
      for (const auto& [edge, count] :
           {std::pair{"0.1", all - above}, {"0.5", all - above}, {"1", all}, {"+Inf", all}}) {
        text +=
            std::string(R"({"timestamp":"2026-01-05T08:0)") + std::to_string(second / 60) +
            (second % 60 < 10 ? ":0" : ":") + std::to_string(second % 60) + R"(Z","value":")" +
            std::to_string(count) +
            R"(","name":"shop_seconds_bucket","labels":{"__name__":"shop_seconds_bucket","le":")" +
            edge + R"(","version":")" + version + "\"}}\n";
      }
    }
  }
  return text;
}

TEST_F(SimulateTest, BucketsOfPrometheusAreJudgedAsOneHistogram) {
  for (const bool slow : {false, true}) {
    const std::string data = directory_.file(slow ? "slow" : "well");
    const Ran ran =
        rollbook({"simulate", directory_.write("buckets.runbook", kBuckets), "--metrics",
                  directory_.write("recorded.jsonl", scraped(300, slow ? 3 : 0)), "--data", data});
    EXPECT_EQ(ran.exit, slow ? 3 : 0) << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr(slow ? "p99(latency) > 500ms over 10s" : "✓ succeeded"));
    EXPECT_EQ(rollbook({"replay", data, "--verify"}).exit, 0);
  }
}

// The OpenTelemetry SDK's own messages, whose histogram is exponential: played as they are.
TEST_F(SimulateTest, ExponentialHistogramsArePlayedAndNotSlowed) {
  const std::string runbook = directory_.write("exponential.runbook", R"(edition 1
runbook hal9 {
  service "hal9"
  arms by label "system": baseline "flat", canary "hierarchical"
  metric latency = histogram hal9_request_duration_exp
  guard {
    stop p50(latency) > 1ms over 5s at least 20 requests
    stop absent(latency) for 1h
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 10s
    within 1h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)");
  const std::string messages = ROLLBOOK_SOURCE_DIR "/tests/adapters/wire/otlp/messages.jsonl";
  const Ran ran = rollbook({"simulate", runbook, "--metrics", messages});
  EXPECT_EQ(ran.exit, 3) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("p50(latency) > 1ms over 5s"));
  const Ran slowed =
      rollbook({"simulate", runbook, "--metrics", messages, "--fault", "latency x3 from 2s"});
  EXPECT_EQ(slowed.exit, 2);
  EXPECT_THAT(slowed.err, HasSubstr("the histograms of `latency` are exponential ones"));
}

TEST_F(SimulateTest, AJudgementIsToldWithAllItRestsOnAndVerified) {
  const std::string data = directory_.file("data");
  const Ran ran = rollbook({"simulate", directory_.write("buckets.runbook", kBuckets), "--metrics",
                            directory_.write("recorded.jsonl", scraped(300, 0)), "--data", data,
                            "-o", "jsonl"});
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out,
              HasSubstr(R"json("evidence":{"test":"kayenta","marginal":0.75,"metrics":[)json"
                        R"json({"metric":"p99(latency)","classification":"pass")json"));
  EXPECT_THAT(ran.out, HasSubstr(R"("baseline":[)"));
  EXPECT_EQ(rollbook({"replay", data, "--verify"}).exit, 0);
}

// ---------------------------------------------------------------------------------------------

TEST_F(SimulateTest, MistakesAreNamed) {
  EXPECT_THAT(simulate("{\"metric\":1}\n").err, HasSubstr("recorded.jsonl: line 1, column 1: "));
  EXPECT_THAT(simulate(recorded(1), {"--fault", "latency x3"}).err,
              HasSubstr("the fault `latency x3` needs a histogram"));
  EXPECT_EQ(simulate(recorded(1), {"--fault", "errors"}).exit, 2);
  const std::string runbook = directory_.write("shop.runbook", kShop);
  EXPECT_EQ(rollbook({"simulate", runbook}).exit, 2);
  EXPECT_EQ(rollbook({"simulate", runbook, "--metrics", "/nowhere"}).err,
            "rollbook: /nowhere: no such file\n");
}

TEST_F(SimulateTest, TakesParametersAndWhatMustComeBeforeAsGone) {
  std::string text = kShop;
  const std::size_t limit = text.find("> 5% over");
  ASSERT_NE(limit, std::string::npos);
  text.replace(limit, 4, "> limit");
  text.insert(text.find("  guard {"),
              "  after runbook shop_shadow\n  param limit: ratio = 5% from 1% to 90%\n");
  const std::string runbook = directory_.write("limited.runbook", text);
  const std::string metrics = directory_.write("recorded.jsonl", recorded(120, 20));
  const Ran usual = rollbook({"simulate", runbook, "--metrics", metrics});
  EXPECT_EQ(usual.exit, 3) << usual.out << usual.err;
  const Ran raised = rollbook({"simulate", runbook, "--metrics", metrics, "--param", "limit=80%"});
  EXPECT_THAT(raised.out, HasSubstr("guard.stop[1] pass: errors / requests > 80% over 10s"));
  EXPECT_THAT(raised.out, Not(HasSubstr("guard.stop[1] fail")));
  EXPECT_EQ(rollbook({"simulate", runbook, "--metrics", metrics, "--param", "limt=80%"}).exit, 1);
}

}  // namespace
}  // namespace rollbook::tests
