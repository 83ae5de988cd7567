#pragma once
// Lines: a text on its way through the formatter, cut where lines begin and end, each piece with
// the place that its author gave it. Internal to dsl/format*.cc.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/token.h"

namespace rollbook::dsl {

struct Piece {
  std::string text;       // a token as written, or a comment
  std::size_t width = 0;  // in characters
  int gap = 0;            // blanks before it in the language's spacing
  // Where it stands in the text: its column, and the blanks before it. Column 0: it begins a line
  // there, or will not stand behind the piece before it any more.
  std::size_t column = 0;
  std::size_t blanks = 0;
  bool comment = false;
};

struct Line {
  std::vector<Piece> pieces;  // INVARIANT: not empty
  int depth = 0;              // of blocks
  bool continues = false;     // the statement of the line before
  bool closes = false;        // …with its `)`: not indented further
  bool blank_before = false;
  bool only_comment() const { return pieces.size() == 1 && pieces.front().comment; }
  std::size_t indent() const {
    return static_cast<std::size_t>(depth) * 2 + (continues && !closes ? 4 : 0);
  }
};

// `tokens` are those of `text`, without errors, their braces balanced.
std::vector<Line> cut_lines(std::string_view text, const Tokens& tokens);

// The first column (from 0) of each piece of each line, in the same order.
std::vector<std::vector<std::size_t>> align(const std::vector<Line>& lines);

}  // namespace rollbook::dsl
