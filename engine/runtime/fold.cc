#include "engine/runtime/fold.h"

#include <algorithm>

#include "engine/core/breakdown.h"
#include "engine/core/buckets.h"
#include "engine/core/limits.h"
#include "engine/core/sentence.h"
#include "engine/core/stretches.h"
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

std::vector<Fixed> scaled(const std::vector<Fixed>& bounds, Fixed unit) {
  std::vector<Fixed> result;
  for (const Fixed bound : bounds) result.push_back(scaled(bound, unit));
  return result;
}

// Each of these puts the increment's buckets into `cell`, as the metric keeps them; false: they
// cannot be brought to one layout with those kept.
bool put_explicit(const FoldInput& input, core::Pending& pending, Cell& cell) {
  const core::MetricIndex metric = input.match.metric;
  const Fixed unit = input.machine.at(metric).unit;
  const std::vector<Fixed>& kept = core::bounds_of(input.state, pending, metric);
  if (core::grid_of(input.state, pending, metric)) return false;
  cell.buckets = *input.increment.buckets;
  if (!kept.empty() && same(*input.bounds, unit, kept)) return true;
  if (input.bounds->empty()) return false;
  if (!kept.empty()) {
    if (auto brought = rebin(*input.bounds, unit, cell.buckets, kept)) {
      cell.buckets = std::move(*brought);
      return true;
    }
    const std::vector<Fixed> bounds = scaled(*input.bounds, unit);
    if (!std::includes(kept.begin(), kept.end(), bounds.begin(), bounds.end())) return false;
  }
  lay_out(input.machine, input.state, {metric, scaled(*input.bounds, unit), {}}, pending);
  return true;
}

bool put_exponential(const FoldInput& input, core::Pending& pending, Cell& cell) {
  const core::MetricIndex metric = input.match.metric;
  const core::Exponential& histogram = *input.increment.exponential;
  const std::vector<Fixed>& kept = core::bounds_of(input.state, pending, metric);
  std::optional<core::Grid> grid = core::grid_of(input.state, pending, metric);
  std::size_t bounds = kept.size();
  if (!kept.empty() && !grid) return false;
  if (!grid || !covers(*grid, bounds, histogram)) {
    core::Layout layout =
        core::grid_for(histogram, input.machine.at(metric).unit, {metric, kept, grid});
    grid = layout.grid;
    bounds = layout.bounds.size();
    if (layout.bounds != kept) {
      lay_out(input.machine, input.state, std::move(layout), pending);
    }
  }
  core::Cell run = core::on_grid(histogram, *grid, bounds);
  cell.first = run.first;
  cell.buckets = std::move(run.buckets);
  return true;
}

bool is_of_kind(core::MetricKind kind, const Increment& increment) {
  if (increment.untyped) {
    return kind == core::MetricKind::gauge ||
           (kind == core::MetricKind::counter && increment.level.nanos >= 0);
  }
  const bool histogram = increment.buckets != nullptr || increment.exponential != nullptr;
  return histogram == (kind == core::MetricKind::histogram) &&
         increment.gauge == (kind == core::MetricKind::gauge);
}

// The cell of that pane, new where there is none; mostly it is one of the last.
core::CellDelta& cell_of(std::vector<core::CellDelta>& deltas, const core::CellDelta& wanted,
                         Time end) {
  for (auto delta = deltas.rbegin(); delta != deltas.rend(); ++delta) {
    if (delta->series == wanted.series && delta->reach == wanted.reach &&
        delta->span == wanted.span && delta->cell.end == end) {
      return *delta;
    }
  }
  return deltas.emplace_back(wanted);
}

// Where a first total has no start time: in so much time before its end it came. Zero: at once, as
// with `default 0`, which is silent while nothing happens. The first of an arm must be seen whole
// by every window that it is judged by; what comes after a silence of the arm may have counted all
// the while.
core::Duration untold(const FoldInput& input, Time heard) {
  const Increment& increment = input.increment;
  if (input.machine.at(input.match.metric).default_zero) return {};
  core::Duration time = increment.untold;
  if (heard != core::kDistantPast) return Rhythm::over_silence(time, increment.end - heard);
  for (const core::Window& window : input.machine.windows) {
    if (window.series == input.match.series && window.by_time) time = std::min(time, window.width);
  }
  return time;
}

// In whole seconds, as cells are: so those of many senders are one. `heard`: the arm's last point
// before.
core::Duration span_of(const FoldInput& input, const Cell& cell, Time heard) {
  const Increment& increment = input.increment;
  if (!increment.measured && !increment.first) return {};
  const Time since = increment.measured ? increment.start : increment.end - untold(input, heard);
  const core::Duration span = cell.end - pane_of(since);
  return core::is_stretched(input.machine, input.match.series, span) ? span : core::Duration{};
}

void add(const core::Metric& metric, Cell cell, Cell& into) {
  if (into.samples == 0 && into.end == Time{}) {
    into = std::move(cell);
  } else {
    core::merge(metric, into, cell);
  }
}

Floor reach_of(const core::RolloutState& state, core::TargetIndex target, Time start) {
  for (const Floor floor : {Floor::shift, Floor::guard}) {
    if (start >= core::floor_of(state, floor, target)) return floor;
  }
  return start >= state.started ? Floor::start : Floor::before;
}

// What is that old shows nothing of now: `stale_after` is what the exporters' interval, their
// batches and a point that was lost come to.
bool lies_behind(const FoldInput& input, Time watermark) {
  const core::SeriesState& known = input.state.series[input.match.series.value];
  const Time old = input.now - input.slow - input.state.limits.stale_after;
  return watermark <= old && (known.behind || input.state.sight == core::Sight::live);
}

void see(const FoldInput& input, Time watermark, core::Pending& pending) {
  const bool behind = lies_behind(input, watermark);
  if (behind != input.state.series[input.match.series.value].behind) pending.quiet.end();
  auto& seen = pending.observed.seen;
  const auto found = std::find_if(seen.begin(), seen.end(), [&](const core::SeriesSeen& known) {
    return known.series == input.match.series;
  });
  if (found == seen.end()) {
    seen.push_back(core::SeriesSeen{input.match.series, watermark, input.now});
    seen.back().behind = behind;
  } else {
    found->watermark = std::max(found->watermark, watermark);
    found->arrival = input.now;
    found->behind = behind;
  }
}

Folded refuse(core::Pending& pending) {
  ++pending.observed.refused;
  return Folded::refused;
}

Folded refuse_clash(const FoldInput& input, core::Pending& pending) {
  pending.quiet.end();
  auto& clashes = pending.observed.clashes;
  const auto known = std::find_if(clashes.begin(), clashes.end(), [&](const auto& clash) {
    return clash.series == input.match.series;
  });
  if (known == clashes.end()) {
    clashes.push_back({input.match.series, input.now});
  } else {
    known->at = input.now;
  }
  return refuse(pending);
}

void name(const FoldInput& input, core::Pending& pending) {
  if (core::named(input.state, pending, input.match.metric)) return;
  pending.observed.names.push_back(core::NameSeen{input.match.metric, input.increment.end});
}

// A first sample without a start time counts whole only where its series is known to have been
// zero: the name (or `default 0`) has been watched for stale_after without it, also under other
// labels.
bool known_zero(const FoldInput& input, const core::Pending& pending) {
  if (input.increment.retold) return false;
  const core::Metric& metric = input.machine.at(input.match.metric);
  std::optional<Time> since = input.state.metrics[input.match.metric.value].named;
  for (const core::NameSeen& seen : pending.observed.names) {
    if (seen.metric == input.match.metric && !since) since = seen.at;
  }
  if (metric.default_zero && (!since || input.state.started < *since)) since = input.state.started;
  return since && input.increment.end - *since >= input.state.limits.stale_after;
}

}  // namespace

bool covers(const core::Grid& grid, std::size_t bounds, const core::Exponential& histogram) {
  const std::int32_t by = histogram.scale - grid.scale;
  if (by < 0) return false;
  const auto size = static_cast<std::int32_t>(histogram.counts.size());
  return size == 0 || ((histogram.offset >> by) >= grid.first &&
                       ((histogram.offset + size - 1) >> by) <
                           grid.first + static_cast<std::int32_t>(bounds) - 1);
}

void lay_out(const core::Machine& machine, const core::RolloutState& state, core::Layout layout,
             core::Pending& pending) {
  pending.quiet.end();
  auto& layouts = pending.observed.layouts;
  const std::vector<Fixed>& before = core::bounds_of(state, pending, layout.metric);
  if (!before.empty()) {
    const core::BucketMap map = core::bucket_map(before, layout.bounds);
    for (core::CellDelta& delta : pending.observed.deltas) {
      if (machine.at(delta.series).metric == layout.metric) core::remap(map, delta.cell);
    }
    const std::vector<core::Breakdown> breakdowns = core::breakdowns_of(machine);
    for (auto* shares : {&pending.shares, &pending.observed.shares}) {
      for (core::Share& share : *shares) {
        if (breakdowns[share.breakdown.value].metric == layout.metric) core::remap(map, share.cell);
      }
    }
  }
  const auto known = std::find_if(layouts.begin(), layouts.end(), [&](const core::Layout& pended) {
    return pended.metric == layout.metric;
  });
  if (known == layouts.end()) {
    layouts.push_back(std::move(layout));
  } else {
    *known = std::move(layout);
  }
}

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
  const core::Metric& metric = input.machine.at(input.match.metric);
  const bool level = metric.kind == core::MetricKind::gauge;  // an untyped one, too
  const bool whole = level || !increment.first || known_zero(input, pending);
  if (level && increment.settled) return Folded::counted;  // it was, when it came
  name(input, pending);
  if (!input.match.series.valid()) return Folded::counted;
  if (!is_of_kind(metric.kind, increment)) return refuse(pending);
  if (increment.clashes) return refuse_clash(input, pending);

  Cell cell;
  if (increment.buckets != nullptr && !put_explicit(input, pending, cell)) return refuse(pending);
  if (increment.exponential != nullptr && !put_exponential(input, pending, cell)) {
    return refuse(pending);
  }
  const core::SeriesIndex series = input.match.series;
  const Time heard = core::watermark_of(input.state, pending, series);
  const Time watermark = std::max(heard, increment.end);
  see(input, watermark, pending);
  pending.quiet.reach(watermark);
  const Time start = level ? increment.end : increment.start;
  const Time counts_from = input.state.back.from.value_or(input.state.started);
  if (input.only_seen || !whole || start < counts_from) return Folded::counted;  // only a base

  cell.end = pane_of(increment.end);
  cell.latest = increment.end;
  cell.samples = increment.samples;
  const Fixed value = level && increment.untyped ? increment.level : increment.value;
  cell.value = metric.kind == core::MetricKind::counter ? value : scaled(value, metric.unit);
  if (!core::in_reach(input.machine, series, cell.end, watermark, input.state.limits)) {
    ++pending.observed.late;
    return Folded::late;
  }
  const core::Duration span = level ? core::Duration::zero() : span_of(input, cell, heard);
  pending.quiet.count(series, cell, span);
  const core::CellDelta place{
      series, reach_of(input.state, input.machine.at(series).target, start), {}, span};
  core::CellDelta& delta = cell_of(pending.observed.deltas, place, cell.end);
  if (delta.span > core::Duration::zero()) ++delta.points;
  add(metric, std::move(cell), delta.cell);
  return Folded::counted;
}

std::optional<Addition> addition_of(const FoldInput& input, core::TargetIndex target,
                                    core::Pending& pending) {
  const Increment& increment = input.increment;
  const core::Metric& metric = input.machine.at(input.match.metric);
  if (increment.end > input.now + input.state.limits.skew) return std::nullopt;
  if (increment.clashes || !is_of_kind(metric.kind, increment)) return std::nullopt;
  if (increment.first && !known_zero(input, pending)) return std::nullopt;
  if (increment.start < input.state.started) return std::nullopt;
  const bool histogram = metric.kind == core::MetricKind::histogram;
  if (histogram ? increment.samples == 0 : increment.value.nanos == 0) return std::nullopt;
  Addition addition;
  core::Cell& cell = addition.cell;
  if (increment.buckets != nullptr && !put_explicit(input, pending, cell)) return std::nullopt;
  if (increment.exponential != nullptr && !put_exponential(input, pending, cell)) {
    return std::nullopt;
  }
  cell.end = pane_of(increment.end);
  cell.latest = increment.end;
  cell.samples = increment.samples;
  cell.value = histogram ? scaled(increment.value, metric.unit) : increment.value;
  addition.reach = reach_of(input.state, target, increment.start);
  return addition;
}

std::string refusal_of(const FoldInput& input) {
  const core::Metric& metric = input.machine.at(input.match.metric);
  const Increment& increment = input.increment;
  if (increment.clashes && is_of_kind(metric.kind, increment)) {
    return "an interval overlaps one that was counted, and is another: two senders under one set "
           "of labels, of which one is left out; give each a label of its own, such as "
           "`service.instance.id`";
  }
  if (increment.end > input.now + input.state.limits.skew) {
    const auto ahead = std::chrono::floor<std::chrono::seconds>(increment.end - input.now);
    return "they are " + core::duration_text(ahead) +
           " ahead of the engine's clock, and more than " +
           core::duration_text(input.state.limits.skew) +
           " is not taken; put the clock of their sender right";
  }
  if (is_of_kind(metric.kind, increment)) {
    return "the buckets of `" + metric.selector + "` and those that `" + metric.name +
           "` has kept so far have no layout in common; let all its senders use the same one";
  }
  constexpr const char* kKinds[] = {"counter", "histogram", "gauge"};
  const bool histogram = increment.buckets != nullptr || increment.exponential != nullptr;
  const char* sent = increment.gauge ? "gauges" : histogram ? "histograms" : "counts";
  return "`" + metric.name + "` is a " + kKinds[static_cast<std::size_t>(metric.kind)] +
         ", the points of `" + metric.selector + "` are " + sent;
}

}  // namespace rollbook::runtime
