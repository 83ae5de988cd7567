#pragma once
// FaultClock: which faults are at work at a time. Faults that count from a stage wait for its
// shift.

#include <optional>
#include <string>
#include <vector>

#include "adapters/sandbox/fault.h"
#include "adapters/sandbox/health.h"
#include "adapters/sandbox/traffic.h"
#include "engine/core/machine.h"

namespace rollbook::adapters {

// An effect as a fault sees it.
struct Suffering {
  FaultKind kind = FaultKind::shift;
  core::Weight to;     // shift
  std::string name;    // run, checkpoint
  std::string target;  // shift, rollback; "": the unnamed one
};

class FaultClock {
 public:
  FaultClock(const core::Machine& machine, std::vector<Fault> faults);

  // Something that times count from happened: the start (""), or a stage's shift. Returns the
  // times at which faults begin or end because of it. Only the first shift of a stage counts.
  std::vector<core::Time> mark(const std::string& stage, core::Time now);

  Trouble trouble_of(Whose whose, core::TargetIndex target, core::Time now) const;
  // Brings the troubles of all arms of all targets to that time.
  void trouble(Traffic& traffic, core::Time now) const;
  // How many faults of that kind have begun by now.
  int begun(FaultKind kind, core::Time now) const;
  // The fault that an effect suffers; nullptr: none.
  const Fault* find(const Suffering& effect, core::Time now) const;

 private:
  // At work in [from, until).
  struct Span {
    std::optional<core::Time> from;  // empty: its stage has not shifted yet
    core::Time until = core::kDistantFuture;
    bool holds(core::Time now) const { return from && *from <= now && now < until; }
  };
  bool hits(const Fault& fault, Whose whose) const;

  const bool has_arms_;
  std::vector<std::string> targets_;
  std::vector<Fault> faults_;
  std::vector<Span> spans_;  // of faults_
};

// Error: it counts from a stage that the machine does not have, or nothing there could show it.
core::Status check_fault(const core::Machine& machine, const Fault& fault,
                         const std::vector<WireSeries>& series);
// The same of a fault that is laid over figures which somebody else wrote down: how they are
// delivered is not to be changed there, nor what chance does to them.
core::Status check_fault_of_figures(const core::Machine& machine, const Fault& fault,
                                    const std::vector<WireSeries>& series);

}  // namespace rollbook::adapters
