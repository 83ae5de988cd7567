// `after runbook X` over a shard's life: refused and taken by what the log says, also after a
// restart.

#include <gtest/gtest.h>

#include "tests/engine/shard_rig.h"

namespace rollbook::runtime::tests {
namespace {

using core::Verb;
using namespace std::chrono_literals;

// Starts a rollout of the runbook that follows `shop_canary`; the reason of the refusal, or "".
std::string start_next(ShardRig& rig, const std::string& rollout) {
  CommandInput input;
  input.command = rig.command(Verb::start, rollout);
  input.command.weight = core::kNoTraffic;  // whatever the canary left behind
  input.compiled = rig.compiled();
  Plan& plan = *input.compiled->plan;
  plan.digest = std::string(63, 'a') + "3";
  plan.machine.name = "shop_next";
  plan.machine.after = {"shop_canary"};
  const std::size_t before = rig.events.size();
  rig.shard->command(input, rig.now);
  rig.commit();
  for (std::size_t i = before; i < rig.events.size(); ++i) {
    const auto* rejected = std::get_if<core::Rejected>(&rig.events[i].body);
    if (rejected != nullptr) return rejected->reason;
  }
  return "";
}

void succeed(ShardRig& rig, const std::string& rollout) {
  rig.to_hold(rollout);
  for (int minute = 0; minute < 62; ++minute) {
    rig.pass(1min);
    rig.traffic(6000, 6);
  }
  rig.settle_all();  // the run of the stage
  core::Command confirm = rig.command(Verb::confirm, rollout);
  confirm.item = "No complaints";
  confirm.role = "ops";
  confirm.actor = "bob";
  ASSERT_EQ(rig.send(confirm), "");
  ASSERT_EQ(rig.shard->state().services.at("shop").active, "");
}

TEST(ShardOrder, AStartWaitsForTheRunbookBeforeItToHaveSucceeded) {
  ShardRig rig;
  EXPECT_EQ(start_next(rig, "n1"), "after");  // there was none
  ASSERT_EQ(rig.start("r1"), "");
  EXPECT_EQ(start_next(rig, "n1"), "busy");
  ASSERT_EQ(rig.send(rig.command(Verb::abort, "r1")), "");
  EXPECT_EQ(start_next(rig, "n1"), "after");  // it was aborted
  rig.recover();
  EXPECT_EQ(start_next(rig, "n1"), "after");
  ASSERT_EQ(rig.start("r2"), "");
  succeed(rig, "r2");
  rig.recover();
  EXPECT_EQ(start_next(rig, "n1"), "");
  EXPECT_EQ(rig.shard->state().services.at("shop").active, "n1");
}

}  // namespace
}  // namespace rollbook::runtime::tests
