#include "dsl/compiler.h"

#include <openssl/evp.h>

#include <array>

#include "dsl/check.h"
#include "dsl/diagnostics.h"
#include "dsl/lower.h"
#include "dsl/params.h"
#include "dsl/parse.h"
#include "dsl/resolve.h"

namespace rollbook::dsl {

namespace {

std::optional<core::Machine> compile_machine(const std::string& text, Sink& sink) {
  const ast::Runbook runbook = parse(text, sink);
  // Names are resolved even where the syntax has errors; what was not read counts as declared.
  const std::size_t syntax_errors = sink.errors();
  const Outline outline = resolve(runbook, sink);
  if (syntax_errors > 0 || sink.has_errors()) return std::nullopt;
  check(outline, sink);
  if (sink.has_errors()) return std::nullopt;
  core::Machine machine = lower(outline);
  check_machine(machine, sink);
  if (sink.has_errors()) return std::nullopt;
  warn(outline, sink);
  return machine;
}

}  // namespace

core::Digest sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  ROLLBOOK_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  static constexpr char kDigits[] = "0123456789abcdef";
  core::Digest hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 0x0f];
  }
  return hex;
}

runtime::Compiled Compiler::compile(const std::string& file, const std::string& text,
                                    const std::vector<core::Argument>& params) const {
  Sink sink(file);
  const std::string expanded = with_params(text, params, sink);
  std::optional<core::Machine> machine;
  if (!sink.has_errors()) machine = compile_machine(expanded, sink);
  runtime::Compiled compiled;
  compiled.diagnostics = sink.diagnostics();
  if (!machine || sink.has_errors()) return compiled;
  runtime::Plan plan;
  plan.digest = sha256_hex(expanded);
  plan.file = file;
  plan.source = text;
  plan.expanded = expanded;
  plan.machine = std::move(*machine);
  compiled.plan = std::move(plan);
  return compiled;
}

}  // namespace rollbook::dsl
