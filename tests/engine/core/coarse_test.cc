// Coarse: comparisons of two quantiles that no number of requests decides.

#include "engine/core/coarse.h"

#include <gtest/gtest.h>

#include "tests/engine/judging.h"
#include "tools/calibration/trial.h"

namespace rollbook::core::tests {
namespace {

using calibration::Trial;

TEST(Coarse, TwoBucketsMustFitIntoTheMargin) {
  EXPECT_EQ(width_for(decimal("1.05")), decimal("0.0246"));
  EXPECT_EQ(width_for(decimal("1.21")), decimal("0.1"));  // exactly
  EXPECT_EQ(width_for(decimal("4")), decimal("1"));
  EXPECT_EQ(width_for(decimal("1.0001")), decimal("0"));
  EXPECT_EQ(width_for(decimal("1")), std::nullopt);
  EXPECT_EQ(width_for(decimal("0.95")), std::nullopt);
}

// Both arms' p99 clearly inside the bucket behind edge `at` of 5, 10, 25 and 50 ms.
class CoarseTest : public testing::Test {
 protected:
  CoarseTest() : trial(calibration::expect_p99_within_baseline(decimal("1.05"), decimal("0.05"))) {
    trial.state.metrics[2].bounds = {decimal("0.005"), decimal("0.01"), decimal("0.025"),
                                     decimal("0.05")};
  }
  std::string said() const {
    const Criterion& criterion = trial.machine.criteria[0];
    Reading reading = evaluate(trial.machine, trial.state, Pending{}, CriterionIndex{0}, trial.now);
    reading.verdict = trial.reading().verdict;
    return coarse_text(trial.machine, trial.state, criterion, reading);
  }
  Trial trial;
};

TEST_F(CoarseTest, BothArmsInOneBucketStayOpenAndThatIsSaid) {
  const std::vector<std::int64_t> buckets{900, 50, 48, 2, 0};
  const std::vector<std::int64_t> few{9, 0, 1, 0, 0};
  trial.second({.buckets = few}, {.buckets = few});
  EXPECT_EQ(said(), "");  // of ten requests nothing is known yet
  for (int i = 0; i < 30; ++i) trial.second({.buckets = buckets}, {.buckets = buckets});
  EXPECT_EQ(trial.reading().verdict, Verdict::undecided);
  EXPECT_EQ(said(),
            "its buckets cannot decide it: both lie between the edges 10ms and 25ms, and a margin "
            "of 5% needs edges at most 2.46% apart");
}

TEST_F(CoarseTest, NeighbouringBucketsStayOpenToo) {
  const std::vector<std::int64_t> fast{900, 50, 48, 2, 0}, slow{900, 40, 20, 38, 2};
  for (int i = 0; i < 30; ++i) trial.second({.buckets = slow}, {.buckets = fast});
  EXPECT_EQ(trial.reading().verdict, Verdict::undecided);
  EXPECT_EQ(said(),
            "its buckets cannot decide it: it lies between the edges 25ms and 50ms, the other "
            "between 10ms and 25ms, and a margin of 5% needs edges at most 2.46% apart");
}

TEST_F(CoarseTest, WhatIsDecidedIsNotCoarse) {
  const std::vector<std::int64_t> fast{900, 98, 2, 0, 0}, slow{900, 40, 20, 38, 2};
  for (int i = 0; i < 30; ++i) trial.second({.buckets = slow}, {.buckets = fast});
  EXPECT_EQ(trial.reading().verdict, Verdict::fail);
  EXPECT_EQ(said(), "");
}

}  // namespace
}  // namespace rollbook::core::tests
