// Acts: effects requested, deadlines kept, ramps stepped and rollbacks never waited for in vain.

#include <algorithm>
#include <map>

#include "engine/core/advance.h"
#include "engine/core/limits.h"
#include "engine/core/open_acts.h"
#include "engine/core/resume.h"
#include "engine/core/sentence.h"

namespace rollbook::core {
namespace {

// The first that it is true of; invalid: none.
template <class Predicate>
Sequence find_open(const RolloutState& state, const Predicate& holds) {
  Sequence found;
  any_open_act(state.effects, [&](Sequence sequence, const EffectState& effect) {
    if (holds(sequence, effect)) found = sequence;
    return found.valid();
  });
  return found;
}

}  // namespace

Advance::Why Advance::why() const {
  if (state_.rollback_rank == 0) return {state_.because};
  return {state_.breach, state_.breach_criterion};
}

void Advance::request(const Act& act, const Why& why) {
  const Effect& effect = machine_.at(act.spec);
  if (effect.kind == EffectKind::traffic) {
    if (!effect.rollback && state_.is_back(effect.target)) return;
    request_traffic({.target = effect.target,
                     .to = effect.to,
                     .rollback = effect.rollback,
                     .deadline = effect.deadline,
                     .spec = act.spec,
                     .owner = act.owner,
                     .retry_of = act.retry_of},
                    act.cause);
    return;
  }
  EffectRequested requested;
  requested.kind = effect.kind;
  requested.spec = act.spec;
  requested.state = act.owner;
  requested.name = effect.name;
  requested.arguments = effect.arguments;
  requested.severity = effect.severity;
  requested.tracked = effect.tracked;
  requested.retry_of = act.retry_of;
  requested.rollback = state_.rollback_rank > 0;
  requested.cause_text = why.text;
  requested.criterion = why.criterion;
  requested.text =
      fill_in(machine_, state_, effect.text, Words{requested.cause_text, actor_, reason_});
  if (is_awaited(effect.kind)) {
    requested.deadline =
        now_ +
        (effect.deadline > Duration::zero() ? effect.deadline : state_.limits.effect_deadline);
    requested.rollback = false;
  }
  if (effect.channels.empty()) {
    emit(std::move(requested), act.cause);
    return;
  }
  for (const std::string& channel : effect.channels) {
    requested.channel = channel;
    emit(requested, act.cause);
  }
}

Sequence Advance::request_traffic(const Shift& shift, Sequence cause) {
  EffectRequested requested;
  requested.kind = EffectKind::traffic;
  requested.spec = shift.spec;
  requested.state = shift.owner;
  requested.target = shift.target;
  requested.from = state_.settled_at(shift.target);
  requested.to = shift.to;
  if (shift.rollback && !shift.retry_of.valid()) {
    requested.to = std::min(shift.to, requested.from);
    // A ramp goes on while its target was asked down to the end of it.
    if (state_.is_back(shift.target)) {
      requested.to = std::min(requested.to, state_.at(shift.target).requested);
    }
  }
  const auto service = shard_.services.find(state_.service);
  const std::int64_t last = service == shard_.services.end() ? 0 : service->second.last_order;
  const std::int64_t micros =
      std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch()).count();
  requested.order = std::max(last + 1, micros);
  requested.rollback = shift.rollback;
  requested.deadline =
      now_ + (shift.deadline > Duration::zero() ? shift.deadline : state_.limits.effect_deadline);
  requested.retry_of = shift.retry_of;
  const Why given = why();
  requested.cause_text = given.text;
  requested.criterion = given.criterion;
  if (shift.rollback && state_.is_back(shift.target)) {
    requested.cause_text = breach_of(shift.target);
    requested.criterion = state_.at(shift.target).breach_criterion;
  }
  return emit(std::move(requested), cause);
}

void Advance::ask(ItemIndex index, Sequence cause) {
  const Item& item = machine_.at(index);
  Asked asked;
  asked.item = index;
  if (item.deadline.valid()) {
    asked.deadline =
        now_ + (limit_of(machine_, state_, item.deadline) - elapsed(state_, item.deadline, now_));
  }
  const Stage* here = stage();
  for (std::uint32_t i = 0; i < item.options.size(); ++i) {
    const Option& option = item.options[i];
    if (option.kind == OptionKind::extend && here != nullptr) {
      const auto used = state_.extensions[static_cast<std::size_t>(here - machine_.stages.data())];
      if (option.extend_at_most != 0 && used >= option.extend_at_most) continue;
    }
    asked.offered.push_back(i);
  }
  emit(std::move(asked), cause);
}

const Stage* Advance::stage() const {
  for (const Stage& candidate : machine_.stages) {
    if (machine_.contains(candidate.state, state_.active)) return &candidate;
  }
  return nullptr;
}

void Advance::page(std::string text, Sequence cause) {
  EffectRequested requested;
  requested.kind = EffectKind::page;
  requested.state = state_.active;
  requested.channel = machine_.pager;
  requested.severity = "high";
  requested.text = std::move(text);
  requested.cause_text = state_.breach;
  requested.criterion = state_.breach_criterion;
  requested.rollback = true;
  emit(std::move(requested), cause);
}

// ---- What time brings -----------------------------------------------------------------------

bool Advance::keep_time() {
  if (state_.paused_until && *state_.paused_until <= now_) {
    instant_cause_ = emit(Resumed{}, Sequence{});
    instant_ = true;
    return true;
  }
  if (retry_rollback() || retry_act() || step_ramp()) return true;
  if (state_.sight != Sight::live) return false;
  const Sequence late = find_open(state_, [&](Sequence, const EffectState& effect) {
    return effect.deadline && !effect.outcome && *effect.deadline <= now_;
  });
  if (late.valid()) {
    const EffectState open = state_.effects.at(late);
    const bool forward_shift = open.kind == EffectKind::traffic;
    const bool in_rollback = state_.rollback_rank > 0;
    const Sequence timed_out = emit(
        EffectSettled{late, EffectOutcome::timed_out, "no settle before the deadline", ""}, late);
    if (open.target.valid()) {
      if (state_.is_back(open.target)) {
        shift_again(open.target, timed_out);
      } else {
        lose_shift(open, timed_out, "did not settle before its deadline");
      }
    } else if (in_rollback && forward_shift) {
      shift_again(TargetIndex{}, timed_out);
    } else if (in_rollback && !state_.effects.at(late).retry_at) {
      page("An act of the rollback did not settle before its deadline", timed_out);
    }
    tell_unbalanced(late, "no settle before the deadline", timed_out);
    return true;
  }
  for (std::uint32_t i = 0; i < machine_.clocks.size(); ++i) {
    const Clock& clock = machine_.clocks[i];
    if (!clock.repeats || !state_.clocks[i].mark) continue;
    if (!reached(machine_, state_, ClockIndex{i}, now_)) continue;
    const Sequence fired = emit(TimerFired{ClockIndex{i}}, Sequence{});
    for (const EffectIndex effect : clock.on_reached) {
      request({effect, state_.active, fired});
    }
    return true;
  }
  return false;
}

bool Advance::retry_rollback() {
  const Sequence due = find_open(state_, [&](Sequence, const EffectState& effect) {
    return effect.rollback && effect.retry_at && *effect.retry_at <= now_;
  });
  if (!due.valid()) return false;
  const EffectState open = state_.effects.at(due);
  const Sequence again = request_traffic({.target = open.target,
                                          .to = open.to,
                                          .rollback = true,
                                          .spec = open.spec,
                                          .owner = open.state,
                                          .retry_of = open.first},
                                         due);
  const std::string whose = open.target.valid() ? " of " + machine_.at(open.target).name : "";
  page("Shift" + whose + " to " + percent_text(Fixed{open.to.nanos}) +
           " has not settled after attempt " + std::to_string(open.attempts) + ": " +
           breach_of(open.target),
       again);
  return true;
}

// What failed is worth another try while its step is not left; what was started, while its stage
// is not.
bool Advance::act_is_wanted(const EffectState& effect) const {
  if (machine_.contains(effect.state, state_.active)) return true;
  const Stage* here = effect.kind == EffectKind::start ? stage() : nullptr;
  return here != nullptr && machine_.contains(here->state, effect.state);
}

bool Advance::retry_act() {
  if (state_.rollback_rank == 0 && barred()) return false;
  const Sequence due = find_open(state_, [&](Sequence sequence, const EffectState& effect) {
    if (effect.rollback || !effect.retry_at || *effect.retry_at > now_) return false;
    // A ramp that goes on makes its next step by itself.
    if (!effect.spec.valid() || !act_is_wanted(effect)) return false;
    if (!is_last_attempt(state_, sequence, effect)) return false;
    return effect.kind != EffectKind::traffic || !(closed() || state_.is_back(effect.target));
  });
  if (!due.valid()) return false;
  const EffectState failed = state_.effects.at(due);
  request({failed.spec, failed.state, due, failed.first});
  return true;
}

bool Advance::step_ramp() {
  if (!state_.ramp || !machine_.at(state_.active).ramp) return false;
  const Ramp& ramp = *machine_.at(state_.active).ramp;
  const RampState books = *state_.ramp;
  const std::vector<TargetIndex> targets =
      ramp.targets.empty() ? std::vector<TargetIndex>(1) : ramp.targets;
  if (ramp.rollback) {
    const std::uint32_t due = ramp_due(ramp, books, now_);
    if (due <= books.steps_requested) return false;
    for (const TargetIndex target : targets) {
      request_traffic({.target = target,
                       .to = ramp_weight(ramp, ramp_of(state_, books, target), due),
                       .rollback = true,
                       .owner = state_.active},
                      state_.entered_by);
    }
    return true;
  }
  const TargetIndex target = targets.front();
  if (state_.is_back(target)) return false;
  if (barred() || closed() || books.steps_requested >= ramp_steps(ramp, books)) return false;
  if (books.steps_requested > 0) {
    if (now_ < books.last_requested + ramp.every) return false;
    if (state_.settled_at(target) != ramp_weight(ramp, books, books.steps_requested)) return false;
  }
  request_traffic({.target = target,
                   .to = ramp_weight(ramp, books, books.steps_requested + 1),
                   .deadline = ramp.deadline,
                   .owner = state_.active},
                  state_.entered_by);
  return true;
}

void Advance::shift_again(TargetIndex target, Sequence cause) {
  const EffectState* latest = nullptr;
  for (const auto& [sequence, effect] : state_.effects) {
    if (effect.kind != EffectKind::traffic || !effect.rollback) continue;
    if (effect.target == target) latest = &effect;
  }
  if (latest == nullptr) return;
  const EffectState open = *latest;
  request_traffic({.target = target,
                   .to = open.to,
                   .rollback = true,
                   .spec = open.spec,
                   .owner = open.state,
                   .retry_of = open.first},
                  cause);
}

void Advance::shift_all_again(Sequence cause) {
  if (machine_.targets.empty()) return shift_again(TargetIndex{}, cause);
  for (std::uint32_t i = 0; i < machine_.targets.size(); ++i) shift_again(TargetIndex{i}, cause);
}

// ---- Whether they are done ------------------------------------------------------------------

// Looked at from the last one on: a shift back that is not down yet ends it, however often it was
// asked for already.
bool Advance::acts_settled(StateIndex owner) const {
  if (is_skipped(owner)) return true;
  const auto& ramp = machine_.at(owner).ramp;
  if (ramp && (!state_.ramp || state_.ramp->steps_requested < ramp_steps(*ramp, *state_.ramp))) {
    return false;
  }
  std::optional<bool> last_succeeded;
  std::map<TargetIndex, Weight> wanted;  // by a rollback: the last one asked for
  for (auto one = state_.effects.rbegin(); one != state_.effects.rend(); ++one) {
    const auto& [sequence, effect] = *one;
    if (effect.state != owner) continue;
    if (!effect.rollback) {
      if (!last_succeeded) last_succeeded = effect.outcome == EffectOutcome::succeeded;
      continue;
    }
    // Of a rollback only what it asked for itself: it may have been here before (`resume_to`).
    if (sequence < state_.entered_by || !wanted.try_emplace(effect.target, effect.to).second) {
      continue;
    }
    if (state_.settled_at(effect.target) > effect.to) return false;
  }
  if (wanted.empty()) return last_succeeded.value_or(false);
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& one) {
    return is_shut(one.first, owner, state_.entered_by, one.second);
  });
}

// A rollback is done when a shift at or below the wanted weight has settled after it began and
// no forward shift can still come in between: it was asked for after those were given up.
bool Advance::is_shut(TargetIndex target, StateIndex owner, Sequence after, Weight wanted) const {
  if (state_.settled_at(target) > wanted) return false;
  Sequence given_up = after;  // when the last forward shift missed its deadline
  const bool open = any_open_act(state_.effects, [&](Sequence, const EffectState& effect) {
    if (effect.kind != EffectKind::traffic || effect.rollback || effect.target != target) {
      return false;
    }
    if (effect.outcome == EffectOutcome::timed_out) {
      given_up = std::max(given_up, effect.settled_by);
    }
    return !effect.outcome.has_value();
  });
  if (open) return false;
  return std::any_of(
      state_.effects.upper_bound(given_up), state_.effects.end(), [&](const auto& entry) {
        const EffectState& effect = entry.second;
        return (!owner.valid() || effect.state == owner) && effect.target == target &&
               effect.rollback && effect.to <= wanted && effect.outcome == EffectOutcome::succeeded;
      });
}

// The last one since the state was entered counts, unless it will be tried again: a stage that
// begins anew asks again for what had failed.
bool Advance::acts_failed(StateIndex owner) const {
  for (auto one = state_.effects.rbegin(); one != state_.effects.rend(); ++one) {
    const auto& [sequence, effect] = *one;
    if (sequence < state_.entered_by) return false;
    if (effect.state != owner || effect.rollback) continue;
    return effect.outcome && *effect.outcome != EffectOutcome::succeeded && !effect.retry_at;
  }
  return false;
}

// Of its last attempt; nothing while it is open, or will be tried again.
std::optional<EffectOutcome> Advance::outcome_of(EffectIndex spec) const {
  const EffectState* last = nullptr;
  for (const auto& [sequence, effect] : state_.effects) {
    if (effect.spec == spec) last = &effect;
  }
  return last == nullptr || last->retry_at ? std::nullopt : last->outcome;
}

}  // namespace rollbook::core
