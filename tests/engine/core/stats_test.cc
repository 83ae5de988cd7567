// The mathematics of the tests: against quadrature in many digits, at known values, and by what
// must hold of every e-value.

#include "engine/core/stats.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

#include "tests/paths.h"

namespace rollbook::core::stats {
namespace {

constexpr Fixed kPerMille{1'000'000};

double above(std::int64_t requests, std::int64_t errors, Fixed limit) {
  return log_above({requests, errors}, limit, prior_above(limit));
}
double below(std::int64_t requests, std::int64_t errors, Fixed limit) {
  return log_below({requests, errors}, limit, prior_below(limit));
}

// Relative; where the logarithm itself is near nothing, of the e-value.
bool close(double got, double wanted) {
  return std::abs(got - wanted) <= 1e-9 * std::max(1.0, std::abs(wanted));
}

TEST(Stats, AgreesWithQuadratureUpToABillionRequests) {
  std::ifstream file(std::string(ROLLBOOK_SOURCE_DIR) + "/tests/engine/core/special_values.txt");
  int rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream fields(line);
    std::int64_t requests = 0, errors = 0, limit = 0;
    double up = 0, down = 0;
    fields >> requests >> errors >> limit >> up >> down;
    ASSERT_TRUE(fields) << line;
    const double got_up = above(requests, errors, Fixed{limit});
    const double got_down = below(requests, errors, Fixed{limit});
    EXPECT_TRUE(close(got_up, up)) << line << "\n" << got_up;
    EXPECT_TRUE(close(got_down, down)) << line << "\n" << got_down;
    ++rows;
  }
  EXPECT_GE(rows, 400);
}

// judging.md: requests that confirm "below 0.1 %" at 95 %, with so many errors on the way.
TEST(Stats, ConfirmsAfterTheRequestsOfTheDesign) {
  const double enough = std::log(20);
  const struct { std::int64_t errors, requests; } cases[] = {{0, 4187}, {1, 6594}, {3, 10'524}};
  for (const auto& c : cases) {
    EXPECT_GE(below(c.requests, c.errors, kPerMille), enough) << c.errors;
    EXPECT_LT(below(c.requests - 1, c.errors, kPerMille), enough) << c.errors;
  }
}

// (10, 0) against half and half is 1024 / 11: Dirichlet(1, 1) gives 10! 0! 1! / 11! for the counts.
TEST(Stats, KnowsTheSplitOfTenAndNothing) {
  EXPECT_NEAR(std::exp(log_split(10, 0, Fixed{500'000'000})), 1024.0 / 11, 1e-10);
  EXPECT_NEAR(std::exp(log_split(0, 10, Fixed{500'000'000})), 1024.0 / 11, 1e-10);
  EXPECT_LT(log_split(5, 95, Fixed{50'000'000}), 0);
  EXPECT_GT(log_split(50, 50, Fixed{50'000'000}), 30);
}

TEST(Stats, WithoutRequestsNothingIsKnown) {
  EXPECT_NEAR(above(0, 0, kPerMille), 0, 1e-12);
  EXPECT_NEAR(below(0, 0, kPerMille), 0, 1e-12);
  EXPECT_NEAR(log_split(0, 0, Fixed{50'000'000}), 0, 1e-12);
}

// A fair bet: before the next request, its expected value is what it is now, at the limit itself.
RC_GTEST_PROP(Stats, IsAFairBetAtItsLimit, ()) {
  const auto limit = Fixed{*rc::gen::inRange<std::int64_t>(1000, 500'000'000)};
  const auto requests = *rc::gen::inRange<std::int64_t>(0, 2'000'000);
  const auto errors =
      *rc::gen::inRange<std::int64_t>(0, std::min<std::int64_t>(requests, 5000) + 1);
  const double p = static_cast<double>(limit.nanos) * 1e-9;
  for (const auto log : {above, below}) {
    const double now = log(requests, errors, limit);
    const double next = p * std::exp(log(requests + 1, errors + 1, limit) - now) +
                        (1 - p) * std::exp(log(requests + 1, errors, limit) - now);
    RC_ASSERT(std::abs(next - 1) < 1e-9);
  }
}

RC_GTEST_PROP(Stats, IsFiniteAndBelowItsBound, ()) {
  const auto limit = Fixed{*rc::gen::inRange<std::int64_t>(1000, 999'999'000)};
  const auto requests = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000);
  const auto errors = *rc::gen::inRange<std::int64_t>(0, requests + 1);
  const double up = above(requests, errors, limit), down = below(requests, errors, limit);
  RC_ASSERT(std::isfinite(up) && std::isfinite(down));
  const double slack = 1e-9 * std::max(1.0, std::abs(up) + std::abs(down));
  RC_ASSERT(up <= bound_above({requests, errors}, limit) + slack);
  RC_ASSERT(down <= bound_below({requests, errors}, limit) + slack);
}

TEST(Stats, JudgesASharePastAHalfByItsComplement) {
  EXPECT_EQ(above(1000, 999, Fixed{990'000'000}), below(1000, 1, Fixed{10'000'000}));
  EXPECT_EQ(below(1000, 900, Fixed{990'000'000}), above(1000, 100, Fixed{10'000'000}));
}

// ---- Two rates ------------------------------------------------------------------------------

// Given how many events there were in all, the judged arm's are binomial; the ratio of the two
// likelihoods averages to one at the bound.
TEST(Stats, AStepIsAFairBetAtTheBound) {
  for (const double multiple : {0.5, 0.9, 1.25, 50.0}) {
    constexpr int kEvents = 12;
    const double bound = 1.05, share = bound * 300 / (bound * 300 + 5700);
    double mean = 0, choose = 1;
    for (int events = 0; events <= kEvents; ++events) {
      const Step step{events, 300, kEvents - events, 5700};
      mean += choose * std::pow(share, events) * std::pow(1 - share, kEvents - events) *
              std::exp(log_step(step, bound, multiple));
      choose = choose * (kEvents - events) / (events + 1);
    }
    EXPECT_NEAR(mean, 1, 1e-12) << multiple;
  }
}

TEST(Stats, AStepWithoutEventsSaysNothing) { EXPECT_EQ(log_step({0, 300, 0, 5700}, 1, 2), 0); }

TEST(Stats, TheMeanOverAlternativesNeitherOverflowsNorVanishes) {
  const std::int64_t huge[] = {9'000'000'000'000'000'000, -9'000'000'000'000'000'000};
  EXPECT_NEAR(log_mean(huge), 9e6 - std::log(2), 1e-6);
  EXPECT_EQ(log_mean({}), 0);
}

TEST(Stats, IntegersAreTheNearest) {
  EXPECT_EQ(micro_nats(4.6051701859), 4'605'170);
  EXPECT_EQ(micro_nats(-0.0000006), -1);
  EXPECT_EQ(pico_nats(1e30), 9'000'000'000'000'000'000);
}

// A canary with 900 orders a second, compared with its past for days, adds up nats by the million.
TEST(Stats, ASumOfLogarithmsStopsLongBeforeItOverflows) {
  std::int64_t sum = 0;
  stats::add_log(stats::pico_nats(2.5), sum);
  EXPECT_EQ(sum, stats::pico_nats(2.5));
  for (int i = 0; i < 10; ++i) stats::add_log(stats::pico_nats(-3e6), sum);
  EXPECT_EQ(sum, -stats::kMostPicoNats);
  stats::add_log(stats::pico_nats(100), sum);
  EXPECT_EQ(sum, -stats::kMostPicoNats) << "what is lost does not come back";
  std::int64_t high = 0;
  stats::add_log(std::numeric_limits<std::int64_t>::max(), high);
  EXPECT_EQ(high, stats::kMostPicoNats);
}

}  // namespace
}  // namespace rollbook::core::stats
