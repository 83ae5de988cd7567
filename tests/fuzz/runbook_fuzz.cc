// A runbook of any bytes through the compiler, the formatter and the editor's index: there is an
// answer, a plan exactly when there is no error, and a plan that was formatted is the same plan.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "dsl/compiler.h"
#include "dsl/expected.h"
#include "dsl/format.h"
#include "dsl/graph.h"
#include "dsl/index.h"
#include "dsl/lexer.h"
#include "dsl/print_machine.h"
#include "dsl/prove.h"
#include "dsl/schedule.h"

namespace {

using namespace rollbook;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

runtime::Compiled compile(const std::string& text) {
  return dsl::Compiler().compile("t.runbook", text, {});
}

void check_found(const runtime::Compiled& compiled) {
  bool error = false;
  for (const runtime::Diagnostic& found : compiled.diagnostics) {
    require(!found.message.empty(), "a diagnostic without a message");
    error = error || found.severity == runtime::Severity::error;
  }
  require(compiled.plan.has_value() != error, "a plan exactly when there is no error");
}

std::string laid_out(const std::string& text) {
  dsl::Sink sink("t.runbook");
  const auto formatted = dsl::format(text, sink);
  return formatted ? *formatted : text;
}

// All that can be asked of a machine.
void use(const core::Machine& machine) {
  (void)dsl::prove(machine);
  (void)dsl::in_words(dsl::find_bounds(machine), machine);
  (void)dsl::graph_dot(machine);
  (void)dsl::graph_mermaid(machine);
  (void)dsl::schedule(machine);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const runtime::Compiled compiled = compile(text);
  check_found(compiled);

  const std::string formatted = laid_out(text);
  require(laid_out(formatted) == formatted, "formatting twice changes nothing");
  if (compiled.plan) {
    use(compiled.plan->machine);
    const runtime::Compiled again = compile(formatted);
    require(again.plan.has_value(), "a formatted plan compiles");
    require(dsl::print_machine(again.plan->machine) == dsl::print_machine(compiled.plan->machine),
            "a formatted plan is the same plan");
  }

  dsl::Sink sink("t.runbook");
  const dsl::Index index(dsl::lex(text, sink));
  for (const dsl::Occurrence& one : index.occurrences()) {
    require(!index.same(one).empty(), "a name is the same as itself");
  }
  return 0;
}
