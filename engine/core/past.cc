#include "engine/core/past.h"

#include <algorithm>

#include "engine/core/judge.h"
#include "engine/core/windows.h"

namespace rollbook::core {

Duration reach_back(const Machine& machine) {
  Duration reach = Duration::zero();
  for (const Window& window : machine.windows) {
    if (window.floor == Floor::before) reach = std::max(reach, window.width);
  }
  return reach;
}

Time counts_from(Time started, Duration reach, const Limits& limits) {
  return started - reach - limits.stale_after;
}

Time reads_from(Time counts_from, const Limits& limits) { return counts_from - limits.stale_after; }

void begin_back(RolloutState& state, const ReadBack& back) {
  state.back.from = back.from;
  state.back.until = back.until;
  // What lies below is the past's, also when it is read again after a restart.
  state.offsets = back.until;
}

void take_past(const Machine& machine, RolloutState& state, const Past& past) {
  std::vector<Time> before;
  for (const SeriesState& series : state.series) before.push_back(series.watermark);
  for (const SeriesPast& found : past.series) {
    SeriesState& series = state.series[found.series.value];
    series.seen = true;
    series.began = std::min(series.began, found.began);
    series.watermark = std::max(series.watermark, found.watermark);
    series.arrival = std::max(series.arrival, state.started);
  }
  const auto passed = [&](const Window& window) {
    return passed_at(state.series[window.series.value].watermark, state.limits);
  };
  for (const WindowCells& found : past.windows) {
    const Window& window = machine.at(found.window);
    add(machine, window, state.windows[found.window.value], found.cells, passed(window));
  }
  for (std::size_t i = 0; i < machine.windows.size(); ++i) {
    const Window& window = machine.windows[i];
    settle(machine, window, state.windows[i], passed_at(before[window.series.value], state.limits),
           passed(window));
  }
  state.back.whole_from = past.whole_from;
  state.back.until.clear();
}

bool looks_back(const Machine& machine, const Criterion& criterion) {
  return criterion.window.valid() && machine.at(criterion.window).floor == Floor::before;
}

Duration seen_of(const Machine& machine, const RolloutState& state, const Criterion& criterion,
                 Time at) {
  Duration seen = seen_of(machine, state, machine.at(criterion.window), at, criterion.target);
  if (!looks_back(machine, criterion) || !state.back.from) return seen;
  any_feeding(machine, criterion, [&](SeriesIndex series) {
    const Time began = state.series[series.value].began;
    seen = began >= at ? Duration::zero() : std::min(seen, at - began);
    return false;
  });
  return seen;
}

}  // namespace rollbook::core
