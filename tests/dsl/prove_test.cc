// Proofs: what holds of a compiled machine, and what is found when a part of it is broken.

#include "dsl/prove.h"

#include <gtest/gtest.h>

#include "dsl/schedule.h"
#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

using core::TriggerKind;
using std::chrono::hours;
using std::chrono::minutes;

core::Machine machine_of(const std::string& text) { return compile(text).plan->machine; }
core::Machine canary() { return machine_of(read_source("plans/hal9-canary.runbook")); }

// Leaves out the transitions that `which` says.
template <class Which>
core::Machine without(core::Machine machine, Which which) {
  std::erase_if(machine.transitions, which);
  return machine;
}

std::string faults(const core::Machine& machine) {
  std::string lines;
  for (const Fault& fault : prove(machine).faults) {
    lines += to_string(fault.code) + " " + fault.what + "\n";
  }
  return lines;
}

TEST(Prove, TheCanaryHasEveryProof) {
  EXPECT_EQ(faults(canary()), "");
  EXPECT_EQ(prove(canary()).claims.size(), 4u);
}

TEST(Prove, AStateThatNothingLeadsTo) {
  const core::Machine machine = machine_of(Runbook());
  const core::StateIndex second = machine.find("second");
  EXPECT_EQ(faults(without(machine, [&](const auto& by) { return by.to == second; })),
            "RB0506 nothing leads to `second`\n"
            "RB0506 nothing leads to `second.shift`\n"
            "RB0506 nothing leads to `second.hold`\n"
            "RB0506 nothing leads to `second.hold.wait`\n");
}

TEST(Prove, AWaitWithoutAnExit) {
  const core::Machine machine = machine_of(Runbook());
  const core::StateIndex shift = machine.find("rollback.automatic.shift");
  const core::Machine broken = without(machine, [&](const auto& by) { return by.from == shift; });
  const auto found = prove(broken).faults;
  ASSERT_FALSE(found.empty());
  const auto fault = std::find_if(found.begin(), found.end(), [](const Fault& each) {
    return each.code == Code::missing_exit;
  });
  ASSERT_NE(fault, found.end()) << faults(broken);
  EXPECT_EQ(fault->what, "no way leads on from `rollback.automatic.shift`");
  EXPECT_EQ(in_words(*fault, broken),
            "1. the rollout begins → first.shift\n"
            "2. the shift to 10% failed → rollback.automatic.shift\n");
  EXPECT_EQ(as_scenario(*fault, broken),
            R"(scenario "no way leads on from `rollback.automatic.shift`" for "t.runbook" {
  series healthy at 900/s
  shift fails
  at every question answer yes
  expect state first.shift
  expect state rollback.automatic.shift
}
)");
}

TEST(Prove, TrafficWithoutAWayBack) {
  const core::Machine machine = machine_of(Runbook());
  const std::string found = faults(without(
      machine, [](const auto& by) { return by.trigger.kind == TriggerKind::rollback_immediate; }));
  EXPECT_NE(found.find("RB0514 no rollback can be asked for in `first.shift`"), std::string::npos)
      << found;
  EXPECT_NE(found.find("`second.hold.wait`"), std::string::npos) << found;
}

TEST(Prove, AStepForwardAfterARollback) {
  core::Machine machine = machine_of(Runbook());
  core::Transition back;
  back.from = machine.find("rollback.gradual.ramp");
  back.to = machine.find("second");
  back.trigger.kind = TriggerKind::settled;
  machine.transitions.push_back(back);
  const auto found = prove(machine).faults;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].code, Code::backwards_forward);
  EXPECT_EQ(found[0].what, "`rollback.gradual.ramp` leads on to `second.shift`");
  EXPECT_EQ(machine.at(found[0].path.back()).to, back.to);
}

// ---- Bounds -----------------------------------------------------------------------------------

TEST(Bounds, EveryDeadlineIsUsedUpOnTheLongestWay) {
  // first: shift 5m, hold at most 26h, run 5m, review 2h, decision 1h;
  // second: shift 5m, hold at most 28h; then back: gradual 30m, its last shift 5m, and at the end
  // of that the guard's own rollback 5m.
  const Bounds bounds = find_bounds(machine_of(Runbook()));
  ASSERT_TRUE(bounds.longest);
  EXPECT_EQ(*bounds.longest, minutes(5) + hours(26) + minutes(5) + hours(2) + hours(1) +
                                 minutes(5) + hours(28) + minutes(40));
  EXPECT_EQ(bounds.most.nanos, 500'000'000);
  EXPECT_EQ(*bounds.exposed, minutes(5) + hours(28) + minutes(40));
  EXPECT_EQ(in_words(bounds, machine_of(Runbook())),
            "worst case 2d 10h; most traffic 50% for up to 1d 5h");
}

TEST(Bounds, ExtensionsAreTakenAsOftenAsTheyMay) {
  const core::Machine plain = machine_of(Runbook());
  const core::Machine extended = machine_of(Runbook().after(
      "    option go \"Go on\" next", "    option more \"More\" extend 3h at most 2"));
  // Each: three hours of hold, then the run, the review and the decision again.
  EXPECT_EQ(*find_bounds(extended).longest - *find_bounds(plain).longest,
            2 * (hours(3) + minutes(5) + hours(2) + hours(1)));
}

TEST(Bounds, ADeadlineMoreIsThatMuchLonger) {
  const Bounds before = find_bounds(machine_of(Runbook()));
  const Bounds after =
      find_bounds(machine_of(Runbook().with("within 2h otherwise", "within 5h otherwise")));
  EXPECT_EQ(*after.longest - *before.longest, hours(3));
  EXPECT_EQ(after.exposed, before.exposed);
}

TEST(Bounds, DurationsAreRoundedUpForPeople) {
  EXPECT_EQ(roughly(hours(268)), "11d 4h");
  EXPECT_EQ(roughly(hours(24) + minutes(1)), "1d 1h");
  EXPECT_EQ(roughly(hours(24)), "1d");
  EXPECT_EQ(roughly(hours(23) + minutes(60)), "1d");
  EXPECT_EQ(roughly(minutes(45)), "45m");
  EXPECT_EQ(roughly(minutes(59) + std::chrono::seconds(59)), "59m 59s");
  EXPECT_EQ(roughly(std::chrono::seconds(7)), "7s");
}

// Thousands of states, each extended as often as it may, for ten years: neither the stack nor the
// 64 bits of a sum give way.
TEST(Bounds, HoldForTheLargestPlanThereIs) {
  std::string stages;
  for (int i = 0; i < 400; ++i) {
    stages += "  stage s" + std::to_string(i) + " {\n    hold 3650d\n    decide verdict\n  }\n";
  }
  const core::Machine machine =
      machine_of(Runbook()
                     .with("  stage second {", stages + "  stage second {")
                     .after("    option go \"Go on\" next",
                            "    option more \"More\" extend 3650d at most 16"));
  EXPECT_GT(machine.states.size(), 2000u);
  EXPECT_EQ(*find_bounds(machine).longest, std::chrono::hours(24) * 36525);
  EXPECT_LE(schedule(machine).back().ends.earliest, std::chrono::hours(24) * 36525);
}

// ---- The schedule -----------------------------------------------------------------------------

TEST(Schedule, StagesFollowEachOtherWithinBounds) {
  const std::vector<Leg> legs = schedule(machine_of(Runbook()));
  ASSERT_EQ(legs.size(), 2u);
  EXPECT_EQ(legs[0].name, "first");
  EXPECT_EQ(legs[0].weight.nanos, 100'000'000);
  EXPECT_EQ(legs[0].begins.earliest, hours(0));
  EXPECT_EQ(legs[0].ends.earliest, hours(1));
  EXPECT_EQ(*legs[0].ends.latest, minutes(5) + hours(26) + minutes(5) + hours(2));
  EXPECT_EQ(legs[1].begins.earliest, legs[0].ends.earliest);
  EXPECT_EQ(legs[1].begins.latest, legs[0].ends.latest);
  EXPECT_EQ(legs[1].ends.earliest, hours(3));
  EXPECT_EQ(legs[0].waits,
            (std::vector<std::string>{"shift to 10%", "hold 1h", "run suite", "review within 2h"}));
}

TEST(Schedule, TheCanaryTakes38HoursAndItsShadowAndAcceptance) {
  const std::vector<Leg> legs = schedule(canary());
  ASSERT_EQ(legs.size(), 7u);
  EXPECT_EQ(legs[0].name, "preflight");
  EXPECT_EQ(legs[0].ends.earliest, hours(24));  // a day of shadow fills the first window
  EXPECT_EQ(legs[2].name, "canary_5");
  EXPECT_EQ(legs[5].name, "canary_50");
  EXPECT_EQ(legs[5].ends.earliest, hours(24 + 38));
  EXPECT_EQ(legs[5].extensions, hours(48));
  EXPECT_EQ(legs[6].name, "success");
  for (const Leg& leg : legs) EXPECT_LE(leg.ends.earliest, *leg.ends.latest) << leg.name;
}

TEST(Schedule, ARunBesideAHoldMayOutlastIt) {
  const std::vector<Leg> legs = schedule(machine_of(Runbook().with(
      "    hold 2h\n",
      "    hold 2h at most 3h {\n      run suite(phase: \"x\") within 1h\n    }\n")));
  EXPECT_EQ(legs[1].ends.earliest, hours(3));
  EXPECT_EQ(*legs[1].ends.latest - *legs[1].begins.latest, minutes(5) + hours(3));
}

}  // namespace
}  // namespace rollbook::dsl
