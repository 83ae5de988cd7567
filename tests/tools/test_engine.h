#pragma once
// TestEngine: the least of an engine, for tests of the program: a shard on a RocksDB log that
// answers the commands of a file bus and settles its own effects at once. Its clock is the test's.

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "adapters/pump/stream_contexts.h"
#include "adapters/wire/metric_decoder.h"
#include "dsl/compiler.h"
#include "engine/runtime/bus.h"
#include "engine/runtime/shard.h"
#include "store/rocks_event_log.h"

namespace rollbook::tests {

inline constexpr char kShop[] = R"(edition 1
runbook shop_canary {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  role owner, lead
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  guard {
    stop errors / requests > 5% over 10s at least 20 requests
    stop absent(requests) for 1h
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 1m
    expect errors / requests < 5% over 10s
    confirm "No complaints" by owner
    within 1h otherwise decide verdict
  }
  decide verdict {
    by any of owner, lead
    within 1h otherwise rollback automatic
    option proceed "Go on" next
    option back "Roll back" rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";

class TestEngine {
 public:
  // With `bus_directory`, answers its commands and publishes its events.
  explicit TestEngine(const std::string& data, const std::string& bus_directory = "");
  ~TestEngine();

  core::Time now{};
  // A command, as if it had come over the bus.
  void command(core::Command command);
  // Rollbook JSON lines.
  void metrics(const std::string& lines);
  // Reads what the bus brought, ticks, makes the turn durable, publishes, settles.
  void step();
  // Steps each virtual second for so long, with healthy traffic of both versions.
  void run_for(core::Duration duration, std::int64_t errors_per_second = 0);

  const runtime::Shard& shard() const { return *shard_; }

 private:
  void read_bus();
  void publish();
  void take(core::Command command);

  dsl::Compiler compiler_;
  std::unique_ptr<store::RocksEventLog> log_;
  std::unique_ptr<runtime::Shard> shard_;
  std::unique_ptr<adapters::StreamContexts> contexts_;
  std::unique_ptr<runtime::Bus> bus_;
  std::unique_ptr<runtime::Consumer> commands_;
  std::unique_ptr<runtime::Producer> producer_;
  runtime::Position published_;
  adapters::MetricDecoder decoder_;
  std::int64_t offset_ = 0;
  std::int64_t requests_ = 0;
  std::int64_t errors_ = 0;
  std::uint64_t keys_ = 0;
};

// A TestEngine that steps on a thread of its own, by the wall clock.
class LiveEngine {
 public:
  LiveEngine(const std::string& data, const std::string& bus_directory);

 private:
  std::jthread thread_;
};

}  // namespace rollbook::tests
