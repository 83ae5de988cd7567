// Proofs and bounds of plans that halt, undo, pause and keep to hours.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dsl/prove.h"
#include "dsl/schedule.h"
#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

using core::TriggerKind;
using std::chrono::hours;
using std::chrono::minutes;
using testing::Contains;
using testing::HasSubstr;

core::Machine machine_of(const std::string& text) {
  const runtime::Compiled compiled = compile(text);
  EXPECT_TRUE(compiled.plan) << findings(text);
  return compiled.plan ? compiled.plan->machine : core::Machine{};
}

constexpr const char* kHalting =
    "  guard {\n    stop queue > 5000 over 1m\n    otherwise halt\n  }";

Runbook halting() { return Runbook().after("  action suite(phase: text)", kHalting); }

Runbook irreversible() {
  return halting().with("    hold 2h\n",
                        "    hold 2h\n    run suite(phase: \"drop\") within 1h irreversible\n"
                        "    expect queue < 5 over 5m\n    within 3h otherwise halt\n");
}

std::string faults(const core::Machine& machine) {
  std::string lines;
  for (const Fault& fault : prove(machine).faults) {
    lines += to_string(fault.code) + " " + fault.what + "\n";
  }
  return lines;
}

std::string bounds(const std::string& text) {
  const core::Machine machine = machine_of(text);
  return in_words(find_bounds(machine), machine);
}

TEST(ProveFlow, AHaltIsAnExitAndHasNoWorstCase) {
  const std::string text =
      Runbook().with("within 2h otherwise decide verdict", "within 2h otherwise halt");
  const core::Machine machine = machine_of(text);
  EXPECT_EQ(faults(machine), "");
  EXPECT_EQ(find_bounds(machine).longest, std::nullopt);
  EXPECT_EQ(bounds(text),
            "no worst case: \"not held for 1h of watched time within 26h\" halts it in "
            "`first.hold.wait`, and a halt waits for "
            "people without end; most traffic 50% for up to 1d 5h");
}

TEST(ProveFlow, AGuardThatHaltsMayDoSoFromTheFirstShiftOn) {
  EXPECT_EQ(faults(machine_of(halting())), "");
  EXPECT_EQ(
      bounds(halting()),
      "no worst case: \"queue > 5000 over 1m\" halts it in `first.shift`, and a halt waits for "
      "people without end; most traffic 50%");
}

TEST(ProveFlow, AGuardsHaltIsNoExitOfAWait) {
  core::Machine machine = machine_of(halting());
  const core::StateIndex review = machine.find("first.review.gate");
  std::erase_if(machine.transitions, [&](const core::Transition& by) {
    const bool command = by.trigger.kind == TriggerKind::abort ||
                         by.trigger.kind == TriggerKind::rollback_immediate ||
                         by.trigger.kind == TriggerKind::rollback_gradual ||
                         by.trigger.kind == TriggerKind::rollback_partial;
    const bool guard = by.trigger.kind == TriggerKind::stop && !by.halts;
    return command || guard || by.from == review;
  });
  EXPECT_THAT(faults(machine), HasSubstr("RB0502 no way leads on from `first.review.gate`"));
}

TEST(ProveFlow, BehindAnIrreversibleStepTheMissingWayBackIsProvedInstead) {
  const core::Machine machine = machine_of(irreversible());
  EXPECT_EQ(faults(machine), "");
  const auto claims = prove(machine).claims;
  EXPECT_THAT(claims, Contains("a rollback can be asked for wherever there is traffic, up to the "
                               "step that is irreversible"));
  EXPECT_THAT(claims, Contains("nothing leads to a rollback after it: the guard halts"));
  EXPECT_EQ(find_bounds(machine).longest, std::nullopt);
}

TEST(ProveFlow, SeveralGuardsConjunctionsUndoAndPausesHoldAllProofs) {
  const std::string text =
      Runbook()
          .after("  action suite(phase: text)",
                 "  guard always {\n    stop queue > 900 over 5m and error_rate > 0.5% over 1h\n"
                 "    pause while queue > 800 over 5m\n    otherwise rollback slow\n  }\n"
                 "  rollback slow {\n    ramp traffic to 0% over 20m\n  }")
          .after("    hold 2h", "    undo { run suite(phase: \"undo\") within 30m }");
  const core::Machine machine = machine_of(text);
  EXPECT_EQ(faults(machine), "");
  EXPECT_TRUE(find_bounds(machine).longest);
  EXPECT_THAT(bounds(text), HasSubstr(" (without the time that `pause while` adds)"));
  // What is undone comes before the way back.
  EXPECT_GE(*find_bounds(machine).longest - *find_bounds(machine_of(Runbook())).longest,
            minutes(30));
}

TEST(ProveFlow, AnIdempotentActIsWaitedForAsOftenAsItIsTried) {
  const auto longest = [](const std::string& text) {
    return *find_bounds(machine_of(text)).longest;
  };
  // Four times five minutes, with 10, 20 and 40 s between.
  EXPECT_EQ(
      longest(Runbook().with("action suite(phase: text)", "action suite(phase: text) idempotent")) -
          longest(Runbook()),
      minutes(15) + std::chrono::seconds(70));
}

TEST(ProveFlow, ARolloutWithoutTrafficHasAGuardFromTheStart) {
  const std::string text = R"(edition 1
runbook job {
  service "job"
  metric queue = gauge max queue_length
  action work()
  guard always {
    stop queue > 10 over 5m
    stop absent(queue) for 3m
    otherwise halt
  }
  stage only {
    run work() within 1h
    within 1h otherwise halt
  }
}
)";
  EXPECT_EQ(faults(machine_of(text)), "");
  EXPECT_THAT(bounds(text), HasSubstr("halts it in "));
  EXPECT_THAT(bounds(text), HasSubstr("; no traffic is shifted"));
}

constexpr const char* kRegions = R"(edition 1
runbook flag {
  service "web"
  arms by label "flag": baseline "off", canary "on"
  target eu where region = "eu"
  target us where region = "us"
  metric views = counter page_views_total
  metric errors = counter js_errors_total default 0
  guard {
    stop errors / views > 9% over 5m
    stop absent(views) for 3m
    otherwise rollback all
  }
  stage one {
    traffic eu 10%
    hold 2h
  }
  stage two {
    traffic eu 50%
    traffic us 50%
    hold 4h
  }
  rollback all {
    traffic eu 0%
    traffic us 0%
  }
  finish traffic eu 50%
  finish traffic us 50%
}
)";

Runbook regions() { return Runbook(kRegions); }

// Beside the guard of all: one that brings back the us alone.
Runbook with_own_guard() {
  return regions().with(
      "  stage one {",
      "  guard us {\n    stop errors / views > 1% over 5m\n    otherwise rollback "
      "us_back\n  }\n  rollback us_back { traffic us 0% }\n  stage one {");
}

TEST(ProveFlow, AGuardOfOneTargetHaltsForTheOthers) {
  EXPECT_EQ(bounds(regions()),
            "worst case 2d 13h; most traffic eu 50% for up to 1d 9h, us 50% for up to 1d 9h");
  EXPECT_EQ(
      bounds(with_own_guard()),
      "no worst case: \"a target was rolled back, the others stay where they are\" halts it in "
      "`rollback.end.look`, and a halt waits for people without end; most traffic eu 50%, us "
      "50%");
}

TEST(ProveFlow, WhatMayHaltIsBoundedWhileItDoesNot) {
  const auto lines = [](const std::string& text) { return bounds_in_words(machine_of(text)); };
  EXPECT_EQ(lines(regions()).size(), 2u);
  const auto said = lines(with_own_guard());
  ASSERT_EQ(said.size(), 3u);
  EXPECT_EQ(said[1], "while nothing halts it: " + bounds(regions()));
  EXPECT_EQ(lines(halting())[1], "while nothing halts it: " + bounds(Runbook()));
}

TEST(ProveFlow, WhatNoBoundCountsIsSaid) {
  const std::string last = bounds_in_words(machine_of(Runbook())).back();
  EXPECT_EQ(
      last,
      "not counted: `pause`, `extend` and `resume` by people, and time in which the engine is "
      "down or cannot see; a shift back that does not settle is asked for again without end");
}

// Before the first shift nothing is judged by a guard, unless it is one from the start.
TEST(ProveFlow, AGuardHaltsNothingBeforeTheFirstShift) {
  const Runbook text =
      halting().with("  stage first {",
                     "  stage early {\n    run suite(phase: \"early\") within 1h\n    within 4h "
                     "otherwise rollback automatic\n  }\n  stage first {");
  EXPECT_THAT(bounds(text), HasSubstr("halts it in `first.shift`"));
  EXPECT_THAT(
      bounds(Runbook(text).with("  guard {\n    stop queue", "  guard always {\n    stop queue")),
      HasSubstr("halts it in `before."));
}

TEST(ProveFlow, AGuardOfATargetHaltsNothingBeforeThatOneIsShifted) {
  EXPECT_THAT(bounds(with_own_guard()
                         .with("    otherwise rollback us_back", "    otherwise halt")
                         .with("  rollback us_back { traffic us 0% }\n", "")),
              HasSubstr("halts it in `two.shift2`"));
}

TEST(ProveFlow, TheExposureIsWithoutTheTimeOfTheCalendarToo) {
  EXPECT_EQ(
      bounds(Runbook().after("  service \"shop\"",
                             "  advance only Mon-Fri 09:00-17:00 \"Europe/Berlin\"")),
      "worst case 2d 10h (without the time that `advance only` adds); most traffic 50% for up "
      "to 1d 5h, without that time too");
}

TEST(ScheduleFlow, AHoldUntilIsBoundedAndRequestsAreSaid) {
  const std::vector<Leg> legs = schedule(machine_of(Runbook().with(
      "    hold 2h\n",
      "    start suite(phase: \"x\")\n    hold until suite at most 4h\n    hold 2h and 500 "
      "requests at most 9h\n")));
  EXPECT_EQ(legs[1].waits, (std::vector<std::string>{"shift to 50%", "hold until suite within 4h",
                                                     "hold 2h and 500 requests"}));
  EXPECT_EQ(legs[1].ends.earliest - legs[1].begins.earliest, hours(2));
  EXPECT_EQ(*legs[1].ends.latest - *legs[1].begins.latest, minutes(5) + hours(4) + hours(9));
}

}  // namespace
}  // namespace rollbook::dsl
