// Later starts that a whole Collector gives.

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

}  // namespace
}  // namespace rollbook::runtime::tests
