#pragma once
// parse: the text of a runbook to its AST. It reads as much as it can, reports several errors in
// one run and never fails for any bytes; when the sink holds an error the AST is what could be
// read, good for more findings and not for running.

#include <string>

#include "dsl/ast.h"
#include "dsl/diagnostics.h"

namespace rollbook::dsl {

ast::Runbook parse(const std::string& text, Sink& sink);

}  // namespace rollbook::dsl
