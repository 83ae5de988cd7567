// The span reader: reads what lies behind, once, with a handle of its own that holds little, so
// that live consumers keep their connections and memory. Partitions are merged by timestamp, and
// unlike the live consumer it waits for one whose leader is away: the past does not hurry.

#include <algorithm>
#include <deque>
#include <limits>

#include "adapters/kafka/client.h"

namespace rollbook::adapters::kafka {

namespace {

using Clock = std::chrono::steady_clock;
using MessagePtr =
    std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_t, rd_kafka_message_destroy>>;

constexpr std::size_t kBatch = 1024;
constexpr std::int64_t kMergeSlackMs = 200;  // as the live consumer's
constexpr core::Duration kGapLookup = std::chrono::seconds(1);
// Of each partition, fetched ahead.
constexpr const char* kAheadKilobytes = "4096";
constexpr const char* kAheadMessages = "10000";

struct Part {
  runtime::Span span;  // `from` is the next offset to hand out
  QueuePtr queue;
  std::vector<rd_kafka_message_t*> held;  // fetched, not handed out: [cursor, end)
  std::size_t cursor = 0;
  bool lost = false;   // `from` is out of range: a gap to be looked up
  bool ended = false;  // nothing more comes of it
  bool empty() const { return cursor == held.size(); }
};

std::int64_t timestamp_ms(const rd_kafka_message_t* message) {
  rd_kafka_timestamp_type_t type{};
  return std::max<std::int64_t>(rd_kafka_message_timestamp(message, &type), 0);
}

core::Status check(rd_kafka_error_t* error) {
  if (error == nullptr) return {};
  const std::string reason = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  return core::fail("cannot assign partitions: " + reason);
}

class KafkaSpanReader : public runtime::SpanReader {
 public:
  explicit KafkaSpanReader(const KafkaOptions& options) : options_(options) {
    options_.properties.emplace_back("queued.max.messages.kbytes", kAheadKilobytes);
    options_.properties.emplace_back("queued.min.messages", kAheadMessages);
  }

  ~KafkaSpanReader() override {
    for (Part& part : parts_) {
      rd_kafka_queue_cb_event_enable(part.queue.get(), nullptr, nullptr);
      drop_held(part);
      part.queue.reset();
    }
    // As the live consumer: librdkafka would wait for ever for a topic that was removed.
    if (removed_) static_cast<void>(client_.release());
  }
  KafkaSpanReader(const KafkaSpanReader&) = delete;
  KafkaSpanReader& operator=(const KafkaSpanReader&) = delete;

  core::Status open(const std::vector<runtime::Span>& spans) {
    TRY(client_, Client::open(options_, Role::consumer));
    std::vector<std::string> topics;
    for (const runtime::Span& span : spans) {
      if (std::find(topics.begin(), topics.end(), span.topic) == topics.end()) {
        topics.push_back(span.topic);
      }
    }
    TRY_DO(client_->existing(topics, options_.connect_limit));
    for (const runtime::Span& span : spans) {
      if (span.from >= span.to) continue;
      Part& part = parts_.emplace_back();
      part.span = span;
      part.queue.reset(
          rd_kafka_queue_get_partition(client_->get(), span.topic.c_str(), span.partition));
      ROLLBOOK_CHECK(part.queue != nullptr);
      // Before the assignment: afterwards its first messages would be in the common queue.
      rd_kafka_queue_forward(part.queue.get(), nullptr);
      rd_kafka_queue_cb_event_enable(part.queue.get(), &KafkaSpanReader::on_queue_filled, &signal_);
    }
    for (Part& part : parts_) TRY_DO(assign(part));
    return {};
  }

  core::Result<std::size_t> poll(core::Duration wait, std::size_t most,
                                 const runtime::ConsumerEvents& events) override {
    const auto until = Clock::now() + wait;
    while (!done()) {
      const std::uint64_t seen = signal_.count();
      client_->serve(core::Duration::zero());
      TRY(const std::size_t count, hand_out(most, events));
      if (count > 0) return count;
      TRY_DO(look_up_gaps(events));
      const auto now = Clock::now();
      if (now >= until) break;
      signal_.wait(seen, std::min(until, now + std::chrono::seconds(1)));
    }
    return std::size_t{0};
  }

  bool done() const override {
    return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.ended; });
  }

 private:
  static void on_queue_filled(rd_kafka_t*, void* signal) { static_cast<Signal*>(signal)->notify(); }

  static void drop_held(Part& part) {
    for (std::size_t i = part.cursor; i < part.held.size(); ++i) {
      rd_kafka_message_destroy(part.held[i]);
    }
    part.held.clear();
    part.cursor = 0;
  }

  static OffsetsPtr list_of(const Part& part) {
    OffsetsPtr list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), part.span.topic.c_str(), part.span.partition)
        ->offset = part.span.from;
    return list;
  }
  core::Status assign(const Part& part) {
    return check(rd_kafka_incremental_assign(client_->get(), list_of(part).get()));
  }
  core::Status unassign(const Part& part) {
    return check(rd_kafka_incremental_unassign(client_->get(), list_of(part).get()));
  }

  // Behind its span a partition is not fetched any further.
  core::Status end(Part& part) {
    part.ended = true;
    drop_held(part);
    return unassign(part);
  }

  core::Result<std::size_t> hand_out(std::size_t most, const runtime::ConsumerEvents& events) {
    std::size_t count = 0;
    while (count < most) {
      TRY_DO(refill());
      Part* first = nullptr;
      std::int64_t first_ms = std::numeric_limits<std::int64_t>::max();
      std::int64_t second_ms = first_ms;
      bool complete = true;
      for (Part& part : parts_) {
        if (part.ended) continue;
        if (part.empty()) {
          complete = false;
          continue;
        }
        const std::int64_t head_ms = timestamp_ms(part.held[part.cursor]);
        if (head_ms < first_ms) {
          second_ms = std::exchange(first_ms, head_ms);
          first = &part;
        } else {
          second_ms = std::min(second_ms, head_ms);
        }
      }
      if (!complete || first == nullptr) break;
      const bool alone = second_ms == std::numeric_limits<std::int64_t>::max();
      TRY(const std::size_t handed,
          run(*first, alone ? second_ms : second_ms + kMergeSlackMs, most - count, events));
      count += handed;
    }
    return count;
  }

  core::Result<std::size_t> run(Part& part, std::int64_t upto_ms, std::size_t most,
                                const runtime::ConsumerEvents& events) {
    std::size_t count = 0;
    runtime::Record record;
    record.topic = part.span.topic;
    record.partition = part.span.partition;
    while (!part.empty() && count < most) {
      rd_kafka_message_t* message = part.held[part.cursor];
      if (message->offset >= part.span.to) break;
      const std::int64_t time_ms = timestamp_ms(message);
      if (time_ms > upto_ms) break;
      const MessagePtr owner(message);
      ++part.cursor;
      part.span.from = message->offset + 1;
      record.offset = message->offset;
      record.time = core::Time(std::chrono::milliseconds(time_ms));
      record.key = {static_cast<const char*>(message->key), message->key_len};
      record.value = {static_cast<const char*>(message->payload), message->len};
      if (events.on_record) events.on_record(record);
      ++count;
    }
    const bool beyond = !part.empty() && part.held[part.cursor]->offset >= part.span.to;
    if (beyond || part.span.from >= part.span.to) TRY_DO(end(part));
    return count;
  }

  core::Status refill() {
    for (Part& part : parts_) {
      if (part.ended || part.lost || !part.empty()) continue;
      if (rd_kafka_queue_length(part.queue.get()) == 0) continue;
      part.held.resize(kBatch);
      part.cursor = 0;
      const ssize_t count =
          rd_kafka_consume_batch_queue(part.queue.get(), 0, part.held.data(), kBatch);
      part.held.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
      TRY_DO(take_notices(part));
    }
    return {};
  }

  // Removes from `held` what is no message, after acting on it.
  core::Status take_notices(Part& part) {
    core::Status status;
    bool at_end = false;
    std::size_t kept = 0;
    for (rd_kafka_message_t* message : part.held) {
      at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        part.held[kept++] = message;
        continue;
      }
      if (core::Status taken = take_notice(part, message->err); !taken) status = taken;
      rd_kafka_message_destroy(message);
    }
    part.held.resize(kept);
    TRY_DO(status);
    // The last offsets of a span may hold no messages (marks of transactions), and a partition may
    // be shorter than it was.
    const bool behind = !part.empty() && part.held[part.cursor]->offset >= part.span.to;
    if (behind || (at_end && part.empty())) return end(part);
    if (at_end) part.span.to = std::min(part.span.to, part.held.back()->offset + 1);
    return {};
  }

  core::Status take_notice(Part& part, rd_kafka_resp_err_t notice) {
    const std::string topic = "topic `" + part.span.topic + "`";
    switch (notice) {
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        part.lost = true;
        return {};
      case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return core::fail(topic + " may not be read by this user on " + options_.brokers +
                          "; grant it read");
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        removed_ = true;
        return core::fail(topic + " was removed from " + options_.brokers + "; make it again");
      default:
        return {};  // gets better by itself
    }
  }

  core::Status look_up_gaps(const runtime::ConsumerEvents& events) {
    for (Part& part : parts_) {
      if (part.ended || !part.lost || !part.empty()) continue;
      std::int64_t low = 0;
      std::int64_t high = 0;
      if (rd_kafka_query_watermark_offsets(client_->get(), part.span.topic.c_str(),
                                           part.span.partition, &low, &high,
                                           to_ms(kGapLookup)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        continue;  // asked again at the next poll
      }
      // Out of range above the end: the topic was made anew, and nothing of the span is there.
      const std::int64_t to = part.span.from < low ? std::min(low, part.span.to) : part.span.to;
      const std::int64_t from = std::exchange(part.span.from, to);
      if (events.on_gap) events.on_gap({part.span.topic, part.span.partition, from, to});
      part.lost = false;
      TRY_DO(unassign(part));
      if (to >= part.span.to) {
        part.ended = true;
      } else {
        TRY_DO(assign(part));
      }
    }
    return {};
  }

  KafkaOptions options_;
  Signal signal_;
  std::unique_ptr<Client> client_;
  std::deque<Part> parts_;  // stays in place
  bool removed_ = false;
};

// What rd_kafka_offsets_for_times() says of all partitions for one timestamp, or for the marks of
// beginning and end.
core::Result<OffsetsPtr> look_up_all(Client& client, const PartitionCounts& counts,
                                     std::int64_t wanted, core::Duration limit) {
  OffsetsPtr list(rd_kafka_topic_partition_list_new(16));
  for (const auto& [topic, count] : counts) {
    for (std::int32_t partition = 0; partition < count; ++partition) {
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = wanted;
    }
  }
  TRY_DO(client.look_up(list.get(), limit));
  return list;
}

}  // namespace

core::Result<std::vector<runtime::Place>> places_of(Client& client,
                                                    const std::vector<std::string>& topics,
                                                    core::Time time, core::Duration limit) {
  TRY(const PartitionCounts counts, client.existing(topics, limit));
  const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  const std::int64_t ms = std::max<std::int64_t>(since.count(), 0);  // negative ones are marks
  TRY(const OffsetsPtr begins, look_up_all(client, counts, RD_KAFKA_OFFSET_BEGINNING, limit));
  TRY(const OffsetsPtr found, look_up_all(client, counts, ms, limit));
  TRY(const OffsetsPtr ends, look_up_all(client, counts, RD_KAFKA_OFFSET_END, limit));
  std::vector<runtime::Place> places;
  for (int i = 0; i < ends->cnt; ++i) {
    const std::int64_t end = ends->elems[i].offset;
    const std::int64_t at = found->elems[i].offset;
    places.push_back({ends->elems[i].topic, ends->elems[i].partition, begins->elems[i].offset,
                      at < 0 ? end : at, end});
  }
  return places;
}

core::Result<std::unique_ptr<runtime::SpanReader>> open_span_reader(
    const KafkaOptions& options, const std::vector<runtime::Span>& spans) {
  auto reader = std::make_unique<KafkaSpanReader>(options);
  TRY_DO(reader->open(spans));
  return reader;
}

}  // namespace rollbook::adapters::kafka
