#include "adapters/memory_bus.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

namespace rollbook::adapters {

namespace {

constexpr std::size_t kUnderWayMost = 100'000;

struct Partition {
  std::int64_t first = 0;  // offset of messages.front()
  std::deque<MemoryMessage> messages;
  std::int64_t end() const { return first + static_cast<std::int64_t>(messages.size()); }
  void remove_before(std::int64_t offset) {
    while (first < offset && !messages.empty()) {
      messages.pop_front();
      ++first;
    }
  }
};

// FNV-1a: the same key goes to the same partition on every machine.
std::uint64_t hash_of(std::string_view key) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

core::Error no_such_topic(const std::string& topic) {
  return core::Error{"topic `" + topic + "` is not on this bus; make it, or correct its name"};
}

core::Error unreachable() { return core::Error{"cannot reach the bus: it was cut off by a test"}; }

// Where a consumer stands in one partition.
struct Cursor {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t next = 0;
};

}  // namespace

struct MemoryBus::Broker {
  MemoryBusOptions options;
  std::map<std::string, std::vector<Partition>> topics;
  bool reachable = true;
  std::uint64_t keyless = 0;                        // spreads messages without a key
  std::vector<const std::vector<Cursor>*> readers;  // of the consumers there are

  Partition* find(const std::string& topic, std::int32_t partition) {
    const auto found = topics.find(topic);
    if (found == topics.end() || partition < 0) return nullptr;
    const auto index = static_cast<std::size_t>(partition);
    return index < found->second.size() ? &found->second[index] : nullptr;
  }

  void append(Partition& partition, std::string key, std::string value) const {
    partition.messages.push_back({options.now(), std::move(key), std::move(value)});
  }

  Partition& choose(std::vector<Partition>& partitions, const std::string& key) {
    const std::uint64_t spread = key.empty() ? keyless++ : hash_of(key);
    return partitions[spread % partitions.size()];
  }

  void forget(const std::string& topic, std::int32_t number) {
    std::optional<std::int64_t> least;
    for (const auto* cursors : readers) {
      for (const Cursor& cursor : *cursors) {
        if (cursor.topic != topic || cursor.partition != number) continue;
        least = std::min(least.value_or(cursor.next), cursor.next);
      }
    }
    if (least) find(topic, number)->remove_before(*least);
  }

  core::Result<std::vector<core::SourceOffset>> ends(const std::vector<std::string>& wanted) const {
    if (!reachable) return tl::unexpected(unreachable());
    std::vector<core::SourceOffset> ends;
    for (const std::string& topic : wanted) {
      const auto found = topics.find(topic);
      if (found == topics.end()) return tl::unexpected(no_such_topic(topic));
      std::int32_t number = 0;
      for (const Partition& partition : found->second) {
        ends.push_back({topic, number++, partition.end()});
      }
    }
    return ends;
  }
};

namespace {

class MemoryConsumer : public runtime::Consumer {
 public:
  MemoryConsumer(std::shared_ptr<MemoryBus::Broker> broker, std::vector<std::string> topics,
                 std::vector<Cursor> cursors)
      : broker_(std::move(broker)), topics_(std::move(topics)), cursors_(std::move(cursors)) {
    broker_->readers.push_back(&cursors_);
  }
  ~MemoryConsumer() override { std::erase(broker_->readers, &cursors_); }
  MemoryConsumer(const MemoryConsumer&) = delete;
  MemoryConsumer& operator=(const MemoryConsumer&) = delete;

  core::Result<std::size_t> poll(core::Duration, std::size_t most,
                                 const runtime::ConsumerEvents& events) override {
    if (broker_->reachable != reachable_) {
      reachable_ = broker_->reachable;
      if (events.on_reachable) events.on_reachable(reachable_);
    }
    if (!reachable_) return std::size_t{0};
    TRY_DO(follow_topics());
    skip_gaps(events);
    std::size_t count = 0;
    while (count < most) {
      Cursor* oldest = find_oldest();
      if (oldest == nullptr) break;
      hand_out(*oldest, events);
      ++count;
    }
    if (broker_->options.forget_read && count > 0) {
      for (const Cursor& cursor : cursors_) broker_->forget(cursor.topic, cursor.partition);
    }
    return count;
  }

  core::Result<std::vector<core::SourceOffset>> ends() override { return broker_->ends(topics_); }

 private:
  // Takes in partitions that were added; all they hold is new.
  core::Status follow_topics() {
    for (const std::string& topic : topics_) {
      const auto found = broker_->topics.find(topic);
      if (found == broker_->topics.end()) return tl::unexpected(no_such_topic(topic));
      const auto known = std::count_if(cursors_.begin(), cursors_.end(),
                                       [&](const Cursor& cursor) { return cursor.topic == topic; });
      for (auto number = known; number < std::ssize(found->second); ++number) {
        cursors_.push_back({topic, static_cast<std::int32_t>(number), 0});
      }
    }
    return {};
  }

  void skip_gaps(const runtime::ConsumerEvents& events) {
    for (Cursor& cursor : cursors_) {
      const Partition* partition = broker_->find(cursor.topic, cursor.partition);
      if (partition == nullptr) continue;
      const std::int64_t to = std::clamp(cursor.next, partition->first, partition->end());
      if (to == cursor.next) continue;
      const std::int64_t from = std::exchange(cursor.next, to);
      if (events.on_gap) events.on_gap({cursor.topic, cursor.partition, from, to});
    }
  }

  // The cursor whose next message is the oldest; partitions are merged by time.
  Cursor* find_oldest() {
    Cursor* oldest = nullptr;
    core::Time oldest_time{};
    for (Cursor& cursor : cursors_) {
      const MemoryMessage* message = message_at(cursor);
      if (message == nullptr || (oldest != nullptr && message->time >= oldest_time)) continue;
      oldest = &cursor;
      oldest_time = message->time;
    }
    return oldest;
  }

  const MemoryMessage* message_at(const Cursor& cursor) const {
    const Partition* partition = broker_->find(cursor.topic, cursor.partition);
    if (partition == nullptr || cursor.next < partition->first || cursor.next >= partition->end()) {
      return nullptr;
    }
    return &partition->messages[static_cast<std::size_t>(cursor.next - partition->first)];
  }

  void hand_out(Cursor& cursor, const runtime::ConsumerEvents& events) {
    const MemoryMessage& message = *message_at(cursor);
    const runtime::Record record{cursor.topic, cursor.partition, cursor.next++,
                                 message.time, message.key,      message.value};
    if (events.on_record) events.on_record(record);
  }

  std::shared_ptr<MemoryBus::Broker> broker_;
  std::vector<std::string> topics_;
  std::vector<Cursor> cursors_;
  bool reachable_ = true;  // as last told
};

// Messages of the partition from `from` up to `to`, the oldest first of all partitions.
class MemorySpanReader : public runtime::SpanReader {
 public:
  MemorySpanReader(std::shared_ptr<MemoryBus::Broker> broker, std::vector<runtime::Span> spans)
      : broker_(std::move(broker)), left_(std::move(spans)) {}

  core::Result<std::size_t> poll(core::Duration, std::size_t most,
                                 const runtime::ConsumerEvents& events) override {
    if (!broker_->reachable) return std::size_t{0};
    std::size_t count = 0;
    for (; count < most; ++count) {
      TRY(runtime::Span * oldest, find_oldest(events));
      if (oldest == nullptr) break;
      const MemoryMessage& message = message_at(*oldest);
      const runtime::Record record{oldest->topic, oldest->partition, oldest->from++,
                                   message.time,  message.key,       message.value};
      if (events.on_record) events.on_record(record);
    }
    return count;
  }

  bool done() const override {
    return std::all_of(left_.begin(), left_.end(),
                       [](const runtime::Span& span) { return span.from >= span.to; });
  }

 private:
  const MemoryMessage& message_at(const runtime::Span& span) const {
    const Partition& partition = *broker_->find(span.topic, span.partition);
    return partition.messages[static_cast<std::size_t>(span.from - partition.first)];
  }

  core::Result<runtime::Span*> find_oldest(const runtime::ConsumerEvents& events) {
    runtime::Span* oldest = nullptr;
    for (runtime::Span& span : left_) {
      if (span.from >= span.to) continue;
      const Partition* partition = broker_->find(span.topic, span.partition);
      if (partition == nullptr) return tl::unexpected(no_such_topic(span.topic));
      if (span.from < partition->first) {
        const std::int64_t from = std::exchange(span.from, std::min(partition->first, span.to));
        if (events.on_gap) events.on_gap({span.topic, span.partition, from, span.from});
      }
      span.to = std::min(span.to, partition->end());
      if (span.from >= span.to) continue;
      if (oldest == nullptr || message_at(span).time < message_at(*oldest).time) oldest = &span;
    }
    return oldest;
  }

  std::shared_ptr<MemoryBus::Broker> broker_;
  std::vector<runtime::Span> left_;
};

class MemoryProducer : public runtime::Producer {
 public:
  explicit MemoryProducer(std::shared_ptr<MemoryBus::Broker> broker) : broker_(std::move(broker)) {}

  bool send(const runtime::Outgoing& message, runtime::OnSent delivered) override {
    if (waiting_.size() + reports_.size() >= kUnderWayMost) return false;
    waiting_.push_back({message, std::move(delivered)});
    write();
    return true;
  }

  void poll(core::Duration) override {
    write();
    // A report may send: only those that are there now are served.
    for (std::size_t left = reports_.size(); left > 0; --left) {
      auto [delivered, error] = std::move(reports_.front());
      reports_.pop_front();
      if (delivered) delivered(std::move(error));
    }
  }

  std::size_t flush(core::Duration wait) override {
    poll(wait);
    return waiting_.size() + reports_.size();
  }

 private:
  void write() {
    while (broker_->reachable && !waiting_.empty()) {
      auto [message, delivered] = std::move(waiting_.front());
      waiting_.pop_front();
      const auto topic = broker_->topics.find(message.topic);
      if (topic == broker_->topics.end()) {
        reports_.push_back(
            {std::move(delivered), runtime::SendError{no_such_topic(message.topic)}});
        continue;
      }
      broker_->append(broker_->choose(topic->second, message.key), std::move(message.key),
                      std::move(message.payload));
      reports_.push_back({std::move(delivered), std::nullopt});
    }
  }

  std::shared_ptr<MemoryBus::Broker> broker_;
  std::deque<std::pair<runtime::Outgoing, runtime::OnSent>> waiting_;
  std::deque<std::pair<runtime::OnSent, std::optional<runtime::SendError>>> reports_;
};

}  // namespace

MemoryBus::MemoryBus(MemoryBusOptions options) : broker_(std::make_shared<Broker>()) {
  ROLLBOOK_CHECK(options.now != nullptr);
  broker_->options = std::move(options);
}

MemoryBus::~MemoryBus() = default;

core::Result<std::unique_ptr<runtime::Consumer>> MemoryBus::consumer(
    const std::vector<std::string>& topics, const std::vector<core::SourceOffset>& from,
    bool new_from_end) {
  TRY(const auto ends, broker_->ends(topics));
  std::vector<Cursor> cursors;
  for (const core::SourceOffset& end : ends) {
    const Partition& partition = *broker_->find(end.topic, end.partition);
    Cursor cursor{end.topic, end.partition, new_from_end ? end.next : partition.first};
    for (const core::SourceOffset& known : from) {
      if (known.topic == end.topic && known.partition == end.partition) cursor.next = known.next;
    }
    cursors.push_back(std::move(cursor));
  }
  return std::make_unique<MemoryConsumer>(broker_, topics, std::move(cursors));
}

core::Result<std::unique_ptr<runtime::Producer>> MemoryBus::producer() {
  if (!broker_->reachable) return tl::unexpected(unreachable());
  return std::make_unique<MemoryProducer>(broker_);
}

core::Result<std::vector<core::SourceOffset>> MemoryBus::ends(
    const std::vector<std::string>& topics) {
  return broker_->ends(topics);
}

core::Result<std::vector<runtime::Place>> MemoryBus::places(const std::vector<std::string>& topics,
                                                            core::Time time) {
  TRY(const auto ends, broker_->ends(topics));
  std::vector<runtime::Place> places;
  for (const core::SourceOffset& end : ends) {
    const Partition& partition = *broker_->find(end.topic, end.partition);
    const auto found =
        std::find_if(partition.messages.begin(), partition.messages.end(),
                     [&](const MemoryMessage& message) { return message.time >= time; });
    places.push_back({end.topic, end.partition, partition.first,
                      partition.first + (found - partition.messages.begin()), end.next});
  }
  return places;
}

core::Result<std::unique_ptr<runtime::SpanReader>> MemoryBus::reader(
    const std::vector<runtime::Span>& spans) {
  if (!broker_->reachable) return tl::unexpected(unreachable());
  for (const runtime::Span& span : spans) {
    if (broker_->find(span.topic, span.partition) == nullptr) {
      return tl::unexpected(no_such_topic(span.topic));
    }
  }
  return std::make_unique<MemorySpanReader>(broker_, spans);
}

core::Status MemoryBus::ensure_topics(const std::vector<std::string>& topics) {
  if (!broker_->reachable) return tl::unexpected(unreachable());
  for (const std::string& topic : topics) create_topic(topic, 1);
  return {};
}

void MemoryBus::create_topic(const std::string& topic, int partitions) {
  auto& all = broker_->topics[topic];
  all.resize(std::max(all.size(), static_cast<std::size_t>(partitions)));
}

void MemoryBus::delete_topic(const std::string& topic) { broker_->topics.erase(topic); }

void MemoryBus::append(const std::string& topic, std::int32_t partition, std::string key,
                       std::string value) {
  Partition* found = broker_->find(topic, partition);
  ROLLBOOK_CHECK(found != nullptr);
  broker_->append(*found, std::move(key), std::move(value));
}

void MemoryBus::set_reachable(bool reachable) { broker_->reachable = reachable; }

void MemoryBus::remove_before(const core::SourceOffset& offset) {
  Partition* found = broker_->find(offset.topic, offset.partition);
  ROLLBOOK_CHECK(found != nullptr);
  found->remove_before(offset.next);
}

const std::deque<MemoryMessage>& MemoryBus::messages(const std::string& topic,
                                                     std::int32_t partition) const {
  const Partition* found = broker_->find(topic, partition);
  ROLLBOOK_CHECK(found != nullptr);
  return found->messages;
}

}  // namespace rollbook::adapters
