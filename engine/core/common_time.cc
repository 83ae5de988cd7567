#include "engine/core/common_time.h"

#include <algorithm>
#include <array>

#include "engine/core/limits.h"

namespace rollbook::core {
namespace {

std::array<WindowIndex, 4> windows_of(const Criterion& criterion) {
  return {criterion.window, criterion.denominator, criterion.other, criterion.other_denominator};
}

// Whether the less of its numerator that side shows, the sooner the criterion lets the canary go
// on.
bool is_better_low(const Criterion& criterion, bool right) {
  const bool asks = criterion.kind == CriterionKind::expect;
  return (asks == says_greater(criterion.comparison)) == right;
}

bool waits_for(const Subject& subject, WindowIndex part, WindowIndex whole, bool right) {
  const Criterion& criterion = subject.criterion;
  if (criterion.test == Test::split || !criterion.new_by.empty()) return false;
  if (subject.metric_of(part).default_zero) return false;
  if (!whole.valid()) return true;
  return criterion.other.valid() && is_better_low(criterion, right) &&
         subject.machine.at(subject.series_of(part)).arm == Arm::baseline;
}

}  // namespace

void Reach::take(Time watermark, bool waits) {
  if (watermark == kDistantPast) return;
  Time& least = waits ? waited : silent;
  least = std::min(least, watermark);
  most = std::max(most, watermark);
}

Time Reach::lags_beyond(const Limits& limits) const {
  return waited == kDistantFuture ? kDistantFuture : waited + limits.stale_after;
}

Time Reach::cut(const Limits& limits) const {
  if (most == kDistantPast) return most;
  return std::min(waited, std::max(silent, most - limits.grace));
}

Reach reach_of(const Subject& subject) {
  Reach reach;
  const auto take = [&](WindowIndex part, WindowIndex whole, bool right) {
    const auto mark = [&](WindowIndex window) {
      return watermark_of(subject.state, subject.pending, subject.series_of(window));
    };
    if (part.valid()) reach.take(mark(part), waits_for(subject, part, whole, right));
    if (whole.valid()) reach.take(mark(whole), waits_for(subject, whole, {}, right));
  };
  take(subject.criterion.window, subject.criterion.denominator, false);
  take(subject.criterion.other, subject.criterion.other_denominator, true);
  return reach;
}

Time common_time(const Subject& subject) {
  const Limits& limits = subject.state.limits;
  const Reach reach = reach_of(subject);
  if (reach.lags(limits)) return kDistantPast;
  const Time at = reach.cut(limits);
  if (at == reach.most) return at;
  // When a pane of any part reaches past `at`, all leave the whole pane out.
  const auto rest = at.time_since_epoch() % kPaneMin;
  const Time border = rest == Duration::zero() ? at : at + (kPaneMin - rest);
  const auto reaches_past = [&](const Cell& cell) {
    return cell.end == border && cell.latest > at;
  };
  for (const WindowIndex index : windows_of(subject.criterion)) {
    if (!index.valid()) continue;
    const Window& window = subject.machine.at(index);
    const Cells& cells = subject.state.windows[index.value].cells;
    for (std::size_t back = cells.size(); back > 0 && cells[back - 1].end >= border; --back) {
      if (reaches_past(cells[back - 1])) return border - kPaneMin;
    }
    for (const CellDelta& delta : subject.pending.observed.deltas) {
      if (delta.series != window.series || delta.reach < window.floor) continue;
      if (reaches_past(delta.cell)) return border - kPaneMin;
    }
  }
  return at;
}

}  // namespace rollbook::core
