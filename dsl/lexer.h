#pragma once
// lex: a text to its tokens, losslessly (token.h). Reports what is no token and goes on; the
// tokens always end with one of kind `end`. Which newlines end a statement is decided here: not
// those inside parentheses, nor after a comma or an operator.
//
//   for (const Token& token : lex("hold 26h30m  # overnight", sink)) …

#include <string_view>

#include "dsl/diagnostics.h"
#include "dsl/token.h"

namespace rollbook::dsl {

// Refuses, with one diagnostic and no tokens but `end`, what is not text or is too large; stops
// at brackets nested deeper than core::kNesting.
Tokens lex(std::string_view text, Sink& sink);

}  // namespace rollbook::dsl
