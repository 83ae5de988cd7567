#include "dsl/explain.h"

#include <fmt/format.h>

#include "adapters/wire/json_out.h"
#include "dsl/diagnostics.h"
#include "tools/columns.h"
#include "tools/verbs.h"

namespace rollbook::tools {
namespace {

using adapters::Json;

struct Options {
  std::string code;
  std::string output;
};

std::string code_of(const dsl::Explanation& entry) {
  return dsl::to_string(static_cast<dsl::Code>(entry.code));
}

// So that 80 columns hold it.
std::string paragraph(std::string_view text) { return wrapped(text, 0, 80) + "\n"; }

std::string example(std::string_view title, std::string_view text) {
  if (text.empty()) return "";
  std::string out = fmt::format("\n{}\n\n    ", title);
  while (text.ends_with('\n')) text.remove_suffix(1);
  for (const char c : text) out += c == '\n' ? std::string("\n    ") : std::string(1, c);
  return out + "\n";
}

Json to_json(const dsl::Explanation& entry) {
  return {{"code", code_of(entry)},
          {"title", std::string(entry.title)},
          {"meaning", std::string(entry.meaning)},
          {"wrong", std::string(entry.wrong)},
          {"right", std::string(entry.right)}};
}

std::string in_text(const dsl::Explanation& entry) {
  return fmt::format("{}: {}\n\n", code_of(entry), entry.title) + paragraph(entry.meaning) +
         example("wrong", entry.wrong) + example("right", entry.right);
}

Outcome<Exit> run(const Options& options, const Console& console) {
  std::vector<const dsl::Explanation*> entries;
  if (!options.code.empty()) {
    entries.push_back(dsl::explain(options.code));
    if (entries.front() == nullptr) {
      return give_up(fmt::format("no finding has the code `{}`; `rollbook explain` lists them all",
                                 adapters::printable(options.code)));
    }
  }
  const bool list = entries.empty();
  if (list) {
    for (const dsl::Explanation& entry : dsl::explanations()) entries.push_back(&entry);
  }
  if (options.output == "json") {
    Json all = Json::array();
    for (const dsl::Explanation* entry : entries) all.push_back(to_json(*entry));
    console.line(adapters::to_line(all));
    return Exit::done;
  }
  for (const dsl::Explanation* entry : entries) {
    if (list) {
      console.line(fmt::format("{}  {}", code_of(*entry), entry->title));
    } else {
      console.print(in_text(*entry));
    }
  }
  if (list) console.suggest("rollbook explain " + code_of(*entries.front()));
  return Exit::done;
}

}  // namespace

Verb explain_verb() {
  auto o = std::make_shared<Options>();
  return {"explain",
          Group::authoring,
          "what a finding's code means, with a wrong and a right example",
          {"rollbook explain RB0301", "rollbook explain"},
          [o](OptionSet& set) {
            set.positional("CODE", o->code, "of a finding; without one, all are listed", false);
            set.choice("-o,--output", o->output, {"text", "json"}, "how it is printed");
          },
          [o](Console& console) { return run(*o, console); }};
}

}  // namespace rollbook::tools
