#pragma once
// What a runbook's parameters stand at in a text: for whoever says what a proof was made with.

#include <string_view>
#include <vector>

#include "engine/core/machine.h"

namespace rollbook::dsl {

// By name, each as it is written. Of an expanded text (Plan::expanded): what was given, or else
// the default.
std::vector<core::Argument> param_values(std::string_view text);

}  // namespace rollbook::dsl
