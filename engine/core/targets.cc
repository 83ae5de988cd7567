// Targets: what of them was rolled back, whether they are there yet, and what a rollback that
// takes over from another one still has to see to.

#include <algorithm>

#include "engine/core/advance.h"
#include "engine/core/sentence.h"

namespace rollbook::core {
namespace {

// Of the states around it, inner ones first.
const Lowering* lowering_in(const Machine& machine, StateIndex inside, TargetIndex target) {
  for (StateIndex i = inside; i.valid(); i = machine.at(i).parent) {
    for (const Lowering& lowering : machine.at(i).lowers) {
      if (lowering.target == target) return &lowering;
    }
  }
  return nullptr;
}

}  // namespace

const std::string& Advance::breach_of(TargetIndex target) const {
  return state_.is_back(target) ? state_.at(target).breach : state_.breach;
}

// A step that would shift forward what was rolled back is passed by: nobody asks for it.
bool Advance::is_skipped(StateIndex owner) const {
  const State& state = machine_.at(owner);
  if (state.ramp && !state.ramp->rollback && !state.ramp->targets.empty()) {
    return state_.is_back(state.ramp->targets.front());
  }
  return std::any_of(state.entry.begin(), state.entry.end(), [&](EffectIndex index) {
    const Effect& effect = machine_.at(index);
    return effect.kind == EffectKind::traffic && !effect.rollback && state_.is_back(effect.target);
  });
}

bool Advance::is_down(TargetIndex target) const {
  const TargetState& books = state_.at(target);
  if (!books.back || books.settled > books.floor || books.requested > books.floor) return false;
  const bool untouched =
      std::none_of(state_.effects.begin(), state_.effects.end(),
                   [&](const auto& entry) { return entry.second.target == target; });
  return untouched || is_shut(target, StateIndex{}, Sequence{}, books.floor);
}

bool Advance::holds_of_targets(TriggerKind kind) const {
  bool any = false, all = true, down = true;
  for (std::uint32_t i = 0; i < state_.targets.size(); ++i) {
    const bool back = state_.targets[i].back;
    any = any || back;
    all = all && back;
    down = down && (!back || is_down(TargetIndex{i}));
  }
  switch (kind) {
    case TriggerKind::all_back:
      return all && down;
    case TriggerKind::some_left:
      return !all;
    case TriggerKind::any_back:
      return any && down;
    case TriggerKind::none_back:
      return !any;
    default:
      return false;
  }
}

// Whoever takes over a rollback lowers at once what that one still had to lower, so that nothing
// stays up because something else is worse.
void Advance::lower_the_rest(StateIndex from, StateIndex to, Sequence cause) {
  for (std::uint32_t i = 0; i < state_.targets.size(); ++i) {
    const TargetIndex target{i};
    const TargetState& books = state_.at(target);
    if (!books.back || books.requested <= books.floor) continue;
    if (lowering_in(machine_, to, target) != nullptr) continue;
    request_traffic({.target = target, .to = books.floor, .rollback = true, .owner = from}, cause);
  }
}

// A shift forward that fails after its step was left, while another target was rolled back, is a
// breach all the same.
bool Advance::lose_shift(const EffectState& effect, Sequence cause, const std::string& how) {
  if (!effect.target.valid() || effect.rollback || state_.is_back(effect.target)) return false;
  if (machine_.contains(effect.state, state_.active)) return false;
  if (effect.order < state_.at(effect.target).settled_order) return false;  // it was replaced
  if (effect.to == state_.at(effect.target).settled) return false;  // a rebalance: nothing is lost
  const TransitionIndex back = triggered(TriggerKind::rollback_immediate, effect.target);
  if (!back.valid()) return false;
  take_transition(back, cause,
                  "the shift of `" + machine_.at(effect.target).name + "` to " +
                      percent_text(Fixed{effect.to.nanos}) + " " + how);
  return true;
}

}  // namespace rollbook::core
