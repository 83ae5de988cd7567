// The lowering: source → printed machine. First a whole one, then the part that a construct makes.

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "engine/core/machine.h"
#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

TEST(Lower, AWholeRunbook) {
  EXPECT_EQ(machine_text(Runbook()), R"(machine shop edition 1 service "shop"
begins 0% finishes 50% pager oncall
roles lead, owner
arms by version: baseline old, canary new
metric requests counter requests_total
metric errors counter errors_total default 0
metric latency histogram duration_seconds
metric queue gauge max queue_length
criterion guard.stop[1] stop errors.canary[5m/1s guard] / requests.canary[5m/1s guard] > 0.01 at least 100 "error_rate > 1% over 5m"
criterion guard.stop[2] stop quantile 0.99 of latency.canary[5m/1s guard] > 0.05 at least 100 "p99(latency) > 50ms over 5m"
criterion guard.stop[3] stop queue.canary[5m/1s guard] > 1000 "queue > 1000 over 5m"
criterion guard.stop[4] stop absent requests.canary for 3m "absent(requests) for 3m"
criterion first.expect[1] expect errors.canary[5m/1s shift] / requests.canary[5m/1s shift] < 0.005 "error_rate < 0.5% over 5m"
clock first.hold watched 1h in first.hold
clock first.hold.most engine 26h in first.hold
clock first.review engine 2h in first.review restarts
clock first.review.otherwise engine 1h in first.review.otherwise restarts
clock second.hold watched 2h in second.hold
clock second.hold.most engine 28h in second.hold
stage first at 10% hold first.hold most first.hold.most extend to first.hold.wait
stage second at 50% hold second.hold most second.hold.most extend to second.hold.wait
(root) -> before
  before -> before.begin
    on abort => aborted "ended before any traffic"
    on rollback_immediate => aborted "ended before any traffic"
    on rollback_gradual => aborted "ended before any traffic"
    before.begin: begin
      on always => guarded forward "the rollout begins"
  guarded -> first
    armed guard.stop[1], guard.stop[2], guard.stop[3], guard.stop[4]
    on stop guard.stop[1] => rollback.automatic "error_rate > 1% over 5m"
    on stop guard.stop[2] => rollback.automatic "p99(latency) > 50ms over 5m"
    on stop guard.stop[3] => rollback.automatic "queue > 1000 over 5m"
    on stop guard.stop[4] => rollback.automatic "absent(requests) for 3m"
    on abort => rollback.automatic "aborted"
    on rollback_immediate => rollback.automatic "rolled back"
    on rollback_gradual => rollback.gradual "rolled back gradually"
    on rollback_partial => rollback.partial "rolled back in part"
    first -> first.shift stage first
      armed first.expect[1]
      first.shift: shift stage first
        entry traffic 10%
        on failed => rollback.automatic "the shift to 10% failed"
        on settled => first.hold forward "traffic is at 10%"
      first.hold -> first.hold.wait: hold stage first
        on clock first.hold.most => first.review.otherwise "not held for 1h of watched time within 26h"
        first.hold.wait: hold stage first
          on clock first.hold => first.run1 forward "held for 1h"
      first.run1: run stage first
        entry run suite(phase: first)
        on failed => first.review.otherwise "run `suite` failed"
        on settled => first.review forward "run `suite` succeeded"
      first.review -> first.review.gate: review stage first
        asks confirm "Fine" by lead until first.review
        first.review.gate: review stage first
          gate first.expect[1], "Fine"
          on gate_failed => first.review.otherwise "a check failed"
          on clock first.review => first.review.otherwise "the checks did not pass within 2h"
          on gate_passed => second forward "all checks passed"
        first.review.otherwise: decide stage first
          entry notify mail "{service}, {stage}: decision `verdict` is open: go, back"
          entry page oncall "{service}, {stage}: decision `verdict` is open: go, back"
          asks decide "verdict" by all of lead, owner until first.review.otherwise; go "Go on" next; back "Go back" rollback
          gate first.expect[1], "Fine"
          on chosen go => second forward needs_gate "decided: Go on"
          on chosen back => rollback.automatic "decided: Go back"
          on clock first.review.otherwise => rollback.automatic "`verdict` was not decided within 1h"
    second -> second.shift stage second
      second.shift: shift stage second
        entry traffic 50%
        on failed => rollback.automatic "the shift to 50% failed"
        on settled => second.hold forward "traffic is at 50%"
      second.hold -> second.hold.wait: hold stage second
        on clock second.hold.most => rollback.automatic "not held for 2h of watched time within 28h"
        second.hold.wait: hold stage second
          on clock second.hold => succeeded forward "held for 2h"
    rollback.gradual -> rollback.gradual.ramp: rollback stage rollback.gradual rank 1
      rollback.gradual.ramp: rollback stage rollback.gradual
        ramp to 0% over 30m every 1m rollback
        on settled => rolled_back "traffic is at 0%"
    rollback.partial: rollback stage rollback.partial rank 1
      ramp to 0% over 30m every 1m rollback
      on settled => halt "traffic is at the weight that was asked for"
  rollback.automatic -> rollback.automatic.shift: rollback stage rollback.automatic rank 2
    entry page oncall "Back: {cause}"
    rollback.automatic.shift: rollback stage rollback.automatic
      entry traffic 0% rollback
      on settled => rolled_back "traffic is at 0%"
  succeeded: done final succeeded
  rolled_back: done final rolled_back
  aborted: done final aborted
)");
}

struct Case {
  const char* name;
  Runbook runbook;
  const char* from;  // the state whose part is compared
  const char* expected;
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const Case kCases[] = {
    {"PreflightAndSetup", Runbook().after("  role lead, owner", R"(  require {
    expect error_rate < 1% over 1h
    confirm "Told" by any of lead, owner
    within 1h otherwise end
  }
  setup {
    notify mail "One"
    page oncall "Two"
    checkpoint "before" within 5m
    report stage
  })"),
     "before",
     R"(before -> before.begin
  on abort => aborted "ended before any traffic"
  on rollback_immediate => aborted "ended before any traffic"
  on rollback_gradual => aborted "ended before any traffic"
  before.begin: begin
    on always => preflight forward "the rollout begins"
  preflight -> preflight.gate: preflight stage preflight
    armed preflight.expect[1]
    asks confirm "Told" by any of lead, owner until preflight
    preflight.gate: preflight stage preflight
      gate preflight.expect[1], "Told"
      on gate_failed => aborted "a check failed"
      on clock preflight => aborted "the checks did not pass within 1h"
      on gate_passed => setup.1 forward "all checks passed"
  setup.1: setup stage setup
    entry notify mail "One"
    entry page oncall "Two"
    on always => setup.2 forward "notify, page requested"
  setup.2: setup stage setup
    entry checkpoint before within 5m
    on failed => aborted "checkpoint `before` failed"
    on settled => setup.3 forward "checkpoint `before` succeeded"
  setup.3: setup stage setup
    entry report stage
    on always => guarded forward "report requested"
)"},
    {"EntryAndExitOfAStage",
     Runbook().after("    traffic 50%", R"(    on enter { start suite(phase: "a") }
    on exit { report stage })"),
     "second",
     R"(second -> second.shift stage second
  entry start suite(phase: a)
  exit report stage
  exit stop suite(phase: a)
  second.shift: shift stage second
    entry traffic 50%
    on failed => rollback.automatic "the shift to 50% failed"
    on settled => second.hold forward "traffic is at 50%"
  second.hold -> second.hold.wait: hold stage second
    on clock second.hold.most => rollback.automatic "not held for 2h of watched time within 28h"
    second.hold.wait: hold stage second
      on clock second.hold => succeeded forward "held for 2h"
)"},
    {"AStageOfEveryStep",
     Runbook().with(R"(    traffic 50%
    hold 2h
)",
                    R"(    notify mail "First"
    traffic 20% within 3m
    start suite(phase: "a")
    ramp traffic to 50% over 10m every 1m within 2m
    hold 2h at most 3h {
      checkpoint "one"
      notify mail "Inside"
      run suite(phase: "two") within 1h
    }
    run suite(phase: "three")
    run suite(phase: "four")
)"),
     "second",
     R"(second -> second.step1 stage second
  exit stop suite(phase: a)
  second.step1: run stage second
    entry notify mail "First"
    on always => second.shift forward "notify requested"
  second.shift: shift stage second
    entry traffic 20% within 3m
    on failed => rollback.automatic "the shift to 20% failed"
    on settled => second.step2 forward "traffic is at 20%"
  second.step2: run stage second
    entry start suite(phase: a)
    on always => second.ramp forward "start requested"
  second.ramp: shift stage second
    ramp to 50% over 10m every 1m within 2m
    on failed => rollback.automatic "the ramp to 50% failed"
    on settled => second.hold forward "traffic is at 50%"
  second.hold -> second.hold.run1: hold stage second
    on clock second.hold.most => rollback.automatic "not held for 2h of watched time within 3h"
    second.hold.run1: run stage second
      entry checkpoint one
      on failed => rollback.automatic "checkpoint `one` failed"
      on settled => second.hold.step1 forward "checkpoint `one` succeeded"
    second.hold.step1: run stage second
      entry notify mail "Inside"
      on always => second.hold.run2 forward "notify requested"
    second.hold.run2: run stage second
      entry run suite(phase: two) within 1h
      on failed => rollback.automatic "run `suite` failed"
      on settled => second.hold.wait forward "run `suite` succeeded"
    second.hold.wait: hold stage second
      on clock second.hold => second.run1 forward "held for 2h"
  second.run1: run stage second
    entry run suite(phase: three)
    on failed => rollback.automatic "run `suite` failed"
    on settled => second.run2 forward "run `suite` succeeded"
  second.run2: run stage second
    entry run suite(phase: four)
    on failed => rollback.automatic "run `suite` failed"
    on settled => succeeded forward "run `suite` succeeded"
)"},
    {"ADecisionInAStage", Runbook().after("    hold 2h", R"(    expect queue < 10 over 5m
    decide verdict)"),
     "second",
     R"(second -> second.shift stage second
  armed second.expect[1]
  second.shift: shift stage second
    entry traffic 50%
    on failed => rollback.automatic "the shift to 50% failed"
    on settled => second.hold forward "traffic is at 50%"
  second.hold -> second.hold.wait: hold stage second
    on clock second.hold.most => rollback.automatic "not held for 2h of watched time within 28h"
    second.hold.wait: hold stage second
      on clock second.hold => second.review forward "held for 2h"
  second.review -> second.review.gate: review stage second
    second.review.gate: review stage second
      gate second.expect[1]
      on gate_failed => rollback.automatic "a check failed"
      on clock second.review => rollback.automatic "the checks did not pass within 24h"
      on gate_passed => second.review.decide "all checks passed, the decision is open"
    second.review.decide: decide stage second
      entry notify mail "{service}, {stage}: decision `verdict` is open: go, back"
      entry page oncall "{service}, {stage}: decision `verdict` is open: go, back"
      asks decide "verdict" by all of lead, owner until second.review.decide; go "Go on" next; back "Go back" rollback
      gate second.expect[1]
      on chosen go => succeeded forward needs_gate "decided: Go on"
      on chosen back => rollback.automatic "decided: Go back"
      on clock second.review.decide => rollback.automatic "`verdict` was not decided within 1h"
)"},
    {"ADecisionInAStageWithAnotherExit", Runbook().after("    hold 2h", R"(    decide verdict
    within 3h otherwise decide verdict)"),
     "second.review",
     R"(second.review -> second.review.gate: review stage second
  second.review.gate: review stage second
    gate 
    on gate_failed => second.review.otherwise "a check failed"
    on clock second.review => second.review.otherwise "the checks did not pass within 3h"
    on gate_passed => second.review.decide "all checks passed, the decision is open"
  second.review.decide: decide stage second
    entry notify mail "{service}, {stage}: decision `verdict` is open: go, back"
    entry page oncall "{service}, {stage}: decision `verdict` is open: go, back"
    asks decide "verdict" by all of lead, owner until second.review.decide; go "Go on" next; back "Go back" rollback
    gate 
    on chosen go => succeeded forward needs_gate "decided: Go on"
    on chosen back => rollback.automatic "decided: Go back"
    on clock second.review.decide => rollback.automatic "`verdict` was not decided within 1h"
  second.review.otherwise: decide stage second
    entry notify mail "{service}, {stage}: decision `verdict` is open: go, back"
    entry page oncall "{service}, {stage}: decision `verdict` is open: go, back"
    asks decide "verdict" by all of lead, owner until second.review.otherwise; go "Go on" next; back "Go back" rollback
    gate 
    on chosen go => succeeded forward needs_gate "decided: Go on"
    on chosen back => rollback.automatic "decided: Go back"
    on clock second.review.otherwise => rollback.automatic "`verdict` was not decided within 1h"
)"},
    {"AnExtension",
     Runbook()
         .with(R"(option back "Go back" rollback automatic)",
               R"(option more "More" extend 24h at most 2)")
         .with("ask mail, oncall", "ask mail, remind every 10m"),
     "first",
     R"(first -> first.shift stage first
  armed first.expect[1]
  first.shift: shift stage first
    entry traffic 10%
    on failed => rollback.automatic "the shift to 10% failed"
    on settled => first.hold forward "traffic is at 10%"
  first.hold -> first.hold.wait: hold stage first
    on clock first.hold.most => first.review.otherwise "not held for 1h of watched time within 26h"
    first.hold.wait: hold stage first
      on clock first.hold => first.run1 forward "held for 1h"
  first.run1: run stage first
    entry run suite(phase: first)
    on failed => first.review.otherwise "run `suite` failed"
    on settled => first.review forward "run `suite` succeeded"
  first.review -> first.review.gate: review stage first
    asks confirm "Fine" by lead until first.review
    first.review.gate: review stage first
      gate first.expect[1], "Fine"
      on gate_failed => first.review.otherwise "a check failed"
      on clock first.review => first.review.otherwise "the checks did not pass within 2h"
      on gate_passed => second forward "all checks passed"
    first.review.otherwise: decide stage first
      entry notify mail "{service}, {stage}: decision `verdict` is open: go, more"
      asks decide "verdict" by all of lead, owner until first.review.otherwise; go "Go on" next; more "More" extend 24h at most 2
      gate first.expect[1], "Fine"
      on chosen go => second forward needs_gate "decided: Go on"
      on chosen more => first.hold.wait extends first.hold, first.hold.most "decided: More"
      on clock first.review.otherwise => rollback.automatic "`verdict` was not decided within 1h"
)"},
    {"AStageWhoseActMayFailAndThatLooksAtNothing",
     Runbook().after("    hold 2h", "    within 1h otherwise decide verdict"), "second",
     R"(second -> second.shift stage second
  second.shift: shift stage second
    entry traffic 50%
    on failed => rollback.automatic "the shift to 50% failed"
    on settled => second.hold forward "traffic is at 50%"
  second.hold -> second.hold.wait: hold stage second
    on clock second.hold.most => second.review.otherwise "not held for 2h of watched time within 28h"
    second.hold.wait: hold stage second
      on clock second.hold => succeeded forward "held for 2h"
  second.review -> second.review.otherwise: review stage second
    second.review.otherwise: decide stage second
      entry notify mail "{service}, {stage}: decision `verdict` is open: go, back"
      entry page oncall "{service}, {stage}: decision `verdict` is open: go, back"
      asks decide "verdict" by all of lead, owner until second.review.otherwise; go "Go on" next; back "Go back" rollback
      on chosen go => succeeded forward "decided: Go on"
      on chosen back => rollback.automatic "decided: Go back"
      on clock second.review.otherwise => rollback.automatic "`verdict` was not decided within 1h"
)"},
    {"NextIsAlwaysOffered",
     Runbook().with(R"(    option go "Go on" next
)",
                    ""),
     "first.review.otherwise",
     R"(first.review.otherwise: decide stage first
  entry notify mail "{service}, {stage}: decision `verdict` is open: next, back"
  entry page oncall "{service}, {stage}: decision `verdict` is open: next, back"
  asks decide "verdict" by all of lead, owner until first.review.otherwise; next "Go on" next; back "Go back" rollback
  gate first.expect[1], "Fine"
  on chosen next => second forward needs_gate "decided: Go on"
  on chosen back => rollback.automatic "decided: Go back"
  on clock first.review.otherwise => rollback.automatic "`verdict` was not decided within 1h"
)"},
    {"Acceptance", Runbook().after("  finish traffic 50%", R"(  success {
    expect error_rate < 0.1% over 24h
    confirm "Accepted" by 2 of owner
    within 24h otherwise rollback automatic
  })"),
     "success",
     R"(success -> success.gate: review stage success
  armed success.expect[1]
  asks confirm "Accepted" by 2 of owner until success
  success.gate: review stage success
    gate success.expect[1], "Accepted"
    on gate_failed => rollback.automatic "a check failed"
    on clock success => rollback.automatic "the checks did not pass within 24h"
    on gate_passed => succeeded forward "all checks passed"
)"},
    {"AnAcceptanceOfNothingIsPassedBy",
     Runbook().with(R"(  finish traffic 50%
)",
                    R"(  success { finish traffic 50% }
)"),
     "second.hold",
     R"(second.hold -> second.hold.wait: hold stage second
  on clock second.hold.most => rollback.automatic "not held for 2h of watched time within 28h"
  second.hold.wait: hold stage second
    on clock second.hold => succeeded forward "held for 2h"
)"},
    {"ASofterRollback", Runbook().after("  finish traffic 50%", R"(  rollback gradual {
    notify mail "Slowly"
    ramp traffic to 5% over 10m every 2m
    run suite(phase: "back") within 1m
    traffic 0%
    checkpoint "after"
  })"),
     "rollback.gradual",
     R"(rollback.gradual -> rollback.gradual.ramp: rollback stage rollback.gradual rank 1
  entry notify mail "Slowly"
  rollback.gradual.ramp: rollback stage rollback.gradual
    ramp to 5% over 10m every 2m rollback
    on settled => rollback.gradual.run1 "traffic is at 5%"
  rollback.gradual.run1: rollback stage rollback.gradual
    entry run suite(phase: back) within 1m
    on failed => rollback.gradual.shift "run `suite` failed"
    on settled => rollback.gradual.shift "run `suite` succeeded"
  rollback.gradual.shift: rollback stage rollback.gradual
    entry traffic 0% rollback
    on settled => rollback.gradual.run2 "traffic is at 0%"
  rollback.gradual.run2: rollback stage rollback.gradual
    entry checkpoint after
    on failed => rolled_back "checkpoint `after` failed"
    on settled => rolled_back "checkpoint `after` succeeded"
)"},
    {"AGuardThatRollsBackGradually",
     Runbook()
         .with(R"(3m
    otherwise rollback automatic)",
               R"(3m
    otherwise rollback gradual)")
         .after("  finish traffic 50%", "  rollback gradual { ramp traffic to 0% over 10m }"),
     "rollback.gradual",
     R"(rollback.gradual -> rollback.gradual.ramp: rollback stage rollback.gradual rank 2
  rollback.gradual.ramp: rollback stage rollback.gradual
    ramp to 0% over 10m every 1m rollback
    on settled => rolled_back "traffic is at 0%"
)"},
    {"ADecisionBeforeTheFirstShift", Runbook().after("  role lead, owner", R"(  require {
    confirm "Told" by lead
    within 1h otherwise decide verdict
  })"),
     "before",
     R"(before -> before.begin
  on abort => aborted "ended before any traffic"
  on rollback_immediate => aborted "ended before any traffic"
  on rollback_gradual => aborted "ended before any traffic"
  before.begin: begin
    on always => preflight forward "the rollout begins"
  preflight -> preflight.gate: preflight stage preflight
    asks confirm "Told" by lead until preflight
    preflight.gate: preflight stage preflight
      gate "Told"
      on gate_failed => preflight.otherwise "a check failed"
      on clock preflight => preflight.otherwise "the checks did not pass within 1h"
      on gate_passed => guarded forward "all checks passed"
    preflight.otherwise: decide stage preflight
      entry notify mail "{service}, {stage}: decision `verdict` is open: go, back"
      entry page oncall "{service}, {stage}: decision `verdict` is open: go, back"
      asks decide "verdict" by all of lead, owner until preflight.otherwise; go "Go on" next; back "Go back" rollback
      gate "Told"
      on chosen go => guarded forward needs_gate "decided: Go on"
      on chosen back => aborted "decided: Go back"
      on clock preflight.otherwise => aborted "`verdict` was not decided within 1h"
)"},
};

class Lower : public testing::TestWithParam<Case> {};

TEST_P(Lower, Spells) {
  EXPECT_EQ(states_text(GetParam().runbook, GetParam().from), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Cases, Lower, testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

core::Machine machine_of(const std::string& text) {
  const runtime::Compiled compiled = compile(text);
  EXPECT_TRUE(compiled.plan) << findings(text);
  return compiled.plan ? compiled.plan->machine : core::Machine{};
}

TEST(LowerTables, EqualWindowsAreOne) {
  // Four uses of the errors and requests of the canary over 5m: two of the guard, two of stages.
  const core::Machine machine = machine_of(
      Runbook()
          .after("    stop error_rate > 1% over 5m", "    stop errors / requests > 2% over 5m")
          .after("    hold 2h",
                 "    expect error_rate < 0.4% over 5m\n    otherwise rollback automatic"));
  std::size_t counters = 0;
  for (const core::Window& window : machine.windows) {
    const core::Metric& metric = machine.at(machine.at(window.series).metric);
    counters += metric.kind == core::MetricKind::counter ? 1 : 0;
  }
  EXPECT_EQ(counters, 4u);
  EXPECT_EQ(machine.series.size(), 4u);
}

TEST(LowerTables, APaneIsAThreeHundredthOfItsWindowInWholeSeconds) {
  const core::Machine machine =
      machine_of(Runbook()
                     .with("stop error_rate > 1% over 5m", "stop error_rate > 1% over 24h")
                     .with("stop p99(latency) > 50ms over 5m", "stop p99(latency) > 50ms over 6m")
                     .with("stop queue > 1000 over 5m", "stop queue > 1000 over 10s"));
  const auto pane = [&](std::uint32_t criterion) {
    return machine.at(machine.criteria[criterion].window).pane;
  };
  EXPECT_EQ(pane(0), std::chrono::seconds(288));
  EXPECT_EQ(pane(1), std::chrono::seconds(2));
  EXPECT_EQ(pane(2), std::chrono::seconds(1));
}

TEST(LowerTables, CriteriaLookAtTheArmThatIsMeant) {
  const core::Machine machine =
      machine_of(Runbook()
                     .with("stop error_rate > 1%", "stop baseline.error_rate > 1%")
                     .with("stop p99(latency)", "stop total.p99(latency)")
                     .with("gauge max queue_length", "gauge max queue_length unsplit"));
  const auto arm = [&](std::uint32_t criterion) {
    return machine.at(machine.at(machine.criteria[criterion].window).series).arm;
  };
  EXPECT_EQ(arm(0), core::Arm::baseline);
  EXPECT_EQ(arm(1), core::Arm::total);
  EXPECT_EQ(arm(2), core::Arm::total);
  EXPECT_EQ(machine.at(machine.criteria[3].series).arm, core::Arm::canary);
}

TEST(LowerTables, FloorsAreThoseOfTheBlocks) {
  const core::Machine machine = machine_of(
      Runbook()
          .after("  role lead, owner",
                 "  require { expect error_rate < 1% over 1h\n otherwise end }")
          .after("  finish traffic 50%",
                 "  success { expect error_rate < 0.4% over 1h\n otherwise rollback automatic }"));
  const auto floor = [&](const std::string& id) {
    for (const core::Criterion& criterion : machine.criteria)
      if (criterion.id == id) return machine.at(criterion.window).floor;
    ADD_FAILURE() << "no criterion " << id;
    return core::Floor::start;
  };
  EXPECT_EQ(floor("preflight.expect[1]"), core::Floor::before);
  EXPECT_EQ(floor("guard.stop[1]"), core::Floor::guard);
  EXPECT_EQ(floor("first.expect[1]"), core::Floor::shift);
  EXPECT_EQ(floor("success.expect[1]"), core::Floor::shift);
}

TEST(LowerTables, BeforeTheFirstShiftWindowsBeginWithTheRollout) {
  const core::Machine machine =
      machine_of(Runbook()
                     .with("    traffic 10%\n", "")
                     .with("error_rate < 0.5% over 5m", "total.error_rate < 0.5% over 5m")
                     .after("    hold 2h",
                            "    expect error_rate < 0.5% over 30m\n    otherwise decide verdict"));
  for (const core::Criterion& criterion : machine.criteria) {
    if (criterion.kind != core::CriterionKind::expect) continue;
    EXPECT_EQ(machine.at(criterion.window).floor,
              criterion.id == "first.expect[1]" ? core::Floor::start : core::Floor::shift)
        << criterion.id;
  }
}

TEST(LowerTables, LimitsAreExact) {
  const core::Machine machine = machine_of(Runbook()
                                               .with("error_rate > 1%", "error_rate > 0.1% * 103%")
                                               .with("p99(latency) > 50ms", "p99(latency) > 1s / 3")
                                               .with("queue > 1000", "queue > 2 * 3 + 1"));
  EXPECT_EQ(machine.criteria[0].limit, core::Fixed::from_nanos(1'030'000));
  EXPECT_EQ(machine.criteria[1].limit, core::Fixed::from_nanos(333'333'333));
  EXPECT_EQ(machine.criteria[2].limit, core::Fixed::from_int(7));
}

TEST(LowerTables, OnlyWhatCountsRequestsWaitsForThem) {
  const core::Machine machine = machine_of(Runbook().with(
      "stop error_rate > 1% over 5m", "stop error_rate > 1% over 5m at least 7 requests"));
  EXPECT_EQ(machine.criteria[0].at_least, 7);
  EXPECT_EQ(machine.criteria[1].at_least, 100);
  EXPECT_EQ(machine.criteria[2].at_least, 0) << "a gauge has points, not requests";
  EXPECT_EQ(machine.criteria[4].at_least, 0) << "an expect waits for its whole window instead";
}

TEST(LowerTables, AStageWithoutTrafficKeepsTheWeight) {
  const core::Machine machine =
      machine_of(Runbook().with("  stage second {", "  stage rest { hold 3h }\n  stage second {"));
  ASSERT_EQ(machine.stages.size(), 3u);
  EXPECT_EQ(machine.stages[0].weight, machine.stages[1].weight);
  EXPECT_EQ(machine.finishes.nanos, 500'000'000);
}

TEST(LowerTables, TheGuardsRollbackPagesWhenItsActsFail) {
  EXPECT_EQ(machine_of(Runbook()).pager, "oncall");
  EXPECT_EQ(machine_of(Runbook().without("    page oncall \"Back: {cause}\"")).pager, "oncall")
      << "the first channel that pages anybody";
  EXPECT_EQ(machine_of(Runbook()
                           .without("    page oncall \"Back: {cause}\"")
                           .without("  channel oncall = pagerduty(\"shop\")")
                           .with("ask mail, oncall", "ask mail"))
                .pager,
            "");
}

TEST(LowerTables, ArgumentsAreWrittenInOneWay) {
  const core::Machine machine = machine_of(
      Runbook()
          .with(
              "action suite(phase: text)",
              "action suite(a: ratio, b: duration, c: count, d: rate, e: size, f: points, g: text)")
          .with("suite(phase: \"first\")",
                "suite(a: 10.0%, b: 120s, c: 7, d: 900/s, e: 64KiB, f: 0.02pp, g: \"x\")"));
  std::string values;
  for (const core::Effect& effect : machine.effects) {
    for (const core::Argument& argument : effect.arguments) {
      values += argument.name + "=" + argument.value + " ";
    }
  }
  EXPECT_EQ(values, "a=10% b=2m c=7 d=900/s e=64KiB f=0.02pp g=x ");
}

}  // namespace
}  // namespace rollbook::dsl
