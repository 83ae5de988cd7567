// The document in the one layout of the language.

#include <algorithm>

#include "dsl/format.h"
#include "tools/lsp/features.h"

namespace rollbook::tools::lsp {
namespace {

// Back to the begin of a line, so that no character and no `\r\n` is cut.
std::size_t line_begin(std::string_view text, std::size_t offset) {
  return offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;
}

}  // namespace

Json layout(Document& document) {
  dsl::Sink ignored(document.file());
  const std::string& old = document.text().bytes();
  const std::optional<std::string> laid_out = dsl::format(old, ignored);
  if (!laid_out || *laid_out == old) return Json::array();
  // Only the lines that differ: the cursor and what is folded stay where they are.
  const auto [first, first_new] =
      std::mismatch(old.begin(), old.end(), laid_out->begin(), laid_out->end());
  const std::size_t begin = line_begin(old, static_cast<std::size_t>(first - old.begin()));
  std::size_t same = 0;
  while (same < old.size() - begin && same < laid_out->size() - begin &&
         old[old.size() - same - 1] == (*laid_out)[laid_out->size() - same - 1])
    ++same;
  // Back to behind the end of a line, so that no `\r\n` is cut.
  while (same > 0 && begin + same < old.size() && old[old.size() - same - 1] != '\n') --same;
  const Range range{document.text().position(begin), document.text().position(old.size() - same)};
  return Json::array({edit(range, laid_out->substr(begin, laid_out->size() - same - begin))});
}

}  // namespace rollbook::tools::lsp
