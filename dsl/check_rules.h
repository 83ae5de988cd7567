#pragma once
// The groups of rules behind check(); internal to dsl/check*.cc.

#include "dsl/outline.h"
#include "dsl/resolve_names.h"

namespace rollbook::dsl {

// ---- Errors -----------------------------------------------------------------------------------
void check_head(const Outline& outline, Findings& findings);
// `moves`: some stage shifts traffic.
void check_guards(const Outline& outline, bool moves, Findings& findings);
void check_exits(const Outline& outline, Findings& findings);
void check_decisions(const Outline& outline, Findings& findings);
void check_traffic(const Outline& outline, Findings& findings);

// Proves on the machine that nothing leads back after an irreversible step.
void check_no_way_back(const core::Machine& machine, Sink& sink);

// ---- Warnings ---------------------------------------------------------------------------------
void warn_of_windows(const Outline& outline, Findings& findings);
void warn_of_limits(const Outline& outline, Findings& findings);
void warn_of_samples(const Outline& outline, Findings& findings);
void warn_of_unused(const Outline& outline, Findings& findings);

// ---- What they share --------------------------------------------------------------------------

// Whether a limit bounds from above: `stop x > L`, `expect x < L`.
bool bounds_above(const Judgement& judgement);
// Whether both hold the same estimate against a limit from the same side. A test proves that the
// limit is broken, which is another thing.
bool same_bound(const Judgement& expect, const Judgement& stop);
// The weight of the first and of each stage, in order; begins where a stage moves nothing.
std::vector<core::Weight> stage_weights(const Outline& outline);
// The hold of a stage; null when it has none.
const Step* hold_of(const StageOutline& stage);

}  // namespace rollbook::dsl
