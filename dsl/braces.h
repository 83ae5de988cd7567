#pragma once
// Balancing braces: one brace too few would make every statement after it stand in the wrong
// block, and a mistake of one key would be reported fifty times. When the braces of a text do not
// balance, the indentation says where the author meant them to be; that place is reported, once,
// and the tokens are repaired there.

#include <cstdint>
#include <set>

#include "dsl/diagnostics.h"
#include "dsl/token.h"

namespace rollbook::dsl {

// Leaves balanced tokens as they are. Returns the lines it reported something on: what the
// grammar finds there is a consequence.
std::set<std::uint32_t> balance_braces(Tokens& tokens, Sink& sink);

}  // namespace rollbook::dsl
