#pragma once
// TrafficLook: the weight that was planned beside the split of requests that was observed since,
// and what the engine's own test says of the two. The test is that of `expect traffic split as
// planned`; it is put behind the runbook's criteria before the log is folded, so that it can be
// asked of any rollout whose runbook counts the requests of both arms.
//
//   Rollout::load(log, stream, until, {.machine = add_split_test});
//   TRY(const TrafficLook look, look_at_traffic(rollout, now));

#include <optional>
#include <string>
#include <vector>

#include "tools/rollouts.h"

namespace rollbook::tools {

// A shift that was asked for and has not settled.
struct ShiftLook {
  core::Weight to;
  std::int64_t order = 0;
  core::Time since{};
  std::optional<core::Time> deadline;          // of a forward one that is awaited
  std::optional<core::EffectOutcome> outcome;  // none: it is awaited
  bool rollback = false;
};

enum class SplitVerdict : std::uint8_t {
  agrees,        // the test does not contradict the settled weight
  contradicts,   // at α = 0.1 %
  too_little,    // too few requests, none of late, or no shift has settled
  not_measured,  // the log has the requests of one arm at most
};

// The traffic of one target, or of the single, unnamed one.
struct SplitLook {
  std::string target;  // "": the unnamed one
  core::Weight settled, requested;
  std::int64_t order = 0;  // of the settled shift; 0: none has settled
  core::Time since{};      // when it did, or the start of the rollout
  bool shifted = false;    // a shift forward has been asked for
  bool back = false;       // it was rolled back
  std::optional<ShiftLook> shift;

  SplitVerdict verdict = SplitVerdict::not_measured;
  std::string why;                            // of too_little and not_measured: a sentence
  std::string counted_by;                     // the metric; "" where none counts both arms
  std::int64_t canary = 0, baseline = 0;      // requests since the settle
  core::Time at = core::kDistantPast;         // up to here, event time
  std::int64_t statistic = 0, threshold = 0;  // micro-nats, where there is a verdict
};

struct TrafficLook {
  std::string rollout, runbook;
  core::Sequence sequence;        // the last event that was folded
  core::Time now{};               // its time
  core::Weight requested;         // the highest of all
  std::vector<SplitLook> splits;  // by target; at least one
  // The one with the highest weight, of several the one that has it longest.
  const SplitLook& highest() const;
  bool has_targets() const { return !splits.front().target.empty(); }
};

// Of all targets that were shifted: contradicted where one is, and agreeing where all agree.
SplitVerdict verdict_of(const TrafficLook& look);
// "10%", or "eu 10%, us 0%".
std::string weights_text(const TrafficLook& look);

// Changes a machine whose criteria count the requests of both arms, of one target at least; leaves
// others as they are.
void add_split_test(core::Machine& machine);

// Of a rollout whose machine add_split_test() has prepared. `now` is moment_of() it: what agreed
// long ago says nothing of today.
// Error: the log cannot be read.
Outcome<TrafficLook> look_at_traffic(const Rollout& rollout, core::Time now);

// What `--verify` says of it, one sentence.
std::string verdict_sentence(const TrafficLook& look);
// One line.
std::string traffic_json(const TrafficLook& look);
std::string traffic_text(const TrafficLook& look, std::size_t width);

}  // namespace rollbook::tools
