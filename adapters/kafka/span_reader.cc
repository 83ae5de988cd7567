// The span reader: reads what lies behind, once, with a handle of its own that holds little, so
// that live consumers keep their connections and memory. Partitions are merged by timestamp, and
// unlike the live consumer it waits for one whose leader is away: the past does not hurry.

#include <algorithm>
#include <deque>

#include "adapters/kafka/fetched.h"

namespace rollbook::adapters::kafka {

namespace {

using Clock = std::chrono::steady_clock;

constexpr core::Duration kGapLookup = std::chrono::seconds(1);
// Of each partition, fetched ahead.
constexpr const char* kAheadKilobytes = "4096";
constexpr const char* kAheadMessages = "10000";

struct Part {
  Part(Client& client, const runtime::Span& wanted, Signal& signal)
      : span(wanted), fetched(client, wanted.topic, wanted.partition, signal) {}
  runtime::Span span;  // `from` is the next offset to hand out
  Fetched fetched;
  bool lost = false;   // `from` is out of range: a gap to be looked up
  bool ended = false;  // nothing more comes of it
};

class KafkaSpanReader : public runtime::SpanReader {
 public:
  explicit KafkaSpanReader(const KafkaOptions& options) : options_(options) {
    options_.properties.emplace_back("queued.max.messages.kbytes", kAheadKilobytes);
    options_.properties.emplace_back("queued.min.messages", kAheadMessages);
  }

  ~KafkaSpanReader() override {
    parts_.clear();
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
      if (span.from < span.to) parts_.emplace_back(*client_, span, signal_);
    }
    for (Part& part : parts_) TRY_DO(part.fetched.assign(part.span.from));
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
  // Behind its span a partition is not fetched any further.
  core::Status end(Part& part) {
    part.ended = true;
    part.fetched.drop();
    return part.fetched.unassign();
  }

  core::Result<std::size_t> hand_out(std::size_t most, const runtime::ConsumerEvents& events) {
    std::size_t count = 0;
    while (count < most) {
      TRY_DO(refill());
      Oldest<Part> oldest;
      bool complete = true;
      for (Part& part : parts_) {
        if (part.ended) continue;
        if (part.fetched.empty()) {
          complete = false;
        } else {
          oldest.see(part, part.fetched.first_ms());
        }
      }
      if (!complete || oldest.part() == nullptr) break;
      TRY(const std::size_t handed, run(*oldest.part(), oldest.upto_ms(), most - count, events));
      count += handed;
    }
    return count;
  }

  core::Result<std::size_t> run(Part& part, std::int64_t upto_ms, std::size_t most,
                                const runtime::ConsumerEvents& events) {
    const std::size_t count = part.fetched.hand_out(
        {.time_ms = upto_ms, .most = most, .before_offset = part.span.to}, events, part.span.from);
    if (is_beyond(part) || part.span.from >= part.span.to) TRY_DO(end(part));
    return count;
  }

  // The last offsets of a span may hold no messages (marks of transactions).
  static bool is_beyond(const Part& part) {
    return !part.fetched.empty() && part.fetched.first_offset() >= part.span.to;
  }

  core::Status refill() {
    for (Part& part : parts_) {
      if (part.ended || part.lost || !part.fetched.empty()) continue;
      if (part.fetched.waiting() == 0) continue;
      TRY(const bool at_end, part.fetched.refill([&](rd_kafka_resp_err_t notice) {
        return take_notice(part, notice);
      }));
      if (is_beyond(part) || (at_end && part.fetched.empty())) {
        TRY_DO(end(part));
      } else if (at_end) {
        // A partition may be shorter than it was.
        part.span.to = std::min(part.span.to, part.fetched.last_offset() + 1);
      }
    }
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
      if (part.ended || !part.lost || !part.fetched.empty()) continue;
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
      TRY_DO(part.fetched.unassign());
      if (to >= part.span.to) {
        part.ended = true;
      } else {
        TRY_DO(part.fetched.assign(to));
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
