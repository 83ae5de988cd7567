#include "adapters/kafka/client.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace rollbook::adapters::kafka {

namespace {

using Clock = std::chrono::steady_clock;

// What Rollbook's promises about offsets, order and loss rest on.
constexpr std::array<std::string_view, 12> kOwnProperties = {"bootstrap.servers",
                                                             "metadata.broker.list",
                                                             "group.id",
                                                             "enable.auto.commit",
                                                             "auto.commit.enable",
                                                             "enable.auto.offset.store",
                                                             "auto.offset.reset",
                                                             "enable.partition.eof",
                                                             "enable.idempotence",
                                                             "acks",
                                                             "request.required.acks",
                                                             "allow.auto.create.topics"};

using MetadataPtr = std::unique_ptr<const rd_kafka_metadata_t,
                                    Destroy<const rd_kafka_metadata_t, rd_kafka_metadata_destroy>>;

core::Status set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> reason{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) ==
      RD_KAFKA_CONF_OK) {
    return {};
  }
  return core::fail("kafka property `" + name + "` = `" + value + "`: " + reason.data());
}

std::vector<Property> defaults(Role role) {
  std::vector<Property> all = {
      {"client.id", "rollbook"},
      // After an outage of minutes the engine must not wait ten seconds more.
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "500"},
      // Also waited out after a gap, before reading goes on.
      {"fetch.error.backoff.ms", "50"},
  };
  if (role == Role::producer) {
    all.insert(all.end(), {{"linger.ms", "0"},
                           // What was taken is sent, however long the brokers are away: an expired
                           // message would break the order of its rollout.
                           {"message.timeout.ms", "0"},
                           // A topic that is not there is said soon, not after half a minute.
                           {"topic.metadata.propagation.max.ms", "5000"},
                           // The key of a message lands where Java's clients would put it.
                           {"partitioner", "murmur2_random"},
                           // The broker's limit decides, not the client's smaller one.
                           {"message.max.bytes", "8388608"}});
  }
  return all;
}

std::vector<Property> own(const KafkaOptions& options, Role role) {
  std::vector<Property> all = {{"bootstrap.servers", options.brokers},
                               {"allow.auto.create.topics", "false"}};
  if (role == Role::producer) {
    all.insert(all.end(), {{"enable.idempotence", "true"}, {"acks", "all"}});
  } else {
    all.insert(all.end(), {{"group.id", options.group},
                           {"enable.auto.commit", "false"},
                           {"enable.auto.offset.store", "false"},
                           {"auto.offset.reset", "error"},
                           {"enable.partition.eof", "true"}});
  }
  return all;
}

// From "127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in
// state CONNECT, 1 identical error(s) suppressed)": "Connection refused".
std::string cause_in(const std::string& reason) {
  std::size_t begin = 0;
  for (const std::string_view mark : {"failed: ", "/bootstrap: ", "error: "}) {
    if (const auto at = reason.find(mark); at != std::string::npos) {
      begin = at + mark.size();
      break;
    }
  }
  auto end = reason.find(" (after ", begin);
  std::string cause = reason.substr(begin, end == std::string::npos ? end : end - begin);
  while (!cause.empty() && (cause.back() == '.' || cause.back() == ' ')) cause.pop_back();
  return cause;
}

}  // namespace

core::Error explain(const std::string& what, rd_kafka_resp_err_t code) {
  std::string reason = rd_kafka_err2str(code);
  if (const auto prefix = reason.find(": ");
      prefix != std::string::npos && reason.starts_with("Broker")) {
    reason.erase(0, prefix + 2);  // "Broker: Unknown topic": who says so is no news
  }
  return core::Error{what + ": " + reason};
}

core::Result<std::unique_ptr<Client>> Client::open(const KafkaOptions& options, Role role,
                                                   OnDelivery on_delivery) {
  ConfPtr conf(rd_kafka_conf_new());
  for (const auto& [name, value] : defaults(role)) TRY_DO(set(conf.get(), name, value));
  for (const auto& [name, value] : options.properties) {
    if (std::find(kOwnProperties.begin(), kOwnProperties.end(), name) != kOwnProperties.end()) {
      return core::fail("kafka property `" + name +
                        "` is set by rollbook, which relies on it; leave it out");
    }
    TRY_DO(set(conf.get(), name, value));
  }
  for (const auto& [name, value] : own(options, role)) TRY_DO(set(conf.get(), name, value));

  std::unique_ptr<Client> client(new Client(options));
  client->on_delivery_ = std::move(on_delivery);
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_error_cb(conf.get(), &Client::on_error);
  rd_kafka_conf_set_log_cb(conf.get(), &Client::on_log);
  if (role == Role::producer && client->on_delivery_) {
    rd_kafka_conf_set_dr_msg_cb(conf.get(), &Client::on_delivery);
  }
  std::array<char, 512> reason{};
  client->handle_ = rd_kafka_new(role == Role::producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                                 conf.get(), reason.data(), reason.size());
  if (client->handle_ == nullptr) {
    return core::fail(std::string("the kafka properties do not fit together: ") + reason.data());
  }
  static_cast<void>(conf.release());  // the handle owns it now
  return client;
}

Client::~Client() {
  topics_.clear();
  // No group was joined, so there is none to leave; waiting for a dead broker helps nobody.
  if (handle_ != nullptr) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void Client::on_error(rd_kafka_t*, int code, const char* reason, void* self) {
  static_cast<Client*>(self)->note(static_cast<rd_kafka_resp_err_t>(code), reason);
}

void Client::note(rd_kafka_resp_err_t code, const char* reason) {
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    all_down_ = true;
    return;
  }
  const std::lock_guard lock(error_mutex_);
  last_error_ = cause_in(reason);
}

void Client::on_log(const rd_kafka_t* handle, int level, const char* facility, const char* line) {
  const auto* self = static_cast<const Client*>(rd_kafka_opaque(handle));
  if (self->options_.log) self->options_.log(level, std::string(facility) + ": " + line);
}

void Client::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  static_cast<Client*>(self)->on_delivery_(*message);
}

core::Error Client::unreachable() const {
  const std::lock_guard lock(error_mutex_);
  const std::string why = last_error_.empty() ? "no answer" : last_error_;
  return core::Error{"cannot reach " + options_.brokers + ": " + why + "; is it running?"};
}

rd_kafka_topic_t* Client::local_topic(const std::string& topic) {
  const std::lock_guard lock(topics_mutex_);
  TopicPtr& known = topics_[topic];
  if (!known) known.reset(rd_kafka_topic_new(handle_, topic.c_str(), nullptr));
  return known.get();
}

core::Result<PartitionCounts> Client::partitions(const std::vector<std::string>& topics,
                                                 core::Duration limit) {
  PartitionCounts counts;
  for (const std::string& topic : topics) {
    if (local_topic(topic) == nullptr) {
      return tl::unexpected(explain("topic `" + topic + "`", rd_kafka_last_error()));
    }
    counts[topic] = 0;
  }
  const auto until = Clock::now() + limit;
  for (;;) {
    const auto left = std::max<core::Duration>(until - Clock::now(), std::chrono::milliseconds(1));
    // Asks for the topics known to this handle: one request, whatever their number.
    const rd_kafka_metadata_t* found = nullptr;
    const rd_kafka_resp_err_t error = rd_kafka_metadata(handle_, 0, nullptr, &found, to_ms(left));
    serve(core::Duration::zero());  // brings the reason, when there was none
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const MetadataPtr owner(found);
      TRY(const bool settled, read(*found, counts));
      if (settled) return counts;
    } else if (error != RD_KAFKA_RESP_ERR__TRANSPORT) {
      return tl::unexpected(unreachable());
    }
    if (Clock::now() >= until) {
      return error == RD_KAFKA_RESP_ERR_NO_ERROR
                 ? core::fail("topics on " + options_.brokers + " have no leader")
                 : tl::unexpected(unreachable());
    }
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) serve(std::chrono::milliseconds(20));
  }
}

core::Result<bool> Client::read(const rd_kafka_metadata_t& found, PartitionCounts& counts) const {
  bool settled = true;
  for (int i = 0; i < found.topic_cnt; ++i) {
    const auto& topic = found.topics[i];
    const auto wanted = counts.find(topic.topic);
    if (wanted == counts.end()) continue;
    switch (topic.err) {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        wanted->second = topic.partition_cnt;
        break;
      case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:  // a name that no topic can have
        wanted->second = 0;
        break;
      case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return core::fail("topic `" + wanted->first + "` may not be used by this user on " +
                          options_.brokers + "; grant it read and write");
      default:
        settled = false;  // between two leaders: asked again
    }
  }
  return settled;
}

core::Result<PartitionCounts> Client::existing(const std::vector<std::string>& topics,
                                               core::Duration limit) {
  TRY(PartitionCounts counts, partitions(topics, limit));
  for (const auto& [topic, count] : counts) {
    if (count == 0) {
      return core::fail("topic `" + topic + "` is not on " + options_.brokers +
                        "; make it there, or correct its name");
    }
  }
  return counts;
}

std::size_t Client::number(const char* property) const {
  std::array<char, 32> text{};
  std::size_t size = text.size();
  ROLLBOOK_CHECK(rd_kafka_conf_get(rd_kafka_conf(handle_), property, text.data(), &size) ==
                 RD_KAFKA_CONF_OK);
  return std::strtoull(text.data(), nullptr, 10);
}

core::Status Client::look_up(rd_kafka_topic_partition_list_t* list, core::Duration limit) {
  if (list->cnt == 0) return {};
  const auto until = Clock::now() + limit;
  for (;;) {
    std::vector<std::int64_t> wanted;
    for (int i = 0; i < list->cnt; ++i) wanted.push_back(list->elems[i].offset);
    const auto left = std::max<core::Duration>(until - Clock::now(), std::chrono::milliseconds(1));
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(handle_, list, to_ms(left));
    for (int i = 0; i < list->cnt && error == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      error = list->elems[i].err;
    }
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    serve(core::Duration::zero());
    if (Clock::now() >= until) {
      if (error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        return tl::unexpected(unreachable());
      }
      return tl::unexpected(explain("cannot look up offsets on " + options_.brokers, error));
    }
    // A partition between two leaders answers a moment later; the metadata that names the new
    // one is what to wait for.
    const rd_kafka_metadata_t* found = nullptr;
    if (rd_kafka_metadata(handle_, 0, nullptr, &found, to_ms(left)) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_metadata_destroy(found);
    }
    for (int i = 0; i < list->cnt; ++i) {
      list->elems[i].offset = wanted[static_cast<std::size_t>(i)];
      list->elems[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
  }
}

core::Result<std::vector<core::SourceOffset>> ends_of(Client& client,
                                                      const std::vector<std::string>& topics,
                                                      core::Duration limit) {
  TRY(const PartitionCounts counts, client.existing(topics, limit));
  OffsetsPtr list(rd_kafka_topic_partition_list_new(16));
  for (const auto& [topic, count] : counts) {
    for (std::int32_t partition = 0; partition < count; ++partition) {
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset =
          RD_KAFKA_OFFSET_END;
    }
  }
  TRY_DO(client.look_up(list.get(), limit));
  std::vector<core::SourceOffset> ends;
  for (int i = 0; i < list->cnt; ++i) {
    ends.push_back({list->elems[i].topic, list->elems[i].partition, list->elems[i].offset});
  }
  return ends;
}

void Signal::notify() {
  {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  changed_.notify_all();
}

std::uint64_t Signal::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

void Signal::wait(std::uint64_t seen, Clock::time_point until) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, until, [&] { return count_ != seen; });
}

}  // namespace rollbook::adapters::kafka
