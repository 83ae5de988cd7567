// list, status, log, show, replay: what the log says, with and without a running engine.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "adapters/wire/text.h"
#include "tests/tools/program.h"
#include "tests/tools/test_engine.h"

namespace rollbook::tests {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

core::Command start(const std::string& rollout) {
  core::Command command;
  command.verb = core::Verb::start;
  command.rollout = rollout;
  command.actor = "maria";
  command.runbook = kShop;
  command.file = "shop.runbook";
  return command;
}

// One log for all: a rollout that was rolled back, and one that waits for people.
class ReadingTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new Directory;
    TestEngine engine(data());
    engine.now = *adapters::parse_time("2026-01-05T10:00:00Z");
    engine.command(start("shop-1"));
    engine.run_for(20s);
    engine.run_for(15s, 20);  // 40 % errors
    engine.run_for(5s);
    engine.command(start("shop-2"));
    engine.run_for(90s);
    core::Command pause;
    pause.verb = core::Verb::promote;  // too late: the hold is over
    pause.rollout = "shop-2";
    pause.actor = "otto";
    engine.command(pause);
    engine.command(start("shop-1"));  // there is one
    engine.command(start("shop-3"));  // the service is busy
  }
  static void TearDownTestSuite() { delete directory_; }

  static std::string data() { return directory_->path() + "/data"; }
  static Ran run(std::vector<std::string> words) {
    words.insert(words.end(), {"--data", data()});
    return rollbook(words);
  }

  static Directory* directory_;
};
Directory* ReadingTest::directory_ = nullptr;

TEST_F(ReadingTest, ListShowsAllRollouts) {
  const Ran table = run({"list"});
  EXPECT_EQ(table.exit, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("ROLLOUT  SERVICE  STARTED"));
  EXPECT_THAT(table.out, HasSubstr("shop-1   shop     2026-01-05T10:00:00Z"));
  EXPECT_THAT(table.out, HasSubstr("rolled back\n"));
  EXPECT_THAT(table.out, HasSubstr("waiting for people, no engine runs it\n"));
  EXPECT_THAT(run({"list", "--active"}).out, AllOf(HasSubstr("shop-2"), Not(HasSubstr("shop-1"))));
  EXPECT_THAT(run({"list", "-o", "json"}).out, StartsWith(R"([{"rollout":"shop-1",)"));
  EXPECT_THAT(run({"list", "-o", "jsonl"}).out, HasSubstr("}\n{\"rollout\":\"shop-2\","));
}

TEST_F(ReadingTest, StatusSaysWhereItStandsAndWhoIsAsked) {
  const Ran ran = run({"status"});  // the only active one
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, StartsWith("shop-2  ✗ waiting for people, no engine runs it\n"));
  EXPECT_THAT(ran.out, HasSubstr("half, stage 1 of 1, review"));
  EXPECT_THAT(ran.out, HasSubstr("50% settled"));
  EXPECT_THAT(ran.out, HasSubstr("rollbook confirm shop-2 \"No complaints\" --role owner\n"));
  EXPECT_THAT(ran.out, Not(HasSubstr("\x1b")));
  const Ran json = run({"status", "shop-2", "-o", "json"});
  EXPECT_THAT(
      json.out,
      HasSubstr(
          R"("phase":"review","step":"half.review.gate","outcome":null,"stage":{"name":"half")"));
}

TEST(StatusWithoutAnEngine, SaysSoAndCountsNothingOn) {
  const Directory directory;
  const std::string data = directory.file("data");
  const auto status = [&](const std::string& output) {
    const Ran ran = rollbook({"status", "--data", data, "-o", output});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return ran.out;
  };
  {
    TestEngine engine(data);
    engine.now = *adapters::parse_time("2026-01-05T10:00:00Z");
    engine.command(start("shop-1"));
    engine.run_for(20s);
    EXPECT_THAT(status("text"), StartsWith("shop-1  ✓ running\n"));
    EXPECT_THAT(status("json"), HasSubstr(R"("sight":"live")"));
  }
  EXPECT_THAT(status("text"), AllOf(StartsWith("shop-1  ✗ no engine runs it\n"),
                                    HasSubstr("20s done, 40s left (stands still: no engine"),
                                    HasSubstr("engine    none since 2026-01-05T10:00:"),
                                    Not(HasSubstr("1m done"))));
  EXPECT_THAT(status("json"),
              AllOf(HasSubstr(R"("sight":"no_engine")"), HasSubstr(R"("running":false)")));
}

TEST_F(ReadingTest, WaitingForTheEndHasExitCodesForScripts) {
  EXPECT_EQ(run({"status", "shop-1", "--wait"}).exit, 3);
  const Ran waiting = run({"status", "shop-2", "--wait", "--timeout", "300ms"});
  EXPECT_EQ(waiting.exit, 4) << waiting.err;
  EXPECT_THAT(waiting.err, AllOf(HasSubstr("`shop-2` has not ended within 300ms"),
                                 HasSubstr("no engine runs `shop-2` now")));
}

TEST_F(ReadingTest, AnUnknownRolloutIsNamedWithTheNearest) {
  const Ran ran = run({"status", "shop-3"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, StartsWith("rollbook: no rollout `shop-3`, did you mean `shop-"));
  EXPECT_EQ(run({"status", "xyzzy"}).err,
            "rollbook: no rollout `xyzzy`; `rollbook list` shows all\n");
}

TEST_F(ReadingTest, TheLogTellsTheRollbackWithItsReason) {
  const Ran ran = run({"log", "shop-1"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("• started shop_canary for shop at 0% by maria\n"));
  EXPECT_THAT(ran.out, HasSubstr("✓ half: shift to 50% settled\n"));
  EXPECT_THAT(ran.out, HasSubstr("✗ rolled back at 0%: errors / requests > 5% over 10s"));
  EXPECT_THAT(ran.out, HasSubstr(", shop.runbook:9:"));
  EXPECT_THAT(ran.out, Not(HasSubstr("looked at")));
  EXPECT_THAT(run({"log", "shop-1", "--all"}).out, HasSubstr("looked at"));
  const Ran typed = run({"log", "shop-1", "--type", "rollout_finished", "-o", "jsonl"});
  EXPECT_THAT(typed.out, StartsWith(R"({"rollout":"shop-1","sequence":)"));
  EXPECT_EQ(std::count(typed.out.begin(), typed.out.end(), '\n'), 1);
  EXPECT_EQ(run({"log", "shop-1", "--since", "2026-01-06T00:00:00Z"}).out, "");
  EXPECT_EQ(run({"log", "shop-1", "-f"}).exit, 0);  // it has ended, so following ends
}

TEST_F(ReadingTest, TheLogTellsWhatNoRolloutWasAskedAbout) {
  const Ran all = run({"log", "--refused"});
  EXPECT_EQ(all.exit, 0) << all.err;
  EXPECT_THAT(all.out, AllOf(HasSubstr("  ✗ rejected start of shop-1 by maria as exists: "),
                             HasSubstr("  ✗ rejected start of shop-3 by maria as busy: ")));
  EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 2);
  const Ran one = run({"log", "shop-3", "--refused", "-o", "jsonl"});
  EXPECT_THAT(one.out, StartsWith(R"({"rollout":"shop-3","shard_sequence":2,"time":")"));
  EXPECT_EQ(std::count(one.out.begin(), one.out.end(), '\n'), 1);
  EXPECT_EQ(run({"log", "shop-3"}).err,
            "rollbook: no rollout `shop-3`; what was refused under that name: "
            "rollbook log shop-3 --refused --data " +
                data() + "\n");
  EXPECT_EQ(run({"log", "--refused", "--since", "2026-01-06T00:00:00Z"}).out, "");
}

TEST_F(ReadingTest, ShowGoesBackInTime) {
  const Ran first = run({"show", "shop-1", "--at", "1", "-o", "json"});
  EXPECT_THAT(first.out, HasSubstr(R"("state":"")"));
  const Ran early = run({"show", "shop-1", "--at", "2026-01-05T10:00:10Z"});
  EXPECT_EQ(early.exit, 0) << early.err;
  EXPECT_THAT(early.out, StartsWith("as of 2026-01-05T10:00:10Z, event "));
  EXPECT_THAT(early.out, HasSubstr("half, stage 1 of 1, hold, 10s done, 50s left\n"));
  EXPECT_THAT(run({"show", "shop-1", "-o", "json"}).out, HasSubstr(R"("outcome":"rolled_back")"));
  const Ran before = run({"show", "shop-1", "--at", "2026-01-05T09:00:00Z"});
  EXPECT_EQ(before.exit, 1);
  EXPECT_EQ(before.err, "rollbook: the rollout had not begun at that moment\n");
}

TEST_F(ReadingTest, ReplayRecomputesEveryDecision) {
  const Ran summary = rollbook({"replay", data()});
  EXPECT_EQ(summary.exit, 0) << summary.err;
  EXPECT_THAT(summary.out, HasSubstr("shop-1: "));
  EXPECT_THAT(summary.out, HasSubstr(" events, rolled_back at 0%, state "));
  const Ran verified = rollbook({"replay", data(), "--verify"});
  EXPECT_EQ(verified.exit, 0) << verified.out << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("sound"));
  EXPECT_THAT(verified.out, HasSubstr("every decision recomputed: "));
  const Ran events = rollbook({"replay", data(), "shop-1", "-o", "jsonl"});
  EXPECT_THAT(events.out, HasSubstr(R"("type":"observed")"));
}

TEST_F(ReadingTest, WithoutALogTheExitCodeSaysSo) {
  const Ran ran = rollbook({"list", "--data", directory_->file("nowhere")});
  EXPECT_EQ(ran.exit, 6);
  EXPECT_EQ(ran.err, "rollbook: " + directory_->file("nowhere") +
                         ": no log there; --data names the engine's directory\n");
  const Directory empty;
  EXPECT_EQ(rollbook({"list", "--data", empty.path()}).exit, 6);
}

}  // namespace
}  // namespace rollbook::tests
