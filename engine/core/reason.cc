// Reasons: what a step says of why it is taken. It quotes what its criteria read at that moment: a
// verdict is logged when it turns, and a gate may end, or a stop that was held back act, an hour
// after that. So what is quoted is read again first, and logged where it reads otherwise: the
// sentence, the evidence of a message and what `show` has are then of one look, the one acted upon.

#include <algorithm>
#include <iterator>

#include "engine/core/advance.h"
#include "engine/core/coarse.h"
#include "engine/core/semantics.h"
#include "engine/core/sentence.h"

namespace rollbook::core {
namespace {

// By what is exact alone: on another machine the last digit of a statistic may be another one, and
// the log has the same events there.
bool reads_otherwise(const Reading& now, const Reading& logged) {
  return now.at != logged.at || now.value != logged.value || now.limit != logged.limit ||
         now.samples != logged.samples;
}

// Why a check of a review does not pass.
std::string shortfall(const Machine& machine, const RolloutState& state, CriterionIndex index) {
  const Criterion& criterion = machine.at(index);
  const Reading& reading = state.readings[index.value];
  std::string text = sentence(machine, criterion, reading);
  if (reading.verdict == Verdict::no_data) return "no data: " + text;
  if (reading.verdict != Verdict::undecided) return text;
  const std::string coarse = coarse_text(machine, state, criterion, reading);
  if (!coarse.empty()) return text + ", " + coarse;
  const Duration width = machine.at(criterion.window).width;
  if (criterion.test == Test::none && reading.seen < width) {
    const auto seen = std::chrono::floor<std::chrono::seconds>(reading.seen);
    text += ", " + duration_text(seen) + " of " + duration_text(width) + " seen";
  }
  return text;
}

// "olga (ops) says no to `Fine`"; empty: nobody does, or nobody is asked.
std::string denial(const RolloutState& state, const Item& item, const Question* question) {
  std::string who;
  if (question == nullptr || state.semantics < kWordOfPeople) return who;
  for (const Answer& answer : question->answers) {
    if (answer.yes) continue;
    who += (who.empty() ? "" : ", ") + answer.actor + " (" + answer.role + ")";
  }
  return who.empty() ? who : who + " says no to `" + item.text + "`";
}

// A review that ran out of time. A decision that nobody took is no check that did not pass.
bool ends_review(const Machine& machine, const Transition& transition) {
  const State& from = machine.at(transition.from);
  return transition.trigger.kind == TriggerKind::clock && from.gate && from.phase != Phase::decide;
}

}  // namespace

// ---- What is quoted -------------------------------------------------------------------------

// The checks of the review that do not pass.
std::vector<CriterionIndex> Advance::unmet() const {
  std::vector<CriterionIndex> criteria;
  const auto& gate = machine_.at(state_.active).gate;
  if (!gate) return criteria;
  std::copy_if(gate->criteria.begin(), gate->criteria.end(), std::back_inserter(criteria),
               [&](CriterionIndex index) {
                 return state_.readings[index.value].verdict != Verdict::pass &&
                        is_judged(state_, machine_.at(index));
               });
  return criteria;
}

// The first of them that fails; invalid: none.
CriterionIndex Advance::failing() const {
  const std::vector<CriterionIndex> criteria = unmet();
  const auto fails = [&](CriterionIndex index) {
    return state_.readings[index.value].verdict == Verdict::fail;
  };
  const auto found = std::find_if(criteria.begin(), criteria.end(), fails);
  return found == criteria.end() ? CriterionIndex{} : *found;
}

// Of a stop also what the baseline said that did not hold it back: the evidence has both.
std::vector<CriterionIndex> Advance::quoted_by(const Transition& transition) const {
  const Trigger& trigger = transition.trigger;
  if (trigger.kind == TriggerKind::stop) {
    std::vector<CriterionIndex> criteria{trigger.criterion};
    criteria.insert(criteria.end(), trigger.also.begin(), trigger.also.end());
    criteria.insert(criteria.end(), trigger.unless.begin(), trigger.unless.end());
    return criteria;
  }
  if (trigger.kind == TriggerKind::gate_failed) {
    const CriterionIndex failed = failing();
    return failed.valid() ? std::vector<CriterionIndex>{failed} : std::vector<CriterionIndex>{};
  }
  if (transition.overrides || ends_review(machine_, transition)) return unmet();
  return {};
}

// Without a value there is nothing to quote but what was logged.
void Advance::read_again(const Transition& transition) {
  const bool fails = transition.trigger.kind == TriggerKind::gate_failed;
  for (const CriterionIndex index : quoted_by(transition)) {
    const Reading& logged = state_.readings[index.value];
    Reading now = evaluate(machine_, state_, pending_, index, now_);
    if (!now.value || differs(now, logged) || !reads_otherwise(now, logged)) continue;
    const Sequence cause = fails && instant_cause_.valid() ? instant_cause_ : cause_;
    const Sequence read = emit(VerdictChanged{index, std::move(now)}, cause);
    if (fails) instant_cause_ = read;
  }
}

// ---- The reason -----------------------------------------------------------------------------

// What the review still lacks, for whoever reads that it was overridden or that time ran out.
std::string Advance::lacking() const {
  std::string text;
  const auto& gate = machine_.at(state_.active).gate;
  if (!gate) return text;
  for (const CriterionIndex index : unmet()) {
    text += (text.empty() ? "" : "; ") + shortfall(machine_, state_, index);
  }
  for (const ItemIndex index : gate->confirms) {
    const Item& item = machine_.at(index);
    const Question* question = open_question(index);
    const bool agreed = question != nullptr && quorum_agrees(item.quorum, question->answers) &&
                        std::all_of(question->answers.begin(), question->answers.end(),
                                    [](const Answer& answer) { return answer.yes; });
    if (agreed) continue;
    const std::string no = denial(state_, item, question);
    text += (text.empty() ? "" : "; ") + (no.empty() ? "`" + item.text + "` not confirmed" : no);
  }
  return text;
}

// Who says no to what the review asks; empty: nobody does.
std::string Advance::said_no() const {
  std::string text;
  const auto& gate = machine_.at(state_.active).gate;
  if (!gate) return text;
  for (const ItemIndex index : gate->confirms) {
    const std::string no = denial(state_, machine_.at(index), open_question(index));
    text += (text.empty() || no.empty() ? "" : "; ") + no;
  }
  return text;
}

// Who ended the hold that the transition leads on from, where time alone had not yet; else nullptr.
const Promotion* Advance::promotion_of(const Transition& transition) const {
  const bool is_hold = transition.trigger.kind == TriggerKind::clock;
  if (!is_hold || state_.semantics < kWordOfPeople) return nullptr;
  const ClockIndex index = transition.trigger.clock;
  const ClockState& clock = state_.clocks[index.value];
  const bool early = watched(state_, index, now_) < limit_of(machine_, state_, index);
  return clock.promoted && (early || is_short(transition)) ? &*clock.promoted : nullptr;
}

// Of a hold that was promoted: how much of it was watched. Else "".
std::string Advance::held_text(const Transition& transition) const {
  const ClockIndex index = transition.trigger.clock;
  const Promotion* promotion = promotion_of(transition);
  const Duration limit = limit_of(machine_, state_, index);
  const Duration seen = watched(state_, index, now_);
  if (promotion == nullptr && seen >= limit) return "";
  const std::string part =
      duration_text(std::chrono::floor<std::chrono::seconds>(std::min(seen, limit))) + " of " +
      duration_text(limit);
  // One that was extended once it had been promoted has its own end.
  if (promotion == nullptr) return "held for " + part + ", the rest was promoted";
  std::string text = "promoted by " + promotion->actor + " after " + part;
  if (is_short(transition)) text += ", before " + machine_.at(transition.needs).text;
  return text;
}

std::string Advance::reason_of(const Transition& transition) const {
  const Trigger& trigger = transition.trigger;
  const auto quote = [&](CriterionIndex index) {
    return sentence(machine_, machine_.at(index), state_.readings[index.value]);
  };
  if (trigger.kind == TriggerKind::stop) {
    std::string text = quote(trigger.criterion);
    for (const CriterionIndex index : trigger.also) text += " and " + quote(index);
    return text;
  }
  if (transition.overrides || ends_review(machine_, transition)) {
    const std::string text = lacking();
    if (text.empty()) return transition.label;
    return transition.label + (transition.overrides ? ", overriding: " : ": ") + text;
  }
  if (trigger.kind == TriggerKind::gate_failed) {
    const CriterionIndex failed = failing();
    const std::string no = said_no();
    if (!failed.valid()) return no.empty() ? transition.label : no;
    return "not met: " + quote(failed) + (no.empty() ? "" : "; " + no);
  }
  if (trigger.kind == TriggerKind::failed) {
    for (const auto& [sequence, effect] : state_.effects) {
      if (effect.state != transition.from || !effect.outcome) continue;
      if (*effect.outcome == EffectOutcome::timed_out) {
        return transition.label + ": no settle before the deadline";
      }
    }
  }
  const bool told = trigger.kind == TriggerKind::clock && state_.semantics >= kWordOfPeople;
  const std::string held = told ? held_text(transition) : "";
  return held.empty() ? transition.label : held;
}

Sequence Advance::cause_of(const Transition& transition) {
  const Trigger& trigger = transition.trigger;
  switch (trigger.kind) {
    case TriggerKind::stop: {
      Sequence last = state_.judged[trigger.criterion.value];
      for (const CriterionIndex index : trigger.also) {
        last = std::max(last, state_.judged[index.value]);
      }
      return last;
    }
    case TriggerKind::clock:
      if (const Promotion* promotion = promotion_of(transition)) return promotion->by;
      return emit(TimerFired{trigger.clock}, Sequence{});
    case TriggerKind::settled:
    case TriggerKind::failed: {
      Sequence last;
      for (const auto& [sequence, effect] : state_.effects) {
        const bool own = trigger.effect.valid() ? effect.spec == trigger.effect
                                                : effect.state == transition.from;
        if (own) last = std::max(last, effect.settled_by);
      }
      return last.valid() ? last : state_.entered_by;
    }
    case TriggerKind::gate_passed:
    case TriggerKind::gate_failed:
    case TriggerKind::chosen:
      return instant_cause_.valid() ? instant_cause_ : state_.entered_by;
    default:
      return state_.entered_by;
  }
}

}  // namespace rollbook::core
