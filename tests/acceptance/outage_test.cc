// The broker is killed and restarted in mid-stream: nothing is rolled back, lost or doubled, and
// the rollout goes on to its end. Starts a broker of its own.

#include <csignal>

#include "tests/acceptance/own_broker.h"
#include "tests/acceptance/world.h"

namespace rollbook::tests {
namespace {

using testing::IsEmpty;

constexpr const char* kRunbook = R"(edition 1
runbook outage {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  guard {
    stop errors / requests > 5% over 10s at least 20 requests
    stop absent(requests) for 4s
    otherwise rollback automatic
  }
  stage quarter { traffic 25%
    hold 4s }
  stage half { traffic 50%
    hold 4s }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

class Outage : public WithKafka {};

TEST_F(Outage, OfTheBrokerRollsNothingBackAndLosesNothing) {
  OwnBroker broker;
  const World world = World::kafka(broker.bootstrap());
  Outside outside(world);
  Child engine = world.engine("data");
  ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();
  outside.serve("shop");
  outside.command("start", {{"rollout", "shop-1"}, {"runbook", kRunbook}});
  for (int stage = 0; stage < 2; ++stage) {
    const std::size_t settled = static_cast<std::size_t>(stage) + 1;
    ASSERT_TRUE(outside.until([&] {
      return outside.events_of("shop-1", "effect_settled").size() >= settled;
    })) << "stage "
        << stage;
    broker.kill();
    // Longer than silence is allowed for; what is said meanwhile waits at the sender.
    outside.command("pause", {{"rollout", "shop-1"}});
    outside.command("resume", {{"rollout", "shop-1"}});
    outside.run_for(5s);
    EXPECT_TRUE(engine.running()) << engine.err();
    broker.start();
    ASSERT_TRUE(outside.until([&] { return outside.under_way() == 0; }));
  }
  ASSERT_TRUE(outside.until([&] { return outside.finished("shop-1") != ""; }));
  EXPECT_EQ(outside.finished("shop-1"), "succeeded");
  ASSERT_TRUE(outside.until([&] { return outside.answers().size() >= outside.commands().size(); }));
  engine.signal(SIGTERM);
  EXPECT_EQ(engine.wait(), 0) << engine.err();
  outside.run_for(300ms);  // what it sent on its way out

  for (const auto& [id, payload] : outside.commands()) {
    EXPECT_EQ(outside.answers().count(id), 1U) << payload;
  }
  EXPECT_THAT(outside.contradictions(), IsEmpty());
  EXPECT_THAT(outside.letters(), IsEmpty());
  for (const Seen& effect : outside.effects()) {
    EXPECT_FALSE(effect.json["data"].value("rollback", false)) << effect.payload;
  }
  const Counted points = counted(world, "data", outside, "shop-1", "shop");
  EXPECT_GT(points.sent, 0);
  EXPECT_EQ(points.logged, points.sent);
  EXPECT_EQ(points.left_out, 0);
  const Ran replay = world.run({"replay", world.data("data"), "--verify"});
  EXPECT_EQ(replay.exit, 0) << replay.out << replay.err;
}

}  // namespace
}  // namespace rollbook::tests
