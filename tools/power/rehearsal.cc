#include "tools/power/rehearsal.h"

#include <algorithm>

#include "engine/core/found.h"
#include "engine/core/limits.h"
#include "engine/core/trials.h"

namespace rollbook::power {

using namespace rollbook::core;

namespace {

constexpr Time kBegin{std::chrono::seconds(1767571200)};  // 2026-01-05T00:00Z

SeriesIndex fed_by(const Machine& machine, const Criterion& criterion) {
  return machine.at(criterion.measure == Measure::ratio ? criterion.denominator : criterion.window)
      .series;
}

// The limits of all quantiles of a metric are the edges of its buckets.
std::vector<Fixed> edges_of(const Machine& machine, const std::vector<CriterionIndex>& criteria,
                            MetricIndex metric) {
  std::vector<Fixed> edges;
  for (const CriterionIndex index : criteria) {
    const Criterion& criterion = machine.at(index);
    if (criterion.measure != Measure::quantile) continue;
    if (machine.at(fed_by(machine, criterion)).metric == metric) edges.push_back(criterion.limit);
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

}  // namespace

bool is_turned(const Criterion& criterion) {
  const bool stops =
      criterion.kind == CriterionKind::stop || criterion.kind == CriterionKind::pause;
  return says_greater(criterion.comparison) != stops;
}

double allowed_share(const Criterion& criterion) {
  const Int128 one = Fixed::kScale;
  const Int128 nanos = criterion.measure == Measure::quantile ? one - criterion.quantile.nanos
                       : is_turned(criterion)                 ? one - criterion.limit.nanos
                                                              : criterion.limit.nanos;
  return static_cast<double>(nanos) * 1e-9;
}

Rehearsal::Rehearsal(const Machine& machine, std::vector<CriterionIndex> criteria,
                     const Weights& weights)
    : criteria_(std::move(criteria)), begun_(kBegin), now_(kBegin) {
  machine_.arms = machine.arms;
  machine_.targets = machine.targets;
  machine_.metrics = machine.metrics;
  machine_.series = machine.series;
  machine_.windows = machine.windows;
  machine_.criteria = machine.criteria;
  State root;
  root.armed = criteria_;
  machine_.states.push_back(std::move(root));
  RolloutStarted started;
  started.limits = kLimits;
  for (const Target& target : machine.targets) started.targets.push_back({target.name, {}});
  evolve(started);
  state_.active = StateIndex{0};
  for (std::uint32_t i = 0; i < machine_.metrics.size(); ++i) {
    state_.metrics[i].named = now_;
    state_.metrics[i].bounds = edges_of(machine_, criteria_, MetricIndex{i});
  }
  shift(weights);
  for (const CriterionIndex index : criteria_) {
    if (state_.tests[index.value].starts.empty()) begin_test(machine_, state_, index);
  }
}

void Rehearsal::evolve(Body body) {
  const Sequence next{state_.last.value + 1};
  core::evolve(machine_, state_, Event{StreamId{1}, next, now_, Sequence{}, std::move(body)});
}

// A target that stays where it is asks for nothing.
void Rehearsal::shift(const Weights& weights) {
  for (std::uint32_t i = 0; i < weights.size(); ++i) {
    const TargetIndex target = machine_.targets.empty() ? TargetIndex{} : TargetIndex{i};
    if (target.valid() && state_.settled_at(target) == weights[i]) continue;
    EffectRequested shift;
    shift.kind = EffectKind::traffic;
    shift.state = state_.active;
    shift.to = weights[i];
    shift.order = ++order_;
    shift.target = target;
    evolve(shift);
    EffectSettled settled;
    settled.effect = state_.last;
    evolve(settled);
  }
  weights_ = weights;
}

void Rehearsal::disarm(CriterionIndex criterion) {
  std::erase(machine_.states[0].armed, criterion);
}

void Rehearsal::count_requests(SeriesIndex series, const Traffic& traffic, double seconds,
                               Draw& draw) {
  if (counts_.contains(series)) return;
  counts_[series] = draw.poisson(flow_of(machine_, series, traffic.load, weights_) * seconds);
  total_[series] += counts_[series];
}

void Rehearsal::count_other(const Criterion& criterion, double rate, Draw& draw) {
  const SeriesIndex numerator = machine_.at(criterion.other).series;
  if (counts_.contains(numerator)) return;
  counts_[numerator] =
      draw.binomial(counts_.at(machine_.at(criterion.other_denominator).series), rate);
}

void Rehearsal::count_ratio(const Criterion& criterion, double rate, Draw& draw) {
  const std::int64_t requests = counts_.at(fed_by(machine_, criterion));
  const SeriesIndex numerator = machine_.at(criterion.window).series;
  if (counts_.contains(numerator)) return;  // several criteria may look at the same ratio
  const std::int64_t bad = draw.binomial(requests, rate);
  counts_[numerator] = is_turned(criterion) ? requests - bad : bad;
}

// How many lie above each edge, from the lowest on: what lies above an edge is a part of what lies
// above the one before.
void Rehearsal::count_buckets(SeriesIndex series, const Traffic& traffic, Draw& draw) {
  const std::vector<Fixed>& edges = state_.metrics[machine_.at(series).metric.value].bounds;
  std::vector<double> shares(edges.size(), 1);
  for (const CriterionIndex index : criteria_) {
    const Criterion& criterion = machine_.at(index);
    if (criterion.measure != Measure::quantile || fed_by(machine_, criterion) != series) continue;
    const auto edge = std::lower_bound(edges.begin(), edges.end(), criterion.limit);
    double& share = shares[static_cast<std::size_t>(edge - edges.begin())];
    share = std::min(share, traffic.rates.at(index));
  }
  std::int64_t left = counts_.at(series);
  double before = 1;
  std::vector<std::int64_t>& buckets = buckets_[series];
  for (const double share : shares) {
    const double given = before > 0 ? std::min(1.0, share / before) : 0;
    const std::int64_t above = draw.binomial(left, given);
    buckets.push_back(left - above);
    left = above;
    before = std::min(before, share);
  }
  buckets.push_back(left);
}

Observed Rehearsal::observed() const {
  Observed observed;
  for (const auto& [series, count] : counts_) {
    const auto buckets = buckets_.find(series);
    CellDelta delta;
    delta.series = series;
    delta.reach = Floor::shift;
    delta.cell.end = delta.cell.latest = now_;
    delta.cell.samples = 1;
    if (buckets != buckets_.end()) {
      delta.cell.samples = count;
      delta.cell.buckets = buckets->second;
    } else {
      delta.cell.value = Fixed::from_int(count);
    }
    if (count != 0) observed.deltas.push_back(std::move(delta));
    observed.seen.push_back({series, now_, now_});
  }
  return observed;
}

void Rehearsal::step(Duration span, const Traffic& traffic, Draw& draw) {
  now_ += span;
  counts_.clear();
  buckets_.clear();
  const double seconds = static_cast<double>(span.count()) * 1e-9;
  for (const CriterionIndex index : criteria_) {
    const Criterion& criterion = machine_.at(index);
    count_requests(fed_by(machine_, criterion), traffic, seconds, draw);
    if (!criterion.other_denominator.valid()) continue;
    count_requests(machine_.at(criterion.other_denominator).series, traffic, seconds, draw);
  }
  for (const CriterionIndex index : criteria_) {
    const Criterion& criterion = machine_.at(index);
    const SeriesIndex series = fed_by(machine_, criterion);
    if (criterion.measure == Measure::ratio) {
      count_ratio(criterion, traffic.rates.at(index), draw);
      if (criterion.other.valid()) count_other(criterion, traffic.other_rates.at(index), draw);
    } else if (!buckets_.contains(series)) {
      count_buckets(series, traffic, draw);
    }
  }
  Pending pending;
  pending.observed = observed();
  std::vector<Event> events;
  core::advance(machine_, shard_, state_, pending, Input{now_, Look{true}}, events);
}

std::int64_t Rehearsal::requests(CriterionIndex criterion) const {
  const auto found = total_.find(fed_by(machine_, machine_.at(criterion)));
  return found == total_.end() ? 0 : found->second;
}

}  // namespace rollbook::power
