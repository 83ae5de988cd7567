// explain: one entry for each code, and examples that are what they say.

#include "dsl/explain.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "dsl/imports.h"
#include "tests/dsl/compiling.h"
#include "tests/dsl/embedding.h"

namespace rollbook::dsl {
namespace {

// The codes as codes.h declares them.
std::set<unsigned> declared_codes() {
  const std::string header = read_source("dsl/codes.h");
  const std::regex line(R"(\n  [a-z_]+ = (\d+),)");
  std::set<unsigned> codes;
  for (std::sregex_iterator i(header.begin(), header.end(), line), end; i != end; ++i) {
    codes.insert(static_cast<unsigned>(std::stoul((*i)[1])));
  }
  return codes;
}

constexpr const char* kCommon = R"(edition 1
runbook common {
  template careful {
    run suite(phase: "first")
    confirm "Fine" by lead
    within 2h otherwise decide verdict
  }
}
)";

// The codes of what is said of a text, its imports put in.
std::set<std::string> codes_in(const std::string& text) {
  const auto read = [](const std::string& path) -> core::Result<std::string> {
    if (path == "common.runbook") return std::string(kCommon);
    return core::fail(path + ": no such file");
  };
  const bool imports = text.starts_with("edition 1\nimport ");
  const Imported imported = imports ? inline_imports("t.runbook", text, read) : Imported{};
  std::set<std::string> codes;
  for (const auto& found : imported.diagnostics) codes.insert(found.code);
  for (const auto& found : imported.warnings) codes.insert(found.code);
  if (!imported.diagnostics.empty()) return codes;  // there is no whole text then
  const std::string whole = imports ? imported.text.text() : text;
  for (const auto& found : compile(whole).diagnostics) codes.insert(found.code);
  return codes;
}

TEST(Explain, EveryCodeHasOneEntryAndEveryEntryACode) {
  const std::set<unsigned> declared = declared_codes();
  ASSERT_GT(declared.size(), 60u);
  std::set<unsigned> explained;
  for (const Explanation& entry : explanations()) {
    EXPECT_TRUE(explained.insert(entry.code).second) << entry.code << " stands twice";
    EXPECT_TRUE(declared.contains(entry.code)) << entry.code << " is no code of codes.h any more";
    EXPECT_FALSE(entry.title.empty()) << entry.code;
    EXPECT_TRUE(entry.meaning.ends_with('.')) << entry.code;
  }
  for (const unsigned code : declared) {
    EXPECT_TRUE(explained.contains(code))
        << code << " is not explained: add it to dsl/explain_*.cc";
  }
}

TEST(Explain, TheRunbookAroundTheExamplesIsSound) {
  EXPECT_EQ(findings(embedded(Explanation::Where::guard, "")), "");
}

TEST(Explain, AWrongExampleIsAnsweredByItsCodeAndNoOther) {
  for (const Explanation& entry : explanations()) {
    if (entry.wrong.empty() || entry.where == Explanation::Where::scenario) continue;
    const std::string text = embedded(entry.where, entry.wrong);
    const std::string code = to_string(static_cast<Code>(entry.code));
    EXPECT_EQ(codes_in(text), std::set<std::string>{code}) << findings(text) << text;
  }
}

TEST(Explain, ARightExampleHasNoFinding) {
  for (const Explanation& entry : explanations()) {
    if (entry.right.empty() || entry.where == Explanation::Where::scenario) continue;
    const std::string text = embedded(entry.where, entry.right);
    EXPECT_EQ(codes_in(text), std::set<std::string>{}) << entry.code << "\n"
                                                       << findings(text) << text;
  }
}

TEST(Explain, ACodeIsFoundHoweverItIsWritten) {
  ASSERT_NE(explain("RB0301"), nullptr);
  EXPECT_EQ(explain("RB0301"), explain("rb0301"));
  EXPECT_EQ(explain("RB0301"), explain("301"));
  for (const char* none : {"", "RB", "RB9999", "RB03x1", "RB003010", "metric"}) {
    EXPECT_EQ(explain(none), nullptr) << none;
  }
}

}  // namespace
}  // namespace rollbook::dsl
