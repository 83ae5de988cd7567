// In how much time a first total may have come that does not say so itself.

#include "engine/runtime/rhythm.h"

#include <gtest/gtest.h>

#include "engine/runtime/series_table.h"
#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

using core::Duration;

TEST(Rhythm, IsTheLongestTimeBetweenTwoPointsOfLate) {
  Rhythm rhythm;
  EXPECT_EQ(rhythm.untold(kBegin), 0s);
  rhythm.hear(kBegin, kBegin + 60s);
  rhythm.hear(kBegin + 60s, kBegin + 75s);  // of another series
  EXPECT_EQ(rhythm.untold(kBegin + 80s), 60s);
  for (Duration at = 75s; at < 240s; at += 15s) rhythm.hear(kBegin + at, kBegin + at + 15s);
  EXPECT_EQ(rhythm.untold(kBegin + 240s), 60s);
  rhythm.hear(kBegin + 240s, kBegin + 255s);
  EXPECT_EQ(rhythm.untold(kBegin + 255s), 15s);
}

TEST(Rhythm, IsTheSilenceOfAllWhereTheyHaveMissedTwo) {
  Rhythm rhythm;
  rhythm.hear(kBegin, kBegin + 60s);
  EXPECT_EQ(rhythm.untold(kBegin + 180s), 60s);
  EXPECT_EQ(rhythm.untold(kBegin + 181s), 121s);
  EXPECT_EQ(rhythm.untold(kBegin + 60s + 30min), 30min);
  EXPECT_EQ(rhythm.untold(kBegin + 61s + 30min), 60s);
  rhythm.hear(kBegin + 60s, kBegin + 61s + 30min);  // and no time between two points
  EXPECT_EQ(rhythm.untold(kBegin + 61s + 30min), 60s);
}

class RhythmOfATable : public testing::Test {
 protected:
  std::optional<Increment> tell(SeriesNumber series, Duration at, std::int64_t value,
                                Time start = core::kDistantPast) {
    points.counter(series, kBegin + at, value, start);
    const PointBatch batch = points.take();
    table.learn(batch);
    return table.take(batch, batch.points.front());
  }

  Points points;
  SeriesNumber old = points.series("req", {{"pod", "a"}});
  SeriesTable table;
};

TEST_F(RhythmOfATable, AFirstTotalWithoutAStartIsToldWithItWhicheverLabelsItHas) {
  tell(old, 0s, 1000);
  tell(old, 60s, 1600);
  const SeriesNumber pod = points.series("req", {{"node", "n"}, {"pod", "b"}, {"zone", "z"}});
  const auto first = tell(pod, 90s, 300);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->first);
  EXPECT_FALSE(first->measured);
  EXPECT_EQ(first->start, kBegin + 90s);
  EXPECT_EQ(first->untold, 60s);
  EXPECT_EQ(tell(points.series("err", {{"pod", "b"}}), 90s, 300)->untold, 0s);  // another name
}

TEST_F(RhythmOfATable, OneWithAStartSaysItself) {
  tell(old, 0s, 1000);
  tell(old, 60s, 1600);
  const auto first = tell(points.series("req", {{"pod", "b"}}), 90s, 300, kBegin + 65s);
  EXPECT_EQ(first->start, kBegin + 65s);
  EXPECT_EQ(first->untold, 0s);
}

TEST_F(RhythmOfATable, OutlivesARestartOfTheEngine) {
  tell(old, 0s, 1000);
  tell(old, 60s, 1600);
  for (const bool adopts : {false, true}) {
    SeriesTable later;
    ASSERT_TRUE(adopts ? later.adopt(table.save(), {}) : later.restore(table.save()));
    EXPECT_EQ(later.save(), table.save());
    Points again;
    const SeriesNumber pod = again.series("req", {{"pod", "b"}});
    again.counter(pod, kBegin + 90s, 300);
    const PointBatch batch = again.take();
    later.learn(batch);
    EXPECT_EQ(later.take(batch, batch.points.front())->untold, 60s) << adopts;
  }
}

}  // namespace
}  // namespace rollbook::runtime::tests
