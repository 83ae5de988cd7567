#include "engine/core/common_time.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

// ---- One arm --------------------------------------------------------------------------------

Time common(const Judging& judging) {
  return common_time(
      {judging.machine, judging.state, judging.pending, judging.machine.criteria[0]});
}

TEST(CommonTime, WaitsForADenominatorUntilItLags) {
  Judging judging(ratio(Comparison::greater, "0.001"));
  EXPECT_EQ(common(judging), kDistantPast);
  judging.see(kErrors, 100s, 5);
  EXPECT_EQ(common(judging), kBegin + 100s);
  judging.see(kRequests, 60s, 1000);
  EXPECT_EQ(common(judging), kBegin + 60s);
  judging.see(kErrors, 60s + kStaleAfter, 5);
  EXPECT_EQ(common(judging), kBegin + 60s);
  judging.see(kErrors, 61s + kStaleAfter, 5);
  EXPECT_EQ(common(judging), kDistantPast);
  judging.see(kRequests, 200s, 1000);
  EXPECT_EQ(common(judging), kBegin + 200s);
}

TEST(CommonTime, WaitsForANumeratorNoLongerThanGrace) {
  Judging judging(ratio(Comparison::greater, "0.001"));
  judging.see(kErrors, 60s, 5);
  judging.see(kRequests, 60s + kGrace / 2, 1000);
  EXPECT_EQ(common(judging), kBegin + 60s);
  judging.see(kRequests, 300s, 1000);
  EXPECT_EQ(common(judging), kBegin + 300s - kGrace);
}

TEST(CommonTime, TakesDefaultZeroForSilence) {
  Judging judging(ratio(Comparison::greater, "0.001"));
  judging.metric(kRequests).default_zero = true;
  judging.see(kErrors, 300s, 5);
  judging.see(kRequests, 60s, 1000);
  EXPECT_EQ(common(judging), kBegin + 300s - kGrace);
}

TEST(CommonTime, CutsNoPaneInTwo) {
  for (const bool evolves : {false, true}) {
    Judging judging(ratio(Comparison::greater, "0.001"));
    judging.see(kErrors, 60s + 700ms, 5);
    judging.see(kRequests, 60s + 300ms, 1000);
    if (evolves) judging.evolve();
    EXPECT_EQ(common(judging), kBegin + 60s);
    judging.see(kRequests, 60s + 800ms, 1000);
    judging.see(kErrors, 61s, 0);
    if (evolves) judging.evolve();
    EXPECT_EQ(common(judging), kBegin + 60s);
    judging.see(kRequests, 61s, 1000);
    EXPECT_EQ(common(judging), kBegin + 61s);
  }
}

TEST(CommonTime, IsNotCutByWhatTheWindowDoesNotCount) {
  Judging judging(ratio(Comparison::greater, "0.001"));
  judging.see(kErrors, 60s + 700ms, 5, Floor::guard);
  judging.see(kRequests, 60s + 300ms, 1000);
  EXPECT_EQ(common(judging), kBegin + 60s + 300ms);
  judging.evolve();
  EXPECT_EQ(common(judging), kBegin + 60s + 300ms);
}

// ---- Two arms -------------------------------------------------------------------------------

constexpr SeriesIndex kOtherRequests{4}, kOtherErrors{5};

// The same of the baseline, beside what Judging has.
Judging two_arms(CriterionKind kind, Comparison comparison) {
  Criterion criterion = ratio(comparison, "0");
  criterion.kind = kind;
  criterion.other = WindowIndex{kOtherErrors.value};
  criterion.other_denominator = WindowIndex{kOtherRequests.value};
  Judging judging(criterion);
  for (const SeriesIndex like : {kRequests, kErrors}) {
    Window window = judging.machine.windows[like.value];
    window.series = SeriesIndex{static_cast<std::uint32_t>(judging.machine.series.size())};
    judging.machine.windows.push_back(window);
    judging.machine.series.push_back({MetricIndex{like.value}, Arm::baseline});
  }
  judging.state.series.resize(judging.machine.series.size());
  judging.state.windows.resize(judging.machine.windows.size());
  for (const SeriesIndex series : {kRequests, kErrors, kOtherRequests, kOtherErrors}) {
    judging.see(series, 60s, 100);
  }
  return judging;
}

void go_on(Judging& judging, Duration at, SeriesIndex without) {
  for (const SeriesIndex series : {kRequests, kErrors, kOtherRequests, kOtherErrors}) {
    if (series != without) judging.see(series, at, 100);
  }
}

TEST(CommonTime, WaitsForTheRequestsOfEitherArm) {
  for (const SeriesIndex silent : {kRequests, kOtherRequests}) {
    Judging judging = two_arms(CriterionKind::stop, Comparison::greater);
    go_on(judging, 60s + kStaleAfter, silent);
    EXPECT_EQ(common(judging), kBegin + 60s);
    EXPECT_EQ(judging.read().missing, Missing::none);
    go_on(judging, 61s + kStaleAfter, silent);
    EXPECT_EQ(common(judging), kDistantPast);
    EXPECT_EQ(judging.read().missing, Missing::stale);
    EXPECT_EQ(judging.read().verdict, Verdict::no_data);
  }
}

TEST(CommonTime, WaitsForTheBaselinesNumeratorWhereItsSilenceWouldSpeakForTheCanary) {
  using enum Comparison;
  struct Case {
    CriterionKind kind;
    Comparison comparison;
    bool waits;
  };
  for (const Case& each :
       {Case{CriterionKind::expect, greater_equal, true}, Case{CriterionKind::stop, less, true},
        Case{CriterionKind::pause, less_equal, true},
        Case{CriterionKind::expect, less_equal, false},
        Case{CriterionKind::stop, greater, false}}) {
    Judging judging = two_arms(each.kind, each.comparison);
    go_on(judging, 200s, kOtherErrors);
    EXPECT_EQ(common(judging), kBegin + (each.waits ? 60s : 200s - kGrace));
    go_on(judging, 300s, kOtherErrors);
    EXPECT_EQ(judging.read().missing == Missing::stale, each.waits);
    Judging canary = two_arms(each.kind, each.comparison);
    go_on(canary, 200s, kErrors);
    EXPECT_EQ(common(canary), kBegin + 200s - kGrace) << "its own never";
  }
}

TEST(CommonTime, ABaselinesNumeratorThatWasNeverHeardOrIsZeroByDefaultIsNotWaitedFor) {
  Judging judging = two_arms(CriterionKind::expect, Comparison::greater);
  judging.metric(kErrors).default_zero = true;
  go_on(judging, 200s, kOtherErrors);
  EXPECT_EQ(common(judging), kBegin + 200s - kGrace);

  Judging unheard = two_arms(CriterionKind::expect, Comparison::greater);
  unheard.pending.observed = {};
  go_on(unheard, 200s, kOtherErrors);
  EXPECT_EQ(common(unheard), kBegin + 200s);
}

TEST(CommonTime, WaitsForAnArmWhoseSilenceIsAskedAboutUntilItIsSilent) {
  Judging judging = two_arms(CriterionKind::stop, Comparison::greater);
  Criterion& split = judging.criterion();
  split.test = core::Test::split;
  split.window = split.denominator;
  split.other = split.other_denominator;
  split.denominator = split.other_denominator = {};
  using Arm = std::pair<SeriesIndex, SeriesIndex>;
  for (const auto& [requests, errors] :
       {Arm{kRequests, kErrors}, Arm{kOtherRequests, kOtherErrors}}) {
    Judging one = judging;
    const Time heard = common(one);
    one.see(requests, 200s, 100);
    EXPECT_EQ(common(one), heard);
    one.see(errors, 400s, 100);  // an arm is heard by any of its series
    EXPECT_EQ(common(one), kBegin + 400s - kStaleAfter);
  }
}

// ---- Many senders ---------------------------------------------------------------------------

void hear_all(Judging& judging, SeriesIndex series, Duration until, Duration interval) {
  for (SeriesSeen& seen : judging.pending.observed.seen) {
    if (seen.series != series) continue;
    seen.whole = kBegin + until;
    seen.interval = interval;
  }
}

TEST(CommonTime, OfTwoArmsIsWhereAllSendersHaveToldAll) {
  Judging judging = two_arms(CriterionKind::stop, Comparison::greater);
  go_on(judging, 120s, {});
  EXPECT_EQ(common(judging), kBegin + 120s);
  hear_all(judging, kOtherRequests, 75s, 1min);
  EXPECT_EQ(common(judging), kBegin + 75s);
  judging.evolve();
  EXPECT_EQ(common(judging), kBegin + 75s);
  judging.see(kOtherRequests, 121s, 1);
  hear_all(judging, kOtherRequests, 70s, 1min);
  EXPECT_EQ(common(judging), kBegin + 75s) << "a new one has told all since it is there";
}

TEST(CommonTime, OfOneArmAloneDoesNotWaitForAllOfItsSenders) {
  Judging judging(ratio(Comparison::greater, "0.001"));
  judging.see(kErrors, 120s, 5);
  judging.see(kRequests, 120s, 1000);
  hear_all(judging, kRequests, 75s, 1min);
  EXPECT_EQ(common(judging), kBegin + 120s);
}

TEST(CommonTime, AnArmHasAnsweredWhenAllOfItsSendersHave) {
  Judging judging = two_arms(CriterionKind::stop, Comparison::greater);
  for (Duration at = 70s; at <= 200s; at += 10s) judging.see(kOtherRequests, at, 1);
  const Subject subject{judging.machine, judging.state, judging.pending,
                        judging.machine.criteria[0]};
  const WindowIndex other{kOtherRequests.value};
  EXPECT_EQ(answered_at(subject, other, kBegin + 95s), kBegin + 100s);
  EXPECT_EQ(asked_before(subject, other, kBegin + 95s), kBegin + 85s);
  hear_all(judging, kOtherRequests, 150s, 40s);
  EXPECT_EQ(answered_at(subject, other, kBegin + 95s), kBegin + 95s + 45s) << "and an eighth";
  EXPECT_EQ(asked_before(subject, other, kBegin + 95s), kBegin + 95s - 45s);
  EXPECT_EQ(answered_at(subject, other, kBegin + 190s), kBegin + 200s) << "no more is there";
}

TEST(CommonTime, AnArmOfOneSenderHasToldUntilItsLastPoint) {
  Judging judging = two_arms(CriterionKind::stop, Comparison::greater);
  for (Duration at = 120s; at <= 240s; at += 60s) judging.see(kRequests, at, 1);
  const Subject subject{judging.machine, judging.state, judging.pending,
                        judging.machine.criteria[0]};
  const WindowIndex own{kRequests.value};
  EXPECT_EQ(told_until(subject, own, kBegin + 221s), kBegin + 180s);
  EXPECT_EQ(told_until(subject, own, kBegin + 180s), kBegin + 180s);
  EXPECT_EQ(told_until(subject, own, kBegin + 59s), kBegin + 59s) << "it was not heard";
  hear_all(judging, kRequests, 200s, 60s);
  EXPECT_EQ(told_until(subject, own, kBegin + 221s), kBegin + 221s) << "others have told more";
}

// But to the border of its pane, when the pane turns out to go on.
TEST(CommonTime, NeverFallsOnceAllPartsWereHeard) {
  const bool held = rc::check([] {
    Judging judging = two_arms(static_cast<CriterionKind>(*rc::gen::inRange(0, 2)),
                               static_cast<Comparison>(*rc::gen::inRange(0, 4)));
    Time before = common(judging);
    const int points = *rc::gen::inRange(1, 60);
    std::vector<std::int64_t> fronts(6, 60'000);
    for (int i = 0; i < points; ++i) {
      const auto series = *rc::gen::element(kRequests, kErrors, kOtherRequests, kOtherErrors);
      std::int64_t& front = fronts[series.value];
      front += *rc::gen::inRange(0, 40'000);
      judging.see(series, std::chrono::milliseconds(front), 1);
      if (*rc::gen::inRange(0, 4) == 0) judging.evolve();
      const Time now = common(judging);
      if (now == kDistantPast) continue;
      RC_ASSERT(now > before - kPaneMin);
      before = std::max(before, now);
    }
  });
  EXPECT_TRUE(held);
}

// What came after the cut is no part of what is judged, and what came before it is, though the
// windows of the parts that are ahead have moved on.
TEST(CommonTime, AWindowHoldsWhatALateDenominatorIsHeldAgainst) {
  for (const bool cumulative : {false, true}) {
    Judging judging(ratio(Comparison::greater, "0.5"), 1min);
    for (Window& window : judging.machine.windows) window.cumulative = cumulative;
    const Duration late = kStaleAfter - 10s;
    for (Duration at = 1s; at <= 10min; at += 1s) {
      judging.see(kErrors, at, at <= 10min - late ? 1 : 50);
      if (at > late) judging.see(kRequests, at - late, 100);
      if (at % 10s == 0s) judging.evolve();
    }
    const Reading reading = judging.read();
    EXPECT_EQ(reading.at, kBegin + 10min - late);
    EXPECT_EQ(reading.value, decimal("0.01"));
  }
}

}  // namespace
}  // namespace rollbook::core::tests
