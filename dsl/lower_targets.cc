// Targets: rollbacks of one of them, by its guard or by command, and what follows when some are
// back and others are not.
//
//   any stop of `guard eu` ─► rollback.eu_off ─► rollback.end ─ all are back ─► rolled_back
//                                                             └ some are not ─► halted
//
// The machine has one place only: while a rollback of one target runs, the others stand still,
// watched by their guards. Whoever resumes goes on without it (engine/core/targets.cc).

#include <algorithm>

#include "dsl/format_value.h"
#include "dsl/lower_flow.h"

namespace rollbook::dsl {

namespace {

using core::TriggerKind;

// Whether what lowers the target first does so at once.
bool shifts_at_once(const std::vector<Step>& steps, core::TargetIndex target) {
  for (const Step& step : steps) {
    if (weight_after(step, target)) return step.kind == Step::Kind::shift;
  }
  return false;
}

}  // namespace

std::vector<core::TargetIndex> Flow::targets() const {
  return has_targets() ? targets_of(outline_) : std::vector<core::TargetIndex>{};
}

bool Flow::is_whole(std::size_t rollback) const {
  const std::vector<core::TargetIndex> all = targets();
  return std::all_of(all.begin(), all.end(), [&](core::TargetIndex target) {
    return weight_after(outline_.rollbacks[rollback].steps, target).has_value();
  });
}

std::vector<core::Lowering> Flow::lowerings_of(std::size_t rollback) const {
  const std::vector<Step>& steps = outline_.rollbacks[rollback].steps;
  std::vector<core::Lowering> lowerings;
  for (const core::TargetIndex target : targets()) {
    const auto to = weight_after(steps, target);
    if (!to) continue;
    const bool own =
        std::any_of(outline_.guards.begin(), outline_.guards.end(), [&](const GuardOutline& guard) {
          return guard.target == target && guard.otherwise.kind == Exit::Kind::rollback &&
                 guard.otherwise.target == rollback;
        });
    lowerings.push_back({target, *to, own || shifts_at_once(steps, target)});
  }
  return lowerings;
}

std::vector<core::Lowering> Flow::lowerings_by_command(core::TargetIndex target,
                                                       bool disarms) const {
  std::vector<core::Lowering> lowerings;
  for (const core::TargetIndex each : targets()) {
    if (target.valid() && target != each) continue;
    lowerings.push_back({each, core::kNoTraffic, disarms});
  }
  return lowerings;
}

// Where a forward shift of it that fails leads: its own guard's rollback, else that of the whole.
Flow::Label Flow::breach_of(core::TargetIndex target) const {
  for (const GuardOutline& guard : outline_.guards) {
    const bool leads = guard.otherwise.kind == Exit::Kind::rollback;
    if (target.valid() && guard.target == target && leads) {
      return rollbacks_[guard.otherwise.target];
    }
  }
  return breach();
}

// `rollback --target eu`: what its own guard leads to; where that lowers others too, or there is
// none, a rollback is made for it.
void Flow::lower_target_commands(StateIndex from, StateIndex parent) {
  for (const core::TargetIndex target : targets()) {
    const std::string& name = outline_.targets[target.value].name;
    std::optional<Label> immediate;
    for (const GuardOutline& guard : outline_.guards) {
      if (guard.target != target || guard.otherwise.kind != Exit::Kind::rollback) continue;
      if (lowerings_of(guard.otherwise.target).size() != 1 || immediate) continue;
      immediate = rollbacks_[guard.otherwise.target];
    }
    if (!immediate) {
      immediate = builder_.label();
      lower_target_rollback("rollback.immediate." + name, parent, target, *immediate,
                            core::Duration::zero());
    }
    const Label gradual = builder_.label();
    lower_target_rollback("rollback.gradual." + name, parent, target, gradual, core::kGradualOver);
    core::State ramp = rollback_state("rollback.partial." + name, "rollback.partial." + name);
    ramp.rollback_rank = kSofterRank;
    ramp.ramp = core::Ramp{
        core::kNoTraffic, core::kGradualOver, core::kGradualEvery, core::Duration::zero(), true,
        {target}};
    const StateIndex partial = builder_.add_state(parent, std::move(ramp));
    const Label partly = builder_.label();
    builder_.bind(partly, partial);
    builder_.go(partial, on(TriggerKind::settled), builder_.halt(),
                {.label = "`" + name + "` is at the weight that was asked for"});
    builder_.go(from, on_target(TriggerKind::rollback_immediate, target), *immediate,
                {.label = "`" + name + "` is rolled back"});
    builder_.go(from, on_target(TriggerKind::rollback_gradual, target), gradual,
                {.label = "`" + name + "` is rolled back gradually"});
    builder_.go(from, on_target(TriggerKind::rollback_partial, target), partly,
                {.label = "`" + name + "` is rolled back in part"});
  }
}

void Flow::lower_target_rollback(const std::string& name, StateIndex parent,
                                 core::TargetIndex target, Label begin, core::Duration over) {
  core::State state = rollback_state(name, name);
  state.rollback_rank = kSofterRank;
  state.lowers = lowerings_by_command(target, over == core::Duration::zero());
  state.ramp = core::Ramp{core::kNoTraffic,       over, core::kGradualEvery,
                          core::Duration::zero(), true, {target}};
  const StateIndex ramp = builder_.add_state(parent, std::move(state));
  builder_.bind(begin, ramp);
  builder_.go(ramp, on(TriggerKind::settled), some_back_,
              {.label = "`" + outline_.targets[target.value].name + "` is at 0%"});
}

// What stages undo is undone when no target is left that they were done for.
void Flow::lower_some_back(StateIndex parent) {
  core::State compound = rollback_state("rollback.end", "rollback.end");
  compound.rollback_rank = kSofterRank;
  const StateIndex end = builder_.add_compound(parent, std::move(compound));
  builder_.bind(some_back_, end);
  const StateIndex look =
      builder_.add_state(end, rollback_state("rollback.end.look", "rollback.end"));
  const Label rest = undoes() ? builder_.label() : rolled_back_;
  builder_.go(look, on(TriggerKind::all_back), rest, {.label = "every target is back"});
  builder_.go(look, on(TriggerKind::some_left), builder_.halt(),
              {.label = "a target was rolled back, the others stay where they are"});
  if (!undoes()) return;
  builder_.bind(rest, lower_undo("rollback.end", end, rolled_back_));
}

// A rollout that lost a target on its way has not succeeded, whatever became of the others.
void Flow::lower_finish(StateIndex parent, Label begin) {
  core::State state;
  state.name = "finish";
  state.phase = core::Phase::done;
  const StateIndex finish = builder_.add_state(parent, std::move(state));
  builder_.bind(begin, finish);
  builder_.go(finish, on(TriggerKind::any_back), rolled_back_,
              {.label = "all is done, without what was rolled back"});
  builder_.go(finish, on(TriggerKind::none_back), succeeded_,
              {.forward = true, .label = "all is done"});
}

}  // namespace rollbook::dsl
