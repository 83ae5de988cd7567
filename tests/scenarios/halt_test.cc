// Halted: guard armed, people paged, only rollback, abort and resume are taken; and the rollback by
// command to a weight above nothing, which ends so.

#include <gtest/gtest.h>

#include "engine/core/clocks.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::EffectKind;
using core::RollbackHow;
using core::Verb;
using core::Weight;

const Labels kNew{{"v", "new"}};
constexpr const char* kBack = "rollback.automatic.shift";

// A guard that halts beside the one that rolls back.
const std::string kHalting =
    text_of({.guard = "stop error_rate > 10% over 1m\n"
                      "stop absent(requests) for 3m\n",
             .stages = "guard {\n stop error_rate > 1% over 5m for 2m\n otherwise halt\n}\n"
                       "stage canary {\n traffic 20%\n hold 1h\n}\n"});

TEST(Halt, AGuardHaltsWhereItStandsAndPages) {
  Rehearsal r(kHalting);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(30min);
  r.counter("err", kNew, 5);
  r.run_for(10min);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.weights(), "20%");
  ASSERT_EQ(r.effects(EffectKind::page).size(), 1U);
  EXPECT_EQ(r.effects(EffectKind::page)[0].channel, "oncall");
  EXPECT_EQ(r.effects(EffectKind::page)[0].text.rfind("Halted: error_rate > 1% over 5m for 2m", 0),
            0U);
  r.run_for(48h);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.effects(EffectKind::page).size(), 1U);
}

TEST(Halt, OnlyRollbackAbortAndResumeAreTaken) {
  Rehearsal r(kHalting);
  healthy(r);
  r.start();
  r.run_for(30min);
  r.counter("err", kNew, 5);
  r.run_for(10min);
  ASSERT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::promote), "halted");
  EXPECT_EQ(r.verb(Verb::pause), "halted");
  EXPECT_EQ(r.verb(Verb::extend, 1h), "halted");
  EXPECT_EQ(r.confirm("anything", "dev", "ann"), "halted");
  EXPECT_EQ(r.decide("proceed", "dev", "ann"), "halted");
  EXPECT_EQ(r.verb(Verb::abort), "");
  EXPECT_FALSE(r.rollout().halted);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.weights(), "20% 0%");
}

TEST(Halt, ResumeGivesTheHoldItsRemainingTime) {
  Rehearsal r(kHalting);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(30min);
  r.add("err", kNew, 400);
  r.run_for(5min);
  ASSERT_TRUE(r.rollout().halted);
  const auto hold = r.machine().stages[0].hold;
  const core::Duration held = core::elapsed(r.rollout(), hold, r.now());
  r.run_for(5h);
  EXPECT_EQ(core::elapsed(r.rollout(), hold, r.now()), held);
  const core::Duration resumed = r.elapsed();
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_FALSE(r.rollout().halted);
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.elapsed(), resumed + (1h - held));
}

TEST(Halt, AStopThatIsStillTrueActsAtOnceAfterAResume) {
  Rehearsal r(kHalting);
  healthy(r);
  r.start();
  r.run_for(30min);
  r.counter("err", kNew, 5);
  r.run_for(10min);
  ASSERT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.effects(EffectKind::page).size(), 2U);
}

TEST(Halt, TheGuardStaysArmed) {
  Rehearsal r(kHalting);
  healthy(r);
  r.start();
  r.run_for(30min);
  r.counter("err", kNew, 5);
  r.run_for(10min);
  ASSERT_TRUE(r.rollout().halted);
  r.counter("err", kNew, 20);
  r.run_for(2min);
  EXPECT_EQ(r.because(kBack).rfind("error_rate > 10% over 1m", 0), 0U);
  EXPECT_FALSE(r.rollout().halted);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Halt, WhereNoGuardRollsBackAnAbortHaltsAndARollbackIsACommand) {
  std::string text = text_of({.stages = R"(stage canary {
    traffic 20%
    hold 1h
    within 4h otherwise decide verdict
  }
)"});
  text.replace(text.find("otherwise rollback automatic"), 28, "otherwise halt");
  Rehearsal r(text);
  healthy(r);
  r.start();
  r.run_for(30min);
  EXPECT_EQ(r.verb(Verb::abort), "");
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::abort), "halted");
  EXPECT_EQ(r.rollback(RollbackHow::immediate), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.weights(), "20% 0%");
  EXPECT_NE(r.entered("rollback.immediate.ramp"), core::kNever);
}

TEST(Halt, BeforeAnyTrafficAnAbortEndsIt) {
  Rehearsal r(text_of({.before = R"(require {
    confirm "Ready" by ops
    within 4h otherwise halt
  }
)"}));
  healthy(r);
  r.start();
  r.run_for(4h);
  ASSERT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.state(), "preflight.gate");
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_NE(r.question("Ready"), 0U);
  r.run_for(4h);
  ASSERT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::abort), "");
  EXPECT_EQ(r.state(), "aborted");
}

TEST(Halt, SurvivesACrash) {
  Rehearsal r(kHalting);
  healthy(r);
  r.start();
  r.run_for(30min);
  r.counter("err", kNew, 5);
  r.run_for(10min);
  ASSERT_TRUE(r.rollout().halted);
  r.crash();
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::promote), "halted");
  EXPECT_EQ(r.rollback(RollbackHow::gradual), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Halt, NeedsNobodyToBePausedToo) {
  Rehearsal r(kHalting);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(30min);
  EXPECT_EQ(r.verb(Verb::pause, 8h), "");
  r.add("err", kNew, 400);
  r.run_for(10min);
  ASSERT_TRUE(r.rollout().halted);
  r.run_for(9h);  // the pause would be over: the halt is not
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_FALSE(r.rollout().paused);
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

// ---- As the exit of a wait ----------------------------------------------------------------------

TEST(Halt, AReviewThatIsNotMetHaltsAndAsksAnewAfterAResume) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    traffic 20%
    hold 1h
    expect error_rate < 0.5% over 5m
    confirm "Fine" by ops
    within 4h otherwise halt
  }
)"}));
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_to("canary.review");
  const std::uint64_t asked = r.question("Fine");
  EXPECT_EQ(r.confirm("Fine", "ops", "ann", false), "");
  ASSERT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.state(), "canary.review.gate");
  r.run_for(12h);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_FALSE(r.rollout().halted);
  EXPECT_NE(r.question("Fine"), 0U);
  EXPECT_NE(r.question("Fine"), asked);
  // The deadline is a new one: it halts once more when nobody answers.
  r.run_for(4h - 1s);
  EXPECT_FALSE(r.rollout().halted);
  r.run_for(1s);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.confirm("Fine", "ops", "ann"), "");
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Halt, ADecisionMayHalt) {
  Rehearsal r(
      text_of({.before = R"(decide stop_here {
    by any of dev, ops
    ask mail
    within 3h otherwise halt
    option wait "Wait" halt
  }
)",
               .stages = "stage canary {\n traffic 20%\n hold 1h\n decide stop_here\n}\n"}));
  healthy(r);
  r.start();
  r.run_to("canary.review.decide");
  EXPECT_EQ(r.decide("wait", "dev", "ann"), "");
  ASSERT_TRUE(r.rollout().halted);
  const std::size_t told = r.effects(EffectKind::notify).size();
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_FALSE(r.rollout().halted);
  EXPECT_EQ(r.effects(EffectKind::notify).size(), told + 1);
  r.run_for(3h);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.decide("next", "ops", "bob"), "");
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Halt, ARunThatFailedIsAskedForAgainAfterAResume) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    traffic 20%
    run soak(phase: "x") within 1h
    hold 1h
    within 4h otherwise halt
  }
)"}));
  healthy(r);
  bool works = false;
  r.settles = [&](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.succeeds = effect.kind != EffectKind::run || works};
  };
  r.start();
  r.run_for(1min);
  ASSERT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.state(), "canary.run1");
  works = true;
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  const auto runs = r.effects(EffectKind::run);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_FALSE(runs[0].retry_of.valid());
  EXPECT_TRUE(runs[1].retry_of.valid());
}

// ---- The rollback to more than nothing ----------------------------------------------------------

constexpr Weight kFive{50'000'000};
constexpr Weight kTen{100'000'000};

TEST(PartialRollback, EndsHaltedAndResumesAtTheStagesShift) {
  Rehearsal r(kTwoStages);
  r.agreeable = true;
  healthy(r);
  r.start();
  r.run_to("canary_50.hold");
  r.run_for(1h);
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(1min);
  EXPECT_EQ(r.weights(), "10% 50% 5%");
  EXPECT_EQ(r.state(), "rollback.partial");
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.effects(EffectKind::page).size(), 1U);
  EXPECT_EQ(r.verb(Verb::promote), "halted");
  r.run_for(6h);
  const core::Duration resumed = r.elapsed();
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.state(), "canary_50.shift");
  EXPECT_EQ(r.because(), "resumed: the stage begins anew");
  r.run_to_end();
  // The whole hold again: the stage begins anew.
  EXPECT_EQ(r.elapsed(), resumed + 2h + 200ms);
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.weights(), "10% 50% 5% 50%");
}

// It is over, and no reason of what comes after it.
TEST(PartialRollback, IsForgottenWhenItGoesOn) {
  Rehearsal r(kTwoStages);
  r.agreeable = true;
  healthy(r);
  r.start();
  r.run_to("canary_50.hold");
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(1min);
  EXPECT_EQ(r.rollout().breach, "rollback to 5% by maria");
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.rollout().breach, "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.rollout().breach, "");
  EXPECT_EQ(r.rollout().because, r.because("succeeded"));
}

TEST(PartialRollback, IsNoReasonOfTheOneThatGoesFurther) {
  Rehearsal r(kTwoStages);
  r.agreeable = true;
  healthy(r);
  r.start();
  r.run_to("canary_50.hold");
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(1min);
  EXPECT_EQ(r.rollback(RollbackHow::gradual), "");
  EXPECT_EQ(r.rollout().breach, "gradual rollback by maria");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.rollout().because, "gradual rollback by maria");
}

TEST(PartialRollback, StepsDownWhenItIsGradual) {
  Rehearsal r(kTwoStages);
  r.agreeable = true;
  healthy(r);
  r.start();
  r.run_to("canary_50.hold");
  EXPECT_EQ(r.rollback_to(kTen, RollbackHow::gradual, 4min), "");
  r.run_for(10min);
  EXPECT_EQ(r.weights(), "10% 50% 40% 30% 20% 10%");
  EXPECT_TRUE(r.rollout().halted);
}

TEST(PartialRollback, IsAskedForAgainUntilItSettles) {
  Rehearsal r(kTwoStages);
  r.agreeable = true;
  healthy(r);
  int refused = 2;
  r.settles = [&](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.never = effect.rollback && refused-- > 0};
  };
  r.start();
  r.run_to("canary_50.hold");
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(5s);
  EXPECT_FALSE(r.rollout().halted);
  r.run_for(1min);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.weights(), "10% 50% 5% 5% 5%");
}

TEST(PartialRollback, GoesOnToNothingByAbortRollbackOrTheGuard) {
  for (const int way : {0, 1, 2, 3}) {
    Rehearsal r(kTwoStages);
    r.agreeable = true;
    healthy(r);
    r.start();
    r.run_to("canary_50.hold");
    r.run_for(30min);
    EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
    r.run_for(1min);
    ASSERT_TRUE(r.rollout().halted);
    std::string refused;
    if (way == 0) refused = r.verb(Verb::abort);
    if (way == 1) refused = r.rollback(RollbackHow::immediate);
    if (way == 2) refused = r.rollback(RollbackHow::gradual);
    if (way == 3) r.counter("err", kNew, 50);
    EXPECT_EQ(refused, "");
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back") << way;
    EXPECT_EQ(r.entered("rollback.gradual.ramp") != core::kNever, way == 2);
  }
}

TEST(PartialRollback, MayGoLowerOnceMoreAndStillResumes) {
  Rehearsal r(kTwoStages);
  r.agreeable = true;
  healthy(r);
  r.start();
  r.run_to("canary_50.hold");
  EXPECT_EQ(r.rollback_to(kTen, RollbackHow::immediate), "");
  r.run_for(1min);
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(1min);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.weights(), "10% 50% 10% 5% 50%");
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(PartialRollback, IsRefusedWhereItWouldLowerNothing) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(1min);
  EXPECT_EQ(r.rollback_to(kTen, RollbackHow::immediate), "invalid");
  EXPECT_EQ(r.rollback_to(Weight{200'000'000}, RollbackHow::immediate), "invalid");
  EXPECT_EQ(r.rollback(RollbackHow::gradual), "");
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "softer");
}

TEST(PartialRollback, StartsAgainWhatItsStageHadStarted) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    start trace(share: 1%)
    traffic 20%
    hold until trace at most 8h
    within 4h otherwise rollback gradual
  }
)"}));
  healthy(r);
  bool done = false;
  r.settles = [&](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.never = effect.kind == EffectKind::start && !done};
  };
  r.start();
  r.run_for(10min);
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(1min);
  EXPECT_EQ(r.effects(EffectKind::stop).size(), 1U);
  done = true;
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.effects(EffectKind::start).size(), 2U);
  EXPECT_EQ(r.weights(), "20% 5% 20%");
}

TEST(PartialRollback, ResumedWhileNobodySeesWaitsForSight) {
  Rehearsal r(kTwoStages);
  r.agreeable = true;
  healthy(r);
  r.start();
  r.run_to("canary_50.hold");
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(1min);
  ASSERT_TRUE(r.rollout().halted);
  r.sight(core::Sight::catching_up);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.state(), "rollback.partial");
  EXPECT_FALSE(r.rollout().halted);
  r.sight(core::Sight::live);
  EXPECT_EQ(r.state(), "canary_50.shift");
}

TEST(PartialRollback, AnAbortOnTheWayGoesOnToNothing) {
  Rehearsal r(kTwoStages);
  r.agreeable = true;
  healthy(r);
  r.start();
  r.run_to("canary_50.hold");
  EXPECT_EQ(r.rollback_to(kTen, RollbackHow::gradual, 4min), "");
  r.run_for(90s);
  EXPECT_EQ(r.verb(Verb::abort), "");
  r.run_to_end(10min);
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.weights(), "10% 50% 40% 30% 0%");
}

TEST(PartialRollback, AnAbortWhileItsResumptionWaitsGoesOnToNothing) {
  Rehearsal r(kTwoStages);
  r.agreeable = true;
  healthy(r);
  r.start();
  r.run_to("canary_50.hold");
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(1min);
  r.sight(core::Sight::catching_up);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.verb(Verb::abort), "");
  EXPECT_EQ(r.state(), kBack);
  r.sight(core::Sight::live);
  r.run_to_end(10min);
  EXPECT_EQ(r.weights(), "10% 50% 5% 0%");
}

// What had failed before is not what the stage asks for now.
TEST(PartialRollback, ARampThatHadFailedBeginsAnew) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    ramp traffic to 20% over 4m every 1m
    hold 10m
  }
)"}));
  healthy(r);
  bool works = false;
  r.settles = [&](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.never = !works && effect.to.nanos == 150'000'000};
  };
  r.start();
  r.run_for(2min + 30s);
  ASSERT_EQ(r.weights(), "5% 10% 15%");
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(10min);  // the step misses its deadline
  ASSERT_TRUE(r.rollout().halted);
  works = true;
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(PartialRollback, WaitsForItsOwnShiftNotForThatOfAnEarlierOne) {
  Rehearsal r(kTwoStages);
  r.agreeable = true;
  healthy(r);
  bool deaf = false;
  r.settles = [&](const core::EffectRequested& effect) {
    if (!deaf) return Rehearsal::Settlement{};
    return Rehearsal::Settlement{.after = 30s, .succeeds = false, .never = effect.rollback};
  };
  r.start();
  r.run_to("canary_50.hold");
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(1min);
  ASSERT_TRUE(r.rollout().halted);
  deaf = true;
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.rollback_to(kTen, RollbackHow::immediate), "");
  r.run_for(1min);  // the shift to 50% has failed
  EXPECT_FALSE(r.rollout().halted);
  deaf = false;
  r.run_for(5min);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.rollout().settled, kFive);
}

TEST(PartialRollback, StagesAfterTheOneThatBeginsAnewDoSoToo) {
  Rehearsal r(text_of({.stages = "stage canary {\n traffic 20%\n hold 1h\n}\n"
                                 "stage rest {\n hold 2h\n}\n"}));
  healthy(r);
  r.start();
  r.run_to("rest.hold");
  r.run_for(90min);
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(1min);
  const core::Duration resumed = r.elapsed();
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.state(), "canary.shift");
  r.run_to_end();
  EXPECT_EQ(r.elapsed(), resumed + 3h + 200ms);
}

}  // namespace
}  // namespace rollbook::tests
