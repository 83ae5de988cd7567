#pragma once
// VerbShape: what a verb takes, as data: read off its own declaration, so that completions and
// manual pages say what `--help` says and the program does.

#include <string>
#include <vector>

#include "tools/cli.h"

namespace rollbook::tools {

struct OptionShape {
  std::vector<std::string> names;  // "-o", "--output"
  std::string value;               // "DIR"; "" for a flag
  std::vector<std::string> words;  // the only values it takes, when not empty
  std::string help;
};

struct PositionalShape {
  std::string name;  // "FILE"
  bool required = true;
  bool several = false;
  std::string help;
};

struct VerbShape {
  std::string name;
  Group group = Group::operating;
  std::string summary;
  std::vector<std::string> examples;
  std::vector<PositionalShape> positionals;
  std::vector<OptionShape> options;
};

VerbShape shape_of(const Verb& verb);
std::vector<VerbShape> shapes_of(const std::vector<Verb>& verbs);

}  // namespace rollbook::tools
