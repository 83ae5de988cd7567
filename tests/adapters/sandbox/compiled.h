#pragma once
// Machines of runbooks, for tests of the sandbox.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "dsl/compiler.h"
#include "engine/core/machine.h"
#include "tests/paths.h"

namespace rollbook::tests {

inline std::string read_plan(const std::string& name) {
  std::ifstream file(ROLLBOOK_SOURCE_DIR "/plans/" + name);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline core::Machine compile(const std::string& text) {
  const runtime::Compiled compiled = dsl::Compiler().compile("test.runbook", text, {});
  for (const runtime::Diagnostic& found : compiled.diagnostics) {
    if (found.severity == runtime::Severity::error) {
      ADD_FAILURE() << found.span.line << ": " << found.message;
    }
  }
  return compiled.plan ? compiled.plan->machine : core::Machine{};
}

// A runbook of two arms around `metrics` and `criteria` (lines of the guard).
inline std::string runbook_of(const std::string& metrics, const std::string& stops,
                              const std::string& expects = "") {
  return "edition 1\nrunbook test {\n  service \"shop\"\n"
         "  arms by label \"version\": baseline \"old\", canary \"new\"\n" +
         metrics + "\n  guard {\n" + stops +
         "\n    otherwise rollback automatic\n  }\n"
         "  stage half {\n    traffic 50%\n    hold 1h\n" +
         expects +
         "\n    within 1h otherwise rollback automatic\n  }\n"
         "  rollback automatic { traffic 0% }\n  finish traffic 50%\n}\n";
}

}  // namespace rollbook::tests
