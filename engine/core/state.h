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

#include "engine/core/event.h"
#include "engine/core/machine.h"

namespace rollbook::core {

struct ClockState {
  Duration elapsed{};        // up to `mark`
  std::optional<Time> mark;  // running since; empty: stands still
  Duration extra{};          // added to the limit by extensions
  bool ended = false;        // promoted: nothing else is waited for either
  bool operator==(const ClockState&) const = default;
};

struct SeriesState {
  bool seen = false;
  Time watermark = kDistantPast;  // event time
  Time arrival = kDistantPast;    // engine time
  bool stale = false;
  bool operator==(const SeriesState&) const = default;
};

struct MetricState {
  std::optional<Time> named;  // the name was seen with the arm's label, event time
  std::vector<Fixed> bounds;  // histogram: the layout; empty until the first point
  std::optional<Grid> grid;   // exponential ones
  bool operator==(const MetricState&) const = default;
};

struct WindowState {
  std::deque<Cell> cells;  // by rising `end`
  Cell total;              // sum of all cells (counters and histograms)
  bool operator==(const WindowState&) const = default;
};

// What the test of a criterion has seen; trials.h says how it grows. Empty for plain ones.
struct TestState {
  Time cut = kDistantPast;           // event time up to which it has counted
  std::vector<std::int64_t> counts;  // at the cut, of everything in its windows
  std::vector<std::int64_t> logs;    // at the cut, of TestSums
  std::vector<TestStart> starts;     // by rising `from`
  // What the dispersion is estimated from (trials.cc): how many steps, the events of steps that
  // follow each other, and their squared differences. `exposure` is kept for the format alone.
  std::int64_t steps = 0, events = 0, exposure = 0;
  Fixed spread;
  bool operator==(const TestState&) const = default;
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
  std::vector<TestState> tests;   // by criterion
  std::vector<Question> questions;
  std::map<Sequence, EffectState> effects;
  std::vector<std::uint32_t> extensions;  // by stage
  std::optional<RampState> ramp;
  std::optional<Duration> ramp_over;  // from a manual rollback
  std::optional<Weight> ramp_to;      // from a manual rollback to more than nothing
  std::vector<SourceOffset> offsets;  // next not counted
  std::set<CommandKey> commands;      // answered in this stream
  std::int64_t late = 0;
  std::int64_t quarantined = 0;

  bool finished() const { return outcome.has_value(); }
  bool operator==(const RolloutState&) const = default;
};

struct ServiceState {
  std::string active;  // rollout id; "" when none
  std::int64_t last_order = 0;
  Weight settled;
  std::int64_t settled_order = 0;
  std::string runbook;                      // of the last rollout
  std::map<std::string, Outcome> outcomes;  // of the last rollout of each runbook that has ended
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
