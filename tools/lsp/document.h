#pragma once
// Document: an open file, and what is known about its text. Each piece of knowledge is worked out
// when it is first asked for and forgotten with the next change; all of it costs a millisecond or
// two for a long runbook, so nothing is kept up to date piece by piece.

#include <optional>
#include <string>

#include "dsl/ast.h"
#include "dsl/index.h"
#include "dsl/outline.h"
#include "engine/runtime/plan_compiler.h"
#include "tools/lsp/plans.h"
#include "tools/lsp/text.h"

namespace rollbook::tools::lsp {

class Workspace;

// Another file that a document names, and where.
struct Reference {
  std::string alias;  // of an import; of a scenario, what stands after `for`
  std::string path;   // "": there is no such file
  core::Span span;    // of the text that names it
};

class Document {
 public:
  // Other files are read from `workspace`, which must outlive it.
  Document(std::string uri, std::int64_t version, std::string text, const Workspace& workspace);

  const std::string& uri() const { return uri_; }
  const std::string& file() const { return file_; }  // its path, or the URI of no file
  bool is_scenario() const;
  std::int64_t version() const { return version_; }
  const Text& text() const { return text_; }

  void change(const Range& range, std::string_view with);
  void change_all(std::string text);
  void set_version(std::int64_t version) { version_ = version; }

  // What it names of other files, in order.
  const std::vector<Reference>& imports();
  // The path behind an alias; "" when there is none.
  std::string path_of_library(const std::string& alias);

  const runtime::Compiled& compiled();  // of a runbook, its imports put in
  // The same of another text in its place.
  runtime::Compiled compile(const std::string& text) const;
  // What is wrong or doubtful, by place.
  const std::vector<runtime::Diagnostic>& found();
  const dsl::Index& index();
  const dsl::ast::Runbook& ast();
  // Null while the text has an error, or names of other files: its rows would not all be there.
  const dsl::Outline* outline();

 private:
  friend class Workspace;
  void forget();
  std::vector<runtime::Diagnostic> check_scenarios();

  std::string uri_;
  std::string file_;
  std::int64_t version_ = 0;
  Text text_;
  const Workspace* workspace_;
  std::optional<std::vector<Reference>> imports_;
  std::optional<runtime::Compiled> compiled_;
  std::optional<std::vector<runtime::Diagnostic>> scenario_found_;
  Plans plans_;  // of its scenarios: kept, for they change seldom
  std::optional<dsl::Index> index_;
  std::optional<dsl::ast::Runbook> ast_;
  std::optional<std::optional<dsl::Outline>> outline_;  // asked for; there
};

// "file:///a%20b.runbook" is "/a b.runbook"; another URI stays as it is.
std::string path_of(const std::string& uri);
// The other way round.
std::string uri_of_path(const std::string& path);

}  // namespace rollbook::tools::lsp
