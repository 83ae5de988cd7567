// evolve(): traffic, and all that is awaited. Effects are asked for, tried again and settled;
// weights follow, of each target; rollbacks and ramps begin.

#include <algorithm>

#include "engine/core/clocks.h"
#include "engine/core/evolve_parts.h"
#include "engine/core/limits.h"
#include "engine/core/open_acts.h"
#include "engine/core/resume.h"
#include "engine/core/semantics.h"

namespace rollbook::core {

namespace {

Duration backoff(std::uint32_t attempts) {
  return std::min<Duration>(kRetryFirst * (std::int64_t{1} << std::min(attempts - 1, 10U)),
                            kRetryMost);
}

}  // namespace

void TrafficFold::start(const RolloutStarted& body) const {
  state.settled = body.weight;
  state.requested = body.weight;
  for (const TargetWeight& given : body.targets) {
    TargetState& target = state.targets.emplace_back();
    target.name = given.target;
    target.settled = target.requested = given.weight;
  }
  sum_up_targets();
}

// ---- What is awaited --------------------------------------------------------------------------

void TrafficFold::request(const EffectRequested& body) const {
  if (!is_awaited(body.kind) && !body.tracked) return;
  EffectState effect;
  effect.kind = body.kind;
  effect.spec = body.spec;
  effect.state = body.state;
  effect.deadline = body.rollback ? std::nullopt : body.deadline;
  effect.first = body.retry_of.valid() ? body.retry_of : event.sequence;
  effect.to = body.to;
  effect.order = body.order;
  effect.rollback = body.rollback;
  effect.target = body.target;
  if (body.retry_of.valid() && !body.rollback) count_attempt(effect);
  if (body.kind == EffectKind::traffic) request_traffic(body, effect);
  state.effects[event.sequence] = effect;
}

void TrafficFold::settle(const EffectSettled& body) const {
  const auto found = state.effects.find(body.effect);
  if (found == state.effects.end()) return;
  EffectState& effect = found->second;
  effect.outcome = body.outcome;
  effect.settled_by = event.sequence;
  if (body.outcome != EffectOutcome::succeeded) plan_retry(effect);
  if (body.outcome != EffectOutcome::succeeded || effect.kind != EffectKind::traffic) return;
  if (effect.rollback) stop_retries(effect.first);
  if (!settle_weight(effect)) return;
  state.shift_floor = event.time;
  if (state.first_settled == kDistantFuture) {
    state.first_settled = event.time;
    state.quiet_since = std::max(state.quiet_since, event.time);
  }
  MeasuredFold{machine, state, event}.clear(Floor::shift);
}

// An idempotent action's run is tried again, later each time, while it has attempts left.
void TrafficFold::plan_retry(EffectState& effect) const {
  if (effect.kind == EffectKind::traffic || !effect.spec.valid()) return;
  if (effect.attempts >= machine.at(effect.spec).attempts) return;
  effect.retry_at = event.time + backoff(effect.attempts);
}

void TrafficFold::count_attempt(EffectState& effect) const {
  for (auto& [sequence, other] : state.effects) {
    if (other.first != effect.first) continue;
    effect.attempts = std::max(effect.attempts, other.attempts + 1);
    other.retry_at.reset();
  }
}

void TrafficFold::stop_retries(Sequence first) const {
  for (auto& [sequence, other] : state.effects) {
    if (other.first == first) other.retry_at.reset();
  }
}

// ---- Weights ----------------------------------------------------------------------------------

void TrafficFold::request_traffic(const EffectRequested& body, EffectState& effect) const {
  state.requested = body.to;
  if (body.target.valid()) request_of_target(body);
  if (!body.rollback && !state.shifted) {
    state.shifted = true;
    state.guard_floor = event.time;
    MeasuredFold{machine, state, event}.clear(Floor::guard);
  }
  if (body.rollback) {
    // A retry goes on in the books of the first attempt; a new wish replaces the older ones.
    effect.attempts = take_over(state.effects, effect);
    effect.retry_at = event.time + backoff(effect.attempts);
  }
  // What is left of another rollback is no step of the ramp under way.
  const bool steps = !body.target.valid() || body.state == state.active;
  if (state.ramp && machine.at(state.active).ramp && !body.retry_of.valid() && steps) {
    const Ramp& ramp = *machine.at(state.active).ramp;
    RampState& books = *state.ramp;
    books.steps_requested =
        ramp.rollback ? ramp_due(ramp, books, event.time) : books.steps_requested + 1;
    books.last_requested = event.time;
  }
}

void TrafficFold::sum_up_targets() const {
  if (state.targets.empty()) return;
  state.settled = state.requested = Weight{};
  for (const TargetState& target : state.targets) {
    state.settled = std::max(state.settled, target.settled);
    state.requested = std::max(state.requested, target.requested);
    state.settled_order = std::max(state.settled_order, target.settled_order);
  }
}

// Whoever shifts drops a lower order than the last: false when it came too late.
bool TrafficFold::settle_weight(const EffectState& effect) const {
  if (!effect.target.valid()) {
    if (effect.order <= state.settled_order) return false;
    state.settled_order = effect.order;
    state.settled = effect.to;
    return true;
  }
  TargetState& target = state.at(effect.target);
  if (effect.order <= target.settled_order) return false;
  target.settled_order = effect.order;
  target.settled = effect.to;
  if (target.first_settled == kDistantFuture) target.first_settled = event.time;
  target.unwatched = target.unwatched || (target.back && target.settled <= target.floor);
  sum_up_targets();
  return true;
}

void TrafficFold::request_of_target(const EffectRequested& body) const {
  TargetState& target = state.at(body.target);
  target.requested = body.to;
  sum_up_targets();
  if (body.rollback || target.shifted) return;
  target.shifted = true;
  target.guard_floor = event.time;
  MeasuredFold{machine, state, event}.clear_guard_of(body.target);
}

// ---- Going back -------------------------------------------------------------------------------

void TrafficFold::move(StateIndex from, const Transitioned& body) const {
  const State& target = machine.at(body.to);
  const std::uint32_t rank = machine.rank(body.to);
  // What is commanded after a rollback in part goes further: that is why it goes on.
  const bool further = state.resume_to.valid() && rank > 0 && is_commanded(body.transition) &&
                       state.semantics >= kWordOfPeople;
  const bool goes_back = rank > state.rollback_rank || further || enters_lowering(from, body.to);
  if (goes_back && !target.outcome) go_back(from, body);
  const bool resumes = state.resuming;
  end_halt(machine, state, from, body);
  if (resumes && rank == 0 && state.semantics >= kWordOfPeople) forget_breach();
  if (goes_back && !is_commanded(body.transition)) forget_wish();
  state.ramp.reset();
  if (target.ramp) begin_ramp(*target.ramp);
  if (!target.outcome) state.rollback_rank = rank;
}

bool TrafficFold::is_new(StateIndex inside, StateIndex from) const {
  return !from.valid() || !machine.contains(inside, from);
}

bool TrafficFold::enters_lowering(StateIndex from, StateIndex to) const {
  for (StateIndex i = to; i.valid(); i = machine.at(i).parent) {
    if (!machine.at(i).lowers.empty() && is_new(i, from)) return true;
  }
  return false;
}

void TrafficFold::go_back(StateIndex from, const Transitioned& body) const {
  state.breach = body.because;
  state.breach_criterion =
      body.transition.valid() ? machine.at(body.transition).trigger.criterion : CriterionIndex{};
  for (StateIndex i = body.to; i.valid(); i = machine.at(i).parent) {
    if (!is_new(i, from)) continue;
    for (const Lowering& lowering : machine.at(i).lowers) lower_target(lowering);
  }
}

void TrafficFold::lower_target(const Lowering& lowering) const {
  TargetState& target = state.at(lowering.target);
  if (!target.back) {
    target.back = true;
    target.floor = lowering.to;
    target.breach = state.breach;
    target.breach_criterion = state.breach_criterion;
  }
  target.floor = std::min(target.floor, lowering.to);
  target.unwatched = target.unwatched || lowering.disarms;
}

// What somebody wished for a rollback holds for all of the one that was commanded, whatever goes
// before its ramp, and not for a guard's.
void TrafficFold::forget_wish() const {
  state.ramp_to.reset();
  state.ramp_over.reset();
}

// What goes on does not go back any more, but for a target that is back.
void TrafficFold::forget_breach() const {
  const TargetState* back = nullptr;
  for (const TargetState& target : state.targets) {
    if (!target.back) continue;
    if (target.breach == state.breach) return;
    back = &target;
  }
  state.breach = back == nullptr ? "" : back->breach;
  state.breach_criterion = back == nullptr ? CriterionIndex{} : back->breach_criterion;
}

bool TrafficFold::is_commanded(TransitionIndex by) const {
  if (!by.valid()) return false;
  const TriggerKind kind = machine.at(by).trigger.kind;
  return kind == TriggerKind::rollback_immediate || kind == TriggerKind::rollback_gradual ||
         kind == TriggerKind::rollback_partial;
}

void TrafficFold::aim_rollback(const Command& command) const {
  state.ramp_over = command.duration;
  state.ramp_to.reset();
  if (command.to == kNoTraffic) return;
  state.ramp_to = command.to;
  if (command.how == RollbackHow::immediate && !command.duration) {
    state.ramp_over = Duration::zero();
  }
}

// ---- Ramps ------------------------------------------------------------------------------------

void TrafficFold::begin_ramp(const Ramp& ramp) const {
  RampState begun;
  begun.started = event.time;
  begun.from = state.settled;
  if (!ramp.targets.empty()) begun.from = Weight{};
  for (const TargetIndex target : ramp.targets) {
    state.at(target).ramp_from = state.at(target).settled;
    begun.from = std::max(begun.from, state.at(target).settled);
  }
  begun.to = ramp.to;
  begun.over = ramp.over;
  if (ramp.rollback) {
    begun.to = std::min(state.ramp_to.value_or(ramp.to), begun.from);
    begun.over = state.ramp_over.value_or(ramp.over);
  }
  state.ramp = begun;
}

void TrafficFold::resume_ramp() const {
  const auto& ramp = machine.at(state.active).ramp;
  if (ramp && !ramp->rollback) begin_ramp(*ramp);
}

}  // namespace rollbook::core
