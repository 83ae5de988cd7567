#pragma once
// What is wrong in a runbook besides its imports: a file that is missing must not hide the other
// mistakes until it is found.
//
//   const Imported imported = inline_imports(file, text, read);
//   if (!imported.diagnostics.empty()) report(check_without_imports(file, text));

#include <string>
#include <vector>

#include "engine/runtime/plan_compiler.h"

namespace rollbook::dsl {

// The compiler's findings in the runbook alone, at their places in `text`, without those that a
// name of an import may be the cause of. By place; empty where nothing else is wrong.
std::vector<runtime::Diagnostic> check_without_imports(const std::string& file,
                                                       const std::string& text);

}  // namespace rollbook::dsl
