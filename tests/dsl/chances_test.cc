// Chances against numbers that any other program gives.

#include "dsl/chances.h"

#include <gtest/gtest.h>

namespace rollbook::dsl {
namespace {

TEST(Chances, TailsOfTheBinomialDistribution) {
  EXPECT_DOUBLE_EQ(chance_above(1, 0.5, 0), 0.5);
  EXPECT_NEAR(chance_above(10, 0.1, 0), 1 - 0.3486784401, 1e-12);  // 1 − 0.9¹⁰
  EXPECT_NEAR(chance_above(4, 0.5, 2), 5.0 / 16, 1e-12);           // 3 or 4 of 4
  EXPECT_EQ(chance_above(10, 0.1, 10), 0);
  EXPECT_EQ(chance_above(10, 0, 0), 0);
  EXPECT_EQ(chance_above(10, 1, 9), 1);
  EXPECT_EQ(chance_above(10, 0.1, -1), 1);
}

// Where the exact tail ends and the normal one begins, no percentage jumps.
TEST(Chances, LargeCountsGoOnWithoutAStep) {
  const std::int64_t most = 100'000'000'000;
  EXPECT_NEAR(chance_above(most, 0.001, 100'005'000), chance_above(most + 1, 0.001, 100'005'000),
              1e-5);
  EXPECT_NEAR(chance_above(1'000'000'000'000, 0.5, 500'000'000'000), 0.5, 1e-5);
}

// The sum of the probabilities in 40 digits; the normal law would say 0.001316.
TEST(Chances, ManyRequestsKeepTheExactTail) {
  EXPECT_NEAR(chance_above(20'000'000, 0.0001, 2134), 0.00144807425945559, 1e-14);
}

}  // namespace
}  // namespace rollbook::dsl
