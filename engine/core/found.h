#pragma once
// Found: what the windows of a criterion say at one moment, before `for`, wholeness and staleness
// make a verdict of it (evaluate.cc). Plain estimates come from estimate.cc, tests from prove.cc.

#include <optional>

#include "engine/core/decide.h"
#include "engine/core/windows.h"

namespace rollbook::core {

struct Found {
  Missing missing = Missing::none;
  bool true_ = false;   // what the criterion says; of a test: proven
  bool false_ = false;  // of a test: the contrary is proven
  std::optional<Fixed> value, low, high, limit;
  std::int64_t samples = 0;
  Time at = kDistantPast;
  std::optional<Evidence> evidence;
  std::vector<std::string> kinds;  // as in Reading
};

struct Subject {
  const Machine& machine;
  const RolloutState& state;
  const Pending& pending;
  const Criterion& criterion;

  CriterionIndex index() const {
    return CriterionIndex{static_cast<std::uint32_t>(&criterion - machine.criteria.data())};
  }
  SeriesIndex series_of(WindowIndex window) const { return machine.at(window).series; }
  const Metric& metric_of(WindowIndex window) const {
    return machine.at(machine.at(series_of(window)).metric);
  }
  bool counted(WindowIndex window) const {  // seen, or known to be zero
    return named(state, pending, machine.at(series_of(window)).metric) ||
           metric_of(window).default_zero;
  }
  Sum sum(WindowIndex window, Time at) const { return sum_at(machine, state, pending, window, at); }
  const std::vector<Fixed>& bounds(WindowIndex window) const {
    return bounds_of(state, pending, machine.at(series_of(window)).metric);
  }
};

Found missing(Missing why, Time at);

// The estimate of the window, compared exactly.
Found estimate(const Subject& subject);

// What buckets say of a quantile and its limit: `p99 < L` ⇔ the share of observations above L is
// below 1 %. Inside a bucket the count above L is interpolated linearly, as Prometheus does for the
// value, and the bracket is kept.
struct AboveLimit {
  bool holds = false;              // what the criterion says of it
  std::optional<Fixed> low, high;  // the bucket that the limit lies inside, where it holds any
};
// `counts`: one more than bounds, with one observation.
AboveLimit above_limit(const Criterion& criterion, const std::vector<Fixed>& bounds,
                       const std::vector<std::int64_t>& counts);

// Whether `left` stands to `right` as the comparison says.
bool holds(Int128 left, Comparison comparison, Int128 right);
constexpr bool says_greater(Comparison comparison) {
  return comparison == Comparison::greater || comparison == Comparison::greater_equal;
}

}  // namespace rollbook::core
