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

// Buckets on coarser bounds, when every one of those is among the finer; else nothing.
std::optional<std::vector<std::int64_t>> rebin(const std::vector<Fixed>& from,
                                               const std::vector<std::int64_t>& buckets,
                                               const std::vector<Fixed>& to) {
  std::vector<std::int64_t> result(to.size() + 1);
  std::size_t at = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (at < to.size() && from[i] > to[at]) return std::nullopt;
    result[at] += buckets[i];
    if (at < to.size() && from[i] == to[at]) ++at;
  }
  if (at < to.size()) return std::nullopt;
  result[at] += buckets.back();
  return result;
}

Fixed scaled(Fixed value, Fixed unit) { return Fixed{value.nanos * unit.nanos / Fixed::kScale}; }

std::vector<Fixed> scaled(const std::vector<Fixed>& bounds, Fixed unit) {
  std::vector<Fixed> result;
  for (const Fixed bound : bounds) result.push_back(scaled(bound, unit));
  return result;
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
  Cell cell;
  cell.end = pane_of(increment.end);
  cell.latest = increment.end;
  cell.samples = increment.samples;
  cell.value = increment.gauge ? scaled(increment.value, metric.unit) : increment.value;
  if (metric.kind == core::MetricKind::histogram) {
    if (increment.buckets == nullptr || input.bounds == nullptr) return Folded::refused;
    cell.value = scaled(increment.value, metric.unit);
    const std::vector<Fixed> bounds =
        metric.unit == Fixed::from_int(1) ? *input.bounds : scaled(*input.bounds, metric.unit);
    const std::vector<Fixed>& kept = core::bounds_of(input.state, pending, input.match.metric);
    if (kept.empty()) {
      pending.observed.layouts.push_back(core::Layout{input.match.metric, bounds});
      cell.buckets = *increment.buckets;
    } else if (kept == bounds) {
      cell.buckets = *increment.buckets;
    } else if (auto buckets = rebin(bounds, *increment.buckets, kept)) {
      cell.buckets = std::move(*buckets);
    } else {
      return Folded::refused;
    }
  } else if (increment.buckets != nullptr ||
             increment.gauge != (metric.kind == core::MetricKind::gauge)) {
    return Folded::refused;
  }
  const Time watermark =
      std::max(core::watermark_of(input.state, pending, input.match.series), increment.end);
  see(input, watermark, pending);
  if (!whole || increment.start < input.state.started) return Folded::counted;  // only a base

  auto& deltas = pending.observed.deltas;
  const Floor reach = reach_of(input.state, increment.start);
  for (auto delta = deltas.rbegin(); delta != deltas.rend(); ++delta) {
    if (delta->series == input.match.series && delta->reach == reach &&
        delta->cell.end == cell.end) {
      core::merge(metric, delta->cell, cell);
      return Folded::counted;
    }
  }
  deltas.push_back(core::CellDelta{input.match.series, reach, std::move(cell)});
  return Folded::counted;
}

}  // namespace rollbook::runtime
