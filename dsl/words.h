#pragma once
// Words: every word that means something in the language, with what it is for, and the closed
// lists from which a value is taken. The one source for highlighting, completion and hover: a
// test holds the grammar and the syntax files of the editors (editors/) to it.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rollbook::dsl {

enum class WordClass : std::uint8_t {
  statement,  // begins a statement: `hold`
  clause,     // goes on with one: `within`, `at most`
  function,   // measures: `rate`, `absent`
  value,      // stands for a value: `counter`, `ratio`, `next`
  scenario,   // of `*.scenario` alone: `healthy`
};

struct Word {
  std::string_view text;
  WordClass word_class = WordClass::clause;
  std::string_view meaning;  // statements: how it is written, and what it does; else ""
};

// By text; no word twice.
std::span<const Word> words();
const Word* find_word(std::string_view text);

// What `{name}` may stand for in a message.
const std::vector<std::string>& placeholders();
const std::vector<std::string>& channel_kinds();
const std::vector<std::string>& record_kinds();  // of `open`
const std::vector<std::string>& severities();
const std::vector<std::string>& report_kinds();

}  // namespace rollbook::dsl
