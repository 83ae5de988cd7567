#pragma once
// Calendar: when steps forward may be taken (`advance only Mon-Fri 09:00-17:00 "Europe/Berlin"`).
// The compiler resolves the zone into the changes of its offset, so that all of this is arithmetic
// on integers, and the log pins what the zone was taken to be. Open is what the clock on the wall
// says: a window that falls into the hour that spring leaves out does not open on that day, one
// in the hour that autumn repeats opens twice.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::core {

// From `from` on the wall shows UTC + `offset`.
struct OffsetChange {
  Time from = kDistantPast;
  Duration offset{};
  bool operator==(const OffsetChange&) const = default;
};

struct OpenHours {
  std::uint8_t days = 0;  // bit 0: Monday … bit 6: Sunday; the local day on which it opens
  Duration opens{};       // by the wall: 0 ≤ opens < 24 h
  Duration closes{};      // opens < closes ≤ opens + 24 h; above 24 h: on the next day
  std::string zone;       // "Europe/Berlin"
  std::vector<OffsetChange> offsets;  // by rising `from`; INVARIANT: the first from kDistantPast
  std::string text;                   // as written: `Mon-Fri 09:00-17:00 "Europe/Berlin"`
  bool operator==(const OpenHours&) const = default;
};

struct Calendar {
  std::vector<OpenHours> hours;  // open while any of them is; none: always

  bool open(Time at) const;
  // The first opening after `now`; kDistantFuture when there is none within a month.
  Time next_opening(Time now) const;
  bool operator==(const Calendar&) const = default;
};

}  // namespace rollbook::core
