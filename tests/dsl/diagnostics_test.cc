#include "dsl/diagnostics.h"

#include <gtest/gtest.h>

#include "tests/dsl/support.h"

namespace rollbook::dsl {
namespace {

TEST(Code, IsFourDigits) {
  EXPECT_EQ(to_string(Code::not_text), "RB0101");
  EXPECT_EQ(to_string(Code::unsupported_and), "RB0907");
}

TEST(Sink, SortsByPlaceAndCountsErrorsOnly) {
  Sink sink("a.runbook");
  sink.warning(Code::unused, {3, 1, 3, 2}, "third");
  sink.error(Code::unknown_metric, {1, 5, 1, 6}, "second");
  sink.error(Code::unknown_metric, {1, 1, 1, 2}, "first");
  sink.error(Code::unknown_metric, {3, 1, 3, 9}, "fourth");
  EXPECT_EQ(test::lines(sink),
            "\na.runbook:1:1 RB0301 first\na.runbook:1:5 RB0301 second\n"
            "a.runbook:3:1 RB0604 third\na.runbook:3:1 RB0301 fourth");
  EXPECT_EQ(sink.errors(), 3U);
  EXPECT_TRUE(sink.has_errors());
}

TEST(Sink, KeepsAHundredAndCountsTheRest) {
  Sink sink("a.runbook");
  for (int i = 0; i < 1000; ++i) sink.error(Code::unused, {}, "again");
  EXPECT_EQ(sink.diagnostics().size(), 100U);
  EXPECT_EQ(sink.errors(), 1000U);
}

TEST(Render, ShowsTheLineACaretAndTheHelp) {
  const std::string text = "edition 1\nrunbook x {\n  hold five\n}\n";
  const runtime::Diagnostic found{"RB0201",      runtime::Severity::error,
                                  "expected …",  "a.runbook",
                                  {3, 8, 3, 12}, "durations are …"};
  EXPECT_EQ(render(found, text),
            "a.runbook:3:8: error[RB0201]: expected …\n"
            " 3 |   hold five\n"
            "   |        ^^^^\n"
            "  help: durations are …\n");
}

TEST(Render, StandsRightAfterTabsAndOtherCharacters) {
  const runtime::Diagnostic found{"RB0301", runtime::Severity::warning, "m", "f", {1, 9, 1, 11},
                                  ""};
  EXPECT_EQ(render(found, "\t\"äö\" xy z"),
            "f:1:9: warning[RB0301]: m\n"
            " 1 | \t\"äö\" xy z\n"
            "   | \t     ^^\n");
}

TEST(Render, SpansOverLinesEndWithTheirFirst) {
  const runtime::Diagnostic found{"RB0301", runtime::Severity::error, "m", "f", {1, 3, 2, 4}, ""};
  EXPECT_EQ(render(found, "ab cd\r\nef gh"), "f:1:3: error[RB0301]: m\n 1 | ab cd\n   |   ^^^\n");
}

TEST(Render, WithoutAPlaceOrALineThatIsThere) {
  runtime::Diagnostic found{"RB0103", runtime::Severity::error, "m", "f", {}, "h"};
  EXPECT_EQ(render(found, "a"), "f: error[RB0103]: m\n  help: h\n");
  found.span = {9, 9, 9, 9};
  EXPECT_EQ(render(found, "a"), "f:9:9: error[RB0103]: m\n  help: h\n");
}

TEST(DidYouMean, FindsWhatWasMeantAndNothingElse) {
  const std::vector<std::string> words = {"stage", "title", "over", "at", "by", "error_rate"};
  EXPECT_EQ(did_you_mean("stgae", words), "did you mean `stage`?");
  EXPECT_EQ(did_you_mean("satge", words), "did you mean `stage`?");
  EXPECT_EQ(did_you_mean("stages", words), "did you mean `stage`?");
  EXPECT_EQ(did_you_mean("ovr", words), "did you mean `over`?");
  EXPECT_EQ(did_you_mean("eror_rat", words), "did you mean `error_rate`?");
  EXPECT_EQ(did_you_mean("xyz", words), "");
  EXPECT_EQ(did_you_mean("is", words), "");
  EXPECT_EQ(did_you_mean("", words), "");
  EXPECT_EQ(did_you_mean("stage", {}), "");
  EXPECT_EQ(closest(std::string(100000, 'a'), words), "");
}

TEST(OnlyNear, IsWhatCanOnlyBeMeant) {
  const std::vector<std::string> words = {"stage", "for", "completed", "error_rate"};
  EXPECT_EQ(only_near("stgae", words), "stage");
  EXPECT_EQ(only_near("eror_rat", words), "error_rate");
  EXPECT_EQ(only_near("error_rates", words), "error_rate");
  EXPECT_EQ(only_near("or", words), "") << "one letter of two";
  EXPECT_EQ(only_near("us_completed", words), "") << "the front has a meaning";
  EXPECT_EQ(only_near("uscompletd", words), "") << "three letters away";
  EXPECT_EQ(only_near("completed_eu", words), "") << "so has the back";
}

}  // namespace
}  // namespace rollbook::dsl
