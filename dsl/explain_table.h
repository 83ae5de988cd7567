#pragma once
// The rows behind explain.h, one file for each hundred or two of codes. Internal to
// dsl/explain*.cc.

#include <vector>

#include "dsl/explain.h"

namespace rollbook::dsl {

void explain_syntax(std::vector<Explanation>& all);       // 01xx, 02xx
void explain_names(std::vector<Explanation>& all);        // 03xx, 04xx
void explain_structure(std::vector<Explanation>& all);    // 05xx
void explain_numbers(std::vector<Explanation>& all);      // 06xx
void explain_scenarios(std::vector<Explanation>& all);    // 07xx
void explain_unsupported(std::vector<Explanation>& all);  // 09xx

}  // namespace rollbook::dsl
