#include "tools/shell_completion.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/shell_words.h"

namespace rollbook::tools {
namespace {

using Texts = std::vector<std::string>;

std::string joined(const Texts& parts, const char* between = " ") {
  return fmt::format("{}", fmt::join(parts, between));
}

// What a value or a positional names, as far as a shell can complete it.
enum class Thing : std::uint8_t { other, file, directory };

Thing thing_of(const std::string& name) {
  if (name.find("DIR") != std::string::npos) return Thing::directory;
  const bool file = name.find("FILE") != std::string::npos ||
                    name.find("DATA") != std::string::npos ||
                    name.find("PATH") != std::string::npos;
  return file ? Thing::file : Thing::other;
}

bool takes_files(const VerbShape& verb) {
  return std::any_of(verb.positionals.begin(), verb.positionals.end(),
                     [](const PositionalShape& one) { return thing_of(one.name) != Thing::other; });
}

Texts names_of(const std::vector<VerbShape>& verbs) {
  Texts names;
  for (const VerbShape& verb : verbs) names.push_back(verb.name);
  return names;
}

// ---- bash -----------------------------------------------------------------------------------

std::string bash_values(const VerbShape& verb) {
  std::string cases;
  for (const OptionShape& option : verb.options) {
    if (option.value.empty()) continue;
    Texts patterns;
    for (const std::string& name : option.names) patterns.push_back(verb.name + ":" + name);
    std::string answer = "COMPREPLY=()";
    if (!option.words.empty()) {
      answer = fmt::format("COMPREPLY=($(compgen -W {} -- \"$current\"))",
                           shell_quoted(joined(option.words)));
    } else if (thing_of(option.value) == Thing::directory) {
      answer = "COMPREPLY=($(compgen -d -- \"$current\"))";
    } else if (thing_of(option.value) == Thing::file) {
      answer = "COMPREPLY=($(compgen -f -- \"$current\"))";
    }
    cases += fmt::format("    {})\n      {}\n      return ;;\n", joined(patterns, "|"), answer);
  }
  return cases;
}

// ---- zsh ------------------------------------------------------------------------------------

// Inside `'…[help]:value:…'`.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const Texts& words, const std::string& name) {
  if (!words.empty()) return "(" + joined(words) + ")";
  if (thing_of(name) == Thing::directory) return "_files -/";
  return thing_of(name) == Thing::file ? "_files" : " ";
}

std::string zsh_option(const OptionShape& option) {
  std::string spec = "[" + zsh_text(option.help) + "]";
  if (!option.value.empty())
    spec += ":" + zsh_text(option.value) + ":" + zsh_action(option.words, option.value);
  if (option.names.size() == 1) return shell_quoted(option.names[0] + spec);
  return shell_quoted("(" + joined(option.names) + ")") + "{" + joined(option.names, ",") + "}" +
         shell_quoted(spec);
}

// ---- fish -----------------------------------------------------------------------------------

std::string fish_option(const VerbShape& verb, const OptionShape& option) {
  std::string line =
      "complete -c rollbook -n " + shell_quoted("__fish_seen_subcommand_from " + verb.name);
  for (const std::string& name : option.names)
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!option.words.empty()) {
    line += " -x -a " + shell_quoted(joined(option.words));
  } else if (!option.value.empty()) {
    line += thing_of(option.value) == Thing::other ? " -x" : " -r -F";
  }
  return line + " -d " + shell_quoted(option.help) + "\n";
}

}  // namespace

std::string bash_completion(const std::vector<VerbShape>& verbs) {
  std::string values;
  std::string options;
  for (const VerbShape& verb : verbs) {
    values += bash_values(verb);
    Texts names;
    for (const OptionShape& option : verb.options)
      names.insert(names.end(), option.names.begin(), option.names.end());
    options += fmt::format("    {}) options={} files={} ;;\n", verb.name,
                           shell_quoted(joined(names)), takes_files(verb) ? "yes" : "");
  }
  return fmt::format(
      "# Completion of rollbook for bash: source <(rollbook completion bash)\n"
      "_rollbook() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  local verb=${{COMP_WORDS[1]}} options='' files=''\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n"
      "    COMPREPLY=($(compgen -W {} -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case $verb:$before in\n{}  esac\n"
      "  case $verb in\n{}  esac\n"
      "  if [[ $current == -* || -z $files ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "  fi\n"
      "}}\n"
      "complete -o filenames -F _rollbook rollbook\n",
      shell_quoted(joined(names_of(verbs)) + " help"), values, options);
}

std::string zsh_completion(const std::vector<VerbShape>& verbs) {
  std::string list;
  std::string cases;
  for (const VerbShape& verb : verbs) {
    list += "    " + shell_quoted(verb.name + ":" + zsh_text(verb.summary)) + "\n";
    cases += "    " + verb.name + ")\n      _arguments -s";
    for (const OptionShape& option : verb.options) cases += " \\\n        " + zsh_option(option);
    for (const PositionalShape& one : verb.positionals)
      cases += " \\\n        " + shell_quoted((one.several    ? "*:"
                                               : one.required ? ":"
                                                              : "::") +
                                              zsh_text(one.name) + ":" + zsh_action({}, one.name));
    cases += " ;;\n";
  }
  return "#compdef rollbook\n"
         "# Completion of rollbook for zsh: source <(rollbook completion zsh)\n"
         "_rollbook() {\n"
         "  local -a verbs=(\n" +
         list +
         "  )\n"
         "  if ((CURRENT == 2)); then\n"
         "    _describe verb verbs\n"
         "    return\n"
         "  fi\n"
         "  local verb=$words[2]\n"
         "  shift words\n"
         "  ((CURRENT--))\n"
         "  case $verb in\n" +
         cases +
         "  esac\n"
         "}\n"
         "compdef _rollbook rollbook\n";
}

std::string fish_completion(const std::vector<VerbShape>& verbs) {
  std::string text =
      "# Completion of rollbook for fish: rollbook completion fish | source\n"
      "complete -c rollbook -f\n";
  for (const VerbShape& verb : verbs) {
    text += fmt::format("complete -c rollbook -n __fish_use_subcommand -a {} -d {}\n", verb.name,
                        shell_quoted(verb.summary));
    if (takes_files(verb))
      text += "complete -c rollbook -n " +
              shell_quoted("__fish_seen_subcommand_from " + verb.name) + " -F\n";
    for (const OptionShape& option : verb.options) text += fish_option(verb, option);
  }
  return text;
}

}  // namespace rollbook::tools
