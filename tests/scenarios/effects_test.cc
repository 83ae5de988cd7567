// Effects and their outcomes: shifts that fail, settle late or never, settles reordered and
// repeated, and a rollback that is never given up.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::EffectOutcome;
using core::EffectRequested;
using core::EffectSettled;
using core::Verb;
using Settlement = Rehearsal::Settlement;

constexpr const char* kBack = "rollback.automatic.shift";

std::function<Settlement(const EffectRequested&)> forward(Settlement how) {
  return [=](const EffectRequested& effect) { return effect.rollback ? Settlement{} : how; };
}
std::function<Settlement(const EffectRequested&)> backward(Settlement how) {
  return [=](const EffectRequested& effect) { return effect.rollback ? how : Settlement{}; };
}

std::vector<EffectSettled> settled(const Rehearsal& r) {
  std::vector<EffectSettled> found;
  for (const core::Event& event : r.events()) {
    if (const auto* body = std::get_if<EffectSettled>(&event.body)) found.push_back(*body);
  }
  return found;
}

// The ids of all traffic effects, in order.
std::vector<std::string> shifts(const Rehearsal& r) {
  std::vector<std::string> ids;
  for (const core::Event& event : r.events()) {
    const auto* effect = std::get_if<EffectRequested>(&event.body);
    if (effect != nullptr && effect->kind == EffectKind::traffic) ids.push_back(r.id_of(event));
  }
  return ids;
}

// ---- Forward ------------------------------------------------------------------------------------

TEST(Effects, AShiftThatNeverSettlesIsABreach) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = forward({.never = true});
  r.start();
  r.run_for(5min - 1ms);
  EXPECT_EQ(r.state(), "canary_10.shift");
  r.run_to_end();
  EXPECT_EQ(r.entered(kBack), 5min);
  EXPECT_EQ(r.because(kBack), "the shift to 10% failed: no settle before the deadline");
  EXPECT_EQ(settled(r)[0].outcome, EffectOutcome::timed_out);
  // Nothing has settled, so there is nothing above zero to come back from; it is said all the same.
  EXPECT_EQ(r.weights(), "10% 0%");
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Effects, AShiftThatFailsIsABreach) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  r.settles = [](const EffectRequested& effect) {
    return Settlement{.after = 1s, .succeeds = effect.to.nanos != 500'000'000};
  };
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.entered(kBack), 1h + 2s);
  EXPECT_EQ(r.because(kBack), "the shift to 50% failed");
  EXPECT_EQ(r.weights(), "10% 50% 0%");
  EXPECT_EQ(r.effects(EffectKind::traffic)[2].from.nanos, 100'000'000);
  EXPECT_EQ(r.effects(EffectKind::page)[0].text, "Rolled back: the shift to 50% failed");
}

TEST(Effects, ASettleAfterItsDeadlineIsLateAndTheBreachStands) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = [](const EffectRequested& effect) {
    return Settlement{.after = effect.rollback ? Duration(10min) : Duration(1s),
                      .never = !effect.rollback};
  };
  r.start();
  r.run_for(5min + 1s);
  EXPECT_EQ(r.state(), kBack);
  const std::string shift = shifts(r)[0];
  EXPECT_EQ(r.settle(shift, true), "late");
  EXPECT_EQ(r.state(), kBack);
  EXPECT_EQ(r.rollout().settled, core::kNoTraffic);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.settle(shift, true), "finished");
}

TEST(Effects, ASettleAtTheLastMomentIsInTime) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = forward({.after = 5min - 1ns});
  r.start();
  r.run_to("canary_10.hold");
  EXPECT_EQ(r.entered("canary_10.hold.wait"), 5min - 1ns);
}

TEST(Effects, ADeadlineOfTheRunbookTakesThePlaceOfTheUsual) {
  Rehearsal r(text_of({.stages = "stage canary {\n traffic 20% within 30s\n hold 10m\n}\n"}));
  healthy(r);
  r.settles = forward({.never = true});
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.entered(kBack), 30s);
}

TEST(Effects, AForwardShiftThatIsStillOpenIsWaitedForAndShiftedOver) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = forward({.never = true});
  r.start();
  r.run_for(1min);
  r.verb(Verb::abort);
  EXPECT_EQ(r.state(), kBack);
  r.run_for(3min);
  EXPECT_EQ(r.weights(), "10% 0%");
  EXPECT_EQ(r.state(), kBack);  // the hand that shifts to 10 % may still be at it
  r.run_to_end();
  // At its deadline the rollback shifts once more, and is done with that.
  EXPECT_EQ(r.weights(), "10% 0% 0%");
  EXPECT_EQ(r.times(EffectKind::traffic)[2], 5min);
  EXPECT_EQ(r.elapsed(), 5min + 200ms);
}

TEST(Effects, AForwardShiftThatSettlesDuringTheRollbackIsShiftedOver) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = [](const EffectRequested& effect) {
    return Settlement{.after = effect.rollback ? Duration(9s) : Duration(10s)};
  };
  r.start();
  r.run_for(5s);
  r.verb(Verb::abort);
  r.run_to_end();
  EXPECT_EQ(r.weights(), "10% 0%");
  EXPECT_EQ(r.rollout().settled, core::kNoTraffic);
  EXPECT_EQ(r.elapsed(), 14s);
}

// ---- Back ---------------------------------------------------------------------------------------

TEST(Effects, ARollbackWhoseShiftFailsFiveTimesGoesOn) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  int attempts = 0;
  r.settles = [&](const EffectRequested& effect) {
    if (!effect.rollback) return Settlement{};
    return Settlement{.after = 1s, .succeeds = ++attempts > 5};
  };
  r.start();
  r.run_for(30min);
  r.verb(Verb::abort);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.weights(), "10% 0% 0% 0% 0% 0% 0%");
  // After 10 s, 20 s, 40 s, 80 s and, from then on, two minutes.
  const auto t = 30min;
  EXPECT_EQ(r.times(EffectKind::traffic),
            (std::vector<Duration>{0s, t, t + 10s, t + 30s, t + 70s, t + 150s, t + 270s}));
  const auto effects = r.effects(EffectKind::traffic);
  for (std::size_t i = 2; i < effects.size(); ++i) {
    EXPECT_TRUE(effects[i].retry_of.valid());
    EXPECT_EQ(effects[i].retry_of, effects[2].retry_of);
    EXPECT_GT(effects[i].order, effects[i - 1].order);
  }
  // The rollback's own page, and one for each retry.
  const auto pages = r.effects(EffectKind::page);
  ASSERT_EQ(pages.size(), 6U);
  EXPECT_EQ(pages[0].text, "Rolled back: aborted by maria");
  EXPECT_EQ(pages[1].text, "Shift to 0% has not settled after attempt 1: aborted by maria");
  EXPECT_EQ(pages[5].text, "Shift to 0% has not settled after attempt 5: aborted by maria");
  EXPECT_EQ(pages[5].channel, "oncall");
}

TEST(Effects, ARollbackIsRetriedWithoutEnd) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = backward({.never = true});
  r.start();
  r.run_for(10min);
  r.verb(Verb::abort);
  r.run_for(2h);
  EXPECT_EQ(r.state(), kBack);
  const auto times = r.times(EffectKind::traffic);
  EXPECT_EQ(times.size(), 2U + 4U + 58U);  // 10, 20, 40, 80 s, then each two minutes
  EXPECT_EQ(times.back() - times[times.size() - 2], 2min);
}

TEST(Effects, AnyAttemptAtOrBelowTheWantedWeightSettlesIt) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = backward({.never = true});
  r.start();
  r.run_for(10min);
  r.verb(Verb::abort);
  r.run_for(1min);
  EXPECT_EQ(r.weights(), "10% 0% 0% 0%");
  EXPECT_EQ(r.settle(shifts(r)[1], true), "");  // the first attempt, after two retries
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Effects, ARampsNextStepReplacesTheOneThatDidNotSettle) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = backward({.never = true});
  r.start();
  r.run_for(10min);
  r.rollback(core::RollbackHow::gradual);
  r.run_for(1min + 29s);
  // 9 % at once, again after 10 and 30 s, 8 % at the minute, again after 10 s, then 20 s later.
  EXPECT_EQ(r.weights(), "10% 9% 9% 9% 8% 8%");
  r.run_for(1s);
  EXPECT_EQ(r.weights(), "10% 9% 9% 9% 8% 8% 8%");
  // The first step settles late: it says where the traffic is, and moves nothing else.
  EXPECT_EQ(r.settle(shifts(r)[1], true), "");
  EXPECT_EQ(r.rollout().settled.nanos, 90'000'000);
  r.settles = nullptr;
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.rollout().settled, core::kNoTraffic);
}

TEST(Effects, ARampBeginsAtTheLastSettledWeight) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  r.settles = [](const EffectRequested& effect) {
    return Settlement{.never = effect.to.nanos == 500'000'000};
  };
  r.start();
  r.run_to("canary_50.shift");
  r.run_for(1min);
  r.rollback(core::RollbackHow::gradual);
  EXPECT_EQ(r.weights(), "10% 50% 9%");
  r.run_for(9min + 30s);
  // The open shift to 50 % missed its deadline four minutes in: the step of then is asked again.
  EXPECT_EQ(r.weights(), "10% 50% 9% 8% 7% 6% 5% 5% 4% 3% 2% 1% 0%");
  r.run_to_end();
  EXPECT_EQ(r.rollout().settled, core::kNoTraffic);
}

TEST(Effects, AFailedRunOfARollbackPagesAndTheRestHappens) {
  const std::string text = std::string(kTwoStages)
                               .replace(std::string(kTwoStages).find("traffic 0%"), 10,
                                        "run drain() within 2m\n    traffic 0%");
  Rehearsal r(std::string(text).replace(text.find("  guard {"), 0, "  action drain()\n"));
  healthy(r);
  r.settles = [](const EffectRequested& effect) {
    return Settlement{.after = 9s, .succeeds = effect.kind != EffectKind::run};
  };
  r.start();
  r.run_for(10min);
  r.verb(Verb::abort);
  EXPECT_EQ(r.state(), "rollback.automatic.run1");
  r.run_to_end();
  EXPECT_EQ(r.entered(kBack), 10min + 9s);
  EXPECT_EQ(r.because(kBack), "run `drain` failed");
  EXPECT_EQ(r.weights(), "10% 0%");
  ASSERT_EQ(r.effects(EffectKind::page).size(), 2U);
  EXPECT_EQ(r.effects(EffectKind::page)[1].text, "An act of the rollback failed: ");
}

// ---- Settles that come as they like -------------------------------------------------------------

TEST(Effects, ARepeatedSettleMovesNothing) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  r.settles = [](const EffectRequested&) { return Settlement{.after = 1s, .times = 3}; };
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(settled(r).size(), 2U);
  EXPECT_EQ(r.count<core::Rejected>(), 4U);
}

TEST(Effects, TheSameMessageTwiceActsOnceAndIsAnsweredOnce) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = [](const EffectRequested&) { return Settlement{.never = true}; };
  r.start();
  core::Command settle;
  settle.key = {"hand", "s-1"};
  settle.verb = Verb::settle;
  settle.rollout = "r1";
  settle.effect = r.last_effect(EffectKind::traffic);
  EXPECT_EQ(r.send(settle), "");
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
  const std::size_t events = r.events().size();
  EXPECT_EQ(r.send(settle), "");
  EXPECT_EQ(r.events().size(), events);
}

TEST(Effects, SettlesInAnotherOrderEndAtTheHighestOrder) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = backward({.never = true});
  r.start();
  r.run_for(10min);
  r.rollback(core::RollbackHow::gradual);
  r.run_for(3min + 1s);
  const auto effects = r.effects(EffectKind::traffic);
  const auto ids = shifts(r);
  std::vector<std::size_t> newest_first;
  for (std::size_t i = ids.size(); i-- > 1;) newest_first.push_back(i);
  for (const std::size_t i : newest_first) r.settle(ids[i], true);
  EXPECT_EQ(r.rollout().settled.nanos, 60'000'000);  // the fourth step's, not the first's
  EXPECT_EQ(r.rollout().settled_order, effects.back().order);
  r.settles = nullptr;
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.shard().state().services.at("shop").settled, core::kNoTraffic);
}

TEST(Effects, ASettleThatNamesNoEffectIsRefused) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = [](const EffectRequested&) { return Settlement{.never = true}; };
  r.start();
  const std::string id = r.last_effect(EffectKind::traffic);
  for (const std::string& wrong :
       {std::string(), std::string("r1"), std::string("r1/"), std::string("r1/x/00000000"),
        id.substr(0, id.size() - 8) + "00000000", "r2" + id.substr(2),
        std::string("r1/999/") + id.substr(id.size() - 8)}) {
    EXPECT_EQ(r.settle(wrong, true), "unknown_effect") << wrong;
    EXPECT_EQ(r.state(), "canary_10.shift");
  }
  EXPECT_EQ(r.settle(id, true), "");
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
}

TEST(Effects, ASettleThatNobodyAwaitsIsLoggedAndMovesNothing) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  r.settles = backward({.never = true});
  r.verb(Verb::abort);
  const std::size_t before = r.count<core::Commanded>();
  EXPECT_EQ(r.settle(r.last_effect(EffectKind::page), false), "");
  EXPECT_EQ(r.count<core::Commanded>(), before + 1);
  EXPECT_EQ(r.state(), kBack);
}

}  // namespace
}  // namespace rollbook::tests
