// A counter that was not scraped for a while: what it counted over the gap comes with one point.

#include "engine/core/stretches.h"

#include <gtest/gtest.h>

#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

// Ten a second, said every fifteen.
void scrape(Judging& judging, Duration from, Duration to) {
  for (Duration at = from + 15s; at <= to; at += 15s) {
    judging.see(kRequests, at, 150);
    judging.evolve();
  }
}

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
  return delta;
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
    EXPECT_TRUE(judging.state.windows[kRequests.value].stretches.empty()) << "it has left";
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

TEST(Stretches, AreGapsThatAWindowTellsApart) {
  Judging judging(rate(Comparison::greater, "1"));
  const auto stretched = [&](Duration span) {
    return is_stretched(judging.machine, kRequests, span);
  };
  EXPECT_FALSE(stretched(kStretchMost));
  EXPECT_TRUE(stretched(kStretchMost + 1s));
  judging.machine.windows[kRequests.value].width = 1min;
  EXPECT_FALSE(stretched(30s));
  EXPECT_TRUE(stretched(31s));
  judging.machine.windows[kRequests.value].cumulative = true;
  EXPECT_FALSE(stretched(1h));
}

}  // namespace
}  // namespace rollbook::core::tests
