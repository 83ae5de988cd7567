// Holds that count requests, holds that wait for what was started, and `next override`.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::EffectKind;
using core::Verb;

const Labels kNew{{"v", "new"}};

// ---- hold … and N requests ----------------------------------------------------------------------

const std::string kCounting = text_of({.stages = R"(stage canary {
    traffic 20%
    hold 1h and 720000 requests at most 4h
    within 4h otherwise rollback gradual
  }
)"});

TEST(HoldRequests, EndsWhenBothTheTimeAndTheRequestsAreThere) {
  Rehearsal r(kCounting);
  healthy(r);  // 100 a second: two hours
  r.start();
  r.run_for(2h);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  r.run_for(30s);
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.because("succeeded"), "held for 1h and 720000 requests");
}

TEST(HoldRequests, LastsItsTimeWhereTheRequestsComeSooner) {
  Rehearsal r(kCounting);
  healthy(r);
  r.counter("req", kNew, 1000);
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.elapsed() / 1s, 3600);
}

TEST(HoldRequests, TakesItsOtherwiseWhenTheyDoNotCome) {
  Rehearsal r(kCounting);
  healthy(r);
  r.counter("req", kNew, 40);
  r.start();
  r.run_to("rollback.gradual");
  EXPECT_EQ(r.because("rollback.gradual.ramp"),
            "not held for 1h of watched time and 720000 requests within 4h");
  EXPECT_EQ(r.elapsed() / 1min, 240);
}

TEST(HoldRequests, APromotedHoldWaitsForNothing) {
  Rehearsal r(kCounting);
  healthy(r);
  r.start();
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::promote), "");
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(HoldRequests, CountsTheCanaryAloneAndFromItsShiftOn) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    traffic 20%
    hold 10m and 300000 requests
    within 4h otherwise rollback gradual
  }
  stage second {
    traffic 40%
    hold 10m and 300000 requests
    within 4h otherwise rollback gradual
  }
)",
                       .success = "finish traffic 40%\n"}));
  healthy(r);
  r.counter("req", {{"v", "old"}}, 100000);
  r.start();
  r.run_to("second");
  EXPECT_EQ(r.elapsed() / 1min, 50);
  r.run_to_end();
  EXPECT_EQ(r.elapsed() / 1min, 100);
}

// ---- hold until ---------------------------------------------------------------------------------

const std::string kBackfill =
    text_of({.before = "action fill(phase: text)\n", .stages = R"(stage canary {
    start fill(phase: "x")
    traffic 20%
    hold until fill at most 8h
    within 4h otherwise rollback gradual
  }
)"});

TEST(HoldUntil, WaitsForWhatWasStartedBefore) {
  Rehearsal r(kBackfill);
  healthy(r);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.after =
                                     effect.kind == EffectKind::start ? core::Duration(5h) : 200ms};
  };
  r.start();
  r.run_for(5h - 1s);
  EXPECT_EQ(r.state(), "canary.until");
  r.run_for(2s);
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.because("succeeded"), "`fill` is done");
  EXPECT_TRUE(r.effects(EffectKind::start)[0].tracked);
}

TEST(HoldUntil, DoesNotWaitForWhatIsDoneAlready) {
  Rehearsal r(kBackfill);
  healthy(r);
  r.start();
  r.run_for(5s);
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(HoldUntil, TakesTheStagesOtherwiseWhenItFailsOrLastsTooLong) {
  for (const bool fails : {true, false}) {
    Rehearsal r(kBackfill);
    healthy(r);
    r.settles = [&](const core::EffectRequested& effect) {
      const bool start = effect.kind == EffectKind::start;
      return Rehearsal::Settlement{.after = start ? core::Duration(1h) : 200ms,
                                   .succeeds = !start,
                                   .never = start && !fails};
    };
    r.start();
    r.run_to("rollback.gradual");
    EXPECT_EQ(r.because("rollback.gradual.ramp"),
              fails ? "`fill` failed" : "`fill` was not done within 8h");
    EXPECT_EQ(r.elapsed() / 1min, fails ? 60 : 480);
  }
}

TEST(HoldUntil, AnIdempotentOneIsStartedAgain) {
  Rehearsal r(
      text_of({.before = "action fill(phase: text) idempotent\n", .stages = R"(stage canary {
    on enter { start fill(phase: "x") }
    traffic 20%
    hold until fill at most 8h
    within 4h otherwise rollback gradual
  }
)"}));
  healthy(r);
  int failures = 2;
  r.settles = [&](const core::EffectRequested& effect) {
    const bool fails = effect.kind == EffectKind::start && failures-- > 0;
    return Rehearsal::Settlement{.after = 1min, .succeeds = !fails};
  };
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.effects(EffectKind::start).size(), 3U);
}

// ---- next override ------------------------------------------------------------------------------

std::string overriding(const std::string& review) {
  return text_of({.before = R"(decide judge {
    by all of dev, ops
    ask mail
    within 3h otherwise rollback gradual
    option go "Go on" next
    option anyway "Go on anyway" next override
  }
)",
                  .stages = "stage canary {\n traffic 20%\n hold 1h\n" + review +
                            "within 4h otherwise decide judge\n}\n"});
}
const std::string kOverriding = overriding("expect error_rate < 0.1% over 5m\n");

TEST(NextOverride, ActsThoughTheReviewDoesNotPassAndSaysSo) {
  Rehearsal r(kOverriding);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(58min);
  r.add("err", kNew, 100);
  r.run_to("canary.review.otherwise");
  EXPECT_EQ(r.decide("go", "dev", "ann"), "");
  EXPECT_EQ(r.decide("go", "ops", "bob"), "");
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  EXPECT_EQ(r.decide("anyway", "dev", "ann"), "");
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  EXPECT_EQ(r.decide("anyway", "ops", "bob"), "");
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.because("succeeded")
                .rfind("decided: Go on anyway, overriding: error_rate < 0.1% over 5m: 0.333", 0),
            0U)
      << r.because("succeeded");
}

TEST(NextOverride, NamesWhoSaidNoAndWhatNobodyAnswered) {
  Rehearsal r(overriding("confirm \"Fine\" by ops\nconfirm \"Checked\" by dev\n"));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  EXPECT_EQ(r.confirm("Fine", "ops", "olga", false), "");
  EXPECT_EQ(r.because("canary.review.otherwise"), "olga (ops) says no to `Fine`");
  EXPECT_EQ(r.decide("anyway", "dev", "ann"), "");
  EXPECT_EQ(r.decide("anyway", "ops", "bob"), "");
  EXPECT_EQ(r.because("succeeded"),
            "decided: Go on anyway, overriding: olga (ops) says no to `Fine`; "
            "`Checked` not confirmed");
}

TEST(NextOverride, SaysNothingWhereNothingWasOverridden) {
  Rehearsal r(kOverriding);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(58min);
  r.add("err", kNew, 100);
  r.run_to("canary.review.otherwise");
  r.run_for(10min);
  EXPECT_EQ(r.decide("anyway", "dev", "ann"), "");
  EXPECT_EQ(r.decide("anyway", "ops", "bob"), "");
  EXPECT_EQ(r.because("succeeded"), "decided: Go on anyway");
}

TEST(NextOverride, WaitsWhilePausedLikeEveryStepForward) {
  Rehearsal r(kOverriding);
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(58min);
  r.add("err", kNew, 100);
  r.run_to("canary.review.otherwise");
  EXPECT_EQ(r.verb(Verb::pause), "");
  EXPECT_EQ(r.decide("anyway", "dev", "ann"), "");
  EXPECT_EQ(r.decide("anyway", "ops", "bob"), "");
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.state(), "succeeded");
}

}  // namespace
}  // namespace rollbook::tests
