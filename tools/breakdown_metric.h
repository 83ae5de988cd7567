#pragma once
// Which metric and which of its labels somebody means who asks for `errors --by type`. Internal to
// tools/breakdown_look*.cc.

#include "tools/breakdown_look.h"

namespace rollbook::tools {

core::MetricIndex metric_of(const core::Machine& machine, core::WindowIndex window);

// The metric that was named, or that the runbook's criteria take for the subject. Error: exit
// code 2.
Outcome<core::MetricIndex> find_metric(const core::Machine& machine, const BreakdownAsk& ask);

// Where each label that is asked for, or each that there is, stands among the metric's.
Outcome<std::vector<std::size_t>> find_labels(const core::Metric& metric,
                                              const std::vector<std::string>& asked);

// What the errors are a share of, where that is kept by labels too.
std::optional<core::MetricIndex> requests_of(const core::Machine& machine,
                                             core::MetricIndex errors);

}  // namespace rollbook::tools
