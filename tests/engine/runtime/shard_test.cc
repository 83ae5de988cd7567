// What a shard does with points and time: looks, observing, deadlines, effects taken back, the end.

#include "engine/runtime/shard.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/shard_rig.h"
#include "tests/engine/stage_machine.h"

namespace rollbook::runtime::tests {
namespace {

using core::EffectKind;
using core::Verb;

std::vector<Time> times_of_observed(const ShardRig& rig, std::size_t from) {
  std::vector<Time> times;
  for (std::size_t i = from; i < rig.events.size(); ++i) {
    if (std::holds_alternative<core::Observed>(rig.events[i].body)) {
      times.push_back(rig.events[i].time);
    }
  }
  return times;
}

// ---- Points -------------------------------------------------------------------------------------

TEST(ShardPoints, ThatChangeNothingAreLoggedOnceAnInterval) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  rig.traffic(6000, 6);
  rig.pass(1s);
  rig.traffic(6000, 6);
  rig.pass(20s);
  const std::size_t from = rig.events.size();
  for (int second = 0; second < 60; ++second) {
    rig.pass(1s);
    rig.traffic(6000, 6);
  }
  const auto times = times_of_observed(rig, from);
  EXPECT_GE(times.size(), 5U);
  EXPECT_LE(times.size(), 7U);
}

TEST(ShardPoints, NearALimitAreLoggedEverySecond) {
  ShardRig rig;
  rig.options.observe_interval = 10s;
  Compiled plan = rig.compiled();
  plan.plan->machine.criteria[0].sustain = 2min;
  CommandInput start;
  start.command = rig.command(Verb::start);
  start.compiled = plan;
  rig.shard->command(start, rig.now);
  rig.commit();
  rig.to_hold();
  rig.traffic(6000, 6);
  rig.pass(1s);
  rig.traffic(6000, 600);
  const std::size_t from = rig.events.size();
  for (int tenth = 0; tenth < 200; ++tenth) {
    rig.pass(100ms);
    rig.traffic(600, 60);
  }
  EXPECT_GE(times_of_observed(rig, from).size(), 18U);
}

TEST(ShardPoints, OfABreachRollBackInTheSameTurn) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  rig.traffic(6000, 6);
  rig.now += 1s;
  rig.traffic(6000, 600);
  EXPECT_EQ(rig.state(), "rollback");
  EXPECT_EQ(rig.outbox.back().id.substr(0, 3), "r1/");
}

// One batch with a breach that lasts three seconds, in the middle of a long healthy backlog: it is
// found, as it would have been live, though the whole batch together looks healthy.
TEST(ShardPoints, OfABacklogAreJudgedSecondBySecond) {
  ShardRig rig;
  Compiled plan = rig.compiled();
  for (core::Window& window : plan.plan->machine.windows) window.width = 10s;
  CommandInput start;
  start.command = rig.command(Verb::start);
  start.compiled = plan;
  rig.shard->command(start, rig.now);
  rig.commit();
  rig.to_hold();
  const SeriesNumber requests = rig.points.series("requests", {{"v", "new"}});
  const SeriesNumber errors = rig.points.series("errors", {{"v", "new"}});
  std::int64_t failed = 0;
  for (int second = 0; second < 120; ++second) {
    if (second >= 60 && second < 63) failed += 300;
    rig.points.counter(requests, rig.now + second * 1s, 1000 * (second + 1));
    rig.points.counter(errors, rig.now + second * 1s, failed);
  }
  rig.now += 2min;
  rig.feed(rig.points.take());
  EXPECT_EQ(rig.state(), "rollback");
}

TEST(ShardPoints, OfABacklogDoNotHeapUp) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  const SeriesNumber requests = rig.points.series("requests", {{"v", "new"}});
  const SeriesNumber errors = rig.points.series("errors", {{"v", "new"}});
  const std::size_t from = rig.events.size();
  for (int second = 0; second < 1000; ++second) {
    rig.points.counter(requests, rig.now + second * 1s, 1000 * (second + 1));
    rig.points.counter(errors, rig.now + second * 1s, second);
  }
  rig.now += 1000s;
  rig.shard->points(rig.points.take(), rig.now);
  EXPECT_LE(rig.shard->find("r1")->pending.observed.deltas.size(), core::kPendingCells + 2);
  rig.commit();
  EXPECT_GE(times_of_observed(rig, from).size(), 1999 / core::kPendingCells);
  EXPECT_EQ(rig.state(), "canary.hold");
}

TEST(ShardPoints, AreCountedByWhatBecameOfThem) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  const SeriesNumber requests = rig.points.series("requests", {{"v", "new"}});
  const SeriesNumber nobody = rig.points.series("other");
  const auto delta = [&](SeriesNumber series, Time end) {
    rig.points.delta(series, end, 5, end - 1s);
  };
  rig.now += 1h;
  delta(requests, rig.now);
  delta(nobody, rig.now);
  delta(requests, rig.now + 1min);
  delta(requests, rig.now - 30min);
  rig.points.gauge(requests, rig.now, 5);
  rig.feed(rig.points.take());
  const Shard::Counters& counters = rig.shard->counters();
  EXPECT_EQ(counters.points, 5U);
  EXPECT_EQ(counters.counted, 1U);
  EXPECT_EQ(counters.quarantined, 1U);
  EXPECT_EQ(counters.late, 1U);
  EXPECT_EQ(counters.refused, 1U);
}

TEST(ShardPoints, FeedEveryRolloutThatAsksForThem) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold("r1");
  rig.start("r2", "mail");
  rig.to_hold("r2");
  rig.traffic(6000, 6);
  rig.now += 1s;
  rig.traffic(6000, 600);
  EXPECT_EQ(rig.state("r1"), "rollback");
  EXPECT_EQ(rig.state("r2"), "rollback");
}

// ---- Time ---------------------------------------------------------------------------------------

TEST(ShardTime, ItsNextDeadlineIsTheEarliestOfAll) {
  ShardRig rig;
  EXPECT_EQ(rig.shard->next_deadline(), core::kDistantFuture);
  rig.start("r1");
  EXPECT_LE(rig.shard->next_deadline(), rig.now + rig.options.observe_interval);
  EXPECT_GT(rig.shard->next_deadline(), rig.now);
}

TEST(ShardTime, PointsPutDeadlinesOff) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  for (int minute = 0; minute < 30; ++minute) {
    rig.traffic(6000, 6);
    rig.pass(1min);
  }
  EXPECT_EQ(rig.state(), "canary.hold");
  rig.pass(3min);  // silent since the last
  EXPECT_EQ(rig.state(), "rollback");
}

TEST(ShardTime, ADeadlineIsMetThoughPointsComeInTheSameTurn) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  for (int minute = 0; minute < 59; ++minute) {
    rig.pass(1min);
    rig.traffic(6000, 6);
  }
  rig.now += 2min;
  rig.traffic(6000, 6);
  EXPECT_EQ(rig.state(), "canary.hold");
  rig.tick();
  EXPECT_EQ(rig.state(), "canary.run");
}

TEST(ShardTime, WhatTheEngineSawReachesEveryRollout) {
  ShardRig rig;
  rig.start("r1");
  rig.start("r2", "mail");
  rig.shard->wake(core::EngineGap{rig.now - 1min, rig.now}, rig.now);
  rig.shard->sight(core::Sight::catching_up, rig.now);
  rig.shard->clock_step(2s, rig.now);
  rig.shard->gap(core::Miss{core::SourceGap{"metrics", 0, 3, 9}}, rig.now);
  rig.commit();
  EXPECT_EQ(rig.count<core::EngineGap>(), 2);
  EXPECT_EQ(rig.count<core::SourceStatus>(), 2);
  EXPECT_EQ(rig.count<core::ClockStep>(), 2);
  EXPECT_EQ(rig.count<core::SourceGap>(), 2);
  EXPECT_EQ(rig.shard->sight(), core::Sight::catching_up);
}

TEST(ShardTime, OnlyLostCommandsPage) {
  const std::string page = std::to_string(static_cast<int>(core::EffectKind::page));
  for (const bool commands : {false, true}) {
    ShardRig rig;
    rig.start("r1");
    rig.start("r2", "mail");
    rig.shard->gap(core::Miss{core::SourceGap{"topic", 0, 3, 9}, commands}, rig.now);
    rig.commit();
    const auto pages = std::count_if(rig.outbox.begin(), rig.outbox.end(),
                                     [&](const OutboxRow& row) { return row.type == page; });
    EXPECT_EQ(pages, commands ? 2 : 0);
  }
}

TEST(ShardTime, ARolloutThatStartsWhileBehindBeginsBehind) {
  ShardRig rig;
  rig.shard->sight(core::Sight::catching_up, rig.now);
  rig.start("r1");
  EXPECT_EQ(rig.shard->find("r1")->state.sight, core::Sight::catching_up);
}

// ---- Effects ------------------------------------------------------------------------------------

TEST(ShardEffects, ADeliveryIsLoggedAndClosesItsRow) {
  ShardRig rig;
  rig.delivers = false;
  rig.start("r1");
  core::Command confirm;
  for (const char* actor : {"ann", "bob"}) {
    confirm = rig.command(Verb::confirm);
    confirm.item = "Ready";
    confirm.role = "dev";
    confirm.actor = actor;
    rig.send(confirm);
  }
  ASSERT_EQ(rig.log.outbox()->size(), 1U);
  const OutboxRow row = rig.outbox.back();
  rig.shard->delivered({row.stream, row.sequence}, rig.now);
  rig.commit();
  EXPECT_TRUE(rig.log.outbox()->empty());
  EXPECT_EQ(rig.count<core::EffectDelivered>(), 1);
}

// To the first shift, whose row stays undelivered.
void to_undelivered_shift(ShardRig& rig) {
  rig.start("r1");
  for (const char* actor : {"ann", "bob"}) {
    core::Command confirm = rig.command(Verb::confirm);
    confirm.item = "Ready";
    confirm.role = "dev";
    confirm.actor = actor;
    rig.send(confirm);
  }
  rig.delivers = false;
  rig.settle_all();
  ASSERT_EQ(rig.state(), "canary.shift");
  ASSERT_EQ(rig.log.outbox()->size(), 1U);
}

TEST(ShardEffects, AShiftThatNoTopicTakesHasFailedAndIsNotSentAgain) {
  ShardRig rig;
  to_undelivered_shift(rig);
  const OutboxRow shift = rig.outbox.back();
  rig.shard->undeliverable({shift.stream, shift.sequence}, shift.id, "it is too large", rig.now);
  rig.commit();
  const auto rows = rig.log.outbox();
  for (const OutboxRow& row : *rows) EXPECT_NE(row.id, shift.id);
  EXPECT_EQ(rig.count<core::EffectDelivered>(), 1);  // of the run before it
  const core::EffectSettled* settled = nullptr;
  for (const core::Event& event : rig.events) {
    if (const auto* body = std::get_if<core::EffectSettled>(&event.body)) settled = body;
  }
  ASSERT_NE(settled, nullptr);
  EXPECT_EQ(settled->effect, shift.sequence);
  EXPECT_EQ(settled->outcome, core::EffectOutcome::failed);
  EXPECT_EQ(settled->detail, "it is too large");
  EXPECT_EQ(rig.state(), "rollback");
}

TEST(ShardEffects, ARollbackTakesBackWhatHasNotGoneOut) {
  ShardRig rig;
  to_undelivered_shift(rig);
  const OutboxRow shift = rig.outbox.back();
  rig.send(rig.command(Verb::abort));
  ASSERT_EQ(rig.cancelled.size(), 1U);
  EXPECT_EQ(rig.cancelled[0], (OutboxKey{shift.stream, shift.sequence}));
  const auto rows = rig.log.outbox();
  for (const OutboxRow& row : *rows) EXPECT_FALSE(row.forward);
}

TEST(ShardEffects, ARollbackTakesBackWhatWasUndeliveredBeforeARestart) {
  ShardRig rig;
  to_undelivered_shift(rig);
  rig.recover();
  rig.send(rig.command(Verb::abort));
  EXPECT_EQ(rig.cancelled.size(), 1U);
}

TEST(ShardEffects, WhatARollbackOvertakesInItsOwnTurnNeverGoesOut) {
  ShardRig rig;
  rig.start("r1");
  for (const char* actor : {"ann", "bob"}) {
    core::Command confirm = rig.command(Verb::confirm);
    confirm.item = "Ready";
    confirm.role = "dev";
    confirm.actor = actor;
    rig.send(confirm);
  }
  const std::string checkpoint = rig.effect_id(EffectKind::checkpoint);
  const std::size_t rows = rig.outbox.size();
  CommandInput settle, abort;
  settle.command = rig.command(Verb::settle);
  settle.command.effect = checkpoint;
  abort.command = rig.command(Verb::abort);
  rig.shard->command(settle, rig.now);
  rig.shard->command(abort, rig.now);
  rig.commit();
  ASSERT_EQ(rig.state(), "rollback");
  for (std::size_t i = rows; i < rig.outbox.size(); ++i) EXPECT_FALSE(rig.outbox[i].forward);
  EXPECT_NE(rig.effect_id(EffectKind::traffic), "");  // its own shift does
}

TEST(ShardEffects, ARollbackKeepsItsOwnRuns) {
  ShardRig rig;
  Compiled plan = rig.compiled();
  plan.plan->machine.states[10].entry.push_back(core::EffectIndex{2});
  CommandInput start;
  start.command = rig.command(Verb::start);
  start.compiled = plan;
  rig.shard->command(start, rig.now);
  rig.commit();
  rig.to_hold();
  rig.delivers = false;
  rig.send(rig.command(Verb::abort));
  EXPECT_NE(rig.effect_id(EffectKind::run), "");
  rig.settle(rig.effect_id(EffectKind::traffic));
  EXPECT_TRUE(rig.cancelled.empty());
}

// ---- The turn -----------------------------------------------------------------------------------

TEST(ShardTurn, WithoutAnInputIsNothing) {
  ShardRig rig;
  const auto committed = rig.shard->commit(rig.now);
  ASSERT_TRUE(committed);
  EXPECT_TRUE(committed->events.empty());
  EXPECT_EQ(rig.log.last_position(), Position{0});
}

TEST(ShardTurn, ThatCannotBeWrittenEndsInItsError) {
  ShardRig rig;
  rig.log.fail_appends("no space left");
  CommandInput start;
  start.command = rig.command(Verb::start);
  start.compiled = rig.compiled();
  rig.shard->command(start, rig.now);
  const auto committed = rig.shard->commit(rig.now);
  ASSERT_FALSE(committed);
  EXPECT_NE(committed.error().message.find("no space left"), std::string::npos);
}

TEST(ShardTurn, ARolloutThatEndedIsNoLongerHeld) {
  ShardRig rig;
  rig.start("r1");
  rig.traffic(6000, 6);
  rig.send(rig.command(Verb::abort));
  EXPECT_EQ(rig.shard->find("r1"), nullptr);
  EXPECT_TRUE(rig.shard->rollouts().empty());
  EXPECT_EQ(rig.shard->next_deadline(), core::kDistantFuture);
  rig.now += 1s;
  rig.traffic(6000, 6000);  // feeds nobody
  EXPECT_EQ(rig.start("r2"), "");
  EXPECT_EQ(rig.shard->find("nowhere"), nullptr);
}

TEST(ShardTurn, RemembersWhatItIsGiven) {
  ShardRig rig;
  rig.shard->remember(Value{"cursor", "17"});
  rig.commit();
  EXPECT_EQ(*rig.log.value("cursor"), "17");
}

}  // namespace
}  // namespace rollbook::runtime::tests
