// Chances against closed forms, against the language's own examples, and against a plain count of
// what made-up requests do.

#include "dsl/false_alarms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <random>

namespace rollbook::dsl {
namespace {

using namespace std::chrono_literals;
using core::Fixed;

constexpr Fixed kTenthOfAPercent{1'000'000};

WindowedLimit over_5m(core::Duration sustain = {}, std::int64_t at_least = 100) {
  return {kTenthOfAPercent, false, 5min, sustain, at_least};
}

TEST(FalseAlarms, TheFewestThatBreakALimit) {
  EXPECT_EQ(breaking(over_5m(), 13'500), 14);
  EXPECT_EQ(breaking(over_5m(), 1000), 2);  // 1 of 1,000 is the limit, not above it
  EXPECT_EQ(breaking(over_5m(), 999), 1);
  WindowedLimit at = over_5m();
  at.at_limit = true;
  EXPECT_EQ(breaking(at, 1000), 1);
  EXPECT_EQ(breaking(at, 1001), 2);
  EXPECT_EQ(breaking(at, 1'000'000'000'000), 1'000'000'000);
}

// language.md: 0.02 % healthy at 3 a second crosses 0.1 % in 98 % of stages of two hours. One
// error is enough, so that the chance is that of any error at all: 1 − e^−4.32 = 98.7 %.
TEST(FalseAlarms, OneErrorIsEnoughAtTheTrough) {
  EXPECT_NEAR(chance_of_any(over_5m(), {3, 0.0002}, 2h), 1 - std::exp(-4.32), 1e-9);
  EXPECT_NEAR(alarm_within(over_5m(), {3, 0.0002}, 2h, false).most, 0.98, 0.01);
}

// language.md: a canary at a true 0.08 % is rolled back in 99 % of stages of two hours at 45/s.
TEST(FalseAlarms, EqualThresholdsAtThePeak) {
  EXPECT_GT(alarm_within(over_5m(), {45, 0.0008}, 2h, true).most, 0.99);
  EXPECT_GT(alarm_within(over_5m(2min), {45, 0.0008}, 2h, true).most, 0.99);
}

// One window alone, and the longer one watches the more.
TEST(FalseAlarms, GrowWithTimeFromOneWindowOn) {
  const Flow flow{45, 0.0005};
  const double one = chance_of_one(over_5m(), flow);
  EXPECT_NEAR(chance_of_any(over_5m(), flow, 5min), one, 0.01 * one);
  double before = one;
  for (const core::Duration watched : {7min, 10min, 30min, 120min, 2280min}) {
    const double chance = chance_of_any(over_5m(), flow, watched);
    EXPECT_GT(chance, before) << watched.count();
    before = chance;
  }
  EXPECT_EQ(chance_of_any(over_5m(), flow, 1min), 0);  // no window is full
}

// What happens to requests that are really drawn: a window filled from nothing and slid on by a
// second, as engines do. 2,000 times.
struct Drawn {
  double filling = 0, any = 0, sustained = 0;
};
Drawn drawn(const WindowedLimit& limit, Flow flow, std::int64_t seconds) {
  constexpr int kRuns = 2000;
  std::mt19937_64 random(7);
  std::binomial_distribution<std::int64_t> bad(static_cast<std::int64_t>(flow.per_second),
                                               flow.rate);
  const std::int64_t width = limit.over / 1s, sustain = limit.sustain / 1s;
  Drawn all;
  for (int run = 0; run < kRuns; ++run) {
    std::deque<std::int64_t> window;
    std::int64_t sum = 0, broken_for = -1;
    bool filling = false, any = false, sustained = false;
    for (std::int64_t at = 1; at <= seconds; ++at) {
      window.push_back(bad(random));
      sum += window.back();
      if (at > width) {
        sum -= window.front();
        window.pop_front();
      }
      const auto requests =
          static_cast<std::int64_t>(window.size()) * static_cast<std::int64_t>(flow.per_second);
      const bool broken = requests >= limit.at_least && sum >= breaking(limit, requests);
      filling = filling || (broken && at <= width && at % (kLook / 1s) == 0);
      any = any || (broken && at >= width);
      broken_for = broken ? broken_for + 1 : -1;
      sustained = sustained || (broken && broken_for >= sustain);
    }
    all.filling += filling;
    all.any += any;
    all.sustained += sustained;
  }
  return {all.filling / kRuns, all.any / kRuns, all.sustained / kRuns};
}

TEST(FalseAlarms, FormulasAgreeWithWhatIsDrawn) {
  const struct {
    Flow flow;
    std::int64_t seconds;
  } cases[] = {
      {{45, 0.0002}, 3600}, {{45, 0.0005}, 3600}, {{6, 0.0002}, 3600}, {{20, 0.0003}, 900}};
  for (const auto& c : cases) {
    const Drawn seen = drawn(over_5m(), c.flow, c.seconds);
    const core::Duration watched = std::chrono::seconds(c.seconds);
    // Three deviations of 2,000 runs are 0.034 at most.
    EXPECT_NEAR(chance_while_filling(over_5m(), c.flow), seen.filling, 0.034) << c.flow.per_second;
    EXPECT_NEAR(chance_of_any(over_5m(), c.flow, watched), seen.any, 0.034) << c.flow.per_second;
  }
}

TEST(FalseAlarms, TheBoundsHold) {
  const Flow flows[] = {{45, 0.0005}, {45, 0.0003}, {6, 0.0002}, {12, 0.0002}, {45, 0.0008}};
  for (const Flow& flow : flows) {
    const Drawn seen = drawn(over_5m(2min), flow, 3600);
    EXPECT_GE(bound_of_sustained(over_5m(2min), flow, 1h, true) + 0.01, seen.sustained)
        << flow.per_second;
    const Alarm alarm = alarm_within(over_5m(2min), flow, 1h, true);
    EXPECT_FALSE(alarm.exact);
    EXPECT_GE(alarm.most + 0.034, seen.sustained) << flow.per_second;
    EXPECT_LE(alarm.least - 0.034, seen.sustained) << flow.per_second;
  }
}

// What must last a second is hardly rarer than what need not last.
TEST(FalseAlarms, WhatNeedNotLastBoundsWhatMust) {
  const double any = alarm_within(over_5m(), {3, 0.0002}, 2h, true).most;
  const Alarm lasting = alarm_within(over_5m(1s), {3, 0.0002}, 2h, true);
  EXPECT_GT(bound_of_sustained(over_5m(1s), {3, 0.0002}, 2h, true), any);
  EXPECT_EQ(lasting.most, any);
  EXPECT_GT(lasting.least, any - 0.01);
}

// Counts too many to walk or to sum up take no time, and say what the moments of a window say.
TEST(FalseAlarms, LargeCountsKeepTheirOrder) {
  const WindowedLimit limit{Fixed{10'000'000}, false, 5min, {}, 100};
  double before = 0;
  for (const double rate : {0.008, 0.0095, 0.00999, 0.0101, 0.011}) {
    const double chance = alarm_within(limit, {100'000, rate}, 2h, true).most;
    EXPECT_GE(chance, before) << rate;
    before = chance;
  }
  EXPECT_EQ(before, 1);
}

// A tenth of the limit is no reason for alarm, nor is silence, nor too few requests.
TEST(FalseAlarms, NoneWhereThereIsNoReason) {
  EXPECT_LT(alarm_within(over_5m(2min), {45, 0.0001}, 38h, true).most, 1e-4);
  EXPECT_EQ(alarm_within(over_5m(), {0, 0.0002}, 2h, true).most, 0);
  EXPECT_EQ(alarm_within(over_5m(), {45, 0}, 2h, true).most, 0);
  EXPECT_EQ(alarm_within(over_5m({}, 20'000), {45, 0.9}, 2h, true).most, 0);
}

TEST(FalseAlarms, StayChancesAtTheEndsOfTheirRanges) {
  for (const double per_second : {1e-6, 0.01, 1.0, 1e3, 1e6, 1e9}) {
    for (const double rate : {1e-9, 1e-4, 0.001, 0.01, 0.5, 0.999999, 1.0}) {
      for (const core::Duration sustain : {core::Duration{}, core::Duration(1s)}) {
        for (const core::Duration watched : {core::Duration(1s), core::Duration(87'840h)}) {
          const Alarm alarm = alarm_within(over_5m(sustain, 0), {per_second, rate}, watched, true);
          EXPECT_GE(alarm.least, 0) << per_second << " " << rate;
          EXPECT_LE(alarm.least, alarm.most) << per_second << " " << rate;
          EXPECT_LE(alarm.most, 1) << per_second << " " << rate;
        }
      }
    }
  }
}

}  // namespace
}  // namespace rollbook::dsl
