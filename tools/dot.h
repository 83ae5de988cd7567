#pragma once
// Graphviz' `dot`, when it is installed.

#include <string>

#include "tools/cli.h"

namespace rollbook::tools {

// A graph in the language of dot as an SVG. Error: dot is not installed, or it failed.
Outcome<std::string> draw_svg(const std::string& dot);

}  // namespace rollbook::tools
