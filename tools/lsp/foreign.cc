// Names that another file declares: behind the alias of an import, or those of a scenario's
// runbook.

#include "tools/lsp/features.h"

namespace rollbook::tools::lsp {
namespace {

using dsl::NameKind;
using dsl::Occurrence;

// A condition may name a parameter where a metric could stand.
bool of_a_kind(NameKind used, NameKind declared) {
  return used == declared || (used == NameKind::metric && declared == NameKind::parameter);
}

// A scenario says neither of which decision an option is, nor whether a criterion of a stage is
// that of its template.
bool in_scope(const Occurrence& used, const Occurrence& declared) {
  const bool loose = used.kind == NameKind::option || used.kind == NameKind::criterion;
  return loose || used.scope == declared.scope;
}

bool means(const Occurrence& used, const Occurrence& declared) {
  return used.name == declared.name && of_a_kind(used.kind, declared.kind) &&
         in_scope(used, declared);
}

}  // namespace

std::optional<Foreign> foreign(Document& document, const Occurrence& one,
                               const Workspace& workspace) {
  if (one.library.empty()) return std::nullopt;
  auto other = workspace.document(document.path_of_library(one.library));
  if (!other) return std::nullopt;
  const auto& known = other->index().occurrences();
  // The very one it says, else one that it may mean.
  for (const bool exact : {true, false}) {
    for (const Occurrence& declared : known) {
      if (!declared.declares || !means(one, declared)) continue;
      if (exact && (one.kind != declared.kind || one.scope != declared.scope)) continue;
      const Occurrence found = declared;
      return Foreign{*std::move(other), found};
    }
  }
  return std::nullopt;
}

std::vector<Document> users_of(const std::string& path, const Workspace& workspace) {
  std::vector<Document> users;
  for (const std::string& text : workspace.texts(path)) {
    if (text == path) continue;
    auto document = workspace.document(text);
    if (!document) continue;
    for (const Reference& one : document->imports()) {
      if (one.path != path) continue;
      users.push_back(*std::move(document));
      break;
    }
  }
  return users;
}

std::vector<Occurrence> foreign_uses(Document& document, const std::string& path,
                                     const Occurrence& declared) {
  std::vector<Occurrence> uses;
  for (const Occurrence& one : document.index().occurrences()) {
    if (one.library.empty() || !means(one, declared)) continue;
    if (document.path_of_library(one.library) == path) uses.push_back(one);
  }
  return uses;
}

}  // namespace rollbook::tools::lsp
