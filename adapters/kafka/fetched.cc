#include "adapters/kafka/fetched.h"

namespace rollbook::adapters::kafka {

namespace {

using MessagePtr =
    std::unique_ptr<rd_kafka_message_t, Destroy<rd_kafka_message_t, rd_kafka_message_destroy>>;

constexpr std::size_t kBatch = 1024;

void on_queue_filled(rd_kafka_t*, void* signal) { static_cast<Signal*>(signal)->notify(); }

std::int64_t timestamp_ms(const rd_kafka_message_t* message) {
  rd_kafka_timestamp_type_t type{};
  return std::max<std::int64_t>(rd_kafka_message_timestamp(message, &type), 0);
}

}  // namespace

Fetched::Fetched(Client& client, std::string topic, std::int32_t partition, Signal& signal)
    : client_(client),
      topic_(std::move(topic)),
      partition_(partition),
      queue_(rd_kafka_queue_get_partition(client.get(), topic_.c_str(), partition)) {
  ROLLBOOK_CHECK(queue_ != nullptr);
  rd_kafka_queue_forward(queue_.get(), nullptr);
  rd_kafka_queue_cb_event_enable(queue_.get(), &on_queue_filled, &signal);
}

Fetched::~Fetched() {
  rd_kafka_queue_cb_event_enable(queue_.get(), nullptr, nullptr);
  drop();
}

OffsetsPtr Fetched::at(std::int64_t offset) const {
  OffsetsPtr list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition_)->offset = offset;
  return list;
}

core::Status Fetched::assign(std::int64_t offset) {
  return assigned(rd_kafka_incremental_assign(client_.get(), at(offset).get()));
}

core::Status Fetched::unassign() {
  return assigned(rd_kafka_incremental_unassign(client_.get(), at(RD_KAFKA_OFFSET_INVALID).get()));
}

std::int64_t Fetched::first_ms() const { return timestamp_ms(held_[cursor_]); }

core::Result<bool> Fetched::refill(const OnNotice& on_notice) {
  held_.resize(kBatch);
  cursor_ = 0;
  const ssize_t count = rd_kafka_consume_batch_queue(queue_.get(), 0, held_.data(), kBatch);
  held_.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  core::Status status;
  bool at_end = false;
  std::size_t kept = 0;
  for (rd_kafka_message_t* message : held_) {
    at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      held_[kept++] = message;
      continue;
    }
    if (core::Status taken = on_notice(message->err); !taken) status = taken;
    rd_kafka_message_destroy(message);
  }
  held_.resize(kept);
  TRY_DO(status);
  return at_end;
}

std::size_t Fetched::hand_out(const Upto& upto, const runtime::ConsumerEvents& events,
                              std::int64_t& next) {
  std::size_t count = 0;
  runtime::Record record;
  record.topic = topic_;
  record.partition = partition_;
  while (!empty() && count < upto.most) {
    rd_kafka_message_t* message = held_[cursor_];
    if (message->offset >= upto.before_offset) break;
    const std::int64_t time_ms = timestamp_ms(message);
    if (time_ms > upto.time_ms) break;
    // Before the callback: should it throw, the message is not seen twice or leaked.
    const MessagePtr owner(message);
    ++cursor_;
    next = message->offset + 1;
    record.offset = message->offset;
    record.time = core::Time(std::chrono::milliseconds(time_ms));
    record.key = {static_cast<const char*>(message->key), message->key_len};
    record.value = {static_cast<const char*>(message->payload), message->len};
    if (events.on_record) events.on_record(record);
    ++count;
  }
  return count;
}

void Fetched::drop() {
  for (std::size_t i = cursor_; i < held_.size(); ++i) rd_kafka_message_destroy(held_[i]);
  held_.clear();
  cursor_ = 0;
}

core::Status assigned(rd_kafka_error_t* error) {
  if (error == nullptr) return {};
  const std::string reason = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  return core::fail("cannot assign partitions: " + reason);
}

}  // namespace rollbook::adapters::kafka
