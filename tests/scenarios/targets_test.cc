// Targets: weights of their own, guards that bring one back and leave the others, and whoever
// takes over, resumes or comes late.

#include <gtest/gtest.h>

#include "tests/scenarios/regions.h"

namespace rollbook::tests {
namespace {

using core::EffectKind;
using core::EffectRequested;
using core::RollbackHow;

const std::string kRegions = text_of(Regions{});

std::string pages(const Rehearsal& r) {
  std::string text;
  for (const EffectRequested& effect : r.effects(EffectKind::page)) {
    text += (text.empty() ? "" : "\n") + effect.text;
  }
  return text;
}

TEST(Targets, EachIsShiftedByItselfOnAGoodDay) {
  Rehearsal r(kRegions);
  both_regions_healthy(r);
  r.start();
  r.run_to("both.shift2");
  canary_comes(r, "us");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(shifts(r), "eu 10%, eu 20%, us 20%");
  EXPECT_EQ(settled(r), "eu 20%, us 20%");
  EXPECT_EQ(pages(r), "");
}

// Its guard begins with its own first shift: before it, there is no canary to be silent.
TEST(Targets, AGuardIsArmedByTheFirstShiftOfItsOwn) {
  Rehearsal r(kRegions);
  both_regions_healthy(r);
  r.counter("err", in("us", "new"), 20);  // of a shadow, perhaps
  r.counter("req", in("us", "new"), 100);
  r.start();
  r.run_for(50min);
  EXPECT_EQ(r.state(), "small.hold.wait");
  EXPECT_EQ(r.verdicts("guard[3].stop[1]"), "");
}

TEST(Targets, ABreachBringsOneBackAndTheOthersStandStill) {
  Rehearsal r(kRegions);
  run_to_both(r);
  r.counter("err", in("eu", "new"), 5);
  r.run_to("rollback.end");
  r.run_for(30min);
  EXPECT_EQ(shifts(r), "eu 10%, eu 20%, us 20%, eu 0%");
  EXPECT_EQ(settled(r), "eu 0% back, us 20%");
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.effects(EffectKind::run).size(), 1u);
  EXPECT_EQ(pages(r), "EU: " + r.rollout().targets[0].breach +
                          "\nHalted: a target was rolled back, the others stay where they are");
}

TEST(Targets, WhatWasLeftGoesOnWithoutItAndDoesNotCountAsASuccess) {
  Rehearsal r(kRegions);
  run_to_both(r);
  r.counter("err", in("eu", "new"), 5);
  r.run_to("rollback.end");
  r.silence("req", in("eu", "new"));
  ASSERT_EQ(r.verb(core::Verb::resume), "");
  r.run_to_end();
  // The stage begins anew for the other; what it expects of this one is not asked any more.
  EXPECT_EQ(shifts(r), "eu 10%, eu 20%, us 20%, eu 0%, us 20%");
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.rollout().because, r.rollout().targets[0].breach);
  EXPECT_EQ(settled(r), "eu 0% back, us 20%");
}

TEST(Targets, TheOtherIsStillGuardedAndTheLastOneEndsTheRollout) {
  Rehearsal r(kRegions);
  run_to_both(r);
  r.counter("err", in("eu", "new"), 5);
  r.run_to("rollback.end");
  r.run_for(10min);
  ASSERT_TRUE(r.rollout().halted);
  r.counter("err", in("us", "new"), 5);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(shifts(r), "eu 10%, eu 20%, us 20%, eu 0%, us 0%");
}

TEST(Targets, ABreachOfTheWholeBringsAllBack) {
  Rehearsal r(kRegions);
  run_to_both(r);
  r.add("err", in("eu", "new"), 12'000);
  r.add("err", in("us", "new"), 12'000);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(shifts(r), "eu 10%, eu 20%, us 20%, eu 0%, us 0%");
  EXPECT_NE(r.entered("rollback.all_off.shift"), core::kNever);
}

// A shift back that hangs keeps no other target up, and is asked for until it is settled.
TEST(Targets, AnotherBreachTakesOverAndTheFirstIsStillSeenThrough) {
  Rehearsal r(kRegions);
  run_to_both(r);
  int tries = 0;
  r.settles = [&](const EffectRequested& effect) {
    const bool eu = effect.kind == EffectKind::traffic && effect.target == core::TargetIndex{0};
    return Rehearsal::Settlement{.never = eu && ++tries < 6};
  };
  r.counter("err", in("eu", "new"), 5);
  r.run_to("rollback.eu_off.shift");
  r.counter("err", in("us", "new"), 5);
  r.run_to("rollback.us_off.shift");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(settled(r), "eu 0% back, us 0% back");
  EXPECT_EQ(tries, 6);
}

// Whoever takes a gradual rollback over lowers at once what it still had to lower.
TEST(Targets, ABreachDuringAGradualRollbackOfAllLowersAllAtOnce) {
  Rehearsal r(kRegions);
  run_to_both(r);
  ASSERT_EQ(r.rollback(RollbackHow::gradual), "");
  r.run_to("rollback.gradual.ramp");
  r.counter("err", in("eu", "new"), 50);
  r.run_to("rollback.eu_off");
  r.run_for(1min);
  EXPECT_EQ(settled(r), "eu 0% back, us 0% back");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Targets, OneIsRolledBackByCommandAtOnce) {
  Rehearsal r(kRegions);
  run_to_both(r);
  ASSERT_EQ(roll_back(r, "us", RollbackHow::immediate), "");
  r.run_to("rollback.end");
  r.run_for(5min);
  EXPECT_EQ(settled(r), "eu 20%, us 0% back");
  EXPECT_EQ(shifts(r), "eu 10%, eu 20%, us 20%, us 0%");
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(roll_back(r, "us", RollbackHow::immediate), "already");
  ASSERT_EQ(roll_back(r, "", RollbackHow::immediate), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(settled(r), "eu 0% back, us 0% back");
}

TEST(Targets, OneIsRolledBackByCommandInSteps) {
  Rehearsal r(kRegions);
  run_to_both(r);
  ASSERT_EQ(roll_back(r, "eu", RollbackHow::gradual), "");
  r.run_to("rollback.end");
  EXPECT_EQ(settled(r), "eu 0% back, us 20%");
  EXPECT_EQ(r.effects(EffectKind::traffic).size(), 3u + 30u);
}

TEST(Targets, OneIsLoweredInPartAndGoesOnFromThere) {
  Rehearsal r(kRegions);
  run_to_both(r);
  ASSERT_EQ(roll_back(r, "eu", RollbackHow::immediate, core::Weight{50'000'000}), "");
  r.run_for(5min);
  EXPECT_EQ(r.state(), "rollback.partial.eu");
  EXPECT_EQ(settled(r), "eu 5%, us 20%");
  ASSERT_EQ(r.verb(core::Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(settled(r), "eu 20%, us 20%");
}

TEST(Targets, ATargetThatIsNotThereIsRefusedByName) {
  Rehearsal r(kRegions);
  run_to_both(r);
  EXPECT_EQ(roll_back(r, "uk", RollbackHow::immediate), "invalid");
  const auto& rejected = std::get<core::Rejected>(r.events().back().body);
  EXPECT_EQ(rejected.detail, "target `uk` is unknown: this runbook has `eu`, `us`");
}

TEST(Targets, BeforeAnyShiftThereIsNothingOfOneToRollBack) {
  Rehearsal r(kRegions);
  both_regions_healthy(r);
  r.settles = [](const EffectRequested&) { return Rehearsal::Settlement{.never = true}; };
  r.sight(core::Sight::catching_up);
  r.start();
  EXPECT_EQ(roll_back(r, "eu", RollbackHow::immediate), "invalid");
}

TEST(Targets, AnAbortBringsAllBack) {
  Rehearsal r(kRegions);
  run_to_both(r);
  ASSERT_EQ(r.verb(core::Verb::abort), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(settled(r), "eu 0% back, us 0% back");
}

TEST(Targets, NothingOfOneThatIsBackGoesForwardWhoeverAsks) {
  Rehearsal r(kRegions);
  both_regions_healthy(r);
  r.start();
  r.run_to("small.hold");
  r.run_for(5min);
  r.counter("err", in("eu", "new"), 5);
  r.run_to("rollback.end");
  // Nothing more is ever asked for it, also where the plan's next stage would.
  for (int i = 0; i < 3; ++i) r.verb(core::Verb::resume);
  r.run_to("both.shift2");
  canary_comes(r, "us");
  r.verb(core::Verb::promote);
  r.run_to_end();
  EXPECT_EQ(shifts(r), "eu 10%, eu 0%, us 20%");
  EXPECT_EQ(r.state(), "rolled_back");
}

// A hand that comes late: the forward shift settles after the rollback was asked for.
TEST(Targets, ALateSettleOfOneMovesNeitherItsOwnRollbackNorTheOther) {
  Rehearsal r(kRegions);
  both_regions_healthy(r);
  r.start();
  r.run_to("small.hold");
  r.settles = [](const EffectRequested& effect) {
    const bool late = effect.target == core::TargetIndex{0} && !effect.rollback;
    return Rehearsal::Settlement{.after = late ? core::Duration(4min) : 200ms};
  };
  r.run_to("both.shift");
  ASSERT_EQ(roll_back(r, "eu", RollbackHow::immediate), "");
  r.run_for(1min);
  EXPECT_EQ(settled(r), "eu 0% back, us 0%");
  EXPECT_EQ(r.state(), "rollback.eu_off.shift");  // the forward one may still be carried out
  r.run_to("rollback.end");
  EXPECT_EQ(settled(r), "eu 0% back, us 0%");
}

// The step was left because of another target; what it asked for fails all the same.
TEST(Targets, AShiftThatFailsAfterItsStepWasLeftIsABreach) {
  Rehearsal r(kRegions);
  both_regions_healthy(r);
  r.start();
  r.run_to("both.shift2");
  r.run_for(1s);
  r.settles = [](const EffectRequested&) { return Rehearsal::Settlement{}; };
  ASSERT_EQ(r.rollout().targets[1].settled, core::Weight{200'000'000});
  Rehearsal late(kRegions);
  both_regions_healthy(late);
  late.settles = [](const EffectRequested& effect) {
    const bool us = effect.target == core::TargetIndex{1} && !effect.rollback;
    return Rehearsal::Settlement{.never = us && effect.kind == EffectKind::traffic};
  };
  late.start();
  late.run_to("both.shift2");
  ASSERT_EQ(roll_back(late, "eu", RollbackHow::immediate), "");
  late.run_to_end();
  EXPECT_EQ(late.state(), "rolled_back");
  EXPECT_EQ(settled(late), "eu 0% back, us 0% back");
  EXPECT_EQ(late.rollout().targets[1].breach,
            "the shift of `us` to 20% did not settle before its deadline");
}

TEST(Targets, AShiftForwardThatFailsBringsBackItsOwn) {
  Rehearsal r(kRegions);
  both_regions_healthy(r);
  r.settles = [](const EffectRequested& effect) {
    const bool us = effect.target == core::TargetIndex{1} && !effect.rollback;
    return Rehearsal::Settlement{.succeeds = !us || effect.kind != EffectKind::traffic};
  };
  r.start();
  r.run_to("rollback.end");
  EXPECT_EQ(shifts(r), "eu 10%, eu 20%, us 20%, us 0%");
  EXPECT_EQ(settled(r), "eu 20%, us 0% back");
}

// A weight that is asked for once more is no step: where that fails, nothing was lost.
TEST(Targets, AWeightAskedForOnceMoreThatFailsRollsNothingBack) {
  Rehearsal r(kRegions);
  both_regions_healthy(r);
  r.settles = [](const EffectRequested& effect) {
    return Rehearsal::Settlement{.succeeds = !effect.retry_of.valid()};
  };
  r.start();
  r.run_to("both.shift2");
  canary_comes(r, "us");
  r.run_to("both.hold");
  r.run_for(10min);
  EXPECT_EQ(r.verb(core::Verb::rebalance), "");
  r.run_for(1min);
  EXPECT_EQ(shifts(r), "eu 10%, eu 20%, us 20%, eu 20%, us 20%");
  EXPECT_EQ(settled(r), "eu 20%, us 20%");
  EXPECT_EQ(r.effects(EffectKind::page).size(), 2U);
  EXPECT_EQ(r.state(), "both.hold.wait");
}

// Errors a second are those of the time since the target's own first shift.
TEST(Targets, ARateIsOfTheTimeThatItsOwnTrafficWasWatched) {
  Rehearsal r(text_of(Regions{.us = "stop rate(errors) > 5/s over 5m\n"}));
  both_regions_healthy(r);
  r.start();
  r.run_to("both.shift2");
  canary_comes(r, "us");
  r.counter("err", in("us", "new"), 8);
  r.run_for(1min);
  EXPECT_EQ(settled(r), "eu 20%, us 0% back");
}

// The Rehearsal compares the state with that of the log's bytes after every turn.
TEST(Targets, ACrashInTheMiddleOfARollbackLosesNothing) {
  Rehearsal r(kRegions);
  run_to_both(r);
  r.counter("err", in("eu", "new"), 5);
  r.run_to("rollback.eu_off.shift");
  r.crash();
  r.run_to("rollback.end");
  r.crash();
  ASSERT_EQ(r.verb(core::Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(settled(r), "eu 0% back, us 20%");
}

TEST(Targets, TheStateSurvivesItsBytes) {
  Rehearsal r(kRegions);
  run_to_both(r);
  const auto again = core::decode_rollout_state(core::encode(r.rollout()));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, r.rollout());
}

// ---- One rollout at a time for a service and target -------------------------------------------

core::Machine machine_of(std::vector<std::string> targets) {
  core::Machine machine;
  machine.service = "shop";
  for (std::string& name : targets) {
    machine.targets.push_back({std::move(name), "region", name, {}, {}, {}});
  }
  return machine;
}

std::string refusal(const core::Machine& machine, const core::ShardState& shard,
                    const core::Command& command = {}) {
  const auto refused = core::refuse_start(machine, shard, command, "new");
  return refused ? refused->reason + ": " + refused->detail : "";
}

TEST(TargetStart, RolloutsOfOtherTargetsOfTheServiceMayRun) {
  core::ShardState shard;
  shard.services["shop"].targets["eu"].active = "first";
  EXPECT_EQ(refusal(machine_of({"us"}), shard), "");
  EXPECT_EQ(refusal(machine_of({"us", "eu"}), shard),
            "busy: target `eu` of service `shop` has the active rollout `first`; wait for it or "
            "abort it");
  EXPECT_EQ(refusal(machine_of({}), shard),
            "busy: target `eu` of service `shop` has the active rollout `first`; wait for it or "
            "abort it");
}

TEST(TargetStart, OneOfTheWholeServiceExcludesAllOthers) {
  core::ShardState shard;
  shard.services["shop"].active = "whole";
  EXPECT_EQ(refusal(machine_of({"us"}), shard),
            "busy: service `shop` has the active rollout `whole`; wait for it or abort it");
}

TEST(TargetStart, EachBeginsWhereItWasLeft) {
  core::ShardState shard;
  shard.services["shop"].targets["eu"].settled = core::Weight{50'000'000};
  EXPECT_EQ(refusal(machine_of({"us"}), shard), "");
  EXPECT_EQ(refusal(machine_of({"eu"}), shard),
            "weight_mismatch: the runbook begins at 0%, the last settled weight of target `eu` of "
            "service `shop` is 5%; say `weight` if it was changed by hand");
  core::Command command;
  command.weights = {{"eu", core::kNoTraffic}};
  EXPECT_EQ(refusal(machine_of({"eu"}), shard, command), "");
  EXPECT_EQ(refusal(machine_of({}), shard).substr(0, 15), "weight_mismatch");
}

}  // namespace
}  // namespace rollbook::tests
