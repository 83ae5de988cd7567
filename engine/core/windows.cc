#include "engine/core/windows.h"

#include <algorithm>
#include <utility>

#include "engine/core/buckets.h"
#include "engine/core/limits.h"

namespace rollbook::core {
namespace {

Time ceil_to(Time time, Duration pane) {
  const auto rest = time.time_since_epoch() % pane;
  return rest == Duration::zero() ? time : time + (pane - rest);
}

void add_sum(Sum& sum, const Cell& cell, std::int64_t sign) {
  sum.value.nanos += sign * cell.value.nanos;
  sum.samples += sign * cell.samples;
  if (sum.buckets.size() < cell.first + cell.buckets.size()) {
    sum.buckets.resize(cell.first + cell.buckets.size());
  }
  for (std::size_t i = 0; i < cell.buckets.size(); ++i) {
    sum.buckets[cell.first + i] += sign * cell.buckets[i];
  }
}

void add_total(Cell& total, const Cell& cell, std::int64_t sign) {
  total.value.nanos += sign * cell.value.nanos;
  total.samples += sign * cell.samples;
  add_buckets(total, cell, sign);
}

bool adds_up(const Metric& metric) {
  return metric.kind != MetricKind::gauge || metric.fold == GaugeFold::mean;
}

// The end of the pane that a cell counts in: of its own second, or, once all of the window's wider
// pane lies before `passed`, of that. Whether the cell has been merged already makes no difference.
Time pane_end(const Window& window, Time end, Time passed) {
  if (window.pane <= kPaneMin) return end;
  const Time border = ceil_to(end, window.pane);
  return border <= passed ? border : end;
}

// Merges the cells that were passed since `before` into the window's own panes; what was passed
// earlier is merged already.
void thin_out(const Metric& metric, const Window& window, Cells& cells, Time before, Time passed) {
  const auto border = [&](const Cell& cell) { return ceil_to(cell.end, window.pane); };
  auto last = cells.end();
  while (last != cells.begin() && border(*std::prev(last)) > passed) --last;
  auto first = last;
  while (first != cells.begin() && border(*std::prev(first)) > before) --first;
  if (first == last) return;
  auto kept = first;
  kept->end = border(*kept);
  for (auto cell = std::next(first); cell != last; ++cell) {
    if (const Time end = border(*cell); end == kept->end) {
      merge(metric, *kept, *cell);
    } else {
      if (++kept != cell) *kept = std::move(*cell);
      kept->end = end;
    }
  }
  cells.erase(std::next(kept), last);
}

// The sum of all cells but the first ones for which `is_out`; goes on where the last look stopped.
template <class IsOut>
const Rest& rest_of(const Window& window, const WindowState& state, Time after,
                    const IsOut& is_out) {
  Rest& rest = state.rest;
  const Cells& cells = state.cells;
  const bool holds =
      rest.edits == cells.edits() &&
      (rest.left == 0 || pane_end(window, cells[rest.left - 1].end, kDistantFuture) <= after);
  if (!holds) {
    rest.edits = cells.edits();
    rest.left = 0;
    rest.sum = state.total;
  }
  for (; rest.left < cells.size() && is_out(cells[rest.left]); ++rest.left) {
    add_total(rest.sum, cells[rest.left], -1);
  }
  return rest;
}

// A layout that is pending holds for the pending cells already; the state's are brought to it.
void bring_to_pending(const RolloutState& state, const Pending& pending, MetricIndex metric,
                      Sum& sum) {
  const std::vector<Fixed>& before = state.metrics[metric.value].bounds;
  const std::vector<Fixed>& now = bounds_of(state, pending, metric);
  if (before.empty() || sum.buckets.empty() || &before == &now) return;
  Cell cell;
  cell.buckets = std::move(sum.buckets);
  remap(bucket_map(before, now), cell);
  sum.buckets.assign(cell.first, 0);
  sum.buckets.insert(sum.buckets.end(), cell.buckets.begin(), cell.buckets.end());
}

// Gauges that take an extreme or the last value have no running total: folded cell by cell.
Sum fold_gauge(const Metric& metric, const Window& window, const WindowState& state,
               const Pending& pending, Time passed, Time at) {
  const Time after = at - window.width;
  Cell folded;
  const auto take = [&](const Cell& cell) {
    if (pane_end(window, cell.end, passed) <= after || cell.latest > at) return;
    if (folded.samples == 0) {
      folded = cell;
    } else {
      merge(metric, folded, cell);
    }
  };
  for (const Cell& cell : state.cells) take(cell);
  for (const CellDelta& delta : pending.observed.deltas) {
    if (delta.series == window.series && delta.reach >= window.floor) take(delta.cell);
  }
  return Sum{folded.value, folded.samples, {}};
}

}  // namespace

void merge(const Metric& metric, Cell& into, const Cell& from) {
  if (metric.kind == MetricKind::gauge) {
    switch (metric.fold) {
      case GaugeFold::max:
        into.value = std::max(into.value, from.value);
        break;
      case GaugeFold::min:
        into.value = std::min(into.value, from.value);
        break;
      case GaugeFold::mean:
        into.value += from.value;
        break;
      case GaugeFold::last:
        if (from.latest >= into.latest) into.value = from.value;
        break;
    }
  } else {
    into.value += from.value;
    add_buckets(into, from, 1);
  }
  into.samples += from.samples;
  into.end = std::max(into.end, from.end);
  into.latest = std::max(into.latest, from.latest);
}

Time passed_at(Time watermark, const Limits& limits) {
  if (watermark == kDistantPast) return kDistantPast;
  return watermark - kFinePanes - limits.grace - limits.stale_after;
}

void add(const Machine& machine, const Window& window, WindowState& state, const Cell& cell,
         Time passed) {
  const Metric& metric = machine.at(machine.at(window.series).metric);
  const Time end = pane_end(window, cell.end, passed);
  Cells& cells = state.cells;
  std::size_t place = cells.size();
  while (place > 0 && std::as_const(cells)[place - 1].end > end) --place;
  if (place > 0 && std::as_const(cells)[place - 1].end == end) {
    merge(metric, cells[place - 1], cell);
  } else {
    cells.insert(cells.begin() + static_cast<std::ptrdiff_t>(place), cell)->end = end;
  }
  if (adds_up(metric)) add_total(state.total, cell, 1);
}

void settle(const Machine& machine, const Window& window, WindowState& state, Time passed_before,
            Time passed) {
  if (passed == kDistantPast) return;
  const Metric& metric = machine.at(machine.at(window.series).metric);
  if (window.pane > kPaneMin) thin_out(metric, window, state.cells, passed_before, passed);
  if (window.cumulative) {  // what lies behind every cut stays in the total alone
    while (!state.cells.empty() && state.cells.front().end <= passed) state.cells.pop_front();
    return;
  }
  const Time oldest = passed + kFinePanes - window.width;
  while (!state.cells.empty() && state.cells.front().end <= oldest) {
    if (adds_up(metric)) add_total(state.total, state.cells.front(), -1);
    state.cells.pop_front();
  }
}

bool in_reach(const Machine& machine, SeriesIndex series, Time end, Time watermark,
              const Limits& limits) {
  if (watermark == kDistantPast || end > watermark - limits.grace) return true;
  const Time passed = passed_at(watermark, limits);
  return std::any_of(machine.windows.begin(), machine.windows.end(), [&](const Window& window) {
    return window.series == series &&
           pane_end(window, end, passed) > watermark - limits.grace - window.width;
  });
}

Time floor_of(const RolloutState& state, Floor floor, TargetIndex target) {
  const Time guard = target.valid() ? state.at(target).guard_floor : state.guard_floor;
  switch (floor) {
    case Floor::before:
      return state.back.whole_from.value_or(state.started);
    case Floor::start:
      return state.started;
    case Floor::guard:
      return guard;
    case Floor::shift:
      return target.valid() ? std::max(guard, state.shift_floor) : state.shift_floor;
  }
  return kDistantFuture;
}

Sum sum_at(const Machine& machine, const RolloutState& state, const Pending& pending,
           WindowIndex index, Time at) {
  if (at == kDistantPast) return {};
  const Window& window = machine.at(index);
  const WindowState& cells = state.windows[index.value];
  const Metric& metric = machine.at(machine.at(window.series).metric);
  const Time passed = passed_at(watermark_of(state, pending, window.series), state.limits);
  if (!adds_up(metric)) return fold_gauge(metric, window, cells, pending, passed, at);
  const Time after = window.cumulative ? kDistantPast : at - window.width;
  const auto before_window = [&](const Cell& cell) {
    return pane_end(window, cell.end, passed) <= after;
  };
  const Rest& rest = rest_of(window, cells, after, before_window);
  Sum sum;
  add_sum(sum, rest.sum, 1);
  // A cell is left out when its last point lies beyond `at`; such cells stand at the end.
  for (std::size_t back = cells.cells.size(); back > rest.left; --back) {
    const Cell& cell = cells.cells[back - 1];
    if (cell.end <= at) break;
    if (cell.latest > at) add_sum(sum, cell, -1);
  }
  bring_to_pending(state, pending, machine.at(window.series).metric, sum);
  for (const CellDelta& delta : pending.observed.deltas) {
    if (delta.series != window.series || delta.reach < window.floor) continue;
    if (!before_window(delta.cell) && delta.cell.latest <= at) add_sum(sum, delta.cell, 1);
  }
  return sum;
}

Time watermark_of(const RolloutState& state, const Pending& pending, SeriesIndex series) {
  Time watermark = state.series[series.value].watermark;
  for (const SeriesSeen& seen : pending.observed.seen) {
    if (seen.series == series) watermark = std::max(watermark, seen.watermark);
  }
  return watermark;
}

Time arrival_of(const RolloutState& state, const Pending& pending, SeriesIndex series) {
  Time arrival = state.series[series.value].arrival;
  for (const SeriesSeen& seen : pending.observed.seen) {
    if (seen.series == series) arrival = std::max(arrival, seen.arrival);
  }
  return arrival;
}

bool named(const RolloutState& state, const Pending& pending, MetricIndex metric) {
  if (state.metrics[metric.value].named) return true;
  return std::any_of(pending.observed.names.begin(), pending.observed.names.end(),
                     [&](const NameSeen& name) { return name.metric == metric; });
}

const std::vector<Fixed>& bounds_of(const RolloutState& state, const Pending& pending,
                                    MetricIndex metric) {
  for (const Layout& layout : pending.observed.layouts) {
    if (layout.metric == metric) return layout.bounds;
  }
  return state.metrics[metric.value].bounds;
}

Sum sum_between(const Machine& machine, const RolloutState& state, const Pending& pending,
                WindowIndex index, Time from, Time to) {
  const Window& window = machine.at(index);
  const auto& cells = state.windows[index.value].cells;
  Sum sum;
  const auto first = std::upper_bound(cells.begin(), cells.end(), from,
                                      [](Time time, const Cell& cell) { return time < cell.end; });
  for (auto cell = first; cell != cells.end() && cell->end <= to; ++cell) add_sum(sum, *cell, 1);
  for (const CellDelta& delta : pending.observed.deltas) {
    if (delta.series != window.series || delta.reach < window.floor) continue;
    if (delta.cell.end > from && delta.cell.end <= to) add_sum(sum, delta.cell, 1);
  }
  return sum;
}

const std::optional<Grid>& grid_of(const RolloutState& state, const Pending& pending,
                                   MetricIndex metric) {
  for (const Layout& layout : pending.observed.layouts) {
    if (layout.metric == metric) return layout.grid;
  }
  return state.metrics[metric.value].grid;
}

}  // namespace rollbook::core
