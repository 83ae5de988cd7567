#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::EffectKind;
using core::Verb;

TEST(Rollout, GoesThroughItsStagesToSuccess) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  EXPECT_EQ(r.start(), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.weights(), "10% 50%");
}

TEST(Rollout, RollsBackOnAnErrorSpike) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  r.start();
  r.run_to("canary_50.hold");
  r.counter("err", {{"v", "new"}}, 20);
  const auto before = r.now();
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.weights(), "10% 50% 0%");
  EXPECT_LE(r.now() - before, 3min);
  EXPECT_EQ(r.effects(EffectKind::page).size(), 1U);
}

}  // namespace
}  // namespace rollbook::tests
