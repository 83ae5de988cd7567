// What is one target's own stays apart where targets meet other parts: kinds of errors, and what a
// guard sees in another target.

#include <gtest/gtest.h>

#include "tests/scenarios/regions.h"

namespace rollbook::tests {
namespace {

using core::EffectKind;

// ---- Kinds of errors ------------------------------------------------------------------------

const std::string kKinds = text_of(Regions{.errors = "counter err by type default 0",
                                           .eu = "stop new(errors by type) at least 5 over 5m\n",
                                           .us = "stop new(errors by type) at least 5 over 5m\n"});

Labels of_kind(const std::string& region, const std::string& arm, const std::string& type) {
  Labels labels = in(region, arm);
  labels.emplace_back("type", type);
  return labels;
}

// All four count their errors from the start on: what is added later is a rise.
void count_kind(Rehearsal& r, const std::string& type) {
  for (const char* region : {"eu", "us"}) {
    for (const char* arm : {"old", "new"}) r.counter("err", of_kind(region, arm, type), 0);
  }
}

TEST(KindsOfTargets, AreCountedWhereTheyAreShown) {
  Rehearsal r(kKinds);
  count_kind(r, "oom");
  run_to_both(r);
  r.add("err", of_kind("eu", "new", "oom"), 7);
  r.run_for(5min);
  EXPECT_EQ(settled(r), "eu 0% back, us 20%");
  EXPECT_EQ(r.verdicts("guard[3].stop[1]"), "pass");
}

TEST(KindsOfTargets, AreNewWhereOnlyTheBaselineOfAnotherHasShownThem) {
  Rehearsal r(kKinds);
  count_kind(r, "oom");
  run_to_both(r);
  r.add("err", of_kind("eu", "old", "oom"), 7);
  r.run_for(1min);
  r.add("err", of_kind("us", "new", "oom"), 7);
  r.run_for(1min);
  EXPECT_EQ(settled(r), "eu 20%, us 0% back");
}

TEST(KindsOfTargets, AreThoseSinceItsOwnFirstShift) {
  Rehearsal r(kKinds);
  count_kind(r, "oom");
  both_regions_healthy(r);
  r.start();
  r.run_to("both.shift2");
  canary_comes(r, "us");
  r.add("err", of_kind("us", "new", "oom"), 7);  // risen since a scrape before the shift
  r.add("err", of_kind("us", "old", "oom"), 1);
  r.run_to("both.hold");
  r.run_for(10min);
  EXPECT_EQ(settled(r), "eu 20%, us 20%");
  r.add("err", of_kind("us", "new", "oom"), 7);
  r.run_for(1min);
  EXPECT_EQ(settled(r), "eu 20%, us 0% back");
}

// ---- What a guard sees in another target ------------------------------------------------------

TEST(GuardsOfTargets, WhatOneSeesInAnotherTargetBringsItsOwnBackOnce) {
  Rehearsal r(text_of(
      Regions{.eu = "stop us.error_rate > 1% over 5m\n", .us = "stop error_rate > 10% over 5m\n"}));
  run_to_both(r);
  r.counter("err", in("us", "new"), 5);
  r.run_to("rollback.end");
  r.run_for(30min);
  EXPECT_EQ(shifts(r), "eu 10%, eu 20%, us 20%, eu 0%");
  EXPECT_EQ(settled(r), "eu 0% back, us 20%");
  EXPECT_EQ(r.effects(EffectKind::page).size(), 2U);  // the rollback's, and that it has halted
}

}  // namespace
}  // namespace rollbook::tests
