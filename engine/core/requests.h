#pragma once
// Requests: which of a runbook's counters counts the requests that traffic is split by. `status`
// and `traffic` ask, of runbooks that may have no `traffic split as planned`.

#include <optional>

#include "engine/core/machine.h"

namespace rollbook::core {

// Of the runbook's own test of the split; else what its first ratio is divided by that is counted
// on both arms, also in a judge. A part of something, as errors are, says nothing of the split: of
// them the canary may have more than its weight and be as it should. Nothing: it is not measured.
std::optional<MetricIndex> requests_of(const Machine& machine, TargetIndex target);

// Where a window of the runbook counts that share of the metric; `absent` alone keeps no counts.
std::optional<SeriesIndex> counted(const Machine& machine, const Series& series);

}  // namespace rollbook::core
