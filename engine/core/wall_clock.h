#pragma once
// What the clock on a wall shows in the zone of some opening hours: for people; the engine itself
// speaks UTC.

#include "engine/core/calendar.h"

namespace rollbook::core {

// How far it is ahead of UTC at that moment.
Duration offset_at(const OpenHours& hours, Time at);

// 0: Monday … 6: Sunday, of the day that `at` has in UTC.
int day_of_week(Time at);

}  // namespace rollbook::core
