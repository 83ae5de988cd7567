#pragma once
// expected_at: what may stand at a place of a text, for completion. The grammar itself answers:
// the text before the place is parsed with a token behind it that nothing accepts, and what the
// terminals wanted there is the answer. So a new statement is offered as soon as it is read.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/index.h"

namespace rollbook::dsl {

struct Expected {
  std::vector<std::string> words;  // keywords, two that belong together as one: `at most`
  std::vector<NameKind> names;     // kinds of names that are used there
  std::vector<ast::Type> types;    // of literals
  bool any_literal = false;
  bool text = false;                // a text in quotes
  bool argument = false;            // `share: 10%`
  bool measurement = false;         // a metric or a function of one
  std::vector<std::string> values;  // of a closed list: `incident`
  std::string statement;            // the keyword the statement begins with, "" at its beginning
  std::string callee;               // inside parentheses: the word before them
  std::vector<std::string> given;   // the names of arguments that stand there already
  std::size_t word_begin = 0;       // where the word or number under the place begins
};

// `offset` in bytes, at most text.size().
Expected expected_at(std::string_view text, std::size_t offset);

// What kind of text a place is in; `begin` is the byte after the `{` of a placeholder.
struct Inside {
  enum class Kind : std::uint8_t { code, comment, text, placeholder };
  Kind kind = Kind::code;
  std::size_t begin = 0;
};
Inside inside_at(std::string_view text, std::size_t offset);

}  // namespace rollbook::dsl
