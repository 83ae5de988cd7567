#pragma once
// The grammar's one door: tokens to an AST. parse() is what other folders call.

#include "dsl/ast.h"
#include "dsl/grammar_state.h"

namespace rollbook::dsl::grammar {

// Returns the first token that belongs to no statement: the last one, of kind `end`, unless the
// text goes on after the runbook.
Cursor read_file(const Tokens& tokens, ParseState& state, ast::Runbook& runbook);

}  // namespace rollbook::dsl::grammar
