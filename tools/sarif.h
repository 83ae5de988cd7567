#pragma once
// SARIF 2.1.0 (OASIS): the findings of `check` for code review and editors that read it.

#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/plan_compiler.h"

namespace rollbook::tools {

struct CheckedFile {
  std::string file;
  std::string text;
  std::vector<runtime::Diagnostic> diagnostics;
};

// One run with a result for each finding, its rule and, where there is one, its fix. Columns count
// characters, as SARIF's `unicodeCodePoints` says.
std::string to_sarif(const std::vector<CheckedFile>& files);

}  // namespace rollbook::tools
