#pragma once
// Service: what is measured while a Play runs: points at times. Meters makes them up as a
// scenario says; Recording takes them from a file. `faults` may be at work on either.

#include <string>

#include "adapters/sandbox/fault_clock.h"
#include "engine/runtime/metric_point.h"

namespace rollbook::tools {

class Service {
 public:
  virtual ~Service() = default;
  // When it next has points, or something about it changes; kDistantFuture: never again.
  virtual core::Time next() const = 0;
  // Up to `now`, in order of time; appends what is measured at `now` to `batch`. Between two calls
  // nothing changes but time: the Play calls it before each edge of a fault and each shift.
  virtual void run_until(core::Time now, runtime::PointBatch& batch) = 0;
  // A shift was carried out.
  virtual void set_weight(core::TargetIndex target, core::Weight weight) = 0;
  // A stage's first shift was requested (""; the start): times count from it.
  virtual void mark(const std::string& stage, core::Time now) = 0;
  // The troubles of the arms have changed.
  virtual void suffer(const adapters::FaultClock& faults, core::Time now) = 0;
};

}  // namespace rollbook::tools
