#pragma once
// The manual page, rollbook(1), in roff, written from what the verbs declare.

#include <string>
#include <vector>

#include "tools/verb_shape.h"

namespace rollbook::tools {

std::string manual(const std::vector<VerbShape>& verbs, const std::string& version);

}  // namespace rollbook::tools
