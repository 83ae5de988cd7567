#pragma once
// Sums of durations that stay in their 64 bits: a runbook may ask for thousands of waits of ten
// years each. Nobody reads a number above a century, so sums stop there.

#include <algorithm>

#include "engine/core/limits.h"
#include "engine/core/machine.h"

namespace rollbook::dsl {

inline constexpr core::Duration kCentury = std::chrono::hours(24) * 36525;

// INVARIANT: both are within a century, and so is the sum.
inline core::Duration add_up(core::Duration a, core::Duration b) {
  return std::min(kCentury, a + b);
}

// The one that is written, or the engine's.
inline core::Duration deadline_of(core::Duration written) {
  return written == core::Duration::zero() ? core::kEffectDeadline : written;
}

// How long an awaited act may take: that of an idempotent action is asked for again.
inline core::Duration longest_act(const core::Effect& effect) {
  core::Duration longest{};
  core::Duration wait = core::kRetryFirst;
  for (std::uint32_t attempt = 0; attempt < effect.attempts; ++attempt) {
    if (attempt > 0) {
      longest = add_up(longest, wait);
      wait = std::min(core::kRetryMost, 2 * wait);
    }
    longest = add_up(longest, deadline_of(effect.deadline));
  }
  return longest;
}

}  // namespace rollbook::dsl
