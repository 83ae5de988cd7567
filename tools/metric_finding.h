#pragma once
// MetricFinding: what `rollbook doctor --metrics` says of one metric of a runbook.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/types.h"
#include "engine/core/units.h"
#include "tools/metric_limits.h"

namespace rollbook::tools {

// A line to write in the place of one of the runbook's.
struct Proposal {
  std::uint32_t line = 0;
  std::string text;  // "" where none is known
  // Where it makes another kind of the metric: "a gauge", what is to be known of that, and the way
  // out if the runbook does not hold with it: "let its sender send a histogram".
  std::string as = {}, note = {}, otherwise = {};
};

struct MetricFinding {
  std::string metric;                                      // in the runbook
  std::string name;                                        // on the wire
  std::string kind;                                        // that the runbook says
  bool seen = false;                                       // the name, with any labels
  std::vector<std::string> kinds;                          // of its points: "counter (cumulative)"
  std::size_t series = 0;                                  // that the runbook's matchers take
  std::vector<std::pair<std::string, std::size_t>> arms;   // values of the arm label, series each
  std::map<std::string, std::vector<std::string>> labels;  // up to five values of each
  double points_per_second = 0;                            // of event time
  std::optional<core::Duration> lag;                       // of the latest point
  core::Unit unit = core::Unit::number;                    // of a gauge's and a histogram's values
  std::vector<core::Fixed> edges;  // histograms: upper bounds, in the runbook's unit
  bool exponential = false;
  std::vector<LimitFinding> limits;
  std::vector<std::string> problems;  // sentences; empty: it fits
  std::vector<std::string> warnings;  // what works, and may not be what was meant
  std::vector<std::string> notes;     // what is as it should be, and worth a word
  Proposal write;

  // Warnings, or a limit that does not do what is written.
  bool is_doubtful() const {
    return !warnings.empty() || std::any_of(limits.begin(), limits.end(),
                                            [](const LimitFinding& limit) { return limit.blunt; });
  }
};

}  // namespace rollbook::tools
