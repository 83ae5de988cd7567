// fmt, expand and new, and imports and parameters in the verbs that read runbooks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/paths.h"
#include "tests/tools/program.h"
#include "tests/tools/test_engine.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// ---- fmt ----------------------------------------------------------------------------------------

constexpr const char* kCrooked = "edition 1\nrunbook r {\ntitle   \"t\"\n}\n";
constexpr const char* kStraight = "edition 1\nrunbook r {\n  title \"t\"\n}\n";

TEST(Fmt, ChangesFilesInPlaceAndLeavesGoodOnesAlone) {
  const Directory directory;
  const std::string crooked = directory.write("a.runbook", kCrooked);
  const std::string straight = directory.write("b.runbook", kStraight);
  std::filesystem::permissions(crooked, std::filesystem::perms(0640));
  const auto before = std::filesystem::last_write_time(straight);
  const Ran ran = rollbook({"fmt", crooked, straight});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, crooked + ": laid out\n");
  EXPECT_EQ(content(crooked), kStraight);
  EXPECT_EQ(std::filesystem::status(crooked).permissions(), std::filesystem::perms(0640));
  EXPECT_EQ(std::filesystem::last_write_time(straight), before);
  EXPECT_EQ(rollbook({"fmt", crooked}).err, "");
}

TEST(Fmt, CheckListsWhatWouldChangeAndExitsWithOne) {
  const Directory directory;
  const std::string crooked = directory.write("a.runbook", kCrooked);
  const std::string straight = directory.write("b.runbook", kStraight);
  const Ran ran = rollbook({"fmt", "--check", crooked, straight});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.out, crooked + "\n");
  EXPECT_EQ(content(crooked), kCrooked);
  EXPECT_EQ(rollbook({"fmt", "--check", straight}).exit, 0);
}

TEST(Fmt, DiffShowsWhatWouldChange) {
  const Directory directory;
  const std::string crooked = directory.write("a.runbook", kCrooked);
  const Ran ran = rollbook({"fmt", "--diff", crooked});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, "--- " + crooked + "\n+++ " + crooked +
                         "\n@@ -1,4 +1,4 @@\n edition 1\n runbook r {\n-title   \"t\"\n"
                         "+  title \"t\"\n }\n");
  EXPECT_EQ(content(crooked), kCrooked);
  EXPECT_EQ(rollbook({"fmt", "--diff", "--check", crooked}).exit, 1);
}

TEST(Fmt, ReadsStdinToStdout) {
  const Ran ran = rollbook({"fmt", "-"}, kCrooked);
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, kStraight);
}

TEST(Fmt, WhatCannotBeLaidOutStaysAsItIs) {
  const Directory directory;
  const char* text = "edition 1\nrunbook r {\n  title \"open\n}\n";
  const std::string broken = directory.write("a.runbook", text);
  const std::string crooked = directory.write("b.runbook", kCrooked);
  const Ran ran = rollbook({"fmt", broken, crooked});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr("error[RB0105]"));
  EXPECT_EQ(content(broken), text);
  EXPECT_EQ(content(crooked), kStraight);
}

// ---- new ----------------------------------------------------------------------------------------

TEST(New, MakesARunbookThatChecks) {
  const Directory directory;
  const Ran ran = rollbook({"new", "--service", "shop", "--stages", "5,10,25,50", "--hold", "1h",
                            "--latency", "shop_seconds"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  const Ran checked = rollbook({"check", "-"}, ran.out);
  EXPECT_EQ(checked.exit, 0) << checked.out << ran.out;
  EXPECT_EQ(rollbook({"fmt", "-"}, ran.out).out, ran.out);
  EXPECT_THAT(ran.out, HasSubstr("stage canary_5 using canary_stage {\n    traffic 5%\n"));
  EXPECT_THAT(ran.out, HasSubstr("finish traffic 50%"));
}

TEST(New, WritesAFileOnce) {
  const Directory directory;
  const std::string file = directory.file("shop.runbook");
  const Ran ran = rollbook({"new", "--service", "shop", "--file", file});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("next: rollbook check " + file));
  EXPECT_EQ(rollbook({"check", file}).exit, 0);
  const Ran again = rollbook({"new", "--service", "mail", "--file", file});
  EXPECT_EQ(again.exit, 1);
  EXPECT_EQ(again.err, "rollbook: " + file + ": is there already; choose another name\n");
  EXPECT_THAT(content(file), HasSubstr("service \"shop\""));
}

// Answers each question of a program at a terminal; what it showed.
std::string at_terminal(const std::vector<std::string>& words,
                        const std::vector<std::string>& answers) {
  std::string program = std::string(ROLLBOOK_BINARY_DIR) + "/rollbook";
  std::vector<char*> argv{program.data()};
  std::vector<std::string> arguments = words;
  for (std::string& word : arguments) argv.push_back(word.data());
  argv.push_back(nullptr);
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    execv(program.c_str(), argv.data());
    _exit(127);
  }
  std::string shown;
  std::size_t next = 0;
  for (std::array<char, 4096> buffer{};;) {
    const ssize_t n = read(terminal, buffer.data(), buffer.size());  // fails when it has ended
    if (n <= 0) break;
    shown.append(buffer.data(), static_cast<std::size_t>(n));
    if (!shown.ends_with(": ") || next == answers.size()) continue;
    const std::string answer = answers[next++] + "\n";
    EXPECT_EQ(write(terminal, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
  }
  close(terminal);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(next, answers.size()) << shown;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << shown;
  return shown;
}

TEST(New, AsksAtATerminal) {
  const Directory directory;
  const std::string file = directory.file("shop.runbook");
  const std::string shown =
      at_terminal({"new"}, {"web shop", "", "", "", "", "", "", "10,50", "30m", "", file});
  EXPECT_THAT(shown, HasSubstr("Counter of requests [web_shop_requests_total]: "));
  EXPECT_THAT(content(file), HasSubstr("service \"web shop\""));
  EXPECT_THAT(content(file), HasSubstr("    traffic 10%\n    hold 30m\n"));
  EXPECT_EQ(rollbook({"check", file}).exit, 0);
}

TEST(New, SaysWhatItNeeds) {
  const struct {
    std::vector<std::string> words;
    const char* message;
  } cases[] = {
      {{"new"}, "--service is missing; `rollbook new --service shop > shop.runbook`"},
      {{"new", "--service", "s", "--stages", "5,x"},
       "--stages: `x` is no share of traffic above 0; write `5,10,25,50`"},
      {{"new", "--service", "s", "--stages", "10,5"},
       "--stages: each stage has more traffic than the one before; write `5,10,25,50`"},
      {{"new", "--service", "s", "--hold", "1s"},
       "--hold: `1s` is no duration of 2s at least; write `1h`"},
      {{"new", "--service", "s", "--role", "on call"},
       "--role: `on call` must be a word of letters, digits and `_`"},
      {{"new", "--service", "s", "--baseline", "a", "--canary", "a"},
       "baseline and canary are the same arm; write the two values of the label"},
  };
  for (const auto& c : cases) {
    const Ran ran = rollbook(c.words);
    EXPECT_EQ(ran.exit, 2) << c.message;
    EXPECT_EQ(ran.err, std::string("rollbook: ") + c.message + "\n");
  }
}

// ---- expand, imports, parameters ----------------------------------------------------------------

// kShop with its limit in a parameter and its rollback in a library.
struct Parts {
  Directory directory;
  std::string file;
  Parts() {
    std::filesystem::create_directory(directory.file("lib"));
    directory.write("lib/back.runbook",
                    "edition 1\nrunbook back {\n  rollback softly { ramp traffic to 0% over 10m }\n"
                    "}\n");
    std::string text = kShop;
    const auto put = [&](const std::string& part, const std::string& instead) {
      const std::size_t at = text.find(part);
      ASSERT_NE(at, std::string::npos) << part;
      text.replace(at, part.size(), instead);
    };
    put("runbook shop_canary {",
        "import \"lib/back.runbook\" as back\nrunbook shop_canary {\n"
        "  param held: duration = 1h from 1m to 4h");
    put("hold 1m", "hold held");
    put("\"Roll back\" rollback automatic", "\"Roll back\" rollback back.softly");
    file = directory.write("shop.runbook", text);
  }
};

TEST(Expand, PutsImportsInAndCompilesAlone) {
  const Parts parts;
  const Ran ran = rollbook({"expand", parts.file, "--imports"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("rollback softly { ramp traffic to 0% over 10m }"));
  EXPECT_THAT(ran.out, HasSubstr("# import \"lib/back.runbook\" as back"));
  EXPECT_EQ(rollbook({"check", "-"}, ran.out).exit, 0);
  EXPECT_EQ(rollbook({"check", parts.file}).exit, 0);
}

TEST(Expand, FillsInWhatWasGiven) {
  const Parts parts;
  const Ran ran = rollbook({"expand", parts.file, "--param", "held=3h"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("hold 3h at most 30h  # parameter held; default: at most 30h"));
  EXPECT_THAT(ran.out,
              HasSubstr("# import " + parts.directory.file("lib/back.runbook") + ", line 3"));
  const Ran json = rollbook({"expand", parts.file, "-o", "json"});
  EXPECT_THAT(json.out, StartsWith("{\"runbook\":\"shop_canary\",\"digest\":\""));
  EXPECT_THAT(json.out, HasSubstr("{\"kind\":\"parameter\",\"detail\":\"held\"}"));
}

// The whole way: the compiler's zone, the engine's deadlines, the log's machine.
TEST(AdvanceOnly, WaitsForItsHoursAndIsRecomputedFromTheLog) {
  const Directory directory;
  std::string text = kShop;
  const std::string role = "  role owner, lead\n";
  // The sandbox begins on Monday 2026-01-05; on Tuesday 09:00 in Berlin is 08:00Z.
  text.insert(text.find(role), "  advance only Tue-Fri 09:00-17:00 \"Europe/Berlin\"\n");
  const std::string file = directory.write("shop.runbook", text);
  const Ran ran = rollbook({"sandbox", file, "--data", directory.file("data"), "--answer", "yes"});
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("2026-01-06T08:00:00Z"));
  const std::size_t shift = ran.out.find("shift to 50% requested");
  ASSERT_NE(shift, std::string::npos) << ran.out;
  EXPECT_EQ(ran.out.substr(ran.out.rfind('\n', shift) + 1, 20), "2026-01-06T08:00:00Z");
  const Ran replayed = rollbook({"replay", directory.file("data"), "--verify"});
  EXPECT_EQ(replayed.exit, 0) << replayed.out << replayed.err;
  EXPECT_THAT(replayed.out + replayed.err, HasSubstr("every decision recomputed"));
}

TEST(Start, SendsOneTextThatStandsAlone) {
  const Parts parts;
  const Ran ran = rollbook({"start", parts.file, "--dry-run", "--param", "held=2h"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("rollback softly { ramp traffic to 0% over 10m }"));
  EXPECT_THAT(ran.out, HasSubstr("\"params\":{\"held\":\"2h\"}"));
}

TEST(Start, RefusesParametersThatDoNotFit) {
  const Parts parts;
  const Ran ran = rollbook({"start", parts.file, "--dry-run", "--param", "held=5h"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr(parts.file + ":4:9: error[RB0461]: parameter `held` is a duration "
                                              "from 1m to 4h, `5h` lies outside\n"));
  EXPECT_THAT(ran.err, HasSubstr("  help: give a value from 1m to 4h\n"));
}

TEST(Check, TellsFindingsInTheFileThatWasImported) {
  const Parts parts;
  const std::string library = parts.directory.write(
      "lib/back.runbook",
      "edition 1\nrunbook back {\n  rollback softly { page nobody \"x\" }\n}\n");
  const Ran ran = rollbook({"check", parts.file});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr(library + ":3:26: error[RB0303]: no channel is called `nobody`\n"
                                           " 3 |   rollback softly { page nobody \"x\" }\n"));
  std::filesystem::remove(library);
  EXPECT_THAT(rollbook({"check", parts.file}).out,
              HasSubstr(parts.file + ":2:8: error[RB0362]: " + library + ": no such file\n"));
}

}  // namespace
}  // namespace rollbook::tests
