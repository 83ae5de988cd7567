#include "tools/scenario/verdict.h"

#include "tests/tools/scenario/stage.h"
#include "tools/scenario/coverage.h"
#include "tools/scenario/timeline.h"

namespace rollbook::tests {
namespace {

const std::string kHealthy = "series healthy at 100/s\nat every question answer yes\n";

TEST(Verdict, WhatDidNotComeIsToldWithWhatCameInstead) {
  const std::pair<const char*, const char*> table[] = {
      {"at 30m expect state half.review",
       "4: at 30m expect state half.review / half.hold.wait at 30m"},
      {"at 30m expect traffic 25%", "4: at 30m expect traffic 25% / 50% at 30m"},
      {"within 1m of 10m expect state succeeded",
       "4: within 1m of 10m expect state succeeded / half.hold.wait at 10m, half.hold.wait at 11m"},
      {"expect state rollback.automatic",
       "4: expect state rollback.automatic / half.hold.wait at 0s, half.run1 at 1h, "
       "half.review.gate at 1h, "
       "succeeded at 1h"},
      {"expect outcome rolled_back", "4: expect outcome rolled_back / succeeded at 1h"},
      {"expect effect page oncall",
       "4: expect effect page oncall / checkpoint before it at 0s, traffic 50% at 0s, run suite at "
       "1h"},
      {"never expect effect run", "4: never expect effect run / run suite at 1h"},
      {"never expect question \"No complaints\"",
       "4: never expect question \"No complaints\" / No complaints at 1h"},
      {"expect verdict \"guard.stop[4]\" undecided",
       "4: expect verdict \"guard.stop[4]\" undecided / pass (absent(requests) for 3m, "
       "shop.runbook:16:10) at 0s"},
      {"at 2h expect outcome rolled_back", "4: at 2h expect outcome rolled_back / succeeded at 1h"},
      {"at 10m pause rejected", "4: at 10m pause rejected / it was obeyed"},
      {"at 2h abort",
       "4: at 2h abort / it was rejected as finished: rollout `shop-canary-1` has "
       "ended"},
      {"at 10m resume rejected finished",
       "4: at 10m resume rejected finished / it was rejected as not_paused: rollout "
       "`shop-canary-1` is not paused"},
  };
  for (const auto& [statement, told] : table) {
    EXPECT_EQ(play(kHealthy + statement).told(), told);
  }
}

TEST(Verdict, AMomentThatNeverCameIsAFailure) {
  const std::string aborted = "series healthy at 100/s\nat 0s abort\n";
  EXPECT_EQ(play(aborted + "at stage half + 1h expect traffic 0%").told(),
            "4: at stage half + 1h expect traffic 0% / stage `half` never began");
  EXPECT_EQ(play(aborted + "at stage half + 1h pause\nexpect outcome aborted").told(),
            "4: at stage half + 1h pause / it was not given: stage `half` never began");
  EXPECT_EQ(play("series healthy at 100/s\nend at 10m\nat 20m expect state half").told(),
            "4: at 20m expect state half / the run ended before, at 10m");
  EXPECT_EQ(play("series healthy at 100/s\nend at 10m\nexpect outcome succeeded").told(),
            "4: expect outcome succeeded / it had not ended at 10m");
}

TEST(Verdict, WithinIsNotBefore) {
  EXPECT_EQ(play(kHealthy + "within 10m of 30m expect effect traffic 50%").told(),
            "4: within 10m of 30m expect effect traffic 50% / it was at 0s");
  EXPECT_EQ(play(kHealthy + "within 10m of 55m expect effect run suite").told(), "");
  EXPECT_EQ(play(kHealthy + "at 30m expect effect traffic 50%").told(), "");
}

TEST(Verdict, TheTimelineStandsAroundTheMoment) {
  const Made made = make(kHealthy + "at 30m expect state half.review");
  store::MemoryEventLog log;
  tools::Meters meters(*made.script, tools::kPlayBegin);
  const auto seen = tools::play(log, *made.script, meters, {});
  ASSERT_TRUE(seen.has_value());
  const auto unmet = tools::failures_of(*made.script, *seen);
  ASSERT_EQ(unmet.size(), 1U);
  const auto lines = tools::timeline(log, *seen, unmet.front());
  ASSERT_TRUE(lines.has_value());
  std::string all;
  for (const std::string& line : *lines) all += line + "\n";
  const std::size_t shift = all.find("half.shift → half.hold.wait: traffic is at 50%");
  const std::size_t here = all.find("> 30m        (here)\n");
  const std::size_t after = all.find("half.hold.wait → half.run1: held for 1h");
  ASSERT_NE(shift, std::string::npos) << all;
  ASSERT_NE(here, std::string::npos) << all;
  ASSERT_NE(after, std::string::npos) << all;
  EXPECT_LT(shift, here);
  EXPECT_LT(here, after);
}

TEST(Coverage, CountsWhatWasGoneThroughAndNamesTheRest) {
  const core::Machine& machine = stage_plan()->machine;
  tools::Coverage coverage(machine);
  EXPECT_EQ(coverage.transitions().covered, 0U);
  coverage.add(machine, play(kHealthy + "expect outcome succeeded").seen);
  const auto once = coverage.transitions();
  EXPECT_GT(once.covered, 4U);
  EXPECT_LT(once.covered, once.all);
  EXPECT_EQ(coverage.criteria(machine).covered, 0U);
  coverage.add(machine, play(kHealthy + "errors 50% from 10m\nexpect outcome rolled_back").seen);
  EXPECT_GT(coverage.transitions().covered, once.covered);
  EXPECT_EQ(coverage.criteria(machine).covered, 1U);
  const auto missing = coverage.missing(machine);
  EXPECT_EQ(std::count(missing.begin(), missing.end(),
                       "guard.stop[3] never failed: depth > 100 over 5m, shop.runbook:15:10"),
            1);
  EXPECT_EQ(missing.size(), coverage.transitions().all - coverage.transitions().covered +
                                coverage.states().all - coverage.states().covered +
                                coverage.criteria(machine).all - 1);
}

// A halt moves nothing, and its reason names who said no instead of the step.
TEST(Coverage, CountsAHaltByANo) {
  const auto plan = plan_of(stage_with("otherwise decide verdict", "otherwise halt"));
  const core::Machine& machine = plan->machine;
  tools::Coverage coverage(machine);
  const auto told = [&] {
    const auto missing = coverage.missing(machine);
    return std::count_if(missing.begin(), missing.end(), [](const std::string& one) {
      return one.find("on gate_failed") != std::string::npos;
    });
  };
  EXPECT_EQ(told(), 1);
  const std::string halts = "series healthy at 100/s\nend at 2h\n";
  coverage.add(machine, play(halts, plan).seen);  // nobody answers
  EXPECT_EQ(told(), 1);
  coverage.add(machine, play(halts + "at question \"No complaints\" answer no\n", plan).seen);
  EXPECT_EQ(told(), 0);
}

}  // namespace
}  // namespace rollbook::tests
