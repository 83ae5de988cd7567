#include "dsl/fix.h"

#include <algorithm>

#include "dsl/source.h"

namespace rollbook::dsl {

namespace {

struct Part {
  std::size_t begin = 0;
  std::size_t end = 0;
  const std::string* instead = nullptr;
};

// Two that insert at one place touch too: which comes first would be chance.
bool touch(const Part& a, const Part& b) {
  return a.begin < b.end ? b.begin < a.end : a.begin == b.begin;
}

}  // namespace

Fixed apply_fixes(std::string_view text, const std::vector<runtime::Diagnostic>& diagnostics) {
  const Source source(text);
  std::vector<Part> parts;
  Fixed fixed;
  for (const runtime::Diagnostic& found : diagnostics) {
    if (found.fix.empty()) continue;
    std::vector<Part> own;
    for (const runtime::Edit& edit : found.fix) {
      own.push_back({source.offset(edit.span.line, edit.span.column),
                     source.offset(edit.span.end_line, edit.span.end_column), &edit.text});
    }
    const bool free = std::none_of(own.begin(), own.end(), [&](const Part& part) {
      return part.end < part.begin ||
             std::any_of(parts.begin(), parts.end(),
                         [&](const Part& other) { return touch(part, other); });
    });
    if (!free) continue;
    parts.insert(parts.end(), own.begin(), own.end());
    fixed.applied.push_back(found);
  }
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.begin < b.begin; });
  std::size_t at = 0;
  for (const Part& part : parts) {
    fixed.text += text.substr(at, part.begin - at);
    fixed.text += *part.instead;
    at = part.end;
  }
  fixed.text += text.substr(at);
  return fixed;
}

}  // namespace rollbook::dsl
