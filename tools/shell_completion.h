#pragma once
// Completion scripts for shells, written from what the verbs declare.

#include <string>
#include <vector>

#include "tools/verb_shape.h"

namespace rollbook::tools {

std::string bash_completion(const std::vector<VerbShape>& verbs);
std::string zsh_completion(const std::vector<VerbShape>& verbs);
std::string fish_completion(const std::vector<VerbShape>& verbs);

}  // namespace rollbook::tools
