#include "dsl/token.h"

namespace rollbook::dsl {
namespace {

// A message stays on one line of a terminal.
constexpr std::size_t kShown = 40;

// The first `limit` bytes of `text`, cut between two characters of UTF-8.
std::string_view head(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

std::string describe(const Token& token, std::string_view text) {
  if (token.kind == Token::Kind::newline) return "the end of the line";
  if (token.kind == Token::Kind::end) return "the end of the file";
  if (token.synthetic) return "`" + token.value + "`";
  const std::string_view written = text.substr(token.begin, token.end - token.begin);
  const std::string_view shown = head(written, kShown);
  return "`" + std::string(shown) + (shown.size() < written.size() ? "…`" : "`");
}

}  // namespace rollbook::dsl
