#include "engine/core/advance.h"

#include <algorithm>
#include <iterator>

#include "engine/core/breakdown.h"
#include "engine/core/limits.h"
#include "engine/core/open_acts.h"
#include "engine/core/semantics.h"
#include "engine/core/sentence.h"
#include "engine/core/trials.h"
#include "engine/core/veto.h"
#include "engine/core/windows.h"

namespace rollbook::core {
namespace {

bool settled_verdict(Verdict verdict) {
  return verdict == Verdict::pass || verdict == Verdict::fail;
}

// What says how much the engine could see. It is taken before anything is judged: a restart after
// six minutes must not take its own absence for the service's silence.
bool is_about_sight(const InputBody& input) {
  return std::holds_alternative<See>(input) || std::holds_alternative<Miss>(input) ||
         std::holds_alternative<Wake>(input) || std::holds_alternative<Step>(input);
}

const Gate* gate_around(const Machine& machine, StateIndex leaf) {
  const auto& gate = machine.at(leaf).gate;
  return gate ? &*gate : nullptr;
}

}  // namespace

// The `for` of a condition that was true before the guard's first shift settled begins later than
// the condition: that leaves a trace as well.
bool differs(const Reading& a, const Reading& b) {
  const bool begun = (a.since == kDistantFuture) != (b.since == kDistantFuture);
  return a.verdict != b.verdict || a.raw != b.raw || a.missing != b.missing || begun;
}

std::vector<CriterionIndex> armed(const Machine& machine, const RolloutState& state) {
  std::vector<CriterionIndex> criteria;
  if (state.finished()) return criteria;
  for (StateIndex i = state.active; i.valid(); i = machine.at(i).parent) {
    const State& inside = machine.at(i);
    std::copy_if(inside.armed.begin(), inside.armed.end(), std::back_inserter(criteria),
                 [&](CriterionIndex index) { return is_judged(state, machine.at(index)); });
  }
  std::sort(criteria.begin(), criteria.end());
  criteria.erase(std::unique(criteria.begin(), criteria.end()), criteria.end());
  return criteria;
}

namespace {

// What could not be seen has not gone stale: away from live, nothing newly does.
bool goes_stale(const RolloutState& state, const Pending& pending, SeriesIndex series, Time now) {
  if (now < stale_at(state, pending, series)) return false;
  return state.series[series.value].stale || state.sight == Sight::live;
}

}  // namespace

bool goes_stale(const Machine& machine, const RolloutState& state, const Pending& pending,
                const Criterion& criterion, Time now) {
  return any_feeding(machine, criterion,
                     [&](SeriesIndex series) { return goes_stale(state, pending, series, now); });
}

std::vector<SeriesIndex> stale_series(const Machine& machine, const RolloutState& state,
                                      const Pending& pending, Time now) {
  std::vector<SeriesIndex> stale;
  for (const CriterionIndex index : armed(machine, state)) {
    any_feeding(machine, machine.at(index), [&](SeriesIndex series) {
      if (goes_stale(state, pending, series, now)) stale.push_back(series);
      return false;
    });
  }
  std::sort(stale.begin(), stale.end());
  stale.erase(std::unique(stale.begin(), stale.end()), stale.end());
  return stale;
}

Sequence Advance::emit(Body body, Sequence cause) {
  Event event{state_.stream, Sequence{state_.last.value + 1}, now_, cause, std::move(body)};
  pending_.quiet.end();
  evolve(machine_, state_, event);
  evolve(shard_, &state_, event);
  out_.push_back(std::move(event));
  return state_.last;
}

// ---- Evidence and verdicts ------------------------------------------------------------------

bool Advance::look_is_due() const {
  const bool due = any_armed(machine_, state_, [&](CriterionIndex index) {
    const Criterion& criterion = machine_.at(index);
    return differs(evaluate(machine_, state_, pending_, index, now_),
                   state_.readings[index.value]) ||
           (goes_stale(machine_, state_, pending_, criterion, now_) &&
            !stale_of(machine_, state_, criterion));
  });
  // With the first point of another sender the clocks of holds stand still.
  const auto begins = [&](const SeriesClash& clash) {
    return !is_clashing(state_, {}, clash.series, clash.at);
  };
  const auto& clashes = pending_.observed.clashes;
  if (std::any_of(clashes.begin(), clashes.end(), begins)) return true;
  // An arm that goes on as it did turns nothing, and a stop may have waited to hear that.
  if (!pending_.empty() && awaits_points(machine_, state_, now_)) return true;
  return due || std::any_of(pending_.observed.seen.begin(), pending_.observed.seen.end(),
                            [&](const SeriesSeen& seen) {
                              const SeriesState& known = state_.series[seen.series.value];
                              return known.stale || known.behind != seen.behind;
                            });
}

void Advance::observe() {
  if (pending_.shares_due) take_shares(pending_);
  pending_.observed.stale = stale_series(machine_, state_, pending_, now_);
  pending_.observed.tests = sums_of(machine_, state_, pending_);
  Observed observed = std::move(pending_.observed);
  pending_.observed = Observed{};
  cause_ = emit(std::move(observed), Sequence{});
}

// What breakdowns have counted up to here, before the step that somebody will ask about.
void Advance::log_shares() {
  if (pending_.shares.empty()) return;
  pending_.shares_due = true;
  // What came is counted: this adds nothing to it.
  pending_.observed.offsets = read_.empty() ? state_.offsets : read_;
  const Sequence cause = cause_;
  observe();
  cause_ = cause;
}

bool Advance::judge() {
  bool any = false;
  const Gate* gate = state_.active.valid() ? gate_around(machine_, state_.active) : nullptr;
  for (const CriterionIndex index : armed(machine_, state_)) {
    const Reading reading = evaluate(machine_, state_, pending_, index, now_);
    const Reading before = state_.readings[index.value];
    if (!differs(reading, before)) continue;
    const Sequence changed = emit(VerdictChanged{index, reading}, cause_);
    any = true;
    const bool recovers = before.verdict == Verdict::fail && reading.verdict != Verdict::fail;
    const bool lets_go = recovers && (machine_.at(index).kind == CriterionKind::pause ||
                                      may_be_held_back(machine_, index));
    if (lets_go) {
      instant_ = true;
      instant_cause_ = changed;
    }
    if (gate == nullptr || reading.verdict == before.verdict) continue;
    if (std::find(gate->criteria.begin(), gate->criteria.end(), index) == gate->criteria.end()) {
      continue;
    }
    changed_ = true;
    instant_cause_ = changed;
    if (settled_verdict(reading.verdict) && !settled_verdict(before.verdict)) instant_ = true;
  }
  return any;
}

// ---- The input ------------------------------------------------------------------------------

bool Advance::run(const InputBody& input) {
  if (state_.finished()) {
    if (const auto* obeyed = std::get_if<Obey>(&input)) {
      obey(obeyed->command);
      return true;
    }
    return false;
  }
  const std::size_t before = out_.size();
  const auto* look = std::get_if<Look>(&input);
  if (look != nullptr && !look->log && !look_is_due()) return false;
  const bool stale_now = std::holds_alternative<Tick>(input) && look_is_due();
  // Nothing goes forward on what was known before the absence; being live again is an instant.
  waking_ = std::holds_alternative<Wake>(input);
  instant_ = has_opened();  // before any event of this input
  read_ = pending_.observed.offsets;
  const bool sight = is_about_sight(input);
  if (sight) take(input);
  const Sequence seen = cause_;
  if (!pending_.empty() || stale_now) observe();
  // Safety first: what the evidence says comes before what anybody wants, and deadlines that have
  // passed before an answer that comes after them.
  const auto rest = [&] {
    while (judge() || step() || keep_time()) {
      if (state_.finished()) return;
    }
  };
  judge();
  rest();
  if (sight) {
    page_lost_commands(input, seen);
    return out_.size() != before;
  }
  if (!state_.finished() || std::holds_alternative<Obey>(input)) take(input);
  if (!state_.finished()) rest();
  return out_.size() != before;
}

void Advance::take(const InputBody& input) {
  if (const auto* obeyed = std::get_if<Obey>(&input)) {
    obey(obeyed->command);
  } else if (const auto* delivered = std::get_if<Deliver>(&input)) {
    emit(EffectDelivered{delivered->effect}, delivered->effect);
  } else if (const auto* seen = std::get_if<See>(&input)) {
    if (seen->status.sight == state_.sight) return;
    const Time blind_since = state_.sight_since;
    cause_ = emit(seen->status, Sequence{});
    if (state_.sight == Sight::live) {
      leave_out_pending(blind_since, now_);
      instant_ = true;
      instant_cause_ = cause_;
    }
  } else if (const auto* missed = std::get_if<Miss>(&input)) {
    cause_ = emit(missed->gap, Sequence{});
  } else if (const auto* woken = std::get_if<Wake>(&input)) {
    cause_ = emit(woken->gap, Sequence{});
    if (state_.sight == Sight::live) leave_out_pending(woken->gap.from, woken->gap.to);
  } else if (const auto* stepped = std::get_if<Step>(&input)) {
    cause_ = emit(stepped->step, Sequence{});
  }
}

// What was folded before a gap arrived before it, as what was logged did.
void Advance::leave_out_pending(Time from, Time to) {
  for (SeriesSeen& seen : pending_.observed.seen) seen.arrival = leave_out(seen.arrival, from, to);
}

// An abort may have been among them, and whoever gave it waits for it to be obeyed.
void Advance::page_lost_commands(const InputBody& input, Sequence cause) {
  const auto* missed = std::get_if<Miss>(&input);
  if (missed == nullptr || !missed->commands || state_.finished()) return;
  const SourceGap& gap = missed->gap;
  page("Commands are lost: topic " + gap.topic + ", partition " + std::to_string(gap.partition) +
           " was to be read on from offset " + std::to_string(gap.from) + " and begins at " +
           std::to_string(gap.to) +
           ". An abort may have been among them: say again what was not obeyed",
       cause);
}

// ---- decide.h -------------------------------------------------------------------------------

bool advance(const Machine& machine, ShardState& shard, RolloutState& state, Pending& pending,
             const Input& input, std::vector<Event>& out) {
  return Advance(machine, shard, state, pending, input.now, out).run(input.body);
}

std::optional<Refusal> refuse_start(const Machine& machine, const ShardState& shard,
                                    const Command& command, const std::string& rollout) {
  if (shard.rollouts.contains(rollout)) {
    return Refusal{"exists",
                   "a rollout `" + rollout + "` is in the log already; choose another id"};
  }
  const auto service = shard.services.find(machine.service);
  const ServiceState books = service == shard.services.end() ? ServiceState{} : service->second;
  if (auto busy = refuse_busy(machine, books)) return busy;
  if (auto mismatch = refuse_weight(machine, books, command)) return mismatch;
  return refuse_order(machine, shard);
}

RolloutState begin(const Machine& machine, ShardState& shard, const Start& start,
                   std::vector<Event>& out) {
  return begin_by(kSemantics, machine, shard, start, out);
}

RolloutState begin_by(std::uint32_t semantics, const Machine& machine, ShardState& shard,
                      const Start& start, std::vector<Event>& out) {
  RolloutState state;
  Pending pending;
  const Command& command = start.command;
  RolloutStarted started;
  started.rollout = start.rollout;
  started.service = machine.service;
  started.runbook = machine.name;
  started.version = command.version;
  started.digest = start.digest;
  started.limits = start.limits;
  started.semantics = semantics;
  started.weight = machine.begins;
  started.params = command.params;
  started.actor = command.actor;
  started.reason = command.reason;
  started.command = command.key;
  for (const Target& target : machine.targets) {
    started.targets.push_back({target.name, target.begins});
  }
  started.back = start.back;
  const auto append = [&](Body body, Sequence cause) {
    Event event{start.stream, Sequence{state.last.value + 1}, start.now, cause, std::move(body)};
    evolve(machine, state, event);
    evolve(shard, &state, event);
    out.push_back(std::move(event));
  };
  append(std::move(started), Sequence{});
  Command kept = command;
  kept.runbook.clear();
  kept.rollout = start.rollout;
  append(Commanded{std::move(kept)}, Sequence{1});
  if (start.sight != Sight::live) append(SourceStatus{"bus", start.sight}, Sequence{1});
  Advance(machine, shard, state, pending, start.now, out).enter_machine(Sequence{1});
  return state;
}

void reject(ShardState& shard, const Command& command, const Refusal& refusal, Time now,
            std::vector<Event>& out) {
  Command kept = command;
  kept.runbook.clear();
  Event event{kShardStream, Sequence{shard.last.value + 1}, now, Sequence{},
              Rejected{std::move(kept), refusal.reason, refusal.detail}};
  evolve(shard, nullptr, event);
  out.push_back(std::move(event));
}

Time next_deadline(const Machine& machine, const RolloutState& state, const Pending& pending,
                   Time now) {
  Time next = kDistantFuture;
  const auto consider = [&](Time time) {
    if (time > now) next = std::min(next, time);
  };
  if (state.finished()) return next;
  for (std::uint32_t i = 0; i < machine.clocks.size(); ++i) {
    if (state.clocks[i].mark) consider(reached_at(machine, state, ClockIndex{i}));
  }
  if (state.paused_until) consider(*state.paused_until);
  if (!machine.advance_only.open(now)) consider(machine.advance_only.next_opening(now));
  any_open_act(state.effects, [&](Sequence, const EffectState& effect) {
    if (effect.retry_at) consider(*effect.retry_at);
    if (effect.deadline && !effect.outcome && state.sight == Sight::live) {
      consider(*effect.deadline);
    }
    return false;
  });
  if (state.ramp && machine.at(state.active).ramp) {
    const Ramp& ramp = *machine.at(state.active).ramp;
    if (state.ramp->steps_requested < ramp_steps(ramp, *state.ramp)) {
      consider(ramp.rollback
                   ? state.ramp->started + ramp.every * std::int64_t{state.ramp->steps_requested}
                   : state.ramp->last_requested + ramp.every);
    }
  }
  for (const Transition& transition : machine.transitions) {
    if (transition.trigger.unless.empty()) continue;
    if (!machine.contains(transition.from, state.active)) continue;
    consider(waits_until(machine, state, transition.trigger, now));
  }
  if (state.sight != Sight::live) return next;
  any_armed(machine, state, [&](CriterionIndex index) {
    const Criterion& criterion = machine.at(index);
    if (criterion.measure == Measure::absent) {
      const Time since = silent_since(machine, state, pending, criterion);
      if (since != kDistantFuture) consider(since + criterion.sustain);
    }
    any_feeding(machine, criterion, [&](SeriesIndex series) {
      consider(stale_at(state, pending, series));
      return false;
    });
    any_read(machine, criterion, [&](SeriesIndex series) {
      consider(clash_ends(state, pending.observed.clashes, series));
      return false;
    });
    return false;
  });
  return next;
}

}  // namespace rollbook::core
