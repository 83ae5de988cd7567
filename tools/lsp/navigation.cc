// Names: where they are declared and used, and another name for one.

#include <algorithm>

#include "dsl/compiler.h"
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

std::vector<std::string> error_messages(const std::string& file, const std::string& text) {
  std::vector<std::string> messages;
  for (const auto& found : dsl::Compiler().compile(file, text, {}).diagnostics)
    if (found.severity == runtime::Severity::error) messages.push_back(found.message);
  return messages;
}

bool is_word(const std::string& name) {
  dsl::Sink sink("");
  const dsl::Tokens tokens = dsl::lex(name, sink);
  return tokens.size() == 2 && tokens[0].is(dsl::Token::Kind::word) && tokens[0].value == name;
}

// What the text would be; from the last use to the first, so that places stay right.
std::string renamed_text(const Document& document, const std::vector<const Occurrence*>& uses,
                         const std::string& name) {
  std::string text = document.text().bytes();
  for (auto use = uses.rbegin(); use != uses.rend(); ++use) {
    const std::size_t begin = document.text().offset((*use)->span.line, (*use)->span.column);
    text.replace(begin, (*use)->name.size(), name);
  }
  return text;
}

// A name that is a word of the language may be read as that word in its new places.
core::Status check_renamed(Document& document, const Occurrence& one, const std::string& name,
                           const std::string& text) {
  dsl::Sink ignored("");
  const dsl::Index after(dsl::lex(text, ignored));
  const auto count = [&](const dsl::Index& index, const std::string& wanted) {
    return std::count_if(
        index.occurrences().begin(), index.occurrences().end(),
        [&](const Occurrence& other) { return other.kind == one.kind && other.name == wanted; });
  };
  const bool same =
      after.occurrences().size() == document.index().occurrences().size() &&
      count(after, name) == count(document.index(), one.name) + count(document.index(), name);
  if (!same) return core::fail("`" + name + "` would be read as a word of the language here");
  const std::vector<std::string> known = error_messages(document.file(), document.text().bytes());
  const std::vector<std::string> now = error_messages(document.file(), text);
  if (now.size() <= known.size()) return {};
  for (const std::string& message : now)
    if (std::find(known.begin(), known.end(), message) == known.end()) return core::fail(message);
  return core::fail("`" + name + "` would be an error here");
}

}  // namespace

Json definition(Document& document, Position where) {
  const Occurrence* here = occurrence_at(document, where);
  if (here == nullptr) return nullptr;
  const Occurrence* declared = document.index().declaration(*here);
  return declared == nullptr ? Json(nullptr) : location(document, declared->span);
}

Json references(Document& document, Position where, bool with_declaration) {
  const Occurrence* here = occurrence_at(document, where);
  if (here == nullptr) return nullptr;
  Json all = Json::array();
  for (const Occurrence* use : document.index().same(*here))
    if (with_declaration || !use->declares) all.push_back(location(document, use->span));
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

Json prepare_rename(Document& document, Position where) {
  const Occurrence* here = occurrence_at(document, where);
  if (here == nullptr || document.index().declaration(*here) == nullptr) return nullptr;
  return {{"range", to_json(document.text().range(here->span))}, {"placeholder", here->name}};
}

core::Result<Json> rename(Document& document, Position where, const std::string& name) {
  const Occurrence* here = occurrence_at(document, where);
  if (here == nullptr) return core::fail("there is no name here that could be changed");
  const std::string kind(to_string(here->kind));
  if (document.index().declaration(*here) == nullptr)
    return core::fail(kind + " `" + here->name + "` is not declared in this file");
  if (!is_word(name))
    return core::fail("`" + name + "` is no name: letters, digits and `_`, a letter first");
  const Occurrence* taken = document.index().declaration(here->kind, name, here->scope);
  if (taken != nullptr && name != here->name)
    return core::fail(kind + " `" + name + "` is there already, in line " +
                      std::to_string(taken->span.line));
  const auto uses = document.index().same(*here);
  Json edits = Json::array();
  if (name != here->name) {
    TRY_DO(check_renamed(document, *here, name, renamed_text(document, uses, name)));
    for (const Occurrence* use : uses)
      edits.push_back(edit(document.text().range(use->span), name));
  }
  return Json{{"changes", {{document.uri(), std::move(edits)}}}};
}

}  // namespace rollbook::tools::lsp
