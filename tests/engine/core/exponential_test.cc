#include "engine/core/exponential.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "engine/core/buckets.h"
#include "engine/core/judge.h"
#include "engine/core/limits.h"

namespace rollbook::core {
namespace {

using testing::ElementsAre;

// The histogram of such values, as OpenTelemetry's formula puts them: (base^i, base^(i+1)].
Exponential histogram_of(const std::vector<double>& values, std::int32_t scale) {
  Exponential histogram;
  histogram.scale = scale;
  std::map<std::int32_t, std::int64_t> counts;
  for (const double value : values) {
    if (value == 0) {
      ++histogram.zero;
    } else {
      ++counts[static_cast<std::int32_t>(std::ceil(std::log2(value) * std::ldexp(1, scale))) - 1];
    }
  }
  if (counts.empty()) return histogram;
  histogram.offset = counts.begin()->first;
  histogram.counts.resize(static_cast<std::size_t>(counts.rbegin()->first - histogram.offset) + 1);
  for (const auto& [number, count] : counts) {
    histogram.counts[static_cast<std::size_t>(number - histogram.offset)] = count;
  }
  return histogram;
}

// A rising list of values that leaves the exact edges of buckets alone.
std::vector<double> spread(int many, double from, double to) {
  std::vector<double> values;
  for (int i = 0; i < many; ++i) {
    values.push_back(from * std::pow(to / from, (i + 0.37) / many));
  }
  return values;
}

double number(Fixed value) { return static_cast<double>(value.nanos) / 1e9; }

TEST(ExponentialTest, EdgesArePowersOfTwoRoundedDownToANano) {
  EXPECT_EQ(edge(0, 0), Fixed::from_int(1));
  EXPECT_EQ(edge(4, 16), Fixed::from_int(2));
  EXPECT_EQ(edge(4, -160).nanos, 976'562);  // 2^-10
  EXPECT_EQ(edge(-3, 6).nanos, (Int128{1} << 48) * Fixed::kScale);
  EXPECT_EQ(edge(4, 1).nanos, 1'044'273'782);
  EXPECT_EQ(edge(1, -1).nanos, 707'106'781);
  for (std::int32_t i = -480; i < 800; ++i) {
    const double exact = std::exp2(i / 16.0);
    EXPECT_NEAR(number(edge(4, i)), exact, 1e-9 + exact * 1e-15) << i;
  }
}

TEST(ExponentialTest, AnEdgeOfACoarserScaleIsOneOfTheFiner) {
  for (std::int32_t scale = kCoarsestScale; scale < kExponentialScale; ++scale) {
    for (std::int32_t i = -3; i < 6; ++i) EXPECT_EQ(edge(scale, i), edge(scale + 1, 2 * i));
  }
}

TEST(ExponentialTest, CoarseningMovesNoObservationOverAnEdge) {
  const std::vector<double> values = spread(1000, 0.0004, 3.7);
  for (std::int32_t scale = 20; scale > kCoarsestScale; --scale) {
    Exponential fine = histogram_of(values, scale);
    for (std::int32_t to = scale - 1; to >= kCoarsestScale; --to) {
      Exponential coarse = fine;
      coarsen(coarse, to);
      EXPECT_EQ(coarse, histogram_of(values, to)) << scale << " to " << to;
    }
  }
}

TEST(ExponentialTest, WhatCameSinceIsExactAtTheCoarserOfTwoScales) {
  std::vector<double> values = spread(500, 0.001, 0.2);
  values.push_back(0);
  const std::vector<double> later = spread(300, 0.0003, 7.0);
  for (const auto& [before_scale, now_scale] : {std::pair{4, 4}, {4, 1}, {0, 4}}) {
    const Exponential before = histogram_of(values, before_scale);
    std::vector<double> all = values;
    all.insert(all.end(), later.begin(), later.end());
    Exponential now = histogram_of(all, now_scale);
    ASSERT_TRUE(subtract(before, now));
    EXPECT_EQ(now, histogram_of(later, std::min(before_scale, now_scale)));
  }
}

TEST(ExponentialTest, ACountThatFellIsAReset) {
  const Exponential before = histogram_of({0.001, 0.002, 0.5}, 4);
  for (const std::vector<double>& values :
       {std::vector<double>{0.001, 0.002, 0.1}, {0.002, 0.5, 0.5}, {0.001}, {}}) {
    Exponential now = histogram_of(values, 4);
    const Exponential as_it_was = now;
    EXPECT_FALSE(subtract(before, now));
    EXPECT_EQ(now, as_it_was);
  }
  Exponential zeros = histogram_of({0.001, 0.002, 0.5}, 4);
  Exponential base = before;
  base.zero = 1;
  EXPECT_FALSE(subtract(base, zeros));
}

TEST(ExponentialTest, AZeroThresholdThatRoseIsNoReset) {
  const Exponential before = histogram_of({0.001, 0.002, 0.5}, 4);
  Exponential now = histogram_of({0, 0, 0, 0.5, 0.7}, 4);  // the two small ones, and another
  now.threshold_nanos = 4'000'000;
  ASSERT_TRUE(subtract(before, now));
  EXPECT_EQ(now.zero, 1);
  EXPECT_EQ(total(now), 2);
}

// ---- On the layout of a metric ------------------------------------------------------------------

TEST(ExponentialTest, AGridHoldsWholeOctavesOfWhatItIsFor) {
  const Exponential histogram = histogram_of({0.003, 0.04}, 4);
  const Layout layout = grid_for(histogram, Fixed::from_int(1), {MetricIndex{2}, {}, {}});
  EXPECT_EQ(layout.metric, MetricIndex{2});
  EXPECT_EQ(layout.grid, (Grid{4, -9 * 16}));
  ASSERT_EQ(layout.bounds.size(), 5U * 16 + 1);
  EXPECT_EQ(layout.bounds.front(), edge(4, -9 * 16));
  EXPECT_EQ(layout.bounds.back(), edge(4, -4 * 16));
  const Cell cell = on_grid(histogram, *layout.grid, layout.bounds.size());
  std::size_t found = 0;
  for (std::size_t i = 0; i < cell.buckets.size(); ++i) {
    if (cell.buckets[i] == 0) continue;
    const double value = found++ == 0 ? 0.003 : 0.04;
    EXPECT_LT(number(layout.bounds[cell.first + i - 1]), value);
    EXPECT_GT(number(layout.bounds[cell.first + i]), value);
  }
  EXPECT_EQ(found, 2U);
}

TEST(ExponentialTest, ZerosAreInTheFirstBucketOfAGrid) {
  const Exponential histogram = histogram_of({0, 0, 0.04}, 4);
  const Layout layout = grid_for(histogram, Fixed::from_int(1), {});
  const Cell cell = on_grid(histogram, *layout.grid, layout.bounds.size());
  EXPECT_EQ(cell.first, 0U);
  EXPECT_EQ(cell.buckets.front(), 2);
  EXPECT_EQ(cell.buckets.back(), 1);
  EXPECT_TRUE(on_grid({}, *layout.grid, layout.bounds.size()).buckets.empty());
}

TEST(ExponentialTest, AGridOfMillisecondsHasItsBoundsInSeconds) {
  const Exponential histogram = histogram_of({3, 40}, 4);
  const Layout layout = grid_for(histogram, Fixed::from_nanos(1'000'000), {});
  EXPECT_EQ(layout.bounds.front().nanos, 2'000'000);
  EXPECT_EQ(layout.bounds.back().nanos, 64'000'000);
}

TEST(ExponentialTest, AWideRangeIsKeptAtACoarserScale) {
  const Layout layout = grid_for(histogram_of({1e-7, 1e9}, 4), Fixed::from_int(1), {});
  EXPECT_EQ(layout.grid->scale, 3);
  EXPECT_LT(layout.bounds.size(), kBucketsMax);
  for (std::size_t i = 1; i < layout.bounds.size(); ++i) {
    EXPECT_LT(layout.bounds[i - 1], layout.bounds[i]) << i;
  }
}

TEST(ExponentialTest, BoundsThatWouldNotRiseAreLeftOut) {
  const Exponential histogram = histogram_of({2e-9, 1e-3}, 4);
  const Layout layout = grid_for(histogram, Fixed::from_int(1), {});
  EXPECT_GE(layout.bounds.front().nanos, 59);
  const Cell cell = on_grid(histogram, *layout.grid, layout.bounds.size());
  EXPECT_EQ(cell.first, 0U);
  EXPECT_EQ(cell.buckets[0], 1);
}

// Everything at once: cells kept on one layout are the same as cells kept on the last one from the
// beginning, whatever comes between.
RC_GTEST_PROP(ExponentialProperty, BringingCellsToALaterLayoutIsExact, ()) {
  const Fixed unit = *rc::gen::element(Fixed::from_int(1), Fixed::from_nanos(1'000'000));
  std::vector<Exponential> parts;
  for (int i = 0; i < 4; ++i) {
    Exponential& part = parts.emplace_back();
    part.scale = *rc::gen::inRange(kCoarsestScale, kExponentialScale + 1);
    const std::int32_t octave = part.scale >= 0 ? 1 << part.scale : 1;
    part.offset = *rc::gen::inRange(part.scale >= 0 ? -20 : -2, 3) * octave;
    part.zero = *rc::gen::inRange(0, 3);
    part.counts.resize(static_cast<std::size_t>(*rc::gen::inRange(0, part.scale >= 0 ? 40 : 4)));
    for (std::int64_t& count : part.counts) count = *rc::gen::inRange(0, 3);
  }
  Layout layout;
  Cell sum;
  for (const Exponential& part : parts) {
    Layout next = grid_for(part, unit, layout);
    if (!layout.bounds.empty()) remap(bucket_map(layout.bounds, next.bounds), sum);
    layout = std::move(next);
    add_buckets(sum, on_grid(part, *layout.grid, layout.bounds.size()), 1);
  }
  Cell direct;
  for (const Exponential& part : parts) {
    add_buckets(direct, on_grid(part, *layout.grid, layout.bounds.size()), 1);
  }
  add_buckets(direct, sum, -1);
  for (const std::int64_t count : direct.buckets) RC_ASSERT(count == 0);
}

// ---- Quantiles
// ------------------------------------------------------------------------------------

// The exact quantile of many values and that of their histogram: judging.md promises 2.2 %.
TEST(ExponentialTest, QuantilesAreWithinTheRelativeErrorOfScaleFour) {
  const auto check = [](std::vector<double> values, const char* what) {
    std::sort(values.begin(), values.end());
    const Exponential histogram = histogram_of(values, kExponentialScale);
    const Layout layout = grid_for(histogram, Fixed::from_int(1), {});
    const Cell cell = on_grid(histogram, *layout.grid, layout.bounds.size());
    std::vector<std::int64_t> buckets(layout.bounds.size() + 1);
    for (std::size_t i = 0; i < cell.buckets.size(); ++i) {
      buckets[cell.first + i] = cell.buckets[i];
    }
    for (const double q : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
      const auto rank = static_cast<std::size_t>(std::ceil(q * double(values.size()))) - 1;
      const double found = number(
          quantile_of(layout.bounds, buckets, Fixed{static_cast<Int128>(std::llround(q * 1e9))}));
      EXPECT_NEAR(found / values[rank], 1.0, 0.022) << what << " p" << q * 100;
    }
  };
  check(spread(20'000, 0.001, 1.0), "even in the logarithm");
  std::vector<double> line, tail;
  for (int i = 1; i <= 20'000; ++i) {
    line.push_back(i / 20'000.0);
    tail.push_back(0.004 - 0.003 * std::log(1 - (i - 0.5) / 20'000.0));
  }
  check(line, "even");
  check(tail, "an exponential tail");
}

// ---- Runs of buckets
// ------------------------------------------------------------------------------

TEST(BucketsTest, RunsAreAddedWhereTheyLie) {
  Cell sum, low, high;
  low.first = 2;
  low.buckets = {1, 2};
  high.first = 5;
  high.buckets = {7};
  add_buckets(sum, high, 1);
  EXPECT_EQ(sum.first, 5U);
  add_buckets(sum, low, 1);
  EXPECT_EQ(sum.first, 2U);
  EXPECT_THAT(sum.buckets, ElementsAre(1, 2, 0, 7));
  add_buckets(sum, high, -1);
  EXPECT_THAT(sum.buckets, ElementsAre(1, 2, 0, 0));
  add_buckets(sum, {}, 1);
  EXPECT_THAT(sum.buckets, ElementsAre(1, 2, 0, 0));
}

TEST(BucketsTest, CoarserBoundsTakeTheirPartsTogether) {
  const auto seconds = [](std::vector<std::int64_t> values) {
    std::vector<Fixed> bounds;
    for (const std::int64_t value : values) bounds.push_back(Fixed::from_int(value));
    return bounds;
  };
  Cell cell;
  cell.buckets = {1, 2, 4, 8, 16};
  remap(bucket_map(seconds({5, 10, 25, 50}), seconds({10, 50})), cell);
  EXPECT_THAT(cell.buckets, ElementsAre(3, 12, 16));
}

TEST(BucketsTest, BucketsThatNoLayoutHasStayTheLast) {
  Cell cell;
  cell.first = 500;
  cell.buckets = {1, 2};
  remap(bucket_map({Fixed::from_int(2), Fixed::from_int(1)}, {Fixed::from_int(1)}), cell);
  EXPECT_EQ(cell.first, 1U);
  EXPECT_THAT(cell.buckets, ElementsAre(3));
}

}  // namespace
}  // namespace rollbook::core
