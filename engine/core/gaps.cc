#include "engine/core/gaps.h"

#include <algorithm>

#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/windows.h"

namespace rollbook::core {
namespace {

// Longer than the longest look back of a step, which is at most twice the lag and some seconds:
// what a step may still meet is never forgotten.
constexpr Duration kMargin = std::chrono::minutes(1);

// When the series was heard in `observed`, by rising time.
std::vector<Time> points_of(const Observed& observed, SeriesIndex series) {
  std::vector<Time> times;
  for (const CellDelta& delta : observed.deltas) {
    if (delta.series == series) times.push_back(delta.cell.latest);
  }
  for (const SeriesSeen& seen : observed.seen) {
    if (seen.series == series) times.push_back(seen.watermark);
  }
  std::sort(times.begin(), times.end());
  return times;
}

// A point that came late may lie within a gap, and parts it.
void part(std::vector<Gap>& gaps, Time point, Duration allowed) {
  const auto found = std::find_if(
      gaps.begin(), gaps.end(), [&](const Gap& gap) { return gap.from < point && point < gap.to; });
  if (found == gaps.end()) return;
  const Gap after{point, found->to};
  found->to = point;
  if (after.to - after.from > allowed) {
    gaps.insert(std::next(found), after);
  }
  std::erase_if(gaps, [&](const Gap& gap) { return gap.to - gap.from <= allowed; });
}

void take(std::vector<Gap>& gaps, Time watermark, const std::vector<Time>& points,
          Duration allowed) {
  for (const Time point : points) {
    if (point <= watermark) {
      part(gaps, point, allowed);
      continue;
    }
    if (watermark != kDistantPast && point - watermark > allowed)
      gaps.push_back({watermark, point});
    watermark = point;
  }
}

// Whether the silence of one says that another was not heard.
bool tells_of(const Machine& machine, SeriesIndex index, SeriesIndex other) {
  const Series &series = machine.at(index), &own = machine.at(other);
  if (!machine.at(own.metric).default_zero) return index == other;
  return same_arm(series, own) && counts_requests(machine.at(series.metric));
}

// How far back something looks for gaps of the series; zero: nothing does.
Duration reach_of(const Machine& machine, SeriesIndex series) {
  Duration reach{};
  for (const Criterion& criterion : machine.criteria) {
    if (criterion.test == Test::unchanged && fed_by(machine, criterion) == series) {
      reach = std::max(reach, 3 * criterion.lag + kMargin);
    }
    if (!finds_little(criterion)) continue;
    for (const WindowIndex window : {criterion.window, criterion.other}) {
      if (!window.valid() || !tells_of(machine, series, machine.at(window).series)) continue;
      reach = std::max(reach, machine.at(window).width + kStretchMost + kStaleAfter + kMargin);
    }
  }
  return reach;
}

}  // namespace

void note_gaps(const Machine& machine, RolloutState& state, const Observed& observed) {
  for (std::uint32_t i = 0; i < machine.series.size(); ++i) {
    const Duration reach = reach_of(machine, SeriesIndex{i});
    if (reach == Duration::zero()) continue;
    SeriesState& series = state.series[i];
    const std::vector<Time> points = points_of(observed, SeriesIndex{i});
    if (points.empty()) continue;
    take(series.gaps, series.watermark, points, state.limits.stale_after);
    const Time oldest = std::max(series.watermark, points.back()) - reach;
    std::erase_if(series.gaps, [&](const Gap& gap) { return gap.to <= oldest; });
  }
}

SeriesIndex told_by(const Machine& machine, const RolloutState& state, const Pending& pending,
                    SeriesIndex series) {
  for (std::uint32_t i = 0; i < machine.series.size(); ++i) {
    const SeriesIndex other{i};
    const bool heard = watermark_of(state, pending, other) != kDistantPast;
    if (heard && tells_of(machine, other, series)) return other;
  }
  return {};
}

std::vector<Gap> gaps_of(const RolloutState& state, const Pending& pending, SeriesIndex series) {
  const SeriesState& known = state.series[series.value];
  std::vector<Gap> gaps = known.gaps;
  take(gaps, known.watermark, points_of(pending.observed, series), state.limits.stale_after);
  return gaps;
}

}  // namespace rollbook::core
