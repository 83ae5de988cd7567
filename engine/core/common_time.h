#pragma once
// Common time: up to when the parts of a criterion are judged alike. They come at paces of their
// own, and what is judged before all of them are there looks like a breach, or hides one.
//
// Waited for is a part whose silence means something: a plain metric, the denominator of a ratio,
// on either arm; and the numerator of the baseline where its silence would speak for the canary
// (`canary.order_rate >= baseline.order_rate`), once it has been heard. All others are silent while
// nothing happens, and are waited for no longer than `grace`: other numerators and `default 0`. A
// rate or a count of the latter is judged for as long as its arm is heard, by any series.
//
// Of `traffic split` and `new(…)` silence is what is asked about, and it shows when an arm was not
// heard for `stale_after`: two arms are not exported in the same instant, and what one has sent is
// not held against what the other has not yet. A kind of error may never come, so an arm is heard
// by what else counts requests there, the series that is heard least often, and by none not before
// its shift.
//
//   cut = min(least of the first, max(least of the second, most of all − grace),
//             max(least of the third, most of all − stale_after))
//
// Arms have many senders, which are not heard in one instant either. What holds one arm against the
// other takes for the mark of an arm not its newest point but the least of the last points of those
// that go on sending (runtime/senders.h): up to there it has told all.
// So does what is spread over the time in which it came (evenly.h).
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
  Time asked = kDistantFuture;   // the least of the arms whose silence is asked about
  Time most = kDistantPast;

  void take(Time watermark, Time Reach::*least);
  // Where what is waited for lags; kDistantFuture: nothing is.
  Time lags_beyond(const Limits& limits) const;
  bool lags(const Limits& limits) const { return most > lags_beyond(limits); }
  // The cut, whether it lags or not; kDistantPast: nothing was ever heard.
  Time cut(const Limits& limits) const;
};
Reach reach_of(const Subject& subject);

// When an arm's window was heard at `at` or first after it, by all that send it; `at` where it was
// not.
//
// Arms are not exported in one instant: at the cut one has told the seconds that the other's next
// point is yet to tell. What both begin to have, or cease to have, shows with one of them first. So
// arms are found to differ only where they do with that point as well.
Time answered_at(const Subject& subject, WindowIndex window, Time at);
// As far before `at` as its points then lie apart: a window that the arm's last point has emptied
// already holds what the other's still does.
Time asked_before(const Subject& subject, WindowIndex window, Time at);
// Of an arm of one sender when it was heard last at or before `at`, up to where it has told all;
// else `at`.
Time told_until(const Subject& subject, WindowIndex window, Time at);
// answered_at() and asked_before() of an extreme, which one point makes: the one that is a window's
// width old leaves it or not by what it was in time, and by its pane. When all that the arm had at
// `at` has left the window that had when some other arm's has; and when what that other one still
// has was there.
Time emptied_by(const Subject& subject, WindowIndex window, Time at);
Time filled_before(const Subject& subject, WindowIndex window, Time at);

// The cut, which leaves no pane in two. kDistantPast: it lags, or nothing was ever heard.
Time common_time(const Subject& subject);
// The same where some sender of either arm was heard, whatever the others have yet to tell.
Time newest_time(const Subject& subject);

}  // namespace rollbook::core
