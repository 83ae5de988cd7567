// Random counts: the same for the same numbers, and of the law that they are drawn from.

#include "tools/draw.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rollbook::tools {
namespace {

struct Moments {
  double mean = 0, variance = 0;
};
template <class Make>
Moments moments(const Make& make) {
  constexpr int kDraws = 200'000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const auto value = static_cast<double>(make());
    sum += value;
    squares += value * value;
  }
  return {sum / kDraws, squares / kDraws - sum / kDraws * sum / kDraws};
}

TEST(Draw, TheSameNumbersGiveTheSameCounts) {
  Draw one({1, 2, 3}), same({1, 2, 3}), other({1, 2, 4});
  bool differs = false;
  for (int i = 0; i < 20; ++i) {
    const double value = one.uniform();
    EXPECT_EQ(value, same.uniform());
    differs = differs || value != other.uniform();
  }
  EXPECT_TRUE(differs);
}

// On both sides of where the normal law takes over.
TEST(Draw, PoissonCountsHaveTheirMeanAndVariance) {
  for (const double mean : {0.1, 4.0, 59.0, 61.0, 2000.0}) {
    Draw draw({static_cast<std::uint64_t>(mean * 10)});
    const Moments seen = moments([&] { return draw.poisson(mean); });
    EXPECT_NEAR(seen.mean, mean, 4 * std::sqrt(mean / 200'000)) << mean;
    EXPECT_NEAR(seen.variance, mean, 4 * std::sqrt((mean + 2 * mean * mean) / 200'000)) << mean;
  }
}

TEST(Draw, BinomialCountsHaveTheirMeanAndVariance) {
  const struct {
    std::int64_t of;
    double chance;
  } cases[] = {{45, 0.0002}, {1000, 0.01}, {1000, 0.2}, {100'000, 0.001}, {50, 0.9}, {1000, 0.99}};
  for (const auto& c : cases) {
    Draw draw({static_cast<std::uint64_t>(c.of), 5});
    const double mean = static_cast<double>(c.of) * c.chance;
    const double variance = mean * (1 - c.chance);
    const Moments seen = moments([&] { return draw.binomial(c.of, c.chance); });
    EXPECT_NEAR(seen.mean, mean, 4 * std::sqrt(variance / 200'000)) << c.of;
    EXPECT_NEAR(seen.variance, variance,
                4 * std::sqrt((variance + 2 * variance * variance) / 200'000))
        << c.of;
  }
  Draw draw({1});
  EXPECT_EQ(draw.binomial(10, 0), 0);
  EXPECT_EQ(draw.binomial(10, 1), 10);
  EXPECT_EQ(draw.binomial(0, 0.5), 0);
}

}  // namespace
}  // namespace rollbook::tools
