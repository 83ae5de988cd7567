// evolve(): folds one event into the state. It copies what decide() found and keeps clocks,
// windows and the books of effects; it takes no decision of its own.

#include <algorithm>

#include "engine/core/breakdown.h"
#include "engine/core/buckets.h"
#include "engine/core/clocks.h"
#include "engine/core/decide.h"
#include "engine/core/gaps.h"
#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/open_acts.h"
#include "engine/core/past.h"
#include "engine/core/resume.h"
#include "engine/core/trials.h"
#include "engine/core/windows.h"

namespace rollbook::core {
namespace {

void clear_windows(const Machine& machine, RolloutState& state, Floor floor) {
  for (std::size_t i = 0; i < machine.windows.size(); ++i) {
    if (machine.windows[i].floor == floor) state.windows[i] = WindowState{};
  }
  begin_tests(machine, state, floor);
  forget_kinds(machine, state, floor);
}

// What a guard of one target watches begins with the first shift of that one.
void clear_windows_of(const Machine& machine, RolloutState& state, TargetIndex target) {
  for (std::size_t i = 0; i < machine.windows.size(); ++i) {
    const Window& window = machine.windows[i];
    const bool own = machine.at(window.series).target == target;
    if (own && window.floor == Floor::guard) state.windows[i] = WindowState{};
  }
  for (std::uint32_t i = 0; i < machine.criteria.size(); ++i) {
    const Criterion& criterion = machine.criteria[i];
    if (criterion.new_by.empty() || criterion.target != target) continue;
    if (machine.at(criterion.window).floor != Floor::guard) continue;
    BreakdownState& kinds = state.breakdowns[breakdown_of(machine, CriterionIndex{i}).value];
    kinds.kinds.assign(kinds.sets.size(), KindState{});
  }
  begin_tests_of(machine, state, target);
}

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
    state.settled = body.weight;
    state.requested = body.weight;
    for (const TargetWeight& given : body.targets) {
      TargetState& target = state.targets.emplace_back();
      target.name = given.target;
      target.settled = target.requested = given.weight;
    }
    sum_up_targets();
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

  void operator()(const Observed& body) const {
    for (const Layout& layout : body.layouts) lay_out(layout);
    for (const NameSeen& name : body.names) state.metrics[name.metric.value].named = name.at;
    for (std::size_t i = 0; i < machine.windows.size(); ++i) fill(i, body);
    note_gaps(machine, state, body);
    for (const SeriesSeen& seen : body.seen) {
      SeriesState& series = state.series[seen.series.value];
      if (!series.seen && state.back.from) series.began = seen.watermark;
      series.seen = true;
      series.watermark = std::max(series.watermark, seen.watermark);
      series.arrival = std::max(series.arrival, seen.arrival);
    }
    if (body.past) take_past(machine, state, *body.past);
    for (const SourceOffset& offset : body.offsets) advance_offset(state.offsets, offset);
    take_kinds(machine, state, body);
    for (SeriesState& series : state.series) series.stale = false;
    for (const SeriesIndex series : body.stale) state.series[series.value].stale = true;
    grow(machine, state, body);
    state.late += body.late;
    state.quarantined += body.quarantined;
  }

  void operator()(const VerdictChanged& body) const {
    const bool turned = state.readings[body.criterion.value].verdict != body.reading.verdict;
    if (turned) state.turned[body.criterion.value] = event.time;
    state.readings[body.criterion.value] = body.reading;
    state.judged[body.criterion.value] = event.sequence;
  }

  void operator()(const Transitioned& body) const {
    const StateIndex from = state.active;
    state.active = body.to;
    state.entered = event.time;
    state.entered_by = event.sequence;
    state.because = body.because;
    if (body.transition.valid()) extend(machine.at(body.transition));
    enter(from, body.to);
    const State& target = machine.at(body.to);
    const std::uint32_t rank = machine.rank(body.to);
    const bool goes_back = rank > state.rollback_rank || enters_lowering(from, body.to);
    if (goes_back && !target.outcome) go_back(from, body);
    end_halt(machine, state, from, body);
    if (goes_back && !is_commanded(body.transition)) forget_wish();
    state.ramp.reset();
    if (target.ramp) begin_ramp(*target.ramp);
    if (!target.outcome) state.rollback_rank = rank;
  }

  void operator()(const TimerFired& body) const {
    const Clock& spec = machine.at(body.clock);
    if (!spec.repeats) return;
    ClockState& clock = state.clocks[body.clock.value];
    clock.elapsed = Duration::zero();
    if (clock.mark) clock.mark = event.time;
  }

  void operator()(const EffectRequested& body) const {
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

  void operator()(const EffectDelivered&) const {}

  void operator()(const EffectSettled& body) const {
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
    clear_windows(machine, state, Floor::shift);
  }

  void operator()(const Commanded& body) const {
    const Command& command = body.command;
    state.commands.insert(command.key);
    if (command.verb == Verb::rollback) aim_rollback(command);
    if (command.verb == Verb::promote) end_hold();
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
    // A ramp that had failed goes on from the weight that it has come to.
    const auto& ramp = machine.at(state.active).ramp;
    if (ramp && !ramp->rollback) begin_ramp(*ramp);
  }

  void operator()(const RolloutFinished& body) const {
    state.outcome = body.outcome;
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
  // Another layout of a metric that has one: what was counted so far is brought to it.
  void lay_out(const Layout& layout) const {
    MetricState& metric = state.metrics[layout.metric.value];
    if (!metric.bounds.empty() && metric.bounds != layout.bounds) {
      const BucketMap map = bucket_map(metric.bounds, layout.bounds);
      for (std::size_t i = 0; i < machine.windows.size(); ++i) {
        if (machine.at(machine.windows[i].series).metric != layout.metric) continue;
        for (Cell& cell : state.windows[i].cells) remap(map, cell);
        remap(map, state.windows[i].total);
      }
      lay_out_tests(machine, state, layout.metric, map);
    }
    metric.bounds = layout.bounds;
    metric.grid = layout.grid;
  }

  void fill(std::size_t i, const Observed& body) const {
    const Window& window = machine.windows[i];
    const Time before = state.series[window.series.value].watermark;
    Time watermark = before;
    for (const SeriesSeen& seen : body.seen) {
      if (seen.series == window.series) watermark = std::max(watermark, seen.watermark);
    }
    const Time passed = passed_at(watermark, state.limits.grace);
    for (const CellDelta& delta : body.deltas) {
      if (delta.series == window.series && delta.reach >= window.floor) {
        add(machine, window, state.windows[i], delta.cell, passed);
      }
    }
    settle(machine, window, state.windows[i], passed_at(before, state.limits.grace), passed);
  }

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
    state.clocks[index.value].ended = false;
  }

  void count_extension(StateIndex inside) const {
    begin_anew();
    for (std::size_t i = 0; i < machine.stages.size(); ++i) {
      if (machine.contains(machine.stages[i].state, inside)) ++state.extensions[i];
    }
  }

  void begin_ramp(const Ramp& ramp) const {
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

  // What somebody wished for a rollback holds for all of the one that was commanded, whatever goes
  // before its ramp, and not for a guard's.
  void forget_wish() const {
    state.ramp_to.reset();
    state.ramp_over.reset();
  }

  bool is_commanded(TransitionIndex by) const {
    if (!by.valid()) return false;
    const TriggerKind kind = machine.at(by).trigger.kind;
    return kind == TriggerKind::rollback_immediate || kind == TriggerKind::rollback_gradual ||
           kind == TriggerKind::rollback_partial;
  }

  void aim_rollback(const Command& command) const {
    state.ramp_over = command.duration;
    state.ramp_to.reset();
    if (command.to == kNoTraffic) return;
    state.ramp_to = command.to;
    if (command.how == RollbackHow::immediate && !command.duration) {
      state.ramp_over = Duration::zero();
    }
  }

  // An idempotent action's run is tried again, later each time, while it has attempts left.
  void plan_retry(EffectState& effect) const {
    if (effect.kind == EffectKind::traffic || !effect.spec.valid()) return;
    if (effect.attempts >= machine.at(effect.spec).attempts) return;
    effect.retry_at = event.time + backoff(effect.attempts);
  }

  static Duration backoff(std::uint32_t attempts) {
    return std::min<Duration>(kRetryFirst * (std::int64_t{1} << std::min(attempts - 1, 10U)),
                              kRetryMost);
  }

  void count_attempt(EffectState& effect) const {
    for (auto& [sequence, other] : state.effects) {
      if (other.first != effect.first) continue;
      effect.attempts = std::max(effect.attempts, other.attempts + 1);
      other.retry_at.reset();
    }
  }

  void request_traffic(const EffectRequested& body, EffectState& effect) const {
    state.requested = body.to;
    if (body.target.valid()) request_of_target(body);
    if (!body.rollback && !state.shifted) {
      state.shifted = true;
      state.guard_floor = event.time;
      clear_windows(machine, state, Floor::guard);
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

  // ---- Targets ------------------------------------------------------------------------------

  void sum_up_targets() const {
    if (state.targets.empty()) return;
    state.settled = state.requested = Weight{};
    for (const TargetState& target : state.targets) {
      state.settled = std::max(state.settled, target.settled);
      state.requested = std::max(state.requested, target.requested);
      state.settled_order = std::max(state.settled_order, target.settled_order);
    }
  }

  // Whoever shifts drops a lower order than the last: false when it came too late.
  bool settle_weight(const EffectState& effect) const {
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

  void request_of_target(const EffectRequested& body) const {
    TargetState& target = state.at(body.target);
    target.requested = body.to;
    sum_up_targets();
    if (body.rollback || target.shifted) return;
    target.shifted = true;
    target.guard_floor = event.time;
    clear_windows_of(machine, state, body.target);
  }

  bool is_new(StateIndex inside, StateIndex from) const {
    return !from.valid() || !machine.contains(inside, from);
  }

  bool enters_lowering(StateIndex from, StateIndex to) const {
    for (StateIndex i = to; i.valid(); i = machine.at(i).parent) {
      if (!machine.at(i).lowers.empty() && is_new(i, from)) return true;
    }
    return false;
  }

  void go_back(StateIndex from, const Transitioned& body) const {
    state.breach = body.because;
    state.breach_criterion =
        body.transition.valid() ? machine.at(body.transition).trigger.criterion : CriterionIndex{};
    for (StateIndex i = body.to; i.valid(); i = machine.at(i).parent) {
      if (!is_new(i, from)) continue;
      for (const Lowering& lowering : machine.at(i).lowers) lower_target(lowering);
    }
  }

  void lower_target(const Lowering& lowering) const {
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

  void stop_retries(Sequence first) const {
    for (auto& [sequence, other] : state.effects) {
      if (other.first == first) other.retry_at.reset();
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

  // A promoted hold has counted all it has to.
  void end_hold() const {
    for (const Stage& stage : machine.stages) {
      if (!stage.hold.valid() || !machine.contains(stage.state, state.active)) continue;
      ClockState& clock = state.clocks[stage.hold.value];
      clock.elapsed = std::max(clock.elapsed, limit_of(machine, state, stage.hold));
      clock.ended = true;
      if (clock.mark) clock.mark = event.time;
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
