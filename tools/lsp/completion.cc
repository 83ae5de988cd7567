// What may be written at a place: the grammar says which words and which kinds of names, the
// index which names there are.

#include "dsl/expected.h"
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

void add_measurements(Document& document, const Expected& expected, Items& items) {
  add_names(document, NameKind::metric, items);
  if (!expected.callee.empty() || expected.statement == "metric") return;
  for (const char* function : {"p50", "p90", "p95", "p99", "rate", "count"})
    items.add(function, ItemKind::function, "", "", std::string(function) + "(");
  if (expected.statement == "stop") {
    for (const char* function : {"absent", "new"})
      items.add(function, ItemKind::function, "", "", std::string(function) + "(");
  }
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

}  // namespace

Json completion(Document& document, Position where) {
  const Text& text = document.text();
  const std::size_t offset = text.offset(where);
  const dsl::Inside inside = dsl::inside_at(text.bytes(), offset);
  if (inside.kind == dsl::Inside::Kind::placeholder)
    return placeholder_items(document, inside.begin, offset);
  if (inside.kind != dsl::Inside::Kind::code || document.is_scenario()) return nullptr;
  const Expected expected = dsl::expected_at(text.bytes(), offset);
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
  return items.take();
}

}  // namespace rollbook::tools::lsp
