#pragma once
// Exemplars: single requests whose trace their sender has kept, of the samples that breached: a
// latency above a limit of the runbook, an error of a share that it bounds. Five of a metric and an
// arm are kept in a minute, of those that wait the worst. They are in the log, for people: no
// verdict and no state knows them.
//
//   ExemplarsOfPoint of(batch);
//   of.move_to(point);                                          // each point, in order
//   of.give(feed.match, batch, rollout.exemplars, rollout.pending);

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
  void take(const Match& match, core::Exemplar exemplar, core::Pending& pending);
  // From where on a value of the metric breaches, in its unit; nothing: none does.
  std::optional<core::Fixed> limit(core::MetricIndex metric) const { return limits_[metric.value]; }

 private:
  struct Budget {
    std::int64_t minute = -1;
    std::size_t used = 0;
  };
  std::vector<std::optional<core::Fixed>> limits_;  // by metric
  std::vector<core::Fixed> units_;
  std::map<std::pair<core::MetricIndex, core::Arm>, Budget> budgets_;
};

// From where on a value of each metric breaches; also for whoever reads what was kept.
std::vector<std::optional<core::Fixed>> exemplar_limits(const core::Machine& machine);

class ExemplarsOfPoint {
 public:
  explicit ExemplarsOfPoint(const PointBatch& batch) : batch_(batch) {}
  void move_to(const MetricPoint& point) {
    if (!batch_.exemplars.empty()) find(point);
  }
  void give(const Match& match, const PointBatch& batch, Exemplars& to, core::Pending& pending) {
    if (first_ != last_) hand_out(match, batch, to, pending);
  }

 private:
  void find(const MetricPoint& point);
  void hand_out(const Match& match, const PointBatch& batch, Exemplars& to,
                core::Pending& pending) const;

  const PointBatch& batch_;
  std::size_t first_ = 0, last_ = 0;  // those of the point
};

}  // namespace rollbook::runtime
