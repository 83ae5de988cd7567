// Plain estimates of two arms: compared exactly, with what is missing on either side.

#include <gtest/gtest.h>

#include "tools/calibration/trial.h"

namespace rollbook::calibration {
namespace {

using namespace std::chrono_literals;
using namespace rollbook::core;

// The canary's error rate above the baseline's times `factor`, over five minutes.
Trial over_a_window(Fixed factor, Comparison comparison = Comparison::greater) {
  Criterion criterion = stop_above_baseline(factor, Fixed{10'000'000});
  criterion.test = Test::none;
  criterion.comparison = comparison;
  Trial trial(criterion);
  for (Window& window : trial.machine.windows) {
    window.cumulative = false;
    window.width = 5min;
  }
  return trial;
}

// A third of both: no decimal fraction, and equal all the same.
TEST(Estimate, TwoArmsAreEqualWithoutRounding) {
  const struct {
    Comparison comparison;
    std::int64_t errors;  // of 300; the baseline has 1000 of 3000
    bool holds;
  } cases[] = {{Comparison::greater, 100, false},      {Comparison::greater, 101, true},
               {Comparison::greater_equal, 99, false}, {Comparison::greater_equal, 100, true},
               {Comparison::less, 100, false},         {Comparison::less, 99, true},
               {Comparison::less_equal, 101, false},   {Comparison::less_equal, 100, true}};
  for (const auto& c : cases) {
    Trial trial = over_a_window(Fixed::from_int(1), c.comparison);
    trial.second({.requests = 300, .errors = c.errors}, {.requests = 3000, .errors = 1000});
    EXPECT_EQ(trial.reading().verdict, c.holds ? Verdict::fail : Verdict::pass)
        << static_cast<int>(c.comparison) << " " << c.errors;
  }
}

TEST(Estimate, AFactorIsExactToo) {
  for (const std::int64_t errors : {105, 106}) {
    Trial trial = over_a_window(Fixed{1'050'000'000});
    trial.second({.requests = 10'000, .errors = errors}, {.requests = 10'000, .errors = 100});
    EXPECT_EQ(trial.reading().verdict, errors == 105 ? Verdict::pass : Verdict::fail);
    EXPECT_EQ(trial.reading().limit, Fixed{10'500'000});
  }
}

TEST(Estimate, WithoutRequestsOfTheOtherArmNothingIsCompared) {
  Trial trial = over_a_window(Fixed::from_int(1));
  trial.second({.requests = 300, .errors = 300});
  EXPECT_EQ(trial.reading().verdict, Verdict::no_data);
  EXPECT_EQ(trial.reading().missing, Missing::no_traffic);
}

TEST(Estimate, TheGreatestCountsDoNotOverflow) {
  constexpr std::int64_t kMost = 900'000'000'000'000;
  Trial trial = over_a_window(Fixed::from_int(1));
  trial.second({.requests = kMost, .errors = kMost - 1}, {.requests = kMost, .errors = kMost - 2});
  EXPECT_EQ(trial.reading().verdict, Verdict::fail);
}

}  // namespace
}  // namespace rollbook::calibration
