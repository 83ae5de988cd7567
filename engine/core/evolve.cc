// evolve(): folds one event into the state. It copies what decide() found and keeps clocks,
// questions and the place of the rollout; what was measured and traffic have files of their own
// (evolve_parts.h). It takes no decision.

#include <algorithm>

#include "engine/core/breakdown.h"
#include "engine/core/clocks.h"
#include "engine/core/evolve_parts.h"
#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/past.h"
#include "engine/core/resume.h"
#include "engine/core/trials.h"

namespace rollbook::core {
namespace {

// The engine-time deadlines of what waits move on by the time that did not count.
void shift_deadlines(RolloutState& state, Duration by) {
  for (auto& [sequence, effect] : state.effects) {
    if (effect.deadline && !effect.outcome) *effect.deadline += by;
  }
}

// Silence counts only while somebody listens.
void leave_out_silence(RolloutState& state, Time from, Time to) {
  for (SeriesState& series : state.series) {
    if (series.seen) series.arrival = leave_out(series.arrival, from, to);
  }
  state.quiet_since = leave_out(state.quiet_since, from, to);
}

struct Fold {
  const Machine& machine;
  RolloutState& state;
  const Event& event;

  void operator()(const RolloutStarted& body) const {
    state.id = body.rollout;
    state.stream = event.stream;
    state.service = body.service;
    state.version = body.version;
    state.digest = body.digest;
    state.limits = body.limits;
    state.semantics = body.semantics;
    state.started = event.time;
    state.quiet_since = event.time;
    TrafficFold{machine, state, event}.start(body);
    state.clocks.resize(machine.clocks.size());
    state.series.resize(machine.series.size());
    state.metrics.resize(machine.metrics.size());
    state.windows.resize(machine.windows.size());
    state.readings.resize(machine.criteria.size());
    state.judged.resize(machine.criteria.size());
    state.turned.resize(machine.criteria.size());
    state.tests.resize(machine.criteria.size());
    state.extensions.resize(machine.stages.size());
    state.breakdowns.resize(breakdowns_of(machine).size());
    if (body.back) begin_back(state, *body.back);
    begin_tests(machine, state, Floor::start);
  }

  void operator()(const Observed& body) const { MeasuredFold{machine, state, event}.take(body); }

  void operator()(const VerdictChanged& body) const {
    const Verdict before = state.readings[body.criterion.value].verdict;
    const bool turned = before != body.reading.verdict;
    if (turned) state.turned[body.criterion.value] = event.time;
    state.readings[body.criterion.value] = body.reading;
    state.judged[body.criterion.value] = event.sequence;
    const bool recovered = before == Verdict::fail && body.reading.verdict == Verdict::pass;
    if (recovered && machine.at(body.criterion).veto) {
      baseline_recovered(machine, state, body.criterion);
    }
  }

  void operator()(const Transitioned& body) const {
    const StateIndex from = state.active;
    state.active = body.to;
    state.entered = event.time;
    state.entered_by = event.sequence;
    state.because = body.because;
    if (body.transition.valid()) extend(machine.at(body.transition));
    enter(from, body.to);
    TrafficFold{machine, state, event}.move(from, body);
  }

  void operator()(const TimerFired& body) const {
    const Clock& spec = machine.at(body.clock);
    if (!spec.repeats) return;
    ClockState& clock = state.clocks[body.clock.value];
    clock.elapsed = Duration::zero();
    if (clock.mark) clock.mark = event.time;
  }

  void operator()(const EffectRequested& body) const {
    TrafficFold{machine, state, event}.request(body);
  }

  void operator()(const EffectDelivered&) const {}

  void operator()(const EffectSettled& body) const {
    TrafficFold{machine, state, event}.settle(body);
  }

  void operator()(const Commanded& body) const {
    const Command& command = body.command;
    state.commands.insert(command.key);
    if (command.verb == Verb::rollback) TrafficFold{machine, state, event}.aim_rollback(command);
    if (command.verb == Verb::promote) end_hold(command.actor);
    if (command.verb == Verb::extend && command.duration) extend_stage(*command.duration);
  }

  void operator()(const Rejected& body) const { state.commands.insert(body.command.key); }

  void operator()(const Asked& body) const {
    state.questions.push_back(Question{event.sequence, body.item, {}, body.offered});
  }
  void operator()(const Confirmed& body) const {
    answer(body.question, Answer{body.role, body.actor, body.yes, 0});
  }
  void operator()(const Decided& body) const {
    answer(body.question, Answer{body.role, body.actor, true, body.option});
  }

  // Who resumes a halted rollout ends a pause as well: one word, one meaning.
  void operator()(const Paused& body) const {
    state.paused = !body.halt;
    state.paused_until = body.until;
    if (!body.halt) return;
    state.halted = true;
    state.halted_because = body.because;
    state.resuming = false;
  }
  void operator()(const Resumed&) const {
    state.paused = false;
    state.paused_until.reset();
    if (!state.halted) return;
    resume_halted(machine, state, event.time);
    TrafficFold{machine, state, event}.resume_ramp();
  }

  void operator()(const RolloutFinished& body) const {
    state.outcome = body.outcome;
    state.because = body.because;
    state.questions.clear();
  }

  void operator()(const EngineGap& body) const {
    for (std::size_t i = 0; i < machine.clocks.size(); ++i) {
      ClockState& clock = state.clocks[i];
      if (!clock.mark || machine.clocks[i].kind == ClockKind::steady) continue;
      clock.mark = leave_out(*clock.mark, body.from, body.to);
    }
    // Away from live the gap is a part of what is left out when it is live again.
    if (state.sight != Sight::live) return;
    shift_deadlines(state, body.to - body.from);
    leave_out_silence(state, body.from, body.to);
  }

  // After a small step back what is measured comes late, and is not counted, until the clocks have
  // made up for it; the runtime brings points to engine time after a large one.
  void operator()(const ClockStep& body) const {
    const Duration rest = std::clamp(-body.by, Duration::zero(), kClockStepBackMost);
    state.quiet_since = std::max(state.quiet_since, event.time + rest);
  }

  void operator()(const SourceStatus& body) const {
    if (body.sight == state.sight) return;
    if (state.sight == Sight::live) {
      state.sight_since = event.time;
    } else if (body.sight == Sight::live) {
      shift_deadlines(state, event.time - state.sight_since);
      leave_out_silence(state, state.sight_since, event.time);
    }
    state.sight = body.sight;
  }

  void operator()(const SourceGap&) const {
    state.whole_from = event.time;
    // What was lost would look like a change.
    for (std::uint32_t i = 0; i < machine.criteria.size(); ++i) {
      const bool runs =
          machine.criteria[i].test == Test::unchanged && !state.tests[i].starts.empty();
      if (runs) begin_test(machine, state, CriterionIndex{i});
    }
  }

 private:
  // Questions of states that were left are closed; clocks and readings of states entered anew
  // begin again.
  void enter(StateIndex from, StateIndex to) const {
    const auto newly = [&](StateIndex state_index) {
      return machine.contains(state_index, to) &&
             (!from.valid() || from == state_index || !machine.contains(state_index, from));
    };
    std::erase_if(state.questions, [&](const Question& question) {
      for (StateIndex i = to; i.valid(); i = machine.at(i).parent) {
        const auto& asks = machine.at(i).asks;
        if (std::find(asks.begin(), asks.end(), question.item) != asks.end()) return newly(i);
      }
      return true;
    });
    for (std::size_t i = 0; i < machine.clocks.size(); ++i) {
      if (machine.clocks[i].restarts && newly(machine.clocks[i].owner)) {
        state.clocks[i] = ClockState{};
      }
    }
    for (StateIndex i = to; i.valid(); i = machine.at(i).parent) {
      if (!newly(i)) continue;
      for (const CriterionIndex criterion : machine.at(i).armed) {
        state.readings[criterion.value] = Reading{};
        begin_test(machine, state, criterion);
      }
    }
  }

  // An extension gives what has not passed another chance, of all its α.
  void begin_anew() const {
    for (const CriterionIndex index : armed(machine, state)) {
      const Criterion& criterion = machine.at(index);
      Reading& reading = state.readings[index.value];
      if (criterion.test == Test::none || criterion.kind != CriterionKind::expect ||
          reading.verdict == Verdict::pass) {
        continue;
      }
      reading = Reading{};
      begin_test(machine, state, index);
    }
  }

  void extend(const Transition& transition) const {
    if (!transition.extends.valid()) return;
    const Option& option = machine.at(transition.trigger.item).options[transition.trigger.option];
    lengthen(transition.extends, option.extend_by);
    if (transition.extends_most.valid()) lengthen(transition.extends_most, option.extend_by);
    count_extension(transition.to);
  }

  void extend_stage(Duration by) const {
    for (const Stage& stage : machine.stages) {
      if (!stage.hold.valid() || !machine.contains(stage.state, state.active)) continue;
      lengthen(stage.hold, by);
      if (stage.hold_most.valid()) lengthen(stage.hold_most, by);
    }
    count_extension(state.active);
  }

  void lengthen(ClockIndex index, Duration by) const {
    state.clocks[index.value].extra += by;
    state.clocks[index.value].promoted.reset();
  }

  void count_extension(StateIndex inside) const {
    begin_anew();
    for (std::size_t i = 0; i < machine.stages.size(); ++i) {
      if (machine.contains(machine.stages[i].state, inside)) ++state.extensions[i];
    }
  }

  void answer(Sequence number, const Answer& given) const {
    for (Question& question : state.questions) {
      if (question.number != number) continue;
      std::erase_if(question.answers,
                    [&](const Answer& earlier) { return earlier.actor == given.actor; });
      question.answers.push_back(given);
    }
  }

  // A promoted hold has counted all it has to; how much of that did not pass is kept.
  void end_hold(const std::string& actor) const {
    for (const Stage& stage : machine.stages) {
      if (!stage.hold.valid() || !machine.contains(stage.state, state.active)) continue;
      ClockState& clock = state.clocks[stage.hold.value];
      const Duration limit = limit_of(machine, state, stage.hold);
      const Duration counted = elapsed(state, stage.hold, event.time);
      clock.spared += std::max(Duration::zero(), limit - counted);
      clock.elapsed = std::max(clock.elapsed, limit);
      if (clock.mark) clock.mark = event.time;
      if (!clock.promoted) clock.promoted = Promotion{event.sequence, actor};
    }
  }
};

bool moves_clocks(const Machine& machine, const Body& body) {
  if (const auto* changed = std::get_if<VerdictChanged>(&body)) {
    return machine.at(changed->criterion).kind == CriterionKind::pause;
  }
  return std::holds_alternative<Observed>(body) || std::holds_alternative<Transitioned>(body) ||
         std::holds_alternative<Paused>(body) || std::holds_alternative<Resumed>(body) ||
         std::holds_alternative<SourceStatus>(body) ||
         std::holds_alternative<RolloutFinished>(body);
}

}  // namespace

void evolve(const Machine& machine, RolloutState& state, const Event& event) {
  std::visit(Fold{machine, state, event}, event.body);
  state.last = event.sequence;
  state.now = event.time;
  if (moves_clocks(machine, event.body)) refresh_clocks(machine, state, event.time);
}

}  // namespace rollbook::core
