#pragma once
// What `--help` prints: examples first, then what a verb takes.

#include <string>
#include <utility>
#include <vector>

#include "tools/cli.h"

namespace rollbook::tools {

struct VerbHelp {
  const Verb& verb;
  std::vector<std::pair<std::string, std::string>> positionals;  // name, what it is
  std::vector<std::pair<std::string, std::string>> options;      // "-o, --output text|json"
  std::vector<std::string> names;                                // of options, as typed
};

std::string program_help(const std::vector<Verb>& verbs);
std::string verb_help(const VerbHelp& help);

}  // namespace rollbook::tools
