#include "engine/core/stretches.h"

#include <algorithm>

#include "engine/core/evenly.h"
#include "engine/core/judge.h"
#include "engine/core/limits.h"

namespace rollbook::core {
namespace {

std::int64_t millis(Duration span) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
}

Stretch stretch_of(const CellDelta& delta) {
  return {delta.cell.end - delta.span, delta.cell.end, delta.cell.latest, delta.cell.value,
          delta.cell.samples,          delta.points};
}

// Of `all`, what came up to `border`; in milliseconds, so that a product of days and of the
// greatest value there may be has room.
Int128 part_until(Time border, const Stretch& stretch, Int128 all) {
  const std::int64_t whole = millis(stretch.end - stretch.since);
  const std::int64_t part = std::clamp<std::int64_t>(millis(border - stretch.since), 0, whole);
  return whole == 0 ? all : all / whole * part + all % whole * part / whole;
}

bool is_stretched(const Machine& machine, const Window& window, Duration span) {
  if (!window.by_time || window.cumulative || span <= Duration::zero()) return false;
  if (spread_most(machine, window) > Duration::zero()) return false;
  if (span > kStretchMost) return !machine.at(machine.at(window.series).metric).default_zero;
  return window.width <= kStretchesWithin;
}

// Whether the sum at `at` has all of it.
bool is_counted(const Subject& subject, WindowIndex window, const Stretch& stretch, Time at) {
  return stretch.latest <= at &&
         leaves_at(subject.machine, subject.state, subject.pending, window, stretch.end) > at;
}

// What a window has of them, with what is pending.
struct Stretches {
  const Subject& subject;
  WindowIndex index;

  const Window& window() const { return subject.machine.at(index); }
  bool of_histogram() const { return subject.metric_of(index).kind == MetricKind::histogram; }
  Int128 counted(const Stretch& stretch) const {
    return of_histogram() ? Int128{stretch.samples} * Fixed::kScale : stretch.value.nanos;
  }
  template <class Take>
  void each(const Take& take) const {
    for (const Stretch& stretch : subject.state.windows[index.value].stretches) take(stretch);
    for (const CellDelta& delta : subject.pending.observed.deltas) {
      if (!counts(subject.machine, subject.state, window(), delta)) continue;
      if (is_stretched(subject.machine, window(), delta.span)) take(stretch_of(delta));
    }
  }
};

// Points by time.
class Points {
 public:
  void add(Time time, std::int64_t points) { counts_.emplace_back(time, points); }
  void sort() { std::sort(counts_.begin(), counts_.end()); }
  std::int64_t at(Time time) const {
    std::int64_t points = 0;
    auto each = std::lower_bound(counts_.begin(), counts_.end(), std::pair(time, std::int64_t{0}));
    for (; each != counts_.end() && each->first == time; ++each) points += each->second;
    return points;
  }

 private:
  std::vector<std::pair<Time, std::int64_t>> counts_;
};

// What a sender counts in time, and how long ago it was heard.
struct Lagging {
  Int128 weight = 0;
  Duration lag{};
};

// Of those that are waited for. What one said last is a stretch at whose end no other begins; it
// has gone when it missed two.
std::vector<Lagging> lagging(const Stretches& stretches, Time at) {
  Points begun, ended;
  stretches.each([&](const Stretch& stretch) {
    if (stretch.end < at - kStretchMost) return;
    begun.add(stretch.since, stretch.points);
    ended.add(stretch.end, stretch.points);
  });
  begun.sort();
  ended.sort();
  std::vector<Lagging> all;
  stretches.each([&](const Stretch& stretch) {
    const Duration lag = at - stretch.latest, span = stretch.end - stretch.since;
    if (lag < Duration::zero() || lag > lag_most(span)) return;
    const std::int64_t points = ended.at(stretch.end), last = points - begun.at(stretch.end);
    if (last <= 0) return;
    all.push_back({stretches.counted(stretch) / millis(span) * last / points, lag});
  });
  return all;
}

// By how much more than its width the window reaches back, so that it holds as much as all of them
// count in its width. Who has been silent for longer than that brings nothing to it, and the others
// make up for it.
Duration lag_of(const Stretches& stretches, Time at) {
  const Duration width = stretches.window().width;
  if (width > kStretchesWithin) return Duration::zero();
  const std::vector<Lagging> all = lagging(stretches, at);
  Duration reach = Duration::max() / 2;
  for (;;) {
    Int128 told = 0, lags = 0, untold = 0;
    for (const auto& [weight, lag] : all) {
      const bool tells = lag < width + reach;
      (tells ? told : untold) += weight;
      if (tells) lags += weight * millis(lag);
    }
    if (told <= 0) return Duration::zero();
    const std::chrono::milliseconds found{
        static_cast<std::int64_t>((lags + untold * millis(width)) / told)};
    if (found >= reach) return found;
    reach = found;
  }
}

// Makes of a sum that has those for which `is_in` whole, and the others not, one that has of each
// what came within (from, to]. Stretches lie in whole panes.
template <class IsIn>
void spread(const Stretches& stretches, Time from, Time to, const IsIn& is_in, Sum& sum) {
  from = ceil_to(from, kPaneMin);
  to = ceil_to(to, kPaneMin);
  const bool histogram = stretches.of_histogram();
  stretches.each([&](const Stretch& stretch) {
    const bool whole = is_in(stretch);
    const auto missing = [&](Int128 all) {
      return part_until(to, stretch, all) - part_until(from, stretch, all) - (whole ? all : 0);
    };
    sum.value.nanos += missing(stretch.value.nanos);
    if (histogram) {
      sum.samples += static_cast<std::int64_t>(missing(stretch.samples));
    } else if (!whole && stretch.end > to && stretch.since < to) {
      sum.samples += stretch.samples;
    }
  });
}

// How far to reach back for those that lag. A process that ended a moment ago seems to lag, and one
// that takes its place is heard for the first time: no more is missing of the newest seconds than
// what they have less than as many before them. Where less is the breach nothing is taken off.
Duration lag_within(const Stretches& stretches, const Subject& subject, WindowIndex index,
                    Time at) {
  const Duration lag = lag_of(stretches, at);
  const bool breaks = index == subject.criterion.window && breaks_when_more(subject.criterion);
  if (lag == Duration::zero() || !breaks) return lag;
  const auto amount = [&](Time from, Time to) {
    const Sum sum = sum_spread(subject, index, from, to);
    return stretches.of_histogram() ? Int128{sum.samples} * Fixed::kScale : sum.value.nanos;
  };
  const Time to = ceil_to(at, kPaneMin);
  const Int128 before = amount(to - 2 * kStretchMost, to - kStretchMost);
  if (before <= 0) return lag;
  const Int128 less = std::max<Int128>(before - amount(to - kStretchMost, to), 0);
  const Int128 missing = less * millis(kStretchMost) / before;
  return std::min<Duration>(lag, std::chrono::milliseconds(static_cast<std::int64_t>(missing)));
}

}  // namespace

bool is_stretched(const Machine& machine, SeriesIndex series, Duration span) {
  return std::any_of(machine.windows.begin(), machine.windows.end(), [&](const Window& window) {
    return window.series == series &&
           (is_stretched(machine, window, span) ||
            (span > Duration::zero() && span <= spread_most(machine, window)));
  });
}

Duration lag_most(Duration interval) { return std::min<Duration>(2 * interval, kStretchMost); }

void note_stretch(const Machine& machine, const Window& window, const CellDelta& delta,
                  WindowState& state) {
  if (is_stretched(machine, window, delta.span)) state.stretches.push_back(stretch_of(delta));
}

void drop_stretches(const Window& window, Time oldest, WindowState& state) {
  std::erase_if(state.stretches,
                [&](const Stretch& stretch) { return stretch.end + window.pane <= oldest; });
}

Sum sum_within(const Subject& subject, WindowIndex index, Time at) {
  Sum sum = subject.sum(index, at);
  const Window& window = subject.machine.at(index);
  if (!window.by_time || window.cumulative || at == kDistantPast) return sum;
  const Stretches stretches{subject, index};
  const Time after = at - window.width - lag_within(stretches, subject, index, at);
  const auto is_in = [&](const Stretch& stretch) {
    return is_counted(subject, index, stretch, at);
  };
  spread(stretches, after, at, is_in, sum);
  return sum;
}

Sum sum_spread(const Subject& subject, WindowIndex index, Time from, Time to) {
  Sum sum = sum_between(subject.machine, subject.state, subject.pending, index, from, to);
  const auto is_in = [&](const Stretch& stretch) {
    return stretch.end > from && stretch.end <= to;
  };
  spread(Stretches{subject, index}, from, to, is_in, sum);
  return sum;
}

}  // namespace rollbook::core
