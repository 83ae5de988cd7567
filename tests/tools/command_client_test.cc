// What the program hears of its own command: over a file bus that already holds the answer.

#include "tools/command_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/tools/program.h"

namespace rollbook::tools {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class CommandClientTest : public testing::Test {
 protected:
  void SetUp() override {
    config_.bus = "file:" + directory_.path();
    config_.topics.commands = "commands";
    config_.topics.events = "events";
    directory_.write("commands.jsonl", "");
    tell("started", "older");
    auto client = CommandClient::connect(config_);
    ASSERT_TRUE(client) << client.error().message;
    client_ = std::move(*client);
  }

  // An event on the topic; `command` is the one that it answers.
  void tell(const std::string& type, const std::string& rollout, const std::string& command = "") {
    std::ofstream events(directory_.file("events.jsonl"), std::ios::app);
    events << R"({"type":"dev.rollbook.)" << type << R"(","data":{"rollout":")" << rollout
           << R"(","command":")" << command << R"(","command_source":"test"}})" << std::endl;
  }
  core::Command start() const {
    core::Command command;
    command.key = {"test", "c-1"};
    command.verb = core::Verb::start;
    command.rollout = "r1";
    return command;
  }
  // "asked r1" of each event that comes, up to one of this type.
  std::vector<std::string> follow_to(const std::string& type) {
    std::vector<std::string> seen;
    const auto found = client_->follow(10s, [&](const SeenEvent& event) {
      seen.push_back(event.type + " " + event.rollout);
      return event.type != type;
    });
    EXPECT_TRUE(found && *found);
    return seen;
  }

  rollbook::tests::Directory directory_;
  adapters::Config config_;
  std::unique_ptr<CommandClient> client_;
};

TEST_F(CommandClientTest, GivesWhatCameWithTheAnswerToWhoeverFollows) {
  tell("paused", "other");
  tell("commanded", "r1", "c-1");
  tell("transitioned", "r1");
  tell("asked", "r1");
  tell("rollout_finished", "r1");
  const auto answer = client_->send(start(), 10s);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->accepted);
  EXPECT_THAT(follow_to("asked"), ElementsAre("transitioned r1", "asked r1"));
  tell("paused", "other");
  EXPECT_THAT(follow_to("paused"), ElementsAre("rollout_finished r1", "paused other"));
}

TEST_F(CommandClientTest, FindsAnAnswerThatCameWithAnEarlierOne) {
  tell("commanded", "r1", "c-1");
  tell("rejected", "r1", "c-2");
  ASSERT_TRUE(client_->send(start(), 10s));
  core::Command again = start();
  again.key.id = "c-2";
  const auto answer = client_->send(again, 10s);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->accepted);
}

}  // namespace
}  // namespace rollbook::tools
