#pragma once
// Increment spans: since when an increment counts, where the log does not say so. It does of the
// series whose rate or count some criterion measures (stretches.h), because it is told apart for
// those alone. A reader who wants another rate takes an increment to have come since its series
// was heard before: of one sender that is so, of several somebody was heard in between, and what
// each of them said is spread over less.
//
//   IncrementSpans spans(machine);            // as the runbook has it
//   spans.complete(observed);                 // one after the other, from the first on

#include <vector>

#include "engine/core/event.h"

namespace rollbook::tools {

class IncrementSpans {
 public:
  IncrementSpans() = default;
  explicit IncrementSpans(const core::Machine& machine);

  void complete(core::Observed& observed);

 private:
  struct Heard {
    bool wanted = false;          // a counter of which the log does not tell
    bool silent_at_zero = false;  // what came in more than kStretchMost came at once
    core::Time last = core::kDistantPast, before = core::kDistantPast;  // whole seconds
    void at(core::Time time);
  };
  void complete(core::CellDelta& delta);

  std::vector<Heard> series_;
};

}  // namespace rollbook::tools
