#pragma once
// Source: a text and its lines; turns byte offsets into the places that diagnostics name. Lines
// and columns count from 1, columns in bytes. The text must outlive it.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/core/machine.h"

namespace rollbook::dsl {

class Source {
 public:
  explicit Source(std::string_view text);

  std::string_view text() const { return text_; }
  // [begin, end) as a place; `end_column` is the column after the last byte.
  core::Span span(std::size_t begin, std::size_t end) const;
  // The byte at a place; the text's size for one that lies behind it.
  std::size_t offset(std::uint32_t line, std::uint32_t column) const;
  // The line's text without its line end; "" for a line that is not there.
  std::string_view line(std::uint32_t number) const;

 private:
  std::size_t line_index(std::size_t offset) const;

  std::string_view text_;
  std::vector<std::size_t> starts_;  // of each line
};

// From the first place to the second.
core::Span join(core::Span from, core::Span to);

}  // namespace rollbook::dsl
