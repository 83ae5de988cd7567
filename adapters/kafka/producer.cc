// The producer. Messages stay here until they are acknowledged: librdkafka reads their bytes in
// place, and after a fatal error of the idempotent producer the handle is thrown away and all that
// was not acknowledged is sent again on a new one, in order (so: at least once).

#include <algorithm>
#include <array>
#include <deque>

#include "adapters/kafka/client.h"

namespace rollbook::adapters::kafka {

namespace {

using Clock = std::chrono::steady_clock;

// The caller keeps an outbox of its own; this bounds what is handed over at once.
constexpr std::size_t kUnderWayMost = 100'000;
constexpr core::Duration kRecreateAfter = std::chrono::seconds(1);

struct Message {
  runtime::Outgoing content;
  runtime::OnSent delivered;
  bool handed_over = false;  // librdkafka has it
  bool done = false;
};

void add(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

rd_kafka_vu_t bytes(rd_kafka_vtype_t type, const std::string& value) {
  rd_kafka_vu_t unit{};
  unit.vtype = type;
  unit.u.mem.ptr = const_cast<char*>(value.data());  // librdkafka only reads it
  unit.u.mem.size = value.size();
  return unit;
}

class KafkaProducer : public runtime::Producer {
 public:
  explicit KafkaProducer(const KafkaOptions& options) : options_(options) {}
  ~KafkaProducer() override {
    closing_ = true;
    drop_client();
  }

  // An absent broker is said now; later ones are waited for. A message that is sent before the
  // first connection stands would wait a second for librdkafka's next look at its topics.
  core::Status connect() {
    TRY_DO(open_client());
    TRY_DO(client_->partitions({}, options_.connect_limit));
    return {};
  }
  core::Status open_client() {
    TRY(client_, Client::open(options_, Role::producer,
                              [this](const rd_kafka_message_t& report) { on_report(report); }));
    return {};
  }

  bool send(const runtime::Outgoing& message, runtime::OnSent delivered) override {
    if (messages_.size() >= kUnderWayMost) return false;
    messages_.push_back(std::make_unique<Message>(Message{message, std::move(delivered)}));
    // While older ones wait for a new handle, this one must not overtake them.
    if (waiting_ > 0 || hand_over(*messages_.back()) == Handed::full) ++waiting_;
    return true;
  }

  void poll(core::Duration wait) override {
    const auto until = Clock::now() + wait;
    renew_if_fatal();
    hand_over_waiting();
    if (client_)
      client_->serve(std::max(core::Duration::zero(), core::Duration(until - Clock::now())));
    renew_if_fatal();
    report_refused();
    while (!messages_.empty() && messages_.front()->done) messages_.pop_front();
  }

  std::size_t flush(core::Duration wait) override {
    const auto until = Clock::now() + wait;
    poll(core::Duration::zero());
    while (!messages_.empty() && Clock::now() < until) {
      poll(std::min<core::Duration>(until - Clock::now(), std::chrono::milliseconds(50)));
    }
    return messages_.size();
  }

 private:
  enum class Handed { yes, full };

  Handed hand_over(Message& message) {
    if (!client_ || client_->fatal()) return Handed::full;
    const runtime::Outgoing& content = message.content;
    std::array<rd_kafka_vu_t, 6> units{};
    std::size_t count = 0;
    units[count].vtype = RD_KAFKA_VTYPE_TOPIC;
    units[count++].u.cstr = content.topic.c_str();
    units[count++] = bytes(RD_KAFKA_VTYPE_VALUE, content.payload);
    units[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
    units[count++].u.ptr = &message;
    if (!content.key.empty()) units[count++] = bytes(RD_KAFKA_VTYPE_KEY, content.key);
    rd_kafka_headers_t* headers = nullptr;
    if (!content.type.empty()) {
      headers = rd_kafka_headers_new(5);
      add(headers, "ce_specversion", "1.0");
      add(headers, "ce_id", content.id);
      add(headers, "ce_source", options_.source);
      add(headers, "ce_type", content.type);
      add(headers, "content-type", "application/cloudevents+json; charset=UTF-8");
      units[count].vtype = RD_KAFKA_VTYPE_HEADERS;
      units[count++].u.headers = headers;
    }
    rd_kafka_error_t* error = rd_kafka_produceva(client_->get(), units.data(), count);
    if (error == nullptr) {
      message.handed_over = true;
      return Handed::yes;
    }
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (headers != nullptr) rd_kafka_headers_destroy(headers);  // still ours after a failure
    // After a fatal error librdkafka refuses with that error's own code.
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL || client_->fatal()) return Handed::full;
    refused_.push_back({&message, refusal(content, code)});
    return Handed::yes;
  }

  void hand_over_waiting() {
    while (waiting_ > 0) {
      if (hand_over(*messages_[messages_.size() - waiting_]) == Handed::full) return;
      --waiting_;
    }
  }

  // A broker refuses the whole request, so one of these is said of all messages in it.
  static bool is_of_size(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
  }

  static runtime::SendError refusal(const runtime::Outgoing& content, rd_kafka_resp_err_t code) {
    return {explain("cannot send " + std::to_string(content.payload.size()) + " bytes to topic `" +
                        content.topic + "`",
                    code),
            is_of_size(code)};
  }

  // `delivered` is promised to be called from poll() alone, so refusals of send() wait for it.
  void report_refused() {
    while (!refused_.empty()) {
      auto [message, error] = std::move(refused_.front());
      refused_.pop_front();
      finish(*message, std::move(error));
    }
  }

  void finish(Message& message, std::optional<runtime::SendError> error) {
    message.done = true;
    if (message.delivered) message.delivered(std::move(error));
  }

  void on_report(const rd_kafka_message_t& report) {
    if (closing_) return;  // whoever waited for it may be gone
    Message& message = *static_cast<Message*>(report._private);
    switch (report.err) {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        finish(message, std::nullopt);
        return;
      case RD_KAFKA_RESP_ERR__FATAL:
      case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
      case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
        message.handed_over = false;  // to be sent again on a new handle
        return;
      default:
        // After a fatal error every report is its consequence, whatever it says.
        if (client_->fatal()) {
          message.handed_over = false;
        } else {
          finish(message, refusal(message.content, report.err));
        }
    }
  }

  void drop_client() {
    if (!client_) return;
    rd_kafka_purge(client_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    // Reports of purged messages point into messages_, so they are served before that goes.
    while (rd_kafka_outq_len(client_->get()) > 0) client_->serve(std::chrono::milliseconds(10));
    client_.reset();
  }

  void renew_if_fatal() {
    if (client_ && !client_->fatal()) return;
    if (Clock::now() < renew_not_before_) return;
    renew_not_before_ = Clock::now() + kRecreateAfter;
    report_refused();
    drop_client();
    if (!open_client()) return;  // the properties were good once: memory or threads; tried again
    std::erase_if(messages_, [](const auto& message) { return message->done; });
    waiting_ = messages_.size();
    hand_over_waiting();
  }

  const KafkaOptions options_;
  std::deque<std::unique_ptr<Message>> messages_;  // in the order of send(), until done
  std::size_t waiting_ = 0;                        // the last so many were not handed over
  std::deque<std::pair<Message*, runtime::SendError>> refused_;
  std::unique_ptr<Client> client_;  // after messages_: its reports point there
  Clock::time_point renew_not_before_{};
  bool closing_ = false;
};

}  // namespace

core::Result<std::unique_ptr<runtime::Producer>> open_producer(const KafkaOptions& options) {
  auto producer = std::make_unique<KafkaProducer>(options);
  TRY_DO(producer->connect());
  return producer;
}

}  // namespace rollbook::adapters::kafka
