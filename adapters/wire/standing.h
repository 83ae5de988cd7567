#pragma once
// Standing: why a hold stands still, which points are turned away, and what may be done about a
// halt. The parts of a status that answer "why does it not go on?".

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/machine.h"
#include "engine/core/state.h"
#include "engine/runtime/refusals.h"

namespace rollbook::adapters {

// What is known of a rollout beside its events; who has its log open says it.
struct Beside {
  std::vector<runtime::RefusedSeries> refused;
  struct Engine {
    bool running = true;
    std::optional<core::Time> last_turn;  // none: it has written none down
  };
  std::optional<Engine> engine;  // none: not asked
};

// Points of a series that are refused, up to now.
struct RefusedStatus {
  core::SeriesIndex series;
  std::string name;  // "`latency` of the canary"
  std::string metric, arm, target;
  core::Time since{}, last{};
  std::uint64_t points = 0;
  std::string sender, why;
};
std::vector<RefusedStatus> refused_now(const core::Machine& machine,
                                       const core::RolloutState& state,
                                       const std::vector<runtime::RefusedSeries>& refused,
                                       core::Time now);
// The metrics of those that the criterion looks at, also where their silence means nothing to it.
std::vector<std::string> refused_of(const core::Machine& machine, const core::Criterion& criterion,
                                    const std::vector<RefusedStatus>& refused);

// A series without points, or with those of two senders, that makes the clock of a hold stand
// still.
struct SilenceStatus {
  std::string criterion;  // as written
  std::string name;       // "`latency` of the canary"
  std::string metric, arm, target;
  std::optional<core::Time> since;  // of its last point, engine time; none: never seen
  bool refused = false;
  bool two_senders = false;
};
std::vector<SilenceStatus> silences_of(const core::Machine& machine,
                                       const core::RolloutState& state,
                                       const std::vector<RefusedStatus>& refused);

// The acts that a halted rollout takes: "resume", "rollback", "abort".
std::vector<std::string> ways_out(const core::Machine& machine, const core::RolloutState& state);

// "stale", "no traffic"; of a histogram "no observations of `latency`": requests may well come.
std::string missing_text(const core::Machine& machine, const core::Criterion& criterion,
                         core::Missing missing);

}  // namespace rollbook::adapters
