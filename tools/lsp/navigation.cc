// Names: where they are declared and used, and another name for one.

#include <algorithm>

#include "dsl/lexer.h"
#include "tools/lsp/features.h"

namespace rollbook::tools::lsp {
namespace {

using dsl::Occurrence;

const Occurrence* occurrence_at(Document& document, Position where) {
  const core::Span place = document.text().place(document.text().offset(where));
  return document.index().at(place.line, place.column);
}

Json location(const Document& document, const core::Span& span) {
  return {{"uri", document.uri()}, {"range", to_json(document.text().range(span))}};
}

std::vector<std::string> error_messages(const Document& document) {
  std::vector<std::string> messages;
  for (const auto& found : document.compile(document.text().bytes()).diagnostics)
    if (found.severity == runtime::Severity::error) messages.push_back(found.message);
  return messages;
}

bool is_word(const std::string& name) {
  dsl::Sink sink("");
  const dsl::Tokens tokens = dsl::lex(name, sink);
  return tokens.size() == 2 && tokens[0].is(dsl::Token::Kind::word) && tokens[0].value == name;
}

// A document, and the places in it where one thing is named.
struct Named {
  Document document;
  std::vector<Occurrence> uses;  // by place
};

// The thing that a name means: where it is declared, and as what.
struct Meant {
  Document document;
  Occurrence declared;
};
std::optional<Meant> meant_by(Document& document, const Occurrence& here,
                              const Workspace& workspace) {
  if (auto other = foreign(document, here, workspace))
    return Meant{std::move(other->document), other->declared};
  const Occurrence* declared = document.index().declaration(here);
  if (declared == nullptr) return std::nullopt;
  return Meant{document, *declared};
}

// Everywhere that it is named: in its own file first, then in those that take it from there.
std::vector<Named> everywhere(Meant meant, const Workspace& workspace) {
  std::vector<Named> all;
  const std::string path = meant.document.file();
  Named own{std::move(meant.document), {}};
  for (const Occurrence* use : own.document.index().same(meant.declared)) own.uses.push_back(*use);
  all.push_back(std::move(own));
  for (Document& user : users_of(path, workspace)) {
    std::vector<Occurrence> uses = foreign_uses(user, path, meant.declared);
    if (!uses.empty()) all.push_back({std::move(user), std::move(uses)});
  }
  return all;
}

// What the text would be; from the last use to the first, so that places stay right.
std::string renamed_text(const Named& named, const std::string& name) {
  std::string text = named.document.text().bytes();
  for (auto use = named.uses.rbegin(); use != named.uses.rend(); ++use) {
    const std::size_t begin = named.document.text().offset(use->span.line, use->span.column);
    text.replace(begin, use->name.size(), name);
  }
  return text;
}

// A name that is a word of the language may be read as that word in its new places.
core::Status check_read(Named& named, const std::string& name, const std::string& text) {
  dsl::Sink ignored("");
  const dsl::Index after(dsl::lex(text, ignored));
  const auto count = [&](const dsl::Index& index, const std::string& wanted) {
    return std::count_if(index.occurrences().begin(), index.occurrences().end(),
                         [&](const Occurrence& other) {
                           return other.kind == named.uses.front().kind && other.name == wanted;
                         });
  };
  const dsl::Index& before = named.document.index();
  const bool same =
      after.occurrences().size() == before.occurrences().size() &&
      count(after, name) == count(before, named.uses.front().name) + count(before, name);
  if (same) return {};
  return core::fail("`" + name + "` would be read as a word of the language here");
}

core::Status check_errors(const Document& before, const Document& after, const std::string& name) {
  const std::vector<std::string> known = error_messages(before);
  const std::vector<std::string> now = error_messages(after);
  if (now.size() <= known.size()) return {};
  for (const std::string& message : now)
    if (std::find(known.begin(), known.end(), message) == known.end()) return core::fail(message);
  return core::fail("`" + name + "` would be an error here");
}

// All files with the new name in them, and each that is compiled has no error that it had not.
core::Status check_renamed(std::vector<Named>& all, const std::string& name,
                           const Workspace& workspace) {
  Workspace after;
  after.root = workspace.root;
  for (Named& named : all) {
    const std::string text = renamed_text(named, name);
    TRY_DO(check_read(named, name, text));
    after.open.try_emplace(named.document.uri(), named.document.uri(), 0, text, after);
  }
  for (const auto& [uri, document] : workspace.open)
    after.open.try_emplace(uri, uri, 0, document.text().bytes(), after);
  for (const Named& named : all) {
    if (named.document.is_scenario()) continue;
    TRY_DO(check_errors(named.document, after.open.at(named.document.uri()), name));
  }
  return {};
}

// The begin of the file that is named at a place: of an import, or of a scenario's runbook.
Json named_file(Document& document, const core::Span& place, const Workspace& workspace) {
  for (const Reference& one : document.imports()) {
    const bool there = one.span.line == place.line && one.span.column <= place.column &&
                       place.column <= one.span.end_column;
    if (!there || one.path.empty() || !workspace.read(one.path)) continue;
    return {{"uri", workspace.uri_of(one.path)}, {"range", to_json(Range{})}};
  }
  return nullptr;
}

}  // namespace

Json definition(Document& document, Position where, const Workspace& workspace) {
  const Occurrence* here = occurrence_at(document, where);
  if (here == nullptr)
    return named_file(document, document.text().place(document.text().offset(where)), workspace);
  if (here->kind == dsl::NameKind::library && here->declares) {
    for (const Reference& one : document.imports())
      if (one.alias == here->name) return named_file(document, one.span, workspace);
  }
  const auto meant = meant_by(document, *here, workspace);
  return meant ? location(meant->document, meant->declared.span) : Json(nullptr);
}

Json references(Document& document, Position where, bool with_declaration,
                const Workspace& workspace) {
  const Occurrence* here = occurrence_at(document, where);
  if (here == nullptr) return nullptr;
  Json all = Json::array();
  auto meant = meant_by(document, *here, workspace);
  if (!meant) {
    for (const Occurrence* use : document.index().same(*here))
      all.push_back(location(document, use->span));
    return all;
  }
  for (const Named& named : everywhere(*std::move(meant), workspace))
    for (const Occurrence& use : named.uses)
      if (with_declaration || !use.declares) all.push_back(location(named.document, use.span));
  return all;
}

Json highlights(Document& document, Position where) {
  constexpr int kRead = 2;
  constexpr int kWrite = 3;
  const Occurrence* here = occurrence_at(document, where);
  if (here == nullptr) return nullptr;
  Json all = Json::array();
  for (const Occurrence* use : document.index().same(*here))
    all.push_back({{"range", to_json(document.text().range(use->span))},
                   {"kind", use->declares ? kWrite : kRead}});
  return all;
}

Json prepare_rename(Document& document, Position where, const Workspace& workspace) {
  const Occurrence* here = occurrence_at(document, where);
  if (here == nullptr || !meant_by(document, *here, workspace)) return nullptr;
  return {{"range", to_json(document.text().range(here->span))}, {"placeholder", here->name}};
}

core::Result<Json> rename(Document& document, Position where, const std::string& name,
                          const Workspace& workspace) {
  const Occurrence* here = occurrence_at(document, where);
  if (here == nullptr) return core::fail("there is no name here that could be changed");
  const std::string kind(to_string(here->kind));
  auto meant = meant_by(document, *here, workspace);
  if (!meant) {
    return core::fail(kind + " `" + here->name + "` is not declared in this file" +
                      (here->library.empty() ? "" : ", nor in `" + here->library + "`"));
  }
  if (!is_word(name))
    return core::fail("`" + name + "` is no name: letters, digits and `_`, a letter first");
  const Occurrence& declared = meant->declared;
  const Occurrence* taken =
      meant->document.index().declaration(declared.kind, name, declared.scope);
  if (taken != nullptr && name != declared.name)
    return core::fail(kind + " `" + name + "` is there already, in line " +
                      std::to_string(taken->span.line));
  const bool same = name == declared.name;
  std::vector<Named> all = everywhere(*std::move(meant), workspace);
  if (!same) TRY_DO(check_renamed(all, name, workspace));
  Json changes = Json::object();
  for (const Named& named : all) {
    Json edits = Json::array();
    for (const Occurrence& use : named.uses)
      if (!same) edits.push_back(edit(named.document.text().range(use.span), name));
    if (named.document.uri() == document.uri() || !edits.empty())
      changes[named.document.uri()] = std::move(edits);
  }
  return Json{{"changes", std::move(changes)}};
}

}  // namespace rollbook::tools::lsp
