// How values are written, exactly.

#include "dsl/format_value.h"

#include <gtest/gtest.h>

namespace rollbook::dsl {
namespace {

using namespace std::chrono_literals;
using core::Fixed;

TEST(FormatValue, Durations) {
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(24h), "24h");
  EXPECT_EQ(format_duration(2h + 30min), "2h30m");
  EXPECT_EQ(format_duration(1min + 1s + 1ms + 1us + 1ns), "1m1s1ms1us1ns");
  EXPECT_EQ(format_duration(-90s), "-1m30s");
  EXPECT_EQ(format_duration(core::Duration::min()), "-2562047h47m16s854ms775us808ns");
}

TEST(FormatValue, Decimals) {
  EXPECT_EQ(format_decimal(Fixed{}), "0");
  EXPECT_EQ(format_decimal(Fixed::from_int(1000)), "1000");
  EXPECT_EQ(format_decimal(Fixed::from_nanos(1)), "0.000000001");
  EXPECT_EQ(format_decimal(Fixed::from_nanos(-12'500'000'000)), "-12.5");
}

TEST(FormatValue, Percents) {
  EXPECT_EQ(format_percent(Fixed::from_nanos(1'000'000)), "0.1%");
  EXPECT_EQ(format_percent(core::kAllTraffic), "100%");
  EXPECT_EQ(format_percent(core::Weight{123'456'789}), "12.3456789%");
}

}  // namespace
}  // namespace rollbook::dsl
