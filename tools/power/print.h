#pragma once
// A report of tools/power/study.h as text for people, and as JSON for programs.

#include <string>

#include "tools/power/propose.h"

namespace rollbook::power {

std::string as_table(const Report& report);
// What a recording adds to it.
struct Evidence {
  std::string from;  // "topic `metrics`"
  core::Duration span{};
  std::int64_t points = 0;
  std::vector<Proposal> proposals;
};
std::string evidence_as_table(const Evidence& evidence);
// One line; docs/power.md has its shape. `evidence` may be nullptr.
std::string as_json(const Report& report, const Evidence* evidence);

// "450", "13,500", "1.2M".
std::string about_count(double count);
// "at most 0.1%", "62% (52–71%)"
std::string chance_text(const Chance& chance);

}  // namespace rollbook::power
