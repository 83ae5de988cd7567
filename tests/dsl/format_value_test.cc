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

TEST(FormatValue, ChancesAreSaidAsPeopleDo) {
  const std::pair<double, const char*> cases[] = {
      {0, "0%"},          {1e-9, "<0.001%"},      {0.0002, "0.02%"},
      {0.0512, "5.1%"},   {0.136, "14%"},         {0.9934, "99.3%"},
      {0.9999, ">99.9%"}, {0.99999999, ">99.9%"}, {1, "100%"}};
  for (const auto& [share, text] : cases) EXPECT_EQ(about_percent(share), text);
}

TEST(FormatValue, ARangeIsSaidWhereBothEndsSaySomething) {
  EXPECT_EQ(about_range(0.31, 0.89), "31% to 89%");
  EXPECT_EQ(about_range(0, 0.12), "at most 12%");
  EXPECT_EQ(about_range(1e-6, 0.12), "at most 12%");
  EXPECT_EQ(about_range(0.2, 0.2), "20%");
  EXPECT_EQ(about_range(0.2001, 0.2004), "20%");
  EXPECT_EQ(about_range(0, 1e-7), "<0.001%");
  EXPECT_EQ(about_range(0, 0), "0%");
}

}  // namespace
}  // namespace rollbook::dsl
