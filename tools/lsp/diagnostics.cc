// What the compiler found, and what can be done about it with one key.

#include <algorithm>

#include "tools/lsp/features.h"

namespace rollbook::tools::lsp {
namespace {

using runtime::Diagnostic;

Json to_json(const Document& document, const Diagnostic& found) {
  constexpr int kError = 1;
  constexpr int kWarning = 2;
  return {{"range", to_json(document.text().range(found.span))},
          {"severity", found.severity == runtime::Severity::error ? kError : kWarning},
          {"code", found.code},
          {"source", "rollbook"},
          {"message", found.help.empty() ? found.message : found.message + "\n" + found.help}};
}

bool before(Position a, Position b) {
  return std::pair(a.line, a.character) < std::pair(b.line, b.character);
}

bool touches(const Range& a, const Range& b) {
  return !before(a.end, b.start) && !before(b.end, a.start);
}

// The last piece of `text` in backticks, without the braces of a placeholder.
std::string last_quoted(const std::string& text) {
  const std::size_t end = text.rfind('`');
  if (end == std::string::npos || end == 0) return "";
  const std::size_t begin = text.rfind('`', end - 1);
  if (begin == std::string::npos) return "";
  std::string word = text.substr(begin + 1, end - begin - 1);
  if (word.starts_with('{') && word.ends_with('}')) word = word.substr(1, word.size() - 2);
  return word;
}

struct Change {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string with;
};
struct Fix {
  std::string title;
  std::vector<Change> changes;
};

// The fix that came with the finding.
std::optional<Fix> given(const Document& document, const Diagnostic& found) {
  if (found.fix.empty()) return std::nullopt;
  Fix fix{found.help.empty() ? "mend: " + found.message : found.help, {}};
  const Text& text = document.text();
  for (const runtime::Edit& edit : found.fix) {
    fix.changes.push_back({text.offset(edit.span.line, edit.span.column),
                           text.offset(edit.span.end_line, edit.span.end_column), edit.text});
  }
  const Change& first = fix.changes.front();
  if (fix.changes.size() == 1 && first.end > first.begin) {
    fix.title = "change `" + text.bytes().substr(first.begin, first.end - first.begin) + "` to `" +
                first.with + "`";
  }
  return fix;
}

// "did you mean `x`?" where the wrong word stands once in the place of the finding.
std::optional<Fix> respelled(const Document& document, const Diagnostic& found) {
  if (!found.help.starts_with("did you mean `")) return std::nullopt;
  const std::string meant = last_quoted(found.help);
  const std::string wrong = last_quoted(found.message);
  if (meant.empty() || wrong.empty()) return std::nullopt;
  const std::string_view written = document.text().slice(found.span);
  const std::size_t at = written.find(wrong);
  if (at == std::string_view::npos || written.find(wrong, at + 1) != std::string_view::npos)
    return std::nullopt;
  const std::size_t begin = document.text().offset(found.span.line, found.span.column) + at;
  return Fix{"change `" + wrong + "` to `" + meant + "`", {{begin, begin + wrong.size(), meant}}};
}

std::optional<Fix> with_edition(const Diagnostic& found) {
  if (found.help != "write `edition 1` above") return std::nullopt;
  return Fix{found.help, {{0, 0, "edition 1\n\n"}}};
}

std::size_t errors(const std::vector<Diagnostic>& all) {
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const Diagnostic& one) {
    return one.severity == runtime::Severity::error;
  }));
}

// A fix is offered when it is certain: the finding goes, and no error comes in its place.
bool helps(Document& document, const Diagnostic& found, std::vector<Change> changes) {
  std::string text = document.text().bytes();
  // From the end on, so that places stay where they are.
  std::sort(changes.begin(), changes.end(),
            [](const Change& a, const Change& b) { return a.begin > b.begin; });
  for (const Change& change : changes) {
    text.replace(change.begin, change.end - change.begin, change.with);
  }
  const auto left = document.compile(text).diagnostics;
  const bool there = std::any_of(left.begin(), left.end(), [&](const Diagnostic& one) {
    return one.code == found.code && one.message == found.message &&
           one.span.line == found.span.line && one.span.column == found.span.column;
  });
  return !there && errors(left) < errors(document.compiled().diagnostics);
}

std::optional<Fix> fix_of(Document& document, const Diagnostic& found) {
  auto fix = given(document, found);
  if (!fix) fix = respelled(document, found);
  if (!fix) fix = with_edition(found);
  if (fix && !helps(document, found, fix->changes)) return std::nullopt;
  return fix;
}

}  // namespace

Json diagnostics(Document& document) {
  Json all = Json::array();
  for (const Diagnostic& found : document.found()) all.push_back(to_json(document, found));
  return {{"uri", document.uri()}, {"version", document.version()}, {"diagnostics", all}};
}

Json code_actions(Document& document, const Range& where) {
  Json actions = Json::array();
  if (document.is_scenario()) return actions;
  for (const Diagnostic& found : document.found()) {
    if (!touches(document.text().range(found.span), where)) continue;
    const auto fix = fix_of(document, found);
    if (!fix) continue;
    Json edits = Json::array();
    for (const Change& change : fix->changes)
      edits.push_back(
          edit({document.text().position(change.begin), document.text().position(change.end)},
               change.with));
    actions.push_back({{"title", fix->title},
                       {"kind", "quickfix"},
                       {"diagnostics", Json::array({to_json(document, found)})},
                       {"isPreferred", true},
                       {"edit", {{"changes", {{document.uri(), std::move(edits)}}}}}});
  }
  return actions;
}

}  // namespace rollbook::tools::lsp
