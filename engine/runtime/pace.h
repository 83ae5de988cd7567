#pragma once
// Pace: what a cumulative series has counted since it began, or since it was first heard. A total
// that rose under a new start time is either of two things:
//
//   a new process that has counted past the old one's total          all of it came since its start
//   the old total, told by a Collector that was restarted itself     what it rose by
//   (start times of "first seen": the receiver for Prometheus)
//
// Neither OTLP nor Prometheus says which. A new process takes requests much as the old one did; the
// total of a life does not come within seconds. So it is
//
//   a new process    when it counted no more than kHaste times as fast as the old one
//   the old total    when what it rose by came no more than kHaste times as fast
//   else, a burst    a new process when that total is at least twice what it was
//
// Taken wrongly for new, no more counts twice than comes in kHaste times as long, or of a burst
// than it was itself; taken wrongly for old, no more is lost than the old one had counted.

#include "engine/core/types.h"

namespace rollbook::runtime {

struct Pace {
  core::Int128 counted = 0;  // 10⁻⁹; of histograms observations
  core::Time since{};

  // After a restart a process may be asked all that has waited for it.
  static constexpr std::int64_t kHaste = 4;

  // Whether another that is like it, which counted up to `end`, may count so much in that time.
  bool allows(core::Int128 amount, core::Duration time, core::Time end) const {
    if (counted == 0) return amount == 0;
    // In milliseconds, so that a product of years and of the greatest value has room.
    const auto millis = [](core::Duration span) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
    };
    return amount * millis(end - since) <= kHaste * counted * millis(time);
  }
};

}  // namespace rollbook::runtime
