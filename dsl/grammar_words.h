#pragma once
// The words of the language that are known without the grammar: where a statement belongs, and
// what is not supported yet.

#include <optional>
#include <string>
#include <string_view>

#include "dsl/codes.h"
#include "dsl/grammar_state.h"

namespace rollbook::dsl {

// "`stage`": how messages name the block.
std::string_view to_string(Block block);

// The blocks a statement's keyword belongs to, in words; "" when no statement begins so.
std::string_view home_of(std::string_view keyword);
// How a statement is written that begins at `start` and was read up to `where`: `hold 2h at most
// 3h`, and of `hold until` another one; "" for no keyword.
std::string_view form_of(Cursor start, Cursor where);

struct Unsupported {
  Code code;
  const char* phrase;  // "`with confidence`"
  const char* help;    // what to write meanwhile, may be ""
  bool later = true;   // else `phrase` says all: it has no meaning there
};

// A phrase at `at`, inside the statement that begins at `start`, that is not supported yet.
std::optional<Unsupported> unsupported_phrase(Cursor start, Cursor at);

}  // namespace rollbook::dsl
