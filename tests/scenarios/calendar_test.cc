// `advance only` while a rollout runs: what waits for the opening, and what never does.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::EffectKind;
using core::RollbackHow;
using core::Verb;

const Labels kNew{{"v", "new"}};
constexpr const char* kOffice = "advance only Mon-Fri 09:00-17:00 \"UTC\"\n";
constexpr core::Weight kFive{50'000'000};

// The rehearsal begins on Monday at midnight.
TEST(Calendar, StepsForwardWaitForTheOpeningAndAGuardDoesNot) {
  Rehearsal r(text_of({.before = kOffice}));
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(9h - 1s);
  EXPECT_EQ(r.weights(), "");
  r.run_for(2s);
  EXPECT_EQ(r.weights(), "20%");
  r.run_for(30min);
  r.engine_away(8h);
  r.counter("err", kNew, 20);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_LT(r.elapsed(), 18h);
}

TEST(Calendar, AHoldThatLacksRequestsEndsAtMostInClosedHoursToo) {
  Rehearsal r(text_of({.before = kOffice, .stages = R"(stage canary {
    traffic 20%
    hold 1h and 100000000 requests at most 10h
    within 4h otherwise rollback gradual
  }
)"}));
  healthy(r);
  r.start();
  r.run_for(30h);
  EXPECT_EQ(r.entered("rollback.gradual.ramp") / 1min, 19 * 60);
}

TEST(Calendar, WhatWasWaitedForWaitsForTheOpeningAlone) {
  Rehearsal r(text_of(
      {.before = std::string(kOffice) + "action fill(phase: text)\n", .stages = R"(stage canary {
    start fill(phase: "x")
    traffic 20%
    hold until fill at most 10h
    within 4h otherwise rollback gradual
  }
)"}));
  healthy(r);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{
        .after = effect.kind == EffectKind::start ? core::Duration(8h + 30min) : 200ms};
  };
  r.start();
  r.run_for(20h);
  EXPECT_EQ(r.state(), "canary.until");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.elapsed() / 1min, 33 * 60);
}

TEST(Calendar, WhoResumesAtNightShiftsInTheMorning) {
  Rehearsal r(
      text_of({.before = kOffice, .stages = "stage canary {\n traffic 20%\n hold 9h\n}\n"}));
  healthy(r);
  r.start();
  r.run_for(10h);
  EXPECT_EQ(r.rollback_to(kFive, RollbackHow::immediate), "");
  r.run_for(10h);
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_for(13h - 1s);
  EXPECT_EQ(r.weights(), "20% 5%");
  EXPECT_EQ(r.state(), "rollback.partial");
  r.run_for(2s);
  EXPECT_EQ(r.weights(), "20% 5% 20%");
}

TEST(Calendar, NothingGoesForwardOnWhatWasKnownBeforeTheEngineWasAway) {
  Rehearsal r(text_of({.before = kOffice,
                       .stages = "stage canary {\n traffic 20%\n hold 9h\n}\n"
                                 "stage second {\n traffic 40%\n hold 1h\n}\n",
                       .success = "finish traffic 40%\n"}));
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(32h);
  ASSERT_EQ(r.state(), "canary.hold.wait");
  r.counter("err", kNew, 20);
  r.engine_away(90min);
  r.run_for(1min);
  EXPECT_EQ(r.weights(), "20% 0%");
}

TEST(Calendar, ADeadlineOfTheNightDoesNotLeadAwayAfterAnAbsenceInTheMorning) {
  for (const core::Duration away : {core::Duration(0h), core::Duration(12h), core::Duration(20h)}) {
    Rehearsal r(text_of({.before = kOffice,
                         .stages = R"(stage canary {
    traffic 20%
    hold 8h30m
    expect error_rate < 0.5% over 5m
    within 4h otherwise rollback gradual
  }
  stage second {
    traffic 40%
    hold 1h
  }
)",
                         .success = "finish traffic 40%\n"}));
    healthy(r);
    r.start();
    r.run_for(22h);
    ASSERT_EQ(r.state(), "canary.review.gate");
    if (away > core::Duration::zero()) r.engine_away(away);
    r.run_for(13h);
    EXPECT_EQ(r.weights(), away > core::Duration(12h) ? "20%" : "20% 40%");
    r.run_to_end();
    EXPECT_EQ(r.state(), "succeeded");
  }
}

// ---- The hour that a clock leaves out ----------------------------------------------------------

// On Sunday, 2026-03-29, at 01:00Z the clocks of Berlin go from 02:00 to 03:00.
constexpr core::Duration kSpring = 83 * 24h + 1h;

// Lets the days pass until so long before it, and starts there.
void start_before_spring(Rehearsal& r, core::Duration before) {
  healthy(r);
  r.scrape_every = 24h;
  r.run_for(kSpring - 25h);
  r.scrape_every = 15s;
  r.run_for(25h - before);
  ASSERT_EQ(r.start(), "");
}

TEST(Calendar, ADeadlineInTheHourThatIsLeftOutComesWhenItsTimeHasPassed) {
  for (const char* hours : {"", "advance only Sat-Sun 00:00-24:00 \"Europe/Berlin\"\n"}) {
    Rehearsal r(text_of({.before = hours, .stages = R"(stage canary {
    traffic 20%
    hold 1h
    confirm "Fine" by ops
    within 1h30m otherwise rollback gradual
  }
)"}));
    // Begun at 01:00 by the wall, asked at 02:00 which is 03:00, over at 04:30.
    start_before_spring(r, 1h);
    r.run_for(3h);
    EXPECT_EQ((r.entered("rollback.gradual.ramp") - kSpring) / 1min, 90) << hours;
  }
}

TEST(Calendar, ADeadlineWrittenForTheHourThatIsLeftOutIsCountedNotRead) {
  // Asked at 01:30 by the wall, for an hour: there is no 02:30.
  Rehearsal r(text_of({.stages = R"(stage canary {
    traffic 20%
    hold 1h
    confirm "Fine" by ops
    within 1h otherwise rollback gradual
  }
)"}));
  start_before_spring(r, 1h + 30min);
  r.run_for(3h);
  EXPECT_EQ((r.entered("rollback.gradual.ramp") - kSpring) / 1min, 30);
}

TEST(Calendar, HoursThatAreLeftOutOpenOnTheNextDay) {
  Rehearsal r(text_of({.before = "advance only 02:00-03:00 \"Europe/Berlin\"\n"}));
  start_before_spring(r, 30min);
  r.run_for(23h + 29min);
  EXPECT_EQ(r.weights(), "");
  // 02:00 of Monday is 00:00Z.
  r.run_for(2min);
  EXPECT_EQ(r.weights(), "20%");
}

TEST(Calendar, HoursThatBeginInTheOneLeftOutOpenWithTheNextOne) {
  Rehearsal r(text_of({.before = "advance only 02:30-05:00 \"Europe/Berlin\"\n"}));
  start_before_spring(r, 30min);
  r.run_for(30min - 1s);
  EXPECT_EQ(r.weights(), "");
  r.run_for(2s);
  EXPECT_EQ(r.weights(), "20%");
}

}  // namespace
}  // namespace rollbook::tests
