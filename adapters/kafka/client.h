#pragma once
// Client: one librdkafka handle with what every use of it shares: configuration, the last error in
// words, and questions about topics. Internal to adapters/kafka: librdkafka's types end here.

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/kafka/kafka_bus.h"

namespace rollbook::adapters::kafka {

inline int to_ms(core::Duration duration) {
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

template <class T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* object) const { destroy(object); }
};
using TopicPtr =
    std::unique_ptr<rd_kafka_topic_t, Destroy<rd_kafka_topic_t, rd_kafka_topic_destroy>>;
using QueuePtr =
    std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_t, rd_kafka_queue_destroy>>;
using OffsetsPtr = std::unique_ptr<
    rd_kafka_topic_partition_list_t,
    Destroy<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>>;
using ConfPtr = std::unique_ptr<rd_kafka_conf_t, Destroy<rd_kafka_conf_t, rd_kafka_conf_destroy>>;

// Number of partitions by topic; 0: the topic is not there.
using PartitionCounts = std::map<std::string, std::int32_t>;

enum class Role { consumer, producer };

class Client {
 public:
  using OnDelivery = std::function<void(const rd_kafka_message_t&)>;

  // Error: the properties; librdkafka connects in the background.
  static core::Result<std::unique_ptr<Client>> open(const KafkaOptions& options, Role role,
                                                    OnDelivery on_delivery = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_t* get() const { return handle_; }

  // Serves callbacks for up to `wait`.
  void serve(core::Duration wait) { rd_kafka_poll(handle_, to_ms(wait)); }

  // Partitions of `topics`. Error: no broker answers within `limit`.
  core::Result<PartitionCounts> partitions(const std::vector<std::string>& topics,
                                           core::Duration limit);
  // The same; Error also: a topic is not there, or may not be read.
  core::Result<PartitionCounts> existing(const std::vector<std::string>& topics,
                                         core::Duration limit);
  // For each entry of `list` the offset at its timestamp: RD_KAFKA_OFFSET_BEGINNING or _END.
  core::Status look_up(rd_kafka_topic_partition_list_t* list, core::Duration limit);

  // A property of that name which is a number, as it holds.
  std::size_t number(const char* property) const;

  // "cannot reach 127.0.0.1:9092: Connection refused; is it running?"
  core::Error unreachable() const;

  // True once after all brokers went away.
  bool take_all_down() { return all_down_.exchange(false); }
  // True once the handle can only be thrown away (idempotent producers). librdkafka is asked: it
  // knows before its error callback is served.
  bool fatal() const {
    return rd_kafka_fatal_error(handle_, nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
  }

 private:
  explicit Client(const KafkaOptions& options) : options_(options) {}
  void note(rd_kafka_resp_err_t code, const char* reason);
  // Takes over what `found` says of the topics in `counts`; false: it is not final yet.
  core::Result<bool> read(const rd_kafka_metadata_t& found, PartitionCounts& counts) const;
  rd_kafka_topic_t* local_topic(const std::string& topic);

  static void on_error(rd_kafka_t*, int code, const char* reason, void* self);
  static void on_log(const rd_kafka_t*, int level, const char* facility, const char* line);
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self);

  const KafkaOptions options_;
  OnDelivery on_delivery_;
  rd_kafka_t* handle_ = nullptr;
  std::mutex topics_mutex_;
  std::map<std::string, TopicPtr> topics_;  // guarded by topics_mutex_
  mutable std::mutex error_mutex_;
  std::string last_error_;  // guarded by error_mutex_
  std::atomic<bool> all_down_ = false;
};

// Waiting for one of several sources; notified from librdkafka's threads.
class Signal {
 public:
  void notify();
  std::uint64_t count() const;
  // Waits until count() has left `seen`, or `until`.
  void wait(std::uint64_t seen, std::chrono::steady_clock::time_point until);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t count_ = 0;  // guarded by mutex_
};

core::Error explain(const std::string& what, rd_kafka_resp_err_t code);

core::Result<std::unique_ptr<runtime::Consumer>> open_consumer(
    const KafkaOptions& options, const std::vector<std::string>& topics,
    const std::vector<core::SourceOffset>& from, bool new_from_end);
core::Result<std::unique_ptr<runtime::Producer>> open_producer(const KafkaOptions& options);
core::Result<std::unique_ptr<runtime::SpanReader>> open_span_reader(
    const KafkaOptions& options, const std::vector<runtime::Span>& spans);
// Where `time` lies in all partitions of `topics`.
core::Result<std::vector<runtime::Place>> places_of(Client& client,
                                                    const std::vector<std::string>& topics,
                                                    core::Time time, core::Duration limit);
// The ends of all partitions of `topics`.
core::Result<std::vector<core::SourceOffset>> ends_of(Client& client,
                                                      const std::vector<std::string>& topics,
                                                      core::Duration limit);

}  // namespace rollbook::adapters::kafka
