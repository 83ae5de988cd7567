#include "engine/core/windows.h"

#include <algorithm>
#include <utility>

#include "engine/core/buckets.h"
#include "engine/core/limits.h"
#include "engine/core/stretches.h"

namespace rollbook::core {
namespace {

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

// Edits a window's cells and takes its rest along; whoever edits says what becomes of the rest.
class Edit {
 public:
  explicit Edit(WindowState& state)
      : state_(state), holds_(state.rest.edits == state.cells.edits()) {}
  Edit(const Edit&) = delete;
  Edit& operator=(const Edit&) = delete;
  ~Edit() {
    if (holds_) state_.rest.edits = state_.cells.edits();
  }

  // `cell` was added to the one at `place`, which was there already.
  void merged(std::size_t place, const Cell& cell) {
    if (holds_ && place >= state_.rest.left) add_total(state_.rest.sum, cell, 1);
  }
  void inserted(std::size_t place, const Cell& cell) {
    if (!holds_) return;
    if (place >= state_.rest.left) {
      add_total(state_.rest.sum, cell, 1);
    } else {
      ++state_.rest.left;
    }
  }
  // The first one leaves.
  void leaves(const Cell& cell) {
    if (!holds_) return;
    if (state_.rest.left > 0) {
      --state_.rest.left;
    } else {
      add_total(state_.rest.sum, cell, -1);
    }
  }
  // Those of [first, last) became fewer by so many, with the same sum.
  void thinned(std::size_t first, std::size_t last, std::size_t fewer) {
    if (first >= state_.rest.left) return;
    if (last > state_.rest.left) {
      holds_ = false;
    } else {
      state_.rest.left -= fewer;
    }
  }

 private:
  WindowState& state_;
  bool holds_;
};

// Merges the cells that were passed since `before` into the window's own panes; what was passed
// earlier is merged already.
void thin_out(const Metric& metric, const Window& window, Cells& cells, Edit& edit, Time before,
              Time passed) {
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
  ++kept;
  edit.thinned(static_cast<std::size_t>(first - cells.begin()),
               static_cast<std::size_t>(last - cells.begin()),
               static_cast<std::size_t>(last - kept));
  cells.erase(kept, last);
}

// The sum of all cells but the first ones for which `is_out`; goes on where the last look stopped.
template <class IsOut>
const Rest& rest_without(const WindowState& state, const IsOut& is_out) {
  rest_of(state);
  Rest& rest = state.rest;
  const Cells& cells = state.cells;
  for (; rest.left > 0 && !is_out(cells[rest.left - 1]); --rest.left) {
    add_total(rest.sum, cells[rest.left - 1], 1);
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

// Gauges that take an extreme or the last value have no running total: folded cell by cell, of
// those for which `is_in`.
template <class IsIn>
Sum fold_gauge(const Machine& machine, const RolloutState& state, const Pending& pending,
               WindowIndex index, const IsIn& is_in) {
  const Window& window = machine.at(index);
  const Metric& metric = machine.at(machine.at(window.series).metric);
  Cell folded;
  const auto take = [&](const Cell& cell) {
    if (!is_in(cell)) return;
    if (folded.samples == 0) {
      folded = cell;
    } else {
      merge(metric, folded, cell);
    }
  };
  for (const Cell& cell : state.windows[index.value].cells) take(cell);
  for (const CellDelta& delta : pending.observed.deltas) {
    if (counts(machine, state, window, delta)) take(delta.cell);
  }
  return Sum{folded.value, folded.samples, {}};
}

// Adds a cell that ends no later than the last one.
void put_within(const Metric& metric, Cells& cells, Edit& edit, const Cell& cell, Time end) {
  std::size_t place = cells.size();
  while (place > 0 && std::as_const(cells)[place - 1].end > end) --place;
  if (place > 0 && std::as_const(cells)[place - 1].end == end) {
    merge(metric, cells[place - 1], cell);
    edit.merged(place - 1, cell);
  } else {
    cells.insert(place, cell).end = end;
    edit.inserted(place, cell);
  }
}

// Adds to a window what `cell_of` finds in `from`; nullptr: nothing. A replay does little else, so
// what lies last and what was added are kept here, not looked up in memory just written.
template <class From, class CellOf>
void add_all(const Machine& machine, const Window& window, WindowState& state, const From& from,
             Time passed, const CellOf& cell_of) {
  const Metric& metric = machine.at(machine.at(window.series).metric);
  const bool sums = adds_up(metric);
  Cells& cells = state.cells;
  Edit edit(state);
  Time last = cells.empty() ? kDistantPast : std::as_const(cells).back().end;
  Fixed value;
  std::int64_t samples = 0;
  for (const auto& each : from) {
    const Cell* cell = cell_of(each);
    if (cell == nullptr) continue;
    const Time end = pane_end(window, cell->end, passed);
    if (end > last) {
      cells.append(*cell).end = last = end;
      edit.inserted(cells.size() - 1, *cell);
    } else {
      put_within(metric, cells, edit, *cell, end);
    }
    value += cell->value;
    samples += cell->samples;
    if (sums) add_buckets(state.total, *cell, 1);
  }
  if (!sums) return;
  state.total.value += value;
  state.total.samples += samples;
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

const Rest& rest_of(const WindowState& state) {
  if (state.rest.edits != state.cells.edits()) {
    state.rest = Rest{state.cells.edits(), 0, state.total};
  }
  return state.rest;
}

Time passed_at(Time watermark, const Limits& limits) {
  if (watermark == kDistantPast) return kDistantPast;
  return watermark - kFinePanes - limits.grace - limits.stale_after;
}

void add(const Machine& machine, const Window& window, Floor floor, WindowState& state,
         const std::vector<CellDelta>& deltas, Time passed) {
  add_all(machine, window, state, deltas, passed, [&](const CellDelta& delta) {
    const bool counts = delta.series == window.series && delta.reach >= floor;
    return counts ? &delta.cell : nullptr;
  });
}

void add(const Machine& machine, const Window& window, WindowState& state,
         const std::vector<Cell>& cells, Time passed) {
  add_all(machine, window, state, cells, passed, [](const Cell& cell) { return &cell; });
}

void settle(const Machine& machine, const Window& window, WindowState& state, Time passed_before,
            Time passed) {
  if (passed == kDistantPast) return;
  const Metric& metric = machine.at(machine.at(window.series).metric);
  Cells& cells = state.cells;
  Edit edit(state);
  if (window.pane > kPaneMin) thin_out(metric, window, cells, edit, passed_before, passed);
  const auto is_first = [&](Time oldest) {
    return !cells.empty() && std::as_const(cells).front().end <= oldest;
  };
  if (window.cumulative) {  // what lies behind every cut stays in the total alone
    while (is_first(passed)) cells.pop_front();
    return;
  }
  const bool sums = adds_up(metric);
  const Time oldest = passed + kFinePanes - window.width;
  drop_stretches(window, oldest, state);
  while (is_first(oldest)) {
    const Cell& leaves = std::as_const(cells).front();
    if (sums) add_total(state.total, leaves, -1);
    edit.leaves(leaves);
    cells.pop_front();
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

Sum sum_at(const Machine& machine, const RolloutState& state, const Pending& pending,
           WindowIndex index, Time at) {
  if (at == kDistantPast) return {};
  const Window& window = machine.at(index);
  const WindowState& cells = state.windows[index.value];
  const Metric& metric = machine.at(machine.at(window.series).metric);
  const Time passed = passed_at(watermark_of(state, pending, window.series), state.limits);
  const Time after = window.cumulative ? kDistantPast : at - window.width;
  const auto before_window = [&](const Cell& cell) {
    return pane_end(window, cell.end, passed) <= after;
  };
  if (!adds_up(metric)) {
    return fold_gauge(machine, state, pending, index,
                      [&](const Cell& cell) { return !before_window(cell) && cell.latest <= at; });
  }
  const Rest& rest = rest_without(cells, before_window);
  Sum sum;
  add_sum(sum, rest.sum, 1);
  // A cell is left out when its last point lies beyond `at`; such cells stand at the end.
  for (std::size_t back = cells.cells.size(); back > rest.left; --back) {
    const Cell& cell = cells.cells[back - 1];
    if (cell.end <= at) break;
    if (cell.latest > at) add_sum(sum, cell, -1);
  }
  bring_to_pending(state, pending, machine.at(window.series).metric, sum);
  const Floor floor = floor_of(machine, state, window);
  for (const CellDelta& delta : pending.observed.deltas) {
    if (delta.series != window.series || delta.reach < floor) continue;
    if (!before_window(delta.cell) && delta.cell.latest <= at) add_sum(sum, delta.cell, 1);
  }
  return sum;
}

Time leaves_at(const Machine& machine, const RolloutState& state, const Pending& pending,
               WindowIndex index, Time end) {
  const Window& window = machine.at(index);
  const Time passed = passed_at(watermark_of(state, pending, window.series), state.limits);
  return pane_end(window, end, passed) + window.width;
}

namespace {

// The latest that is known of a series, with what is pending.
Time latest_of(Time known, const Pending& pending, SeriesIndex series, Time SeriesSeen::*mark) {
  for (const SeriesSeen& seen : pending.observed.seen) {
    if (seen.series == series) known = std::max(known, seen.*mark);
  }
  return known;
}

}  // namespace

Time watermark_of(const RolloutState& state, const Pending& pending, SeriesIndex series) {
  return latest_of(state.series[series.value].watermark, pending, series, &SeriesSeen::watermark);
}

Time arrival_of(const RolloutState& state, const Pending& pending, SeriesIndex series) {
  return latest_of(state.series[series.value].arrival, pending, series, &SeriesSeen::arrival);
}

Time whole_of(const RolloutState& state, const Pending& pending, SeriesIndex series) {
  const Time whole =
      latest_of(state.series[series.value].whole, pending, series, &SeriesSeen::whole);
  return whole == kDistantPast ? watermark_of(state, pending, series) : whole;
}

Duration interval_of(const RolloutState& state, const Pending& pending, SeriesIndex series) {
  Duration interval = state.series[series.value].interval;
  for (const SeriesSeen& seen : pending.observed.seen) {
    if (seen.series == series && seen.interval > Duration::zero()) interval = seen.interval;
  }
  return interval;
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
  const auto is_in = [&](const Cell& cell) { return cell.end > from && cell.end <= to; };
  if (!adds_up(machine.at(machine.at(window.series).metric))) {
    return fold_gauge(machine, state, pending, index, is_in);
  }
  const auto& cells = state.windows[index.value].cells;
  Sum sum;
  const auto first = std::upper_bound(cells.begin(), cells.end(), from,
                                      [](Time time, const Cell& cell) { return time < cell.end; });
  for (auto cell = first; cell != cells.end() && cell->end <= to; ++cell) add_sum(sum, *cell, 1);
  bring_to_pending(state, pending, machine.at(window.series).metric, sum);
  for (const CellDelta& delta : pending.observed.deltas) {
    if (counts(machine, state, window, delta) && is_in(delta.cell)) add_sum(sum, delta.cell, 1);
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
