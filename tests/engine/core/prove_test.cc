// Verdicts of the tests through the core: what passes, what fails, what stays open, and what is
// never taken for health.

#include "engine/core/prove.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/core/limits.h"
#include "engine/core/sentence.h"
#include "engine/core/trials.h"
#include "tools/calibration/trial.h"

namespace rollbook::calibration {
namespace {

using namespace std::chrono_literals;
using namespace rollbook::core;

constexpr Fixed kPerMille{1'000'000}, kOnePercent{10'000'000}, kFivePercent{50'000'000};
constexpr Fixed kSameRate = Fixed::from_int(1), kFivePercentMore{1'050'000'000};

const Evidence& evidence(const Trial& trial) { return *trial.reading().evidence; }

// ---- A gate ---------------------------------------------------------------------------------

TEST(Prove, AGatePassesWithTheRequestThatProvesIt) {
  Trial trial(expect_below(kPerMille, kFivePercent));
  trial.second({.requests = 4186});
  EXPECT_EQ(trial.reading().verdict, Verdict::undecided);
  trial.second({.requests = 1});
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
  EXPECT_EQ(evidence(trial).counts, (std::vector<std::int64_t>{4187, 0, 0}));
  EXPECT_EQ(evidence(trial).prior_b, Fixed::from_int(1000));
  EXPECT_GE(evidence(trial).statistic, threshold_of(kFivePercent));
}

TEST(Prove, AGateFailsWhereTheContraryIsProven) {
  Trial trial(expect_below(kPerMille, kFivePercent));
  for (int second = 0; second < 3; ++second) trial.second({.requests = 100, .errors = 2});
  EXPECT_EQ(trial.reading().verdict, Verdict::fail);
  EXPECT_GE(evidence(trial).contrary, threshold_of(kFivePercent));
}

TEST(Prove, AGateNeverPassesAtItsLimit) {
  Trial trial(expect_below(kPerMille, kFivePercent));
  for (int second = 0; second < 200; ++second) trial.second({.requests = 10'000, .errors = 10});
  EXPECT_EQ(trial.reading().verdict, Verdict::undecided);
}

TEST(Prove, AGateBeginsAnewWithItsShift) {
  Trial trial(expect_below(kPerMille, kFivePercent));
  for (int second = 0; second < 3; ++second) trial.second({.requests = 1000, .errors = 1});
  trial.shift(Weight{750'000'000});
  trial.second({.requests = 4187});
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
  EXPECT_EQ(evidence(trial).counts[0], 4187);
}

// ---- A guard --------------------------------------------------------------------------------

TEST(Prove, AGuardStopsAtOnceAndSaysWhatItRestsOn) {
  Trial trial(stop_above(kPerMille, kOnePercent));
  for (int second = 0; second < 600; ++second) trial.second({.requests = 45});
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
  int seconds = 0;
  while (trial.reading().verdict == Verdict::pass && seconds < 60) {
    trial.second({.requests = 45, .errors = 5});
    ++seconds;
  }
  EXPECT_EQ(trial.reading().verdict, Verdict::fail);
  EXPECT_LE(seconds, 4);
  // A reader adds the starts up again, and what has not begun.
  const Evidence& found = evidence(trial);
  double sum = 1.0 / static_cast<double>(found.starts.back().to);
  for (const TestStart& start : found.starts) {
    const stats::Beta prior{found.prior_a, found.prior_b};
    sum += (1.0 / static_cast<double>(start.from) - 1.0 / static_cast<double>(start.to)) *
           std::exp(stats::log_above({start.counts[0], start.counts[1]}, kPerMille, prior,
                                     found.dispersion));
  }
  EXPECT_NEAR(std::log(sum), static_cast<double>(found.statistic) * 1e-6, 1e-5);
}

double dispersion_of(const Trial& trial) {
  const Found found =
      prove_in_full(Subject{trial.machine, trial.state, Pending{}, trial.machine.criteria[0]});
  return static_cast<double>(found.evidence->dispersion.nanos) * 1e-9;
}

// Ten errors at once are one accident, once and again.
TEST(Prove, BurstsFarBelowTheLimitAreNoBreach) {
  for (const int first : {0, 1, 700}) {
    Trial trial(stop_above(kPerMille, kOnePercent));
    for (int second = 0; second < 3000; ++second) {
      trial.second({.requests = 50, .errors = second % 1000 == first ? 10 : 0});  // 0.02 %
      ASSERT_EQ(trial.reading().verdict, Verdict::pass) << second;
    }
    EXPECT_NEAR(dispersion_of(trial), 10, 0.01);
  }
}

// What came in one second may have been one burst; what goes on is none.
TEST(Prove, ACanaryThatBreaksWithItsFirstRequestsIsStoppedAfterSomeSeconds) {
  Trial trial(stop_above(kPerMille, kOnePercent));
  trial.second({.requests = 50, .errors = 50});
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
  int seconds = 1;
  for (; trial.reading().verdict == Verdict::pass && seconds < 60; ++seconds) {
    trial.second({.requests = 50, .errors = 50});
  }
  EXPECT_LE(seconds, 4);
}

// Where errors are known to come alone, the first second of a breach is enough.
TEST(Prove, AGuardThatKnowsItsErrorsStopsWithTheFirstSecond) {
  Trial trial(stop_above(kPerMille, kOnePercent));
  for (int second = 0; second < 36'000; ++second) {
    trial.second({.requests = 50, .errors = second % 100 == 0 ? 1 : 0});
  }
  ASSERT_EQ(trial.reading().verdict, Verdict::pass);
  trial.second({.requests = 50, .errors = 10});
  EXPECT_EQ(trial.reading().verdict, Verdict::fail);
}

// How errors come is the service's, not the stage's: the next gate knows it.
TEST(Prove, AGateKnowsTheBurstsOfTheStageBefore) {
  Trial trial(expect_below(kPerMille, kFivePercent));
  for (int second = 0; second < 1000; ++second) {
    trial.second({.requests = 50, .errors = second % 100 == 50 ? 10 : 0});
  }
  trial.shift(Weight{750'000'000});
  trial.second({.requests = 4187});
  EXPECT_EQ(trial.reading().verdict, Verdict::undecided);
  EXPECT_NEAR(dispersion_of(trial), 10, 0.5);
}

// More matches than misses: it is the misses that come in bursts.
TEST(Prove, OfAShareOverAHalfTheComplementHasTheBursts) {
  Criterion criterion = expect_below(Fixed{999'000'000}, kFivePercent);
  criterion.comparison = Comparison::greater;
  Trial trial(criterion);
  for (int second = 0; second < 100; ++second) {
    trial.second({.requests = 1000, .errors = second % 10 == 5 ? 990 : 1000});
  }
  EXPECT_NEAR(dispersion_of(trial), 10, 0.5);
}

TEST(Prove, StartsAreThinnedByAge) {
  Trial trial(stop_above(kPerMille, kOnePercent));
  for (int second = 0; second < 20'000; ++second) trial.second({.requests = 45});
  const auto& starts = trial.state.tests[0].starts;
  EXPECT_LE(starts.size(), 20U * 15U);
  EXPECT_EQ(starts.front().from, 1);
  EXPECT_EQ(starts.back().to, 4'002);
  for (std::size_t i = 1; i + 1 < starts.size(); ++i) {
    EXPECT_LT(starts[i].from, starts[i + 1].from);
    const auto age = starts.back().to - starts[i + 1].from;
    EXPECT_LE(starts[i + 1].from - starts[i].from, age / 20 + 1) << i;
  }
}

TEST(Prove, ASilenceAddsNoStartsButKeepsTheirWeight) {
  Trial trial(stop_above(kPerMille, kOnePercent));
  trial.second({.requests = 45});
  trial.seconds(3600, {.requests = 45});
  EXPECT_LE(trial.state.tests[0].starts.size(), 3U);
  EXPECT_EQ(trial.state.tests[0].starts.back().to, 722);
}

TEST(Prove, ALookThatWasNotLoggedLeavesNoTrace) {
  Trial trial(stop_above(kPerMille, kOnePercent));
  for (int second = 0; second < 30; ++second) trial.second({.requests = 45});
  const RolloutState before = trial.state;
  Pending pending;
  CellDelta delta;
  delta.series = SeriesIndex{1};
  delta.reach = Floor::shift;
  delta.cell.end = delta.cell.latest = trial.now + 1s;
  delta.cell.value = Fixed::from_int(40);
  pending.observed.deltas.push_back(delta);
  pending.observed.seen.push_back({SeriesIndex{0}, trial.now + 1s, trial.now + 1s});
  pending.observed.seen.push_back({SeriesIndex{1}, trial.now + 1s, trial.now + 1s});
  const Reading seen =
      evaluate(trial.machine, trial.state, pending, CriterionIndex{0}, trial.now + 1s);
  EXPECT_EQ(seen.verdict, Verdict::fail);
  EXPECT_EQ(trial.state, before);
}

// ---- Two arms -------------------------------------------------------------------------------

TEST(Prove, ACanaryThatFailsTwiceAsOftenIsStopped) {
  Trial trial(stop_above_baseline(kFivePercentMore, kOnePercent));
  int seconds = 0;
  while (trial.reading().verdict != Verdict::fail && seconds < 600) {
    trial.second({.requests = 100, .errors = 2}, {.requests = 1900, .errors = 19});
    ++seconds;
  }
  EXPECT_EQ(trial.reading().verdict, Verdict::fail);
  EXPECT_GT(seconds, 5);
  EXPECT_EQ(evidence(trial).counts,
            (std::vector<std::int64_t>{2 * seconds, 100 * seconds, 19 * seconds, 1900 * seconds}));
}

TEST(Prove, ABadHourOfBothArmsIsNoBreach) {
  Trial trial(stop_above_baseline(kFivePercentMore, kOnePercent));
  for (int second = 0; second < 600; ++second) {
    trial.second({.requests = 100, .errors = 30}, {.requests = 1900, .errors = 570});
  }
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
}

// Ten errors at once are one accident, also when no arm has had one before.
TEST(Prove, TheFirstBurstsOfTheCanaryAreNoBreach) {
  Trial trial(stop_above_baseline(kSameRate, kOnePercent));
  for (int second = 0; second < 1000; ++second) {
    const bool burst = second % 400 == 100;
    trial.second({.requests = 500, .errors = burst ? 10 : 0}, {.requests = 500});
    ASSERT_EQ(trial.reading().verdict, Verdict::pass) << second;
  }
}

TEST(Prove, ABurstInTheFirstSecondIsNoBreach) {
  Trial trial(stop_above_baseline(kSameRate, kFivePercent));
  trial.second({.requests = 500, .errors = 40}, {.requests = 500});
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
}

// Where the baseline has shown how its errors come, a canary that breaks is no burst.
TEST(Prove, ACanaryThatBreaksAfterAnHourIsStoppedAtOnce) {
  Trial trial(stop_above_baseline(kSameRate, kOnePercent));
  for (int second = 0; second < 3600; ++second) {
    trial.second({.requests = 50}, {.requests = 950, .errors = second % 5 == 0 ? 1 : 0});
  }
  int seconds = 0;
  while (trial.reading().verdict != Verdict::fail && seconds < 60) {
    trial.second({.requests = 50, .errors = 5}, {.requests = 950});
    ++seconds;
  }
  EXPECT_LE(seconds, 4);
}

// The rate of both drifts up and down by a factor of four; nothing comes in bursts.
TEST(Prove, ADriftOfBothArmsIsNoDispersion) {
  Trial trial(stop_above_baseline(kSameRate, kOnePercent));
  for (int second = 0; second < 2000; ++second) {
    const std::int64_t errors = 10 + (second / 100 % 2 == 0 ? second % 100 : 100 - second % 100);
    trial.second({.requests = 1000, .errors = errors}, {.requests = 1000, .errors = errors});
  }
  const Found found =
      prove_in_full(Subject{trial.machine, trial.state, Pending{}, trial.machine.criteria[0]});
  ASSERT_TRUE(found.evidence);
  EXPECT_EQ(found.evidence->dispersion, Fixed::from_int(1));
}

TEST(Prove, BurstsAreDividedByTheDispersionOfTheBaseline) {
  Trial trial(stop_above_baseline(kSameRate, kOnePercent));
  for (int second = 0; second < 100; ++second) {
    const bool burst = second % 10 == 0;
    trial.second({.requests = 100, .errors = burst ? 20 : 0},
                 {.requests = 1900, .errors = burst ? 190 : 0});
  }
  const Found found =
      prove_in_full(Subject{trial.machine, trial.state, Pending{}, trial.machine.criteria[0]});
  ASSERT_TRUE(found.evidence);
  EXPECT_GT(found.evidence->dispersion, Fixed::from_int(100));
}

TEST(Prove, EqualErrorRatesPassAFactorInTime) {
  Trial trial(expect_within_baseline(Fixed{1'500'000'000}, kFivePercent));
  for (int second = 0; second < 300; ++second) {
    trial.second({.requests = 1000, .errors = 10}, {.requests = 1000, .errors = 10});
  }
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
}

// Events without exposure belong to the step that brings it.
TEST(Prove, ErrorsWithoutRequestsWaitForThem) {
  Trial trial(stop_above_baseline(kSameRate, kOnePercent));
  trial.second({.requests = 100, .errors = 1}, {.requests = 100, .errors = 1});
  trial.second({.requests = 0, .errors = 5}, {.requests = 100, .errors = 0});
  EXPECT_EQ(trial.state.tests[0].spread.steps, 1);
  trial.second({.requests = 100, .errors = 0}, {.requests = 100, .errors = 0});
  EXPECT_EQ(trial.state.tests[0].spread.steps, 2);
  const auto& counts = trial.state.tests[0].counts;
  EXPECT_EQ(std::vector<std::int64_t>(counts.begin(), counts.begin() + 4),
            (std::vector<std::int64_t>{6, 200, 1, 300}));
}

// ---- Quantiles ------------------------------------------------------------------------------

// So many observations at and above edge `edge`, one bucket each.
std::vector<std::int64_t> latencies(const Trial& trial, std::int64_t low, std::int64_t high,
                                    std::size_t edge) {
  std::vector<std::int64_t> buckets(trial.state.metrics[2].bounds.size() + 1);
  buckets[1] = low;
  buckets[edge + 1] = high;
  return buckets;
}

TEST(Prove, AQuantileIsACountAboveAnEdge) {
  Trial trial(expect_p99_below(kPerMille, kFivePercent));
  const auto& bounds = trial.state.metrics[2].bounds;
  trial.machine.criteria[0].limit = bounds[10];
  trial.second({.buckets = latencies(trial, 1000, 0, 10)});
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);  // 0 of 1000 above: below 1 %
  EXPECT_EQ(evidence(trial).counts, (std::vector<std::int64_t>{1000, 0, 0}));
}

TEST(Prove, ALimitInsideABucketCountsForNeitherSide) {
  Trial trial(expect_p99_below(kPerMille, kFivePercent));
  const auto& bounds = trial.state.metrics[2].bounds;
  trial.machine.criteria[0].limit = Fixed{(bounds[10].nanos + bounds[11].nanos) / 2};
  trial.second({.buckets = latencies(trial, 1000, 100, 10)});  // all in the limit's bucket
  const Reading now = evaluate(trial.machine, trial.state, Pending{}, CriterionIndex{0}, trial.now);
  EXPECT_EQ(now.verdict, Verdict::undecided);
  EXPECT_EQ(now.evidence->counts, (std::vector<std::int64_t>{1100, 0, 100}));
  EXPECT_EQ(now.low, bounds[10]);
  EXPECT_EQ(now.high, bounds[11]);
}

TEST(Prove, BeyondTheLastEdgeNothingIsProvenAndTheEdgeIsTold) {
  Trial trial(stop_p99_above(kPerMille, kOnePercent));
  const auto& bounds = trial.state.metrics[2].bounds;
  trial.machine.criteria[0].limit = Fixed{bounds.back().nanos * 2};
  const std::vector<std::int64_t> slow = latencies(trial, 1000, 1000, bounds.size() - 1);
  for (int second = 0; second < 10; ++second) trial.second({.buckets = slow});
  const Reading now = evaluate(trial.machine, trial.state, Pending{}, CriterionIndex{0}, trial.now);
  EXPECT_EQ(now.verdict, Verdict::pass);
  EXPECT_EQ(now.low, bounds.back());
  EXPECT_EQ(now.high, std::nullopt);
}

TEST(Prove, EqualLatenciesAreWithinFivePercent) {
  Trial trial(expect_p99_within_baseline(kFivePercentMore, kFivePercent));
  std::vector<std::int64_t> buckets(trial.state.metrics[2].bounds.size() + 1);
  // 0.5 % above the edge after the quantile's, 5 % above the one before: both are proven soon.
  buckets[5] = 9500;
  buckets[20] = 450;
  buckets[40] = 50;
  for (int second = 0; second < 12; ++second) {
    trial.second({.buckets = buckets}, {.buckets = buckets});
  }
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
  EXPECT_EQ(trial.reading().low, trial.state.metrics[2].bounds[19]);
  EXPECT_EQ(trial.reading().high, trial.state.metrics[2].bounds[20]);
}

TEST(Prove, ATailTwiceAsLongFails) {
  Trial trial(expect_p99_within_baseline(kFivePercentMore, kFivePercent));
  std::vector<std::int64_t> fast(trial.state.metrics[2].bounds.size() + 1), slow = fast;
  fast[5] = slow[5] = 9500;
  fast[10] = slow[40] = 500;
  for (int second = 0; second < 10; ++second) trial.second({.buckets = slow}, {.buckets = fast});
  EXPECT_EQ(trial.reading().verdict, Verdict::fail);
}

// Fifty slow requests at once, each minute of both arms, are fewer proofs than fifty.
TEST(Prove, SlowRequestsInBurstsAreDividedByTheDispersion) {
  Trial trial(expect_p99_within_baseline(kFivePercentMore, kFivePercent));
  std::vector<std::int64_t> calm(trial.state.metrics[2].bounds.size() + 1), burst = calm;
  calm[5] = burst[5] = 500;
  burst[40] = 50;
  for (int second = 0; second < 600; ++second) {
    const auto& buckets = second % 10 == 5 ? burst : calm;
    trial.second({.buckets = buckets}, {.buckets = buckets});
  }
  EXPECT_NEAR(dispersion_of(trial), 50, 2);
}

TEST(Prove, FewLatenciesDecideNothing) {
  Trial trial(expect_p99_within_baseline(kFivePercentMore, kFivePercent));
  const auto few = latencies(trial, 50, 1, 10);
  trial.second({.buckets = few}, {.buckets = few});
  EXPECT_EQ(trial.reading().verdict, Verdict::undecided);
}

// ---- The past -------------------------------------------------------------------------------

Trial with_past(Duration lag, int errors) {
  Trial trial(expect_unchanged(lag, Fixed{100'000'000}, kFivePercent));
  for (Duration at{}; at < lag; at += 1s) trial.second({.requests = 1000, .errors = errors});
  trial.shift(Weight{250'000'000});
  return trial;
}

TEST(Prove, TheSameRateAsBeforeIsUnchanged) {
  Trial trial = with_past(5min, 100);
  for (int second = 0; second < 200; ++second) trial.second({.requests = 1000, .errors = 100});
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
}

// An event every three seconds, of a counter that has no requests below it.
Found slow_events(Measure measure) {
  Criterion criterion = expect_unchanged(5min, Fixed{100'000'000}, kFivePercent);
  criterion.measure = measure;
  criterion.denominator = criterion.other_denominator = WindowIndex{};
  Trial trial(criterion);
  for (int second = 0; second < 300; ++second) trial.second({.errors = second % 3 == 0});
  trial.shift(Weight{250'000'000});
  for (int second = 0; second < 150; ++second) trial.second({.errors = second % 3 == 0});
  const Pending nothing;
  return prove_in_full(Subject{trial.machine, trial.state, nothing, trial.machine.criteria[0]});
}

TEST(Prove, ASlowRateIsToldWithItsFractions) {
  const Found found = slow_events(Measure::rate);
  ASSERT_TRUE(found.value && found.limit && found.evidence);
  const auto& counts = found.evidence->counts;
  EXPECT_EQ(found.value->nanos, Int128{counts[0]} * 1'000'000'000 * Fixed::kScale / counts[1]);
  EXPECT_GT(*found.value, Fixed{300'000'000});
  EXPECT_LT(*found.value, Fixed{400'000'000});
  EXPECT_GT(*found.limit, Fixed{300'000'000});
  EXPECT_LT(*found.limit, Fixed{400'000'000});
}

TEST(Prove, ACountIsToldAsWhatComesInItsLag) {
  const Found found = slow_events(Measure::count);
  ASSERT_TRUE(found.value && found.limit);
  EXPECT_GT(*found.value, Fixed::from_int(90));
  EXPECT_LT(*found.value, Fixed::from_int(120));
  EXPECT_GT(*found.limit, Fixed::from_int(90));
  EXPECT_LT(*found.limit, Fixed::from_int(120));
}

TEST(Prove, AThirdMoreIsAChange) {
  Trial trial = with_past(5min, 100);
  for (int second = 0; second < 200; ++second) trial.second({.requests = 1000, .errors = 133});
  EXPECT_EQ(trial.reading().verdict, Verdict::fail);
}

TEST(Prove, AThirdLessIsAChangeToo) {
  Trial trial = with_past(5min, 100);
  for (int second = 0; second < 200; ++second) trial.second({.requests = 1000, .errors = 67});
  EXPECT_EQ(trial.reading().verdict, Verdict::fail);
}

TEST(Prove, NotRejectingIsNotBeingEqual) {
  Trial trial = with_past(5min, 1);
  for (int second = 0; second < 60; ++second) trial.second({.requests = 1000, .errors = 1});
  EXPECT_EQ(trial.reading().verdict, Verdict::undecided);
}

TEST(Prove, APastThatWasNotWatchedIsNotComparedWith) {
  Trial trial(expect_unchanged(5min, Fixed{100'000'000}, kFivePercent));
  for (int second = 0; second < 300; ++second) {
    trial.second({.requests = 1000, .errors = 100});
    ASSERT_EQ(trial.reading().verdict, Verdict::no_data) << second;
  }
  for (int second = 0; second < 200; ++second) trial.second({.requests = 1000, .errors = 100});
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
  EXPECT_LE(evidence(trial).counts[1], 200'000);
}

TEST(Prove, WhatWasLostIsNoChange) {
  Trial trial = with_past(5min, 100);
  for (int second = 0; second < 200; ++second) trial.second({.requests = 1000, .errors = 100});
  Pending nothing;
  std::vector<Event> events;
  advance(trial.machine, trial.shard, trial.state, nothing, Input{trial.now, Miss{}}, events);
  trial.second({.requests = 1000, .errors = 500});
  EXPECT_EQ(trial.reading().verdict, Verdict::no_data);
}

// ---- The split ------------------------------------------------------------------------------

TEST(Prove, TheShiftThatNeverHappenedIsSeen) {
  Trial trial(expect_split(kPerMille), Weight{100'000'000});
  trial.second({.requests = 0}, {.requests = 99});
  EXPECT_EQ(trial.reading().missing, Missing::too_few);
  trial.second({.requests = 0}, {.requests = 3300});
  EXPECT_EQ(trial.reading().verdict, Verdict::fail);
  EXPECT_EQ(trial.reading().limit, Fixed{100'000'000});
}

// Seconds of `split`, each with all of its 1,000 requests drawn `at_once` by `at_once`.
Verdict after(std::int64_t seconds, double share, std::int64_t at_once, std::uint64_t seed) {
  Trial trial(expect_split(kPerMille), Weight{100'000'000});
  std::mt19937_64 random(seed);
  std::binomial_distribution<std::int64_t> draw(1000 / at_once, share);
  for (std::int64_t second = 0; second < seconds; ++second) {
    const std::int64_t canary = draw(random) * at_once;
    trial.second({.requests = canary}, {.requests = 1000 - canary});
  }
  return trial.reading().verdict;
}

TEST(Prove, ASplitOfUsersWhoStickToTheirArmIsAsPlanned) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    for (const std::int64_t at_once : {1, 10, 100, 250}) {
      EXPECT_EQ(after(600, 0.1, at_once, seed), Verdict::pass) << at_once << " " << seed;
    }
    EXPECT_EQ(after(600, 0.12, 1, seed), Verdict::fail) << seed;
    EXPECT_EQ(after(600, 0.2, 100, seed), Verdict::fail) << seed;
  }
}

TEST(Prove, AHundredRequestsAreNeededForASplit) {
  Trial trial(expect_split(kPerMille), Weight{500'000'000});
  trial.second({.requests = 50}, {.requests = 49});
  EXPECT_EQ(trial.reading().missing, Missing::too_few);
}

// ---- Missing data ---------------------------------------------------------------------------

// What is missing is never health: no test passes a gate or stops anything without data.
TEST(Prove, WithoutDataNoGatePassesAndNoGuardStops) {
  const Criterion criteria[] = {expect_below(kPerMille, kFivePercent),
                                stop_above(kPerMille, kOnePercent),
                                expect_within_baseline(kFivePercentMore, kFivePercent),
                                stop_above_baseline(kFivePercentMore, kOnePercent),
                                expect_p99_below(kPerMille, kFivePercent),
                                expect_p99_within_baseline(kFivePercentMore, kFivePercent),
                                expect_unchanged(5min, kOnePercent, kFivePercent),
                                expect_split(kPerMille)};
  for (const Criterion& criterion : criteria) {
    for (const bool named : {true, false}) {
      Trial trial(criterion);
      if (!named) {
        for (MetricState& metric : trial.state.metrics) metric = MetricState{};
      }
      trial.second({});
      EXPECT_EQ(trial.reading().verdict, Verdict::no_data)
          << static_cast<int>(criterion.test) << static_cast<int>(criterion.kind) << named;
      EXPECT_EQ(trial.reading().raw, Raw::unknown);
    }
  }
}

TEST(Prove, AStaleGateHoldsWhatItHasProven) {
  Trial trial(expect_below(kPerMille, kFivePercent));
  trial.second({.requests = 5000});
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
  Pending nothing;
  std::vector<Event> events;
  const Time later = trial.now + kStaleAfter + 1s;
  advance(trial.machine, trial.shard, trial.state, nothing, Input{later, Tick{}}, events);
  EXPECT_EQ(trial.reading().verdict, Verdict::no_data);
  EXPECT_EQ(trial.reading().missing, Missing::stale);
}

// ---- Words ----------------------------------------------------------------------------------

TEST(Prove, TheSentenceSaysWhatWasProven) {
  Trial trial(stop_above(kPerMille, kOnePercent));
  trial.machine.criteria[0].text = "error_rate > 0.1% with confidence 99%";
  trial.machine.file = "hal9.runbook";
  for (int second = 0; second < 3; ++second) trial.second({.requests = 100, .errors = 10});
  ASSERT_EQ(trial.reading().verdict, Verdict::fail);
  const std::string said = sentence(trial.machine, trial.machine.criteria[0], trial.reading());
  EXPECT_TRUE(
      said.starts_with("error_rate > 0.1% with confidence 99%: 10% in 300 samples, proven: "
                       "the log of the e-value is "))
      << said;
  EXPECT_NE(said.find(" of the 4.61 it needs"), std::string::npos) << said;
}

}  // namespace
}  // namespace rollbook::calibration
