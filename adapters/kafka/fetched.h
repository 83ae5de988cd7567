#pragma once
// Fetched: what librdkafka has fetched of one partition and nobody was given yet. Each partition
// keeps its own librdkafka queue, so that one which is not read is not fetched any further.
// Messages are handed out in place. Internal to adapters/kafka; for one thread.

#include <algorithm>
#include <limits>
#include <utility>

#include "adapters/kafka/client.h"

namespace rollbook::adapters::kafka {

class Fetched {
 public:
  // Made before the partition is assigned: afterwards its first messages would be in the common
  // queue. `signal` is notified when some come; it and the client outlive this.
  Fetched(Client& client, std::string topic, std::int32_t partition, Signal& signal);
  ~Fetched();
  Fetched(const Fetched&) = delete;
  Fetched& operator=(const Fetched&) = delete;

  const std::string& topic() const { return topic_; }
  std::int32_t partition() const { return partition_; }

  // From that offset on.
  core::Status assign(std::int64_t offset);
  core::Status unassign();

  // How many wait in the client, behind those that are held.
  std::size_t waiting() const { return rd_kafka_queue_length(queue_.get()); }
  bool empty() const { return cursor_ == held_.size(); }
  // Of what is held, where it is not empty.
  std::int64_t first_ms() const;
  std::int64_t first_offset() const { return held_[cursor_]->offset; }
  std::int64_t last_offset() const { return held_.back()->offset; }

  // Holds a batch of what waits, when it is empty. `on_notice` is told of what is no message.
  // Whether the partition ends behind the batch; error: that of a notice.
  using OnNotice = std::function<core::Status(rd_kafka_resp_err_t)>;
  core::Result<bool> refill(const OnNotice& on_notice);

  // Hands out what is held, as far as that, and says how much it was. `next` is the offset behind
  // what was handed out.
  struct Upto {
    std::int64_t time_ms = 0;  // and with it
    std::size_t most = 0;
    std::int64_t before_offset = std::numeric_limits<std::int64_t>::max();
  };
  std::size_t hand_out(const Upto& upto, const runtime::ConsumerEvents& events, std::int64_t& next);
  void drop();

 private:
  OffsetsPtr at(std::int64_t offset) const;

  Client& client_;
  const std::string topic_;
  const std::int32_t partition_;
  QueuePtr queue_;
  std::vector<rd_kafka_message_t*> held_;  // not handed out: [cursor_, end)
  std::size_t cursor_ = 0;
};

// What an assignment came to.
core::Status assigned(rd_kafka_error_t* error);

// Of several partitions the one whose first message is oldest, and how far it may be read before
// the others: they are merged to within 200 ms, for producers' clocks differ by as much.
template <class Part>
class Oldest {
 public:
  void see(Part& part, std::int64_t first_ms) {
    if (first_ms < first_ms_) {
      second_ms_ = std::exchange(first_ms_, first_ms);
      part_ = &part;
    } else {
      second_ms_ = std::min(second_ms_, first_ms);
    }
  }
  Part* part() const { return part_; }
  std::int64_t upto_ms() const { return second_ms_ == kNever ? kNever : second_ms_ + kSlackMs; }

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t kSlackMs = 200;
  Part* part_ = nullptr;
  std::int64_t first_ms_ = kNever, second_ms_ = kNever;
};

}  // namespace rollbook::adapters::kafka
