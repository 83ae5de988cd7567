// Tests in the language: `with confidence`, two arms, `unchanged from`, `traffic split as planned`:
// source → the machine's criterion, or a finding.

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

struct Case {
  const char* name;
  const char* expect;  // in stage `first`
  const char* expected;
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

// The lines of the machine that speak of the stage's criteria, or the errors.
std::string criteria_of(const std::string& expect) {
  const std::string text = Runbook().with("expect error_rate < 0.5% over 5m", expect);
  if (const std::string found = errors(text); !found.empty()) return found;
  std::string lines;
  std::istringstream machine(machine_text(text));
  for (std::string line; std::getline(machine, line);) {
    if (line.starts_with("criterion first."))
      lines += line.substr(10, line.find(" \"") - 10) + "\n";
  }
  return lines;
}

class Confidence : public testing::TestWithParam<Case> {};
TEST_P(Confidence, BecomesATestOrAFinding) {
  EXPECT_EQ(criteria_of(GetParam().expect), GetParam().expected);
}

const Case kCases[] = {
    {"Ratio", "expect error_rate < 0.5% with confidence 95%",
     "first.expect[1] expect errors.canary[since shift] / requests.canary[since shift] < 0.005 "
     "test "
     "proportion alpha 0.05\n"},
    {"Quantile", "expect p99(latency) < 50ms with confidence 99.9%",
     "first.expect[1] expect quantile 0.99 of latency.canary[since shift] < 0.05 test proportion "
     "alpha 0.001\n"},
    {"TwoOfOneGateShareTheirAlpha",
     "expect error_rate < 0.5% with confidence 95%\n"
     "    expect p99(latency) < 50ms with confidence 95%",
     "first.expect[1] expect errors.canary[since shift] / requests.canary[since shift] < 0.005 "
     "test "
     "proportion alpha 0.025\n"
     "first.expect[2] expect quantile 0.99 of latency.canary[since shift] < 0.05 test proportion "
     "alpha 0.025\n"},
    {"TwoArmsOverAWindow", "expect canary.p99(latency) <= baseline.p99(latency) * 105% over 5m",
     "first.expect[1] expect quantile 0.99 of latency.canary[5m/1s shift] <= "
     "latency.baseline[5m/1s shift] * 105%\n"},
    {"TwoRates", "expect error_rate <= 1.2 * baseline.error_rate with confidence 95%",
     "first.expect[1] expect errors.canary[since shift] / requests.canary[since shift] <= "
     "errors.baseline[since shift] / requests.baseline[since shift] * 120% test two_rates alpha "
     "0.05\n"},
    {"TwoQuantiles",
     "expect canary.p99(latency) <= baseline.p99(latency) * 105% with confidence 95%",
     "first.expect[1] expect quantile 0.99 of latency.canary[since shift] <= "
     "latency.baseline[since shift] * 105% test two_quantiles alpha 0.05\n"},
    {"ARateOfTwoArms", "expect rate(requests) <= baseline.rate(requests) over 5m",
     "first.expect[1] expect rate of requests.canary[5m/1s shift] <= requests.baseline[5m/1s "
     "shift] * 100%\n"},
    {"Unchanged", "expect error_rate unchanged from previous 8h by at most 2%",
     "first.expect[1] expect errors.total[16h/1m36s start] / requests.total[16h/1m36s start] "
     "unchanged from 8h before by at most 2% test unchanged alpha 0.05\n"},
    {"UnchangedOfAnArm",
     "expect rate(canary.requests) unchanged from same hours yesterday by at most 5% with "
     "confidence 99%",
     "first.expect[1] expect rate of requests.canary[48h/4m48s start] unchanged from 24h before by "
     "at most 5% test unchanged alpha 0.01\n"},
    {"LastWeek", "expect count(requests) unchanged from same hours last week by at most 5%",
     "first.expect[1] expect count of requests.total[14d/33m36s start] unchanged from 7d before by "
     "at most 5% test unchanged alpha 0.05\n"},
    {"Split", "expect traffic split as planned",
     "first.expect[1] expect split of requests.canary[since shift] and requests.baseline[since "
     "shift] test split alpha 0.001\n"},

    {"NeitherWindowNorConfidence", "expect error_rate < 0.5%", ""},
    {"BothWindowAndConfidence", "expect error_rate < 0.5% over 5m with confidence 95%", ""},
    {"ForWithConfidence", "expect error_rate < 0.5% with confidence 95% for 2m", ""},
    {"NoConfidenceAtAll", "expect error_rate < 0.5% with confidence 100%", ""},
    {"ACoinsConfidence", "expect error_rate < 0.5% with confidence 40%", ""},
    {"AConfidenceOfAGauge", "expect queue < 100 with confidence 95%", ""},
    {"ALimitOfNothing", "expect error_rate <= 0% with confidence 95%", ""},
    {"TheSameArmTwice", "expect canary.error_rate <= canary.error_rate * 105% over 5m", ""},
    {"TwoThings", "expect canary.error_rate <= baseline.rate(requests) over 5m", ""},
    {"ASumOnTheRight", "expect canary.error_rate <= baseline.error_rate + 5% over 5m", ""},
    {"TimesADuration", "expect canary.error_rate <= baseline.error_rate * 5m over 5m", ""},
    {"AnUnchangedQuantile", "expect p99(latency) unchanged from previous 8h by at most 2%", ""},
    {"AnUnchangedWindow", "expect error_rate unchanged from previous 8h by at most 2% over 5m", ""},
    {"AnyChange", "expect error_rate unchanged from previous 8h by at most 100%", ""},
};
INSTANTIATE_TEST_SUITE_P(Dsl, Confidence, testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(ConfidenceOfAGuard, IsItsOwnAndNeedsNoNumberOfRequests) {
  const std::string machine = machine_text(
      Runbook().with("stop error_rate > 1% over 5m", "stop error_rate > 1% with confidence 99%"));
  EXPECT_NE(machine.find("criterion guard.stop[1] stop errors.canary[since guard] / "
                         "requests.canary[since guard] > 0.01 test proportion alpha 0.01 \""),
            std::string::npos)
      << machine;
}

TEST(ConfidenceOfAGuard, IsNotWarnedOfAsIfItWereAWindow) {
  EXPECT_EQ(warnings(Runbook().with("stop error_rate > 1% over 5m",
                                    "stop error_rate > 1% with confidence 99%")),
            "");
}

}  // namespace
}  // namespace rollbook::dsl
