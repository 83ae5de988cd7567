// Metrics as they really come: late, doubled, out of order, from the future, reset, and series
// that appear only when there is something to count.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::Missing;
using core::Verdict;
using runtime::PointKind;

constexpr const char* kBack = "rollback.automatic.shift";
const Labels kNew{{"v", "new"}};
const Labels kOld{{"v", "old"}};

// Stops above 1 % of five minutes, that is 300 of 30,000, at once.
const std::string& strict() {
  static const std::string text =
      text_of({.guard = "stop error_rate > 1% over 5m\nstop absent(requests) for 3m\n",
               .stages = "stage canary {\n traffic 20%\n hold 24h\n}\n"});
  return text;
}

void settle_in(Rehearsal& r) {
  healthy(r);
  r.start();
  r.run_for(30min);
}

// ---- Late, doubled, out of order, from the future
// ------------------------------------------------

TEST(Metrics, ALatePointGoesToItsPaneWhileTheWindowReachesIt) {
  struct Case {
    Duration age;
    bool counts;
  };
  // The newest request is of 30 m, errors are not waited for longer than 10 s: the window is
  // (24 m 50 s, 29 m 50 s] for an error that is older.
  for (const Case& c : {Case{0s, true}, Case{2min, true}, Case{5min + 9s, true},
                        Case{5min + 10s, false}, Case{1h, false}}) {
    Rehearsal r(strict());
    settle_in(r);
    r.point("err", kNew, 301, c.age);
    EXPECT_EQ(r.state() == kBack, c.counts) << c.age.count();
    EXPECT_EQ(r.reading("guard.stop[1]").samples, 30000);
  }
}

TEST(Metrics, WhatCameTooLateIsCounted) {
  Rehearsal r(strict());
  settle_in(r);
  r.point("err", kNew, 1, 0s);
  r.point("err", kNew, 301, 20min);
  r.run_for(1min);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.rollout().late, 1);
}

TEST(Metrics, APointThatComesTwiceCountsOnce) {
  Rehearsal r(strict());
  settle_in(r);
  for (int i = 0; i < 3; ++i) r.point("err", kNew, 300, 0s);  // 1 % exactly
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.reading("guard.stop[1]").value, core::Fixed::from_nanos(10'000'000));
}

TEST(Metrics, AnIntervalThatOverlapsOneThatWasCountedIsDropped) {
  Rehearsal r(strict());
  settle_in(r);
  r.point("err", kNew, 200, 0s, PointKind::counter_delta, 60s);
  r.point("err", kNew, 200, 30s, PointKind::counter_delta, 60s);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  r.point("err", kNew, 101, 60s, PointKind::counter_delta, 60s);  // ends where the first began
  EXPECT_EQ(r.state(), kBack);
}

TEST(Metrics, IntervalsMayComeInAnyOrder) {
  Rehearsal r(strict());
  settle_in(r);
  for (const Duration age : {45s, 0s, 30s, 15s}) {
    r.point("err", kNew, age == 15s ? 76 : 75, age, PointKind::counter_delta, 15s);
  }
  EXPECT_EQ(r.state(), kBack);
}

TEST(Metrics, AnOlderTotalIsLateAndNoReset) {
  Rehearsal r(strict());
  healthy(r);
  r.start();
  r.point("err", kNew, 1000, 0s, PointKind::counter);
  r.run_for(30min);
  r.point("err", kNew, 1200, 0s, PointKind::counter);
  EXPECT_EQ(r.reading("guard.stop[1]").value, core::Fixed::from_nanos(6'666'666));
  r.point("err", kNew, 1100, 1min, PointKind::counter);  // overtaken by the newer one
  r.point("err", kNew, 1200, 0s, PointKind::counter);    // and this one twice
  r.run_for(15s);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.reading("guard.stop[1]").value, core::Fixed::from_nanos(6'666'666));
}

TEST(Metrics, APointFromTheFutureIsQuarantinedAndPoisonsNothing) {
  Rehearsal r(strict());
  settle_in(r);
  r.point("err", kNew, 1000, -10s - 1ns);
  r.point("req", {{"instance", "b"}, {"v", "new"}}, 1, -24h);
  r.run_for(1min);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.rollout().quarantined, 2);
  // What the others measure goes on to be judged.
  r.add("err", kOld, 0);
  r.counter("err", {{"instance", "a"}, {"v", "new"}}, 20);
  r.run_for(10min);
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Metrics, AClockThatIsABitAheadIsTaken) {
  Rehearsal r(strict());
  settle_in(r);
  r.point("err", kNew, 1000, -10s);
  r.run_for(1min);
  EXPECT_EQ(r.rollout().quarantined, 0);
  EXPECT_EQ(r.state(), "rolled_back");
}

// ---- Resets and starts
// ---------------------------------------------------------------------------

TEST(Metrics, ATotalThatFallsBeganAnew) {
  Rehearsal r(strict());
  healthy(r);
  r.start();
  r.point("err", kNew, 5000, 0s, PointKind::counter);
  r.run_for(30min);
  r.point("err", kNew, 5100, 0s, PointKind::counter);
  r.run_for(15s);
  // The process was restarted: what it counts now, it counted since.
  r.point("err", kNew, 200, 0s, PointKind::counter);
  EXPECT_EQ(r.state(), "canary.hold.wait");  // 300 of 30,000
  r.run_for(15s);
  r.point("err", kNew, 201, 0s, PointKind::counter);
  EXPECT_EQ(r.state(), kBack);
}

TEST(Metrics, AStartThatChangedIsAResetThoughTheValueRose) {
  Rehearsal r(strict());
  healthy(r);
  r.start();
  r.run_for(20min);
  r.point("err", kNew, 100, 0s, PointKind::counter, 30min);
  r.run_for(10min);
  // Begun anew a minute ago, and already above the last value: all of it counts.
  r.point("err", kNew, 301, 0s, PointKind::counter, 1min);
  EXPECT_EQ(r.state(), kBack);
}

TEST(Metrics, AFirstTotalCountsWholeWhenItBeganWhileItWasWatched) {
  for (const Duration span : {Duration(4min), Duration(2h)}) {
    Rehearsal r(strict());
    settle_in(r);
    r.point("strict_err", kNew, 0, 0s);
    r.point("err", kNew, 301, 0s, PointKind::counter, span);
    EXPECT_EQ(r.state() == kBack, span == Duration(4min));
  }
}

TEST(Metrics, ARequestCounterThatIsResetWithItsErrorsKeepsTheirRatio) {
  Rehearsal r(strict());
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(30min);
  r.restart("req", kNew);
  r.restart("err", kNew);
  r.run_for(10min);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.reading("guard.stop[1]").samples, 30000);
}

// ---- Parts of a ratio
// ----------------------------------------------------------------------------

TEST(Metrics, FiveErrorsBeforeTheirThousandRequests) {
  // 5 errors of 1,000 requests each 15 s: 0.5 %. In a window of a minute that misses the last
  // thousand they would be 0.67 %.
  for (const auto& [errors, stopped] : {std::pair{5, false}, std::pair{7, true}}) {
    for (const bool one_by_one : {false, true}) {
      Rehearsal r(
          text_of({.guard = "stop error_rate > 0.6% over 1m\nstop absent(requests) for 3m\n",
                   .stages = "stage canary {\n traffic 20%\n hold 24h\n}\n"}));
      r.points_a_turn = one_by_one ? 1 : 0;
      r.counter("err", kNew, 0);  // first in every scrape
      r.counter("req", kNew, 0);
      r.lag("req", kNew, one_by_one ? Duration(0s) : Duration(8s));
      r.start();
      for (int i = 0; i < 40 && r.state() != "rolled_back"; ++i) {
        r.add("req", kNew, 1000);
        r.add("err", kNew, errors);
        r.run_for(15s);
      }
      EXPECT_EQ(r.state() == "rolled_back", stopped) << errors;
    }
  }
}

TEST(Metrics, APartThatIsSilentIsNotWaitedForLongerThanItsGrace) {
  Rehearsal r(text_of({.guard = "stop error_rate > 1% over 1m\nstop absent(requests) for 3m\n",
                       .stages = "stage canary {\n traffic 20%\n hold 24h\n}\n"}));
  healthy(r);
  r.start();
  r.run_for(10min);
  // Errors as deltas: silent while nothing happens, so only the requests' clock goes on.
  r.point("err", kNew, 50, 0s);
  EXPECT_EQ(r.reading("guard.stop[1]").value, core::Fixed::from_nanos(8'333'333));
  r.run_for(1min + 15s);
  EXPECT_EQ(r.reading("guard.stop[1]").value, core::Fixed::from_nanos(0));
  EXPECT_EQ(r.reading("guard.stop[1]").at, r.now() - 10s);
}

// ---- A counter that is not there
// -----------------------------------------------------------------

TEST(Metrics, ACounterThatAppearsLateCountsWholeWhereItWasKnownToBeZero) {
  struct Case {
    const char* guard;
    const char* name;
    bool baseline;  // the name is there from the start, on the other arm
    Duration when;
    bool counts;
  };
  for (const Case& c : {
           // `default 0`: zero since the start, once 150 s have passed.
           Case{"stop error_rate > 1% over 5m", "err", false, 10min, true},
           Case{"stop error_rate > 1% over 5m", "err", false, 2min, false},
           // No `default 0`, but the name was seen on the other arm.
           Case{"stop strict_rate > 1% over 5m", "strict_err", true, 10min, true},
           Case{"stop strict_rate > 1% over 5m", "strict_err", true, 2min, false},
           // Never seen: the first sample is only a base.
           Case{"stop strict_rate > 1% over 5m", "strict_err", false, 10min, false},
       }) {
    Rehearsal r(text_of({.guard = std::string(c.guard) + "\nstop absent(requests) for 3m\n",
                         .stages = "stage canary {\n traffic 20%\n hold 24h\n}\n"}));
    r.counter("req", kNew, 100);
    if (c.baseline) r.counter(c.name, kOld, 0);
    r.start();
    r.run_for(c.when);
    r.counter(c.name, kNew, 0);
    r.add(c.name, kNew, 1000);
    r.run_for(15s);
    EXPECT_EQ(r.state() != "canary.hold.wait", c.counts)
        << c.name << (c.baseline ? " on the other arm, " : ", ") << c.when.count();
  }
}

TEST(Metrics, AStopOnANameNeverSeenSaysSo) {
  Rehearsal r(text_of({.guard = "stop strict_rate > 1% over 5m\nstop absent(requests) for 3m\n"}));
  healthy(r);
  r.start();
  r.run_for(10min);
  EXPECT_EQ(r.reading("guard.stop[1]").verdict, Verdict::no_data);
  EXPECT_EQ(r.reading("guard.stop[1]").missing, Missing::no_series);
}

TEST(Metrics, TheSeriesOfOneArmAreAddedUpAndOthersLeftOut) {
  Rehearsal r(strict());
  for (const char* instance : {"a", "b", "c"}) {
    r.counter("req", {{"instance", instance}, {"v", "new"}}, 30);
    r.counter("err", {{"instance", instance}, {"v", "new"}}, 0);
  }
  r.counter("req", kOld, 900);
  r.counter("err", kOld, 450);
  r.counter("req", {{"v", "older"}}, 10);
  r.counter("err", {{"v", "older"}}, 10);
  r.counter("req", {}, 10);
  r.start();
  r.run_for(30min);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.reading("guard.stop[1]").samples, 27000);
  r.add("err", {{"instance", "b"}, {"v", "new"}}, 271);
  r.run_for(15s);
  EXPECT_EQ(r.because(kBack),
            "error_rate > 1% over 5m: 1.0037% in 27000 samples, test.runbook:22:6");
}

TEST(Metrics, AProcessThatComesAndGoesLeavesTheRatioAlone) {
  Rehearsal r(strict());
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(30min);
  // A second instance that has counted for days before it was first scraped: a base, no burst.
  r.point("req", {{"instance", "b"}, {"v", "new"}}, 5'000'000, 0s, PointKind::counter, 48h);
  r.point("err", {{"instance", "b"}, {"v", "new"}}, 500'000, 0s, PointKind::counter, 48h);
  r.run_for(1min);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.reading("guard.stop[1]").samples, 30000);
}

}  // namespace
}  // namespace rollbook::tests
