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
#include "tools/metric_survey.h"

namespace rollbook::tools {

inline constexpr std::string_view kBucketSuffix = "_bucket";

// What the series of one name have in common, and what the runbook wants of them.
struct Subject {
  const core::Machine& machine;
  const core::Metric& metric;
  std::string line;       // of the runbook
  bool may_lack = false;  // errors: a healthy arm sends none
  std::set<runtime::PointKind> kinds;
  std::set<std::vector<core::Fixed>> layouts;
  std::map<std::string, std::size_t> arms;
};

// "histogram", and of a point "histogram (cumulative)".
std::string_view word_of(core::MetricKind kind);
std::string_view word_of(runtime::PointKind kind);
// A line with one word replaced behind its `=`; "" when the word is not there.
std::string replaced(const std::string& line, const std::string& word, std::string_view by);
std::string without_comment(std::string line);

// `found` has the labels, the arms and the lag of the series that were seen.
void check_kind(const Subject& subject, MetricFinding& found);
void check_arms(const Subject& subject, MetricFinding& found);
void check_matchers(const Subject& subject, MetricFinding& found);
void check_by(const Subject& subject, MetricFinding& found);
void check_clock(MetricFinding& found);
// Of a histogram with a layout: its edges too.
void check_layouts(const Subject& subject, MetricFinding& found);

}  // namespace rollbook::tools
