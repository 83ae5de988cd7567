#pragma once
// KafkaBus: runtime::Bus over librdkafka. Nothing is connected before the first call that needs
// the brokers; that call fails within `connect_limit` when they cannot be reached.
//
//   TRY(auto bus, make_kafka_bus({.brokers = "127.0.0.1:9092"}));
//   TRY(auto consumer, bus->consumer({"metrics"}, offsets_from_log, true));
//
// Consumers are assigned all partitions by hand: a second process takes nothing away. The truth
// about offsets is the caller's log. KafkaAdmin is what tests and `rollbook doctor` need beside.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/bus.h"

namespace rollbook::adapters {

using Property = std::pair<std::string, std::string>;

struct KafkaOptions {
  std::string brokers = "127.0.0.1:9092";
  std::string group = "rollbook";          // names the consumers to the brokers; no group is joined
  std::vector<Property> properties = {};   // any librdkafka property that Rollbook does not rely on
  std::string source = "rollbook/engine";  // header ce_source of what is sent
  core::Duration connect_limit = std::chrono::seconds(5);
  core::Duration probe_every = std::chrono::seconds(1);  // reachability and new partitions
  core::Duration probe_limit = std::chrono::seconds(1);  // an answer later than this is none
  int partitions = 1;                                    // of topics that ensure_topics() makes
  // Lines of librdkafka's own log, from its threads; level as in syslog (3: error, 6: info).
  std::function<void(int level, const std::string& line)> log = {};
};

// Error: a property that librdkafka does not know, that is malformed, or that Rollbook relies on.
core::Result<std::unique_ptr<runtime::Bus>> make_kafka_bus(KafkaOptions options);

class KafkaAdmin {
 public:
  virtual ~KafkaAdmin() = default;
  // Waits until the brokers show the topic.
  virtual core::Status create_topic(const std::string& topic, int partitions) = 0;
  virtual core::Status delete_topic(const std::string& topic) = 0;
  // Makes a topic wider: it has `partitions` afterwards.
  virtual core::Status widen_topic(const std::string& topic, int partitions) = 0;
  // Removes all records below `offset.next`, as retention does.
  virtual core::Status delete_records(const core::SourceOffset& offset) = 0;
  // Names of all topics there are.
  virtual core::Result<std::vector<std::string>> topics() = 0;
};
core::Result<std::unique_ptr<KafkaAdmin>> make_kafka_admin(KafkaOptions options);

}  // namespace rollbook::adapters
