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
     "proportion alpha 0.025 shared by 2\n"
     "first.expect[2] expect quantile 0.99 of latency.canary[since shift] < 0.05 test proportion "
     "alpha 0.025 shared by 2\n"},
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
     "expect canary.rate(requests) unchanged from same hours yesterday by at most 5% with "
     "confidence 99%",
     "first.expect[1] expect rate of requests.canary[48h/4m48s start] unchanged from 24h before by "
     "at most 5% test unchanged alpha 0.01\n"},
    {"LastWeek", "expect count(requests) unchanged from same hours last week by at most 5%",
     "first.expect[1] expect count of requests.total[336h/33m36s start] unchanged from 168h before "
     "by "
     "at most 5% test unchanged alpha 0.05\n"},
    {"Split", "expect traffic split as planned",
     "first.expect[1] expect split of requests.canary[since shift] and requests.baseline[since "
     "shift] test split alpha 0.001\n"},

    {"NeitherWindowNorConfidence", "expect error_rate < 0.5%",
     "25:12 RB0207 over what time? a condition needs `over`\n  add `over 5m`\n"},
    {"BothWindowAndConfidence", "expect error_rate < 0.5% over 5m with confidence 95%",
     "25:35 RB0209 `with confidence` takes the place of `over`, `for` and `at least`\n  leave it "
     "out: the test says itself when it has seen enough\n"},
    {"ForWithConfidence", "expect error_rate < 0.5% with confidence 95% for 2m",
     "25:54 RB0209 `with confidence` takes the place of `over`, `for` and `at least`\n  leave it "
     "out: the test says itself when it has seen enough\n"},
    {"NoConfidenceAtAll", "expect error_rate < 0.5% with confidence 100%",
     "25:46 RB0212 `with confidence 100%` promises nothing\n  a confidence lies from 50% to below "
     "100%, like `99%`\n"},
    {"ACoinsConfidence", "expect error_rate < 0.5% with confidence 40%",
     "25:46 RB0212 `with confidence 40%` promises nothing\n  a confidence lies from 50% to below "
     "100%, like `99%`\n"},
    {"AConfidenceOfAGauge", "expect queue < 100 with confidence 95%",
     "25:40 RB0403 `with confidence` needs a ratio or a quantile\n  write the plain window, like "
     "`over 5m`\n"},
    {"ALimitOfNothing", "expect error_rate <= 0% with confidence 95%",
     "25:12 RB0212 no number of requests proves a ratio to be at `0%`\n  with confidence, a limit "
     "lies between 0% and 100%\n"},
    {"TheSameArmTwice", "expect canary.error_rate <= canary.error_rate * 105% over 5m",
     "25:33 RB0403 this compares a measurement with itself\n  compare one measurement of both "
     "arms, like `canary.p99(latency) <= "
     "baseline.p99(latency) * 105%`\n"},
    {"TwoThings", "expect canary.error_rate <= baseline.rate(requests) over 5m",
     "25:33 RB0403 the two sides must measure the same of two arms\n  compare one measurement of "
     "both arms, like `canary.p99(latency) <= "
     "baseline.p99(latency) * 105%`\n"},
    {"ASumOnTheRight", "expect canary.error_rate <= baseline.error_rate + 5% over 5m",
     "25:33 RB0401 `5%` is a ratio: it cannot be added to or taken from what is measured\n  to "
     "scale, write `* 105%`, and write it at the limit\n"},
    {"TimesADuration", "expect canary.error_rate <= baseline.error_rate * 5m over 5m",
     "25:55 RB0401 a measurement is scaled by a ratio\n  write `* 105%`\n"},
    {"AnUnchangedQuantile", "expect p99(latency) unchanged from previous 8h by at most 2%",
     "25:12 RB0403 `unchanged from` needs a ratio, `rate(x)` or `count(x)` of counters\n  compare "
     "a quantile with another arm's: `canary.p99(x) <= baseline.p99(x) * 105%`\n"},
    {"AnUnchangedWindow", "expect error_rate unchanged from previous 8h by at most 2% over 5m",
     "25:69 RB0209 `unchanged from` has no such clause\n  leave it out\n"},
    {"AnyChange", "expect error_rate unchanged from previous 8h by at most 100%",
     "25:61 RB0212 a change by `100%` is no change to speak of\n  a tolerance lies below 100%, "
     "like `2%`\n"},
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
