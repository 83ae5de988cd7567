#include "dsl/token.h"

#include "engine/core/utf8.h"

namespace rollbook::dsl {
namespace {

// A message stays on one line of a terminal.
constexpr std::size_t kShown = 40;

}  // namespace

std::string describe(const Token& token, std::string_view text) {
  if (token.kind == Token::Kind::newline) return "the end of the line";
  if (token.kind == Token::Kind::end) return "the end of the file";
  if (token.synthetic) return "`" + token.value + "`";
  const std::string_view written = text.substr(token.begin, token.end - token.begin);
  const std::string_view shown = core::whole_characters(written, kShown);
  return "`" + std::string(shown) + (shown.size() < written.size() ? "…`" : "`");
}

}  // namespace rollbook::dsl
