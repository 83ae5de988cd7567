#include "tools/calibration/trial.h"

#include "engine/core/limits.h"
#include "engine/core/semantics.h"
#include "engine/core/trials.h"

namespace rollbook::calibration {

using namespace std::chrono_literals;
using namespace rollbook::core;

namespace {

constexpr Time kBegin{std::chrono::seconds(1767571200)};  // 2026-01-05T00:00Z

// Series, and their windows, by number.
enum Row : std::uint32_t {
  kRequests,
  kErrors,
  kLatency,
  kBaseRequests,
  kBaseErrors,
  kBaseLatency,
  kRows
};
WindowIndex window(Row row) { return WindowIndex{row}; }

// Edges 2.2 % apart around 10 ms, as OpenTelemetry's scale 5 has them.
std::vector<Fixed> edges() {
  std::vector<Fixed> bounds;
  for (Int128 edge = 5'000'000; edge < 60'000'000; edge += edge * 22 / 1000) {
    bounds.push_back(Fixed{edge});
  }
  return bounds;
}

Criterion made(CriterionKind kind, Test test, Fixed alpha) {
  Criterion criterion;
  criterion.id = "trial";
  criterion.kind = kind;
  criterion.test = test;
  criterion.alpha = alpha;
  criterion.comparison = kind == CriterionKind::stop ? Comparison::greater : Comparison::less_equal;
  return criterion;
}

Criterion of_errors(Criterion criterion) {
  criterion.measure = Measure::ratio;
  criterion.window = window(kErrors);
  criterion.denominator = window(kRequests);
  return criterion;
}

Criterion against_baseline(Criterion criterion, Fixed factor) {
  criterion.other = window(kBaseErrors);
  criterion.other_denominator = window(kBaseRequests);
  criterion.factor = factor;
  return criterion;
}

Criterion of_p99(Criterion criterion) {
  criterion.measure = Measure::quantile;
  criterion.quantile = Fixed{990'000'000};
  criterion.window = window(kLatency);
  return criterion;
}

}  // namespace

Criterion stop_above(Fixed limit, Fixed alpha) {
  Criterion criterion = of_errors(made(CriterionKind::stop, Test::proportion, alpha));
  criterion.limit = limit;
  return criterion;
}
Criterion expect_below(Fixed limit, Fixed alpha) {
  Criterion criterion = of_errors(made(CriterionKind::expect, Test::proportion, alpha));
  criterion.limit = limit;
  return criterion;
}
Criterion stop_above_baseline(Fixed factor, Fixed alpha) {
  return against_baseline(of_errors(made(CriterionKind::stop, Test::two_rates, alpha)), factor);
}
Criterion expect_within_baseline(Fixed factor, Fixed alpha) {
  return against_baseline(of_errors(made(CriterionKind::expect, Test::two_rates, alpha)), factor);
}
Criterion stop_p99_above(Fixed limit, Fixed alpha) {
  Criterion criterion = of_p99(made(CriterionKind::stop, Test::proportion, alpha));
  criterion.limit = limit;
  return criterion;
}
Criterion expect_p99_below(Fixed limit, Fixed alpha) {
  Criterion criterion = of_p99(made(CriterionKind::expect, Test::proportion, alpha));
  criterion.limit = limit;
  return criterion;
}
Criterion expect_p99_within_baseline(Fixed factor, Fixed alpha) {
  Criterion criterion = of_p99(made(CriterionKind::expect, Test::two_quantiles, alpha));
  criterion.other = window(kBaseLatency);
  criterion.factor = factor;
  return criterion;
}
Criterion stop_p99_above_baseline(Fixed factor, Fixed alpha) {
  Criterion criterion = of_p99(made(CriterionKind::stop, Test::two_quantiles, alpha));
  criterion.other = window(kBaseLatency);
  criterion.factor = factor;
  return criterion;
}
Criterion expect_unchanged(Duration lag, Fixed tolerance, Fixed alpha) {
  Criterion criterion = of_errors(made(CriterionKind::expect, Test::unchanged, alpha));
  criterion.lag = lag;
  criterion.tolerance = tolerance;
  return criterion;
}
Criterion expect_split(Fixed alpha) {
  Criterion criterion = made(CriterionKind::expect, Test::split, alpha);
  criterion.measure = Measure::split;
  criterion.window = window(kRequests);
  criterion.other = window(kBaseRequests);
  return criterion;
}

Trial::Trial(Criterion criterion, Weight weight) : now(kBegin) {
  const bool past = criterion.test == Test::unchanged;
  const Floor floor = past                                      ? Floor::start
                      : criterion.kind == CriterionKind::expect ? Floor::shift
                                                                : Floor::guard;
  constexpr MetricKind kKinds[] = {MetricKind::counter, MetricKind::counter, MetricKind::histogram};
  for (std::uint32_t row = 0; row < kRows; ++row) {
    if (row < 3) {
      Metric metric;
      metric.kind = kKinds[row];
      machine.metrics.push_back(metric);
    }
    machine.series.push_back({MetricIndex{row % 3}, row < 3 ? Arm::canary : Arm::baseline});
    Window each;
    each.series = SeriesIndex{row};
    each.floor = floor;
    each.cumulative = !past;
    each.width = past ? 2 * criterion.lag : Duration(5min);
    each.pane = past ? std::max<Duration>(kPaneMin, criterion.lag / kPanesPerWindow) : kPaneMin;
    machine.windows.push_back(each);
  }
  machine.criteria.push_back(std::move(criterion));
  State root;
  root.armed = {CriterionIndex{0}};
  machine.states.push_back(std::move(root));
  RolloutStarted started;
  started.limits = kLimits;
  started.semantics = kSemantics;
  core::evolve(machine, state, Event{StreamId{1}, Sequence{1}, now, Sequence{}, started});
  state.active = StateIndex{0};
  state.guard_floor = state.first_settled = now;
  for (std::uint32_t metric = 0; metric < 3; ++metric) state.metrics[metric].named = now;
  state.metrics[2].bounds = edges();
  shift(weight);
}

void Trial::shift(Weight weight) {
  state.settled = weight;
  state.shift_floor = now;
  for (std::size_t i = 0; i < machine.windows.size(); ++i) {
    if (machine.windows[i].floor == Floor::shift) state.windows[i] = WindowState{};
  }
  begin_tests(machine, state, Floor::shift);
  if (machine.criteria[0].kind == CriterionKind::stop && state.tests[0].starts.empty()) {
    begin_test(machine, state, CriterionIndex{0});
  }
}

void Trial::put(Observed& observed, std::uint32_t series, std::int64_t value,
                const std::vector<std::int64_t>& buckets) const {
  CellDelta delta;
  delta.series = SeriesIndex{series};
  delta.reach = Floor::shift;
  delta.cell.end = delta.cell.latest = now;
  delta.cell.value = Fixed::from_int(value);
  delta.cell.samples = 1;
  delta.cell.buckets = buckets;
  if (value != 0 || !buckets.empty()) observed.deltas.push_back(std::move(delta));
  observed.seen.push_back({SeriesIndex{series}, now, now});
}

const Reading& Trial::seconds(std::int64_t count, const Second& canary, const Second& baseline) {
  now += std::chrono::seconds(count);
  requests_ += canary.requests;
  Pending pending;
  Observed& observed = pending.observed;
  put(observed, kRequests, canary.requests, {});
  put(observed, kErrors, canary.errors, {});
  put(observed, kBaseRequests, baseline.requests, {});
  put(observed, kBaseErrors, baseline.errors, {});
  if (!canary.buckets.empty()) put(observed, kLatency, 0, canary.buckets);
  if (!baseline.buckets.empty()) put(observed, kBaseLatency, 0, baseline.buckets);
  std::vector<Event> events;
  core::advance(machine, shard, state, pending, Input{now, Look{true}}, events);
  return reading();
}

const Reading& Trial::second(const Second& canary, const Second& baseline) {
  return seconds(1, canary, baseline);
}

}  // namespace rollbook::calibration
