#pragma once
// Common time: up to when the parts of a criterion are judged alike. They come at paces of their
// own, and what is judged before all of them are there looks like a breach, or hides one.
//
// Waited for is a part whose silence means something: a plain metric, the denominator of a ratio,
// on either arm; and the numerator of the baseline where its silence would speak for the canary
// (`canary.order_rate >= baseline.order_rate`), once it has been heard. All others are silent while
// nothing happens, and are waited for no longer than `grace`: other numerators, `default 0`, and
// the arms of `traffic split` and `new(…)`, where silence is what is asked about.
//
//   cut = min(least of the former, max(least of the latter, most of all − grace))
//
// What lies further behind than `stale_after` lags: windows do not look back so far, and the
// criterion is stale. The cut never falls, but to the border of its pane, and when a part is heard
// for the first time.

#include "engine/core/found.h"

namespace rollbook::core {

// How far the parts of a criterion have come; one that was never heard is left out.
struct Reach {
  Time waited = kDistantFuture;  // the least of what is waited for
  Time silent = kDistantFuture;  // the least of what may be silent
  Time most = kDistantPast;

  void take(Time watermark, bool waits);
  // Where what is waited for lags; kDistantFuture: nothing is.
  Time lags_beyond(const Limits& limits) const;
  bool lags(const Limits& limits) const { return most > lags_beyond(limits); }
  // The cut, whether it lags or not; kDistantPast: nothing was ever heard.
  Time cut(const Limits& limits) const;
};
Reach reach_of(const Subject& subject);

// The cut, which leaves no pane in two. kDistantPast: it lags, or nothing was ever heard.
Time common_time(const Subject& subject);

}  // namespace rollbook::core
