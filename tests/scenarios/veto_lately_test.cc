// `when baseline fails too halt`: how an arm does now, told from what it brought last. Of every
// measure it must say what the stop itself says, or a sick canary is held back without end, and a
// well one is rolled back for what both had.

#include <gtest/gtest.h>

#include "engine/core/limits.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::Verdict;

const Labels kNew{{"v", "new"}}, kOld{{"v", "old"}};
constexpr const char* kBack = "rollback.automatic.shift";
constexpr const char* kHold = "canary.hold.wait";

std::string vetoed(const std::string& stop) {
  return text_of({.before = "metric pods = gauge max pod_p99_ms\n"
                            "metric least = gauge min free_workers\n",
                  .guard = stop + "\nwhen baseline fails too halt\n",
                  .stages = "stage canary {\n traffic 20%\n hold 6h\n}\n",
                  .success = "finish traffic 20%\n"});
}

void expect_halted(const Rehearsal& r) {
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.state(), kHold);
  EXPECT_EQ(r.weights(), "20%");
  EXPECT_EQ(r.effects(EffectKind::page).size(), 1u);
}

// ---- A quantile -----------------------------------------------------------------------------

// Requests a second; `slow` per cent of them in that bucket of the edges 5, 10, 20 and 50 ms.
void answer(Rehearsal& r, const Labels& arm, std::int64_t percent, std::size_t slow) {
  const std::int64_t rate = arm == kNew ? 1 : 9;
  std::vector<std::int64_t> buckets{(100 - percent) * rate, 0, 0, 0, 0};
  buckets[slow] += percent * rate;
  r.histogram("dur", arm, {5, 10, 20, 50}, buckets);
}

TEST(VetoLately, ASlowCanaryIsStoppedWhenTheBaselineAloneRecoversWhereverTheLimitLies) {
  const struct {
    const char* limit;
    std::size_t slow;
  } cases[] = {{"20ms", 3}, {"30ms", 3}, {"80ms", 4}};  // on an edge, inside a bucket, beyond all
  for (const auto& [limit, slow] : cases) {
    Rehearsal r(vetoed(std::string("stop p99(latency) > ") + limit + " over 5m"));
    healthy(r);
    answer(r, kNew, 0, 0);
    answer(r, kOld, 0, 0);
    r.start();
    r.run_for(30min);
    answer(r, kNew, 40, slow);
    answer(r, kOld, 40, slow);
    r.run_for(20min);
    expect_halted(r);
    answer(r, kOld, 0, 0);
    r.run_to(kBack, 10min);
    EXPECT_LE(r.entered(kBack), 55min + 30s) << limit;
  }
}

// ---- Gauges and brackets --------------------------------------------------------------------

struct Gauged {
  const char* stop;
  const char* name;
  std::int64_t well, sick;
  // How much longer than the baseline the canary may be sick and still be well when it is asked: of
  // a bracket the first good point is all it takes.
  Duration longer;
};
constexpr Gauged kGauged[] = {{"stop depth > 100 over 2m", "queue_depth", 5, 150, 30s},
                              {"stop least < 2 over 2m", "free_workers", 30, 0, 30s},
                              {"stop bracket(pods) > 400 over 5m", "pod_p99_ms", 100, 800, 15s}};

// The canary is read `lag` before the baseline, in scrapes of 15 s.
class Readings {
 public:
  Readings(Rehearsal& r, const Gauged& gauged, Duration lag) : r_(r), gauged_(gauged), lag_(lag) {
    for (const Labels& arm : {kNew, kOld}) r_.gauge(gauged_.name, arm, gauged_.well);
    for (const Labels& arm : {kNew, kOld}) r_.silence(gauged_.name, arm);
  }
  // From now on for so long; each is told from its own scrape on.
  void read(Duration duration, bool canary_sick, bool baseline_sick) {
    for (Duration passed{}; passed < duration; passed += 15s) {
      tell(kNew, canary_sick);
      r_.run_for(lag_);
      tell(kOld, baseline_sick);
      r_.run_for(15s - lag_);
    }
  }

 private:
  void tell(const Labels& arm, bool sick) {
    r_.point(gauged_.name, arm, sick ? gauged_.sick : gauged_.well, 0s, runtime::PointKind::gauge);
  }
  Rehearsal& r_;
  Gauged gauged_;
  Duration lag_;
};

TEST(VetoLately, WhenBothRecoverAGaugeIsNoBreachOfTheCanarysOwn) {
  for (const Gauged& gauged : kGauged) {
    for (const Duration lag : {0s, 4s, 11s}) {
      Rehearsal r(vetoed(gauged.stop));
      healthy(r);
      r.start();
      Readings readings(r, gauged, lag);
      readings.read(10min, false, false);
      readings.read(10min, true, true);
      expect_halted(r);
      if (lag > 0s) readings.read(gauged.longer, true, false);
      readings.read(20min, false, false);
      SCOPED_TRACE(gauged.stop);
      expect_halted(r);
      EXPECT_NE(r.reading("guard.stop[1]").verdict, Verdict::fail);
      EXPECT_EQ(r.verb(core::Verb::resume), "");
      readings.read(5min, false, false);
      EXPECT_FALSE(r.rollout().halted);
      EXPECT_EQ(r.weights(), "20%");
    }
  }
}

TEST(VetoLately, WhenTheBaselineAloneRecoversTheStopOnAGaugeActs) {
  for (const Gauged& gauged : kGauged) {
    Rehearsal r(vetoed(gauged.stop));
    healthy(r);
    r.start();
    Readings readings(r, gauged, 4s);
    readings.read(10min, false, false);
    readings.read(10min, true, true);
    expect_halted(r);
    readings.read(6min, true, false);
    EXPECT_NE(r.entered(kBack), core::kNever) << gauged.stop;
  }
}

TEST(VetoLately, AGaugeOfTheCanaryAloneIsNotWaitedWith) {
  for (const Gauged& gauged : kGauged) {
    Rehearsal r(vetoed(gauged.stop));
    healthy(r);
    r.start();
    Readings readings(r, gauged, 4s);
    readings.read(10min, false, false);
    const Duration sick = r.elapsed();
    readings.read(6min, true, false);
    const Duration whole = gauged.well == 100 ? 5min : 0s;  // a bracket: all of its window
    EXPECT_LE(r.entered(kBack), sick + whole + 30s) << gauged.stop;
  }
}

// ---- A test that is not proven yet ----------------------------------------------------------

// Errors a second, in thousandths of the arm's requests.
void fail(Rehearsal& r, std::int64_t canary, std::int64_t baseline) {
  r.counter("req", kNew, 1000);
  r.counter("req", kOld, 9000);
  r.counter("err", kNew, canary);
  r.counter("err", kOld, 9 * baseline);
}
const std::string kProof = vetoed("stop error_rate > 2% with confidence 99%");

void begin(Rehearsal& r) {
  healthy(r);
  fail(r, 0, 0);
  r.scrape_every = 60s;
  r.start();
  r.run_for(30min);
}

void run_until_halted(Rehearsal& r) {
  while (!r.rollout().halted && r.elapsed() < 3h) r.run_for(15s);
}

// 4 % and 2.2 %: the baseline is proven, too, but many minutes after the canary.
TEST(VetoLately, ABaselineThatReadsAboveTheLimitIsHaltedForThoughItIsNotProven) {
  Rehearsal r(kProof);
  begin(r);
  fail(r, 40, 22);
  while (r.reading("guard.stop[1]").verdict != Verdict::fail) r.run_for(1s);
  const Duration proven = r.elapsed();
  EXPECT_EQ(r.reading("guard.stop[1].baseline").verdict, Verdict::pass);
  r.run_for(140s);
  EXPECT_EQ(r.state(), kHold);
  EXPECT_FALSE(r.rollout().halted) << "the proof is waited for";
  EXPECT_EQ(r.reading("guard.stop[1].baseline").verdict, Verdict::pass);
  r.run_for(15s);
  expect_halted(r);
  EXPECT_LE(r.times(EffectKind::page).front(), proven + core::kStaleAfter);
  const core::Reading reading = r.reading("guard.stop[1].baseline");
  EXPECT_EQ(reading.verdict, Verdict::fail);
  EXPECT_EQ(reading.value, core::Fixed::from_nanos(22'000'000));
  const std::string page = r.effects(EffectKind::page).front().text;
  EXPECT_NE(page.find("baseline: error_rate > 2% with confidence 99%: 2.2%"), std::string::npos)
      << page;
  r.run_for(3h);
  expect_halted(r);
}

TEST(VetoLately, ThenWhenBothRecoverItStaysHalted) {
  Rehearsal r(kProof);
  begin(r);
  fail(r, 40, 22);
  run_until_halted(r);
  fail(r, 0, 0);
  r.run_for(5h);
  expect_halted(r);
}

TEST(VetoLately, ThenWhenTheBaselineAloneRecoversTheStopActs) {
  Rehearsal r(kProof);
  begin(r);
  fail(r, 40, 22);
  run_until_halted(r);
  const Duration recovered = r.elapsed();
  fail(r, 40, 1);
  r.run_to(kBack, 10min);
  EXPECT_LE(r.entered(kBack), recovered + 5min);
}

// From 5 % to 50 %: what the canary has in ten minutes came since the shift, and the failure of
// both with it; of the baseline most came before.
TEST(VetoLately, ABaselineWhoseWindowHoldsMoreOfBeforeIsNotCalledWell) {
  Rehearsal r(text_of({.guard = "stop error_rate > 1.5% over 10m\nwhen baseline fails too halt\n",
                       .stages = "stage small {\n traffic 5%\n hold 10m\n}\n"
                                 "stage half {\n traffic 50%\n hold 2h\n}\n",
                       .success = "finish traffic 50%\n"}));
  const auto serve = [&](std::int64_t canary, std::int64_t failing) {
    for (const Labels& arm : {kNew, kOld}) {
      const std::int64_t requests = 100 * (arm == kNew ? canary : 100 - canary);
      r.counter("req", arm, requests);
      r.counter("err", arm, requests * failing / 100);
    }
  };
  serve(5, 0);
  r.start();
  r.run_to("half.hold");
  serve(50, 0);
  r.run_for(30s);
  serve(50, 3);
  r.run_for(1h);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.weights(), "5% 50%");
  EXPECT_EQ(r.effects(EffectKind::page).size(), 1u);
}

// It was near the limit all along, and is still below it.
TEST(VetoLately, ABaselineThatReadsBelowTheLimitHoldsNothingBack) {
  Duration entered[2];
  for (const bool near : {false, true}) {
    Rehearsal r(kProof);
    begin(r);
    fail(r, 0, near ? 19 : 0);
    r.run_for(30min);
    fail(r, 40, near ? 19 : 0);
    r.run_to(kBack, 3h);
    entered[near ? 1 : 0] = r.entered(kBack);
  }
  EXPECT_EQ(entered[0], entered[1]);
}

// ---- A proof of what is over ----------------------------------------------------------------

// Both fail at a fifth for ten minutes, which stays proven for hours.
void fail_for_a_while(Rehearsal& r) {
  begin(r);
  fail(r, 200, 200);
  r.run_for(10min);
  expect_halted(r);
}

TEST(VetoLately, AProofOfWhatIsOverForTheBaselineAloneHoldsNothingBack) {
  Rehearsal r(kProof);
  fail_for_a_while(r);
  const Duration recovered = r.elapsed();
  fail(r, 200, 1);
  r.run_to(kBack, 10min);
  EXPECT_LE(r.entered(kBack), recovered + 6min);
  const std::string why = r.rollout().because;
  EXPECT_EQ(why.find("baseline"), std::string::npos) << why;
}

TEST(VetoLately, NorAProofThatABaselineWasSlow) {
  Rehearsal r(vetoed("stop p99(latency) > 20ms with confidence 99%"));
  healthy(r);
  answer(r, kNew, 0, 0);
  answer(r, kOld, 0, 0);
  r.start();
  r.run_for(30min);
  answer(r, kNew, 40, 3);
  answer(r, kOld, 40, 3);
  r.run_for(20min);
  expect_halted(r);
  const Duration recovered = r.elapsed();
  answer(r, kOld, 0, 0);
  r.run_to(kBack, 10min);
  EXPECT_LE(r.entered(kBack), recovered + 6min);
}

TEST(VetoLately, ABaselineThatFailedAloneLongAgoIsNoReasonToHalt) {
  Rehearsal r(kProof);
  begin(r);
  fail(r, 1, 200);
  r.run_for(10min);
  EXPECT_EQ(r.reading("guard.stop[1].baseline").verdict, Verdict::fail);
  fail(r, 1, 1);
  r.run_for(5min);
  EXPECT_EQ(r.reading("guard.stop[1].baseline").verdict, Verdict::pass);
  fail(r, 200, 1);
  r.run_to(kBack, 10min);
  EXPECT_FALSE(r.rollout().halted);
}

// The canary has few requests, of which now and then one fails: a tenth of the limit.
TEST(VetoLately, WhenBothRecoverTheProofOfTheCanaryIsOverAsWell) {
  Rehearsal r(kProof);
  fail_for_a_while(r);
  fail(r, 1, 1);
  r.run_for(6min);
  EXPECT_EQ(r.reading("guard.stop[1].baseline").verdict, Verdict::pass);
  EXPECT_NE(r.reading("guard.stop[1]").verdict, Verdict::fail);
  r.counter("req", kNew, 2);
  r.counter("err", kNew, 0);
  for (int i = 0; i < 20; ++i) {
    r.add("err", kNew, 1);
    r.run_for(250s);
  }
  expect_halted(r);
}

// Below the limit, but not by so much that it is surely over: one proof fades before the other.
TEST(VetoLately, AndWhereOneProofFadesBeforeTheOther) {
  Rehearsal r(kProof);
  begin(r);
  fail(r, 300, 40);
  r.run_for(10min);
  expect_halted(r);
  fail(r, 18, 18);
  r.run_for(6h);
  expect_halted(r);
  EXPECT_NE(r.verdicts("guard.stop[1].baseline").find("fail pass"), std::string::npos);
  // Now and then a few fail at a time.
  for (int i = 0; i < 20; ++i) {
    r.add("err", kNew, 2'000);
    r.run_for(10min);
  }
  expect_halted(r);
}

TEST(VetoLately, ABaselineThatStillReadsAboveHalfOfTheLimitStaysHalted) {
  Rehearsal r(kProof);
  fail_for_a_while(r);
  fail(r, 200, 15);
  r.run_for(1h);
  expect_halted(r);
  EXPECT_EQ(r.reading("guard.stop[1].baseline").verdict, Verdict::fail);
}

}  // namespace
}  // namespace rollbook::tests
