#pragma once
// EngineJournal: what the engine says about itself: log lines (sentences on a terminal, one JSON
// object a line elsewhere) and the numbers behind /metrics, /healthz and /readyz.

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "adapters/http/metrics.h"
#include "adapters/pump/stream_contexts.h"
#include "engine/runtime/shard.h"

namespace rollbook::tools {

class EngineJournal {
 public:
  EngineJournal(const runtime::EventLog& log, bool terminal);
  ~EngineJournal();

  void info(const std::string& message);
  void warn(const std::string& message);
  void error(const std::string& message);
  // What is in no rollout's log: a message that no topic takes, commands that are lost.
  void trouble(const std::string& message);

  // From the loop's thread, after each durable turn.
  void committed(const runtime::Committed& committed);
  void turned(const runtime::Shard& shard, core::Time now);

  // From any thread: nothing when all is well.
  std::optional<std::string> unhealthy() const;
  std::optional<std::string> unready() const;
  std::string metrics() const { return metrics_.text(); }

 private:
  struct Lines;
  std::unique_ptr<Lines> lines_;
  adapters::StreamContexts contexts_;
  adapters::Metrics metrics_;
  adapters::MetricCounter& points_;
  adapters::MetricCounter& counted_;
  adapters::MetricCounter& quarantined_;
  adapters::MetricCounter& refused_;
  adapters::MetricCounter& events_;
  adapters::MetricCounter& rollbacks_;
  adapters::MetricCounter& troubles_;
  adapters::MetricCounter& read_back_;
  adapters::MetricGauge& reading_back_;
  adapters::MetricGauge& active_;
  adapters::MetricGauge& live_;
  adapters::MetricGauge& last_turn_;
  runtime::Shard::Counters told_;
  std::int64_t told_read_back_ = 0;
  std::atomic<core::Sight> sight_ = core::Sight::catching_up;
  std::atomic<std::int64_t> turned_at_ns_ = 0;
};

}  // namespace rollbook::tools
