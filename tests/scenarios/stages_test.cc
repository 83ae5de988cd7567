// Stages: what acts happens in written order, each waiting for the one before; holds count watched
// time; what fails leads where the runbook says.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::EffectRequested;
using core::Verb;
using Settlement = Rehearsal::Settlement;

constexpr const char* kBack = "rollback.automatic.shift";

// "traffic run warm report": what was requested, in order.
std::string acts(const Rehearsal& r) {
  static constexpr const char* kKinds[] = {"traffic", "run",  "start",    "stop",  "checkpoint",
                                           "notify",  "page", "incident", "report"};
  std::string text;
  for (const core::Event& event : r.events()) {
    const auto* effect = std::get_if<EffectRequested>(&event.body);
    if (effect == nullptr) continue;
    text += (text.empty() ? "" : ", ") + std::string(kKinds[std::size_t(effect->kind)]);
    if (!effect->name.empty()) text += " " + effect->name;
    if (!effect->channel.empty()) text += " " + effect->channel;
  }
  return text;
}

std::function<Settlement(const EffectRequested&)> settle_run(const std::string& name,
                                                             Settlement how) {
  return [=](const EffectRequested& effect) { return effect.name == name ? how : Settlement{}; };
}

// ---- The whole way ------------------------------------------------------------------------------

TEST(Stages, FollowEachOtherToSuccess) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  EXPECT_EQ(r.start(), "");
  r.run_to_end();
  EXPECT_EQ(r.path(),
            "before.begin canary_10.shift canary_10.hold.wait canary_10.review.gate "
            "canary_50.shift canary_50.hold.wait canary_50.review.gate succeeded");
  EXPECT_EQ(r.entered("canary_10.hold.wait"), 200ms);
  EXPECT_EQ(r.entered("canary_50.shift"), 1h + 200ms);
  EXPECT_EQ(r.entered("succeeded"), 3h + 400ms);
  EXPECT_EQ(r.because("canary_10.hold.wait"), "traffic is at 10%");
  EXPECT_EQ(r.because("canary_10.review.gate"), "held for 1h");
  EXPECT_EQ(r.because("canary_50.shift"), "all checks passed");
  EXPECT_EQ(r.weights(), "10% 50%");
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.rollout().outcome, core::Outcome::succeeded);
  const auto& last = std::get<core::RolloutFinished>(r.events().back().body);
  EXPECT_EQ(last.weight.nanos, 500'000'000);
  EXPECT_EQ(last.because, "all checks passed");
  const auto& service = r.shard().state().services.at("shop");
  EXPECT_EQ(service.active, "");
  EXPECT_EQ(service.settled.nanos, 500'000'000);
}

TEST(Stages, ActInWrittenOrderEachWaitingForTheOneBefore) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    on enter { start trace(share: 10%) }
    on exit { report stage }
    traffic 5%
    run warm(share: 50%) within 10m
    notify mail "Warm"
    traffic 20%
    hold 30m { run soak(phase: "first") within 2h }
    within 1h otherwise rollback gradual
  }
)"}));
  healthy(r);
  r.settles = [](const EffectRequested& effect) {
    if (effect.name == "warm") return Settlement{.after = 5min};
    if (effect.name == "soak") return Settlement{.after = 1h};
    return Settlement{.after = 1s};
  };
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.path(),
            "before.begin canary.shift canary.run1 canary.step1 canary.shift2 canary.hold.run1 "
            "canary.hold.wait succeeded");
  EXPECT_EQ(acts(r),
            "start trace, traffic, run warm, notify mail, traffic, run soak, report stage, "
            "stop trace");
  EXPECT_EQ(r.entered("canary.run1"), 1s);
  EXPECT_EQ(r.entered("canary.shift2"), 5min + 1s);
  EXPECT_EQ(r.entered("canary.hold.run1"), 5min + 2s);
  // The hold is over at 35 m 2 s; its run is waited for, until its own deadline.
  EXPECT_EQ(r.entered("canary.hold.wait"), 1h + 5min + 2s);
  EXPECT_EQ(r.entered("succeeded"), 1h + 5min + 2s);
  const auto runs = r.effects(EffectKind::run);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].arguments[0].name, "share");
  EXPECT_EQ(runs[0].arguments[0].value, "50%");
  EXPECT_EQ(runs[1].deadline, r.kBegin + 5min + 2s + 2h);
}

TEST(Stages, RampUpOneStepAfterTheOther) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    ramp traffic to 20% over 4m every 1m
    hold 10m
  }
)"}));
  healthy(r);
  // The second step takes longer than a step: the third waits for it.
  r.settles = [](const EffectRequested& effect) {
    return Settlement{.after = effect.to.nanos == 100'000'000 ? Duration(90s) : Duration(1s)};
  };
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.weights(), "5% 10% 15% 20%");
  EXPECT_EQ(r.times(EffectKind::traffic),
            (std::vector<Duration>{0s, 1min, 2min + 30s, 3min + 30s}));
  EXPECT_EQ(r.entered("canary.hold.wait"), 3min + 31s);
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Stages, ARampUpRestsWhilePaused) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    ramp traffic to 20% over 4m every 1m
    hold 10m
  }
)"}));
  healthy(r);
  r.start();
  r.run_for(30s);
  r.verb(Verb::pause);
  r.run_for(10min);
  EXPECT_EQ(r.weights(), "5%");
  r.verb(Verb::resume);
  r.run_for(1s);
  EXPECT_EQ(r.weights(), "5% 10%");
  r.run_to_end();
  EXPECT_EQ(r.weights(), "5% 10% 15% 20%");
}

TEST(Stages, AFailedStepOfARampRollsBack) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    ramp traffic to 20% over 4m every 1m
    hold 10m
  }
)"}));
  healthy(r);
  r.settles = [](const EffectRequested& effect) {
    return Settlement{.succeeds = effect.to.nanos != 150'000'000};
  };
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.weights(), "5% 10% 15% 0%");
  EXPECT_EQ(r.because(kBack), "the ramp to 20% failed");
  EXPECT_EQ(r.effects(EffectKind::traffic)[3].from.nanos, 100'000'000);
}

// ---- Runs and checkpoints -----------------------------------------------------------------------

constexpr const char* kRunStage = R"(stage canary {
    traffic 20%
    run warm(share: 50%) within 10m
    hold 30m
    expect error_rate < 0.5% over 5m
    within 1h otherwise decide verdict
  }
)";

TEST(Stages, AFailedRunEndsTheStageByItsOtherwise) {
  Rehearsal r(text_of({.stages = kRunStage}));
  healthy(r);
  r.settles = settle_run("warm", {.after = 1min, .succeeds = false});
  r.start();
  r.run_for(2min);
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  EXPECT_EQ(r.entered("canary.review.otherwise"), 1min + 200ms);
  EXPECT_EQ(r.because(), "run `warm` failed");
  EXPECT_EQ(r.asked(), (std::vector<std::string>{"decide verdict"}));
}

TEST(Stages, ARunThatMissesItsDeadlineHasFailed) {
  Rehearsal r(text_of({.stages = kRunStage}));
  healthy(r);
  r.settles = settle_run("warm", {.never = true});
  r.start();
  r.run_for(10min);
  EXPECT_EQ(r.state(), "canary.run1");
  const std::string run = r.last_effect(EffectKind::run);
  r.run_for(1s);
  EXPECT_EQ(r.entered("canary.review.otherwise"), 10min + 200ms);
  EXPECT_EQ(r.because(), "run `warm` failed: no settle before the deadline");
  EXPECT_EQ(r.settle(run, true), "late");
  EXPECT_EQ(r.state(), "canary.review.otherwise");
}

TEST(Stages, ARunThatSettlesInTimeGoesOn) {
  Rehearsal r(text_of({.stages = kRunStage}));
  healthy(r);
  r.settles = settle_run("warm", {.after = 10min - 1ms});
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.entered("canary.hold.wait"), 10min + 199ms);
  EXPECT_EQ(r.because("canary.hold.wait"), "run `warm` succeeded");
}

TEST(Stages, AnExtendedHoldKeepsItsRuns) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    on enter { start trace(share: 10%) }
    traffic 20%
    hold 30m { run soak(phase: "x") within 2h }
    confirm "Fine" by ops
    within 1h otherwise decide verdict
  }
)"}));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  EXPECT_EQ(r.verb(Verb::extend, 1h), "");
  EXPECT_EQ(r.state(), "canary.hold.wait");
  r.run_to("canary.review.gate");
  EXPECT_EQ(r.entered("canary.review.gate"), 1h + 30min + 200ms);
  EXPECT_EQ(r.effects(EffectKind::run).size(), 1U);
  EXPECT_EQ(r.effects(EffectKind::start).size(), 1U);
  EXPECT_EQ(r.effects(EffectKind::stop).size(), 0U);
}

TEST(Stages, AFailedCheckpointInTheSetupEndsIt) {
  for (const bool never : {false, true}) {
    Rehearsal r(
        text_of({.before = "setup {\n checkpoint \"pre\"\n notify mail \"Begin {service}\"\n}\n"}));
    healthy(r);
    r.settles = [&](const EffectRequested&) {
      return Settlement{.succeeds = false, .never = never};
    };
    r.start();
    EXPECT_EQ(r.state(), "setup.1");
    r.run_to_end();
    EXPECT_EQ(r.state(), "aborted");
    EXPECT_EQ(r.rollout().outcome, core::Outcome::aborted);
    EXPECT_EQ(r.entered("aborted"), never ? Duration(5min) : Duration(200ms));
    EXPECT_EQ(r.because(), never ? "checkpoint `pre` failed: no settle before the deadline"
                                 : "checkpoint `pre` failed");
    EXPECT_EQ(acts(r), "checkpoint pre");
    EXPECT_EQ(r.shard().state().services.at("shop").active, "");
  }
}

TEST(Stages, TheSetupGoesBeforeTheFirstShift) {
  Rehearsal r(
      text_of({.before = "setup {\n checkpoint \"pre\"\n notify mail \"Begin {service}\"\n}\n"}));
  healthy(r);
  r.start();
  r.run_to("canary.hold");
  EXPECT_EQ(r.path(), "before.begin setup.1 setup.2 canary.shift canary.hold.wait");
  EXPECT_EQ(acts(r), "checkpoint pre, notify mail, traffic");
  EXPECT_EQ(r.effects(EffectKind::notify)[0].text, "Begin shop");
}

TEST(Stages, WhatIsStartedEndsAndIsReportedHoweverTheStageIsLeft) {
  for (const char* way : {"passed", "aborted", "stopped"}) {
    Rehearsal r(text_of({.stages = R"(stage canary {
    on enter { start trace(share: 10%) }
    on exit { report stage }
    traffic 20%
    hold 30m
  }
)"}));
    healthy(r);
    r.start();
    r.run_to("canary.hold");
    r.run_for(10min);
    if (std::string(way) == "aborted") r.verb(Verb::abort);
    if (std::string(way) == "stopped") r.counter("err", {{"v", "new"}}, 20);
    r.run_to_end();
    EXPECT_EQ(r.effects(EffectKind::start).size(), 1U) << way;
    EXPECT_EQ(r.effects(EffectKind::stop).size(), 1U) << way;
    EXPECT_EQ(r.effects(EffectKind::report).size(), 1U) << way;
    EXPECT_EQ(r.effects(EffectKind::stop)[0].name, "trace");
  }
}

// ---- Holds --------------------------------------------------------------------------------------

TEST(Stages, AHoldStandsStillWhileItsDataAreStale) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(30min);
  r.silence();  // the last points came at 30 m
  r.run_for(2min + 46s);
  r.speak();  // the next come at 33 m, if the guard has not spoken: 2 m 45 s were missed
  EXPECT_EQ(r.reading("canary_10.expect[1]").missing, core::Missing::stale);
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
  r.clock_step(2s);  // `absent` rests, so that the guard lets the hold wait
  r.run_to("canary_10.review");
  // Stale from 32 m 30 s to 33 m.
  EXPECT_EQ(r.entered("canary_10.review.gate"), 1h + 200ms + 30s);
}

// What the canary is held against must be there too.
TEST(Stages, AHoldStandsStillWhileTheOtherArmIsStale) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    traffic 20%
    hold 2h
    expect canary.p99(latency) <= baseline.p99(latency) * 200% over 1h
    within 4h otherwise rollback gradual
  }
)"}));
  healthy(r);
  const Labels old{{"v", "old"}};
  r.histogram("dur", old, {5, 10, 20, 50}, {540, 360, 0, 0, 0});
  r.start();
  r.run_for(110min);
  r.silence("dur", old);
  r.run_for(1h);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.reading("canary.expect[1]").missing, core::Missing::stale);
}

TEST(Stages, AHoldDoesNotStandStillForASilentNumerator) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.counter("err", {{"v", "new"}}, 0);
  r.start();
  r.run_for(10min);
  r.silence("err", {{"v", "new"}});
  r.silence("err", {{"v", "old"}});
  r.run_to("canary_10.review");
  EXPECT_EQ(r.entered("canary_10.review.gate"), 1h + 200ms);
}

TEST(Stages, AHoldThatIsNotHeldAtMostLeadsToOtherwise) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    traffic 20%
    hold 1h at most 2h
    confirm "Fine" by ops
    within 1h otherwise decide verdict
  }
)"}));
  healthy(r);
  r.start();
  r.run_for(30min);
  r.verb(Verb::pause);
  r.run_to("canary.review.otherwise");
  EXPECT_EQ(r.entered("canary.review.otherwise"), 2h + 200ms);
  EXPECT_EQ(r.because(), "not held for 1h of watched time within 2h");
  EXPECT_EQ(r.asked(), (std::vector<std::string>{"confirm Fine", "decide verdict"}));
}

TEST(Stages, AHoldWithoutAtMostIsGivenTwiceItsTimeAndADay) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(30min);
  r.verb(Verb::pause);
  r.run_to("canary_10.review.otherwise");
  EXPECT_EQ(r.entered("canary_10.review.otherwise"), 26h + 200ms);
}

TEST(Stages, AnExtensionAddsToAtMostAsWell) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    traffic 20%
    hold 1h at most 2h
    confirm "Fine" by ops
    within 1h otherwise decide verdict
  }
)"}));
  healthy(r);
  r.start();
  r.run_for(30min);
  EXPECT_EQ(r.verb(Verb::extend, 1h), "");
  r.verb(Verb::pause);
  r.run_to("canary.review.otherwise");
  EXPECT_EQ(r.entered("canary.review.otherwise"), 3h + 200ms);
}

TEST(Stages, WithoutAReviewTheNextStageBegins) {
  Rehearsal r(text_of({.stages = "stage one {\n traffic 5%\n hold 10m\n}\n"
                                 "stage two {\n traffic 20%\n}\n"}));
  healthy(r);
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.path(), "before.begin one.shift one.hold.wait two.shift succeeded");
  EXPECT_EQ(r.because("two.shift"), "held for 10m");
  EXPECT_EQ(r.entered("succeeded"), 10min + 400ms);
}

// ---- Before the first shift ---------------------------------------------------------------------

const char* kPrepared = R"(stage prepared {
    run soak(phase: "fill")
    hold 10m
    expect %s
    within 2h otherwise rollback automatic
  }
  stage canary {
    traffic 20%%
    hold 1h
  }
)";

std::string prepared(const char* expected) {
  char stages[512];
  std::snprintf(stages, sizeof stages, kPrepared, expected);
  return text_of({.stages = stages});
}

TEST(BeforeTraffic, AStageLooksAtWhatWasMeasuredSinceTheStart) {
  Rehearsal r(prepared("total.error_rate < 0.5% over 15m"));
  healthy(r);
  r.start();
  r.run_for(14min);
  EXPECT_EQ(r.state(), "prepared.review.gate");
  EXPECT_EQ(r.reading("prepared.expect[1]").verdict, core::Verdict::undecided);
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  // 15 m from the start on, which is before the stage began to hold.
  EXPECT_LE(r.entered("canary.shift"), 15min + 15s);
}

TEST(BeforeTraffic, WhatFailsThereEndsIt) {
  Rehearsal r(prepared("total.error_rate < 0.5% over 5m"));
  healthy(r);
  r.counter("err", {{"v", "old"}}, 50);
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.weights(), "0%");  // what the rollback asks for
}

TEST(BeforeTraffic, ATestBeginsWithTheRollout) {
  Rehearsal r(prepared("total.error_rate < 0.5% with confidence 95%"));
  healthy(r);
  r.start();
  r.run_to("canary.shift");
  EXPECT_EQ(r.reading("prepared.expect[1]").verdict, core::Verdict::pass);
}

TEST(BeforeTraffic, ATestOfAPrerequisiteBeginsWithTheRollout) {
  Rehearsal r(text_of({.before = "require {\n expect match_rate > 99% with confidence 95%\n"
                                 " within 4h otherwise end\n}\n"}));
  healthy(r);
  r.counter("shadow", {{"matched", "true"}}, 100);
  r.counter("shadow", {{"matched", "false"}}, 0);
  r.start();
  r.run_to("canary.shift");
  EXPECT_EQ(r.reading("preflight.expect[1]").verdict, core::Verdict::pass);
  EXPECT_LT(r.entered("canary.shift"), 1h);
}

}  // namespace
}  // namespace rollbook::tests
