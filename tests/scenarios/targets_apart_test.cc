// What is one target's own stays apart where targets meet other parts: kinds of errors, a veto of
// the baseline, shifts that have not gone out yet.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/scenarios/regions.h"

namespace rollbook::tests {
namespace {

using core::EffectKind;
using core::EffectRequested;
using core::RollbackHow;

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

// ---- A cause that both arms share -------------------------------------------------------------

// No baseline is left in the eu; the us has one.
std::string vetoed(const std::string& stop) {
  return text_of(Regions{.eu = "stop error_rate > 50% over 5m\n",
                         .us = stop + " when baseline fails too halt\n",
                         .stages = "stage both {\n traffic eu 100%\n traffic us 20%\n hold 6h\n}\n",
                         .success = "finish traffic eu 100%\nfinish traffic us 20%\n"});
}

void expect_halted(const Rehearsal& r) {
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(settled(r), "eu 100%, us 20%");
  EXPECT_EQ(r.state(), "both.hold.wait");
}

TEST(VetoOfTargets, ASilenceOfBothArmsHaltsThoughAnotherTargetHasNoBaselineLeft) {
  Rehearsal r(vetoed("stop absent(requests) for 4m"));
  run_to_both(r);
  for (const char* arm : {"old", "new"}) r.silence("req", in("us", arm));
  r.run_for(10min);
  expect_halted(r);
}

TEST(VetoOfTargets, ABaselineThatIsHeardLaterIsWaitedForThoughAnotherTargetHasNone) {
  Rehearsal r(vetoed("stop error_rate > 1% over 1m"));
  run_to_both(r);
  for (const char* series : {"req", "err"}) r.lag(series, in("us", "old"), 6s);
  for (const char* arm : {"old", "new"}) r.counter("err", in("us", arm), 20);
  r.run_for(10min);
  expect_halted(r);
}

// ---- Shifts that have not gone out yet --------------------------------------------------------

const std::string kThreeSteps =
    text_of(Regions{.stages = "stage first {\n traffic eu 10%\n hold 1h\n}\n"
                              "stage both {\n traffic us 20%\n hold 1h\n}\n"
                              "stage more {\n traffic eu 20%\n hold 1h\n}\n"});

// Both have traffic, and more was asked for in the eu; nobody has heard of it.
void ask_for_more(Rehearsal& r, std::vector<std::string>& heard) {
  both_regions_healthy(r);
  canary_comes(r, "us");
  r.start();
  r.run_to("both.hold");
  r.run_for(10min);
  r.settles = [&](const EffectRequested& effect) {
    if (effect.kind == EffectKind::traffic) {
      heard.push_back(r.machine().at(effect.target).name + " " +
                      core::percent_text(core::Fixed{effect.to.nanos}));
    }
    return Rehearsal::Settlement{};
  };
  r.delivers = false;
  r.run_to("more.shift");
  ASSERT_EQ(shifts(r), "eu 10%, us 20%, eu 20%");
}

TEST(UndeliveredOfTargets, AShiftOfAnotherThanIsRolledBackGoesOut) {
  std::vector<std::string> heard;
  Rehearsal r(kThreeSteps);
  ask_for_more(r, heard);
  ASSERT_EQ(roll_back(r, "us", RollbackHow::immediate), "");
  r.delivers = true;
  r.run_for(10min);
  EXPECT_EQ(heard, (std::vector<std::string>{"eu 20%", "us 0%"}));
  EXPECT_EQ(settled(r), "eu 20%, us 0% back");
}

TEST(UndeliveredOfTargets, AShiftOfTheOneThatIsRolledBackDoesNot) {
  for (const char* target : {"eu", ""}) {
    std::vector<std::string> heard;
    Rehearsal r(kThreeSteps);
    ask_for_more(r, heard);
    ASSERT_EQ(roll_back(r, target, RollbackHow::immediate), "");
    r.delivers = true;
    r.run_for(10min);
    ASSERT_FALSE(heard.empty());
    EXPECT_EQ(heard.front(), "eu 0%");
    EXPECT_EQ(std::count(heard.begin(), heard.end(), "eu 20%"), 0);
  }
}

// Lowered to a weight that is not its last, the target is not back.
TEST(UndeliveredOfTargets, NorDoesOneOfATargetThatIsLoweredInPart) {
  std::vector<std::string> heard;
  Rehearsal r(kThreeSteps);
  ask_for_more(r, heard);
  ASSERT_EQ(roll_back(r, "eu", RollbackHow::immediate, core::Weight{50'000'000}), "");
  r.delivers = true;
  r.run_for(10min);
  EXPECT_EQ(heard, (std::vector<std::string>{"eu 5%"}));
  EXPECT_EQ(settled(r), "eu 5%, us 20%");
}

// The order comes in the very turn in which the shift was asked for.
TEST(UndeliveredOfTargets, WithinOneTurnAShiftOfAnotherGoesOutToo) {
  Rehearsal r(kThreeSteps);
  both_regions_healthy(r);
  canary_comes(r, "us");
  r.start();
  r.run_to("both.hold");
  r.run_for(10min);
  runtime::CommandInput promote;
  promote.command.key = {"test", "promote"};
  promote.command.verb = core::Verb::promote;
  promote.command.rollout = r.rollout_id;
  promote.command.sent = r.now();
  r.shard().command(promote, r.now());
  ASSERT_EQ(roll_back(r, "us", RollbackHow::immediate), "");
  ASSERT_EQ(shifts(r), "eu 10%, us 20%, eu 20%, us 0%");
  r.run_for(10min);
  EXPECT_EQ(settled(r), "eu 20%, us 0% back");
}

}  // namespace
}  // namespace rollbook::tests
