#pragma once
// Stretches: what a cumulative series counted over a gap comes with the one point that ends it. For
// a share of requests that is as good as if it had come in between: both of its parts come so. What
// is held against time (`rate`, `count … over`) would be told that all of it came in one second: a
// scrape that was away for ten minutes would make a rate over five three times what it was, until
// the point has left the window. So of such a point only the part counts that fell within the
// window, spread evenly, as in Prometheus' `increase()` between two samples; also where the window
// ends within the gap, since what it is held against has not come further yet.
//
//   |---- gap ----------------|x| span 10 m, 6000 counted
//              |--- window ---|   5 m: 3000 of them
//
// A counter with `default 0` has no gaps: it is silent while nothing happens.

#include "engine/core/found.h"

namespace rollbook::core {

// Whether some window of the series would tell apart when in so long a time it came.
bool is_stretched(const Machine& machine, SeriesIndex series, Duration span);

// evolve: takes in what a window that is no cumulative one has counted over a gap.
void note_stretch(const Window& window, const CellDelta& delta, WindowState& state);
// evolve: forgets what has left the window.
void drop_stretches(const Window& window, Time oldest, WindowState& state);

// The sum over (at − width, at], with what of stretches came within it.
Sum sum_within(const Subject& subject, WindowIndex window, Time at);

}  // namespace rollbook::core
