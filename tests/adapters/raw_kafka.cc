#include "tests/adapters/raw_kafka.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>

namespace rollbook::tests {

namespace {

rd_kafka_t* open(rd_kafka_type_t type,
                 const std::vector<std::pair<const char*, std::string>>& with) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 256> reason{};
  for (const auto& [name, value] : with) {
    EXPECT_EQ(rd_kafka_conf_set(conf, name, value.c_str(), reason.data(), reason.size()),
              RD_KAFKA_CONF_OK)
        << reason.data();
  }
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_t* handle = rd_kafka_new(type, conf, reason.data(), reason.size());
  EXPECT_NE(handle, nullptr) << reason.data();
  return handle;
}

rd_kafka_t* as_handle(void* handle) { return static_cast<rd_kafka_t*>(handle); }

rd_kafka_vu_t unit(rd_kafka_vtype_t type, const std::string& bytes) {
  rd_kafka_vu_t unit{};
  unit.vtype = type;
  unit.u.mem.ptr = const_cast<char*>(bytes.data());
  unit.u.mem.size = bytes.size();
  return unit;
}

}  // namespace

// Idempotent, so that what is sent again because its partition had no leader yet keeps its place.
RawKafka::RawKafka(const std::string& brokers)
    : handle_(open(
          RD_KAFKA_PRODUCER,
          {{"bootstrap.servers", brokers}, {"linger.ms", "5"}, {"enable.idempotence", "true"}})) {}

RawKafka::~RawKafka() { rd_kafka_destroy(as_handle(handle_)); }

void RawKafka::put(const std::string& topic, std::int32_t partition, core::Time time,
                   const std::string& key, const std::string& value) {
  std::array<rd_kafka_vu_t, 6> units{};
  units[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  units[0].u.cstr = topic.c_str();
  units[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  units[1].u.i32 = partition;
  units[2].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  units[2].u.i64 =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  units[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  units[3].u.i = RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK;
  units[4] = unit(RD_KAFKA_VTYPE_VALUE, value);
  units[5] = unit(RD_KAFKA_VTYPE_KEY, key);
  rd_kafka_error_t* error = rd_kafka_produceva(as_handle(handle_), units.data(), units.size());
  ASSERT_EQ(error, nullptr) << rd_kafka_error_string(error);
  rd_kafka_poll(as_handle(handle_), 0);
}

void RawKafka::flush() {
  ASSERT_EQ(rd_kafka_flush(as_handle(handle_), 20'000), RD_KAFKA_RESP_ERR_NO_ERROR);
}

RawKafka::Headers RawKafka::headers(const std::string& brokers, const std::string& topic,
                                    std::int64_t offset) {
  rd_kafka_t* handle =
      open(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers}, {"group.id", "headers"}});
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = offset;
  rd_kafka_assign(handle, list);
  rd_kafka_topic_partition_list_destroy(list);
  Headers found;
  rd_kafka_message_t* message = rd_kafka_consumer_poll(handle, 20'000);
  EXPECT_TRUE(message != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_headers_t* headers = nullptr;
  if (message != nullptr &&
      rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      found.emplace_back(name, std::string(static_cast<const char*>(value), size));
    }
  }
  if (message != nullptr) rd_kafka_message_destroy(message);
  rd_kafka_destroy(handle);
  return found;
}

struct MockCluster::Impl {
  rd_kafka_t* owner = open(RD_KAFKA_PRODUCER, {});
  rd_kafka_mock_cluster_t* cluster = rd_kafka_mock_cluster_new(owner, 1);
};

MockCluster::MockCluster() : impl_(std::make_unique<Impl>()) {}

MockCluster::~MockCluster() {
  rd_kafka_mock_cluster_destroy(impl_->cluster);
  rd_kafka_destroy(impl_->owner);
}

std::string MockCluster::brokers() const {
  return rd_kafka_mock_cluster_bootstraps(impl_->cluster);
}

void MockCluster::create_topic(const std::string& topic, int partitions) {
  ASSERT_EQ(rd_kafka_mock_topic_create(impl_->cluster, topic.c_str(), partitions, 1),
            RD_KAFKA_RESP_ERR_NO_ERROR);
}

void MockCluster::set_down(bool down) {
  if (down) {
    rd_kafka_mock_broker_set_down(impl_->cluster, 1);
  } else {
    rd_kafka_mock_broker_set_up(impl_->cluster, 1);
  }
}

void MockCluster::refuse_producers(int count) {
  constexpr std::int16_t kInitProducerId = 22;
  for (int i = 0; i < count; ++i) {
    rd_kafka_mock_push_request_errors(impl_->cluster, kInitProducerId, 1,
                                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
  }
}

}  // namespace rollbook::tests
