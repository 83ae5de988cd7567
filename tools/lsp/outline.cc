// A document's structure for the editor's outline, and the commands that stand above it.

#include "tools/lsp/features.h"

namespace rollbook::tools::lsp {
namespace {

using dsl::Section;

// SymbolKind of the protocol.
int symbol_kind(const std::string& keyword) {
  constexpr int kModule = 2, kNamespace = 3, kClass = 5, kInterface = 11, kFunction = 12,
                kVariable = 13, kObject = 19, kMember = 22, kStruct = 23, kEvent = 24;
  if (keyword == "runbook" || keyword == "scenario") return kModule;
  if (keyword == "template") return kClass;
  if (keyword == "stage") return kStruct;
  if (keyword == "metric" || keyword == "param") return kVariable;
  if (keyword == "action") return kFunction;
  if (keyword == "channel") return kInterface;
  if (keyword == "role" || keyword == "target") return kMember;
  if (keyword == "decide" || keyword == "rollback") return kEvent;
  if (keyword == "guard") return kObject;
  return kNamespace;
}

// A block has its name, `role a, b` its names; others are told by their keyword.
std::string symbol_name(const Document& document, const Section& section) {
  if (!section.name.empty()) return section.name;
  std::string_view head = document.text().slice(section.head);
  if (section.keyword == "role" && head.size() > section.keyword.size()) {
    head.remove_prefix(section.keyword.size());
    while (head.starts_with(' ')) head.remove_prefix(1);
  }
  return std::string(head);
}

// The section at `next` and, inside it, those that are deeper.
Json symbol(const Document& document, const std::vector<Section>& sections, std::size_t& next) {
  const Section& section = sections[next++];
  Json one = {{"name", symbol_name(document, section)},
              {"detail", section.keyword},
              {"kind", symbol_kind(section.keyword)},
              {"range", to_json(document.text().range(section.whole))},
              {"selectionRange", to_json(document.text().range(section.head))}};
  Json children = Json::array();
  while (next < sections.size() && sections[next].depth > section.depth)
    children.push_back(symbol(document, sections, next));
  if (!children.empty()) one["children"] = std::move(children);
  return one;
}

Json lens(const Document& document, const Section& section, const std::string& title,
          const Json& words) {
  return {{"range", to_json(document.text().range(section.head))},
          {"command",
           {{"title", title}, {"command", "rollbook.run"}, {"arguments", Json::array({words})}}}};
}

}  // namespace

Json symbols(Document& document) {
  const std::vector<Section>& sections = document.index().sections();
  Json all = Json::array();
  for (std::size_t next = 0; next < sections.size();)
    all.push_back(symbol(document, sections, next));
  return all;
}

Json lenses(Document& document) {
  Json all = Json::array();
  // The program reads files; what was never saved is none.
  if (!document.uri().starts_with("file:")) return all;
  for (const Section& section : document.index().sections()) {
    if (section.depth != 0) continue;
    if (section.keyword == "runbook")
      all.push_back(lens(document, section, "try it in the sandbox",
                         {"sandbox", document.file(), "--speed", "max"}));
    if (section.keyword == "scenario" && !section.name.empty())
      all.push_back(lens(document, section, "run this scenario",
                         {"test", document.file(), "-k", section.name}));
  }
  return all;
}

}  // namespace rollbook::tools::lsp
