// Acts: effects and their orders, deadlines, ramps, and rollbacks that are never waited for.

#include <gtest/gtest.h>

#include "tests/engine/stage_machine.h"

namespace rollbook::core::tests {
namespace {

std::vector<std::int64_t> percents(const Drive& drive) {
  std::vector<std::int64_t> weights;
  for (const EffectRequested& shift : drive.requested(EffectKind::traffic)) {
    weights.push_back(shift.to.nanos / 10'000'000);
  }
  return weights;
}
using Percents = std::vector<std::int64_t>;

TEST(Act, OrdersRiseForAServiceAndAreNotBelowItsClock) {
  Drive drive;
  drive.shard.services["shop"].last_order = 5;
  drive.to("canary.shift");
  const std::int64_t micros = drive.now.time_since_epoch() / 1us;
  EXPECT_EQ(drive.last<EffectRequested>().order, micros);
  EXPECT_EQ(drive.shard.services["shop"].last_order, micros);
  drive.obey(drive.command(Verb::abort));  // in the same microsecond
  EXPECT_EQ(drive.requested(EffectKind::traffic).back().order, micros + 1);
}

TEST(Act, OneEffectGoesOutForEachChannel) {
  Drive drive;
  drive.to("gradual");
  const auto notes = drive.requested(EffectKind::notify);
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[0].channel, "mail");
  EXPECT_EQ(notes[1].channel, "status");
  EXPECT_EQ(notes[1].text, "shop goes back gradually");
}

TEST(Act, WhatWaitsHasTheRunbooksDeadlineOrThePinnedOne) {
  Drive drive;
  drive.to("canary.run");
  EXPECT_EQ(drive.last<EffectRequested>().deadline, drive.now + 1h);
  EXPECT_EQ(drive.requested(EffectKind::traffic)[0].deadline,
            drive.events[0].time + kEffectDeadline);
}

TEST(Act, AForwardShiftWithoutASettleRollsBack) {
  Drive drive;
  drive.to("canary.shift");
  drive.pass(kEffectDeadline - 1ns);
  EXPECT_EQ(drive.name(), "canary.shift");
  drive.pass(1ns);
  EXPECT_EQ(drive.name(), "rollback");
  EXPECT_EQ(drive.last<EffectSettled>().outcome, EffectOutcome::timed_out);
  EXPECT_EQ(drive.state.breach, "the shift failed: no settle before the deadline");
}

TEST(Act, TheWeightOfTheHighestSettledOrderCounts) {
  Drive drive;
  drive.to("canary.shift");
  const Sequence forward = drive.effect(EffectKind::traffic);
  drive.obey(drive.command(Verb::abort));
  const Sequence back = drive.effect(EffectKind::traffic);
  drive.settle(back);
  EXPECT_EQ(drive.state.settled, kNoTraffic);
  EXPECT_EQ(drive.name(), "rollback");  // the forward shift may still come in between
  drive.settle(forward);
  EXPECT_EQ(drive.state.settled, kNoTraffic);
  EXPECT_EQ(drive.shard.services["shop"].settled, kNoTraffic);
  EXPECT_EQ(drive.name(), "rolled_back");
}

TEST(Act, AForwardShiftThatStaysOpenIsShiftedOverAtItsDeadline) {
  Drive drive;
  drive.to("canary.shift");
  drive.obey(drive.command(Verb::abort));
  drive.settle(drive.effect(EffectKind::traffic));
  drive.pass(kEffectDeadline);
  EXPECT_EQ(percents(drive), (Percents{10, 0, 0}));
  drive.settle_all();
  EXPECT_EQ(drive.name(), "rolled_back");
}

// ---- Rollbacks are asked for again --------------------------------------------------------------

TEST(Retry, ComesAfterTenSecondsAndThenDoublesUpToTwoMinutes) {
  Drive drive;
  drive.to("rollback");
  const Time from = drive.now;
  drive.pass(10min);
  std::vector<std::int64_t> seconds;
  std::int64_t order = 0;
  Sequence first;
  for (const Event& event : drive.events) {
    const auto* shift = std::get_if<EffectRequested>(&event.body);
    if (shift == nullptr || shift->kind != EffectKind::traffic || !shift->rollback) continue;
    if (!first.valid()) {
      first = event.sequence;
    } else {
      EXPECT_EQ(shift->retry_of, first);
    }
    EXPECT_GT(shift->order, order);
    order = shift->order;
    seconds.push_back((event.time - from) / 1s);
  }
  EXPECT_EQ(seconds, (std::vector<std::int64_t>{0, 10, 30, 70, 150, 270, 390, 510}));
  EXPECT_EQ(drive.requested(EffectKind::page).size(), 1U + 7U);
}

TEST(Retry, GoesOnWhilePausedBlindAndAway) {
  Drive drive;
  drive.to("rollback");
  drive.obey(drive.command(Verb::pause));
  drive.give(See{SourceStatus{"bus", Sight::unreachable}});
  drive.pass(10s);
  EXPECT_EQ(percents(drive), (Percents{10, 0, 0}));
}

TEST(Retry, AnyAttemptThatSettlesEndsIt) {
  Drive drive;
  drive.to("rollback");
  const Sequence first = drive.effect(EffectKind::traffic);
  drive.pass(1min);
  EXPECT_EQ(percents(drive).size(), 4U);
  drive.settle(first);
  EXPECT_EQ(drive.name(), "rolled_back");
}

TEST(Retry, AFailedAttemptIsNoEnd) {
  Drive drive;
  drive.to("rollback");
  drive.settle_all(false);
  EXPECT_EQ(drive.name(), "rollback");
  drive.pass(10s);
  EXPECT_EQ(percents(drive), (Percents{10, 0, 0}));
  drive.settle(drive.effect(EffectKind::traffic));
  EXPECT_EQ(drive.name(), "rolled_back");
}

TEST(Retry, AnotherFailedActOfARollbackPages) {
  Drive drive;
  Effect run = drive.machine.effects[2];
  drive.machine.effects.push_back(run);
  drive.machine.states[10].entry.push_back(EffectIndex{8});
  drive.to("rollback");
  const std::size_t pages = drive.requested(EffectKind::page).size();
  drive.settle(drive.effect(EffectKind::run), false);
  ASSERT_EQ(drive.requested(EffectKind::page).size(), pages + 1);
  EXPECT_EQ(drive.requested(EffectKind::page).back().channel, "oncall");
}

TEST(Retry, AnActOfARollbackThatMissesItsDeadlinePages) {
  Drive drive;
  drive.machine.states[10].entry = {EffectIndex{2}};  // a run
  drive.to("rollback");
  drive.pass(1h);
  EXPECT_EQ(drive.requested(EffectKind::page).back().text,
            "An act of the rollback did not settle before its deadline");
}

// ---- Ramps --------------------------------------------------------------------------------------

TEST(Ramp, GoesDownStepByStepFromTheLastSettledWeight) {
  Drive drive;
  drive.to("gradual");
  for (int minute = 0; minute < 10; ++minute) {
    EXPECT_EQ(drive.requested(EffectKind::traffic).size(), 2U + static_cast<std::size_t>(minute));
    drive.settle_all();
    drive.pass(1min);
  }
  EXPECT_EQ(percents(drive), (Percents{10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(drive.name(), "rolled_back");
}

TEST(Ramp, ALaterStepTakesThePlaceOfOneThatHasNotSettled) {
  Drive drive;
  drive.to("gradual");
  drive.now += 3min + 30s;  // nobody looked at the clock meanwhile
  drive.tick();
  EXPECT_EQ(percents(drive).back(), 6);
  EXPECT_EQ(drive.state.ramp->steps_requested, 4U);
  int retrying = 0;
  for (const auto& [sequence, effect] : drive.state.effects) retrying += effect.retry_at ? 1 : 0;
  EXPECT_EQ(retrying, 1);
}

TEST(Ramp, TheGuardTurnsItIntoItsOwnRollback) {
  Drive drive;
  drive.to("gradual");
  drive.settle_all();
  drive.now += 1s;
  drive.traffic(6000, 600);
  EXPECT_EQ(drive.name(), "rollback");
  EXPECT_EQ(percents(drive).back(), 0);
  EXPECT_EQ(drive.state.rollback_rank, 2U);
}

TEST(Ramp, NeverRaisesTheWeight) {
  Drive drive;
  drive.machine.states[11].ramp->to = Weight{500'000'000};
  drive.to("gradual");
  for (const EffectRequested& shift : drive.requested(EffectKind::traffic)) {
    EXPECT_TRUE(!shift.rollback || shift.to <= shift.from);
  }
}

// A forward ramp: to 40 % in four steps.
Drive rising() {
  Drive drive;
  State& shift = drive.machine.states[5];
  shift.entry.clear();
  shift.ramp = Ramp{Weight{400'000'000}, 4min, 1min, 30s, false};
  drive.to("canary.shift");
  return drive;
}

TEST(Ramp, ForwardWaitsForEachStepToSettle) {
  Drive drive = rising();
  EXPECT_EQ(percents(drive), Percents{10});
  drive.settle_all();
  EXPECT_EQ(percents(drive), Percents{10});
  drive.pass(1min);
  EXPECT_EQ(percents(drive), (Percents{10, 20}));
  for (int step = 0; step < 2; ++step) {
    drive.settle_all();
    drive.traffic(6000, 6);
    drive.pass(1min);
  }
  EXPECT_EQ(percents(drive), (Percents{10, 20, 30, 40}));
  EXPECT_EQ(drive.name(), "canary.shift");
  drive.settle_all();
  EXPECT_EQ(drive.name(), "canary.hold");
}

TEST(Ramp, ForwardStandsStillWhilePausedAndWhileBehind) {
  Drive drive = rising();
  drive.settle_all();
  drive.obey(drive.command(Verb::pause));
  drive.now += 2min;
  drive.tick();
  EXPECT_EQ(percents(drive), Percents{10});
  drive.obey(drive.command(Verb::resume));
  EXPECT_EQ(percents(drive), (Percents{10, 20}));
}

TEST(Ramp, AForwardStepThatMissesItsDeadlineRollsBack) {
  Drive drive = rising();
  drive.pass(30s);
  EXPECT_EQ(drive.name(), "rollback");
}

// ---- The end ------------------------------------------------------------------------------------

TEST(End, TheWholeTrafficBecomesTheBaselineOfWhatComesNext) {
  Drive drive;
  drive.machine.effects[0].to = kAllTraffic;
  drive.to("canary.review");
  EXPECT_EQ(drive.shard.services["shop"].settled, kAllTraffic);
  drive.confirm("No complaints", "ops", "bob");
  ASSERT_EQ(drive.name(), "succeeded");
  EXPECT_EQ(drive.shard.services["shop"].settled, kNoTraffic);
  EXPECT_EQ(drive.shard.services["shop"].active, "");
}

TEST(End, APartOfTheTrafficStaysWhereItIs) {
  Drive drive;
  drive.to("canary.review");
  drive.confirm("No complaints", "ops", "bob");
  EXPECT_EQ(drive.shard.services["shop"].settled, Weight{100'000'000});
  EXPECT_EQ(drive.last<RolloutFinished>().because, "all passed");
}

// What led into the state before is no reason to leave the stage.
TEST(Exit, SaysWhyTheStageIsLeft) {
  Drive back;
  back.to("canary.hold");
  back.now += 1s;
  back.traffic(6000, 600);
  const EffectRequested lost = back.requested(EffectKind::report).back();
  EXPECT_EQ(lost.cause_text, back.last<Transitioned>().because);
  EXPECT_EQ(lost.criterion, kErrorStop);
  Drive forward;
  forward.to("canary.review");
  forward.confirm("No complaints", "ops", "bob");
  const EffectRequested passed = forward.requested(EffectKind::report).back();
  EXPECT_EQ(passed.cause_text, "all passed");
  EXPECT_FALSE(passed.criterion.valid());
}

TEST(End, SaysWhatARollbackCameFrom) {
  Drive drive;
  drive.to("canary.hold");
  drive.now += 1s;
  drive.traffic(6000, 600);
  const std::string breach = drive.state.breach;
  drive.settle_all();
  EXPECT_EQ(drive.last<RolloutFinished>().outcome, Outcome::rolled_back);
  EXPECT_EQ(drive.last<RolloutFinished>().because, breach);
  EXPECT_EQ(drive.last<Transitioned>().because, "back at 0%");
  EXPECT_EQ(drive.state.because, breach);
  EXPECT_TRUE(drive.state.questions.empty());
}

}  // namespace
}  // namespace rollbook::core::tests
