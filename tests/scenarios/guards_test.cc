// Several guards, conjunctions, guards armed from the start, and the softer limit that only pauses.

#include <gtest/gtest.h>

#include "engine/core/clocks.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::EffectKind;
using core::Raw;
using core::Verdict;

const Labels kNew{{"v", "new"}};

constexpr const char* kBack = "rollback.automatic.shift";

// ---- `stop a and b` -----------------------------------------------------------------------------

constexpr const char* kBurn =
    "stop error_rate > 1% over 5m and error_rate > 0.5% over 30m\n"
    "stop absent(requests) for 3m\n";

TEST(Conjunction, DoesNotStopForItsFirstConditionAlone) {
  Rehearsal r(text_of({.guard = kBurn}));
  healthy(r);
  r.start();
  r.run_for(40min);
  r.add("err", kNew, 400);  // 1.3 % of 5 minutes, 0.2 % of 30
  r.run_for(30s);
  EXPECT_EQ(r.reading("guard.stop[1]").verdict, Verdict::fail);
  EXPECT_EQ(r.reading("guard.stop[1].and[1]").verdict, Verdict::pass);
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Conjunction, DoesNotStopForItsOtherConditionAlone) {
  Rehearsal r(text_of({.guard = kBurn}));
  healthy(r);
  r.start();
  r.run_for(10min);
  r.add("err", kNew, 250);  // 0.8 % of 5 minutes
  r.run_for(6min);
  r.add("err", kNew, 290);  // again 0.97 %, together 0.6 % of all that was seen
  r.run_for(15s);
  EXPECT_EQ(r.reading("guard.stop[1]").verdict, Verdict::pass);
  EXPECT_EQ(r.reading("guard.stop[1].and[1]").verdict, Verdict::fail);
  EXPECT_EQ(r.state(), "canary.hold.wait");
}

TEST(Conjunction, StopsWhenBothAreTrueAtOneInstantAndNamesBoth) {
  Rehearsal r(text_of({.guard = kBurn}));
  healthy(r);
  r.start();
  r.run_for(40min);
  r.add("err", kNew, 1000);  // 3.3 % of 5 minutes, 0.55 % of 30 and a pane of 6 s
  r.run_for(15s);
  EXPECT_EQ(r.state(), kBack);
  EXPECT_EQ(r.because(kBack),
            "error_rate > 1% over 5m: 3.3333% in 30000 samples, test.runbook:22:6 and "
            "error_rate > 0.5% over 30m: 0.551% in 181500 samples, test.runbook:22:34");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

// ---- Several guards -----------------------------------------------------------------------------

std::string two_guards(const std::string& first, const std::string& second) {
  return text_of({.before = "guard {\n" + first + "}\n", .guard = second});
}

// The slow one stands first and lies within the reach of the fast one all the same.
const std::string kSlowAndFast =
    two_guards("stop p99(latency) > 20ms over 5m\notherwise rollback gradual\n",
               "stop error_rate > 1% over 5m\nstop absent(requests) for 3m\n");

TEST(Guards, EachLeadsToItsOwnRollback) {
  {
    Rehearsal r(kSlowAndFast);
    healthy(r);
    r.start();
    r.run_for(20min);
    r.histogram("dur", kNew, {5, 10, 20, 50}, {0, 0, 0, 100, 0});
    r.run_to_end();
    EXPECT_EQ(r.weights(), "20% 18% 16% 14% 12% 10% 8% 6% 4% 2% 0%");
    EXPECT_NE(r.entered("rollback.gradual.ramp"), core::kNever);
    EXPECT_EQ(r.entered(kBack), core::kNever);
  }
  Rehearsal r(kSlowAndFast);
  healthy(r);
  r.start();
  r.run_for(20min);
  r.counter("err", kNew, 5);
  r.run_to_end();
  EXPECT_EQ(r.weights(), "20% 0%");
  EXPECT_EQ(r.entered("rollback.gradual.ramp"), core::kNever);
}

TEST(Guards, TheFastOneTakesASlowRollbackOver) {
  Rehearsal r(kSlowAndFast);
  healthy(r);
  r.start();
  r.run_for(20min);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {0, 0, 0, 100, 0});
  r.run_to("rollback.gradual.ramp");
  r.run_for(2min);
  r.counter("err", kNew, 20);
  r.run_to(kBack);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.weights(), "20% 18% 16% 14% 0%");
}

TEST(Guards, TheSlowOneDoesNotTakeAFastRollbackOver) {
  Rehearsal r(kSlowAndFast);
  healthy(r);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.after = effect.rollback ? core::Duration(5min) : 200ms};
  };
  r.start();
  r.run_for(20min);
  r.counter("err", kNew, 20);
  r.run_to(kBack);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {0, 0, 0, 100, 0});
  r.run_to_end();
  EXPECT_EQ(r.entered("rollback.gradual.ramp"), core::kNever);
}

TEST(Guards, AnAbortLeadsWhereTheFirstOneDoes) {
  Rehearsal r(kSlowAndFast);
  healthy(r);
  r.start();
  r.run_for(20min);
  EXPECT_EQ(r.verb(core::Verb::abort), "");
  EXPECT_EQ(r.state(), "rollback.gradual.ramp");
  EXPECT_EQ(r.rollback(core::RollbackHow::immediate), "");  // the fastest of them
  EXPECT_EQ(r.state(), kBack);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

// ---- `guard always` -----------------------------------------------------------------------------

// No arms, no traffic: a migration that is watched from its first moment on.
constexpr const char* kMigration = R"(edition 1
runbook migrate {
  service "orders"
  role dba
  metric requests = counter req
  metric errors = counter err default 0
  metric error_rate = errors / requests
  channel oncall = pagerduty("orders")
  action expand(table: text)
  action contract(table: text)
  guard always {
    stop error_rate > 1% over 5m for 2m
    stop absent(requests) for 3m
    otherwise rollback back
  }
  require {
    confirm "Backup taken" by dba
    within 24h otherwise end
  }
  stage expand {
    run expand(table: "orders") within 1h
    hold 1h
    expect error_rate < 0.5% over 30m
    within 4h otherwise rollback back
  }
  rollback back {
    run contract(table: "orders") within 1h
    page oncall "Back: {cause}"
  }
}
)";

TEST(GuardAlways, WatchesARolloutWithoutTraffic) {
  Rehearsal r(kMigration);
  r.agreeable = true;
  r.counter("req", {}, 100);
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.effects(EffectKind::traffic).size(), 0U);
}

// Nothing was run that its rollback would take back: people are told, and that is all.
TEST(GuardAlways, EndsWhatItStopsBeforeTheFirstStage) {
  Rehearsal r(kMigration);
  r.counter("req", {}, 100);
  r.counter("err", {}, 0);
  r.start();
  r.run_for(10min);
  EXPECT_EQ(r.state(), "preflight.gate");
  r.counter("err", {}, 2);
  r.run_to_end();
  EXPECT_EQ(r.state(), "aborted");
  EXPECT_EQ(r.rollout().outcome, core::Outcome::aborted);
  ASSERT_EQ(r.effects(EffectKind::page).size(), 1U);
  EXPECT_NE(r.effects(EffectKind::page)[0].text.find("error_rate > 1% over 5m"), std::string::npos);
  EXPECT_EQ(r.effects(EffectKind::run).size(), 0U);
}

TEST(GuardAlways, TakesBackWhatAStageHasRun) {
  Rehearsal r(kMigration);
  r.agreeable = true;
  r.counter("req", {}, 100);
  r.counter("err", {}, 0);
  r.start();
  r.run_to("expand.hold");
  r.counter("err", {}, 2);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  ASSERT_EQ(r.effects(EffectKind::run).size(), 2U);
  EXPECT_EQ(r.effects(EffectKind::run)[1].name, "contract");
}

TEST(GuardAlways, CountsItsSustainThroughTheEndOfWhatComesBefore) {
  Rehearsal r(kMigration);
  r.counter("req", {}, 100);
  r.counter("err", {}, 0);
  r.start();
  r.run_for(10min);
  r.add("err", {}, 400);
  r.run_for(15s);
  EXPECT_EQ(r.reading("guard.stop[1]").raw, Raw::true_);
  const core::Duration seen = r.elapsed();
  r.run_for(1min);
  EXPECT_EQ(r.confirm("Backup taken", "dba", "ann"), "");
  EXPECT_EQ(r.state(), "expand.run1");
  r.run_to("rollback.back");
  EXPECT_EQ(r.elapsed(), seen + 2min);
}

TEST(GuardAlways, TakesSilenceFromTheStartForABreach) {
  Rehearsal r(kMigration);
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.entered("aborted"), 3min);
}

TEST(GuardAlways, RollsBackByCommandWithoutTraffic) {
  for (const auto how : {core::RollbackHow::immediate, core::RollbackHow::gradual}) {
    Rehearsal r(kMigration);
    r.agreeable = true;
    r.counter("req", {}, 100);
    r.start();
    r.run_for(30min);
    EXPECT_EQ(r.rollback(how), "");
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back");
    EXPECT_EQ(r.effects(EffectKind::traffic).size(), 0U);
  }
}

// Good hours do not dilute a breach, traffic or none.
TEST(GuardAlways, ATestFindsABreachAfterGoodHoursWithoutTraffic) {
  std::string text = kMigration;
  const std::string plain = "stop error_rate > 1% over 5m for 2m";
  text.replace(text.find(plain), plain.size(), "stop error_rate > 0.1% with confidence 99%");
  text.replace(text.find("hold 1h"), 7, "hold 30h");
  Rehearsal r(text);
  r.agreeable = true;
  r.counter("req", {}, 100);
  r.counter("err", {}, 0);
  r.start();
  r.run_for(12h);
  r.counter("err", {}, 1);
  const core::Duration broken = r.elapsed();
  r.run_to("rollback.back", 30h);
  EXPECT_LE(r.elapsed(), broken + 2min);
}

// ---- `pause while` ------------------------------------------------------------------------------

const std::string kPausing = text_of({.guard = "stop error_rate > 1% over 5m for 2m\n"
                                               "pause while error_rate > 0.3% over 5m\n"
                                               "stop absent(requests) for 3m\n",
                                      .stages = "stage canary {\n traffic 20%\n hold 1h\n}\n"
                                                "stage second {\n traffic 40%\n hold 1h\n}\n",
                                      .success = "finish traffic 40%\n"});

TEST(PauseWhile, HoldsStandStillAndGoOnByThemselves) {
  Rehearsal r(kPausing);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(30min);
  r.add("err", kNew, 120);  // 0.4 % of 5 minutes
  r.run_for(15s);
  EXPECT_EQ(r.reading("guard.pause[1]").verdict, Verdict::fail);
  EXPECT_TRUE(core::barred(r.machine(), r.rollout()));
  r.run_to("second");
  // Five minutes of it did not count, until the burst had left the window.
  EXPECT_EQ(r.elapsed() / 1min, 65);
  EXPECT_EQ(r.verdicts("guard.pause[1]"), "no_data pass fail pass");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(PauseWhile, ForwardStepsWaitAfterTheHoldWasPromoted) {
  Rehearsal r(kPausing);
  healthy(r);
  r.counter("err", kNew, 1);  // 1 %, not above the stop's limit
  r.start();
  r.run_for(10min);
  EXPECT_EQ(r.verb(core::Verb::promote), "");
  r.run_for(2h);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  r.counter("err", kNew, 0);
  r.run_for(6min);
  EXPECT_EQ(r.state(), "second.hold.wait");
}

// What is not known any more is no good news: requests that stay away, and a metric that does.
TEST(PauseWhile, WhoseMetricVanishesGoesOnUntilThereIsGoodNews) {
  for (const bool vanishes : {true, false}) {
    Rehearsal r(text_of({.guard = "stop error_rate > 1% over 5m for 2m\n"
                                  "pause while error_rate > 0.3% over 5m\n",
                         .stages = "stage canary {\n traffic 20%\n hold 1h at most 20h\n}\n"}));
    healthy(r);
    r.counter("err", kNew, 0);
    r.start();
    r.run_for(30min);
    r.add("err", kNew, 120);
    r.run_for(15s);  // the last that is heard is the burst
    EXPECT_EQ(r.reading("guard.pause[1]").verdict, Verdict::fail);
    if (vanishes) {
      r.silence("req", kNew);
    } else {
      r.counter("req", kNew, 0);
    }
    r.run_for(5h);
    EXPECT_EQ(r.state(), "canary.hold.wait") << vanishes;
    EXPECT_EQ(r.reading("guard.pause[1]").verdict, Verdict::fail) << vanishes;
    EXPECT_TRUE(core::barred(r.machine(), r.rollout())) << vanishes;
    r.counter("req", kNew, 100);
    r.run_for(10min);
    EXPECT_FALSE(core::barred(r.machine(), r.rollout())) << vanishes;
    EXPECT_EQ(r.verdicts("guard.pause[1]"), "no_data pass fail pass") << vanishes;
    r.run_to_end();
    EXPECT_EQ(r.state(), "succeeded") << vanishes;
  }
}

// One that never had data pauses nothing.
TEST(PauseWhile, WithoutDataDoesNotBegin) {
  Rehearsal r(text_of({.guard = "stop error_rate > 1% over 5m for 2m\n"
                                "pause while strict_rate > 0.3% over 5m\n"}));
  healthy(r);
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.verdicts("guard.pause[1]"), "no_data");
}

TEST(PauseWhile, DoesNotKeepTheGuardFromActing) {
  Rehearsal r(kPausing);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(30min);
  r.counter("err", kNew, 3);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

}  // namespace
}  // namespace rollbook::tests
