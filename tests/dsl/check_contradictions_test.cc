// Limits that cannot be kept together, or by anything.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/dsl/compiling.h"

namespace rollbook::dsl {
namespace {

constexpr const char* kExpected = "    expect error_rate < 0.5% over 5m\n";

std::string said(const std::string& more) {
  return warnings(Runbook().with(kExpected, kExpected + ("    " + more + "\n")));
}
std::string guarded(const std::string& stop) {
  return warnings(Runbook().with("    stop error_rate > 1% over 5m\n", "    " + stop + "\n"));
}

TEST(CheckContradictions, TwoExpectationsWithNoValueBetweenThem) {
  EXPECT_EQ(
      said("expect error_rate > 0.6% over 5m"),
      "26:12 RB0607 `error_rate > 0.6% over 5m` and `error_rate < 0.5% over 5m` can never both "
      "pass: no value is on both sides\n  turn one of them round, or leave it out\n");
  EXPECT_NE(said("expect error_rate > 0.5% over 5m"), "");
  EXPECT_NE(said("expect error_rate >= 0.5% over 5m"), "");
}

TEST(CheckContradictions, WhatLeavesRoomIsFine) {
  EXPECT_EQ(said("expect error_rate > 0.4% over 5m"), "");
  // Over another window, of another arm or metric, both may hold.
  EXPECT_EQ(said("expect error_rate > 0.6% over 4m"), "");
  EXPECT_EQ(said("expect baseline.error_rate > 0.6% over 5m"), "");
  EXPECT_EQ(said("expect queue > 600 over 5m"), "");
  // One value is left.
  EXPECT_EQ(warnings(Runbook().with(kExpected,
                                    "    expect error_rate <= 0.5% over 5m\n"
                                    "    expect error_rate >= 0.5% over 5m\n")),
            "");
}

TEST(CheckContradictions, LessThanNothingIsNeverExpectedOrStoppedAt) {
  EXPECT_EQ(said("expect errors / requests < 0% over 10m"),
            "26:12 RB0607 `errors / requests < 0% over 10m` can never pass: `errors / requests` is "
            "never less than nothing\n  write `<= 0%`, or a higher limit\n");
  EXPECT_EQ(said("expect errors / requests <= 0% over 10m"), "");
  EXPECT_THAT(guarded("stop error_rate < 0% over 5m"),
              testing::HasSubstr("`error_rate < 0% over 5m` never decides anything"));
  // A gauge may be.
  EXPECT_EQ(said("expect queue < 0 over 10m"), "");
}

TEST(CheckContradictions, AGuardThatStopsAllThatIsExpected) {
  EXPECT_EQ(guarded("stop error_rate < 1% over 5m"),
            "25:12 RB0607 `error_rate < 0.5% over 5m` passes only where `error_rate < 1% over 5m` "
            "stops: a rollout that is as expected is stopped\n"
            "  turn the comparison of one of them round\n");
  EXPECT_EQ(guarded("stop error_rate < 0.1% over 5m"), "");
  EXPECT_EQ(guarded("stop error_rate < 1% over 1m"), "");
}

}  // namespace
}  // namespace rollbook::dsl
