// Verdicts from points: every measure at its edges, and every row of missing data.

#include <gtest/gtest.h>

#include <functional>

#include "engine/core/judge.h"
#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

using enum Comparison;

// ---- Ratios ---------------------------------------------------------------------------------

struct Edge {
  Comparison comparison;
  std::int64_t errors;  // of 1000 requests, against 0.3 %
  bool holds;
};
class RatioEdge : public testing::TestWithParam<Edge> {};

TEST_P(RatioEdge, IsExactAtTheLimit) {
  Judging judging(ratio(GetParam().comparison, "0.003"));
  judging.see(kRequests, 60s, 1000);
  judging.see(kErrors, 60s, GetParam().errors);
  const Reading reading = judging.read();
  EXPECT_EQ(reading.raw, GetParam().holds ? Raw::true_ : Raw::false_);
  EXPECT_EQ(reading.verdict, GetParam().holds ? Verdict::fail : Verdict::pass);
  EXPECT_EQ(reading.value, Fixed::from_nanos(GetParam().errors * 1'000'000));
  EXPECT_EQ(reading.samples, 1000);
  EXPECT_EQ(reading.at, kBegin + 60s);
}
INSTANTIATE_TEST_SUITE_P(Evaluate, RatioEdge,
                         testing::Values(Edge{greater, 2, false}, Edge{greater, 3, false},
                                         Edge{greater, 4, true}, Edge{greater_equal, 2, false},
                                         Edge{greater_equal, 3, true}, Edge{greater_equal, 4, true},
                                         Edge{less, 2, true}, Edge{less, 3, false},
                                         Edge{less, 4, false}, Edge{less_equal, 2, true},
                                         Edge{less_equal, 3, true}, Edge{less_equal, 4, false}));

TEST(EvaluateRatio, ComparesProductsSoThatAThirdIsNotRounded) {
  Judging judging(ratio(greater, "0.333333333"));
  judging.see(kRequests, 60s, 3);
  judging.see(kErrors, 60s, 1);
  EXPECT_EQ(judging.read().verdict, Verdict::fail);
  EXPECT_EQ(judging.read().value, decimal("0.333333333"));
}

TEST(EvaluateRatio, HoldsTheGreatestValuesWithoutOverflow) {
  Judging judging(ratio(greater, "0.999999999"));
  judging.see(kRequests, 60s, kValueMax);
  judging.see(kErrors, 60s, kValueMax);
  EXPECT_EQ(judging.read().verdict, Verdict::fail);
  EXPECT_EQ(judging.read().value, Fixed::from_int(1));
}

TEST(EvaluateRatio, WaitsForTheRequestsThatItsErrorsBelongTo) {
  Judging judging(ratio(greater, "0.001"));
  judging.see(kRequests, 60s, 1000);
  judging.see(kErrors, 60s, 0);
  judging.see(kErrors, 61s, 5);
  EXPECT_EQ(judging.read(62s).verdict, Verdict::pass);
  judging.see(kRequests, 61s, 4000);
  EXPECT_EQ(judging.read(62s).verdict, Verdict::pass);
  EXPECT_EQ(judging.read(62s).value, decimal("0.001"));
}

TEST(EvaluateRatio, JudgesWithoutErrorsThatAreSilent) {
  Judging judging(ratio(greater, "0.001"));
  judging.see(kErrors, 1s, 2);
  judging.see(kRequests, 1s, 1000);
  EXPECT_EQ(judging.read().verdict, Verdict::fail);
  for (Duration at = 2s; at <= 100s; at += 1s) judging.see(kRequests, at, 1000);
  EXPECT_EQ(judging.read().verdict, Verdict::pass);
  EXPECT_EQ(judging.read().at, kBegin + 100s - kGrace);
}

// ---- Missing data ---------------------------------------------------------------------------

struct MissingRow {
  const char* name;
  std::function<void(Judging&)> happens;
  Missing missing;
  Verdict expect;  // of `errors / requests < 1 %`
};
class MissingData : public testing::TestWithParam<MissingRow> {};

NameSeen named_elsewhere(SeriesIndex series) { return NameSeen{MetricIndex{series.value}, kBegin}; }

const MissingRow kRows[] = {
    {"NothingEver", [](Judging&) {}, Missing::no_series, Verdict::no_data},
    {"RequestsOnTheOtherArmOnly",
     [](Judging& j) {
       j.pending.observed.names = {named_elsewhere(kRequests), named_elsewhere(kErrors)};
     },
     Missing::no_traffic, Verdict::no_data},
    {"RequestsThatStandStill", [](Judging& j) { j.see(kRequests, 5min, 0); }, Missing::no_traffic,
     Verdict::no_data},
    {"ErrorsNeverNamed", [](Judging& j) { j.see(kRequests, 5min, 1000); }, Missing::no_series,
     Verdict::no_data},
    {"ErrorsNamedOnTheOtherArm",
     [](Judging& j) {
       j.pending.observed.names = {named_elsewhere(kErrors)};
       j.see(kRequests, 5min, 1000);
     },
     Missing::none, Verdict::pass},
    {"ErrorsThatDefaultToZero",
     [](Judging& j) {
       j.metric(kErrors).default_zero = true;
       j.see(kRequests, 5min, 1000);
     },
     Missing::none, Verdict::pass},
    {"RequestsThatDefaultToZero", [](Judging& j) { j.metric(kRequests).default_zero = true; },
     Missing::no_traffic, Verdict::no_data},
    {"StaleRequests",
     [](Judging& j) {
       j.see(kRequests, 5min, 1000);
       j.see(kErrors, 5min, 1);
       j.evolve();
       j.state.series[kRequests.value].stale = true;
     },
     Missing::stale, Verdict::no_data},
    {"SilentErrors",
     [](Judging& j) {
       j.see(kErrors, 1s, 0);
       j.see(kRequests, 5min, 1000);
       j.see(kRequests, 5min + kGrace, 1000);
       j.evolve();
       j.state.series[kErrors.value].stale = true;
     },
     Missing::none, Verdict::pass},
    {"HalfAWindow",
     [](Judging& j) {
       j.see(kRequests, 5min - 1s, 1000);
       j.see(kErrors, 5min - 1s, 1);
     },
     Missing::none, Verdict::undecided},
};

TEST_P(MissingData, IsNeverHealth) {
  Judging judging(expecting(ratio(less, "0.01")));
  GetParam().happens(judging);
  const Reading reading = judging.read();
  EXPECT_EQ(reading.missing, GetParam().missing);
  EXPECT_EQ(reading.verdict, GetParam().expect);
  EXPECT_EQ(reading.raw, GetParam().expect == Verdict::pass ? Raw::true_ : Raw::unknown);
}

TEST_P(MissingData, NeverStops) {
  Judging judging(ratio(greater_equal, "0"));
  judging.criterion().at_least = 1;
  GetParam().happens(judging);
  const Reading reading = judging.read();
  // What is stale or half seen is judged by a guard as far as it goes: `≥ 0` holds for all of it.
  const bool judged = GetParam().missing == Missing::none || GetParam().missing == Missing::stale;
  EXPECT_EQ(reading.verdict, judged ? Verdict::fail : Verdict::no_data);
}
INSTANTIATE_TEST_SUITE_P(Evaluate, MissingData, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

// ---- Two senders under one set of labels ------------------------------------------------------

void clash(Judging& judging, SeriesIndex series, Duration at) {
  judging.pending.observed.clashes.push_back({series, kBegin + at});
}

TEST(EvaluateTwoSenders, AGateDoesNotPassOnWhatOneOfThemSays) {
  for (const SeriesIndex series : {kRequests, kErrors}) {
    for (const bool logged : {false, true}) {
      Judging judging(lasting(expecting(ratio(less, "0.01")), 10s));
      judging.traffic(0s, 5min, 0);
      judging.remember(5min);
      judging.traffic(5min, 6min, 0);
      ASSERT_EQ(judging.read(6min).verdict, Verdict::pass);
      clash(judging, series, 6min);
      if (logged) judging.evolve();
      const Reading reading = judging.read(6min);
      EXPECT_EQ(reading.verdict, Verdict::no_data);
      EXPECT_EQ(reading.missing, Missing::two_senders);
      EXPECT_EQ(reading.raw, Raw::unknown);
      EXPECT_EQ(reading.since, kDistantFuture) << "its `for` begins anew";
      EXPECT_EQ(judging.read(6min + kStaleAfter - 1ns).missing, Missing::two_senders);
      EXPECT_EQ(judging.read(6min + kStaleAfter).missing, Missing::none);
    }
  }
}

TEST(EvaluateTwoSenders, OfWhatItDoesNotReadAreNothingToACriterion) {
  Judging judging(expecting(ratio(less, "0.01")));
  judging.traffic(0s, 6min, 0);
  clash(judging, kLatency, 6min);
  EXPECT_EQ(judging.read().verdict, Verdict::pass);
}

TEST(EvaluateTwoSenders, ABreachOfOneIsABreach) {
  for (Criterion criterion : {ratio(greater, "0.001"), expecting(ratio(less, "0.001"))}) {
    Judging judging(criterion);
    judging.traffic(0s, 6min, 2);
    clash(judging, kErrors, 6min);
    EXPECT_EQ(judging.read().verdict, Verdict::fail);
    EXPECT_EQ(judging.read().missing, Missing::none);
  }
  Judging judging(lasting(ratio(greater, "0.001"), 1min));
  judging.traffic(0s, 5min, 2);
  clash(judging, kErrors, 5min);
  judging.remember(5min);
  EXPECT_EQ(judging.read().missing, Missing::two_senders);
  judging.traffic(5min, 6min, 2);
  EXPECT_EQ(judging.read().verdict, Verdict::fail) << "its `for` goes on";
}

TEST(EvaluateTwoSenders, APauseDoesNotEndOnWhatOneOfThemSays) {
  Criterion pause = ratio(greater, "0.001");
  pause.kind = CriterionKind::pause;
  Judging judging(pause);
  judging.traffic(0s, 60s, 2);
  ASSERT_EQ(judging.remember(60s).verdict, Verdict::fail);
  judging.evolve();
  judging.traffic(60s, 10min, 0);
  ASSERT_EQ(judging.read().verdict, Verdict::pass);
  clash(judging, kErrors, 10min);
  EXPECT_EQ(judging.read().verdict, Verdict::fail);
}

TEST(EvaluateMissing, AStopSpeaksFromSoManyRequestsOn) {
  Judging judging(ratio(greater, "0.1"));
  judging.criterion().at_least = 100;
  judging.see(kRequests, 60s, 99);
  judging.see(kErrors, 60s, 99);
  EXPECT_EQ(judging.read().missing, Missing::too_few);
  EXPECT_EQ(judging.read().verdict, Verdict::no_data);
  EXPECT_EQ(judging.read().samples, 99);
  judging.see(kRequests, 60s, 1);
  EXPECT_EQ(judging.read().verdict, Verdict::fail);
}

TEST(EvaluateMissing, AnExpectNeedsNoLeastNumberOfRequests) {
  Judging judging(expecting(ratio(less, "0.5")));
  judging.criterion().at_least = 100;
  judging.see(kRequests, 5min, 1);
  judging.see(kErrors, 5min, 0);
  EXPECT_EQ(judging.read().verdict, Verdict::pass);
}

TEST(EvaluateMissing, AWindowIsWholeToTheNanosecond) {
  Judging judging(expecting(ratio(less, "0.5")));
  judging.see(kRequests, 5min, 1000);
  judging.see(kErrors, 5min, 1);
  judging.state.shift_floor = kBegin + 1ns;
  EXPECT_EQ(judging.read().verdict, Verdict::undecided);
  EXPECT_EQ(judging.read().seen, 5min - 1ns);
  judging.state.shift_floor = kBegin;
  EXPECT_EQ(judging.read().verdict, Verdict::pass);
  EXPECT_EQ(judging.read().seen, 5min);
  judging.state.whole_from = kBegin + 2min;  // offsets were lost there
  EXPECT_EQ(judging.read().verdict, Verdict::undecided);
  EXPECT_EQ(judging.read().seen, 3min);
}

TEST(EvaluateMissing, AWindowThatHasNotBegunIsNotSeen) {
  Judging judging(expecting(count(less, "10")));
  judging.pending.observed.names = {named_elsewhere(kRequests)};
  judging.state.shift_floor = kDistantFuture;
  EXPECT_EQ(judging.read().seen, 0s);
  EXPECT_EQ(judging.read().verdict, Verdict::undecided);
  judging.state.shift_floor = kBegin;
  EXPECT_EQ(judging.read().seen, 0s);  // nothing was ever seen
}

// ---- Latency --------------------------------------------------------------------------------

struct Latency {
  const char* limit;
  Comparison comparison;
  std::vector<std::int64_t> buckets;  // up to 5, 10, 25, 50 ms and above
  bool holds;
};
class QuantileEdge : public testing::TestWithParam<Latency> {};

TEST_P(QuantileEdge, IsTheShareAboveTheLimit) {
  Judging judging(quantile("0.99", GetParam().comparison, GetParam().limit));
  judging.see_latency(60s, GetParam().buckets);
  EXPECT_EQ(judging.read().raw, GetParam().holds ? Raw::true_ : Raw::false_);
}
INSTANTIATE_TEST_SUITE_P(
    Evaluate, QuantileEdge,
    testing::Values(
        // On an edge: 10 of 1000 above are exactly one per cent.
        Latency{"0.01", less, {980, 11, 9, 0, 0}, true},
        Latency{"0.01", less, {980, 10, 10, 0, 0}, false},
        Latency{"0.01", less_equal, {980, 10, 10, 0, 0}, true},
        Latency{"0.01", less_equal, {980, 9, 11, 0, 0}, false},
        Latency{"0.01", greater, {980, 10, 10, 0, 0}, false},
        Latency{"0.01", greater, {980, 9, 11, 0, 0}, true},
        Latency{"0.01", greater_equal, {980, 10, 10, 0, 0}, true},
        Latency{"0.05", greater, {0, 0, 0, 990, 10}, false},
        Latency{"0.05", greater, {0, 0, 0, 989, 11}, true},
        // Inside a bucket: 30 between 10 and 25 ms, so 20 of them above 15 ms, 10 above 20 ms.
        Latency{"0.015", greater, {970, 0, 30, 0, 0}, true},
        Latency{"0.02", greater, {970, 0, 30, 0, 0}, false},
        Latency{"0.02", greater_equal, {970, 0, 30, 0, 0}, true},
        Latency{"0.019999999", greater, {970, 0, 30, 0, 0}, true},
        // The first bucket begins at zero: a fifth of 50 lies above 4 ms.
        Latency{"0.004", greater, {50, 0, 0, 0, 0}, true},
        Latency{"0.00495", greater, {50, 0, 0, 0, 0}, false},
        // Beyond the last edge nothing is known: it counts as above.
        Latency{"0.06", greater, {980, 0, 0, 0, 20}, true},
        Latency{"0.06", less, {995, 0, 0, 0, 5}, true},
        Latency{"10", less, {980, 0, 0, 0, 20}, false}));

TEST(EvaluateQuantile, SaysTheBracketWhereItInterpolates) {
  Judging judging(quantile("0.99", greater, "0.015"));
  judging.see_latency(60s, {970, 0, 30, 0, 0});
  const Reading inside = judging.read();
  EXPECT_EQ(inside.value, decimal("0.02"));
  EXPECT_EQ(inside.low, decimal("0.01"));
  EXPECT_EQ(inside.high, decimal("0.025"));
  EXPECT_EQ(inside.samples, 1000);
  judging.criterion().limit = decimal("0.025");
  EXPECT_EQ(judging.read().low, std::nullopt);
  judging.criterion().limit = decimal("0.03");  // nothing lies in that bucket
  EXPECT_EQ(judging.read().low, std::nullopt);
}

TEST(EvaluateQuantile, SaysTheLastEdgeWhereItLiesBeyond) {
  for (const char* limit : {"0.01", "0.03", "0.05", "0.08"}) {
    Judging judging(quantile("0.99", greater, limit));
    judging.see_latency(60s, {980, 0, 0, 9, 11});
    const Reading beyond = judging.read();
    EXPECT_EQ(beyond.raw, Raw::true_) << limit;
    EXPECT_EQ(beyond.value, decimal("0.05")) << limit;
    EXPECT_EQ(beyond.low, decimal("0.05")) << limit;
    EXPECT_EQ(beyond.high, std::nullopt) << limit;
  }
  Judging judging(quantile("0.99", greater, "0.08"));
  judging.see_latency(60s, {980, 0, 0, 10, 10});  // at the edge, not beyond it
  EXPECT_EQ(judging.read().value, decimal("0.05"));
  EXPECT_EQ(judging.read().low, std::nullopt);
}

// ---- Too early: a scrape that began before the window is not in it

TEST(EvaluateStop, ARateOrACountIsNotLittleBeforeItsWindowWasWatched) {
  struct Case {
    Criterion criterion;
    Duration width, from;
  };
  for (const Case& c : {Case{rate(less, "10"), 5min, 5min}, Case{rate(less, "10"), 2min, 2min},
                        Case{rate(less, "10"), 24h, kLowRateWatched},
                        Case{count(less_equal, "3000"), 10min, 10min}}) {
    Judging judging(c.criterion, c.width);
    judging.see(kRequests, c.from + kStretchMost - 1s, 50);
    EXPECT_EQ(judging.read().verdict, Verdict::undecided);
    EXPECT_EQ(judging.read().raw, Raw::unknown);
    judging.see(kRequests, c.from + kStretchMost, 50);
    EXPECT_EQ(judging.read().verdict, Verdict::fail);
  }
  // A pause goes on until it is known to be over.
  Judging pauses(rate(less, "10"));
  pauses.criterion().kind = CriterionKind::pause;
  pauses.see(kRequests, 7min, 50);
  EXPECT_EQ(pauses.remember(7min).verdict, Verdict::fail);
  pauses.state.guard_floor = pauses.state.shift_floor = kBegin + 7min;
  pauses.see(kRequests, 8min, 50);
  EXPECT_EQ(pauses.read().raw, Raw::unknown);
  EXPECT_EQ(pauses.read().verdict, Verdict::fail);
  // What would have come in a silence may be lost.
  Judging silent(rate(less, "10"));
  for (Duration at = 15s; at <= 10min; at += 15s) silent.see(kRequests, at, 150);
  silent.evolve();
  EXPECT_EQ(silent.read().verdict, Verdict::pass);
  for (Duration at = 25min; at < 25min + 5min + kStretchMost; at += 15s) {
    silent.see(kRequests, at, 15);
    EXPECT_EQ(silent.read().raw, Raw::unknown);
    silent.evolve();
  }
  silent.see(kRequests, 25min + 5min + kStretchMost, 15);
  EXPECT_EQ(silent.read().verdict, Verdict::fail);
  // Much is much however long it was watched.
  Judging much(rate(greater, "10"));
  much.see(kRequests, 1s, 50);
  EXPECT_EQ(much.read().verdict, Verdict::fail);
}

// ---- Two quantiles without a test: edges at 5, 10, 25 and 50 ms

// The baseline's latency beside the canary's.
Judging two_quantiles(CriterionKind kind, Comparison comparison, const char* factor) {
  Criterion criterion = quantile("0.99", comparison, "0");
  criterion.kind = kind;
  criterion.factor = decimal(factor);
  criterion.other = WindowIndex{4};
  Judging judging(criterion);
  Window window = judging.machine.windows[kLatency.value];
  window.series = SeriesIndex{4};
  judging.machine.windows.push_back(window);
  judging.machine.series.push_back({MetricIndex{kLatency.value}, Arm::baseline});
  judging.state.series.resize(5);
  judging.state.windows.resize(5);
  return judging;
}

void see_both(Judging& judging, std::vector<std::int64_t> canary,
              std::vector<std::int64_t> baseline) {
  judging.see_latency(10min, std::move(canary));
  CellDelta other = judging.pending.observed.deltas.back();
  other.series = SeriesIndex{4};
  other.cell.samples = 1000;
  other.cell.buckets = std::move(baseline);
  judging.put(other);
}

struct OfTwo {
  const char* factor;
  Comparison comparison;
  std::vector<std::int64_t> canary, baseline;
  Verdict stop, expect;
};
class TwoQuantiles : public testing::TestWithParam<OfTwo> {};
TEST_P(TwoQuantiles, AreHeldAgainstEachOtherAsFarAsTheirBucketsTell) {
  const OfTwo& c = GetParam();
  Judging stops = two_quantiles(CriterionKind::stop, c.comparison, c.factor);
  see_both(stops, c.canary, c.baseline);
  EXPECT_EQ(stops.read().verdict, c.stop);
  Judging expects = two_quantiles(CriterionKind::expect, c.comparison, c.factor);
  see_both(expects, c.canary, c.baseline);
  EXPECT_EQ(expects.read().verdict, c.expect);
}
const std::vector<std::int64_t> kBelow{980, 20, 0, 0, 0}, kAtTheEdge{0, 0, 0, 990, 10},
    kAbove{900, 0, 0, 0, 100};
INSTANTIATE_TEST_SUITE_P(
    Evaluate, TwoQuantiles,
    testing::Values(
        OfTwo{"1.05", greater, kBelow, kBelow, Verdict::pass, Verdict::fail},
        OfTwo{"1.05", less_equal, kBelow, kBelow, Verdict::fail, Verdict::pass},
        // Both lie above 50 ms, and nobody knows how far.
        OfTwo{"1.05", greater, kAbove, kAbove, Verdict::undecided, Verdict::undecided},
        OfTwo{"1.05", less_equal, kAbove, kAbove, Verdict::undecided, Verdict::undecided},
        OfTwo{"3", less_equal, kAbove, kAbove, Verdict::undecided, Verdict::undecided},
        OfTwo{"0.5", less, kAbove, kAbove, Verdict::undecided, Verdict::undecided},
        // One does: above 50 ms against 7.5 · 1.05, and against 50 · 1.05.
        OfTwo{"1.05", greater, kAbove, kBelow, Verdict::fail, Verdict::pass},
        OfTwo{"1.05", less_equal, kAbove, kBelow, Verdict::pass, Verdict::fail},
        OfTwo{"1.05", greater, kAbove, kAtTheEdge, Verdict::undecided, Verdict::undecided},
        // 50 ms against more than 50 · 1.05, and against more than 50 · 0.9.
        OfTwo{"1.05", less_equal, kAtTheEdge, kAbove, Verdict::fail, Verdict::pass},
        OfTwo{"0.9", less_equal, kAtTheEdge, kAbove, Verdict::undecided, Verdict::undecided},
        OfTwo{"0.9", less_equal, kBelow, kAbove, Verdict::fail, Verdict::pass}));

// What is not known neither keeps a stop's `for` going nor ends it.
TEST(TwoQuantiles, AStopsForWaitsWhereTheyCannotBeTold) {
  Judging judging = two_quantiles(CriterionKind::stop, greater, "1.05");
  judging.criterion().sustain = 5min;
  see_both(judging, kAbove, kBelow);
  EXPECT_EQ(judging.remember(10min).raw, Raw::true_);
  judging.evolve();
  see_both(judging, {0, 0, 0, 0, 90'000}, {0, 0, 0, 0, 90'000});
  EXPECT_EQ(judging.read(12min).raw, Raw::unknown);
  EXPECT_EQ(judging.read(12min).verdict, Verdict::undecided);
}

TEST(EvaluateQuantile, IsMissingWithoutBoundsAndWithoutObservations) {
  Judging judging(quantile("0.5", less, "0.01"));
  EXPECT_EQ(judging.read().missing, Missing::no_series);
  judging.see_latency(60s, {0, 0, 0, 0, 0});
  EXPECT_EQ(judging.read().missing, Missing::no_traffic);
  judging.criterion().at_least = 3;
  judging.see_latency(61s, {2, 0, 0, 0, 0});
  EXPECT_EQ(judging.read().missing, Missing::too_few);
}

struct Of {
  const char* quantile;
  std::vector<std::int64_t> buckets;
  const char* value;
};
class QuantileOf : public testing::TestWithParam<Of> {};
TEST_P(QuantileOf, InterpolatesLinearlyInItsBucket) {
  const std::vector<Fixed> bounds{decimal("1"), decimal("2"), decimal("4")};
  EXPECT_EQ(quantile_of(bounds, GetParam().buckets, decimal(GetParam().quantile)),
            decimal(GetParam().value));
}
INSTANTIATE_TEST_SUITE_P(Evaluate, QuantileOf,
                         testing::Values(Of{"0.5", {10, 0, 0, 0}, "0.5"},
                                         Of{"0.5", {5, 5, 0, 0}, "1"},
                                         Of{"0.75", {5, 5, 0, 0}, "1.5"},
                                         Of{"0.5", {0, 0, 4, 0}, "3"}, Of{"1", {1, 1, 1, 0}, "4"},
                                         Of{"0.99", {1, 0, 0, 99}, "4"},
                                         Of{"0", {0, 3, 0, 0}, "1"}));

TEST(EvaluateQuantile, OfNegativeBoundsBeginsAtTheFirst) {
  EXPECT_EQ(quantile_of({decimal("-1"), decimal("1")}, {4, 0, 0}, decimal("0.5")), decimal("-1"));
}

// ---- Rates, counts, gauges ------------------------------------------------------------------

TEST(EvaluateRate, IsPerSecondOfWhatWasWatched) {
  Judging judging(rate(greater, "10"));
  judging.see(kRequests, 1min, 600);
  EXPECT_EQ(judging.read().value, Fixed::from_int(10));
  EXPECT_EQ(judging.read().raw, Raw::false_);
  judging.see(kRequests, 1min, 1);
  EXPECT_EQ(judging.read().raw, Raw::true_);
  judging.see(kRequests, 6min, 0);  // 300 s, nothing of them counted
  EXPECT_EQ(judging.read().value, Fixed::from_int(0));
}

TEST(EvaluateRate, OfNoWatchedTimeIsMissing) {
  Judging judging(rate(less, "10"));
  EXPECT_EQ(judging.read().missing, Missing::no_series);
  judging.state.shift_floor = kDistantFuture;
  judging.see(kRequests, 1min, 600);
  EXPECT_EQ(judging.read().missing, Missing::no_traffic);
}

TEST(EvaluateCount, IsOfACounterOrOfObservations) {
  Judging counter(count(greater_equal, "600"));
  counter.see(kRequests, 1min, 599);
  EXPECT_EQ(counter.read().raw, Raw::false_);
  counter.see(kRequests, 1min, 1);
  EXPECT_EQ(counter.read().raw, Raw::true_);
  EXPECT_EQ(counter.read().value, Fixed::from_int(600));

  Judging histogram(count(greater_equal, "6"));
  histogram.criterion().window = WindowIndex{kLatency.value};
  histogram.see_latency(1min, {1, 2, 0, 0, 2});
  EXPECT_EQ(histogram.read().raw, Raw::false_);
  histogram.see_latency(1min, {0, 0, 1, 0, 0});
  EXPECT_EQ(histogram.read().raw, Raw::true_);
}

TEST(EvaluateCount, OfADefaultIsZero) {
  Judging judging(expecting(count(less, "1")));
  judging.metric(kRequests).default_zero = true;
  EXPECT_EQ(judging.read().value, Fixed::from_int(0));
}

TEST(EvaluateGauge, ComparesAMeanWithoutRoundingIt) {
  Judging judging(gauge(greater, "3.333333333"));
  judging.metric(kDepth).fold = GaugeFold::mean;
  for (const std::int64_t value : {3, 3, 4}) judging.see(kDepth, 1min, value);
  EXPECT_EQ(judging.read().raw, Raw::true_);
  EXPECT_EQ(judging.read().value, decimal("3.333333333"));
}

TEST(EvaluateGauge, ThatHasLeftItsWindowIsMissing) {
  Judging judging(gauge(greater, "3"));
  EXPECT_EQ(judging.read().missing, Missing::no_series);
  judging.see(kDepth, 1min, 5, Floor::guard);  // before the shift
  EXPECT_EQ(judging.read().missing, Missing::no_series);
  judging.see(kDepth, 61s, 5);
  EXPECT_EQ(judging.read().raw, Raw::true_);
}

}  // namespace
}  // namespace rollbook::core::tests
