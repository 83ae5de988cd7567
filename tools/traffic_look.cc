#include "tools/traffic_look.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/text.h"
#include "engine/core/limits.h"
#include "engine/core/prove.h"
#include "engine/core/trials.h"

namespace rollbook::tools {
namespace {

using core::Arm;
using core::Machine;

constexpr std::string_view kTest = "traffic --verify";  // the blank keeps it apart from a runbook's
constexpr core::Fixed kAlpha{1'000'000};                // as `traffic split as planned` has it
constexpr core::Duration kReach = std::chrono::minutes(5);  // a point later than this is late

// ---- What counts requests -------------------------------------------------------------------

// A series that the runbook's windows keep; `absent` alone keeps no counts.
std::optional<core::SeriesIndex> kept(const Machine& machine, core::MetricIndex metric, Arm arm) {
  for (const core::Window& window : machine.windows) {
    if (machine.at(window.series) == core::Series{metric, arm}) return window.series;
  }
  return std::nullopt;
}

bool counts_both(const Machine& machine, core::MetricIndex metric) {
  return machine.at(metric).kind == core::MetricKind::counter &&
         kept(machine, metric, Arm::canary) && kept(machine, metric, Arm::baseline);
}

core::MetricIndex metric_of(const Machine& machine, core::WindowIndex window) {
  return machine.at(machine.at(window).series).metric;
}

// What the runbook itself takes for requests: of its own test of the split, else what a ratio is
// divided by. A counter that is no ratio's part comes last; what counts errors never does.
std::optional<core::MetricIndex> counter_of(const Machine& machine) {
  for (const core::Criterion& criterion : machine.criteria) {
    if (criterion.measure == core::Measure::split) return metric_of(machine, criterion.window);
  }
  std::vector<core::MetricIndex> parts;
  for (const core::Criterion& criterion : machine.criteria) {
    if (!criterion.new_by.empty()) parts.push_back(metric_of(machine, criterion.window));
    if (criterion.measure != core::Measure::ratio) continue;
    const core::MetricIndex whole = metric_of(machine, criterion.denominator);
    if (counts_both(machine, whole)) return whole;
    parts.push_back(metric_of(machine, criterion.window));
  }
  for (std::uint32_t i = 0; i < machine.metrics.size(); ++i) {
    const core::MetricIndex metric{i};
    const bool part = std::find(parts.begin(), parts.end(), metric) != parts.end();
    if (!part && counts_both(machine, metric)) return metric;
  }
  return std::nullopt;
}

core::WindowIndex add_window(Machine& machine, core::SeriesIndex series) {
  core::Window window;
  window.series = series;
  window.width = kReach;
  window.pane = core::kPaneMin;
  window.floor = core::Floor::shift;
  window.cumulative = true;
  machine.windows.push_back(window);
  return core::WindowIndex{static_cast<std::uint32_t>(machine.windows.size() - 1)};
}

const core::Criterion* test_of(const Machine& machine) {
  if (machine.criteria.empty() || machine.criteria.back().id != kTest) return nullptr;
  return &machine.criteria.back();
}

// ---- What happened --------------------------------------------------------------------------

// The last shift that was asked for, unless it is the settled one.
std::optional<ShiftLook> shift_of(const Rollout& rollout) {
  const core::RolloutState& state = rollout.state();
  const adapters::EventContext context = rollout.context();
  std::optional<ShiftLook> last;
  for (const auto& [sequence, effect] : state.effects) {
    if (effect.kind != core::EffectKind::traffic || effect.order <= state.settled_order) continue;
    if (last && effect.order <= last->order) continue;
    ShiftLook shift{effect.to, effect.order, {}, effect.deadline, effect.outcome, effect.rollback};
    if (const auto stored = context.recall(sequence)) shift.since = stored->event.time;
    last = shift;
  }
  return last;
}

void judge(const Rollout& rollout, const core::Criterion& criterion, core::Time now,
           TrafficLook& look) {
  const Machine& machine = rollout.machine();
  const core::RolloutState& state = rollout.state();
  const core::Pending nothing;
  const core::Subject subject{machine, state, nothing, criterion};
  look.counted_by = subject.metric_of(criterion.window).name;
  look.verdict = SplitVerdict::too_little;
  const auto& starts = state.tests[subject.index().value].starts;
  if (starts.empty()) {  // the test begins with a settle
    look.why = "no shift has settled yet";
    return;
  }
  const core::Found found = core::prove_in_full(subject);
  look.at = found.at;
  if (found.missing == core::Missing::no_series) {
    look.why = fmt::format("no point of `{}` has come yet", look.counted_by);
    return;
  }
  const std::vector<std::int64_t> counts = core::counts_at(subject, found.at);
  look.canary = counts[0] - starts.front().counts[0];
  look.baseline = counts[1] - starts.front().counts[1];
  if (found.missing != core::Missing::none || !found.evidence) {
    look.why = fmt::format("{} {} since the shift, the test needs {}", found.samples,
                           found.samples == 1 ? "request" : "requests", core::kAtLeastRequests);
    return;
  }
  if (!found.false_ && now - found.at >= state.limits.stale_after) {
    look.why =
        fmt::format("the last point is {} old", adapters::format_duration_short(now - found.at));
    return;
  }
  look.verdict = found.false_ ? SplitVerdict::contradicts : SplitVerdict::agrees;
  look.statistic = found.evidence->contrary;
  look.threshold = core::threshold_of(criterion.alpha);
}

}  // namespace

void add_split_test(Machine& machine) {
  const auto metric = counter_of(machine);
  if (!metric || !machine.targets.empty()) return;
  core::Criterion criterion;
  criterion.id = kTest;
  criterion.text = "traffic split as planned";
  criterion.kind = core::CriterionKind::expect;
  criterion.measure = core::Measure::split;
  criterion.test = core::Test::split;
  criterion.alpha = kAlpha;
  criterion.window = add_window(machine, *kept(machine, *metric, Arm::canary));
  criterion.other = add_window(machine, *kept(machine, *metric, Arm::baseline));
  machine.criteria.push_back(std::move(criterion));
}

TrafficLook look_at_traffic(const Rollout& rollout, core::Time now) {
  const core::RolloutState& state = rollout.state();
  const Machine& machine = rollout.machine();
  TrafficLook look;
  look.rollout = state.id;
  look.runbook = machine.name;
  look.sequence = state.last;
  look.now = state.now;
  look.settled = state.settled;
  look.requested = state.requested;
  look.order = state.settled_order;
  look.since = state.shift_floor == core::kDistantFuture ? state.started : state.shift_floor;
  look.shift = shift_of(rollout);
  look.targets = state.targets;
  if (const core::Criterion* criterion = test_of(machine)) {
    judge(rollout, *criterion, now, look);
  } else if (!machine.targets.empty()) {
    look.why = "each target has a weight of its own; `expect traffic " +
               machine.targets.front().name + " split as planned` judges one";
  } else {
    look.why = machine.arms
                   ? "no criterion of this runbook counts the requests of both arms; `expect "
                     "traffic split as planned` does"
                   : "this runbook names no arms";
  }
  return look;
}

}  // namespace rollbook::tools
