#include "engine/core/resume.h"

#include <algorithm>

#include "engine/core/clocks.h"
#include "engine/core/judge.h"
#include "engine/core/trials.h"

namespace rollbook::core {
namespace {

// The shift of the stage it is in, or else of the last one it has been in.
StateIndex shift_of(const Machine& machine, const RolloutState& state, StateIndex inside) {
  StateIndex found;
  for (const Stage& stage : machine.stages) {
    if (stage.shift.valid() && state.stages_open.contains(stage.state)) found = stage.shift;
    if (machine.contains(stage.state, inside)) break;
  }
  return found;
}

// At zero again, with what extensions added.
void restart(ClockState& clock) { clock = ClockState{{}, {}, clock.extra, {}, {}}; }

// The stages that it is in, and whatever else a trigger asks about.
void note_entered(const Machine& machine, RolloutState& state, StateIndex inside) {
  for (const Stage& stage : machine.stages) {
    if (machine.contains(stage.state, inside)) state.stages_open.insert(stage.state);
  }
  for (const Transition& transition : machine.transitions) {
    const Trigger& trigger = transition.trigger;
    if (trigger.kind != TriggerKind::entered || !machine.contains(trigger.state, inside)) continue;
    state.stages_open.insert(trigger.state);
  }
}

// That stage begins anew, and those after it that were entered before too.
void restart_stages(const Machine& machine, RolloutState& state, StateIndex to) {
  bool anew = false;
  for (const Stage& stage : machine.stages) {
    anew = anew || machine.contains(stage.state, to);
    if (!anew) continue;
    for (std::size_t i = 0; i < machine.clocks.size(); ++i) {
      if (machine.contains(stage.state, machine.clocks[i].owner)) restart(state.clocks[i]);
    }
  }
}

}  // namespace

bool is_last_attempt(const RolloutState& state, Sequence sequence, const EffectState& effect) {
  return std::none_of(state.effects.begin(), state.effects.end(), [&](const auto& other) {
    return other.first > sequence && other.second.state == effect.state &&
           other.second.spec == effect.spec;
  });
}

void end_halt(const Machine& machine, RolloutState& state, StateIndex from,
              const Transitioned& moved) {
  note_entered(machine, state, moved.to);
  for (StateIndex i = moved.to; i.valid(); i = machine.at(i).parent) {
    state.irreversible = state.irreversible || machine.at(i).irreversible;
  }
  if (state.resuming) restart_stages(machine, state, moved.to);
  state.halted = false;
  state.halted_because.clear();
  state.resuming = false;
  const Transition* by = moved.transition.valid() ? &machine.at(moved.transition) : nullptr;
  if (by != nullptr && by->undoes.valid()) state.stages_open.erase(by->undoes);
  // A rollback of some targets only leads back to the others' stage as well.
  const bool some = machine.rank(moved.to) > 0 &&
                    std::any_of(state.targets.begin(), state.targets.end(),
                                [](const TargetState& target) { return !target.back; });
  const bool partial = by != nullptr && by->trigger.kind == TriggerKind::rollback_partial;
  if (!partial && !some) {
    state.resume_to = StateIndex{};
  } else if (machine.rank(from) == 0) {
    state.resume_to = shift_of(machine, state, from);
  }
}

namespace {

// What both arms had is proven for long after it is over, by the stage's gate as by the guard: who
// resumes knows of it, and what goes on is proven anew within some requests.
void begin_vetoed_tests(const Machine& machine, RolloutState& state) {
  bool may_be_shared = false;
  for (const Transition& transition : machine.transitions) {
    const Trigger& trigger = transition.trigger;
    if (trigger.unless.empty() || !machine.contains(transition.from, state.active)) continue;
    may_be_shared = true;
    begin_test(machine, state, trigger.criterion);
    for (const CriterionIndex index : trigger.also) begin_test(machine, state, index);
    for (const CriterionIndex index : trigger.unless) begin_test(machine, state, index);
  }
  if (!may_be_shared) return;
  for (const CriterionIndex index : armed(machine, state)) {
    if (machine.at(index).kind == CriterionKind::expect) begin_test(machine, state, index);
  }
}

}  // namespace

void baseline_recovered(const Machine& machine, RolloutState& state, CriterionIndex veto) {
  begin_test(machine, state, veto);
  const auto begin = [&](CriterionIndex index) {
    if (state.readings[index.value].verdict == Verdict::fail) begin_test(machine, state, index);
  };
  for (const Transition& transition : machine.transitions) {
    const Trigger& trigger = transition.trigger;
    if (!holds_back(trigger, veto)) continue;
    if (!machine.contains(transition.from, state.active)) continue;
    begin(trigger.criterion);
    std::for_each(trigger.also.begin(), trigger.also.end(), begin);
  }
}

void resume_halted(const Machine& machine, RolloutState& state, Time now) {
  begin_vetoed_tests(machine, state);
  state.halted = false;
  state.halted_because.clear();
  state.resuming = state.resume_to.valid();
  if (state.resuming) return;
  state.questions.clear();
  for (std::uint32_t i = 0; i < machine.clocks.size(); ++i) {
    const Clock& spec = machine.clocks[i];
    if (spec.kind != ClockKind::engine || !machine.contains(spec.owner, state.active)) continue;
    if (spec.restarts || reached(machine, state, ClockIndex{i}, now)) restart(state.clocks[i]);
  }
  for (auto& [sequence, effect] : state.effects) {
    const bool failed = effect.outcome && *effect.outcome != EffectOutcome::succeeded;
    if (failed && !effect.rollback && is_last_attempt(state, sequence, effect)) {
      effect.retry_at = now;
    }
  }
}

}  // namespace rollbook::core
