// What the grammar says may stand at a place. `|` in a text is the place.

#include "dsl/expected.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dsl/support.h"

namespace rollbook::dsl {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

Expected expected(std::string text) {
  const std::size_t place = text.find('|');
  text.erase(place, 1);
  return expected_at(text, place);
}
Expected in_runbook(const std::string& text) {
  return expected("edition 1\nrunbook r {\n  " + text);
}
Expected in_stage(const std::string& text) { return in_runbook("stage s {\n    " + text); }

TEST(Expected, BeginsOfStatementsAreThoseOfTheBlock) {
  EXPECT_THAT(expected("|").words, Contains("edition"));
  EXPECT_THAT(expected("edition 1\n|").words, Contains("runbook"));
  EXPECT_THAT(in_runbook("|").words,
              AllOf(Contains("stage"), Contains("metric"), Not(Contains("hold"))));
  EXPECT_THAT(in_runbook("me|").words, Contains("metric"));
  EXPECT_THAT(in_stage("|").words,
              AllOf(Contains("traffic"), Contains("hold"), Not(Contains("metric"))));
  EXPECT_THAT(in_stage("hold 2h {\n|").words,
              AllOf(Contains("run"), Contains("notify"), Not(Contains("traffic"))));
  EXPECT_THAT(in_runbook("guard {\n|").words,
              UnorderedElementsAre("stop", "pause while", "when baseline fails too", "otherwise"));
  EXPECT_THAT(in_runbook("decide v {\n|").words,
              AllOf(Contains("by"), Contains("ask"), Contains("option")));
  EXPECT_THAT(in_stage("traffic 5%\n}\n|").words, Contains("success"));
}

TEST(Expected, WordsInsideAStatementAreThoseThatGoOn) {
  EXPECT_THAT(in_stage("otherwise |").words,
              AllOf(Contains("decide"), Contains("rollback"), Contains("end")));
  EXPECT_THAT(in_runbook("guard {\n    stop e > 1% over 5m\n    otherwise |").words,
              UnorderedElementsAre("rollback", "halt"));
  EXPECT_THAT(in_stage("hold 2h |").words, Contains("at most"));
  EXPECT_THAT(in_stage("on |").words, UnorderedElementsAre("enter", "exit"));
  EXPECT_THAT(in_stage("expect e < 1% |").words, AllOf(Contains("over"), Contains("for")));
  EXPECT_THAT(in_runbook("metric m = |").words, Contains("counter"));
  EXPECT_THAT(in_runbook("metric m = |").words, Not(Contains("stage")));
}

TEST(Expected, NamesAreOfTheKindThatIsUsedThere) {
  EXPECT_THAT(in_stage("notify |").names, ElementsAre(NameKind::channel));
  EXPECT_THAT(in_stage("notify mail, st|").names, ElementsAre(NameKind::channel));
  EXPECT_THAT(in_stage("run |").names, ElementsAre(NameKind::action));
  EXPECT_THAT(in_stage("confirm \"x\" by |").names, ElementsAre(NameKind::role));
  EXPECT_THAT(in_stage("confirm \"x\" by all of a, |").names, ElementsAre(NameKind::role));
  EXPECT_THAT(in_stage("otherwise rollback |").names, ElementsAre(NameKind::rollback));
  EXPECT_THAT(in_stage("decide |").names, ElementsAre(NameKind::decision));
  EXPECT_THAT(in_runbook("stage s using |").names, ElementsAre(NameKind::stage_template));
  EXPECT_THAT(in_runbook("stage |").names, IsEmpty());
  EXPECT_TRUE(in_stage("expect |").measurement);
  EXPECT_TRUE(in_stage("expect p99(|").measurement);
  EXPECT_FALSE(in_stage("notify |").measurement);
}

TEST(Expected, LiteralsAreOfTheTypeThatIsReadThere) {
  EXPECT_THAT(in_stage("hold |").types, ElementsAre(ast::Type::duration));
  EXPECT_THAT(in_stage("hold 2|").types, ElementsAre(ast::Type::duration));
  EXPECT_THAT(in_stage("traffic |").types, ElementsAre(ast::Type::ratio));
  EXPECT_THAT(in_runbook("load |").types, ElementsAre(ast::Type::rate));
  EXPECT_EQ(in_stage("hold 26h30|").word_begin, in_stage("hold |").word_begin);
}

TEST(Expected, ArgumentsKnowWhatTheyAreGivenTo) {
  const Expected second = in_stage("run suite(phase: \"x\", |");
  EXPECT_TRUE(second.argument);
  EXPECT_EQ(second.callee, "suite");
  EXPECT_THAT(second.given, ElementsAre("phase"));
  EXPECT_EQ(second.statement, "run");
  EXPECT_THAT(in_stage("open |").values, Contains("incident"));
  EXPECT_THAT(in_stage("open incident(severity: |").values, Contains("high"));
  EXPECT_THAT(in_stage("report |").values, Contains("final"));
  EXPECT_THAT(in_runbook("channel c = |").values, Contains("smtp"));
}

TEST(Expected, IsAskedAtEveryByteOfAPlan) {
  const std::string text = test::example();
  for (std::size_t place = 0; place <= text.size(); place += 7) {
    const Expected found = expected_at(text, place);
    EXPECT_LE(found.word_begin, place);
  }
}

TEST(InsideAt, TellsCodeFromCommentsTextsAndPlaceholders) {
  using Kind = Inside::Kind;
  const auto kind = [](std::string text) {
    const std::size_t place = text.find('|');
    return inside_at(text.erase(place, 1), place).kind;
  };
  EXPECT_EQ(kind("hold| 2h"), Kind::code);
  EXPECT_EQ(kind("hold 2h # a \"no|te"), Kind::comment);
  EXPECT_EQ(kind("page x \"text|\""), Kind::text);
  EXPECT_EQ(kind("page x \"# {|"), Kind::placeholder);
  EXPECT_EQ(kind("page x \"{ca|use}\""), Kind::placeholder);
  EXPECT_EQ(kind("page x \"{cause} |\""), Kind::text);
  EXPECT_EQ(kind("page x \"{{|\""), Kind::text);
  EXPECT_EQ(kind("page x \"\\\"{|\""), Kind::placeholder);
  EXPECT_EQ(kind("page x \"a\" |"), Kind::code);
  EXPECT_EQ(kind("stage s {|"), Kind::code);
}

}  // namespace
}  // namespace rollbook::dsl
