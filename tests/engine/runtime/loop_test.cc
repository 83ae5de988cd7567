// What the loop does with what comes back from the bus.

#include "engine/runtime/loop.h"

#include <gtest/gtest.h>

#include "tests/engine/shard_rig.h"

namespace rollbook::runtime::tests {
namespace {

TEST(Loop, RemembersTheLastMessageThatWasTooLarge) {
  ShardRig rig;
  EXPECT_FALSE(*Loop::last_too_large(rig.log));
  InputQueue queue(1 << 20);
  queue.push(TooLargeInput{"message `r1/3/ab`: too large", std::nullopt, "r1/3/ab"});
  queue.push(TooLargeInput{"message `r1/4/cd`: too large", std::nullopt, "r1/4/cd"});
  queue.close();
  Loop loop(*rig.shard, queue, {});
  const core::Time begun = loop.now();
  ASSERT_TRUE(loop.run());
  const auto last = Loop::last_too_large(rig.log);
  ASSERT_TRUE(last && *last);
  EXPECT_EQ((*last)->what, "message `r1/4/cd`: too large");
  EXPECT_GE((*last)->at, begun);
}

TEST(Loop, AnEffectThatDidNotGoOutIsNotSentAgain) {
  ShardRig rig;
  rig.delivers = false;
  rig.start("r1");
  for (const char* actor : {"ann", "bob"}) {
    core::Command confirm = rig.command(core::Verb::confirm);
    confirm.item = "Ready";
    confirm.role = "dev";
    confirm.actor = actor;
    rig.send(confirm);
  }
  ASSERT_EQ(rig.log.outbox()->size(), 1U);
  const OutboxRow row = rig.outbox.back();
  InputQueue queue(1 << 20);
  queue.push(TooLargeInput{"too large", OutboxKey{row.stream, row.sequence}, row.id});
  queue.close();
  ASSERT_TRUE(Loop(*rig.shard, queue, {}).run());
  const auto rows = rig.log.outbox();
  for (const OutboxRow& open : *rows) EXPECT_NE(open.id, row.id);
}

}  // namespace
}  // namespace rollbook::runtime::tests
