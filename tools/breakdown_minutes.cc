#include "tools/breakdown_minutes.h"

#include <algorithm>

#include "engine/core/limits.h"
#include "engine/core/windows.h"

namespace rollbook::tools {
namespace {

using core::Fixed;
using core::Time;

constexpr core::Duration kMinute = std::chrono::minutes(1);

}  // namespace

Minutes::Minutes(const core::Machine& machine, core::MetricIndex metric, Time after)
    : machine_(machine), metric_(metric), after_(after), spans_(machine) {}

// An arm's own series has what those of its targets have.
bool Minutes::counts(const core::Series& series) const {
  if (series.metric != metric_) return false;
  const core::Series all{series.metric, series.arm, {}};
  return !series.target.valid() ||
         std::find(machine_.series.begin(), machine_.series.end(), all) == machine_.series.end();
}

void Minutes::add(const core::CellDelta& delta, Counted& arm) const {
  const Time end = delta.cell.end;
  const Time since = end - std::max(delta.span, core::kPaneMin);
  const Time asked = std::max(since, after_);
  if (asked >= end) return;
  const auto part_of = [&](core::Duration time) {
    return Fixed{delta.cell.value.nanos * time.count() / (end - since).count()};
  };
  Fixed left = asked == since ? delta.cell.value : part_of(end - asked);
  for (Time begin = asked; begin < end;) {
    const Time minute = core::ceil_to(begin + core::Duration(1), kMinute);
    const Time stop = std::min(minute, end);
    const Fixed part = part_of(stop - begin);
    arm.minutes[minute] += stop == end ? left : part;
    left = left - part;
    begin = stop;
  }
  arm.told = std::max(arm.told, end);
}

void Minutes::take(core::Observed observed) {
  spans_.complete(observed);
  for (const core::CellDelta& delta : observed.deltas) {
    const core::Series& series = machine_.at(delta.series);
    if (counts(series)) add(delta, arms_[series.arm]);
  }
}

std::vector<PeakLook> Minutes::within(Time after, Time until) const {
  std::vector<PeakLook> peaks;
  for (const auto& [arm, counted] : arms_) {
    PeakLook peak;
    peak.arm = arm;
    bool any = false;
    for (const auto& [end, count] : counted.minutes) {
      if (end - kMinute < after || end > std::min(until, counted.told)) continue;
      const Fixed rate{count.nanos / (kMinute / std::chrono::seconds(1))};
      if (!any || rate > peak.peak) {
        peak.peak = rate;
        peak.peak_at = end;
      }
      if (!any || rate < peak.trough) {
        peak.trough = rate;
        peak.trough_at = end;
      }
      any = true;
    }
    if (any) peaks.push_back(peak);
  }
  return peaks;
}

}  // namespace rollbook::tools
