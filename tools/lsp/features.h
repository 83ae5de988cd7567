#pragma once
// What the server knows to answer about a document: one function a question, each returning the
// `result` of the protocol's request, null for "nothing". They change nothing.

#include "tools/lsp/document.h"
#include "tools/lsp/json.h"

namespace rollbook::tools::lsp {

// diagnostics.cc
Json diagnostics(Document& document);  // of publishDiagnostics
Json code_actions(Document& document, const Range& where);

// completion.cc
Json completion(Document& document, Position where);

// hover.cc
Json hover(Document& document, Position where);

// navigation.cc
Json definition(Document& document, Position where);
Json references(Document& document, Position where, bool with_declaration);
Json highlights(Document& document, Position where);
Json prepare_rename(Document& document, Position where);
// Error: the new name is none, is taken, or would make another runbook of it.
core::Result<Json> rename(Document& document, Position where, const std::string& name);

// outline.cc
Json symbols(Document& document);
Json lenses(Document& document);

// layout.cc
Json layout(Document& document);  // edits

// hints.cc
Json inlay_hints(Document& document, const Range& where);

}  // namespace rollbook::tools::lsp
