#include "engine/runtime/fold.h"

#include <algorithm>

#include "engine/core/limits.h"
#include "engine/core/windows.h"

namespace rollbook::runtime {

using core::Cell;
using core::Fixed;
using core::Floor;
using core::Time;

namespace {

Fixed scaled(Fixed value, Fixed unit) {
  if (unit.nanos == Fixed::kScale) return value;
  return Fixed{value.nanos * unit.nanos / Fixed::kScale};
}

bool same(const std::vector<Fixed>& bounds, Fixed unit, const std::vector<Fixed>& kept) {
  if (bounds.size() != kept.size()) return false;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (scaled(bounds[i], unit) != kept[i]) return false;
  }
  return true;
}

// Buckets on coarser bounds, when every one of those is among the finer; else nothing.
std::optional<std::vector<std::int64_t>> rebin(const std::vector<Fixed>& from, Fixed unit,
                                               const std::vector<std::int64_t>& buckets,
                                               const std::vector<Fixed>& to) {
  std::vector<std::int64_t> result(to.size() + 1);
  std::size_t at = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const Fixed bound = scaled(from[i], unit);
    if (at < to.size() && bound > to[at]) return std::nullopt;
    result[at] += buckets[i];
    if (at < to.size() && bound == to[at]) ++at;
  }
  if (at < to.size()) return std::nullopt;
  result[at] += buckets.back();
  return result;
}

// The increment's buckets on the bounds that the metric keeps: its own where they are the same or
// the first ever, else in `rebinned`. Null: they cannot be brought to those.
const std::vector<std::int64_t>* buckets_of(const FoldInput& input, core::Pending& pending,
                                            std::vector<std::int64_t>& rebinned) {
  const core::MetricIndex metric = input.match.metric;
  const Fixed unit = input.machine.at(metric).unit;
  const std::vector<Fixed>& kept = core::bounds_of(input.state, pending, metric);
  if (kept.empty()) {
    core::Layout& layout = pending.observed.layouts.emplace_back();
    layout.metric = metric;
    for (const Fixed bound : *input.bounds) layout.bounds.push_back(scaled(bound, unit));
    return input.increment.buckets;
  }
  if (same(*input.bounds, unit, kept)) return input.increment.buckets;
  auto brought = rebin(*input.bounds, unit, *input.increment.buckets, kept);
  if (!brought) return nullptr;
  rebinned = std::move(*brought);
  return &rebinned;
}

bool is_of_kind(core::MetricKind kind, const Increment& increment) {
  const bool histogram = increment.buckets != nullptr;
  return histogram == (kind == core::MetricKind::histogram) &&
         increment.gauge == (kind == core::MetricKind::gauge);
}

// The cell of that pane, new where there is none; mostly it is one of the last.
core::CellDelta& cell_of(std::vector<core::CellDelta>& deltas, core::SeriesIndex series,
                         Floor reach, Time end) {
  for (auto delta = deltas.rbegin(); delta != deltas.rend(); ++delta) {
    if (delta->series == series && delta->reach == reach && delta->cell.end == end) return *delta;
  }
  core::CellDelta& made = deltas.emplace_back();
  made.series = series;
  made.reach = reach;
  return made;
}

void add(const core::Metric& metric, const Cell& cell, const std::vector<std::int64_t>* buckets,
         Cell& into) {
  if (into.samples == 0 && into.end == Time{}) {
    into = cell;
  } else {
    core::merge(metric, into, cell);
  }
  if (buckets == nullptr) return;
  into.buckets.resize(std::max(into.buckets.size(), buckets->size()));
  for (std::size_t i = 0; i < buckets->size(); ++i) into.buckets[i] += (*buckets)[i];
}

Floor reach_of(const core::RolloutState& state, Time start) {
  if (start >= state.shift_floor) return Floor::shift;
  if (start >= state.guard_floor) return Floor::guard;
  return Floor::start;
}

void see(const FoldInput& input, Time watermark, core::Pending& pending) {
  auto& seen = pending.observed.seen;
  const auto found = std::find_if(seen.begin(), seen.end(), [&](const core::SeriesSeen& known) {
    return known.series == input.match.series;
  });
  if (found == seen.end()) {
    seen.push_back(core::SeriesSeen{input.match.series, watermark, input.now});
  } else {
    found->watermark = std::max(found->watermark, watermark);
    found->arrival = input.now;
  }
}

void name(const FoldInput& input, core::Pending& pending) {
  if (core::named(input.state, pending, input.match.metric)) return;
  pending.observed.names.push_back(core::NameSeen{input.match.metric, input.increment.end});
}

// A first sample without a start time counts whole only where its series is known to have been
// zero: the name (or `default 0`) has been watched for stale_after without it.
bool known_zero(const FoldInput& input, const core::Pending& pending) {
  const core::Metric& metric = input.machine.at(input.match.metric);
  std::optional<Time> since = input.state.metrics[input.match.metric.value].named;
  for (const core::NameSeen& seen : pending.observed.names) {
    if (seen.metric == input.match.metric && !since) since = seen.at;
  }
  if (metric.default_zero && (!since || input.state.started < *since)) since = input.state.started;
  return since && input.increment.end - *since >= input.state.limits.stale_after;
}

}  // namespace

Time pane_of(Time time) {
  const auto rest = time.time_since_epoch() % core::kPaneMin;
  return rest == core::Duration::zero() ? time : time + (core::kPaneMin - rest);
}

Folded fold(const FoldInput& input, core::Pending& pending) {
  const Increment& increment = input.increment;
  if (increment.end > input.now + input.state.limits.skew) {
    ++pending.observed.quarantined;
    return Folded::quarantined;
  }
  const bool whole = !increment.first || known_zero(input, pending);
  name(input, pending);
  if (!input.match.series.valid()) return Folded::counted;

  const core::Metric& metric = input.machine.at(input.match.metric);
  if (!is_of_kind(metric.kind, increment)) return Folded::refused;
  const std::vector<std::int64_t>* buckets = nullptr;
  std::vector<std::int64_t> rebinned;
  if (metric.kind == core::MetricKind::histogram) {
    buckets = buckets_of(input, pending, rebinned);
    if (buckets == nullptr) return Folded::refused;
  }
  const core::SeriesIndex series = input.match.series;
  const Time watermark = std::max(core::watermark_of(input.state, pending, series), increment.end);
  see(input, watermark, pending);
  if (!whole || increment.start < input.state.started) return Folded::counted;  // only a base

  Cell cell;
  cell.end = pane_of(increment.end);
  cell.latest = increment.end;
  cell.samples = increment.samples;
  cell.value = metric.kind == core::MetricKind::counter ? increment.value
                                                        : scaled(increment.value, metric.unit);
  if (!core::in_reach(input.machine, series, cell.end, watermark, input.state.limits.grace)) {
    ++pending.observed.late;
    return Folded::late;
  }
  const Floor reach = reach_of(input.state, increment.start);
  add(metric, cell, buckets, cell_of(pending.observed.deltas, series, reach, cell.end).cell);
  return Folded::counted;
}

}  // namespace rollbook::runtime
