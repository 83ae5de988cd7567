// Recovery: from the log alone, with and without its caches, the same state; and metrics go on
// from the newest checkpoint that every rollout has logged past.

#include <gtest/gtest.h>

#include "tests/engine/shard_rig.h"

namespace rollbook::runtime::tests {
namespace {

using core::Verb;

// The live shard and one recovered from its log know the same.
void expect_same(ShardRig& rig, EventLog& from) {
  const core::ShardState books = rig.shard->state();
  std::map<core::StreamId, core::RolloutState> states;
  for (const auto& [stream, rollout] : rig.shard->rollouts()) states[stream] = rollout.state;
  rig.recover(from);
  EXPECT_EQ(rig.shard->state(), books);
  ASSERT_EQ(rig.shard->rollouts().size(), states.size());
  for (const auto& [stream, rollout] : rig.shard->rollouts()) {
    EXPECT_TRUE(rollout.state == states.at(stream)) << stream.value;
    EXPECT_EQ(core::hash(rollout.state), core::hash(states.at(stream)));
  }
}

// An hour of two rollouts, one of which has ended, and a third that was refused.
void an_hour(ShardRig& rig) {
  rig.start("r1");
  rig.to_hold("r1");
  rig.start("r2", "mail");
  rig.to_hold("r2");
  rig.start("r3");
  for (int i = 0; i < 240; ++i) {
    rig.pass(15s);
    rig.traffic(1500, 1);
    if (i == 100) rig.send(rig.command(Verb::abort, "r2"));
    if (i == 101) rig.settle_all();
  }
}

TEST(Recover, AnEmptyLogIsAnEmptyShard) {
  ShardRig rig;
  EXPECT_TRUE(rig.shard->rollouts().empty());
  EXPECT_EQ(rig.shard->state(), core::ShardState{});
  EXPECT_TRUE(rig.shard->metric_offsets().empty());
  EXPECT_EQ(rig.shard->next_deadline(), core::kDistantFuture);
}

TEST(Recover, GivesTheSameStateWithSnapshotsAndWithout) {
  ShardRig rig;
  an_hour(rig);
  ASSERT_TRUE(*rig.log.value("snapshot/1"));
  EXPECT_EQ(rig.shard->find("r2"), nullptr);
  Forgetful without(rig.log, "snapshot/");
  expect_same(rig, without);
  rig.recover();
  expect_same(rig, rig.log);
}

TEST(Recover, ADamagedSnapshotIsPassedOver) {
  ShardRig rig;
  an_hour(rig);
  rig.shard->remember(Value{"snapshot/1", "\x01\x02garbage"});
  rig.commit();
  expect_same(rig, rig.log);
}

TEST(Recover, KnowsTheLastTimeAndTheSight) {
  ShardRig rig;
  rig.start("r1");
  rig.now += 5min;
  rig.shard->sight(core::Sight::unreachable, rig.now);
  rig.commit();
  rig.recover();
  EXPECT_EQ(rig.shard->last_time(), rig.now);
  EXPECT_EQ(rig.shard->sight(), core::Sight::unreachable);
}

TEST(Recover, GoesOnWithItsDeadlines) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  rig.recover();
  rig.pass(3min);
  EXPECT_EQ(rig.state(), "rollback");
}

TEST(Recover, FailsWhereTheLogDoes) {
  class Broken final : public EventLog {
   public:
    explicit Broken(EventLog& log, std::string what) : log_(log), what_(std::move(what)) {}
    core::Result<Appended> append(const Turn& turn, const Render& render) override {
      return log_.append(turn, render);
    }
    core::Result<std::vector<core::StreamId>> streams() const override {
      if (what_ == "streams") return core::fail("no streams");
      return log_.streams();
    }
    core::Status read(core::StreamId stream, core::Sequence from,
                      const std::function<bool(const StoredEvent&)>& visit) const override {
      if (what_ == "read" && stream.value == 1) return core::fail("1/7: the hash does not match");
      return log_.read(stream, from, visit);
    }
    core::Result<std::vector<StoredEvent>> read_positions(Position after,
                                                          std::size_t most) const override {
      return log_.read_positions(after, most);
    }
    Position last_position() const override { return log_.last_position(); }
    core::Result<Plan> plan(const core::Digest& digest) const override {
      if (what_ == "plan") return core::fail("no such plan");
      return log_.plan(digest);
    }
    core::Result<std::vector<OutboxRow>> outbox() const override {
      if (what_ == "outbox") return core::fail("no outbox");
      return log_.outbox();
    }
    core::Result<std::optional<std::string>> value(const std::string& name) const override {
      if (name.rfind(what_, 0) == 0) return core::fail("no value " + name);
      return log_.value(name);
    }

   private:
    EventLog& log_;
    std::string what_;
  };
  ShardRig rig;
  rig.start("r1");
  for (const char* what : {"streams", "read", "plan", "outbox", "commands", "bases", "snapshot"}) {
    Broken log(rig.log, what);
    EXPECT_FALSE(Shard::recover(log, rig.options)) << what;
  }
}

// ---- Where metrics go on ------------------------------------------------------------------------

TEST(Checkpoint, TheFirstStartWritesDownWhereItsInputsBegin) {
  ShardRig rig;
  rig.shard->begin_at({{"metrics", 0, 500}}, {{"commands", 0, 30}}, rig.now);
  rig.commit();
  rig.recover();
  ASSERT_EQ(rig.shard->metric_offsets().size(), 1U);
  EXPECT_EQ(rig.shard->metric_offsets()[0].next, 500);
  ASSERT_EQ(rig.shard->command_offsets().size(), 1U);
  EXPECT_EQ(rig.shard->command_offsets()[0].next, 30);
}

TEST(Checkpoint, WithoutARolloutTheNewestServes) {
  ShardRig rig;
  rig.shard->begin_at({{"metrics", 0, 10}}, {}, rig.now);
  rig.commit();
  rig.shard->begin_at({{"metrics", 0, 20}}, {}, rig.now + 1s);
  rig.commit();
  rig.recover();
  EXPECT_EQ(rig.shard->metric_offsets()[0].next, 20);
}

// Whatever was only folded and not logged when the process ended is read again: what is counted
// at the end is what a process that never ended counts.
void crash_and_compare(core::Duration crash_at, core::Duration start_at) {
  const auto run = [&](bool crashes) {
    auto rig = std::make_unique<ShardRig>();
    rig->options.observe_interval = 20s;
    rig->recover();
    rig->shard->begin_at({{"metrics", 0, 0}}, {}, rig->now);
    rig->commit();
    bool started = false, crashed = false;
    for (core::Duration at = 0s; at < 5min; at += 1s) {
      if (!started && at >= start_at) {
        started = true;
        rig->start("r1");
        rig->to_hold();
      }
      rig->pass(1s);
      rig->traffic(100, 0);
      if (crashes && !crashed && at >= crash_at) {
        crashed = true;
        rig->recover();
        rig->read_again();
      }
    }
    rig->pass(20s);
    rig->traffic(0, 0);
    rig->pass(20s);
    return rig->shard->find("r1")->state.windows[0].total;
  };
  EXPECT_EQ(run(true), run(false)) << "crash at " << crash_at / 1s << " s";
}

TEST(Checkpoint, NothingIsLostOrCountedTwiceWhereverTheProcessEnds) {
  for (core::Duration at = 35s; at < 200s; at += 7s) crash_and_compare(at, 30s);
}

TEST(Checkpoint, NorWhenTheRolloutHasLoggedNothingYet) {
  // It starts just before the checkpoint of a minute, and the process ends just after that.
  for (const core::Duration at : {59s, 60s, 61s, 62s, 66s}) crash_and_compare(at, 57s);
}

TEST(Checkpoint, APartitionThatWasNotReadAgainYetIsSkippedToItsOffset) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  Points other;
  other.partition(1);
  PointBatch second = other.take();
  rig.traffic(100, 0);
  second.new_series = {series_name(2, "requests", {{"v", "new"}, {"pod", "b"}})};
  MetricPoint point;
  point.series = SeriesNumber{2};
  point.kind = PointKind::counter_delta;
  point.start = rig.now + 1s;
  point.end = rig.now + 2s;
  point.value = Fixed::from_int(77);
  second.points = {point};
  second.next_offset = 1;
  rig.now += 2s;
  rig.feed(second);
  rig.pass(20s);  // logged
  const auto total = [&] { return rig.shard->find("r1")->state.windows[0].total.value; };
  EXPECT_EQ(total(), Fixed::from_int(77));
  // All checkpoints are gone: everything is read again from the beginning, partition by partition.
  Forgetful without(rig.log, "bases/");
  rig.recover(without);
  EXPECT_TRUE(rig.shard->metric_offsets().empty());
  for (const PointBatch& batch : std::vector<PointBatch>(rig.topic)) {
    rig.shard->points(batch, rig.now);
  }
  rig.commit();
  rig.pass(20s);
  EXPECT_EQ(total(), Fixed::from_int(77));
}

}  // namespace
}  // namespace rollbook::runtime::tests
