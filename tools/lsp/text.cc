#include "tools/lsp/text.h"

#include <algorithm>

namespace rollbook::tools::lsp {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// UTF-16 units of the character that begins with this byte: two beyond U+FFFF.
std::uint32_t units(char lead) { return static_cast<unsigned char>(lead) >= 0xF0 ? 2 : 1; }

std::size_t row_of(const std::vector<std::size_t>& starts, std::size_t offset) {
  return static_cast<std::size_t>(std::upper_bound(starts.begin(), starts.end(), offset) -
                                  starts.begin()) -
         1;
}

}  // namespace

Text::Text(std::string bytes) : bytes_(std::move(bytes)) { count_lines(); }

void Text::count_lines() {
  starts_ = {0};
  compiler_starts_ = {0};
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const bool newline = bytes_[i] == '\n';
    const bool alone = bytes_[i] == '\r' && (i + 1 == bytes_.size() || bytes_[i + 1] != '\n');
    if (newline || alone) starts_.push_back(i + 1);
    if (newline) compiler_starts_.push_back(i + 1);
  }
}

void Text::replace(const Range& range, std::string_view with) {
  const std::size_t begin = offset(range.start);
  const std::size_t end = std::max(begin, offset(range.end));
  bytes_.replace(begin, end - begin, with);
  count_lines();
}

std::size_t Text::offset(Position position) const {
  if (position.line >= starts_.size()) return bytes_.size();
  std::size_t at = starts_[position.line];
  std::uint32_t left = position.character;
  while (at < bytes_.size() && bytes_[at] != '\n' && bytes_[at] != '\r' &&
         left >= units(bytes_[at])) {
    left -= units(bytes_[at]);
    do ++at;
    while (at < bytes_.size() && continues(bytes_[at]));
  }
  return at;
}

std::size_t Text::offset(std::uint32_t line, std::uint32_t column) const {
  if (line == 0 || column == 0) return 0;
  if (line > compiler_starts_.size()) return bytes_.size();
  return std::min(compiler_starts_[line - 1] + column - 1, bytes_.size());
}

Position Text::position(std::size_t offset) const {
  offset = std::min(offset, bytes_.size());
  const std::size_t row = row_of(starts_, offset);
  std::uint32_t character = 0;
  for (std::size_t i = starts_[row]; i < offset; ++i)
    if (!continues(bytes_[i])) character += units(bytes_[i]);
  return {static_cast<std::uint32_t>(row), character};
}

Range Text::range(const core::Span& span) const {
  const std::size_t begin = offset(span.line, span.column);
  return {position(begin), position(std::max(begin, offset(span.end_line, span.end_column)))};
}

std::string_view Text::slice(const core::Span& span) const {
  const std::size_t begin = offset(span.line, span.column);
  const std::size_t end = std::max(begin, offset(span.end_line, span.end_column));
  return std::string_view(bytes_).substr(begin, end - begin);
}

core::Span Text::place(std::size_t offset) const {
  offset = std::min(offset, bytes_.size());
  const std::size_t row = row_of(compiler_starts_, offset);
  const auto line = static_cast<std::uint32_t>(row + 1);
  const auto column = static_cast<std::uint32_t>(offset - compiler_starts_[row] + 1);
  return {line, column, line, column};
}

}  // namespace rollbook::tools::lsp
