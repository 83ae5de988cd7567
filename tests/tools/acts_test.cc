// The verbs that act, over a file bus, with an engine that answers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/program.h"
#include "tests/tools/test_engine.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ActsTest : public testing::Test {
 protected:
  Ran run(std::vector<std::string> words) {
    words.insert(words.end(), {"--bus", "file:" + directory_.file("bus")});
    return rollbook(words);
  }
  Ran start() {
    return run({"start", directory_.write("shop.runbook", kShop), "--rollout", "shop-1", "--reason",
                "release 41", "-o", "id"});
  }

  Directory directory_;
  LiveEngine engine_{directory_.file("data"), directory_.file("bus")};
};

TEST_F(ActsTest, StartPrintsTheIdAndEveryActIsAnswered) {
  const Ran started = start();
  EXPECT_EQ(started.exit, 0) << started.err;
  EXPECT_EQ(started.out, "shop-1\n");

  const Ran paused = run({"pause", "shop-1", "--for", "2h", "--reason", "lunch"});
  EXPECT_EQ(paused.exit, 0) << paused.err;
  EXPECT_EQ(
      paused.err,
      "shop-1: paused for 2h; the guard still watches\nnext: rollbook resume shop-1 --bus file:" +
          directory_.file("bus") + "\n");
  EXPECT_EQ(run({"resume", "shop-1"}).exit, 0);

  const Ran again = run({"resume", "shop-1"});
  EXPECT_EQ(again.exit, 1);
  EXPECT_EQ(again.err, "rollbook: rejected as not_paused: rollout `shop-1` is not paused\n");

  EXPECT_EQ(run({"extend", "shop-1", "--by", "5m"}).exit, 0);
  const Ran promoted = run({"promote", "shop-1"});
  EXPECT_EQ(promoted.exit, 0);
  // It was said where the bus is, not where the log is.
  EXPECT_THAT(promoted.err, HasSubstr("\nnext: rollbook status shop-1 --data DIR\n"));

  const Ran back = run({"rollback", "shop-1", "--immediate", "--yes", "--reason", "smoke"});
  EXPECT_EQ(back.exit, 0) << back.err;
  EXPECT_THAT(back.err, StartsWith("shop-1: rolling back\n"));

  const Ran status = rollbook(
      {"status", "shop-1", "--data", directory_.file("data"), "--wait", "--timeout", "20s"});
  EXPECT_EQ(status.exit, 3) << status.out << status.err;
  EXPECT_THAT(status.out, HasSubstr("immediate rollback by tester: smoke"));

  const Ran late = run({"abort", "shop-1", "--yes"});
  EXPECT_EQ(late.exit, 1);
  EXPECT_THAT(late.err, StartsWith("rollbook: rejected as finished: "));
}

TEST_F(ActsTest, AnswersFindTheirQuestion) {
  EXPECT_EQ(start().exit, 0);
  EXPECT_EQ(run({"promote", "shop-1"}).exit, 0);  // to the review, which asks

  const Ran wrong = run({"confirm", "shop-1", "No complaint"});
  EXPECT_EQ(wrong.exit, 1);
  EXPECT_EQ(wrong.err, "rollbook: nobody asks \"No complaint\", did you mean `No complaints`?\n");
  const Ran role = run({"confirm", "shop-1", "--role", "ownr"});
  EXPECT_EQ(role.err, "rollbook: role `ownr` is not asked, did you mean `owner`?\n");

  const Ran no = run({"confirm", "shop-1", "--no", "--actor", "otto"});
  EXPECT_EQ(no.exit, 0) << no.err;
  EXPECT_THAT(no.err, StartsWith("shop-1: otto says no to \"No complaints\"\n"));

  const Ran option = run({"decide", "shop-1", "bcak", "--role", "lead"});
  EXPECT_EQ(option.err, "rollbook: option `bcak` is not offered, did you mean `back`?\n");
  const Ran which = run({"decide", "shop-1", "back"});
  EXPECT_EQ(which.exit, 2);
  EXPECT_EQ(which.err, "rollbook: --role is missing: asked are owner, lead\n");
  const Ran vote = run({"decide", "shop-1", "back", "--role", "lead"});
  EXPECT_EQ(vote.exit, 0) << vote.err;
  EXPECT_THAT(vote.err, StartsWith("shop-1: tester votes back\n"));
  EXPECT_EQ(rollbook({"status", "shop-1", "--data", directory_.file("data"), "--wait", "--timeout",
                      "20s"})
                .exit,
            3);
}

TEST_F(ActsTest, ARefusedStartSaysWhy) {
  EXPECT_EQ(start().exit, 0);
  const Ran twice = start();
  EXPECT_EQ(twice.exit, 1);
  EXPECT_THAT(twice.err, StartsWith("rollbook: rejected as exists: "));
  const std::string bad = directory_.write("bad.runbook", "edition 1\nrunbook x {\n");
  const Ran invalid = run({"start", bad});
  EXPECT_EQ(invalid.exit, 1);
  EXPECT_THAT(invalid.err, HasSubstr("bad.runbook: not valid, nothing was sent\n"));
  EXPECT_EQ(run({"start", bad, "--param", "x"}).err, "rollbook: --param `x` is not NAME=VALUE\n");
}

TEST_F(ActsTest, AnUnknownRolloutIsRejected) {
  const Ran ran = run({"abort", "nobody", "--yes"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, StartsWith("rollbook: rejected as unknown_rollout: "));
  EXPECT_THAT(run({"confirm", "nobody"}).err,
              StartsWith("rollbook: no rollout `nobody` on the topic `rollbook.events`"));
}

TEST(Acts, ABrokerThatIsNotThereIsUnreachable) {
  const Ran ran = rollbook({"abort", "shop-1", "--yes", "--brokers", "127.0.0.1:1"});
  EXPECT_EQ(ran.exit, 6);
  EXPECT_THAT(ran.err, StartsWith("rollbook: cannot reach 127.0.0.1:1: "));
}

}  // namespace
}  // namespace rollbook::tests
