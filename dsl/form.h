#pragma once
// check_form: what a statement must be beyond its grammar, without knowing any other: ranges of
// values, clauses that go together. The AST's comments promise these to later passes.

#include "dsl/ast.h"
#include "dsl/diagnostics.h"

namespace rollbook::dsl {

void check_form(const ast::Runbook& runbook, Sink& sink);

}  // namespace rollbook::dsl
