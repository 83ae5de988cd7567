#include "dsl/spacing.h"

namespace rollbook::dsl {

int blanks_between(const Token& before, const Token& token) {
  using Kind = Token::Kind;
  if (before.is_symbol("(")) return 0;
  // `lib.name`; beside a number the point would become a part of it.
  if (token.is_symbol(".")) return before.is(Kind::word) ? 0 : 1;
  if (before.is_symbol(".")) return token.is(Kind::word) ? 0 : 1;
  if (token.is_symbol(")") || token.is_symbol(",") || token.is_symbol(":")) return 0;
  // `p99(latency)`, `smtp("…")`; but `2 * (a + b)`.
  if (token.is_symbol("(")) return before.is(Kind::word) ? 0 : 1;
  if (token.is(Kind::selector)) return before.is(Kind::word) || before.is(Kind::text) ? 0 : 1;
  return 1;
}

}  // namespace rollbook::dsl
