#include "engine/core/trials.h"

#include <algorithm>

#include "engine/core/arm_steps.h"
#include "engine/core/batches.h"
#include "engine/core/common_time.h"
#include "engine/core/dispersion.h"
#include "engine/core/judge.h"
#include "engine/core/kayenta.h"
#include "engine/core/pane_steps.h"

namespace rollbook::core {
namespace {

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
Time begins_at(const RolloutState& state, const Criterion& criterion) {
  if (criterion.always) return state.started;
  return criterion.target.valid() ? state.at(criterion.target).guard_floor : state.guard_floor;
}

// The weight that has not begun is 1 / this, once a test has begun at `border`.
std::int64_t next_start(Time origin, Time border) {
  return (floor_to(border, kPane) - floor_to(origin, kPane)) / kPane + 2;
}

// A test begins at the border of a pane with what had been counted by then.
void add_start(Time origin, Test kind, TestState& test, Time border,
               std::vector<std::int64_t> counts, std::vector<std::int64_t> logs) {
  const std::int64_t next = next_start(origin, border);
  TestStart& last = test.starts.back();
  if (next <= last.to) return;
  // Nothing came in between: the two are one, with both weights. Sums of two arms say so alone, for
  // steps without an event add nothing to them; people are told of what came since the newest.
  if (last.logs == logs && (!logs.empty() || last.counts == counts)) {
    last.to = next;
    last.counts = std::move(counts);
    return;
  }
  test.starts.push_back({last.to, next, std::move(counts), std::move(logs)});
  thin_out(test.starts, kind);
}

void grow_starts(const Subject& subject, TestState& test, Time cut) {
  const Time origin = begins_at(subject.state, subject.criterion);
  if (origin == kDistantFuture) return;
  for (const Time border : borders(subject, whole_of(subject.criterion), test.cut, cut)) {
    add_start(origin, subject.criterion.test, test, border, counts_at(subject, border), {});
  }
}

// The counts and the spread of a test of two sides with one step more.
void take_books(const ArmStep& taken, TestState& test) {
  test.cut = taken.cut;
  if (taken.skipped) return;
  const auto& [events, exposure, other_events, other_exposure] = taken.step;
  const std::int64_t now[] = {events, exposure, other_events, other_exposure};
  test.counts.resize(std::size(now));
  for (std::size_t i = 0; i < std::size(now); ++i) test.counts[i] += now[i];
  take_step(taken.step, test.spread);
}

// As far as the sums are logged, and a guard's starts where they were.
void grow_arms(const Subject& subject, const Observed& observed, TestState& test) {
  const auto& all = observed.tests;
  const auto is_own = [&](const TestSums& each) { return each.criterion == subject.index(); };
  const auto last = std::find_if(all.rbegin(), all.rend(), is_own);
  if (last == all.rend()) return;
  const bool guards = subject.criterion.kind == CriterionKind::stop;
  const Time origin = begins_at(subject.state, subject.criterion);
  for (const ArmStep& each : arm_steps(subject).over) {
    if (each.cut > last->cut) break;
    take_books(each, test);
    const auto here = std::find_if(all.begin(), all.end(), [&](const TestSums& sums) {
      return is_own(sums) && sums.cut == each.cut;
    });
    if (here == all.end()) continue;
    test.logs = here->logs;
    if (guards && origin != kDistantFuture) {
      add_start(origin, subject.criterion.test, test, each.cut, test.counts, test.logs);
    }
  }
}

}  // namespace

Time began_at(const Subject& subject, const TestStart& start) {
  const Time origin = begins_at(subject.state, subject.criterion);
  if (origin == kDistantFuture) return origin;
  return floor_to(origin, kPane) + (start.to - 2) * kPane;
}

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

void add_step(const ArmStep& step, const Criterion& criterion, TestState& test) {
  take_books(step, test);
  if (!step.skipped) add_logs(step.step, criterion, test.logs);
}

std::vector<TestSums> sums_of(const Machine& machine, const RolloutState& state,
                              const Pending& pending) {
  std::vector<TestSums> all;
  for (const CriterionIndex index : armed(machine, state)) {
    const Criterion& criterion = machine.at(index);
    if (!has_arm_steps(criterion) || state.tests[index.value].starts.empty()) continue;
    const std::vector<ArmStep> steps = arm_steps({machine, state, pending, criterion}).over;
    std::vector<std::int64_t> logs = state.tests[index.value].logs;
    const Time origin = begins_at(state, criterion);
    std::int64_t begun = state.tests[index.value].starts.back().to;
    for (const ArmStep& each : steps) {
      if (!each.skipped) add_logs(each.step, criterion, logs);
      const bool begins = criterion.kind == CriterionKind::stop && origin != kDistantFuture &&
                          next_start(origin, each.cut) > begun;
      if (begins) begun = next_start(origin, each.cut);
      if (begins || &each == &steps.back()) all.push_back({index, each.cut, logs});
    }
  }
  return all;
}

void grow(const Machine& machine, RolloutState& state, const Observed& observed) {
  const bool has_tests =
      std::any_of(machine.criteria.begin(), machine.criteria.end(),
                  [](const Criterion& criterion) { return criterion.test != Test::none; });
  if (!has_tests) return;
  take_steps(machine, state);
  const Pending nothing;
  for (const CriterionIndex index : armed(machine, state)) {
    const Criterion& criterion = machine.at(index);
    TestState& test = state.tests[index.value];
    if (test.cut == kDistantFuture) begin_test(machine, state, index);
    if (criterion.test == Test::none || test.starts.empty()) continue;
    if (criterion.test == Test::kayenta) continue;  // its cut is where its window begins
    const Subject subject{machine, state, nothing, criterion};
    if (has_arm_steps(criterion)) {
      grow_arms(subject, observed, test);
      continue;
    }
    const Time cut = cut_of(subject);
    if (cut <= test.cut) continue;
    if (criterion.kind == CriterionKind::stop && criterion.test != Test::split) {
      grow_starts(subject, test, cut);
    }
    if (criterion.test == Test::split) take_batches(subject, cut, test);
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

namespace {

// While a part lags there is no moment up to which all were counted alike: what its windows hold
// already would be counted by the test as new once the part is there again.
bool must_wait(const Subject& subject) {
  if (!reach_of(subject).lags(subject.state.limits)) return false;
  const Criterion& criterion = subject.criterion;
  const auto holds_something = [&](WindowIndex window) {
    if (!window.valid()) return false;
    const WindowState& state = subject.state.windows[window.value];
    return !state.cells.empty() || state.total.samples != 0;
  };
  return holds_something(criterion.window) || holds_something(criterion.denominator) ||
         holds_something(criterion.other) || holds_something(criterion.other_denominator);
}

// What came before the baseline was known to be well again may be of the cause that both arms had.
bool is_before_recovery(const Subject& subject) {
  const auto& [machine, state, pending, criterion] = subject;
  const CriterionIndex index = subject.index();
  const Time cut = cut_of(subject);
  const auto recovered_later = [&](CriterionIndex veto) {
    const Reading& reading = state.readings[veto.value];
    return reading.verdict == Verdict::pass && cut < reading.at;
  };
  return std::any_of(machine.transitions.begin(), machine.transitions.end(),
                     [&](const Transition& transition) {
                       const auto& unless = transition.trigger.unless;
                       return is_own(transition.trigger, index) &&
                              std::any_of(unless.begin(), unless.end(), recovered_later);
                     });
}

}  // namespace

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
  } else if (must_wait(subject) || is_before_recovery(subject)) {
    test.cut = kDistantFuture;
    test.spread = std::move(known);
    test.edge = edge;
    return;
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
