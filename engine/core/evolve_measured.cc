// evolve(): what was measured. Windows fill and begin anew, layouts meet, series are heard and fall
// silent.

#include <algorithm>
#include <utility>

#include "engine/core/breakdown.h"
#include "engine/core/buckets.h"
#include "engine/core/evenly.h"
#include "engine/core/evolve_parts.h"
#include "engine/core/gaps.h"
#include "engine/core/limits.h"
#include "engine/core/past.h"
#include "engine/core/stretches.h"
#include "engine/core/trials.h"
#include "engine/core/windows.h"

namespace rollbook::core {

void MeasuredFold::clear(Floor floor) const {
  for (std::size_t i = 0; i < machine.windows.size(); ++i) {
    const Window& window = machine.windows[i];
    const bool renewed = floor == Floor::shift && is_renewed(machine, state, window);
    if (renewed || window.floor == floor) state.windows[i] = WindowState{};
  }
  begin_tests(machine, state, floor);
  forget_kinds(machine, state, floor);
}

// What a guard of one target watches begins with the first shift of that one.
void MeasuredFold::clear_guard_of(TargetIndex target) const {
  for (std::size_t i = 0; i < machine.windows.size(); ++i) {
    const Window& window = machine.windows[i];
    const bool own = machine.at(window.series).target == target;
    if (own && window.floor == Floor::guard) state.windows[i] = WindowState{};
  }
  for (std::uint32_t i = 0; i < machine.criteria.size(); ++i) {
    const Criterion& criterion = machine.criteria[i];
    if (criterion.new_by.empty() || criterion.target != target) continue;
    if (machine.at(criterion.window).floor != Floor::guard) continue;
    BreakdownState& kinds = state.breakdowns[breakdown_of(machine, CriterionIndex{i}).value];
    kinds.kinds.assign(kinds.sets.size(), KindState{});
  }
  begin_tests_of(machine, state, target);
}

void MeasuredFold::take(const Observed& body) const {
  for (const Layout& layout : body.layouts) lay_out(layout);
  for (const NameSeen& name : body.names) state.metrics[name.metric.value].named = name.at;
  for (std::size_t i = 0; i < machine.windows.size(); ++i) fill(i, body);
  std::vector<Time> before;
  for (const SeriesState& series : state.series) before.push_back(series.watermark);
  note_gaps(machine, state, body);
  for (const SeriesSeen& seen : body.seen) {
    SeriesState& series = state.series[seen.series.value];
    if (!series.seen && state.back.from) series.began = seen.watermark;
    series.seen = true;
    series.watermark = std::max(series.watermark, seen.watermark);
    series.arrival = std::max(series.arrival, seen.arrival);
    series.whole = std::max(series.whole, seen.whole);
    series.behind = seen.behind;
    if (seen.interval > Duration::zero()) series.interval = seen.interval;
  }
  for (const SeriesClash& clash : body.clashes) {
    Time& at = state.series[clash.series.value].clashed;
    at = std::max(at, clash.at);
  }
  if (body.past) take_past(machine, state, *body.past);
  for (const SourceOffset& offset : body.offsets) advance_offset(state.offsets, offset);
  take_kinds(machine, state, body);
  for (SeriesState& series : state.series) series.stale = false;
  for (const SeriesIndex series : body.stale) state.series[series.value].stale = true;
  grow(machine, state, body);
  // Tests take their steps first, however many panes came at once.
  for (std::size_t i = 0; i < machine.windows.size(); ++i) {
    const std::uint32_t series = machine.windows[i].series.value;
    settle(machine, machine.windows[i], state.windows[i], passed_at(before[series], state.limits),
           passed_at(state.series[series].watermark, state.limits));
  }
  state.late += body.late;
  state.quarantined += body.quarantined;
}

// Another layout of a metric that has one: what was counted so far is brought to it.
void MeasuredFold::lay_out(const Layout& layout) const {
  MetricState& metric = state.metrics[layout.metric.value];
  const std::vector<Fixed> before = std::exchange(metric.bounds, layout.bounds);
  metric.grid = layout.grid;
  if (before.empty() || before == layout.bounds) return;
  const BucketMap map = bucket_map(before, layout.bounds);
  for (std::size_t i = 0; i < machine.windows.size(); ++i) {
    if (machine.at(machine.windows[i].series).metric != layout.metric) continue;
    for (Cell& cell : state.windows[i].cells) remap(map, cell);
    remap(map, state.windows[i].total);
  }
  lay_out_tests(machine, state, layout.metric, map);
}

void MeasuredFold::fill(std::size_t i, const Observed& body) const {
  const Window& window = machine.windows[i];
  Time watermark = state.series[window.series.value].watermark;
  for (const SeriesSeen& seen : body.seen) {
    if (seen.series == window.series) watermark = std::max(watermark, seen.watermark);
  }
  const Time passed = passed_at(watermark, state.limits);
  const Floor floor = floor_of(machine, state, window);
  if (spread_most(machine, window) > Duration::zero()) {
    const WindowIndex index{static_cast<std::uint32_t>(i)};
    add(machine, window, floor, state.windows[i], evenly(machine, state, index, body.deltas),
        passed);
    return;
  }
  add(machine, window, floor, state.windows[i], body.deltas, passed);
  for (const CellDelta& delta : body.deltas) {
    if (delta.series == window.series && delta.reach >= floor) {
      note_stretch(machine, window, delta, state.windows[i]);
    }
  }
}

}  // namespace rollbook::core
