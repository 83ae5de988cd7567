// Structure: source → errors.

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

const Case kCheckCases[] = {
    {"NoService", Runbook().without(R"(  service "shop")"),
     R"(2:1 RB0501 this runbook names no service
  add `service "shop"`: one rollout at a time runs for a service
)"},
    {"NoStage", Runbook(R"(edition 1
runbook shop {
  service "shop"
}
)"),
     R"(2:1 RB0501 this runbook has no stage
  add `stage first { … }` with `traffic 5%` and `hold 1h` in it
2:1 RB0503 nothing guards this rollout
  add `guard { … }` with a `stop` and `otherwise rollback automatic` in it
)"},
    {"NoGuard",
     Runbook().with(R"(guard {
    stop error_rate > 1% over 5m
    stop p99(latency) > 50ms over 5m
    stop queue > 1000 over 5m
    stop absent(requests) for 3m
    otherwise rollback automatic
  })",
                    ""),
     R"(2:1 RB0503 nothing guards this rollout
  add `guard { … }` with a `stop` and `otherwise rollback automatic` in it
)"},
    {"AGuardThatStopsNothing",
     Runbook().with(R"(    stop error_rate > 1% over 5m
    stop p99(latency) > 50ms over 5m
    stop queue > 1000 over 5m
    stop absent(requests) for 3m
)",
                    ""),
     R"(14:3 RB0503 this guard stops nothing
  add `stop error_rate > 1% over 5m`
)"},
    {"AGuardWithoutExit",
     Runbook().with(R"(3m
    otherwise rollback automatic)",
                    "3m"),
     R"(14:3 RB0502 this guard says not where a stop leads
  add `otherwise rollback automatic`
)"},
    {"AGuardThatEnds",
     Runbook().with(R"(3m
    otherwise rollback automatic)",
                    R"(3m
    otherwise end)"),
     R"(19:15 RB0203 a guard leads to a rollback, or halts
  write `otherwise rollback automatic` or `otherwise halt`
)"},
    {"NoArms", Runbook().without(R"(  arms by label "version": baseline "old", canary "new")"),
     R"(2:1 RB0501 traffic is shifted, but nothing says between which arms
  add `arms by label "version": baseline "old", canary "new"`
)"},
    {"NoTraffic",
     Runbook()
         .with(R"(    traffic 10%
)",
               "")
         .with(R"(    traffic 50%
)",
               "")
         .with(R"(  finish traffic 50%
)",
               ""),
     R"(14:3 RB0503 no stage shifts traffic, so this guard is never armed
  write `guard always { … }`: it is armed from the start
)"},
    {"TrafficThatFalls",
     Runbook().with("traffic 50%", "traffic 5%").with("finish traffic 50%", "finish traffic 5%"),
     R"(30:5 RB0504 5% is not more than the 10% that the canary has already
  write more, or leave `traffic` out to stay; only a `rollback` lowers it
)"},
    {"TrafficThatStays",
     Runbook().with("traffic 50%", "traffic 10%").with("finish traffic 50%", "finish traffic 10%"),
     R"(30:5 RB0504 10% is not more than the 10% that the canary has already
  write more, or leave `traffic` out to stay; only a `rollback` lowers it
)"},
    {"NoFinish",
     Runbook().with(R"(  finish traffic 50%
)",
                    ""),
     R"(29:3 RB0507 the last stage leaves the canary at 50% and nothing says that this is the end
  add `finish traffic 50%`
)"},
    {"AnotherFinish", Runbook().with("finish traffic 50%", "finish traffic 60%"),
     R"(44:3 RB0507 the last stage leaves the canary at 50%, not at 60%
  `finish traffic` states the last weight and shifts nothing: write `finish traffic 50%`, or add a stage
)"},
    {"ARollbackWithoutTraffic",
     Runbook().with(R"(    traffic 0%
)",
                    ""),
     R"(40:3 RB0505 rollback `automatic` shifts no traffic back
  add `traffic 0%`
)"},
    {"ARollbackThatEndsTooHigh",
     Runbook().with(R"(    traffic 0%
)",
                    R"(    traffic 10%
)"),
     R"(40:3 RB0505 rollback `automatic` ends at 10%, the first stage is at 10%
  end it at 0%
)"},
    {"ARollbackThatRises",
     Runbook().with(R"(    traffic 0%
)",
                    R"(    traffic 0%
    traffic 1%
)"),
     R"(42:5 RB0505 a rollback only ever lowers the weight: it is at 0% already
  put its steps in falling order
)"},
    {"AnUnreachableRollback",
     Runbook().after("  finish traffic 50%", "  rollback slow { traffic 0% }"),
     R"(45:12 RB0506 nothing leads to rollback `slow`
  name it in an `otherwise`, or leave it out
)"},
    {"GradualIsReachedByCommand",
     Runbook().after("  finish traffic 50%", "  rollback gradual { ramp traffic to 0% over 10m }"),
     ""},
    {"ARequireThatRollsBack", Runbook().after("  role lead, owner", R"(  require {
    confirm "Told" by lead
    within 1h otherwise rollback automatic
  })"),
     R"(8:25 RB0203 before the first shift there is nothing to roll back
  write `otherwise end`
)"},
    {"ARequireWithoutExit",
     Runbook().after("  role lead, owner", R"(  require { confirm "Told" by lead })"),
     R"(6:3 RB0502 `require` says not what happens with "Told" answered with no
  add `within 24h otherwise end`
)"},
    {"AStageThatEnds",
     Runbook().with("within 2h otherwise decide verdict", "within 2h otherwise end"),
     R"(27:25 RB0203 traffic has been shifted here: a rollout cannot just end
  write `otherwise rollback …`
)"},
    {"AStageWithoutExit",
     Runbook().with(R"(    within 2h otherwise decide verdict
)",
                    ""),
     R"(21:3 RB0502 stage `first` says not what happens with "Fine" answered with no
  add `within 24h otherwise rollback …` or `… decide …`
)"},
    {"ABandThatNobodyWatches",
     Runbook().with(R"(    confirm "Fine" by lead
    within 2h otherwise decide verdict
)",
                    ""),
     R"(21:3 RB0512 stage `first` says not what happens between 0.5% and 1%: `error_rate < 0.5% over 5m` is not met there, `error_rate > 1% over 5m` does not stop yet
  add `within 24h otherwise rollback …` or `… decide …`
)"},
    {"NoBandWhereTheGuardStopsToo",
     Runbook()
         .with(R"(    confirm "Fine" by lead
    within 2h otherwise decide verdict
)",
               "")
         .with("error_rate < 0.5% over 5m", "error_rate < 1% over 5m"),
     R"(25:12 RB0605 `error_rate < 1% over 5m` passes up to the limit at which `error_rate > 1% over 5m` stops
  leave room between the two: expect less than is stopped at
31:10 RB0604 nothing uses decision `verdict`
  leave it out, or use it
)"},
    {"AnExpectBelowIsABandToo",
     Runbook()
         .with(R"(    confirm "Fine" by lead
    within 2h otherwise decide verdict
)",
               R"(    otherwise decide verdict
)")
         .after("    hold 2h", "    expect rate(requests) > 5/s over 5m"),
     R"(28:3 RB0502 stage `second` says not what happens with `rate(requests) > 5/s over 5m` not met
  add `within 24h otherwise rollback …` or `… decide …`
)"},
    {"AnEmptyStage",
     Runbook()
         .with(R"(    traffic 50%
    hold 2h
)",
               "")
         .with("finish traffic 50%", "finish traffic 10%"),
     R"(29:3 RB0501 stage `second` does nothing
  add `traffic 5%` and `hold 1h`, or leave it out
)"},
    {"ADecisionNobodyTakes",
     Runbook().with(R"(    by all of lead, owner
)",
                    ""),
     R"(33:3 RB0508 decision `verdict` says not who decides
  add `by …` with a role
)"},
    {"ADecisionWithoutExit",
     Runbook().with(R"(    within 1h otherwise rollback automatic
)",
                    ""),
     R"(33:3 RB0502 decision `verdict` says not what happens when nobody answers
  add `within 24h otherwise rollback …`
)"},
    {"ADecisionThatDecides",
     Runbook().with(R"(    within 1h otherwise rollback automatic
)",
                    R"(    within 1h otherwise decide verdict
)"),
     R"(36:25 RB0203 a decision cannot lead to another one when nobody answers
  write `otherwise rollback …`
)"},
    {"ADecisionThatEnds",
     Runbook().with(R"(    within 1h otherwise rollback automatic
)",
                    R"(    within 1h otherwise end
)"),
     R"(36:25 RB0203 `verdict` is decided in stage `first` too, after traffic has been shifted: a rollout cannot just end there
  write `otherwise rollback …`
)"},
    {"NothingToExtend",
     Runbook()
         .with(R"(option back "Go back" rollback automatic)",
               R"(option more "More" extend 1h at most 2)")
         .with(R"(    hold 1h
)",
               ""),
     R"(26:25 RB0203 stage `first` has no hold that option `more` could extend
  use a decision without `extend` here
)"},
};

class Check : public testing::TestWithParam<Case> {};

TEST_P(Check, Finds) { EXPECT_EQ(findings(GetParam().runbook), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(Cases, Check, testing::ValuesIn(kCheckCases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace rollbook::dsl
