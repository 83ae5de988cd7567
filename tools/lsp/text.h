#pragma once
// Text: a document's bytes and the two ways to name a place in it. The protocol counts lines from
// 0 and columns in UTF-16 units, and `\r` alone ends a line; the compiler counts lines from 1 and
// columns in bytes, and only `\n` ends one. Offsets in bytes stand between them.
//
// INVARIANT: the bytes are valid UTF-8 (they came out of JSON).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/machine.h"

namespace rollbook::tools::lsp {

struct Position {
  std::uint32_t line = 0;
  std::uint32_t character = 0;  // UTF-16 units
  bool operator==(const Position&) const = default;
};
struct Range {
  Position start;
  Position end;
};

class Text {
 public:
  explicit Text(std::string bytes);

  const std::string& bytes() const { return bytes_; }
  // Puts `with` in place of a range; one that is turned round is taken as empty at its start.
  void replace(const Range& range, std::string_view with);

  // What is beyond a line is its end, beyond the text the text's end, within a character its begin.
  std::size_t offset(Position position) const;
  std::size_t offset(std::uint32_t line, std::uint32_t column) const;  // as the compiler counts
  Position position(std::size_t offset) const;
  Range range(const core::Span& span) const;
  std::string_view slice(const core::Span& span) const;
  // The compiler's line and column of an offset.
  core::Span place(std::size_t offset) const;

 private:
  void count_lines();

  std::string bytes_;
  std::vector<std::size_t> starts_;           // of the protocol's lines
  std::vector<std::size_t> compiler_starts_;  // of the compiler's
};

}  // namespace rollbook::tools::lsp
