// What may be written at a place: the grammar says which words and which kinds of names, the
// index which names there are.

#include <algorithm>

#include "dsl/expected.h"
#include "dsl/lexer.h"
#include "dsl/words.h"
#include "tools/lsp/features.h"

namespace rollbook::tools::lsp {
namespace {

using dsl::Expected;
using dsl::NameKind;

// CompletionItemKind of the protocol.
enum class ItemKind : std::uint8_t {
  function = 3,
  variable = 6,
  klass = 7,
  property = 10,
  unit = 11,
  value = 12,
  keyword = 14,
  folder = 19,
  member = 20,
  event = 23,
};

ItemKind item_kind(NameKind kind) {
  switch (kind) {
    case NameKind::metric:
    case NameKind::parameter:
      return ItemKind::variable;
    case NameKind::action:
      return ItemKind::function;
    case NameKind::argument:
      return ItemKind::property;
    case NameKind::stage_template:
      return ItemKind::klass;
    case NameKind::decision:
    case NameKind::rollback:
      return ItemKind::event;
    case NameKind::library:
      return ItemKind::folder;
    case NameKind::runbook:
    case NameKind::role:
    case NameKind::channel:
    case NameKind::stage:
    case NameKind::option:
    case NameKind::criterion:
    case NameKind::target:
      return ItemKind::member;
  }
  return ItemKind::member;
}

class Items {
 public:
  explicit Items(const Range& range) : range_(range) {}

  void add(const std::string& label, ItemKind kind, const std::string& detail = "",
           std::string_view documentation = "", const std::string& inserted = "") {
    Json item = {{"label", label},
                 {"kind", static_cast<int>(kind)},
                 {"textEdit", edit(range_, inserted.empty() ? label : inserted)}};
    if (!detail.empty()) item["detail"] = detail;
    if (!documentation.empty())
      item["documentation"] = {{"kind", "markdown"}, {"value", documentation}};
    items_.push_back(std::move(item));
  }
  void add_word(const std::string& word) {
    const dsl::Word* known = dsl::find_word(word);
    add(word, ItemKind::keyword, "", known == nullptr ? "" : known->meaning);
  }
  Json take() { return {{"isIncomplete", false}, {"items", std::move(items_)}}; }

 private:
  Range range_;
  Json items_ = Json::array();
};

void add_names(Document& document, NameKind kind, Items& items) {
  const dsl::Index& index = document.index();
  for (const std::string& name : index.declared(kind)) {
    std::string detail(to_string(kind));
    for (const dsl::Section& section : index.sections())
      if (section.name == name && section.keyword == to_string(kind))
        detail = document.text().slice(section.head);
    items.add(name, item_kind(kind), detail);
  }
}

// The kinds of names that a file may be imported for.
bool is_lent(NameKind kind) {
  return kind == NameKind::metric || kind == NameKind::role || kind == NameKind::channel ||
         kind == NameKind::action || kind == NameKind::stage_template ||
         kind == NameKind::decision || kind == NameKind::rollback;
}

std::vector<NameKind> lent(const Expected& expected) {
  std::vector<NameKind> kinds;
  for (const NameKind kind : expected.names)
    if (is_lent(kind)) kinds.push_back(kind);
  const bool listed = std::find(kinds.begin(), kinds.end(), NameKind::metric) != kinds.end();
  if (expected.measurement && !listed) kinds.push_back(NameKind::metric);
  return kinds;
}

void add_aliases(Document& document, const Expected& expected, Items& items) {
  if (lent(expected).empty()) return;
  for (const Reference& one : document.imports())
    items.add(one.alias, ItemKind::folder, one.path, "", one.alias + ".");
}

// The text as the grammar reads it, byte by byte: without imports, and `lib.name` as one word.
std::string as_one_file(Document& document) {
  std::string text = document.text().bytes();
  for (const Reference& one : document.imports()) {
    const std::size_t line = document.text().offset(one.span.line, 1);
    for (std::size_t i = line; i < text.size() && text[i] != '\n'; ++i) text[i] = ' ';
  }
  for (const dsl::Occurrence& one : document.index().occurrences()) {
    if (one.library.empty()) continue;
    const std::size_t name = document.text().offset(one.span.line, one.span.column);
    if (name > 0 && text[name - 1] == '.') text[name - 1] = '_';
  }
  return text;
}

// Where the alias begins that stands with a dot before the word at `begin`; nothing: none does.
std::optional<std::size_t> alias_before(Document& document, std::size_t begin) {
  const std::string& bytes = document.text().bytes();
  if (begin == 0 || bytes[begin - 1] != '.') return std::nullopt;
  for (const Reference& one : document.imports()) {
    const std::size_t length = one.alias.size() + 1;
    if (begin < length || bytes.compare(begin - length, one.alias.size(), one.alias) != 0) continue;
    return begin - length;
  }
  return std::nullopt;
}

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

// The word with a dot that stands before the word at `begin`: `canary` in `canary.err`; else "".
std::string word_before_dot(const std::string& bytes, std::size_t begin) {
  if (begin == 0 || bytes[begin - 1] != '.') return "";
  std::size_t first = begin - 1;
  while (first > 0 && is_word_byte(bytes[first - 1]) && bytes[first - 1] != '.') --first;
  return bytes.substr(first, begin - 1 - first);
}

void add_measurements(Document& document, const Expected& expected, Items& items) {
  add_names(document, NameKind::metric, items);
  if (!expected.callee.empty() || expected.statement == "metric") return;
  for (const char* function : {"p50", "p90", "p95", "p99", "rate", "count"})
    items.add(function, ItemKind::function, "", "", std::string(function) + "(");
  const std::string before = word_before_dot(document.text().bytes(), expected.word_begin);
  if (expected.statement == "stop" && before.empty()) {
    for (const char* function : {"absent", "new"})
      items.add(function, ItemKind::function, "", "", std::string(function) + "(");
  }
  if (before == "canary" || before == "baseline" || before == "total") return;
  for (const char* arm : {"canary", "baseline", "total"})
    items.add(arm, ItemKind::keyword, "", "", std::string(arm) + ".");
}

void add_arguments(Document& document, const Expected& expected, Items& items) {
  std::vector<std::string> names = document.index().declared(NameKind::argument, expected.callee);
  if (expected.statement == "open") names.push_back("severity");
  for (const std::string& name : names)
    if (std::find(expected.given.begin(), expected.given.end(), name) == expected.given.end())
      items.add(name, ItemKind::property, "argument", "", name + ": ");
}

// `5` becomes `5m`, `26h30` becomes `26h30m`: units go on with the digits that stand there.
void add_units(const Expected& expected, const std::string& begun, Items& items) {
  const std::size_t unit_begin = begun.find_last_of("0123456789") + 1;
  const std::string digits = begun.substr(0, unit_begin);
  const std::string unit_begun = begun.substr(unit_begin);
  const auto add = [&](std::initializer_list<const char*> units) {
    for (const std::string unit : units)
      if (unit.starts_with(unit_begun)) items.add(digits + unit, ItemKind::unit);
  };
  for (const dsl::ast::Type type : expected.types) {
    if (type == dsl::ast::Type::duration) add({"s", "m", "h", "d", "ms"});
    if (type == dsl::ast::Type::ratio) add({"%"});
    if (type == dsl::ast::Type::rate) add({"/s", "/m", "/h"});
  }
  if (expected.any_literal) add({"%", "ms", "s", "m", "h", "/s", "pp", "KiB", "MiB"});
}

Json placeholder_items(const Document& document, std::size_t begin, std::size_t end) {
  const std::string& bytes = document.text().bytes();
  const bool closed = end < bytes.size() && bytes[end] == '}';
  Items items({document.text().position(begin), document.text().position(end)});
  for (const std::string& name : dsl::placeholders())
    items.add(name, ItemKind::value, "placeholder", "", closed ? name : name + "}");
  return items.take();
}

// Of the file behind the alias that begins at `alias`.
Json library_items(Document& document, std::size_t alias, std::size_t begin, std::size_t end,
                   const Workspace& workspace) {
  Items items({document.text().position(begin), document.text().position(end)});
  const std::string name = document.text().bytes().substr(alias, begin - alias - 1);
  auto library = workspace.document(document.path_of_library(name));
  if (!library) return nullptr;
  const Expected expected = dsl::expected_at(as_one_file(document), alias);
  for (const NameKind kind : lent(expected)) add_names(*library, kind, items);
  return items.take();
}

// ---- Scenarios --------------------------------------------------------------------------------

// The runbook that the scenario around `line` is for.
std::optional<Document> runbook_at(Document& scenario, std::uint32_t line,
                                   const Workspace& workspace) {
  std::optional<Document> runbook;
  for (const Reference& one : scenario.imports())
    if (one.span.line <= line) runbook = workspace.document(one.path);
  return runbook;
}

// The words of the last statement of `text`; a path like `half.low` is one.
std::vector<std::string> statement_before(const std::string& text) {
  dsl::Sink ignored("");
  std::vector<std::string> words;
  std::size_t end = 0;
  for (const dsl::Token& token : dsl::lex(text, ignored)) {
    if (token.is(dsl::Token::Kind::end)) break;
    if (token.is(dsl::Token::Kind::newline) || token.is_symbol("{") || token.is_symbol("}")) {
      words.clear();
      continue;
    }
    const std::string word = text.substr(token.begin, token.end - token.begin);
    const bool joins =
        !words.empty() && token.begin == end && (word == "." || words.back().ends_with('.'));
    if (joins) {
      words.back() += word;
    } else {
      words.push_back(word);
    }
    end = token.end;
  }
  return words;
}

Json scenario_completion(Document& document, std::size_t offset, const Workspace& workspace) {
  const std::string& bytes = document.text().bytes();
  std::size_t begin = offset;
  while (begin > 0 && is_word_byte(bytes[begin - 1])) --begin;
  const std::uint32_t line = document.text().place(offset).line;
  const std::vector<std::string> before = statement_before(bytes.substr(0, begin));
  auto runbook = runbook_at(document, line, workspace);
  const bool outside = !runbook && document.imports().empty();
  Items items({document.text().position(begin), document.text().position(offset)});
  if (outside && before.empty()) {
    items.add_word("scenario");
    return items.take();
  }
  const ScenarioItems found = scenario_items(before, runbook ? &*runbook : nullptr);
  for (const std::string& word : found.words) items.add_word(word);
  for (const std::string& name : found.names) items.add(name, ItemKind::member);
  return items.take();
}

}  // namespace

Json completion(Document& document, Position where, const Workspace& workspace) {
  const Text& text = document.text();
  const std::size_t offset = text.offset(where);
  const dsl::Inside inside = dsl::inside_at(text.bytes(), offset);
  if (inside.kind == dsl::Inside::Kind::placeholder)
    return placeholder_items(document, inside.begin, offset);
  if (inside.kind != dsl::Inside::Kind::code) return nullptr;
  if (document.is_scenario()) return scenario_completion(document, offset, workspace);
  std::size_t begin = offset;
  while (begin > 0 && is_word_byte(text.bytes()[begin - 1]) && text.bytes()[begin - 1] != '.')
    --begin;
  if (const auto alias = alias_before(document, begin))
    return library_items(document, *alias, begin, offset, workspace);
  const Expected expected = dsl::expected_at(as_one_file(document), offset);
  Items items({text.position(expected.word_begin), text.position(offset)});
  const std::string begun = text.bytes().substr(expected.word_begin, offset - expected.word_begin);
  if (!begun.empty() && begun[0] >= '0' && begun[0] <= '9') {
    add_units(expected, begun, items);
    return items.take();
  }
  for (const std::string& word : expected.words) items.add_word(word);
  for (const std::string& value : expected.values) items.add(value, ItemKind::value);
  for (const NameKind kind : expected.names)
    if (kind != NameKind::metric || !expected.measurement) add_names(document, kind, items);
  if (expected.measurement) add_measurements(document, expected, items);
  if (expected.argument) add_arguments(document, expected, items);
  add_aliases(document, expected, items);
  return items.take();
}

}  // namespace rollbook::tools::lsp
