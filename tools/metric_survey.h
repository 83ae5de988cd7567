#pragma once
// MetricSurvey: what metric topics hold, looked at for a while, held against what a runbook asks
// for. The facts of `rollbook doctor --metrics`.
//
//   MetricSurvey survey;
//   decoder.decode(record, batch, letters);
//   survey.take(batch);
//   for (const MetricFinding& found : survey.findings(machine, text, now)) …

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/machine.h"
#include "engine/core/units.h"
#include "engine/runtime/metric_point.h"
#include "engine/runtime/series_table.h"
#include "tools/metric_limits.h"

namespace rollbook::tools {

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
  std::string suggestion;             // the line to write instead; "" where none is known

  bool is_doubtful() const;  // warnings, or a limit that does not do what is written
};

struct Subject;  // metric_checks.h

class MetricSurvey {
 public:
  void take(const runtime::PointBatch& batch);

  std::size_t names() const { return names_.size(); }
  std::size_t points() const { return points_; }
  // One for each metric of the machine that is read from the wire. `text` is the runbook's.
  std::vector<MetricFinding> findings(const core::Machine& machine, const std::string& text,
                                      core::Time now) const;

 private:
  struct Seen {
    runtime::SeriesName name;
    std::set<runtime::PointKind> kinds;
    std::set<std::vector<core::Fixed>> layouts;
    std::size_t points = 0;
    core::Time first = core::kDistantFuture, last = core::kDistantPast;  // event time
    // Of a cumulative one, as the engine takes it: what is no later than the last point is dropped.
    core::Fixed total, top;    // of the last point, and of the one before its fall
    bool fell = false;         // the last point was below the one before
    std::size_t returned = 0;  // times that a total was back in the point after its fall
    std::size_t clashed = 0;   // times that one moment had two totals, or two values of a gauge
    std::size_t overlaps = 0;  // intervals that overlap one that counts, and are another
  };
  using Group = std::vector<const Seen*>;
  void follow(const runtime::PointBatch& batch, const runtime::MetricPoint& point, Seen& seen);
  static void follow_total(core::Time end, core::Fixed total, Seen& seen);
  static void check_senders(core::MetricKind kind, const Group& matched, MetricFinding& found);
  Group of(const std::string& name) const;
  std::string missing_whole(const std::string& name) const;
  std::string meant(const core::Machine& machine, const std::string& name) const;
  void check_name(const Subject& subject, MetricFinding& found) const;

  std::vector<Seen> series_;  // by number
  std::vector<std::vector<core::Fixed>> layouts_;
  runtime::SeriesTable deltas_;  // as the engine takes them
  std::set<std::string> names_;
  std::size_t points_ = 0;
};

}  // namespace rollbook::tools
