// Pauses: holds and forward steps wait; the guard, people's deadlines and a rollback do not.

#include <gtest/gtest.h>

#include "engine/core/clocks.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectRequested;
using core::Verb;
using Settlement = Rehearsal::Settlement;

const Labels kNew{{"v", "new"}};

const std::string& confirmed() {
  static const std::string text =
      text_of({.stages = "stage canary {\n traffic 20%\n hold 1h\n"
                         " expect error_rate < 0.5% over 5m\n confirm \"Fine\" by all of dev, ops\n"
                         " within 4h otherwise decide verdict\n}\n"});
  return text;
}

TEST(Pause, AHoldStandsStill) {
  Rehearsal r(confirmed());
  healthy(r);
  r.start();
  r.run_for(30min);
  EXPECT_EQ(r.verb(Verb::pause), "");
  EXPECT_TRUE(r.rollout().paused);
  r.run_for(5h);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to("canary.review.gate");
  EXPECT_EQ(r.entered("canary.review.gate"), 6h + 200ms);
}

TEST(Pause, EndsByItselfAfterTheTimeItWasGiven) {
  Rehearsal r(confirmed());
  healthy(r);
  r.start();
  r.run_for(30min);
  r.verb(Verb::pause, 2h);
  EXPECT_EQ(r.rollout().paused_until, r.kBegin + 30min + 2h);
  r.run_for(2h - 1ms);
  EXPECT_TRUE(r.rollout().paused);
  r.run_for(1ms);
  EXPECT_FALSE(r.rollout().paused);
  r.run_to("canary.review.gate");
  EXPECT_EQ(r.entered("canary.review.gate"), 3h + 200ms);
}

TEST(Pause, ASecondOneReplacesTheFirst) {
  Rehearsal r(confirmed());
  healthy(r);
  r.start();
  r.run_for(10min);
  r.verb(Verb::pause, 10min);
  r.run_for(5min);
  r.verb(Verb::pause);
  r.run_for(3h);
  EXPECT_TRUE(r.rollout().paused);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.verb(Verb::resume), "not_paused");
}

TEST(Pause, SpansTheLastAnswer) {
  Rehearsal r(confirmed());
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.confirm("Fine", "dev", "dora");
  r.verb(Verb::pause);
  r.run_for(1h);
  EXPECT_EQ(r.confirm("Fine", "ops", "olga"), "");
  EXPECT_EQ(r.state(), "canary.review.gate");
  r.run_for(1h);
  EXPECT_EQ(r.state(), "canary.review.gate");
  r.verb(Verb::resume);
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.because(), "all checks passed");
}

TEST(Pause, SpansTheLastAnswerAndWhatFailsWhenItEndsFails) {
  Rehearsal r(confirmed());
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.confirm("Fine", "dev", "dora");
  r.verb(Verb::pause, 30min);
  r.confirm("Fine", "ops", "olga");
  r.run_for(27min);
  r.add("err", kNew, 200);
  r.run_for(5min);
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  EXPECT_EQ(r.entered("canary.review.otherwise"), 1h + 30min + 200ms);
}

TEST(Pause, DeadlinesOfPeopleRunOn) {
  Rehearsal r(confirmed());
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.verb(Verb::pause);
  r.run_to("canary.review.otherwise");
  EXPECT_EQ(r.entered("canary.review.otherwise"), 5h + 200ms);
  r.run_to("rollback.gradual");
  EXPECT_EQ(r.entered("rollback.gradual.ramp"), 8h + 200ms);
}

TEST(Pause, ADecisionForNextWaitsForItsEnd) {
  Rehearsal r(confirmed());
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.confirm("Fine", "ops", "olga", false);
  r.verb(Verb::pause);
  r.confirm("Fine", "ops", "olga", true);
  r.confirm("Fine", "dev", "dora", true);
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  r.decide("proceed", "dev", "dora");
  r.decide("proceed", "ops", "olga");
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  r.run_for(1h);
  r.verb(Verb::resume);
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Pause, DoesNotHoldANo) {
  Rehearsal r(
      text_of({.stages = "stage canary {\n traffic 20%\n hold 1h\n confirm \"Fine\" by all of dev, "
                         "ops\n within 4h otherwise rollback automatic\n}\n"}));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.verb(Verb::pause);
  r.run_for(5min);
  EXPECT_EQ(r.confirm("Fine", "dev", "dora"), "");
  EXPECT_EQ(r.state(), "canary.review.gate");
  EXPECT_EQ(r.confirm("Fine", "ops", "olga", false), "");
  EXPECT_EQ(r.entered("rollback.automatic.shift"), 1h + 5min + 200ms);
  EXPECT_EQ(r.because("rollback.automatic.shift"), "olga (ops) says no to `Fine`");
  r.run_to_end(1min);
  EXPECT_EQ(r.weights(), "20% 0%");
}

TEST(Pause, DoesNotHoldANoThatAsksOrEnds) {
  Rehearsal r(confirmed());
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.verb(Verb::pause);
  r.confirm("Fine", "ops", "olga", false);
  EXPECT_EQ(r.state(), "canary.review.otherwise");

  Rehearsal before(
      text_of({.before = "require {\n confirm \"Ready\" by dev\n within 2h otherwise end\n}\n"}));
  before.start();
  before.verb(Verb::pause);
  before.confirm("Ready", "dev", "dora", false);
  EXPECT_EQ(before.state(), "aborted");
}

TEST(Pause, DoesNotHoldAnExpectThatFails) {
  Rehearsal r(text_of({.guard = "stop error_rate > 5% over 5m\nstop absent(requests) for 3m\n",
                       .stages = "stage canary {\n traffic 20%\n hold 10m\n"
                                 " expect error_rate < 0.5% over 30m\n"
                                 " within 4h otherwise rollback automatic\n}\n"}));
  healthy(r);
  r.counter("err", kNew, 1);
  r.start();
  r.run_to("canary.review.gate");
  r.verb(Verb::pause);
  r.run_for(15min);
  EXPECT_EQ(r.state(), "canary.review.gate");
  r.run_to_end(10min);
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_TRUE(r.rollout().paused);
}

// The guard's own softer limit holds the same, and no more.
TEST(Pause, WhileTheGuardPausesANoIsNotHeldEither) {
  Rehearsal r(
      text_of({.guard = "stop error_rate > 5% over 5m\nstop absent(requests) for 3m\n"
                        "pause while error_rate > 1% over 5m\n",
               .stages = "stage canary {\n traffic 20%\n hold 1h\n confirm \"Fine\" by dev\n"
                         " within 4h otherwise rollback automatic\n}\n"}));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.add("err", kNew, 1000);
  r.run_for(1min);
  ASSERT_TRUE(core::barred(r.machine(), r.rollout()));
  r.confirm("Fine", "dev", "dora", false);
  EXPECT_EQ(r.state(), "rollback.automatic.shift");
}

// What is answered while the engine reads what it has missed is judged with that.
TEST(Pause, ANoWhileCatchingUpActsOnceAllIsRead) {
  Rehearsal r(confirmed());
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.sight(core::Sight::catching_up);
  EXPECT_EQ(r.confirm("Fine", "ops", "olga", false), "");
  EXPECT_EQ(r.state(), "canary.review.gate");
  r.sight(core::Sight::live);
  EXPECT_EQ(r.state(), "canary.review.otherwise");
}

TEST(Pause, DoesNotHoldTheGuard) {
  for (const char* where : {"canary.hold.wait", "canary.review.gate"}) {
    Rehearsal r(confirmed());
    healthy(r);
    r.start();
    r.run_to(where);
    r.run_for(10min);
    r.verb(Verb::pause);
    r.add("err", kNew, 400);
    r.run_to_end(1h);
    EXPECT_EQ(r.state(), "rolled_back") << where;
    EXPECT_EQ(r.weights(), "20% 0%");
  }
}

TEST(Pause, DoesNotHoldARollback) {
  Rehearsal r(confirmed());
  healthy(r);
  r.start();
  r.run_for(10min);
  r.rollback(core::RollbackHow::gradual);
  r.run_for(1min);
  EXPECT_EQ(r.verb(Verb::pause), "");
  r.run_to_end();
  EXPECT_EQ(r.elapsed(), 19min + 200ms);
  EXPECT_EQ(r.weights(), "20% 18% 16% 14% 12% 10% 8% 6% 4% 2% 0%");
}

TEST(Pause, DuringAShiftTheHoldWaitsToBegin) {
  Rehearsal r(confirmed());
  healthy(r);
  r.settles = [](const EffectRequested&) { return Settlement{.after = 1min}; };
  r.start();
  r.verb(Verb::pause);
  r.run_for(30min);
  EXPECT_EQ(r.state(), "canary.shift");
  EXPECT_EQ(r.rollout().settled.nanos, 200'000'000);
  r.verb(Verb::resume);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  r.run_to("canary.review.gate");
  EXPECT_EQ(r.entered("canary.review.gate"), 1h + 30min);
}

TEST(Pause, AShiftThatMissesItsDeadlineWhilePausedIsABreach) {
  Rehearsal r(confirmed());
  healthy(r);
  r.settles = [](const EffectRequested& effect) { return Settlement{.never = !effect.rollback}; };
  r.start();
  r.verb(Verb::pause);
  r.run_to_end();
  EXPECT_EQ(r.entered("rollback.automatic.shift"), 5min);
}

TEST(Pause, APromotionWhilePausedActsWhenItEnds) {
  Rehearsal r(confirmed());
  healthy(r);
  r.start();
  r.run_for(10min);
  r.verb(Verb::pause);
  EXPECT_EQ(r.verb(Verb::promote), "");
  EXPECT_EQ(r.state(), "canary.hold.wait");
  r.verb(Verb::resume);
  EXPECT_EQ(r.state(), "canary.review.gate");
}

TEST(Pause, BeforeAnyTrafficHoldsTheFirstShift) {
  Rehearsal r(
      text_of({.before = "require {\n confirm \"Ready\" by dev\n within 2h otherwise end\n}\n"}));
  healthy(r);
  r.start();
  r.verb(Verb::pause);
  r.confirm("Ready", "dev", "dora");
  EXPECT_EQ(r.state(), "preflight.gate");
  EXPECT_EQ(r.weights(), "");
  r.verb(Verb::resume);
  EXPECT_EQ(r.weights(), "20%");
}

// What was known before the absence is no reason to go forward after it.
TEST(Pause, OneThatEndsWhileTheEngineIsAwayWaitsForWhatWasMissed) {
  Rehearsal r(text_of({.stages = "stage canary {\n traffic 20%\n hold 1h\n}\n"
                                 "stage second {\n traffic 40%\n hold 1h\n}\n",
                       .success = "finish traffic 40%\n"}));
  healthy(r);
  r.counter("err", {{"v", "new"}}, 0);
  r.start();
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::pause, 1h), "");
  EXPECT_EQ(r.verb(Verb::promote), "");
  r.counter("err", {{"v", "new"}}, 20);
  r.engine_away(2h);
  r.run_for(1min);
  EXPECT_EQ(r.weights(), "20% 0%");
}

}  // namespace
}  // namespace rollbook::tests
