#pragma once
// ShardRig: a shard over an in-memory log, with the plan of stage_machine.h and a clock that the
// test moves. Every commit() is kept: events, rows of the outbox, what was cancelled.
//
//   ShardRig rig;
//   rig.start("r1");
//   rig.to_hold();
//   rig.traffic(6000, 61);
//   EXPECT_EQ(rig.state("r1"), "rollback");

#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/shard.h"
#include "store/memory_event_log.h"
#include "tests/engine/points.h"

namespace rollbook::runtime::tests {

// The log as it is, but without the values whose names begin so: a cache that was dropped.
class Forgetful final : public EventLog {
 public:
  Forgetful(EventLog& log, std::string prefix) : log_(log), prefix_(std::move(prefix)) {}
  core::Result<Appended> append(const Turn& turn, const Render& render) override {
    return log_.append(turn, render);
  }
  core::Result<std::vector<core::StreamId>> streams() const override { return log_.streams(); }
  core::Status read(core::StreamId stream, core::Sequence from,
                    const std::function<bool(const StoredEvent&)>& visit) const override {
    return log_.read(stream, from, visit);
  }
  core::Result<std::vector<StoredEvent>> read_positions(Position after,
                                                        std::size_t most) const override {
    return log_.read_positions(after, most);
  }
  Position last_position() const override { return log_.last_position(); }
  core::Result<Plan> plan(const core::Digest& digest) const override { return log_.plan(digest); }
  core::Result<std::vector<OutboxRow>> outbox() const override { return log_.outbox(); }
  core::Result<std::optional<std::string>> value(const std::string& name) const override {
    if (name.rfind(prefix_, 0) == 0) return std::optional<std::string>{};
    return log_.value(name);
  }

 private:
  EventLog& log_;
  std::string prefix_;
};

class ShardRig {
 public:
  ShardRig();

  // Recovers another shard from the log, as a restart would; `log` may forget its caches.
  void recover(EventLog& from);
  void recover() { recover(log); }
  // Reads again what is on the topic from where the shard asks for it.
  void read_again();

  Compiled compiled(const std::string& service = "shop") const;
  core::Command command(core::Verb verb, const std::string& rollout = "r1");
  // Each gives one input and commits; returns the reason of a refusal, or "".
  std::string send(core::Command command);
  std::string start(const std::string& rollout, const std::string& service = "shop");
  std::string settle(const std::string& effect, bool succeeded = true);
  // Of the last effect of that kind, as its row in the outbox names it.
  std::string effect_id(core::EffectKind kind) const;
  // The id that the effect of this id names as its first attempt; empty: none.
  std::string retried(const std::string& effect) const;
  void settle_all();
  void to_hold(const std::string& rollout = "r1");

  // One scrape of the canary: cumulative counters, `requests` and `errors` more than before.
  void traffic(std::int64_t requests, std::int64_t errors);
  void feed(PointBatch batch);
  void tick();
  void pass(core::Duration by);  // with ticks at every deadline, without traffic
  void commit();

  std::string state(const std::string& rollout = "r1") const;
  template <class Body>
  int count() const {
    int found = 0;
    for (const core::Event& event : events) found += std::holds_alternative<Body>(event.body);
    return found;
  }

  store::MemoryEventLog log;
  ShardOptions options;
  std::unique_ptr<Shard> shard;
  Time now = kBegin;
  std::vector<core::Event> events;
  std::vector<OutboxRow> outbox;
  std::vector<OutboxKey> cancelled;
  std::vector<PointBatch> topic;  // all that was ever fed
  bool delivers = true;           // rows are delivered as they are committed
  Points points;

 private:
  std::uint64_t commands_ = 0;
  std::int64_t requests_ = 0, errors_ = 0;
  std::optional<std::pair<SeriesNumber, SeriesNumber>> series_;
};

}  // namespace rollbook::runtime::tests
