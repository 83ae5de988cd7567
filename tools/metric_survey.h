#pragma once
// MetricSurvey: what metric topics hold, looked at for a while, held against what a runbook asks
// for. The facts of `rollbook doctor --metrics`; what is advised is tried by metric_advice.h.
//
//   MetricSurvey survey;
//   decoder.decode(record, batch, letters);
//   survey.take(batch, {record.time});
//   for (const MetricFinding& found : survey.findings(machine, text, now)) …

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/core/machine.h"
#include "engine/runtime/metric_point.h"
#include "engine/runtime/series_table.h"
#include "tools/metric_checks.h"
#include "tools/metric_finding.h"
#include "tools/metric_seen.h"

namespace rollbook::tools {

class MetricSurvey {
 public:
  void take(const runtime::PointBatch& batch, const Arrival& how);

  std::size_t names() const { return names_.size(); }
  std::size_t points() const { return points_; }
  // One for each metric of the machine that is read from the wire. `text` is the runbook's.
  std::vector<MetricFinding> findings(const core::Machine& machine, const std::string& text,
                                      core::Time now) const;

 private:
  SeenGroup of(const std::string& name) const;
  std::vector<std::string> candidates(const core::Machine& machine, core::MetricKind kind) const;
  bool is_in_pieces(const std::string& name) const;
  bool check_buckets(const Subject& subject, MetricFinding& found) const;
  void check_name(const Subject& subject, MetricFinding& found) const;
  void check_lack(const Subject& subject, std::vector<std::string> others,
                  MetricFinding& found) const;
  std::string errors_elsewhere(const Subject& subject) const;
  std::string wrong_kind(const Subject& subject) const;
  void look(Subject& subject, core::MetricIndex index, core::Time now, MetricFinding& found) const;
  MetricFinding finding(Subject& subject, core::MetricIndex index, core::Time now) const;

  std::vector<SeenSeries> series_;  // by number
  std::vector<Bounds> layouts_;
  runtime::SeriesTable deltas_;  // as the engine takes them
  struct Name {
    std::set<runtime::PointKind> kinds;
    std::vector<std::size_t> series;  // into series_
  };
  std::map<std::string, Name> names_;
  std::size_t points_ = 0;
};

}  // namespace rollbook::tools
