#pragma once
// The statements of a text as its tokens have them: heads and blocks, without a meaning. For what
// rearranges a text (dsl/expand.h) that the grammar has found no fault with.

#include <cstddef>
#include <vector>

#include "dsl/token.h"

namespace rollbook::dsl {

struct WrittenStatement {
  std::size_t first = 0;  // the tokens of its head: [first, last), without the `{`
  std::size_t last = 0;
  bool block = false;
  std::vector<WrittenStatement> children;
};

// The statements of the file: `edition 1` and `runbook NAME { … }`.
std::vector<WrittenStatement> statement_tree(const Tokens& tokens);

}  // namespace rollbook::dsl
