// Extremes of a window, held against another arm's: one point makes them, and whether it has left
// the window is a matter of hundredths of a second where the window is a multiple of the exports.

#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "engine/core/common_time.h"
#include "tests/engine/judging.h"

namespace rollbook::core::tests {
namespace {

constexpr SeriesIndex kOther{4};

Judging two_gauges(GaugeFold fold, Comparison comparison, const std::string& factor) {
  Criterion criterion = gauge(comparison, "0");
  criterion.other = WindowIndex{kOther.value};
  criterion.factor = decimal(factor);
  Judging judging(criterion);
  judging.metric(kDepth).fold = fold;
  Window window = judging.machine.windows[kDepth.value];
  window.series = kOther;
  judging.machine.windows.push_back(window);
  judging.machine.series.push_back({MetricIndex{kDepth.value}, Arm::baseline});
  judging.state.series.resize(judging.machine.series.size());
  judging.state.windows.resize(judging.machine.windows.size());
  return judging;
}

// Points a minute apart, each as much too early or too late as the last digits of it say.
class Levels {
 public:
  explicit Levels(Judging judging) : judging_(std::move(judging)) {}
  std::int64_t before = 100, after = 300;
  Duration turns = 1500s, other_turns = 1500s;  // the one level into the other

  // When the stop is true first, or nothing.
  std::optional<Duration> stopped_at(Duration jitter, Duration other_later) {
    Duration at = 37s, other_at = at + other_later;
    for (int i = 0; i < 45; ++i) {
      const Duration own = at + (i % 3 - 1) * jitter, other = other_at - (i % 2) * jitter;
      for (const bool canary : own < other ? std::array{true, false} : std::array{false, true}) {
        const Duration now = canary ? own : other;
        see(canary ? kDepth : kOther, now, now >= (canary ? turns : other_turns));
        if (judging_.read(now).verdict == Verdict::fail) return now;
      }
      at += 60s;
      other_at += 60s;
    }
    return std::nullopt;
  }

 private:
  void see(SeriesIndex series, Duration at, bool turned) {
    judging_.see(series, at, turned ? after : before);
    judging_.pending.observed.seen.back().interval = 60s;
    judging_.evolve();
  }
  Judging judging_;
};

constexpr Duration kJitters[] = {0ms, 40ms, 180ms, 900ms};
constexpr Duration kLater[] = {-59s, -31s, -1s, 300ms, 1s, 17s, 44s, 59s};

TEST(Extremes, OfTwoArmsThatGoToAnotherLevelTogetherAreAlike) {
  using enum Comparison;
  struct Case {
    GaugeFold fold;
    Comparison comparison;
    const char* factor;
    std::int64_t before, after;
  };
  for (const Case& each :
       {Case{GaugeFold::min, greater, "1.3", 100, 300}, Case{GaugeFold::max, less, "0.7", 300, 100},
        Case{GaugeFold::max, greater, "1.3", 300, 100}, Case{GaugeFold::min, less, "0.7", 100, 300},
        Case{GaugeFold::max, greater, "1.3", 100, 300},
        Case{GaugeFold::min, less, "0.7", 300, 100}}) {
    for (const Duration jitter : kJitters) {
      for (const Duration later : kLater) {
        Levels levels(two_gauges(each.fold, each.comparison, each.factor));
        levels.before = each.before;
        levels.after = each.after;
        EXPECT_EQ(levels.stopped_at(jitter, later), std::nullopt)
            << static_cast<int>(each.fold) << " " << each.after << " " << later / 1ms;
      }
    }
  }
}

TEST(Extremes, OfACanaryThatAloneGoesToAnotherLevelAreFoundWithinItsWindow) {
  for (const Duration later : kLater) {
    Levels levels(two_gauges(GaugeFold::max, Comparison::greater, "1.3"));
    levels.other_turns = 2h;
    const auto risen = levels.stopped_at(180ms, later);
    ASSERT_TRUE(risen);
    EXPECT_LE(*risen, levels.turns + 2min);
    Levels least(two_gauges(GaugeFold::min, Comparison::greater, "1.3"));
    least.other_turns = 2h;
    const auto left = least.stopped_at(180ms, later);
    ASSERT_TRUE(left);
    EXPECT_LE(*left, least.turns + 5min + 2min);
  }
}

TEST(Extremes, OfAWindowOfOneExportAreFoundAsWell) {
  Judging judging = two_gauges(GaugeFold::min, Comparison::greater, "1.3");
  for (Window& window : judging.machine.windows) window.width = 1min;
  Levels levels(std::move(judging));
  levels.other_turns = 2h;
  const auto found = levels.stopped_at(180ms, 17s);
  ASSERT_TRUE(found);
  EXPECT_LE(*found, levels.turns + 4min);
}

}  // namespace
}  // namespace rollbook::core::tests
