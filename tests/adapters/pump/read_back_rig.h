#pragma once
// An engine without threads over a bus in memory: the shard is driven turn by turn, the reader of
// the past step by step, and either may be ended at any moment as kill -9 would.
//
//   ReadBackRig rig;
//   rig.put(kStart - 1h, point("compared", 100, kStart - 1h));
//   rig.open();                       // the engine's first start
//   rig.start(kShadow);
//   rig.read_back();
//   EXPECT_FALSE(rig.waits());

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/memory_bus.h"
#include "adapters/pump/read_back_pass.h"
#include "dsl/compiler.h"
#include "engine/runtime/shard.h"
#include "store/memory_event_log.h"

namespace rollbook::tests {

using namespace std::chrono_literals;
using core::Time;

inline constexpr Time kStart{std::chrono::seconds(1767571200)};  // 2026-01-05T00:00Z

inline constexpr const char* kShadow = R"(edition 1
runbook shadow {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  metric match    = counter shadow_match_total unsplit
  metric compared = counter shadow_total unsplit
  require {
    expect match / compared > 99% over 24h
    within 48h otherwise end
  }
  guard {
    stop errors / requests > 5% over 10s at least 20 requests
    otherwise rollback automatic
  }
  stage half { traffic 50%
    hold 30s }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

struct PointText {
  std::string metric;
  std::int64_t value = 0;
  Time end{};
  std::string kind = "counter_delta";
  std::optional<Time> start = {};
  std::string pod = "a";
};

inline std::string text_of(const PointText& point) {
  const auto nanos = [](Time time) { return std::to_string(time.time_since_epoch().count()); };
  std::string text = "{\"metric\":\"" + point.metric + "\",\"labels\":{\"pod\":\"" + point.pod +
                     "\"},\"kind\":\"" + point.kind +
                     "\",\"value\":" + std::to_string(point.value) +
                     ",\"time\":" + nanos(point.end);
  if (point.start) text += ",\"start\":" + nanos(*point.start);
  return text + "}";
}

class ReadBackRig {
 public:
  explicit ReadBackRig(int partitions = 1) { bus.create_topic("metrics", partitions); }

  // A record that was sent at that time.
  void put(Time time, const std::string& text, std::int32_t partition = 0) {
    const Time before = std::exchange(clock, time);
    bus.append("metrics", partition, "", text);
    clock = before;
  }
  void put(const PointText& point, std::int32_t partition = 0) {
    put(point.end + 1s, text_of(point), partition);
  }
  // Each minute of [from, to), in the minute's end: that many compared, and matched.
  void shadow(Time from, Time to, std::int64_t compared = 100, std::int64_t matched = 100) {
    for (Time end = from + 1min; end <= to; end += 1min) {
      put({"shadow_total", compared, end, "counter_delta", end - 1min});
      put({"shadow_match_total", matched, end, "counter_delta", end - 1min});
    }
  }

  // The engine begins, or begins again on its log.
  void open() {
    runtime::ShardOptions options;
    options.read_back_most = most;
    options.observe_interval = 1s;
    auto recovered = runtime::Shard::recover(log, options);
    ASSERT_TRUE(recovered) << recovered.error().message;
    shard = std::move(*recovered);
    if (shard->command_offsets().empty()) {
      shard->begin_at(*bus.ends({"metrics"}), {{"commands", 0, 0}}, clock);
      ASSERT_TRUE(shard->commit(clock));
    }
    decoder = adapters::MetricDecoder();
    consumer = std::move(*bus.consumer({"metrics"}, shard->metric_offsets(), false));
    pass.reset();
  }

  // Up to `most` records that have come by now, and what is due.
  void turn(std::size_t most_records = 1000) {
    runtime::PointBatch batch;
    std::vector<adapters::DeadLetter> letters;
    const auto flush = [&] {
      if (batch.next_offset > 0) shard->points(std::exchange(batch, {}), clock);
    };
    runtime::ConsumerEvents on;
    on.on_record = [&](const runtime::Record& record) {
      if (batch.next_offset > 0 && batch.partition != record.partition) flush();
      decoder.decode(record, batch, letters);
      batch.next_offset = record.offset + 1;
    };
    ASSERT_TRUE(consumer->poll(0ns, most_records, on));
    EXPECT_TRUE(letters.empty());
    flush();
    shard->tick(clock);
    commit();
  }

  void commit() {
    auto committed = shard->commit(clock);
    ASSERT_TRUE(committed) << committed.error().message;
    events.insert(events.end(), committed->events.begin(), committed->events.end());
  }

  void start(const std::string& runbook, const std::string& rollout = "r1") {
    const dsl::Compiler compiler;
    runtime::CommandInput input;
    input.command.key = {"test", "start-" + rollout};
    input.command.verb = core::Verb::start;
    input.command.rollout = rollout;
    input.compiled = compiler.compile("test.runbook", runbook, {});
    input.position = core::SourceOffset{"commands", 0, ++commands};
    ASSERT_TRUE(input.compiled->plan) << input.compiled->diagnostics.front().message;
    shard->command(input, clock);
    commit();
    ASSERT_NE(shard->find(rollout), nullptr);
  }

  // A pass for all that wait; it is not stepped yet.
  core::Status begin_pass() {
    std::vector<runtime::PastRequest> requests;
    for (const auto& [stream, reading] : shard->readings()) {
      requests.push_back(shard->past_request(stream));
    }
    TRY(pass, adapters::ReadBackPass::open(bus, {{"metrics"}}, std::move(requests)));
    return {};
  }
  // Up to `most` records; true when all is handed over.
  bool step(std::size_t most_records) {
    EXPECT_TRUE(pass->step(0ns, most_records));
    if (!pass->done()) return false;
    for (auto& past : pass->take()) shard->recall(std::move(*past), clock);
    pass.reset();
    commit();
    return true;
  }
  void read_back(std::size_t most_records = 1000) {
    const core::Status begun = begin_pass();
    ASSERT_TRUE(begun) << begun.error().message;
    while (!step(most_records)) {
    }
  }

  const core::RolloutState& state(const std::string& rollout = "r1") const {
    return shard->find(rollout)->state;
  }
  const core::Machine& machine(const std::string& rollout = "r1") const {
    return shard->find(rollout)->plan->machine;
  }
  // The prerequisites are not met yet.
  bool waits(const std::string& rollout = "r1") const {
    return machine(rollout).at(state(rollout).active).phase == core::Phase::preflight;
  }
  // The reading of the first criterion that looks back, as the windows have it now.
  core::Reading reading(const std::string& rollout = "r1") const {
    const core::Machine& all = machine(rollout);
    for (std::uint32_t i = 0; i < all.criteria.size(); ++i) {
      if (core::looks_back(all, all.criteria[i])) {
        return core::evaluate(all, state(rollout), {}, core::CriterionIndex{i}, clock);
      }
    }
    ADD_FAILURE() << "nothing looks back";
    return {};
  }
  std::vector<core::Past> pasts() const {
    std::vector<core::Past> found;
    for (const core::Event& event : events) {
      const auto* observed = std::get_if<core::Observed>(&event.body);
      if (observed != nullptr && observed->past) found.push_back(*observed->past);
    }
    return found;
  }
  // All that the window of the criterion's denominator holds after `from`.
  std::int64_t counted_after(Time from, const std::string& rollout = "r1") const {
    const core::Machine& all = machine(rollout);
    std::int64_t sum = 0;
    for (const core::Criterion& criterion : all.criteria) {
      if (!core::looks_back(all, criterion)) continue;
      for (const core::Cell& cell : state(rollout).windows[criterion.denominator.value].cells) {
        if (cell.end > from)
          sum += static_cast<std::int64_t>(cell.value.nanos / core::Fixed::kScale);
      }
    }
    return sum;
  }
  // What the log alone gives is what the engine has.
  void expect_replays(const std::string& rollout = "r1") const {
    core::RolloutState replayed;
    ASSERT_TRUE(
        log.read(state(rollout).stream, core::Sequence{1}, [&](const runtime::StoredEvent& stored) {
          core::evolve(machine(rollout), replayed, stored.event);
          return true;
        }));
    EXPECT_EQ(core::hash(replayed), core::hash(state(rollout)));
  }

  Time clock = kStart;
  core::Duration most = 14 * 24h;
  adapters::MemoryBus bus{{.now = [this] { return clock; }}};
  store::MemoryEventLog log;
  std::unique_ptr<runtime::Shard> shard;
  std::unique_ptr<runtime::Consumer> consumer;
  adapters::MetricDecoder decoder;
  std::unique_ptr<adapters::ReadBackPass> pass;
  std::vector<core::Event> events;
  std::int64_t commands = 0;
};

}  // namespace rollbook::tests
