#pragma once
// Exemplars: single requests whose trace their sender has kept, of the samples that breached: a
// latency above a limit of the runbook, an error of a share that it bounds. Five of a metric and an
// arm are kept in a minute, of those that wait the worst. They are in the log, for people: no
// verdict and no state knows them.
//
//   ExemplarsOfPoint of(batch);
//   of.move_to(point);                                          // each point, in order
//   of.give(feed.match, series_name, rollout.exemplars, rollout.pending);

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "engine/core/decide.h"
#include "engine/runtime/metric_point.h"
#include "engine/runtime/selector.h"

namespace rollbook::runtime {

class Exemplars {
 public:
  void begin(const core::Machine& machine);
  // Values are in the wire's unit.
  bool breaches(core::MetricIndex metric, core::Fixed value) const;
  void take(const Match& match, core::Exemplar exemplar, core::Pending& pending);
  // Of its series the target and what the metric is kept `by`, then the request's own.
  std::vector<std::pair<std::string, std::string>> labels_of(core::MetricIndex metric,
                                                             const SeriesName& series,
                                                             const PointExemplar& exemplar) const;

 private:
  core::Fixed in_unit(core::MetricIndex metric, core::Fixed value) const;

  struct Budget {
    std::int64_t minute = -1;
    std::size_t used = 0;
  };
  std::vector<std::optional<core::Fixed>> limits_;  // by metric
  std::vector<core::Fixed> units_;
  std::vector<std::vector<std::string>> by_;
  std::map<std::pair<core::MetricIndex, core::Arm>, Budget> budgets_;
};

// From where on a value of each metric breaches, in its unit; nothing: none does. Also for whoever
// reads what was kept.
std::vector<std::optional<core::Fixed>> exemplar_limits(const core::Machine& machine);

class ExemplarsOfPoint {
 public:
  explicit ExemplarsOfPoint(const PointBatch& batch) : batch_(batch) {}
  void move_to(const MetricPoint& point) {
    if (!batch_.exemplars.empty()) find(point);
  }
  void give(const Match& match, const SeriesName& series, Exemplars& to, core::Pending& pending) {
    if (first_ != last_) hand_out(match, series, to, pending);
  }

 private:
  void find(const MetricPoint& point);
  void hand_out(const Match& match, const SeriesName& series, Exemplars& to,
                core::Pending& pending) const;

  const PointBatch& batch_;
  std::size_t first_ = 0, last_ = 0;  // those of the point
};

}  // namespace rollbook::runtime
