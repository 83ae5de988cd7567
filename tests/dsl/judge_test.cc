// `judge kayenta` and `bracket`: source → the machine's criterion, or a finding.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <sstream>
#include <string>

#include "dsl/format.h"
#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Case {
  const char* name;
  const char* expect;  // in stage `first`
  const char* expected;
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

Runbook around(const std::string& expect) {
  return Runbook()
      .with("expect error_rate < 0.5% over 5m", expect)
      .after("metric queue      = gauge max queue_length",
             "  metric pods       = gauge max pod_p99_seconds\n"
             "  metric replicas   = gauge min replicas unsplit");
}

// The lines of the machine that speak of the stage's criteria, or the errors.
std::string criteria_of(const std::string& expect) {
  const std::string text = around(expect);
  if (const std::string found = errors(text); !found.empty()) return found;
  std::string lines;
  std::istringstream machine(machine_text(text));
  for (std::string line; std::getline(machine, line);) {
    if (line.starts_with("criterion first.")) lines += line.substr(10) + "\n";
  }
  return lines;
}

class Judge : public testing::TestWithParam<Case> {};
TEST_P(Judge, BecomesACriterionOrAFinding) {
  EXPECT_THAT(criteria_of(GetParam().expect), HasSubstr(GetParam().expected));
}

const Case kCases[] = {
    {"TheUsualThresholdsAndSteps", "expect judge kayenta over 1h {\n error_rate increase\n}",
     "first.expect[1] expect judge over 1h every 1m pass 95% marginal 75%; error_rate "
     "errors.canary[1h5m/1m shift] against errors.baseline[1h5m/1m shift] increase beyond 100% or "
     "100% \"judge kayenta over 1h\"\n"},
    {"EveryClause",
     "expect health: judge kayenta every 30s marginal 60% pass 90% over 1h weights latency 40% {\n"
     "\n"
     "  p99(latency) increase beyond 110% critical beyond 200% group latency without outliers\n"
     "  rate(requests) decrease beyond 90% required   # a comment\n"
     "  queue either beyond 30% or 70% by cles muted without outliers beyond 2.5\n"
     "}",
     "first.health expect judge over 1h every 30s pass 90% marginal 60% weight latency 40%; "
     "p99(latency) latency.canary[1h5m/30s shift] against latency.baseline[1h5m/30s shift] "
     "increase beyond 100% or 110% critical beyond 100% or 200% group latency without outliers "
     "beyond 3; rate(requests) requests.canary[1h5m/30s shift] against "
     "requests.baseline[1h5m/30s shift] decrease beyond 90% or 100% required; queue "
     "queue.canary[1h5m/30s shift] against queue.baseline[1h5m/30s shift] either beyond 30% or "
     "70% cles muted without outliers beyond 2.5 \"judge kayenta every 30s marginal 60% pass 90% "
     "over 1h weights latency 40%\"\n"},
    {"AnInplaceRatioAndOneLine",
     "expect judge kayenta over 1h { errors / requests increase critical }",
     "; errors / requests errors.canary[1h5m/1m shift] against errors.baseline[1h5m/1m shift] "
     "increase beyond 100% or 100% critical beyond 100% or 100% \"judge kayenta over 1h\""},
    {"NoWindow", "expect judge kayenta {\n error_rate increase\n}",
     "RB0207 over what time? a judge needs `over`"},
    {"StepsOfNothing", "expect judge kayenta over 1h every 0s {\n error_rate increase\n}",
     "RB0212 `0s` must be above 0"},
    {"NoMetric", "expect judge kayenta over 1h {\n}",
     "RB0501 this judge has no metric to judge by"},
    {"AllMuted", "expect judge kayenta over 1h {\n queue either muted\n}",
     "RB0501 all of its metrics are muted"},
    {"NoWholeSteps", "expect judge kayenta over 1h every 7m {\n queue either\n}",
     "RB0212 `over 1h` is no whole number of steps of `7m`"},
    {"PartsOfASecond", "expect judge kayenta over 1h every 1500ms {\n queue either\n}",
     "RB0212 a step is made of whole seconds"},
    {"TooFewSteps", "expect judge kayenta over 4m {\n queue either\n}",
     "RB0212 4 steps of `1m` can never differ: the interval of 98% needs 5 at least"},
    {"TooManySteps", "expect judge kayenta over 1h every 1s {\n queue either\n}",
     "RB0212 3600 steps of `1s` are more than the 1440 that a judge compares"},
    {"Thresholds", "expect judge kayenta over 1h pass 80% marginal 90% {\n queue either\n}",
     "RB0212 `marginal` begins above `pass`: nothing would be marginal"},
    {"NoSuchMetric", "expect judge kayenta over 1h {\n latencies increase\n}",
     "RB0301 no metric is called `latencies`"},
    {"ACounterAlone", "expect judge kayenta over 1h {\n errors increase\n}",
     "RB0403 `errors` is a counter: it only ever rises"},
    {"AnArm", "expect judge kayenta over 1h {\n baseline.queue increase\n}",
     "RB0403 a judge holds the canary's share against the baseline's, this is another"},
    {"ATotal", "expect judge kayenta over 1h {\n replicas decrease\n}",
     "RB0403 a judge holds the canary's share against the baseline's, this is another"},
    {"ABracket", "expect judge kayenta over 1h {\n bracket(pods) increase\n}",
     "RB0403 `bracket(x)` says between which values a quantile lies, not which it has"},
    {"OneBoundOfEither", "expect judge kayenta over 1h {\n queue either beyond 110%\n}",
     "RB0212 `either` needs two bounds, of a decrease and of an increase"},
    {"TwoBoundsOfOne", "expect judge kayenta over 1h {\n queue increase beyond 90% or 110%\n}",
     "RB0212 one direction has one bound"},
    {"ABoundOnTheWrongSide", "expect judge kayenta over 1h {\n queue increase beyond 90%\n}",
     "RB0212 arms that are alike are at 100%: a decrease lies below that, an increase above"},
    {"ABoundOfClesOnTheWrongSide",
     "expect judge kayenta over 1h {\n queue decrease beyond 60% by cles\n}",
     "RB0212 arms that are alike are at 50%: a decrease lies below that, an increase above"},
    {"NoSuchGroup",
     "expect judge kayenta over 1h weights latncy 50% {\n queue either\n p99(latency) increase "
     "group latency\n}",
     "RB0212 no metric of this judge is in a group `latncy`\n  did you mean `latency`?"},
    {"WeightsBeyondAll",
     "expect judge kayenta over 1h weights a 70%, b 40% {\n queue either group a\n p99(latency) "
     "increase group b\n}",
     "RB0212 the weights add up to 110%, not to 100%"},
    {"AWeightTwice",
     "expect judge kayenta over 1h weights a 10%, a 20% {\n queue either group a\n p99(latency) "
     "increase\n}",
     "RB0209 group `a` has a weight already"},
    {"NoDirection", "expect judge kayenta over 1h {\n queue\n p99(latency) increase\n}",
     "RB0201 expected "},
    {"For", "expect judge kayenta over 1h { queue either } for 5m",
     "RB0209 `judge kayenta` has no such clause"},
    {"WithConfidence", "expect judge kayenta over 1h { queue either } with confidence 99%",
     "RB0209 `judge kayenta` has no such clause"},

    {"ABracketIsOfTheLeastAndTheGreatest", "expect bracket(pods) < 15ms over 5m",
     "first.expect[1] expect bracket of pods.canary[5m/1s shift] and pods (min).canary[5m/1s "
     "shift] < 0.015 \"bracket(pods) < 15ms over 5m\"\n"},
    {"ABracketOfAHistogram", "expect bracket(latency) < 15ms over 5m",
     "RB0401 `bracket` needs a gauge, `latency` is none"},
    {"ABracketOfARatio", "expect bracket(error_rate) < 1% over 5m",
     "RB0401 `bracket` needs a gauge, `error_rate` is a ratio"},
    {"ABracketHasTheUnitOfItsGauge", "expect bracket(pods) < 15 over 5m", "RB0401 `bracket(pods)`"},
    {"TwoBrackets", "expect canary.bracket(pods) <= baseline.bracket(pods) * 105% over 5m",
     "RB0403 two brackets overlap more often than not: they are not compared"},
    {"TwoBracketsOfArms", "expect bracket(canary.pods) <= bracket(baseline.pods) over 5m",
     "RB0201 "},
    {"ABracketWithConfidence", "expect bracket(pods) < 15ms with confidence 95%",
     "RB0403 `with confidence` needs a ratio or a quantile"},
};
INSTANTIATE_TEST_SUITE_P(All, Judge, testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(JudgeText, OneMistakeIsOneFinding) {
  const std::string found = errors(around(
      "expect judge kayenta over 1h {\n queue sideways\n error_rate increase\n 5% higher\n}"));
  std::size_t count = 0;
  for (std::size_t at = 0; (at = found.find(" RB", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 2U) << found;
}

TEST(JudgeText, BelongsInAReview) {
  const std::string text = Runbook().with("stop queue > 1000 over 5m",
                                          "stop judge kayenta over 1h {\n queue increase\n}");
  EXPECT_THAT(errors(text), HasSubstr("RB0203 `judge kayenta` belongs in `expect`"));
}

TEST(JudgeText, NeedsArms) {
  const std::string text = R"(edition 1
runbook jobs {
  service "jobs"
  metric queue = gauge max queue_length
  require {
    expect judge kayenta over 1h { queue increase }
    within 2h otherwise end
  }
  guard always { stop queue > 5 over 5m otherwise halt }
}
)";
  EXPECT_THAT(errors(text), HasSubstr("RB0403 this runbook names no `arms`"));
}

TEST(JudgeText, ItsWindowMayBeAllOfTheHold) {
  EXPECT_EQ(warnings(around("expect judge kayenta over 1h {\n queue increase\n}"))
                .find("`judge kayenta over 1h`"),
            std::string::npos);
  EXPECT_THAT(
      warnings(around("expect judge kayenta over 2h {\n queue increase\n}")),
      HasSubstr("RB0602 a hold of 1h is not longer than the 2h that `judge kayenta over 2h`"));
}

TEST(JudgeText, FewPointsAreWarnedOf) {
  EXPECT_THAT(warnings(around("expect judge kayenta over 30m {\n queue increase\n}")),
              HasSubstr("RB0614 each metric is judged by 30 points an arm"));
}

TEST(JudgeText, IsLaidOutAndStaysWhatItIs) {
  const std::string text = around(
      "expect judge kayenta over 1h   pass 95% {\n p99(latency)   increase critical\n"
      "queue either  # both ways\n}");
  Sink sink("t.runbook");
  const auto once = format(text, sink);
  ASSERT_TRUE(once) << text;
  EXPECT_THAT(*once, HasSubstr("    expect judge kayenta over 1h pass 95% {\n"
                               "      p99(latency) increase critical\n"
                               "      queue either  # both ways\n"
                               "    }\n"));
  EXPECT_EQ(placeless_machine(*once), placeless_machine(text));
  EXPECT_EQ(format(*once, sink), once);
}

TEST(Quantiles, OfOthersAreNotAveraged) {
  const auto with = [](const std::string& metric) {
    return errors(Runbook().with("metric queue      = gauge max queue_length", metric));
  };
  for (const char* name : {"shop_p99_seconds", "p50", "latency_quantile", "\"shop.latency.95th\"",
                           "percentile_99", "http_99p", "x{quantile=\"0.99\"}", "P999_ms"}) {
    EXPECT_THAT(with("metric queue = gauge mean " + std::string(name)), HasSubstr("RB0405 "))
        << name;
    EXPECT_THAT(with("metric queue = gauge max " + std::string(name)), Not(HasSubstr("RB0405")))
        << name;
  }
  for (const char* name : {"queue_length", "p2p_peers", "shop_pages", "x{quarter=\"4\"}"}) {
    EXPECT_EQ(with("metric queue = gauge mean " + std::string(name)), "") << name;
  }
}

}  // namespace
}  // namespace rollbook::dsl
