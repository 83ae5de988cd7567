// Commands: what people and programs may do, and the refusals with their way out.

#include <algorithm>
#include <charconv>

#include "engine/core/advance.h"
#include "engine/core/limits.h"
#include "engine/core/semantics.h"
#include "engine/core/sentence.h"

namespace rollbook::core {
namespace {

// The sequence in `<rollout>/<sequence>/<8 hex digits>`; nothing when it has another form.
std::optional<Sequence> sequence_in(const std::string& effect) {
  const std::size_t first = effect.find('/');
  if (first == std::string::npos) return std::nullopt;
  const std::size_t second = effect.find('/', first + 1);
  const char* begin = effect.data() + first + 1;
  const char* end = effect.data() + (second == std::string::npos ? effect.size() : second);
  Sequence sequence;
  const auto [rest, error] = std::from_chars(begin, end, sequence.value);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return sequence;
}

std::string roles_text(const std::vector<std::string>& roles) {
  std::string text;
  for (const std::string& role : roles) text += (text.empty() ? "`" : ", `") + role + "`";
  return text;
}

// Once it is open, one person does not put off a decision of several, nor wipe the answer that
// opened it: its quorum may.
std::string not_by_one(const Item& decision, const Question& question) {
  std::string offered, extends;
  for (const std::uint32_t i : question.offered) {
    const Option& option = decision.options[i];
    offered += (offered.empty() ? "`" : ", `") + option.name + "`";
    if (option.kind == OptionKind::extend && extends.empty()) extends = option.name;
  }
  return "decision `" + decision.text + "` is open, and only those it asks extend the stage: " +
         (extends.empty() ? "it offers " + offered : "vote for its option `" + extends + "`");
}

// "target `eu` is unknown: …", with those that there are.
std::string no_target(const Machine& machine, const std::string& name) {
  std::string known;
  for (const Target& target : machine.targets) {
    known += (known.empty() ? "`" : ", `") + target.name + "`";
  }
  return "target `" + name + "` is unknown: this runbook has " +
         (known.empty() ? "a single, unnamed one" : known);
}

}  // namespace

Sequence Advance::accept(const Command& command) {
  actor_ = command.actor;
  reason_ = command.reason;
  cause_ = emit(Commanded{command}, Sequence{});
  return cause_;
}

void Advance::refuse(const Command& command, std::string reason, std::string detail) {
  emit(Rejected{command, std::move(reason), std::move(detail)}, Sequence{});
}

void Advance::obey(const Command& command) {
  if (command.verb == Verb::settle) return settle(command);
  if (state_.finished()) {
    return refuse(command, "finished", "rollout `" + state_.id + "` has ended");
  }
  const bool taken_halted =
      command.verb == Verb::rollback || command.verb == Verb::abort || command.verb == Verb::resume;
  if (state_.halted && !taken_halted) {
    return refuse(command, "halted",
                  "rollout `" + state_.id + "` is halted (" + state_.halted_because +
                      "): only resume, rollback and abort are taken");
  }
  switch (command.verb) {
    case Verb::confirm:
      return confirm(command);
    case Verb::decide:
      return decide(command);
    case Verb::pause:
      return pause(command);
    case Verb::resume:
      return resume(command);
    case Verb::promote:
      return promote(command);
    case Verb::extend:
      return extend(command);
    case Verb::rollback:
      return roll_back(command);
    case Verb::abort:
      return abort(command);
    case Verb::rebalance:
      return rebalance(command);
    case Verb::start:
    case Verb::settle:
      return;
  }
}

// ---- Answers --------------------------------------------------------------------------------

const Question* Advance::question_of(const Command& command, ItemKind kind) const {
  for (const Question& question : state_.questions) {
    const Item& item = machine_.at(question.item);
    if (item.kind != kind) continue;
    if (command.question != 0) {
      if (question.number.value == command.question) return &question;
    } else if (kind == ItemKind::decide ? command.item.empty() || item.text == command.item
                                        : item.text == command.item) {
      return &question;
    }
  }
  return nullptr;
}

bool Advance::may_answer(const Command& command, const Question& question) {
  const Quorum& quorum = machine_.at(question.item).quorum;
  if (command.actor.empty()) {
    refuse(command, "invalid", "an answer needs an `actor`");
    return false;
  }
  if (std::find(quorum.roles.begin(), quorum.roles.end(), command.role) == quorum.roles.end()) {
    refuse(command, "role",
           "role `" + command.role + "` is not asked; asked is " + roles_text(quorum.roles));
    return false;
  }
  for (const Answer& answer : question.answers) {
    if (answer.actor == command.actor && answer.role != command.role) {
      refuse(command, "same_person",
             "`" + command.actor + "` has answered as `" + answer.role +
                 "`; every role needs another person");
      return false;
    }
  }
  return true;
}

void Advance::confirm(const Command& given) {
  Command command = given;
  const Question* question = question_of(command, ItemKind::confirm);
  if (question == nullptr) {
    return refuse(command, "no_question",
                  "no open question `" + command.item + "`" +
                      (command.question != 0 ? " of number " + std::to_string(command.question)
                                             : std::string()) +
                      "; see `waiting_for` of the status");
  }
  const auto& roles = machine_.at(question->item).quorum.roles;
  if (command.role.empty() && roles.size() == 1) command.role = roles.front();
  if (!may_answer(command, *question)) return;
  const Sequence number = question->number;
  const Sequence taken = accept(command);
  instant_cause_ = emit(Confirmed{number, command.role, command.actor, command.yes}, taken);
  instant_ = true;
}

void Advance::decide(const Command& given) {
  Command command = given;
  const Question* question = question_of(command, ItemKind::decide);
  if (question == nullptr) {
    return refuse(command, "no_question", "no open decision; see `waiting_for` of the status");
  }
  const Item& item = machine_.at(question->item);
  if (command.role.empty() && item.quorum.roles.size() == 1) {
    command.role = item.quorum.roles.front();
  }
  std::string offered;
  std::optional<std::uint32_t> option;
  for (const std::uint32_t i : question->offered) {
    offered += (offered.empty() ? "`" : ", `") + item.options[i].name + "`";
    if (item.options[i].name == command.option) option = i;
  }
  if (!option) {
    return refuse(command, "option",
                  "option `" + command.option + "` is not offered; offered is " + offered);
  }
  if (!may_answer(command, *question)) return;
  const Sequence number = question->number;
  const Sequence taken = accept(command);
  instant_cause_ = emit(Decided{number, command.role, command.actor, *option}, taken);
  instant_ = true;
}

// ---- Holding --------------------------------------------------------------------------------

void Advance::pause(const Command& command) {
  std::optional<Time> until;
  if (command.duration) until = now_ + *command.duration;
  const Sequence taken = accept(command);
  cause_ = emit(Paused{until}, taken);
}

void Advance::resume(const Command& command) {
  if (state_.halted) return resume_halted(command);
  if (!state_.paused) {
    return refuse(command, "not_paused", "rollout `" + state_.id + "` is not paused");
  }
  const Sequence taken = accept(command);
  instant_cause_ = emit(Resumed{}, taken);
  instant_ = true;
}

// People are asked anew: what they said before the halt was about another situation.
void Advance::resume_halted(const Command& command) {
  const Sequence taken = accept(command);
  instant_cause_ = emit(Resumed{}, taken);
  instant_ = true;
  if (state_.resuming) return;
  const State& active = machine_.at(state_.active);
  for (const EffectIndex effect : active.entry) {
    if (active.phase != Phase::decide) break;
    request({effect, state_.active, instant_cause_});
  }
  std::vector<ItemIndex> items;
  for (StateIndex i = state_.active; i.valid(); i = machine_.at(i).parent) {
    items.insert(items.begin(), machine_.at(i).asks.begin(), machine_.at(i).asks.end());
  }
  for (const ItemIndex item : items) ask(item, instant_cause_);
}

void Advance::promote(const Command& command) {
  const Stage* here = stage();
  if (here == nullptr || !here->hold.valid() ||
      !machine_.contains(machine_.at(here->hold).owner, state_.active)) {
    return refuse(command, "not_in_hold",
                  "only a hold can be promoted; `" + state_.id + "` is in `" +
                      machine_.at(state_.active).name + "`");
  }
  accept(command);
}

void Advance::extend(const Command& command) {
  const Stage* here = stage();
  const Phase phase = machine_.at(state_.active).phase;
  const bool in_hold = here != nullptr && here->hold.valid() &&
                       machine_.contains(machine_.at(here->hold).owner, state_.active);
  const bool in_review = phase == Phase::review || phase == Phase::decide;
  if (here == nullptr || !here->hold.valid() || !(in_hold || in_review)) {
    return refuse(command, "not_in_hold",
                  "only a hold or its review can be extended; `" + state_.id + "` is in `" +
                      machine_.at(state_.active).name + "`");
  }
  if (!command.duration || *command.duration <= Duration::zero()) {
    return refuse(command, "invalid", "`by` must be a duration above zero, like `2h`");
  }
  const std::uint32_t most = here->extend_at_most != 0 ? here->extend_at_most : kExtensionsMost;
  const auto used = state_.extensions[static_cast<std::size_t>(here - machine_.stages.data())];
  if (used >= most) {
    return refuse(command, "used_up",
                  "stage `" + here->name + "` has been extended " + std::to_string(used) +
                      " times, at most " + std::to_string(most) + " are allowed");
  }
  const Question* decision = state_.semantics < kWordOfPeople ? nullptr : open_decision();
  if (decision != nullptr) {
    return refuse(command, "deciding", not_by_one(machine_.at(decision->item), *decision));
  }
  const StateIndex after = here->after_extend;
  const Sequence taken = accept(command);
  if (!in_hold) {
    move(TransitionIndex{}, after, taken,
         "extended by " + duration_text(*command.duration) + " by " + command.actor);
  }
}

// ---- Going back -----------------------------------------------------------------------------

TransitionIndex Advance::triggered(TriggerKind kind, TargetIndex target) const {
  for (std::uint32_t i = 0; i < machine_.transitions.size(); ++i) {
    const Transition& transition = machine_.transitions[i];
    if (transition.trigger.kind == kind && transition.trigger.target == target &&
        machine_.contains(transition.from, state_.active)) {
      return TransitionIndex{i};
    }
  }
  return TransitionIndex{};
}

void Advance::roll_back(const Command& command) {
  const TargetIndex target = machine_.find_target(command.target);
  if (!command.target.empty() && !target.valid()) {
    return refuse(command, "invalid", no_target(machine_, command.target));
  }
  if (state_.irreversible && state_.rollback_rank == 0) {
    return refuse(command, "irreversible",
                  "a step was taken that cannot be undone: there is no way back");
  }
  if (command.to != kNoTraffic) return roll_back_partly(command, target);
  if (state_.is_back(target)) return roll_back_again(command, target);
  const bool immediate = command.how == RollbackHow::immediate;
  const TransitionIndex transition = triggered(
      immediate ? TriggerKind::rollback_immediate : TriggerKind::rollback_gradual, target);
  if (target.valid() && !transition.valid()) {
    return refuse(command, "invalid",
                  "no traffic of `" + command.target +
                      "` has been shifted: abort the rollout, or wait for its first shift");
  }
  const std::uint32_t rank = transition.valid() ? machine_.rank(machine_.at(transition).to)
                             : immediate        ? state_.rollback_rank
                                                : 1;
  if (state_.rollback_rank > rank) {
    return refuse(command, "softer", "the rollback under way is the faster one");
  }
  // One to a weight above nothing ends halted; going on from there to nothing is another one.
  const bool partial = state_.resume_to.valid();
  if (rank > 0 && state_.rollback_rank == rank && !immediate && !partial) {
    return refuse(command, "already", "a gradual rollback is under way");
  }
  const Sequence taken = accept(command);
  if (!transition.valid()) return shift_all_again(taken);
  take_transition(transition, taken,
                  std::string(immediate ? "immediate" : "gradual") + " rollback" +
                      (target.valid() ? " of " + machine_.at(target).name : "") + " by " +
                      command.actor + (command.reason.empty() ? "" : ": " + command.reason));
}

// Of a target that is on its way back already: it is hastened, its rollback goes on.
void Advance::roll_back_again(const Command& command, TargetIndex target) {
  const TargetState& books = state_.at(target);
  if (command.how == RollbackHow::gradual || is_down(target)) {
    return refuse(command, "already",
                  "target `" + books.name + "` has been rolled back: " + books.breach);
  }
  const Weight floor = books.floor;
  const Sequence taken = accept(command);
  request_traffic({.target = target, .to = floor, .rollback = true, .owner = state_.active}, taken);
}

// To a weight above nothing, and halted there.
void Advance::roll_back_partly(const Command& command, TargetIndex target) {
  const TransitionIndex transition = triggered(TriggerKind::rollback_partial, target);
  if (state_.is_back(target)) return roll_back_again(command, target);
  if (state_.rollback_rank > 0 && !state_.resume_to.valid()) {
    return refuse(command, "softer", "the rollback under way goes further");
  }
  if (!transition.valid() || !state_.shifted) {
    return refuse(command, "invalid", "nothing has been shifted that could be lowered");
  }
  const Weight now = target.valid()
                         ? std::max(state_.at(target).settled, state_.at(target).requested)
                         : std::max(state_.settled, state_.requested);
  if (command.to >= now) {
    return refuse(command, "invalid",
                  "the canary is at " + percent_text(Fixed{now.nanos}) +
                      ": a rollback only lowers it, `to` must be less");
  }
  const Sequence taken = accept(command);
  take_transition(transition, taken,
                  "rollback" + (target.valid() ? " of " + machine_.at(target).name : "") + " to " +
                      percent_text(Fixed{command.to.nanos}) + " by " + command.actor +
                      (command.reason.empty() ? "" : ": " + command.reason));
}

void Advance::abort(const Command& command) {
  const TransitionIndex transition = triggered(TriggerKind::abort);
  const bool back = transition.valid() && !machine_.at(transition).halts &&
                    !has_no_way_back(machine_.at(transition));
  if (state_.halted && !back) {
    return refuse(command, state_.irreversible ? "irreversible" : "halted",
                  state_.irreversible
                      ? "there is no way back any more: the rollout stays halted, or is resumed"
                      : "an abort halts here, and it is halted already: resume it or roll it back");
  }
  const Sequence taken = accept(command);
  // A softer rollback stays the one that was chosen; `rollback` hastens it. One to more than
  // nothing does not bring an abort about.
  const bool under_way = state_.rollback_rank > 0 && !state_.resume_to.valid();
  if (under_way || !transition.valid()) return shift_all_again(taken);
  const std::string because =
      "aborted by " + command.actor + (command.reason.empty() ? "" : ": " + command.reason);
  if (!back) return halt(taken, because, CriterionIndex{});
  take_transition(transition, taken, because);
}

// ---- Outcomes of effects --------------------------------------------------------------------

void Advance::settle(const Command& command) {
  const std::optional<Sequence> sequence = sequence_in(command.effect);
  if (!sequence || *sequence > state_.last || !sequence->valid()) {
    return refuse(command, "unknown_effect",
                  "no effect `" + command.effect + "` in rollout `" + state_.id + "`");
  }
  const auto found = state_.effects.find(*sequence);
  if (found == state_.effects.end()) {
    accept(command);  // nobody awaits it: kept in the log, moves nothing
    return;
  }
  if (found->second.outcome == EffectOutcome::timed_out) {
    return refuse(command, "late", "effect `" + command.effect + "` has missed its deadline");
  }
  if (found->second.outcome) {
    return refuse(command, "settled", "effect `" + command.effect + "` has settled already");
  }
  const EffectState effect = found->second;
  const Sequence taken = accept(command);
  cause_ = emit(
      EffectSettled{*sequence, command.succeeded ? EffectOutcome::succeeded : EffectOutcome::failed,
                    command.detail, command.result},
      taken);
  if (!command.succeeded && !state_.finished() && lose_shift(effect, cause_, "failed")) return;
  if (!command.succeeded && !state_.finished() && state_.rollback_rank > 0 &&
      effect.kind != EffectKind::traffic && !state_.effects.at(*sequence).retry_at) {
    page("An act of the rollback failed: " + command.detail, cause_);
  }
  if (!command.succeeded) tell_unbalanced(*sequence, command.detail, cause_);
}

}  // namespace rollbook::core
