#include "tests/engine/judging.h"

#include <algorithm>

namespace rollbook::core::tests {
namespace {

const std::vector<Fixed> kBounds{decimal("0.005"), decimal("0.01"), decimal("0.025"),
                                 decimal("0.05")};

Criterion stop(Measure measure, SeriesIndex series, Comparison comparison,
               const std::string& limit) {
  Criterion criterion;
  criterion.id = "guard.stop[1]";
  criterion.measure = measure;
  criterion.window = WindowIndex{series.value};
  criterion.comparison = comparison;
  criterion.limit = decimal(limit);
  return criterion;
}

Time pane_of(Time time) {
  const auto rest = time.time_since_epoch() % kPaneMin;
  return rest == Duration::zero() ? time : time + (kPaneMin - rest);
}

}  // namespace

Fixed decimal(const std::string& text) {
  const std::size_t point = text.find('.');
  std::string digits = text;
  std::size_t places = 0;
  if (point != std::string::npos) {
    places = text.size() - point - 1;
    digits.erase(point, 1);
  }
  digits.append(9 - places, '0');
  return Fixed{std::stoll(digits)};
}

Criterion ratio(Comparison comparison, const std::string& limit) {
  Criterion criterion = stop(Measure::ratio, kErrors, comparison, limit);
  criterion.denominator = WindowIndex{kRequests.value};
  return criterion;
}
Criterion quantile(const std::string& of, Comparison comparison, const std::string& limit) {
  Criterion criterion = stop(Measure::quantile, kLatency, comparison, limit);
  criterion.quantile = decimal(of);
  return criterion;
}
Criterion rate(Comparison comparison, const std::string& limit) {
  return stop(Measure::rate, kRequests, comparison, limit);
}
Criterion count(Comparison comparison, const std::string& limit) {
  return stop(Measure::count, kRequests, comparison, limit);
}
Criterion gauge(Comparison comparison, const std::string& limit) {
  return stop(Measure::gauge, kDepth, comparison, limit);
}
Criterion absent(Duration silence) {
  Criterion criterion = stop(Measure::absent, kRequests, Comparison::greater, "0");
  criterion.window = WindowIndex{};
  criterion.series = kRequests;
  criterion.sustain = silence;
  return criterion;
}
Criterion expecting(Criterion criterion) {
  criterion.kind = CriterionKind::expect;
  return criterion;
}
Criterion lasting(Criterion criterion, Duration sustain) {
  criterion.sustain = sustain;
  return criterion;
}

Judging::Judging(Criterion criterion, Duration width, Floor floor) {
  const MetricKind kinds[] = {MetricKind::counter, MetricKind::counter, MetricKind::histogram,
                              MetricKind::gauge};
  for (std::uint32_t i = 0; i < 4; ++i) {
    Metric metric;
    metric.kind = kinds[i];
    machine.metrics.push_back(metric);
    machine.series.push_back(Series{MetricIndex{i}, Arm::canary});
    machine.windows.push_back(Window{SeriesIndex{i}, width,
                                     std::max<Duration>(kPaneMin, width / kPanesPerWindow), floor});
    machine.windows.back().by_time =
        criterion.measure == Measure::rate || criterion.measure == Measure::count;
  }
  machine.criteria.push_back(std::move(criterion));
  machine.states.push_back(State{});
  machine.states[0].armed = {CriterionIndex{0}};
  RolloutStarted started;
  started.limits = kLimits;
  core::evolve(machine, state, Event{StreamId{1}, Sequence{1}, kBegin, Sequence{}, started});
  state.active = StateIndex{0};
  state.guard_floor = state.shift_floor = state.first_settled = kBegin;
}

void Judging::put(const CellDelta& delta) {
  pending.observed.deltas.push_back(delta);
  const MetricIndex metric = machine.at(delta.series).metric;
  const bool named = std::any_of(pending.observed.names.begin(), pending.observed.names.end(),
                                 [&](const NameSeen& seen) { return seen.metric == metric; });
  if (!named) pending.observed.names.push_back(NameSeen{metric, delta.cell.latest});
  pending.observed.seen.push_back(SeriesSeen{delta.series, delta.cell.latest, delta.cell.latest});
  latest_ = std::max(latest_, delta.cell.latest);
}

void Judging::see(SeriesIndex series, Duration at, std::int64_t value, Floor reach) {
  CellDelta delta;
  delta.series = series;
  delta.reach = reach;
  delta.cell.latest = kBegin + at;
  delta.cell.end = pane_of(kBegin + at);
  delta.cell.value = Fixed::from_int(value);
  delta.cell.samples = 1;
  put(delta);
}

void Judging::see_latency(Duration at, std::vector<std::int64_t> buckets) {
  if (state.metrics[kLatency.value].bounds.empty() && pending.observed.layouts.empty()) {
    pending.observed.layouts.push_back(Layout{MetricIndex{kLatency.value}, kBounds});
  }
  CellDelta delta;
  delta.series = kLatency;
  delta.reach = Floor::shift;
  delta.cell.latest = kBegin + at;
  delta.cell.end = pane_of(kBegin + at);
  for (const std::int64_t bucket : buckets) delta.cell.samples += bucket;
  delta.cell.buckets = std::move(buckets);
  put(delta);
}

Reading Judging::read(Duration at) const {
  return evaluate(machine, state, pending, CriterionIndex{0}, kBegin + at);
}
Reading Judging::read() const { return read(latest_ - kBegin); }

void Judging::evolve() {
  Observed observed = std::move(pending.observed);
  pending.observed = Observed{};
  core::evolve(machine, state,
               Event{StreamId{1}, Sequence{state.last.value + 1}, latest_, {}, observed});
}

Reading Judging::remember(Duration at) {
  const Reading reading = read(at);
  core::evolve(machine, state,
               Event{StreamId{1},
                     Sequence{state.last.value + 1},
                     kBegin + at,
                     {},
                     VerdictChanged{CriterionIndex{0}, reading}});
  return reading;
}

void Judging::traffic(Duration from, Duration to, std::int64_t errors) {
  for (Duration at = from + 1s; at <= to; at += 1s) {
    see(kRequests, at, 1000);
    see(kErrors, at, errors);
  }
}

}  // namespace rollbook::core::tests
