// Later starts that a whole Collector gives, and totals that follow deltas.

#include <gtest/gtest.h>

#include "engine/runtime/series_table.h"
#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

class SeriesStartsTest : public testing::Test {
 protected:
  // What the last of the batch adds.
  std::optional<Increment> give() {
    const PointBatch batch = points.take();
    table.learn(batch);
    std::optional<Increment> increment;
    for (const MetricPoint& point : batch.points) {
      increment = table.take(batch, point);
      if (increment && increment->buckets != nullptr) buckets = *increment->buckets;
    }
    return increment;
  }

  Points points;
  SeriesTable table;
  std::vector<std::int64_t> buckets;
};

// ---- A Collector that was restarted while one of its pods was ---------------------------------

TEST_F(SeriesStartsTest, APodThatFellSaysNothingOfTheTotalsOfOthers) {
  const SeriesNumber fallen = points.series("req", {{"pod", "b"}, {"v", "old"}});
  const SeriesNumber requests = points.series("req", {{"pod", "a"}, {"v", "new"}});
  const Time at = kBegin + 24h;
  points.counter(fallen, at, 10'000'000, kBegin);
  points.counter(requests, at, 10'000'000, kBegin);
  give();
  points.counter(fallen, at + 45s, 1500, at + 10s);
  points.counter(requests, at + 45s, 10'004'500, at + 10s);
  const auto increment = give();
  ASSERT_TRUE(increment);
  EXPECT_EQ(increment->value, Fixed::from_int(4500));
  EXPECT_EQ(increment->start, at);
}

TEST_F(SeriesStartsTest, OfAnotherPodItTellsWhereSoMuchMayHaveCome) {
  for (const bool fell : {false, true}) {
    table = SeriesTable();
    points = Points();
    const SeriesNumber requests = points.series("req", {{"pod", "b"}});
    const SeriesNumber errors = points.series("err", {{"pod", "a"}});
    const Time at = kBegin + 1h;
    points.counter(requests, at, 36'000, kBegin);
    points.counter(errors, at, 360, kBegin);
    give();
    // Fifty times the pace, and half as much again as there was.
    points.counter(requests, at + 120s, fell ? 1'000 : 37'000, at + 10s);
    points.counter(errors, at + 120s, 550, at + 10s);
    EXPECT_EQ(give()->value, Fixed::from_int(fell ? 550 : 190));
  }
}

TEST_F(SeriesStartsTest, OfItsOwnProcessItTellsHoweverMuchCame) {
  const SeriesNumber requests = points.series("req", {{"pod", "a"}, {"route", "/"}});
  const SeriesNumber errors = points.series("err", {{"pod", "a"}, {"type", "oom"}});
  const Time at = kBegin + 10h;
  points.counter(requests, at, 360'000, kBegin);
  points.counter(errors, at, 40, kBegin);
  give();
  points.counter(requests, at + 15s, 140, at + 1s);
  points.counter(errors, at + 15s, 50, at + 1s);
  EXPECT_EQ(give()->value, Fixed::from_int(50));
}

// ---- From deltas to totals --------------------------------------------------------------------

TEST_F(SeriesStartsTest, ATotalThatFollowsDeltasIsABase) {
  for (const Time start : {core::kDistantPast, kBegin, kBegin + 590s}) {
    table = SeriesTable();
    points = Points();
    const SeriesNumber series = points.series("req");
    for (int i = 0; i < 40; ++i) {
      points.delta(series, kBegin + (i + 1) * 15s, 1500, kBegin + i * 15s);
      EXPECT_EQ(give()->value, Fixed::from_int(1500));
    }
    points.counter(series, kBegin + 615s, 10'000'000, start);
    const auto base = give();
    ASSERT_TRUE(base);
    EXPECT_TRUE(base->first);
    EXPECT_TRUE(base->retold) << "it was known, and not zero";
    EXPECT_EQ(base->start, base->end);
    points.counter(series, kBegin + 630s, 10'001'500, start);
    EXPECT_EQ(give()->value, Fixed::from_int(1500));
    // And back; what came before is still known.
    points.delta(series, kBegin + 645s, 1500, kBegin + 630s);
    EXPECT_TRUE(give());
    points.delta(series, kBegin + 600s, 1500, kBegin + 585s);
    EXPECT_FALSE(give());
    points.counter(series, kBegin + 660s, 10'004'500, start);
    EXPECT_TRUE(give()->retold);
  }
}

TEST_F(SeriesStartsTest, AProcessThatBeganAfterTheDeltasCountsWhole) {
  const SeriesNumber series = points.series("req");
  points.delta(series, kBegin + 15s, 1500, kBegin);
  give();
  points.counter(series, kBegin + 30s, 700, kBegin + 20s);
  const auto increment = give();
  ASSERT_TRUE(increment);
  EXPECT_EQ(increment->value, Fixed::from_int(700));
  EXPECT_EQ(increment->start, kBegin + 20s);
  EXPECT_FALSE(increment->first);
}

TEST_F(SeriesStartsTest, AHistogramsTotalThatFollowsDeltasIsABase) {
  const SeriesNumber series = points.series("dur");
  const LayoutNumber layout = points.layout({5});
  points.histogram(PointKind::histogram_delta, series, layout, kBegin + 15s, {3, 4}, kBegin);
  give();
  points.histogram(PointKind::histogram, series, layout, kBegin + 30s, {1000, 2000}, kBegin - 24h);
  EXPECT_TRUE(give()->retold);
  points.histogram(PointKind::histogram, series, layout, kBegin + 45s, {1003, 2004}, kBegin - 24h);
  EXPECT_EQ(give()->samples, 7);
  EXPECT_EQ(buckets, (std::vector<std::int64_t>{3, 4}));
}

TEST_F(SeriesStartsTest, WhichItWasOutlivesARestartOfTheEngine) {
  const SeriesNumber series = points.series("req");
  points.delta(series, kBegin + 15s, 1500, kBegin);
  give();
  SeriesTable later;
  ASSERT_TRUE(later.restore(table.save()));
  table = std::move(later);
  points = Points();
  points.series("req");
  points.counter(series, kBegin + 30s, 10'000'000, kBegin - 24h);
  EXPECT_TRUE(give()->retold);
}

}  // namespace
}  // namespace rollbook::runtime::tests
