// Two engines at once: only one may run on a directory, and only one on a set of topics.

#include <csignal>

#include "tests/acceptance/world.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;

void expect_only_one(const World& world, const std::string& second_data,
                     const std::string& message) {
  Outside outside(world);
  Child first = world.engine("data");
  ASSERT_TRUE(first.says("rollbook engine ready")) << first.err();
  // The first one has waited for an answer to its own claim, and runs rollouts from then on.
  outside.serve("shop");
  outside.command("start", {{"rollout", "shop-1"}, {"runbook", minimal_runbook("shop")}});
  ASSERT_TRUE(
      outside.until([&] { return !outside.events_of("shop-1", "effect_settled").empty(); }));

  Child second = world.engine(second_data);
  ASSERT_TRUE(outside.until([&] { return !second.running(); })) << "two engines run";
  EXPECT_EQ(second.wait(), 6);
  EXPECT_THAT(second.err(), HasSubstr(message));

  EXPECT_TRUE(first.running());
  const std::string pause = outside.command("pause", {{"rollout", "shop-1"}});
  ASSERT_TRUE(outside.until([&] { return outside.answers().contains(pause); }));
  EXPECT_EQ(outside.answers().find(pause)->second["type"], "commanded");
  EXPECT_EQ(outside.events_of("shop-1", "rollout_started").size(), 1U);
  first.signal(SIGTERM);
  EXPECT_EQ(first.wait(), 0) << first.err();
}

TEST(TwoEngines, InOneDirectoryTheSecondEnds) {
  expect_only_one(World::files(), "data", "another engine");
}

TEST(TwoEngines, OnTheSameTopicsTheNewcomerEnds) {
  const World world = World::files();
  expect_only_one(world, "other",
                  "another engine runs on the topic `" + world.topics().commands + "`");
}

class TwoEnginesOnKafka : public WithKafka {};
TEST_F(TwoEnginesOnKafka, OnTheSameTopicsTheNewcomerEnds) {
  const World world = World::kafka(bootstrap());
  expect_only_one(world, "other",
                  "another engine runs on the topic `" + world.topics().commands + "`");
}

}  // namespace
}  // namespace rollbook::tests
