#include "adapters/sandbox/health.h"

#include <algorithm>
#include <array>
#include <functional>

#include "adapters/sandbox/label_search.h"

namespace rollbook::adapters {

namespace {

using core::Comparison;
using core::Criterion;
using core::CriterionKind;
using core::Fixed;
using core::Int128;
using core::Machine;
using core::Measure;
using core::MetricIndex;

constexpr Fixed kOne = Fixed::from_int(1);
// How far below a ceiling a healthy service stays: a fifth of it.
constexpr std::int64_t kDistance = 5;
// What stands for the limit of a share of failures that is only held against another arm.
constexpr Fixed kLimitBetweenArms{5'000'000};

Fixed times(Fixed a, Fixed b) { return Fixed{a.nanos * b.nanos / Fixed::kScale}; }
Fixed divided(Fixed a, Fixed b) { return Fixed{a.nanos * Fixed::kScale / b.nanos}; }

// Healthy latencies, as shares of requests up to a share of `scale`: p50 at 0.3, p99 at 0.77.
struct Knot {
  std::int64_t at_permille;
  std::int64_t share_permille;
};
constexpr std::array<Knot, 6> kShape = {
    {{0, 0}, {200, 300}, {400, 700}, {600, 950}, {800, 998}, {1000, 1000}}};
// Edges beyond the healthy end, for what a fault brings.
constexpr std::array<std::int64_t, 6> kBeyondPermille = {1500, 2000, 3000, 5000, 10'000, 20'000};

// Where the quantile lies, as a share of `scale`.
Fixed place_of(Fixed quantile) {
  for (std::size_t i = 1; i < kShape.size(); ++i) {
    const Int128 low = kShape[i - 1].share_permille * Int128{1'000'000};
    const Int128 high = kShape[i].share_permille * Int128{1'000'000};
    if (quantile.nanos > high) continue;
    const Int128 from = kShape[i - 1].at_permille * Int128{1'000'000};
    const Int128 to = kShape[i].at_permille * Int128{1'000'000};
    return Fixed{from + (to - from) * (quantile.nanos - low) / (high - low)};
  }
  return kOne;
}

// Held against another arm or its own past, a value is healthy as it is.
bool has_limit(const Criterion& criterion) {
  return !criterion.other.valid() && criterion.test != core::Test::unchanged;
}

// A value is healthy below (stop and pause >, expect <) or above its limit.
bool is_ceiling(const Criterion& criterion) {
  const bool greater = criterion.comparison == Comparison::greater ||
                       criterion.comparison == Comparison::greater_equal;
  const bool acts = criterion.kind == CriterionKind::stop || criterion.kind == CriterionKind::pause;
  return acts == greater;
}

// A share of failures that one arm must not have more of than another; nothing else bounds it.
bool is_ceiling_between_arms(const Criterion& criterion) {
  return criterion.measure == Measure::ratio && criterion.other.valid() &&
         criterion.test != core::Test::unchanged && is_ceiling(criterion);
}

// Limits of one quantity: healthy in between.
struct Bounds {
  std::optional<Fixed> ceiling;
  std::optional<Fixed> floor;
  void add(const Criterion& criterion, Fixed limit) {
    if (is_ceiling(criterion)) {
      ceiling = std::min(ceiling.value_or(limit), limit);
    } else {
      floor = std::max(floor.value_or(limit), limit);
    }
  }
};

// A value well inside, for one that may be any number.
Fixed level_in(const Bounds& bounds) {
  if (bounds.ceiling && bounds.floor)
    return Fixed{(bounds.ceiling->nanos + bounds.floor->nanos) / 2};
  if (bounds.ceiling) {
    return bounds.ceiling->nanos > 0 ? Fixed{bounds.ceiling->nanos / 2} : *bounds.ceiling - kOne;
  }
  if (bounds.floor) {
    return bounds.floor->nanos > 0 ? Fixed{bounds.floor->nanos * 5 / 4} : *bounds.floor + kOne;
  }
  return kOne;
}

// A share well inside; shares do not exceed one unless a limit asks for it.
Fixed share_in(const Bounds& bounds) {
  if (bounds.ceiling && bounds.floor) return level_in(bounds);
  if (bounds.ceiling) return Fixed{std::max<Int128>(bounds.ceiling->nanos / kDistance, 0)};
  const Fixed wanted = level_in(bounds);
  // A floor such as 99.9 % leaves room only at the very top.
  return *bounds.floor < kOne ? std::min(wanted, kOne) : wanted;
}

class Health {
 public:
  Health(const Machine& machine, std::int64_t peak) : machine_(machine), peak_(peak) {}

  Fixed per_request(MetricIndex metric, int depth = 0) const {
    std::optional<Fixed> least;
    for (const Criterion& criterion : machine_.criteria) {
      if (criterion.measure != Measure::ratio || metric_of(criterion.window) != metric) continue;
      if (!has_limit(criterion)) continue;
      const MetricIndex below = metric_of(criterion.denominator);
      // Two ratios that need each other have no healthy answer; one request each is as good as any.
      if (below == metric || depth > 8) continue;
      const Fixed share =
          times(share_in(ratio_bounds(metric, below)), per_request(below, depth + 1));
      least = std::min(least.value_or(share), share);
    }
    if (least) return *least;
    if (is_denominator(metric)) return kOne;
    if (const auto compared = between_arms(metric)) {
      const Fixed share{kLimitBetweenArms.nanos / kDistance};
      return times(share, per_request(compared->below, depth + 1));
    }
    return rate_share(metric).value_or(kOne);
  }

  std::vector<Ceiling> ceilings(MetricIndex metric) const {
    std::vector<Ceiling> all;
    for (const Criterion& criterion : machine_.criteria) {
      if (criterion.measure != Measure::ratio || metric_of(criterion.window) != metric) continue;
      if (!has_limit(criterion)) continue;
      if (!is_ceiling(criterion)) return {};  // it counts what is good
      all.push_back({criterion.limit, machine_.at(criterion.window).width,
                     per_request(metric_of(criterion.denominator))});
    }
    if (!all.empty()) return all;
    if (const auto compared = between_arms(metric)) {
      all.push_back({kLimitBetweenArms, compared->window, per_request(compared->below)});
    }
    return all;
  }

  // A bracket's folds are of the gauge that was declared.
  bool same_points(MetricIndex a, MetricIndex b) const {
    return machine_.at(a).selector == machine_.at(b).selector &&
           machine_.at(a).matchers == machine_.at(b).matchers;
  }

  Fixed level(MetricIndex metric) const {
    Bounds bounds;
    for (const Criterion& criterion : machine_.criteria) {
      if ((criterion.measure == Measure::gauge || criterion.measure == Measure::bracket) &&
          same_points(metric_of(criterion.window), metric) && has_limit(criterion)) {
        bounds.add(criterion, criterion.limit);
      }
    }
    return divided(level_in(bounds), machine_.at(metric).unit);
  }

  void latencies(MetricIndex metric, WireSeries& series) const {
    const Fixed unit = machine_.at(metric).unit;
    std::optional<Fixed> scale;
    std::vector<Fixed> limits;
    for (const Criterion& criterion : machine_.criteria) {
      if (criterion.measure != Measure::quantile || metric_of(criterion.window) != metric) continue;
      if (!has_limit(criterion)) continue;
      const Fixed limit = divided(criterion.limit, unit);
      if (limit.nanos <= 0) continue;
      limits.push_back(limit);
      if (!is_ceiling(criterion)) continue;
      // A fifth of room between the quantile and its limit.
      const Fixed end = divided(Fixed{limit.nanos * 4 / 5}, place_of(criterion.quantile));
      scale = std::min(scale.value_or(end), end);
    }
    series.scale = scale.value_or(divided(Fixed{Fixed::kScale / 10}, unit));
    series.bounds = std::move(limits);
    for (std::size_t i = 1; i < kShape.size(); ++i) {
      series.bounds.push_back(Fixed{series.scale.nanos * kShape[i].at_permille / 1000});
    }
    for (const std::int64_t permille : kBeyondPermille) {
      series.bounds.push_back(Fixed{series.scale.nanos * permille / 1000});
    }
    std::sort(series.bounds.begin(), series.bounds.end());
    series.bounds.erase(std::unique(series.bounds.begin(), series.bounds.end()),
                        series.bounds.end());
  }

 private:
  MetricIndex metric_of(core::WindowIndex window) const {
    return machine_.at(machine_.at(window).series).metric;
  }

  // A share of failures that is held against the other arm's.
  struct Compared {
    MetricIndex below;
    core::Duration window{};
  };
  template <class Measured>
  std::optional<Compared> share_of(MetricIndex metric, const Measured& measured) const {
    if (measured.measure != Measure::ratio || metric_of(measured.window) != metric) return {};
    const MetricIndex below = metric_of(measured.denominator);
    if (below == metric) return {};
    return Compared{below, machine_.at(measured.window).width};
  }
  // Where the metric is counted for nothing but such a share, also in a judge.
  std::optional<Compared> between_arms(MetricIndex metric) const {
    for (const Criterion& criterion : machine_.criteria) {
      if (is_ceiling_between_arms(criterion)) {
        if (const auto share = share_of(metric, criterion)) return share;
      }
      if (!criterion.judge) continue;
      for (const core::JudgedMetric& judged : criterion.judge->metrics) {
        if (judged.direction != core::Direction::increase) continue;
        if (const auto share = share_of(metric, judged)) return share;
      }
    }
    return {};
  }

  Bounds ratio_bounds(MetricIndex above, MetricIndex below) const {
    Bounds bounds;
    for (const Criterion& criterion : machine_.criteria) {
      if (criterion.measure == Measure::ratio && metric_of(criterion.window) == above &&
          metric_of(criterion.denominator) == below && has_limit(criterion)) {
        bounds.add(criterion, criterion.limit);
      }
    }
    return bounds;
  }

  bool is_denominator(MetricIndex metric) const {
    return std::any_of(
        machine_.criteria.begin(), machine_.criteria.end(), [&](const Criterion& criterion) {
          return criterion.measure == Measure::ratio && metric_of(criterion.denominator) == metric;
        });
  }

  // Of a counter whose rate or number itself has a ceiling: a fifth of it at the peak.
  std::optional<Fixed> rate_share(MetricIndex metric) const {
    std::optional<Fixed> least;
    for (const Criterion& criterion : machine_.criteria) {
      const bool rate = criterion.measure == Measure::rate;
      if ((!rate && criterion.measure != Measure::count) || !is_ceiling(criterion) ||
          metric_of(criterion.window) != metric || !has_limit(criterion)) {
        continue;
      }
      Int128 per_second = criterion.limit.nanos;
      if (!rate) {
        const auto width = machine_.at(criterion.window).width.count();
        per_second = per_second * Fixed::kScale / std::max<std::int64_t>(width, 1);
      }
      const Fixed share{
          std::max<Int128>(per_second / kDistance / std::max<std::int64_t>(peak_, 1), 0)};
      least = std::min(least.value_or(share), share);
    }
    return least;
  }

  const Machine& machine_;
  const std::int64_t peak_;
};

WireSeries make_series(const Machine& machine, const Health& health, MetricIndex index) {
  const core::Metric& metric = machine.at(index);
  WireSeries series;
  series.name = metric.selector;
  series.kind = metric.kind;
  switch (metric.kind) {
    case core::MetricKind::counter:
      series.per_request = health.per_request(index);
      series.ceilings = health.ceilings(index);
      break;
    case core::MetricKind::gauge:
      series.level = health.level(index);
      break;
    case core::MetricKind::histogram:
      series.per_request = kOne;
      health.latencies(index, series);
      break;
  }
  return series;
}

// Every arm of every target; a metric that selects by the label of the targets is of one of them.
std::vector<std::pair<core::TargetIndex, Whose>> owners_of(const Machine& machine,
                                                           MetricIndex index,
                                                           const std::vector<Whose>& arms) {
  std::vector<core::TargetIndex> targets;
  for (std::uint32_t i = 0; i < machine.targets.size(); ++i) {
    const core::Target& target = machine.targets[i];
    const auto& matchers = machine.at(index).matchers;
    const bool of_another =
        std::any_of(matchers.begin(), matchers.end(), [&](const core::LabelMatcher& matcher) {
          return matcher.label == target.label && matcher.kind == core::MatchKind::equal &&
                 matcher.value != target.value;
        });
    if (!of_another) targets.push_back(core::TargetIndex{i});
  }
  if (machine.targets.empty()) targets.emplace_back();
  std::vector<std::pair<core::TargetIndex, Whose>> owners;
  for (const core::TargetIndex target : targets) {
    for (const Whose whose : arms) owners.emplace_back(target, whose);
  }
  return owners;
}

}  // namespace

core::Result<std::vector<WireSeries>> healthy_series(const Machine& machine,
                                                     std::int64_t peak_per_second) {
  const Health health(machine, peak_per_second);
  LabelSearch search(machine);
  // The most specific first: `requests` counts what `requests{code="500"}` counted already.
  std::vector<std::uint32_t> order(machine.metrics.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return machine.metrics[a].matchers.size() > machine.metrics[b].matchers.size();
  });
  std::vector<WireSeries> all;
  for (const std::uint32_t i : order) {
    const MetricIndex index{i};
    WireSeries series = make_series(machine, health, index);
    const bool split = machine.arms && !machine.at(index).unsplit;
    const std::vector<Whose> arms =
        split ? std::vector{Whose::baseline, Whose::canary} : std::vector{Whose::all};
    for (const auto& [target, whose] : owners_of(machine, index, arms)) {
      WireSeries one = series;
      one.whose = whose;
      one.target = target;
      bool covered = false;
      for (const WireSeries& other : all) {
        if (other.target != target) continue;
        if (!search.feeds(other.name, other.labels, index)) continue;
        // Two arms of a metric that is a total here are one request in sum.
        if (other.whose != whose && other.whose == Whose::canary) continue;
        if (other.whose != whose && whose != Whose::all) continue;
        covered = true;
        one.per_request -= other.per_request;
      }
      if (covered && (one.kind != core::MetricKind::counter || one.per_request.nanos <= 0))
        continue;
      TRY(one.labels, search.find(index, whose, target));
      all.push_back(std::move(one));
    }
  }
  return all;
}

core::Duration scrape_interval(const Machine& machine, core::Duration most) {
  core::Duration interval = most;
  for (const Criterion& criterion : machine.criteria) {
    if (criterion.judge) interval = std::min(interval, criterion.judge->step);
    if (criterion.test != core::Test::none) continue;  // it takes points as they come
    // Five points in a window, three before a silence is one.
    const core::Duration needed = criterion.measure == Measure::absent
                                      ? criterion.sustain / 3
                                      : machine.at(criterion.window).width / 5;
    interval = std::min(interval, needed);
  }
  return std::max<core::Duration>(std::chrono::floor<std::chrono::seconds>(interval),
                                  std::chrono::seconds(1));
}

std::int64_t share_within(Fixed value, Fixed scale) {
  const Int128 at = value.nanos * 1000;  // compared with permille × scale
  for (std::size_t i = 1; i < kShape.size(); ++i) {
    const Int128 low = kShape[i - 1].at_permille * scale.nanos;
    const Int128 high = kShape[i].at_permille * scale.nanos;
    if (at > high) continue;
    const Int128 from = kShape[i - 1].share_permille * Int128{1'000'000};
    const Int128 to = kShape[i].share_permille * Int128{1'000'000};
    return static_cast<std::int64_t>(from + (to - from) * (at - low) / (high - low));
  }
  return 1'000'000'000;
}

}  // namespace rollbook::adapters
