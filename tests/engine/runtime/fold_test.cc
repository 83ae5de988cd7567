#include "engine/runtime/fold.h"

#include <gtest/gtest.h>

#include "engine/core/windows.h"
#include "tests/engine/judging.h"

namespace rollbook::runtime::tests {
namespace {

using namespace std::chrono_literals;
using core::Duration;
using core::Fixed;
using core::Floor;
using core::Time;
using core::tests::decimal;
using core::tests::Judging;
using core::tests::kBegin;
using core::tests::kDepth;
using core::tests::kErrors;
using core::tests::kLatency;
using core::tests::kRequests;

class FoldTest : public testing::Test {
 protected:
  // An increment of `series` over (from, to], arriving a second later.
  Folded fold(core::SeriesIndex series, Duration from, Duration to, std::int64_t value) {
    increment.start = kBegin + from;
    increment.end = kBegin + to;
    increment.value = Fixed::from_int(value);
    increment.gauge = series == kDepth;
    return fold_at(series, kBegin + to + 1s);
  }
  Folded fold_at(core::SeriesIndex series, Time now) {
    const core::MetricIndex metric{series.valid() ? series.value : kRequests.value};
    return runtime::fold({judging.machine,
                          judging.state,
                          {metric, series},
                          increment,
                          bounds.empty() ? nullptr : &bounds,
                          now},
                         judging.pending);
  }
  Folded latency(Duration from, Duration to, std::vector<std::int64_t> counts) {
    buckets = std::move(counts);
    increment.buckets = &buckets;
    increment.samples = 0;
    for (const std::int64_t count : buckets) increment.samples += count;
    const Folded folded = fold(kLatency, from, to, 0);
    increment.buckets = nullptr;
    return folded;
  }
  const core::Observed& observed() const { return judging.pending.observed; }

  Judging judging{core::tests::count(core::Comparison::greater, "0")};
  Increment increment;
  std::vector<Fixed> bounds;
  std::vector<std::int64_t> buckets;
};

TEST_F(FoldTest, APaneEndsWithItsSecond) {
  EXPECT_EQ(pane_of(kBegin), kBegin);
  EXPECT_EQ(pane_of(kBegin + 1ns), kBegin + 1s);
  EXPECT_EQ(pane_of(kBegin + 1s), kBegin + 1s);
}

TEST_F(FoldTest, PutsAnIncrementIntoThePaneOfItsEnd) {
  EXPECT_EQ(fold(kRequests, 1s, 2s + 300ms, 7), Folded::counted);
  EXPECT_EQ(fold(kRequests, 2s + 300ms, 2s + 900ms, 5), Folded::counted);
  EXPECT_EQ(fold(kRequests, 2s + 900ms, 4s, 1), Folded::counted);
  ASSERT_EQ(observed().deltas.size(), 2U);
  const core::Cell& cell = observed().deltas[0].cell;
  EXPECT_EQ(cell.end, kBegin + 3s);
  EXPECT_EQ(cell.latest, kBegin + 2s + 900ms);
  EXPECT_EQ(cell.value, Fixed::from_int(12));
  EXPECT_EQ(cell.samples, 2);
  ASSERT_EQ(observed().seen.size(), 1U);
  EXPECT_EQ(observed().seen[0].watermark, kBegin + 4s);
  EXPECT_EQ(observed().seen[0].arrival, kBegin + 5s);
  ASSERT_EQ(observed().names.size(), 1U);
  EXPECT_EQ(observed().names[0].at, kBegin + 2s + 300ms);
}

TEST_F(FoldTest, ALateIncrementDoesNotTurnTheWatermarkBack) {
  fold(kRequests, 10s, 20s, 1);
  fold(kRequests, 4s, 5s, 1);
  EXPECT_EQ(observed().seen[0].watermark, kBegin + 20s);
  EXPECT_EQ(observed().seen[0].arrival, kBegin + 6s);
}

TEST_F(FoldTest, ReachesTheHighestFloorBeforeAllOfIt) {
  judging.state.guard_floor = kBegin + 10s;
  judging.state.shift_floor = kBegin + 20s;
  fold(kRequests, 9s, 25s, 1);
  fold(kRequests, 10s, 25s, 2);
  fold(kRequests, 19s + 999ms, 25s, 4);
  fold(kRequests, 20s, 25s, 8);
  ASSERT_EQ(observed().deltas.size(), 3U);
  EXPECT_EQ(observed().deltas[0].reach, Floor::start);
  EXPECT_EQ(observed().deltas[0].cell.value, Fixed::from_int(1));
  EXPECT_EQ(observed().deltas[1].reach, Floor::guard);
  EXPECT_EQ(observed().deltas[1].cell.value, Fixed::from_int(6));
  EXPECT_EQ(observed().deltas[2].reach, Floor::shift);
  EXPECT_EQ(observed().deltas[2].cell.value, Fixed::from_int(8));
}

// Where a window asks for it it is told in how long a time it came; that of many senders, in whole
// seconds, is one, and of how many points.
TEST_F(FoldTest, TellsTheSpanInWhichItCame) {
  increment.measured = true;
  fold(kRequests, 0s, 90s, 1);
  fold(kRequests, 1s, 300s, 2);
  fold(kRequests, 600ms, 299s + 700ms, 4);
  fold(kRequests, 285s, 300s, 8);
  increment.measured = false;
  fold(kRequests, 1s, 300s, 16);
  const std::pair<Duration, std::int64_t> expected[] = {{90s, 1}, {299s, 2}, {15s, 1}, {0s, 0}};
  ASSERT_EQ(observed().deltas.size(), std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(observed().deltas[i].span, expected[i].first);
    EXPECT_EQ(observed().deltas[i].points, expected[i].second);
  }
  EXPECT_EQ(observed().deltas[1].cell.value, Fixed::from_int(6));
  EXPECT_EQ(observed().deltas[3].cell.value, Fixed::from_int(16));
}

TEST_F(FoldTest, OfAShareNoSpanIsTold) {
  judging.machine.windows[kRequests.value].by_time = false;
  increment.measured = true;
  fold(kRequests, 0s, 300s, 1);
  EXPECT_EQ(observed().deltas[0].span, 0s);
}

TEST_F(FoldTest, WhatBeganBeforeTheRolloutIsOnlyABase) {
  EXPECT_EQ(fold(kRequests, -1s, 25s, 1), Folded::counted);
  EXPECT_TRUE(observed().deltas.empty());
  EXPECT_EQ(observed().seen.size(), 1U);
  EXPECT_EQ(observed().names.size(), 1U);
}

// ---- Time ---------------------------------------------------------------------------------------

TEST_F(FoldTest, ATimeBeyondTheSkewLimitIsQuarantined) {
  increment.start = kBegin;
  increment.end = kBegin + 60s;
  EXPECT_EQ(fold_at(kRequests, kBegin + 60s - core::kSkew - 1ns), Folded::quarantined);
  EXPECT_EQ(observed().quarantined, 1);
  EXPECT_TRUE(observed().seen.empty());
  EXPECT_TRUE(observed().names.empty());
  EXPECT_EQ(fold_at(kRequests, kBegin + 60s - core::kSkew), Folded::counted);
}

TEST_F(FoldTest, ASeriesWhoseNewestPointIsOldLiesBehind) {
  const Duration stale = judging.state.limits.stale_after;
  increment.start = kBegin;
  increment.end = kBegin + 60s;
  fold_at(kRequests, kBegin + 60s + stale - 1ns);
  EXPECT_FALSE(observed().seen.at(0).behind);
  fold_at(kRequests, kBegin + 60s + stale);
  EXPECT_TRUE(observed().seen.at(0).behind);
  judging.evolve();
  EXPECT_TRUE(judging.state.series[kRequests.value].behind);
  EXPECT_FALSE(judging.state.series[kErrors.value].behind);
  // One that was overtaken is old, the series is not.
  increment.start = increment.end = kBegin + 200s;
  fold_at(kRequests, kBegin + 201s);
  EXPECT_FALSE(observed().seen.at(0).behind);
  increment.end = kBegin + 61s;
  fold_at(kRequests, kBegin + 202s + 20s);
  EXPECT_FALSE(observed().seen.at(0).behind);
  judging.evolve();
  EXPECT_FALSE(judging.state.series[kRequests.value].behind);
}

TEST_F(FoldTest, WhileTheEngineReadsABacklogNothingNewlyLiesBehind) {
  judging.state.sight = core::Sight::catching_up;
  increment.start = increment.end = kBegin + 60s;
  fold_at(kRequests, kBegin + 1h);
  EXPECT_FALSE(observed().seen.at(0).behind);
  judging.state.series[kRequests.value].behind = true;
  fold_at(kRequests, kBegin + 1h);
  EXPECT_TRUE(observed().seen.at(0).behind);
}

TEST_F(FoldTest, LaterThanEveryWindowIsLateAndChangesNothing) {
  fold(kRequests, 3599s, 1h, 1);
  const Duration reach = 5min + core::kGrace;
  EXPECT_EQ(fold(kRequests, 0s, 1h - reach, 100), Folded::late);
  EXPECT_EQ(observed().deltas.size(), 1U);
  EXPECT_EQ(observed().late, 1);
  EXPECT_EQ(fold(kRequests, 0s, 1h - reach + 1ns, 100), Folded::counted);
  EXPECT_EQ(observed().deltas.size(), 2U);
  EXPECT_EQ(observed().late, 1);
  judging.evolve();
  EXPECT_EQ(judging.state.late, 1);
}

// ---- A counter that was not there ---------------------------------------------------------------

TEST_F(FoldTest, AFirstSampleIsABaseUnlessItsSeriesWasKnownToBeZero) {
  increment.first = true;
  EXPECT_EQ(fold(kErrors, 10s, 10s, 5), Folded::counted);
  EXPECT_TRUE(observed().deltas.empty());
  // The name was seen at 10 s; from stale_after on another of its series began at zero.
  EXPECT_EQ(fold(kErrors, 10s + core::kStaleAfter - 1ns, 10s + core::kStaleAfter - 1ns, 5),
            Folded::counted);
  EXPECT_TRUE(observed().deltas.empty());
  fold(kErrors, 10s + core::kStaleAfter, 10s + core::kStaleAfter, 5);
  ASSERT_EQ(observed().deltas.size(), 1U);
  EXPECT_EQ(observed().deltas[0].cell.value, Fixed::from_int(5));
}

TEST_F(FoldTest, AFirstSampleUnderOtherLabelsIsABaseHoweverLongTheNameWasKnown) {
  judging.metric(kErrors).default_zero = true;
  increment.first = true;
  increment.retold = true;
  EXPECT_EQ(fold(kErrors, 1h, 1h, 100'000), Folded::counted);
  EXPECT_TRUE(observed().deltas.empty());
  EXPECT_EQ(observed().seen.size(), 1U);
}

TEST_F(FoldTest, ADefaultOfZeroIsKnownFromTheStartOfTheRollout) {
  judging.metric(kErrors).default_zero = true;
  increment.first = true;
  fold(kErrors, core::kStaleAfter - 1ns, core::kStaleAfter - 1ns, 5);
  EXPECT_TRUE(observed().deltas.empty());
  fold(kErrors, core::kStaleAfter, core::kStaleAfter, 5);
  EXPECT_EQ(observed().deltas.size(), 1U);
}

TEST_F(FoldTest, AFirstSampleWithoutAStartCameInTheTimeInWhichItWasUntold) {
  judging.state.metrics[kRequests.value].named = kBegin;
  fold(kRequests, 0s, 600s, 0);
  increment.first = true;
  increment.untold = 60s;
  fold(kRequests, 630s, 630s, 1);
  ASSERT_EQ(observed().deltas.size(), 2U);
  EXPECT_EQ(observed().deltas[1].span, 60s);
  EXPECT_EQ(observed().deltas[1].points, 1);
  // It still counts where all of it lies as far as is known: behind its own time.
  judging.state.shift_floor = kBegin + 620s;
  fold(kRequests, 640s, 640s, 1);
  EXPECT_EQ(observed().deltas[2].reach, Floor::shift);
}

TEST_F(FoldTest, AfterASilenceOfItsArmAFirstSampleCameInThat) {
  fold(kRequests, 0s, 600s, 0);
  increment.first = true;
  increment.untold = 60s;
  fold(kRequests, 600s + 300s, 600s + 300s, 1);
  EXPECT_EQ(observed().deltas[1].span, 300s);
  // So long nobody tells what was.
  fold(kRequests, 900s + 30min + 1s, 900s + 30min + 1s, 1);
  EXPECT_EQ(observed().deltas[2].span, 60s);
}

TEST_F(FoldTest, OfANameThatWasNeverToldTwiceAFirstSampleCameAtOnce) {
  fold(kRequests, 0s, 600s, 0);
  increment.first = true;
  fold(kRequests, 900s, 900s, 1);
  ASSERT_EQ(observed().deltas.size(), 2U);
  EXPECT_EQ(observed().deltas[1].span, 0s);
}

TEST_F(FoldTest, TheFirstOfAnArmIsWholeWithinEveryWindow) {
  judging.state.metrics[kRequests.value].named = kBegin;
  increment.first = true;
  increment.untold = 400s;
  fold(kRequests, 600s, 600s, 1);
  ASSERT_EQ(observed().deltas.size(), 1U);
  EXPECT_EQ(observed().deltas[0].span, 300s);
}

TEST_F(FoldTest, WhatIsSilentWhileNothingHappensCameAtOnce) {
  judging.metric(kErrors).default_zero = true;
  fold(kErrors, 0s, 600s, 0);
  increment.first = true;
  increment.untold = 60s;
  fold(kErrors, 630s, 630s, 1);
  ASSERT_EQ(observed().deltas.size(), 2U);
  EXPECT_EQ(observed().deltas[1].span, 0s);
}

TEST_F(FoldTest, ANameThatIsStateAlreadyIsNotSaidAgain) {
  fold(kErrors, 1s, 2s, 0);
  judging.evolve();
  fold(kErrors, 2s, 3s, 0);
  EXPECT_TRUE(observed().names.empty());
  EXPECT_EQ(judging.state.metrics[kErrors.value].named, kBegin + 2s);
}

TEST_F(FoldTest, AnArmThatNoWindowKeepsNamesItsMetric) {
  increment.end = kBegin + 5s;
  EXPECT_EQ(fold_at(core::SeriesIndex{}, kBegin + 5s), Folded::counted);
  EXPECT_EQ(observed().names.size(), 1U);
  EXPECT_TRUE(observed().seen.empty());
  EXPECT_TRUE(observed().deltas.empty());
}

// ---- Histograms ---------------------------------------------------------------------------------

TEST_F(FoldTest, TheFirstBoundsAreThoseOfTheMetric) {
  bounds = {decimal("0.005"), decimal("0.01")};
  EXPECT_EQ(latency(0s, 1s, {3, 2, 1}), Folded::counted);
  EXPECT_EQ(latency(0s, 1s, {10, 0, 5}), Folded::counted);
  ASSERT_EQ(observed().layouts.size(), 1U);
  EXPECT_EQ(observed().layouts[0].bounds, bounds);
  ASSERT_EQ(observed().deltas.size(), 1U);
  EXPECT_EQ(observed().deltas[0].cell.buckets, (std::vector<std::int64_t>{13, 2, 6}));
  EXPECT_EQ(observed().deltas[0].cell.samples, 21);
}

TEST_F(FoldTest, FinerBoundsAreBroughtToCoarserOnes) {
  bounds = {decimal("0.005"), decimal("0.025")};
  latency(0s, 1s, {1, 1, 1});
  judging.evolve();
  bounds = {decimal("0.0025"), decimal("0.005"), decimal("0.01"), decimal("0.025"),
            decimal("0.05")};
  EXPECT_EQ(latency(1s, 2s, {1, 2, 4, 8, 16, 32}), Folded::counted);
  EXPECT_EQ(observed().deltas[0].cell.buckets, (std::vector<std::int64_t>{3, 12, 48}));
}

TEST_F(FoldTest, BoundsThatDoNotHoldThoseOfTheMetricAreRefused) {
  bounds = {decimal("0.005"), decimal("0.025")};
  latency(0s, 1s, {1, 1, 1});
  bounds = {decimal("0.005"), decimal("0.03")};
  EXPECT_EQ(latency(1s, 2s, {1, 1, 1}), Folded::refused);
  bounds = {decimal("0.03")};
  EXPECT_EQ(latency(2s, 3s, {1, 1}), Folded::refused);
  bounds = {decimal("0.006"), decimal("0.025")};
  EXPECT_EQ(latency(3s, 4s, {1, 1, 1}), Folded::refused);
  EXPECT_EQ(observed().deltas.size(), 1U);
}

TEST_F(FoldTest, ValuesAndBoundsAreBroughtToSeconds) {
  judging.metric(kLatency).unit = decimal("0.001");
  bounds = {Fixed::from_int(5), Fixed::from_int(10)};
  latency(0s, 1s, {1, 2, 3});
  EXPECT_EQ(observed().layouts[0].bounds, (std::vector<Fixed>{decimal("0.005"), decimal("0.01")}));
  EXPECT_EQ(latency(1s, 2s, {1, 2, 3}), Folded::counted);
  EXPECT_EQ(observed().layouts.size(), 1U);

  judging.metric(kDepth).unit = decimal("0.001");
  fold(kDepth, 1s, 1s, 250);
  EXPECT_EQ(observed().deltas.back().cell.value, decimal("0.25"));
}

// ---- What does not fit --------------------------------------------------------------------------

TEST_F(FoldTest, APointOfAnotherKindIsRefused) {
  increment.end = kBegin + 5s;
  increment.gauge = true;
  EXPECT_EQ(fold_at(kRequests, kBegin + 5s), Folded::refused);
  increment.gauge = false;
  EXPECT_EQ(fold_at(kDepth, kBegin + 5s), Folded::refused);
  EXPECT_EQ(fold_at(kLatency, kBegin + 5s), Folded::refused);
  buckets = {1, 2};
  bounds = {decimal("0.005")};
  increment.buckets = &buckets;
  EXPECT_EQ(fold_at(kRequests, kBegin + 5s), Folded::refused);
  EXPECT_TRUE(observed().seen.empty());
}

TEST_F(FoldTest, GaugesFoldWithinAPaneAsTheirMetricSays) {
  judging.metric(kDepth).fold = core::GaugeFold::max;
  fold(kDepth, 1s, 1s, 4);
  fold(kDepth, 900ms, 900ms, 9);
  fold(kDepth, 950ms, 950ms, 2);
  ASSERT_EQ(observed().deltas.size(), 1U);
  EXPECT_EQ(observed().deltas[0].cell.value, Fixed::from_int(9));
  EXPECT_EQ(observed().deltas[0].cell.samples, 3);
}

}  // namespace
}  // namespace rollbook::runtime::tests
