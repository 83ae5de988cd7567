#include "engine/core/windows.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

// What a window must say, told by the definition alone: every point of (at − width, at], where a
// point that all have passed counts with its whole pane.
struct Naive {
  const Judging& judging;
  std::vector<CellDelta> points;

  Sum sum(WindowIndex index, Time at) const {
    const Window& window = judging.machine.at(index);
    const Metric& metric = judging.machine.at(judging.machine.at(window.series).metric);
    Time watermark = kDistantPast;
    for (const CellDelta& point : points) {
      if (point.series == window.series) watermark = std::max(watermark, point.cell.latest);
    }
    Cell folded;
    bool any = false;
    for (const CellDelta& point : points) {
      if (point.series != window.series || point.reach < window.floor) continue;
      Time end = point.cell.end;
      const auto rest = end.time_since_epoch() % window.pane;
      const Time border = rest == Duration::zero() ? end : end + (window.pane - rest);
      if (border <= watermark - kFinePanes - kGrace - kStaleAfter) end = border;
      if (end <= at - window.width || point.cell.latest > at) continue;
      if (any) {
        merge(metric, folded, point.cell);
      } else {
        folded = point.cell;
      }
      any = true;
    }
    return Sum{folded.value, folded.samples, folded.buckets};
  }
};

std::vector<std::int64_t> trimmed(std::vector<std::int64_t> buckets) {
  while (!buckets.empty() && buckets.back() == 0) buckets.pop_back();
  return buckets;
}

CellDelta any_point(SeriesIndex series, std::int64_t latest_ms) {
  CellDelta point;
  point.series = series;
  point.reach = static_cast<Floor>(*rc::gen::inRange(0, 3));
  point.cell.latest = kBegin + std::chrono::milliseconds(latest_ms);
  const auto seconds = (latest_ms + 999) / 1000;
  point.cell.end = kBegin + std::chrono::seconds(seconds);
  point.cell.value = Fixed::from_nanos(*rc::gen::inRange(-1000, 1'000'000));
  point.cell.samples = 1;
  if (series == kLatency) {
    point.cell.buckets = *rc::gen::container<std::vector<std::int64_t>>(5, rc::gen::inRange(0, 9));
    point.cell.samples = 0;
    for (const std::int64_t bucket : point.cell.buckets) point.cell.samples += bucket;
  }
  return point;
}

class AnyWindow : public testing::TestWithParam<Duration> {};

// Points come mostly in order, some late, some after a long gap; they are made state in pieces of
// any size, and asked about at the watermark and up to `stale_after` before it.
TEST_P(AnyWindow, SumsWhatADirectCountSums) {
  const bool held = rc::check([&] {
    Judging judging(count(Comparison::greater, "0"), GetParam(),
                    static_cast<Floor>(*rc::gen::inRange(0, 3)));
    judging.metric(kDepth).fold = static_cast<GaugeFold>(*rc::gen::inRange(0, 4));
    Naive naive{judging, {}};
    const auto width_ms = std::chrono::duration_cast<std::chrono::milliseconds>(GetParam()).count();
    std::int64_t front = 0;
    const int points = *rc::gen::inRange(1, 120);
    for (int i = 0; i < points; ++i) {
      const SeriesIndex series{*rc::gen::inRange<std::uint32_t>(0, 4)};
      const int kind = *rc::gen::inRange(0, 10);
      if (kind < 7) front += *rc::gen::inRange<std::int64_t>(0, 5000);
      if (kind == 9) front += *rc::gen::inRange<std::int64_t>(0, 2 * width_ms);
      const std::int64_t late =
          kind == 7 || kind == 8 ? *rc::gen::inRange<std::int64_t>(0, 2 * width_ms) : 0;
      const CellDelta point = any_point(series, std::max<std::int64_t>(1, front - late));
      naive.points.push_back(point);
      judging.put(point);
      if (*rc::gen::inRange(0, 4) == 0) judging.evolve();

      const WindowIndex window{series.value};
      const Time watermark = watermark_of(judging.state, judging.pending, series);
      const Time asked = watermark - std::chrono::seconds(*rc::gen::inRange(0, 151));
      for (const Time when : {watermark, asked}) {
        // Within a pane that reaches past `when` the parts cannot be told apart any more.
        const bool cut = std::any_of(naive.points.begin(), naive.points.end(), [&](const auto& p) {
          return p.series == series && p.cell.latest > when && p.cell.end - kPaneMin < when;
        });
        if (cut) continue;
        const Sum expected = naive.sum(window, when);
        const Sum found = sum_at(judging.machine, judging.state, judging.pending, window, when);
        RC_ASSERT(found.samples == expected.samples);
        // Of two values at one time either may be the last.
        if (series == kDepth && judging.metric(kDepth).fold == GaugeFold::last) continue;
        RC_ASSERT(found.value.nanos == expected.value.nanos);
        RC_ASSERT(trimmed(found.buckets) == trimmed(expected.buckets));
      }
    }
    // Making state of what is pending changes no sum.
    std::vector<Sum> before;
    for (std::uint32_t i = 0; i < 4; ++i) {
      before.push_back(sum_at(judging.machine, judging.state, judging.pending, WindowIndex{i},
                              watermark_of(judging.state, judging.pending, SeriesIndex{i})));
    }
    judging.evolve();
    for (std::uint32_t i = 0; i < 4; ++i) {
      const Sum after = sum_at(judging.machine, judging.state, judging.pending, WindowIndex{i},
                               watermark_of(judging.state, judging.pending, SeriesIndex{i}));
      RC_ASSERT(after.value.nanos == before[i].value.nanos);
      RC_ASSERT(after.samples == before[i].samples);
      RC_ASSERT(trimmed(after.buckets) == trimmed(before[i].buckets));
      RC_ASSERT(judging.state.windows[i].cells.size() <=
                kPanesPerWindow + kStaleAfter / kPaneMin + 60);
    }
  });
  EXPECT_TRUE(held);
}

INSTANTIATE_TEST_SUITE_P(Windows, AnyWindow, testing::Values(Duration(10s), 5min, 1h, 24h),
                         [](const auto& width) {
                           return std::to_string(width.param / Duration(1s)) + "s";
                         });

// A reading taken with what is pending is the reading taken once that is state.
TEST(Windows, PendingIsJudgedLikeState) {
  const bool held = rc::check([] {
    const std::vector<Criterion> criteria{
        ratio(Comparison::greater, "0.01"), quantile("0.9", Comparison::less, "0.012"),
        rate(Comparison::greater, "2"), count(Comparison::less_equal, "100"),
        gauge(Comparison::greater_equal, "50")};
    const Duration width = *rc::gen::element<Duration>(20s, 5min, 2h);
    Judging judging(*rc::gen::elementOf(criteria), width, Floor::guard);
    judging.criterion().at_least = *rc::gen::inRange(0, 20);
    judging.metric(kDepth).fold = GaugeFold::max;
    judging.state.metrics[kLatency.value].bounds = {decimal("0.005"), decimal("0.01"),
                                                    decimal("0.025"), decimal("0.05")};
    std::int64_t now = 0;
    const int points = *rc::gen::inRange(1, 80);
    for (int i = 0; i < points; ++i) {
      now += *rc::gen::inRange<std::int64_t>(0, 4000);
      if (*rc::gen::inRange(0, 12) == 0) now += width / 1ms / 2;
      const std::int64_t at = std::max<std::int64_t>(1, now - *rc::gen::inRange(0, 3) * 6000);
      judging.put(any_point(SeriesIndex{*rc::gen::inRange<std::uint32_t>(0, 4)}, at));
      if (*rc::gen::inRange(0, 5) != 0) continue;
      const Reading pending = judging.read();
      judging.evolve();
      RC_ASSERT(judging.read() == pending);
    }
  });
  EXPECT_TRUE(held);
}

TEST(Windows, AreClosedOnTheRight) {
  Judging judging(count(Comparison::greater, "0"), 10s);
  judging.see(kRequests, 10s, 1);
  judging.see(kRequests, 10s + 1ns, 2);  // the pane that ends at 11 s
  judging.see(kRequests, 20s, 4);
  const auto sum = [&](Duration at) {
    return sum_at(judging.machine, judging.state, judging.pending, WindowIndex{0}, kBegin + at)
        .value;
  };
  EXPECT_EQ(sum(20s), Fixed::from_int(6));
  EXPECT_EQ(sum(19s), Fixed::from_int(3));
  EXPECT_EQ(sum(21s), Fixed::from_int(4));
}

TEST(Windows, HoldNothingFromBeforeTheirFloor) {
  for (const Floor floor : {Floor::start, Floor::guard, Floor::shift}) {
    Judging judging(count(Comparison::greater, "0"), 5min, floor);
    judging.see(kRequests, 1s, 1, Floor::start);
    judging.see(kRequests, 1s, 10, Floor::guard);
    judging.see(kRequests, 1s, 100, Floor::shift);
    const std::int64_t expected[] = {111, 110, 100};
    for (int i = 0; i < 2; ++i, judging.evolve()) {
      EXPECT_EQ(judging.read(1s).value, Fixed::from_int(expected[int(floor)]));
    }
  }
}

TEST(Windows, FloorsAreTheStartTheFirstShiftAndTheLastSettledOne) {
  RolloutState state;
  state.started = kBegin;
  EXPECT_EQ(floor_of(state, Floor::start), kBegin);
  EXPECT_EQ(floor_of(state, Floor::guard), kDistantFuture);
  EXPECT_EQ(floor_of(state, Floor::shift), kDistantFuture);
  state.guard_floor = kBegin + 1h;
  state.shift_floor = kBegin + 2h;
  EXPECT_EQ(floor_of(state, Floor::guard), kBegin + 1h);
  EXPECT_EQ(floor_of(state, Floor::shift), kBegin + 2h);
}

// Of two arms.
TEST(Windows, ThatAreRenewedBeginWithTheLastShiftOnceOneHasSettled) {
  Judging judging(count(Comparison::greater, "0"), 5min, Floor::guard);
  Window& window = judging.machine.windows[kRequests.value];
  window.renewed = true;
  const auto floor = [&] { return floor_of(judging.machine, judging.state, window); };
  EXPECT_EQ(floor(), Floor::shift);
  judging.state.shift_floor = kDistantFuture;
  EXPECT_EQ(floor(), Floor::guard);
  judging.see(kRequests, 1s, 1, Floor::start);
  judging.see(kRequests, 2s, 10, Floor::guard);
  for (int i = 0; i < 2; ++i, judging.evolve()) {
    EXPECT_EQ(judging.read(2s).value, Fixed::from_int(10));
  }
  judging.state.shift_floor = kBegin + 3s;
  judging.see(kRequests, 4s, 100, Floor::guard);  // began before it
  judging.see(kRequests, 5s, 1000, Floor::shift);
  judging.state.windows[kRequests.value] = WindowState{};
  for (int i = 0; i < 2; ++i, judging.evolve()) {
    const Reading reading = judging.read(5s);
    EXPECT_EQ(reading.value, Fixed::from_int(1000));
    EXPECT_EQ(reading.seen, 2s);
  }
}

TEST(Windows, ARampRenewsThemOnlyWhenItsStepsAreFurtherApartThanTheyAreWide) {
  Judging judging(count(Comparison::greater, "0"), 5min, Floor::guard);
  Window& window = judging.machine.windows[kRequests.value];
  window.renewed = true;
  Ramp ramp;
  ramp.over = 1h;
  judging.state.ramp = RampState{kBegin, kNoTraffic, kAllTraffic, 1h, 1, kBegin};
  const auto renewed_by = [&](Duration every, std::uint32_t step) {
    ramp.every = every;
    judging.machine.states[0].ramp = ramp;
    judging.state.ramp->steps_requested = step;
    return is_renewed(judging.machine, judging.state, window);
  };
  EXPECT_FALSE(renewed_by(1min, 1));
  EXPECT_FALSE(renewed_by(1min, 59));
  EXPECT_TRUE(renewed_by(1min, 60));  // the last
  EXPECT_TRUE(renewed_by(5min, 1));
}

TEST(Windows, OfATargetAreNotRenewedByAnothersShiftBeforeItsOwn) {
  Judging judging(count(Comparison::greater, "0"), 5min, Floor::start);
  Window& window = judging.machine.windows[kRequests.value];
  window.renewed = true;
  judging.machine.series[kRequests.value].target = TargetIndex{0};
  judging.state.targets.resize(1);
  EXPECT_EQ(floor_of(judging.machine, judging.state, window), Floor::start);
  judging.state.targets[0].guard_floor = kBegin;
  EXPECT_EQ(floor_of(judging.machine, judging.state, window), Floor::shift);
}

TEST(Windows, ASumBetweenTwoMomentsOfAGaugeIsItsFold) {
  Judging judging(gauge(Comparison::greater, "0"));
  judging.metric(kDepth).fold = GaugeFold::max;
  for (const int at : {1, 2, 3, 4}) judging.see(kDepth, std::chrono::seconds(at), 10 - at);
  for (int i = 0; i < 2; ++i, judging.evolve()) {
    const Sum sum = sum_between(judging.machine, judging.state, judging.pending,
                                WindowIndex{kDepth.value}, kBegin + 1s, kBegin + 3s);
    EXPECT_EQ(sum.value, Fixed::from_int(8));
    EXPECT_EQ(sum.samples, 2);
  }
}

TEST(Windows, OfADayTakeNoMoreThanTheirPanes) {
  Judging judging(count(Comparison::greater, "0"), 24h);
  for (Duration at = 0s; at < 30h; at += 15s) {
    judging.see(kRequests, at + 15s, 1);
    judging.evolve();
  }
  EXPECT_EQ(judging.read().samples, 24 * 240);
  EXPECT_LE(judging.state.windows[0].cells.size(), 324U);
}

struct FoldCase {
  GaugeFold fold;
  std::int64_t expected;
};
class GaugeFolds : public testing::TestWithParam<FoldCase> {};

TEST_P(GaugeFolds, TakeTheirValueAcrossPanes) {
  Judging judging(gauge(Comparison::greater, "0"), 1min);
  judging.metric(kDepth).fold = GetParam().fold;
  judging.see(kDepth, 10s, 100);  // leaves the window
  judging.see(kDepth, 61s, 3);
  judging.see(kDepth, 62s, 9);
  judging.see(kDepth, 62s, 5);
  judging.see(kDepth, 80s, 7);
  judging.see(kDepth, 79s, 6);  // late
  for (int i = 0; i < 2; ++i, judging.evolve()) {
    EXPECT_EQ(judging.read(80s).value, Fixed::from_int(GetParam().expected));
  }
}
INSTANTIATE_TEST_SUITE_P(Windows, GaugeFolds,
                         testing::Values(FoldCase{GaugeFold::max, 9}, FoldCase{GaugeFold::min, 3},
                                         FoldCase{GaugeFold::mean, 6},
                                         FoldCase{GaugeFold::last, 7}));

TEST(Windows, ACellIsOutOfReachOnceNoWindowOfItsSeriesCountsIt) {
  Judging judging(count(Comparison::greater, "0"), 5min);
  judging.machine.windows.push_back(Window{kRequests, 1h, 12s, Floor::guard});
  const Time watermark = kBegin + 3h;
  const auto reached = [&](SeriesIndex series, Time end) {
    return in_reach(judging.machine, series, end, watermark, kLimits);
  };
  EXPECT_TRUE(reached(kRequests, watermark - 1h));
  EXPECT_FALSE(reached(kRequests, watermark - 1h - 12s - kGrace));
  EXPECT_TRUE(reached(kErrors, watermark - 5min));
  EXPECT_FALSE(reached(kErrors, watermark - 5min - kGrace));
  EXPECT_TRUE(in_reach(judging.machine, kErrors, kBegin, kDistantPast, kLimits));
}

}  // namespace
}  // namespace rollbook::core::tests
