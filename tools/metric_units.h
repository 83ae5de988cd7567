#pragma once
// MetricUnits: whether a metric's values are what its limits take them for. A histogram in
// milliseconds that a runbook reads as seconds is a thousand times over each limit, or a gate on it
// a thousand times under.

#include "tools/metric_checks.h"

namespace rollbook::tools {

// What the sender, or the name on the wire, says of the unit.
void check_unit(const Subject& subject, MetricFinding& found);
// Of a histogram of which nobody says it: where all that was seen lies far from the limits. `found`
// has them.
void check_values(const Subject& subject, MetricFinding& found);

}  // namespace rollbook::tools
