// `when baseline fails too halt`: a cause that both arms share halts, the canary's own rolls back.

#include <gtest/gtest.h>

#include "engine/core/clocks.h"
#include "engine/core/limits.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::Missing;
using core::Verb;
using core::Verdict;

const Labels kNew{{"v", "new"}}, kOld{{"v", "old"}};
constexpr const char* kBack = "rollback.automatic.shift";
constexpr const char* kHold = "canary.hold.wait";

std::string vetoed(const std::string& stops, const std::string& weight = "20%") {
  return text_of({.guard = stops + "\nwhen baseline fails too halt\n",
                  .stages = "stage canary {\n traffic " + weight + "\n hold 6h\n}\n",
                  .success = "finish traffic " + weight + "\n"});
}
const std::string kWindow = vetoed("stop error_rate > 1% over 5m for 2m");
const std::string kTest = vetoed("stop error_rate > 1% with confidence 99%");
const std::string kSilence = vetoed("stop absent(requests) for 4m");

void begin(Rehearsal& r) {
  healthy(r);
  r.histogram("dur", kOld, {5, 10, 20, 50}, {540, 360, 0, 0, 0});
  r.start();
  r.run_for(30min);
}
// Errors a second, in hundredths of the arm's requests.
void fail_canary(Rehearsal& r, int percent) { r.counter("err", kNew, percent); }
void fail_baseline(Rehearsal& r, int percent) { r.counter("err", kOld, 9 * percent); }
void fail_both(Rehearsal& r, int percent) {
  fail_canary(r, percent);
  fail_baseline(r, percent);
}
void fall_silent(Rehearsal& r, const Labels& arm) {
  for (const char* series : {"req", "err", "dur"}) r.silence(series, arm);
}
void speak(Rehearsal& r, const Labels& arm) { r.counter("req", arm, arm == kNew ? 100 : 900); }

void expect_halted(const Rehearsal& r) {
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.state(), kHold);
  EXPECT_EQ(r.weights(), "20%");
  EXPECT_EQ(r.effects(EffectKind::page).size(), 1u);
}

// ---- Whose cause it is --------------------------------------------------------------------------

TEST(Veto, ACauseThatBothShareHaltsAndPagesWithBothValues) {
  for (const std::string& runbook : {kWindow, kTest}) {
    Rehearsal r(runbook);
    begin(r);
    fail_both(r, 5);
    r.run_for(20min);
    expect_halted(r);
    const core::EffectRequested page = r.effects(EffectKind::page).front();
    EXPECT_EQ(page.channel, "oncall");
    EXPECT_NE(page.text.find(" and baseline: error_rate > 1%"), std::string::npos) << page.text;
    EXPECT_EQ(r.verdicts("guard.stop[1]"), "no_data pass fail");
    EXPECT_EQ(r.verdicts("guard.stop[1].baseline"), "no_data pass fail");
    EXPECT_GT(r.reading("guard.stop[1].baseline").value, core::Fixed::from_nanos(10'000'000));
  }
}

TEST(Veto, TheCanarysOwnCauseRollsBackAsSoonAsWithoutTheClause) {
  for (const std::string& runbook : {kWindow, kTest}) {
    std::string plain = runbook;
    plain.erase(plain.find("when baseline fails too halt"), 28);
    Duration times[2];
    for (const bool clause : {false, true}) {
      Rehearsal r(clause ? runbook : plain);
      begin(r);
      fail_canary(r, 5);
      r.run_to(kBack);
      times[clause ? 1 : 0] = r.entered(kBack);
      r.run_to_end();
      EXPECT_EQ(r.state(), "rolled_back");
    }
    EXPECT_EQ(times[0], times[1]);
  }
}

TEST(Veto, ABaselineThatFailsAloneIsNobodysBreach) {
  Rehearsal r(kWindow);
  begin(r);
  fail_baseline(r, 5);
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.verdicts("guard.stop[1].baseline"), "no_data pass fail");
}

TEST(Veto, HoldsOfAClauseBehindAStopForThatStopAlone) {
  const std::string one =
      text_of({.guard = "stop error_rate > 1% over 5m for 2m when baseline fails too halt\n"
                        "stop p99(latency) > 20ms over 5m\n",
               .stages = "stage canary {\n traffic 20%\n hold 6h\n}\n"});
  {
    Rehearsal r(one);
    begin(r);
    fail_both(r, 5);
    r.run_for(20min);
    expect_halted(r);
  }
  Rehearsal r(one);
  begin(r);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {0, 0, 0, 100, 0});
  r.histogram("dur", kOld, {5, 10, 20, 50}, {0, 0, 0, 900, 0});
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

// ---- What comes after it ------------------------------------------------------------------------

TEST(Veto, WhenTheBaselineAloneRecoversTheStopActs) {
  for (const std::string& runbook : {kWindow, kTest}) {
    Rehearsal r(runbook);
    begin(r);
    fail_both(r, 5);
    r.run_for(20min);
    ASSERT_TRUE(r.rollout().halted);
    fail_baseline(r, 0);
    r.run_to(kBack, 3h);
    EXPECT_NE(r.verdicts("guard.stop[1].baseline").find("fail pass"), std::string::npos);
    // A proof is made anew of what came since.
    EXPECT_EQ(r.verdicts("guard.stop[1]"),
              runbook == kTest ? "no_data pass fail no_data fail" : "no_data pass fail");
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back");
  }
}

// Their windows empty at about the same time, and the baseline's may do so first.
TEST(Veto, WhenBothRecoverNothingIsRolledBackAndARolloutThatIsResumedGoesOn) {
  for (const std::string& runbook : {kWindow, kTest}) {
    Rehearsal r(runbook);
    begin(r);
    fail_canary(r, 6);  // emptied after the baseline's
    fail_baseline(r, 3);
    r.run_for(20min);
    ASSERT_TRUE(r.rollout().halted);
    fail_both(r, 0);
    r.run_for(5h);
    EXPECT_NE(r.verdicts("guard.stop[1].baseline").find("fail pass"), std::string::npos);
    const char* over = runbook == kTest ? "fail no_data pass" : "fail pass";
    EXPECT_NE(r.verdicts("guard.stop[1]").find(over), std::string::npos);
    expect_halted(r);
    EXPECT_EQ(r.verb(Verb::resume), "");
    r.run_to_end();
    EXPECT_EQ(r.state(), "succeeded");
  }
}

TEST(Veto, ResumedAsSoonAsBothAreWellItGoesOn) {
  for (const std::string& runbook : {kWindow, kTest}) {
    Rehearsal r(runbook);
    begin(r);
    fail_canary(r, 6);
    fail_baseline(r, 3);
    r.run_for(10min);
    ASSERT_TRUE(r.rollout().halted);
    fail_both(r, 0);
    // The baseline's window is below 1 % again, the canary's is not; of a test neither is proven.
    r.run_for(3min + 45s);
    EXPECT_EQ(r.reading("guard.stop[1]").verdict == Verdict::fail, runbook == kWindow);
    EXPECT_EQ(r.verb(Verb::resume), "");
    r.run_to_end();
    EXPECT_EQ(r.state(), "succeeded");
    EXPECT_EQ(r.weights(), "20%");
  }
}

TEST(Veto, ResumedAfterAProofOfBothItIsProvenAnew) {
  Rehearsal r(kTest);
  begin(r);
  fail_both(r, 5);
  r.run_for(20min);
  ASSERT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_for(2min);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.effects(EffectKind::page).size(), 2u);
}

TEST(Veto, ResumedTheStagesGateIsProvenAnewToo) {
  Rehearsal r(
      text_of({.guard = "stop error_rate > 1% over 5m for 2m\nwhen baseline fails too halt\n",
               .stages = "stage canary {\n traffic 20%\n hold 3h\n"
                         " expect error_rate < 0.5% with confidence 95%\n"
                         " within 1h otherwise rollback automatic\n}\n",
               .success = "finish traffic 20%\n"}));
  begin(r);
  fail_both(r, 5);
  r.run_for(20min);
  ASSERT_TRUE(r.rollout().halted);
  fail_both(r, 0);
  r.run_for(20min);
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Veto, ResumedWhileBothStillFailItHaltsAgain) {
  Rehearsal r(kWindow);
  begin(r);
  fail_both(r, 5);
  r.run_for(20min);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.effects(EffectKind::page).size(), 2u);
  EXPECT_EQ(r.rollback(core::RollbackHow::immediate), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Veto, AnotherStopThatIsTheCanarysOwnActsWhileHalted) {
  Rehearsal r(vetoed("stop error_rate > 1% over 5m for 2m\nstop p99(latency) > 20ms over 5m"));
  begin(r);
  fail_both(r, 5);
  r.run_for(20min);
  ASSERT_TRUE(r.rollout().halted);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {0, 0, 0, 100, 0});
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_TRUE(r.because(kBack).starts_with("p99(latency) > 20ms")) << r.because(kBack);
}

// ---- Never in the same instant ------------------------------------------------------------------

TEST(Veto, ABaselineThatIsHeardSomeSecondsLaterIsWaitedFor) {
  for (const std::string& runbook : {kTest, vetoed("stop error_rate > 1% over 1m")}) {
    Rehearsal r(runbook);
    r.lag("req", kOld, 6s);
    r.lag("err", kOld, 6s);
    begin(r);
    fail_both(r, 20);
    r.run_for(20min);
    expect_halted(r);
  }
}

// What it said at the moment of the failure was lost: it is heard with the next scrape, or the one
// after that.
TEST(Veto, ABaselineThatIsHeardScrapesLaterIsWaitedFor) {
  for (const Duration late : {15s, 30s, 45s}) {
    Rehearsal r(kTest);
    begin(r);
    fall_silent(r, kOld);
    fail_canary(r, 20);
    r.run_for(45s + late);
    EXPECT_EQ(r.reading("guard.stop[1]").verdict, Verdict::fail);
    EXPECT_EQ(r.state(), kHold);
    speak(r, kOld);
    fail_baseline(r, 20);
    r.run_for(2min);
    expect_halted(r);
  }
}

TEST(Veto, AndIfItIsWellThenTheStopActs) {
  Rehearsal r(kTest);
  begin(r);
  fall_silent(r, kOld);
  fail_canary(r, 20);
  r.run_for(45s);
  EXPECT_EQ(r.state(), kHold);
  speak(r, kOld);
  fail_baseline(r, 0);
  const Duration heard = r.elapsed() + 15s;
  r.run_to(kBack, 5min);
  EXPECT_LE(r.entered(kBack), heard + 1s);
}

TEST(Veto, ABaselineIsNotWaitedForWhenItIsStale) {
  Rehearsal r(kTest);
  begin(r);
  fall_silent(r, kOld);
  const Duration heard = r.elapsed();
  fail_canary(r, 20);
  r.run_to(kBack, 5min);
  EXPECT_GT(r.entered(kBack), heard + 1min);
  EXPECT_LE(r.entered(kBack), heard + core::kStaleAfter + 1s);
}

// The baseline's test needs a scrape more than the canary's: what it brought last looks like it.
TEST(Veto, ABaselineOnTheWayToTheSameVerdictIsWaitedFor) {
  Rehearsal r(kTest);
  begin(r);
  r.scrape_every = 1s;
  r.run_for(1min);
  fail_canary(r, 30);
  r.counter("err", kOld, 30);  // 3.3 % of 900
  r.run_for(1min);
  expect_halted(r);
}

TEST(Veto, AsLongAsItTakesScrapesThatAreFarApart) {
  Rehearsal r(kTest);
  begin(r);
  fail_canary(r, 30);
  r.counter("err", kOld, 36);  // 4 % of 900
  r.run_for(60s);
  EXPECT_EQ(r.reading("guard.stop[1]").verdict, Verdict::fail);
  EXPECT_EQ(r.reading("guard.stop[1].baseline").verdict, Verdict::pass);
  EXPECT_EQ(r.state(), kHold);
  r.run_for(2min);
  expect_halted(r);
}

// Points come at any fraction of a second, and the pane that holds the newest ends behind it.
TEST(Veto, WhatCameLatelyIsKnownAtAnyFractionOfASecond) {
  for (const Duration fraction : {0ms, 127ms, 999ms}) {
    Rehearsal r(kWindow);
    r.clock_offset = fraction;
    begin(r);
    fail_canary(r, 6);  // emptied after the baseline's
    fail_baseline(r, 3);
    r.run_for(20min);
    expect_halted(r);
    fail_both(r, 0);
    r.run_for(5h);
    expect_halted(r);
  }
}

// ---- A baseline that is not known to fail gives no veto -----------------------------------------

TEST(Veto, ABaselineThatWasNeverSeenGivesNone) {
  for (const std::string& runbook : {kWindow, kTest, kSilence}) {
    Rehearsal r(runbook);
    r.counter("req", kNew, 100);
    r.start();
    r.run_for(30min);
    fail_canary(r, 5);
    if (runbook == kSilence) r.silence();
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back");
  }
}

TEST(Veto, ABaselineThatFailedLongAgoAndSaysNothingSinceGivesNone) {
  for (const std::string& runbook : {kWindow, kTest}) {
    Rehearsal r(runbook);
    begin(r);
    fail_baseline(r, 5);
    r.run_for(10min);
    EXPECT_EQ(r.reading("guard.stop[1].baseline").verdict, Verdict::fail);
    fall_silent(r, kOld);
    r.run_for(5min);
    EXPECT_EQ(r.reading("guard.stop[1].baseline").verdict, Verdict::no_data);
    EXPECT_EQ(r.reading("guard.stop[1].baseline").missing, Missing::stale);
    fail_canary(r, 5);
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back");
  }
}

TEST(Veto, ABaselineWithTooFewRequestsGivesNone) {
  Rehearsal r(vetoed("stop error_rate > 1% over 5m at least 1000 requests"));
  healthy(r);
  r.counter("req", kOld, 1);
  r.start();
  r.run_for(30min);
  fail_canary(r, 5);
  r.counter("err", kOld, 1);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.verdicts("guard.stop[1].baseline"), "no_data");
}

// ---- Silence ------------------------------------------------------------------------------------

TEST(Veto, SilenceOfBothHalts) {
  Rehearsal r(kSilence);
  begin(r);
  fall_silent(r, kNew);
  r.run_for(90s);  // the last points of the two do not lie at the same moment
  fall_silent(r, kOld);
  r.run_for(10min);
  expect_halted(r);
  EXPECT_EQ(r.effects(EffectKind::page).front().text,
            "Halted: absent(requests) for 4m (silent for 4m), test.runbook:22:6 and "
            "baseline: absent(requests) for 2m (silent for 2m30s), test.runbook:22:6");
}

TEST(Veto, SilenceOfTheCanaryAloneRollsBack) {
  Rehearsal r(kSilence);
  begin(r);
  fall_silent(r, kNew);
  r.run_to(kBack, 5min);
  EXPECT_EQ(r.entered(kBack), 34min);
}

TEST(Veto, AfterASilenceOfBothTheCanaryIsWaitedForHalfOfIt) {
  {
    Rehearsal r(kSilence);
    begin(r);
    r.silence();
    r.run_for(10min);
    ASSERT_TRUE(r.rollout().halted);
    fall_silent(r, kNew);
    r.speak();
    const Duration spoken = r.elapsed() + 15s;
    r.run_to(kBack, 10min);
    EXPECT_EQ(r.entered(kBack), spoken + 2min);
  }
  Rehearsal r(kSilence);
  begin(r);
  r.silence();
  r.run_for(10min);
  fall_silent(r, kNew);
  r.speak();
  r.run_for(90s);
  speak(r, kNew);  // the telemetry of both was away
  r.run_for(1h);
  expect_halted(r);
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Veto, ABaselineWithoutTrafficIsNotSilentAndItsSilenceHoldsNothingUp) {
  Rehearsal r(vetoed("stop error_rate > 1% over 5m for 2m\nstop absent(requests) for 4m", "100%"));
  begin(r);
  fall_silent(r, kOld);
  r.run_for(2h);
  EXPECT_EQ(core::elapsed(r.rollout(), core::ClockIndex{0}, r.now()), 2h + 30min - 200ms);
  fall_silent(r, kNew);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

// ---- Several conditions, and those that no arm has ----------------------------------------------

TEST(Veto, OfAConjunctionTheBaselineMustFailInAllThatIsTheCanarys) {
  const std::string both = vetoed("stop error_rate > 1% over 5m and p99(latency) > 20ms over 5m");
  const auto slow = [](Rehearsal& r, const Labels& arm, std::int64_t rate) {
    r.histogram("dur", arm, {5, 10, 20, 50}, {0, 0, 0, rate, 0});
  };
  {
    Rehearsal r(both);
    begin(r);
    fail_both(r, 5);
    slow(r, kNew, 100);
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back");
  }
  Rehearsal r(both);
  begin(r);
  fail_both(r, 5);
  slow(r, kNew, 100);
  slow(r, kOld, 900);
  r.run_for(20min);
  expect_halted(r);
}

TEST(Veto, ATotalIsNoArmsOwnAndIsNotHeldBack) {
  Rehearsal r(vetoed("stop total.error_rate > 1% over 5m\nstop p99(latency) > 20ms over 5m"));
  begin(r);
  fail_both(r, 5);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

// ---- Going back ---------------------------------------------------------------------------------

TEST(Veto, ARollbackUnderWayIsNotHalted) {
  Rehearsal r(kWindow);
  begin(r);
  EXPECT_EQ(r.rollback(core::RollbackHow::gradual), "");
  fail_both(r, 5);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.entered(kBack), core::kNever);  // not hurried on to a baseline that fails
  EXPECT_FALSE(r.rollout().halted);
}

TEST(Veto, BeforeAnyTrafficItHaltsToo) {
  const std::string always =
      text_of({.before = "guard always {\n stop error_rate > 1% over 5m\n"
                         " when baseline fails too halt\n otherwise rollback automatic\n}\n"
                         "require {\n confirm \"Go\" by ops\n within 4h otherwise end\n}\n"});
  for (const bool both : {true, false}) {
    Rehearsal r(always);
    healthy(r);
    r.start();
    r.run_for(30min);
    fail_canary(r, 5);
    if (both) fail_baseline(r, 5);
    r.run_for(20min);
    EXPECT_EQ(r.rollout().halted, both);
    EXPECT_EQ(r.state(), both ? "preflight.gate" : "aborted");
  }
}

}  // namespace
}  // namespace rollbook::tests
