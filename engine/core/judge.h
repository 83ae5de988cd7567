#pragma once
// Judge: what evaluate() and the deadlines share about a criterion: which series feeds it, how
// much of its window was watched, since when it is silent.

#include <algorithm>

#include "engine/core/found.h"

namespace rollbook::core {

// The value below which `quantile` of the observations lie, interpolated linearly within its
// bucket (the first begins at 0); the last edge when it lies beyond. Needs one observation.
Fixed quantile_of(const std::vector<Fixed>& bounds, const std::vector<std::int64_t>& buckets,
                  Fixed quantile);
// Whether it lies beyond the last edge, where nothing else is known of it.
bool lies_beyond(const std::vector<Fixed>& bounds, const std::vector<std::int64_t>& buckets,
                 Fixed quantile);

// Whether the estimates of two quantiles are compared, without a test.
inline bool is_of_two_quantiles(const Criterion& criterion) {
  return criterion.measure == Measure::quantile && criterion.other.valid() &&
         criterion.test == Test::none;
}

// The share that is allowed: of a quantile, what may lie above its limit.
inline Fixed allowed_share(const Criterion& criterion) {
  return criterion.measure == Measure::quantile ? Fixed::from_int(1) - criterion.quantile
                                                : criterion.limit;
}

inline bool same_arm(const Series& a, const Series& b) {
  return a.arm == b.arm && a.target == b.target;
}
// Whether its silence says that an arm was not heard: what is silent while nothing happens does not
// say so, and gauges have exporters of their own.
inline bool counts_requests(const Metric& metric) {
  return !metric.default_zero && metric.kind != MetricKind::gauge;
}

inline bool is_by_time(Measure measure) {
  return measure == Measure::rate || measure == Measure::count;
}
// Whether the more it measures, the sooner it is broken: a stop that comes true, an expect that
// does not.
inline bool breaks_when_more(const Criterion& criterion) {
  return says_greater(criterion.comparison) != (criterion.kind == CriterionKind::expect);
}
// Whether the criterion is one of the trigger's own conditions.
inline bool is_own(const Trigger& trigger, CriterionIndex criterion) {
  return trigger.criterion == criterion ||
         std::find(trigger.also.begin(), trigger.also.end(), criterion) != trigger.also.end();
}
// Whether it is the baseline's share of one, which holds the trigger back.
inline bool holds_back(const Trigger& trigger, CriterionIndex veto) {
  return std::find(trigger.unless.begin(), trigger.unless.end(), veto) != trigger.unless.end();
}

// Whether it may be taken for broken because little was heard: of a rate or a count.
bool finds_little(const Criterion& criterion);

// How long the window may have counted at `at`.
Duration watched_of(const Machine& machine, const RolloutState& state, const Window& window,
                    Time at, TargetIndex target);

// How much of the window that ends at `at` was watched: between nothing and its width.
Duration seen_of(const Machine& machine, const RolloutState& state, const Window& window, Time at,
                 TargetIndex target = {});

// The same of all that feeds the criterion. Where metrics are read back, a window is not whole
// before its series is known: two hours of shadow are not the day that was asked for.
Duration seen_of(const Machine& machine, const RolloutState& state, const Criterion& criterion,
                 Time at);

// The series whose silence means something: a plain metric's own, a ratio's denominator.
SeriesIndex fed_by(const Machine& machine, const Criterion& criterion);
// True where silence is normal (`default 0`) or is itself the criterion (`absent`).
bool may_be_silent(const Machine& machine, const Criterion& criterion);
// The same of what the criterion holds that against. Invalid: nothing, or an arm that may be
// silent (`traffic split`: one without a weight is).
SeriesIndex held_against(const Machine& machine, const Criterion& criterion);
// Whether `holds` is true of one of those two, where their silence means something.
template <class Predicate>
bool any_feeding(const Machine& machine, const Criterion& criterion, const Predicate& holds) {
  if (!may_be_silent(machine, criterion) && holds(fed_by(machine, criterion))) return true;
  const SeriesIndex other = held_against(machine, criterion);
  return other.valid() && holds(other);
}
// Whether one of those two is silent, or says old things only.
bool stale_of(const Machine& machine, const RolloutState& state, const Criterion& criterion);

// Whether `holds` is true of any series whose counts the criterion reads.
template <class Predicate>
bool any_read(const Machine& machine, const Criterion& criterion, const Predicate& holds) {
  const auto of = [&](const auto& read) {
    for (const WindowIndex window :
         {read.window, read.denominator, read.other, read.other_denominator}) {
      if (window.valid() && holds(machine.at(window).series)) return true;
    }
    return false;
  };
  if (of(criterion)) return true;
  if (!criterion.judge) return false;
  for (const JudgedMetric& metric : criterion.judge->metrics) {
    if (of(metric)) return true;
  }
  return false;
}
// Until when two senders that share the labels of the series are held against it: what it counts is
// known in part only. `pending`: since the last Observed.
Time clash_ends(const RolloutState& state, const std::vector<SeriesClash>& pending,
                SeriesIndex series);
bool is_clashing(const RolloutState& state, const std::vector<SeriesClash>& pending,
                 SeriesIndex series, Time now);
// The same of any that the criterion reads. A baseline's share in a veto is told as far as it goes.
bool is_clashing(const Machine& machine, const RolloutState& state,
                 const std::vector<SeriesClash>& pending, const Criterion& criterion, Time now);

// From when `absent` counts; kDistantFuture: no shift has settled yet.
Time silent_since(const Machine& machine, const RolloutState& state, const Pending& pending,
                  const Criterion& criterion);
// When the series becomes stale if nothing more arrives.
Time stale_at(const RolloutState& state, const Pending& pending, SeriesIndex series);

// Whether the criterion's target lets it be judged. A guard of one begins with its first shift and
// ends with its rollback; what a review expects of one that was rolled back is not asked any more.
inline bool is_judged(const RolloutState& state, const Criterion& criterion) {
  if (!criterion.target.valid()) return true;
  const TargetState& target = state.at(criterion.target);
  const bool guards =
      criterion.kind == CriterionKind::stop || criterion.kind == CriterionKind::pause;
  return guards ? !target.unwatched && (criterion.always || target.shifted) : !target.back;
}

// The criteria that are judged now: those armed by the active state and the states around it,
// in table order.
std::vector<CriterionIndex> armed(const Machine& machine, const RolloutState& state);

// Whether `holds` is true of any of them; without a list, for what is asked at every look.
template <class Predicate>
bool any_armed(const Machine& machine, const RolloutState& state, const Predicate& holds) {
  if (state.finished()) return false;
  for (StateIndex i = state.active; i.valid(); i = machine.at(i).parent) {
    for (const CriterionIndex criterion : machine.at(i).armed) {
      if (is_judged(state, machine.at(criterion)) && holds(criterion)) return true;
    }
  }
  return false;
}

// Whether the series that feeds the criterion is, or would now go, stale.
bool goes_stale(const Machine& machine, const RolloutState& state, const Pending& pending,
                const Criterion& criterion, Time now);
// The series that would be stale at `now`, among those that feed an armed criterion; rising.
std::vector<SeriesIndex> stale_series(const Machine& machine, const RolloutState& state,
                                      const Pending& pending, Time now);

}  // namespace rollbook::core
