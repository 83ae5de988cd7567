#pragma once
// Compiler: the language behind the runtime's port. Parses, resolves, checks and lowers one
// runbook, with the parameters given put into its text; the digest of a plan is the SHA-256 of the
// text that results. Imports have been put in before (dsl/imports.h): the text stands alone.
//
//   dsl::Compiler compiler;
//   const runtime::Compiled compiled = compiler.compile("hal9.runbook", text, {});
//   if (compiled.plan) run(compiled.plan->machine);

#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/plan_compiler.h"

namespace rollbook::dsl {

class Compiler final : public runtime::PlanCompiler {
 public:
  runtime::Compiled compile(const std::string& file, const std::string& text,
                            const std::vector<core::Argument>& params) const override;
};

// 64 lower-case hex digits.
core::Digest sha256_hex(std::string_view bytes);

}  // namespace rollbook::dsl
