#pragma once
// MetricChecks: what does not fit between one metric of a runbook and the series of its name that
// were seen. Each says so in a sentence; the first that knows one gives the line to write.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/machine.h"
#include "engine/runtime/metric_point.h"
#include "tools/metric_finding.h"
#include "tools/metric_seen.h"

namespace rollbook::tools {

// What the series of one name have in common, and what the runbook wants of them.
struct Subject {
  const core::Machine& machine;
  const core::Metric& metric;
  const std::string& text;  // of the runbook
  std::string line;         // of it, where the metric stands
  bool may_lack = false;    // errors: a healthy arm sends none
  SeenGroup matched;        // those that the runbook's matchers take
  std::set<runtime::PointKind> kinds;
  Layouts layouts;
  std::map<std::string, std::size_t> arms;

  bool split() const { return machine.arms && !metric.unsplit; }
};

// "histogram", and of a point "histogram (cumulative)".
std::string_view word_of(core::MetricKind kind);
std::string_view word_of(runtime::PointKind kind);
bool fits(core::MetricKind kind, runtime::PointKind point);

// The metric's line, written so; nothing where `line` is empty or another was proposed before.
void propose(const Subject& subject, std::string line, MetricFinding& found);

// `found` has the labels, the arms and the lag of the series that were seen.
void check_kind(const Subject& subject, MetricFinding& found);
void check_arms(const Subject& subject, MetricFinding& found);
void check_matchers(const Subject& subject, MetricFinding& found);
void check_by(const Subject& subject, MetricFinding& found);
// Of a histogram with a layout: its edges too.
void check_layouts(const Subject& subject, MetricFinding& found);

}  // namespace rollbook::tools
