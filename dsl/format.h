#pragma once
// format: a runbook's text in the one layout of the language. Two blanks a level, one between
// tokens, comments and single blank lines kept. Where the author put neighbouring lines under each
// other, they stay so: a column is one where tokens of successive lines begin at the same place
// and at least one of them has more than one blank before it. Line breaks are the author's.
//
// The tokens of the result are those of the text, so it means the same; formatting it again
// changes nothing.
//
//   if (const auto formatted = format(text, sink)) write(*formatted);

#include <optional>
#include <string>

#include "dsl/diagnostics.h"

namespace rollbook::dsl {

// Nothing, and reported, when the text has no tokens to go by or its braces do not balance. Other
// mistakes are laid out as they are.
std::optional<std::string> format(const std::string& text, Sink& sink);

}  // namespace rollbook::dsl
