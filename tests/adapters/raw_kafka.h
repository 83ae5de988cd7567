#pragma once
// librdkafka used without our adapter, for tests that check it from outside: messages of a given
// time and partition, headers as they were sent, and the in-process mock cluster.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::tests {

class RawKafka {
 public:
  explicit RawKafka(const std::string& brokers);
  ~RawKafka();
  RawKafka(const RawKafka&) = delete;
  RawKafka& operator=(const RawKafka&) = delete;
  // Queued, and in order per partition; flush() waits for all.
  void put(const std::string& topic, std::int32_t partition, core::Time time,
           const std::string& key, const std::string& value);
  void flush();

  using Headers = std::vector<std::pair<std::string, std::string>>;
  // The headers of the record at `offset` of partition 0.
  static Headers headers(const std::string& brokers, const std::string& topic, std::int64_t offset);

 private:
  void* handle_;  // rd_kafka_t
};

class MockCluster {
 public:
  MockCluster();
  ~MockCluster();
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;
  std::string brokers() const;
  void create_topic(const std::string& topic, int partitions);
  void set_down(bool down);
  // The next `count` requests to open an idempotent producer's session are refused for good.
  void refuse_producers(int count);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollbook::tests
