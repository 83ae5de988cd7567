// Time in verdicts: silence, `for`, and what goes stale.

#include "engine/core/judge.h"

#include <gtest/gtest.h>

#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

using enum Comparison;

// ---- Silence --------------------------------------------------------------------------------

TEST(EvaluateAbsent, FailsAfterExactlyItsSilence) {
  Judging judging(absent(3min));
  EXPECT_EQ(judging.read(3min - 1ns).verdict, Verdict::pass);
  EXPECT_EQ(judging.read(3min).verdict, Verdict::fail);
  EXPECT_EQ(judging.read(3min).value, Fixed::from_int(180));
  judging.see(kRequests, 2min, 0);
  EXPECT_EQ(judging.read(5min - 1ns).verdict, Verdict::pass);
  judging.evolve();
  EXPECT_EQ(judging.read(5min - 1ns).verdict, Verdict::pass);
  EXPECT_EQ(judging.read(5min).verdict, Verdict::fail);
}

TEST(EvaluateAbsent, CountsFromTheFirstSettledShiftOnly) {
  Judging judging(absent(3min));
  judging.state.first_settled = kDistantFuture;
  EXPECT_EQ(judging.read(24h).verdict, Verdict::pass);
  judging.state.first_settled = kBegin + 1h;
  EXPECT_EQ(judging.read(1h + 3min - 1ns).verdict, Verdict::pass);
  EXPECT_EQ(judging.read(1h + 3min).verdict, Verdict::fail);
}

TEST(EvaluateAbsent, LeavesOutTimeThatCouldNotBeSeen) {
  Judging judging(absent(3min));
  for (const Sight sight : {Sight::catching_up, Sight::unreachable}) {
    judging.state.sight = sight;
    EXPECT_EQ(judging.read(24h).verdict, Verdict::pass);
  }
  judging.state.sight = Sight::live;
  judging.state.quiet_since = kBegin + 24h;
  EXPECT_EQ(judging.read(24h + 2min).verdict, Verdict::pass);
  EXPECT_EQ(judging.read(24h + 3min).verdict, Verdict::fail);
}

// ---- `for` ----------------------------------------------------------------------------------

// 2 of 1000 requests fail: above 0.1 %.
TEST(Sustain, AStopNeedsItsConditionForExactlySoLong) {
  Judging judging(lasting(ratio(greater, "0.001"), 2min), 10s);
  judging.traffic(0s, 60s, 0);
  EXPECT_EQ(judging.remember(60s).raw, Raw::false_);
  judging.traffic(60s, 61s, 20);
  EXPECT_EQ(judging.remember(61s).raw, Raw::true_);
  judging.traffic(61s, 181s - 1s, 20);
  EXPECT_EQ(judging.read().verdict, Verdict::pass);
  judging.traffic(180s, 181s, 20);
  EXPECT_EQ(judging.read().verdict, Verdict::fail);
  EXPECT_EQ(judging.read().since, kBegin + 61s);
}

TEST(Sustain, BeginsAgainAfterABreak) {
  Judging judging(lasting(ratio(greater, "0.001"), 1min), 10s);
  judging.traffic(0s, 30s, 20);
  judging.remember(30s);
  judging.traffic(30s, 60s, 0);
  const Reading healthy = judging.remember(60s);
  EXPECT_EQ(healthy.raw, Raw::false_);
  EXPECT_EQ(healthy.held, 0s);
  EXPECT_EQ(healthy.since, kDistantFuture);
  judging.traffic(60s, 75s, 20);
  judging.remember(75s);
  judging.traffic(75s, 120s, 20);
  EXPECT_EQ(judging.read().verdict, Verdict::pass);
  judging.traffic(120s, 135s, 20);
  EXPECT_EQ(judging.read().verdict, Verdict::fail);
}

TEST(Sustain, OfAStopStandsStillWhileNothingIsKnown) {
  Judging judging(lasting(ratio(greater, "0.001"), 1min), 10s);
  judging.traffic(0s, 1s, 20);
  judging.remember(1s);
  judging.traffic(1s, 41s, 20);
  judging.see(kRequests, 100s, 0);  // no traffic within the window
  judging.see(kErrors, 100s, 0);
  const Reading unknown = judging.remember(100s);
  EXPECT_EQ(unknown.missing, Missing::no_traffic);
  EXPECT_EQ(unknown.held, 99s);  // seen true at 1 s, unknown from 100 s on
}

TEST(Sustain, OfAStopGoesOnFromWhereItStood) {
  Judging judging(lasting(ratio(greater, "0.001"), 1min), 10s);
  judging.traffic(0s, 40s, 20);
  judging.remember(40s);
  judging.traffic(40s, 60s, 20);
  judging.see(kRequests, 70s, 0);
  judging.see(kErrors, 70s, 0);
  EXPECT_EQ(judging.remember(70s).held, 30s);
  judging.traffic(90s, 91s, 20);
  EXPECT_EQ(judging.remember(91s).verdict, Verdict::pass);
  judging.traffic(91s, 120s, 20);
  EXPECT_EQ(judging.read().verdict, Verdict::pass);
  judging.traffic(120s, 121s, 20);
  EXPECT_EQ(judging.read().verdict, Verdict::fail);
}

TEST(Sustain, OfAStopCountsFromTheSettledShift) {
  Judging judging(lasting(ratio(greater, "0.001"), 1min), 10s);
  judging.state.first_settled = kDistantFuture;
  judging.traffic(0s, 100s, 20);
  EXPECT_EQ(judging.remember(100s).raw, Raw::true_);
  EXPECT_EQ(judging.read(200s).verdict, Verdict::pass);
  judging.state.first_settled = kBegin + 100s;
  judging.traffic(100s, 130s, 20);
  EXPECT_EQ(judging.remember(130s).verdict, Verdict::pass);
  judging.traffic(130s, 189s, 20);
  EXPECT_EQ(judging.read().verdict, Verdict::pass);
  judging.traffic(189s, 190s, 20);
  EXPECT_EQ(judging.read().verdict, Verdict::fail);
}

TEST(Sustain, OfAnExpectIsBrokenByWhatIsUnknown) {
  Judging judging(expecting(lasting(ratio(less, "0.001"), 1min)), 10s);
  judging.traffic(0s, 10s, 0);
  EXPECT_EQ(judging.remember(10s).verdict, Verdict::undecided);
  judging.traffic(10s, 69s, 0);
  EXPECT_EQ(judging.read().verdict, Verdict::undecided);
  judging.see(kRequests, 85s, 0);
  judging.see(kErrors, 85s, 0);
  EXPECT_EQ(judging.remember(85s).held, 0s);
  judging.traffic(85s, 86s, 0);
  judging.remember(86s);
  judging.traffic(86s, 145s, 0);
  EXPECT_EQ(judging.read().verdict, Verdict::undecided);
  judging.traffic(145s, 146s, 0);
  EXPECT_EQ(judging.read().verdict, Verdict::pass);
}

// ---- What feeds a criterion -----------------------------------------------------------------

TEST(Judge, ARatioIsFedByItsDenominatorAndMayBeSilentByDefault) {
  Judging judging(ratio(greater, "0.001"));
  EXPECT_EQ(fed_by(judging.machine, judging.criterion()), kRequests);
  EXPECT_FALSE(may_be_silent(judging.machine, judging.criterion()));
  judging.metric(kRequests).default_zero = true;
  EXPECT_TRUE(may_be_silent(judging.machine, judging.criterion()));
  EXPECT_EQ(fed_by(judging.machine, gauge(greater, "1")), kDepth);
  EXPECT_EQ(fed_by(judging.machine, absent(1min)), kRequests);
  EXPECT_TRUE(may_be_silent(judging.machine, absent(1min)));
}

TEST(Judge, ASeriesGoesStaleAfterItsLastArrivalAndTheLastShift) {
  Judging judging(ratio(greater, "0.001"));
  const auto stale = [&](Duration at) {
    return stale_series(judging.machine, judging.state, judging.pending, kBegin + at);
  };
  EXPECT_TRUE(stale(kStaleAfter - 1ns).empty());
  EXPECT_EQ(stale(kStaleAfter), std::vector{kRequests});
  judging.see(kRequests, 1min, 10);
  EXPECT_TRUE(stale(1min + kStaleAfter - 1ns).empty());
  EXPECT_EQ(stale(1min + kStaleAfter), std::vector{kRequests});
  judging.state.shift_floor = kBegin + 10min;
  EXPECT_TRUE(stale(12min).empty());
}

TEST(Judge, WhatCannotBeSeenDoesNotGoStale) {
  Judging judging(ratio(greater, "0.001"));
  judging.state.sight = Sight::catching_up;
  const Time late = kBegin + 1h;
  EXPECT_TRUE(stale_series(judging.machine, judging.state, judging.pending, late).empty());
  judging.state.series[kRequests.value].stale = true;
  EXPECT_EQ(stale_series(judging.machine, judging.state, judging.pending, late).size(), 1U);
}

TEST(Judge, AFinishedRolloutArmsNothing) {
  Judging judging(ratio(greater, "0.001"));
  EXPECT_EQ(armed(judging.machine, judging.state).size(), 1U);
  judging.state.outcome = Outcome::succeeded;
  EXPECT_TRUE(armed(judging.machine, judging.state).empty());
}

}  // namespace
}  // namespace rollbook::core::tests
