// Units: what a metric's values are, by what the runbook holds them to, and how they are shown.

#include "engine/core/units.h"

#include <gtest/gtest.h>

#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

struct Shown {
  Unit unit;
  const char* value;
  const char* text;
};
class Values : public testing::TestWithParam<Shown> {};
TEST_P(Values, AreShownInTheirUnit) {
  EXPECT_EQ(value_text(GetParam().unit, decimal(GetParam().value)), GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(
    Units, Values,
    testing::Values(Shown{Unit::number, "12", "12"}, Shown{Unit::number, "0.1234567", "0.123457"},
                    Shown{Unit::seconds, "0.013", "13ms"}, Shown{Unit::seconds, "180", "3m"},
                    Shown{Unit::ratio, "0.0124", "1.24%"},
                    Shown{Unit::per_second, "45.12345", "45.123/s"}, Shown{Unit::bytes, "0", "0B"},
                    Shown{Unit::bytes, "1023", "1023B"}, Shown{Unit::bytes, "65536", "64KiB"},
                    Shown{Unit::bytes, "66191.36", "64.64KiB"},
                    Shown{Unit::bytes, "1572864", "1.5MiB"},
                    Shown{Unit::bytes, "8589934592", "8GiB"},
                    Shown{Unit::bytes, "-2048", "-2KiB"}));

TEST(Units, WhatNoDurationHoldsIsSecondsAllTheSame) {
  EXPECT_EQ(value_text(Unit::seconds, Fixed::from_int(100'000'000'000)), "100000000000s");
  EXPECT_EQ(value_text(Unit::bytes, Fixed::from_int(kValueMax)), "909.495TiB");
}

struct Said {
  const char* text;  // of the criterion
  Unit unit;
};
class Limits : public testing::TestWithParam<Said> {};
TEST_P(Limits, SayWhatTheValuesAre) {
  Judging judging(gauge(Comparison::greater, "1"));
  judging.criterion().text = GetParam().text;
  EXPECT_EQ(unit_of(judging.machine, judging.criterion()), GetParam().unit);
}
INSTANTIATE_TEST_SUITE_P(
    Units, Limits,
    testing::Values(
        Said{"mem > 8GiB over 1m", Unit::bytes}, Said{"mem > 512B over 1m", Unit::bytes},
        Said{"mem > 80% * 8GiB over 1m for 5m", Unit::bytes},
        Said{"mem > 2 * 512MB over 1m", Unit::bytes}, Said{"age > 5m over 1m", Unit::seconds},
        Said{"age >= 1.5s over 1m", Unit::seconds}, Said{"age > 2h30m over 1m", Unit::seconds},
        Said{"load > 80% over 1m", Unit::ratio}, Said{"flow > 900/s over 1m", Unit::per_second},
        Said{"queue > 1_000 over 5m for 10m", Unit::number},
        Said{"queue > 3 * 400 / 2 over 5m", Unit::number},
        Said{"bracket(p99) < 15ms over 5m at least 20 requests", Unit::seconds}));

TEST(Units, OneLimitSpeaksForAllThatMeasureTheMetric) {
  Judging judging(gauge(Comparison::greater, "1"));
  judging.criterion().text = "mem > 8GiB over 1m";
  Criterion arms = gauge(Comparison::greater, "0");  // `canary.mem > baseline.mem * 105%`
  arms.text = "canary.mem > baseline.mem * 105% over 5m";
  arms.other = WindowIndex{kDepth.value};
  judging.machine.criteria.insert(judging.machine.criteria.begin(), arms);
  EXPECT_EQ(unit_of(judging.machine, judging.machine.criteria[0]), Unit::bytes);
  EXPECT_EQ(unit_of(judging.machine, MetricIndex{kDepth.value}), Unit::bytes);
}

TEST(Units, WithoutALimitTheNameOrTheKindSaysIt) {
  Judging judging(ratio(Comparison::greater, "0.001"));
  const auto unit = [&](SeriesIndex series, const char* name) {
    judging.metric(series).selector = name;
    return unit_of(judging.machine, MetricIndex{series.value});
  };
  EXPECT_EQ(unit(kLatency, "shop_latency"), Unit::seconds);
  EXPECT_EQ(unit(kLatency, "shop_body_bytes"), Unit::bytes);
  EXPECT_EQ(unit(kDepth, "shop_depth"), Unit::number);
  EXPECT_EQ(unit(kDepth, "shop_heap_bytes"), Unit::bytes);
  EXPECT_EQ(unit(kDepth, "shop_age_seconds"), Unit::seconds);
  judging.metric(kDepth).unit = decimal("0.001");  // `in ms`
  EXPECT_EQ(unit(kDepth, "shop_lag"), Unit::seconds);
}

TEST(Units, WhatIsMadeOfCountsNeedsNoLimit) {
  const auto unit = [](const Criterion& criterion) {
    const Judging judging(criterion);
    return unit_of(judging.machine, judging.machine.criteria[0]);
  };
  EXPECT_EQ(unit(ratio(Comparison::greater, "0")), Unit::ratio);
  EXPECT_EQ(unit(rate(Comparison::greater, "0")), Unit::per_second);
  EXPECT_EQ(unit(count(Comparison::greater, "0")), Unit::number);
  EXPECT_EQ(unit(absent(3min)), Unit::seconds);
}

}  // namespace
}  // namespace rollbook::core::tests
