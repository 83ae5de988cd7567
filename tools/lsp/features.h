#pragma once
// What the server knows to answer about a document: one function a question, each returning the
// `result` of the protocol's request, null for "nothing". They change nothing.

#include "tools/lsp/document.h"
#include "tools/lsp/json.h"
#include "tools/lsp/workspace.h"

namespace rollbook::tools::lsp {

// diagnostics.cc
Json diagnostics(Document& document);  // of publishDiagnostics
Json code_actions(Document& document, const Range& where);

// completion.cc
Json completion(Document& document, Position where, const Workspace& workspace);

// scenario_completion.cc: what may stand there, of a scenario. Each word or name once, as it is
// inserted.
struct ScenarioItems {
  std::vector<std::string> words;
  std::vector<std::string> names;
};
// `before` are the words of the statement in front of the place; `runbook` may be null.
ScenarioItems scenario_items(const std::vector<std::string>& before, Document* runbook);

// hover.cc
Json hover(Document& document, Position where, const Workspace& workspace);

// navigation.cc
Json definition(Document& document, Position where, const Workspace& workspace);
Json references(Document& document, Position where, bool with_declaration,
                const Workspace& workspace);
Json highlights(Document& document, Position where);
Json prepare_rename(Document& document, Position where, const Workspace& workspace);
// Error: the new name is none, is taken, or would make another runbook of it.
core::Result<Json> rename(Document& document, Position where, const std::string& name,
                          const Workspace& workspace);

// foreign.cc: names that another file declares.
struct Foreign {
  Document document;
  dsl::Occurrence declared;
};
// Nothing: it is a name of this file, or nobody declares it.
std::optional<Foreign> foreign(Document& document, const dsl::Occurrence& one,
                               const Workspace& workspace);
// Every document there is, the open ones and those on disk, that names something of `path`.
std::vector<Document> users_of(const std::string& path, const Workspace& workspace);
// Those of its names that mean what `declared` of the file `path` is called.
std::vector<dsl::Occurrence> foreign_uses(Document& document, const std::string& path,
                                          const dsl::Occurrence& declared);

// outline.cc
Json symbols(Document& document);
Json lenses(Document& document);

// layout.cc
Json layout(Document& document);  // edits

// hints.cc
Json inlay_hints(Document& document, const Range& where);

}  // namespace rollbook::tools::lsp
