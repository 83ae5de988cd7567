#pragma once
// Windows: sliding sums over panes. A window keeps its cells by rising end and their total, so
// that a new point costs the same whatever the window's length, and a sum at T costs the cells
// that lie outside (T − width, T]. All integers: adding and subtracting are exact.

#include "engine/core/decide.h"

namespace rollbook::core {

// The end of the pane that a time lies in: panes are closed on the right.
inline Time ceil_to(Time time, Duration pane) {
  const auto rest = time.time_since_epoch() % pane;
  return rest == Duration::zero() ? time : time + (pane - rest);
}

// What lies within a window at one moment.
struct Sum {
  Fixed value;
  std::int64_t samples = 0;
  std::vector<std::int64_t> buckets;
};

// Adds `from` to `into` as the metric folds: counters and histograms add, gauges take their fold.
void merge(const Metric& metric, Cell& into, const Cell& from);

// Up to where cells have been merged into the window's own panes at a series' watermark. Later ones
// are kept by the second: a cut may lie as far back as a silent part is waited for (common_time.h).
Time passed_at(Time watermark, const Limits& limits);

// Adds cells to the window, each at its place: of deltas, those that reach its floor.
void add(const Machine& machine, const Window& window, Floor floor, WindowState& state,
         const std::vector<CellDelta>& deltas, Time passed);
void add(const Machine& machine, const Window& window, WindowState& state,
         const std::vector<Cell>& cells, Time passed);
// Merges the panes that were passed since `passed_before`, and drops what has left the window.
void settle(const Machine& machine, const Window& window, WindowState& state, Time passed_before,
            Time passed);

// The sum that the last look at a window left behind, and how many of its first cells that leaves
// out: the way from there to what the next one wants is short. Not kept for gauges that take an
// extreme or the last value.
const Rest& rest_of(const WindowState& state);

// Whether any window of the series can still count a cell that ends there.
bool in_reach(const Machine& machine, SeriesIndex series, Time end, Time watermark,
              const Limits& limits);

// The earliest moment the window may reach back to; kDistantFuture: it has not begun.
Time floor_of(const RolloutState& state, Floor floor, TargetIndex target = {});

// The floor of the window at present. What compares two arms must not mix what came before a shift
// with what came after it: each arm has a mixture of its own, and arms that are alike at every
// instant differ. So such a window is renewed: it begins with the last shift, once there is one.
// Only a ramp whose steps come faster than the window fills does not renew it: nothing would be
// watched until the ramp is over.
Floor floor_of(const Machine& machine, const RolloutState& state, const Window& window);
// Whether the shift that settles now renews it.
bool is_renewed(const Machine& machine, const RolloutState& state, const Window& window);
// Whether it counts the delta.
bool counts(const Machine& machine, const RolloutState& state, const Window& window,
            const CellDelta& delta);

// The sum over (at − width, at], of state and pending together. Only cells whose last point lies
// at or before `at` count.
Sum sum_at(const Machine& machine, const RolloutState& state, const Pending& pending,
           WindowIndex window, Time at);

// From when on the window has left behind what came in the cell that ends at `end`.
Time leaves_at(const Machine& machine, const RolloutState& state, const Pending& pending,
               WindowIndex window, Time end);

// The sum of the cells that end within (from, to]; of gauges their fold.
Sum sum_between(const Machine& machine, const RolloutState& state, const Pending& pending,
                WindowIndex window, Time from, Time to);

// The watermark of a series with what is pending; kDistantPast: never seen.
Time watermark_of(const RolloutState& state, const Pending& pending, SeriesIndex series);
Time arrival_of(const RolloutState& state, const Pending& pending, SeriesIndex series);
// Up to when all that send the series were heard; its watermark where that is not known.
Time whole_of(const RolloutState& state, const Pending& pending, SeriesIndex series);
// The longest time between two points of one of them; zero: not known.
Duration interval_of(const RolloutState& state, const Pending& pending, SeriesIndex series);
bool named(const RolloutState& state, const Pending& pending, MetricIndex metric);
const std::vector<Fixed>& bounds_of(const RolloutState& state, const Pending& pending,
                                    MetricIndex metric);
const std::optional<Grid>& grid_of(const RolloutState& state, const Pending& pending,
                                   MetricIndex metric);

}  // namespace rollbook::core
