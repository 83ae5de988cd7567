#include "adapters/kafka/watch.h"

#include <algorithm>
#include <utility>

namespace rollbook::adapters::kafka {

Watch::Watch(Client& client, const KafkaOptions& options, std::vector<std::string> topics,
             PartitionCounts counts, Signal& signal)
    : client_(client),
      every_(options.probe_every),
      limit_(options.probe_limit),
      topics_(std::move(topics)),
      signal_(signal),
      counts_(std::move(counts)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

bool Watch::reachable() const {
  const std::lock_guard lock(mutex_);
  return reachable_;
}

PartitionCounts Watch::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Watch::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurry_ = true;
  }
  wake_.notify_one();
}

void Watch::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      // The return of the brokers is looked for more often than their going.
      wake_.wait_for(lock, stop, reachable_ ? every_ : every_ / 4, [&] { return hurry_; });
      hurry_ = false;
    }
    if (stop.stop_requested()) return;
    keep(client_.partitions(topics_, limit_));
  }
}

void Watch::keep(core::Result<PartitionCounts> found) {
  {
    const std::lock_guard lock(mutex_);
    const bool reachable = found.has_value();
    // A broker that has just started may not know its topics yet: what is gone is asked twice.
    const bool lacks = found && std::any_of(found->begin(), found->end(),
                                            [](const auto& topic) { return topic.second == 0; });
    if (lacks && !std::exchange(lacked_, lacks)) {
      hurry_ = true;
      return;
    }
    lacked_ = lacks;
    if (reachable == reachable_ && (!found || *found == counts_)) return;
    reachable_ = reachable;
    if (found) counts_ = std::move(*found);
    ++version_;
  }
  signal_.notify();
}

}  // namespace rollbook::adapters::kafka
