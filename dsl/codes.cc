#include "dsl/codes.h"

namespace rollbook::dsl {

std::string to_string(Code code) {
  const std::string digits = std::to_string(static_cast<unsigned>(code));
  return "RB" + std::string(4 - digits.size(), '0') + digits;
}

}  // namespace rollbook::dsl
