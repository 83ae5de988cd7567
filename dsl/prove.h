#pragma once
// Proofs over a machine, which is what really runs: graph algorithms that know nothing of the
// language. `check` states what holds; what fails is a path, told step by step and as a scenario.
//
//   const Proofs proofs = prove(machine);
//   for (const Fault& fault : proofs.faults) std::cerr << fault.claim << in_words(machine, fault);

#include <optional>
#include <string>
#include <vector>

#include "dsl/codes.h"
#include "engine/core/machine.h"

namespace rollbook::dsl {

// The way to a state that breaks a claim; the shortest there is.
struct Fault {
  Code code = Code::unreachable;
  std::string claim;  // "every state can be reached"
  std::string what;   // "nothing leads to `second.hold`"
  std::string help;
  core::StateIndex state;
  std::vector<core::TransitionIndex> path;  // from the start; empty when nothing leads there
};

// How long it takes and how much is at stake, at worst. Time counts as clocks of the engine do:
// without pauses, hours that the calendar is closed, commands, and time that the engine was down or
// blind. A shift back counts with the time that it has to settle, though it is asked for until it
// does.
struct Bounds {
  // From the start to an end, every deadline used up and every extension taken; empty when some
  // wait has no deadline, or the rollout may halt: people resume it when they do.
  std::optional<core::Duration> longest;
  core::StateIndex endless;     // that wait, or where it may halt
  core::TransitionIndex halts;  // what halts it there; invalid for a wait
  core::Weight most;            // of the canary
  // From the first request of that much to the end of the rollout; empty like `longest`.
  std::optional<core::Duration> exposed;
  // The same for each target, where there are some.
  struct Exposure {
    core::Weight most;
    std::optional<core::Duration> exposed;
  };
  std::vector<Exposure> targets;
};

struct Proofs {
  std::vector<std::string> claims;  // what was proved: "every wait has an exit"
  std::vector<Fault> faults;        // at most one for each state
};

Proofs prove(const core::Machine& machine);

// Whether a rollout that may halt is taken to do so, and then waits for people without end.
enum class Halts : std::uint8_t { happen, never_happen };

// INVARIANT: prove() found no fault.
Bounds find_bounds(const core::Machine& machine, Halts halts = Halts::happen);

// "worst case 11d 4h; most traffic 50% for up to 3d 2h".
std::string in_words(const Bounds& bounds, const core::Machine& machine);
// All that is said of them, a line each: the bounds; where it may halt, what they are while it does
// not; and what none of them counts.
std::vector<std::string> bounds_in_words(const core::Machine& machine);
// The path, a numbered line for each step: "1. the rollout begins: before.begin → first.shift".
std::string in_words(const Fault& fault, const core::Machine& machine);
// A fault that is none: the way to a state of a sound machine, to be told as the others are.
Fault fault_at(const core::Machine& machine, core::StateIndex state);
// The path as a scenario that expects its states one after the other; "" where a step of it is an
// order that scenarios do not have.
std::string as_scenario(const Fault& fault, const core::Machine& machine);

// "3d 2h", "45m": at most two units, rounded up, for people.
std::string roughly(core::Duration duration);

}  // namespace rollbook::dsl
