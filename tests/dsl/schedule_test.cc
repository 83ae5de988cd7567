// When a rollout will be where, by the calendar of `advance only`.

#include "dsl/schedule.h"

#include <date/date.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>

#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

core::Machine machine_of(const std::string& text) {
  const runtime::Compiled compiled = compile(text);
  EXPECT_TRUE(compiled.plan) << findings(text);
  return compiled.plan ? compiled.plan->machine : core::Machine{};
}

core::Time utc(const std::string& text) {
  unsigned month = 0, day = 0;
  int year = 0, hour = 0, minute = 0;
  const int read = std::sscanf(text.c_str(), "%d-%u-%u %d:%d", &year, &month, &day, &hour, &minute);
  EXPECT_EQ(read, 5) << text;
  const date::sys_days midnight = date::year(year) / date::month(month) / date::day(day);
  return core::Time(midnight.time_since_epoch() + std::chrono::minutes(hour * 60 + minute));
}

// Where each leg begins and ends at the earliest, in UTC.
std::string dates(const std::string& hours, const std::string& from,
                  const std::function<Runbook(Runbook)>& change = {}) {
  Runbook runbook = Runbook().after("service \"shop\"", "  advance only " + hours);
  if (change) runbook = change(runbook);
  const core::Time begin = utc(from);
  std::string text;
  for (const Leg& leg : schedule(machine_of(runbook), begin)) {
    const auto date = [&](core::Duration after) {
      const date::sys_time<core::Duration> at((begin + after).time_since_epoch());
      return date::format("%a %F %R", std::chrono::floor<std::chrono::minutes>(at));
    };
    text += leg.name + ": " + date(leg.begins.earliest) + " to " + date(leg.ends.earliest) + "\n";
  }
  return text;
}

const std::string kWorkingHours = "Mon-Fri 09:00-17:00 \"Europe/Berlin\"";

// `first` acts and holds for 1 h, `second` for 2 h.
TEST(ScheduleByCalendar, StepsForwardWaitForTheHours) {
  EXPECT_EQ(dates(kWorkingHours, "2026-01-05 09:00"),
            "first: Mon 2026-01-05 09:00 to Mon 2026-01-05 10:00\n"
            "second: Mon 2026-01-05 10:00 to Mon 2026-01-05 12:00\n");
  // At 16:30 by the wall the hold of an hour ends after work; of the next one, on the next day.
  EXPECT_EQ(dates(kWorkingHours, "2026-01-05 15:30"),
            "first: Mon 2026-01-05 15:30 to Tue 2026-01-06 08:00\n"
            "second: Tue 2026-01-06 08:00 to Tue 2026-01-06 10:00\n");
  EXPECT_EQ(dates(kWorkingHours, "2026-01-10 12:00"),  // a Saturday
            "first: Mon 2026-01-12 08:00 to Mon 2026-01-12 09:00\n"
            "second: Mon 2026-01-12 09:00 to Mon 2026-01-12 11:00\n");
}

TEST(ScheduleByCalendar, SummerTimeIsFollowed) {
  // Over the weekend of 29 March clocks are put forward: 09:00 is 07:00 in UTC from then on.
  EXPECT_EQ(dates(kWorkingHours, "2026-03-27 15:30"),
            "first: Fri 2026-03-27 15:30 to Mon 2026-03-30 07:00\n"
            "second: Mon 2026-03-30 07:00 to Mon 2026-03-30 09:00\n");
  // And back on 25 October.
  EXPECT_EQ(dates(kWorkingHours, "2026-10-23 14:30"),
            "first: Fri 2026-10-23 14:30 to Mon 2026-10-26 08:00\n"
            "second: Mon 2026-10-26 08:00 to Mon 2026-10-26 10:00\n");
}

TEST(ScheduleByCalendar, AnHourThatSpringLeavesOutDoesNotOpen) {
  const std::string night = "02:00-03:00 \"Europe/Berlin\"";
  EXPECT_EQ(dates(night, "2026-03-28 12:00"),
            "first: Mon 2026-03-30 00:00 to Tue 2026-03-31 00:00\n"
            "second: Tue 2026-03-31 00:00 to Wed 2026-04-01 00:00\n");
  // What autumn repeats opens twice: at 00:00 and, an hour later, at 01:00 in UTC.
  EXPECT_EQ(dates(night, "2026-10-24 12:00"),
            "first: Sun 2026-10-25 00:00 to Sun 2026-10-25 01:00\n"
            "second: Sun 2026-10-25 01:00 to Mon 2026-10-26 01:00\n");
}

TEST(ScheduleByCalendar, AcrossMidnightAndTheEndOfTheMonth) {
  EXPECT_EQ(dates("22:00-02:00 \"UTC\"", "2026-01-31 23:30"),
            "first: Sat 2026-01-31 23:30 to Sun 2026-02-01 00:30\n"
            "second: Sun 2026-02-01 00:30 to Sun 2026-02-01 22:00\n");
}

TEST(ScheduleByCalendar, EachStepOfARampWaits) {
  const auto ramped = [](Runbook runbook) {
    return runbook.with("    traffic 50%\n", "    ramp traffic to 50% over 3h every 30m\n");
  };
  // 16:00 to 17:00 by the wall there is time for two steps; the others on the next day.
  EXPECT_EQ(dates(kWorkingHours, "2026-01-05 14:00", ramped),
            "first: Mon 2026-01-05 14:00 to Mon 2026-01-05 15:00\n"
            "second: Mon 2026-01-05 15:00 to Tue 2026-01-06 12:00\n");
}

TEST(ScheduleByCalendar, TheLatestWaitsToo) {
  const core::Time begin = utc("2026-01-05 09:00");
  const auto legs = schedule(
      machine_of(Runbook().after("service \"shop\"", "  advance only " + kWorkingHours)), begin);
  ASSERT_EQ(legs.size(), 2u);
  // 28 h and some minutes later it is Tuesday, 13:00: open. Whatever comes then is on Wednesday.
  for (const Leg& leg : legs) {
    ASSERT_TRUE(leg.ends.latest);
    EXPECT_LE(leg.ends.earliest, *leg.ends.latest) << leg.name;
    EXPECT_TRUE(machine_of(Runbook().after("service \"shop\"", "  advance only " + kWorkingHours))
                    .advance_only.open(begin + *leg.ends.latest))
        << leg.name;
  }
}

}  // namespace
}  // namespace rollbook::dsl
