// The consumer. Each partition keeps its own librdkafka queue, so that a partition which is ahead
// is held back by not reading it (librdkafka then stops fetching it), and a backlog is merged by
// timestamp: the loop judges it as it judged the live stream. Messages are handed out in place.

#include <algorithm>
#include <deque>
#include <limits>

#include "adapters/kafka/client.h"
#include "adapters/kafka/refetch.h"
#include "adapters/kafka/watch.h"

namespace rollbook::adapters::kafka {

namespace {

using Clock = std::chrono::steady_clock;
using MessagePtr =
    std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_t, rd_kafka_message_destroy>>;

constexpr std::size_t kBatch = 1024;
// Partitions are merged to within this; producers' clocks differ by as much.
constexpr std::int64_t kMergeSlackMs = 200;
// How long others wait for a partition that should have more and does not bring it (its leader may
// be away): then they go on without it.
constexpr core::Duration kPatience = std::chrono::seconds(2);
constexpr core::Duration kGapLookup = std::chrono::seconds(1);

struct Partition {
  const std::string* topic = nullptr;
  std::int32_t number = 0;
  QueuePtr queue;
  std::vector<rd_kafka_message_t*> held;  // fetched, not handed out: [cursor, end)
  std::size_t cursor = 0;
  std::int64_t next = 0;  // the next offset to hand out
  std::int64_t end = 0;   // an end seen: behind it there was nothing, up to it there is more
  bool lost = false;      // `next` is out of range: a gap to be looked up
  Refetch refetch;
  bool empty() const { return cursor == held.size(); }
};

std::int64_t timestamp_ms(const rd_kafka_message_t* message) {
  rd_kafka_timestamp_type_t type{};
  return std::max<std::int64_t>(rd_kafka_message_timestamp(message, &type), 0);
}

class KafkaConsumer : public runtime::Consumer {
 public:
  KafkaConsumer(const KafkaOptions& options, std::vector<std::string> topics)
      : options_(options), topics_(std::move(topics)) {}

  ~KafkaConsumer() override {
    watch_.reset();
    for (Partition& partition : partitions_) {
      rd_kafka_queue_cb_event_enable(partition.queue.get(), nullptr, nullptr);
      for (std::size_t i = partition.cursor; i < partition.held.size(); ++i) {
        rd_kafka_message_destroy(partition.held[i]);
      }
      partition.queue.reset();
    }
    // librdkafka 2.0 waits for ever for a partition whose topic was removed: such a handle, which
    // comes with an error that ends the reading, is left to the end of the process.
    if (removed_) {
      static_cast<void>(client_.release());
    }
    client_.reset();
  }

  core::Status open(const std::vector<core::SourceOffset>& from, bool new_from_end) {
    TRY(client_, Client::open(options_, Role::consumer));
    TRY(PartitionCounts counts, client_->existing(topics_, options_.connect_limit));
    TRY_DO(assign_all(counts, from, new_from_end));
    enough_ = client_->number("queued.min.messages");
    watch_ = std::make_unique<Watch>(*client_, options_, topics_, std::move(counts), signal_);
    return {};
  }

  core::Result<std::size_t> poll(core::Duration wait, std::size_t most,
                                 const runtime::ConsumerEvents& events) override {
    const auto until = Clock::now() + wait;
    for (;;) {
      const std::uint64_t seen = signal_.count();
      client_->serve(core::Duration::zero());
      if (client_->take_all_down()) watch_->hurry();
      TRY_DO(follow_watch(events));
      if (reachable_) {
        TRY(const std::size_t count, hand_out(most, events));
        if (count > 0) return count;
        TRY_DO(look_up_gaps(events));
      }
      const auto now = Clock::now();
      if (now >= until) return std::size_t{0};
      signal_.wait(seen, std::min(until, wake_at(now)));
    }
  }

  core::Result<std::vector<core::SourceOffset>> ends() override {
    return ends_of(*client_, topics_, options_.connect_limit);
  }

 private:
  static void on_queue_filled(rd_kafka_t*, void* signal) { static_cast<Signal*>(signal)->notify(); }

  // Where each partition begins and ends, in two rounds of questions at most.
  core::Status assign_all(const PartitionCounts& counts,
                          const std::vector<core::SourceOffset>& from, bool new_from_end) {
    OffsetsPtr ends(rd_kafka_topic_partition_list_new(16));
    OffsetsPtr begins(rd_kafka_topic_partition_list_new(16));
    for (const auto& [topic, count] : counts) {
      for (std::int32_t number = 0; number < count; ++number) {
        rd_kafka_topic_partition_list_add(ends.get(), topic.c_str(), number)->offset =
            RD_KAFKA_OFFSET_END;
        const auto known = std::find_if(from.begin(), from.end(), [&](const auto& offset) {
          return offset.topic == topic && offset.partition == number;
        });
        if (known == from.end() && !new_from_end) {
          rd_kafka_topic_partition_list_add(begins.get(), topic.c_str(), number)->offset =
              RD_KAFKA_OFFSET_BEGINNING;
        }
      }
    }
    TRY_DO(client_->look_up(ends.get(), options_.connect_limit));
    TRY_DO(client_->look_up(begins.get(), options_.connect_limit));
    std::vector<Start> starts;
    for (int i = 0; i < ends->cnt; ++i) {
      const auto& end = ends->elems[i];
      Start start{end.topic, end.partition, end.offset, end.offset};
      for (const auto& offset : from) {
        if (offset.topic == start.topic && offset.partition == start.partition) {
          start.next = offset.next;
        }
      }
      if (const auto* begin =
              rd_kafka_topic_partition_list_find(begins.get(), end.topic, end.partition)) {
        start.next = begin->offset;
      }
      starts.push_back(start);
    }
    // Offsets of a partition that is not there any more: its topic was made anew and narrower.
    for (const auto& offset : from) {
      const auto count = counts.find(offset.topic);
      if (count != counts.end() && offset.partition >= count->second && offset.next > 0) {
        gone_.push_back({offset.topic, offset.partition, offset.next, 0});
      }
    }
    return add(starts);
  }

  struct Start {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t next = 0;
    std::int64_t end = 0;
  };

  core::Status add(const std::vector<Start>& starts) {
    OffsetsPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(starts.size())));
    for (const Start& start : starts) {
      Partition& partition = partitions_.emplace_back();
      partition.topic = &*std::find(topics_.begin(), topics_.end(), start.topic);
      partition.number = start.partition;
      partition.next = start.next;
      partition.end = start.end;
      partition.queue.reset(
          rd_kafka_queue_get_partition(client_->get(), start.topic.c_str(), start.partition));
      ROLLBOOK_CHECK(partition.queue != nullptr);
      // Before the assignment: afterwards its first messages would be in the common queue.
      rd_kafka_queue_forward(partition.queue.get(), nullptr);
      rd_kafka_queue_cb_event_enable(partition.queue.get(), &KafkaConsumer::on_queue_filled,
                                     &signal_);
      rd_kafka_topic_partition_list_add(list.get(), start.topic.c_str(), start.partition)->offset =
          start.next;
    }
    return check(rd_kafka_incremental_assign(client_->get(), list.get()));
  }

  static core::Status check(rd_kafka_error_t* error) {
    if (error == nullptr) return {};
    const std::string reason = rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
    return core::fail("cannot assign partitions: " + reason);
  }

  // Tells of changes that the watch saw, and takes in partitions that were added.
  core::Status follow_watch(const runtime::ConsumerEvents& events) {
    for (const runtime::Gap& gap : std::exchange(gone_, {})) {
      if (events.on_gap) events.on_gap(gap);
    }
    if (watch_->version() == watch_seen_) return {};
    watch_seen_ = watch_->version();
    const bool reachable = watch_->reachable();
    const PartitionCounts counts = watch_->counts();
    std::vector<Start> fresh;
    for (const auto& [topic, count] : counts) {
      if (count == 0) {
        removed_ = true;
        return core::fail("topic `" + topic + "` was removed from " + options_.brokers +
                          "; make it again and restart");
      }
      for (std::int32_t number = partitions_of(topic); number < count; ++number) {
        // It was not there when the others were assigned: all of it is new, and offset 0 is its
        // first, or out of range and then a gap.
        fresh.push_back({topic, number, 0, 0});
      }
    }
    if (!fresh.empty()) TRY_DO(add(fresh));
    if (reachable != reachable_) {
      reachable_ = reachable;
      if (events.on_reachable) events.on_reachable(reachable);
    }
    return {};
  }

  std::int32_t partitions_of(const std::string& topic) const {
    return static_cast<std::int32_t>(
        std::count_if(partitions_.begin(), partitions_.end(),
                      [&](const Partition& partition) { return *partition.topic == topic; }));
  }

  // Offsets that are gone: says so and goes on at the first that is there.
  core::Status look_up_gaps(const runtime::ConsumerEvents& events) {
    for (Partition& partition : partitions_) {
      if (!partition.lost || !partition.empty()) continue;
      std::int64_t low = 0;
      std::int64_t high = 0;
      if (rd_kafka_query_watermark_offsets(client_->get(), partition.topic->c_str(),
                                           partition.number, &low, &high,
                                           to_ms(kGapLookup)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        continue;  // asked again at the next poll
      }
      // Above the end: the topic was made anew, or the broker lost its tail.
      const std::int64_t to = partition.next < low ? low : std::min(partition.next, high);
      if (to != partition.next && events.on_gap) {
        events.on_gap({*partition.topic, partition.number, partition.next, to});
      }
      partition.lost = false;
      partition.next = to;
      partition.end = high;
      OffsetsPtr list(rd_kafka_topic_partition_list_new(1));
      rd_kafka_topic_partition_list_add(list.get(), partition.topic->c_str(), partition.number)
          ->offset = to;
      TRY_DO(check(rd_kafka_incremental_unassign(client_->get(), list.get())));
      TRY_DO(check(rd_kafka_incremental_assign(client_->get(), list.get())));
    }
    return {};
  }

  core::Result<std::size_t> hand_out(std::size_t most, const runtime::ConsumerEvents& events) {
    std::size_t count = 0;
    while (count < most) {
      TRY_DO(refill());
      // The partition whose head is oldest goes first, as far as the second oldest allows.
      Partition* first = nullptr;
      std::int64_t first_ms = std::numeric_limits<std::int64_t>::max();
      std::int64_t second_ms = first_ms;
      bool lagging = false;
      for (Partition& partition : partitions_) {
        if (partition.empty()) {
          lagging |= partition.next < partition.end && !partition.lost;
          continue;
        }
        const std::int64_t head_ms = timestamp_ms(partition.held[partition.cursor]);
        if (head_ms < first_ms) {
          second_ms = std::exchange(first_ms, head_ms);
          first = &partition;
        } else {
          second_ms = std::min(second_ms, head_ms);
        }
      }
      if (first == nullptr) break;
      if (!lagging) {
        patient_until_.reset();
      } else {
        if (!patient_until_) patient_until_ = Clock::now() + kPatience;
        if (Clock::now() < *patient_until_) break;
      }
      const std::int64_t upto_ms = second_ms == std::numeric_limits<std::int64_t>::max()
                                       ? second_ms
                                       : second_ms + kMergeSlackMs;
      count += run(*first, upto_ms, most - count, events);
    }
    return count;
  }

  static std::size_t run(Partition& partition, std::int64_t upto_ms, std::size_t most,
                         const runtime::ConsumerEvents& events) {
    std::size_t count = 0;
    runtime::Record record;
    record.topic = *partition.topic;
    record.partition = partition.number;
    while (!partition.empty() && count < most) {
      rd_kafka_message_t* message = partition.held[partition.cursor];
      const std::int64_t time_ms = timestamp_ms(message);
      if (time_ms > upto_ms) break;
      // Before the callback: should it throw, the message is not seen twice or leaked.
      const MessagePtr owner(message);
      ++partition.cursor;
      partition.next = message->offset + 1;
      record.offset = message->offset;
      record.time = core::Time(std::chrono::milliseconds(time_ms));
      record.key = {static_cast<const char*>(message->key), message->key_len};
      record.value = {static_cast<const char*>(message->payload), message->len};
      if (events.on_record) events.on_record(record);
      ++count;
    }
    return count;
  }

  // Any question that its leader is asked wakes the thread that fetches; nobody waits for the
  // answer.
  void wake_fetching(const Partition& partition) {
    OffsetsPtr list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), partition.topic->c_str(), partition.number)
        ->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_offsets_for_times(client_->get(), list.get(), 1);
  }

  core::Status refill() {
    const auto now = Clock::now();
    for (Partition& partition : partitions_) {
      if (!partition.empty() || partition.lost) continue;
      const std::size_t waiting = rd_kafka_queue_length(partition.queue.get());
      const bool more = partition.next + static_cast<std::int64_t>(waiting) < partition.end;
      if (partition.refetch.is_due(waiting, enough_, more, now)) wake_fetching(partition);
      if (waiting == 0) continue;
      partition.held.resize(kBatch);
      partition.cursor = 0;
      const ssize_t count =
          rd_kafka_consume_batch_queue(partition.queue.get(), 0, partition.held.data(), kBatch);
      partition.held.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
      TRY_DO(take_notices(partition));
    }
    return {};
  }

  // Removes from `held` what is no message, after acting on it.
  core::Status take_notices(Partition& partition) {
    core::Status status;
    bool at_end = false;
    std::size_t kept = 0;
    for (rd_kafka_message_t* message : partition.held) {
      at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        partition.held[kept++] = message;
        continue;
      }
      if (core::Status taken = take_notice(partition, message->err); !taken) status = taken;
      rd_kafka_message_destroy(message);
    }
    partition.held.resize(kept);
    std::int64_t low = 0;
    std::int64_t high = 0;
    if (at_end) {
      partition.end = 0;  // also when the last offsets hold no messages (marks of transactions)
    } else if (rd_kafka_get_watermark_offsets(client_->get(), partition.topic->c_str(),
                                              partition.number, &low,
                                              &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
               high >= 0) {
      partition.end = high;  // as the last fetch told, if there was one: asks no broker
    }
    return status;
  }

  core::Status take_notice(Partition& partition, rd_kafka_resp_err_t notice) const {
    switch (notice) {
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        partition.lost = true;
        return {};
      case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return core::fail("topic `" + *partition.topic + "` may not be read by this user on " +
                          options_.brokers + "; grant it read");
      default:
        return {};  // gets better by itself, or the watch will tell
    }
  }

  // When poll() must look again without being woken.
  Clock::time_point wake_at(Clock::time_point now) const {
    auto at = now + std::chrono::seconds(1);  // callbacks of librdkafka are served by polling
    if (patient_until_ && *patient_until_ > now) at = std::min(at, *patient_until_);
    for (const Partition& partition : partitions_) {
      if (partition.refetch.at()) at = std::min(at, *partition.refetch.at());
    }
    return at;
  }

  const KafkaOptions options_;
  const std::vector<std::string> topics_;  // Partition::topic points here
  Signal signal_;
  std::unique_ptr<Client> client_;
  std::deque<Partition> partitions_;  // stays in place
  std::unique_ptr<Watch> watch_;
  std::vector<runtime::Gap> gone_;
  std::uint64_t watch_seen_ = 0;
  bool reachable_ = true;  // as last told
  bool removed_ = false;   // a topic went away
  std::optional<Clock::time_point> patient_until_;
  std::size_t enough_ = 0;  // messages in the client at which it stops fetching a partition
};

}  // namespace

core::Result<std::unique_ptr<runtime::Consumer>> open_consumer(
    const KafkaOptions& options, const std::vector<std::string>& topics,
    const std::vector<core::SourceOffset>& from, bool new_from_end) {
  auto consumer = std::make_unique<KafkaConsumer>(options, topics);
  TRY_DO(consumer->open(from, new_from_end));
  return consumer;
}

}  // namespace rollbook::adapters::kafka
