#include "engine/core/clocks.h"

#include <gtest/gtest.h>

#include "tests/engine/stage_machine.h"

namespace rollbook::core::tests {
namespace {

// ---- What runs when -----------------------------------------------------------------------------

struct Row {
  ClockKind kind;
  bool paused;
  Sight sight;
  bool stale;
  bool runs;
};
class ClockRuns : public testing::TestWithParam<Row> {};

TEST_P(ClockRuns, ByItsKindAndWhatTheStateSays) {
  Drive drive;
  drive.machine.clocks[kHold.value].kind = GetParam().kind;
  drive.to("canary.hold");
  RolloutState& state = drive.state;
  state.paused = GetParam().paused;
  state.sight = GetParam().sight;
  state.series[0].stale = GetParam().stale;
  const Time from = drive.now;
  refresh_clocks(drive.machine, state, from);
  const Duration before = elapsed(state, kHold, from);
  EXPECT_EQ(elapsed(state, kHold, from + 1min) - before, GetParam().runs ? 1min : 0min);
  EXPECT_EQ(reached_at(drive.machine, state, kHold) == kDistantFuture, !GetParam().runs);
}
constexpr Sight kLive = Sight::live, kBehind = Sight::catching_up, kBlind = Sight::unreachable;
INSTANTIATE_TEST_SUITE_P(Clocks, ClockRuns,
                         testing::Values(Row{ClockKind::watched, false, kLive, false, true},
                                         Row{ClockKind::watched, true, kLive, false, false},
                                         Row{ClockKind::watched, false, kBehind, false, false},
                                         Row{ClockKind::watched, false, kBlind, false, false},
                                         Row{ClockKind::watched, false, kLive, true, false},
                                         Row{ClockKind::engine, false, kLive, false, true},
                                         Row{ClockKind::engine, true, kLive, false, true},
                                         Row{ClockKind::engine, false, kBehind, false, false},
                                         Row{ClockKind::engine, false, kBlind, false, false},
                                         Row{ClockKind::engine, false, kLive, true, true},
                                         Row{ClockKind::steady, true, kLive, true, true},
                                         Row{ClockKind::steady, false, kBehind, false, true},
                                         Row{ClockKind::steady, false, kBlind, false, true}));

TEST(Clocks, RunOnlyWhileTheirOwnerIsActive) {
  Drive drive;
  drive.to("canary.shift");
  EXPECT_FALSE(drive.state.clocks[kHold.value].mark);
  drive.settle_all();
  EXPECT_TRUE(drive.state.clocks[kHold.value].mark);
  drive.obey(drive.command(Verb::abort));
  EXPECT_FALSE(drive.state.clocks[kHold.value].mark);
}

TEST(Clocks, KeepWhatTheyCountedWhenTheirOwnerIsLeft) {
  Drive drive;
  drive.to("canary.decide");
  drive.decide("longer", "dev", "ann");
  drive.decide("longer", "ops", "bob");
  ASSERT_EQ(drive.name(), "canary.hold");
  EXPECT_GE(elapsed(drive.state, kHold, drive.now), 1h);
  EXPECT_EQ(limit_of(drive.machine, drive.state, kHold), 2h);
  EXPECT_FALSE(reached(drive.machine, drive.state, kHold, drive.now));
  EXPECT_LE(reached_at(drive.machine, drive.state, kHold), drive.now + 1h);
}

TEST(Clocks, OfAReviewBeginAgainWhenItIsEnteredAnew) {
  Drive drive;
  drive.to("canary.review");
  const auto hour = [&] {
    for (int minute = 0; minute < 60; ++minute) {
      drive.pass(1min);
      drive.traffic(6000, 6);
    }
  };
  hour();
  EXPECT_EQ(elapsed(drive.state, kReviewWithin, drive.now), 1h);
  Command extend = drive.command(Verb::extend);
  extend.duration = 1h;
  drive.obey(extend);
  hour();
  drive.pass(10s);
  drive.settle_all();
  ASSERT_EQ(drive.name(), "canary.review");
  EXPECT_LE(elapsed(drive.state, kReviewWithin, drive.now), 10s);
}

TEST(Clocks, ATimeBeforeTheirMarkCountsNothing) {
  Drive drive;
  drive.to("canary.hold");
  EXPECT_EQ(elapsed(drive.state, kHold, drive.now - 1h), 0s);
}

// ---- Time that does not count -------------------------------------------------------------------

TEST(Clocks, LeaveOutTheTimeTheEngineWasAway) {
  Drive drive;
  drive.to("canary.hold");
  drive.pass(2min);
  drive.traffic(6000, 6);
  const Duration before = elapsed(drive.state, kHold, drive.now);
  const Time from = drive.now;
  drive.now += 6min;
  drive.give(Wake{EngineGap{from, drive.now}});
  EXPECT_EQ(elapsed(drive.state, kHold, drive.now), before);
  EXPECT_EQ(elapsed(drive.state, kHold, drive.now + 1min), before + 1min);
}

TEST(Clocks, AGapThatBeganBeforeTheClockDidTakesOnlyItsOwnPart) {
  Drive drive;
  drive.to("canary.hold");
  const Time entered = drive.now;
  drive.now += 6min;
  drive.give(Wake{EngineGap{entered - 1min, drive.now}});
  EXPECT_EQ(elapsed(drive.state, kHold, drive.now), 0s);
  EXPECT_EQ(elapsed(drive.state, kHold, drive.now + 1min), 1min);
}

TEST(Clocks, DeadlinesOfEffectsMoveOnByTheTimeThatDidNotCount) {
  Drive drive;
  drive.to("canary.shift");
  const Sequence shift = drive.effect(EffectKind::traffic);
  const auto deadline = [&] { return drive.state.effects.at(shift).deadline; };
  const Time first = drive.now + kEffectDeadline;
  EXPECT_EQ(deadline(), first);
  const Time from = drive.now;
  drive.now += 2min;
  drive.give(Wake{EngineGap{from, drive.now}});
  EXPECT_EQ(deadline(), first + 2min);
  drive.give(See{SourceStatus{"bus", Sight::unreachable}});
  drive.now += 12min;
  drive.tick();
  EXPECT_EQ(drive.name(), "canary.shift");
  drive.give(See{SourceStatus{"bus", Sight::catching_up}});
  drive.now += 1min;
  drive.give(See{SourceStatus{"bus", Sight::live}});
  EXPECT_EQ(deadline(), first + 15min);
  EXPECT_EQ(drive.name(), "canary.shift");
}

TEST(Clocks, AGapWhileBlindIsNotLeftOutTwice) {
  Drive drive;
  drive.to("canary.shift");
  const Sequence shift = drive.effect(EffectKind::traffic);
  const Time first = *drive.state.effects.at(shift).deadline;
  drive.give(See{SourceStatus{"bus", Sight::unreachable}});
  const Time from = drive.now;
  drive.now += 2min;
  drive.give(Wake{EngineGap{from, drive.now}});
  drive.now += 1min;
  drive.give(See{SourceStatus{"bus", Sight::live}});
  EXPECT_EQ(drive.state.effects.at(shift).deadline, first + 3min);
}

TEST(Clocks, SteadyOnesCountAGap) {
  Drive drive;
  drive.machine.clocks[kHold.value].kind = ClockKind::steady;
  drive.to("canary.hold");
  const Time from = drive.now;
  drive.now += 6min;
  drive.give(Wake{EngineGap{from, drive.now}});
  EXPECT_EQ(elapsed(drive.state, kHold, drive.now), 6min);
}

TEST(Clocks, AHoldStandsStillWhileItsRequestsAreStale) {
  Drive drive;
  drive.machine.states[3].armed = {kErrorStop};  // no `absent`, or silence would roll back
  drive.to("canary.hold");
  drive.pass(1min);
  drive.traffic(6000, 6);
  drive.pass(kStaleAfter);
  EXPECT_TRUE(drive.state.series[0].stale);
  const Duration stood = elapsed(drive.state, kHold, drive.now);
  EXPECT_EQ(stood, 1min + kStaleAfter);
  drive.pass(20min);
  EXPECT_EQ(elapsed(drive.state, kHold, drive.now), stood);
  drive.traffic(6000, 6);
  EXPECT_FALSE(drive.state.series[0].stale);
  EXPECT_EQ(elapsed(drive.state, kHold, drive.now + 1min), stood + 1min);
}

// Of errors as well, whose silence means nothing.
TEST(Clocks, AHoldStandsStillWhileTwoSendersShareTheLabelsOfWhatItIsJudgedBy) {
  Drive drive;
  drive.to("canary.hold");
  drive.pass(1min);
  drive.traffic(6000, 6);
  drive.pending.observed.clashes = {{SeriesIndex{1}, drive.now}};
  drive.pending.observed.refused = 1;
  EXPECT_TRUE(drive.give(Look{})) << "with the first of them";
  const Duration stood = elapsed(drive.state, kHold, drive.now);
  const Time last = drive.now + 1min;
  drive.now = last;
  drive.pending.observed.clashes = {{SeriesIndex{1}, last}};
  drive.traffic(6000, 6);
  EXPECT_EQ(drive.state.readings[kErrorStop.value].missing, Missing::two_senders);
  drive.now = last + kStaleAfter - 1s;
  drive.traffic(6000, 6);
  EXPECT_EQ(elapsed(drive.state, kHold, drive.now), stood);
  const Time ends = last + kStaleAfter;
  EXPECT_EQ(next_deadline(drive.machine, drive.state, drive.pending, drive.now), ends);
  drive.now = ends;
  EXPECT_TRUE(drive.tick());
  EXPECT_EQ(drive.state.readings[kErrorStop.value].verdict, Verdict::pass);
  EXPECT_EQ(elapsed(drive.state, kHold, drive.now), stood);
  EXPECT_EQ(elapsed(drive.state, kHold, drive.now + 1min), stood + 1min);
}

// ---- Ramps --------------------------------------------------------------------------------------

struct RampRow {
  Duration over, every;
  std::int64_t from, to;  // per mille
  std::uint32_t steps;
  std::vector<std::int64_t> weights;  // after each step, per mille
};
class Ramps : public testing::TestWithParam<RampRow> {};

TEST_P(Ramps, GoInEqualStepsAndEndWhereTheyShould) {
  const auto weight = [](std::int64_t permille) { return Weight{permille * 1'000'000}; };
  const Ramp ramp{weight(GetParam().to), GetParam().over, GetParam().every, {}, true};
  RampState state;
  state.from = weight(GetParam().from);
  state.to = weight(GetParam().to);
  state.over = GetParam().over;
  EXPECT_EQ(ramp_steps(ramp, state), GetParam().steps);
  std::vector<std::int64_t> weights;
  for (std::uint32_t step = 1; step <= GetParam().steps; ++step) {
    weights.push_back(ramp_weight(ramp, state, step).nanos / 1'000'000);
  }
  EXPECT_EQ(weights, GetParam().weights);
}
INSTANTIATE_TEST_SUITE_P(Clocks, Ramps,
                         testing::Values(RampRow{5min, 1min, 100, 0, 5, {80, 60, 40, 20, 0}},
                                         RampRow{2min + 30s, 1min, 90, 0, 3, {60, 30, 0}},
                                         RampRow{0s, 1min, 100, 0, 1, {0}},
                                         RampRow{30s, 1min, 100, 0, 1, {0}},
                                         RampRow{5min, 0s, 100, 0, 1, {0}},
                                         RampRow{5min, 1min, 0, 0, 1, {0}},
                                         RampRow{2min, 1min, 10, 50, 2, {30, 50}}));

TEST(Clocks, StepsOfARampAreDueFromItsStartOn) {
  const Ramp ramp{kNoTraffic, 5min, 1min, {}, true};
  RampState state;
  state.started = Time{} + 1h;
  state.from = kAllTraffic;
  state.over = 5min;
  EXPECT_EQ(ramp_due(ramp, state, state.started - 1h), 1U);
  EXPECT_EQ(ramp_due(ramp, state, state.started), 1U);
  EXPECT_EQ(ramp_due(ramp, state, state.started + 1min - 1ns), 1U);
  EXPECT_EQ(ramp_due(ramp, state, state.started + 1min), 2U);
  EXPECT_EQ(ramp_due(ramp, state, state.started + 4min), 5U);
  EXPECT_EQ(ramp_due(ramp, state, state.started + 24h * 365), 5U);
  EXPECT_EQ(ramp_due(Ramp{kNoTraffic, 5min, 0s, {}, true}, state, state.started), 1U);
}

}  // namespace
}  // namespace rollbook::core::tests
