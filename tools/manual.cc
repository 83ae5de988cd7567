#include "tools/manual.h"

#include <fmt/format.h>

namespace rollbook::tools {
namespace {

// A text of any characters: no dash becomes a hyphen, no line a request.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else {
      out += c;
    }
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

std::string positional_text(const PositionalShape& one) {
  const std::string name = italic(one.name) + (one.several ? "…" : "");
  return one.required ? name : "[" + name + "]";
}

std::string verb_section(const VerbShape& verb) {
  std::string text = ".SS " + roff(verb.name) + "\n" + roff(verb.summary) + ".\n.PP\n" +
                     bold("rollbook " + verb.name);
  for (const PositionalShape& one : verb.positionals) text += " " + positional_text(one);
  text += " [options]\n";
  for (const std::string& example : verb.examples)
    text += ".PP\n.RS 4\n.nf\n" + roff(example) + "\n.fi\n.RE\n";
  for (const PositionalShape& one : verb.positionals)
    text += ".TP\n" + positional_text(one) + "\n" + roff(one.help) + "\n";
  for (const OptionShape& option : verb.options) {
    std::string names;
    for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + bold(name);
    text += ".TP\n" + names + (option.value.empty() ? "" : " " + italic(option.value)) + "\n" +
            roff(option.help) + "\n";
  }
  return text;
}

}  // namespace

std::string manual(const std::vector<VerbShape>& verbs, const std::string& version) {
  std::string text = fmt::format(
      ".TH ROLLBOOK 1 \"\" \"rollbook {}\" \"Rollbook\"\n"
      ".SH NAME\nrollbook \\- runs rollout runbooks: shifts traffic, watches metrics, rolls back\n"
      ".SH SYNOPSIS\n.B rollbook\n.I VERB\n[arguments] [options]\n",
      roff(version));
  const std::pair<Group, const char*> groups[] = {{Group::authoring, "AUTHORING"},
                                                  {Group::operating, "OPERATING"},
                                                  {Group::afterwards, "AFTERWARDS"}};
  for (const auto& [group, title] : groups) {
    text += std::string(".SH ") + title + "\n";
    for (const VerbShape& verb : verbs)
      if (verb.group == group) text += verb_section(verb);
  }
  const std::pair<const char*, const char*> exits[] = {{"0", "done, or valid"},
                                                       {"1", "error"},
                                                       {"2", "usage"},
                                                       {"3", "rolled back"},
                                                       {"4", "waiting for people at --timeout"},
                                                       {"5", "replay diverged"},
                                                       {"6", "broker or store unreachable"},
                                                       {"130", "interrupted"}};
  text += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exits)
    text += ".TP\n" + bold(code) + "\n" + roff(meaning) + "\n";
  return text + ".SH FILES\n.TP\n.I rollbook.toml\nthe configuration; " + bold("rollbook config") +
         " prints what is in effect and where it comes from\n";
}

}  // namespace rollbook::tools
