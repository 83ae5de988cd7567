#pragma once
// PlanCompiler: the runtime's port to the language, implemented by dsl/compiler.h. A runbook's
// text is compiled before its `start` enters the queue, so the loop never waits for a compiler.

#include <string>
#include <vector>

#include "engine/core/command.h"
#include "engine/core/machine.h"
#include "engine/runtime/event_log.h"

namespace rollbook::runtime {

enum class Severity : std::uint8_t { error, warning };

// A part of the text that is to be replaced; an empty part is a place to insert at.
struct Edit {
  core::Span span;
  std::string text;
  bool operator==(const Edit&) const = default;
};

// One finding in a runbook: what, where, why, the way out.
struct Diagnostic {
  std::string code;  // "RB0301"
  Severity severity = Severity::error;
  std::string message;
  std::string file;
  core::Span span;
  std::string help;         // may be ""
  std::vector<Edit> fix{};  // mends it without changing what is meant; empty: people must choose
  bool operator==(const Diagnostic&) const = default;
};

struct Compiled {
  std::optional<Plan> plan;             // empty when any diagnostic is an error
  std::vector<Diagnostic> diagnostics;  // by place
};

class PlanCompiler {
 public:
  virtual ~PlanCompiler() = default;
  // Never throws, for any bytes. Callable from any thread.
  virtual Compiled compile(const std::string& file, const std::string& text,
                           const std::vector<core::Argument>& params) const = 0;
};

}  // namespace rollbook::runtime
