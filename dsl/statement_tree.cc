#include "dsl/statement_tree.h"

namespace rollbook::dsl {
namespace {

using Kind = Token::Kind;

// Reads up to the `}` of the block, or the end; `at` is then there. Nested as deeply as the lexer
// lets braces be.
std::vector<WrittenStatement> read_block(const Tokens& tokens, std::size_t& at) {
  std::vector<WrittenStatement> statements;
  while (!tokens[at].is(Kind::end) && !tokens[at].is_symbol("}")) {
    if (tokens[at].is(Kind::newline)) {
      ++at;
      continue;
    }
    WrittenStatement statement;
    statement.first = at;
    const auto in_head = [&] {
      const Token& token = tokens[at];
      return !token.is(Kind::newline) && !token.is(Kind::end) && !token.is_symbol("{") &&
             !token.is_symbol("}");
    };
    while (in_head()) ++at;
    statement.last = at;
    if (tokens[at].is_symbol("{")) {
      statement.block = true;
      statement.children = read_block(tokens, ++at);
      if (tokens[at].is_symbol("}")) ++at;
    }
    statements.push_back(std::move(statement));
  }
  return statements;
}

}  // namespace

std::vector<WrittenStatement> statement_tree(const Tokens& tokens) {
  std::size_t at = 0;
  std::vector<WrittenStatement> statements = read_block(tokens, at);
  return statements;
}

}  // namespace rollbook::dsl
