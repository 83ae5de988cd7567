// What of a cumulative series counts when points of it are missing, late, doubled, or begin anew:
// the same for counters and both kinds of histograms, each value being as many observations.

#include <gtest/gtest.h>

#include "engine/runtime/series_table.h"
#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

// A point at `at` seconds that began at `start`; -1: it does not say.
struct Sent {
  int start;
  int at;
  std::int64_t value;
};
struct Case {
  const char* what;
  std::vector<Sent> sent;
  std::vector<std::int64_t> counts;  // of each point; kNothing: it changes nothing
};
constexpr std::int64_t kNothing = -1;

const Case kCases[] = {
    {"seen once, with its start", {{0, 10, 5}}, {5}},
    {"a scrape is missing", {{0, 10, 5}, {0, 40, 9}}, {5, 4}},
    {"stopped and went on", {{0, 10, 5}, {0, 600, 5}, {0, 610, 6}}, {5, 0, 1}},
    {"came twice", {{0, 10, 5}, {0, 10, 5}, {0, 20, 6}}, {5, kNothing, 1}},
    {"a batch came again later",
     {{0, 10, 5}, {0, 20, 6}, {0, 10, 5}, {0, 20, 6}, {0, 30, 7}},
     {5, 1, kNothing, kNothing, 1}},
    {"one came late", {{0, 10, 5}, {0, 30, 9}, {0, 20, 7}, {0, 40, 10}}, {5, 4, kNothing, 1}},
    {"restarted, with its start", {{0, 10, 5}, {15, 20, 2}, {15, 30, 3}}, {5, 2, 1}},
    {"restarted and grew past what it was", {{0, 10, 5}, {15, 20, 8}, {15, 30, 9}}, {5, 8, 1}},
    {"restarted, without a start", {{-1, 10, 5}, {-1, 20, 2}, {-1, 30, 3}}, {5, 2, 1}},
    {"restarted, and its last point came late",
     {{0, 10, 5}, {15, 20, 2}, {0, 14, 7}, {15, 30, 3}},
     {5, 2, kNothing, 1}},
    // What is certain is what it rose by, also where what rose is a new process.
    {"restarted where nobody knows since when", {{0, 10, 5}, {20, 20, 9}, {20, 30, 11}}, {5, 4, 2}},
    {"fell where nobody knows since when", {{0, 10, 5}, {20, 20, 2}, {20, 30, 4}}, {5, 2, 2}},
    {"falls with every scrape, where nobody knows since when",
     {{0, 10, 30}, {20, 20, 10}, {30, 30, 9}, {40, 40, 8}},
     {30, 10, 9, 8}},
    {"first heard where nobody knows since when", {{10, 10, 5}, {10, 20, 7}}, {kNothing, 2}},
    // The Collector was restarted: the total of an hour, from a start of "first seen".
    {"told anew", {{0, 3600, 3600}, {3605, 3605, 3605}, {3605, 3620, 3620}}, {3600, 5, 15}},
    {"told anew, and its first point was lost",
     {{0, 3600, 3600}, {3605, 3620, 3620}, {3605, 3635, 3635}},
     {3600, 20, 15}},
    {"told anew twice, and the first points were lost",
     {{0, 3600, 3600}, {3605, 3620, 3620}, {3640, 3650, 3650}, {3640, 3665, 3665}},
     {3600, 20, 30, 15}},
    {"told anew, and its first point came late",
     {{0, 3600, 3600}, {3605, 3620, 3620}, {3605, 3605, 3605}, {3605, 3635, 3635}},
     {3600, 20, kNothing, 15}},
    {"told anew after an outage",
     {{0, 3600, 3600}, {4190, 4200, 4200}, {4190, 4215, 4215}},
     {3600, 600, 15}},
    {"a new start among what was counted", {{0, 100, 100}, {50, 115, 115}}, {100, 15}},
    // A process that dies young counts as much each time.
    {"restarted, and counted the same",
     {{0, 30, 20}, {31, 45, 20}, {31, 60, 20}, {61, 75, 20}},
     {20, 20, 0, 20}},
    {"restarted after an outage", {{0, 600, 600}, {900, 1200, 700}}, {600, 700}},
    {"restarted, and all that waited came at once", {{0, 600, 600}, {610, 910, 1200}}, {600, 1200}},
    // Even what it rose by is a burst, and most of what there is.
    {"restarted into a burst", {{0, 1800, 100}, {2340, 2400, 301}}, {100, 301}},
    {"told anew in a burst", {{0, 1800, 100}, {1830, 1845, 190}}, {100, 90}},
    // More than the old one was ever asked: no more is lost than that one had counted.
    {"restarted, and took long before what it now takes in no time",
     {{0, 36000, 40}, {36001, 36015, 50}, {36001, 36030, 90}},
     {40, 10, 40}},
    {"a start that jumps back", {{5, 10, 5}, {3, 20, 6}}, {5, 1}},
    {"ends before it begins", {{0, 10, 5}, {30, 20, 7}, {0, 40, 8}}, {5, kNothing, 3}},
};

class MissingPointsTest : public testing::TestWithParam<PointKind> {
 protected:
  MetricPoint& point(const Sent& sent) {
    const Time start = sent.start < 0 ? core::kDistantPast : kBegin + sent.start * 1s;
    const Time end = kBegin + sent.at * 1s;
    switch (GetParam()) {
      case PointKind::histogram:
        return points.histogram(PointKind::histogram, series, layout, end, {0, sent.value}, start);
      case PointKind::exponential:
        return points.exponential(PointKind::exponential, series, end, {4, 7, 0, 0, {sent.value}},
                                  start);
      default:
        return points.counter(series, end, sent.value, start);
    }
  }
  std::int64_t take(const Sent& sent) {
    MetricPoint& taken = point(sent);
    table.learn(points.batch());
    const auto increment = table.take(points.batch(), taken);
    points.take();
    if (!increment) return kNothing;
    return is_histogram(GetParam())
               ? increment->samples
               : static_cast<std::int64_t>(increment->value.nanos / Fixed::kScale);
  }

  Points points;
  SeriesNumber series = points.series("m");
  LayoutNumber layout = points.layout({5});
  SeriesTable table;
};

TEST_P(MissingPointsTest, CountsWhatIsKnownToHaveComeAndThatOnce) {
  for (const Case& tried : kCases) {
    SCOPED_TRACE(tried.what);
    points = Points();
    series = points.series("m");
    layout = points.layout({5});
    table = SeriesTable();
    for (std::size_t i = 0; i < tried.sent.size(); ++i) {
      EXPECT_EQ(take(tried.sent[i]), tried.counts[i]) << "point " << i;
    }
  }
}

// A label that was renamed is another series: its base is its own.
TEST_P(MissingPointsTest, ARenamedLabelIsAnotherSeries) {
  EXPECT_EQ(take({0, 10, 5}), 5);
  series = points.series("m", {{"v", "new"}});
  EXPECT_EQ(take({0, 20, 7}), 7);
}

INSTANTIATE_TEST_SUITE_P(Kinds, MissingPointsTest,
                         testing::Values(PointKind::counter, PointKind::histogram,
                                         PointKind::exponential));

}  // namespace
}  // namespace rollbook::runtime::tests
