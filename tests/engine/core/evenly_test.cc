#include "engine/core/evenly.h"

#include <gtest/gtest.h>

#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

constexpr WindowIndex kWindow{kRequests.value};

Criterion unchanged(Duration lag) {
  Criterion criterion = expecting(rate(Comparison::less_equal, "0"));
  criterion.test = Test::unchanged;
  criterion.lag = lag;
  return criterion;
}
CellDelta came(Duration end, Duration span, std::int64_t value) {
  CellDelta delta;
  delta.series = kRequests;
  delta.reach = Floor::shift;
  delta.cell.latest = kBegin + end - 300ms;
  delta.cell.end = kBegin + end;
  delta.cell.value = Fixed::from_int(value);
  delta.cell.samples = 1;
  delta.span = span;
  delta.points = 1;
  return delta;
}
// "end value" of each part, in seconds since the begin.
std::string parts_of(const Judging& judging, const CellDelta& delta) {
  std::string text;
  for (const CellDelta& part : evenly(judging.machine, judging.state, kWindow, {delta})) {
    EXPECT_EQ(part.reach, delta.reach);
    text += std::to_string((part.cell.end - kBegin) / 1s) + " " +
            std::to_string(static_cast<std::int64_t>(part.cell.value.nanos / Fixed::kScale)) + ", ";
  }
  return text;
}

TEST(Evenly, WhatCameIsOfThePanesInWhichItDid) {
  Judging judging(unchanged(30min), 1h + 6s);
  judging.machine.windows[kWindow.value].pane = 6s;
  EXPECT_EQ(parts_of(judging, came(605s, 15s, 900)), "594 240, 600 360, 605 300, ");
  EXPECT_EQ(parts_of(judging, came(606s, 6s, 900)), "606 900, ");
  EXPECT_EQ(parts_of(judging, came(606s, 0s, 900)), "606 900, ") << "nobody says since when";
  EXPECT_EQ(parts_of(judging, came(1200s, 601s, 900)), "1200 900, ") << "too long for the lag";
  judging.metric(kRequests).default_zero = true;
  EXPECT_EQ(parts_of(judging, came(605s, 15s, 900)), "605 900, ");
}

TEST(Evenly, WhatComesLateIsOfTheFirstPaneThatIsNotJudged) {
  Judging judging(unchanged(30min), 1h + 6s);
  judging.machine.windows[kWindow.value].pane = 6s;
  TestState& test = judging.state.tests[0];
  test.cut = kBegin + 600s;
  EXPECT_EQ(parts_of(judging, came(609s, 15s, 900)), "600 360, 606 360, 609 180, ")
      << "it has not begun";
  test.counts = {1, 1, 1, 1};
  EXPECT_EQ(parts_of(judging, came(609s, 15s, 900)), "606 720, 609 180, ");
  EXPECT_EQ(parts_of(judging, came(603s, 15s, 900)), "603 900, ");
  EXPECT_EQ(parts_of(judging, came(599s, 15s, 900)), "606 900, ")
      << "all of it is of what was judged";
}

TEST(Evenly, IsOfATestThatHasTimeForItsExposureAlone) {
  Judging judging(unchanged(30min), 1h);
  EXPECT_EQ(spread_most(judging.machine, judging.machine.at(kWindow)), 10min);
  judging.criterion().denominator = WindowIndex{kErrors.value};
  EXPECT_EQ(spread_most(judging.machine, judging.machine.at(kWindow)), 0s);
  Judging plain(rate(Comparison::less, "1"), 1h);
  EXPECT_EQ(spread_most(plain.machine, plain.machine.at(kWindow)), 0s);
}

TEST(Evenly, AStepIsAsLongAsFourIntervals) {
  Judging judging(unchanged(30min), 1h);
  const auto step_of = [&](Duration interval) {
    judging.state.series[kRequests.value].interval = interval;
    return even_step({judging.machine, judging.state, judging.pending, judging.criterion()});
  };
  EXPECT_EQ(step_of(0s), 0s);
  EXPECT_EQ(step_of(10s), 40s);
  EXPECT_EQ(step_of(14900ms), 60s);
  EXPECT_EQ(step_of(15100ms), 60s);
  EXPECT_EQ(step_of(60s), 240s);
  judging.criterion().lag = 200s;
  EXPECT_EQ(step_of(60s), 200s);
  EXPECT_EQ(step_of(90s), 0s) << "it is not spread";
}

}  // namespace
}  // namespace rollbook::core::tests
