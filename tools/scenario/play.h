#pragma once
// Play: a script on a virtual clock. Drives the very shard that the engine runs, over any
// EventLog: hands it what is measured, carries out and settles effects, answers questions, gives
// the script's orders at their times, and takes the engine or its bus away. The clock moves to the
// next due moment only when nothing more happens at this one, so 60 hours take milliseconds and
// the same script gives the same log, byte for byte.
//
//   store::MemoryEventLog log;
//   Meters meters(script, kPlayBegin);
//   TRY(const Seen seen, play(log, script, meters, {}));

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/shard.h"
#include "tools/scenario/script.h"
#include "tools/scenario/service.h"

namespace rollbook::tools {

// 2026-01-05T00:00Z, as the sandbox's.
inline constexpr core::Time kPlayBegin{std::chrono::seconds(1767571200)};

struct PlayOptions {
  core::Time begin = kPlayBegin;
  core::Duration most = std::chrono::hours(24 * 60);  // of virtual time
  // Seldom, for speed: what is decided does not depend on it. More seldom, and what is pending
  // would cost each look more than the logging saves.
  core::Duration observe_interval = std::chrono::minutes(1);
  core::Duration checkpoint_interval = std::chrono::hours(24 * 365);
  // Called after every turn, and before the clock moves to `next`. False ends the run.
  std::function<bool(const runtime::Committed&, const runtime::Shard&, core::Time now)> on_turn;
  std::function<bool(core::Time next)> before_moving;
};

// What an order of the script (`at T pause`) came to.
struct Order {
  std::optional<core::Time> given;  // empty: its moment never came
  std::optional<core::Rejected> rejected;
};

struct Seen {
  core::Time begin{};
  core::Time end{};
  std::string rollout;
  core::StreamId stream;
  std::vector<core::Event> events;        // all but the evidence, in order
  std::optional<core::Rejected> refused;  // the start; where the scenario expects it
  std::optional<core::Outcome> outcome;
  std::map<std::string, core::Time> stages;  // when their first shift was requested
  std::vector<Order> orders;                 // by act of the scenario
  bool stopped = false;                      // by a hook

  // When a moment was; nothing: its stage never shifted.
  std::optional<core::Time> time_of(const dsl::scenario::Moment& moment) const;
};

// Error: the log's; or the start was refused, with the reason.
core::Result<Seen> play(runtime::EventLog& log, const Script& script, Service& service,
                        const PlayOptions& options);

}  // namespace rollbook::tools
