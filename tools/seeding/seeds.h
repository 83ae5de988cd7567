#pragma once
// Seeds: rollouts of a runbook whose metrics come as they do in life: a Collector that restarts,
// scrapes that are lost, batches that come twice, a topic that gets more partitions. What happens
// in the service is healthy, so that nothing may be rolled back; or its canary breaks at some
// moment, so that it must be; or what both arms need does, so that it must be halted. All of a run
// is drawn from its seed, and is a command line too:
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

enum class Kind : std::uint8_t {
  healthy,  // nothing fails
  broken,   // one request in a hundred of the canary, from some moment of the stages on
  shared,   // 1 to 20 % of both arms, from some moment of the stages until they recover
};

struct Run {
  std::uint64_t seed = 0;
  Kind kind = Kind::healthy;
  std::vector<std::string> faults;       // as `rollbook sandbox --fault` takes them
  std::optional<core::Duration> broken;  // since the start: from when the canary fails
  // shared: until when the baseline does. The canary recovers with it where the seed is even, and
  // never where it is odd.
  std::optional<core::Duration> mended;
  bool both_recover = false;
};
Run draw(std::uint64_t seed, Kind kind);

// `when baseline fails too halt` in the guard of a runbook that has none: what a `shared` run
// needs. Error: it has no guard to put it in.
core::Result<std::string> halting(const std::string& runbook);

// A time, and what the canary served meanwhile by the load's plan.
struct Stretch {
  core::Duration took{};
  std::int64_t requests = 0;
};

struct Played {
  std::optional<core::Outcome> outcome;  // nothing: it did not end
  std::string because;                   // of a rollback
  core::Weight weight;                   // when it broke
  // shared: from the first failure until it was halted; and whether it was to the end.
  std::optional<Stretch> halted;
  bool stays_halted = false;
  // Traffic was ordered to the canary while it was halted.
  bool moved = false;
  // From when the canary alone failed until the traffic was ordered away; below zero: before that.
  std::optional<Stretch> back;
};
// As long as it takes to know the outcome. Error: the sandbox's.
core::Result<Played> play(const runtime::Plan& plan, const Run& run);

// What a run did that its kind must not do; "": nothing.
std::string wrong_in(const Run& run, const Played& played);

}  // namespace rollbook::seeding
