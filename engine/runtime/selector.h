#pragma once
// Selector: which series of a machine a named series on the wire feeds. Compiled once per machine;
// matching happens once per series, never per point.

#include <memory>
#include <vector>

#include "engine/core/breakdown.h"
#include "engine/core/machine.h"
#include "engine/runtime/metric_point.h"

namespace rollbook::runtime {

// One match: the point is folded into `series`, an arm of `metric`, or into a breakdown of it.
struct Match {
  core::MetricIndex metric;
  core::SeriesIndex series;  // invalid: the name was seen with an arm label, but no window keeps it
  core::Arm arm = core::Arm::total;     // whose the point is
  core::BreakdownIndex breakdown = {};  // valid: nothing else is asked of this match
};

class Selector {
 public:
  explicit Selector(const core::Machine& machine);
  ~Selector();
  Selector(Selector&&) noexcept;
  Selector& operator=(Selector&&) noexcept;

  std::vector<Match> match(const SeriesName& name) const;

 private:
  struct Patterns;
  bool is_in_target(const SeriesName& name, const core::Breakdown& breakdown) const;
  const core::Machine* machine_;
  std::vector<core::Breakdown> breakdowns_;
  std::unique_ptr<Patterns> patterns_;
};

}  // namespace rollbook::runtime
