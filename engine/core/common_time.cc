#include "engine/core/common_time.h"

#include <algorithm>
#include <array>

#include "engine/core/evenly.h"
#include "engine/core/judge.h"
#include "engine/core/limits.h"

namespace rollbook::core {
namespace {

std::array<WindowIndex, 4> windows_of(const Criterion& criterion) {
  return {criterion.window, criterion.denominator, criterion.other, criterion.other_denominator};
}

// Whether the less of its numerator that side shows, the sooner the criterion lets the canary go
// on.
bool is_better_low(const Criterion& criterion, bool right) {
  return breaks_when_more(criterion) != right;
}

bool waits_for(const Subject& subject, WindowIndex part, WindowIndex whole, bool right) {
  const Criterion& criterion = subject.criterion;
  if (subject.metric_of(part).default_zero) return false;
  if (!whole.valid()) return true;
  return criterion.other.valid() && is_better_low(criterion, right) &&
         subject.machine.at(subject.series_of(part)).arm == Arm::baseline;
}

bool asks_about_silence(const Criterion& criterion) {
  return criterion.test == Test::split || !criterion.new_by.empty();
}

// Each series that tells of the arm of a window.
template <class Take>
void each_of_arm(const Subject& subject, WindowIndex window, const Take& take) {
  const Series& own = subject.machine.at(subject.series_of(window));
  for (std::uint32_t i = 0; i < subject.machine.series.size(); ++i) {
    const Series& series = subject.machine.series[i];
    if (same_arm(series, own)) take(SeriesIndex{i});
  }
}

// When any of the arm's series was heard last.
Time newest_of_arm(const Subject& subject, WindowIndex window) {
  Time newest = kDistantPast;
  each_of_arm(subject, window, [&](SeriesIndex series) {
    newest = std::max(newest, watermark_of(subject.state, subject.pending, series));
  });
  return newest;
}

// Up to when the arm of a window has told what the window counts; at first when the window begins.
// A kind may never come, so what else counts requests there speaks for it: the series that is heard
// least often, because it is not known which of them comes with it. Gauges have exporters of their
// own.
Time heard(const Subject& subject, WindowIndex window) {
  const Time newest = newest_of_arm(subject, window);
  const auto told = [&](SeriesIndex series) {
    return whole_of(subject.state, subject.pending, series);
  };
  Time least = kDistantFuture;
  each_of_arm(subject, window, [&](SeriesIndex series) {
    const Time until = told(series);
    const bool speaks = counts_requests(subject.machine.at(subject.machine.at(series).metric));
    if (!speaks || until == kDistantPast) return;
    if (newest - until <= subject.state.limits.stale_after) least = std::min(least, until);
  });
  const Time own = told(subject.series_of(window));
  const Time mark = least == kDistantFuture ? own : std::max(own, least);
  const Time floor =
      floor_of(subject.state, subject.machine.at(window).floor, subject.criterion.target);
  return floor == kDistantFuture ? mark : std::max(mark, floor);
}

}  // namespace

void Reach::take(Time watermark, Time Reach::*least) {
  if (watermark == kDistantPast) return;
  this->*least = std::min(this->*least, watermark);
  most = std::max(most, watermark);
}

Time Reach::lags_beyond(const Limits& limits) const {
  return waited == kDistantFuture ? kDistantFuture : waited + limits.stale_after;
}

Time Reach::cut(const Limits& limits) const {
  if (most == kDistantPast) return most;
  return std::min(
      {waited, std::max(silent, most - limits.grace), std::max(asked, most - limits.stale_after)});
}

namespace {

Time mark_of(const Subject& subject, WindowIndex window) {
  return watermark_of(subject.state, subject.pending, subject.series_of(window));
}

Reach reach_of(const Subject& subject, bool all_senders) {
  Reach reach;
  if (asks_about_silence(subject.criterion)) {
    for (const WindowIndex window : {subject.criterion.window, subject.criterion.other}) {
      if (window.valid()) reach.take(heard(subject, window), &Reach::asked);
    }
    return reach;
  }
  const auto by_all = [&](WindowIndex window) {
    const bool evenly = spread_most(subject.machine, subject.machine.at(window)) > Duration::zero();
    return all_senders && (subject.criterion.other.valid() || evenly);
  };
  // Held against time, silence that means zero is judged as long as the arm is heard.
  const bool by_time = is_by_time(subject.criterion.measure);
  const auto take_one = [&](WindowIndex window, bool waits) {
    const Time mark = mark_of(subject, window);
    const SeriesIndex series = subject.series_of(window);
    reach.take(waits && by_all(window) ? whole_of(subject.state, subject.pending, series) : mark,
               waits ? &Reach::waited : &Reach::silent);
    reach.most = std::max(reach.most, mark);
    if (!by_time || !subject.metric_of(window).default_zero) return;
    const Time arm = newest_of_arm(subject, window);
    if (mark == kDistantPast && arm != kDistantPast) {
      reach.take(arm - subject.state.limits.grace, &Reach::silent);
    }
    reach.most = std::max(reach.most, arm);
  };
  const auto take = [&](WindowIndex part, WindowIndex whole, bool right) {
    if (part.valid()) take_one(part, waits_for(subject, part, whole, right));
    if (whole.valid()) take_one(whole, waits_for(subject, whole, {}, right));
  };
  take(subject.criterion.window, subject.criterion.denominator, false);
  take(subject.criterion.other, subject.criterion.other_denominator, true);
  return reach;
}

// How long it takes all that send the series to be heard once more, with some room for when they
// are not quite in time; zero: one of them is heard as often as all are.
Duration apart(const Subject& subject, WindowIndex window) {
  const SeriesIndex series = subject.series_of(window);
  const bool one = whole_of(subject.state, subject.pending, series) == mark_of(subject, window);
  const Duration interval = interval_of(subject.state, subject.pending, series);
  return one ? Duration::zero() : interval + interval / 8;
}

// By how much a point may be older or newer than its place in the rhythm, and leave a window later
// than its own second does.
Duration room(const Subject& subject, WindowIndex window) {
  const Duration interval = interval_of(subject.state, subject.pending, subject.series_of(window));
  return interval / 8 + subject.machine.at(window).pane;
}

// The newest points of an arm's window, also those that are pending.
template <class Take>
void each_latest(const Subject& subject, WindowIndex index, const Take& take) {
  const Window& window = subject.machine.at(index);
  for (const CellDelta& delta : subject.pending.observed.deltas) {
    if (counts(subject.machine, subject.state, window, delta)) take(delta.cell.latest);
  }
  const Cells& cells = subject.state.windows[index.value].cells;
  for (std::size_t back = cells.size(); back > 0; --back) {
    if (!take(cells[back - 1].latest)) return;
  }
}

}  // namespace

Time answered_at(const Subject& subject, WindowIndex window, Time at) {
  Time first = kDistantFuture;
  each_latest(subject, window, [&](Time latest) {
    if (latest >= at) first = std::min(first, latest);
    return latest >= at;
  });
  if (first == kDistantFuture) return at;
  return std::max(first, std::min(at + apart(subject, window), mark_of(subject, window)));
}

Time asked_before(const Subject& subject, WindowIndex window, Time at) {
  const Time answered = answered_at(subject, window, at);
  Time last = kDistantPast;
  each_latest(subject, window, [&](Time latest) {
    if (latest < answered) last = std::max(last, latest);
    return latest >= answered;
  });
  if (last == kDistantPast) return at;
  return at - std::max(Duration(answered - last), apart(subject, window));
}

Time told_until(const Subject& subject, WindowIndex window, Time at) {
  if (apart(subject, window) > Duration::zero()) return at;
  Time last = kDistantPast;
  each_latest(subject, window, [&](Time latest) {
    if (latest <= at) last = std::max(last, latest);
    return latest > at;
  });
  return last == kDistantPast ? at : last;
}

// Of many senders the newest points of some are yet to come; what they had may be gone by then. But
// something is left to look at.
Time emptied_by(const Subject& subject, WindowIndex window, Time at) {
  const Time answered = answered_at(subject, window, at);
  const Time gone = std::max(answered, at + apart(subject, window)) + room(subject, window);
  return std::min(gone, answered + subject.machine.at(window).width / 2);
}

Time filled_before(const Subject& subject, WindowIndex window, Time at) {
  return asked_before(subject, window, at) - room(subject, window);
}

namespace {

Time cut_at(const Subject& subject, const Reach& reach) {
  const Limits& limits = subject.state.limits;
  if (reach.lags(limits)) return kDistantPast;
  const Time at = reach.cut(limits);
  if (at == reach.most) return at;
  // When a pane of any part reaches past `at`, all leave the whole pane out.
  const Time border = ceil_to(at, kPaneMin);
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
      if (!counts(subject.machine, subject.state, window, delta)) continue;
      if (reaches_past(delta.cell)) return border - kPaneMin;
    }
  }
  return at;
}

}  // namespace

Reach reach_of(const Subject& subject) { return reach_of(subject, true); }

Time common_time(const Subject& subject) { return cut_at(subject, reach_of(subject, true)); }

Time newest_time(const Subject& subject) { return cut_at(subject, reach_of(subject, false)); }

}  // namespace rollbook::core
