#pragma once
// Columns: tables and wrapped lines for a terminal. A column is a code point: our own texts have no
// wide ones. Texts are printed as they are; who prints what came from outside calls printable().
//
//   table({{"METRIC", "CANARY"}, {"error_rate", "0.02%"}}, 80)

#include <cstddef>
#include <string>
#include <vector>

#include "adapters/wire/columns.h"

namespace rollbook::tools {

using adapters::columns_of;
using adapters::wrapped;

// Rows of equally many cells, the first one the head; each line with its newline. Where the rows
// are wider than `width`, the first cell of each gets a line of its own.
std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t width);

}  // namespace rollbook::tools
