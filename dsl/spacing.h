#pragma once
// The blanks between two tokens of a line, as the language is written. The formatter puts them
// there, and what messages and machines quote is quoted so, whatever the author's layout is.

#include "dsl/token.h"

namespace rollbook::dsl {

// How many blanks stand between `before` and `token`, where nothing is aligned: 0 or 1.
int blanks_between(const Token& before, const Token& token);

}  // namespace rollbook::dsl
