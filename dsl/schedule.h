#pragma once
// schedule: when a rollout will be where, if all goes well: at the earliest, when every check
// passes as soon as its window is full and people answer at once; and at the latest, when every
// deadline is used up. Walked on the machine that really runs.

#include <optional>
#include <string>
#include <vector>

#include "engine/core/machine.h"

namespace rollbook::dsl {

// A moment, from the start of the rollout.
struct When {
  core::Duration earliest{};
  std::optional<core::Duration> latest;  // empty: something before waits without a deadline
};

// One part of the rollout as people name it: preflight, setup, a stage, success.
struct Leg {
  std::string name;
  core::Weight weight;  // of the canary, when the leg has been entered and shifted
  When begins;
  When ends;
  std::vector<std::string> waits;  // "shift to 5%", "hold 2h", "review within 24h"
  // What extensions that its people may choose can add.
  core::Duration extensions{};
  // The same by target, where there are some; `weight` is the highest of them.
  std::vector<core::Weight> weights{};
};

// Begun at `from`, steps forward wait for the hours of `advance only`, as the calendar has them
// then; without it those are left out.
std::vector<Leg> schedule(const core::Machine& machine,
                          const std::optional<core::Time>& from = std::nullopt);

}  // namespace rollbook::dsl
