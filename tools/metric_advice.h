#pragma once
// MetricAdvice: no line to write is told that does not work. Each is put into the runbook, which
// must still be one, and held against what was seen again; the metric must then fit better than it
// did, and no other one worse.
//
//   for (const MetricFinding& found : advised(survey, {"hal9.runbook", text}, machine, now)) …

#include <string>
#include <vector>

#include "tools/metric_survey.h"

namespace rollbook::tools {

struct RunbookText {
  std::string file, text;
};

// The survey's findings. A line that does not work is left out; where the metric cannot be of
// another kind, with the reason and the way out.
std::vector<MetricFinding> advised(const MetricSurvey& survey, const RunbookText& runbook,
                                   const core::Machine& machine, core::Time now);

}  // namespace rollbook::tools
