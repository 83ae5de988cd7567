// A short calibration, the same on every machine: tools/calibrate makes the long one.

#include <gtest/gtest.h>

#include "tools/calibration/alarms.h"

namespace rollbook::calibration {
namespace {

constexpr std::int64_t kRuns = 60;
constexpr std::uint64_t kSeed = 20260106;

constexpr core::Fixed kFive{50'000'000}, kOne{10'000'000};

TEST(Calibration, NoTestErrsOftenerThanItsAlpha) {
  for (const Setting& setting : settings(true)) {
    std::int64_t wrong = 0;
    for (std::uint64_t run = 0; run < kRuns; ++run) wrong += errs(setting, kFive, run) ? 1 : 0;
    EXPECT_LE(wrong, allowed(kFive, kRuns)) << setting.test;
  }
}

// A hundred looks of a fixed-size test at 5 % err in a third of all runs: the bound can tell.
TEST(Calibration, TheBoundTellsAGoodTestFromABadOne) {
  EXPECT_LT(allowed(kFive, kRuns), kRuns / 3);
}

// The medians of the first passage, by summing over all ways there: a true 5 % is proven after 41
// requests, 1 % after 346, looking after each.
TEST(Calibration, OneTestProvesABreachAsSoonAsDesigned) {
  const auto five = disprove(core::Fixed{50'000'000}, 101, kSeed);
  EXPECT_NEAR(static_cast<double>(five[50]), 41, 15);
  const auto one = disprove(core::Fixed{10'000'000}, 101, kSeed);
  EXPECT_NEAR(static_cast<double>(one[50]), 346, 100);
}

// judging.md, for a guard that was healthy for an hour: 5 % is noticed within 450 requests, 1 %
// within 1,350, 0.5 % within 7,200 at the median after 38 hours; sooner after one.
TEST(Calibration, AGuardThatWasHealthyNoticesABreach) {
  const struct {
    std::int64_t rate, requests;
  } cases[] = {{50'000'000, 450}, {10'000'000, 1350}, {5'000'000, 7200}};
  for (const auto& c : cases) {
    const auto requests = notice(core::Fixed{c.rate}, 3600, 15, kSeed);
    EXPECT_LE(requests[requests.size() / 2], c.requests) << c.rate;
  }
}

}  // namespace
}  // namespace rollbook::calibration
