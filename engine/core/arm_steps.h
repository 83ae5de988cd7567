#pragma once
// Arm steps: how the tests of one arm against another, or against its own past, go on. A step ends
// where a pane does in which both sides had what could have had an event: when an Observed is made
// has no part in it, so a run that is played says what the engine says, and a dispersion is learnt
// from the rhythm of the service, not of the log.
//
// Counts of a step: events and exposure of the judged side, events and exposure of the other.

#include "engine/core/found.h"
#include "engine/core/stats.h"

namespace rollbook::core {

bool has_arm_steps(const Criterion& criterion);

struct ArmStep {
  Time cut{};            // where it ends
  bool skipped = false;  // of `unchanged`: one of its sides was not heard all the time
  stats::Step step;
};
struct ArmSteps {
  std::vector<ArmStep> over;    // since the test's cut, by rising end
  std::optional<ArmStep> open;  // what came after them: it may still grow
  // Of two arms: the newest step, logged or not, with what the other arm's next point adds to it
  // (answered_at() of common_time.h); nothing where that adds nothing.
  std::optional<stats::Step> newest, answered;
};
ArmSteps arm_steps(const Subject& subject);

// The alternatives of a criterion's sums, in their order.
struct Alternatives {
  std::vector<double> proof;     // of what the criterion says
  std::vector<double> contrary;  // gates only
  double bound = 1;              // of the rates' ratio, for both
};
// `unchanged` has two bounds, and for the lower one the arms change places.
std::vector<Alternatives> alternatives_of(const Criterion& criterion);
// What a step adds to the sums, in pico-nats.
void add_logs(const stats::Step& step, const Criterion& criterion, std::vector<std::int64_t>& logs);

}  // namespace rollbook::core
