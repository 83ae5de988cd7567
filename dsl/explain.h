#pragma once
// explain: what each code of codes.h means, with a wrong and a right example. The examples are
// tests: the wrong one is answered by that code and no other, the right one by nothing.
//
//   std::cout << explain("RB0301")->meaning;

#include <string>
#include <string_view>
#include <vector>

#include "dsl/codes.h"

namespace rollbook::dsl {

struct Explanation {
  // Where an example stands; tests put it into a sound runbook there.
  // `importing`: as `runbook`, and its first line above it, beside a file "common.runbook" with a
  // `template careful`.
  enum class Where : std::uint8_t { file, runbook, importing, guard, stage, decide, scenario };

  unsigned code = 0;         // as in codes.h
  std::string_view title;    // "unknown metric"
  std::string_view meaning;  // sentences
  Where where = Where::runbook;
  std::string_view wrong;  // "": no runbook is short enough, or none leads there
  std::string_view right;
};

// All of them, by code.
const std::vector<Explanation>& explanations();

// That of "RB0301", "rb0301", "0301" or "301"; null when there is none.
const Explanation* explain(std::string_view code);

}  // namespace rollbook::dsl
