#pragma once
// Coarse: what no number of requests will decide, because the edges of a histogram's buckets lie
// too far apart. Two quantiles are known to the bucket; `canary.p99(x) <= baseline.p99(x) * 105%`
// needs buckets narrower than the margin.

#include <optional>
#include <string>

#include "engine/core/machine.h"
#include "engine/core/state.h"

namespace rollbook::core {

// How far neighbouring edges may lie apart at most, as a share of the lower one, for two equal
// quantiles to be shown to lie within `factor`: an edge next to the quantile itself may never be
// proven, so two buckets must fit. Rounded down to a hundredth of a percent. Nothing where the
// factor leaves no margin.
std::optional<Fixed> width_for(Fixed factor);

// Of a gate on two quantiles that are both known to the bucket and still undecided: "its buckets
// cannot decide it: both lie between the edges 10ms and 25ms, and a margin of 5% needs edges at
// most 2.46% apart". Else "".
std::string coarse_text(const Machine& machine, const RolloutState& state,
                        const Criterion& criterion, const Reading& reading);

}  // namespace rollbook::core
