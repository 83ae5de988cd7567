#include "tools/columns.h"

#include <algorithm>

namespace rollbook::tools {
namespace {

constexpr std::size_t kGap = 2;  // between columns, and before what belongs to the line above

using Row = std::vector<std::string>;

std::vector<std::size_t> widths_of(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(row[i]));
    }
  }
  return widths;
}

// The cells from `first` on; the last one is not padded.
std::string line_of(const Row& row, std::size_t first, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = first; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 < row.size()) line.append(widths[i] - columns_of(row[i]) + kGap, ' ');
  }
  while (line.ends_with(' ')) line.pop_back();
  return line + "\n";
}

}  // namespace

std::string table(const std::vector<Row>& rows, std::size_t width) {
  if (rows.empty()) return "";
  const std::vector<std::size_t> widths = widths_of(rows);
  std::size_t wide = 0;
  for (const std::size_t each : widths) wide += each + kGap;
  const bool fits = wide <= width + kGap;
  std::string text;
  for (const Row& row : rows) {
    text += fits ? line_of(row, 0, widths)
                 : row.front() + "\n" + std::string(kGap, ' ') + line_of(row, 1, widths);
  }
  return text;
}

}  // namespace rollbook::tools
