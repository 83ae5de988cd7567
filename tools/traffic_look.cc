#include "tools/traffic_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "adapters/wire/age.h"
#include "adapters/wire/text.h"
#include "engine/core/limits.h"
#include "engine/core/prove.h"
#include "engine/core/requests.h"
#include "engine/core/trials.h"

namespace rollbook::tools {
namespace {

using core::Arm;
using core::Machine;

constexpr std::string_view kTest = "traffic --verify";  // the blank keeps it apart from a runbook's
constexpr core::Fixed kAlpha{1'000'000};                // as `traffic split as planned` has it
constexpr core::Duration kReach = std::chrono::minutes(5);  // a point later than this is late

// ---- What counts requests -------------------------------------------------------------------

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

const core::Criterion* test_of(const Machine& machine, core::TargetIndex target) {
  for (const core::Criterion& criterion : machine.criteria) {
    if (criterion.id == kTest && criterion.target == target) return &criterion;
  }
  return nullptr;
}

// The single, unnamed one where there are none.
std::vector<core::TargetIndex> targets_of(const Machine& machine) {
  std::vector<core::TargetIndex> targets(std::max<std::size_t>(1, machine.targets.size()));
  for (std::uint32_t i = 0; i < machine.targets.size(); ++i) targets[i] = core::TargetIndex{i};
  return targets;
}

void add_test(Machine& machine, core::TargetIndex target) {
  const auto metric = core::requests_of(machine, target);
  if (!metric) return;
  core::Criterion criterion;
  criterion.id = kTest;
  criterion.text = "traffic split as planned";
  criterion.kind = core::CriterionKind::expect;
  criterion.measure = core::Measure::split;
  criterion.test = core::Test::split;
  criterion.alpha = kAlpha;
  criterion.target = target;
  criterion.window = add_window(machine, *core::counted(machine, {*metric, Arm::canary, target}));
  criterion.other = add_window(machine, *core::counted(machine, {*metric, Arm::baseline, target}));
  machine.criteria.push_back(std::move(criterion));
}

// ---- What happened --------------------------------------------------------------------------

// The last shift that was asked for, unless it is the settled one.
std::optional<ShiftLook> shift_of(const Rollout& rollout, core::TargetIndex target,
                                  std::int64_t settled) {
  const core::RolloutState& state = rollout.state();
  const adapters::EventContext context = rollout.context();
  std::optional<ShiftLook> last;
  for (const auto& [sequence, effect] : state.effects) {
    if (effect.kind != core::EffectKind::traffic || effect.target != target) continue;
    if (effect.order <= settled) continue;
    if (last && effect.order <= last->order) continue;
    ShiftLook shift{effect.to, effect.order, {}, effect.deadline, effect.outcome, effect.rollback};
    if (const auto stored = context.recall(sequence)) shift.since = stored->event.time;
    last = shift;
  }
  return last;
}

// When the shift of each order settled; the state has forgotten those of former stages.
using Settles = std::map<std::int64_t, core::Time>;
Outcome<Settles> settles_of(const Rollout& rollout) {
  std::map<core::Sequence, std::int64_t> orders;
  Settles settles;
  TRY_DO(rollout.each_event([&](const core::Event& event) {
    if (const auto* asked = std::get_if<core::EffectRequested>(&event.body)) {
      if (asked->kind == core::EffectKind::traffic) orders[event.sequence] = asked->order;
    } else if (const auto* settled = std::get_if<core::EffectSettled>(&event.body)) {
      const auto order = orders.find(settled->effect);
      if (order != orders.end()) settles.emplace(order->second, event.time);
    }
    return true;
  }));
  return settles;
}

void judge(const Rollout& rollout, const core::Criterion& criterion, core::Time now,
           SplitLook& look) {
  const Machine& machine = rollout.machine();
  const core::RolloutState& state = rollout.state();
  const core::Pending nothing;
  const core::Subject subject{machine, state, nothing, criterion};
  look.counted_by = subject.metric_of(criterion.window).name;
  look.verdict = SplitVerdict::too_little;
  const auto& starts = state.tests[subject.index().value].starts;
  if (starts.empty() || !look.shifted) {  // the test begins with a settle
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
    look.why = fmt::format("the last point is {} old", adapters::age_text(now - found.at));
    return;
  }
  look.verdict = found.false_ ? SplitVerdict::contradicts : SplitVerdict::agrees;
  look.statistic = found.evidence->contrary;
  look.threshold = core::threshold_of(criterion.alpha);
}

std::string unmeasured(const Machine& machine, core::TargetIndex target) {
  if (!machine.arms) return "this runbook names no arms";
  if (!target.valid()) {
    return "no criterion of this runbook counts the requests of both arms; `expect traffic split "
           "as planned` does";
  }
  return fmt::format(
      "no criterion of this runbook counts the requests of both arms of it; `expect traffic {} "
      "split as planned` does",
      machine.at(target).name);
}

SplitLook look_at(const Rollout& rollout, core::TargetIndex target, const Settles& settles,
                  core::Time now) {
  const core::RolloutState& state = rollout.state();
  const Machine& machine = rollout.machine();
  SplitLook look;
  look.settled = state.settled;
  look.requested = state.requested;
  look.order = state.settled_order;
  look.shifted = state.shifted;
  if (target.valid()) {
    const core::TargetState& books = state.at(target);
    look.target = books.name;
    look.settled = books.settled;
    look.requested = books.requested;
    look.order = books.settled_order;
    look.shifted = books.shifted;
    look.back = books.back;
  }
  const auto settle = settles.find(look.order);
  look.since = settle == settles.end() ? state.started : settle->second;
  look.shift = shift_of(rollout, target, look.order);
  if (const core::Criterion* criterion = test_of(machine, target)) {
    judge(rollout, *criterion, now, look);
  } else {
    look.why = unmeasured(machine, target);
  }
  return look;
}

}  // namespace

void add_split_test(Machine& machine) {
  for (const core::TargetIndex target : targets_of(machine)) add_test(machine, target);
}

Outcome<TrafficLook> look_at_traffic(const Rollout& rollout, core::Time now) {
  const core::RolloutState& state = rollout.state();
  TRY(const Settles settles, settles_of(rollout));
  TrafficLook look;
  look.rollout = state.id;
  look.runbook = rollout.machine().name;
  look.sequence = state.last;
  look.now = state.now;
  look.requested = state.requested;
  for (const core::TargetIndex target : targets_of(rollout.machine())) {
    look.splits.push_back(look_at(rollout, target, settles, now));
  }
  return look;
}

const SplitLook& TrafficLook::highest() const {
  return *std::max_element(splits.begin(), splits.end(), [](const auto& a, const auto& b) {
    return a.settled != b.settled ? a.settled < b.settled : a.since > b.since;
  });
}

SplitVerdict verdict_of(const TrafficLook& look) {
  SplitVerdict worst = SplitVerdict::agrees;
  bool any = false;
  for (const SplitLook& split : look.splits) {
    if (split.verdict == SplitVerdict::contradicts) return split.verdict;
    // One that still stands where it began has no split that could be another.
    if (!split.target.empty() && !split.shifted) continue;
    any = true;
    worst = std::max(worst, split.verdict);
  }
  return any ? worst : SplitVerdict::too_little;
}

}  // namespace rollbook::tools
