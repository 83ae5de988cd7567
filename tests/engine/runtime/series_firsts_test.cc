// First samples of series whose process was heard before.

#include <gtest/gtest.h>

#include "engine/runtime/series_table.h"
#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

// An old process: its start is long before everything that is asked of it.
const Time kOld = kBegin - 24h;

class SeriesFirstsTest : public testing::Test {
 protected:
  struct Total {
    SeriesNumber series;
    std::int64_t value = 0;
    Time start = kOld;
    core::Duration apart{};  // from the time of the export
  };
  // One export, in one batch; what the last of `asked` adds.
  std::optional<Increment> give(core::Duration at, const std::vector<Total>& totals,
                                SeriesNumber asked) {
    for (const Total& total : totals) {
      points.counter(total.series, kBegin + at + total.apart, total.value, total.start);
    }
    const PointBatch batch = points.take();
    table.learn(batch);
    std::optional<Increment> found;
    for (const MetricPoint& point : batch.points) {
      const auto increment = table.take(batch, point);
      if (point.series == asked) found = increment;
    }
    return found;
  }
  // Requests alone, every minute up to `until`.
  void serve(core::Duration until, core::Duration from = 0s) {
    for (core::Duration at = from; at <= until; at += 60s) {
      give(at, {{requests, 1'000'000 + at / 1s * 100}}, requests);
    }
  }

  Points points;
  SeriesNumber requests = points.series("req", {{"pod", "a"}, {"v", "new"}});
  SeriesTable table;
};

TEST_F(SeriesFirstsTest, AnErrorThatIsNewCameSinceTheExportBefore) {
  for (const bool first : {false, true}) {  // of the export
    points = Points();
    requests = points.series("req", {{"pod", "a"}, {"v", "new"}});
    table = SeriesTable();
    serve(540s);
    const SeriesNumber errors = points.series("err", {{"pod", "a"}, {"type", "oom"}, {"v", "new"}});
    std::vector<Total> totals{{requests, 1'060'000}, {errors, 1500}};
    if (first) std::swap(totals[0], totals[1]);
    const auto increment = give(600s, totals, errors);
    ASSERT_TRUE(increment);
    EXPECT_EQ(increment->value, Fixed::from_int(1500));
    EXPECT_EQ(increment->start, kBegin + 540s) << first;
    EXPECT_FALSE(increment->first);
    EXPECT_TRUE(increment->measured);
    EXPECT_EQ(give(660s, {{errors, 1501}}, errors)->value, Fixed::from_int(1));
  }
}

TEST_F(SeriesFirstsTest, AlsoWhereItsProcessIsTheSameThoughNoSeriesHasAllItsLabels) {
  const Labels healthy{{"pod", "a"}, {"status", "200"}};
  const Labels failed{{"error", "oom"}, {"pod", "a"}, {"status", "500"}};
  const SeriesNumber good = points.series("dur", healthy);
  for (core::Duration at = 0s; at <= 540s; at += 60s) give(at, {{good, at / 1s}}, good);
  const SeriesNumber bad = points.series("dur", failed);
  EXPECT_EQ(give(600s, {{good, 600}, {bad, 7}}, bad)->start, kBegin + 540s);
}

TEST_F(SeriesFirstsTest, AlsoWhereTheExportComesInTwoBatches) {
  serve(600s);
  const SeriesNumber errors = points.series("err", {{"pod", "a"}, {"v", "new"}});
  EXPECT_EQ(give(600s, {{errors, 5}}, errors)->start, kBegin + 540s);
}

// Each instrument of OpenTelemetry's SDK for Go has a start and a time of its own.
TEST_F(SeriesFirstsTest, InstrumentsThatBeganNearlyTogetherAreOfOneProcessWhereTheirLabelsAgree) {
  for (const auto& [pod, known] : {std::pair{"a", true}, {"b", false}}) {
    points = Points();
    requests = points.series("req", {{"pod", "a"}, {"route", "/"}});
    table = SeriesTable();
    serve(540s);
    const SeriesNumber errors = points.series("err", {{"pod", pod}, {"type", "oom"}});
    const auto increment =
        give(600s, {{errors, 5, kOld + 3ms, 40us}, {requests, 1'060'000}}, errors);
    EXPECT_EQ(increment->start, known ? kBegin + 540s : kOld + 3ms) << pod;
  }
}

TEST_F(SeriesFirstsTest, OfAProcessThatWasNotHeardBeforeNothingIsKnown) {
  serve(540s);
  const SeriesNumber others = points.series("req", {{"pod", "b"}, {"v", "new"}});
  const SeriesNumber errors = points.series("err", {{"pod", "b"}, {"v", "new"}});
  // Begun in the same second, even; but it exports at another moment.
  const auto increment =
      give(600s, {{requests, 1'060'000}, {others, 5'000'000, kOld, 7s}, {errors, 9000, kOld, 7s}},
           errors);
  EXPECT_EQ(increment->start, kOld);
  EXPECT_FALSE(increment->measured);
}

// Some of an export may come later than the rest, so two or three are not enough to know.
TEST_F(SeriesFirstsTest, AProcessMustHaveBeenHeardForAWhile) {
  for (const auto& [from, known] : {std::pair{420s, false}, {360s, true}}) {
    table = SeriesTable();
    points = Points();
    requests = points.series("req", {{"pod", "a"}, {"v", "new"}});
    serve(480s, from);
    const SeriesNumber errors = points.series("err", {{"pod", "a"}, {"v", "new"}});
    const auto increment = give(540s, {{requests, 1'060'000}, {errors, 9}}, errors);
    EXPECT_EQ(increment->start, known ? kBegin + 480s : kOld);
  }
}

// A pod that was begun a minute or two before a shift has told all since its first export.
TEST_F(SeriesFirstsTest, OrFromItsFirstExportOn) {
  serve(540s);
  const SeriesNumber begun = points.series("req", {{"pod", "b"}, {"v", "new"}});
  const SeriesNumber errors = points.series("err", {{"pod", "b"}, {"v", "new"}});
  const Time start = kBegin + 540s;
  give(600s, {{begun, 6'000, start}}, begun);
  const auto increment = give(660s, {{begun, 12'000, start}, {errors, 9, start}}, errors);
  EXPECT_EQ(increment->start, kBegin + 600s);
  EXPECT_TRUE(increment->measured);
  // Of its first export nothing is known but its start.
  const SeriesNumber other = points.series("req", {{"pod", "c"}, {"v", "new"}});
  const SeriesNumber failed = points.series("err", {{"pod", "c"}, {"v", "new"}});
  const Time now = kBegin + 670s;
  EXPECT_EQ(give(720s, {{other, 5'000, now}, {failed, 9, now}}, failed)->start, now);
}

TEST_F(SeriesFirstsTest, AStartThatIsLaterThanTheExportBeforeStays) {
  serve(540s);
  const SeriesNumber errors = points.series("err", {{"pod", "a"}, {"v", "new"}});
  const auto increment = give(600s, {{requests, 1'060'000}, {errors, 9, kBegin + 580s}}, errors);
  EXPECT_EQ(increment->start, kBegin + 580s);
}

TEST_F(SeriesFirstsTest, AlsoOfOneThatHasAllLabelsOfAnotherAndOneMore) {
  serve(540s);
  const SeriesNumber failed = points.series("req", {{"error", "oom"}, {"pod", "a"}, {"v", "new"}});
  const auto increment = give(600s, {{requests, 1'060'000}, {failed, 1500}}, failed);
  EXPECT_FALSE(increment->retold);
  EXPECT_EQ(increment->start, kBegin + 540s);
}

TEST_F(SeriesFirstsTest, WhatIsToldUnderMoreLabelsFromNowOnIsABase) {
  serve(540s);
  const SeriesNumber zoned = points.series("req", {{"pod", "a"}, {"v", "new"}, {"zone", "1"}});
  const SeriesNumber other = points.series("up", {{"pod", "a"}, {"v", "new"}});
  for (core::Duration at = 0s; at <= 540s; at += 60s) give(at, {{other, 1}}, other);
  const auto increment = give(600s, {{other, 1}, {zoned, 1'060'000}}, zoned);
  EXPECT_TRUE(increment->retold);
  EXPECT_EQ(increment->start, increment->end);
  EXPECT_FALSE(increment->measured);
  EXPECT_EQ(give(660s, {{other, 1}, {zoned, 1'066'000}}, zoned)->value, Fixed::from_int(6000));
}

TEST_F(SeriesFirstsTest, SinceWhenAProcessWasHeardOutlivesARestartOfTheEngine) {
  serve(540s);
  SeriesTable later;
  ASSERT_TRUE(later.restore(table.save()));
  table = std::move(later);
  points = Points();
  requests = points.series("req", {{"pod", "a"}, {"v", "new"}});
  const SeriesNumber errors = points.series("err", {{"pod", "a"}, {"v", "new"}});
  EXPECT_EQ(give(600s, {{requests, 1'060'000}, {errors, 9}}, errors)->start, kBegin + 540s);
}

}  // namespace
}  // namespace rollbook::runtime::tests
