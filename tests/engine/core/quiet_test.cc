#include "engine/core/quiet.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "engine/core/stretches.h"
#include "engine/core/windows.h"
#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

// A rollout with some criteria, fed as the runtime feeds one.
struct Watched {
  explicit Watched(const std::vector<Criterion>& criteria, Duration width = 5min)
      : judging(criteria.front(), width) {
    for (std::size_t i = 1; i < criteria.size(); ++i) {
      judging.machine.criteria.push_back(criteria[i]);
      judging.machine.states[0].armed.push_back(CriterionIndex{static_cast<std::uint32_t>(i)});
    }
    for (const Criterion& criterion : criteria) {
      const bool by_time =
          criterion.measure == Measure::rate || criterion.measure == Measure::count;
      if (by_time) judging.machine.windows[criterion.window.value].by_time = true;
    }
    judging.state.readings.resize(criteria.size());
    judging.state.judged.resize(criteria.size());
    judging.state.turned.resize(criteria.size());
    judging.state.tests.resize(criteria.size());
    judging.state.metrics[kLatency.value].bounds = {decimal("0.005"), decimal("0.01"),
                                                    decimal("0.025"), decimal("0.05")};
  }

  void fold(const CellDelta& point) {
    judging.put(point);
    pending().quiet.reach(watermark_of(judging.state, pending(), point.series));
    pending().quiet.count(point.series, point.cell, point.span);
  }
  void fold(SeriesIndex series, Duration at, std::int64_t value) {
    CellDelta point;
    point.series = series;
    point.reach = Floor::shift;
    point.cell.latest = kBegin + at;
    point.cell.end = kBegin + (at + 1s - 1ns) / 1s * 1s;
    point.cell.value = Fixed::from_int(value);
    point.cell.samples = 1;
    if (series == kLatency) {
      point.cell.buckets = {value, 0, 0, 0, value / 200};
      point.cell.samples = value + value / 200;
    }
    fold(point);
  }
  bool look(Duration at, bool log = false) {
    ++looks;
    const bool left_trace =
        advance(judging.machine, shard, judging.state, pending(), {kBegin + at, Look{log}}, out);
    pending().quiet = Quiet(judging.machine, judging.state, pending());
    return left_trace;
  }
  // Whether it may be left out; then it is taken on a copy, which must find nothing.
  bool is_left_out(Duration at) const {
    if (!judging.pending.quiet.holds(kBegin + at)) return false;
    RolloutState state = judging.state;
    Pending pending = judging.pending;
    ShardState all = shard;
    std::vector<Event> found;
    EXPECT_FALSE(advance(judging.machine, all, state, pending, {kBegin + at, Look{}}, found))
        << "at " << at / 1ms << " ms";
    return true;
  }
  Pending& pending() { return judging.pending; }

  Judging judging;
  ShardState shard;
  std::vector<Event> out;
  int looks = 0;
};

std::vector<Criterion> healthy() {
  return {ratio(Comparison::greater, "0.01"),
          lasting(ratio(Comparison::greater_equal, "0.005"), 2min),
          quantile("0.99", Comparison::greater, "0.05"),
          rate(Comparison::greater, "2000"),
          count(Comparison::greater_equal, "1000000"),
          expecting(ratio(Comparison::less, "0.01")),
          expecting(quantile("0.9", Comparison::less_equal, "0.012")),
          absent(3min)};
}

// Three points a second, an Observed every ten.
void feed_healthy(Watched& watched, Duration from, Duration to) {
  for (Duration at = from; at < to; at += 1s) {
    watched.fold(kRequests, at, 1000);
    watched.fold(kErrors, at, at % 3s == 0s ? 1 : 0);
    watched.fold(kLatency, at, 900);
    if (!watched.is_left_out(at)) watched.look(at);
    if (at % 10s == 0s) watched.look(at, true);
  }
}

TEST(Quiet, LeavesOutMostLooksAtAHealthyRollout) {
  Watched watched(healthy());
  feed_healthy(watched, 1s, 10min);
  const int before = watched.looks;
  feed_healthy(watched, 10min, 20min);
  EXPECT_LE(watched.looks - before, 60 + 6) << "of 600, of which 60 are logged";
}

TEST(Quiet, EndsBeforeWhatComesCouldChangeAVerdict) {
  Watched watched(healthy());
  feed_healthy(watched, 1s, 10min);
  watched.fold(kRequests, 10min, 1000);
  ASSERT_TRUE(watched.is_left_out(10min));
  watched.fold(kErrors, 10min, 10'000);
  ASSERT_FALSE(watched.is_left_out(10min));
  watched.out.clear();
  EXPECT_TRUE(watched.look(10min));
  EXPECT_TRUE(std::any_of(watched.out.begin(), watched.out.end(), [](const Event& event) {
    const auto* changed = std::get_if<VerdictChanged>(&event.body);
    return changed != nullptr && changed->criterion == CriterionIndex{0} &&
           changed->reading.verdict == Verdict::fail;
  }));
}

TEST(Quiet, EndsWithTimeWherePointsStayAway) {
  Watched watched(healthy());
  feed_healthy(watched, 1s, 10min);
  const Duration last = 10min - 1s;
  EXPECT_TRUE(watched.is_left_out(last + kStaleAfter - 15s)) << "known since the last look";
  EXPECT_FALSE(watched.is_left_out(last + kStaleAfter));
}

// What is measured of it begins anew, as where each pod is another one: the first total of each is
// only a base, and what was counted leaves the window.
TEST(Quiet, EndsBeforeNothingOfACounterIsLeftInTheWindow) {
  for (const Criterion& criterion :
       {rate(Comparison::greater, "2000"), count(Comparison::greater, "1000000")}) {
    Watched watched({criterion}, 1min);
    for (Duration at = 1s; at <= 5min; at += 1s) {
      watched.fold(kRequests, at, 1000);
      if (at % 10s == 0s || !watched.is_left_out(at)) watched.look(at, at % 10s == 0s);
    }
    ASSERT_TRUE(watched.is_left_out(5min));
    for (Duration at = 5min + 1s; at <= 7min; at += 1s) {
      watched.pending().observed.seen.push_back({kRequests, kBegin + at, kBegin + at});
      watched.pending().quiet.reach(kBegin + at);
      if (!watched.is_left_out(at)) watched.look(at);
    }
    EXPECT_EQ(watched.judging.state.readings[0].missing, Missing::no_traffic);
  }
}

TEST(Quiet, KnowsNothingOfWhatItDoesNotUnderstand) {
  Criterion tested = ratio(Comparison::greater, "0.01");
  tested.test = core::Test::proportion;
  tested.alpha = decimal("0.01");
  Criterion other = ratio(Comparison::greater, "0.01");
  other.other = other.window;
  other.other_denominator = other.denominator;
  for (const Criterion& criterion :
       {tested, other, gauge(Comparison::greater, "99"), ratio(Comparison::less, "0.01"),
        expecting(ratio(Comparison::greater, "0"))}) {
    Watched watched({absent(3min), criterion});
    for (Duration at = 1s; at < 60s; at += 1s) {
      watched.fold(kRequests, at, 1000);
      watched.fold(kErrors, at, 1);
      watched.fold(kDepth, at, 1);
      watched.look(at);
      EXPECT_FALSE(watched.is_left_out(at));
    }
  }
}

Criterion any_criterion() {
  Criterion criterion = *rc::gen::elementOf(std::vector<Criterion>{
      ratio(Comparison::greater, "0.05"), ratio(Comparison::greater_equal, "0.02"),
      quantile("0.9", Comparison::greater, "0.012"), quantile("0.5", Comparison::greater, "0.05"),
      rate(Comparison::greater, "20"), count(Comparison::greater, "2000"), absent(20s),
      expecting(ratio(Comparison::less, "0.05")), expecting(rate(Comparison::less_equal, "15")),
      expecting(quantile("0.9", Comparison::less, "0.025"))});
  if (*rc::gen::inRange(0, 3) == 0) criterion.at_least = *rc::gen::inRange(0, 300);
  if (*rc::gen::inRange(0, 3) == 0 && criterion.measure != Measure::absent) {
    criterion.sustain = std::chrono::seconds(*rc::gen::inRange(0, 20));
  }
  return criterion;
}

CellDelta any_cell(SeriesIndex series, std::int64_t latest_ms, bool ill) {
  CellDelta point;
  point.series = series;
  point.reach = Floor::shift;
  point.cell.latest = kBegin + std::chrono::milliseconds(latest_ms);
  point.cell.end = kBegin + std::chrono::seconds((latest_ms + 999) / 1000);
  point.cell.samples = 1;
  if (series == kLatency) {
    const std::int64_t slow = ill ? 50 : *rc::gen::inRange(0, 3);
    point.cell.buckets = {*rc::gen::inRange<std::int64_t>(0, 60), 5, slow, 0, slow / 2};
    point.cell.samples = 0;
    for (const std::int64_t bucket : point.cell.buckets) point.cell.samples += bucket;
  } else {
    const std::int64_t most = series == kRequests ? 60 : ill ? 40 : 2;
    point.cell.value = Fixed::from_int(*rc::gen::inRange<std::int64_t>(0, most));
  }
  return point;
}

// Healthy and ill stretches, late points, requests that come later than errors, pauses, short
// windows and long ones: no look that is left out would have found anything.
TEST(Quiet, LeavesOutOnlyWhatWouldFindNothing) {
  int left_out = 0;
  const auto rollout = [&] {
    std::vector<Criterion> criteria;
    for (int i = *rc::gen::inRange(1, 5); i > 0; --i) criteria.push_back(any_criterion());
    Watched watched(criteria, *rc::gen::element<Duration>(10s, 1min, 5min, 1h));
    std::int64_t front = 0;
    bool ill = false;
    std::int64_t behind = 0;  // the requests
    const Duration span = *rc::gen::element<Duration>(0s, 1s, 15s, 60s);
    const int points = *rc::gen::inRange(50, 400);
    for (int i = 0; i < points; ++i) {
      if (*rc::gen::inRange(0, 40) == 0) ill = !ill;
      front += *rc::gen::inRange<std::int64_t>(0, 700);
      if (*rc::gen::inRange(0, 100) == 0) front += *rc::gen::inRange<std::int64_t>(0, 40'000);
      if (*rc::gen::inRange(0, 50) == 0) behind = *rc::gen::inRange(0, 3) * 80'000;
      const SeriesIndex series{*rc::gen::inRange<std::uint32_t>(0, 3)};
      const std::int64_t late = (series == kRequests ? behind : 0) +
                                (*rc::gen::inRange(0, 6) == 0 ? *rc::gen::inRange(0, 15'000) : 0);
      CellDelta point = any_cell(series, std::max<std::int64_t>(1, front - late), ill);
      if (is_stretched(watched.judging.machine, series, span)) {
        point.span = span + std::chrono::seconds(*rc::gen::inRange(0, 2));
        point.points = 1;
      }
      watched.fold(point);
      const Duration now = std::chrono::milliseconds(front + *rc::gen::inRange(0, 3000));
      if (watched.is_left_out(now)) {
        ++left_out;
      } else {
        watched.look(now, *rc::gen::inRange(0, 20) == 0);
      }
    }
    RC_ASSERT(!testing::Test::HasFailure());
  };
  // As many rollouts as it takes to have left out enough; a hundred do as a rule.
  for (int round = 0; round < 4 && left_out <= 1000; ++round) ASSERT_TRUE(rc::check(rollout));
  EXPECT_GT(left_out, 1000);
}

}  // namespace
}  // namespace rollbook::core::tests
