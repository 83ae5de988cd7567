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

}  // namespace rollbook::power
