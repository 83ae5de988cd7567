// Fixes: what is mended, and that nothing else is.

#include "dsl/fix.h"

#include <gtest/gtest.h>

#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

struct Case {
  const char* wrong;  // in the place of `right` in the sound runbook
  const char* right;
};

// Each mistake alone is mended to the very text it was made from.
TEST(Fix, MendsToWhatWasMeant) {
  const Case cases[] = {
      {"eror_rate > 1%", "error_rate > 1%"},
      {"absent(request)", "absent(requests)"},
      {"page oncal \"Back", "page oncall \"Back"},
      {"otherwise decide verdikt", "otherwise decide verdict"},
      {"run siute(", "run suite("},
      {"suite(phsae: \"first\")", "suite(phase: \"first\")"},
      {"confirm \"Fine\" by leed", "confirm \"Fine\" by lead"},
      {"smpt(\"a@example.com\")", "smtp(\"a@example.com\")"},
      {"stgae first", "stage first"},
      {"pp99(latency) >", "p99(latency) >"},
      {"traffic 10\n", "traffic 10%\n"},
      {"hold 1hour\n", "hold 1h\n"},
      {"over 5min\n    stop queue", "over 5m\n    stop queue"},
      {"runbook shop {", "edition 1\nrunbook shop {"},
  };
  for (const Case& test : cases) {
    const std::string broken = Runbook().with(test.right, test.wrong);
    const Fixed fixed = apply_fixes(broken, compile(broken).diagnostics);
    EXPECT_EQ(fixed.text, Runbook().text()) << test.wrong << "\n" << findings(broken);
    EXPECT_FALSE(fixed.applied.empty());
  }
}

TEST(Fix, ScalesInsteadOfAdding) {
  const std::string broken = Runbook().with("> 50ms over", "> 50ms + 5% over");
  EXPECT_EQ(apply_fixes(broken, compile(broken).diagnostics).text,
            Runbook().with("> 50ms over", "> 50ms * 105% over").text());
}

TEST(Fix, ARequireCanOnlyEnd) {
  const auto with = [](const char* exit) {
    return Runbook()
        .after("  role lead, owner",
               std::string("  require {\n    confirm \"Told\" by lead\n    within 1h otherwise ") +
                   exit + "\n  }")
        .text();
  };
  EXPECT_EQ(
      apply_fixes(with("rollback automatic"), compile(with("rollback automatic")).diagnostics).text,
      with("end"));
}

// What could be meant in two ways is left to people.
TEST(Fix, LeavesAloneWhatMayBeMeantOtherwise) {
  const char* const cases[][2] = {
      {"traffic 10%\n", "traffic 1\n"},                 // 1 % or all of it
      {"hold 1h\n", "hold 60\n"},                       // minutes or seconds
      {"error_rate > 1%", "error_rate > 0.01"},         // 1 % or 0.01 %
      {"by all of lead, owner", "by lead, owner"},      // both or either
      {"error_rate > 1%", "saturation > 1%"},           // nothing is near
      {"    hold 2h\n", "    hold 2h\n    hold 3h\n"},  // which one
  };
  for (const auto& [right, wrong] : cases) {
    const std::string broken = Runbook().with(right, wrong);
    EXPECT_EQ(apply_fixes(broken, compile(broken).diagnostics).text, broken) << wrong;
  }
}

TEST(Fix, TwoNamesThatNearAreNotChosenBetween) {
  const std::string broken = Runbook()
                                 .after("  metric queue      = gauge max queue_length",
                                        "  metric queuf      = gauge max other_length")
                                 .with("stop queue >", "stop queu >");
  EXPECT_EQ(apply_fixes(broken, compile(broken).diagnostics).text, broken);
}

// ---- What is in front of a metric ---------------------------------------------------------------

std::string fixed(const std::string& text) {
  return apply_fixes(text, compile(text).diagnostics).text;
}

std::string with_targets() {
  return Runbook()
      .after("  service \"shop\"", "  target us where region = \"us\"")
      .after("  metric queue      = gauge max queue_length",
             "  metric completed  = counter completed_total")
      .text();
}

TEST(Fix, PutsALostDotBack) {
  EXPECT_EQ(fixed(Runbook().with("stop error_rate >", "stop totalerror_rate >")),
            Runbook().with("stop error_rate >", "stop total.error_rate >").text());
  const std::string text = with_targets();
  EXPECT_EQ(fixed(Runbook(text).with("stop error_rate >", "stop userror_rate >")),
            Runbook(text).with("stop error_rate >", "stop us.error_rate >").text());
  EXPECT_EQ(fixed(Runbook(text).with("absent(requests)", "absent(baselinerequests)")),
            Runbook(text).with("absent(requests)", "absent(baseline.requests)").text());
}

// Whatever is in front says whose values are judged: without it they are another's.
TEST(Fix, NeverDropsWhatIsInFrontOfAMetric) {
  const char* const cases[][2] = {
      {"stop error_rate >", "stop total_error_rate >"},  // it may be a metric to be declared
      {"stop error_rate >", "stop us_error_rate >"},
      {"stop error_rate >", "stop useror_rate >"},  // two mistakes
      {"stop error_rate >", "stop totlerror_rate >"},
      {"absent(requests)", "absent(usrequest)"},
      {"stop p99(latency)", "stop p99(totallatency)"},  // the arm stands before the function
      {"stop p99(latency)", "stop usp99(latency)"},
      {"stop error_rate >", "stop uscount(requests) >"},
      {"stop error_rate >", "stop total.userror_rate >"},  // the target stands before the arm
      {"stop error_rate >", "stop toatl.error_rate >"},
      {"stop error_rate >", "stop uss.error_rate >"},
  };
  for (const auto& [right, wrong] : cases) {
    const std::string broken = Runbook(with_targets()).with(right, wrong);
    EXPECT_EQ(fixed(broken), broken) << wrong << "\n" << errors(broken);
    EXPECT_NE(errors(broken), "") << wrong;
  }
}

// ---- What is misspelt where it is declared ------------------------------------------------------

TEST(Fix, MendsTheDeclarationWhereItsUsesAgree) {
  const std::string broken = Runbook().with("rollback automatic {", "rollback automatc {");
  EXPECT_EQ(fixed(broken), Runbook().text()) << errors(broken);
  EXPECT_EQ(fixed(Runbook().with("metric requests   =", "metric requess =")),
            Runbook().with("metric requests   =", "metric requests =").text());
}

TEST(Fix, MendsAParameterOfAnActionWhereItsCallsAgree) {
  Runbook sound;
  sound.with("    hold 2h\n", "    hold 2h\n    run suite(phase: \"second\")\n");
  Runbook broken = sound;
  broken.with("action suite(phase: text)", "action suite(phse: text)");
  EXPECT_EQ(fixed(broken), sound.text()) << errors(broken);
}

TEST(Fix, MendsTheUsesWhereOneOfThemIsAsDeclared) {
  const std::string broken = Runbook()
                                 .with("option back \"Go back\" rollback automatic",
                                       "option back \"Go back\" rollback automatc")
                                 .with("otherwise rollback automatic\n    option",
                                       "otherwise rollback automatc\n    option");
  EXPECT_EQ(fixed(broken), Runbook().text()) << errors(broken);
}

TEST(Fix, OneUseDoesNotOutvoteItsDeclaration) {
  const std::string broken = Runbook().with("run suite(phase", "run siute(phase");
  EXPECT_EQ(fixed(broken), Runbook().text());
}

TEST(Fix, AWordOfTwoLettersIsNoMisspelling) {
  const std::string broken =
      Runbook().with("error_rate > 1% over 5m\n", "error_rate > 1% over 5m or queue > 9 over 5m\n");
  EXPECT_EQ(fixed(broken), broken);
}

TEST(Fix, DoesNotChooseWhatAPercentageScales) {
  const std::string broken = Runbook().with("> 50ms over", "> 20ms + 30ms + 5% over");
  EXPECT_EQ(fixed(broken), broken);
}

TEST(Fix, OfTwoThatTouchTheFirstWins) {
  const runtime::Edit one{{1, 1, 1, 4}, "x"};
  const runtime::Edit two{{1, 3, 1, 5}, "y"};
  const runtime::Edit three{{2, 1, 2, 1}, "z"};
  std::vector<runtime::Diagnostic> found(3);
  found[0].fix = {one};
  found[1].fix = {two, three};
  found[2].fix = {three};
  const Fixed fixed = apply_fixes("abcdef\nghi\n", found);
  EXPECT_EQ(fixed.text, "xdef\nzghi\n");
  EXPECT_EQ(fixed.applied.size(), 2u);
}

}  // namespace
}  // namespace rollbook::dsl
