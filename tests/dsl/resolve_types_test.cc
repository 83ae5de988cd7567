// Units and types of metrics and criteria: source → findings.

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

struct Case {
  const char* name;
  Runbook runbook;
  const char* expected;
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const Case kResolveTypesCases[] = {
    {"RatioAgainstDuration", Runbook().with("error_rate > 1%", "error_rate > 50ms"),
     R"(15:23 RB0401 `error_rate` is a ratio, this is a duration
  a ratio is written `0.1%`
)"},
    {"RatioAgainstCount", Runbook().with("error_rate > 1%", "error_rate > 0.01"),
     R"(15:23 RB0401 `error_rate` is a ratio, this is a count
  a ratio is written `0.1%`
)"},
    {"RatioAgainstPoints", Runbook().with("error_rate > 1%", "error_rate > 1pp"),
     R"(15:23 RB0401 `error_rate` is a ratio, this is a difference in points
  points can be handed to an action, no condition takes them: write the limit itself, like `0.7%`, or scale by `* 105%`
)"},
    {"QuantileAgainstRatio", Runbook().with("p99(latency) > 50ms", "p99(latency) > 5%"),
     R"(16:25 RB0401 `p99(latency)` is a duration, this is a ratio
  a latency is written `50ms`
)"},
    {"QuantileAgainstCount", Runbook().with("p99(latency) > 50ms", "p99(latency) > 50"),
     R"(16:25 RB0401 `p99(latency)` is a duration, this is a count
  a latency is written `50ms`
)"},
    {"QuantileOfACounter", Runbook().with("p99(latency) > 50ms", "p99(errors) > 50ms"),
     R"(16:14 RB0401 `p99` needs a histogram, `errors` is none
  take a metric that is declared as `histogram`
)"},
    {"QuantileOfARatio", Runbook().with("p99(latency) > 50ms", "p99(error_rate) > 50ms"),
     R"(16:14 RB0401 `p99` needs a histogram, `error_rate` is a ratio
  take a metric that is declared as `histogram`
)"},
    {"RateOfAHistogram", Runbook().with("queue > 1000", "rate(latency) > 5/s"),
     R"(17:15 RB0401 `rate` needs a counter, `latency` is none
  take a metric that is declared as `counter`
)"},
    {"RateAgainstCount", Runbook().with("queue > 1000", "rate(errors) > 5"),
     R"(17:25 RB0401 `rate(errors)` is a rate, this is a count
  a rate is written `900/s`
)"},
    {"CountAgainstRate", Runbook().with("queue > 1000", "count(errors) > 5/s"),
     R"(17:26 RB0401 `count(errors)` is a count, this is a rate
  a count is a bare number like `100`
)"},
    {"ABareCounter", Runbook().with("queue > 1000", "errors > 1000"),
     R"(17:10 RB0403 `errors` is a counter: it only ever rises
  compare `rate(errors)`, `count(errors)` or its ratio to another counter
)"},
    {"ABareHistogram", Runbook().with("queue > 1000", "latency > 1s"),
     R"(17:10 RB0403 `latency` is a histogram: it has no single value
  compare a quantile of it: `p99(latency)`
)"},
    {"ASumWithARatio", Runbook().with("p99(latency) > 50ms", "p99(latency) + 5% > 50ms"),
     R"(16:10 RB0401 `5%` is a ratio: it cannot be added to or taken from what is measured
  to scale, write `* 105%`, and write it at the limit
)"},
    {"ASumWithARatioAtTheLimit", Runbook().with("p99(latency) > 50ms", "p99(latency) > 50ms + 5%"),
     R"(16:25 RB0401 a duration and a ratio cannot be added
  to scale, write `* 105%`
)"},
    {"ALimitThatIsScaled", Runbook().with("p99(latency) > 50ms", "p99(latency) > 50ms * 110%"), ""},
    {"AMeasurementOnTheRight", Runbook().with("p99(latency) > 50ms", "50ms < p99(latency)"),
     R"(16:17 RB0403 the limit stands on the right
  write the metric first, like `error_rate < 0.1%`
)"},
    {"OneGaugeHasOneUnit",
     Runbook().after("    stop queue > 1000 over 5m", "    stop queue > 5s over 5m"),
     R"(18:18 RB0401 `queue` is compared with a duration here and with a count in line 17
  compare it in one unit everywhere
)"},
    {"AbsentOfARatio", Runbook().with("absent(requests)", "absent(error_rate)"),
     R"(18:17 RB0401 `absent` needs a measured metric, `error_rate` is a ratio
  write `absent(requests)`
)"},
    {"RatioOfAHistogram",
     Runbook().with(R"(errors / requests
)",
                    R"(latency / requests
)"),
     R"(10:23 RB0404 the numerator of a ratio must be a counter, `latency` is none
  take a metric that is declared as `counter`
)"},
    {"RatioOfRatios",
     Runbook().after("  metric error_rate = errors / requests",
                     "  metric twice = error_rate / requests"),
     R"(11:18 RB0404 the numerator of a ratio must be a counter, `error_rate` is a ratio
  take a metric that is declared as `counter`
)"},
    {"RatioOfUnsplitAndSplit", Runbook().with("errors_total default 0", "errors_total unsplit"),
     R"(10:3 RB0404 `errors` is unsplit and `requests` is not: their ratio is of nothing
  make both `unsplit`, or neither
)"},
    {"BaselineOfAnUnsplitMetric",
     Runbook()
         .with("counter   requests_total", "counter   requests_total unsplit")
         .with("counter   errors_total default 0", "counter   errors_total unsplit")
         .with("error_rate > 1%", "baseline.error_rate > 1%"),
     R"(15:10 RB0401 metric `errors` is a total (`unsplit`): it has no share of one arm
  write `error_rate` alone
)"},
    {"MatcherOnTheArmLabel",
     Runbook().with("counter   requests_total", R"(counter   requests_total{version="new"})"),
     R"(6:3 RB0212 metric `requests` selects by `version`, the label that tells the arms apart
  leave the matcher out (the arms are told apart anyway), or add `unsplit` for a total
)"},
    {"ARatioInPlaceOfGauges", Runbook().with("queue > 1000", "queue / requests > 1%"),
     R"(17:10 RB0404 a ratio is of two counters, `queue` is none
  take metrics that are declared as `counter`
)"},
    {"ARatioInPlaceOfTwoArms",
     Runbook().with("queue > 1000", "canary.errors / baseline.requests > 1%"),
     R"(17:10 RB0404 the two counters of this ratio are not of the same arm
  take both from one arm: `errors / requests`
)"},
    {"ALimitAlone", Runbook().with("queue > 1000", "5 > 3"),
     R"(17:10 RB0403 a comparison begins with what is measured
  turn it round: `error_rate > 0.1%`
)"},
    {"AProductOfDurations", Runbook().with("p99(latency) > 50ms", "p99(latency) > 50ms * 2s"),
     R"(16:25 RB0401 a duration and a duration cannot be multiplied
  compute with values of one unit, or scale by a percentage
)"},
    {"ADivisionByNothing", Runbook().with("queue > 1000", "queue > 5 / 0"),
     R"(17:18 RB0212 a division by nothing
  divide by a number above 0
)"},
    {"AProductThatIsTooLarge",
     Runbook().with("queue > 1000", "queue > 900000000000000 * 900000000000000"),
     R"(17:18 RB0108 this value is too large to be compared
  the largest value is 10¹⁵
)"},
    {"ASumOfMeasurements", Runbook().with("queue > 1000", "queue + queue > 5"),
     R"(17:10 RB0403 the left side of a comparison is one measurement
  a ratio of two counters, `rate(x)`, `count(x)`, `p99(x)` or a gauge; calculate on the right side
)"},
    {"ADifferenceWithARatio", Runbook().with("p99(latency) > 50ms", "p99(latency) > 50ms - 5%"),
     R"(16:25 RB0401 a duration and a ratio cannot be subtracted
  to scale, write `* 95%`
)"},
    {"ACountOfAHistogram", Runbook().with("queue > 1000", "count(latency) > 1000"),
     R"(9:10 RB0604 no criterion uses metric `queue`
  leave it out, or use it
)"},
    {"ARate", Runbook().with("queue > 1000", "rate(requests) > 900/s + 100/s"),
     R"(9:10 RB0604 no criterion uses metric `queue`
  leave it out, or use it
)"},
    {"AnArmWithoutArms",
     Runbook()
         .without(R"(  arms by label "version": baseline "old", canary "new")")
         .with("error_rate > 1%", "canary.error_rate > 1%"),
     R"(15:10 RB0401 this runbook names no `arms`, so no metric has a share of one
  write `error_rate` alone
)"},
    {"AnArmOfAQuantile", Runbook().with("p99(latency)", "canary.p99(latency)"), ""},
    {"MillisecondsAreDurations",
     Runbook()
         .with("histogram duration_seconds", "histogram in ms duration")
         .with("p99(latency) > 50ms", "p99(latency) > 50"),
     R"(16:25 RB0401 `p99(latency)` is a duration, this is a count
  a latency is written `50ms`
)"},
    {"AHistogramOfSizes",
     Runbook()
         .with("histogram duration_seconds", "histogram sizes")
         .with("p99(latency) > 50ms", "p99(latency) > 64KiB"),
     ""},
};

class ResolveTypes : public testing::TestWithParam<Case> {};

TEST_P(ResolveTypes, Finds) { EXPECT_EQ(findings(GetParam().runbook), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(Cases, ResolveTypes, testing::ValuesIn(kResolveTypesCases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace rollbook::dsl
