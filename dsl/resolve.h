#pragma once
// resolve: the second pass. Turns names into indices and units into types, puts templates into the
// stages that use them, and reports what is unknown, doubled or of the wrong type. What it could
// not resolve is left out of the outline, so that later passes do not report it again.

#include "dsl/ast.h"
#include "dsl/diagnostics.h"
#include "dsl/outline.h"

namespace rollbook::dsl {

Outline resolve(const ast::Runbook& runbook, Sink& sink);

}  // namespace rollbook::dsl
