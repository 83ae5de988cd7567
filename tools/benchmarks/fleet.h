#pragma once
// Fleet: many rollouts of one runbook, each of a service of its own, and the points of all of
// them. What the benchmarks of scale, recovery and replay run on.

#include <memory>
#include <string>

#include "engine/runtime/shard.h"

namespace rollbook::bench {

// The runbook whose rollouts are run: two stages, four stops, counters and a histogram. SERVICE
// stands for the service.
extern const char* const kFleetRunbook;
runtime::Plan plan_for(const std::string& service, const std::string& runbook = kFleetRunbook);

class Fleet {
 public:
  // Starts `size` rollouts on `log`, of a runbook with these metrics.
  Fleet(runtime::EventLog& log, std::size_t size, const std::string& runbook = kFleetRunbook);

  // One second of event time: three points for each rollout (requests, errors, latency), in
  // batches of about 64 KiB of records, a turn each. Settles what waits.
  // Returns the number of points.
  std::size_t second();
  core::Time now() const { return now_; }
  runtime::Shard& shard() { return *shard_; }

 private:
  void commit();
  runtime::EventLog& log_;
  std::size_t size_;
  std::unique_ptr<runtime::Shard> shard_;
  core::Time now_;
  std::int64_t seconds_ = 0;
  std::int64_t offset_ = 0;
  std::uint64_t commands_ = 0;
  bool named_ = false;
};

}  // namespace rollbook::bench
