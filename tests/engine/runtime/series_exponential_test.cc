// Cumulative and delta exponential histograms, and numbers without a type.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/runtime/series_table.h"
#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

using core::Exponential;
using testing::ElementsAre;

class SeriesExponentialTest : public testing::Test {
 protected:
  std::optional<Increment> take(MetricPoint& point) { return take(table, point); }
  std::optional<Increment> take(SeriesTable& into, MetricPoint& point) {
    into.learn(points.batch());
    const auto increment = into.take(points.batch(), point);
    taken =
        increment && increment->exponential != nullptr ? *increment->exponential : Exponential{};
    points.take();
    return increment;
  }
  std::optional<Increment> cumulative(core::Duration at, const Exponential& histogram,
                                      Time start = core::kDistantPast) {
    return take(points.exponential(PointKind::exponential, series, kBegin + at, histogram, start));
  }

  Points points;
  SeriesNumber series = points.series("dur", {{"v", "new"}});
  SeriesTable table;
  Exponential taken;
};

TEST_F(SeriesExponentialTest, GrowsBucketByBucketThoughItsScaleFell) {
  ASSERT_TRUE(cumulative(10s, {4, 10, 1, 0, {1, 2, 3, 4}}));
  EXPECT_THAT(taken.counts, ElementsAre(1, 2, 3, 4));
  const auto grown = cumulative(25s, {3, 5, 1, 0, {3, 9, 0, 2}});
  ASSERT_TRUE(grown);
  EXPECT_EQ(grown->start, kBegin + 10s);
  EXPECT_EQ(grown->samples, 4);
  EXPECT_EQ(taken, (Exponential{3, 6, 0, 0, {2, 0, 2}}));
}

TEST_F(SeriesExponentialTest, ACountThatFellOrAChangedStartIsAReset) {
  cumulative(10s, {4, 10, 0, 0, {5, 5}}, kBegin);
  const auto fell = cumulative(25s, {4, 10, 0, 0, {6, 4}}, kBegin);
  ASSERT_TRUE(fell);
  EXPECT_EQ(fell->samples, 10);
  const auto restarted = cumulative(40s, {4, 10, 0, 0, {7, 7}}, kBegin + 30s);
  ASSERT_TRUE(restarted);
  EXPECT_EQ(restarted->samples, 14);
  EXPECT_EQ(restarted->start, kBegin + 30s);
  EXPECT_EQ(cumulative(55s, {4, 10, 0, 0, {8, 7}}, kBegin + 30s)->samples, 1);
}

TEST_F(SeriesExponentialTest, AStartEqualToTheTimeIsOnlyABase) {
  EXPECT_FALSE(cumulative(10s, {4, 10, 0, 0, {5}}, kBegin + 10s));
  EXPECT_EQ(cumulative(25s, {4, 10, 0, 0, {6}}, kBegin + 10s)->samples, 1);
}

TEST_F(SeriesExponentialTest, AnotherKindOfHistogramIsAReset) {
  const LayoutNumber layout = points.layout({5});
  cumulative(10s, {4, 10, 0, 0, {5, 5}});
  const auto other =
      take(points.histogram(PointKind::histogram, series, layout, kBegin + 25s, {9, 9}));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->samples, 18);
  EXPECT_EQ(other->exponential, nullptr);
  EXPECT_EQ(cumulative(40s, {4, 10, 0, 0, {6, 5}})->samples, 11);
}

TEST_F(SeriesExponentialTest, BoundsThatChangedUnderOneSizeAreAReset) {
  const LayoutNumber one = points.layout({5});
  const LayoutNumber other = points.layout({7});
  take(points.histogram(PointKind::histogram, series, one, kBegin + 10s, {4, 2}));
  EXPECT_EQ(
      take(points.histogram(PointKind::histogram, series, other, kBegin + 25s, {9, 9}))->samples,
      18);
}

TEST_F(SeriesExponentialTest, DeltasAreTakenAsTheyAreAndOnce) {
  const Exponential histogram{2, -3, 1, 0, {2, 4}};
  const auto delta = [&] {
    return take(
        points.exponential(PointKind::exponential_delta, series, kBegin + 10s, histogram, kBegin));
  };
  ASSERT_TRUE(delta());
  EXPECT_EQ(taken, histogram);
  EXPECT_FALSE(delta());
}

TEST_F(SeriesExponentialTest, RestoredBasesGoOnWhereTheyStood) {
  cumulative(10s, {4, 10, 1, 7, {1, 2}});
  SeriesTable later;
  ASSERT_TRUE(later.restore(table.save()));
  points = Points();
  series = points.series("dur", {{"v", "new"}});
  ASSERT_TRUE(take(later, points.exponential(PointKind::exponential, series, kBegin + 25s,
                                             {4, 10, 1, 7, {2, 2}})));
  EXPECT_EQ(taken, (Exponential{4, 10, 0, 7, {1}}));
}

TEST_F(SeriesExponentialTest, CheckpointsOfTheFormatsBeforeAreStillRead) {
  take(points.counter(points.series("req"), kBegin + 10s, 100));
  std::string bytes = table.save();
  // Format 4 is the same without rhythms, of which there are none yet.
  ASSERT_EQ(bytes.back(), '\0');
  bytes.pop_back();
  std::string fourth = bytes;
  fourth[0] = 4;
  // Format 3 also has not when it was heard first, and what has come of deltas: nothing.
  bytes.erase(bytes.size() - (9 + 10 + 1));
  std::string third = bytes;
  third[0] = 3;
  // Format 2 also has no pace: nothing counted, and a time.
  const std::size_t pace = bytes.size() - (2 + 9);
  ASSERT_EQ(bytes.substr(pace, 2), std::string(2, '\0'));
  bytes.erase(pace);
  // Format 1 also has no mark of exponential buckets, which stands before their number.
  std::string first = bytes;
  const std::size_t mark = first.size() - (1 + 1 + 1 + 16);
  ASSERT_EQ(first.substr(mark, 3), std::string(3, '\0'));
  first.erase(mark, 1);
  first[0] = 1;
  bytes[0] = 2;
  for (const std::string& format : {first, bytes, third, fourth}) {
    SeriesTable later;
    ASSERT_TRUE(later.restore(format));
    points = Points();
    series = points.series("req");
    EXPECT_EQ(take(later, points.counter(series, kBegin + 25s, 130))->value, Fixed::from_int(30));
  }
}

// ---- Numbers without a type ---------------------------------------------------------------------

TEST_F(SeriesExponentialTest, AnUntypedNumberIsBothALevelAndWhatItGrewBy) {
  const auto untyped = [&](core::Duration at, std::int64_t value) {
    return take(points.add(PointKind::untyped, series, kBegin + at, value));
  };
  EXPECT_TRUE(untyped(10s, 100)->first);
  const auto grown = untyped(20s, 130);
  ASSERT_TRUE(grown);
  EXPECT_TRUE(grown->untyped);
  EXPECT_EQ(grown->value, Fixed::from_int(30));
  EXPECT_EQ(grown->level, Fixed::from_int(130));
  EXPECT_EQ(untyped(30s, 40)->value, Fixed::from_int(40));
  EXPECT_FALSE(untyped(30s, 40));
}

}  // namespace
}  // namespace rollbook::runtime::tests
