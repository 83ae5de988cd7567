#pragma once
// Fold: puts an increment into a rollout's Pending, in the pane of its end time, under the highest
// floor that lies before all of it.

#include "engine/core/decide.h"
#include "engine/runtime/selector.h"
#include "engine/runtime/series_table.h"

namespace rollbook::runtime {

enum class Folded : std::uint8_t { counted, late, quarantined, refused };

struct FoldInput {
  const core::Machine& machine;
  const core::RolloutState& state;
  Match match;
  const Increment& increment;
  const std::vector<core::Fixed>* bounds;  // of a histogram's buckets as they came
  core::Time now{};                        // engine time of arrival
};

// `refused`: a histogram whose bounds cannot be brought to those of the metric.
Folded fold(const FoldInput& input, core::Pending& pending);

// The end of the one-second pane that holds `time`.
core::Time pane_of(core::Time time);

}  // namespace rollbook::runtime
