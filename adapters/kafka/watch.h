#pragma once
// Watch: asks the brokers once a second for the topics that a consumer reads, on a thread of its
// own. That is how it knows that they are reachable, also when they are frozen rather than gone,
// and that partitions were added. Internal to adapters/kafka.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "adapters/kafka/client.h"

namespace rollbook::adapters::kafka {

class Watch {
 public:
  // `client` and `signal` outlive it; `signal` is notified after each change.
  Watch(Client& client, const KafkaOptions& options, std::vector<std::string> topics,
        PartitionCounts counts, Signal& signal);

  // Rises with each change of the two below.
  std::uint64_t version() const { return version_; }
  bool reachable() const;
  PartitionCounts counts() const;

  // librdkafka has lost all brokers: asks now instead of in a second.
  void hurry();

 private:
  void run(const std::stop_token& stop);
  void keep(core::Result<PartitionCounts> found);

  Client& client_;
  const core::Duration every_;
  const core::Duration limit_;
  const std::vector<std::string> topics_;
  Signal& signal_;
  std::atomic<std::uint64_t> version_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  bool reachable_ = true;   // guarded by mutex_
  bool hurry_ = false;      // guarded by mutex_
  bool lacked_ = false;     // guarded by mutex_; a topic was missing at the last look
  PartitionCounts counts_;  // guarded by mutex_
  std::jthread thread_;     // last: it starts when all else is there
};

}  // namespace rollbook::adapters::kafka
