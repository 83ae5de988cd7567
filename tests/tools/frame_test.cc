// The frame: help, wrong words, exit codes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/program.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Program, HelpLeadsWithExamples) {
  const Ran help = rollbook({"--help"});
  EXPECT_EQ(help.exit, 0);
  EXPECT_EQ(help.err, "");
  EXPECT_LT(help.out.find("rollbook check my.runbook"), help.out.find("authoring"));
  const Ran verb = rollbook({"status", "--help"});
  EXPECT_EQ(verb.exit, 0);
  EXPECT_LT(verb.out.find("rollbook status hal9-7f3k2q -w"), verb.out.find("options"));
  EXPECT_EQ(rollbook({"help", "status"}).out, verb.out);
  EXPECT_THAT(rollbook({"--version"}).out, StartsWith("rollbook "));
}

TEST(Program, NoHelpIsWiderThan80Columns) {
  for (const char* verb :
       {"",        "lsp",    "completion", "man",    "test",    "simulate", "new",
        "check",   "fmt",    "expand",     "graph",  "start",   "list",     "status",
        "confirm", "decide", "pause",      "resume", "promote", "extend",   "rollback",
        "abort",   "config", "log",        "show",   "replay"}) {
    const Ran help = *verb == '\0' ? rollbook({"--help"}) : rollbook({verb, "--help"});
    EXPECT_EQ(help.exit, 0) << verb;
    for (std::size_t begin = 0; begin < help.out.size();) {
      const std::size_t end = help.out.find('\n', begin);
      EXPECT_LE(end - begin, 80U) << help.out.substr(begin, end - begin);
      begin = end + 1;
    }
  }
}

TEST(Program, WrongWordsAreUsageErrorsWithAWayOut) {
  struct Case {
    std::vector<std::string> words;
    const char* message;
  };
  const Case cases[] = {
      {{"stauts"}, "rollbook: unknown verb `stauts`, did you mean `status`?\n"},
      {{"xyzzy"}, "rollbook: unknown verb `xyzzy`; `rollbook --help` lists them\n"},
      {{"analyze", "erors"}, "rollbook: `erors` is not analysed, did you mean `errors`?\n"},
      {{"why", "r"}, "rollbook: `rollbook why` is not supported yet\n"},
      {{"status", "--dta", "x"}, "rollbook: unknown option `--dta`, did you mean `--data`?\n"},
      {{"status", "--xyzzy"},
       "rollbook: unknown option `--xyzzy`; `rollbook status --help` lists them\n"},
      {{"status", "a", "b"},
       "rollbook: `b` is one word too many; `rollbook status --help` shows what it takes\n"},
      {{"check"}, "rollbook: FILE is missing; `rollbook check --help` shows examples\n"},
      {{"rollback", "r"}, "rollbook: say either --immediate or --gradual\n"},
      {{"rollback", "r", "--immediate"}, "rollbook: there is no terminal to ask on; say --yes\n"},
      {{"abort", "r"}, "rollbook: there is no terminal to ask on; say --yes\n"},
      {{"rollback", "r", "--immediate", "--over", "5m"}, "rollbook: --over goes with --gradual\n"},
      {{"rollback", "r", "--gradual", "--to", "half"},
       "rollbook: --to: `half` is no weight such as 5% or 0.05, from 0% to 100%\n"},
      {{"extend", "r"}, "rollbook: --by is missing, such as --by 24h\n"},
      {{"extend", "r", "--by", "soon"}, "rollbook: --by: `soon` is no duration such as 2m30s\n"},
      {{"pause", "Hal 9"},
       "rollbook: `Hal 9` is no rollout's id, which has up to 63 of a-z, 0-9 and -\n"},
      {{"show", "r", "--at", "noon"},
       "rollbook: `noon` is neither a sequence such as 42 nor a time such as "
       "2026-01-05T10:00:00Z\n"},
      {{"log", "r", "--type", "transition"},
       "rollbook: `transition` is no type of event, did you mean `transitioned`?\n"},
      {{"status", "r", "--timeout", "5m"}, "rollbook: --timeout goes with --wait or --watch\n"},
      {{"confirm", "r", "--question", "x"}, "rollbook: --question `x` is no question's number\n"},
  };
  for (const Case& c : cases) {
    const Ran ran = rollbook(c.words);
    EXPECT_EQ(ran.exit, 2) << c.message;
    EXPECT_EQ(ran.err, c.message);
    EXPECT_EQ(ran.out, "") << c.message;
  }
  EXPECT_EQ(rollbook({}).exit, 2);
}

TEST(Program, ADryRunPrintsTheMessageAndSendsNothing) {
  const Ran ran = rollbook({"ROLLBOOK_ACTOR=maria", "rollback", "hal9", "--gradual", "--to", "5%",
                            "--over", "30m", "--reason", "smoke", "--dry-run"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out,
              HasSubstr(R"("data":{"rollout":"hal9","how":"gradual","to":0.05,"over":"30m",)"
                        R"("actor":"maria","reason":"smoke"}})"));
  EXPECT_THAT(rollbook({"pause", "hal9", "--dry-run"}).out, HasSubstr(R"("actor":"tester")"));
}

TEST(Config, ShowsValuesAndOrigins) {
  const Directory directory;
  const std::string file = directory.write("r.toml", "[kafka]\nbrokers = \"kafka-1:9092\"\n");
  const Ran ran = rollbook(
      {"ROLLBOOK_STORE_PATH=/data", "config", "--config", file, "--listen", "127.0.0.1:1"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  const auto line = [&](const std::string& key) {
    const std::size_t at = ran.out.find(key + " ");
    std::string text = ran.out.substr(at, ran.out.find('\n', at) - at);
    for (std::size_t i = 0; (i = text.find("  ")) != std::string::npos;) text.erase(i, 1);
    return text;
  };
  EXPECT_EQ(line("kafka.brokers"), "kafka.brokers kafka-1:9092 " + file + ":2:11");
  EXPECT_EQ(line("store.path"), "store.path /data ROLLBOOK_STORE_PATH");
  EXPECT_EQ(line("http.listen"), "http.listen 127.0.0.1:1 --listen");
  EXPECT_EQ(line("kafka.group"), "kafka.group rollbook default");
  EXPECT_THAT(rollbook({"config", "-o", "json"}).out,
              StartsWith(R"([{"key":"bus","value":"kafka","origin":"default"},)"));
}

TEST(Config, AnUnknownKeyIsAUsageError) {
  const Directory directory;
  const std::string file = directory.write("r.toml", "[kafka]\nbroker = \"x\"\n");
  const Ran ran = rollbook({"config", "--config", file});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_EQ(ran.err, "rollbook: " + file +
                         ":2:10: unknown key `kafka.broker`, did you mean `kafka.brokers`?\n");
}

}  // namespace
}  // namespace rollbook::tests
