// Gaps: when a series was not heard, and that `unchanged` takes neither silence nor what makes up
// for it at once for a change.

#include "engine/core/gaps.h"

#include <gtest/gtest.h>

#include "tools/calibration/trial.h"

namespace rollbook::calibration {
namespace {

using namespace std::chrono_literals;
using namespace rollbook::core;

constexpr Fixed kFivePercent{50'000'000};
constexpr SeriesIndex kRequests{0};

Criterion same_rate(Duration lag) {
  Criterion criterion = expect_unchanged(lag, Fixed{100'000'000}, kFivePercent);
  criterion.measure = Measure::rate;
  criterion.window = WindowIndex{0};
  criterion.denominator = WindowIndex{};
  return criterion;
}
Criterion same_ratio(Duration lag) {
  return expect_unchanged(lag, Fixed{100'000'000}, kFivePercent);
}

void run(Trial& trial, Duration time, std::int64_t requests) {
  for (Duration at{}; at < time; at += 1s) {
    trial.second({.requests = requests, .errors = requests / 10});
  }
}

// No point for `time`; the first one after it brings all that came meanwhile, or its own second.
void be_silent(Trial& trial, Duration time, std::int64_t requests, bool made_up) {
  const std::int64_t seconds =
      made_up ? std::chrono::duration_cast<std::chrono::seconds>(time) / 1s : 1;
  trial.now += time - 1s;
  trial.second({.requests = requests * seconds, .errors = requests * seconds / 10});
}

// Runs on, and says at the first second that the verdict is `wanted`; -1: it never is.
int seconds_to(Trial& trial, Verdict wanted, Duration most, std::int64_t requests) {
  for (int second = 0; second * 1s < most; ++second) {
    if (trial.reading().verdict == wanted) return second;
    trial.second({.requests = requests, .errors = requests / 10});
  }
  return -1;
}

// ---- `unchanged` --------------------------------------------------------------------------------

// Of any length, with what was missed made up for or lost: nothing has changed.
TEST(Gaps, ASilenceIsNoChange) {
  for (const Duration silence : {Duration(160s), Duration(4min), Duration(9min), Duration(25min)}) {
    for (const bool made_up : {true, false}) {
      for (const bool rate : {true, false}) {
        Trial trial(rate ? same_rate(10min) : same_ratio(10min));
        run(trial, 12min, 10);
        be_silent(trial, silence, 10, made_up);
        for (Duration at{}; at < 40min; at += 1s) {
          trial.second({.requests = 10, .errors = 1});
          ASSERT_NE(trial.reading().verdict, Verdict::fail)
              << silence.count() << made_up << rate << at.count();
        }
        EXPECT_EQ(trial.reading().verdict, Verdict::pass) << silence.count() << made_up << rate;
      }
    }
  }
}

// The window no longer holds the past of what came before the gap.
TEST(Gaps, AfterASilenceLongerThanTheLagThePastIsThatAfterIt) {
  Trial trial(same_rate(10min));
  run(trial, 10min, 10);
  be_silent(trial, 25min, 10, true);
  const std::int64_t steps = trial.state.tests[0].spread.steps;
  run(trial, 10min, 10);
  EXPECT_LE(trial.state.tests[0].spread.steps, steps + 3);  // not before its past was heard
  run(trial, 1min, 10);
  EXPECT_GT(trial.state.tests[0].spread.steps, steps + 10);
}

TEST(Gaps, AChangeIsFoundAllTheSame) {
  for (const bool made_up : {true, false}) {
    Trial trial(same_rate(10min));
    run(trial, 11min, 10);
    be_silent(trial, 4min, 10, made_up);
    run(trial, 1min, 10);
    const int seconds = seconds_to(trial, Verdict::fail, 20min, 20);
    EXPECT_GE(seconds, 1) << made_up;
    EXPECT_LE(seconds, 600) << made_up;
  }
}

TEST(Gaps, AnIntervalOfAMinuteIsNone) {
  Trial trial(same_rate(10min));
  for (int minute = 0; minute < 40; ++minute) trial.seconds(60, {.requests = 600});
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
  EXPECT_TRUE(trial.state.series[0].gaps.empty());
}

// ---- What is kept of them -----------------------------------------------------------------------

struct Heard {
  Trial trial{same_rate(1h)};

  void hear(std::vector<int> minutes) {
    Observed observed;
    Time latest = kDistantPast;
    for (const int minute : minutes) {
      CellDelta delta;
      delta.series = kRequests;
      delta.cell.end = delta.cell.latest = begin + minute * 60s;
      observed.deltas.push_back(delta);
      latest = std::max(latest, delta.cell.latest);
    }
    observed.seen.push_back({kRequests, latest, latest});
    Pending pending;
    pending.observed = observed;
    seen = gaps_of(trial.state, pending, kRequests);
    note_gaps(trial.machine, trial.state, observed);
    SeriesState& series = trial.state.series[0];
    series.watermark = std::max(series.watermark, latest);
  }
  std::vector<std::pair<int, int>> gaps(const std::vector<Gap>& all) const {
    std::vector<std::pair<int, int>> minutes;
    for (const Gap& gap : all) {
      minutes.emplace_back((gap.from - begin) / 60s, (gap.to - begin) / 60s);
    }
    return minutes;
  }
  std::vector<std::pair<int, int>> gaps() const { return gaps(trial.state.series[0].gaps); }

  const Time begin = trial.now;
  std::vector<Gap> seen;
};
using Minutes = std::vector<std::pair<int, int>>;

TEST(Gaps, LieBetweenPointsOfOneLookAndOfTwo) {
  Heard heard;
  heard.hear({1, 2, 8, 9});
  EXPECT_EQ(heard.gaps(), (Minutes{{2, 8}}));
  heard.hear({15});
  EXPECT_EQ(heard.gaps(), (Minutes{{2, 8}, {9, 15}}));
}

TEST(Gaps, AreSeenWithWhatIsPendingAsTheyWillBeKept) {
  Heard heard;
  for (const std::vector<int>& minutes :
       {std::vector<int>{1, 2, 8}, {20}, {15, 21}, {4}, {100, 99}}) {
    heard.hear(minutes);
    EXPECT_EQ(heard.seen, heard.trial.state.series[0].gaps);
  }
}

TEST(Gaps, ALatePointPartsThem) {
  Heard heard;
  heard.hear({1, 12});
  heard.hear({6});
  EXPECT_EQ(heard.gaps(), (Minutes{{1, 6}, {6, 12}}));
  heard.hear({10});
  EXPECT_EQ(heard.gaps(), (Minutes{{1, 6}, {6, 10}}));  // two minutes are none
  heard.hear({4, 8});
  EXPECT_EQ(heard.gaps(), (Minutes{{1, 4}}));
}

TEST(Gaps, OfThePastThatNobodyComparesWithAreForgotten) {
  Heard heard;
  heard.hear({1, 12});
  heard.hear({100});
  EXPECT_EQ(heard.gaps(), (Minutes{{1, 12}, {12, 100}}));
  heard.hear({101, 103, 150, 194});  // three times the lag, and a minute
  EXPECT_EQ(heard.gaps().front(), (std::pair{12, 100}));
}

TEST(Gaps, OfWhatNothingLooksAtAreNotKept) {
  Trial trial(same_rate(10min));
  core::Criterion& criterion = trial.machine.criteria[0];
  criterion.test = core::Test::none;
  criterion.other = {};
  criterion.comparison = core::Comparison::less;  // than it may be: little is well
  trial.second({.requests = 1});
  trial.now += 10min;
  trial.second({.requests = 1});
  EXPECT_TRUE(trial.state.series[0].gaps.empty());
}

}  // namespace
}  // namespace rollbook::calibration
