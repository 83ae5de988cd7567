#pragma once
// Fold: puts an increment into a rollout's Pending, in the pane of its end time, under the highest
// floor that lies before all of it.

#include <optional>
#include <string>

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
  const std::vector<core::Fixed>* bounds;  // of explicit buckets as they came
  core::Time now{};                        // engine time of arrival
  bool only_seen = false;                  // its value is counted elsewhere: past.h
};

// Of two explicit layouts the coarser is kept when its bounds are among the finer's, of two
// exponential ones the coarser scale. `refused`: a point of another kind than the metric's, of
// another sender under the same labels, or with buckets that cannot be brought to one layout with
// those kept.
Folded fold(const FoldInput& input, core::Pending& pending);

// What the increment adds to a breakdown of its metric, in the layout that the metric now has.
// Nothing: it counts nothing, or is refused, as fold() would.
struct Addition {
  core::Cell cell;
  core::Floor reach = core::Floor::start;
};
// It reaches as far back as the shifts of `target` let it.
std::optional<Addition> addition_of(const FoldInput& input, core::TargetIndex target,
                                    core::Pending& pending);

// Why it was refused, for people: "`latency` is a histogram, the points are gauges".
std::string refusal_of(const FoldInput& input);

// From now on the metric has this layout; what is pending is brought to it.
void lay_out(const core::Machine& machine, const core::RolloutState& state, core::Layout layout,
             core::Pending& pending);

// Whether a grid of so many bounds holds all of the histogram as it is.
bool covers(const core::Grid& grid, std::size_t bounds, const core::Exponential& histogram);

// The end of the one-second pane that holds `time`.
core::Time pane_of(core::Time time);

}  // namespace rollbook::runtime
