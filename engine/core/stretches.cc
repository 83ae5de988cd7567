#include "engine/core/stretches.h"

#include <algorithm>

#include "engine/core/limits.h"

namespace rollbook::core {
namespace {

Stretch stretch_of(const CellDelta& delta) {
  return {delta.cell.end - delta.span, delta.cell.end, delta.cell.latest, delta.cell.value,
          delta.cell.samples};
}

// Of `all`, what came up to `border`; in milliseconds, so that a product of days and of the
// greatest value there may be has room.
Int128 part_until(Time border, const Stretch& stretch, Int128 all) {
  const auto millis = [](Duration span) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
  };
  const std::int64_t whole = millis(stretch.end - stretch.since);
  const std::int64_t part = std::clamp<std::int64_t>(millis(border - stretch.since), 0, whole);
  return whole == 0 ? all : all / whole * part + all % whole * part / whole;
}

// Whether the sum at `at` has all of it.
bool is_counted(const Subject& subject, WindowIndex window, const Stretch& stretch, Time at) {
  return stretch.latest <= at &&
         leaves_at(subject.machine, subject.state, subject.pending, window, stretch.end) > at;
}

}  // namespace

bool is_stretched(const Machine& machine, SeriesIndex series, Duration span) {
  return span > kStretchLeast &&
         std::any_of(machine.windows.begin(), machine.windows.end(), [&](const Window& window) {
           return window.series == series && !window.cumulative &&
                  span > std::clamp(window.width / 2, kStretchLeast, kStretchMost);
         });
}

void note_stretch(const Window& window, const CellDelta& delta, WindowState& state) {
  if (delta.span > Duration::zero() && !window.cumulative) {
    state.stretches.push_back(stretch_of(delta));
  }
}

void drop_stretches(const Window& window, Time oldest, WindowState& state) {
  std::erase_if(state.stretches,
                [&](const Stretch& stretch) { return stretch.end + window.pane <= oldest; });
}

Sum sum_within(const Subject& subject, WindowIndex index, Time at) {
  Sum sum = subject.sum(index, at);
  const Window& window = subject.machine.at(index);
  if (window.cumulative || at == kDistantPast) return sum;
  const Time after = at - window.width;
  const auto take = [&](const Stretch& stretch) {
    const bool counted = is_counted(subject, index, stretch, at);
    const auto missing = [&](Int128 all) {
      return part_until(at, stretch, all) - part_until(after, stretch, all) - (counted ? all : 0);
    };
    sum.value.nanos += missing(stretch.value.nanos);
    if (subject.metric_of(index).kind == MetricKind::histogram) {
      sum.samples += static_cast<std::int64_t>(missing(stretch.samples));
    } else if (!counted && stretch.end > at && stretch.since < at) {
      sum.samples += stretch.samples;
    }
  };
  for (const Stretch& stretch : subject.state.windows[index.value].stretches) take(stretch);
  for (const CellDelta& delta : subject.pending.observed.deltas) {
    if (delta.series != window.series || delta.reach < window.floor) continue;
    if (delta.span > Duration::zero()) take(stretch_of(delta));
  }
  return sum;
}

}  // namespace rollbook::core
