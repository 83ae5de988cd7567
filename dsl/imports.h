#pragma once
// Imports: `import "lib.runbook" as lib` puts the declarations that a runbook refers to by
// `lib.name` into its text, before it is sent anywhere: what is sent, and what its digest is of,
// stands alone. A name keeps itself in the result; where two would be the same, the imported one
// becomes `lib_name`. Roles, channels and actions are known outside by their names and never
// change: declared alike in both files they are one, else it is an error.
//
//   const Imported imported = inline_imports("hal9.runbook", text, read_file);
//   for (auto& found : imported.diagnostics) …       // each in its own file
//   compile(file, imported.text.text(), {});         // …original(found) for what it finds

#include <functional>
#include <string>
#include <vector>

#include "dsl/pieced_text.h"
#include "engine/core/types.h"
#include "engine/runtime/plan_compiler.h"

namespace rollbook::dsl {

// The text of a file; an error says why it cannot be had.
using ReadFile = std::function<core::Result<std::string>(const std::string& path)>;

struct Imported {
  PiecedText text;
  std::vector<runtime::Diagnostic> diagnostics;  // errors; none: `text` stands alone
  std::vector<runtime::Diagnostic> warnings;     // imports that nothing is taken of
};

// Paths are taken from the folder of the file that names them.
Imported inline_imports(const std::string& file, const std::string& text, const ReadFile& read);

}  // namespace rollbook::dsl
