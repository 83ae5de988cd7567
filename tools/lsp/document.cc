#include "tools/lsp/document.h"

#include <charconv>

#include "dsl/compiler.h"
#include "dsl/lexer.h"
#include "dsl/parse.h"
#include "dsl/resolve.h"
#include "dsl/scenario.h"

namespace rollbook::tools::lsp {

std::string path_of(const std::string& uri) {
  constexpr std::string_view kScheme = "file://";
  if (!uri.starts_with(kScheme)) return uri;
  const std::size_t begin = uri.find('/', kScheme.size());  // a host may stand before it
  if (begin == std::string::npos) return uri;
  std::string path;
  for (std::size_t i = begin; i < uri.size(); ++i) {
    unsigned byte = 0;
    const char* digits = uri.data() + i + 1;
    const bool escaped = uri[i] == '%' && i + 2 < uri.size() &&
                         std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    path += escaped ? static_cast<char>(byte) : uri[i];
    if (escaped) i += 2;
  }
  return path;
}

Document::Document(std::string uri, std::int64_t version, std::string text)
    : uri_(std::move(uri)), file_(path_of(uri_)), version_(version), text_(std::move(text)) {}

bool Document::is_scenario() const { return file_.ends_with(".scenario"); }

void Document::change(const Range& range, std::string_view with) {
  text_.replace(range, with);
  forget();
}

void Document::change_all(std::string text) {
  text_ = Text(std::move(text));
  forget();
}

void Document::forget() {
  compiled_.reset();
  scenario_found_.reset();
  index_.reset();
  ast_.reset();
  outline_.reset();
}

const runtime::Compiled& Document::compiled() {
  if (!compiled_) compiled_ = dsl::Compiler().compile(file_, text_.bytes(), {});
  return *compiled_;
}

const std::vector<runtime::Diagnostic>& Document::found() {
  if (!is_scenario()) return compiled().diagnostics;
  if (!scenario_found_) {
    dsl::Sink sink(file_);
    dsl::scenario::parse(text_.bytes(), sink);
    scenario_found_ = sink.diagnostics();
  }
  return *scenario_found_;
}

const dsl::Index& Document::index() {
  if (!index_) {
    dsl::Sink ignored(file_);
    index_.emplace(dsl::lex(text_.bytes(), ignored));
  }
  return *index_;
}

const dsl::ast::Runbook& Document::ast() {
  if (!ast_) {
    dsl::Sink ignored(file_);
    ast_ = dsl::parse(text_.bytes(), ignored);
  }
  return *ast_;
}

const dsl::Outline* Document::outline() {
  if (!compiled().plan) return nullptr;
  if (!outline_) {
    // A valid text may still need others, whose names are not in its own tree.
    dsl::Sink sink(file_);
    dsl::Outline resolved = dsl::resolve(ast(), sink);
    outline_.emplace();
    if (!sink.has_errors()) *outline_ = std::move(resolved);
  }
  return *outline_ ? &**outline_ : nullptr;
}

}  // namespace rollbook::tools::lsp
