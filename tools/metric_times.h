#pragma once
// MetricTimes: what the times of a metric's points give away, held against the clock: senders whose
// clock is wrong or that are held up, senders that are gone, and two under one set of labels.

#include "tools/metric_checks.h"

namespace rollbook::tools {

// `found` has the lag of the latest point.
void check_clock(const Subject& subject, MetricFinding& found, core::Time now);
void check_senders(const Subject& subject, MetricFinding& found);

}  // namespace rollbook::tools
