#pragma once
// Literals with units: `0.1%`, `26h30m`, `900/s`, `2pp`, `64KiB`, exact or refused.

#include <string>
#include <string_view>

#include "dsl/ast_leaves.h"
#include "dsl/codes.h"

namespace rollbook::dsl {

// What the text at the front of a line's rest is, when it begins with a digit.
struct ScannedNumber {
  std::size_t length = 0;  // bytes that belong to it, right or wrong
  core::Fixed value;
  ast::Type type = ast::Type::count;
  // Why it is refused; empty when it is not.
  std::string problem;
  std::string help;
  std::string instead;  // what was meant, where that is certain; else ""
  Code code = Code::bad_number;
};

// `rest` begins with a digit.
ScannedNumber scan_number(std::string_view rest);

}  // namespace rollbook::dsl
