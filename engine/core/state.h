#pragma once
// State: all that a rollout and its shard remember. Integers and texts only; rebuilt from the log
// by evolve() alone, so that replay, snapshots and failover see what the live engine saw.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/cells.h"
#include "engine/core/event.h"
#include "engine/core/machine.h"

namespace rollbook::core {

// Somebody ended a hold before its time.
struct Promotion {
  Sequence by;  // the command
  std::string actor;
  bool operator==(const Promotion&) const = default;
};

struct ClockState {
  Duration elapsed{};                 // up to `mark`
  std::optional<Time> mark;           // running since; empty: stands still
  Duration extra{};                   // added to the limit by extensions
  std::optional<Promotion> promoted;  // nothing else is waited for either
  Duration spared{};                  // of `elapsed`: what promotions have left out
  bool operator==(const ClockState&) const = default;
};

// A stretch of event time in which a series said nothing, from the last point before it to the
// first one after it, longer than `stale_after`.
struct Gap {
  Time from{}, to{};
  bool operator==(const Gap&) const = default;
};

struct SeriesState {
  bool seen = false;
  Time watermark = kDistantPast;  // event time
  Time arrival = kDistantPast;    // engine time
  Time whole = kDistantPast;      // as in SeriesSeen
  Duration interval{};
  Time clashed = kDistantPast;  // engine time: SeriesClash
  bool stale = false;
  bool behind = false;  // points come, but older ones than `stale_after`: as in SeriesSeen
  // Where the rollout reads back: the first that is known of it, event time.
  Time began = kDistantFuture;
  std::vector<Gap> gaps;  // by rising time; of those only that `unchanged` looks back on
  bool operator==(const SeriesState&) const = default;
};

struct MetricState {
  std::optional<Time> named;  // the name was seen with the arm's label, event time
  std::vector<Fixed> bounds;  // histogram: the layout; empty until the first point
  std::optional<Grid> grid;   // exponential ones
  bool operator==(const MetricState&) const = default;
};

// The sum of a window's cells without the first `left`, which had left it when it was last looked
// at. No part of the state: it spares the next look the way there, and a window's cost is then the
// same whatever its length and however far back it keeps cells. Edits of the cells take it along.
struct Rest {
  std::uint64_t edits = ~std::uint64_t{0};  // of the cells that it holds for; at first of none
  std::size_t left = 0;
  Cell sum;
  bool operator==(const Rest&) const { return true; }
};

// What one cell of a window counted at once of some time: stretches.h.
struct Stretch {
  Time since{}, end{}, latest{};  // (since, end], which ends with its cell
  Fixed value;
  std::int64_t samples = 0;
  std::int64_t points = 0;
  bool operator==(const Stretch&) const = default;
};

struct WindowState {
  Cells cells;
  Cell total;                      // sum of all cells (counters and histograms)
  std::vector<Stretch> stretches;  // that the window may still hold a part of
  mutable Rest rest;  // used by rest_of() alone; a state is read by one thread at a time
  bool operator==(const WindowState&) const = default;
};

// Events of one arm in one step, and what could have had one.
struct Part {
  std::int64_t events = 0, exposure = 0;
  bool operator==(const Part&) const = default;
};
// How events come, step by step: what a dispersion is estimated from (dispersion.h). The judged
// arm beside the other one, its reference; a share against a limit, and two quantiles, have only
// the latter.
struct Spread {
  std::int64_t steps = 0, eventful = 0;              // taken; with events of the other
  std::int64_t judged_events = 0, other_events = 0;  // of all steps
  Part last_judged, last_other;                      // the newest step; no exposure: none
  std::int64_t pair_events = 0, pair_exposure = 0;   // of all pairs of steps
  Fixed differences;
  std::int64_t first_events = 0;  // of such a one: of its first step, and
  Fixed squares;                  // of all: the sum of their squares
  bool operator==(const Spread&) const = default;
};

// The canary's and all requests of equal times that follow each other (batches.h).
struct Batches {
  Duration length{};        // of each; zero: none has begun
  Time end = kDistantPast;  // of the newest that is over, or where the first one begins
  Part at_end;              // what had been counted there
  std::vector<Part> over;   // those that are
  bool operator==(const Batches&) const = default;
};

// What a criterion's test has seen (trials.h). Empty for plain ones; of `new(…)` see breakdown.cc.
struct TestState {
  // Event time up to which it has counted; kDistantFuture: it begins, without starts till then, as
  // soon as all of its parts can be counted alike.
  Time cut = kDistantPast;
  std::vector<std::int64_t> counts;  // at the cut, of everything in its windows
  std::vector<std::int64_t> logs;    // at the cut, of TestSums
  std::vector<TestStart> starts;     // by rising `from`
  Spread spread;
  // Of a share against a limit, and of two quantiles: where the newest step ends, and what was
  // counted up to there; of two quantiles above which edge, once there is enough to choose one.
  Time stepped = kDistantPast;
  Part at_step;
  std::optional<Fixed> edge;
  Batches batches;  // of the split of traffic
  bool operator==(const TestState&) const = default;
};

// A label set that `new(…)` looks at.
struct KindState {
  bool known = false;      // the baseline has shown it
  std::deque<Cell> cells;  // of the canary, by rising `end`; empty once it is known
  bool operator==(const KindState&) const = default;
};
struct BreakdownState {
  std::vector<std::vector<std::string>> sets;  // label values, by number
  std::vector<KindState> kinds;                // of `new(…)` only: one for each set
  bool operator==(const BreakdownState&) const = default;
};

struct Answer {
  std::string role;
  std::string actor;
  bool yes = true;           // confirm
  std::uint32_t option = 0;  // decide
  bool operator==(const Answer&) const = default;
};
struct Question {
  Sequence number;
  ItemIndex item;
  std::vector<Answer> answers;  // the last of each role and actor
  std::vector<std::uint32_t> offered;
  bool operator==(const Question&) const = default;
};

// An effect whose outcome is awaited, or was within this state.
struct EffectState {
  EffectKind kind = EffectKind::traffic;
  EffectIndex spec;
  StateIndex state;
  std::optional<EffectOutcome> outcome;
  Sequence settled_by;
  std::optional<Time> deadline;  // forward: then it has failed
  std::optional<Time> retry_at;  // then it is requested again
  std::uint32_t attempts = 1;
  Sequence first;  // of its attempts
  Weight to;
  std::int64_t order = 0;
  bool rollback = false;
  TargetIndex target{};  // traffic
  bool operator==(const EffectState&) const = default;
};

struct RampState {
  Time started{};
  Weight from;
  Weight to;
  Duration over{};
  std::uint32_t steps_requested = 0;
  Time last_requested{};
  bool operator==(const RampState&) const = default;
};

// What RolloutState remembers of one target.
struct TargetState {
  std::string name;
  Weight settled;
  std::int64_t settled_order = 0;
  Weight requested;
  bool shifted = false;
  Time guard_floor = kDistantFuture;
  Time first_settled = kDistantFuture;
  bool back = false;       // a rollback of it has begun: nothing of it shifts forward any more
  bool unwatched = false;  // its guards have no more to say
  Weight floor;            // where it goes once it is back
  std::string breach;      // why it is
  CriterionIndex breach_criterion;
  Weight ramp_from;  // of the ramp under way
  bool operator==(const TargetState&) const = default;
};

// Metrics of before the start; empty where they are not read back.
struct BackState {
  std::optional<Time> from;         // points that begin there or later count
  std::optional<Time> whole_from;   // nothing is missing since; empty while it reads
  std::vector<SourceOffset> until;  // while it reads: ReadBack
  bool reading() const { return from && !whole_from; }
  bool operator==(const BackState&) const = default;
};

struct RolloutState {
  std::string id;
  StreamId stream;
  std::string service;
  std::string version;
  Digest digest;
  Limits limits;
  std::uint32_t semantics = 1;
  Time started{};
  Time now{};  // of the last event
  Sequence last;

  StateIndex active;  // a leaf; invalid before the machine is entered
  std::optional<Outcome> outcome;
  Time entered{};       // the active leaf
  Sequence entered_by;  // its Transitioned
  std::string because;  // the sentence of the last step
  std::string breach;   // the sentence of the last rollback's reason; `{cause}`
  CriterionIndex breach_criterion;
  std::uint32_t rollback_rank = 0;  // of the rollback under way

  bool paused = false;
  std::optional<Time> paused_until;
  bool halted = false;
  std::string halted_because;
  bool irreversible = false;         // a step was entered that cannot be taken back
  std::set<StateIndex> stages_open;  // stages entered and not undone since
  StateIndex resume_to;              // after a rollback to more than nothing: the stage's shift
  bool resuming = false;  // somebody resumed there; the step waits as all forward ones do
  Sight sight = Sight::live;
  Time sight_since{};
  Time quiet_since{};  // `absent` counts from here at the earliest

  // Where there are targets, `settled` and `requested` are the highest of theirs.
  Weight settled;  // the last settled weight, of the highest settled order
  std::int64_t settled_order = 0;
  Weight requested;
  bool shifted = false;               // a first shift was requested
  Time guard_floor = kDistantFuture;  // when that was
  Time shift_floor = kDistantFuture;  // when the last shift settled
  Time first_settled = kDistantFuture;
  Time whole_from{};  // windows reaching back before it are not whole (SourceGap)

  std::vector<ClockState> clocks;
  std::vector<SeriesState> series;
  std::vector<MetricState> metrics;
  std::vector<WindowState> windows;
  std::vector<Reading> readings;  // by criterion
  std::vector<Sequence> judged;   // by criterion: its last VerdictChanged
  std::vector<Time> turned;       // by criterion: engine time since which it has its verdict
  std::vector<TestState> tests;   // by criterion
  std::vector<Question> questions;
  std::map<Sequence, EffectState> effects;
  std::vector<std::uint32_t> extensions;  // by stage
  std::optional<RampState> ramp;
  std::optional<Duration> ramp_over;  // from a manual rollback
  std::optional<Weight> ramp_to;      // from a manual rollback to more than nothing
  std::vector<SourceOffset> offsets;  // next not counted
  std::vector<BreakdownState> breakdowns;
  std::vector<SourceOffset>
      shares_offsets;             // next not logged with the breakdowns; behind `offsets`
  std::set<CommandKey> commands;  // answered in this stream
  std::int64_t late = 0;
  std::int64_t quarantined = 0;
  std::vector<TargetState> targets;  // as the machine has them
  BackState back;

  bool finished() const { return outcome.has_value(); }
  const TargetState& at(TargetIndex i) const { return targets[i.value]; }
  TargetState& at(TargetIndex i) { return targets[i.value]; }
  Weight settled_at(TargetIndex i) const { return i.valid() ? at(i).settled : settled; }
  bool is_back(TargetIndex i) const { return i.valid() && at(i).back; }
  bool operator==(const RolloutState&) const = default;
};

// What ServiceState remembers of one target since the last rollout of the whole service.
struct TargetBooks {
  std::string active;  // rollout id; "" when none
  Weight settled;
  std::int64_t settled_order = 0;
  std::string runbook;  // of its last rollout
  bool operator==(const TargetBooks&) const = default;
};

struct ServiceState {
  std::string active;  // rollout id; "" when none
  std::int64_t last_order = 0;
  Weight settled;
  std::int64_t settled_order = 0;
  std::string runbook;                      // of the last rollout
  std::map<std::string, Outcome> outcomes;  // of the last rollout of each runbook that has ended
  std::map<std::string, TargetBooks> targets;
  bool operator==(const ServiceState&) const = default;
};

struct ShardState {
  std::map<std::string, ServiceState> services;
  std::map<std::string, StreamId> rollouts;  // every id ever used
  std::set<CommandKey> commands;             // every command ever answered
  std::uint64_t last_stream = 0;
  Sequence last;  // of the shard's own stream
  bool operator==(const ShardState&) const = default;
};

// Canonical bytes of a state: equal states, equal bytes. For snapshots and for state hashes.
std::string encode(const RolloutState& state);
// Error: the bytes are of another format version, or cut short.
Result<RolloutState> decode_rollout_state(std::string_view bytes);
std::string encode(const ShardState& state);
Result<ShardState> decode_shard_state(std::string_view bytes);

// 64-bit FNV-1a over encode(state): what tests and `replay --verify` compare.
std::uint64_t hash(const RolloutState& state);

}  // namespace rollbook::core
