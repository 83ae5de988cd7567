#pragma once
// Stretches: what a series counted between two points comes with the second of them. For a share of
// requests that is as good as if it had come in between: both of its parts come so. What is held
// against time (`rate`, `count … over`) would be told that all of it came in one second: scrapes of
// a minute that are not quite a minute apart would make six in a window of five, and one that was
// away for ten minutes three times as much as there was. So of a point only the part counts that
// fell within the window, spread evenly, as in Prometheus' `increase()` between two samples; also
// where the window ends within the stretch, since what it is held against has not come further yet.
//
//   |---- gap ----------------|x| span 10 m, 6000 counted
//              |--- window ---|   5 m: 3000 of them
//
// Many senders are not heard in one instant: at the end of the window those count less that were
// heard less lately. It reaches back by as much as they lag, on the average of what they count, so
// that it holds as much as they count in its width, and nothing that none of them has said; where
// one lags by more than all of that, by what the others need to make up for it.
//
//   a  ----|----|----|----|      heard now
//   b  -|----|----|----|--       lags by 2
//        |---- window ----|      begins 1 earlier
//
// A process that has ended seems to lag, and one that took its place already counts. So where more
// is the breach, the window reaches back no further than for what the last kStretchMost lack of the
// kStretchMost before.
//
// A counter with `default 0` has no gaps, as it is silent while nothing happens: what comes after
// more than kStretchMost came at once.

#include "engine/core/found.h"

namespace rollbook::core {

// Whether some window of the series tells apart when in so long a time it came.
bool is_stretched(const Machine& machine, SeriesIndex series, Duration span);

// For how long a sender is waited for that sends so often.
Duration lag_most(Duration interval);

// evolve: takes in what the window tells apart.
void note_stretch(const Machine& machine, const Window& window, const CellDelta& delta,
                  WindowState& state);
// evolve: forgets what has left the window.
void drop_stretches(const Window& window, Time oldest, WindowState& state);

// The sum over the window that ends at `at`, with what of stretches came within it.
Sum sum_within(const Subject& subject, WindowIndex window, Time at);
// What came within (from, to].
Sum sum_spread(const Subject& subject, WindowIndex window, Time from, Time to);

}  // namespace rollbook::core
