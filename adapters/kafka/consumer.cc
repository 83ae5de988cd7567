// The consumer. A partition which is ahead is held back by not reading it (librdkafka then stops
// fetching it), and a backlog is merged by timestamp: the loop judges it as it judged the live
// stream.

#include <algorithm>
#include <deque>

#include "adapters/kafka/fetched.h"
#include "adapters/kafka/refetch.h"
#include "adapters/kafka/watch.h"

namespace rollbook::adapters::kafka {

namespace {

using Clock = std::chrono::steady_clock;

// How long others wait for a partition that should have more and does not bring it (its leader may
// be away): then they go on without it.
constexpr core::Duration kPatience = std::chrono::seconds(2);
constexpr core::Duration kGapLookup = std::chrono::seconds(1);

struct Partition {
  Partition(Client& client, const std::string& topic, std::int32_t number, Signal& signal)
      : fetched(client, topic, number, signal) {}
  Fetched fetched;
  std::int64_t next = 0;  // the next offset to hand out
  std::int64_t end = 0;   // an end seen: behind it there was nothing, up to it there is more
  bool lost = false;      // `next` is out of range: a gap to be looked up
  Refetch refetch;
};

class KafkaConsumer : public runtime::Consumer {
 public:
  KafkaConsumer(const KafkaOptions& options, std::vector<std::string> topics)
      : options_(options), topics_(std::move(topics)) {}

  ~KafkaConsumer() override {
    watch_.reset();
    partitions_.clear();
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
      Partition& partition =
          partitions_.emplace_back(*client_, start.topic, start.partition, signal_);
      partition.next = start.next;
      partition.end = start.end;
      rd_kafka_topic_partition_list_add(list.get(), start.topic.c_str(), start.partition)->offset =
          start.next;
    }
    return assigned(rd_kafka_incremental_assign(client_->get(), list.get()));
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
    return static_cast<std::int32_t>(std::count_if(
        partitions_.begin(), partitions_.end(),
        [&](const Partition& partition) { return partition.fetched.topic() == topic; }));
  }

  // Offsets that are gone: says so and goes on at the first that is there.
  core::Status look_up_gaps(const runtime::ConsumerEvents& events) {
    for (Partition& partition : partitions_) {
      if (!partition.lost || !partition.fetched.empty()) continue;
      const std::string& topic = partition.fetched.topic();
      const std::int32_t number = partition.fetched.partition();
      std::int64_t low = 0;
      std::int64_t high = 0;
      if (rd_kafka_query_watermark_offsets(client_->get(), topic.c_str(), number, &low, &high,
                                           to_ms(kGapLookup)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        continue;  // asked again at the next poll
      }
      // Above the end: the topic was made anew, or the broker lost its tail.
      const std::int64_t to = partition.next < low ? low : std::min(partition.next, high);
      if (to != partition.next && events.on_gap) {
        events.on_gap({topic, number, partition.next, to});
      }
      partition.lost = false;
      partition.next = to;
      partition.end = high;
      TRY_DO(partition.fetched.unassign());
      TRY_DO(partition.fetched.assign(to));
    }
    return {};
  }

  core::Result<std::size_t> hand_out(std::size_t most, const runtime::ConsumerEvents& events) {
    std::size_t count = 0;
    while (count < most) {
      TRY_DO(refill());
      Oldest<Partition> oldest;
      bool lagging = false;
      for (Partition& partition : partitions_) {
        if (partition.fetched.empty()) {
          lagging |= partition.next < partition.end && !partition.lost;
        } else {
          oldest.see(partition, partition.fetched.first_ms());
        }
      }
      Partition* const first = oldest.part();
      if (first == nullptr) break;
      if (!lagging) {
        patient_until_.reset();
      } else {
        if (!patient_until_) patient_until_ = Clock::now() + kPatience;
        if (Clock::now() < *patient_until_) break;
      }
      count += first->fetched.hand_out({.time_ms = oldest.upto_ms(), .most = most - count}, events,
                                       first->next);
    }
    return count;
  }

  // Any question that its leader is asked wakes the thread that fetches; nobody waits for the
  // answer.
  void wake_fetching(const Partition& partition) {
    OffsetsPtr list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), partition.fetched.topic().c_str(),
                                      partition.fetched.partition())
        ->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_offsets_for_times(client_->get(), list.get(), 1);
  }

  core::Status refill() {
    const auto now = Clock::now();
    for (Partition& partition : partitions_) {
      if (!partition.fetched.empty() || partition.lost) continue;
      const std::size_t waiting = partition.fetched.waiting();
      const bool more = partition.next + static_cast<std::int64_t>(waiting) < partition.end;
      if (partition.refetch.is_due(waiting, enough_, more, now)) wake_fetching(partition);
      if (waiting == 0) continue;
      TRY(const bool at_end, partition.fetched.refill([&](rd_kafka_resp_err_t notice) {
        return take_notice(partition, notice);
      }));
      note_end(partition, at_end);
    }
    return {};
  }

  void note_end(Partition& partition, bool at_end) const {
    std::int64_t low = 0;
    std::int64_t high = 0;
    if (at_end) {
      partition.end = 0;  // also when the last offsets hold no messages (marks of transactions)
    } else if (rd_kafka_get_watermark_offsets(client_->get(), partition.fetched.topic().c_str(),
                                              partition.fetched.partition(), &low,
                                              &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
               high >= 0) {
      partition.end = high;  // as the last fetch told, if there was one: asks no broker
    }
  }

  core::Status take_notice(Partition& partition, rd_kafka_resp_err_t notice) const {
    switch (notice) {
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        partition.lost = true;
        return {};
      case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return core::fail("topic `" + partition.fetched.topic() +
                          "` may not be read by this user on " + options_.brokers +
                          "; grant it read");
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
  const std::vector<std::string> topics_;
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
