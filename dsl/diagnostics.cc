#include "dsl/diagnostics.h"

#include <algorithm>
#include <set>

#include "dsl/source.h"

namespace rollbook::dsl {
namespace {

// Nobody reads more in one run, and a megabyte of noise must not fill the memory.
constexpr std::size_t kMost = 100;

// Bytes of a word or candidate that are compared; the distance is quadratic.
constexpr std::size_t kCompared = 64;

// Damerau-Levenshtein distance (restricted: no part is edited twice).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_before(b.size() + 1);
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) before[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_before[j - 2] + 1);
    }
    two_before.swap(before);
    before.swap(row);
  }
  return before[b.size()];
}

// The nearest of the candidates that are near enough, and how many different ones are.
struct Near {
  std::string word;
  std::size_t count = 0;
  std::size_t edits = 0;  // to `word`
};

Near nearest(std::string_view word, const std::vector<std::string>& candidates) {
  word = word.substr(0, kCompared);
  const std::size_t allowed = std::max<std::size_t>(word.size() / 3, 1);
  Near near;
  std::size_t best = allowed + 1;
  std::set<std::string_view> seen;
  for (const std::string& candidate : candidates) {
    if (candidate.empty() || candidate.size() > kCompared || candidate == word) continue;
    const std::size_t d = distance(word, candidate);
    // `by` for `is` is no misspelling: something must be left of the word.
    if (d > allowed || d >= std::max(word.size(), candidate.size()) || d >= candidate.size()) {
      continue;
    }
    if (!seen.insert(candidate).second) continue;
    ++near.count;
    if (d >= best) continue;
    near.word = candidate;
    near.edits = d;
    best = d;
  }
  return near;
}

// Whether one of them is the other with more than a letter put before or behind it.
bool is_part(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  return b.size() > a.size() + 1 && (b.starts_with(a) || b.ends_with(a));
}

// How many columns a terminal needs for `text`, as far as counting characters of UTF-8 says it.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// The blanks under the part of a line before the caret; tabs stay tabs, so it stands right.
std::string indent_like(std::string_view before) {
  std::string blanks;
  for (const char c : before)
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) blanks += c == '\t' ? '\t' : ' ';
  return blanks;
}

}  // namespace

void Sink::add(runtime::Diagnostic found) {
  if (found.severity == runtime::Severity::error) ++errors_;
  if (found_.size() < kMost) found_.push_back(std::move(found));
}

void Sink::error(Code code, core::Span span, std::string message, std::string help, Fix fix) {
  add({to_string(code), runtime::Severity::error, std::move(message), file_, span, std::move(help),
       std::move(fix)});
}

void Sink::warning(Code code, core::Span span, std::string message, std::string help, Fix fix) {
  add({to_string(code), runtime::Severity::warning, std::move(message), file_, span,
       std::move(help), std::move(fix)});
}

void Sink::amend(Code code, const core::Span& span, const std::string& help, const Fix& fix) {
  const std::string written = to_string(code);
  for (runtime::Diagnostic& found : found_) {
    if (found.code != written || found.span != span) continue;
    found.help = help;
    found.fix = fix;
  }
}

std::vector<runtime::Diagnostic> Sink::diagnostics() const {
  std::vector<runtime::Diagnostic> sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::pair(a.span.line, a.span.column) < std::pair(b.span.line, b.span.column);
  });
  return sorted;
}

std::string render(const runtime::Diagnostic& diagnostic, std::string_view text) {
  const core::Span span = diagnostic.span;
  std::string out = diagnostic.file + ":";
  if (span.line > 0) out += std::to_string(span.line) + ":" + std::to_string(span.column) + ":";
  out += diagnostic.severity == runtime::Severity::error ? " error[" : " warning[";
  out += diagnostic.code + "]: " + diagnostic.message + "\n";

  // A line that no terminal shows whole helps nobody.
  constexpr std::size_t kLineShown = 400;
  const std::string_view line = Source(text).line(span.line);
  const std::size_t column = span.column > 0 ? span.column - 1 : 0;
  if (span.line > 0 && column <= line.size() && line.size() <= kLineShown) {
    const std::string number = std::to_string(span.line);
    const std::size_t end = span.end_line == span.line && span.end_column > span.column
                                ? std::min<std::size_t>(span.end_column - 1, line.size())
                                : (span.end_line > span.line ? line.size() : column);
    const std::size_t marks = std::max<std::size_t>(width(line.substr(column, end - column)), 1);
    out += " " + number + " | " + std::string(line) + "\n";
    out += " " + std::string(number.size(), ' ') + " | " + indent_like(line.substr(0, column)) +
           std::string(marks, '^') + "\n";
  }
  if (!diagnostic.help.empty()) out += "  help: " + diagnostic.help + "\n";
  return out;
}

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  const Near near = nearest(word, candidates);
  return near.word;
}

std::string only_near(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLettersLeast = 3;  // of two, one letter is half the word
  constexpr std::size_t kEditsMost = 2;
  if (word.size() < kLettersLeast) return "";
  const Near near = nearest(word, candidates);
  const bool certain = near.count == 1 && near.edits <= kEditsMost && !is_part(word, near.word);
  return certain ? near.word : "";
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string best = closest(word, candidates);
  return best.empty() ? "" : "did you mean `" + best + "`?";
}

}  // namespace rollbook::dsl
