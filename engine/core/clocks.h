#pragma once
// Clocks: elapsed time of holds and deadlines. A clock runs while its owner is active and its kind
// allows it; what it has counted is kept when it stands still.

#include "engine/core/decide.h"

namespace rollbook::core {

Duration elapsed(const RolloutState& state, ClockIndex clock, Time now);
// Of that what passed in truth: a promoted hold has counted all it has to.
Duration watched(const RolloutState& state, ClockIndex clock, Time now);
// Its limit with what extensions added.
Duration limit_of(const Machine& machine, const RolloutState& state, ClockIndex clock);
bool reached(const Machine& machine, const RolloutState& state, ClockIndex clock, Time now);
// When a running clock will be reached; kDistantFuture when it stands still.
Time reached_at(const Machine& machine, const RolloutState& state, ClockIndex clock);

// `since` moved on by what lies between `from` and `to`: as if that time had not been.
Time leave_out(Time since, Time from, Time to);

// Whether a `pause while` of the guard is true now.
bool pauses_itself(const Machine& machine, const RolloutState& state);
// Forward steps wait: somebody or something paused it, it is halted, or the engine cannot see.
bool barred(const Machine& machine, const RolloutState& state);

// Starts and stops clocks by what the state says now. Called by evolve() only.
void refresh_clocks(const Machine& machine, RolloutState& state, Time now);

// The latest step of a rollback's ramp that is due, from 1 on, and how many there are.
std::uint32_t ramp_steps(const Ramp& ramp, const RampState& state);
std::uint32_t ramp_due(const Ramp& ramp, const RampState& state, Time now);
Weight ramp_weight(const Ramp& ramp, const RampState& state, std::uint32_t step);
// The way down of one target in a ramp of several; `books` themselves for the unnamed one.
RampState ramp_of(const RolloutState& state, const RampState& books, TargetIndex target);

}  // namespace rollbook::core
