#pragma once
// Two versions of a plan, and what diff says of them.

#include <gtest/gtest.h>

#include "dsl/diff.h"
#include "tests/dsl/compiling.h"

namespace rollbook::dsl {

inline std::vector<Change> changes(const std::string& before, const std::string& after) {
  const auto first = compile(before);
  const auto second = compile(after);
  EXPECT_TRUE(first.plan) << findings(before);
  EXPECT_TRUE(second.plan) << findings(after);
  if (!first.plan || !second.plan) return {};
  return diff(*first.plan, *second.plan);
}

inline std::string said(const std::vector<Change>& found) {
  std::string lines;
  for (const Change& change : found) {
    lines +=
        std::string(to_string(change.bearing)) + " " + change.where + ": " + change.what + "\n";
  }
  return lines;
}

}  // namespace rollbook::dsl
