// A counter that was not scraped for a while: what it counted over the gap comes with one point.

#include "engine/core/stretches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

// The one point after a gap, of all that came in it.
CellDelta after_gap(Duration at, Duration span, SeriesIndex series = kRequests) {
  CellDelta delta;
  delta.series = series;
  delta.reach = Floor::shift;
  delta.cell.end = delta.cell.latest = kBegin + at;
  delta.cell.value =
      Fixed::from_int(10 * std::chrono::duration_cast<std::chrono::seconds>(span).count());
  delta.cell.samples = 1;
  delta.span = span;
  delta.points = 1;
  return delta;
}

// Ten a second, said every fifteen.
void scrape(Judging& judging, Duration from, Duration to) {
  for (Duration at = from + 15s; at <= to; at += 15s) {
    judging.put(after_gap(at, 15s));
    judging.evolve();
  }
}

TEST(Stretches, ARateOverAGapIsWhatItWas) {
  for (const Duration gap : std::initializer_list<Duration>{2min, 4min, 10min, 20min, 3h}) {
    Judging judging(rate(Comparison::greater, "10.1"));
    scrape(judging, 0s, 10min);
    ASSERT_EQ(judging.read().value, decimal("10"));
    judging.put(after_gap(10min + gap, gap));
    EXPECT_EQ(judging.read().value, decimal("10")) << "pending";
    judging.evolve();
    EXPECT_EQ(judging.read().value, decimal("10"));
    for (Duration at = 10min + gap; at < 20min + gap; at += 15s) {
      scrape(judging, at, at + 15s);
      EXPECT_EQ(judging.read().value, decimal("10"))
          << duration_cast<std::chrono::seconds>(at).count();
    }
    const std::vector<Stretch>& left = judging.state.windows[kRequests.value].stretches;
    EXPECT_TRUE(std::all_of(left.begin(), left.end(), [](const Stretch& stretch) {
      return stretch.end - stretch.since == 15s;
    }));
  }
}

TEST(Stretches, PanesWiderThanASecondMakeNoDifference) {
  Judging judging(rate(Comparison::greater, "10.1"), 1h);
  scrape(judging, 0s, 2h);
  judging.put(after_gap(2h + 20min, 20min));
  for (Duration at = 2h + 20min; at < 3h + 40min; at += 15s) {
    scrape(judging, at, at + 15s);
    const double value = static_cast<double>(judging.read().value->nanos) * 1e-9;
    EXPECT_NEAR(value, 10, 0.1);  // as much as comes in a pane
  }
}

TEST(Stretches, ACountAndTheObservationsOfAHistogramToo) {
  Judging counts(count(Comparison::greater, "3000"));
  counts.put(after_gap(20min, 10min));
  EXPECT_EQ(counts.read().value, decimal("3000"));
  EXPECT_EQ(counts.read().verdict, Verdict::pass);

  Judging judging(count(Comparison::greater, "3000"));
  judging.criterion().window = WindowIndex{kLatency.value};
  CellDelta observed = after_gap(20min, 10min, kLatency);
  observed.cell.samples = 6000;
  judging.put(observed);
  EXPECT_EQ(judging.read().value, decimal("3000"));
}

// Cut where the other arm has come to, which is in the middle of the gap.
TEST(Stretches, AWindowThatEndsWithinAGapHasItsPart) {
  Criterion criterion = rate(Comparison::less, "0");
  criterion.factor = Fixed::from_int(1);
  criterion.other = WindowIndex{kErrors.value};
  Judging judging(criterion);
  scrape(judging, 0s, 10min);
  CellDelta other = after_gap(12min + 30s, 15s, kErrors);
  other.span = Duration::zero();
  judging.put(other);
  judging.put(after_gap(12min + 40s, 160s));
  EXPECT_EQ(judging.read().at, kBegin + 12min + 30s);
  EXPECT_EQ(judging.read().value, decimal("10"));
  judging.evolve();
  EXPECT_EQ(judging.read().value, decimal("10"));
}

TEST(Stretches, WhatIsSilentWhileNothingHappensHasNoGaps) {
  Judging judging(count(Comparison::greater, "3000"));
  judging.metric(kRequests).default_zero = true;
  judging.put(after_gap(20min, 10min));
  EXPECT_EQ(judging.read().value, decimal("6000"));
}

// The parts of a share come alike, and a silent numerator is no gap.
TEST(Stretches, AShareTakesBothOfItsPartsWhole) {
  Judging judging(ratio(Comparison::greater, "0.5"));
  judging.put(after_gap(20min, 10min));
  CellDelta errors = after_gap(20min, 10min, kErrors);
  errors.cell.value = Fixed::from_int(600);
  judging.put(errors);
  EXPECT_EQ(judging.read().value, decimal("0.1"));
  EXPECT_EQ(judging.read().samples, 6000);
}

// Ten a second of each, said as `intervals` say, by the second.
void send(Judging& judging, const std::vector<std::vector<Duration>>& senders) {
  std::vector<CellDelta> points;
  for (const std::vector<Duration>& said : senders) {
    for (std::size_t i = 1; i < said.size(); ++i) {
      points.push_back(after_gap(said[i], said[i] - said[i - 1]));
    }
  }
  std::sort(points.begin(), points.end(),
            [](const CellDelta& a, const CellDelta& b) { return a.cell.latest < b.cell.latest; });
  for (const CellDelta& point : points) {
    judging.put(point);
    judging.evolve();
  }
}

TEST(Stretches, ScrapesThatAreNotQuiteAMinuteApartMakeNoOtherRate) {
  for (const Duration width : std::initializer_list<Duration>{20s, 1min, 90s, 150s, 5min, 30min}) {
    Judging judging(rate(Comparison::greater, "10.1"), width);
    Duration at = 0s;
    for (int i = 0; at < 40min; ++i) {
      const Duration next = at + (i % 3 == 0 ? 58s : i % 3 == 1 ? 60s : 62s);
      judging.put(after_gap(next, next - at));
      if (next >= width) {
        EXPECT_EQ(judging.read().value, decimal("10")) << i;
      }
      judging.evolve();
      at = next;
    }
  }
}

// Three of the same pace, of which two were heard last 20 s and 50 s ago; one of those now and then
// in the same second as another.
TEST(Stretches, SendersThatWereHeardLessLatelyCountNoLess) {
  for (const Duration width : std::initializer_list<Duration>{1min, 5min}) {
    Judging judging(rate(Comparison::greater, "30.1"), width);
    std::vector<std::vector<Duration>> senders(3);
    for (Duration at = 0s; at <= 20min; at += 1min) {
      senders[0].push_back(at);
      senders[1].push_back(at % 3min == 1min ? at - 50s : at - 20s);
      senders[2].push_back(at - 50s);
    }
    send(judging, senders);
    EXPECT_EQ(judging.read().at, kBegin + 20min);
    EXPECT_NEAR(static_cast<double>(judging.read().value->nanos) * 1e-9, 30, 0.6);
  }
}

// It counts no more for that than it did.
TEST(Stretches, ASenderThatHasGoneIsWaitedForNoLongerThanItSends) {
  Judging judging(rate(Comparison::greater, "20"));
  std::vector<std::vector<Duration>> senders(2);
  for (Duration at = 0s; at <= 20min; at += 15s) {
    senders[0].push_back(at);
    if (at <= 15min) senders[1].push_back(at);
  }
  send(judging, {senders[1]});
  for (std::size_t i = 1; i < senders[0].size(); ++i) {
    judging.put(after_gap(senders[0][i], 15s));
    EXPECT_EQ(judging.read().verdict, Verdict::pass) << i;
    judging.evolve();
  }
  EXPECT_EQ(judging.read().value, decimal("10"));
}

TEST(Stretches, OfABurstNothingIsCountedThatNobodyHasSaid) {
  Judging judging(count(Comparison::greater, "10"));
  judging.put(after_gap(6min, 1min));
  judging.evolve();
  CellDelta burst = after_gap(9min, 1min);
  burst.cell.value = Fixed::from_int(10);
  judging.put(burst);
  judging.evolve();
  judging.see(kRequests, 9min + 40s, 0);  // another sender
  EXPECT_EQ(judging.read().value, decimal("610")) << "of the one that was heard at 6m, all";
  judging.evolve();
  judging.see(kRequests, 12min, 0);
  EXPECT_EQ(judging.read().value, decimal("10"));
}

TEST(Stretches, AreWhatAWindowTellsApart) {
  Judging judging(rate(Comparison::greater, "1"));
  const auto stretched = [&](Duration span) {
    return is_stretched(judging.machine, kRequests, span);
  };
  Window& window = judging.machine.windows[kRequests.value];
  EXPECT_FALSE(stretched(0s));
  EXPECT_TRUE(stretched(1s));
  window.width = kStretchesWithin;
  EXPECT_TRUE(stretched(1s));
  window.width = kStretchesWithin + 1s;
  EXPECT_FALSE(stretched(kStretchMost));
  EXPECT_TRUE(stretched(kStretchMost + 1s));
  judging.metric(kRequests).default_zero = true;
  EXPECT_FALSE(stretched(1h));
  window.width = 5min;
  EXPECT_TRUE(stretched(kStretchMost));
  EXPECT_FALSE(stretched(kStretchMost + 1s));
  window.by_time = false;
  EXPECT_FALSE(stretched(1s));
  window.by_time = window.cumulative = true;
  EXPECT_FALSE(stretched(1s));
}

}  // namespace
}  // namespace rollbook::core::tests
