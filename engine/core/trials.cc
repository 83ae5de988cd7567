#include "engine/core/trials.h"

#include <algorithm>

#include "engine/core/common_time.h"
#include "engine/core/dispersion.h"
#include "engine/core/gaps.h"
#include "engine/core/judge.h"
#include "engine/core/kayenta.h"
#include "engine/core/pane_steps.h"

namespace rollbook::core {
namespace {

using stats::Step;

// A start for each would lose weight to no use: a breach is a matter of some seconds at least.
constexpr Duration kPane = std::chrono::seconds(5);
// A start is dropped when its neighbours lie no further apart than a 20th of their age; of two
// quantiles, where each start keeps all buckets of both arms, than a 6th.
constexpr std::int64_t kStartsPerAge = 20;
constexpr std::int64_t kWideStartsPerAge = 6;

Time floor_to(Time time, Duration pane) { return time - time.time_since_epoch() % pane; }

std::int64_t whole(Fixed value) { return static_cast<std::int64_t>(value.nanos / Fixed::kScale); }

// Observations above the limit: for certain, and perhaps.
std::vector<std::int64_t> split_at_limit(const std::vector<Fixed>& bounds, Fixed limit,
                                         const std::vector<std::int64_t>& buckets) {
  const auto cut = static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), limit) -
                                            bounds.begin());
  std::int64_t all = 0, certain = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    all += buckets[i];
    if (i > cut) certain += buckets[i];
  }
  const bool on_edge = cut < bounds.size() && bounds[cut] == limit;
  const std::int64_t inside = on_edge || cut >= buckets.size() ? 0 : buckets[cut];
  return {all, certain, certain + inside};
}

// ---- Steps ----------------------------------------------------------------------------------

// The past and the present of `unchanged` between two borders of its panes.
Step step_between(const Subject& subject, Time from, Time to) {
  const Criterion& criterion = subject.criterion;
  const auto value = [&](WindowIndex window, Duration back) {
    return whole(
        sum_between(subject.machine, subject.state, subject.pending, window, from - back, to - back)
            .value);
  };
  const auto exposure = [&](Duration back) {
    return criterion.denominator.valid() ? value(criterion.denominator, back)
                                         : std::int64_t{(to - from).count()};
  };
  return {value(criterion.window, Duration::zero()), exposure(Duration::zero()),
          value(criterion.window, criterion.lag), exposure(criterion.lag)};
}

// Silence is no change, and neither is what comes at once after it: a step of `unchanged` counts
// when neither its present nor its past holds a gap, and its past is still in the window.
bool is_heard(const Subject& subject, Time from, Time to) {
  const Criterion& criterion = subject.criterion;
  if (to - from > criterion.lag + subject.state.limits.grace) return false;
  if (may_be_silent(subject.machine, criterion)) return true;
  // The first total of a counter is only a base: what came before it was not counted.
  const auto& named =
      subject.state.metrics[subject.machine.at(fed_by(subject.machine, criterion)).metric.value]
          .named;
  if (!criterion.denominator.valid() && named && from - criterion.lag < *named) return false;
  const std::vector<Gap> gaps =
      gaps_of(subject.state, subject.pending, fed_by(subject.machine, criterion));
  return std::none_of(gaps.begin(), gaps.end(), [&](const Gap& gap) {
    const auto touches = [&](Duration back) {
      return gap.from < to - back && gap.to > from - back;
    };
    return touches(Duration::zero()) || touches(criterion.lag);
  });
}

// Counts without requests have time as exposure, which goes on between two points of a series: a
// step waits until both of its sides have one, or the rhythm of the points would look like bursts.
bool has_points(const Subject& subject, Time from, Time to) {
  const Criterion& criterion = subject.criterion;
  if (criterion.denominator.valid() || may_be_silent(subject.machine, criterion)) return true;
  const auto points = [&](Duration back) {
    return sum_between(subject.machine, subject.state, subject.pending, criterion.window,
                       from - back, to - back)
        .samples;
  };
  return points(Duration::zero()) > 0 && points(criterion.lag) > 0;
}

void add_logs(const Step& step, const Criterion& criterion, std::vector<std::int64_t>& logs) {
  Step turned{step.other_events, step.other_exposure, step.events, step.exposure};
  std::size_t at = 0;
  const auto take = [&](const Step& each, double bound, const std::vector<double>& multiples) {
    for (const double multiple : multiples) {
      if (logs.size() == at) logs.push_back(0);
      stats::add_log(stats::pico_nats(stats::log_step(each, bound, multiple)), logs[at++]);
    }
  };
  const std::vector<Alternatives> all = alternatives_of(criterion);
  for (std::size_t side = 0; side < all.size(); ++side) {
    const Step& each = side == 0 ? step : turned;
    take(each, all[side].bound, all[side].proof);
    take(each, all[side].bound, all[side].contrary);
  }
}

// ---- Starts ---------------------------------------------------------------------------------

// Drops starts so that those left lie the wider apart the older they are. A dropped weight only
// lowers the sum, so no guarantee is touched.
void thin_out(std::vector<TestStart>& starts, Test test) {
  const std::int64_t per_age = test == Test::two_quantiles ? kWideStartsPerAge : kStartsPerAge;
  const std::int64_t now = starts.back().to;
  for (std::size_t i = 1; i + 1 < starts.size();) {
    const std::int64_t gap = starts[i + 1].from - starts[i - 1].from;
    if (gap * per_age <= now - starts[i + 1].from) {
      starts.erase(starts.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

// From where a guard's panes are counted: where it began to watch, which one that is armed always
// does before any traffic. kDistantFuture: it has not.
Time origin_of(const RolloutState& state, const Criterion& criterion) {
  if (criterion.always) return state.started;
  return criterion.target.valid() ? state.at(criterion.target).guard_floor : state.guard_floor;
}

// A test begins at the border of a pane with what had been counted by then.
void add_start(Time origin, TestState& test, Time border, std::vector<std::int64_t> counts,
               std::vector<std::int64_t> logs) {
  const std::int64_t pane = (floor_to(border, kPane) - floor_to(origin, kPane)) / kPane;
  TestStart& last = test.starts.back();
  if (pane + 2 <= last.to) return;
  if (last.counts == counts &&
      last.logs == logs) {  // nothing came in between: the two are one, with both weights
    last.to = pane + 2;
    return;
  }
  test.starts.push_back({last.to, pane + 2, std::move(counts), std::move(logs)});
}

void grow_starts(const Subject& subject, TestState& test, Time cut) {
  const Time origin = origin_of(subject.state, subject.criterion);
  if (origin == kDistantFuture) return;
  for (const Time border : borders(subject, whole_of(subject.criterion), test.cut, cut)) {
    add_start(origin, test, border, counts_at(subject, border), {});
  }
  thin_out(test.starts, subject.criterion.test);
}

}  // namespace

Time cut_of(const Subject& subject) { return common_time(subject); }

std::vector<std::int64_t> buckets_at(const Subject& subject, WindowIndex window, Time cut) {
  std::vector<std::int64_t> buckets = subject.sum(window, cut).buckets;
  const auto& bounds = subject.bounds(window);
  if (!bounds.empty()) buckets.resize(bounds.size() + 1);
  return buckets;
}

std::vector<std::int64_t> counts_at(const Subject& subject, Time cut) {
  const Criterion& criterion = subject.criterion;
  const auto value = [&](WindowIndex window) { return whole(subject.sum(window, cut).value); };
  switch (criterion.test) {
    case Test::proportion:
      if (criterion.measure == Measure::quantile) {
        return split_at_limit(subject.bounds(criterion.window), criterion.limit,
                              buckets_at(subject, criterion.window, cut));
      } else {
        const std::int64_t events = value(criterion.window);
        return {value(criterion.denominator), events, events};
      }
    case Test::two_rates:
      return {value(criterion.window), value(criterion.denominator), value(criterion.other),
              value(criterion.other_denominator)};
    case Test::two_quantiles: {
      std::vector<std::int64_t> both = buckets_at(subject, criterion.window, cut);
      const auto other = buckets_at(subject, criterion.other, cut);
      both.insert(both.end(), other.begin(), other.end());
      return both;
    }
    case Test::split:
      return {value(criterion.window), value(criterion.other)};
    case Test::unchanged:
    case Test::kayenta:
    case Test::none:
      break;
  }
  return {};
}

std::vector<Alternatives> alternatives_of(const Criterion& criterion) {
  const auto far = [] {
    const auto multiples = stats::far_above();
    return std::vector<double>(multiples.begin(), multiples.end());
  };
  const double one = 1e9;
  if (criterion.test == Test::unchanged) {
    const double p = static_cast<double>(criterion.tolerance.nanos) / one;
    return {{stats::below(criterion.tolerance), stats::above(criterion.tolerance), 1 + p},
            {stats::below(criterion.tolerance), stats::above(criterion.tolerance), 1 / (1 - p)}};
  }
  const double factor = static_cast<double>(criterion.factor.nanos) / one;
  const Fixed margin{std::max<Int128>(criterion.factor.nanos - Fixed::kScale, 0)};
  Alternatives sums{far(), {}, factor};
  if (!says_greater(criterion.comparison)) sums.proof = stats::below(margin);
  if (criterion.kind == CriterionKind::expect) {
    sums.contrary = says_greater(criterion.comparison) ? stats::below(margin) : far();
  }
  return {sums};
}

std::optional<Advanced> step_of(const Subject& subject) {
  const TestState& test = subject.state.tests[subject.index().value];
  if (test.starts.empty()) return std::nullopt;
  Advanced advanced;
  advanced.cut = cut_of(subject);
  if (subject.criterion.test == Test::unchanged) {
    const Duration pane = subject.machine.at(subject.criterion.window).pane;
    advanced.cut = floor_to(advanced.cut, pane);
    if (advanced.cut <= test.cut) return std::nullopt;
    advanced.skipped = !is_heard(subject, test.cut, advanced.cut);
    if (advanced.skipped) {
      advanced.logs = test.logs;
      return advanced;
    }
    if (!has_points(subject, test.cut, advanced.cut)) return std::nullopt;
    advanced.step = step_between(subject, test.cut, advanced.cut);
  } else {
    if (advanced.cut <= test.cut) return std::nullopt;
    const std::vector<std::int64_t> now = counts_at(subject, advanced.cut);
    std::vector<std::int64_t> before = test.starts.front().counts;
    before.resize(now.size());
    for (std::size_t i = 0; i < before.size() && i < test.counts.size(); ++i) {
      before[i] += test.counts[i];
    }
    advanced.step = {now[0] - before[0], now[1] - before[1], now[2] - before[2],
                     now[3] - before[3]};
  }
  // Events without exposure wait for it: they belong to one step.
  if (advanced.step.exposure <= 0 || advanced.step.other_exposure <= 0) return std::nullopt;
  advanced.logs = test.logs;
  add_logs(advanced.step, subject.criterion, advanced.logs);
  return advanced;
}

void add_step(const stats::Step& step, TestState& test) {
  const std::int64_t now[] = {step.events, step.exposure, step.other_events, step.other_exposure};
  test.counts.resize(std::size(now));
  for (std::size_t i = 0; i < std::size(now); ++i) test.counts[i] += now[i];
  take_step(step, test.spread);
}

std::vector<TestSums> sums_of(const Machine& machine, const RolloutState& state,
                              const Pending& pending) {
  std::vector<TestSums> all;
  for (const CriterionIndex index : armed(machine, state)) {
    const Criterion& criterion = machine.at(index);
    if (criterion.test != Test::two_rates && criterion.test != Test::unchanged) continue;
    auto advanced = step_of(Subject{machine, state, pending, criterion});
    if (advanced) all.push_back({index, std::move(advanced->logs)});
  }
  return all;
}

void grow(const Machine& machine, RolloutState& state, const Observed& observed) {
  const bool any = std::any_of(state.tests.begin(), state.tests.end(),
                               [](const TestState& test) { return !test.starts.empty(); });
  if (!any) return;
  take_steps(machine, state);
  const Pending nothing;
  for (const CriterionIndex index : armed(machine, state)) {
    const Criterion& criterion = machine.at(index);
    TestState& test = state.tests[index.value];
    if (criterion.test == Test::none || test.starts.empty()) continue;
    if (criterion.test == Test::kayenta) continue;  // its cut is where its window begins
    const Subject subject{machine, state, nothing, criterion};
    const bool guards = criterion.kind == CriterionKind::stop;
    if (criterion.test == Test::two_rates || criterion.test == Test::unchanged) {
      const auto sums = std::find_if(observed.tests.begin(), observed.tests.end(),
                                     [&](const TestSums& each) { return each.criterion == index; });
      if (sums == observed.tests.end()) continue;
      const auto advanced = step_of(subject);
      if (!advanced) continue;
      if (!advanced->skipped) add_step(advanced->step, test);
      test.logs = sums->logs;
      test.cut = advanced->cut;
      const Time origin = origin_of(state, criterion);
      if (guards && origin != kDistantFuture) {
        add_start(origin, test, test.cut, {}, test.logs);
        thin_out(test.starts, criterion.test);
      }
      continue;
    }
    const Time cut = cut_of(subject);
    if (cut <= test.cut) continue;
    if (guards && criterion.test != Test::split) grow_starts(subject, test, cut);
    test.cut = cut;
  }
}

std::vector<std::int64_t> on_layout(const BucketMap& map, const std::vector<std::int64_t>& both) {
  if (both.size() != 2 * map.size()) return both;
  const std::size_t buckets = map.back() + std::size_t{1};
  std::vector<std::int64_t> brought(2 * buckets);
  for (std::size_t i = 0; i < map.size(); ++i) {
    brought[map[i]] += both[i];
    brought[buckets + map[i]] += both[map.size() + i];
  }
  return brought;
}

void lay_out_tests(const Machine& machine, RolloutState& state, MetricIndex metric,
                   const BucketMap& map) {
  for (std::size_t i = 0; i < machine.criteria.size(); ++i) {
    const Criterion& criterion = machine.criteria[i];
    if (!has_steps(criterion)) continue;
    if (machine.at(machine.at(criterion.window).series).metric != metric) continue;
    TestState& test = state.tests[i];
    if (test.starts.empty()) continue;
    if (criterion.test == Test::two_quantiles) {
      for (TestStart& start : test.starts) start.counts = on_layout(map, start.counts);
    }
    rebase_steps(Subject{machine, state, Pending{}, criterion}, test.stepped, test);
  }
}

void begin_test(const Machine& machine, RolloutState& state, CriterionIndex index) {
  const Criterion& criterion = machine.at(index);
  if (criterion.test == Test::none) return;
  TestState& test = state.tests[index.value];
  Spread known = std::move(test.spread);
  const std::optional<Fixed> edge = test.edge;
  test = TestState{};
  const Pending nothing;
  const Subject subject{machine, state, nothing, criterion};
  TestStart start;
  if (criterion.kind == CriterionKind::stop) start.to = 2;
  if (criterion.test == Test::unchanged) {
    const Duration pane = machine.at(criterion.window).pane;
    // Not before its past is there: what was not watched is not compared with.
    const Time watched = std::max(state.started, state.whole_from) + criterion.lag;
    const Time shifted = state.shift_floor == kDistantFuture ? watched : state.shift_floor;
    test.cut = floor_to(std::max({cut_of(subject), shifted, watched}) + (pane - Duration(1)), pane);
  } else if (criterion.test == Test::kayenta) {
    test.cut = judge_begins(subject);
  } else {
    test.cut = cut_of(subject);
    start.counts = counts_at(subject, test.cut);
  }
  if (has_steps(criterion)) {
    test.spread = std::move(known);
    test.edge = edge;
    rebase_steps(subject, test.cut, test);
  }
  test.starts = {std::move(start)};
}

void begin_tests(const Machine& machine, RolloutState& state, Floor floor) {
  for (std::uint32_t i = 0; i < machine.criteria.size(); ++i) {
    const Criterion& criterion = machine.criteria[i];
    if (criterion.test == Test::none || !criterion.window.valid()) continue;
    // The past of `unchanged` reaches back before the shift; its present begins with it, or with
    // the rollout while none has come.
    const bool at_shift = criterion.test == Test::unchanged && floor == Floor::shift;
    if (at_shift || machine.at(criterion.window).floor == floor) {
      begin_test(machine, state, CriterionIndex{i});
    }
  }
}

void begin_tests_of(const Machine& machine, RolloutState& state, TargetIndex target) {
  for (std::uint32_t i = 0; i < machine.criteria.size(); ++i) {
    const Criterion& criterion = machine.criteria[i];
    if (criterion.test == Test::none || !criterion.window.valid()) continue;
    if (criterion.target != target || criterion.test == Test::unchanged) continue;
    if (machine.at(criterion.window).floor != Floor::guard) continue;
    begin_test(machine, state, CriterionIndex{i});
  }
}

}  // namespace rollbook::core
