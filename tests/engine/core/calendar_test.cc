#include "engine/core/calendar.h"

#include <gtest/gtest.h>

#include "tests/engine/stage_machine.h"

namespace rollbook::core::tests {
namespace {

constexpr std::uint8_t kWeekdays = 0x1f, kEveryDay = 0x7f, kSunday = 0x40;

Time utc(int year, unsigned month, unsigned day, int hour, int minute = 0) {
  using namespace std::chrono;
  const sys_days date =
      year_month_day{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  return Time(date.time_since_epoch() + hours(hour) + minutes(minute));
}

OpenHours in_utc(std::uint8_t days, Duration opens, Duration closes) {
  return {days, opens, closes, "UTC", {{kDistantPast, Duration::zero()}}, "hours"};
}
// As tzdata has it for 2026.
OpenHours in_berlin(std::uint8_t days, Duration opens, Duration closes) {
  return {days,
          opens,
          closes,
          "Europe/Berlin",
          {{kDistantPast, 1h}, {utc(2026, 3, 29, 1), 2h}, {utc(2026, 10, 25, 1), 1h}},
          "hours"};
}
Calendar only(OpenHours hours) { return Calendar{{std::move(hours)}}; }

TEST(Calendar, WithoutHoursIsAlwaysOpen) {
  EXPECT_TRUE(Calendar().open(utc(2026, 1, 3, 3)));
  EXPECT_EQ(Calendar().next_opening(utc(2026, 1, 3, 3)), kDistantFuture);
}

TEST(Calendar, OpensAndClosesByTheWall) {
  const Calendar calendar = only(in_berlin(kWeekdays, 9h, 17h));
  EXPECT_FALSE(calendar.open(utc(2026, 1, 5, 8) - Duration(1)));  // a Monday, 09:00 is 08:00Z
  EXPECT_TRUE(calendar.open(utc(2026, 1, 5, 8)));
  EXPECT_TRUE(calendar.open(utc(2026, 1, 5, 16) - Duration(1)));
  EXPECT_FALSE(calendar.open(utc(2026, 1, 5, 16)));
  EXPECT_TRUE(calendar.open(utc(2026, 7, 6, 7)));  // in summer 09:00 is 07:00Z
  EXPECT_FALSE(calendar.open(utc(2026, 1, 10, 12)));
}

TEST(Calendar, NextOpeningIsTheFirstAfterNow) {
  const Calendar calendar = only(in_utc(kWeekdays, 9h, 17h));
  EXPECT_EQ(calendar.next_opening(utc(2026, 1, 5, 8)), utc(2026, 1, 5, 9));
  EXPECT_EQ(calendar.next_opening(utc(2026, 1, 5, 9)), utc(2026, 1, 6, 9));
  EXPECT_EQ(calendar.next_opening(utc(2026, 1, 9, 17)), utc(2026, 1, 12, 9));
}

TEST(Calendar, GoesOverTheEndOfTheMonthAndTheYear) {
  const Calendar calendar = only(in_utc(kWeekdays, 9h, 17h));
  EXPECT_EQ(calendar.next_opening(utc(2026, 1, 30, 17)), utc(2026, 2, 2, 9));
  EXPECT_EQ(calendar.next_opening(utc(2027, 12, 31, 17)), utc(2028, 1, 3, 9));
  EXPECT_EQ(calendar.next_opening(utc(2028, 2, 28, 17)), utc(2028, 2, 29, 9));
}

TEST(Calendar, HoursMayGoOverMidnight) {
  const Calendar calendar = only(in_utc(1 << 4, 22h, 28h));  // Friday 22:00 to Saturday 04:00
  EXPECT_TRUE(calendar.open(utc(2026, 1, 9, 23)));
  EXPECT_TRUE(calendar.open(utc(2026, 1, 10, 4) - Duration(1)));
  EXPECT_FALSE(calendar.open(utc(2026, 1, 10, 4)));
  EXPECT_FALSE(calendar.open(utc(2026, 1, 10, 23)));
  EXPECT_FALSE(calendar.open(utc(2026, 1, 9, 1)));
  EXPECT_EQ(calendar.next_opening(utc(2026, 1, 10, 2)), utc(2026, 1, 16, 22));
}

TEST(Calendar, OpensAnHourEarlierByUtcOnceSpringHasCome) {
  const Calendar calendar = only(in_berlin(kWeekdays, 9h, 17h));
  EXPECT_EQ(calendar.next_opening(utc(2026, 3, 27, 20)), utc(2026, 3, 30, 7));
  EXPECT_EQ(calendar.next_opening(utc(2026, 10, 23, 20)), utc(2026, 10, 26, 8));
}

TEST(Calendar, HoursInTheMissingHourDoNotOpenThatDay) {
  const Calendar calendar = only(in_berlin(kEveryDay, 2h + 15min, 2h + 45min));
  EXPECT_EQ(calendar.next_opening(utc(2026, 3, 28, 12)), utc(2026, 3, 30, 0, 15));
  for (Time at = utc(2026, 3, 29, 0); at < utc(2026, 3, 29, 22); at += 5min) {
    EXPECT_FALSE(calendar.open(at));
  }
  // A window of Sundays alone waits a week.
  const Calendar sundays = only(in_berlin(kSunday, 2h + 15min, 2h + 45min));
  EXPECT_EQ(sundays.next_opening(utc(2026, 3, 23, 0)), utc(2026, 4, 5, 0, 15));
}

TEST(Calendar, HoursThatBeginInTheMissingHourOpenWhenItIsOver) {
  const Calendar calendar = only(in_berlin(kEveryDay, 2h + 30min, 4h));
  EXPECT_EQ(calendar.next_opening(utc(2026, 3, 28, 12)), utc(2026, 3, 29, 1));
  EXPECT_FALSE(calendar.open(utc(2026, 3, 29, 1) - Duration(1)));
  EXPECT_TRUE(calendar.open(utc(2026, 3, 29, 1)));
  EXPECT_FALSE(calendar.open(utc(2026, 3, 29, 2)));
}

TEST(Calendar, HoursInTheRepeatedHourOpenTwice) {
  const Calendar calendar = only(in_berlin(kEveryDay, 2h + 15min, 2h + 45min));
  const Time first = calendar.next_opening(utc(2026, 10, 24, 12));
  EXPECT_EQ(first, utc(2026, 10, 25, 0, 15));
  EXPECT_EQ(calendar.next_opening(first), utc(2026, 10, 25, 1, 15));
  EXPECT_FALSE(calendar.open(utc(2026, 10, 25, 1)));
}

TEST(Calendar, OpensAgainWhereTheWallIsPutBackIntoTheHours) {
  const Calendar calendar = only(in_berlin(kEveryDay, 1h, 2h + 30min));
  // Open from 01:00 to 02:30 in summer time; at 03:00 the wall is put back to 02:00.
  EXPECT_FALSE(calendar.open(utc(2026, 10, 25, 0, 45)));
  EXPECT_EQ(calendar.next_opening(utc(2026, 10, 25, 0, 45)), utc(2026, 10, 25, 1));
}

TEST(Calendar, IsOpenWhileAnyOfItsHoursAre) {
  const Calendar calendar{{in_utc(kWeekdays, 9h, 12h), in_utc(kSunday, 10h, 11h)}};
  EXPECT_TRUE(calendar.open(utc(2026, 1, 4, 10)));
  EXPECT_FALSE(calendar.open(utc(2026, 1, 5, 12)));
  EXPECT_EQ(calendar.next_opening(utc(2026, 1, 9, 13)), utc(2026, 1, 11, 10));
}

// Every minute of two years against the definition, by two ways of counting.
TEST(CalendarProperty, NextOpeningAgreesWithOpen) {
  const Calendar calendars[] = {only(in_berlin(kEveryDay, 2h + 15min, 3h + 45min)),
                                only(in_berlin(kSunday, 23h, 27h)),
                                only(in_berlin(kWeekdays, 0h, 24h))};
  for (const Calendar& calendar : calendars) {
    Time next = calendar.next_opening(utc(2026, 1, 1, 0));
    bool open = calendar.open(utc(2026, 1, 1, 0));
    for (Time at = utc(2026, 1, 1, 0) + 15min; at < utc(2027, 1, 15, 0); at += 15min) {
      const bool now = calendar.open(at);
      if (now && !open) {
        ASSERT_EQ(next, at) << at.time_since_epoch().count();
        next = calendar.next_opening(at);
      }
      open = now;
    }
  }
}

// ---- What waits ---------------------------------------------------------------------------------

constexpr std::uint32_t kBeforeCanary = 3, kSucceeded = 12;

// Drive begins on Monday 2026-01-05 at 00:00Z. Steps to the canary and out of it wait.
Machine with_hours(OpenHours hours) {
  Machine machine = stage_machine();
  machine.advance_only = only(std::move(hours));
  for (Transition& transition : machine.transitions) {
    const bool out = transition.to.value == kBeforeCanary || transition.to.value == kSucceeded;
    transition.on_calendar = transition.forward && out;
  }
  return machine;
}

TEST(AdvanceOnly, AShiftWaitsForTheOpening) {
  Drive drive(with_hours(in_utc(kWeekdays, 9h, 17h)));
  drive.begin();
  drive.confirm("Ready", "dev", "ann");
  drive.confirm("Ready", "ops", "bob");
  drive.settle_all();
  EXPECT_EQ(drive.name(), "setup");
  EXPECT_EQ(next_deadline(drive.machine, drive.state, drive.pending, drive.now),
            utc(2026, 1, 5, 9));
  drive.pass(9h - 1s);
  EXPECT_EQ(drive.name(), "setup");
  drive.pass(1s);
  EXPECT_EQ(drive.name(), "canary.shift");
}

TEST(AdvanceOnly, WhatStaysInTheStageDoesNotWait) {
  Drive drive(with_hours(in_utc(kWeekdays, 0h, 30min)));
  drive.to("canary.review");  // the hour of holding is over after the closing
  EXPECT_FALSE(drive.machine.advance_only.open(drive.now));
}

TEST(AdvanceOnly, ARollbackNeverWaits) {
  Drive drive(with_hours(in_utc(kWeekdays, 0h, 1min)));
  drive.to("canary.hold");
  drive.pass(1min);
  drive.traffic(6000, 3000);
  EXPECT_EQ(drive.name(), "rollback");
}

// The review passes in the closed hours; its deadline of 4 h runs out before Tuesday.
TEST(AdvanceOnly, APassedReviewIsNotLedAwayByItsDeadlineWhileItWaits) {
  Drive drive(with_hours(in_utc(kWeekdays, 0h, 30min)));
  drive.machine.criteria[kErrorExpect.value].limit = Fixed::from_int(1);
  drive.to("canary.review");
  drive.traffic(6000, 6);
  EXPECT_EQ(drive.confirm("No complaints", "ops", "bob"), "");
  EXPECT_EQ(drive.name(), "canary.review");
  for (int minute = 0; minute < 5 * 60; ++minute) {
    drive.pass(1min);
    drive.traffic(6000, 6);
  }
  EXPECT_EQ(drive.name(), "canary.review");
  while (drive.now < utc(2026, 1, 6, 0) - 1min) {
    drive.pass(1min);
    drive.traffic(6000, 6);
  }
  EXPECT_EQ(drive.name(), "canary.review");
  drive.pass(1min);
  EXPECT_EQ(drive.name(), "succeeded");
}

TEST(AdvanceOnly, AReviewThatDoesNotPassEndsByItsDeadlineInTheClosedHours) {
  Drive drive(with_hours(in_utc(kWeekdays, 0h, 30min)));
  drive.to("canary.review");
  for (int minute = 0; minute < 4 * 60; ++minute) {
    drive.pass(1min);
    drive.traffic(6000, 6);
  }
  EXPECT_EQ(drive.name(), "canary.decide");  // nobody has confirmed
}

// ---- after runbook ------------------------------------------------------------------------------

TEST(AfterRunbook, NeedsTheLastRolloutToHaveSucceeded) {
  Machine machine = stage_machine();
  machine.after = {"shop_shadow"};
  ShardState shard;
  const auto detail = [&] {
    const auto refusal = refuse_start(machine, shard, Command{}, "r2");
    EXPECT_TRUE(!refusal || refusal->reason == "after");
    return refusal ? refusal->detail : "";
  };
  EXPECT_EQ(detail(),
            "a rollout of `shop_shadow` for service `shop` must have succeeded before this one, "
            "and there was none; start `shop_shadow` first");
  shard.services["shop"].outcomes["shop_shadow"] = Outcome::rolled_back;
  EXPECT_NE(detail().find("the last one was rolled back"), std::string::npos);
  shard.services["mail"].outcomes["shop_shadow"] = Outcome::succeeded;
  EXPECT_NE(detail(), "");
  shard.services["shop"].outcomes["shop_shadow"] = Outcome::succeeded;
  EXPECT_EQ(detail(), "");
}

TEST(AfterRunbook, TheShardRemembersTheLastOutcomeOfEachRunbook) {
  Drive drive;
  drive.to("rollback");
  EXPECT_TRUE(drive.shard.services["shop"].outcomes.empty());
  drive.settle_all();
  ASSERT_TRUE(drive.state.finished());
  EXPECT_EQ(drive.shard.services["shop"].outcomes.at("shop_canary"), Outcome::rolled_back);
  EXPECT_EQ(*decode_shard_state(encode(drive.shard)), drive.shard);
}

}  // namespace
}  // namespace rollbook::core::tests
