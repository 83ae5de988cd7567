#include "tools/increment_spans.h"

#include <algorithm>

#include "engine/core/limits.h"
#include "engine/core/stretches.h"
#include "engine/core/windows.h"

namespace rollbook::tools {

IncrementSpans::IncrementSpans(const core::Machine& machine) : series_(machine.series.size()) {
  for (std::uint32_t i = 0; i < machine.series.size(); ++i) {
    const core::Metric& metric = machine.at(machine.series[i].metric);
    series_[i].silent_at_zero = metric.default_zero;
    series_[i].wanted = metric.kind == core::MetricKind::counter &&
                        !core::is_stretched(machine, core::SeriesIndex{i}, core::kPaneMin);
  }
}

void IncrementSpans::Heard::at(core::Time time) {
  if (time <= last) return;
  before = last;
  last = time;
}

void IncrementSpans::complete(core::CellDelta& delta) {
  Heard& heard = series_[delta.series.value];
  heard.at(delta.cell.end);
  const bool late = delta.cell.end < heard.last;
  const bool told = delta.span > core::Duration::zero();
  if (!heard.wanted || told || late || heard.before == core::kDistantPast) return;
  const core::Duration span = delta.cell.end - heard.before;
  if (heard.silent_at_zero && span > core::kStretchMost) return;
  delta.span = span;
  delta.points = 1;
}

void IncrementSpans::complete(core::Observed& observed) {
  std::vector<core::CellDelta*> deltas;
  for (core::CellDelta& delta : observed.deltas) deltas.push_back(&delta);
  std::stable_sort(deltas.begin(), deltas.end(),
                   [](const auto* a, const auto* b) { return a->cell.end < b->cell.end; });
  for (core::CellDelta* delta : deltas) complete(*delta);
  // Also of points that counted nothing: the first total of a series is only a base.
  for (const core::SeriesSeen& seen : observed.seen) {
    if (seen.watermark == core::kDistantPast) continue;
    series_[seen.series.value].at(core::ceil_to(seen.watermark, core::kPaneMin));
  }
}

}  // namespace rollbook::tools
