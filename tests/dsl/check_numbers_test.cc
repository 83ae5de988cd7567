// Findings about numbers: source → warnings.

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

const Case kCheckNumbersCases[] = {
    {"ASustainShorterThanItsWindow",
     Runbook().with("error_rate > 1% over 5m", "error_rate > 1% over 5m for 2m"),
     R"(15:10 RB0601 `for 2m` is shorter than `over 5m`: a single burst stays in the window longer than that
  write `for 5m`, or leave `for` out
)"},
    {"AHoldShorterThanAWindow", Runbook().with("hold 2h", "hold 5m"),
     R"(31:5 RB0602 a hold of 5m is not longer than the 5m that `error_rate > 1% over 5m` looks at
  hold for 10m or more, or judge a shorter window
)"},
    {"NoHold",
     Runbook().with(R"(    hold 2h
)",
                    ""),
     R"(29:3 RB0602 stage `second` has no hold: it is left before `error_rate > 1% over 5m` can be judged on it
  add `hold 10m`
)"},
    {"SilenceNotCovered",
     Runbook().with(R"(    stop absent(requests) for 3m
)",
                    ""),
     R"(14:3 RB0603 a canary that sends no metrics at all is not stopped by this guard
  add `stop absent(requests) for 3m`: silence is not health
)"},
    {"UnusedNames",
     Runbook()
         .with(R"(    stop queue > 1000 over 5m
)",
               "")
         .with(R"(    run suite(phase: "first")
)",
               "")
         .after("  role lead, owner", R"(  role nobody
  channel hall = slack("x"))"),
     R"(6:8 RB0604 nothing uses role `nobody`
  leave it out, or use it
7:11 RB0604 nothing uses channel `hall`
  leave it out, or use it
11:10 RB0604 no criterion uses metric `queue`
  leave it out, or use it
15:10 RB0604 nothing uses action `suite`
  leave it out, or use it
)"},
    {"AnUnusedDecision", Runbook().with("otherwise decide verdict", "otherwise rollback automatic"),
     R"(33:10 RB0604 nothing uses decision `verdict`
  leave it out, or use it
)"},
    {"NobodyIsTold",
     Runbook().with(R"(    ask mail, oncall
)",
                    ""),
     R"(11:11 RB0604 nothing uses channel `mail`
  leave it out, or use it
33:3 RB0612 nobody is told when decision `verdict` is open
  add `ask …` with a channel
)"},
    {"EqualThresholds", Runbook().with("error_rate < 0.5% over 5m", "error_rate < 1% over 5m"),
     R"(25:12 RB0605 `error_rate < 1% over 5m` passes up to the limit at which `error_rate > 1% over 5m` stops
  leave room between the two: expect less than is stopped at
)"},
    {"EqualThresholdsWithALoad",
     Runbook()
         .with("error_rate < 0.5% over 5m", "error_rate < 1% over 5m")
         .after("  role lead, owner", "  load 90/s peak"),
     R"(16:10 RB0606 a few errors are enough to break `error_rate > 1% over 5m` while its window fills: it speaks from 100 requests on, and about 2700 requests come within 5m at 90/s × 10%; a canary with 0.2% errors, a fifth of the limit, breaks it in 5.7% of holds of 1h
  say `at least 200 requests`
26:12 RB0605 `error_rate < 1% over 5m` passes up to the limit at which `error_rate > 1% over 5m` stops; a canary at 0.8%, which passes, is rolled back by chance in 99.2% of holds of 1h at 90/s × 10%
  leave room between the two: expect less than is stopped at
)"},
    {"LooserThanTheGuard", Runbook().with("error_rate < 0.5% over 5m", "error_rate < 2% over 5m"),
     R"(25:12 RB0511 `error_rate < 2% over 5m` is looser than `error_rate > 1% over 5m` of the guard: the rollout is stopped before it could fail
  expect less than 1%
)"},
    {"LooserFromBelow",
     Runbook()
         .after("    stop queue > 1000 over 5m", "    stop rate(requests) < 5/s over 5m")
         .with(R"(    confirm "Fine" by lead
)",
               R"(    expect rate(requests) > 4/s over 5m
    expect rate(requests) > 6/s over 5m
)"),
     R"(27:12 RB0511 `rate(requests) > 4/s over 5m` is looser than `rate(requests) < 5/s over 5m` of the guard: the rollout is stopped before it could fail
  expect more than 5/s
)"},
    {"ADeadBound",
     Runbook().after("    stop p99(latency) > 50ms over 5m",
                     "    stop p50(latency) > 50ms over 5m"),
     R"(17:10 RB0607 `p50(latency) > 50ms over 5m` never decides anything: `p99(latency) > 50ms over 5m` does whenever it would
  lower its limit, or leave it out
)"},
    {"ALiveBound",
     Runbook().after("    stop p99(latency) > 50ms over 5m",
                     "    stop p50(latency) > 49ms over 5m"),
     ""},
    {"LoadAndTheWholeService",
     Runbook()
         .with("stop error_rate > 1%", "stop total.error_rate > 0.1%")
         .with("stop p99(latency)", "stop baseline.p99(latency)")
         .after("  role lead, owner", "  load 90/s peak, 0.3/s trough"),
     R"(16:10 RB0608 `total.error_rate > 0.1% over 5m` is blind: about 90 requests come within 5m at 0.3/s × 100%, it waits for 100
  say `at least N requests` with a smaller N, or take a longer window
17:10 RB0608 `baseline.p99(latency) > 50ms over 5m` is blind: about 81 requests come within 5m at 0.3/s × 90%, it waits for 100
  say `at least N requests` with a smaller N, or take a longer window
26:12 RB0606 one error is enough to break `error_rate < 0.5% over 5m`: about 9 requests come within 5m at 0.3/s × 10%; a canary with 0.1% errors, a fifth of the limit, breaks it in 0.9% of reviews
  take a longer window or a higher limit
)"},
    {"AcceptanceIsComparedToo", Runbook().after("  finish traffic 50%", R"(  success {
    expect error_rate < 2% over 1h
    otherwise rollback automatic
  })"),
     R"(46:12 RB0511 `error_rate < 2% over 1h` is looser than `error_rate > 1% over 5m` of the guard: the rollout is stopped before it could fail
  expect less than 1%
)"},
    {"TooFewForTheGuard", Runbook().after("  role lead, owner", "  load 90/s peak, 2/s trough"),
     R"(16:10 RB0608 `error_rate > 1% over 5m` is blind: about 60 requests come within 5m at 2/s × 10%, it waits for 100
  say `at least N requests` with a smaller N, or take a longer window
17:10 RB0608 `p99(latency) > 50ms over 5m` is blind: about 60 requests come within 5m at 2/s × 10%, it waits for 100
  say `at least N requests` with a smaller N, or take a longer window
26:12 RB0606 one error is enough to break `error_rate < 0.5% over 5m`: about 60 requests come within 5m at 2/s × 10%; a canary with 0.1% errors, a fifth of the limit, breaks it in 5.8% of reviews
  take a longer window or a higher limit
)"},
    {"OneErrorIsEnough",
     Runbook()
         .after("  role lead, owner", "  load 90/s peak, 4/s trough")
         .with("stop error_rate > 1%", "stop error_rate > 0.6%"),
     R"(16:10 RB0606 one error is enough to break `error_rate > 0.6% over 5m`: about 120 requests come within 5m at 4/s × 10%; a canary with 0.12% errors, a fifth of the limit, breaks it in 82% of holds of 1h
  take a longer window or a higher limit
26:12 RB0606 one error is enough to break `error_rate < 0.5% over 5m`: about 120 requests come within 5m at 4/s × 10%; a canary with 0.1% errors, a fifth of the limit, breaks it in 11% of reviews
  take a longer window or a higher limit
)"},
    {"WarningsComeWhenThereIsNoError",
     Runbook()
         .with(R"(    hold 2h
)",
               "")
         .with(R"(  finish traffic 50%
)",
               ""),
     R"(29:3 RB0507 the last stage leaves the canary at 50% and nothing says that this is the end
  add `finish traffic 50%`
)"},
};

class CheckNumbers : public testing::TestWithParam<Case> {};

TEST_P(CheckNumbers, Finds) { EXPECT_EQ(findings(GetParam().runbook), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(Cases, CheckNumbers, testing::ValuesIn(kCheckNumbersCases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace rollbook::dsl
