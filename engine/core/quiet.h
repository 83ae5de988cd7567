#pragma once
// Quiet: how much may be folded into a rollout before a look can find anything. A look that found
// nothing works out how far each condition is from changing; points that stay within that are only
// counted, and the looks in between are left out, for they would find nothing again. A point then
// costs its rollout a few cache lines, not all that its criteria rest upon.
//
// Bounds, never estimates, in integers; what is not understood here is looked at. A look that is
// left out would have left no trace, so the log has the same bytes with and without. Debug builds
// look all the same, and check.

#include <vector>

#include "engine/core/machine.h"
#include "engine/core/state.h"

namespace rollbook::core {

struct Pending;

class Quiet {
 public:
  // Until something happens nothing is known.
  Quiet() = default;
  // After a look that was brought to rest.
  Quiet(const Machine& machine, const RolloutState& state, const Pending& pending);

  // Whether a look at `now` would find nothing.
  bool holds(Time now) const { return now < engine_until_; }

  // A point was folded: it brought its series to `watermark`, and `cell` is what it added, which
  // came in `span` where a window tells that apart.
  void reach(Time watermark) {
    if (watermark > until_) *this = Quiet{};
  }
  void count(SeriesIndex series, const Cell& cell, Duration span);
  // Something else happened.
  void end() { *this = Quiet{}; }

 private:
  friend class Bounds;
  // No more than `left` may be added to a series: of its value, or of what lies in its buckets from
  // `first` on.
  struct Allowance {
    SeriesIndex series;
    std::uint32_t first = kValue;
    Int128 left = 0;
    Duration lag = Duration::max();  // of a sender, at most, while the window asks for that
    static constexpr std::uint32_t kValue = 0xffffffff;
  };
  Time until_ = kDistantPast;         // event time
  Time engine_until_ = kDistantPast;  // engine time: before it
  std::vector<Allowance> allowances_;
};

}  // namespace rollbook::core
