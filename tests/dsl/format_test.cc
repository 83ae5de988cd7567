#include "dsl/format.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "tests/dsl/compiling.h"
#include "tests/dsl/generated.h"
#include "tests/dsl/support.h"
#include "tests/paths.h"

namespace rollbook::dsl {
namespace {

std::string formatted(const std::string& text) {
  Sink sink("x");
  const auto result = format(text, sink);
  return result ? *result : test::lines(sink);
}

TEST(Format, LaysOutBlocksAndBlanks) {
  EXPECT_EQ(formatted("edition   1\nrunbook r{\n title \"t\"\nguard{\n  stop a>1% over 5m\n}\n}"),
            "edition 1\n"
            "runbook r {\n"
            "  title \"t\"\n"
            "  guard {\n"
            "    stop a > 1% over 5m\n"
            "  }\n"
            "}\n");
}

TEST(Format, SpacesTokensAsTheLanguageIsWritten) {
  const struct {
    const char* text;
    const char* wanted;
  } cases[] = {
      {"stop p99 ( latency )>=50ms", "stop p99(latency) >= 50ms\n"},
      {"expect canary . p99(l)<(1+2)*3%", "expect canary.p99(l) < (1 + 2) * 3%\n"},
      {"run suite( phase :\"x\" ,n:5 )within 1h", "run suite(phase: \"x\", n: 5) within 1h\n"},
      {"metric a=counter x {code=~\"5..\"}by b,c", "metric a = counter x{code=~\"5..\"} by b, c\n"},
      {"advance only Mon - Fri,Sun 09 : 00 - 17 : 00 \"UTC\"",
       "advance only Mon-Fri, Sun 09:00-17:00 \"UTC\"\n"},
      {"expect low :a<1% over 5m", "expect low: a < 1% over 5m\n"},
      {"param p:count=5 from 1 to 9", "param p: count = 5 from 1 to 9\n"},
      {"replace expect low:a<1% over 5m", "replace expect low: a < 1% over 5m\n"},
      {"import \"lib.runbook\"  as lib", "import \"lib.runbook\" as lib\n"},
      {"stage a using lib . b { }", "stage a using lib.b {}\n"},
      {"hold 99 .9%", "hold 99 . 9%\n"},  // `99.9%` would be another text
      {"", ""},
      {"\n\n# only a comment", "# only a comment\n"},
  };
  for (const auto& c : cases) EXPECT_EQ(formatted(c.text), c.wanted) << c.text;
}

TEST(Format, KeepsSingleBlankLinesButNotAtTheEdgesOfBlocks) {
  EXPECT_EQ(
      formatted("\n\nedition 1\n\n\n\nrunbook r {\n\n\n  title \"t\"\n\n\n  role a\n\n}\n\n\n"),
      "edition 1\n\nrunbook r {\n  title \"t\"\n\n  role a\n}\n");
}

TEST(Format, KeepsComments) {
  EXPECT_EQ(
      formatted("# top  \n\nedition 1 # one\nrunbook r { # block\n\n# first\n    title \"t\"   "
                "# why\n  # last\n} # end\n# after"),
      "# top\n\n"
      "edition 1  # one\n"
      "runbook r {  # block\n"
      "  # first\n"
      "  title \"t\"   # why\n"
      "  # last\n"
      "}  # end\n"
      "# after\n");
}

TEST(Format, KeepsBlocksOnOneLineWhereTheyAre) {
  EXPECT_EQ(formatted("stage a {traffic 5%}\nstage b { traffic 5%\n}\nstage c {\n}\n"),
            "stage a { traffic 5% }\nstage b {\n  traffic 5%\n}\nstage c {\n}\n");
  EXPECT_EQ(formatted("stage a {\n  hold 1h { run b() }\n}\n"),
            "stage a {\n  hold 1h { run b() }\n}\n");
}

TEST(Format, IndentsWhatContinuesALine) {
  EXPECT_EQ(formatted("role a,\nb,  # second\n# third\nc\nrun d(\nx: 1,\ny: 2\n) within 1h\n"),
            "role a,\n"
            "    b,  # second\n"
            "    # third\n"
            "    c\n"
            "run d(\n"
            "    x: 1,\n"
            "    y: 2\n"
            ") within 1h\n");
}

TEST(Format, KeepsColumnsThatAreThere) {
  const char* text =
      "title   \"t\"\n"
      "service \"s\"\n"
      "load    900/s peak            # lone\n"
      "\n"
      "option proceed \"Go on\"      next\n"
      "option back    \"Go back\"    rollback gradual\n";
  EXPECT_EQ(formatted(text),
            "title   \"t\"\n"
            "service \"s\"\n"
            "load    900/s peak            # lone\n"
            "\n"
            "option proceed \"Go on\"    next\n"
            "option back    \"Go back\"  rollback gradual\n");
}

TEST(Format, WidensAColumnForALongerName) {
  EXPECT_EQ(formatted("metric a   = counter   x   # one\n"
                      "metric bcd = histogram yyy # two\n"
                      "metric e = counter z\n"
                      "metric longer_now = gauge max q\n"),
            "metric a   = counter   x    # one\n"
            "metric bcd = histogram yyy  # two\n"
            "metric e = counter z\n"
            "metric longer_now = gauge max q\n");
  EXPECT_EQ(formatted("metric abcde   = counter   x\n"
                      "metric fghijklm= histogram y\n"),
            "metric abcde    = counter   x\n"
            "metric fghijklm = histogram y\n");
}

TEST(Format, DropsBlanksThatAlignNothing) {
  EXPECT_EQ(formatted("title    \"t\"\nrole   a\n"), "title \"t\"\nrole a\n");
}

TEST(Format, RefusesWhatHasNoTokens) {
  EXPECT_EQ(formatted("title \"open\nrole a\n").substr(0, 11), "\nx:1:7 RB01");
  EXPECT_NE(formatted("runbook r {\n  guard {\n}\n").find("RB0111"), std::string::npos);
}

TEST(Format, LeavesOtherMistakesAsTheyAre) {
  EXPECT_EQ(formatted("guard\n{\nstop\n}\n"), "guard\n{\n  stop\n}\n");
}

// A hundred thousand words in a line, and the last one under another's: no recursion, no square.
TEST(Format, LongLinesTakeNoLongTime) {
  std::string line;
  for (int i = 0; i < 120'000; ++i) line += "ab ";
  const std::string text = line + " last\n" + line + " last\n";
  EXPECT_EQ(formatted(text), line + " last\n" + line + " last\n");
}

// ---- Whole runbooks -----------------------------------------------------------------------------

void expect_formats(const std::string& text) {
  const std::string once = formatted(text);
  ASSERT_EQ(formatted(once), once) << text;
  ASSERT_TRUE(placeless_machine(once) == placeless_machine(text)) << text << "\n----\n" << once;
}

TEST(Format, LeavesTheExampleOfTheLanguageAsItIs) {
  EXPECT_EQ(formatted(test::example()), test::example());
}

TEST(Format, LeavesThePlansAsTheyAre) {
  std::size_t plans = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::string(ROLLBOOK_SOURCE_DIR) + "/plans")) {
    if (entry.path().extension() != ".runbook") continue;
    const std::string text = read_source("plans/" + entry.path().filename().string());
    EXPECT_EQ(formatted(text), text) << entry.path();
    if (errors(text).empty()) expect_formats(test::shaken(text, 7));
    ++plans;
  }
  EXPECT_GE(plans, 2u);
}

TEST(FormatProperty, AThousandRunbooksMeanTheSameAndStayAsTheyAre) {
  for (std::uint32_t seed = 0; seed < 1000; ++seed) {
    const std::string plain = test::generated_runbook(seed);
    const std::string text = test::shaken(plain, seed);
    expect_formats(text);
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

TEST(FormatProperty, TheLayoutOfATextIsNoPartOfItsMachine) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const std::string plain = test::generated_runbook(seed);
    ASSERT_TRUE(placeless_machine(test::shaken(plain, seed + 1)) == placeless_machine(plain))
        << plain;
  }
}

// Whatever the text is, there is an answer, and it stays.
TEST(FormatProperty, NoTextBreaksIt) {
  const std::string text = Runbook();
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string changed = text;
    for (std::uint32_t i = 0; i <= random() % 4; ++i) {
      changed[random() % changed.size()] = "{}()\n#\",:. "[random() % 11];
    }
    Sink sink("x");
    const auto once = format(changed, sink);
    if (!once) {
      EXPECT_TRUE(sink.has_errors());
      continue;
    }
    ASSERT_EQ(formatted(*once), *once) << changed;
  }
}

}  // namespace
}  // namespace rollbook::dsl
