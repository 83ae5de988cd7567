// Mixed and changing layouts of one metric, exponential histograms, and numbers without a type.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/core/windows.h"
#include "engine/runtime/fold.h"
#include "tests/engine/judging.h"

namespace rollbook::runtime::tests {
namespace {

using namespace std::chrono_literals;
using core::Comparison;
using core::Duration;
using core::Exponential;
using core::Fixed;
using core::Verdict;
using core::tests::decimal;
using core::tests::Judging;
using core::tests::kBegin;
using core::tests::kDepth;
using core::tests::kErrors;
using core::tests::kLatency;
using core::tests::kRequests;
using testing::ElementsAre;

class FoldExponentialTest : public testing::Test {
 protected:
  Folded fold(core::SeriesIndex series, Duration to, const std::vector<Fixed>* bounds = nullptr) {
    increment.start = kBegin + to - 1s;
    increment.end = kBegin + to;
    const FoldInput input{judging.machine, judging.state, {core::MetricIndex{series.value}, series},
                          increment,       bounds,        kBegin + to + 1s};
    const Folded folded = runtime::fold(input, judging.pending);
    if (folded == Folded::refused) refusal = refusal_of(input);
    return folded;
  }
  Folded exponential(Duration to, const Exponential& histogram) {
    increment = {};
    increment.exponential = &histogram;
    increment.samples = total(histogram);
    return fold(kLatency, to);
  }
  Folded explicit_buckets(Duration to, const std::vector<Fixed>& bounds,
                          const std::vector<std::int64_t>& buckets) {
    increment = {};
    increment.buckets = &buckets;
    for (const std::int64_t count : buckets) increment.samples += count;
    --increment.samples;
    return fold(kLatency, to, &bounds);
  }
  Folded untyped(core::SeriesIndex series, Duration to, std::int64_t value, std::int64_t level) {
    increment = {};
    increment.untyped = true;
    increment.value = Fixed::from_int(value);
    increment.level = Fixed::from_int(level);
    return fold(series, to);
  }
  core::Sum sum() const {
    return core::sum_at(judging.machine, judging.state, judging.pending,
                        core::WindowIndex{kLatency.value},
                        core::watermark_of(judging.state, judging.pending, kLatency));
  }
  const std::vector<Fixed>& bounds() const {
    return core::bounds_of(judging.state, judging.pending, core::MetricIndex{kLatency.value});
  }
  // How many observations lie at or below `limit`, which must be a bound.
  std::int64_t at_most(Fixed limit) const {
    const auto place = std::find(bounds().begin(), bounds().end(), limit);
    EXPECT_NE(place, bounds().end());
    const core::Sum found = sum();
    std::int64_t count = 0;
    for (std::size_t i = 0; i < found.buckets.size(); ++i) {
      if (static_cast<std::ptrdiff_t>(i) <= place - bounds().begin()) count += found.buckets[i];
    }
    return count;
  }
  std::int64_t all() const {
    std::int64_t count = 0;
    for (const std::int64_t bucket : sum().buckets) count += bucket;
    return count;
  }

  Judging judging{core::tests::quantile("0.99", Comparison::greater, "0.015")};
  Increment increment;
  std::string refusal;
};

// (2^-7, 2^-6] is 7.8 to 15.6 ms, in sixteen buckets.
TEST_F(FoldExponentialTest, IsKeptAsSuchAndCountedAgainstALimit) {
  EXPECT_EQ(exponential(1s, {4, -7 * 16, 0, 0, std::vector<std::int64_t>(15, 100)}),
            Folded::counted);
  EXPECT_EQ(core::grid_of(judging.state, judging.pending, core::MetricIndex{kLatency.value}),
            (core::Grid{4, -7 * 16}));
  EXPECT_EQ(judging.read(1s).verdict, Verdict::pass);  // all are below 2^(-97/16), 14.96 ms
  EXPECT_EQ(exponential(2s, {4, -5 * 16, 0, 0, {20}}), Folded::counted);  // 31 ms
  const core::Reading read = judging.read(2s);
  EXPECT_EQ(read.verdict, Verdict::fail);
  EXPECT_EQ(read.samples, 1520);
  EXPECT_GT(*read.value, core::edge(4, -5 * 16));
}

TEST_F(FoldExponentialTest, ALimitInsideABucketIsInterpolatedAndSaysItsBracket) {
  // 15 ms lies in the 14th and last bucket below 2^-6: (14.96 ms, 15.62 ms].
  exponential(1s, {4, -6 * 16 - 1, 0, 0, {1000}});
  const core::Reading read = judging.read(1s);
  EXPECT_EQ(read.low, core::edge(4, -6 * 16 - 1));
  EXPECT_EQ(read.high, core::edge(4, -6 * 16));
  EXPECT_EQ(read.verdict, Verdict::fail);  // 94 % of the bucket lie above
}

TEST_F(FoldExponentialTest, TheGridGrowsWithItsValuesAndTheCoarserScaleWins) {
  exponential(1s, {4, -7 * 16, 2, 0, {1, 2, 3}});
  exponential(2s, {4, 3 * 16, 0, 0, {4}});  // 8 s: pending cells move on
  EXPECT_EQ(all(), 12);
  EXPECT_EQ(at_most(core::edge(0, -6)), 8);
  judging.evolve();
  exponential(3s, {0, -9, 0, 0, {5}});  // 2 to 3.9 ms, in whole octaves
  ASSERT_EQ(judging.pending.observed.layouts.size(), 1U);
  EXPECT_EQ(judging.pending.observed.layouts[0].grid->scale, 0);
  EXPECT_EQ(all(), 17);
  EXPECT_EQ(at_most(core::edge(0, -8)), 2 + 5);
  EXPECT_EQ(at_most(core::edge(0, -6)), 2 + 5 + 6);
  const core::Sum looked = sum();
  judging.evolve();
  EXPECT_EQ(sum().buckets, looked.buckets);
  exponential(4s, {4, -7 * 16, 0, 0, {1}});  // finer again: brought to what is kept
  EXPECT_TRUE(judging.pending.observed.layouts.empty());
  EXPECT_EQ(at_most(core::edge(0, -6)), 2 + 5 + 6 + 1);
}

TEST_F(FoldExponentialTest, WhatLeavesTheWindowIsTakenAwayExactly) {
  exponential(1s, {4, -7 * 16, 1, 0, {1, 2, 3}});
  judging.evolve();
  exponential(2s, {2, 8, 0, 0, {4}});
  judging.evolve();
  exponential(6min, {4, -7 * 16, 0, 0, {5}});
  judging.evolve();
  EXPECT_EQ(all(), 5);
  EXPECT_EQ(at_most(core::edge(0, -6)), 5);
}

TEST_F(FoldExponentialTest, ManyChangesBeforeOneObservedAreOneLayout) {
  exponential(1s, {4, 0, 0, 0, {1}});
  for (std::int32_t octave = 1; octave < 9; ++octave) {
    exponential(1s + octave * 1s, {4, octave * 16, 0, 0, {1}});
  }
  EXPECT_EQ(judging.pending.observed.layouts.size(), 1U);
  EXPECT_EQ(all(), 9);
  const core::Sum looked = sum();
  judging.evolve();
  EXPECT_EQ(sum().buckets, looked.buckets);
}

// ---- Mixed layouts ------------------------------------------------------------------------------

TEST_F(FoldExponentialTest, CoarserBoundsBringWhatIsKeptToThem) {
  explicit_buckets(1s, {decimal("0.005"), decimal("0.01"), decimal("0.025")}, {1, 2, 4, 8});
  judging.evolve();
  explicit_buckets(2s, {decimal("0.005"), decimal("0.01"), decimal("0.025")}, {1, 1, 1, 1});
  EXPECT_EQ(explicit_buckets(3s, {decimal("0.01")}, {10, 20}), Folded::counted);
  EXPECT_THAT(bounds(), ElementsAre(decimal("0.01")));
  EXPECT_THAT(sum().buckets, ElementsAre(1 + 2 + 1 + 1 + 10, 4 + 8 + 1 + 1 + 20));
  judging.evolve();
  EXPECT_THAT(sum().buckets, ElementsAre(15, 34));
}

TEST_F(FoldExponentialTest, BoundsOfWhichNeitherHoldsTheOtherAreRefusedWithTheReason) {
  explicit_buckets(1s, {decimal("0.005"), decimal("0.01")}, {1, 2, 4});
  EXPECT_EQ(explicit_buckets(2s, {decimal("0.005"), decimal("0.02")}, {1, 1, 1}), Folded::refused);
  EXPECT_EQ(explicit_buckets(3s, {}, {1}), Folded::refused);
  EXPECT_THAT(refusal, testing::HasSubstr("have no layout in common"));
  EXPECT_EQ(all(), 7);
}

TEST_F(FoldExponentialTest, ExplicitAndExponentialBucketsAreNotMixed) {
  exponential(1s, {0, 0, 0, 0, {1}});
  EXPECT_EQ(explicit_buckets(2s, {Fixed::from_int(1), Fixed::from_int(2)}, {1, 1, 1}),
            Folded::refused);
  FoldExponentialTest::judging = Judging{core::tests::quantile("0.99", Comparison::greater, "1")};
  explicit_buckets(1s, {Fixed::from_int(1), Fixed::from_int(2)}, {1, 1, 1});
  EXPECT_EQ(exponential(2s, {0, 0, 0, 0, {1}}), Folded::refused);
  EXPECT_EQ(all(), 3);
}

// ---- Numbers without a type
// -----------------------------------------------------------------------

TEST_F(FoldExponentialTest, AnUntypedNumberIsWhatItsMetricSays) {
  EXPECT_EQ(untyped(kRequests, 1s, 30, 130), Folded::counted);
  EXPECT_EQ(judging.pending.observed.deltas.back().cell.value, Fixed::from_int(30));
  EXPECT_EQ(untyped(kDepth, 1s, 30, 130), Folded::counted);
  EXPECT_EQ(judging.pending.observed.deltas.back().cell.value, Fixed::from_int(130));
  EXPECT_EQ(untyped(kLatency, 1s, 30, 130), Folded::refused);
  EXPECT_THAT(refusal, testing::HasSubstr("is a histogram"));
}

TEST_F(FoldExponentialTest, ANegativeUntypedNumberIsNoCount) {
  EXPECT_EQ(untyped(kErrors, 1s, -5, -5), Folded::refused);
  EXPECT_EQ(untyped(kDepth, 1s, -5, -5), Folded::counted);
  EXPECT_EQ(judging.pending.observed.deltas.back().cell.value, Fixed::from_int(-5));
}

}  // namespace
}  // namespace rollbook::runtime::tests
