#pragma once
// decide: the pure heart. Given a machine, a rollout's state and one input it says which events
// follow; evolve() folds each into the state at once. advance() runs the two to rest, in the order
// that makes safety win: evidence, verdicts, the guard, the input, then gates and clocks, outer
// states before inner ones.
//
//   Pending pending;                         // what the runtime folded since the last Observed
//   std::vector<Event> out;
//   advance(machine, shard, state, pending, {now, Tick{}}, out);   // out: to be appended
//
// No clock, no I/O, no randomness, no floating point in the state.

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/machine.h"
#include "engine/core/quiet.h"
#include "engine/core/state.h"

namespace rollbook::core {

// The metric evidence since the last Observed; looked at with the state, as if already evolved.
struct Pending {
  Observed observed;
  // What the breakdowns that no criterion needs have counted since they were last logged: that
  // happens once a minute only, and when a rollback begins or the rollout ends.
  std::vector<LabelSet> sets;
  std::vector<Share> shares;
  bool shares_due = false;
  Quiet quiet;  // set after a Look by who wants to leave some out: quiet.h
  bool empty() const {
    return observed.deltas.empty() && observed.seen.empty() && observed.names.empty() &&
           observed.layouts.empty() && observed.offsets.empty() && observed.late == 0 &&
           observed.quarantined == 0 && observed.refused == 0 && observed.kinds.empty() &&
           observed.exemplars.empty() && !shares_due && !observed.past;
  }
};

// ---- Inputs -------------------------------------------------------------------------------

struct Tick {};      // time passed
struct Look {        // points were folded into Pending
  bool log = false;  // observe_interval has passed: append it in any case
};
struct Obey {
  Command command;
};  // any verb but start
struct Deliver {
  Sequence effect;
};
struct See {
  SourceStatus status;
};
struct Miss {
  SourceGap gap;
  bool commands = false;  // what is gone may have held an abort: people are paged
};
struct Wake {
  EngineGap gap;
};
struct Step {
  ClockStep step;
};
using InputBody = std::variant<Tick, Look, Obey, Deliver, See, Miss, Wake, Step>;
struct Input {
  Time now{};
  InputBody body;
};

// Runs one input to rest. Appends the events to `out`, in order; `state` and `shard` have evolved
// by them when it returns; `pending` is empty afterwards if an Observed was among them.
// Returns false when the input left no trace.
bool advance(const Machine& machine, ShardState& shard, RolloutState& state, Pending& pending,
             const Input& input, std::vector<Event>& out);

// A start that may go ahead: the events that begin the rollout, `state` and `shard` evolved.
// `command.runbook` is not read; the plan has been compiled and stored under `digest`.
struct Start {
  Command command;
  std::string rollout;  // the id, made by the runtime when the command had none
  StreamId stream;
  Digest digest;
  Limits limits;
  Sight sight = Sight::live;
  Time now{};
  std::optional<ReadBack> back = {};
};
RolloutState begin(const Machine& machine, ShardState& shard, const Start& start,
                   std::vector<Event>& out);
// Why a start may not go ahead: {reason, detail}, or nothing. Reasons: exists, busy,
// weight_mismatch, after.
struct Refusal {
  std::string reason;
  std::string detail;
};
std::optional<Refusal> refuse_start(const Machine& machine, const ShardState& shard,
                                    const Command& command, const std::string& rollout);

// Its parts: an active rollout of the service, or of one of its targets …
std::optional<Refusal> refuse_busy(const Machine& machine, const ServiceState& books);
// … and a canary that is not where the runbook begins.
std::optional<Refusal> refuse_weight(const Machine& machine, const ServiceState& books,
                                     const Command& command);
// Of `after runbook X`: the last rollout of X for this service has not succeeded.
std::optional<Refusal> refuse_order(const Machine& machine, const ShardState& shard);

// A refusal in the shard's own stream, of a command for no rollout that it knows.
void reject(ShardState& shard, const Command& command, const Refusal& refusal, Time now,
            std::vector<Event>& out);

// The first moment after `now` at which a Tick could change something, with what is pending taken
// into account; kDistantFuture: none. What was due up to `now` has been done by advance().
Time next_deadline(const Machine& machine, const RolloutState& state, const Pending& pending,
                   Time now);

// ---- Folding ------------------------------------------------------------------------------

// Folds one event into the state. Never decides, never fails on an event that decide() made.
void evolve(const Machine& machine, RolloutState& state, const Event& event);
void evolve(ShardState& shard, const RolloutState* rollout, const Event& event);

// The reading of a criterion at `now`, from state and pending. What verdicts are made of.
Reading evaluate(const Machine& machine, const RolloutState& state, const Pending& pending,
                 CriterionIndex criterion, Time now);

}  // namespace rollbook::core
