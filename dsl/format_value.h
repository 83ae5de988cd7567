#pragma once
// How values are written in the language: `2h30m`, `0.1%`, `0.05`. The inverse of the lexer's
// units, used by messages, by the machine printer and by graphs.

#include <string>

#include "engine/core/types.h"

namespace rollbook::dsl {

// "2h30m", "500ms", "0s"; weeks and days are written in hours, as the language counts them.
std::string format_duration(core::Duration duration);

// "0.001", "-12.5", "3": exact, without trailing zeros.
std::string format_decimal(core::Fixed value);

// "0.1%": exact.
std::string format_percent(core::Fixed ratio);
std::string format_percent(core::Weight weight);

// Of a chance, for people: "0.02%", "14%", "99.3%"; never 0 or 100 for what is neither.
std::string about_percent(double share);
// The same of one that lies between two: "31% to 89%", "at most 12%".
std::string about_range(double least, double most);

}  // namespace rollbook::dsl
