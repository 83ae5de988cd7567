#pragma once
// MetricReading: records of metric topics, decoded as the engine decodes them, for the verbs that
// look at what is there: `doctor --metrics` listens for a while, `power --from` reads what lies
// behind.
//
//   MetricReading reading(config, [&](const runtime::PointBatch& batch) {…});
//   TRY_DO(reading.read_back(*bus, topic, now - 24h, progress));

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "adapters/config.h"
#include "adapters/wire/metric_decoder.h"
#include "engine/runtime/bus.h"
#include "tools/cli.h"
#include "tools/metric_seen.h"
#include "tools/progress.h"

namespace rollbook::tools {

core::Time wall_now();

class MetricReading {
 public:
  // Of one record each. Series and layouts are new once.
  using OnBatch = std::function<void(const runtime::PointBatch&)>;
  using OnArrival = std::function<void(const runtime::PointBatch&, const Arrival&)>;
  // Formats are those of the configured topics; another topic's is told by its bytes.
  MetricReading(const adapters::Config& config, OnBatch on_batch);
  MetricReading(const adapters::Config& config, OnArrival on_arrival);

  // Reads those topics live, from some records before their ends on. Error: the bus's.
  Outcome<void> listen(runtime::Bus& bus, core::Duration duration);
  // Reads one topic from a moment on, as its records are stamped, up to its ends as they are now,
  // partitions merged by time. Error: the bus's, or nothing comes any more.
  Outcome<void> read_back(runtime::Bus& bus, const std::string& topic, core::Time since,
                          Progress& progress);

  std::int64_t records() const { return records_; }
  std::int64_t unreadable() const { return unreadable_; }
  const std::string& first_unreadable() const { return first_unreadable_; }

 private:
  void take(const runtime::Record& record);
  Arrival arrival_of(const runtime::Record& record) const;

  bool in_file_ = false;
  std::vector<std::string> topics_;
  adapters::MetricFormats formats_;
  OnArrival on_arrival_;
  std::vector<core::SourceOffset> ends_;  // when listening began; none: nobody listens
  adapters::MetricDecoder decoder_;
  std::vector<adapters::DeadLetter> letters_;
  std::int64_t records_ = 0;
  std::int64_t unreadable_ = 0;
  std::string first_unreadable_;  // with its place
};

}  // namespace rollbook::tools
