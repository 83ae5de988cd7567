#include "tools/lsp/document.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "dsl/compiler.h"
#include "dsl/imports.h"
#include "dsl/lexer.h"
#include "dsl/parse.h"
#include "dsl/resolve.h"
#include "dsl/scenario.h"
#include "dsl/without_imports.h"
#include "tools/lsp/workspace.h"
#include "tools/scenario/script.h"

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

std::string uri_of_path(const std::string& path) {
  static constexpr std::string_view kPlain = "-._~/";
  std::string uri = "file://";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != std::string_view::npos;
    if (plain) {
      uri += c;
      continue;
    }
    static constexpr char kDigits[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    uri += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return uri;
}

Document::Document(std::string uri, std::int64_t version, std::string text,
                   const Workspace& workspace)
    : uri_(std::move(uri)),
      file_(path_of(uri_)),
      version_(version),
      text_(std::move(text)),
      workspace_(&workspace) {}

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
  imports_.reset();
  compiled_.reset();
  scenario_found_.reset();
  index_.reset();
  ast_.reset();
  outline_.reset();
}

const std::vector<Reference>& Document::imports() {
  if (imports_) return *imports_;
  imports_.emplace();
  dsl::Sink ignored(file_);
  const dsl::Tokens tokens = dsl::lex(text_.bytes(), ignored);
  using Kind = dsl::Token::Kind;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!tokens[i + 1].is(Kind::text)) continue;
    const std::string& name = tokens[i + 1].value;
    if (is_scenario() && tokens[i].is_word("for")) {
      std::string path = path_of_library(name);  // looked for once
      if (path.empty()) path = workspace_->runbook_of(file_, name);
      imports_->push_back({name, std::move(path), tokens[i + 1].span});
    } else if (!is_scenario() && tokens[i].is_word("import") && i + 3 < tokens.size() &&
               tokens[i + 2].is_word("as")) {
      imports_->push_back(
          {tokens[i + 3].value, Workspace::path_from(file_, name), tokens[i + 1].span});
    }
  }
  return *imports_;
}

std::string Document::path_of_library(const std::string& alias) {
  for (const Reference& one : imports())
    if (one.alias == alias) return one.path;
  return "";
}

runtime::Compiled Document::compile(const std::string& text) const {
  const auto read = [&](const std::string& path) -> core::Result<std::string> {
    if (auto found = workspace_->read(path)) return *std::move(found);
    return core::fail(path + ": no such file");
  };
  const dsl::Imported imported = dsl::inline_imports(file_, text, read);
  runtime::Compiled compiled{std::nullopt, imported.diagnostics};
  if (imported.diagnostics.empty()) {
    compiled = dsl::Compiler().compile(file_, imported.text.text(), {});
    for (runtime::Diagnostic& found : compiled.diagnostics) found = imported.text.original(found);
  } else {
    for (runtime::Diagnostic& found : dsl::check_without_imports(file_, text))
      compiled.diagnostics.push_back(std::move(found));
  }
  compiled.diagnostics.insert(compiled.diagnostics.end(), imported.warnings.begin(),
                              imported.warnings.end());
  return compiled;
}

const runtime::Compiled& Document::compiled() {
  if (compiled_) return *compiled_;
  compiled_ = compile(text_.bytes());
  // What is wrong in another file is told where that is named.
  std::vector<runtime::Diagnostic> own;
  for (runtime::Diagnostic& found : compiled_->diagnostics) {
    if (found.file != file_) {
      const auto named = std::find_if(imports().begin(), imports().end(),
                                      [&](const Reference& one) { return one.path == found.file; });
      found.message = found.file + ":" + std::to_string(found.span.line) + ": " + found.message;
      found.span = named == imports().end() ? core::Span{1, 1, 1, 1} : named->span;
      found.file = file_;
      found.fix.clear();
    }
    own.push_back(std::move(found));
  }
  std::stable_sort(own.begin(), own.end(), [](const auto& a, const auto& b) {
    return std::pair(a.span.line, a.span.column) < std::pair(b.span.line, b.span.column);
  });
  compiled_->diagnostics = std::move(own);
  return *compiled_;
}

const std::vector<runtime::Diagnostic>& Document::found() {
  if (!is_scenario()) return compiled().diagnostics;
  if (!scenario_found_) scenario_found_ = check_scenarios();
  return *scenario_found_;
}

// As `rollbook test` does before it plays them.
std::vector<runtime::Diagnostic> Document::check_scenarios() {
  dsl::Sink sink(file_);
  const auto scenarios = dsl::scenario::parse(text_.bytes(), sink);
  if (sink.has_errors()) return sink.diagnostics();
  plans_.begin();
  for (const dsl::scenario::Scenario& scenario : scenarios) {
    const std::string& path = path_of_library(scenario.runbook.value);
    if (path.empty()) {
      sink.error(dsl::Code::scenario_no_runbook, scenario.runbook.span,
                 no_runbook(file_, scenario.runbook.value, workspace_->runbooks_near(file_)));
      continue;
    }
    const Plans::Known& known = plans_.of(path, params_of(scenario, {}), *workspace_);
    if (known.plan == nullptr) {
      tell_unsound(scenario, path, known.error, sink);
    } else {
      make_script(scenario, known.plan, sink);
    }
  }
  plans_.end();
  return sink.diagnostics();
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
