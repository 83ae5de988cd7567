// The plain window estimate of every measure, with missing data as judging.md has it. All
// comparisons are exact integer comparisons; a value is rounded only for the eye.

#include <algorithm>

#include "engine/core/decide.h"
#include "engine/core/judge.h"
#include "engine/core/windows.h"

namespace rollbook::core {
namespace {

constexpr Int128 kOne = Fixed::kScale;

bool holds(Int128 left, Comparison comparison, Int128 right) {
  switch (comparison) {
    case Comparison::less:
      return left < right;
    case Comparison::less_equal:
      return left <= right;
    case Comparison::greater:
      return left > right;
    case Comparison::greater_equal:
      return left >= right;
  }
  return false;
}

// What the window says at `at`, before `for`, wholeness and staleness are looked at.
struct Found {
  Missing missing = Missing::none;
  bool true_ = false;
  std::optional<Fixed> value, low, high;
  std::int64_t samples = 0;
  Time at = kDistantPast;
};

Found missing(Missing why, Time at) {
  Found found;
  found.missing = why;
  found.at = at;
  return found;
}

struct Subject {
  const Machine& machine;
  const RolloutState& state;
  const Pending& pending;
  const Criterion& criterion;

  SeriesIndex series_of(WindowIndex window) const { return machine.at(window).series; }
  const Metric& metric_of(WindowIndex window) const {
    return machine.at(machine.at(series_of(window)).metric);
  }
  bool counted(WindowIndex window) const {  // seen, or known to be zero
    return named(state, pending, machine.at(series_of(window)).metric) ||
           metric_of(window).default_zero;
  }
  Sum sum(WindowIndex window, Time at) const { return sum_at(machine, state, pending, window, at); }
};

Found ratio(const Subject& subject) {
  const Criterion& criterion = subject.criterion;
  const Time at = common_time(subject.machine, subject.state, subject.pending, criterion.window,
                              criterion.denominator);
  if (!subject.counted(criterion.denominator)) return missing(Missing::no_series, at);
  const Fixed whole = subject.sum(criterion.denominator, at).value;
  Found found;
  found.at = at;
  found.samples = static_cast<std::int64_t>(whole.nanos / kOne);
  if (whole.nanos <= 0) return missing(Missing::no_traffic, at);
  if (!subject.counted(criterion.window)) {
    found.missing = Missing::no_series;
    return found;
  }
  const Fixed part = subject.sum(criterion.window, at).value;
  found.value = Fixed{part.nanos * kOne / whole.nanos};
  found.true_ = holds(part.nanos * kOne, criterion.comparison, criterion.limit.nanos * whole.nanos);
  return found;
}

// `p99 < L` ⇔ the share of observations above L is below 1 %. Inside a bucket the count above L
// is interpolated linearly, as Prometheus does for the value, and the bracket is kept.
Found quantile(const Subject& subject) {
  const Criterion& criterion = subject.criterion;
  const Time at = watermark_of(subject.state, subject.pending, subject.series_of(criterion.window));
  const auto metric = subject.machine.at(subject.series_of(criterion.window)).metric;
  const std::vector<Fixed>& bounds = bounds_of(subject.state, subject.pending, metric);
  if (bounds.empty()) return missing(Missing::no_series, at);
  Sum sum = subject.sum(criterion.window, at);
  sum.buckets.resize(bounds.size() + 1);
  Int128 count = 0;
  for (const std::int64_t bucket : sum.buckets) count += bucket;
  if (count <= 0) return missing(Missing::no_traffic, at);

  Found found;
  found.at = at;
  found.samples = static_cast<std::int64_t>(count);

  // Above the limit, in units of 1 / width of the limit's bucket.
  const std::size_t cut = static_cast<std::size_t>(
      std::lower_bound(bounds.begin(), bounds.end(), criterion.limit) - bounds.begin());
  Int128 higher = 0;
  for (std::size_t i = cut + 1; i < sum.buckets.size(); ++i) higher += sum.buckets[i];
  Int128 width = 1, partly = 0;
  if (cut == bounds.size()) {
    partly = sum.buckets[cut];  // beyond the last edge nothing is known: it counts as above
  } else if (bounds[cut] != criterion.limit) {
    const Int128 low = cut == 0 ? std::min<Int128>(0, bounds[0].nanos) : bounds[cut - 1].nanos;
    width = bounds[cut].nanos - low;
    partly = sum.buckets[cut] * (bounds[cut].nanos - criterion.limit.nanos);
    if (sum.buckets[cut] > 0) {
      found.low = Fixed{low};
      found.high = bounds[cut];
    }
  }
  const Int128 above = (higher * width + partly) * kOne;
  const Int128 allowed = (kOne - criterion.quantile.nanos) * count * width;
  found.true_ = holds(above, criterion.comparison, allowed);

  found.value = quantile_of(bounds, sum.buckets, criterion.quantile);
  return found;
}

Found plain(const Subject& subject) {
  const Criterion& criterion = subject.criterion;
  const Window& window = subject.machine.at(criterion.window);
  const Metric& metric = subject.metric_of(criterion.window);
  const Time at = watermark_of(subject.state, subject.pending, window.series);
  if (!subject.counted(criterion.window)) return missing(Missing::no_series, at);
  const Sum sum = subject.sum(criterion.window, at);
  Found found;
  found.at = at;
  found.samples = sum.samples;
  Int128 value = sum.value.nanos, unit = 1;
  if (criterion.measure == Measure::gauge) {
    if (sum.samples == 0) return missing(Missing::no_series, at);
    if (metric.fold == GaugeFold::mean) unit = sum.samples;
  } else if (criterion.measure == Measure::rate) {
    // Per second of what was watched of the window: value / (nanoseconds / 10⁹).
    const Duration seen = seen_of(subject.state, window, at);
    if (seen <= Duration::zero()) return missing(Missing::no_traffic, at);
    unit = seen.count();
    value *= kOne;
  } else if (metric.kind == MetricKind::histogram) {
    value = static_cast<Int128>(sum.samples) * kOne;
  }
  found.value = Fixed{value / unit};
  found.true_ = holds(value, criterion.comparison, criterion.limit.nanos * unit);
  return found;
}

Found find(const Subject& subject) {
  switch (subject.criterion.measure) {
    case Measure::ratio:
      return ratio(subject);
    case Measure::quantile:
      return quantile(subject);
    case Measure::rate:
    case Measure::count:
    case Measure::gauge:
      return plain(subject);
    case Measure::absent:
      break;
  }
  return {};
}

// Engine time: silence since the last arrival, counted from the first settled shift.
Reading absent(const Machine& machine, const RolloutState& state, const Pending& pending,
               const Criterion& criterion, Time now) {
  Reading reading;
  reading.at = watermark_of(state, pending, criterion.series);
  const Time since = silent_since(machine, state, pending, criterion);
  reading.raw = Raw::false_;
  reading.verdict = Verdict::pass;
  if (since == kDistantFuture || state.sight != Sight::live) return reading;
  if (now - since >= criterion.sustain) {
    reading.raw = Raw::true_;
    reading.verdict = Verdict::fail;
    reading.value = Fixed{Int128{(now - since).count()}};
  }
  return reading;
}

// How long the raw condition has been true; the sum of what was held before it was frozen.
Duration sustained(const Reading& reading) {
  return reading.since == kDistantFuture
             ? reading.held
             : reading.held + std::max(Duration::zero(), reading.at - reading.since);
}

void apply_sustain(const Reading& before, Time begins, Reading& reading, bool freezes) {
  reading.held = before.held;
  reading.since = before.since;
  if (reading.raw == Raw::true_) {
    if (reading.since == kDistantFuture) reading.since = std::max(reading.at, begins);
    return;
  }
  if (reading.raw == Raw::unknown && freezes) {
    if (before.since != kDistantFuture) {
      reading.held += std::max(Duration::zero(), reading.at - before.since);
    }
  } else {
    reading.held = Duration::zero();
  }
  reading.since = kDistantFuture;
}

Reading judge_stop(const Subject& subject, const Found& found, Reading reading) {
  const Criterion& criterion = subject.criterion;
  if (found.missing == Missing::none && criterion.at_least > 0 &&
      (criterion.measure == Measure::ratio || criterion.measure == Measure::quantile) &&
      found.samples < criterion.at_least) {
    reading.missing = Missing::too_few;
  }
  if (reading.missing != Missing::none) {
    reading.verdict = Verdict::no_data;
    reading.raw = Raw::unknown;
  } else {
    reading.raw = found.true_ ? Raw::true_ : Raw::false_;
    reading.verdict = Verdict::pass;
  }
  const Reading& before =
      subject.state.readings[std::size_t(&criterion - subject.machine.criteria.data())];
  const bool waits = criterion.sustain > Duration::zero();
  apply_sustain(before, waits ? subject.state.first_settled : kDistantPast, reading, true);
  if (reading.raw == Raw::true_ && sustained(reading) >= criterion.sustain &&
      reading.since <= reading.at) {
    reading.verdict = Verdict::fail;
  }
  return reading;
}

Reading judge_expect(const Subject& subject, const Found& found, Reading reading) {
  const Criterion& criterion = subject.criterion;
  const Window& window = subject.machine.at(criterion.window);
  const Reading& before =
      subject.state.readings[std::size_t(&criterion - subject.machine.criteria.data())];
  if (reading.missing == Missing::none && stale_of(subject.machine, subject.state, criterion)) {
    reading.missing = Missing::stale;
  }
  if (reading.missing != Missing::none) {
    reading.verdict = Verdict::no_data;
    reading.raw = Raw::unknown;
  } else if (reading.seen < window.width) {
    reading.verdict = Verdict::undecided;
    reading.raw = Raw::unknown;
  } else {
    reading.raw = found.true_ ? Raw::true_ : Raw::false_;
    reading.verdict = found.true_ ? Verdict::pass : Verdict::fail;
  }
  apply_sustain(before, kDistantPast, reading, false);
  if (reading.verdict == Verdict::pass && sustained(reading) < criterion.sustain) {
    reading.verdict = Verdict::undecided;
  }
  return reading;
}

}  // namespace

Fixed quantile_of(const std::vector<Fixed>& bounds, const std::vector<std::int64_t>& buckets,
                  Fixed quantile) {
  Int128 count = 0;
  for (const std::int64_t bucket : buckets) count += bucket;
  // The rank in units of 10⁻⁹ observations.
  const Int128 rank = quantile.nanos * count;
  Int128 below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const Int128 here = buckets[i] * kOne;
    if (here > 0 && below + here >= rank) {
      const Int128 low = i == 0 ? std::min<Int128>(0, bounds[0].nanos) : bounds[i - 1].nanos;
      return Fixed{low + (bounds[i].nanos - low) * (rank - below) / here};
    }
    below += here;
  }
  return bounds.back();
}

Duration seen_of(const RolloutState& state, const Window& window, Time at) {
  const Time floor = floor_of(state, window.floor);
  if (floor == kDistantFuture || at == kDistantPast) return Duration::zero();
  const Time from = std::max(floor, state.whole_from);
  return std::clamp(Duration(at - from), Duration::zero(), window.width);
}

SeriesIndex fed_by(const Machine& machine, const Criterion& criterion) {
  if (criterion.measure == Measure::absent) return criterion.series;
  if (criterion.measure == Measure::ratio) return machine.at(criterion.denominator).series;
  return machine.at(criterion.window).series;
}

bool may_be_silent(const Machine& machine, const Criterion& criterion) {
  return criterion.measure == Measure::absent ||
         machine.at(machine.at(fed_by(machine, criterion)).metric).default_zero;
}

bool stale_of(const Machine& machine, const RolloutState& state, const Criterion& criterion) {
  return !may_be_silent(machine, criterion) && state.series[fed_by(machine, criterion).value].stale;
}

Time silent_since(const Machine&, const RolloutState& state, const Pending& pending,
                  const Criterion& criterion) {
  if (state.first_settled == kDistantFuture) return kDistantFuture;
  return std::max(
      {arrival_of(state, pending, criterion.series), state.quiet_since, state.first_settled});
}

Time stale_at(const RolloutState& state, const Pending& pending, SeriesIndex series) {
  Time since = std::max(arrival_of(state, pending, series), state.quiet_since);
  if (state.shift_floor != kDistantFuture) since = std::max(since, state.shift_floor);
  return since + state.limits.stale_after;
}

Reading evaluate(const Machine& machine, const RolloutState& state, const Pending& pending,
                 CriterionIndex index, Time now) {
  const Criterion& criterion = machine.at(index);
  if (criterion.measure == Measure::absent) {
    return absent(machine, state, pending, criterion, now);
  }
  const Subject subject{machine, state, pending, criterion};
  const Found found = find(subject);
  Reading reading;
  reading.missing = found.missing;
  reading.value = found.value;
  reading.low = found.low;
  reading.high = found.high;
  reading.samples = found.samples;
  reading.at = found.at;
  reading.seen = seen_of(state, machine.at(criterion.window), found.at);
  return criterion.kind == CriterionKind::stop ? judge_stop(subject, found, reading)
                                               : judge_expect(subject, found, reading);
}

}  // namespace rollbook::core
