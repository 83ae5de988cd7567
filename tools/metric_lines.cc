#include "tools/metric_lines.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace rollbook::tools {
namespace {

constexpr bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A word, or a text in quotes with them; `value` is what it spells.
struct Token {
  std::size_t begin = 0, end = 0;
  std::string_view value;
  bool quoted = false, matcher = false;  // matcher: between braces
};

struct Parts {
  std::vector<Token> tokens;
  std::size_t equals = 0;  // behind the first `=`
  std::size_t code = 0;    // where the comment and the blanks before it begin
};

Token token_at(std::string_view line, std::size_t begin) {
  Token token{begin, begin + 1, {}, line[begin] == '"', false};
  if (!token.quoted) {
    while (token.end < line.size() && is_word(line[token.end])) ++token.end;
    token.value = line.substr(begin, token.end - begin);
    return token;
  }
  while (token.end < line.size() && line[token.end] != '"') {
    if (line[token.end] == '\\') ++token.end;
    ++token.end;
  }
  token.end = std::min(token.end, line.size());
  token.value = line.substr(begin + 1, token.end - begin - 1);
  token.end = std::min(token.end + 1, line.size());
  return token;
}

Parts parts_of(std::string_view line) {
  Parts parts;
  int depth = 0;
  std::size_t at = 0;
  while (at < line.size() && line[at] != '#') {
    const char c = line[at];
    if (is_word(c) || c == '"') {
      Token token = token_at(line, at);
      token.matcher = depth > 0;
      parts.tokens.push_back(token);
      at = token.end;
    } else {
      if (c == '{') ++depth;
      if (c == '}') --depth;
      ++at;
      if (c == '=' && parts.equals == 0) parts.equals = at;
    }
    if (c != ' ' && c != '\t') parts.code = at;
  }
  return parts;
}

std::string put(std::string line, std::size_t begin, std::size_t end, std::string_view by) {
  return line.replace(begin, end - begin, by);
}

std::size_t begin_of(const std::string& text, std::uint32_t number) {
  std::size_t begin = number == 0 ? std::string::npos : 0;
  for (std::uint32_t i = 1; i < number && begin != std::string::npos; ++i) {
    begin = text.find('\n', begin);
    if (begin != std::string::npos) ++begin;
  }
  return begin;
}

std::size_t indent_at(const std::string& text, std::size_t begin) {
  return std::min(text.find_first_not_of(" \t", begin), text.size());
}

std::size_t end_at(const std::string& text, std::size_t begin) {
  std::size_t end = std::min(text.find('\n', begin), text.size());
  if (end > begin && text[end - 1] == '\r') --end;
  return end;
}

// The word behind `in` that is a unit, outside of matchers.
std::optional<Token> unit_in(const Parts& parts) {
  constexpr std::array<std::string_view, 4> kUnits{"ms", "us", "ns", "s"};
  for (std::size_t i = 1; i < parts.tokens.size(); ++i) {
    const Token &in = parts.tokens[i - 1], &unit = parts.tokens[i];
    if (in.begin < parts.equals || in.matcher || in.quoted || in.value != "in") continue;
    if (std::find(kUnits.begin(), kUnits.end(), unit.value) != kUnits.end()) return unit;
  }
  return std::nullopt;
}

}  // namespace

std::string spelled(std::string_view name) {
  const bool plain = !name.empty() && (name[0] < '0' || name[0] > '9') &&
                     std::all_of(name.begin(), name.end(), is_word);
  if (plain) return std::string(name);
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"";
}

std::string line_of(const std::string& text, std::uint32_t number) {
  const std::size_t begin = begin_of(text, number);
  if (begin == std::string::npos) return "";
  const std::size_t end = end_at(text, begin);
  const std::size_t first = std::min(indent_at(text, begin), end);
  return text.substr(first, end - first);
}

std::string with_line(const std::string& text, std::uint32_t number, const std::string& line) {
  const std::size_t begin = begin_of(text, number);
  if (begin == std::string::npos) return "";
  const std::size_t end = end_at(text, begin);
  return put(text, std::min(indent_at(text, begin), end), end, line);
}

std::uint32_t line_beginning_with(const std::string& text, std::string_view word) {
  std::uint32_t number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const std::size_t at = indent_at(text, begin);
    if (text.compare(at, word.size(), word) == 0 &&
        (at + word.size() == text.size() || !is_word(text[at + word.size()]))) {
      return number;
    }
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return 0;
}

std::string with_name(const std::string& line, std::string_view name, std::string_view by) {
  const Parts parts = parts_of(line);
  // A name with dots or colons is one text in quotes; written without them it is no name.
  for (const Token& token : parts.tokens) {
    if (token.begin < parts.equals || token.value != name) continue;
    return put(line, token.begin, token.end, spelled(by));
  }
  return "";
}

std::string with_text(const std::string& line, std::string_view text, std::string_view by) {
  for (const Token& token : parts_of(line).tokens) {
    if (!token.quoted) continue;
    if (token.value != text) return "";
    const std::string name = spelled(by);
    return put(line, token.begin, token.end, name[0] == '"' ? name : "\"" + name + "\"");
  }
  return "";
}

std::string with_kind(const std::string& line, std::string_view selector, std::string_view kind) {
  const Parts parts = parts_of(line);
  const Token* first = nullptr;
  const Token* last = nullptr;
  for (const Token& token : parts.tokens) {
    if (token.begin < parts.equals) continue;
    // `counter counter_total`: the kind itself is not the name.
    if (first != nullptr && token.value == selector) {
      return put(line, first->begin, last->end, kind);
    }
    if (first == nullptr) first = &token;
    last = &token;
  }
  return "";
}

std::string with_unit(const std::string& line, std::string_view unit) {
  const auto there = unit_in(parts_of(line));
  if (there) return put(line, there->begin, there->end, unit);
  return unit == "s" ? "" : with_clause(line, "in " + std::string(unit));
}

std::string with_clause(const std::string& line, std::string_view clause) {
  const Parts parts = parts_of(line);
  if (parts.equals == 0) return "";
  return put(line, parts.code, parts.code, " " + std::string(clause));
}

}  // namespace rollbook::tools
