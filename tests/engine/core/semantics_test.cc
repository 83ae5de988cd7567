// What began under an earlier build goes on as it began, and is recomputed as it was decided.

#include "engine/core/semantics.h"

#include <gtest/gtest.h>

#include "tests/engine/stage_machine.h"

namespace rollbook::core::tests {
namespace {

TEST(Semantics, WhatBeginsHasTheNewest) {
  Drive drive;
  drive.begin();
  EXPECT_EQ(drive.state.semantics, kSemantics);
  EXPECT_EQ(drive.last<RolloutStarted>().semantics, kSemantics);
}

TEST(Semantics, OfTheFirstOnePersonExtendsWhatSeveralDecide) {
  Drive drive;
  drive.semantics = 1;
  drive.to("canary.review");
  drive.confirm("No complaints", "ops", "bob", false);
  ASSERT_EQ(drive.name(), "canary.decide");
  EXPECT_EQ(drive.last<Transitioned>().because, "not met");
  Command extend = drive.command(Verb::extend);
  extend.duration = 1h;
  EXPECT_EQ(drive.obey(extend), "");
  EXPECT_EQ(drive.name(), "canary.hold");
}

TEST(Semantics, OfTheFirstAnExitSaysWhatLedIn) {
  Drive drive;
  drive.semantics = 1;
  drive.to("canary.hold");
  const std::string led_in = drive.state.because;
  drive.now += 1s;
  drive.traffic(6000, 600);
  ASSERT_EQ(drive.name(), "rollback");
  EXPECT_EQ(drive.requested(EffectKind::report).back().cause_text, led_in);
  EXPECT_FALSE(drive.requested(EffectKind::report).back().criterion.valid());
}

}  // namespace
}  // namespace rollbook::core::tests
