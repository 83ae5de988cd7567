#include "tools/power/rehearsal.h"

#include <algorithm>

#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/trials.h"

namespace rollbook::power {

using namespace rollbook::core;

namespace {

constexpr Time kBegin{std::chrono::seconds(1767571200)};  // 2026-01-05T00:00Z

}  // namespace

Rehearsal::Rehearsal(const Machine& machine, std::map<CriterionIndex, Model> criteria,
                     const Weights& weights)
    : criteria_(std::move(criteria)), begun_(kBegin), now_(kBegin) {
  machine_.arms = machine.arms;
  machine_.targets = machine.targets;
  machine_.metrics = machine.metrics;
  machine_.series = machine.series;
  machine_.windows = machine.windows;
  machine_.criteria = machine.criteria;
  State root;
  for (const auto& [index, model] : criteria_) {
    root.armed.push_back(index);
    if (model.sickness != Sickness::failing) set_apart(index);
    compares_times_ = compares_times_ || model.sickness == Sickness::changed;
  }
  machine_.states.push_back(std::move(root));
  RolloutStarted started;
  started.limits = kLimits;
  for (const Target& target : machine.targets) started.targets.push_back({target.name, {}});
  evolve(started);
  state_.active = StateIndex{0};
  for (std::uint32_t i = 0; i < machine_.metrics.size(); ++i) {
    state_.metrics[i].named = now_;
    state_.metrics[i].bounds = edges_of(MetricIndex{i});
  }
  shift(weights);
  for (const auto& [index, model] : criteria_) {
    if (state_.tests[index.value].starts.empty()) begin_test(machine_, state_, index);
  }
}

void Rehearsal::set_apart(CriterionIndex index) {
  std::map<MetricIndex, MetricIndex> metrics;
  Criterion& criterion = machine_.criteria[index.value];
  for (WindowIndex* each : {&criterion.window, &criterion.denominator, &criterion.other,
                            &criterion.other_denominator}) {
    if (!each->valid()) continue;
    Window window = machine_.at(*each);
    Series series = machine_.at(window.series);
    const auto [own, added] = metrics.try_emplace(
        series.metric, MetricIndex{static_cast<std::uint32_t>(machine_.metrics.size())});
    if (added) machine_.metrics.push_back(Metric(machine_.at(series.metric)));
    series.metric = own->second;
    window.series = SeriesIndex{static_cast<std::uint32_t>(machine_.series.size())};
    machine_.series.push_back(series);
    *each = WindowIndex{static_cast<std::uint32_t>(machine_.windows.size())};
    machine_.windows.push_back(window);
  }
}

// The limits of all quantiles of a metric are the edges of its buckets; two quantiles have a whole
// histogram.
std::vector<Fixed> Rehearsal::edges_of(MetricIndex metric) const {
  std::vector<Fixed> edges;
  for (const auto& [index, model] : criteria_) {
    const Criterion& criterion = machine_.at(index);
    if (criterion.measure != Measure::quantile) continue;
    if (machine_.at(fed_by(machine_, criterion)).metric != metric) continue;
    if (model.latency) return model.latency->edges();
    edges.push_back(criterion.limit);
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
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

// ---- What comes in one step -----------------------------------------------------------------

void Rehearsal::count(SeriesIndex series, std::int64_t came) {
  counts_[series] = came;
  total_[series] += came;
}

double Rehearsal::flow_of(SeriesIndex series, const Traffic& traffic) const {
  return power::flow_of(machine_, series, traffic.load, weights_);
}

void Rehearsal::count_requests(SeriesIndex series, const Traffic& traffic, Draw& draw) {
  if (counts_.contains(series)) return;
  count(series, draw.poisson(flow_of(series, traffic) * seconds_));
}

void Rehearsal::count_all_requests(CriterionIndex index, const Traffic& traffic, Draw& draw) {
  const Criterion& criterion = machine_.at(index);
  const bool ratio = criterion.measure == Measure::ratio;
  if (!ratio && criterion.measure != Measure::quantile) return;
  count_requests(fed_by(machine_, criterion), traffic, draw);
  const WindowIndex other = ratio ? criterion.other_denominator : criterion.other;
  if (other.valid()) count_requests(machine_.at(other).series, traffic, draw);
}

void Rehearsal::count_what_is_judged(CriterionIndex index, const Traffic& traffic, Draw& draw) {
  const Criterion& criterion = machine_.at(index);
  const double rate = traffic.rates.at(index);
  switch (criteria_.at(index).sickness) {
    case Sickness::failing:
      if (criterion.measure == Measure::ratio) {
        count_ratio(index, rate, draw);
      } else if (!buckets_.contains(fed_by(machine_, criterion))) {
        count_buckets(fed_by(machine_, criterion), traffic, draw);
      }
      return;
    case Sickness::slower:
      return count_two_quantiles(index, rate, draw);
    case Sickness::changed:
      return count_changed(index, traffic, draw);
    case Sickness::diverted:
      return count_split(index, traffic, draw);
    case Sickness::level:
      return count(machine_.at(criterion.window).series, draw.poisson(rate * seconds_));
  }
}

void Rehearsal::count_ratio(CriterionIndex index, double rate, Draw& draw) {
  const Criterion& criterion = machine_.at(index);
  const std::int64_t requests = counts_.at(fed_by(machine_, criterion));
  const SeriesIndex numerator = machine_.at(criterion.window).series;
  if (!counts_.contains(numerator)) {  // several criteria may look at the same ratio
    const std::int64_t bad = draw.binomial(requests, rate);
    counts_[numerator] = is_turned(criterion) ? requests - bad : bad;
  }
  if (!criterion.other.valid()) return;
  const SeriesIndex other = machine_.at(criterion.other).series;
  if (counts_.contains(other)) return;
  counts_[other] = draw.binomial(counts_.at(machine_.at(criterion.other_denominator).series),
                                 criteria_.at(index).base);
}

void Rehearsal::count_changed(CriterionIndex index, const Traffic& traffic, Draw& draw) {
  const Criterion& criterion = machine_.at(index);
  const SeriesIndex series = machine_.at(criterion.window).series;
  const double level = criteria_.at(index).base * (1 - traffic.rates.at(index));
  if (criterion.measure != Measure::ratio) {
    return count(series, draw.poisson(flow_of(series, traffic) * level * seconds_));
  }
  const std::int64_t requests = counts_.at(fed_by(machine_, criterion));
  counts_[series] = level <= 1 ? draw.binomial(requests, level)
                               : draw.poisson(static_cast<double>(requests) * level);
}

void Rehearsal::count_split(CriterionIndex index, const Traffic& traffic, Draw& draw) {
  const Criterion& criterion = machine_.at(index);
  const SeriesIndex canary = machine_.at(criterion.window).series;
  const SeriesIndex baseline = machine_.at(criterion.other).series;
  const double both = flow_of(canary, traffic) + flow_of(baseline, traffic);
  const double weight = traffic.rates.at(index);
  count(canary, draw.poisson(both * weight * seconds_));
  count(baseline, draw.poisson(both * (1 - weight) * seconds_));
}

// How many lie above each edge, from the lowest on: what lies above an edge is a part of what lies
// above the one before.
void Rehearsal::put_in_buckets(SeriesIndex series, const std::vector<double>& above, Draw& draw) {
  std::int64_t left = counts_.at(series);
  double before = 1;
  std::vector<std::int64_t>& buckets = buckets_[series];
  for (const double share : above) {
    const double given = before > 0 ? std::min(1.0, share / before) : 0;
    const std::int64_t higher = draw.binomial(left, given);
    buckets.push_back(left - higher);
    left = higher;
    before = std::min(before, share);
  }
  buckets.push_back(left);
}

void Rehearsal::count_buckets(SeriesIndex series, const Traffic& traffic, Draw& draw) {
  const std::vector<Fixed>& edges = state_.metrics[machine_.at(series).metric.value].bounds;
  std::vector<double> above(edges.size(), 1);
  for (const auto& [index, model] : criteria_) {
    const Criterion& criterion = machine_.at(index);
    if (criterion.measure != Measure::quantile || fed_by(machine_, criterion) != series) continue;
    const auto edge = std::lower_bound(edges.begin(), edges.end(), criterion.limit);
    double& share = above[static_cast<std::size_t>(edge - edges.begin())];
    share = std::min(share, traffic.rates.at(index));
  }
  put_in_buckets(series, above, draw);
}

// `rate` lies beyond the limit when all take longer by the factor that brings it there.
void Rehearsal::count_two_quantiles(CriterionIndex index, double rate, Draw& draw) {
  const Criterion& criterion = machine_.at(index);
  const Latency& latency = *criteria_.at(index).latency;
  const auto slowed = [&](double factor) -> const std::vector<double>& {
    const auto [shares, added] = slowed_.try_emplace({index, factor});
    if (!added) return shares->second;
    for (const Fixed edge : latency.edges()) {
      shares->second.push_back(latency.above(static_cast<double>(edge.nanos) * 1e-9 / factor));
    }
    return shares->second;
  };
  const double limit = latency.exceeded_by(power::allowed_share(criterion)) *
                       static_cast<double>(criterion.factor.nanos) * 1e-9;
  put_in_buckets(machine_.at(criterion.window).series, slowed(limit / latency.exceeded_by(rate)),
                 draw);
  put_in_buckets(machine_.at(criterion.other).series, slowed(1), draw);
}

void Rehearsal::tell(Duration span, Observed& observed) const {
  // Exporters send once a minute at least; what is told here at once is no gap.
  constexpr Duration kExport = std::chrono::minutes(1);
  for (const auto& [series, count] : counts_) {
    const auto buckets = buckets_.find(series);
    const bool histogram = machine_.at(machine_.at(series).metric).kind == MetricKind::histogram;
    CellDelta delta;
    delta.series = series;
    delta.reach = Floor::shift;
    delta.cell.end = delta.cell.latest = now_;
    delta.cell.samples = histogram ? count : 1;
    if (buckets != buckets_.end()) delta.cell.buckets = buckets->second;
    if (!histogram) delta.cell.value = Fixed::from_int(count);
    if (count != 0) observed.deltas.push_back(std::move(delta));
    for (Time at = now_ - span + kExport; compares_times_ && at < now_; at += kExport) {
      observed.seen.push_back({series, at, at});
    }
    observed.seen.push_back({series, now_, now_});
  }
}

void Rehearsal::come(Duration span, const Traffic& traffic, Draw& draw, Observed& observed) {
  now_ += span;
  counts_.clear();
  buckets_.clear();
  seconds_ = static_cast<double>(span.count()) * 1e-9;
  for (const auto& [index, model] : criteria_) count_all_requests(index, traffic, draw);
  for (const auto& [index, model] : criteria_) count_what_is_judged(index, traffic, draw);
  tell(span, observed);
}

void Rehearsal::step(Duration span, const Traffic& traffic, Draw& draw, std::int64_t points) {
  Pending pending;
  const Duration each = std::chrono::ceil<std::chrono::seconds>(span / points);
  for (Duration left = span; left > Duration::zero(); left -= each) {
    come(std::min(each, left), traffic, draw, pending.observed);
  }
  std::vector<Event> events;
  core::advance(machine_, shard_, state_, pending, Input{now_, Look{true}}, events);
}

std::int64_t Rehearsal::requests(CriterionIndex index) const {
  const Criterion& criterion = machine_.at(index);
  const auto total = [&](SeriesIndex series) {
    const auto found = total_.find(series);
    return found == total_.end() ? 0 : found->second;
  };
  const std::int64_t own = total(fed_by(machine_, criterion));
  if (criteria_.at(index).sickness != Sickness::diverted) return own;
  return own + total(machine_.at(criterion.other).series);
}

}  // namespace rollbook::power
