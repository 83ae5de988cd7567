// What an author calls beside check: fixes, SARIF, explain, schedule, diff.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "dsl/compiler.h"
#include "dsl/prove.h"
#include "tests/paths.h"
#include "tests/tools/program.h"
#include "tests/tools/test_engine.h"

namespace rollbook::tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string with(std::string text, const std::string& part, const std::string& instead) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), instead);
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const std::string& shop() {
  static const std::string kText = kShop;
  return kText;
}

// ---- check ------------------------------------------------------------------------------------

TEST(CheckFix, MendsTheFileAndSaysWhatItDid) {
  const Directory directory;
  const std::string file = directory.write(
      "a.runbook", with(shop(), "otherwise rollback automatic", "otherwise rollback automatik"));
  const Ran ran = rollbook({"check", "--fix", file});
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.err, HasSubstr(": fixed RB0307: `automatik` is now `automatic`"));
  EXPECT_EQ(contents(file), shop());
}

TEST(CheckFix, LeavesASoundFileAsItIs) {
  const Directory directory;
  const std::string file = directory.write("a.runbook", shop());
  const Ran ran = rollbook({"check", "--fix", file});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.err, Not(HasSubstr("fixed")));
  EXPECT_EQ(contents(file), shop());
  EXPECT_EQ(rollbook({"check", "--fix", "-"}, shop()).exit, 2);
}

TEST(CheckFix, WhatPeopleMustChooseIsLeftToThem) {
  const Directory directory;
  const std::string broken =
      with(shop(), "otherwise rollback automatic", "otherwise rollback elsewhere_entirely");
  const std::string file = directory.write("a.runbook", broken);
  EXPECT_EQ(rollbook({"check", "--fix", file}).exit, 1);
  EXPECT_EQ(contents(file), broken);
}

TEST(Check, SaysWhatIsProved) {
  const Directory directory;
  const std::string file = directory.write("shop.runbook", shop());
  EXPECT_THAT(rollbook({"check", file}).err,
              testing::AllOf(HasSubstr("proved: every wait has an exit"), HasSubstr("worst case "),
                             HasSubstr("most traffic ")));
}

TEST(Check, SaysWithWhichParametersAndTakesOthers) {
  const Directory directory;
  const std::string file = directory.write(
      "a.runbook", with(with(shop(), "    hold 1m", "    hold bake"), "  role owner, lead",
                        "  role owner, lead\n  param bake: duration = 1m from 1s "
                        "to 3000d"));
  EXPECT_THAT(rollbook({"check", file}).err,
              HasSubstr("all of it with bake = 1m; `--param NAME=VALUE` checks other values"));
  const Ran longer = rollbook({"check", file, "--param", "bake=240h"});
  EXPECT_EQ(longer.exit, 0) << longer.out << longer.err;
  EXPECT_THAT(longer.err, testing::AllOf(HasSubstr("all of it with bake = 240h;"),
                                         HasSubstr("worst case 21d 3h;")));
  EXPECT_EQ(rollbook({"check", file, "--param", "bake=3001d"}).exit, 1);
  EXPECT_EQ(rollbook({"check", file, "--param", "soak=1h"}).exit, 1);
  EXPECT_EQ(rollbook({"check", file, "--fix", "--param", "bake=2m"}).exit, 2);
  EXPECT_THAT(rollbook({"check", directory.write("b.runbook", shop())}).err,
              Not(HasSubstr("all of it with")));
}

// The contract of `-o json`: findings and nothing else.
TEST(Check, TheJsonOfAFileWithoutFindingsIsAnEmptyArray) {
  const std::string file = std::string(ROLLBOOK_SOURCE_DIR) + "/plans/minimal.runbook";
  EXPECT_EQ(rollbook({"check", file, "-o", "json"}).out, "[]\n");
}

TEST(Check, AFixIsInTheJson) {
  const Directory directory;
  const std::string file = directory.write(
      "a.runbook", with(shop(), "otherwise rollback automatic", "otherwise rollback automatik"));
  const json all = json::parse(rollbook({"check", file, "-o", "json"}).out);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0]["fix"][0]["text"], "automatic");
  EXPECT_EQ(all[0]["fix"][0]["line"], all[0]["line"]);
}

// The parts that SARIF 2.1.0 requires; tests/tools/sarif_schema validates against the schema.
TEST(Sarif, HasARuleAPlaceAndAFixForEachFinding) {
  const Directory directory;
  const std::string file = directory.write(
      "a b.runbook", with(shop(), "otherwise rollback automatic", "otherwise rollback automatik"));
  const Ran ran = rollbook({"check", file, "-o", "sarif"});
  EXPECT_EQ(ran.exit, 1);
  const json log = json::parse(ran.out);
  EXPECT_EQ(log["version"], "2.1.0");
  const json& run = log["runs"][0];
  const json& driver = run["tool"]["driver"];
  EXPECT_EQ(driver["name"], "rollbook");
  ASSERT_EQ(run["results"].size(), 1u);
  const json& result = run["results"][0];
  EXPECT_EQ(result["level"], "error");
  EXPECT_EQ(driver["rules"][result["ruleIndex"].get<std::size_t>()]["id"], result["ruleId"]);
  EXPECT_THAT(result["message"]["text"].get<std::string>(), HasSubstr("no rollback is called"));
  const json& place = result["locations"][0]["physicalLocation"];
  EXPECT_THAT(place["artifactLocation"]["uri"].get<std::string>(), HasSubstr("a%20b.runbook"));
  EXPECT_GT(place["region"]["startLine"].get<int>(), 0);
  const json& change = result["fixes"][0]["artifactChanges"][0];
  EXPECT_EQ(change["replacements"][0]["insertedContent"]["text"], "automatic");
  EXPECT_TRUE(json::parse(rollbook({"check", "-", "-o", "sarif"}, shop()).out)["runs"][0]["results"]
                  .is_array());
}

// ---- explain ----------------------------------------------------------------------------------

TEST(Explain, SaysWhatACodeMeansWithExamples) {
  const Ran one = rollbook({"explain", "RB0301"});
  EXPECT_EQ(one.exit, 0);
  EXPECT_THAT(one.out, StartsWith("RB0301: unknown metric\n"));
  EXPECT_THAT(one.out, testing::AllOf(HasSubstr("\nwrong\n"), HasSubstr("\nright\n")));
  EXPECT_EQ(rollbook({"explain", "301"}).out, one.out);
  EXPECT_THAT(rollbook({"explain"}).out, HasSubstr("\nRB0301  unknown metric\n"));
  const Ran none = rollbook({"explain", "RB9999"});
  EXPECT_EQ(none.exit, 1);
  EXPECT_THAT(none.err, HasSubstr("no finding has the code `RB9999`"));
  EXPECT_EQ(json::parse(rollbook({"explain", "RB0301", "-o", "json"}).out)[0]["code"], "RB0301");
}

// The codes that `rollbook test` names.
std::set<std::string> scenario_codes(const std::string& body) {
  const Directory directory;
  directory.write("shop.runbook", shop());
  const std::string file =
      directory.write("a.scenario", "scenario \"a\" for \"shop.runbook\" {\n" + body + "\n}\n");
  const Ran ran = rollbook({"test", file});
  const std::string said = ran.out + ran.err;
  const std::regex code(R"(\[(RB07\d\d)\])");
  std::set<std::string> codes;
  for (std::sregex_iterator i(said.begin(), said.end(), code), end; i != end; ++i) {
    codes.insert((*i)[1]);
  }
  return codes;
}

// Those of runbooks are tried in tests/dsl/explain_test.cc.
TEST(Explain, TheExamplesOfScenariosAreWhatTheySay) {
  std::size_t tried = 0;
  for (const json& entry : json::parse(rollbook({"explain", "-o", "json"}).out)) {
    const std::string code = entry["code"];
    const std::string wrong = entry["wrong"];
    if (!code.starts_with("RB07") || wrong.empty()) continue;
    EXPECT_EQ(scenario_codes(wrong), std::set<std::string>{code}) << wrong;
    EXPECT_EQ(scenario_codes(entry["right"]), std::set<std::string>{}) << code;
    ++tried;
  }
  EXPECT_GE(tried, 15u);
}

// ---- schedule ---------------------------------------------------------------------------------

TEST(Schedule, IsCountedFromTheStartOrFromADate) {
  const Directory directory;
  const std::string file = directory.write("shop.runbook", shop());
  const Ran plain = rollbook({"schedule", file});
  EXPECT_EQ(plain.exit, 0) << plain.err;
  EXPECT_THAT(plain.out, HasSubstr("begins earliest"));
  const Ran dated = rollbook({"schedule", file, "--from", "2026-01-05T09:00Z"});
  EXPECT_THAT(dated.out, HasSubstr("2026-01-05 09:00Z"));
  EXPECT_EQ(rollbook({"schedule", file, "--from", "2026-01-05T09:00"}).out, dated.out);
  EXPECT_EQ(rollbook({"schedule", file, "--from", "tomorrow"}).exit, 2);
  const json legs = json::parse(rollbook({"schedule", file, "-o", "json"}).out);
  ASSERT_FALSE(legs.empty());
  EXPECT_EQ(legs[0]["begins"]["earliest"], "0s");
  EXPECT_EQ(rollbook({"schedule", directory.write("bad.runbook", "oops")}).exit, 1);
}

TEST(Schedule, FromADateStepsWaitForTheHoursOnTheWall) {
  const Directory directory;
  std::string text = shop();
  text.insert(text.find("  guard {"), "  advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\"\n");
  const std::string file = directory.write("shop.runbook", text);
  EXPECT_THAT(rollbook({"schedule", file}).err, HasSubstr("`--from DATE` counts it"));
  // A Friday evening; clocks are put forward on Sunday.
  const Ran dated = rollbook({"schedule", file, "--from", "2026-03-27T18:00Z"});
  EXPECT_EQ(dated.exit, 0) << dated.err;
  EXPECT_THAT(dated.out, HasSubstr("Mon 2026-03-30 09:00"));
  EXPECT_THAT(dated.err, HasSubstr("times are those of Europe/Berlin"));
  const json legs =
      json::parse(rollbook({"schedule", file, "--from", "2026-03-27T18:00Z", "-o", "json"}).out);
  EXPECT_EQ(legs[0]["begins"]["earliest"], "2026-03-30T07:00:00Z");
  EXPECT_EQ(rollbook({"schedule", file, "--from", "2200-01-01"}).exit, 2);
}

// ---- diff -------------------------------------------------------------------------------------

TEST(Diff, TheExitCodeSaysWhetherPeopleMustApproveAgain) {
  const Directory directory;
  const std::string before = directory.write("before.runbook", shop());
  const std::string worded = directory.write("worded.runbook", "# a comment\n" + shop());
  const std::string broken = directory.write("broken.runbook", "oops");
  const std::size_t hold = shop().find("hold ");
  std::string shorter = shop();
  shorter.replace(hold, shorter.find_first_of(" \n", hold + 5) - hold, "hold 1s");
  const std::string weaker = directory.write("weaker.runbook", shorter);

  EXPECT_EQ(rollbook({"diff", before, before}).exit, 0);
  EXPECT_THAT(rollbook({"diff", before, worded}).out, HasSubstr("cosmetic: runbook"));
  EXPECT_EQ(rollbook({"diff", before, worded}).exit, 0);
  const Ran weakened = rollbook({"diff", before, weaker});
  EXPECT_EQ(weakened.exit, 4) << weakened.out << weakened.err;
  EXPECT_THAT(weakened.out, HasSubstr("weakens: stage "));
  EXPECT_THAT(weakened.out, HasSubstr("scenario \""));
  EXPECT_THAT(weakened.err, HasSubstr("approve it again"));
  EXPECT_EQ(rollbook({"diff", weaker, before}).exit, 0);
  EXPECT_EQ(rollbook({"diff", before, broken}).exit, 1);
  EXPECT_EQ(rollbook({"diff", before}).exit, 2);
  const json changes = json::parse(rollbook({"diff", before, weaker, "-o", "json"}).out);
  EXPECT_EQ(changes[0]["bearing"], "weakens");
}

// Every kind of scenario that diff prints, played: it tells the two versions apart.
TEST(Diff, ItsScenariosPassWithTheFirstAndFailWithTheSecond) {
  std::string base = with(shop(), "stop absent(requests) for 1h", "stop absent(requests) for 5s");
  base = with(base, "  guard {\n",
              "  metric latency = histogram shop_latency_seconds\n"
              "  metric queue = gauge max shop_queue_length\n"
              "  guard {\n"
              "    stop p99(latency) > 500ms over 10s\n"
              "    stop queue > 1000 over 10s\n");
  base = with(base, "expect errors / requests < 5%", "expect errors / requests < 2%");
  base = with(base, "\"No complaints\" by owner", "\"No complaints\" by all of owner, lead");
  const std::vector<std::pair<std::string, std::string>> weaker = {
      {"looser", with(base, "stop errors / requests > 5%", "stop errors / requests > 20%")},
      {"removed",
       with(base, "    stop errors / requests > 5% over 10s at least 20 requests\n", "")},
      {"silent", with(base, "    stop absent(requests) for 5s\n", "")},
      {"shorter", with(base, "hold 1m", "hold 20s")},
      {"slower", with(base, "p99(latency) > 500ms", "p99(latency) > 700ms")},
      {"any latency", with(base, "    stop p99(latency) > 500ms over 10s\n", "")},
      {"longer queues", with(base, "queue > 1000", "queue > 1500")},
      {"any queue", with(base, "    stop queue > 1000 over 10s\n", "")},
      {"a looser gate",
       with(base, "expect errors / requests < 2%", "expect errors / requests < 4%")},
      {"no gate", with(base, "    expect errors / requests < 2% over 10s\n", "")},
      {"one person", with(base, "by all of owner, lead", "by any of owner, lead")},
      {"nobody", with(base, "    confirm \"No complaints\" by all of owner, lead\n", "")},
  };
  for (const auto& [name, after] : weaker) {
    const Directory directory;
    const std::string first = directory.write("first.runbook", base);
    const std::string second = directory.write("second.runbook", after);
    const json changes = json::parse(rollbook({"diff", first, second, "-o", "json"}).out);
    std::string scenario;
    for (const json& change : changes) scenario += change["scenario"].get<std::string>();
    ASSERT_FALSE(scenario.empty()) << name;
    const Ran same = rollbook({"test", directory.write("first.scenario", scenario)});
    EXPECT_EQ(same.exit, 0) << name << "\n" << scenario << same.out << same.err;
    const Ran other =
        rollbook({"test", directory.write("second.scenario", with(scenario, first, second))});
    EXPECT_EQ(other.exit, 1) << name << "\n" << scenario << other.out << other.err;
  }
}

// What two stops see tells nothing apart.
TEST(Diff, AFaultThatAnotherStopSeesMakesNoScenario) {
  const Directory directory;
  const std::string two = with(shop(), "    stop absent(requests) for 1h\n",
                               "    stop absent(requests) for 1h\n"
                               "    stop errors / requests > 6% over 20s at least 20 requests\n");
  const std::string first = directory.write("first.runbook", two);
  const std::string second = directory.write(
      "second.runbook", with(two, "stop errors / requests > 5%", "stop errors / requests > 20%"));
  const json changes = json::parse(rollbook({"diff", first, second, "-o", "json"}).out);
  ASSERT_FALSE(changes.empty());
  for (const json& change : changes) EXPECT_EQ(change["scenario"], "") << change;
}

// ---- Proofs -----------------------------------------------------------------------------------

// The way that a failed proof prints leads there: for every state of a sound plan.
TEST(Proofs, TheScenarioOfAPathIsPlayed) {
  const Directory directory;
  const std::string file = directory.write("shop.runbook", shop());
  const core::Machine machine = dsl::Compiler().compile(file, shop(), {}).plan->machine;
  std::size_t played = 0;
  for (std::uint32_t i = 0; i < machine.states.size(); ++i) {
    const core::StateIndex state{i};
    if (machine.at(state).kind != core::StateKind::atomic) continue;
    const dsl::Fault fault = dsl::fault_at(machine, state);
    if (fault.path.empty()) continue;
    const std::string scenario = dsl::as_scenario(fault, machine);
    // A scenario cannot order a rollback to a weight.
    EXPECT_EQ(scenario.empty(), machine.at(state).name == "rollback.partial");
    if (scenario.empty()) continue;
    const Ran ran = rollbook({"test", directory.write("way.scenario", scenario)});
    EXPECT_EQ(ran.exit, 0) << scenario << ran.out << ran.err;
    ++played;
  }
  EXPECT_GE(played, 6u);
}

// ---- graph ------------------------------------------------------------------------------------

TEST(Graph, AnSvgNeedsGraphvizAndSaysSo) {
  const Directory directory;
  const Ran ran = rollbook({"graph", directory.write("shop.runbook", shop()), "-o", "svg"});
  if (access("/usr/bin/dot", X_OK) == 0) {
    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("<svg"));
    EXPECT_THAT(ran.out, HasSubstr("anywhere"));
  } else {
    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("`dot` of Graphviz is not installed"));
    EXPECT_EQ(ran.out, "");
  }
}

}  // namespace
}  // namespace rollbook::tests
