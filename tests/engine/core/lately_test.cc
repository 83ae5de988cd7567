// What a condition says of its last moments: the same as a window that holds only those.

#include "engine/core/lately.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

using Says = Lately::Says;

Lately lately_of(const Judging& judging, Duration at, Duration span) {
  return lately(
      Subject{judging.machine, judging.state, judging.pending, judging.machine.criteria[0]},
      kBegin + at, span);
}

// Edges at 5, 10, 25 and 50 ms.
Says of_buckets(const std::string& limit, std::vector<std::int64_t> buckets) {
  Judging judging(quantile("0.99", Comparison::greater, limit));
  judging.see_latency(60s, std::move(buckets));
  const Says pending = lately_of(judging, 60s, 10s).says;
  judging.evolve();
  EXPECT_EQ(lately_of(judging, 60s, 10s).says, pending);
  return pending;
}

TEST(Lately, OfAQuantileInterpolatesInsideTheBucketOfItsLimit) {
  EXPECT_EQ(of_buckets("0.015", {60, 0, 40, 0, 0}), Says::failing);
  EXPECT_EQ(of_buckets("0.015", {995, 0, 5, 0, 0}), Says::healthy);
  EXPECT_EQ(of_buckets("0.025", {60, 0, 40, 0, 0}), Says::healthy);
}

TEST(Lately, OfAQuantileTakesWhatLiesBeyondTheLastEdgeForMoreThanAnyLimit) {
  EXPECT_EQ(of_buckets("0.06", {60, 0, 0, 0, 40}), Says::failing);
  EXPECT_EQ(of_buckets("0.06", {999, 0, 0, 0, 1}), Says::healthy);
}

Fixed any_limit() { return Fixed::from_nanos(*rc::gen::inRange<std::int64_t>(1, 80'000'000)); }

RC_GTEST_PROP(Lately, OfAQuantileSaysWhatAWindowOfTheSameSaysWhateverTheLimit, ()) {
  Judging judging(quantile("0.9", Comparison::greater, "0"));
  judging.criterion().limit = any_limit();
  std::vector<std::int64_t> buckets(5);
  for (std::int64_t& bucket : buckets) bucket = *rc::gen::inRange(0, 20);
  buckets[0] += 100;
  judging.see_latency(60s, buckets);
  const bool fails = judging.read().verdict == Verdict::fail;
  RC_ASSERT(lately_of(judging, 60s, 10s).says == (fails ? Says::failing : Says::healthy));
}

// A `count(errors)` beside it has the same window, and is told when in a minute they came.
TEST(Lately, OfARatioTakesWhatCameAsItCameThoughARateIsReadFromItsWindow) {
  Judging judging(ratio(Comparison::greater, "0.01"));
  judging.machine.windows[kErrors.value].by_time = true;
  for (const SeriesIndex series : {kRequests, kErrors}) {
    CellDelta delta;
    delta.series = series;
    delta.reach = Floor::shift;
    delta.span = 60s;
    delta.points = 1;
    delta.cell.latest = delta.cell.end = kBegin + 60s;
    delta.cell.value = Fixed::from_int(series == kErrors ? 50 : 1000);
    delta.cell.samples = 1;
    judging.put(delta);
  }
  for (int i = 0; i < 2; ++i, judging.evolve()) {
    const Lately found = lately_of(judging, 60s, 5s);
    EXPECT_EQ(found.says, Says::failing);
    EXPECT_EQ(found.value, decimal("0.05"));
  }
}

TEST(Lately, OfAGaugeFoldsWhatCameAsItsMetricDoes) {
  const struct {
    GaugeFold fold;
    Says says;
  } cases[] = {{GaugeFold::max, Says::failing},
               {GaugeFold::min, Says::healthy},
               {GaugeFold::mean, Says::failing},
               {GaugeFold::last, Says::healthy}};
  for (const auto& [fold, says] : cases) {
    Judging judging(gauge(Comparison::greater, "100"));
    judging.metric(kDepth).fold = fold;
    judging.see(kDepth, 40s, 1000);  // long ago
    judging.see(kDepth, 52s, 180);
    judging.see(kDepth, 60s, 40);
    for (int i = 0; i < 2; ++i, judging.evolve()) {
      EXPECT_EQ(lately_of(judging, 60s, 10s).says, says) << static_cast<int>(fold);
      EXPECT_EQ(lately_of(judging, 60s, 5s).says, Says::healthy) << static_cast<int>(fold);
    }
  }
}

TEST(Lately, OfABracketIsOpenWhileTheLimitLiesInside) {
  const struct {
    std::int64_t least, greatest;
    Says says;
  } cases[] = {{150, 400, Says::failing}, {50, 90, Says::healthy}, {50, 400, Says::unknown}};
  for (const auto& [least, greatest, says] : cases) {
    Judging judging(gauge(Comparison::greater, "100"));
    judging.criterion().measure = Measure::bracket;
    judging.criterion().denominator = WindowIndex{kErrors.value};
    judging.metric(kErrors).kind = MetricKind::gauge;
    judging.metric(kErrors).fold = GaugeFold::min;
    judging.metric(kDepth).fold = GaugeFold::max;
    for (const SeriesIndex end : {kErrors, kDepth}) {
      judging.see(end, 55s, least);
      judging.see(end, 60s, greatest);
    }
    EXPECT_EQ(lately_of(judging, 60s, 10s).says, says);
  }
}

TEST(Lately, WithoutDataNothingIsKnown) {
  for (const Criterion& criterion :
       {ratio(Comparison::greater, "0.01"), quantile("0.99", Comparison::greater, "0.02"),
        gauge(Comparison::greater, "100"), absent(3min)}) {
    Judging judging(criterion);
    judging.see(kRequests, 20s, 100);
    judging.see(kDepth, 20s, 1000);
    judging.see_latency(20s, {0, 0, 0, 0, 10});
    EXPECT_EQ(lately_of(judging, 60s, 10s).says, Says::unknown);
  }
}

// A guard looks back on all of its life; the last minutes are known all the same.
TEST(Lately, OfATestLooksAtTheTimeThatAProofIsWaitedFor) {
  Criterion criterion = ratio(Comparison::greater, "0.02");
  criterion.test = core::Test::proportion;
  Judging judging(criterion);
  for (Window& window : judging.machine.windows) window.cumulative = true;
  judging.traffic(0s, 600s, 0);
  judging.evolve();
  judging.traffic(600s, 700s, 33);
  judging.evolve();
  const Lately found = lately_of(judging, 700s, kStaleAfter);
  EXPECT_EQ(found.says, Says::failing);  // 3.3 % for 100 s of 150
  EXPECT_EQ(found.samples, 150'000);
}

}  // namespace
}  // namespace rollbook::core::tests
