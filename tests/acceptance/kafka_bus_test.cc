// The bus over a real Apache Kafka broker: the suite of every bus, and what only a real one shows.
// Needs KAFKA_BOOTSTRAP (`export KAFKA_BOOTSTRAP=$(tools/kafka start)`): without it the tests are
// skipped, or, where CI is set, fail. The test that kills a broker starts one of its own.

#include "adapters/kafka/kafka_bus.h"

#include <set>
#include <thread>

#include "tests/acceptance/own_broker.h"
#include "tests/adapters/bus_suite.h"
#include "tests/adapters/raw_kafka.h"

namespace rollbook::tests {
namespace {

using adapters::KafkaAdmin;
using adapters::KafkaOptions;
using Clock = std::chrono::steady_clock;

std::string bootstrap() {
  const char* value = std::getenv("KAFKA_BOOTSTRAP");
  return value == nullptr ? "" : value;
}

KafkaOptions options_of(const std::string& brokers) {
  return {.brokers = brokers,
          .properties = {{"topic.metadata.propagation.max.ms", "500"}},
          .probe_every = 200ms};
}

class KafkaRig : public Rig {
 public:
  static std::string missing() {
    return bootstrap().empty() ? "KAFKA_BOOTSTRAP is not set; see tools/kafka" : "";
  }
  ~KafkaRig() override {
    for (const std::string& topic : created_) static_cast<void>(admin_->delete_topic(topic));
  }
  Abilities abilities() const override {
    return {.partitions = 3, .can_remove = true, .can_widen = true, .can_drop = true};
  }
  runtime::Bus& bus() override { return *bus_; }
  // The broker outlives the test, so the name must not come again.
  std::string topic(const std::string& name) override {
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    return *created_.insert("test-" + std::to_string(now) + "-" + name).first;
  }
  void create_topic(const std::string& topic, int partitions) override {
    expect_done(admin_->create_topic(topic, partitions));
  }
  void put(const std::string& topic, std::int32_t partition, Time time, const std::string& key,
           const std::string& value) override {
    raw_.put(topic, partition, time, key, value);
  }
  void visible() override { raw_.flush(); }
  void remove_before(const core::SourceOffset& offset) override {
    expect_done(admin_->delete_records(offset));
  }
  void widen(const std::string& topic, int partitions) override {
    expect_done(admin_->widen_topic(topic, partitions));
  }
  void drop_topic(const std::string& topic) override { expect_done(admin_->delete_topic(topic)); }

 private:
  static void expect_done(const core::Status& status) {
    EXPECT_TRUE(status.has_value()) << status.error().message;
  }

  std::set<std::string> created_;
  RawKafka raw_{bootstrap()};
  std::unique_ptr<runtime::Bus> bus_ = take(adapters::make_kafka_bus(options_of(bootstrap())));
  std::unique_ptr<KafkaAdmin> admin_ = take(adapters::make_kafka_admin(options_of(bootstrap())));
};
INSTANTIATE_TYPED_TEST_SUITE_P(RealKafka, BusSuite, KafkaRig);

class KafkaBroker : public testing::Test {
 protected:
  void SetUp() override {
    if (KafkaRig::missing().empty()) return;
    if (std::getenv("CI") != nullptr) FAIL() << KafkaRig::missing();
    GTEST_SKIP() << KafkaRig::missing();
  }
};

// Sends numbers from a thread of its own until it is told to stop, whatever the broker does.
class Sender {
 public:
  Sender(runtime::Bus& bus, std::string topic)
      : thread_([this, &bus, topic = std::move(topic)](const std::stop_token& stop) {
          const auto producer = take(bus.producer());
          while (!stop.stop_requested()) {
            if (sent_ - delivered_ < 500) {
              const auto count = [this](const std::optional<core::Error>& error) {
                EXPECT_FALSE(error.has_value()) << error->message;
                ++delivered_;
              };
              ASSERT_TRUE(producer->send({topic, "k", "", "", std::to_string(sent_)}, count));
              ++sent_;
            }
            producer->poll(1ms);
          }
          EXPECT_EQ(producer->flush(kPatience), 0U);
        }) {}
  // The number of messages acknowledged; all that were sent.
  std::size_t stop() {
    thread_.request_stop();
    thread_.join();
    EXPECT_EQ(sent_, delivered_);
    return delivered_;
  }
  std::size_t delivered() const { return delivered_; }

 private:
  std::atomic<std::size_t> sent_ = 0;
  std::atomic<std::size_t> delivered_ = 0;
  std::jthread thread_;
};

TEST_F(KafkaBroker, KilledOrFrozenAndBackLosesAndDoublesNothing) {
  OwnBroker broker;
  const auto bus = take(adapters::make_kafka_bus(options_of(broker.bootstrap())));
  ASSERT_TRUE(bus->ensure_topics({"numbers"}).has_value());
  const auto consumer = take(bus->consumer({"numbers"}, {}, false));
  Heard heard;
  Sender sender(*bus, "numbers");
  for (const bool frozen : {false, true, false}) {
    const std::size_t before = sender.delivered();
    poll_until(*consumer, heard, [&] { return sender.delivered() > before + 1000; });
    const std::size_t changes = heard.reachable.size();
    frozen ? broker.freeze() : broker.kill();
    const auto gone = Clock::now();
    poll_until(*consumer, heard, [&] { return heard.reachable.size() > changes; });
    EXPECT_FALSE(heard.reachable.back());
    EXPECT_LT(Clock::now() - gone, 5s);
    frozen ? broker.thaw() : broker.start();
    poll_until(*consumer, heard, [&] { return heard.reachable.back(); });
  }
  const std::size_t total = sender.stop();
  poll_records(*consumer, heard, total);
  // Every outage is told once; a machine that is busy may add one that nobody made.
  EXPECT_GE(heard.reachable.size(), 6U);
  EXPECT_TRUE(heard.reachable.back());
  for (std::size_t i = 0; i < heard.reachable.size(); ++i) {
    EXPECT_EQ(heard.reachable[i], i % 2 == 1) << "a change that is none";
  }
  EXPECT_THAT(heard.gaps, IsEmpty());
  ASSERT_EQ(heard.records.size(), total);
  for (std::size_t i = 0; i < total; ++i) ASSERT_EQ(heard.records[i].value, std::to_string(i));
}

TEST_F(KafkaBroker, AnswersSoonAfterOpening) {
  KafkaRig rig;
  const std::string topic = rig.topic("soon");
  rig.create_topic(topic, 3);
  const auto before = Clock::now();
  const auto consumer = take(rig.bus().consumer({topic}, {}, true));
  const auto producer = take(rig.bus().producer());
  ASSERT_TRUE(producer->send({topic, "k", "", "", "x"}, {}));
  ASSERT_EQ(producer->flush(kPatience), 0U);
  Heard heard;
  poll_records(*consumer, heard, 1);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - before);
  RecordProperty("milliseconds", static_cast<int>(took.count()));
  EXPECT_LT(took, 3s);
}

TEST_F(KafkaBroker, SaysWhyATopicCannotBeMade) {
  const auto admin = take(adapters::make_kafka_admin(options_of(bootstrap())));
  const auto refused = admin->create_topic("no good name", 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("cannot make topic `no good name`: "));
}

}  // namespace
}  // namespace rollbook::tests
