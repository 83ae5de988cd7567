// The guard: every stop at its edge, one count short and one over, and what it does when.

#include <gtest/gtest.h>

#include "engine/core/sentence.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::Missing;
using core::Raw;
using core::Verdict;

constexpr const char* kBack = "rollback.automatic.shift";
const Labels kNew{{"v", "new"}};
const Labels kOld{{"v", "old"}};

// An hour into the first stage's hold, with windows full of 100 requests a second.
void settle_in(Rehearsal& r) {
  healthy(r);
  r.start();
  r.run_for(30min);
}

// ---- Ratios -------------------------------------------------------------------------------------

TEST(Guard, LetsExactlyTheLimitPass) {
  Rehearsal r(kTwoStages);
  settle_in(r);
  r.add("err", kNew, 300);  // of 30,000: 1 %, and the limit says "> 1 %"
  r.run_for(20min);
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
  EXPECT_EQ(r.verdicts("guard.stop[1]"), "no_data pass");
}

TEST(Guard, StopsAtOneErrorMoreAfterItsSustain) {
  Rehearsal r(kTwoStages);
  settle_in(r);
  r.add("err", kNew, 301);
  r.run_for(15s);  // the scrape that shows them
  EXPECT_EQ(r.reading("guard.stop[1]").raw, Raw::true_);
  const Duration seen = r.elapsed();
  r.run_to_end();
  EXPECT_EQ(r.entered(kBack), seen + 2min);
  EXPECT_EQ(r.because(kBack),
            "error_rate > 1% over 5m for 2m: 1.0033% in 30000 samples, test.runbook:13:10");
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.weights(), "10% 0%");
  ASSERT_EQ(r.effects(EffectKind::page).size(), 1U);
  EXPECT_EQ(r.effects(EffectKind::page)[0].text,
            "Rolled back: error_rate > 1% over 5m for 2m: 1.0033% in 30000 samples, "
            "test.runbook:13:10");
  EXPECT_EQ(r.effects(EffectKind::incident).size(), 1U);
}

TEST(Guard, NeedsItsConditionWithoutABreak) {
  Rehearsal r(kTwoStages);
  settle_in(r);
  r.add("err", kNew, 301);
  r.run_for(15s + 1min + 45s);  // one look before the two minutes are over
  EXPECT_EQ(r.reading("guard.stop[1]").raw, Raw::true_);
  r.add("req", kNew, 1000);  // diluted below the limit
  r.run_for(15s);
  EXPECT_EQ(r.reading("guard.stop[1]").raw, Raw::false_);
  r.add("err", kNew, 30);
  r.run_for(15s);
  EXPECT_EQ(r.reading("guard.stop[1]").raw, Raw::true_);
  const Duration again = r.elapsed();
  r.run_for(1min + 59s);
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
  r.run_to_end();
  EXPECT_EQ(r.entered(kBack), again + 2min);
}

TEST(Guard, WithoutForStopsAtOnce) {
  for (const int errors : {600, 601}) {
    Rehearsal r(kTwoStages);
    settle_in(r);
    r.add("err", kNew, errors);  // of 6,000 in a minute; 2 % of 5 minutes' would wait for 2 m
    r.run_for(15s);
    EXPECT_EQ(r.state() == "canary_10.hold.wait", errors == 600) << errors;
    if (errors == 600) continue;
    EXPECT_EQ(r.because(kBack),
              "error_rate > 10% over 1m: 10.0167% in 6000 samples, test.runbook:14:10");
  }
}

TEST(Guard, SpeaksFromItsHundredthRequest) {
  for (const int requests : {99, 100}) {
    Rehearsal r(text_of({.guard = "stop error_rate > 1% over 1m\nstop absent(requests) for 1h\n"}));
    r.counter("req", kNew, 0);
    r.start();
    r.run_for(10min);
    r.add("req", kNew, requests);
    r.add("err", kNew, 2);
    r.counter("err", kNew, 0);
    r.run_for(15s);
    const auto reading = r.reading("guard.stop[1]");
    EXPECT_EQ(reading.samples, requests);
    EXPECT_EQ(reading.missing, requests == 99 ? Missing::too_few : Missing::none);
    EXPECT_EQ(r.entered(kBack) == core::kNever, requests == 99);
  }
}

TEST(Guard, SpeaksFromTheNumberOfRequestsItNames) {
  for (const int requests : {19, 20}) {
    Rehearsal r(text_of({.guard = "stop error_rate > 1% over 1m at least 20 requests\n"
                                  "stop absent(requests) for 1h\n"}));
    r.counter("req", kNew, 0);
    r.counter("err", kNew, 0);
    r.start();
    r.run_for(10min);
    r.add("req", kNew, requests);
    r.add("err", kNew, 1);
    r.run_for(15s);
    EXPECT_EQ(r.entered(kBack) == core::kNever, requests == 19);
  }
}

// ---- Quantiles, gauges, rates, counts -----------------------------------------------------------

TEST(Guard, JudgesAQuantileByTheShareAboveItsLimit) {
  for (const int slow : {15, 16}) {
    Rehearsal r(
        text_of({.guard = "stop p99(latency) > 50ms over 1m\nstop absent(requests) for 3m\n"}));
    healthy(r);
    r.start();
    r.run_for(10min);
    // Of 1,500 in the scrape 15 are 1 %; a minute holds one such scrape and three without.
    r.histogram("dur", kNew, {5, 10, 20, 50}, {60, 36, 0, 0, 4});
    r.run_for(15s);
    r.histogram("dur", kNew, {5, 10, 20, 50}, {60, 40, 0, 0, 0});
    EXPECT_EQ(r.reading("guard.stop[1]").samples, 6000);
    EXPECT_EQ(r.state(), "canary.hold.wait");  // 60 of 6,000: 1 %, and 1 % may lie above
    if (slow == 15) {
      r.run_for(30min);
      EXPECT_EQ(r.state(), "canary.hold.wait");
      continue;
    }
    r.histogram("dur", kNew, {5, 10, 20, 50}, {60, 39, 0, 0, 1});
    r.run_for(15s);
    EXPECT_EQ(r.state(), kBack);
    EXPECT_EQ(r.because(kBack),
              "p99(latency) > 50ms over 1m: above 50ms, the last edge of its buckets, in 6000 "
              "samples, test.runbook:22:6");
  }
}

TEST(Guard, InterpolatesInsideABucketAndSaysSo) {
  // The limit of 30 ms lies in the bucket of 20 to 50 ms: a third of it counts as below.
  for (const int slow : {1, 2}) {
    Rehearsal r(
        text_of({.guard = "stop p99(latency) > 30ms over 1m\nstop absent(requests) for 3m\n"}));
    healthy(r);
    r.histogram("dur", kNew, {5, 10, 20, 50}, {60, 40 - slow, 0, slow, 0});
    r.start();
    r.run_for(10min);
    EXPECT_EQ(r.entered(kBack) == core::kNever, slow == 1) << slow;  // 2/3 % and 4/3 % above
    if (slow == 1) continue;
    EXPECT_EQ(r.because(kBack),
              "p99(latency) > 30ms over 1m: about 35ms, limit between the edges 20ms and 50ms in "
              "1500 samples, test.runbook:22:6");
  }
}

TEST(Guard, JudgesGaugesRatesAndCounts) {
  struct Case {
    const char* stop;
    const char* series;
    std::int64_t fine;
    std::int64_t breach;
    const char* because;
  };
  for (const Case& c : {
           Case{"stop depth >= 50 over 1m", "queue_depth", 49, 50,
                "depth >= 50 over 1m: 50 in 4 samples, test.runbook:22:6"},
           Case{"stop count(errors) > 5 over 1m", "err", 5, 6,
                "count(errors) > 5 over 1m: 6 in 4 samples, test.runbook:22:6"},
           Case{"stop rate(errors) > 2/s over 1m", "err", 120, 121,
                "rate(errors) > 2/s over 1m: 2.017/s in 4 samples, test.runbook:22:6"},
       }) {
    for (const std::int64_t value : {c.fine, c.breach}) {
      Rehearsal r(text_of({.guard = std::string(c.stop) + "\nstop absent(requests) for 3m\n"}));
      healthy(r);
      const bool gauge = std::string(c.series) == "queue_depth";
      if (gauge) {
        r.gauge(c.series, kNew, 1);
      } else {
        r.counter(c.series, kNew, 0);
      }
      r.start();
      r.run_for(10min);
      if (gauge) {
        r.gauge(c.series, kNew, value);
      } else {
        r.add(c.series, kNew, value);
      }
      r.run_for(15s);
      EXPECT_EQ(r.entered(kBack) == core::kNever, value == c.fine) << c.stop << " at " << value;
      if (value == c.breach) {
        EXPECT_EQ(r.because(kBack), c.because);
      }
    }
  }
}

// ---- Silence ------------------------------------------------------------------------------------

TEST(Guard, TakesThreeMinutesOfSilenceForABreach) {
  Rehearsal r(kTwoStages);
  settle_in(r);
  const Duration last = r.elapsed();
  r.silence();
  r.run_for(3min - 1ms);
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
  r.run_to_end();
  EXPECT_EQ(r.entered(kBack), last + 3min);
  EXPECT_EQ(r.because(kBack), "absent(requests) for 3m (silent for 3m), test.runbook:16:10");
}

TEST(Guard, TakesALastWordBeforeTheThreeMinutesForLife) {
  Rehearsal r(kTwoStages);
  settle_in(r);
  r.silence();
  r.run_for(2min + 50s);
  r.speak();
  r.run_for(10min);
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
}

TEST(Guard, CountsSilenceFromTheFirstSettledShift) {
  Rehearsal r(kTwoStages);
  r.settles = [](const core::EffectRequested&) { return Rehearsal::Settlement{.after = 2min}; };
  r.start();  // nothing is ever measured
  r.run_to_end();
  EXPECT_EQ(r.entered("canary_10.hold.wait"), 2min);
  EXPECT_EQ(r.entered(kBack), 5min);
}

TEST(Guard, IsNotBlindedByTheOtherArm) {
  Rehearsal r(kTwoStages);
  settle_in(r);
  r.silence("req", kNew);  // the baseline goes on
  const Duration last = r.elapsed();
  r.run_to_end();
  EXPECT_EQ(r.entered(kBack), last + 3min);
}

// ---- When it is armed ---------------------------------------------------------------------------

TEST(Guard, NeverCountsWhatCameBeforeTheFirstShift) {
  Rehearsal r(
      text_of({.before = "require {\n confirm \"Ready\" by dev\n within 48h otherwise end\n}\n",
               .guard = "stop error_rate > 1% over 5m\nstop absent(requests) for 3m\n"}));
  healthy(r);
  r.counter("err", kNew, 50);  // half of the shadow's answers are wrong
  r.start();
  r.run_for(1h);
  EXPECT_EQ(r.state(), "preflight.gate");
  r.counter("err", kNew, 0);
  r.confirm("Ready", "dev", "maria");
  EXPECT_EQ(r.state(), "canary.shift");
  // The first point after the shift began before it: it is no evidence either.
  r.run_for(30min);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.verdicts("guard.stop[1]"), "no_data pass");
}

TEST(Guard, CountsItsForFromTheSettlementOfTheFirstShift) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.counter("err", {{"v", "new"}}, 20);
  r.settles = [](const core::EffectRequested&) { return Rehearsal::Settlement{.after = 100s}; };
  // `stop[2]` has no `for` and would speak first: 20 % of errors become 2 %.
  r.counter("err", {{"v", "new"}}, 2);
  r.start();
  r.run_to_end();
  // True since 30 s, settled at 100 s.
  EXPECT_EQ(r.entered("canary_10.hold.wait"), 100s);
  EXPECT_EQ(r.entered(kBack), 100s + 2min + 5s);  // the first scrape at or after 3 m 40 s
  EXPECT_EQ(r.because(kBack).rfind("error_rate > 1% over 5m for 2m: 2% in", 0), 0U);
}

TEST(Guard, WithoutForSpeaksBeforeTheFirstShiftHasSettled) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.counter("err", {{"v", "new"}}, 20);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.after = effect.rollback ? Duration(1s) : Duration(4min)};
  };
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.entered("canary_10.hold.wait"), core::kNever);
  EXPECT_EQ(r.entered(kBack), 30s);
  // The forward shift is still open: the rollback waits for it and shifts once more if need be.
  EXPECT_EQ(r.weights(), "10% 0%");
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Guard, AnUnknownValueFreezesItsFor) {
  Rehearsal r(
      text_of({.guard = "stop error_rate > 1% over 1m for 3m\nstop absent(requests) for 1h\n",
               .stages = "stage canary {\n traffic 20%\n hold 2h\n}\n"}));
  healthy(r);
  r.start();
  r.run_for(10min);
  r.counter("err", kNew, 10);
  r.run_for(15s);
  EXPECT_EQ(r.reading("guard.stop[1]").raw, Raw::true_);
  r.run_for(1min);
  // No request at all: after a minute nothing is known.
  r.counter("req", kNew, 0);
  r.counter("err", kNew, 0);
  r.run_for(1min);
  const auto frozen = r.reading("guard.stop[1]");
  EXPECT_EQ(frozen.raw, Raw::unknown);
  EXPECT_EQ(frozen.missing, Missing::no_traffic);
  EXPECT_EQ(frozen.held, 2min);
  r.run_for(10min);
  EXPECT_EQ(r.reading("guard.stop[1]").held, 2min);
  r.counter("req", kNew, 100);
  r.counter("err", kNew, 10);
  r.run_for(15s);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  r.run_for(1min);
  EXPECT_EQ(r.state(), kBack);  // two minutes before, one minute after
}

// ---- Where it acts ------------------------------------------------------------------------------

TEST(Guard, StopsAReviewADecisionAndTheAcceptance) {
  const Shop shop{.stages =
                      "stage canary {\n traffic 20%\n hold 10m\n expect error_rate < 0.5% over 5m\n"
                      " confirm \"Fine\" by ops\n within 4h otherwise decide verdict\n}\n",
                  .success =
                      "confirm \"Accepted\" by dev\nwithin 24h otherwise rollback gradual\n"
                      "finish traffic 20%\n"};
  for (const char* where : {"canary.review.gate", "canary.review.otherwise", "success.gate"}) {
    Rehearsal r(text_of(shop));
    healthy(r);
    r.start();
    r.run_to("canary.review.gate");
    if (std::string(where) == "canary.review.otherwise") r.confirm("Fine", "ops", "olga", false);
    if (std::string(where) == "success.gate") r.confirm("Fine", "ops", "olga");
    r.run_for(5min);
    ASSERT_EQ(r.state(), where);
    r.counter("err", kNew, 20);
    r.run_to_end(10min);
    EXPECT_EQ(r.state(), "rolled_back") << where;
    EXPECT_EQ(r.weights(), "20% 0%") << where;
    EXPECT_TRUE(r.asked().empty());
  }
}

TEST(Guard, TurnsAGradualRollbackIntoItsOwn) {
  Rehearsal r(kTwoStages);
  settle_in(r);
  r.rollback(core::RollbackHow::gradual);
  r.run_for(3min + 1s);
  EXPECT_EQ(r.weights(), "10% 9% 8% 7% 6%");
  r.add("err", kNew, 1000);
  r.run_to(kBack, 15s);
  EXPECT_EQ(r.weights(), "10% 9% 8% 7% 6% 0%");
  EXPECT_EQ(r.because(kBack),
            "error_rate > 10% over 1m: 16.6667% in 6000 samples, test.runbook:14:10");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  const auto last = r.events().back();
  EXPECT_EQ(std::get<core::RolloutFinished>(last.body).because, r.because(kBack));
}

TEST(Guard, ItsOwnRollbackDisarmsIt) {
  Rehearsal r(kTwoStages);
  settle_in(r);
  r.settles = [](const core::EffectRequested&) { return Rehearsal::Settlement{.after = 6min}; };
  r.verb(core::Verb::abort);
  r.counter("err", kNew, 50);
  r.run_for(5min);
  EXPECT_EQ(r.state(), kBack);
  EXPECT_EQ(r.because(kBack), "aborted by maria");
  r.settles = nullptr;
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
}

}  // namespace
}  // namespace rollbook::tests
