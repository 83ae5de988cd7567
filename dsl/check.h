#pragma once
// check: the static checks on a resolved runbook. Structure (missing exits, unreachable parts,
// traffic that does not rise, people nobody asks) is an error; findings about numbers (limits,
// windows, samples) are warnings, worth reading only when no error is left.

#include "dsl/diagnostics.h"
#include "dsl/outline.h"
#include "engine/core/machine.h"

namespace rollbook::dsl {

// INVARIANT: resolve() reported no error.
void check(const Outline& outline, Sink& sink);

// INVARIANT: check() reported no error.
void warn(const Outline& outline, Sink& sink);

// The lowered machine as a graph: not too large, every state reachable, every state with a way to
// an end.
void check_machine(const core::Machine& machine, Sink& sink);

}  // namespace rollbook::dsl
