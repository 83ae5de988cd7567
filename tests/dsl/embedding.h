#pragma once
// Puts an example into a sound runbook: its statements take the place of those of the same name,
// or are added.

#include <string>
#include <string_view>

#include "dsl/explain.h"

namespace rollbook::dsl {

// The runbook without the example has no finding.
std::string embedded(Explanation::Where where, std::string_view example);

}  // namespace rollbook::dsl
