#pragma once
// A report of tools/power/study.h as text for people, and as JSON for programs.

#include <string>

#include "tools/power/recorded.h"

namespace rollbook::power {

std::string as_table(const Report& report);
// One line; docs/power.md has its shape.
std::string as_json(const Report& report, const std::vector<Proposal>& proposals);
// "" without one.
std::string proposals_as_table(const std::vector<Proposal>& proposals);

// "0.02%", "14%", "99.3%"; never 0 or 100 for what is neither.
std::string about_percent(double share);
// "450", "13,500", "1.2M".
std::string about_count(double count);
// "at most 0.1%", "62% (52–71%)"
std::string chance_text(const Chance& chance);

}  // namespace rollbook::power
