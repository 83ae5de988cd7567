#include "engine/core/windows.h"

#include <algorithm>

#include "engine/core/limits.h"

namespace rollbook::core {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);

Time ceil_to(Time time, Duration pane) {
  const auto rest = time.time_since_epoch() % pane;
  return rest == Duration::zero() ? time : time + (pane - rest);
}

void add_buckets(std::vector<std::int64_t>& into, const std::vector<std::int64_t>& from,
                 std::int64_t sign) {
  if (into.size() < from.size()) into.resize(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) into[i] += sign * from[i];
}

void add_sum(Sum& sum, const Cell& cell, std::int64_t sign) {
  sum.value.nanos += sign * cell.value.nanos;
  sum.samples += sign * cell.samples;
  add_buckets(sum.buckets, cell.buckets, sign);
}

void add_total(Cell& total, const Cell& cell, std::int64_t sign) {
  total.value.nanos += sign * cell.value.nanos;
  total.samples += sign * cell.samples;
  add_buckets(total.buckets, cell.buckets, sign);
}

bool adds_up(const Metric& metric) {
  return metric.kind != MetricKind::gauge || metric.fold == GaugeFold::mean;
}

// Gauges that take an extreme or the last value have no running total: folded cell by cell.
Sum fold_gauge(const Metric& metric, const WindowState& window, const Pending& pending,
               SeriesIndex series, Floor floor, Time after, Time at) {
  Cell folded;
  const auto take = [&](const Cell& cell) {
    if (cell.end <= after || cell.latest > at) return;
    if (folded.samples == 0) {
      folded = cell;
    } else {
      merge(metric, folded, cell);
    }
  };
  for (const Cell& cell : window.cells) take(cell);
  for (const CellDelta& delta : pending.observed.deltas) {
    if (delta.series == series && delta.reach >= floor) take(delta.cell);
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
    add_buckets(into.buckets, from.buckets, 1);
  }
  into.samples += from.samples;
  into.end = std::max(into.end, from.end);
  into.latest = std::max(into.latest, from.latest);
}

void add(const Machine& machine, const Window& window, WindowState& state, const Cell& cell) {
  const Metric& metric = machine.at(machine.at(window.series).metric);
  auto place = state.cells.end();
  while (place != state.cells.begin() && std::prev(place)->end > cell.end) --place;
  if (place != state.cells.begin() && std::prev(place)->end == cell.end) {
    merge(metric, *std::prev(place), cell);
  } else {
    state.cells.insert(place, cell);
  }
  if (adds_up(metric)) add_total(state.total, cell, 1);
}

void settle(const Machine& machine, const Window& window, WindowState& state, Time watermark,
            Duration grace) {
  if (watermark == kDistantPast) return;
  const Metric& metric = machine.at(machine.at(window.series).metric);
  const Time oldest = watermark - window.width - grace;
  while (!state.cells.empty() && state.cells.front().end <= oldest) {
    if (adds_up(metric)) add_total(state.total, state.cells.front(), -1);
    state.cells.pop_front();
  }
  if (window.pane <= kPaneMin) return;
  // Panes that everything has passed are merged up to the window's own pane width.
  const Time fine = watermark - kFinePanes - grace;
  std::size_t kept = 0;
  bool any = false;
  for (std::size_t i = 0; i < state.cells.size(); ++i) {
    const Time border = ceil_to(state.cells[i].end, window.pane);
    if (any && border <= fine && state.cells[kept].end == border) {
      merge(metric, state.cells[kept], state.cells[i]);
      state.cells[kept].end = border;
      continue;
    }
    if (any) ++kept;
    any = true;
    if (kept != i) state.cells[kept] = std::move(state.cells[i]);
    if (border <= fine) state.cells[kept].end = border;
  }
  if (any) state.cells.resize(kept + 1);
}

Time floor_of(const RolloutState& state, Floor floor) {
  switch (floor) {
    case Floor::start:
      return state.started;
    case Floor::guard:
      return state.guard_floor;
    case Floor::shift:
      return state.shift_floor;
  }
  return kDistantFuture;
}

Sum sum_at(const Machine& machine, const RolloutState& state, const Pending& pending,
           WindowIndex index, Time at) {
  if (at == kDistantPast) return {};
  const Window& window = machine.at(index);
  const WindowState& cells = state.windows[index.value];
  const Metric& metric = machine.at(machine.at(window.series).metric);
  const Time after = at - window.width;
  if (!adds_up(metric)) {
    return fold_gauge(metric, cells, pending, window.series, window.floor, after, at);
  }
  Sum sum{cells.total.value, cells.total.samples, cells.total.buckets};
  auto front = cells.cells.begin();
  for (; front != cells.cells.end() && front->end <= after; ++front) add_sum(sum, *front, -1);
  // A cell is left out when its last point lies beyond `at`; such cells stand at the end.
  for (auto back = cells.cells.end(); back != front && std::prev(back)->end > at; --back) {
    if (std::prev(back)->latest > at) add_sum(sum, *std::prev(back), -1);
  }
  for (const CellDelta& delta : pending.observed.deltas) {
    if (delta.series != window.series || delta.reach < window.floor) continue;
    if (delta.cell.end > after && delta.cell.latest <= at) add_sum(sum, delta.cell, 1);
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

Time common_time(const Machine& machine, const RolloutState& state, const Pending& pending,
                 WindowIndex numerator, WindowIndex denominator) {
  const Time a = watermark_of(state, pending, machine.at(numerator).series);
  const Time b = watermark_of(state, pending, machine.at(denominator).series);
  if (a == kDistantPast) return b;
  if (b == kDistantPast) return a;
  const Time at = std::max(std::min(a, b), std::max(a, b) - state.limits.grace);
  // When a pane of either part reaches past `at`, both leave the whole pane out.
  const Time pane_end = ceil_to(at, kSecond);
  const auto reaches_past = [&](const Cell& cell) {
    return cell.end == pane_end && cell.latest > at;
  };
  for (const WindowIndex index : {numerator, denominator}) {
    const Window& window = machine.at(index);
    const auto& cells = state.windows[index.value].cells;
    for (auto cell = cells.rbegin(); cell != cells.rend() && cell->end >= pane_end; ++cell) {
      if (reaches_past(*cell)) return pane_end - kSecond;
    }
    for (const CellDelta& delta : pending.observed.deltas) {
      if (delta.series == window.series && reaches_past(delta.cell)) return pane_end - kSecond;
    }
  }
  return at;
}

}  // namespace rollbook::core
