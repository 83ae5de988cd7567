#include "engine/core/calendar.h"

#include <algorithm>

#include "engine/core/wall_clock.h"

namespace rollbook::core {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDay = 24h;
// A window on one day of the week may miss that day twice over: an hour left out, an offset that
// skips a day. After a month there is none.
constexpr std::int64_t kDaysAhead = 31;

// Days since 1970-01-01, and the time of day.
struct Wall {
  std::int64_t day = 0;
  Duration time{};
};

std::int64_t floor_days(Duration since) {
  const std::int64_t days = since / kDay;
  return since < days * kDay ? days - 1 : days;
}

Wall wall_at(const OpenHours& hours, Time at) {
  const Duration local = at.time_since_epoch() + offset_at(hours, at);
  const std::int64_t day = floor_days(local);
  return {day, local - day * kDay};
}

// 1970-01-01 was a Thursday.
int of_week(std::int64_t day) { return static_cast<int>(((day + 3) % 7 + 7) % 7); }

bool opens_on(const OpenHours& hours, std::int64_t day) {
  return (hours.days >> of_week(day) & 1) != 0;
}

bool is_open(const OpenHours& hours, Time at) {
  const Wall wall = wall_at(hours, at);
  if (opens_on(hours, wall.day) && wall.time >= hours.opens && wall.time < hours.closes)
    return true;
  return opens_on(hours, wall.day - 1) && wall.time + kDay < hours.closes;
}

}  // namespace

Duration offset_at(const OpenHours& hours, Time at) {
  const auto after =
      std::upper_bound(hours.offsets.begin(), hours.offsets.end(), at,
                       [](Time time, const OffsetChange& change) { return time < change.from; });
  return after == hours.offsets.begin() ? Duration::zero() : std::prev(after)->offset;
}

int day_of_week(Time at) { return of_week(floor_days(at.time_since_epoch())); }

bool Calendar::open(Time at) const {
  return hours.empty() || std::any_of(hours.begin(), hours.end(),
                                      [&](const OpenHours& each) { return is_open(each, at); });
}

// It can open where the wall comes to an hour of opening, by the offset before or after a change,
// and where the wall is put forward into a window, or back into one.
Time Calendar::next_opening(Time now) const {
  Time next = kDistantFuture;
  const auto consider = [&](Time at) {
    if (at > now && at < next && open(at) && !open(at - Duration(1))) next = at;
  };
  for (const OpenHours& each : hours) {
    const Time end = now + kDaysAhead * kDay;
    std::vector<Duration> offsets{offset_at(each, now)};
    for (const OffsetChange& change : each.offsets) {
      if (change.from <= now || change.from > end) continue;
      offsets.push_back(change.offset);
      consider(change.from);
    }
    const std::int64_t today = wall_at(each, now).day;
    for (std::int64_t day = today - 1; day <= today + kDaysAhead; ++day) {
      if (Time((day - 2) * kDay) > next) break;  // all later ones are later
      if (!opens_on(each, day)) continue;
      for (const Duration offset : offsets) consider(Time(day * kDay + each.opens - offset));
    }
  }
  return next;
}

}  // namespace rollbook::core
