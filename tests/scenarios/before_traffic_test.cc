// Rollouts that are stopped before their first shift: what ends `aborted`, and what is owed a
// rollback all the same.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::EffectKind;
using core::Verb;

const Labels kNew{{"v", "new"}};

// A guard that is armed from the start, over both arms together: before the first shift the canary
// has no requests.
struct Early {
  std::string head = "";
  std::string shadow = "stage shadow {\n hold 1h\n}\n";
  std::string canary = "stage canary {\n traffic 20%\n hold 1h\n}\n";
  std::string back = "traffic 0%\n page oncall \"Rolled back: {cause}\"\n";
  std::string finish = "finish traffic 20%\n";
};
std::string text_of(const Early& early) {
  return R"(edition 1
runbook shop {
  service "shop"
  arms by label "v": baseline "old", canary "new"
  role ops
  metric requests = counter req
  metric errors = counter err default 0
  channel oncall = pagerduty("shop")
  action copy(what: text)
  action drop(what: text)
)" + early.head +
         R"(
  require {
    confirm "Go" by ops
    within 48h otherwise end
  }
  setup { run copy(what: "config") within 10m }
  guard always {
    stop total.errors / total.requests > 1% over 5m
    otherwise rollback back
  }
)" + early.shadow +
         early.canary + "rollback back {\n" + early.back + "}\n" + early.finish + "}\n";
}

void serve(Rehearsal& r) {
  const Labels old{{"v", "old"}};
  r.counter("req", old, 80);
  r.counter("err", old, 0);
  r.counter("req", kNew, 20);
  r.counter("err", kNew, 0);
}

// Errors from now on, until the end.
void break_it(Rehearsal& r) {
  r.counter("err", kNew, 10);
  r.run_to_end();
}

// Where it stands when it breaks, and the outcome, the shifts and the runs that come of it.
struct Case {
  std::string at;
  std::string outcome;
  std::string weights;
  std::size_t runs = 0;
};
void expect_each(const Early& early, const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    Rehearsal r(text_of(early));
    serve(r);
    r.settles = [&](const core::EffectRequested& effect) {
      const bool hangs = each.at == "setup.1" && effect.name == "copy";
      return Rehearsal::Settlement{.after = hangs ? core::Duration(9min) : 200ms};
    };
    r.start();
    r.run_for(5min);
    if (each.at != "preflight.gate") {
      EXPECT_EQ(r.confirm("Go", "ops", "ann"), "");
    }
    r.run_to(each.at);
    break_it(r);
    EXPECT_EQ(r.state(), each.outcome) << each.at;
    EXPECT_EQ(r.weights(), each.weights) << each.at;
    EXPECT_EQ(r.effects(EffectKind::run).size(), each.runs) << each.at;
    ASSERT_EQ(r.effects(EffectKind::page).size(), 1U) << each.at;
    const std::string told = r.effects(EffectKind::page)[0].text;
    EXPECT_EQ(told.rfind("Rolled back: total.errors / total.requests > 1%", 0), 0U) << told;
  }
}

TEST(NothingShifted, AStopEndsTheRolloutUntilTheFirstShiftAndRollsBackFromThereOn) {
  expect_each({}, {{"preflight.gate", "aborted", "", 0},
                   {"setup.1", "aborted", "", 1},
                   {"shadow.hold", "aborted", "", 1},
                   {"canary.hold", "rolled_back", "20% 0%", 1}});
}

TEST(NothingShifted, TheGoodDayGoesOnToItsEnd) {
  Rehearsal r(text_of(Early{}));
  r.agreeable = true;
  serve(r);
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.weights(), "20%");
}

TEST(NothingShifted, ItEndsForTheReasonThatStoppedIt) {
  Rehearsal r(text_of(Early{}));
  serve(r);
  r.start();
  r.run_for(10min);
  break_it(r);
  const auto& finished = std::get<core::RolloutFinished>(r.events().back().body);
  EXPECT_EQ(finished.outcome, core::Outcome::aborted);
  EXPECT_EQ(finished.because.rfind("total.errors / total.requests > 1% over 5m: ", 0), 0U)
      << finished.because;
  EXPECT_EQ(finished.weight, core::kNoTraffic);
}

// A stage that is to be undone is owed its undo, shifted or not; and one that ran something is owed
// the runs of the rollback.
TEST(NothingShifted, WhatAStageHasToUndoIsUndone) {
  Early early;
  early.shadow =
      "stage shadow {\n run copy(what: \"rows\") within 10m\n hold 1h\n"
      " undo { run drop(what: \"rows\") within 10m }\n}\n";
  expect_each(early, {{"setup.1", "aborted", "", 1}, {"shadow.hold", "rolled_back", "0%", 3}});
}

TEST(NothingShifted, WhatAStageHasRunIsTakenBackByTheRunsOfTheRollback) {
  Early early;
  early.shadow = "stage shadow {\n run copy(what: \"rows\") within 10m\n hold 1h\n}\n";
  expect_each(early, {{"shadow.hold", "aborted", "", 2}});
  early.back += "run drop(what: \"rows\") within 10m\n";
  expect_each(early, {{"setup.1", "aborted", "", 1}, {"shadow.hold", "rolled_back", "0%", 3}});
}

// The canary has had traffic before the rollout began: that goes.
TEST(NothingShifted, TrafficOfBeforeTheRolloutIsTrafficToo) {
  Early early;
  early.head = "begins traffic 10%\n";
  early.shadow = "";
  for (const bool stays : {false, true}) {
    if (stays) early.back = "traffic 10%\n page oncall \"Rolled back: {cause}\"\n";
    Rehearsal r(text_of(early));
    serve(r);
    core::Command start;
    start.verb = Verb::start;
    start.rollout = r.rollout_id;
    start.actor = "maria";
    start.weight = core::Weight{100'000'000};
    EXPECT_EQ(r.start(start), "");
    r.run_for(5min);
    break_it(r);
    EXPECT_EQ(r.state(), stays ? "aborted" : "rolled_back");
    EXPECT_EQ(r.weights(), stays ? "" : "0%");
  }
}

TEST(NothingShifted, TheFirstShiftOfAnyTargetCounts) {
  Early early;
  early.head = "target eu where region = \"eu\"\n  target us where region = \"us\"\n";
  early.canary =
      "stage canary {\n traffic us 20%\n hold 1h\n}\n"
      "stage both {\n traffic eu 20%\n hold 1h\n}\n";
  early.back = "traffic eu 0%\n traffic us 0%\n page oncall \"Rolled back: {cause}\"\n";
  early.finish = "finish traffic eu 20%\n finish traffic us 20%\n";
  expect_each(early, {{"setup.1", "aborted", "", 1},
                      {"shadow.hold", "aborted", "", 1},
                      {"canary.hold", "rolled_back", "20% 0% 0%", 1},
                      {"both.hold", "rolled_back", "20% 20% 0% 0%", 1}});
}

// A ramp shifts from its first step on.
TEST(NothingShifted, ARampIsAShift) {
  Early early;
  early.canary = "stage canary {\n ramp traffic to 20% over 10m every 1m\n hold 1h\n}\n";
  expect_each(early,
              {{"shadow.hold", "aborted", "", 1}, {"canary.ramp", "rolled_back", "2% 0%", 1}});
}

// A shift that was asked for counts, whatever became of it.
TEST(NothingShifted, AShiftThatFailedCounts) {
  Rehearsal r(text_of(Early{}));
  r.agreeable = true;
  serve(r);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.succeeds = effect.kind != EffectKind::traffic || effect.rollback};
  };
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.weights(), "20% 0%");
}

// Commands lead where the guard does: contract.md, `abort`.
TEST(NothingShifted, AnAbortAndARollbackByCommandEndItToo) {
  for (const bool aborts : {true, false}) {
    Rehearsal r(text_of(Early{}));
    r.agreeable = true;
    serve(r);
    r.start();
    r.run_to("shadow.hold");
    EXPECT_EQ(aborts ? r.verb(Verb::abort) : r.rollback(core::RollbackHow::immediate), "");
    EXPECT_EQ(r.state(), "aborted") << aborts;
    EXPECT_EQ(r.weights(), "") << aborts;
  }
}

// The engine that recovers from its log in the middle knows what was entered.
TEST(NothingShifted, ACrashForgetsNothingOfIt) {
  for (const std::string at : {"shadow.hold", "canary.hold"}) {
    Rehearsal r(text_of(Early{}));
    r.agreeable = true;
    serve(r);
    r.start();
    r.run_to(at);
    r.crash();
    break_it(r);
    EXPECT_EQ(r.state(), at == "canary.hold" ? "rolled_back" : "aborted");
  }
}

}  // namespace
}  // namespace rollbook::tests
