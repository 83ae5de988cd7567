#include "tools/runbook_source.h"

#include <fmt/format.h>

#include "adapters/wire/text.h"
#include "dsl/compiler.h"
#include "dsl/diagnostics.h"
#include "dsl/without_imports.h"
#include "tools/files.h"

namespace rollbook::tools {

Outcome<RunbookSource> RunbookSource::load(const std::string& path) {
  TRY(const std::string text, read_runbook(path));
  return of(path, text);
}

RunbookSource RunbookSource::of(const std::string& path, const std::string& text) {
  const auto read = [](const std::string& imported) -> core::Result<std::string> {
    if (imported == "-") return core::fail("-: an import names a file");
    auto found = read_runbook(imported);
    if (!found) return core::fail(found.error().message);
    return *std::move(found);
  };
  return RunbookSource(path, dsl::inline_imports(path, text, read));
}

runtime::Compiled RunbookSource::compile(const std::vector<core::Argument>& params) const {
  if (!imported_.diagnostics.empty()) {
    runtime::Compiled refused{std::nullopt, imported_.diagnostics};
    for (runtime::Diagnostic& found : dsl::check_without_imports(file_, text_of(file_)))
      refused.diagnostics.push_back(std::move(found));
    return refused;
  }
  runtime::Compiled compiled = dsl::Compiler().compile(file_, text(), params);
  for (runtime::Diagnostic& found : compiled.diagnostics) found = imported_.text.original(found);
  compiled.diagnostics.insert(compiled.diagnostics.begin(), imported_.warnings.begin(),
                              imported_.warnings.end());
  return compiled;
}

std::string RunbookSource::render(const runtime::Diagnostic& found) const {
  return dsl::render(found, imported_.text.text_of(found.file));
}

RunbookSource::Place RunbookSource::written_at(const core::Span& span) const {
  runtime::Diagnostic place;
  place.file = file_;
  place.span = span;
  place = imported_.text.original(place);
  return {place.file, place.span};
}

std::string RunbookSource::imported_from(const core::Span& span) const {
  if (imported_.text.files() < 2) return "";
  const Place place = written_at(span);
  if (place.file == imported_.text.file(0).name) return "";
  return fmt::format("{}, line {}", place.file, place.span.line);
}

Outcome<std::vector<core::Argument>> parse_params(const std::vector<std::string>& params) {
  std::vector<core::Argument> arguments;
  for (const std::string& param : params) {
    const std::size_t equals = param.find('=');
    if (equals == std::string::npos || equals == 0) {
      return give_up(fmt::format("--param `{}` is not NAME=VALUE", adapters::printable(param)),
                     Exit::usage);
    }
    arguments.push_back({param.substr(0, equals), param.substr(equals + 1)});
  }
  return arguments;
}

}  // namespace rollbook::tools
