#pragma once
// fix: puts the fixes of findings into the text they were found in.
//
//   const Fixed fixed = apply_fixes(text, compiled.diagnostics);
//   if (!fixed.applied.empty()) write(file, fixed.text);

#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/plan_compiler.h"

namespace rollbook::dsl {

struct Fixed {
  std::string text;
  std::vector<runtime::Diagnostic> applied;  // in the order of the text
};

// Each fix as a whole or not at all; of two that touch the same bytes the first wins. Nothing else
// of the text changes.
Fixed apply_fixes(std::string_view text, const std::vector<runtime::Diagnostic>& diagnostics);

}  // namespace rollbook::dsl
