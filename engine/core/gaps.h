#pragma once
// Gaps: when a series that should be heard was not. `unchanged` compares the present with the past
// and must not take silence, or the one point that makes up for it, for a change; its past may have
// been silent hours before the test began, so gaps are kept with the series. And a rate that is too
// low is not judged by a window that was silent.
//
// Known from the points alone, not from when they were looked at: a backlog has none of its own.

#include "engine/core/decide.h"

namespace rollbook::core {

// evolve: takes in the points of an Observed; before the watermarks rise.
void note_gaps(const Machine& machine, RolloutState& state, const Observed& observed);

// The series whose silence says that this one was not heard: itself; of one with `default 0` the
// first counter or histogram of its arm without that was ever heard, as what has it is silent while
// nothing happens. Invalid: none was.
SeriesIndex told_by(const Machine& machine, const RolloutState& state, const Pending& pending,
                    SeriesIndex series);

// As they are with what is pending.
std::vector<Gap> gaps_of(const RolloutState& state, const Pending& pending, SeriesIndex series);

}  // namespace rollbook::core
