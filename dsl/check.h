#pragma once
// check: the static checks on a resolved runbook. Structure (missing exits, unreachable parts,
// traffic that does not rise, people nobody asks) is an error; findings about numbers (limits,
// windows, samples) are warnings, given only when there is no error left to look at first.

#include "dsl/diagnostics.h"
#include "dsl/outline.h"
#include "engine/core/machine.h"

namespace rollbook::dsl {

// INVARIANT: resolve() reported no error.
void check(const Outline& outline, Sink& sink);

// The lowered machine as a graph: not too large, every state reachable, every state with a way to
// an end.
void check_machine(const core::Machine& machine, Sink& sink);

}  // namespace rollbook::dsl
