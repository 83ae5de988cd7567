// The lowering of control flow and what is said against it: several guards, halts, what is undone
// and what cannot be.

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

// Guards in front of the runbook's own.
Runbook guarded(const std::string& guards, Runbook runbook = Runbook()) {
  return runbook.after("  action suite(phase: text)", guards);
}

// Other stages instead of the two, so that a whole tree can be read.
Runbook brief(const std::string& stages) {
  std::string text = Runbook().text();
  const std::size_t from = text.find("  stage first {");
  text.replace(from, text.find("  decide verdict {") - from, stages);
  return Runbook(text).with("finish traffic 50%", "finish traffic 10%");
}

constexpr const char* kOnly = "  stage only {\n    traffic 10%\n    hold 1h\n  }\n";
constexpr const char* kHalting = "  guard {\n    stop queue > 6 over 1m\n    otherwise halt\n  }";

struct Lowered {
  const char* name;
  Runbook runbook;
  const char* from;  // the state whose part is compared
  const char* expected;
};
void PrintTo(const Lowered& test, std::ostream* out) { *out << test.name; }

const Lowered kLowered[] = {
    {"AConjunctionIsOneStopOfTwoCriteria",
     brief(kOnly).with("stop queue > 1000 over 5m",
                       "stop queue > 9 over 5m and error_rate > 2% over 1h"),
     "guarded",
     R"(guarded -> only
  armed guard.stop[1], guard.stop[2], guard.stop[3], guard.stop[3].and[1], guard.stop[4]
  on stop guard.stop[1] => rollback.automatic "error_rate > 1% over 5m"
  on stop guard.stop[2] => rollback.automatic "p99(latency) > 50ms over 5m"
  on stop guard.stop[3] and guard.stop[3].and[1] => rollback.automatic "queue > 9 over 5m and error_rate > 2% over 1h"
  on stop guard.stop[4] => rollback.automatic "absent(requests) for 3m"
  on abort => rollback.automatic "aborted"
  on rollback_immediate => rollback.automatic "rolled back"
  on rollback_gradual => rollback.gradual "rolled back gradually"
  on rollback_partial => rollback.partial "rolled back in part"
  only -> only.shift stage only
    only.shift: shift stage only
      entry traffic 10%
      on failed => rollback.automatic "the shift to 10% failed"
      on settled => only.hold forward "traffic is at 10%"
    only.hold -> only.hold.wait: hold stage only
      on clock only.hold.most => rollback.automatic "not held for 1h of watched time within 26h"
      only.hold.wait: hold stage only
        on clock only.hold => succeeded forward "held for 1h"
  rollback.gradual -> rollback.gradual.ramp: rollback stage rollback.gradual rank 1
    rollback.gradual.ramp: rollback stage rollback.gradual
      ramp to 0% over 30m every 1m rollback
      on settled => rolled_back "traffic is at 0%"
  rollback.partial: rollback stage rollback.partial rank 1
    ramp to 0% over 30m every 1m rollback
    on settled => halt "traffic is at the weight that was asked for"
)"},
    {"TheSlowerRollbackLiesWithinTheReachOfTheFasterGuard",
     guarded("  guard {\n stop queue > 5 over 1m\n otherwise rollback slow\n }\n"
             "  rollback slow { ramp traffic to 0% over 10m }\n" +
                 std::string(kHalting),
             brief(kOnly)),
     "guarded",
     R"(guarded -> guarded.2
  armed guard.stop[1], guard[2].stop[1], guard[3].stop[1], guard[3].stop[2], guard[3].stop[3], guard[3].stop[4]
  on stop guard[3].stop[1] => rollback.automatic "error_rate > 1% over 5m"
  on stop guard[3].stop[2] => rollback.automatic "p99(latency) > 50ms over 5m"
  on stop guard[3].stop[3] => rollback.automatic "queue > 1000 over 5m"
  on stop guard[3].stop[4] => rollback.automatic "absent(requests) for 3m"
  on abort => rollback.slow "aborted"
  on rollback_immediate => rollback.automatic "rolled back"
  on rollback_gradual => rollback.gradual "rolled back gradually"
  on rollback_partial => rollback.partial "rolled back in part"
  guarded.2 -> guarded.forward
    on stop guard.stop[1] => rollback.slow "queue > 5 over 1m"
    guarded.forward -> only
      on stop guard[2].stop[1] => halt "queue > 6 over 1m"
      only -> only.shift stage only
        only.shift: shift stage only
          entry traffic 10%
          on failed => rollback.slow "the shift to 10% failed"
          on settled => only.hold forward "traffic is at 10%"
        only.hold -> only.hold.wait: hold stage only
          on clock only.hold.most => rollback.slow "not held for 1h of watched time within 26h"
          only.hold.wait: hold stage only
            on clock only.hold => succeeded forward "held for 1h"
    rollback.gradual -> rollback.gradual.ramp: rollback stage rollback.gradual rank 1
      rollback.gradual.ramp: rollback stage rollback.gradual
        ramp to 0% over 30m every 1m rollback
        on settled => rolled_back "traffic is at 0%"
    rollback.partial: rollback stage rollback.partial rank 1
      ramp to 0% over 30m every 1m rollback
      on settled => halt "traffic is at the weight that was asked for"
  rollback.slow -> rollback.slow.ramp: rollback stage rollback.slow rank 2
    rollback.slow.ramp: rollback stage rollback.slow
      ramp to 0% over 10m every 1m rollback
      on settled => rolled_back "traffic is at 0%"
)"},
    {"AGuardThatIsArmedFromTheStart",
     brief(kOnly).with("  guard {", "  guard always {\n pause while queue > 7 over 1m"), "always",
     R"(always -> before
  armed guard.stop[1], guard.stop[2], guard.stop[3], guard.stop[4], guard.pause[1]
  before -> before.begin
    on stop guard.stop[1] => rollback.automatic "error_rate > 1% over 5m"
    on stop guard.stop[2] => rollback.automatic "p99(latency) > 50ms over 5m"
    on stop guard.stop[3] => rollback.automatic "queue > 1000 over 5m"
    on stop guard.stop[4] => rollback.automatic "absent(requests) for 3m"
    on abort => aborted "ended before any traffic"
    on rollback_immediate => aborted "ended before any traffic"
    on rollback_gradual => aborted "ended before any traffic"
    before.begin: begin
      on always => guarded forward "the rollout begins"
  guarded -> only
    on stop guard.stop[1] => rollback.automatic "error_rate > 1% over 5m"
    on stop guard.stop[2] => rollback.automatic "p99(latency) > 50ms over 5m"
    on stop guard.stop[3] => rollback.automatic "queue > 1000 over 5m"
    on stop guard.stop[4] => rollback.automatic "absent(requests) for 3m"
    on abort => rollback.automatic "aborted"
    on rollback_immediate => rollback.automatic "rolled back"
    on rollback_gradual => rollback.gradual "rolled back gradually"
    on rollback_partial => rollback.partial "rolled back in part"
    only -> only.shift stage only
      only.shift: shift stage only
        entry traffic 10%
        on failed => rollback.automatic "the shift to 10% failed"
        on settled => only.hold forward "traffic is at 10%"
      only.hold -> only.hold.wait: hold stage only
        on clock only.hold.most => rollback.automatic "not held for 1h of watched time within 26h"
        only.hold.wait: hold stage only
          on clock only.hold => succeeded forward "held for 1h"
    rollback.gradual -> rollback.gradual.ramp: rollback stage rollback.gradual rank 1
      rollback.gradual.ramp: rollback stage rollback.gradual
        ramp to 0% over 30m every 1m rollback
        on settled => rolled_back "traffic is at 0%"
    rollback.partial: rollback stage rollback.partial rank 1
      ramp to 0% over 30m every 1m rollback
      on settled => halt "traffic is at the weight that was asked for"
)"},
    {"UndoStandsInFrontOfTheRollbacksActs",
     brief("  stage a { traffic 5%\n hold 1h\n undo { run suite(phase: \"a\") within 5m\n notify "
           "mail \"x\" } }\n"
           "  stage b { traffic 10%\n hold 1h\n undo { run suite(phase: \"b\") } }\n"),
     "rollback.automatic",
     R"(rollback.automatic -> rollback.automatic.undo.b: rollback stage rollback.automatic rank 2
  entry page oncall "Back: {cause}"
  rollback.automatic.undo.b: rollback stage rollback.automatic
    on entered b => rollback.automatic.undo.b.run1 "`b` is undone"
    on always => rollback.automatic.undo.a "`b` was not entered"
  rollback.automatic.undo.b.run1: rollback stage rollback.automatic
    entry run suite(phase: b)
    on failed => rollback.automatic.undo.b.done "run `suite` failed"
    on settled => rollback.automatic.undo.b.done "run `suite` succeeded"
  rollback.automatic.undo.b.done: rollback stage rollback.automatic
    on always => rollback.automatic.undo.a undoes b "`b` is undone"
  rollback.automatic.undo.a: rollback stage rollback.automatic
    on entered a => rollback.automatic.undo.a.run1 "`a` is undone"
    on always => rollback.automatic.shift "`a` was not entered"
  rollback.automatic.undo.a.run1: rollback stage rollback.automatic
    entry run suite(phase: a) within 5m
    on failed => rollback.automatic.undo.a.step1 "run `suite` failed"
    on settled => rollback.automatic.undo.a.step1 "run `suite` succeeded"
  rollback.automatic.undo.a.step1: rollback stage rollback.automatic
    entry notify mail "x"
    on always => rollback.automatic.undo.a.done "notify requested"
  rollback.automatic.undo.a.done: rollback stage rollback.automatic
    on always => rollback.automatic.shift undoes a "`a` is undone"
  rollback.automatic.shift: rollback stage rollback.automatic
    entry traffic 0% rollback
    on settled => rolled_back "traffic is at 0%"
)"},
    {"AfterAnIrreversibleStepWaitsHalt",
     guarded(kHalting, brief("  stage a { traffic 5%\n run suite(phase: \"a\") irreversible\n "
                             "traffic 10%\n hold 1h\n"
                             " within 1h otherwise halt }\n")),
     "a",
     R"(a -> a.shift stage a
  a.shift: shift stage a
    entry traffic 5%
    on failed => rollback.automatic "the shift to 5% failed"
    on settled => a.run1 forward "traffic is at 5%"
  a.run1: run stage a irreversible
    entry run suite(phase: a)
    on failed => halt "run `suite` failed"
    on settled => a.shift2 forward "run `suite` succeeded"
  a.shift2: shift stage a
    entry traffic 10%
    on failed => halt "the shift to 10% failed"
    on settled => a.hold forward "traffic is at 10%"
  a.hold -> a.hold.wait: hold stage a
    on clock a.hold.most => halt "not held for 1h of watched time within 26h"
    a.hold.wait: hold stage a
      on clock a.hold => succeeded forward "held for 1h"
)"},
    {"AHoldThatCountsRequests",
     brief("  stage a { traffic 10%\n hold 1h and 500 requests at most 3h }\n"), "a",
     R"(a -> a.shift stage a
  a.shift: shift stage a
    entry traffic 10%
    on failed => rollback.automatic "the shift to 10% failed"
    on settled => a.hold forward "traffic is at 10%"
  a.hold -> a.hold.wait: hold stage a
    armed a.hold.requests
    on clock a.hold.most => rollback.automatic "not held for 1h of watched time and 500 requests within 3h"
    a.hold.wait: hold stage a
      on clock a.hold => succeeded forward needs a.hold.requests "held for 1h and 500 requests"
)"},
    {"AHoldThatWaitsForWhatWasStarted",
     brief("  stage a { start suite(phase: \"a\")\n traffic 10%\n hold until suite at most 3h }\n")
         .with("action suite(phase: text)", "action suite(phase: text) idempotent"),
     "a",
     R"(a -> a.step1 stage a
  exit stop suite(phase: a)
  a.step1: run stage a
    entry start suite(phase: a) attempts 4 tracked
    on always => a.shift forward "start requested"
  a.shift: shift stage a
    entry traffic 10%
    on failed => rollback.automatic "the shift to 10% failed"
    on settled => a.until forward "traffic is at 10%"
  a.until: hold stage a
    on failed suite => rollback.automatic "`suite` failed"
    on clock a.until.most => rollback.automatic "`suite` was not done within 3h"
    on settled suite => succeeded forward "`suite` is done"
)"},
    {"AReviewThatHalts",
     brief("  stage a { traffic 10%\n hold 1h\n confirm \"x\" by lead\n within 2h otherwise halt "
           "}\n"),
     "a",
     R"(a -> a.shift stage a
  a.shift: shift stage a
    entry traffic 10%
    on failed => rollback.automatic "the shift to 10% failed"
    on settled => a.hold forward "traffic is at 10%"
  a.hold -> a.hold.wait: hold stage a
    on clock a.hold.most => halt "not held for 1h of watched time within 26h"
    a.hold.wait: hold stage a
      on clock a.hold => a.review forward "held for 1h"
  a.review -> a.review.gate: review stage a
    asks confirm "x" by lead until a.review
    a.review.gate: review stage a
      gate "x"
      on gate_failed => halt "a check failed"
      on clock a.review => halt "the checks did not pass within 2h"
      on gate_passed => succeeded forward "all checks passed"
)"},
    {"ADecisionThatOverridesOrHalts",
     brief("  stage a { traffic 10%\n hold 1h\n expect error_rate < 0.1% over 5m\n"
           " within 2h otherwise decide verdict }\n")
         .with("option go \"Go on\" next",
               "option go \"Go on\" next override\n option stay \"Stay\" halt"),
     "a.review.otherwise",
     R"(a.review.otherwise: decide stage a
  entry notify mail "{service}, {stage}: decision `verdict` is open: go, stay, back"
  entry page oncall "{service}, {stage}: decision `verdict` is open: go, stay, back"
  asks decide "verdict" by all of lead, owner until a.review.otherwise; go "Go on" next override; stay "Stay" halt; back "Go back" rollback
  gate a.expect[1]
  on chosen go => succeeded forward overrides "decided: Go on"
  on chosen stay => halt "decided: Stay"
  on chosen back => rollback.automatic "decided: Go back"
  on clock a.review.otherwise => rollback.automatic "`verdict` was not decided within 1h"
)"},
    {"WithoutTrafficAndARollbackGuardBothCommandsHaveABlock",
     brief("  stage a { hold 1h\n confirm \"x\" by lead\n otherwise decide verdict }\n")
         .with("finish traffic 10%", "")
         .with("  guard {", "  guard always {")
         .with("3m\n    otherwise rollback automatic", "3m\n    otherwise halt"),
     "guarded",
     R"(guarded -> guarded.forward
  on abort => halt "aborted"
  on rollback_immediate => rollback.immediate "rolled back"
  on rollback_gradual => rollback.gradual "rolled back gradually"
  guarded.forward -> a
    on stop guard.stop[1] => halt "error_rate > 1% over 5m"
    on stop guard.stop[2] => halt "p99(latency) > 50ms over 5m"
    on stop guard.stop[3] => halt "queue > 1000 over 5m"
    on stop guard.stop[4] => halt "absent(requests) for 3m"
    a -> a.hold stage a
      a.hold -> a.hold.wait: hold stage a
        on clock a.hold.most => a.review.otherwise "not held for 1h of watched time within 26h"
        a.hold.wait: hold stage a
          on clock a.hold => a.review forward "held for 1h"
      a.review -> a.review.gate: review stage a
        asks confirm "x" by lead until a.review
        a.review.gate: review stage a
          gate "x"
          on gate_failed => a.review.otherwise "a check failed"
          on clock a.review => a.review.otherwise "the checks did not pass within 24h"
          on gate_passed => succeeded forward "all checks passed"
        a.review.otherwise: decide stage a
          entry notify mail "{service}, {stage}: decision `verdict` is open: go, back"
          entry page oncall "{service}, {stage}: decision `verdict` is open: go, back"
          asks decide "verdict" by all of lead, owner until a.review.otherwise; go "Go on" next; back "Go back" rollback
          gate "x"
          on chosen go => succeeded forward needs_gate "decided: Go on"
          on chosen back => rollback.automatic "decided: Go back"
          on clock a.review.otherwise => rollback.automatic "`verdict` was not decided within 1h"
  rollback.automatic -> rollback.automatic.shift: rollback stage rollback.automatic rank 1
    entry page oncall "Back: {cause}"
    rollback.automatic.shift: rollback stage rollback.automatic
      entry traffic 0% rollback
      on settled => rolled_back "traffic is at 0%"
  rollback.gradual -> rollback.gradual.done: rollback stage rollback.gradual rank 1
    rollback.gradual.done: rollback stage rollback.gradual
      on always => rolled_back "nothing else to do"
  rollback.immediate -> rollback.immediate.done: rollback stage rollback.immediate rank 2
    rollback.immediate.done: rollback stage rollback.immediate
      on always => rolled_back "nothing else to do"
)"},
};

struct Refused {
  const char* name;
  Runbook runbook;
  const char* expected;
};
void PrintTo(const Refused& test, std::ostream* out) { *out << test.name; }

const Refused kRefused[] = {
    {"NoGuardThatHalts",
     Runbook().with("run suite(phase: \"first\")", "run suite(phase: \"first\") irreversible"),
     R"(24:5 RB0532 after this step no rollback is possible, and no guard says `otherwise halt`
  add a second `guard { … otherwise halt }`: it goes on watching from here
)"},
    {"AnIrreversibleSetup",
     Runbook().after("  role lead, owner", "  setup { run suite(phase: \"s\") irreversible }"),
     R"(6:11 RB0532 after this step no rollback is possible, and no guard says `otherwise halt`
  add a second `guard { … otherwise halt }`: it goes on watching from here
)"},
    {"ADecisionThatWouldRollBackTooLate",
     guarded(kHalting).with("run suite(phase: \"first\")",
                            "run suite(phase: \"first\") irreversible"),
     R"(42:5 RB0531 this leads to `rollback.automatic`, but there is no way back any more: `first.run1` → `first.review.otherwise`, then "decided: Go back"
  write `otherwise halt`, or put the irreversible step behind it
)"},
    {"ALaterStageThatWouldRollBackTooLate",
     guarded(kHalting)
         .with("run suite(phase: \"first\")", "run suite(phase: \"first\") irreversible")
         .with("otherwise decide verdict", "otherwise halt")
         .with("    hold 2h\n",
               "    hold 2h\n    confirm \"x\" by lead\n"
               "    within 2h otherwise rollback automatic\n"),
     R"(35:5 RB0531 this leads to `rollback.automatic`, but there is no way back any more: `first.run1` → `first.review.gate` → `second.shift` → `second.hold.wait`, then "not held for 2h of watched time within 28h"
  write `otherwise halt`, or put the irreversible step behind it
)"},
    {"AnIrreversibleRollback", Runbook().with("    traffic 0%", "    traffic 0% irreversible"),
     R"(41:5 RB0203 a rollback and what a stage undoes cannot be irreversible
  leave the word out: nothing goes forward from here anyway
)"},
    {"AnIrreversibleUndo",
     brief("  stage a { traffic 10%\n hold 1h\n undo { run suite(phase: \"a\") irreversible } }\n"),
     R"(23:9 RB0203 a rollback and what a stage undoes cannot be irreversible
  leave the word out: nothing goes forward from here anyway
)"},
    {"NothingThatWasStarted", brief("  stage a { traffic 10%\n hold until suite at most 3h }\n"),
     R"(22:2 RB0530 nothing is waited for here: `suite` was not started in this stage before
  write `start suite(…)` above; a `run` is waited for where it stands
)"},
    {"ARunIsWaitedForByItself",
     brief("  stage a { run suite(phase: \"a\")\n traffic 10%\n"
           " hold until suite at most 3h }\n"),
     R"(23:2 RB0530 nothing is waited for here: `suite` was not started in this stage before
  write `start suite(…)` above; a `run` is waited for where it stands
)"},
    {"AnotherStagesStart",
     brief("  stage a { traffic 5%\n start suite(phase: \"a\") }\n"
           "  stage b { traffic 10%\n hold until suite at most 3h }\n"),
     R"(24:2 RB0530 nothing is waited for here: `suite` was not started in this stage before
  write `start suite(…)` above; a `run` is waited for where it stands
)"},
    {"AnUnknownActionIsWaitedFor",
     brief("  stage a { traffic 10%\n hold until suit at most 3h }\n"),
     R"(22:13 RB0304 no action is called `suit`
  did you mean `suite`?
)"},
    {"NoMetricOfRequests",
     brief("  stage a { traffic 10%\n hold 1h and 500 requests }\n")
         .with("error_rate = errors / requests",
               "error_rate = errors / all\n  metric r = all / errors")
         .with("metric requests   =", "metric all =")
         .with("absent(requests)", "absent(all)"),
     R"(23:14 RB0301 nothing says which metric counts requests
  declare it as `metric requests = counter …`
)"},
    {"NoRequestsAtAll", brief("  stage a { traffic 10%\n hold 1h and 0 requests }\n"),
     R"(22:14 RB0212 a hold counts one request at least
  leave `and … requests` out
)"},
    {"AGuardThatOnlyPauses",
     Runbook().with("    stop error_rate > 1% over 5m\n    stop p99(latency) > 50ms over 5m\n"
                    "    stop queue > 1000 over 5m\n    stop absent(requests) for 3m\n"
                    "    otherwise rollback automatic\n",
                    "    pause while error_rate > 1% over 5m\n"),
     R"(14:3 RB0503 this guard only pauses, nothing stops the rollout
  add `stop error_rate > 1% over 5m` and `otherwise rollback automatic`
)"},
    {"ASecondGuardWithoutAnExit", guarded("  guard {\n stop queue > 6 over 1m\n }"),
     R"(14:3 RB0502 this guard says not where a stop leads
  add `otherwise rollback automatic`
)"},
    {"ASecondGuardThatEnds", guarded("  guard {\n stop queue > 6 over 1m\n otherwise end\n }"),
     R"(16:12 RB0203 a guard leads to a rollback, or halts
  write `otherwise rollback automatic` or `otherwise halt`
)"},
    {"ASecondGuardThatStopsNothing", guarded("  guard {\n otherwise halt\n }"),
     R"(14:3 RB0503 this guard stops nothing
  add `stop error_rate > 1% over 5m`
)"},
    {"AGuardThatIsNeverArmed",
     Runbook()
         .with("    traffic 10%\n", "")
         .with("    traffic 50%\n", "")
         .with("  finish traffic 50%\n", ""),
     R"(14:3 RB0503 no stage shifts traffic, so this guard is never armed
  write `guard always { … }`: it is armed from the start
)"},
    {"APartOfAConjunctionIsNoGuardOfAnExpect",
     brief("  stage a { traffic 10%\n hold 1h\n expect error_rate < 3% over 5m }\n")
         .with("stop error_rate > 1% over 5m",
               "stop error_rate > 1% over 5m and queue > 1 over 5m"),
     R"(21:3 RB0502 stage `a` says not what happens with `error_rate < 3% over 5m` not met
  add `within 24h otherwise rollback …` or `… decide …`
)"},
    {"ARollbackCalledPartial",
     Runbook().after("  finish traffic 50%", "  rollback partial { traffic 0% }"),
     R"(45:12 RB0206 no rollback can be called `partial`: the command to a weight above 0% is called so
  give it another name
)"},
    {"AStageCalledAlways", Runbook().with("stage second", "stage always"),
     R"(29:9 RB0206 no stage can be called `always`
  give it another name
)"},
};

class LowerFlow : public testing::TestWithParam<Lowered> {};
TEST_P(LowerFlow, Prints) {
  EXPECT_EQ(states_text(GetParam().runbook, GetParam().from), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(Cases, LowerFlow, testing::ValuesIn(kLowered),
                         [](const auto& test) { return test.param.name; });

class CheckFlow : public testing::TestWithParam<Refused> {};
TEST_P(CheckFlow, Says) { EXPECT_EQ(errors(GetParam().runbook), GetParam().expected); }
INSTANTIATE_TEST_SUITE_P(Cases, CheckFlow, testing::ValuesIn(kRefused),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace rollbook::dsl
