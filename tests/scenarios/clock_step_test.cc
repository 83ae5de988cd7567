// A wall clock that is stepped by an hour, alone or with the clocks of all that measure.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;

constexpr const char* kBack = "rollback.automatic.shift";
const Labels kNew{{"v", "new"}};

TEST(ClockStep, AClockThatIsSteppedBesideEveryoneElseMovesNothing) {
  for (const Duration by : {Duration(1h), Duration(-1h)}) {
    Rehearsal r(kTwoStages);
    healthy(r);
    r.agreeable = true;
    r.start();
    r.run_for(30min);
    r.clock_step(by);
    r.run_to_end();
    EXPECT_EQ(r.state(), "succeeded");
    EXPECT_EQ(r.elapsed(), 3h + 400ms);
  }
}

TEST(ClockStep, AClockThatIsSteppedForwardWithAllThatMeasure) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  r.start();
  r.run_for(30min);
  r.clock_step(1h);
  r.clock_offset = 1h;
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.elapsed(), 3h + 400ms);
  EXPECT_EQ(r.rollout().quarantined, 0);
}

TEST(ClockStep, AClockThatIsSteppedBackWithAllThatMeasure) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  r.start();
  r.run_for(30min);
  r.clock_step(-1h);
  r.clock_offset = -1h;
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.elapsed(), 3h + 400ms);
}

TEST(ClockStep, AClockThatIsSteppedIsStillWatched) {
  for (const Duration by : {Duration(1h), Duration(-1h)}) {
    Rehearsal r(kTwoStages);
    healthy(r);
    r.start();
    r.run_for(30min);
    r.clock_step(by);
    r.clock_offset = by;
    r.run_for(10min);
    r.add("err", kNew, 1000);
    r.run_to_end(1min);
    EXPECT_EQ(r.state(), "rolled_back");
    EXPECT_EQ(r.elapsed(), 40min + 15s + 200ms);
  }
}

TEST(ClockStep, SilenceIsHeardAfterAStep) {
  for (const Duration by : {Duration(1h), Duration(-1h)}) {
    Rehearsal r(kTwoStages);
    healthy(r);
    r.start();
    r.run_for(30min);
    r.clock_step(by);
    r.clock_offset = by;
    r.run_for(10min);
    const Duration last = r.elapsed();
    r.silence();
    r.run_to_end();
    EXPECT_EQ(r.entered(kBack), last + 3min);
  }
}

TEST(ClockStep, AfterASmallStepBackWhatIsLateIsNoSilence) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(30min);
  r.clock_step(-4min);
  r.clock_offset = -4min;
  r.run_for(6min);
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
  // Until the clocks have made up for it nothing is counted: stale from 36 m 30 s... on, if the
  // silence had lasted.
  r.run_to("canary_10.review.gate");
  EXPECT_EQ(r.entered("canary_10.review.gate"), 1h + 200ms);
  const Duration last = r.elapsed();
  r.silence();
  r.run_to_end();
  EXPECT_EQ(r.entered(kBack) - last, 3min - 200ms);
}

TEST(ClockStep, AStepAndItsReturn) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  r.start();
  r.run_for(30min);
  r.clock_step(1h);
  r.run_for(10min);
  r.clock_step(-1h);
  r.run_to_end();
  EXPECT_EQ(r.elapsed(), 3h + 400ms);
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(ClockStep, AStartAfterAStepTakesPointsByTheNewClock) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  r.clock_step(1h);
  r.clock_offset = 1h;
  r.run_for(10min);
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.elapsed(), 3h + 10min + 400ms);
}

}  // namespace
}  // namespace rollbook::tests
