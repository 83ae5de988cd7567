#pragma once
// Engine: the whole headless engine in one object: recovers a shard from a log, reads its inputs
// from a bus, runs the loop, and lets everything that leaves go out. `rollbook engine` is this and
// a configuration; acceptance tests run it in their own process.
//
//   TRY(auto engine, Engine::open(*log, *bus, compiler, options));
//   engine->run();      // until stop(), from another thread

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/pump/read_back_pump.h"
#include "adapters/wire/metric_decoder.h"
#include "engine/runtime/bus.h"
#include "engine/runtime/event_log.h"
#include "engine/runtime/loop.h"
#include "engine/runtime/plan_compiler.h"

namespace rollbook::adapters {

struct EngineTopics {
  std::vector<std::string> metrics = {"metrics"};
  std::string commands = "rollbook.commands";
  std::string effects = "rollbook.effects";
  std::string events = "rollbook.events";
  std::string deadletter = "rollbook.deadletter";
  MetricFormats formats = {};
};

struct EngineOptions {
  EngineTopics topics;
  runtime::ShardOptions shard;        // `render` is set by the engine
  std::size_t queue_bytes = 8 << 20;  // of metrics between the bus and the loop
  core::Duration claim_window = std::chrono::seconds(1);
  ReadBackOptions read_back;  // how far: ShardOptions
  // What people should hear of that is in no rollout's log; from any thread.
  std::function<void(const std::string&)> on_trouble;
  // After each durable turn, on the loop's thread; must not block.
  std::function<void(const runtime::Shard&, core::Time now)> on_turn;
  std::function<void(const runtime::Committed&)> on_committed;
};

class Engine {
 public:
  // Error: the log's or the bus's; says which.
  static core::Result<std::unique_ptr<Engine>> open(runtime::EventLog& log, runtime::Bus& bus,
                                                    const runtime::PlanCompiler& compiler,
                                                    EngineOptions options);
  ~Engine();

  // Until stop(). Error: the log's, the bus's, or held(): the process must end.
  core::Status run();
  // Any thread, and signal-safe enough for a handler thread: ends run() after a last turn.
  void stop();
  // Another engine runs on these topics: exit code 6.
  bool held() const;
  std::size_t active() const;  // rollouts; before run() only

 private:
  struct Parts;
  explicit Engine(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace rollbook::adapters
