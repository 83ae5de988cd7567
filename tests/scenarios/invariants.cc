#include "tests/scenarios/invariants.h"

#include <algorithm>

#include "engine/core/advance.h"
#include "engine/core/judge.h"
#include "engine/core/windows.h"

namespace rollbook::tests {

using core::Sight;
using core::TriggerKind;

void Invariants::expect(bool condition, const core::Event& event, const std::string& what) {
  if (condition) return;
  broken_.push_back("event " + std::to_string(event.stream.value) + "/" +
                    std::to_string(event.sequence.value) + ": " + what);
}

void Invariants::see(const core::Machine& machine, const core::RolloutState& before,
                     const core::Event& event) {
  core::Sequence& last = last_[event.stream];
  expect(event.sequence.value == last.value + 1, event, "a hole in the sequences");
  expect(event.cause < event.sequence, event, "an event is not its own cause");
  expect(event.time >= before.now || !last.valid(), event, "engine time went back");
  last = event.sequence;
  see_ids(before, event);
  if (event.stream == core::kShardStream) return;
  const bool refused = std::holds_alternative<core::Rejected>(event.body);
  const bool settle = std::holds_alternative<core::Commanded>(event.body);
  expect(!before.finished() || refused || settle, event, "an event after the end");
  if (const auto* shift = std::get_if<core::EffectRequested>(&event.body)) {
    if (shift->kind == core::EffectKind::traffic) see_shift(machine, before, event, *shift);
  } else if (const auto* moved = std::get_if<core::Transitioned>(&event.body)) {
    see_move(machine, before, event, *moved);
  } else if (const auto* fired = std::get_if<core::TimerFired>(&event.body)) {
    const bool steady = machine.at(fired->clock).kind == core::ClockKind::steady;
    expect(steady || before.sight == Sight::live, event, "a deadline fired unseen");
  } else if (const auto* settled = std::get_if<core::EffectSettled>(&event.body)) {
    const auto effect = before.effects.find(settled->effect);
    expect(effect != before.effects.end() && !effect->second.outcome, event,
           "an effect settled that nobody awaits");
    expect(settled->outcome != core::EffectOutcome::timed_out || before.sight == Sight::live, event,
           "a deadline of an effect passed unseen");
  } else if (std::holds_alternative<core::Resumed>(event.body) && before.halted) {
    going_back_.erase(event.stream);  // a person takes the rollback to more than nothing back
  }
}

bool Invariants::waits(const core::Machine& machine, const core::RolloutState& before) {
  if (before.paused || before.halted || before.sight != Sight::live) return true;
  for (const core::CriterionIndex index : core::armed(machine, before)) {
    if (machine.at(index).kind == core::CriterionKind::pause &&
        before.readings[index.value].verdict == core::Verdict::fail) {
      return true;
    }
  }
  return false;
}

void Invariants::see_shift(const core::Machine& machine, const core::RolloutState& before,
                           const core::Event& event, const core::EffectRequested& effect) {
  std::int64_t& last = orders_[before.service];
  expect(effect.order > last, event, "the order of shifts must rise");
  last = std::max(last, effect.order);
  expect(effect.to >= core::kNoTraffic && effect.to <= core::kAllTraffic, event,
         "a weight outside 0..1");
  expect(effect.from == before.settled_at(effect.target), event,
         "a shift begins at the settled weight");
  expect(effect.deadline.has_value(), event, "a shift without a deadline");
  if (effect.rollback) {
    if (!effect.target.valid()) going_back_.insert(event.stream);
    expect(effect.to <= effect.from, event, "a rollback must not raise the weight");
    return;
  }
  expect(!going_back_.contains(event.stream), event, "forward after a rollback");
  expect(!back_.contains({event.stream, effect.target}), event,
         "forward in a target that was rolled back");
  expect(!waits(machine, before), event, "forward while it is barred");
}

void Invariants::see_move(const core::Machine& machine, const core::RolloutState& before,
                          const core::Event& event, const core::Transitioned& moved) {
  const auto& into = machine.at(moved.to);
  const std::uint32_t rank = [&] {
    std::uint32_t highest = 0;
    for (auto i = moved.to; i.valid(); i = machine.at(i).parent) {
      highest = std::max(highest, machine.at(i).rollback_rank);
    }
    return highest;
  }();
  if (before.rollback_rank > 0) {
    const bool nothing_done = into.outcome == core::Outcome::aborted && !before.shifted;
    expect(rank >= before.rollback_rank || into.outcome == core::Outcome::rolled_back ||
               nothing_done || before.resuming,
           event, "a rollback is left only by its end, by a faster one, or resumed");
  }
  for (auto i = moved.to; i.valid(); i = machine.at(i).parent) {
    for (const core::Lowering& lowering : machine.at(i).lowers) {
      back_.insert({event.stream, lowering.target});
    }
  }
  const bool lost = std::any_of(back_.begin(), back_.end(),
                                [&](const auto& one) { return one.first == event.stream; });
  expect(!lost || into.outcome != core::Outcome::succeeded, event,
         "a success without a target that was rolled back");
  if (rank > 0) {
    going_back_.insert(event.stream);
    expect(!before.irreversible || before.rollback_rank > 0, event,
           "a rollback after what cannot be taken back");
  }
  const bool ends = into.outcome == core::Outcome::aborted ||
                    (lost && into.outcome == core::Outcome::rolled_back);
  expect(!before.halted || rank > 0 || ends, event, "a halted rollout moves back only");
  expect(!moved.because.empty() || rank > 0 || !moved.transition.valid() ||
             machine.at(moved.transition).trigger.kind == TriggerKind::settled ||
             machine.at(moved.transition).trigger.kind == TriggerKind::always,
         event, "a step without a reason");
  if (!moved.transition.valid()) return;
  const core::Transition& transition = machine.at(moved.transition);
  if (transition.forward) {
    expect(!waits(machine, before), event, "a step forward while barred");
    expect(!going_back_.contains(event.stream), event, "a step forward after a rollback");
  }
  const core::State& from = machine.at(before.active);
  if (transition.trigger.kind == TriggerKind::gate_passed || transition.needs_gate) {
    see_review(machine, before, event, from);
  }
}

// The review re-evaluates to pass from nothing but what the log holds.
void Invariants::see_review(const core::Machine& machine, const core::RolloutState& before,
                            const core::Event& event, const core::State& from) {
  expect(from.gate.has_value(), event, "a review was passed where there is none");
  if (!from.gate) return;
  for (const core::CriterionIndex criterion : from.gate->criteria) {
    if (!core::is_judged(before, machine.at(criterion))) continue;
    const core::Reading again =
        core::evaluate(machine, before, core::Pending{}, criterion, event.time);
    expect(before.readings[criterion.value].verdict == core::Verdict::pass &&
               again.verdict == core::Verdict::pass,
           event, "passed without `" + machine.at(criterion).id + "`");
  }
  for (const core::ItemIndex item : from.gate->confirms) {
    const auto question =
        std::find_if(before.questions.begin(), before.questions.end(),
                     [&](const core::Question& open) { return open.item == item; });
    const bool agreed = question != before.questions.end() &&
                        core::quorum_agrees(machine.at(item).quorum, question->answers) &&
                        std::all_of(question->answers.begin(), question->answers.end(),
                                    [](const core::Answer& answer) { return answer.yes; });
    expect(agreed, event, "passed without `" + machine.at(item).text + "`");
  }
}

void Invariants::see_ids(const core::RolloutState& before, const core::Event& event) {
  if (const auto* started = std::get_if<core::RolloutStarted>(&event.body)) {
    expect(rollouts_.insert(started->rollout).second, event, "a rollout's id was used twice");
  } else if (const auto* commanded = std::get_if<core::Commanded>(&event.body)) {
    expect(commands_.insert(commanded->command.key).second, event, "a command acted twice");
  } else if (const auto* rejected = std::get_if<core::Rejected>(&event.body)) {
    expect(commands_.insert(rejected->command.key).second, event, "a command was answered twice");
  } else if (const auto* confirmed = std::get_if<core::Confirmed>(&event.body)) {
    expect(std::any_of(before.questions.begin(), before.questions.end(),
                       [&](const core::Question& q) { return q.number == confirmed->question; }),
           event, "an answer to no open question");
  } else if (const auto* decided = std::get_if<core::Decided>(&event.body)) {
    expect(std::any_of(before.questions.begin(), before.questions.end(),
                       [&](const core::Question& q) { return q.number == decided->question; }),
           event, "a vote in no open decision");
  }
}

namespace {

// What is known of the baseline up to the breach is a condition that it does not fail in, with
// nothing since that it could fail by, and what it brought for as long as it is waited for does not
// read above the limit.
bool is_well(const core::Machine& machine, const core::RolloutState& state,
             const core::Trigger& trigger, core::CriterionIndex index) {
  const core::Criterion& criterion = machine.at(index);
  const core::SeriesState& series = state.series[core::fed_by(machine, criterion).value];
  if (series.stale || !series.seen) return true;
  if (series.watermark < state.readings[trigger.criterion.value].at) return false;
  const core::Verdict verdict = state.readings[index.value].verdict;
  if (verdict == core::Verdict::no_data) return true;
  const bool by_more = criterion.comparison == core::Comparison::greater ||
                       criterion.comparison == core::Comparison::greater_equal;
  if (criterion.measure != core::Measure::ratio || !by_more) return false;
  const core::Pending nothing;
  const auto came = [&](core::WindowIndex window, core::Duration span) {
    return core::sum_between(machine, state, nothing, window, series.watermark - span,
                             series.watermark)
        .value.nanos;
  };
  const core::Duration waited = state.limits.stale_after;
  const bool reads_above = came(criterion.window, waited) * core::Fixed::kScale >
                           criterion.limit.nanos * came(criterion.denominator, waited);
  return verdict == core::Verdict::pass && came(criterion.window, state.limits.grace) == 0 &&
         !reads_above;
}

// A stop that the baseline holds back: while it fails too, what goes forward is halted; else it
// waits no longer than it may.
bool may_wait(const core::Machine& machine, const core::RolloutState& state,
              const core::Trigger& trigger, core::Time now) {
  if (trigger.unless.empty()) return false;
  core::Time turned = state.turned[trigger.criterion.value];
  bool shared = true;
  for (const core::CriterionIndex index : trigger.unless) {
    turned = std::max(turned, state.turned[index.value]);
    shared = shared && state.readings[index.value].verdict == core::Verdict::fail;
  }
  if (shared) return state.halted || state.rollback_rank > 0;
  const bool was_shared = turned > state.turned[trigger.criterion.value] + state.limits.grace;
  if (was_shared || now - turned < state.limits.grace) return true;
  const bool well = std::any_of(
      trigger.unless.begin(), trigger.unless.end(),
      [&](core::CriterionIndex index) { return is_well(machine, state, trigger, index); });
  return !well && now - turned < state.limits.stale_after;
}

// A guard may see in another target what its own rollback does not end.
bool brought_back(const core::Machine& machine, const core::RolloutState& state,
                  const core::Transition& transition) {
  if (!machine.contains(transition.from, transition.to)) return false;
  bool any = false;
  for (auto i = transition.to; i.valid(); i = machine.at(i).parent) {
    for (const core::Lowering& lowering : machine.at(i).lowers) {
      if (!state.at(lowering.target).unwatched) return false;
      any = true;
    }
  }
  return any;
}

}  // namespace

void Invariants::rest(const core::Machine& machine, const core::RolloutState& state, core::Time now,
                      std::int64_t read) {
  if (!state.active.valid()) return;
  const core::Event at{state.stream, state.last, now, {}, core::Resumed{}};
  auto& known = offsets_[state.stream];
  for (const core::SourceOffset& offset : state.offsets) {
    expect(offset.next <= read, at, "counted further than was read");
    for (const core::SourceOffset& earlier : known) {
      if (earlier.topic == offset.topic && earlier.partition == offset.partition) {
        expect(earlier.next <= offset.next, at, "an offset went back");
      }
    }
  }
  known = state.offsets;
  if (state.finished()) return;
  const auto fails = [&](core::CriterionIndex index) {
    return core::is_judged(state, machine.at(index)) &&
           state.readings[index.value].verdict == core::Verdict::fail;
  };
  for (const core::CriterionIndex index : core::armed(machine, state)) {
    const core::Criterion& criterion = machine.at(index);
    if (criterion.kind != core::CriterionKind::stop || criterion.part || !fails(index)) continue;
    const bool leads = std::any_of(machine.transitions.begin(), machine.transitions.end(),
                                   [&](const auto& transition) {
                                     return transition.trigger.kind == TriggerKind::stop &&
                                            transition.trigger.criterion == index &&
                                            machine.contains(transition.from, state.active);
                                   });
    expect(leads || state.rollback_rank > 0, at,
           "a breach of `" + criterion.text + "` that leads nowhere");
  }
  for (const core::Transition& transition : machine.transitions) {
    const core::Trigger& trigger = transition.trigger;
    const bool armed =
        trigger.kind == TriggerKind::stop && machine.contains(transition.from, state.active) &&
        fails(trigger.criterion) && std::all_of(trigger.also.begin(), trigger.also.end(), fails);
    // A guard that cannot roll back any more halts.
    const bool halts = transition.halts || (state.irreversible && state.rollback_rank == 0);
    expect(!armed || (halts && state.halted) || may_wait(machine, state, trigger, now) ||
               brought_back(machine, state, transition),
           at, "a breach of `" + transition.label + "` that nothing came of");
  }
}

void Invariants::sent(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    if (!sent_.insert(id).second) broken_.push_back("message " + id + " was made twice");
  }
}

std::vector<std::string> Invariants::take() {
  std::vector<std::string> broken;
  broken.swap(broken_);
  return broken;
}

}  // namespace rollbook::tests
