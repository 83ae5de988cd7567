// `advance only`, put onto a machine that is otherwise finished: which of its steps forward wait
// for the calendar. Those do that act (a shift, a run, a checkpoint) and those that leave a stage;
// within a stage the hold runs and the review is looked at while the calendar is closed.

#include "dsl/lower.h"

namespace rollbook::dsl {
namespace {

bool acts(const core::Machine& machine, core::StateIndex state) {
  if (machine.at(state).ramp) return true;
  for (const core::EffectIndex effect : machine.at(state).entry)
    if (core::is_awaited(machine.at(effect).kind)) return true;
  return false;
}

// The stage that a state lies in; an invalid one outside all of them.
core::StateIndex stage_of(const core::Machine& machine, core::StateIndex state) {
  for (const core::Stage& stage : machine.stages)
    if (machine.contains(stage.state, state)) return stage.state;
  return {};
}

}  // namespace

void put_on_calendar(core::Machine& machine) {
  if (machine.advance_only.hours.empty()) return;
  for (core::Transition& transition : machine.transitions) {
    if (!transition.forward) continue;
    const core::StateIndex target = machine.leaf(transition.to);
    const bool leaves = stage_of(machine, transition.from) != stage_of(machine, target);
    transition.on_calendar = leaves || acts(machine, target) || machine.at(target).outcome;
  }
}

}  // namespace rollbook::dsl
