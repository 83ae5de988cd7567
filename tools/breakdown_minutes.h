#pragma once
// Minutes: what an arm counted minute by minute, for the peak and the trough of its traffic. An
// increment came since its series was heard before (increment_spans.h), evenly: exports that are a
// minute and a little apart make no minute of two, and none of nothing. Internal to
// tools/breakdown_look.cc.

#include <map>
#include <vector>

#include "tools/breakdown_look.h"
#include "tools/increment_spans.h"

namespace rollbook::tools {

class Minutes {
 public:
  // Nothing of `after` or before is asked for.
  Minutes(const core::Machine& machine, core::MetricIndex metric, core::Time after);
  // One after the other, from the first on.
  void take(core::Observed observed);
  // Of the minutes that lie within (after, until] whole and were told by the arm.
  std::vector<PeakLook> within(core::Time after, core::Time until) const;

 private:
  struct Counted {
    std::map<core::Time, core::Fixed> minutes;  // by their ends
    core::Time told = core::kDistantPast;
  };
  bool counts(const core::Series& series) const;
  void add(const core::CellDelta& delta, Counted& arm) const;

  const core::Machine& machine_;
  core::MetricIndex metric_;
  core::Time after_;
  IncrementSpans spans_;
  std::map<core::Arm, Counted> arms_;
};

}  // namespace rollbook::tools
