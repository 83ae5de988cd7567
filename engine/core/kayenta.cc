#include "engine/core/kayenta.h"

#include <algorithm>
#include <map>

#include "engine/core/buckets.h"
#include "engine/core/common_time.h"
#include "engine/core/judge.h"
#include "engine/core/ranks.h"

namespace rollbook::core {
namespace {

// ---- Classification ---------------------------------------------------------------------------

bool looks_for(const JudgedMetric& metric, Direction direction) {
  return metric.direction == Direction::either || metric.direction == direction;
}

// An effect that cannot be calculated (a mean of 0) bars nothing.
bool at_least(const std::optional<Fixed>& effect, Fixed bound) {
  return !effect || *effect >= bound;
}
bool at_most(const std::optional<Fixed>& effect, Fixed bound) {
  return !effect || *effect <= bound;
}

void compare(const JudgedMetric& metric, JudgedSample& judged) {
  const ranks::Shift shift = ranks::shift_of(judged.canary, judged.baseline);
  const auto pairs =
      static_cast<Int128>(judged.canary.size()) * static_cast<Int128>(judged.baseline.size());
  judged.u = Fixed{Int128{shift.twice_u} * Fixed::kScale / 2};
  judged.estimate = shift.estimate;
  judged.low = shift.low;
  judged.high = shift.high;
  judged.effect = metric.effect == EffectSize::cles
                      ? Fixed{Int128{shift.twice_u} * Fixed::kScale / (2 * pairs)}
                      : ranks::mean_ratio(judged.canary, judged.baseline);
  if (!judged.low) {  // too few for an interval of 98 %
    judged.classification = Classification::no_data;
    return;
  }
  // The tolerance: a quarter of the estimated shift itself.
  const Int128 tolerance = std::max(shift.estimate.nanos, -shift.estimate.nanos);
  if (looks_for(metric, Direction::increase) && 4 * judged.low->nanos > tolerance &&
      at_least(judged.effect, metric.allowed.increase)) {
    judged.classification = Classification::high;
    judged.critical = metric.critical && at_least(judged.effect, metric.intolerable.increase);
  } else if (looks_for(metric, Direction::decrease) && 4 * judged.high->nanos < -tolerance &&
             at_most(judged.effect, metric.allowed.decrease)) {
    judged.classification = Classification::low;
    judged.critical = metric.critical && at_most(judged.effect, metric.intolerable.decrease);
  }
}

bool differ(const std::vector<Fixed>& canary, const std::vector<Fixed>& baseline) {
  std::vector<Fixed> a = canary, b = baseline;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  const bool one_value = a.front() == a.back() && b.front() == b.back() && a.front() == b.front();
  return a != b && !one_value;
}

}  // namespace

JudgedSample classify(const JudgedMetric& metric, std::vector<Fixed> canary,
                      std::vector<Fixed> baseline) {
  const bool thinned = metric.outlier_factor.nanos > 0;
  JudgedSample judged;
  judged.canary =
      thinned ? ranks::without_outliers(canary, metric.outlier_factor) : std::move(canary);
  judged.baseline =
      thinned ? ranks::without_outliers(baseline, metric.outlier_factor) : std::move(baseline);
  const bool empty = judged.canary.empty() || judged.baseline.empty();
  if (empty) {
    judged.classification = Classification::no_data;
  } else if (differ(judged.canary, judged.baseline)) {
    compare(metric, judged);
  }
  if (judged.classification == Classification::no_data) {
    // A critical one fails everything, a required one counts as failed, another is left out.
    judged.critical = metric.critical;
    if (metric.required && !metric.critical) {
      judged.classification = Classification::no_data_failed;
    }
  }
  return judged;
}

// ---- Score ------------------------------------------------------------------------------------

namespace {

struct Tally {
  std::int64_t passed = 0, counted = 0;
  // A group without data takes nothing away.
  Int128 share_of(Int128 weight) const { return counted == 0 ? weight : weight * passed / counted; }
};

Fixed weighted(const Judge& judge, const std::map<std::string, Tally>& groups) {
  Int128 given = 0;
  std::int64_t without = 0;
  std::map<std::string, Int128> weights;
  for (const GroupWeight& each : judge.weights) {
    given += each.weight.nanos;
    weights[each.group] = each.weight.nanos;
  }
  for (const auto& [name, tally] : groups) without += weights.contains(name) ? 0 : 1;
  // In units of 1 / (10⁹ · without), so that thirds add up.
  const Int128 parts = std::max<std::int64_t>(without, 1);
  Int128 sum = 0;
  for (const auto& [name, tally] : groups) {
    const auto known = weights.find(name);
    sum += tally.share_of(known == weights.end() ? Fixed::kScale - given : known->second * parts);
  }
  constexpr Int128 kStep = 100'000;  // a hundredth of a percent
  return Fixed{(sum + parts * kStep / 2) / (parts * kStep) * kStep};
}

}  // namespace

Score score_of(const Judge& judge, const std::vector<JudgedSample>& judged) {
  Score score;
  std::map<std::string, Tally> groups;
  std::int64_t all = 0, silent = 0;
  for (std::size_t i = 0; i < judged.size(); ++i) {
    const JudgedMetric& metric = judge.metrics[i];
    if (metric.muted) continue;
    ++all;
    const Classification found = judged[i].classification;
    score.critical = score.critical || judged[i].critical;
    silent += found == Classification::no_data ? 1 : 0;
    Tally& tally = groups[metric.group];
    tally.passed += found == Classification::pass ? 1 : 0;
    tally.counted += found == Classification::no_data ? 0 : 1;
  }
  score.no_data = !score.critical && 2 * silent >= all;
  if (!score.critical && !score.no_data) score.value = weighted(judge, groups);
  return score;
}

// ---- Samples ----------------------------------------------------------------------------------

namespace {

using Steps = std::vector<std::optional<Cell>>;

// What came in each step of the window that begins at `begin`, folded as its metric says.
Steps steps_of(const Subject& subject, WindowIndex index, Time begin) {
  const Judge& judge = *subject.criterion.judge;
  const Window& window = subject.machine.at(index);
  const MetricIndex metric = subject.machine.at(window.series).metric;
  Steps steps(static_cast<std::size_t>(judge.over / judge.step));
  const auto take = [&](Cell cell) {
    if (cell.end <= begin) return;
    const auto step = static_cast<std::size_t>((cell.end - begin - Duration(1)) / judge.step);
    if (step >= steps.size()) return;
    if (steps[step]) {
      merge(subject.machine.at(metric), *steps[step], cell);
    } else {
      steps[step] = std::move(cell);
    }
  };
  // What is pending may bring another layout, which the state has not taken yet.
  const std::vector<Fixed>& before = subject.state.metrics[metric.value].bounds;
  const std::vector<Fixed>& now = bounds_of(subject.state, subject.pending, metric);
  const bool relaid = !before.empty() && before != now;
  const BucketMap map = relaid ? bucket_map(before, now) : BucketMap{};
  for (const Cell& kept : subject.state.windows[index.value].cells) {
    Cell cell = kept;
    if (relaid) remap(map, cell);
    take(std::move(cell));
  }
  for (const CellDelta& delta : subject.pending.observed.deltas) {
    if (delta.series == window.series && delta.reach >= window.floor) take(delta.cell);
  }
  return steps;
}

std::optional<Fixed> quantile_in(const Subject& subject, const JudgedMetric& metric,
                                 WindowIndex window, const Cell& cell) {
  const std::vector<Fixed>& bounds = subject.bounds(window);
  std::vector<std::int64_t> buckets(bounds.size() + 1);
  std::int64_t all = 0;
  for (std::size_t i = 0; i < cell.buckets.size() && cell.first + i < buckets.size(); ++i) {
    buckets[cell.first + i] = cell.buckets[i];
    all += cell.buckets[i];
  }
  if (bounds.empty() || all <= 0) return std::nullopt;
  return quantile_of(bounds, buckets, metric.quantile);
}

// The value of a step, where something came in it; without a denominator.
std::optional<Fixed> value_in(const Subject& subject, const JudgedMetric& judged,
                              WindowIndex window, const Cell& cell) {
  const Metric& metric = subject.metric_of(window);
  const Fixed counted =
      metric.kind == MetricKind::histogram ? Fixed::from_int(cell.samples) : cell.value;
  switch (judged.measure) {
    case Measure::quantile:
      return quantile_in(subject, judged, window, cell);
    case Measure::rate:
      return Fixed{counted.nanos * Fixed::kScale / subject.criterion.judge->step.count()};
    case Measure::count:
      return counted;
    case Measure::gauge:
      if (metric.fold != GaugeFold::mean) return cell.value;
      return Fixed{cell.value.nanos / std::max<std::int64_t>(cell.samples, 1)};
    case Measure::ratio:
    case Measure::absent:
    case Measure::split:
    case Measure::bracket:
    case Measure::score:
      break;
  }
  return std::nullopt;
}

// One arm's share: of a ratio each step that has a denominator, else each in which something came;
// a metric that says `default 0` has that in the others.
std::vector<Fixed> samples_of(const Subject& subject, const JudgedMetric& metric,
                              WindowIndex window, WindowIndex denominator, Time begin) {
  std::vector<Fixed> samples;
  if (!subject.counted(window)) return samples;
  const Steps steps = steps_of(subject, window, begin);
  if (metric.measure == Measure::ratio) {
    const Steps whole = steps_of(subject, denominator, begin);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!whole[i] || whole[i]->value.nanos <= 0) continue;
      const Int128 part = steps[i] ? steps[i]->value.nanos : 0;
      samples.push_back(Fixed{part * Fixed::kScale / whole[i]->value.nanos});
    }
    return samples;
  }
  const bool zero = subject.metric_of(window).default_zero;
  for (const std::optional<Cell>& step : steps) {
    const auto value = step ? value_in(subject, metric, window, *step) : std::nullopt;
    if (value || zero) samples.push_back(value.value_or(Fixed{}));
  }
  return samples;
}

// Of most steps no more is known than that the quantile lies at or beyond the last edge.
bool is_mostly_beyond(const std::vector<Fixed>& samples, Fixed last_edge) {
  return 2 * std::count(samples.begin(), samples.end(), last_edge) > std::ssize(samples);
}

JudgedSample classify(const Subject& subject, const JudgedMetric& metric, Time begin) {
  auto canary = samples_of(subject, metric, metric.window, metric.denominator, begin);
  auto baseline = samples_of(subject, metric, metric.other, metric.other_denominator, begin);
  const std::vector<Fixed>& bounds = subject.bounds(metric.window);
  // Without bounds no point has come: what is there is of `default 0`.
  if (metric.measure == Measure::quantile && !bounds.empty()) {
    const Fixed edge = bounds.back();
    // Two that both lie beyond are not alike for that: nothing tells how they compare.
    if (is_mostly_beyond(canary, edge) && is_mostly_beyond(baseline, edge)) {
      return core::classify(metric, {}, {});
    }
  }
  return core::classify(metric, std::move(canary), std::move(baseline));
}

// How far all that is judged has come. The slowest is waited for as the parts of a ratio are, but
// what lags takes nothing from the others: it is a metric without data. kDistantPast: nothing was
// ever heard.
Time reached(const Subject& subject) {
  const Limits& limits = subject.state.limits;
  Reach reach;
  const auto take = [&](WindowIndex window, bool may_be_silent) {
    if (!window.valid()) return;
    const bool waits = !may_be_silent && !subject.metric_of(window).default_zero;
    reach.take(whole_of(subject.state, subject.pending, subject.series_of(window)),
               waits ? &Reach::waited : &Reach::silent);
  };
  for (const JudgedMetric& metric : subject.criterion.judge->metrics) {
    take(metric.window, metric.denominator.valid());
    take(metric.denominator, false);
    take(metric.other, metric.other_denominator.valid());
    take(metric.other_denominator, false);
  }
  if (reach.most == kDistantPast) return reach.most;
  return std::max(reach.cut(limits), reach.most - limits.stale_after);
}

// A verdict that the test has come to already.
bool has_looked(const Subject& subject, const TestState& test) {
  const Reading& before = subject.state.readings[subject.index().value];
  return before.evidence && before.at >= test.cut + subject.criterion.judge->over;
}

Found found_in(const Criterion& criterion, const Reading& reading) {
  Found found;
  found.at = reading.at;
  found.value = reading.value;
  found.limit = reading.limit;
  found.samples = reading.samples;
  found.evidence = reading.evidence;
  found.true_ = *reading.value >= criterion.limit;
  found.false_ = *reading.value < criterion.judge->marginal;
  return found;
}

}  // namespace

// ---- The look ---------------------------------------------------------------------------------

Time judge_begins(const Subject& subject) {
  const Time floor = floor_of(subject.state, subject.machine.at(subject.criterion.window).floor);
  Time begins = std::max(subject.state.started, reached(subject));
  if (floor != kDistantFuture) begins = std::max(begins, floor);
  return ceil_to(begins, subject.criterion.judge->step);
}

Found prove_kayenta(const Subject& subject) {
  const Criterion& criterion = subject.criterion;
  const Judge& judge = *criterion.judge;
  const TestState& test = subject.state.tests[subject.index().value];
  if (has_looked(subject, test)) {
    return found_in(criterion, subject.state.readings[subject.index().value]);
  }
  Found found;
  found.at = reached(subject);
  found.limit = criterion.limit;
  if (found.at == kDistantPast) return missing(Missing::no_series, found.at);
  // What could not be read is no part of a window that is judged: it begins behind that.
  const Time begin = std::max(test.cut, ceil_to(subject.state.whole_from, judge.step));
  if (found.at < begin + judge.over) return found;

  Evidence evidence;
  evidence.test = criterion.test;
  for (const JudgedMetric& metric : judge.metrics) {
    evidence.judged.push_back(classify(subject, metric, begin));
    found.samples += static_cast<std::int64_t>(evidence.judged.back().canary.size() +
                                               evidence.judged.back().baseline.size());
  }
  found.at = begin + judge.over;
  found.value = score_of(judge, evidence.judged).value;
  found.true_ = *found.value >= criterion.limit;
  found.false_ = *found.value < judge.marginal;
  found.evidence = std::move(evidence);
  return found;
}

Reading judged_reading(const Found& found, Reading reading) {
  if (found.missing != Missing::none) {
    reading.verdict = Verdict::no_data;
    return reading;
  }
  if (!found.evidence) return reading;  // undecided, and so is what it rests on
  reading.raw = found.true_ ? Raw::true_ : Raw::false_;
  reading.verdict = found.true_ ? Verdict::pass : found.false_ ? Verdict::fail : Verdict::undecided;
  return reading;
}

std::string failings_of(const Judge& judge, const std::vector<JudgedSample>& judged) {
  static constexpr const char* kWords[] = {"", "high", "low", "without data", "without data"};
  std::string text;
  for (std::size_t i = 0; i < judged.size() && i < judge.metrics.size(); ++i) {
    if (judged[i].classification == Classification::pass) continue;
    text += (text.empty() ? "" : ", ") + judge.metrics[i].text + " " +
            kWords[static_cast<std::size_t>(judged[i].classification)];
    if (judged[i].critical && !judge.metrics[i].muted) text += " (critical)";
  }
  return text;
}

}  // namespace rollbook::core
