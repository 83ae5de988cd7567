#pragma once
// Seeds: rollouts of a runbook whose metrics come as they do in life: a Collector that restarts,
// scrapes that are lost, batches that come twice, a topic that gets more partitions. What happens
// in the service is healthy, so that nothing may be rolled back; or its canary breaks at some
// moment, so that it must be. All of a run is drawn from its seed, and is a command line too:
//
//   rollbook sandbox plans/hal9-canary.runbook --seed 17 --fault "gaps 12% from 30h for 40m on
//   both" …

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/types.h"
#include "engine/runtime/event_log.h"

namespace rollbook::seeding {

struct Run {
  std::uint64_t seed = 0;
  std::vector<std::string> faults;       // as `rollbook sandbox --fault` takes them
  std::optional<core::Duration> broken;  // since the start: from when the canary fails
};
// `breaks`: one request in a hundred of the canary fails from some moment of the stages on.
Run draw(std::uint64_t seed, bool breaks);

struct Played {
  std::optional<core::Outcome> outcome;  // nothing: it did not end
  std::string because;                   // of a rollback
  // Of a rollback of a canary that broke: from the first failure until the traffic was ordered
  // away.
  core::Duration took{};
  std::int64_t requests = 0;  // that the canary served meanwhile, by the load's plan
  core::Weight weight;        // when it broke
};
// Error: the sandbox's.
core::Result<Played> play(const runtime::Plan& plan, const Run& run);

}  // namespace rollbook::seeding
