// Stages before the first shift: nobody has sent the canary any traffic yet, so unless it sees
// shadow traffic, what is asked of it there is never answered.

#include <algorithm>

#include "dsl/check_rules.h"

namespace rollbook::dsl {

namespace {

bool looks_at_canary(const Judgement& judgement) {
  const bool other = judgement.other && judgement.other->arm == core::Arm::canary;
  return judgement.what.arm == core::Arm::canary || other;
}

void warn_of(const Judgement& judgement, const StageOutline& stage, Findings& findings) {
  const bool counts = judgement.kind == core::CriterionKind::enough;
  findings.warning(
      Code::before_traffic, judgement.span,
      (counts ? quoted(judgement.text) + " are counted on" : quoted(judgement.text) + " looks at") +
          " the canary, and nothing was shifted to it when stage " + quoted(stage.name) +
          " asks: without shadow traffic it has no data, and waits until its deadline",
      counts ? "count them in a stage that shifts traffic"
             : "look at `total.` or `baseline.` here, or at the canary in a stage that shifts "
               "traffic");
}

}  // namespace

void warn_of_before_traffic(const Outline& outline, Findings& findings) {
  const auto first = std::find_if(outline.stages.begin(), outline.stages.end(), moves_traffic);
  // A rollout that shifts nothing watches what others do.
  if (first == outline.stages.end() || outline.begins > core::kNoTraffic) return;
  for (auto stage = outline.stages.begin(); stage != first; ++stage) {
    for (const Judgement& expect : stage->review.criteria) {
      if (looks_at_canary(expect)) warn_of(expect, *stage, findings);
    }
    const Step* hold = hold_of(*stage);
    if (hold != nullptr && hold->enough && looks_at_canary(*hold->enough)) {
      warn_of(*hold->enough, *stage, findings);
    }
  }
}

}  // namespace rollbook::dsl
