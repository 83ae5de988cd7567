// The plain window estimate of every measure. All comparisons are exact integer comparisons; a
// value is rounded only for the eye.

#include <algorithm>
#include <compare>

#include "engine/core/common_time.h"
#include "engine/core/found.h"
#include "engine/core/judge.h"
#include "engine/core/stretches.h"

namespace rollbook::core {
namespace {

constexpr Int128 kOne = Fixed::kScale;
__extension__ typedef unsigned __int128 Wide128;

// a · b in full, for a and b that are not negative.
struct Product {
  Wide128 high = 0, low = 0;
  auto operator<=>(const Product&) const = default;
};
Product product(Int128 a, Int128 b) {
  constexpr Wide128 kHalf = ~Wide128{0} >> 64;
  const auto x = static_cast<Wide128>(a), y = static_cast<Wide128>(b);
  const Wide128 low = (x & kHalf) * (y & kHalf);
  const Wide128 cross = (x >> 64) * (y & kHalf) + (low >> 64);
  const Wide128 other = (x & kHalf) * (y >> 64) + (cross & kHalf);
  return {(x >> 64) * (y >> 64) + (cross >> 64) + (other >> 64), (other << 64) | (low & kHalf)};
}

bool holds(const Product& left, Comparison comparison, const Product& right) {
  const auto order = left <=> right;
  return core::holds(order < 0 ? -1 : order > 0 ? 1 : 0, comparison, 0);
}

// One side of a comparison: its value is top / bottom, in 10⁻⁹.
struct Measured {
  Missing missing = Missing::none;
  Int128 top = 0, bottom = 1;
  std::int64_t samples = 0;
  bool beyond = false;  // a quantile above the last edge, which is its value
  Fixed value() const { return Fixed{top / bottom}; }
};

// Whether the buckets cannot tell how two quantiles compare. Of one beyond its last edge only that
// it is greater is known: where the edge decides already it may lie there, else nobody knows.
bool is_open(const Measured& left, Fixed factor, const Measured& right) {
  if (!left.beyond && !right.beyond) return false;
  const Int128 mine = left.value().nanos * kOne, theirs = right.value().nanos * factor.nanos;
  if (left.beyond && right.beyond) return true;
  return left.beyond ? mine <= theirs : mine >= theirs;
}
Measured lacking(Missing why) {
  Measured measured;
  measured.missing = why;
  return measured;
}

Measured ratio(const Subject& subject, WindowIndex part, WindowIndex whole, Time at) {
  if (!subject.counted(whole)) return lacking(Missing::no_series);
  const Fixed below = subject.sum(whole, at).value;
  if (below.nanos <= 0) return lacking(Missing::no_traffic);
  Measured measured;
  measured.samples = static_cast<std::int64_t>(below.nanos / kOne);
  measured.bottom = below.nanos;
  if (!subject.counted(part)) {
    measured.missing = Missing::no_series;
    return measured;
  }
  measured.top = subject.sum(part, at).value.nanos * kOne;
  return measured;
}

Measured plain(const Subject& subject, WindowIndex index, Time at) {
  const Measure measure = subject.criterion.measure;
  const Metric& metric = subject.metric_of(index);
  const TargetIndex target = subject.machine.at(subject.series_of(index)).target;
  const Duration seen =
      seen_of(subject.machine, subject.state, subject.machine.at(index), at, target);
  if (!subject.counted(index)) return lacking(Missing::no_series);
  const Sum sum =
      measure == Measure::gauge ? subject.sum(index, at) : sum_within(subject, index, at);
  Measured measured;
  measured.samples = sum.samples;
  measured.top = sum.value.nanos;
  if (measure == Measure::gauge) {
    if (sum.samples == 0) return lacking(Missing::no_series);
    if (metric.fold == GaugeFold::mean) measured.bottom = sum.samples;
  } else if (metric.kind == MetricKind::counter && sum.samples == 0 && !metric.default_zero &&
             seen > Duration::zero()) {
    // The first total of a counter is only a base: it says nothing yet, and not that it is zero.
    return lacking(Missing::no_traffic);
  } else if (measure == Measure::rate) {
    // Per second of what was watched of the window: value / (nanoseconds / 10⁹).
    if (seen <= Duration::zero()) return lacking(Missing::no_traffic);
    measured.top *= kOne;
    measured.bottom = seen.count();
  } else if (metric.kind == MetricKind::histogram) {
    measured.top = Int128{sum.samples} * kOne;
  }
  return measured;
}

// What the buckets of a histogram hold; empty without one observation.
std::vector<std::int64_t> buckets(const Subject& subject, WindowIndex index, Time at,
                                  Measured& measured) {
  const std::vector<Fixed>& bounds = subject.bounds(index);
  if (bounds.empty()) {
    measured.missing = Missing::no_series;
    return {};
  }
  std::vector<std::int64_t> counts = subject.sum(index, at).buckets;
  counts.resize(bounds.size() + 1);
  for (const std::int64_t bucket : counts) measured.samples += bucket;
  if (measured.samples <= 0) measured.missing = Missing::no_traffic;
  return counts;
}

Measured quantile(const Subject& subject, WindowIndex index, Time at) {
  Measured measured;
  const std::vector<std::int64_t> counts = buckets(subject, index, at, measured);
  if (measured.missing != Missing::none) return measured;
  const std::vector<Fixed>& bounds = subject.bounds(index);
  measured.top = quantile_of(bounds, counts, subject.criterion.quantile).nanos;
  measured.beyond = lies_beyond(bounds, counts, subject.criterion.quantile);
  return measured;
}

Found quantile_against_limit(const Subject& subject, Time at) {
  const Criterion& criterion = subject.criterion;
  Measured measured;
  const std::vector<std::int64_t> counts = buckets(subject, criterion.window, at, measured);
  if (measured.missing != Missing::none) return missing(measured.missing, at);
  const std::vector<Fixed>& bounds = subject.bounds(criterion.window);
  const AboveLimit above = above_limit(criterion, bounds, counts);
  Found found;
  found.at = at;
  found.samples = measured.samples;
  found.low = above.low;
  found.high = above.high;
  found.true_ = above.holds;
  found.value = quantile_of(bounds, counts, criterion.quantile);
  if (lies_beyond(bounds, counts, criterion.quantile)) {
    found.low = bounds.back();
    found.high.reset();
  }
  return found;
}

Measured side(const Subject& subject, WindowIndex window, WindowIndex denominator, Time at) {
  switch (subject.criterion.measure) {
    case Measure::ratio:
      return ratio(subject, window, denominator, at);
    case Measure::quantile:
      return quantile(subject, window, at);
    case Measure::rate:
    case Measure::count:
    case Measure::gauge:
      return plain(subject, window, at);
    case Measure::absent:
    case Measure::split:
    case Measure::bracket:
    case Measure::score:
      break;
  }
  return {};
}

// Quantiles that others have computed: that of all their requests lies between the least and the
// greatest of them, of all series and of all of the window, and nobody can say where.
Found bracket(const Subject& subject, Time at) {
  const Criterion& criterion = subject.criterion;
  if (!subject.counted(criterion.window)) return missing(Missing::no_series, at);
  const Sum greatest = subject.sum(criterion.window, at);
  if (greatest.samples == 0) return missing(Missing::no_series, at);
  Found found;
  found.at = at;
  found.samples = greatest.samples;
  found.low = subject.sum(criterion.denominator, at).value;
  found.high = greatest.value;
  const auto says = [&](const std::optional<Fixed>& end) {
    return core::holds(end->nanos, criterion.comparison, criterion.limit.nanos);
  };
  found.true_ = says(found.low) && says(found.high);
  found.false_ = !says(found.low) && !says(found.high);
  // The end that is nearer to saying no.
  found.value = says_greater(criterion.comparison) ? found.low : found.high;
  return found;
}

// left > factor · right, and so on, without rounding. Only gauges may be negative.
bool compare(const Measured& left, Comparison comparison, Fixed factor, const Measured& right) {
  if (left.top < 0 || right.top < 0) {
    return core::holds(left.value().nanos * kOne, comparison, factor.nanos * right.value().nanos);
  }
  return holds(product(left.top, right.bottom * kOne), comparison,
               product(right.top, left.bottom * factor.nanos));
}

}  // namespace

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

bool lies_beyond(const std::vector<Fixed>& bounds, const std::vector<std::int64_t>& buckets,
                 Fixed quantile) {
  Int128 count = 0;
  for (const std::int64_t bucket : buckets) count += bucket;
  const Int128 within = count - (buckets.size() > bounds.size() ? buckets[bounds.size()] : 0);
  return within * kOne < quantile.nanos * count;
}

AboveLimit above_limit(const Criterion& criterion, const std::vector<Fixed>& bounds,
                       const std::vector<std::int64_t>& counts) {
  AboveLimit found;
  // Above the limit, in units of 1 / width of the limit's bucket.
  const std::size_t cut = static_cast<std::size_t>(
      std::lower_bound(bounds.begin(), bounds.end(), criterion.limit) - bounds.begin());
  Int128 higher = 0, width = 1, partly = 0, all = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    all += counts[i];
    if (i > cut) higher += counts[i];
  }
  if (cut == bounds.size()) {
    // Beyond the last edge nothing is known: it counts as above, so that no breach goes unseen.
    partly = counts[cut];
  } else if (bounds[cut] != criterion.limit) {
    const Int128 low = cut == 0 ? std::min<Int128>(0, bounds[0].nanos) : bounds[cut - 1].nanos;
    width = bounds[cut].nanos - low;
    partly = counts[cut] * (bounds[cut].nanos - criterion.limit.nanos);
    if (counts[cut] > 0) {
      found.low = Fixed{low};
      found.high = bounds[cut];
    }
  }
  const Int128 above = (higher * width + partly) * kOne;
  const Int128 allowed = (kOne - criterion.quantile.nanos) * all * width;
  found.holds = holds(above, criterion.comparison, allowed);
  return found;
}

Found missing(Missing why, Time at) {
  Found found;
  found.missing = why;
  found.at = at;
  return found;
}

namespace {

// What is judged, before it is held against anything.
Found told(const Measured& measured, Time at) {
  Found found;
  found.at = at;
  found.samples = measured.samples;
  found.missing = measured.missing;
  if (measured.missing != Missing::none) return found;
  found.value = measured.value();
  if (measured.beyond) found.low = found.value;
  return found;
}

// One side against the other, each at its own time.
Found compare_sides(const Subject& subject, Time at, Time other_at) {
  const Criterion& criterion = subject.criterion;
  const Measured left = side(subject, criterion.window, criterion.denominator, at);
  Found found = told(left, at);
  if (found.missing != Missing::none) return found;
  const Measured right = side(subject, criterion.other, criterion.other_denominator, other_at);
  found.missing = right.missing;
  if (right.missing != Missing::none) return found;
  found.limit = Fixed{right.value().nanos * criterion.factor.nanos / kOne};
  if (is_open(left, criterion.factor, right)) return found;
  found.true_ = compare(left, criterion.comparison, criterion.factor, right);
  found.false_ = !found.true_;
  return found;
}

bool is_extreme(const Metric& metric) {
  return metric.kind == MetricKind::gauge &&
         (metric.fold == GaugeFold::min || metric.fold == GaugeFold::max);
}

// Two arms; a stop is true only where it is so whichever of them is ahead.
Found estimate_arms(const Subject& subject, Time at) {
  const Criterion& criterion = subject.criterion;
  const Found found = compare_sides(subject, at, at);
  if (!found.true_ || criterion.kind != CriterionKind::stop) return found;
  const WindowIndex whole =
      criterion.other_denominator.valid() ? criterion.other_denominator : criterion.other;
  // A numerator that is late by more than `grace` has still come with some sender's next point.
  const Time newest = newest_time(subject);
  for (const auto& [own_at, other_at] : {std::pair(at, answered_at(subject, whole, at)),
                                         {at, asked_before(subject, whole, at)},
                                         {newest, newest}}) {
    Found again = compare_sides(subject, own_at, other_at);
    again.at = at;
    if (!again.true_) return again;
  }
  if (!is_extreme(subject.metric_of(whole))) return found;
  for (const Time other_at : {emptied_by(subject, whole, at), filled_before(subject, whole, at)}) {
    Found again = compare_sides(subject, at, other_at);
    again.at = at;
    // Where there was nothing yet, nothing can have left.
    if (again.missing == Missing::none && !again.true_) return again;
  }
  return found;
}

}  // namespace

Found estimate(const Subject& subject) {
  const Criterion& criterion = subject.criterion;
  const Time at = common_time(subject);
  if (criterion.measure == Measure::bracket) return bracket(subject, at);
  if (criterion.other.valid()) return estimate_arms(subject, at);
  if (criterion.measure == Measure::quantile) return quantile_against_limit(subject, at);
  const Measured left = side(subject, criterion.window, criterion.denominator, at);
  Found found = told(left, at);
  if (found.missing != Missing::none) return found;
  found.true_ = core::holds(left.top, criterion.comparison, criterion.limit.nanos * left.bottom);
  return found;
}

}  // namespace rollbook::core
