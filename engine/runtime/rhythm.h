#pragma once
// Rhythm: how often the totals of one name are told. A first total without a start time
// (Prometheus) says nothing of when it came. But whoever tells it would have told it before: what a
// pod counted that has taken another's place came since the last scrape that did not find it yet.
// So its first total came in no more than
//
//   the longest time between two points of one series of its name, of late; or
//   the time since any of them was told, where all have missed two: the scrape was away
//
// Of what is silent for more than kStretchesWithin nothing follows: it may be told when it happens.

#include <algorithm>

#include "engine/core/limits.h"
#include "engine/core/types.h"

namespace rollbook::runtime {

struct Rhythm {
  core::Time heard = core::kDistantPast;  // the newest point that was not the first of its series
  core::Duration longest{};               // of the times before such points
  core::Time longest_at = core::kDistantPast;

  // So long the longest holds: at most two such times without a point, as senders are waited for.
  static constexpr core::Duration kLately = 2 * core::kStretchMost;

  // A point of a series that was told at `before` already.
  void hear(core::Time before, core::Time end) {
    heard = std::max(heard, end);
    const core::Duration apart = end - before;
    if (apart > core::kStretchesWithin) return;
    if (apart < longest && longest_at >= end - kLately) return;
    longest = apart;
    longest_at = end;
  }
  // For how long what is told for the first time at `end` may have counted untold; zero: not known.
  core::Duration untold(core::Time end) const {
    return heard == core::kDistantPast ? longest : over_silence(longest, end - heard);
  }
  // That, where the silence is one of whoever tells it: of what was told once nobody can say so.
  static core::Duration over_silence(core::Duration longest, core::Duration silence) {
    const bool missed = longest > core::Duration::zero() && silence > 2 * longest;
    return missed && silence <= core::kStretchesWithin ? silence : longest;
  }
  bool operator==(const Rhythm&) const = default;
};

}  // namespace rollbook::runtime
