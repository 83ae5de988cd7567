// Names found by tokens alone: where they are declared, where they are used, how blocks nest.

#include "dsl/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dsl/lexer.h"
#include "dsl/parse.h"
#include "dsl/resolve.h"
#include "tests/dsl/support.h"

namespace rollbook::dsl {
namespace {

using testing::ElementsAre;

Index index_of(const std::string& text) {
  Sink sink("t");
  return Index(lex(text, sink));
}

// "3:8 metric errors*" for each; `*` declares, a scope stands before a colon.
std::vector<std::string> names(const std::string& text) {
  std::vector<std::string> all;
  const Index index = index_of(text);
  for (const Occurrence& one : index.occurrences())
    all.push_back(std::to_string(one.span.line) + ":" + std::to_string(one.span.column) + " " +
                  std::string(to_string(one.kind)) + " " +
                  (one.scope.empty() ? "" : one.scope + ": ") + one.name +
                  (one.declares ? "*" : ""));
  return all;
}

// The names of one statement inside `stage s { … }`, without the stage's own.
std::vector<std::string> names_in_stage(const std::string& statement) {
  std::vector<std::string> all = names("runbook r {\nstage s {\n" + statement + "\n}\n}\n");
  all.erase(all.begin(), all.begin() + 2);
  return all;
}
std::vector<std::string> names_in_runbook(const std::string& statement) {
  std::vector<std::string> all = names("runbook r {\n" + statement + "\n}\n");
  all.erase(all.begin());
  return all;
}

TEST(Index, FindsTheMetricsOfAJudge) {
  EXPECT_THAT(names_in_stage("expect health: judge kayenta over 1h weights slow 40% {\n"
                             "p99(latency) increase critical group slow\n"
                             "errors / requests decrease\n}"),
              ElementsAre("3:8 criterion stage s: health*", "4:5 metric latency",
                          "5:1 metric errors", "5:10 metric requests"));
  EXPECT_THAT(names_in_stage("expect judge kayenta over 1h { queue either muted }"),
              ElementsAre("3:32 metric queue"));
}

TEST(Index, FindsDeclarations) {
  EXPECT_THAT(names_in_runbook("role a, b"), ElementsAre("2:6 role a*", "2:9 role b*"));
  EXPECT_THAT(names_in_runbook("metric m = counter c by x, y default 0"),
              ElementsAre("2:8 metric m*"));
  EXPECT_THAT(names_in_runbook("metric m = counter / total"),
              ElementsAre("2:8 metric m*", "2:12 metric counter", "2:22 metric total"));
  EXPECT_THAT(names_in_runbook("metric m = e / n"),
              ElementsAre("2:8 metric m*", "2:12 metric e", "2:16 metric n"));
  EXPECT_THAT(names_in_runbook("channel mail = smtp(\"a@b\")"), ElementsAre("2:9 channel mail*"));
  EXPECT_THAT(names_in_runbook("action x(share: ratio, phase: text)"),
              ElementsAre("2:8 action x*", "2:10 argument x: share*", "2:24 argument x: phase*"));
  EXPECT_THAT(names_in_runbook("import \"lib.runbook\" as lib"), ElementsAre("2:25 library lib*"));
  EXPECT_THAT(names_in_runbook("target eu where region = \"eu\""), ElementsAre("2:8 target eu*"));
  EXPECT_THAT(names_in_runbook("guard always {"), ElementsAre());
  EXPECT_THAT(names_in_runbook("guard eu {"), ElementsAre("2:7 target eu"));
  EXPECT_THAT(names_in_runbook("stage a using t {"),
              ElementsAre("2:7 stage a*", "2:15 template t"));
}

TEST(Index, FindsUsesInEveryPhrase) {
  EXPECT_THAT(names_in_stage("run x(share: 10%) within 1h"),
              ElementsAre("3:5 action x", "3:7 argument x: share"));
  EXPECT_THAT(names_in_stage("hold until x at most 3h"), ElementsAre("3:12 action x"));
  EXPECT_THAT(names_in_stage("notify mail, status \"text\""),
              ElementsAre("3:8 channel mail", "3:14 channel status"));
  EXPECT_THAT(names_in_stage("ask mail, remind every 4h"), ElementsAre("3:5 channel mail"));
  EXPECT_THAT(names_in_stage("traffic eu 5%"), ElementsAre("3:9 target eu"));
  EXPECT_THAT(names_in_stage("traffic 5%"), ElementsAre());
  EXPECT_THAT(names_in_stage("ramp traffic eu to 0% over 30m"), ElementsAre("3:14 target eu"));
  EXPECT_THAT(names_in_stage("ramp traffic to 0% over 30m"), ElementsAre());
  EXPECT_THAT(names_in_stage("confirm \"ok\" by all of a, b"),
              ElementsAre("3:24 role a", "3:27 role b"));
  EXPECT_THAT(names_in_stage("confirm \"ok\" by 2 of sre"), ElementsAre("3:22 role sre"));
  EXPECT_THAT(names_in_stage("confirm \"ok\" by all"), ElementsAre("3:17 role all"));
  EXPECT_THAT(names_in_stage("decide verdict"), ElementsAre("3:8 decision verdict"));
  EXPECT_THAT(names_in_stage("within 24h otherwise decide verdict"),
              ElementsAre("3:29 decision verdict"));
  EXPECT_THAT(names_in_stage("otherwise rollback gradual"), ElementsAre("3:20 rollback gradual"));
}

TEST(Index, FindsMetricsInConditionsAndNothingElse) {
  EXPECT_THAT(names_in_stage("expect low: e < 0.1% over 5m for 2m"),
              ElementsAre("3:8 criterion stage s: low*", "3:13 metric e"));
  EXPECT_THAT(names_in_stage("stop p99(latency) > 50ms over 5m at least 50 requests"),
              ElementsAre("3:10 metric latency"));
  EXPECT_THAT(names_in_stage("stop a > 1% over 5m and b > 2% over 1h"),
              ElementsAre("3:6 metric a", "3:25 metric b"));
  EXPECT_THAT(names_in_stage("expect canary.p99(l) <= baseline.p99(l) * 105% over 24h"),
              ElementsAre("3:19 metric l", "3:38 metric l"));
  EXPECT_THAT(names_in_stage("expect o unchanged from previous 8h by at most 2%"),
              ElementsAre("3:8 metric o"));
  EXPECT_THAT(names_in_stage("stop new(errors by type) at least 5 over 5m"),
              ElementsAre("3:10 metric errors"));
  EXPECT_THAT(names_in_stage("expect traffic split as planned over 5m"), ElementsAre());
  EXPECT_THAT(names_in_stage("pause while e > 0.05% over 5m"), ElementsAre("3:13 metric e"));
  EXPECT_THAT(names_in_stage("stop e > over 5m"), ElementsAre("3:6 metric e"));
}

TEST(Index, TellsNamesOfOneWordApartByWhereTheyStand) {
  const std::string text =
      "runbook r {\n"
      "  metric x = counter c\n"
      "  role x\n"
      "  template t {\n"
      "    expect x: x < 1% over 5m\n"
      "  }\n"
      "  stage x using t {\n"
      "    replace expect x: x < 2% over 5m\n"
      "    confirm \"x\" by x\n"
      "  }\n"
      "}\n";
  const Index index = index_of(text);
  const auto lines = [&](std::uint32_t line, std::uint32_t column) {
    std::vector<std::uint32_t> all;
    for (const Occurrence* one : index.same(*index.at(line, column))) all.push_back(one->span.line);
    return all;
  };
  EXPECT_THAT(lines(2, 10), ElementsAre(2, 5, 8));  // the metric
  EXPECT_THAT(lines(3, 8), ElementsAre(3, 9));      // the role
  EXPECT_THAT(lines(8, 20), ElementsAre(5, 8));     // the criterion of the template
  EXPECT_THAT(lines(7, 9), ElementsAre(7));         // the stage
}

TEST(Index, TakesWordsThatAParameterDeclaresForUsesOfIt) {
  EXPECT_THAT(names("runbook r {\nparam limit: ratio = 0.1% from 0.01% to 1%\nstage s {\n"
                    "expect e < limit over 5m\nhold limit\n}\n}\n"),
              ElementsAre("1:9 runbook r*", "2:7 parameter limit*", "3:7 stage s*", "4:8 metric e",
                          "4:12 parameter limit", "5:6 parameter limit"));
}

TEST(Index, ReadsWhatIsHalfWritten) {
  for (const char* text :
       {"", "}", "{", "runbook", "runbook r {\nstage", "runbook r {\nmetric x =",
        "runbook r {\nstage a using", "runbook r {\naction x(", "stage a {\nconfirm \"x\" by",
        "stage a {\nnotify ,", "stage a {\nstop and and (", "runbook r { stage a { hold 1h",
        "option", "stage s {\nreplace expect", "ask", "ramp traffic", "import as"}) {
    index_of(text);  // sound memory is what is tested, under asan
  }
  EXPECT_THAT(
      names("runbook r {\nstage a {\n  notify mail, \n\nmetric m = counter c\n"),
      ElementsAre("1:9 runbook r*", "2:7 stage a*", "3:10 channel mail", "5:1 channel metric"));
}

// The compiler and the index must mean the same: each name that resolve() declares, it declares
// at the same place, and it knows a use where resolve() does.
TEST(Index, AgreesWithTheCompiler) {
  for (const std::string& text : {test::example(), test::read_file("plans/hal9-canary.runbook"),
                                  test::read_file("plans/minimal.runbook")}) {
    Sink sink("t");
    const Outline outline = resolve(parse(text, sink), sink);
    ASSERT_FALSE(sink.has_errors()) << test::lines(sink);
    const Index index = index_of(text);
    std::size_t declared = 0;
    for (const Declared& one : outline.declared) {
      const auto kind = name_kind(one.noun);
      ASSERT_TRUE(kind) << one.noun;
      const Occurrence* found = index.declaration(*kind, one.name);
      ASSERT_NE(found, nullptr) << one.noun << " " << one.name;
      EXPECT_EQ(found->span, one.span) << one.name;
      EXPECT_EQ(index.same(*found).size() > 1, one.used) << one.noun << " " << one.name;
      ++declared;
    }
    EXPECT_GT(declared, 0U);
    for (const Occurrence& one : index.occurrences())
      EXPECT_NE(index.declaration(one), nullptr) << to_string(one.kind) << " " << one.name;
  }
}

TEST(Index, NestsBlocks) {
  const Index index = index_of(
      "edition 1\nrunbook r {\n  role a\n  stage s {\n    hold 1h {\n    }\n"
      "    on enter {\n    }\n    expect low: e < 1% over 5m\n  }\n}\n");
  std::string drawn;
  for (const Section& one : index.sections())
    drawn += std::string(static_cast<std::size_t>(one.depth), ' ') + one.keyword + " " + one.name +
             " " + std::to_string(one.whole.line) + "-" + std::to_string(one.whole.end_line) + "\n";
  EXPECT_EQ(drawn,
            "runbook r 2-11\n"
            " role  3-3\n"
            " stage s 4-10\n"
            "  hold  5-6\n"
            "  on enter  7-8\n"
            "  expect low 9-9\n");
}

TEST(Index, FindsScenariosAndTheNamesOfTheirRunbooks) {
  const Index index = index_of(
      "scenario \"a spike\" for \"x.runbook\" {\n  expect effect page oncall\n"
      "  at 2h expect state canary_10\n}\n");
  EXPECT_FALSE(index.occurrences().empty());
  for (const Occurrence& one : index.occurrences()) {
    EXPECT_FALSE(one.declares) << one.name;
    EXPECT_FALSE(one.library.empty()) << one.name;
  }
  ASSERT_EQ(index.sections().size(), 1U);
  EXPECT_EQ(index.sections()[0].name, "a spike");
  EXPECT_EQ(index.sections()[0].whole.end_line, 4U);
}

}  // namespace
}  // namespace rollbook::dsl
