#pragma once
// MetricLimits: what the edges of a histogram's buckets let a runbook's limits say. A limit on an
// edge is exact; inside a bucket it is interpolated, or with confidence not decided at all; beyond
// the last edge nothing is known.

#include <optional>
#include <string>
#include <vector>

#include "engine/core/machine.h"

namespace rollbook::tools {

// A limit that the runbook holds a histogram to.
struct LimitFinding {
  std::string criterion;             // as written
  std::optional<core::Fixed> limit;  // none: another arm's quantile
  bool on_edge = false;
  std::optional<core::Fixed> low, high;  // the bucket it lies in, where it is on no edge
  std::string says;                      // a sentence: what that means for this criterion
  bool blunt = false;                    // it does not do what is written
};

// Of each criterion that looks at a quantile of the metric. `edges` are in the runbook's unit, and
// rise; at least one.
std::vector<LimitFinding> limits_of(const core::Machine& machine, core::MetricIndex metric,
                                    const std::vector<core::Fixed>& edges);

}  // namespace rollbook::tools
