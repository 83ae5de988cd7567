// Two arms held against each other over a window that a shift lies in: what came before it is not
// mixed with what came after it.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::Verdict;

const Labels kNew{{"v", "new"}}, kOld{{"v", "old"}};
constexpr const char* kBack = "rollback.automatic.shift";

std::string of(const std::string& stop, const std::string& second = "traffic 50%") {
  return text_of({.guard = stop + "\n",
                  .stages = "stage small {\n traffic 5%\n hold 10m\n}\n"
                            "stage half {\n " +
                            second + "\n hold 2h\n}\n",
                  .success = "finish traffic 50%\n"});
}
const std::string kErrors = "stop canary.error_rate > baseline.error_rate * 150% over 10m";
const std::string kSlow = "stop canary.p99(latency) > baseline.p99(latency) * 150% over 10m";
const std::string kPause =
    "pause while canary.error_rate > baseline.error_rate * 150% over 10m\n"
    "stop absent(requests) for 4m";

// What each arm does of 10,000 requests a second: its share, and of 1000 of its requests so many
// that fail and that take 20 to 50 ms.
void serve(Rehearsal& r, const Labels& arm, std::int64_t percent, std::int64_t failing,
           std::int64_t slow) {
  const std::int64_t requests = 100 * percent;
  r.counter("req", arm, requests);
  r.counter("err", arm, requests * failing / 1000);
  const std::int64_t late = requests * slow / 1000;
  r.histogram("dur", arm, {5, 10, 20, 50}, {requests - late, 0, 0, late, 0});
}
void serve_both(Rehearsal& r, std::int64_t canary, std::int64_t failing, std::int64_t slow) {
  serve(r, kNew, canary, failing, slow);
  serve(r, kOld, 100 - canary, failing, slow);
}

TEST(ArmsMixed, ArmsThatAreAlikeAtEveryInstantAreNotToldApartByAShift) {
  for (const std::string& stop : {kErrors, kSlow}) {
    for (const Duration scrapes : {5s, 15s, 60s}) {
      Rehearsal r(of(stop));
      r.scrape_every = scrapes;
      serve_both(r, 5, 2, 2);
      r.start();
      r.run_to("half.hold");
      serve_both(r, 50, 2, 2);
      r.run_for(85s);
      serve_both(r, 50, 12, 30);
      r.run_for(2min);
      EXPECT_EQ(r.verdicts("guard.stop[1]").find("fail"), std::string::npos);
      serve_both(r, 50, 2, 2);
      r.run_to_end();
      EXPECT_EQ(r.state(), "succeeded") << stop;
    }
  }
}

TEST(ArmsMixed, ThatHoldsOfAPauseAsWell) {
  Rehearsal r(of(kPause));
  serve_both(r, 5, 2, 2);
  r.start();
  r.run_to("half.hold");
  serve_both(r, 50, 2, 2);
  r.run_for(85s);
  serve_both(r, 50, 12, 2);
  r.run_for(10min);
  EXPECT_EQ(r.verdicts("guard.pause[1]").find("fail"), std::string::npos);
}

TEST(ArmsMixed, ACanaryThatIsWorseIsStoppedWithWhatCameSinceTheShift) {
  for (const std::string& stop : {kErrors, kSlow}) {
    Rehearsal r(of(stop));
    serve_both(r, 5, 2, 2);
    r.start();
    r.run_to("half.hold");
    serve(r, kNew, 50, 12, 30);
    serve(r, kOld, 50, 2, 2);
    const Duration shifted = r.elapsed();
    r.run_to(kBack, 5min);
    // A whole scrape since the shift, and the baseline's next.
    EXPECT_LE(r.entered(kBack), shifted + 46s) << stop;
  }
}

// A bad hour of both before the shift, most of it the baseline's, does not excuse the canary.
TEST(ArmsMixed, WhatTheBaselineHadBeforeTheShiftExcusesNobody) {
  Rehearsal r(of(kErrors));
  serve_both(r, 5, 20, 2);
  r.start();
  r.run_to("half.hold");
  serve(r, kNew, 50, 8, 2);
  serve(r, kOld, 50, 2, 2);
  const Duration shifted = r.elapsed();
  r.run_to(kBack, 5min);
  EXPECT_LE(r.entered(kBack), shifted + 46s);
}

TEST(ArmsMixed, BeforeAnyShiftWhatAGuardAlwaysSeesIsJudged) {
  Rehearsal r(text_of({.before = "guard always {\n " + kErrors +
                                 "\n otherwise rollback automatic\n}\n"
                                 "require {\n confirm \"Go\" by ops\n within 4h otherwise end\n}\n",
                       .guard = "stop absent(requests) for 4m\n"}));
  serve_both(r, 50, 2, 2);  // a mirror
  r.start();
  r.run_for(20min);
  EXPECT_EQ(r.reading("guard.stop[1]").verdict, Verdict::pass);
  serve(r, kNew, 50, 30, 2);
  r.run_to_end();
  EXPECT_EQ(r.state(), "aborted");
}

// Steps a minute apart, scrapes too: every interval lies across a step.
TEST(ArmsMixed, ARampIsWatchedAndItsLastStepBeginsTheWindowAnew) {
  const std::string ramp = of(kErrors, "ramp traffic to 50% over 20m every 1m");
  {
    Rehearsal r(ramp);
    r.scrape_every = 60s;
    serve_both(r, 5, 2, 2);
    r.start();
    r.run_to("half.ramp");
    r.run_for(5min);
    serve(r, kNew, 20, 50, 2);
    const Duration failing = r.elapsed();
    r.run_to(kBack, 10min);
    EXPECT_LE(r.entered(kBack), failing + 3min);
  }
  Rehearsal r(ramp);
  r.scrape_every = 60s;
  serve_both(r, 5, 2, 2);
  r.start();
  r.run_to("half.hold");
  r.run_for(1s);
  const core::Criterion& criterion = r.machine().criteria.front();
  ASSERT_EQ(criterion.id, "guard.stop[1]");
  EXPECT_TRUE(r.rollout().windows[criterion.denominator.value].cells.empty());
  EXPECT_EQ(r.reading("guard.stop[1]").verdict, Verdict::no_data);
  r.run_for(3min);
  EXPECT_EQ(r.reading("guard.stop[1]").verdict, Verdict::pass);
  EXPECT_LE(r.reading("guard.stop[1]").seen, 3min + 2s);
}

}  // namespace
}  // namespace rollbook::tests
