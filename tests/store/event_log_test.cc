// One suite for every EventLog: what the port promises, whoever keeps the bytes.

#include "engine/runtime/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "store/hash.h"
#include "store/memory_event_log.h"
#include "store/rocks_event_log.h"
#include "tests/store/log_fixture.h"

namespace rollbook::store {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct InMemory {
  std::unique_ptr<runtime::EventLog> open() { return std::make_unique<MemoryEventLog>(); }
};
struct OnRocks {
  TemporaryDirectory directory;
  std::unique_ptr<runtime::EventLog> open() {
    auto log = RocksEventLog::open(directory.path());
    EXPECT_TRUE(log) << log.error().message;
    return std::move(*log);
  }
};

template <class Kind>
class EventLogTest : public testing::Test {
 protected:
  runtime::Appended append(runtime::Turn turn) {
    auto appended = log->append(turn, render);
    EXPECT_TRUE(appended) << appended.error().message;
    return appended ? *appended : runtime::Appended{};
  }
  runtime::Appended append_events(std::vector<core::Event> events) {
    runtime::Turn turn;
    turn.events = std::move(events);
    return append(std::move(turn));
  }

  Kind kind;
  std::unique_ptr<runtime::EventLog> log = kind.open();
};
using EveryLog = testing::Types<InMemory, OnRocks>;
TYPED_TEST_SUITE(EventLogTest, EveryLog);

TYPED_TEST(EventLogTest, is_empty_at_first) {
  EXPECT_EQ(this->log->last_position(), runtime::Position{0});
  EXPECT_THAT(*this->log->streams(), IsEmpty());
  EXPECT_THAT(all_of(*this->log, 1), IsEmpty());
  EXPECT_THAT(*this->log->read_positions({0}, 10), IsEmpty());
  EXPECT_THAT(*this->log->outbox(), IsEmpty());
  EXPECT_EQ(*this->log->value("heartbeat"), std::nullopt);
  EXPECT_FALSE(this->log->plan(std::string(64, '0')));
}

TYPED_TEST(EventLogTest, gives_back_what_was_appended) {
  const auto first = this->append_events(events_from(1, 1, 6));
  EXPECT_EQ(first.last, runtime::Position{6});
  EXPECT_EQ(first.hashes.size(), 6u);
  const auto second = this->append_events(events_from(1, 7, 3));
  EXPECT_EQ(second.last, runtime::Position{9});
  EXPECT_EQ(this->log->last_position(), runtime::Position{9});
  EXPECT_EQ(all_of(*this->log, 1), events_from(1, 1, 9));
}

TYPED_TEST(EventLogTest, reads_a_stream_from_the_middle_and_stops_when_told) {
  this->append_events(events_from(1, 1, 20));
  EXPECT_EQ(all_of(*this->log, 1, 15), events_from(1, 15, 6));
  EXPECT_EQ(all_of(*this->log, 1, 0), events_from(1, 1, 20));
  EXPECT_THAT(all_of(*this->log, 1, 21), IsEmpty());
  EXPECT_THAT(all_of(*this->log, 1, 99), IsEmpty());
  int visits = 0;
  EXPECT_TRUE(this->log->read({1}, {1}, [&](const runtime::StoredEvent&) { return ++visits < 3; }));
  EXPECT_EQ(visits, 3);
}

TYPED_TEST(EventLogTest, reads_a_long_stream_whole) {
  constexpr std::uint64_t kEvents = 5'000;
  for (std::uint64_t first = 1; first <= kEvents; first += 500) {
    this->append_events(events_from(1, first, 500));
  }
  std::uint64_t next = 1;
  const auto status = this->log->read({1}, {1}, [&](const runtime::StoredEvent& stored) {
    EXPECT_EQ(stored.position.value, next);
    EXPECT_EQ(stored.event, event_at(1, next));
    return next++ < kEvents && !testing::Test::HasFailure();
  });
  EXPECT_TRUE(status);
  EXPECT_EQ(next, kEvents + 1);
  // Stopped in the middle, where another thread may be ahead.
  std::uint64_t visits = 0;
  EXPECT_TRUE(
      this->log->read({1}, {1}, [&](const runtime::StoredEvent&) { return ++visits < 3'000; }));
  EXPECT_EQ(visits, 3'000u);
}

TYPED_TEST(EventLogTest, orders_events_of_all_streams_without_holes) {
  std::vector<core::Event> events = {event_at(2, 1), event_at(0, 1), event_at(1, 1),
                                     event_at(2, 2)};
  const auto appended = this->append_events(events);
  const auto stored = this->log->read_positions({0}, 10);
  ASSERT_TRUE(stored);
  ASSERT_EQ(stored->size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ((*stored)[i].position.value, i + 1);
    EXPECT_EQ((*stored)[i].event, events[i]);
    EXPECT_EQ((*stored)[i].hash, appended.hashes[i]);
    EXPECT_EQ((*stored)[i].hash.size(), 8u);
  }
  EXPECT_EQ(this->log->read_positions({1}, 2)->size(), 2u);
  EXPECT_EQ(this->log->read_positions({1}, 2)->front().event, events[1]);
  EXPECT_THAT(*this->log->read_positions({4}, 2), IsEmpty());
}

TYPED_TEST(EventLogTest, names_its_streams_without_the_shards_own) {
  this->append_events({event_at(0, 1), event_at(7, 1), event_at(2, 1)});
  EXPECT_THAT(*this->log->streams(), ElementsAre(core::StreamId{2}, core::StreamId{7}));
}

TYPED_TEST(EventLogTest, chains_hashes_per_stream) {
  const auto both = this->append_events({event_at(1, 1), event_at(2, 1)});
  EXPECT_NE(both.hashes[0], both.hashes[1]);
  TypeParam other;
  auto second = other.open();
  runtime::Turn turn;
  turn.events = {event_at(1, 1), event_at(2, 1)};
  EXPECT_EQ(second->append(turn, render)->hashes, both.hashes);
  // A change in the first event is seen in the hash of the next.
  TypeParam third_kind;
  auto third = third_kind.open();
  turn.events = {event_at(1, 1), event_at(1, 2)};
  const auto plain = second->append({{event_at(1, 2)}, {}, {}, {}}, render);
  turn.events[0].cause = {9};
  EXPECT_NE(third->append(turn, render)->hashes[1], plain->hashes[0]);
}

TYPED_TEST(EventLogTest, opens_and_closes_outbox_rows) {
  const auto appended = this->append_events(events_from(1, 1, 10));
  ASSERT_EQ(appended.outbox.size(), 2u);
  EXPECT_EQ(appended.outbox[0].sequence, core::Sequence{5});
  EXPECT_EQ(appended.outbox[0].id, "rollout-1/5/" + appended.hashes[4]);
  auto rows = this->log->outbox();
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].id, appended.outbox[0].id);
  EXPECT_EQ((*rows)[0].payload, appended.outbox[0].payload);
  EXPECT_EQ((*rows)[0].topic, "rollbook.effects");
  EXPECT_EQ((*rows)[0].key, "rollout-1");
  EXPECT_EQ((*rows)[0].type, "dev.rollbook.effect.traffic");
  EXPECT_TRUE((*rows)[0].forward);
  EXPECT_EQ((*rows)[1].sequence, core::Sequence{10});

  runtime::Turn turn;
  turn.closed = {{{1}, {5}}};
  this->append(turn);
  rows = this->log->outbox();
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].sequence, core::Sequence{10});
}

TYPED_TEST(EventLogTest, never_sends_what_its_own_turn_cancels) {
  runtime::Turn turn;
  turn.events = events_from(1, 1, 5);
  turn.closed = {{{1}, {5}}};
  EXPECT_THAT(this->append(turn).outbox, IsEmpty());
  EXPECT_THAT(*this->log->outbox(), IsEmpty());
}

TYPED_TEST(EventLogTest, keeps_values_until_they_are_empty) {
  runtime::Turn turn;
  turn.values = {{"heartbeat", "1"}, {"cursor", std::string("\0\xff", 2)}};
  EXPECT_EQ(this->append(turn).last, runtime::Position{0});
  EXPECT_EQ(*this->log->value("heartbeat"), "1");
  EXPECT_EQ(*this->log->value("cursor"), std::string("\0\xff", 2));
  turn.values = {{"heartbeat", ""}, {"cursor", "2"}};
  this->append(turn);
  EXPECT_EQ(*this->log->value("heartbeat"), std::nullopt);
  EXPECT_EQ(*this->log->value("cursor"), "2");
}

TYPED_TEST(EventLogTest, stores_a_plan_once_under_its_digest) {
  runtime::Turn turn;
  turn.plans = {some_plan()};
  this->append(turn);
  auto plan = this->log->plan(some_plan().digest);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->file, some_plan().file);
  EXPECT_EQ(plan->source, some_plan().source);
  EXPECT_EQ(plan->expanded, some_plan().expanded);
  EXPECT_EQ(plan->machine, some_plan().machine);
  turn.plans[0].machine.name = "another compiler's";
  this->append(turn);
  EXPECT_EQ(this->log->plan(some_plan().digest)->machine.name, "hal9");
  const auto missing = this->log->plan(std::string(64, '0'));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "no plan `" + std::string(64, '0') + "` in this log");
}

TYPED_TEST(EventLogTest, takes_an_empty_turn_as_nothing) {
  this->append_events(events_from(1, 1, 2));
  EXPECT_EQ(this->append({}).last, runtime::Position{2});
}

TYPED_TEST(EventLogTest, refuses_a_hole_and_everything_after_it) {
  this->append_events(events_from(1, 1, 2));
  runtime::Turn turn;
  turn.events = {event_at(1, 4)};
  const auto hole = this->log->append(turn, render);
  ASSERT_FALSE(hole);
  EXPECT_EQ(hole.error().message, "stream 1, event 4 cannot be appended: event 3 is next there");
  turn.events = {event_at(1, 3)};
  EXPECT_FALSE(this->log->append(turn, render));
  EXPECT_EQ(this->log->last_position(), runtime::Position{2});
  EXPECT_EQ(all_of(*this->log, 1), events_from(1, 1, 2));
}

TYPED_TEST(EventLogTest, refuses_a_plan_without_a_digest) {
  runtime::Turn turn;
  turn.plans = {some_plan()};
  turn.plans[0].digest = "abc";
  const auto appended = this->log->append(turn, render);
  ASSERT_FALSE(appended);
  EXPECT_THAT(appended.error().message, HasSubstr("a digest is 64 hex digits"));
}

TYPED_TEST(EventLogTest, can_be_read_while_it_is_appended_to) {
  this->append_events(events_from(1, 1, 1));
  runtime::Turn plan;
  plan.plans = {some_plan()};
  this->append(plan);
  std::jthread publisher([&](std::stop_token stop) {
    runtime::Position cursor;
    while (!stop.stop_requested() || cursor < this->log->last_position()) {
      const auto events = this->log->read_positions(cursor, 7);
      ASSERT_TRUE(events) << events.error().message;
      for (const auto& stored : *events) {
        ASSERT_EQ(stored.position.value, cursor.value + 1);
        ASSERT_EQ(stored.event, event_at(1, stored.position.value));
        cursor = stored.position;
      }
      ASSERT_TRUE(this->log->plan(some_plan().digest));
      ASSERT_TRUE(this->log->outbox());
    }
  });
  for (std::uint64_t sequence = 2; sequence <= 200; ++sequence) {
    this->append_events(events_from(1, sequence, 1));
  }
}

TEST(MemoryEventLog, dumps_the_same_bytes_for_the_same_turns) {
  MemoryEventLog one, two, three;
  runtime::Turn turn;
  turn.events = {event_at(1, 1), event_at(2, 1), event_at(1, 2)};
  ASSERT_TRUE(one.append(turn, render));
  ASSERT_TRUE(two.append(turn, render));
  EXPECT_EQ(one.dump(), two.dump());
  EXPECT_FALSE(one.dump().empty());
  EXPECT_GT(one.event_bytes(), 3u * 58u);
  turn.events[1].time += std::chrono::nanoseconds(1);
  ASSERT_TRUE(three.append(turn, render));
  EXPECT_NE(one.dump(), three.dump());
}

TEST(MemoryEventLog, can_fail_on_purpose) {
  MemoryEventLog log;
  log.fail_appends("no space left");
  EXPECT_EQ(log.append({{event_at(1, 1)}, {}, {}, {}}, render).error().message, "no space left");
}

// Both keep the same bytes: the hashes are over them.
TEST(EventLogs, agree_on_every_hash) {
  TemporaryDirectory directory;
  MemoryEventLog memory;
  const auto rocks = RocksEventLog::open(directory.path());
  ASSERT_TRUE(rocks);
  runtime::Turn turn;
  turn.plans = {some_plan()};
  turn.events = events_from(1, 1, 50);
  EXPECT_EQ(memory.append(turn, render)->hashes, (*rocks)->append(turn, render)->hashes);
}

}  // namespace
}  // namespace rollbook::store
