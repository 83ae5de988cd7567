#pragma once
// Columns of a terminal. A column is a code point: our own texts have no wide ones. Texts are taken
// as they are; who prints what came from outside calls printable() (text.h).

#include <cstddef>
#include <string>
#include <string_view>

namespace rollbook::adapters {

// How many columns a text takes.
std::size_t columns_of(std::string_view text);

// `text`, broken at spaces before `width`; lines after the first begin with `indent` blanks, and
// the first is taken to begin there already. No newline at the end.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace rollbook::adapters
