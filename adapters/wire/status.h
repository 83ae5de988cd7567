#pragma once
// Status: what a rollout is at this moment, gathered from its machine and state, as contract.md's
// object and as a page for a terminal.
//
//   RolloutStatus status = status_of(machine, state, now, {refused, engine});
//   status_json(status)               one line
//   status_text(status, {.width=80})  lines for people

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapters/wire/standing.h"
#include "engine/core/machine.h"
#include "engine/core/state.h"

namespace rollbook::adapters {

struct StageStatus {
  std::string name;
  std::size_t index = 0;  // from 1
  std::size_t of = 0;
  core::Weight weight;
};
struct HoldStatus {
  core::Duration elapsed{};
  core::Duration remaining{};
  bool running = false;                 // false: stands still (paused, blind, without data)
  std::vector<SilenceStatus> silences;  // that it stands still for
  // `hold … and N requests`: how many came since the shift, and how many must.
  std::optional<std::int64_t> requests, requests_needed;
};
struct CriterionStatus {
  std::string id;
  std::string text;
  core::CriterionKind kind = core::CriterionKind::stop;
  bool part = false;  // of a conjunction: acts with the others only
  core::Reading reading;
  std::optional<core::Fixed> limit;       // none: it is measured too, and has no data
  std::string value_text;                 // "1.24%", "" without a value
  std::string missing_text;               // "no traffic", "" where nothing is missing
  std::vector<std::string> refused;       // of its metrics: their points are refused
  std::string coarse;                     // why its buckets cannot decide it; ""
  std::optional<core::Duration> window;   // none for `absent`
  std::optional<core::Duration> pending;  // of `for`
  core::Duration sustain{};
  std::optional<core::Judge> judge;  // of a score
  std::string source;                // "hal9.runbook:31:5"
};
struct AnswerStatus {
  std::string role;
  std::string actor;
  std::string answer;  // "yes", "no", or the option's name
};
struct QuestionStatus {
  std::uint64_t number = 0;
  core::ItemKind kind = core::ItemKind::confirm;
  std::string item;
  core::Quorum quorum;
  std::vector<std::string> options;  // yes and no, or what is still offered
  std::vector<AnswerStatus> answers;
  std::optional<core::Time> deadline;
};
// An effect whose outcome is awaited.
struct EffectStatus {
  core::Sequence sequence;
  core::EffectKind kind = core::EffectKind::traffic;
  std::string name;  // traffic: of the target
  core::Weight to;
  std::uint32_t attempts = 1;
  bool rollback = false;
  std::optional<core::Time> deadline;
};

// One weight of several.
struct TargetStatus {
  std::string name;
  core::Weight settled, requested;
  std::optional<core::Fixed> observed;
  bool rolled_back = false;  // or on its way there: nothing of it goes forward
  std::string because;       // why; ""
};

// Metrics of before the start are being read; how many records is known to the engine alone.
struct ReadingBackStatus {
  core::Duration reach{};  // before the start
  std::optional<std::int64_t> done, total;
};

// No engine has the log open, or the one that has does not turn: nothing is watched or shifted. The
// status is then of the last moment at which there was one.
struct AbsenceStatus {
  core::Time since{};
  core::Duration lasts{};
};

struct RolloutStatus {
  std::string rollout, runbook, service, version;
  std::string state;  // as the author says it: "canary_25", "rollback.automatic"
  std::string step;   // of the machine: "canary_25.hold.wait"
  core::Phase phase = core::Phase::none;
  std::optional<core::Outcome> outcome;
  std::optional<StageStatus> stage;
  core::Weight settled, requested;
  std::optional<core::Fixed> observed;  // the canary's share of requests; none: not measured
  std::vector<TargetStatus> targets;    // empty: the single, unnamed one
  bool paused = false;
  std::optional<core::Time> paused_until;
  std::optional<core::Time> opens;  // `advance only` is closed up to then
  bool halted = false;
  std::string halted_because;         // ""
  std::vector<std::string> ways_out;  // of a halt: "resume", "rollback", "abort"
  std::vector<std::string> held_by;   // conditions of `pause while` that are true now
  core::Sight sight = core::Sight::live;
  std::optional<AbsenceStatus> no_engine;
  std::vector<RefusedStatus> refused;
  std::optional<ReadingBackStatus> reading_back;
  std::optional<HoldStatus> hold;
  std::vector<CriterionStatus> criteria;  // judged now
  std::vector<QuestionStatus> questions;
  std::vector<EffectStatus> effects;
  std::string because;  // the sentence of the last step
  std::string breach;   // why it is rolled back; ""
  core::Sequence last;
  core::Time now{};
};

// `now` by the wall clock; of a rollout that no engine runs nothing is counted on up to it.
RolloutStatus status_of(const core::Machine& machine, const core::RolloutState& state,
                        core::Time now, const Beside& beside = {});

// contract.md's object, one line.
std::string status_json(const RolloutStatus& status);

struct TextStyle {
  std::size_t width = 80;
  bool colour = false;
};
// Several lines, with the command that answers each question.
std::string status_text(const RolloutStatus& status, const TextStyle& style);
// One line: "hal9-7f3k2q  hal9  canary_25 (3/6)  25%  ✓ running".
std::string status_summary(const RolloutStatus& status);
// Why the hold stands still: "no points of `latency` of the canary for 5m, they are refused", or
// "points of `latency` of the canary come, but are 1h old: …"; ""
// where that is not known, or it runs.
std::string stillness_text(const RolloutStatus& status);
// "running", "paused", "waiting for people", "rolling back", "succeeded", …
std::string condition_text(const RolloutStatus& status);

}  // namespace rollbook::adapters
