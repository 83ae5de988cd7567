// The table of words against the grammar, which reads them, and the editors, which colour them.

#include "dsl/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "tests/dsl/support.h"

namespace rollbook::dsl {
namespace {

using Words = std::set<std::string>;

Words words_of(WordClass word_class) {
  Words all;
  for (const Word& word : words())
    if (word.word_class == word_class) all.emplace(word.text);
  return all;
}

// The first group of every match.
Words matches(const std::string& text, const std::string& pattern) {
  Words all;
  const std::regex expression(pattern);
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at)
    all.insert((*at)[1].str());
  return all;
}

// The words of all lists that a match's first group holds.
Words listed(const std::string& text, const std::string& pattern) {
  Words all;
  for (const std::string& list : matches(text, pattern)) all.merge(matches(list, "([a-z_]+)"));
  return all;
}

// "" when both are the same.
std::string difference(const Words& found, const Words& wanted) {
  std::string text;
  for (const std::string& word : wanted)
    if (!found.contains(word)) text += "missing: " + word + "\n";
  for (const std::string& word : found)
    if (!wanted.contains(word)) text += "too many: " + word + "\n";
  return text;
}

struct Class {
  WordClass word_class;
  const char* vim;
  const char* other;  // TextMate and Emacs
};
constexpr Class kClasses[] = {{WordClass::statement, "Statement", "statement"},
                              {WordClass::clause, "Clause", "clause"},
                              {WordClass::function, "Function", "function"},
                              {WordClass::value, "Value", "value"},
                              {WordClass::scenario, "Scenario", "scenario"}};

TEST(Words, HoldsEveryKeywordOfTheGrammar) {
  std::size_t files = 0;
  Words read;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(ROLLBOOK_SOURCE_DIR) + "/dsl")) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("grammar") || entry.path().extension() != ".cc") continue;
    ++files;
    const std::string text = test::read_file("dsl/" + name);
    read.merge(matches(text, R"re(kw\("([a-z_]+)")re"));
    read.merge(matches(text, R"re((?:Home|UnsupportedWords)\{\s*"([a-z_]+)")re"));
  }
  EXPECT_GE(files, 8U);
  EXPECT_GE(read.size(), 60U);
  for (const std::string& word : read)
    EXPECT_NE(find_word(word), nullptr)
        << "`" << word << "` is read by the grammar: add it to dsl/words.cc and to editors/";
}

TEST(Words, SaysWhatEveryStatementMeans) {
  for (const Word& word : words()) {
    EXPECT_EQ(find_word(word.text), &word);
    EXPECT_EQ(word.meaning.empty(), word.word_class != WordClass::statement) << word.text;
  }
  EXPECT_EQ(find_word("xyzzy"), nullptr);
}

TEST(Words, AreThoseThatVimColours) {
  const std::string text = test::read_file("editors/vim/syntax/rollbook.vim");
  for (const Class& one : kClasses)
    EXPECT_EQ(
        difference(listed(text, "syntax keyword rollbook" + std::string(one.vim) + "(( [a-z_]+)+)"),
                   words_of(one.word_class)),
        "")
        << one.vim;
}

TEST(Words, AreThoseThatEmacsColours) {
  const std::string text = test::read_file("editors/emacs/rollbook-mode.el");
  for (const Class& one : kClasses)
    EXPECT_EQ(difference(listed(text, "defconst rollbook-" + std::string(one.other) +
                                          R"re(-words\s+'\(([^)]*)\))re"),
                         words_of(one.word_class)),
              "")
        << one.other;
}

TEST(Words, AreThoseThatTheTextMateGrammarColours) {
  const std::string text = test::read_file("editors/textmate/rollbook.tmLanguage.json");
  for (const Class& one : kClasses)
    EXPECT_EQ(
        listed(text, "\"" + std::string(one.other) +
                         R"re(": \{\s*"name": "[a-z.-]+",\s*"match": "\\\\b\(\?:([a-z_|]+)\))re"),
        words_of(one.word_class))
        << one.other;
}

}  // namespace
}  // namespace rollbook::dsl
