#include "dsl/format.h"

#include "dsl/braces.h"
#include "dsl/format_lines.h"
#include "dsl/lexer.h"
#include "engine/core/types.h"

namespace rollbook::dsl {
namespace {

// A column may find a neighbour at its new place, and be narrower with it: the next round sees
// it. Columns only grow together, so it comes to rest soon.
constexpr int kRoundsMost = 16;

std::string print(const std::vector<Line>& lines) {
  const auto columns = align(lines);
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    if (line.blank_before) out += '\n';
    std::size_t at = 0;
    for (std::size_t k = 0; k < line.pieces.size(); ++k) {
      out.append(columns[i][k] - at, ' ');
      out += line.pieces[k].text;
      at = columns[i][k] + line.pieces[k].width;
    }
    out += '\n';
  }
  return out;
}

bool same_tokens(const Tokens& a, const Tokens& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].kind != b[i].kind || a[i].value != b[i].value) return false;
  return true;
}

// The tokens without the newlines that a block's own lines bring along.
Tokens without_newlines(const Tokens& tokens) {
  Tokens kept;
  for (const Token& token : tokens)
    if (!token.is(Token::Kind::newline)) kept.push_back(token);
  return kept;
}

}  // namespace

std::optional<std::string> format(const std::string& text, Sink& sink) {
  const std::size_t errors = sink.errors();
  const Tokens tokens = lex(text, sink);
  if (sink.errors() > errors) return std::nullopt;
  Tokens balanced = tokens;
  balance_braces(balanced, sink);
  if (sink.errors() > errors) return std::nullopt;
  std::string formatted = print(cut_lines(text, tokens));
  for (int round = 0; round < kRoundsMost; ++round) {
    Sink unread("");
    const Tokens again = lex(formatted, unread);
    // A layout that meant something else would be worse than none.
    ROLLBOOK_CHECK(!unread.has_errors() &&
                   same_tokens(without_newlines(tokens), without_newlines(again)));
    std::string next = print(cut_lines(formatted, again));
    if (next == formatted) break;
    formatted = std::move(next);
  }
  return formatted;
}

}  // namespace rollbook::dsl
