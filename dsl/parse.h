#pragma once
// parse: the text of a runbook to its AST. It reads as much as it can, reports several errors in
// one run and never fails for any bytes; when the sink holds an error the AST is what could be
// read, good for more findings and not for running.

#include <cstddef>
#include <set>
#include <string>

#include "dsl/ast.h"
#include "dsl/diagnostics.h"

namespace rollbook::dsl {

ast::Runbook parse(const std::string& text, Sink& sink);

// Where a parameter stands for its value: the first byte of each such word.
std::set<std::size_t> param_uses(const std::string& text);

}  // namespace rollbook::dsl
