#pragma once
// Breakdowns: a metric kept by its labels (`by type, endpoint`), two hundred sets of label values
// of it and the rest as one. Those that people look at (`rollbook analyze`) are in the log alone:
// the state knows the names of the sets. Those that a criterion looks at (`new(errors by type)`)
// are in the state as well, as far as they may still be new.

#include <string>
#include <vector>

#include "engine/core/decide.h"
#include "engine/core/found.h"

namespace rollbook::core {

struct Breakdown {
  MetricIndex metric;
  std::vector<std::string> labels;
  CriterionIndex criterion;  // of `new(…)`; invalid: for people
};

// Raises what is known of the offset's partition to it.
void advance_offset(std::vector<SourceOffset>& known, const SourceOffset& offset);

// In the order that BreakdownIndex counts: of metrics, then of criteria.
std::vector<Breakdown> breakdowns_of(const Machine& machine);
// That of a criterion with `new_by`; that of a metric with `by`.
BreakdownIndex breakdown_of(const Machine& machine, CriterionIndex criterion);
BreakdownIndex breakdown_of(const Machine& machine, MetricIndex metric);

// `type="oom", endpoint="/pay"`; of kOtherSet "other".
std::string set_text(const Breakdown& breakdown, const std::vector<std::string>& values);

// `new(…)`: the label sets of the canary with `limit` or more in the window that the baseline has
// not shown since the window's floor. `value` is the most that one has.
Found find_new(const Subject& subject);
// Whether the baseline has shown it, what is pending included.
bool is_known(const RolloutState& state, const Pending& pending, BreakdownIndex breakdown,
              std::uint32_t set);

// decide: puts what waits into the Observed that is about to be logged.
void take_shares(Pending& pending);

// evolve: the sets and kinds of an Observed, after its watermarks.
void take_kinds(const Machine& machine, RolloutState& state, const Observed& observed);
// evolve: windows begin anew at that floor, and nothing is known any more.
void forget_kinds(const Machine& machine, RolloutState& state, Floor floor);

}  // namespace rollbook::core
