// Chances against numbers that any other program gives, and against the language's own examples.

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

TEST(Chances, ARunOfTrueWindows) {
  EXPECT_NEAR(chance_of_run(0.25, 1, 1), 0.25, 1e-12);
  EXPECT_NEAR(chance_of_run(0.5, 3, 1), 7.0 / 8, 1e-12);
  EXPECT_NEAR(chance_of_run(0.5, 3, 2), 3.0 / 8, 1e-12);  // TTT, TTF, FTT
  EXPECT_NEAR(chance_of_run(0.5, 4, 3), 3.0 / 16, 1e-12);
  EXPECT_EQ(chance_of_run(0, 100, 1), 0);
}

// language.md: a passing canary at 0.08 % is rolled back in 99 % of 2 h stages at 900/s × 5 %.
TEST(Chances, EqualThresholdsAtThePeak) {
  const double window = chance_above(13'500, 0.0008, 13);
  EXPECT_NEAR(chance_of_run(window, 24, 1), 0.99, 0.01);
}

// language.md: 0.02 % healthy at 3 a second crosses 0.1 % in 98 % of 2 h stages.
TEST(Chances, OneErrorIsEnoughAtTheTrough) {
  const double window = chance_above(900, 0.0002, 0);
  EXPECT_NEAR(chance_of_run(window, 24, 1), 0.98, 0.01);
}

}  // namespace
}  // namespace rollbook::dsl
