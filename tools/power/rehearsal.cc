#include "tools/power/rehearsal.h"

#include <algorithm>

#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/stretches.h"
#include "engine/core/trials.h"

namespace rollbook::power {

using namespace rollbook::core;

namespace {

constexpr Time kBegin{std::chrono::seconds(1767571200)};  // 2026-01-05T00:00Z
constexpr Duration kExport = std::chrono::minutes(1);     // exporters send so often at least

}  // namespace

Rehearsal::Rehearsal(const Machine& machine, std::map<CriterionIndex, Model> criteria,
                     const Weights& weights, Duration every)
    : criteria_(std::move(criteria)), every_(every), begun_(kBegin), now_(kBegin) {
  counted_.fill(begun_);
  told_.fill(begun_ - every_);
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

// ---- What comes -----------------------------------------------------------------------------

std::size_t Rehearsal::side_of(SeriesIndex series) const {
  return machine_.at(series).arm == Arm::baseline ? 1 : 0;
}

bool Rehearsal::is_of(Arm arm, SeriesIndex series) const {
  return arm == Arm::total || (side_of(series) == 1) == (arm == Arm::baseline);
}

void Rehearsal::mark(Arm arm, std::array<Time, 2>& sides) const {
  if (arm != Arm::baseline) sides[0] = now_;
  if (arm != Arm::canary) sides[1] = now_;
}

double Rehearsal::seconds_of(SeriesIndex series) const {
  return static_cast<double>((now_ - counted_[side_of(series)]).count()) * 1e-9;
}

void Rehearsal::add(SeriesIndex series, std::int64_t came) {
  counts_[series] = came;
  total_[series] += came;
}

double Rehearsal::flow_of(SeriesIndex series, const Traffic& traffic) const {
  return power::flow_of(machine_, series, traffic.load, weights_);
}

void Rehearsal::count_requests(SeriesIndex series, const Traffic& traffic, Draw& draw) {
  if (!is_of(arm_, series) || counts_.contains(series)) return;
  add(series, draw.poisson(flow_of(series, traffic) * seconds_of(series)));
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
  switch (criteria_.at(index).sickness) {
    case Sickness::failing:
      if (criterion.measure == Measure::ratio) return count_ratio(index, traffic, draw);
      return count_buckets(fed_by(machine_, criterion), traffic, draw);
    case Sickness::slower:
      return count_two_quantiles(index, traffic.rates.at(index), draw);
    case Sickness::changed:
      return count_changed(index, traffic, draw);
    case Sickness::diverted:
      return count_split(index, traffic, draw);
    case Sickness::level:
      return count_level(index, traffic, draw);
  }
}

void Rehearsal::count_ratio(CriterionIndex index, const Traffic& traffic, Draw& draw) {
  const Criterion& criterion = machine_.at(index);
  // Several criteria may look at the same ratio.
  const auto comes = [&](SeriesIndex series) {
    return is_of(arm_, series) && !counts_.contains(series);
  };
  const SeriesIndex numerator = machine_.at(criterion.window).series;
  if (comes(numerator)) {
    const std::int64_t requests = counts_.at(fed_by(machine_, criterion));
    const std::int64_t bad = draw.binomial(requests, traffic.rates.at(index));
    counts_[numerator] = is_turned(criterion) ? requests - bad : bad;
  }
  if (!criterion.other.valid()) return;
  const SeriesIndex other = machine_.at(criterion.other).series;
  if (!comes(other)) return;
  counts_[other] = draw.binomial(counts_.at(machine_.at(criterion.other_denominator).series),
                                 criteria_.at(index).base);
}

void Rehearsal::count_changed(CriterionIndex index, const Traffic& traffic, Draw& draw) {
  const Criterion& criterion = machine_.at(index);
  const SeriesIndex series = machine_.at(criterion.window).series;
  if (!is_of(arm_, series)) return;
  const double level = criteria_.at(index).base * (1 - traffic.rates.at(index));
  if (criterion.measure != Measure::ratio) {
    return add(series, draw.poisson(flow_of(series, traffic) * level * seconds_of(series)));
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
  for (const auto& [series, share] : {std::pair{canary, weight}, {baseline, 1 - weight}}) {
    if (is_of(arm_, series)) add(series, draw.poisson(both * share * seconds_of(series)));
  }
}

void Rehearsal::count_level(CriterionIndex index, const Traffic& traffic, Draw& draw) {
  const SeriesIndex series = machine_.at(machine_.at(index).window).series;
  if (!is_of(arm_, series)) return;
  add(series, draw.poisson(traffic.rates.at(index) * seconds_of(series)));
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
  if (!is_of(arm_, series) || buckets_.contains(series)) return;
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

void Rehearsal::count_two_quantiles(CriterionIndex index, double rate, Draw& draw) {
  const Criterion& criterion = machine_.at(index);
  const Model& model = criteria_.at(index);
  const auto slowed = [&](double factor) -> const std::vector<double>& {
    const auto [shares, added] = slowed_.try_emplace({index, factor});
    if (!added) return shares->second;
    for (const Fixed edge : model.latency->edges()) {
      shares->second.push_back(
          model.latency->above(static_cast<double>(edge.nanos) * 1e-9 / factor));
    }
    return shares->second;
  };
  const SeriesIndex own = machine_.at(criterion.window).series;
  const SeriesIndex other = machine_.at(criterion.other).series;
  if (is_of(arm_, own)) put_in_buckets(own, slowed(model.slowdown(rate)), draw);
  if (is_of(arm_, other)) put_in_buckets(other, slowed(1), draw);
}

void Rehearsal::count(Arm arm, const Traffic& traffic, Draw& draw) {
  arm_ = arm;
  counts_.clear();
  buckets_.clear();
  for (const auto& [index, model] : criteria_) count_all_requests(index, traffic, draw);
  for (const auto& [index, model] : criteria_) count_what_is_judged(index, traffic, draw);
  for (const auto& [series, came] : counts_) {
    Untold& untold = untold_[series];
    untold.count += came;
    const auto buckets = buckets_.find(series);
    if (buckets == buckets_.end()) continue;
    untold.buckets.resize(buckets->second.size());
    for (std::size_t i = 0; i < untold.buckets.size(); ++i) {
      untold.buckets[i] += buckets->second[i];
    }
  }
  mark(arm, counted_);
}

// ---- What is told of it ---------------------------------------------------------------------

void Rehearsal::tell(SeriesIndex series, Untold& untold) {
  const Time before = told_[side_of(series)];
  const bool histogram = machine_.at(machine_.at(series).metric).kind == MetricKind::histogram;
  CellDelta delta;
  delta.series = series;
  delta.reach = before < begun_ ? Floor::before : Floor::shift;
  delta.cell.end = delta.cell.latest = now_;
  delta.cell.samples = histogram ? untold.count : 1;
  delta.cell.buckets = std::move(untold.buckets);
  if (!histogram) delta.cell.value = Fixed::from_int(untold.count);
  if (is_stretched(machine_, series, now_ - before)) {
    delta.span = now_ - before;
    delta.points = 1;
  }
  if (untold.count != 0) pending_.observed.deltas.push_back(std::move(delta));
  // Points that come more seldom than exporters send would look like gaps: it is said to be heard
  // in between.
  const Duration apart = std::max<Duration>(kExport, every_);
  for (Time at = before + apart; compares_times_ && at < now_; at += apart) {
    pending_.observed.seen.push_back({series, at, at});
  }
  pending_.observed.seen.push_back({series, now_, now_, kDistantPast, every_});
}

void Rehearsal::tell(Arm arm) {
  for (auto each = untold_.begin(); each != untold_.end();) {
    if (!is_of(arm, each->first)) {
      ++each;
      continue;
    }
    tell(each->first, each->second);
    each = untold_.erase(each);
  }
  mark(arm, told_);
}

void Rehearsal::look() {
  std::vector<Event> events;
  core::advance(machine_, shard_, state_, pending_, Input{now_, Look{true}}, events);
  pending_ = Pending{};
}

void Rehearsal::step(Duration span, const Traffic& traffic, Draw& draw) {
  pass(span);
  count(Arm::total, traffic, draw);
  tell(Arm::total);
  look();
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
