// `rollbook test` and `rollbook sandbox --scenario` as people and scripts use them.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/paths.h"
#include "tests/tools/program.h"
#include "tests/tools/test_engine.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kGood =
    "scenario \"good <day> & night\" for \"shop_canary\" {\n"
    "  series healthy at 100/s\n  at every question answer yes\n  expect outcome succeeded\n}\n";
const std::string kBad =
    "scenario \"bad day\" for \"shop.runbook\" {\n"
    "  series healthy at 100/s\n  errors 50% from 20s\n  expect outcome succeeded\n}\n";

TEST(TestVerb, PassesAndSaysSo) {
  const Directory directory;
  directory.write("shop.runbook", kShop);
  const std::string file = directory.write("shop.scenario", kGood);
  for (const std::string& path : {file, directory.path(), directory.file("shop.runbook")}) {
    const Ran ran = rollbook({"test", path});
    EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
    EXPECT_THAT(ran.out, StartsWith(file + "\n  ✓ good <day> & night  ("));
    EXPECT_THAT(ran.out, HasSubstr("shop.runbook: transitions "));
    EXPECT_THAT(ran.out, HasSubstr("✓ 1 scenario, none failed"));
  }
}

TEST(TestVerb, AFailureShowsWhatWasExpectedAndTheTimelineAround) {
  const Directory directory;
  directory.write("shop.runbook", kShop);
  const std::string file = directory.write("shop.scenario", kGood + kBad);
  const Ran ran = rollbook({"test", directory.path()});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("  ✗ bad day  ("));
  EXPECT_THAT(ran.out, HasSubstr(file + ":9: expect outcome succeeded\n    instead: rolled_back "));
  EXPECT_THAT(ran.out, HasSubstr("guard.stop[1] fail: errors / requests > 5% over 10s"));
  EXPECT_THAT(ran.out, HasSubstr("(here)"));
  EXPECT_THAT(ran.out, HasSubstr("✗ 2 scenarios, 1 failed"));
}

TEST(TestVerb, CoverageListsWhatNoScenarioTook) {
  const Directory directory;
  directory.write("shop.runbook", kShop);
  directory.write("shop.scenario", kGood);
  const Ran ran = rollbook({"test", directory.path(), "--coverage", "--at-least", "100%"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("guarded → rollback.automatic on stop guard.stop[1] was never "
                                 "taken, shop.runbook:9:"));
  EXPECT_THAT(ran.out, HasSubstr("guard.stop[2] never failed: absent(requests) for 1h"));
  EXPECT_THAT(ran.err, HasSubstr("% of its transitions were taken, less than 100%"));
  EXPECT_EQ(rollbook({"test", directory.path(), "--at-least", "10"}).exit, 0);
}

TEST(TestVerb, AFilterChoosesByTitleOrFile) {
  const Directory directory;
  directory.write("shop.runbook", kShop);
  directory.write("shop.scenario", kGood + kBad);
  const Ran ran = rollbook({"test", directory.path(), "-k", "good"});
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, Not(HasSubstr("bad day")));
  const Ran none = rollbook({"test", directory.path(), "-k", "ugly"});
  EXPECT_EQ(none.exit, 2);
  EXPECT_EQ(none.out, "") << "nothing was run, so there is nothing good to say of it";
  EXPECT_EQ(none.err, "rollbook: no scenario matches `ugly`\n");
}

// What a lens of the editor runs: one scenario, whatever others begin with its title.
TEST(TestVerb, AWholeTitleIsThatScenarioAlone) {
  const Directory directory;
  directory.write("shop.runbook", kShop);
  std::string longer = kBad;
  longer.replace(longer.find("bad day"), 7, "bad day again");
  directory.write("shop.scenario", kBad + longer);
  const Ran ran = rollbook({"test", directory.path(), "-k", "bad day"});
  EXPECT_THAT(ran.out, HasSubstr("1 scenario, 1 failed"));
  EXPECT_THAT(ran.out, Not(HasSubstr("bad day again")));
  EXPECT_THAT(rollbook({"test", directory.path(), "-k", "bad da"}).out,
              HasSubstr("2 scenarios, 2 failed"));
}

TEST(TestVerb, MistakesInAScenarioHavePlaceAndCaret) {
  const Directory directory;
  directory.write("shop.runbook", kShop);
  const std::string file = directory.write(
      "shop.scenario", "scenario \"x\" for \"shop.runbook\" {\n  expect state hlaf\n}\n");
  const Ran ran = rollbook({"test", file});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr(file + ":2:16: error[RB0713]: runbook `shop_canary` has no state "
                                        "`hlaf`\n 2 |   expect state hlaf\n"));
  EXPECT_THAT(ran.out, HasSubstr("help: did you mean `half`?"));
  const std::string lost = directory.write(
      "lost.scenario", "scenario \"x\" for \"shp.runbook\" {\n  expect state half\n}\n");
  const Ran unfound = rollbook({"test", lost});
  EXPECT_EQ(unfound.exit, 1);
  EXPECT_THAT(unfound.out, HasSubstr("error[RB0710]: no runbook `shp.runbook` in "));
  EXPECT_THAT(unfound.out, HasSubstr("did you mean `shop.runbook`?"));
}

TEST(TestVerb, WrongPathsAreUsage) {
  const Directory directory;
  const Ran empty = rollbook({"test", directory.path()});
  EXPECT_EQ(empty.exit, 2);
  EXPECT_EQ(empty.err, "rollbook: " + directory.path() + ": no `*.scenario` in this directory\n");
  EXPECT_EQ(rollbook({"test", directory.file("none.scenario")}).exit, 2);
  EXPECT_EQ(rollbook({"test"}).exit, 2);
  const std::string bare = directory.write("bare.runbook", kShop);
  EXPECT_THAT(rollbook({"test", bare}).err, HasSubstr("it has no scenarios, looked for "));
}

TEST(TestVerb, JsonTellsProgramsEverything) {
  const Directory directory;
  directory.write("shop.runbook", kShop);
  directory.write("shop.scenario", kGood + kBad);
  const Ran ran = rollbook({"test", directory.path(), "-o", "json"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, StartsWith(R"({"passed":false,"all":2,"failed":1,"scenarios":[{"file":)"));
  EXPECT_THAT(ran.out, HasSubstr(R"("outcome":"rolled_back")"));
  EXPECT_THAT(ran.out,
              HasSubstr(R"("failures":[{"line":9,"expected":"expect outcome succeeded",)"));
  EXPECT_THAT(ran.out, HasSubstr(R"("transitions":{"covered":)"));
}

TEST(TestVerb, JUnitKeepsToItsSchema) {
  const Directory directory;
  directory.write("shop.runbook", kShop);
  directory.write("broken.scenario", "scenario \"x\" for \"shop.runbook\" {\n  expect <\n}\n");
  directory.write("shop.scenario", kGood + kBad);
  const Ran ran = rollbook({"test", directory.path(), "-o", "junit"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr(R"(tests="3" failures="1" errors="1")"));
  EXPECT_THAT(ran.out, HasSubstr(R"(name="good &lt;day&gt; &amp; night")"));
  const std::string file = directory.write("report.xml", ran.out);
  const std::string command = "xmllint --noout --schema " ROLLBOOK_SOURCE_DIR
                              "/tests/tools/junit.xsd " +
                              file + " 2>" + directory.file("lint");
  EXPECT_EQ(std::system(command.c_str()), 0) << ran.out;
  // The schema is one that can refuse.
  const std::string other = directory.write("other.xml", "<testsuites name=\"x\"/>");
  const std::string refused = "xmllint --noout --schema " ROLLBOOK_SOURCE_DIR
                              "/tests/tools/junit.xsd " +
                              other + " 2>" + directory.file("lint");
  EXPECT_NE(std::system(refused.c_str()), 0);
}

// A program that goes on, read line by line.
class Running {
 public:
  explicit Running(const std::vector<std::string>& words) {
    std::vector<std::string> arguments{ROLLBOOK_BINARY_DIR "/rollbook"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    EXPECT_EQ(posix_spawn(&child_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    out_ = ends[0];
  }
  ~Running() { close(out_); }

  // All that it says up to and with `text`; fails after a minute without it.
  std::string read_to(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (said_.find(text) == std::string::npos) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd ready{out_, POLLIN, 0};
      std::array<char, 4096> block{};
      const bool speaks = left.count() > 0 && poll(&ready, 1, static_cast<int>(left.count())) > 0;
      const ssize_t size = speaks ? read(out_, block.data(), block.size()) : 0;
      if (size <= 0) {
        ADD_FAILURE() << "it never said `" << text << "`: " << said_;
        return std::exchange(said_, "");
      }
      said_.append(block.data(), static_cast<std::size_t>(size));
    }
    const std::size_t end = said_.find(text) + text.size();
    std::string all = said_.substr(0, end);
    said_.erase(0, end);
    return all;
  }

  int interrupt() {
    kill(child_, SIGINT);
    int status = 0;
    waitpid(child_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t child_ = 0;
  int out_ = -1;
  std::string said_;
};

TEST(TestVerb, WatchRunsAgainWhenAScenarioOrItsRunbookChanges) {
  const Directory directory;
  directory.write("shop.runbook", kShop);
  directory.write("shop.scenario", kGood);
  Running watching({"test", directory.path(), "--watch"});
  EXPECT_THAT(watching.read_to("watching"), HasSubstr("none failed"));
  directory.write("shop.scenario", kBad);
  EXPECT_THAT(watching.read_to("watching"), HasSubstr("✗ bad day"));
  directory.write("notes.txt", "nothing that concerns it");
  // Replaced, as editors do.
  directory.write("new.tmp", kGood);
  std::filesystem::rename(directory.file("new.tmp"), directory.file("shop.scenario"));
  EXPECT_THAT(watching.read_to("watching"), HasSubstr("✓ good"));
  directory.write("shop.runbook", "edition 1\nrunbook shop_canary {\n}\n");
  EXPECT_THAT(watching.read_to("watching"), HasSubstr("the runbook has errors"));
  EXPECT_EQ(watching.interrupt(), 130);
}

TEST(SandboxScenario, PlaysTheOneAtTheLine) {
  const Directory directory;
  const std::string runbook = directory.write("shop.runbook", kShop);
  const std::string file = directory.write("shop.scenario", kGood + kBad);
  const Ran which = rollbook({"sandbox", runbook, "--scenario", file});
  EXPECT_EQ(which.exit, 2);
  EXPECT_THAT(which.err, HasSubstr(file + ":1  good <day> & night\n  " + file + ":6  bad day"));
  const Ran good = rollbook({"sandbox", runbook, "--scenario", file + ":2"});
  EXPECT_EQ(good.exit, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("✓ succeeded after "));
  const Ran bad = rollbook({"sandbox", runbook, "--scenario", file + ":6"});
  EXPECT_EQ(bad.exit, 1);
  EXPECT_THAT(bad.out, HasSubstr("✗ rolled back after "));
  EXPECT_THAT(bad.err, HasSubstr("line 9: expect outcome succeeded\n  instead: rolled_back "));
}

TEST(SandboxScenario, AFaultIsLaidOverItAndTheLogKept) {
  const Directory directory;
  const std::string runbook = directory.write("shop.runbook", kShop);
  const std::string file = directory.write(
      "one.scenario",
      "scenario \"x\" for \"shop\" {\n  series healthy at 100/s\n  expect traffic 0%\n}\n");
  const std::string data = directory.file("data");
  const Ran ran = rollbook(
      {"sandbox", runbook, "--scenario", file, "--fault", "errors 50% from 20s", "--data", data});
  EXPECT_EQ(ran.exit, 3) << ran.out << ran.err;
  EXPECT_EQ(rollbook({"replay", data, "--verify"}).exit, 0);
  EXPECT_EQ(rollbook({"sandbox", runbook, "--scenario", file, "--seed", "2"}).exit, 2);
}

// kShop with its limit as a parameter.
std::string limited() {
  std::string text = kShop;
  const std::size_t limit = text.find("> 5% over");
  EXPECT_NE(limit, std::string::npos);
  text.replace(limit, 4, "> limit");
  return text.insert(text.find("  guard {"), "  param limit: ratio = 5% from 1% to 90%\n");
}

TEST(TestVerb, ParametersAreGivenByTheCommandLineOrByTheScenario) {
  const Directory directory;
  directory.write("shop.runbook", limited());
  const std::string errors =
      "  series healthy at 100/s\n  errors 50% from 20s until 40s\n"
      "  at every question answer yes\n";
  directory.write("shop.scenario", "scenario \"as it is\" for \"shop.runbook\" {\n" + errors +
                                       "  expect outcome rolled_back\n}\n"
                                       "scenario \"raised\" for \"shop.runbook\" {\n"
                                       "  given param limit = 80%\n" +
                                       errors + "  expect outcome succeeded\n}\n");
  Ran ran = rollbook({"test", directory.path()});
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  // What the scenario gives goes before; the other one is not rolled back any more.
  ran = rollbook({"test", directory.path(), "--param", "limit=60%"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("✗ as it is"));
  EXPECT_THAT(ran.out, HasSubstr("✓ raised"));
  ran = rollbook({"test", directory.path(), "--param", "limit=95%"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out,
              HasSubstr("parameter `limit` is a ratio from 1% to 90%, `95%` lies outside"));
  ran = rollbook({"test", directory.path(), "--param", "limit"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("--param `limit` is not NAME=VALUE"));
}

TEST(SandboxScenario, TakesItsParametersToo) {
  const Directory directory;
  const std::string runbook = directory.write("shop.runbook", limited());
  const std::string scenario =
      directory.write("shop.scenario",
                      "scenario \"raised\" for \"shop.runbook\" {\n  given param limit = 80%\n"
                      "  series healthy at 100/s\n  errors 50% from 20s until 40s\n"
                      "  at every question answer yes\n  expect outcome succeeded\n}\n");
  EXPECT_EQ(rollbook({"sandbox", runbook, "--scenario", scenario, "--speed", "max"}).exit, 0);
}

TEST(SandboxScenario, AStartThatIsRejectedAsExpectedIsDone) {
  const Directory directory;
  std::string text = kShop;
  text.insert(text.find("  guard {"), "  after runbook shop_shadow\n");
  const std::string runbook = directory.write("shop.runbook", text);
  const std::string scenario = directory.write("shop.scenario",
                                               "scenario \"too early\" for \"shop.runbook\" {\n"
                                               "  expect start rejected after\n}\n");
  EXPECT_EQ(rollbook({"test", scenario}).exit, 0);
  const Ran ran = rollbook({"sandbox", runbook, "--scenario", scenario});
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("the start was rejected as after, as expected"));
}

}  // namespace
}  // namespace rollbook::tests
