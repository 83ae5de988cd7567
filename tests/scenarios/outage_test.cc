// Outages: the engine is away, the bus is away. Time that nobody watched does not count, and
// nothing healthy is rolled back for it.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::EffectRequested;
using core::RollbackHow;
using core::Sight;
using core::Verb;
using Settlement = Rehearsal::Settlement;

constexpr const char* kBack = "rollback.automatic.shift";
const Labels kNew{{"v", "new"}};

// ---- The engine is away -------------------------------------------------------------------------

TEST(Outage, SixMinutesWithoutTheEngineLengthenAHold) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(30min);
  r.engine_away(6min);
  EXPECT_EQ(r.rollout().sight, Sight::live);
  r.run_to("canary_10.review.gate");
  EXPECT_EQ(r.entered("canary_10.review.gate"), 1h + 6min + 200ms);
}

TEST(Outage, TheDeadlinesOfPeopleLeaveOutTheGap) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_to("canary_10.review.gate");
  r.run_for(3h + 58min);
  r.engine_away(6min);
  EXPECT_EQ(r.state(), "canary_10.review.gate");
  r.run_to("canary_10.review.otherwise");
  EXPECT_EQ(r.entered("canary_10.review.otherwise"), 5h + 6min + 200ms);
}

TEST(Outage, TheDeadlineOfAShiftLeavesOutTheGap) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = [](const EffectRequested& effect) { return Settlement{.never = !effect.rollback}; };
  r.start();
  r.run_for(3min);
  r.engine_away(6min);
  EXPECT_EQ(r.state(), "canary_10.shift");
  r.run_for(1min);
  EXPECT_EQ(r.settle(r.last_effect(EffectKind::traffic), true), "");
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
}

TEST(Outage, AShiftThatSettledMeanwhileIsReadBeforeItsDeadlineIsLookedAt) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.settles = [](const EffectRequested& effect) {
    return Settlement{.after = effect.rollback ? Duration(1s) : Duration(4min)};
  };
  r.start();
  r.run_for(1min);
  r.engine_away(6min);
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
  r.run_to("canary_10.review.gate");
  EXPECT_EQ(r.entered("canary_10.review.gate"), 1h + 7min);
}

TEST(Outage, ABreachInTheBacklogStopsWhileCatchingUp) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(30min);
  r.counter("err", kNew, 20);  // from the moment the engine is gone
  r.engine_away(6min);
  EXPECT_EQ(r.entered(kBack), 36min);
  // `stop[2]` as it would have been seen live: 20 % over the minute that is 601 errors of 6,000.
  EXPECT_EQ(r.because(kBack), "error_rate > 10% over 1m: 15% in 6000 samples, test.runbook:14:10");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Outage, ARampDownGoesOnWithTheStepThatIsDue) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  r.rollback(RollbackHow::gradual);
  r.run_for(1min + 30s);
  EXPECT_EQ(r.weights(), "10% 9% 8%");
  r.engine_away(6min);
  EXPECT_EQ(r.weights(), "10% 9% 8% 2%");  // seven and a half minutes in
  r.run_to_end();
  EXPECT_EQ(r.weights(), "10% 9% 8% 2% 1% 0%");
  EXPECT_EQ(r.elapsed(), 19min + 200ms);
}

TEST(Outage, APauseOfAGivenTimeEndsThoughNobodyWatched) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  r.verb(Verb::pause, 5min);
  r.run_for(1min);
  r.engine_away(6min);
  EXPECT_FALSE(r.rollout().paused);
  r.run_to("canary_10.review.gate");
  EXPECT_EQ(r.entered("canary_10.review.gate"), 1h + 7min + 200ms);
}

TEST(Outage, TwoAbsencesInARow) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  r.engine_away(6min);
  r.engine_away(6min);
  r.run_to("canary_10.review.gate");
  EXPECT_EQ(r.entered("canary_10.review.gate"), 1h + 12min + 200ms);
}

TEST(Outage, SilenceLeavesOutTheTimeNobodyListened) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  r.silence();
  r.run_for(2min);
  r.engine_away(6min);
  r.run_for(1min - 1ms);
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
  r.run_to_end();
  // Two minutes before and one after.
  EXPECT_EQ(r.entered(kBack), 19min);
  EXPECT_EQ(r.because(kBack), "absent(requests) for 3m (silent for 3m), test.runbook:16:10");
}

TEST(Outage, AnEngineThatIsAwayAgainAndAgainStillHearsTheSilence) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  r.silence();
  for (int i = 0; i < 2; ++i) {
    r.run_for(1min + 20s);
    r.engine_away(1min);
    EXPECT_EQ(r.state(), "canary_10.hold.wait");
  }
  r.run_to_end();
  EXPECT_EQ(r.entered(kBack), 15min);
}

// ---- The bus is away ----------------------------------------------------------------------------

TEST(Outage, TwelveMinutesWithoutTheBusRollNothingBack) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(30min);
  r.bus_away(12min);
  EXPECT_EQ(r.rollout().sight, Sight::live);
  r.run_to("canary_10.review.gate");
  EXPECT_EQ(r.entered("canary_10.review.gate"), 1h + 12min + 200ms);
}

TEST(Outage, WithoutTheBusNoDeadlineFires) {
  for (const char* where :
       {"canary_10.shift", "canary_10.review.gate", "canary_10.review.otherwise"}) {
    Rehearsal r(kTwoStages);
    healthy(r);
    if (std::string(where) == "canary_10.shift") {
      r.settles = [](const EffectRequested&) { return Settlement{.after = 1min}; };
    }
    r.scrape_every = 60s;
    r.start();
    if (r.state() != where) r.run_to("canary_10.review.gate");
    if (r.state() != where) r.confirm("No complaints", "ops", "olga", false);
    ASSERT_EQ(r.state(), where);
    r.bus_away(12h);
    EXPECT_EQ(r.weights(), "10%");
    EXPECT_EQ(r.state(), std::string(where) == "canary_10.shift" ? "canary_10.hold.wait" : where);
  }
}

TEST(Outage, WhatTheDataSaidMeanwhileActsWhenTheyCome) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(30min);
  r.counter("err", kNew, 2);
  r.bus_away(12min);
  EXPECT_EQ(r.entered(kBack), 42min);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Outage, ARollbackRunsOnWithoutTheBus) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  r.rollback(RollbackHow::gradual);
  r.run_for(1min + 30s);
  r.bus_away(12min);
  const auto times = r.times(EffectKind::traffic);
  // Each step in its minute and its retries; the last is asked for again and again.
  EXPECT_EQ(r.effects(EffectKind::traffic).back().to, core::kNoTraffic);
  EXPECT_EQ(times[3], 12min);
  EXPECT_EQ(times[4], 12min + 10s);
  r.run_for(1s);
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Outage, AForwardShiftThatNeverWentOutIsTakenBackByARollback) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  r.start();
  r.run_for(1h);
  // The hold would end in 200 ms; the data of the outage are bad.
  r.counter("err", kNew, 20);
  r.bus_away(12min);
  r.run_to_end();
  EXPECT_EQ(r.weights(), "10% 0%");
}

TEST(Outage, StepsForwardWaitUntilItHasCaughtUp) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_to("canary_10.review.gate");
  r.sight(Sight::catching_up);
  EXPECT_EQ(r.confirm("No complaints", "ops", "olga"), "");
  EXPECT_EQ(r.state(), "canary_10.review.gate");
  r.run_for(1min);
  EXPECT_EQ(r.state(), "canary_10.review.gate");
  r.sight(Sight::live);
  r.run_for(1s);
  EXPECT_EQ(r.weights(), "10% 50%");
}

TEST(Outage, WhileCatchingUpWhatStopsAndSettlesActs) {
  for (const Verb verb : {Verb::abort, Verb::pause, Verb::rollback}) {
    Rehearsal r(kTwoStages);
    healthy(r);
    r.start();
    r.run_for(10min);
    r.sight(Sight::catching_up);
    EXPECT_EQ(r.verb(verb), "");
    if (verb == Verb::pause) {
      EXPECT_TRUE(r.rollout().paused);
    } else {
      EXPECT_EQ(r.state(), kBack);
      r.run_for(1s);
      EXPECT_EQ(r.state(), "rolled_back");  // its settle was taken
    }
  }
}

TEST(Outage, AStartWhileCatchingUpWaitsWithItsFirstShift) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.sight(Sight::catching_up);
  EXPECT_EQ(r.start(), "");
  EXPECT_EQ(r.state(), "before.begin");
  r.run_for(1min);
  EXPECT_EQ(r.weights(), "");
  r.sight(Sight::live);
  r.run_for(1s);
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
}

TEST(Outage, AGapInTheTopicMakesItsWindowsNotWhole) {
  Rehearsal r(text_of({.stages = "stage canary {\n traffic 20%\n hold 10m\n"
                                 " expect error_rate < 0.5% over 5m\n"
                                 " within 4h otherwise decide verdict\n}\n"}));
  healthy(r);
  r.start();
  r.run_for(9min);
  r.gap(core::SourceGap{"metrics", 0, 100, 200});
  r.run_for(2min);
  EXPECT_EQ(r.state(), "canary.review.gate");
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, core::Verdict::undecided);
  r.run_to_end();
  EXPECT_EQ(r.entered("succeeded"), 14min);
}

}  // namespace
}  // namespace rollbook::tests
