#pragma once
// What a scenario expected against what was seen: one Unmet for each expectation that did not
// hold and each order that was rejected or never given.

#include <string>
#include <vector>

#include "tools/scenario/play.h"

namespace rollbook::tools {

struct Unmet {
  std::string expected;     // the statement, as written
  std::string instead;      // what was so instead
  core::Span span;          // of the statement
  core::Time from{}, to{};  // the time to look at
};

std::vector<Unmet> failures_of(const Script& script, const Seen& seen);

// "26h3m15s": virtual time since the start, to the second.
std::string since_start(const Seen& seen, core::Time time);

}  // namespace rollbook::tools
