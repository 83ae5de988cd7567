#pragma once
// Token: what the lexer makes of a text and the grammar reads. Lossless: every byte is in a token
// or in the trivia (blanks, comments, newlines that do not count) before one, so the trivia and
// text of all tokens, one after the other, are the text again.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/ast_leaves.h"

namespace rollbook::dsl {

struct Token {
  enum class Kind : std::uint8_t {
    word,      // stage, p99, hal9_canary; `p99.9` before a parenthesis is one too
    number,    // 5, 0.1%, 26h30m, 900/s
    text,      // "…"
    selector,  // {code=~"5..", region!="eu"}
    symbol,    // ( ) { } , : . = < <= > >= + - * /  and what looks like one: == != ;
    newline,   // one that ends a statement
    bad,       // reported by the lexer; the grammar says nothing more about it
    end,       // the last token, once
  };

  Kind kind = Kind::end;
  std::size_t trivia = 0;  // where its trivia begins
  std::size_t begin = 0;   // where its text begins
  std::size_t end = 0;     // one past its last byte
  core::Span span;
  // The word or symbol itself; a text's value with its escapes resolved; a selector as written.
  std::string value;
  core::Fixed number;                 // `number` only
  ast::Type type = ast::Type::count;  // `number` only
  std::int32_t depth = 0;             // braces open around it; `{` and its `}` are outside
  bool first_in_line = false;         // only trivia before it on its line
  bool synthetic = false;             // put in by dsl/braces: takes no bytes
  bool is(Kind k) const { return kind == k; }
  bool is_symbol(std::string_view s) const { return kind == Kind::symbol && value == s; }
  bool is_word(std::string_view w) const { return kind == Kind::word && value == w; }
};

using Tokens = std::vector<Token>;

// How a message names it: `stage`, "the end of the line".
std::string describe(const Token& token, std::string_view text);

}  // namespace rollbook::dsl
