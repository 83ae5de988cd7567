#include "tools/help.h"

#include <fmt/format.h>

#include "tools/columns.h"

namespace rollbook::tools {
namespace {

constexpr std::size_t kColumn = 26;
constexpr std::size_t kWidth = 80;

// A name and its text beside it, the text broken at words and indented below itself.
std::string entry(const std::string& name, const std::string& text) {
  std::string out = "  " + name;
  std::size_t column = name.size() + 2;
  if (column + 2 > kColumn) {
    out += "\n";
    column = 0;
  }
  out.append(kColumn - column, ' ');
  return out + wrapped(text, kColumn, kWidth) + "\n";
}

}  // namespace

std::string program_help(const std::vector<Verb>& verbs) {
  std::string text =
      "Runs rollout runbooks: shifts traffic, watches metrics, rolls back.\n"
      "\n"
      "  rollbook check my.runbook                   is it valid?\n"
      "  rollbook sandbox my.runbook --speed max     try it against a synthetic service\n"
      "  rollbook engine --brokers localhost:9092    run rollouts\n"
      "  rollbook start my.runbook                   begin one\n"
      "  rollbook status shop-7f3k2q -w              watch it\n"
      "  rollbook rollback shop-7f3k2q --immediate   and back\n";
  const std::pair<Group, const char*> groups[] = {{Group::authoring, "authoring"},
                                                  {Group::operating, "operating"},
                                                  {Group::afterwards, "afterwards"}};
  for (const auto& [group, title] : groups) {
    text += fmt::format("\n{}\n", title);
    for (const Verb& verb : verbs) {
      if (verb.group == group) text += entry(verb.name, verb.summary);
    }
  }
  return text +
         "\n"
         "`rollbook VERB --help` shows examples and options. Exit codes: 0 done, 1 error,\n"
         "2 usage, 3 rolled back, 4 waiting for people at --timeout, 5 replay diverged,\n"
         "6 broker or store unreachable, 130 interrupted.\n";
}

std::string verb_help(const VerbHelp& help) {
  std::string text = fmt::format("rollbook {}: {}\n\n", help.verb.name, help.verb.summary);
  for (const std::string& example : help.verb.examples) text += "  " + example + "\n";
  text += "\nusage: rollbook " + help.verb.name;
  for (const auto& [name, what] : help.positionals) text += " " + name;
  text += " [options]\n";
  for (const auto& [name, what] : help.positionals) text += entry(name, what);
  text += "\noptions\n";
  for (const auto& [name, what] : help.options) text += entry(name, what);
  return text + entry("-h, --help", "this text");
}

}  // namespace rollbook::tools
