// Rebalancing: the weight that was settled last is asked for again, under a fresh order, because
// what is observed has left it. It is no step: where it fails nothing goes back, people are told.

#include <algorithm>

#include "engine/core/advance.h"
#include "engine/core/sentence.h"

namespace rollbook::core {
namespace {

// A forward shift that repeats another: nothing else does.
bool asks_again(Sequence sequence, const EffectState& effect) {
  return effect.kind == EffectKind::traffic && !effect.rollback && effect.first != sequence;
}

const EffectState* settled_shift(const RolloutState& state, TargetIndex target) {
  const std::int64_t order = target.valid() ? state.at(target).settled_order : state.settled_order;
  for (const auto& [sequence, effect] : state.effects) {
    const bool shift = effect.kind == EffectKind::traffic && effect.target == target;
    if (shift && order != 0 && effect.order == order) return &effect;
  }
  return nullptr;
}

// Of every target that is not back; what is, stays where its rollback brings it.
std::vector<EffectState> settled_shifts(const Machine& machine, const RolloutState& state) {
  std::vector<TargetIndex> targets(1);
  if (!machine.targets.empty()) targets.resize(machine.targets.size());
  std::vector<EffectState> shifts;
  for (std::uint32_t i = 0; i < targets.size(); ++i) {
    if (!machine.targets.empty()) targets[i] = TargetIndex{i};
    if (state.is_back(targets[i])) continue;
    if (const EffectState* last = settled_shift(state, targets[i])) shifts.push_back(*last);
  }
  return shifts;
}

}  // namespace

void Advance::rebalance(const Command& command) {
  if (state_.rollback_rank > 0) {
    return refuse(command, "rolling_back",
                  "a rollback is under way; `abort` asks for its shift again");
  }
  const std::vector<EffectState> shifts = settled_shifts(machine_, state_);
  if (shifts.empty()) {
    return refuse(command, "not_shifted", "no shift of `" + state_.id + "` has settled yet");
  }
  const auto open = std::find_if(state_.effects.begin(), state_.effects.end(), [](const auto& one) {
    return one.second.kind == EffectKind::traffic && !one.second.outcome;
  });
  const State& active = machine_.at(state_.active);
  if (open != state_.effects.end() || active.phase == Phase::shift || active.ramp) {
    return refuse(command, "shifting",
                  "a shift is under way: wait until it has settled, and look again");
  }
  if (state_.paused) {
    return refuse(command, "paused", "no traffic is moved while it is paused; resume it first");
  }
  if (barred()) {
    return refuse(command, "catching_up",
                  "the engine has not read yet what it missed; look again when it has");
  }
  const Sequence taken = accept(command);
  for (const EffectState& again : shifts) {
    request_traffic({.target = again.target,
                     .to = state_.settled_at(again.target),
                     .spec = again.spec,
                     .owner = again.state,
                     .retry_of = again.first},
                    taken);
  }
}

void Advance::tell_unbalanced(Sequence effect, const std::string& why, Sequence cause) {
  const EffectState& failed = state_.effects.at(effect);
  if (state_.rollback_rank > 0 || state_.finished() || !asks_again(effect, failed)) return;
  EffectRequested requested;
  requested.kind = EffectKind::page;
  requested.state = state_.active;
  requested.channel = machine_.pager;
  requested.severity = "high";
  requested.text = "Traffic was to be set to " + percent_text(Fixed{failed.to.nanos}) +
                   " once more, and was not: " + why;
  requested.cause_text = state_.because;
  emit(std::move(requested), cause);
}

}  // namespace rollbook::core
