// How long requests take, where quantiles of two arms are compared.

#include "tools/power/latency.h"

#include <gtest/gtest.h>

namespace rollbook::power {
namespace {

using core::Fixed;

constexpr Fixed kMs{1'000'000};
Fixed ms(std::int64_t count) { return Fixed{kMs.nanos * count}; }

TEST(Latency, TheUsualOneHasAP99OfFiveMedians) {
  const Latency latency = Latency::usual(Fixed{990'000'000});
  EXPECT_NEAR(latency.exceeded_by(0.01) / latency.exceeded_by(0.5), 5, 1e-6);
  for (const double share : {0.3, 0.05, 0.01, 0.0001}) {
    EXPECT_NEAR(latency.above(latency.exceeded_by(share)), share, 1e-9);
  }
  EXPECT_FALSE(latency.is_recorded());
  EXPECT_TRUE(latency.knows(1e-9));
}

// A margin of 5 % needs edges 2.46 % apart at most (docs/judging.md, 3).
TEST(Latency, TheUsualEdgesLieCloselyAroundTheQuantile) {
  const Latency latency = Latency::usual(Fixed{990'000'000});
  const double p99 = latency.exceeded_by(0.01);
  const auto& edges = latency.edges();
  EXPECT_LT(static_cast<double>(edges.front().nanos) * 1e-9, p99 / 3);
  EXPECT_GT(static_cast<double>(edges.back().nanos) * 1e-9, p99 * 7);
  for (std::size_t i = 1; i < edges.size(); ++i) {
    const double apart =
        static_cast<double>(edges[i].nanos) / static_cast<double>(edges[i - 1].nanos);
    EXPECT_GT(apart, 1.02);
    EXPECT_LT(apart, 1.0246);
  }
}

TEST(Latency, ARecordedOneIsAsItWasBetweenItsEdges) {
  const Latency latency = Latency::recorded({{ms(50), 0.1}, {ms(100), 0.05}, {ms(200), 0.005}});
  EXPECT_TRUE(latency.is_recorded());
  EXPECT_NEAR(latency.above(0.05), 0.1, 1e-12);
  EXPECT_NEAR(latency.above(0.075), 0.075, 1e-12);
  EXPECT_NEAR(latency.above(0.025), 0.55, 1e-12);  // from all at nothing to a tenth at 50 ms
  EXPECT_EQ(latency.above(0), 1);
  EXPECT_NEAR(latency.exceeded_by(0.075), 0.075, 1e-12);
  EXPECT_NEAR(latency.exceeded_by(0.5), 0.05 * 5 / 9, 1e-12);
  EXPECT_TRUE(latency.knows(0.01));
  EXPECT_FALSE(latency.knows(0.001));  // beyond the last edge
}

// A bucket in which nothing was.
TEST(Latency, AFlatPieceIsNoPlaceToDivide) {
  const Latency latency = Latency::recorded({{ms(50), 1}, {ms(100), 0.2}, {ms(200), 0.2}});
  EXPECT_NEAR(latency.exceeded_by(0.2), 0.1, 1e-12);
  EXPECT_NEAR(latency.above(0.15), 0.2, 1e-12);
  EXPECT_NEAR(latency.above(0.02), 1, 1e-12);
}

// What lies beyond all that was recorded has the share of its last edge, and so has that edge.
TEST(Latency, OfManyTimesWithOneShareTheNearestIsTold) {
  const Latency latency =
      Latency::recorded({{ms(50), 1}, {ms(100), 0.2}, {ms(200), 0.2}, {ms(300), 0.01}});
  EXPECT_NEAR(latency.exceeded_by(0.2, 0.15), 0.15, 1e-12);
  EXPECT_NEAR(latency.exceeded_by(0.2, 0.05), 0.1, 1e-12);
  EXPECT_NEAR(latency.exceeded_by(0.2, 0.4), 0.2, 1e-12);
  EXPECT_NEAR(latency.exceeded_by(0.01, 0.4), 0.4, 1e-12);
  EXPECT_NEAR(latency.exceeded_by(0.01, 0.1), 0.3, 1e-12);
  EXPECT_NEAR(latency.exceeded_by(0.6, 0.4), 0.075, 1e-12);  // only one has it
  const Latency usual = Latency::usual(Fixed{990'000'000});
  EXPECT_NEAR(usual.exceeded_by(0.01, 7), usual.exceeded_by(0.01), 1e-12);
  EXPECT_EQ(usual.exceeded_by(0, 7), 7);  // less than a double tells
}

}  // namespace
}  // namespace rollbook::power
