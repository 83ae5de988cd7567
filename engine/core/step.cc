// Moving: which step of the machine is taken, and in which order. The reason it gives: reason.cc.

#include <algorithm>

#include "engine/core/advance.h"
#include "engine/core/semantics.h"
#include "engine/core/veto.h"

namespace rollbook::core {
namespace {

// From the root to the leaf.
std::vector<StateIndex> chain(const Machine& machine, StateIndex leaf) {
  std::vector<StateIndex> states;
  for (StateIndex i = leaf; i.valid(); i = machine.at(i).parent) states.push_back(i);
  std::reverse(states.begin(), states.end());
  return states;
}

// What a review fails by is not known to the end while the engine cannot see, and a stop that is
// held back keeps traffic off an arm that is as sick. A pause is neither: it holds what leads
// forward.
bool may_fail_review(const Machine& machine, const RolloutState& state) {
  if (state.semantics < kWordOfPeople) return !barred(machine, state);
  return state.sight == Sight::live && !is_held_back(machine, state);
}

// A guard acts in rollbacks as well, and what it saw in another target may not end with its own
// rollback: where all that it lowers is back and watched no more, it would only begin that anew.
bool begins_anew(const Machine& machine, const RolloutState& state, const Transition& transition) {
  if (!machine.contains(transition.from, transition.to)) return false;
  bool any = false;
  for (StateIndex i = transition.to; i.valid(); i = machine.at(i).parent) {
    for (const Lowering& lowering : machine.at(i).lowers) {
      if (!state.at(lowering.target).unwatched) return false;
      any = true;
    }
  }
  return any;
}

}  // namespace

// Halted, the guard stays armed and a forward shift that fails is still a breach; what would halt
// it once more says nothing new.
bool Advance::enabled_while_halted(const Transition& transition) const {
  if (transition.halts) return false;
  if (transition.trigger.kind == TriggerKind::all_back) return true;
  if (transition.trigger.kind == TriggerKind::stop) return true;
  return transition.trigger.kind == TriggerKind::failed &&
         machine_.at(transition.from).phase == Phase::shift;
}

bool Advance::stops(const Trigger& trigger) const {
  return fails(machine_, state_, trigger) && acts(machine_, state_, trigger, now_);
}

// Whether it begins a rollback.
bool Advance::goes_back(const Transition& transition) const {
  if (transition.halts || state_.rollback_rank > 0) return false;
  return machine_.rank(transition.to) > 0;
}

// A breach there halts, whatever its guard says: it must not pass unnoticed.
bool Advance::has_no_way_back(const Transition& transition) const {
  return state_.irreversible && goes_back(transition);
}

// `hold … and N requests`: too few of them have come.
bool Advance::is_short(const Transition& transition) const {
  return transition.needs.valid() &&
         state_.readings[transition.needs.value].verdict != Verdict::pass;
}

// The clock alone does not lead on then, unless the hold was promoted.
bool Advance::lacks_requests(const Transition& transition) const {
  return is_short(transition) && !state_.clocks[transition.trigger.clock.value].promoted;
}

bool Advance::has_settled(const Transition& transition) const {
  const EffectIndex effect = transition.trigger.effect;
  return effect.valid() ? outcome_of(effect) == EffectOutcome::succeeded
                        : acts_settled(transition.from);
}

bool Advance::enabled(const Transition& transition) const {
  if (transition.forward && barred()) return false;
  if (transition.on_calendar && closed()) return false;
  if (state_.halted && !enabled_while_halted(transition)) return false;
  if (state_.resuming && transition.halts) return false;
  const Trigger& trigger = transition.trigger;
  if (has_no_way_back(transition)) {
    return !state_.halted && trigger.kind == TriggerKind::stop && stops(trigger);
  }
  if (lacks_requests(transition)) return false;
  const auto& gate = machine_.at(state_.active).gate;
  switch (trigger.kind) {
    case TriggerKind::always:
      return true;
    case TriggerKind::settled:
      return has_settled(transition);
    case TriggerKind::failed:
      if (!trigger.effect.valid()) return acts_failed(transition.from);
      return outcome_of(trigger.effect).value_or(EffectOutcome::succeeded) !=
             EffectOutcome::succeeded;
    case TriggerKind::clock:
      return reached(machine_, state_, trigger.clock, now_) &&
             (state_.sight == Sight::live ||
              machine_.at(trigger.clock).kind == ClockKind::steady) &&
             !waits_for_opening(transition);
    case TriggerKind::stop:
      return stops(trigger) && !begins_anew(machine_, state_, transition);
    case TriggerKind::entered:
      return state_.stages_open.contains(trigger.state);
    case TriggerKind::gate_passed:
      return instant_ && !barred() && gate && view_gate(*gate) == GateView::passes;
    case TriggerKind::gate_failed:
      return instant_ && !waking_ && may_fail_review(machine_, state_) && gate &&
             view_gate(*gate) == GateView::fails;
    case TriggerKind::chosen:
      if (!chosen(trigger.item, trigger.option)) return false;
      return !transition.needs_gate ||
             ((instant_ || changed_) && gate && view_gate(*gate) == GateView::passes);
    case TriggerKind::all_back:
    case TriggerKind::some_left:
    case TriggerKind::any_back:
    case TriggerKind::none_back:
      return holds_of_targets(trigger.kind);
    case TriggerKind::abort:
    case TriggerKind::rollback_immediate:
    case TriggerKind::rollback_gradual:
    case TriggerKind::rollback_partial:
      return false;
  }
  return false;
}

// Outer states before inner ones, and within one state what goes back before what goes forward.
bool Advance::step() {
  for (const StateIndex from : chain(machine_, state_.active)) {
    for (const bool forward : {false, true}) {
      for (std::uint32_t i = 0; i < machine_.transitions.size(); ++i) {
        const Transition& transition = machine_.transitions[i];
        if (transition.from != from || transition.forward != forward) continue;
        if (!enabled(transition)) continue;
        read_again(transition);
        const std::string because = reason_of(transition);
        const Sequence cause = cause_of(transition);
        take_transition(TransitionIndex{i}, cause, because);
        return true;
      }
    }
  }
  if (state_.resuming && !barred() && !closed()) {
    move(TransitionIndex{}, state_.resume_to, instant_cause_, "resumed: the stage begins anew");
    return true;
  }
  return false;
}

void Advance::take_transition(TransitionIndex index, Sequence cause, std::string because) {
  const Transition& transition = machine_.at(index);
  if (transition.halts || has_no_way_back(transition)) {
    return halt(cause, std::move(because), transition.trigger.criterion);
  }
  move(index, transition.to, cause, std::move(because));
}

// The rollout stands where it stands: nobody moves traffic, people are paged.
void Advance::halt(Sequence cause, std::string because, CriterionIndex criterion) {
  log_shares();
  cause_ = emit(Paused{std::nullopt, true, because}, cause);
  EffectRequested requested;
  requested.kind = EffectKind::page;
  requested.state = state_.active;
  requested.channel = machine_.pager;
  requested.severity = "high";
  requested.text = "Halted: " + because;
  requested.cause_text = std::move(because);
  requested.criterion = criterion;
  emit(std::move(requested), cause_);
}

void Advance::move(TransitionIndex index, StateIndex to, Sequence cause, std::string because) {
  const StateIndex from = state_.active;
  const StateIndex target = machine_.leaf(to);
  if (machine_.rank(target) > state_.rollback_rank || machine_.at(target).outcome) log_shares();
  // What happens on the way out is told why that way is taken, not what led in.
  Why out{because, index.valid() ? machine_.at(index).trigger.criterion : CriterionIndex{}};
  if (state_.semantics < kWordOfPeople) out = why();
  for (StateIndex i = from; i.valid() && !machine_.contains(i, target); i = machine_.at(i).parent) {
    for (const EffectIndex effect : machine_.at(i).exit) request({effect, i, cause}, out);
  }
  const Sequence moved = emit(Transitioned{index, from, target, std::move(because)}, cause);
  if (from.valid() && machine_.rank(from) > 0) lower_the_rest(from, target, moved);
  for (const StateIndex i : chain(machine_, target)) {
    if (from.valid() && i != target && machine_.contains(i, from)) continue;
    for (const EffectIndex effect : machine_.at(i).entry) {
      // Runs are kept: an extension does not repeat one that has succeeded.
      if (machine_.at(effect).kind == EffectKind::run && acts_settled(i)) continue;
      request({effect, i, moved});
    }
    for (const ItemIndex item : machine_.at(i).asks) ask(item, moved);
  }
  cause_ = moved;
  instant_ = true;
  instant_cause_ = moved;
  if (const auto outcome = machine_.at(target).outcome) {
    RolloutFinished finished;
    finished.outcome = *outcome;
    finished.weight = state_.settled;
    finished.because =
        *outcome == Outcome::succeeded || state_.breach.empty() ? state_.because : state_.breach;
    for (const TargetState& books : state_.targets) {
      finished.targets.push_back({books.name, books.settled});
    }
    emit(std::move(finished), moved);
  }
}

void Advance::enter_machine(Sequence cause) {
  move(TransitionIndex{}, StateIndex{0}, cause, "started");
  while (judge() || step() || keep_time()) {
    if (state_.finished()) return;
  }
}

}  // namespace rollbook::core
