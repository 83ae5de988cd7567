#pragma once
// Load: how many requests come, which of them a series counts, and how far apart it says so.

#include <string>
#include <vector>

#include "engine/core/machine.h"

namespace rollbook::power {

// Points of a series come so far apart at least, and at most.
inline constexpr core::Duration kEveryLeast = std::chrono::seconds(1);
inline constexpr core::Duration kEveryMost = std::chrono::hours(1);

struct Load {
  std::string name;       // "peak"
  double per_second = 0;  // requests of both arms, of all targets
  // Of each target; empty: there are none, or nobody has said.
  std::vector<double> of_targets{};
};
// Where nobody has said, each target gets as much as any other.
void share_evenly(const core::Machine& machine, Load& load);

// By target; one weight where there are no targets.
using Weights = std::vector<core::Weight>;

// Those of a stage.
Weights weights_of(const core::Stage& stage);
// Requests a second that `series` counts. INVARIANT: the load is that of each target.
double flow_of(const core::Machine& machine, core::SeriesIndex series, const Load& load,
               const Weights& weights);

}  // namespace rollbook::power
