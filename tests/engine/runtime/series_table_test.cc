#include "engine/runtime/series_table.h"

#include <gtest/gtest.h>

#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

class SeriesTableTest : public testing::Test {
 protected:
  std::optional<Increment> take(MetricPoint& point) {
    table.learn(points.batch());
    const auto increment = table.take(points.batch(), point);
    if (increment && increment->buckets != nullptr) buckets = *increment->buckets;
    points.take();
    return increment;
  }
  std::optional<Increment> counter(core::Duration at, std::int64_t value,
                                   Time start = core::kDistantPast) {
    return take(points.counter(series, kBegin + at, value, start));
  }
  std::optional<Increment> delta(core::Duration from, core::Duration to, std::int64_t value) {
    return take(points.delta(series, kBegin + to, value, kBegin + from));
  }

  Points points;
  SeriesNumber series = points.series("req", {{"v", "new"}});
  SeriesTable table;
  std::vector<std::int64_t> buckets;
};

// ---- Cumulative series ------------------------------------------------------------------------

TEST_F(SeriesTableTest, AFirstSampleWithoutAStartIsMarkedAsSuch) {
  const auto first = counter(10s, 100);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->first);
  EXPECT_EQ(first->value, Fixed::from_int(100));
  EXPECT_EQ(first->start, kBegin + 10s);
  EXPECT_EQ(first->end, kBegin + 10s);
}

TEST_F(SeriesTableTest, AFirstSampleWithAStartCountsSinceThen) {
  const auto first = counter(10s, 100, kBegin + 3s);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->first);
  EXPECT_EQ(first->start, kBegin + 3s);
}

TEST_F(SeriesTableTest, AddsWhatACounterHasGrown) {
  counter(10s, 100);
  const auto grown = counter(25s, 130);
  ASSERT_TRUE(grown);
  EXPECT_FALSE(grown->first);
  EXPECT_EQ(grown->value, Fixed::from_int(30));
  EXPECT_EQ(grown->start, kBegin + 10s);
  EXPECT_EQ(grown->end, kBegin + 25s);
  EXPECT_EQ(grown->samples, 1);
  EXPECT_EQ(counter(40s, 130)->value, Fixed::from_int(0));
}

TEST_F(SeriesTableTest, AValueThatFallsIsAReset) {
  counter(10s, 100);
  const auto reset = counter(25s, 7);
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->value, Fixed::from_int(7));
  EXPECT_EQ(reset->start, kBegin + 10s);
  EXPECT_EQ(counter(40s, 9)->value, Fixed::from_int(2));
}

TEST_F(SeriesTableTest, AChangedStartIsAResetThoughTheValueRose) {
  counter(10s, 100, kBegin);
  const auto reset = counter(25s, 120, kBegin + 20s);
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->value, Fixed::from_int(120));
  EXPECT_EQ(reset->start, kBegin + 20s);
  EXPECT_EQ(counter(40s, 121, kBegin + 20s)->value, Fixed::from_int(1));
}

TEST_F(SeriesTableTest, AStartThatWasUnknownBeforeIsAResetOnlyWhenItIsNew) {
  counter(10s, 100);
  EXPECT_EQ(counter(25s, 130, kBegin)->value, Fixed::from_int(30));
  EXPECT_EQ(counter(40s, 140, kBegin + 30s)->value, Fixed::from_int(140));
}

TEST_F(SeriesTableTest, AnEarlierStartIsNoReset) {
  counter(10s, 100, kBegin + 5s);
  EXPECT_EQ(counter(25s, 130, kBegin)->value, Fixed::from_int(30));
}

TEST_F(SeriesTableTest, AnOlderOrEqualTimeIsLateAndNoReset) {
  counter(10s, 100);
  counter(25s, 130);
  EXPECT_FALSE(counter(25s, 130));
  EXPECT_FALSE(counter(20s, 110));
  EXPECT_EQ(counter(40s, 140)->value, Fixed::from_int(10));
}

TEST_F(SeriesTableTest, AStartEqualToTheTimeIsOnlyABase) {
  EXPECT_FALSE(counter(10s, 100, kBegin + 10s));
  const auto grown = counter(25s, 130, kBegin + 10s);
  ASSERT_TRUE(grown);
  EXPECT_EQ(grown->value, Fixed::from_int(30));
}

// Nobody knows since when, but that it was not before the point that it has fallen from.
TEST_F(SeriesTableTest, AFallCountsSinceThePointBeforeWhereTheStartIsTheTime) {
  counter(10s, 100, kBegin);
  const auto reset = counter(40s, 5, kBegin + 40s);
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->value, Fixed::from_int(5));
  EXPECT_EQ(reset->start, kBegin + 10s);
  EXPECT_TRUE(reset->measured);
  EXPECT_EQ(counter(50s, 6, kBegin + 40s)->value, Fixed::from_int(1));
}

TEST_F(SeriesTableTest, ATotalThatGoesOnUnderALaterStartCountsWhatItRoseBy) {
  counter(3600s, 36000, kBegin);
  const auto told = counter(3620s, 36200, kBegin + 3605s);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->value, Fixed::from_int(200));
  EXPECT_EQ(told->start, kBegin + 3600s);
  EXPECT_EQ(counter(3635s, 36350, kBegin + 3605s)->value, Fixed::from_int(150));
}

TEST_F(SeriesTableTest, WhatCountedBetweenTwoPointsIsMeasured) {
  EXPECT_TRUE(counter(90s, 100, kBegin)->measured);
  EXPECT_TRUE(counter(105s, 130, kBegin)->measured);
  const SeriesNumber old = points.series("req", {{"pod", "old"}});
  EXPECT_FALSE(take(points.counter(old, kBegin + 91s, 100, kBegin))->measured)
      << "it may all have come with the last request";
  const SeriesNumber other = points.series("other");
  EXPECT_TRUE(take(points.delta(other, kBegin + 60s, 5, kBegin))->measured);
  EXPECT_FALSE(take(points.delta(other, kBegin + 90s, 5))->measured);
}

// Its life was counted under the labels that it had, whatever start it has now.
TEST_F(SeriesTableTest, ASeriesThatGainsALabelIsABaseThoughItHasAStart) {
  counter(10s, 100, kBegin);
  const Time at = kBegin + 4h;
  for (const auto& [pod, start] : {std::pair{"a", kBegin}, {"b", at - 15s}}) {
    const SeriesNumber gained = points.series("req", {{"pod", pod}, {"v", "new"}});
    const auto told = take(points.counter(gained, at, 5000, start));
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->first);
    EXPECT_TRUE(told->retold);
    EXPECT_EQ(told->start, at);
    EXPECT_EQ(take(points.counter(gained, at + 15s, 5010, start))->value, Fixed::from_int(10));
  }
}

// Errors that a new process had at once are as many as the old one had in ten hours; that its
// requests fell says that it is new. In whatever order they come.
TEST_F(SeriesTableTest, AnotherSeriesThatFellTellsThatAProcessBeganAnew) {
  for (const bool errors_first : {false, true}) {
    for (const bool together : {true, false}) {
      if (errors_first && !together) continue;  // what comes later is not known yet
      points = Points();
      table = SeriesTable();
      const SeriesNumber requests = points.series("req"), errors = points.series("err");
      const auto give = [&](core::Duration at, Time start, std::int64_t asked,
                            std::int64_t failed) {
        const auto one = [&](SeriesNumber number, std::int64_t value) {
          points.counter(number, kBegin + at, value, start);
        };
        errors_first ? one(errors, failed) : one(requests, asked);
        std::vector<PointBatch> batches;
        if (!together) batches.push_back(points.take());
        errors_first ? one(requests, asked) : one(errors, failed);
        batches.push_back(points.take());
        std::int64_t counted = -1;
        for (const PointBatch& batch : batches) {
          table.learn(batch);
          for (const MetricPoint& point : batch.points) {
            const auto increment = table.take(batch, point);
            if (increment && point.series == errors) {
              counted = static_cast<std::int64_t>(increment->value.nanos / Fixed::kScale);
            }
          }
        }
        return counted;
      };
      EXPECT_EQ(give(10h, kBegin, 360'000, 40), 40);
      EXPECT_EQ(give(10h + 15s, kBegin + 10h + 1s, 140, 50), 50) << errors_first << together;
      EXPECT_EQ(give(10h + 30s, kBegin + 10h + 1s, 290, 60), 10);
    }
  }
}

TEST_F(SeriesTableTest, ItsPaceOutlivesARestartOfTheEngine) {
  counter(30s, 20, kBegin);
  SeriesTable other;
  ASSERT_TRUE(other.restore(table.save()).has_value());
  Points again;
  const SeriesNumber same = again.series("req", {{"v", "new"}});
  const MetricPoint& point = again.counter(same, kBegin + 45s, 20, kBegin + 31s);
  other.learn(again.batch());
  const auto reset = other.take(again.batch(), point);
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->value, Fixed::from_int(20));
}

TEST_F(SeriesTableTest, AStartAfterTheTimeIsNothing) {
  counter(10s, 100);
  EXPECT_FALSE(counter(25s, 130, kBegin + 26s));
  EXPECT_EQ(counter(40s, 140)->value, Fixed::from_int(40));
}

// ---- Histograms -------------------------------------------------------------------------------

TEST_F(SeriesTableTest, HistogramsGrowBucketByBucket) {
  const LayoutNumber layout = points.layout({5, 10});
  const auto histogram = [&](core::Duration at, std::vector<std::int64_t> counts) {
    return take(
        points.histogram(PointKind::histogram, series, layout, kBegin + at, std::move(counts)));
  };
  ASSERT_TRUE(histogram(10s, {10, 5, 1}));
  EXPECT_EQ(buckets, (std::vector<std::int64_t>{10, 5, 1}));
  const auto grown = histogram(25s, {14, 5, 3});
  ASSERT_TRUE(grown);
  EXPECT_EQ(grown->samples, 6);
  EXPECT_EQ(grown->layout, layout);
  EXPECT_EQ(buckets, (std::vector<std::int64_t>{4, 0, 2}));
  // One bucket that falls is a reset of all.
  const auto reset = histogram(40s, {20, 4, 3});
  ASSERT_TRUE(reset);
  EXPECT_EQ(reset->samples, 27);
  EXPECT_EQ(buckets, (std::vector<std::int64_t>{20, 4, 3}));
  ASSERT_TRUE(histogram(55s, {21, 4, 3}));
  EXPECT_EQ(buckets, (std::vector<std::int64_t>{1, 0, 0}));
}

TEST_F(SeriesTableTest, AHistogramOfOtherBoundsIsAReset) {
  const LayoutNumber coarse = points.layout({5, 10});
  const LayoutNumber fine = points.layout({5, 7, 10});
  take(points.histogram(PointKind::histogram, series, coarse, kBegin + 10s, {10, 5, 1}));
  const auto other =
      take(points.histogram(PointKind::histogram, series, fine, kBegin + 25s, {12, 6, 6, 2}));
  ASSERT_TRUE(other);
  EXPECT_EQ(buckets, (std::vector<std::int64_t>{12, 6, 6, 2}));
  EXPECT_EQ(table.bounds(fine).size(), 3U);
}

TEST_F(SeriesTableTest, HistogramDeltasCountTheirObservations) {
  const LayoutNumber layout = points.layout({5});
  const auto increment = take(
      points.histogram(PointKind::histogram_delta, series, layout, kBegin + 10s, {3, 4}, kBegin));
  ASSERT_TRUE(increment);
  EXPECT_EQ(increment->samples, 7);
  EXPECT_EQ(buckets, (std::vector<std::int64_t>{3, 4}));
}

// ---- Deltas -----------------------------------------------------------------------------------

TEST_F(SeriesTableTest, DeltasAreTakenAsTheyAre) {
  const auto first = delta(0s, 10s, 5);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->first);
  EXPECT_EQ(first->value, Fixed::from_int(5));
  EXPECT_EQ(first->start, kBegin);
  EXPECT_TRUE(delta(10s, 20s, 6));
}

TEST_F(SeriesTableTest, ADeltaThatOverlapsAnotherIsOfAnotherSender) {
  EXPECT_FALSE(delta(10s, 20s, 5)->clashes);
  EXPECT_FALSE(delta(10s, 20s, 5)) << "the same again";
  EXPECT_TRUE(delta(15s, 25s, 5)->clashes);
  EXPECT_TRUE(delta(5s, 11s, 5)->clashes);
  EXPECT_TRUE(delta(12s, 13s, 5)->clashes);
  EXPECT_TRUE(delta(10s, 20s, 6)->clashes) << "another value";
  EXPECT_TRUE(delta(12s, 20s, 5)->clashes) << "another start";
  EXPECT_FALSE(delta(15s, 25s, 0)) << "of nothing nothing is lost";
  EXPECT_FALSE(delta(20s, 30s, 5)->clashes);
  EXPECT_FALSE(delta(0s, 10s, 5)->clashes);  // late, but not seen yet
  EXPECT_FALSE(delta(30s, 30s, 5));
  // What was left out is not remembered: the first sender goes on, whatever the other does.
  EXPECT_TRUE(delta(25s, 35s, 5)->clashes);
  EXPECT_TRUE(delta(25s, 35s, 5)->clashes);
  EXPECT_FALSE(delta(30s, 40s, 5)->clashes);
}

TEST_F(SeriesTableTest, IntervalsThatWereJoinedOnTheWayAreTheSameAgain) {
  delta(0s, 10s, 5);
  delta(10s, 20s, 6);
  EXPECT_FALSE(delta(0s, 20s, 11));
  EXPECT_TRUE(delta(0s, 20s, 12)->clashes);
  EXPECT_TRUE(delta(0s, 30s, 11)->clashes) << "longer than what was counted";
  EXPECT_TRUE(delta(5s, 20s, 11)->clashes) << "cuts one that was counted";
}

TEST_F(SeriesTableTest, HistogramsOfTwoSendersAreToldApartByTheirCounts) {
  const LayoutNumber layout = points.layout({5});
  const auto histogram = [&](std::vector<std::int64_t> counts) {
    return take(points.histogram(PointKind::histogram_delta, series, layout, kBegin + 10s,
                                 std::move(counts), kBegin));
  };
  EXPECT_FALSE(histogram({3, 4})->clashes);
  EXPECT_FALSE(histogram({3, 4}));
  const auto other = histogram({3, 5});
  EXPECT_TRUE(other->clashes);
  EXPECT_NE(other->buckets, nullptr) << "so that its kind is known";
}

TEST_F(SeriesTableTest, AfterARestartAnIntervalIsKnownByItsTimesAlone) {
  delta(0s, 10s, 5);
  SeriesTable later;
  ASSERT_TRUE(later.restore(table.save()));
  Points again;
  const SeriesNumber same = again.series("req", {{"v", "new"}});
  later.learn(again.batch());
  EXPECT_FALSE(later.take(again.batch(), again.delta(same, kBegin + 10s, 6, kBegin)));
  EXPECT_TRUE(later.take(again.batch(), again.delta(same, kBegin + 11s, 5, kBegin + 1s))->clashes);
}

TEST_F(SeriesTableTest, ABareDeltaIsKnownByItsTime) {
  EXPECT_TRUE(take(points.delta(series, kBegin + 10s, 5)));
  EXPECT_FALSE(take(points.delta(series, kBegin + 10s, 5)));
  EXPECT_TRUE(take(points.delta(series, kBegin + 10s, 6))->clashes);
  EXPECT_FALSE(take(points.delta(series, kBegin + 11s, 5))->clashes);
}

// As a Collector's queue brings it after a hiccup: however many newer ones came meanwhile.
TEST_F(SeriesTableTest, ADeltaThatIsLateCountsOnceHoweverLateItIs) {
  for (int i = 0; i < 1000; ++i) {
    if (i < 20 || i >= 50) {
      EXPECT_TRUE(delta((100 + i) * 10s, (101 + i) * 10s, 1));
    }
  }
  for (const bool again : {false, true}) {
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(delta((100 + i) * 10s, (101 + i) * 10s, 1).has_value(), !again && i >= 20) << i;
    }
  }
  SeriesTable later;
  ASSERT_TRUE(later.restore(table.save()));
  Points same;
  same.series("req", {{"v", "new"}});
  later.learn(same.batch());
  const auto late = [&](core::Duration from, core::Duration to) {
    return later.take(same.batch(), same.delta(series, kBegin + to, 1, kBegin + from)).has_value();
  };
  EXPECT_FALSE(late(1200s, 1210s));
  EXPECT_TRUE(late(990s, 1000s));
  EXPECT_TRUE(late(11'000s, 11'010s));
}

TEST_F(SeriesTableTest, ADeltaFromBeforeAllThatIsRememberedIsDropped) {
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(delta(1000s + i * 20s, 1010s + i * 20s, 1));
  EXPECT_FALSE(delta(0s, 10s, 5));
  EXPECT_FALSE(delta(1010s, 1020s, 5));
  EXPECT_FALSE(delta(4980s, 4990s, 1));
  EXPECT_TRUE(delta(4970s, 4980s, 1));
  EXPECT_TRUE(delta(4990s, 5000s, 1));
}

TEST_F(SeriesTableTest, AGaugeIsItsValueOncePerTime) {
  const auto first = take(points.gauge(series, kBegin + 10s, 5));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->gauge);
  EXPECT_EQ(first->value, Fixed::from_int(5));
  EXPECT_EQ(first->start, first->end);
  EXPECT_FALSE(take(points.gauge(series, kBegin + 10s, 5)));
  EXPECT_FALSE(take(points.gauge(series, kBegin + 10s, 6))) << "which of them, nobody knows";
  EXPECT_TRUE(take(points.gauge(series, kBegin + 11s, 4)));
}

TEST_F(SeriesTableTest, AGaugesBatchThatIsSentAgainCountsOnce) {
  EXPECT_TRUE(take(points.gauge(series, kBegin + 10s, 90)));
  EXPECT_TRUE(take(points.gauge(series, kBegin + 11s, 0)));
  for (int again = 0; again < 3; ++again) {
    EXPECT_FALSE(take(points.gauge(series, kBegin + 10s, 90)));
    EXPECT_FALSE(take(points.gauge(series, kBegin + 11s, 0)));
  }
  EXPECT_TRUE(take(points.gauge(series, kBegin + 9s, 5))) << "late, and not seen before";
  take(points.gauge(series, kBegin + 24h, 5));
  EXPECT_TRUE(take(points.gauge(series, kBegin + 12s, 5))) << "one bad clock silences nothing";
}

TEST_F(SeriesTableTest, AfterARestartAGaugesBatchIsKnownAsWell) {
  take(points.gauge(series, kBegin + 10s, 90));
  take(points.gauge(series, kBegin + 11s, 0));
  SeriesTable later;
  ASSERT_TRUE(later.restore(table.save()));
  Points again;
  const SeriesNumber same = again.series("req", {{"v", "new"}});
  later.learn(again.batch());
  EXPECT_FALSE(later.take(again.batch(), again.gauge(same, kBegin + 10s, 90)));
  EXPECT_TRUE(later.take(again.batch(), again.gauge(same, kBegin + 12s, 90)));
}

// ---- Checkpoints ------------------------------------------------------------------------------

TEST_F(SeriesTableTest, RestoredBasesGoOnWhereTheyStood) {
  const LayoutNumber layout = points.layout({5});
  const SeriesNumber latency = points.series("dur");
  const SeriesNumber errors = points.series("err");
  counter(10s, 100);
  take(points.histogram(PointKind::histogram, latency, layout, kBegin + 10s, {4, 2}));
  take(points.delta(errors, kBegin + 10s, 5, kBegin));

  SeriesTable later;
  ASSERT_TRUE(later.restore(table.save()));
  Points again;  // a decoder that meets them in another order
  const LayoutNumber same = again.layout({5});
  const SeriesNumber errors_again = again.series("err");
  const SeriesNumber latency_again = again.series("dur");
  const SeriesNumber again_series = again.series("req", {{"v", "new"}});
  const SeriesNumber unknown = again.series("req", {{"v", "old"}});
  later.learn(again.batch());
  EXPECT_EQ(later.size(), 4U);
  EXPECT_EQ(later.name(latency_again).name, "dur");
  EXPECT_FALSE(later.take(again.batch(), again.delta(errors_again, kBegin + 10s, 5, kBegin)));
  EXPECT_EQ(later.take(again.batch(), again.counter(again_series, kBegin + 25s, 130))->value,
            Fixed::from_int(30));
  EXPECT_TRUE(later.take(again.batch(), again.counter(unknown, kBegin + 25s, 130))->first);
  const auto grown = later.take(again.batch(), again.histogram(PointKind::histogram, latency_again,
                                                               same, kBegin + 25s, {5, 2}));
  ASSERT_TRUE(grown);
  EXPECT_EQ(*grown->buckets, (std::vector<std::int64_t>{1, 0}));
}

TEST_F(SeriesTableTest, BasesThatWereNotSeenAgainAreKeptInTheNextCheckpoint) {
  counter(10s, 100);
  SeriesTable second;
  ASSERT_TRUE(second.restore(table.save()));
  EXPECT_EQ(second.save(), table.save());
  // One that was seen again is newer than what waits.
  Points again;
  const SeriesNumber known = again.series("req", {{"v", "new"}});
  second.learn(again.batch());
  second.take(again.batch(), again.counter(known, kBegin + 25s, 130));
  counter(25s, 130);
  EXPECT_EQ(second.save(), table.save());
}

TEST_F(SeriesTableTest, DamagedBytesAreRefusedAtEveryLength) {
  counter(10s, 100);
  take(points.histogram(PointKind::histogram, points.series("dur"), points.layout({5}),
                        kBegin + 10s, {4, 2}));
  const std::string bytes = table.save();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    SeriesTable other;
    EXPECT_FALSE(other.restore(bytes.substr(0, length))) << length;
  }
  std::string newer = bytes;
  newer[0] = static_cast<char>(bytes[0] + 1);
  SeriesTable other;
  const auto refused = other.restore(newer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "the bases of series are of another format");
}

}  // namespace
}  // namespace rollbook::runtime::tests
