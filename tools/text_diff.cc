#include "tools/text_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace rollbook::tools {
namespace {

using Lines = std::vector<std::string_view>;

constexpr std::size_t kContext = 3;
// Of the table of the longest common subsequence; beyond it the middle counts as one change.
constexpr std::size_t kCellsMost = 16'000'000;

// Without a last newline, the last line counts as another one than with it.
Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

struct Edit {
  char kind;  // ' ', '-' or '+'
  std::string_view line;
};

// Of what is between an equal head and an equal tail.
void edit_middle(const Lines& from, const Lines& to, std::vector<Edit>& edits) {
  const std::size_t rows = from.size(), columns = to.size();
  if ((rows + 1) * (columns + 1) > kCellsMost) {
    for (const std::string_view line : from) edits.push_back({'-', line});
    for (const std::string_view line : to) edits.push_back({'+', line});
    return;
  }
  std::vector<std::uint32_t> common((rows + 1) * (columns + 1), 0);
  const auto at = [&](std::size_t i, std::size_t j) -> std::uint32_t& {
    return common[i * (columns + 1) + j];
  };
  for (std::size_t i = rows; i-- > 0;)
    for (std::size_t j = columns; j-- > 0;)
      at(i, j) = from[i] == to[j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
  std::size_t i = 0, j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && from[i] == to[j]) {
      edits.push_back({' ', from[i]});
      ++i, ++j;
    } else if (i < rows && (j == columns || at(i + 1, j) >= at(i, j + 1))) {
      edits.push_back({'-', from[i++]});
    } else {
      edits.push_back({'+', to[j++]});
    }
  }
}

std::vector<Edit> edits_of(Lines from, Lines to) {
  std::vector<Edit> edits;
  std::size_t head = 0;
  while (head < from.size() && head < to.size() && from[head] == to[head]) ++head;
  for (std::size_t i = 0; i < head; ++i) edits.push_back({' ', from[i]});
  std::size_t tail = 0;
  while (tail < from.size() - head && tail < to.size() - head &&
         from[from.size() - 1 - tail] == to[to.size() - 1 - tail]) {
    ++tail;
  }
  const auto middle = [&](const Lines& lines) {
    return Lines(lines.begin() + static_cast<std::ptrdiff_t>(head),
                 lines.end() - static_cast<std::ptrdiff_t>(tail));
  };
  edit_middle(middle(from), middle(to), edits);
  for (std::size_t i = tail; i > 0; --i) edits.push_back({' ', from[from.size() - i]});
  return edits;
}

// `-12,3`: a range of nothing is counted from the line before it, as `diff` does.
std::string range(char sign, std::size_t begin, std::size_t count) {
  if (count == 1) return fmt::format("{}{}", sign, begin + 1);
  return fmt::format("{}{},{}", sign, count == 0 ? begin : begin + 1, count);
}

}  // namespace

std::string unified_diff(std::string_view from, std::string_view to, const std::string& file) {
  if (from == to) return "";
  const std::vector<Edit> edits = edits_of(lines_of(from), lines_of(to));
  std::string out = fmt::format("--- {}\n+++ {}\n", file, file);
  std::size_t from_line = 0, to_line = 0;  // before edits[next]
  for (std::size_t next = 0; next < edits.size();) {
    std::size_t change = next;
    while (change < edits.size() && edits[change].kind == ' ') ++change;
    if (change == edits.size()) break;
    const std::size_t begin = std::max(next, change > kContext ? change - kContext : 0);
    from_line += begin - next;
    to_line += begin - next;
    // Up to the first run of equal lines that is longer than two contexts.
    std::size_t end = change, equal = 0;
    while (end < edits.size() && equal <= 2 * kContext) {
      equal = edits[end].kind == ' ' ? equal + 1 : 0;
      ++end;
    }
    end -= equal > kContext ? equal - kContext : 0;
    std::string body;
    std::size_t removed = 0, added = 0;
    for (std::size_t i = begin; i < end; ++i) {
      if (edits[i].kind != '+') ++removed;
      if (edits[i].kind != '-') ++added;
      body += edits[i].kind;
      body += edits[i].line;
      if (!edits[i].line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
    }
    out += fmt::format("@@ {} {} @@\n{}", range('-', from_line, removed),
                       range('+', to_line, added), body);
    from_line += removed;
    to_line += added;
    next = end;
  }
  return out;
}

}  // namespace rollbook::tools
