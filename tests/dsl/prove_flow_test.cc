// Proofs and bounds of plans that halt, undo, pause and keep to hours.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dsl/prove.h"
#include "dsl/schedule.h"
#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

using core::TriggerKind;
using std::chrono::hours;
using std::chrono::minutes;
using testing::Contains;
using testing::HasSubstr;

core::Machine machine_of(const std::string& text) {
  const runtime::Compiled compiled = compile(text);
  EXPECT_TRUE(compiled.plan) << findings(text);
  return compiled.plan ? compiled.plan->machine : core::Machine{};
}

constexpr const char* kHalting =
    "  guard {\n    stop queue > 5000 over 1m\n    otherwise halt\n  }";

Runbook halting() { return Runbook().after("  action suite(phase: text)", kHalting); }

Runbook irreversible() {
  return halting().with("    hold 2h\n",
                        "    hold 2h\n    run suite(phase: \"drop\") within 1h irreversible\n"
                        "    expect queue < 5 over 5m\n    within 3h otherwise halt\n");
}

std::string faults(const core::Machine& machine) {
  std::string lines;
  for (const Fault& fault : prove(machine).faults) {
    lines += to_string(fault.code) + " " + fault.what + "\n";
  }
  return lines;
}

std::string bounds(const std::string& text) {
  const core::Machine machine = machine_of(text);
  return in_words(find_bounds(machine), machine);
}

TEST(ProveFlow, AHaltIsAnExitAndHasNoWorstCase) {
  const std::string text =
      Runbook().with("within 2h otherwise decide verdict", "within 2h otherwise halt");
  const core::Machine machine = machine_of(text);
  EXPECT_EQ(faults(machine), "");
  EXPECT_EQ(find_bounds(machine).longest, std::nullopt);
  EXPECT_EQ(bounds(text),
            "no worst case: \"not held for 1h of watched time within 26h\" halts it in "
            "`first.hold.wait`, and a halt waits for "
            "people without end; most traffic 50% for up to 1d 5h");
}

TEST(ProveFlow, AGuardThatHaltsMayDoSoFromTheFirstShiftOn) {
  EXPECT_EQ(faults(machine_of(halting())), "");
  EXPECT_EQ(
      bounds(halting()),
      "no worst case: \"queue > 5000 over 1m\" halts it in `first.shift`, and a halt waits for "
      "people without end; most traffic 50%");
}

TEST(ProveFlow, AGuardsHaltIsNoExitOfAWait) {
  core::Machine machine = machine_of(halting());
  const core::StateIndex review = machine.find("first.review.gate");
  std::erase_if(machine.transitions, [&](const core::Transition& by) {
    const bool command = by.trigger.kind == TriggerKind::abort ||
                         by.trigger.kind == TriggerKind::rollback_immediate ||
                         by.trigger.kind == TriggerKind::rollback_gradual ||
                         by.trigger.kind == TriggerKind::rollback_partial;
    const bool guard = by.trigger.kind == TriggerKind::stop && !by.halts;
    return command || guard || by.from == review;
  });
  EXPECT_THAT(faults(machine), HasSubstr("RB0502 no way leads on from `first.review.gate`"));
}

TEST(ProveFlow, BehindAnIrreversibleStepTheMissingWayBackIsProvedInstead) {
  const core::Machine machine = machine_of(irreversible());
  EXPECT_EQ(faults(machine), "");
  const auto claims = prove(machine).claims;
  EXPECT_THAT(claims, Contains("a rollback can be asked for wherever there is traffic, up to the "
                               "step that is irreversible"));
  EXPECT_THAT(claims, Contains("nothing leads to a rollback after it: the guard halts"));
  EXPECT_EQ(find_bounds(machine).longest, std::nullopt);
}

TEST(ProveFlow, SeveralGuardsConjunctionsUndoAndPausesHoldAllProofs) {
  const std::string text =
      Runbook()
          .after("  action suite(phase: text)",
                 "  guard always {\n    stop queue > 900 over 5m and error_rate > 0.5% over 1h\n"
                 "    pause while queue > 800 over 5m\n    otherwise rollback slow\n  }\n"
                 "  rollback slow {\n    ramp traffic to 0% over 20m\n  }")
          .after("    hold 2h", "    undo { run suite(phase: \"undo\") within 30m }");
  const core::Machine machine = machine_of(text);
  EXPECT_EQ(faults(machine), "");
  EXPECT_TRUE(find_bounds(machine).longest);
  EXPECT_THAT(bounds(text), HasSubstr(" (without the time that `pause while` adds)"));
  // What is undone comes before the way back.
  EXPECT_GE(*find_bounds(machine).longest - *find_bounds(machine_of(Runbook())).longest,
            minutes(30));
}

TEST(ProveFlow, AnIdempotentActIsWaitedForAsOftenAsItIsTried) {
  const auto longest = [](const std::string& text) {
    return *find_bounds(machine_of(text)).longest;
  };
  // Four times five minutes, with 10, 20 and 40 s between.
  EXPECT_EQ(
      longest(Runbook().with("action suite(phase: text)", "action suite(phase: text) idempotent")) -
          longest(Runbook()),
      minutes(15) + std::chrono::seconds(70));
}

TEST(ProveFlow, ARolloutWithoutTrafficHasAGuardFromTheStart) {
  const std::string text = R"(edition 1
runbook job {
  service "job"
  metric queue = gauge max queue_length
  action work()
  guard always {
    stop queue > 10 over 5m
    stop absent(queue) for 3m
    otherwise halt
  }
  stage only {
    run work() within 1h
    within 1h otherwise halt
  }
}
)";
  EXPECT_EQ(faults(machine_of(text)), "");
  EXPECT_THAT(bounds(text), HasSubstr("halts it in "));
  EXPECT_THAT(bounds(text), HasSubstr("; no traffic is shifted"));
}

TEST(ScheduleFlow, AHoldUntilIsBoundedAndRequestsAreSaid) {
  const std::vector<Leg> legs = schedule(machine_of(Runbook().with(
      "    hold 2h\n",
      "    start suite(phase: \"x\")\n    hold until suite at most 4h\n    hold 2h and 500 "
      "requests at most 9h\n")));
  EXPECT_EQ(legs[1].waits, (std::vector<std::string>{"shift to 50%", "hold until suite within 4h",
                                                     "hold 2h and 500 requests"}));
  EXPECT_EQ(legs[1].ends.earliest - legs[1].begins.earliest, hours(2));
  EXPECT_EQ(*legs[1].ends.latest - *legs[1].begins.latest, minutes(5) + hours(4) + hours(9));
}

}  // namespace
}  // namespace rollbook::dsl
