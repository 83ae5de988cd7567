#include "dsl/source.h"

#include <algorithm>

namespace rollbook::dsl {

Source::Source(std::string_view text) : text_(text), starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') starts_.push_back(i + 1);
}

std::size_t Source::line_index(std::size_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  return static_cast<std::size_t>(after - starts_.begin()) - 1;
}

core::Span Source::span(std::size_t begin, std::size_t end) const {
  const std::size_t first = line_index(begin);
  const std::size_t last = line_index(end);
  return {
      static_cast<std::uint32_t>(first + 1), static_cast<std::uint32_t>(begin - starts_[first] + 1),
      static_cast<std::uint32_t>(last + 1), static_cast<std::uint32_t>(end - starts_[last] + 1)};
}

std::size_t Source::offset(std::uint32_t line, std::uint32_t column) const {
  if (line == 0 || line > starts_.size()) return text_.size();
  return std::min(text_.size(), starts_[line - 1] + (column > 0 ? column - 1 : 0));
}

std::string_view Source::line(std::uint32_t number) const {
  if (number == 0 || number > starts_.size()) return {};
  const std::size_t begin = starts_[number - 1];
  std::string_view rest = text_.substr(begin);
  rest = rest.substr(0, rest.find('\n'));
  if (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
  return rest;
}

core::Span join(core::Span from, core::Span to) {
  return {from.line, from.column, to.end_line, to.end_column};
}

}  // namespace rollbook::dsl
