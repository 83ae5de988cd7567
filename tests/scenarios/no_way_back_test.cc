// What stages undo when a rollback comes, and the steps that cannot be taken back.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::EffectKind;
using core::RollbackHow;
using core::Verb;

const Labels kNew{{"v", "new"}};
constexpr const char* kBack = "rollback.automatic.shift";

// "soak(a) soak(b)": the runs that were asked for, with what they are about.
std::string runs(const Rehearsal& r) {
  std::string text;
  for (const core::EffectRequested& run : r.effects(EffectKind::run)) {
    text += (text.empty() ? "" : " ") + run.name + "(" + run.arguments[0].value + ")";
  }
  return text;
}

// ---- undo ---------------------------------------------------------------------------------------

const std::string kUndoing = text_of({.stages = R"(stage first {
    traffic 20%
    hold 1h
    undo {
      run soak(phase: "first a") within 10m
      run soak(phase: "first b") within 10m
    }
  }
  stage plain {
    traffic 30%
    hold 1h
  }
  stage third {
    traffic 40%
    hold 1h
    undo {
      notify mail "Undoing {stage}"
      run soak(phase: "third") within 10m
    }
  }
  stage last {
    traffic 50%
    hold 1h
    undo { run soak(phase: "last") within 10m }
  }
)",
                                      .success = "finish traffic 50%\n"});

TEST(Undo, RunsInReverseOrderOfTheStagesEnteredBeforeTheRollbacksActs) {
  Rehearsal r(kUndoing);
  healthy(r);
  r.start();
  r.run_to("third.hold");
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::abort), "");
  EXPECT_EQ(r.effects(EffectKind::page).size(), 1U);  // what does not wait goes out on entry
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(runs(r), "soak(third) soak(first a) soak(first b)");
  EXPECT_EQ(r.weights(), "20% 30% 40% 0%");
  const auto undone = r.times(EffectKind::run);
  EXPECT_GT(r.times(EffectKind::traffic).back(), undone.back());
  ASSERT_EQ(r.effects(EffectKind::notify).size(), 1U);
}

TEST(Undo, DoesNothingOnTheGoodDay) {
  Rehearsal r(kUndoing);
  healthy(r);
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(runs(r), "");
}

TEST(Undo, AFailurePagesAndTheRestGoesOn) {
  Rehearsal r(kUndoing);
  healthy(r);
  r.settles = [](const core::EffectRequested& effect) {
    const bool fails = !effect.arguments.empty() && effect.arguments[0].value == "first a";
    const bool hangs = !effect.arguments.empty() && effect.arguments[0].value == "third";
    return Rehearsal::Settlement{.succeeds = !fails, .never = hangs};
  };
  r.start();
  r.run_to("third.hold");
  EXPECT_EQ(r.verb(Verb::abort), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(runs(r), "soak(third) soak(first a) soak(first b)");
  EXPECT_EQ(r.effects(EffectKind::page).size(), 3U);  // the rollback's own, and one each
}

TEST(Undo, IsNotRepeatedByAFasterRollbackThatTakesOver) {
  Rehearsal r(kUndoing);
  healthy(r);
  r.start();
  r.run_to("third.hold");
  r.run_for(10min);
  EXPECT_EQ(r.rollback(RollbackHow::gradual), "");
  r.run_to("rollback.gradual.ramp");
  r.counter("err", kNew, 20);
  r.run_to(kBack);
  r.run_to_end();
  EXPECT_EQ(runs(r), "soak(third) soak(first a) soak(first b)");
}

TEST(Undo, IsBegunAgainWhereItWasInterrupted) {
  Rehearsal r(kUndoing);
  healthy(r);
  bool hangs = true;
  r.settles = [&](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.never = hangs && effect.kind == EffectKind::run};
  };
  r.start();
  r.run_to("third.hold");
  r.run_for(10min);
  EXPECT_EQ(r.rollback(RollbackHow::gradual), "");
  r.run_for(10s);
  hangs = false;
  EXPECT_EQ(r.rollback(RollbackHow::immediate), "");
  r.run_to_end();
  EXPECT_EQ(runs(r), "soak(third) soak(third) soak(first a) soak(first b)");
}

TEST(Undo, KeepsTheTimeThatARollbackByCommandWasGiven) {
  Rehearsal r(kUndoing);
  healthy(r);
  r.start();
  r.run_to("third.hold");
  EXPECT_EQ(r.rollback(RollbackHow::gradual, 2min), "");
  r.run_to_end();
  EXPECT_EQ(r.weights(), "20% 30% 40% 20% 0%");
}

TEST(Undo, AGuardsRollbackTakesItsOwnTimeAfterACommandedOne) {
  Rehearsal r(kUndoing);
  healthy(r);
  r.start();
  r.run_to("third.hold");
  EXPECT_EQ(r.rollback_to(core::Weight{100'000'000}, RollbackHow::gradual, 2min), "");
  r.run_for(5min);
  EXPECT_EQ(r.rollback(RollbackHow::gradual), "");
  r.run_for(5min);
  EXPECT_EQ(r.state(), "rollback.gradual.ramp");  // its own ten minutes
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

// ---- irreversible -------------------------------------------------------------------------------

const std::string kMigrating = text_of({.guard = "stop error_rate > 10% over 1m\n"
                                                 "stop absent(requests) for 3m\n",
                                        .stages = R"(guard {
    stop error_rate > 1% over 5m
    otherwise halt
  }
  stage expand {
    traffic 20%
    hold 1h
    within 4h otherwise rollback gradual
  }
  stage contract {
    run soak(phase: "contract") within 1h irreversible
    traffic 50%
    hold 1h
    expect error_rate < 0.5% over 5m
    within 4h otherwise halt
  }
)",
                                        .success = "finish traffic 50%\n"});

TEST(Irreversible, TheGoodDayGoesThrough) {
  Rehearsal r(kMigrating);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_to("contract");
  EXPECT_TRUE(r.rollout().irreversible);
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Irreversible, UntilThenEverythingRollsBack) {
  Rehearsal r(kMigrating);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_to("expand.hold");
  r.run_for(30min);
  r.counter("err", kNew, 20);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Irreversible, AfterwardsTheGuardHaltsAndNothingGoesBack) {
  Rehearsal r(kMigrating);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_to("contract.hold");
  r.run_for(30min);
  r.counter("err", kNew, 50);
  r.run_for(10min);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.state(), "contract.hold.wait");
  EXPECT_EQ(r.rollback(RollbackHow::immediate), "irreversible");
  EXPECT_EQ(r.rollback_to(core::Weight{50'000'000}, RollbackHow::gradual), "irreversible");
  EXPECT_EQ(r.verb(Verb::abort), "irreversible");
  EXPECT_EQ(r.weights(), "20% 50%");
  r.counter("err", kNew, 0);
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

// What only the guard that rolled back looked at must not pass unnoticed.
TEST(Irreversible, AfterwardsTheGuardThatRolledBackHaltsToo) {
  Rehearsal r(kMigrating);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_to("contract.hold");
  r.run_for(30min);
  r.silence("req", kNew);
  r.run_for(10min);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.rollout().halted_because.rfind("absent(requests) for 3m", 0), 0U);
  ASSERT_EQ(r.effects(EffectKind::page).size(), 1U);
  EXPECT_EQ(r.weights(), "20% 50%");
  r.run_for(24h);
  EXPECT_EQ(r.effects(EffectKind::page).size(), 1U);
  EXPECT_EQ(r.state(), "contract.hold.wait");
}

TEST(Irreversible, AnAbortAfterwardsHalts) {
  Rehearsal r(kMigrating);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_to("contract.hold");
  EXPECT_EQ(r.verb(Verb::abort), "");
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.rollout().halted_because, "aborted by maria");
  EXPECT_EQ(r.state(), "contract.hold.wait");
}

TEST(Irreversible, AShiftThatFailsAfterwardsHaltsAndIsAskedForAgain) {
  Rehearsal r(kMigrating);
  healthy(r);
  r.counter("err", kNew, 0);
  bool works = false;
  r.settles = [&](const core::EffectRequested& effect) {
    const bool second = effect.kind == EffectKind::traffic && effect.to.nanos == 500'000'000;
    return Rehearsal::Settlement{.succeeds = !second || works};
  };
  r.start();
  r.run_to("contract.shift");
  r.run_for(1min);
  EXPECT_TRUE(r.rollout().halted);
  works = true;
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.weights(), "20% 50% 50%");
}

// A `start` is not waited for: there is no way back from the moment at which it goes out.
std::string starting(const std::string& contract) {
  return text_of({.guard = "stop error_rate > 10% over 1m\nstop absent(requests) for 3m\n",
                  .stages = R"(guard {
    stop error_rate > 1% over 5m
    otherwise halt
  }
  stage expand {
    traffic 20%
    hold 1h
  }
  stage contract {
)" + contract + R"(    hold until soak at most 4h
    within 4h otherwise halt
  }
)",
                  .success = "finish traffic 50%\n"});
}

const std::string kStarting = starting(R"(    traffic 50%
    hold 1h
    notify mail "Dropping"
    start soak(phase: "drop") irreversible
)");

const std::string kStartingOnEntry = starting(R"(    on enter {
      notify mail "Dropping"
      start soak(phase: "drop") irreversible
    }
    traffic 50%
    hold 1h
)");

TEST(IrreversibleStart, TheGoodDayGoesThrough) {
  for (const std::string& runbook : {kStarting, kStartingOnEntry}) {
    Rehearsal r(runbook);
    healthy(r);
    r.counter("err", kNew, 0);
    r.start();
    r.run_to_end();
    EXPECT_EQ(r.state(), "succeeded");
    EXPECT_EQ(r.effects(EffectKind::start).size(), 1U);
  }
}

TEST(IrreversibleStart, UntilItGoesOutEverythingRollsBack) {
  Rehearsal r(kStarting);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_to("contract.hold");
  r.run_for(30min);
  EXPECT_FALSE(r.rollout().irreversible);
  r.counter("err", kNew, 50);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.effects(EffectKind::start).size(), 0U);
}

TEST(IrreversibleStart, AfterwardsTheGuardHaltsThoughItIsStillUnderWay) {
  Rehearsal r(kStarting);
  healthy(r);
  r.counter("err", kNew, 0);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.after = effect.kind == EffectKind::start ? 3h : 1s};
  };
  r.start();
  r.run_to("contract.until");
  EXPECT_TRUE(r.rollout().irreversible);
  r.run_for(10min);
  r.counter("err", kNew, 50);
  r.run_for(10min);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.state(), "contract.until");
  EXPECT_EQ(r.rollback(RollbackHow::immediate), "irreversible");
  EXPECT_EQ(r.weights(), "20% 50%");
  r.counter("err", kNew, 0);
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(IrreversibleStart, OnEntryThereIsNoWayBackFromTheFirstStep) {
  Rehearsal r(kStartingOnEntry);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_to("contract.shift");
  EXPECT_TRUE(r.rollout().irreversible);
  EXPECT_EQ(r.rollback(RollbackHow::immediate), "irreversible");
  r.run_to("contract.hold");
  r.counter("err", kNew, 50);
  r.run_for(10min);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.weights(), "20% 50%");
}

// ---- idempotent ---------------------------------------------------------------------------------

const std::string kRepeating =
    text_of({.before = "action copy(phase: text) idempotent\n", .stages = R"(stage canary {
    traffic 20%
    run copy(phase: "x") within 10m
    hold 1h
    within 4h otherwise rollback gradual
  }
)"});

TEST(Idempotent, AFailedRunIsAskedForAgainLaterEachTime) {
  Rehearsal r(kRepeating);
  healthy(r);
  int failures = 2;
  r.settles = [&](const core::EffectRequested& effect) {
    const bool fails = effect.kind == EffectKind::run && failures-- > 0;
    return Rehearsal::Settlement{.succeeds = !fails};
  };
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  const auto asked = r.effects(EffectKind::run);
  const auto times = r.times(EffectKind::run);
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_FALSE(asked[0].retry_of.valid());
  EXPECT_TRUE(asked[1].retry_of.valid());
  EXPECT_EQ(asked[1].retry_of, asked[2].retry_of);
  EXPECT_EQ(times[1] - times[0], 10s + 200ms);
  EXPECT_EQ(times[2] - times[1], 20s + 200ms);
}

TEST(Idempotent, ARunThatMissedItsDeadlineToo) {
  Rehearsal r(kRepeating);
  healthy(r);
  int lost = 1;
  r.settles = [&](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.never = effect.kind == EffectKind::run && lost-- > 0};
  };
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  const auto times = r.times(EffectKind::run);
  ASSERT_EQ(times.size(), 2U);
  EXPECT_EQ(times[1] - times[0], 10min + 10s);
}

TEST(Idempotent, AfterItsLastAttemptTheStageTakesItsOtherwise) {
  Rehearsal r(kRepeating);
  healthy(r);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.succeeds = effect.kind != EffectKind::run};
  };
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.effects(EffectKind::run).size(), 4U);
  EXPECT_EQ(r.because("rollback.gradual.ramp"), "run `copy` failed");
}

TEST(Idempotent, ARetryWaitsWhilePaused) {
  Rehearsal r(kRepeating);
  healthy(r);
  int failures = 1;
  r.settles = [&](const core::EffectRequested& effect) {
    const bool fails = effect.kind == EffectKind::run && failures-- > 0;
    return Rehearsal::Settlement{.succeeds = !fails};
  };
  r.start();
  r.run_for(5s);
  EXPECT_EQ(r.verb(Verb::pause), "");
  r.run_for(1h);
  EXPECT_EQ(r.effects(EffectKind::run).size(), 1U);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.effects(EffectKind::run).size(), 2U);
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Idempotent, NothingIsAskedForAgainOnceTheStepWasLeft) {
  Rehearsal r(kRepeating);
  healthy(r);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.succeeds = effect.kind != EffectKind::run};
  };
  r.start();
  r.run_for(5s);
  EXPECT_EQ(r.verb(Verb::abort), "");
  r.run_to_end();
  EXPECT_EQ(r.effects(EffectKind::run).size(), 1U);
}

// A stage that begins anew asks for its run itself.
TEST(Idempotent, WhatWasAskedForAnewIsNotRetriedBesides) {
  Rehearsal r(kRepeating);
  healthy(r);
  bool works = false;
  r.settles = [&](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.succeeds = effect.kind != EffectKind::run || works};
  };
  r.start();
  r.run_to("canary.run1");
  r.run_for(5s);
  ASSERT_EQ(r.effects(EffectKind::run).size(), 1U);
  EXPECT_EQ(r.rollback_to(core::Weight{50'000'000}, RollbackHow::immediate), "");
  r.run_for(1min);
  works = true;
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.effects(EffectKind::run).size(), 2U);
}

}  // namespace
}  // namespace rollbook::tests
