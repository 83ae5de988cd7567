#pragma once
// lower: the last pass. Spells an outline without errors as a Machine; architecture.md, "The
// machine", shows the shape. Nothing is decided here that the author did not write, but defaults.
//
//   before ─► guarded{ canary_5{shift ► hold ► review} ► … ► success } ─► succeeded
//                 └ any stop, abort, failed shift ─► rollback.automatic ─► rolled_back

#include "dsl/outline.h"
#include "engine/core/machine.h"

namespace rollbook::dsl {

// INVARIANT: `outline` passed resolve() and check() without an error.
core::Machine lower(const Outline& outline);

// Marks the steps of a finished machine that wait for its `advance only`.
void put_on_calendar(core::Machine& machine);

}  // namespace rollbook::dsl
