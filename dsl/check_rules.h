#pragma once
// The groups of rules behind check(); internal to dsl/check*.cc.

#include "dsl/false_alarms.h"
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
void check_targets(const Outline& outline, Findings& findings);

// Proves on the machine that nothing leads back after an irreversible step.
void check_no_way_back(const core::Machine& machine, Sink& sink);

// ---- Warnings ---------------------------------------------------------------------------------
void warn_of_windows(const Outline& outline, Findings& findings);
void warn_of_limits(const Outline& outline, Findings& findings);
void warn_of_contradictions(const Outline& outline, Findings& findings);
void warn_of_before_traffic(const Outline& outline, Findings& findings);
void warn_of_samples(const Outline& outline, Findings& findings);
void warn_of_people(const Outline& outline, Findings& findings);
void warn_of_rollbacks(const Outline& outline, Findings& findings);
void warn_of_unused(const Outline& outline, Findings& findings);

// ---- What they share --------------------------------------------------------------------------

std::string quoted(const std::string& text);  // in backticks

// Whether a limit bounds from above: `stop x > L`, `expect x < L`.
bool bounds_above(const Judgement& judgement);
// Whether both hold the same estimate against a limit from the same side. A test proves that the
// limit is broken, which is another thing.
bool same_bound(const Judgement& expect, const Judgement& stop);
// The weight of each stage, in order; where it began while nothing moves it. Of one target, or the
// highest of all.
std::vector<core::Weight> stage_weights(const Outline& outline, core::TargetIndex target = {});
// The hold of a stage; null when it has none.
const Step* hold_of(const StageOutline& stage);
// Whether a stage shifts traffic.
bool moves_traffic(const StageOutline& stage);

double as_double(core::Fixed value);
double in_seconds(core::Duration duration);
// The part of the traffic that an arm has while the canary has `canary`.
core::Weight share_of(core::Arm arm, core::Weight canary);
// Requests of the judged arm: a second, and within the window.
double flow_of(const Judgement& judgement, core::Fixed per_second, core::Weight canary);
double requests_in(const Judgement& judgement, core::Fixed per_second, core::Weight canary);
// What a bound on a ratio from above makes of its windows.
WindowedLimit windowed_limit(const Judgement& judgement);

}  // namespace rollbook::dsl
