#include "adapters/wire/text.h"

#include <gtest/gtest.h>

#include <array>

namespace rollbook::adapters {
namespace {

using core::Duration;
using core::Fixed;
using core::Time;
using core::Weight;
using namespace std::chrono_literals;

TEST(Text, TimesAreWrittenWithAsManyDigitsAsTheyNeed) {
  EXPECT_EQ(format_time(Time{}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(Time{1'767'571'200s}), "2026-01-05T00:00:00Z");
  EXPECT_EQ(format_time(Time{1'767'571'200s + 250ms}), "2026-01-05T00:00:00.25Z");
  EXPECT_EQ(format_time(Time{1ns}), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(format_time(Time{-1s}), "1969-12-31T23:59:59Z");
}

TEST(Text, TimesAreReadBackExactly) {
  for (const char* text : {"2026-01-05T10:00:00Z", "2024-02-29T23:59:59.999999999Z",
                           "1970-01-01T00:00:00Z", "2262-04-11T23:47:16.854775807Z"}) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_time(*time), text);
  }
  EXPECT_EQ(*parse_time("2026-01-05T12:00:00+02:00"), *parse_time("2026-01-05T10:00:00Z"));
  EXPECT_EQ(*parse_time("2026-01-05T10:00:00.1234567899Z"),
            *parse_time("2026-01-05T10:00:00.123456789Z"));
  EXPECT_EQ(*parse_time_or_nanos("1767571200000000000"), *parse_time("2026-01-05T00:00:00Z"));
}

TEST(Text, WhatIsNoTimeIsRefused) {
  for (const char* text :
       {"", "2026", "2026-01-05", "2026-01-05T10:00:00", "2026-13-05T10:00:00Z",
        "2026-02-29T10:00:00Z", "2026-01-05T24:00:00Z", "2026-01-05T10:60:00Z",
        "2026-01-05T10:00:00.Z", "2026-01-05T10:00:00Zx", "2026-01-05T10:00:00+2:00",
        "2026/01/05T10:00:00Z", "9999-01-01T00:00:00Z", "tomorrow"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
  EXPECT_EQ(parse_time("soon").error().message, "`soon` is no time such as 2026-01-05T10:00:00Z");
}

TEST(Text, DurationsGoBothWays) {
  const std::pair<const char*, Duration> table[] = {
      {"0s", 0s},          {"2m30s", 150s},     {"24h", 24h},     {"48h", 48h},
      {"1s500ms", 1500ms}, {"1h1ns", 1h + 1ns}, {"250us", 250us}, {"5m", 5min}};
  for (const auto& [text, duration] : table) {
    EXPECT_EQ(format_duration(duration), text);
    ASSERT_TRUE(parse_duration(text)) << text;
    EXPECT_EQ(*parse_duration(text), duration);
  }
  EXPECT_EQ(*parse_duration("1d12h"), 36h);
  EXPECT_EQ(format_duration(-90s), "-1m30s");
  EXPECT_EQ(format_duration_short(2h + 3min + 4s), "2h3m");
  EXPECT_EQ(format_duration_short(70s + 5ms), "1m10s");
  EXPECT_EQ(format_duration_short(5ms + 3us), "5ms");
}

TEST(Text, WhatIsNoDurationIsRefused) {
  for (const char* text : {"", "5", "m", "5 m", "5m ", "-5m", "1.5h", "30s2m", "2m2m", "5y",
                           "99999999999999999999s", "100000d", "+5m"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(parse_duration("5 min").error().message, "`5 min` is no duration such as 2m30s");
}

TEST(Text, DecimalsAreExact) {
  const std::tuple<const char*, std::int64_t, const char*> table[] = {
      {"0", 0, "0"},
      {"-0", 0, "0"},
      {"120345", 120'345'000'000'000, "120345"},
      {"0.001", 1'000'000, "0.001"},
      {"-3.25", -3'250'000'000, "-3.25"},
      {"0.1", 100'000'000, "0.1"},
      {"0.000000001", 1, "0.000000001"},
      {"1e-9", 1, "0.000000001"},
      {"1.5E3", 1'500'000'000'000, "1500"},
      {"15e-1", 1'500'000'000, "1.5"},
      {"0.30000000000000004", 300'000'000, "0.3"},
      {"0.0000000005", 1, "0.000000001"},
      {"0.00000000049", 0, "0"},
      {"-0.0000000005", -1, "-0.000000001"},
      {"1e-999999999999", 0, "0"},
      {"0e999999999999", 0, "0"},
      {"0.00000000000000000000000000000000000000000000000012e48", 120'000'000, "0.12"},
  };
  for (const auto& [text, nanos, out] : table) {
    const auto value = parse_fixed(text);
    ASSERT_TRUE(value) << text;
    EXPECT_TRUE(value->nanos == nanos) << text;
    EXPECT_EQ(format_fixed(*value), out);
  }
  EXPECT_EQ(format_fixed(*parse_fixed("1000000000000000")), "1000000000000000");
  EXPECT_EQ(format_fixed(*parse_fixed("999999999999999.123456789")), "999999999999999.123456789");
}

TEST(Text, WhatIsNoDecimalOrTooBigIsRefused) {
  for (const char* text : {"", "-", ".5", "5.", "01", "1e", "1e+", "1e+-5", "NaN", "0x1", "1 ",
                           "+1", "1_000", "inf"}) {
    const auto value = parse_fixed(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().message, "`" + std::string(text) + "` is no number");
  }
  for (const char* text : {"1000000000000000.000000001", "1e16", "-1e16", "1e300", "1e99999999999",
                           "99999999999999999999999999999999999999999999999999"}) {
    const auto value = parse_fixed(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().message,
              "`" + std::string(text) + "` is beyond the limit of 1000000000000000");
  }
}

TEST(Text, WeightsAreFractionsOrPercent) {
  EXPECT_EQ(parse_weight("5%")->nanos, 50'000'000);
  EXPECT_EQ(parse_weight("0.05")->nanos, 50'000'000);
  EXPECT_EQ(parse_weight("100%"), core::kAllTraffic);
  EXPECT_EQ(parse_weight("1"), core::kAllTraffic);
  EXPECT_EQ(format_percent(Weight{333'000'000}), "33.3%");
  EXPECT_EQ(format_percent(core::kAllTraffic), "100%");
  EXPECT_EQ(format_percent(Fixed{1'000'000}), "0.1%");
  for (const char* text : {"", "%", "5 %", "101%", "1.1", "-1%", "half"}) {
    EXPECT_FALSE(parse_weight(text)) << text;
  }
}

TEST(Text, Base64IsRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64(std::string_view("\xff\x00\x80", 3)), "/wCA");
}

TEST(Text, NothingThatMovesTheCursorGetsThrough) {
  EXPECT_EQ(printable("plain ä €"), "plain ä €");
  EXPECT_EQ(printable("\x1b[2Jx\n\x7f"), "?[2Jx??");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "??31m");
  EXPECT_EQ(printable("\xff\xe2\x82"), "???");
}

TEST(Text, ANearWordIsOfferedAndAFarOneIsNot) {
  constexpr std::array<std::string_view, 4> kWords{"start", "status", "promote", "pause"};
  EXPECT_EQ(nearest("promot", kWords), "promote");
  EXPECT_EQ(nearest("statsu", kWords), "status");
  EXPECT_EQ(nearest("xyzzy", kWords), "");
  EXPECT_EQ(nearest("", kWords), "");
  EXPECT_EQ(did_you_mean("puase", kWords), ", did you mean `pause`?");
}

TEST(Text, SlipsOfTheHandAreCounted) {
  EXPECT_EQ(slips("errors", "errors"), 0U);
  EXPECT_EQ(slips("errors", "erros"), 1U);
  EXPECT_EQ(slips("errors", "erorrs"), 1U);
  EXPECT_EQ(slips("errors", "orders"), 3U);
  EXPECT_EQ(slips("", "err"), 3U);
}

TEST(Text, RolloutNames) {
  EXPECT_TRUE(is_rollout_name("hal9-7f3k2q"));
  for (const char* text : {"", "Hal9", "a b", "a/b", "ä"}) EXPECT_FALSE(is_rollout_name(text));
  EXPECT_TRUE(is_rollout_name(std::string(63, 'a')));
  EXPECT_FALSE(is_rollout_name(std::string(64, 'a')));
}

}  // namespace
}  // namespace rollbook::adapters
