// Inputs brought to rest: what comes first, what leaves a trace, and when time has to be looked at.

#include "engine/core/advance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/engine/stage_machine.h"

namespace rollbook::core::tests {
namespace {

std::vector<std::size_t> kinds(const Drive& drive, std::size_t from) {
  std::vector<std::size_t> found;
  for (std::size_t i = from; i < drive.events.size(); ++i) {
    found.push_back(drive.events[i].body.index());
  }
  return found;
}
template <class... Bodies>
std::vector<std::size_t> kinds_of() {
  return {Body{Bodies{}}.index()...};
}

// ---- The start ----------------------------------------------------------------------------------

TEST(Begin, SaysAllThatTwoReplaysNeedToAgree) {
  Drive drive;
  drive.begin();
  const auto& started = std::get<RolloutStarted>(drive.events[0].body);
  EXPECT_EQ(started.rollout, "r1");
  EXPECT_EQ(started.service, "shop");
  EXPECT_EQ(started.limits, kLimits);
  EXPECT_EQ(started.digest, "d");
  EXPECT_TRUE(std::holds_alternative<Commanded>(drive.events[1].body));
  EXPECT_EQ(drive.events[1].cause, Sequence{1});
  EXPECT_EQ(drive.name(), "preflight");
  EXPECT_EQ(drive.shard.services.at("shop").active, "r1");
  EXPECT_EQ(drive.shard.rollouts.at("r1"), StreamId{1});
}

TEST(Begin, KeepsNoRunbookInTheLog) {
  Drive drive;
  Start start;
  start.command = drive.command(Verb::start);
  start.command.runbook = "runbook shop {}";
  start.rollout = "r1";
  start.stream = StreamId{1};
  std::vector<Event> events;
  core::begin(drive.machine, drive.shard, start, events);
  EXPECT_EQ(std::get<Commanded>(events[1].body).command.runbook, "");
  EXPECT_EQ(std::get<Commanded>(events[1].body).command.rollout, "r1");
}

TEST(Begin, WhileBehindWaitsWithEveryStepForward) {
  Drive drive;
  drive.begin(Sight::catching_up);
  drive.confirm("Ready", "dev", "ann");
  drive.confirm("Ready", "ops", "bob");
  EXPECT_EQ(drive.name(), "preflight");
  drive.give(See{SourceStatus{"bus", Sight::live}});
  EXPECT_EQ(drive.name(), "setup");
}

struct StartRow {
  const char* name;
  std::function<void(ShardState&, Machine&, Command&)> given;
  std::string reason;
};
class Starts : public testing::TestWithParam<StartRow> {};
TEST_P(Starts, AreRefusedWithAReason) {
  Machine machine = stage_machine();
  ShardState shard;
  Command command;
  GetParam().given(shard, machine, command);
  const auto refusal = refuse_start(machine, shard, command, "r2");
  EXPECT_EQ(refusal ? refusal->reason : "", GetParam().reason);
  EXPECT_TRUE(!refusal || !refusal->detail.empty());
}
constexpr Weight kHalf{500'000'000};
const StartRow kStarts[] = {
    {"Fresh", [](ShardState&, Machine&, Command&) {}, ""},
    {"IdKnown", [](ShardState& s, Machine&, Command&) { s.rollouts["r2"] = StreamId{1}; },
     "exists"},
    {"ServiceBusy", [](ShardState& s, Machine&, Command&) { s.services["shop"].active = "r1"; },
     "busy"},
    {"OtherServiceBusy",
     [](ShardState& s, Machine&, Command&) { s.services["mail"].active = "r1"; }, ""},
    {"TrafficLeftOver",
     [](ShardState& s, Machine&, Command&) { s.services["shop"].settled = kHalf; },
     "weight_mismatch"},
    {"TrafficLeftOverWhereItBegins",
     [](ShardState& s, Machine& m, Command&) {
       s.services["shop"].settled = kHalf;
       m.begins = kHalf;
     },
     ""},
    {"BeginsWhereNothingIs", [](ShardState&, Machine& m, Command&) { m.begins = kHalf; },
     "weight_mismatch"},
    {"ChangedByHand",
     [](ShardState& s, Machine&, Command& c) {
       s.services["shop"].settled = kHalf;
       c.weight = kNoTraffic;
     },
     ""},
    {"SaidWrong", [](ShardState&, Machine&, Command& c) { c.weight = kHalf; }, "weight_mismatch"},
};
INSTANTIATE_TEST_SUITE_P(Begin, Starts, testing::ValuesIn(kStarts),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Begin, ARefusalOfNoRolloutIsInTheShardsOwnStream) {
  ShardState shard;
  std::vector<Event> events;
  Command command;
  command.key = {"cli", "c-1"};
  command.runbook = "text";
  reject(shard, command, {"unknown_rollout", "no rollout `x`"}, Time{} + 1s, events);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].stream, kShardStream);
  EXPECT_EQ(events[0].sequence, Sequence{1});
  EXPECT_EQ(std::get<Rejected>(events[0].body).command.runbook, "");
  EXPECT_TRUE(shard.commands.contains(command.key));
  EXPECT_EQ(shard.last, Sequence{1});
}

// ---- Looks --------------------------------------------------------------------------------------

TEST(Look, ThatChangesNothingLeavesNoTrace) {
  Drive drive;
  drive.to("canary.hold");
  drive.now += 1s;
  drive.traffic(6000, 6);
  const RolloutState before = drive.state;
  drive.now += 1s;
  drive.traffic(6000, 6);
  EXPECT_EQ(drive.state, before);
  EXPECT_FALSE(drive.pending.empty());
  EXPECT_TRUE(drive.give(Look{true}));
  EXPECT_TRUE(drive.pending.empty());
  EXPECT_TRUE(std::holds_alternative<Observed>(drive.events.back().body));
}

TEST(Look, AtABreachLogsEvidenceVerdictAndWhatFollows) {
  Drive drive;
  drive.to("canary.hold");
  const std::size_t from = drive.events.size();
  drive.now += 1s;
  drive.traffic(6000, 61);
  EXPECT_EQ(kinds(drive, from), (kinds_of<Observed, VerdictChanged, EffectRequested, Transitioned,
                                          EffectRequested, EffectRequested>()));
  const auto& events = drive.events;
  EXPECT_EQ(events[from + 1].cause, events[from].sequence);
  EXPECT_EQ(events[from + 3].cause, events[from + 1].sequence);
  EXPECT_EQ(events[from + 4].cause, events[from + 3].sequence);
  EXPECT_EQ(drive.state.breach,
            "error_rate > 1% over 5m: 1.0167% in 6000 samples, shop.runbook:12:5");
  EXPECT_EQ(drive.last<EffectRequested>().text, "Rolled back: " + drive.state.breach);
  EXPECT_EQ(drive.last<EffectRequested>().criterion, kErrorStop);
}

TEST(Look, EvidenceGoesBeforeAnythingElse) {
  Drive drive;
  drive.to("canary.hold");
  drive.now += 1s;
  drive.traffic(6000, 6);
  drive.now += 1s;
  drive.traffic(6000, 6);
  const std::size_t from = drive.events.size();
  drive.obey(drive.command(Verb::pause));
  EXPECT_EQ(kinds(drive, from), (kinds_of<Observed, Commanded, Paused>()));
}

// ---- Safety first -------------------------------------------------------------------------------

TEST(Order, TheGuardGoesBeforeACommand) {
  Drive drive;
  drive.to("canary.review");
  drive.now += 1s;
  drive.pending.observed = Observed{};
  // The evidence comes with the answer that would end the rollout.
  CellDelta delta;
  delta.reach = Floor::shift;
  delta.cell.end = delta.cell.latest = drive.now;
  for (std::uint32_t i = 0; i < 2; ++i) {
    delta.series = SeriesIndex{i};
    delta.cell.value = Fixed::from_int(i == 0 ? 100'000 : 50'000);
    drive.pending.observed.deltas.push_back(delta);
    drive.pending.observed.seen.push_back(SeriesSeen{SeriesIndex{i}, drive.now, drive.now});
  }
  EXPECT_EQ(drive.confirm("No complaints", "ops", "bob"), "no_question");
  EXPECT_EQ(drive.name(), "rollback");
}

TEST(Order, ADeadlineThatHasPassedGoesBeforeTheAnswerAfterIt) {
  Drive drive;
  drive.to("canary.shift");
  drive.now += kEffectDeadline;
  EXPECT_EQ(drive.settle(drive.effect(EffectKind::traffic)), "late");
  EXPECT_EQ(drive.name(), "rollback");
}

TEST(Order, OfOuterAndInnerStatesTheOuterGoesFirst) {
  Drive drive;
  drive.to("canary.hold");
  drive.now = *drive.state.clocks[kHold.value].mark + 1h;  // the hold is over, and silence as well
  drive.tick();
  EXPECT_EQ(drive.name(), "rollback");
}

TEST(Order, WithinAStateWhatGoesBackGoesBeforeWhatGoesForward) {
  Drive drive;
  Transition forward = drive.machine.transitions[3];  // setup, settled
  forward.to = drive.machine.find("succeeded");
  Transition back = forward;
  back.forward = false;
  back.to = drive.machine.find("aborted");
  drive.machine.transitions[3] = forward;
  drive.machine.transitions.push_back(back);
  drive.to("setup");
  drive.settle_all();
  EXPECT_EQ(drive.name(), "aborted");
}

TEST(Order, AlwaysIsTakenAtOnce) {
  Drive drive;
  Transition at_once;
  at_once.from = drive.machine.find("preflight");
  at_once.to = drive.machine.find("setup");
  at_once.label = "nothing is required";
  drive.machine.transitions.push_back(at_once);
  drive.begin();
  EXPECT_EQ(drive.name(), "setup");
}

TEST(Order, StatesThatAreLeftDoTheirExitBeforeTheNextsEntry) {
  Drive drive;
  drive.to("canary.hold");
  const std::size_t from = drive.events.size();
  drive.obey(drive.command(Verb::abort));
  EXPECT_EQ(std::get<EffectRequested>(drive.events[from + 1].body).kind, EffectKind::report);
  EXPECT_TRUE(std::holds_alternative<Transitioned>(drive.events[from + 2].body));
}

// ---- Paused, behind, blind ----------------------------------------------------------------------

TEST(Barred, TheGuardActsWhilePausedAndWhileBehind) {
  for (const bool paused : {true, false}) {
    Drive drive;
    drive.to("canary.hold");
    if (paused) {
      drive.obey(drive.command(Verb::pause));
    } else {
      drive.give(See{SourceStatus{"bus", Sight::catching_up}});
    }
    drive.now += 1s;
    drive.traffic(6000, 600);
    EXPECT_EQ(drive.name(), "rollback");
  }
}

TEST(Barred, AnEngineThatWasAwayTakesItsAbsenceForNoSilence) {
  Drive drive;
  drive.to("canary.hold");
  const Time from = drive.now;
  drive.now += 6min;
  drive.give(Wake{EngineGap{from, drive.now}});
  drive.give(See{SourceStatus{"bus", Sight::catching_up}});
  drive.now += 10min;
  drive.tick();
  drive.give(See{SourceStatus{"bus", Sight::live}});
  EXPECT_EQ(drive.name(), "canary.hold");
  drive.pass(3min - 1ns);
  EXPECT_EQ(drive.name(), "canary.hold");
  drive.pass(1ns);
  EXPECT_EQ(drive.name(), "rollback");
}

TEST(Barred, AClockThatWasSteppedTakesNoSilenceFromBefore) {
  Drive drive;
  drive.to("canary.hold");
  drive.now += 2min;
  drive.give(Step{ClockStep{1h}});
  EXPECT_EQ(drive.last<ClockStep>().by, 1h);
  drive.pass(2min);
  EXPECT_EQ(drive.name(), "canary.hold");
}

TEST(Barred, TheSameSightTwiceIsSaidOnce) {
  Drive drive;
  drive.to("canary.hold");
  EXPECT_FALSE(drive.give(See{SourceStatus{"bus", Sight::live}}));
  EXPECT_TRUE(drive.give(See{SourceStatus{"bus", Sight::unreachable}}));
  EXPECT_FALSE(drive.give(See{SourceStatus{"bus", Sight::unreachable}}));
}

TEST(Barred, OffsetsThatWereLostLeaveNoWindowWhole) {
  Drive drive;
  drive.to("canary.hold");
  drive.now += 1s;
  drive.give(Miss{SourceGap{"metrics", 0, 10, 90}});
  EXPECT_EQ(drive.state.whole_from, drive.now);
}

TEST(Barred, CommandsThatWereLostPage) {
  Drive drive;
  drive.to("canary.hold");
  const int pages = drive.count<EffectRequested>();
  drive.give(Miss{SourceGap{"metrics", 0, 10, 90}});
  EXPECT_EQ(drive.count<EffectRequested>(), pages);
  drive.give(Miss{SourceGap{"commands", 2, 5, 10}, true});
  ASSERT_EQ(drive.count<EffectRequested>(), pages + 1);
  const auto& page = drive.last<EffectRequested>();
  EXPECT_EQ(page.kind, EffectKind::page);
  EXPECT_EQ(page.channel, drive.machine.pager);
  EXPECT_EQ(page.text,
            "Commands are lost: topic commands, partition 2 was to be read on from offset 5 and "
            "begins at 10. An abort may have been among them: say again what was not obeyed");
  const Event& told = drive.events.back();
  EXPECT_TRUE(std::holds_alternative<SourceGap>(drive.events[drive.events.size() - 2].body));
  EXPECT_EQ(told.cause, drive.events[drive.events.size() - 2].sequence);
  EXPECT_EQ(drive.name(), "canary.hold");
}

TEST(Barred, WhatWasDeliveredIsLogged) {
  Drive drive;
  drive.to("canary.shift");
  const Sequence shift = drive.effect(EffectKind::traffic);
  drive.give(Deliver{shift});
  EXPECT_EQ(drive.last<EffectDelivered>().effect, shift);
  EXPECT_EQ(drive.events.back().cause, shift);
}

// ---- When to look at the clock ------------------------------------------------------------------

// From deadline to deadline something happens at each, and nothing a moment before it.
TEST(NextDeadline, IsTheFirstMomentAtWhichATickDoesSomething) {
  for (const char* name : {"setup", "canary.shift", "canary.hold", "canary.run", "canary.review",
                           "canary.decide", "rollback", "gradual"}) {
    Drive drive;
    drive.to(name);
    drive.give(Look{true});
    for (int i = 0; i < 12 && !drive.state.finished(); ++i) {
      const Time next = next_deadline(drive.machine, drive.state, drive.pending, drive.now);
      if (next == kDistantFuture) break;
      drive.now = next - 1ns;
      EXPECT_FALSE(drive.tick()) << name;
      drive.now = next;
      drive.tick();
      EXPECT_GT(next_deadline(drive.machine, drive.state, drive.pending, drive.now), drive.now);
    }
  }
}

TEST(NextDeadline, CountsWhatIsPending) {
  Drive drive;
  drive.to("canary.hold");
  drive.now += 1min;
  drive.traffic(6000, 6);
  drive.give(Look{true});
  const Time stale = drive.now + kStaleAfter;
  EXPECT_EQ(next_deadline(drive.machine, drive.state, drive.pending, drive.now), stale);
  drive.now += 1min;
  drive.traffic(6000, 6);
  ASSERT_FALSE(drive.pending.empty());
  EXPECT_EQ(next_deadline(drive.machine, drive.state, drive.pending, drive.now), stale + 1min);
}

TEST(NextDeadline, LeavesOutWhatRestsWhileBlind) {
  Drive drive;
  drive.to("canary.shift");
  drive.give(See{SourceStatus{"bus", Sight::unreachable}});
  EXPECT_EQ(next_deadline(drive.machine, drive.state, drive.pending, drive.now), kDistantFuture);
  Drive back;
  back.to("rollback");
  back.give(See{SourceStatus{"bus", Sight::unreachable}});
  EXPECT_LT(next_deadline(back.machine, back.state, back.pending, back.now), back.now + 1min);
}

}  // namespace
}  // namespace rollbook::core::tests
