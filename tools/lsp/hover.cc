// What stands under the pointer, and what it means.

#include <algorithm>

#include "dsl/expected.h"
#include "dsl/words.h"
#include "tools/lsp/features.h"
#include "tools/lsp/meaning.h"

namespace rollbook::tools::lsp {
namespace {

using dsl::NameKind;
using dsl::Occurrence;

// The statement that declares it, as written.
std::string declaration_text(Document& document, const Occurrence& declared) {
  const std::string& bytes = document.text().bytes();
  std::size_t begin = document.text().offset(declared.span.line, 1);
  const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
  while (begin < end && (bytes[begin] == ' ' || bytes[begin] == '\t')) ++begin;
  std::string line = bytes.substr(begin, end - begin);
  if (const std::size_t brace = line.rfind('{'); line.ends_with('{')) line.resize(brace);
  return "```rollbook\n" + line + "\n```\n\n";
}

std::string users(Document& document, const Occurrence& one, const std::string& verb) {
  std::string text;
  for (const Occurrence* use : document.index().same(one)) {
    const dsl::Section* around = document.index().body_at(use->span.line, use->span.column);
    if (use->declares || around == nullptr) continue;
    const std::string block =
        "`" + around->keyword + (around->name.empty() ? "" : " " + around->name) + "`";
    if (text.find(block) == std::string::npos) text += (text.empty() ? "" : ", ") + block;
  }
  return text.empty() ? "Nothing uses it." : verb + " " + text + ".";
}

std::string meaning_of(Document& document, const Occurrence& one) {
  const dsl::Outline* outline = document.outline();
  if (outline == nullptr) return users(document, one, "Used in");
  const Meaning meaning{*outline, document.compiled().plan->machine};
  switch (one.kind) {
    case NameKind::metric: {
      const std::string text = meaning.metric(one.name);
      return (text.empty() ? "" : text + "\n\n") + users(document, one, "Used in");
    }
    case NameKind::stage:
      return meaning.stage(one.name);
    case NameKind::decision:
      return meaning.decision(one.name);
    case NameKind::rollback:
      return meaning.rollback(one.name);
    case NameKind::role: {
      const std::string text = meaning.role(one.name);
      return text.empty() ? "Nobody asks it for anything." : text;
    }
    case NameKind::criterion:
      return meaning.criterion_after(one.span.line, one.span.end_column);
    case NameKind::stage_template:
      return users(document, one, "Put into");
    case NameKind::runbook:
    case NameKind::channel:
    case NameKind::action:
    case NameKind::argument:
    case NameKind::option:
    case NameKind::target:
    case NameKind::parameter:
    case NameKind::library:
      return users(document, one, "Used in");
  }
  return "";
}

Json answer(const Document& document, const core::Span& span, const std::string& markdown) {
  return {{"contents", {{"kind", "markdown"}, {"value", markdown}}},
          {"range", to_json(document.text().range(span))}};
}

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

core::Span word_at(const Text& text, std::size_t offset) {
  std::size_t begin = offset;
  std::size_t end = offset;
  while (begin > 0 && is_word_byte(text.bytes()[begin - 1])) --begin;
  while (end < text.bytes().size() && is_word_byte(text.bytes()[end])) ++end;
  core::Span span = text.place(begin);
  span.end_column += static_cast<std::uint32_t>(end - begin);
  return span;
}

}  // namespace

Json hover(Document& document, Position where, const Workspace& workspace) {
  const Text& text = document.text();
  const std::size_t offset = text.offset(where);
  if (dsl::inside_at(text.bytes(), offset).kind != dsl::Inside::Kind::code) return nullptr;
  const core::Span place = text.place(offset);
  if (const Occurrence* one = document.index().at(place.line, place.column)) {
    if (auto other = foreign(document, *one, workspace)) {
      const std::string file = other->document.file();
      return answer(document, one->span,
                    declaration_text(other->document, other->declared) + "Of `" +
                        file.substr(file.rfind('/') + 1) + "`, line " +
                        std::to_string(other->declared.span.line) + ".");
    }
    const Occurrence* declared = document.index().declaration(*one);
    if (declared != nullptr)
      return answer(document, one->span,
                    declaration_text(document, *declared) + meaning_of(document, *one));
  }
  const core::Span span = word_at(text, offset);
  const std::string word(text.slice(span));
  if (const dsl::Outline* outline = document.is_scenario() ? nullptr : document.outline()) {
    const Meaning meaning{*outline, document.compiled().plan->machine};
    const std::string sentence = word == "stop" || word == "expect"
                                     ? meaning.criterion_after(place.line, span.end_column)
                                     : meaning.criterion_at(place.line, place.column);
    if (!sentence.empty()) return answer(document, span, sentence);
  }
  const dsl::Word* known = dsl::find_word(word);
  if (known == nullptr || known->meaning.empty()) return nullptr;
  return answer(document, span, std::string(known->meaning));
}

}  // namespace rollbook::tools::lsp
