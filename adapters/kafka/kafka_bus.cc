#include "adapters/kafka/kafka_bus.h"

#include <array>
#include <chrono>

#include "adapters/kafka/client.h"

namespace rollbook::adapters {

namespace {

using kafka::Client;
using kafka::OffsetsPtr;
using kafka::PartitionCounts;
using Clock = std::chrono::steady_clock;

using AdminOptionsPtr =
    std::unique_ptr<rd_kafka_AdminOptions_t,
                    kafka::Destroy<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>>;
using EventPtr =
    std::unique_ptr<rd_kafka_event_t, kafka::Destroy<rd_kafka_event_t, rd_kafka_event_destroy>>;
using NewTopicPtr = std::unique_ptr<rd_kafka_NewTopic_t,
                                    kafka::Destroy<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy>>;

// Asks for one administrative act and waits for its answer. `ask(options, queue)` sends it.
template <class Ask>
core::Result<EventPtr> administrate(Client& client, const std::string& what, core::Duration limit,
                                    rd_kafka_admin_op_t act, Ask ask) {
  AdminOptionsPtr options(rd_kafka_AdminOptions_new(client.get(), act));
  std::array<char, 256> reason{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kafka::to_ms(limit), reason.data(),
                                            reason.size());
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), kafka::to_ms(limit), reason.data(),
                                              reason.size());
  const kafka::QueuePtr queue(rd_kafka_queue_new(client.get()));
  ask(options.get(), queue.get());
  // The limit above makes it answer; one second more is for the way back.
  EventPtr event(rd_kafka_queue_poll(queue.get(), kafka::to_ms(limit) + 1000));
  if (!event) return core::fail(what + ": no answer");
  if (const auto error = rd_kafka_event_error(event.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* text = rd_kafka_event_error_string(event.get());
    return core::fail(what + ": " + (text != nullptr ? text : rd_kafka_err2str(error)));
  }
  return event;
}

core::Status check(const std::string& what, const rd_kafka_topic_result_t** results,
                   std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      continue;
    }
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    return core::fail(what + ": " + (text != nullptr ? text : rd_kafka_err2str(error)));
  }
  return {};
}

core::Status create(Client& client, const std::string& topic, int partitions,
                    core::Duration limit) {
  const std::string what = "cannot make topic `" + topic + "`";
  std::array<char, 256> reason{};
  // Replication as the broker's own default says.
  const NewTopicPtr fresh(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, reason.data(), reason.size()));
  if (!fresh) return core::fail(what + ": " + reason.data());
  TRY(const EventPtr event,
      administrate(client, what, limit, RD_KAFKA_ADMIN_OP_CREATETOPICS,
                   [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                     rd_kafka_NewTopic_t* topics[] = {fresh.get()};
                     rd_kafka_CreateTopics(client.get(), topics, 1, options, queue);
                   }));
  std::size_t count = 0;
  const auto results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  return check(what, results, count);
}

// Waits until the brokers tell of `wanted` partitions: they know of an act later than they
// confirm it.
core::Status await_partitions(Client& client, const std::string& topic, std::int32_t wanted,
                              core::Duration limit) {
  const auto until = Clock::now() + limit;
  for (;;) {
    TRY(const PartitionCounts counts, client.partitions({topic}, limit));
    if (wanted == 0 ? counts.at(topic) == 0 : counts.at(topic) >= wanted) return {};
    if (Clock::now() >= until) {
      return core::fail("topic `" + topic + "` does not show its " + std::to_string(wanted) +
                        " partitions");
    }
    client.serve(std::chrono::milliseconds(20));
  }
}

class KafkaBus : public runtime::Bus {
 public:
  KafkaBus(KafkaOptions options, std::unique_ptr<Client> client)
      : options_(std::move(options)), client_(std::move(client)) {}

  core::Result<std::unique_ptr<runtime::Consumer>> consumer(
      const std::vector<std::string>& topics, const std::vector<core::SourceOffset>& from,
      bool new_from_end) override {
    return kafka::open_consumer(options_, topics, from, new_from_end);
  }

  core::Result<std::unique_ptr<runtime::Producer>> producer() override {
    return kafka::open_producer(options_);
  }

  core::Result<std::vector<core::SourceOffset>> ends(
      const std::vector<std::string>& topics) override {
    return kafka::ends_of(*client_, topics, options_.connect_limit);
  }

  core::Result<std::vector<runtime::Place>> places(const std::vector<std::string>& topics,
                                                   core::Time time) override {
    return kafka::places_of(*client_, topics, time, options_.connect_limit);
  }

  core::Result<std::unique_ptr<runtime::SpanReader>> reader(
      const std::vector<runtime::Span>& spans) override {
    return kafka::open_span_reader(options_, spans);
  }

  core::Status ensure_topics(const std::vector<std::string>& topics) override {
    TRY(const PartitionCounts counts, client_->partitions(topics, options_.connect_limit));
    for (const auto& [topic, count] : counts) {
      if (count > 0) continue;
      if (auto made = create(*client_, topic, options_.partitions, options_.connect_limit); !made) {
        return core::fail(made.error().message + "; make it on " + options_.brokers + " yourself");
      }
      TRY_DO(await_partitions(*client_, topic, 1, options_.connect_limit));
    }
    return {};
  }

 private:
  const KafkaOptions options_;
  std::unique_ptr<Client> client_;
};

class Admin : public KafkaAdmin {
 public:
  Admin(KafkaOptions options, std::unique_ptr<Client> client)
      : options_(std::move(options)), client_(std::move(client)) {}

  core::Status create_topic(const std::string& topic, int partitions) override {
    TRY_DO(create(*client_, topic, partitions, options_.connect_limit));
    return await_partitions(*client_, topic, partitions, options_.connect_limit);
  }

  core::Status delete_topic(const std::string& topic) override {
    const std::string what = "cannot remove topic `" + topic + "`";
    rd_kafka_DeleteTopic_t* gone = rd_kafka_DeleteTopic_new(topic.c_str());
    auto event =
        administrate(*client_, what, options_.connect_limit, RD_KAFKA_ADMIN_OP_DELETETOPICS,
                     [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                       rd_kafka_DeleteTopics(client_->get(), &gone, 1, options, queue);
                     });
    rd_kafka_DeleteTopic_destroy(gone);
    TRY(const EventPtr answer, std::move(event));
    std::size_t count = 0;
    const auto results = rd_kafka_DeleteTopics_result_topics(
        rd_kafka_event_DeleteTopics_result(answer.get()), &count);
    TRY_DO(check(what, results, count));
    return await_partitions(*client_, topic, 0, options_.connect_limit);
  }

  core::Status widen_topic(const std::string& topic, int partitions) override {
    const std::string what = "cannot widen topic `" + topic + "`";
    std::array<char, 256> reason{};
    rd_kafka_NewPartitions_t* wider = rd_kafka_NewPartitions_new(
        topic.c_str(), static_cast<std::size_t>(partitions), reason.data(), reason.size());
    if (wider == nullptr) return core::fail(what + ": " + reason.data());
    auto event =
        administrate(*client_, what, options_.connect_limit, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS,
                     [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                       rd_kafka_CreatePartitions(client_->get(), &wider, 1, options, queue);
                     });
    rd_kafka_NewPartitions_destroy(wider);
    TRY(const EventPtr answer, std::move(event));
    std::size_t count = 0;
    const auto results = rd_kafka_CreatePartitions_result_topics(
        rd_kafka_event_CreatePartitions_result(answer.get()), &count);
    TRY_DO(check(what, results, count));
    return await_partitions(*client_, topic, partitions, options_.connect_limit);
  }

  core::Status delete_records(const core::SourceOffset& offset) override {
    const std::string what = "cannot remove records of topic `" + offset.topic + "`";
    const OffsetsPtr list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), offset.topic.c_str(), offset.partition)->offset =
        offset.next;
    rd_kafka_DeleteRecords_t* records = rd_kafka_DeleteRecords_new(list.get());
    auto event =
        administrate(*client_, what, options_.connect_limit, RD_KAFKA_ADMIN_OP_DELETERECORDS,
                     [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                       rd_kafka_DeleteRecords(client_->get(), &records, 1, options, queue);
                     });
    rd_kafka_DeleteRecords_destroy(records);
    TRY(const EventPtr answer, std::move(event));
    const auto* offsets =
        rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(answer.get()));
    for (int i = 0; i < offsets->cnt; ++i) {
      if (const auto error = offsets->elems[i].err; error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return tl::unexpected(kafka::explain(what, error));
      }
    }
    return {};
  }

  core::Result<std::vector<std::string>> topics() override {
    const rd_kafka_metadata_t* found = nullptr;
    if (rd_kafka_metadata(client_->get(), 1, nullptr, &found,
                          kafka::to_ms(options_.connect_limit)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      client_->serve(core::Duration::zero());
      return tl::unexpected(client_->unreachable());
    }
    std::vector<std::string> names;
    for (int i = 0; i < found->topic_cnt; ++i) names.emplace_back(found->topics[i].topic);
    rd_kafka_metadata_destroy(found);
    return names;
  }

 private:
  const KafkaOptions options_;
  std::unique_ptr<Client> client_;
};

}  // namespace

core::Result<std::unique_ptr<runtime::Bus>> make_kafka_bus(KafkaOptions options) {
  TRY(auto client, Client::open(options, kafka::Role::producer));
  // The consumer's properties are looked at now too, not when the engine has begun to work.
  TRY_DO(Client::open(options, kafka::Role::consumer));
  return std::make_unique<KafkaBus>(std::move(options), std::move(client));
}

core::Result<std::unique_ptr<KafkaAdmin>> make_kafka_admin(KafkaOptions options) {
  TRY(auto client, Client::open(options, kafka::Role::producer));
  return std::make_unique<Admin>(std::move(options), std::move(client));
}

}  // namespace rollbook::adapters
