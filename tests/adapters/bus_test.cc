// The suite of every bus over memory, files and librdkafka's mock cluster, and what only one of
// them promises.

#include <filesystem>
#include <fstream>

#include "adapters/file_bus.h"
#include "adapters/kafka/kafka_bus.h"
#include "adapters/memory_bus.h"
#include "tests/adapters/bus_suite.h"
#include "tests/adapters/raw_kafka.h"

namespace rollbook::tests {
namespace {

using adapters::KafkaOptions;
using adapters::MemoryBus;

class MemoryRig : public Rig {
 public:
  Abilities abilities() const override {
    return {.partitions = 3,
            .waits = false,
            .can_be_cut = true,
            .can_remove = true,
            .can_widen = true,
            .can_drop = true};
  }
  MemoryBus& bus() override { return bus_; }
  void create_topic(const std::string& topic, int partitions) override {
    bus_.create_topic(topic, partitions);
  }
  void put(const std::string& topic, std::int32_t partition, Time time, const std::string& key,
           const std::string& value) override {
    now_ = time;
    bus_.append(topic, partition, key, value);
  }
  void cut() override { bus_.set_reachable(false); }
  void restore() override { bus_.set_reachable(true); }
  void remove_before(const core::SourceOffset& offset) override { bus_.remove_before(offset); }
  void widen(const std::string& topic, int partitions) override {
    bus_.create_topic(topic, partitions);
  }
  void drop_topic(const std::string& topic) override { bus_.delete_topic(topic); }

 private:
  Time now_ = at(0ms);
  MemoryBus bus_{{.now = [this] { return now_; }}};
};

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "rollbook-bus-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string path(const std::string& name = "") const { return path_ + "/" + name; }
  void append(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::app | std::ios::binary) << text;
  }

 private:
  std::string path_;
};

class FileRig : public Rig {
 public:
  Abilities abilities() const override { return {.any_bytes = false}; }
  runtime::Bus& bus() override { return *bus_; }
  void create_topic(const std::string& topic, int) override {
    ASSERT_TRUE(bus_->ensure_topics({topic}).has_value());
  }
  void put(const std::string& topic, std::int32_t, Time time, const std::string& key,
           const std::string& value) override {
    directory_.append(topic + ".jsonl",
                      "{\"time\":" + std::to_string(time.time_since_epoch().count()) +
                          ",\"key\":\"" + key + "\",\"value\":\"" + value + "\"}\n");
  }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<runtime::Bus> bus_ = take(adapters::make_file_bus(directory_.path()));
};

KafkaOptions mock_options(const MockCluster& cluster) {
  return {.brokers = cluster.brokers(),
          .properties = {{"topic.metadata.propagation.max.ms", "200"}},
          .probe_every = 100ms};
}

// One cluster for the suite: to end one takes librdkafka a second.
MockCluster& shared_cluster() {
  static MockCluster cluster;
  return cluster;
}

class MockKafkaRig : public Rig {
 public:
  // The mock makes topics itself as soon as they are named.
  Abilities abilities() const override {
    return {.partitions = 3, .names_missing = false, .can_be_cut = true, .knows_times = false};
  }
  runtime::Bus& bus() override { return *bus_; }
  std::string topic(const std::string& name) override { return name + std::to_string(number_); }
  void create_topic(const std::string& topic, int partitions) override {
    shared_cluster().create_topic(topic, partitions);
  }
  void put(const std::string& topic, std::int32_t partition, Time time, const std::string& key,
           const std::string& value) override {
    raw_.put(topic, partition, time, key, value);
  }
  void visible() override { raw_.flush(); }
  void cut() override { shared_cluster().set_down(true); }
  void restore() override { shared_cluster().set_down(false); }

 private:
  static inline int created_ = 0;
  const int number_ = ++created_;
  RawKafka raw_{shared_cluster().brokers()};
  std::unique_ptr<runtime::Bus> bus_ =
      take(adapters::make_kafka_bus(mock_options(shared_cluster())));
};

using Rigs = testing::Types<MemoryRig, FileRig, MockKafkaRig>;
struct RigNames {
  template <class T>
  static std::string GetName(int) {
    if (std::is_same_v<T, MemoryRig>) return "Memory";
    return std::is_same_v<T, FileRig> ? "File" : "MockKafka";
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Each, BusSuite, Rigs, RigNames);

// ---- Kafka alone ----------------------------------------------------------------------------

TEST(KafkaBus, SaysThatTheBrokerIsNotThere) {
  const auto bus =
      take(adapters::make_kafka_bus({.brokers = "127.0.0.1:1", .connect_limit = 300ms}));
  const std::string expected = "cannot reach 127.0.0.1:1: Connection refused; is it running?";
  EXPECT_EQ(bus->consumer({"metrics"}, {}, true).error().message, expected);
  EXPECT_EQ(bus->producer().error().message, expected);
  EXPECT_EQ(bus->ends({"metrics"}).error().message, expected);
  EXPECT_EQ(bus->ensure_topics({"metrics"}).error().message, expected);
}

TEST(KafkaBus, RefusesPropertiesThatAreUnknownOrItsOwn) {
  const auto refusal = [](const std::string& name, const std::string& value) {
    const auto bus = adapters::make_kafka_bus({.properties = {{name, value}}});
    return bus ? "" : bus.error().message;
  };
  EXPECT_EQ(refusal("no.such", "1"),
            "kafka property `no.such` = `1`: No such configuration property: \"no.such\"");
  EXPECT_THAT(refusal("socket.timeout.ms", "soon"), HasSubstr("`socket.timeout.ms` = `soon`"));
  EXPECT_EQ(refusal("enable.auto.commit", "true"),
            "kafka property `enable.auto.commit` is set by rollbook, which relies on it; leave it "
            "out");
  EXPECT_EQ(refusal("socket.timeout.ms", "5000"), "");
}

TEST(KafkaBus, SendsCloudEventsWithTheirHeaders) {
  MockCluster cluster;
  cluster.create_topic("rollbook.effects", 1);
  const auto bus = take(adapters::make_kafka_bus(mock_options(cluster)));
  const auto producer = take(bus->producer());
  ASSERT_TRUE(producer->send(
      {"rollbook.effects", "r", "r/7/0a1b2c3d", "dev.rollbook.effect.traffic", "{}"}, {}));
  ASSERT_TRUE(producer->send({"rollbook.effects", "r", "", "", "{}"}, {}));
  ASSERT_EQ(producer->flush(kPatience), 0U);

  using testing::Pair;
  EXPECT_THAT(RawKafka::headers(cluster.brokers(), "rollbook.effects", 0),
              ElementsAre(Pair("ce_specversion", "1.0"), Pair("ce_id", "r/7/0a1b2c3d"),
                          Pair("ce_source", "rollbook/engine"),
                          Pair("ce_type", "dev.rollbook.effect.traffic"),
                          Pair("content-type", "application/cloudevents+json; charset=UTF-8")));
  EXPECT_THAT(RawKafka::headers(cluster.brokers(), "rollbook.effects", 1), IsEmpty());
}

TEST(KafkaBus, SendsAgainAfterTheProducersFatalError) {
  MockCluster cluster;
  cluster.create_topic("effects", 1);
  const auto bus = take(adapters::make_kafka_bus(mock_options(cluster)));
  cluster.refuse_producers(1);
  const auto producer = take(bus->producer());
  std::vector<int> delivered;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(producer->send({"effects", "k", "", "", std::to_string(i)},
                               [&, i](std::optional<core::Error> error) {
                                 EXPECT_FALSE(error.has_value()) << error->message;
                                 delivered.push_back(i);
                               }));
  }
  EXPECT_EQ(producer->flush(kPatience), 0U);
  EXPECT_THAT(delivered, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  const auto consumer = take(bus->consumer({"effects"}, {}, false));
  Heard heard;
  poll_records(*consumer, heard, 10);
  EXPECT_THAT(heard.values(), ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
}

TEST(KafkaBus, SkipsWhatRetentionRemoved) {
  MockCluster cluster;
  cluster.create_topic("metrics", 1);
  RawKafka raw(cluster.brokers());
  // The mock keeps 5 MiB of a partition.
  for (int i = 0; i < 30; ++i) raw.put("metrics", 0, at(i * 1s), "", std::string(500'000, 'x'));
  raw.flush();
  const auto bus = take(adapters::make_kafka_bus(mock_options(cluster)));
  const auto consumer = take(bus->consumer({"metrics"}, {{"metrics", 0, 2}}, true));
  Heard heard;
  poll_until(*consumer, heard,
             [&] { return !heard.records.empty() && heard.records.back().offset == 29; });
  ASSERT_EQ(heard.gaps.size(), 1U);
  EXPECT_EQ(heard.gaps[0].from, 2);
  EXPECT_GT(heard.gaps[0].to, 2);
  EXPECT_EQ(heard.records.front().offset, heard.gaps[0].to);
}

// Each fetch brings more than is to wait in the client: librdkafka by itself would ask for the next
// one a second later.
TEST(KafkaBus, ReadsABacklogThatIsLargerThanWhatWaitsInTheClient) {
  MockCluster cluster;
  cluster.create_topic("metrics", 1);
  RawKafka raw(cluster.brokers());
  constexpr int kFetches = 20;
  constexpr int kEach = 1000;
  for (int i = 0; i < kFetches * kEach; ++i) {
    raw.put("metrics", 0, at(i * 1ms), "", std::string(100, 'x'));
    if (i % kEach == kEach - 1) raw.flush();  // a batch, which is fetched whole
  }
  KafkaOptions options = mock_options(cluster);
  options.properties.push_back({"queued.min.messages", "500"});
  options.properties.push_back({"fetch.message.max.bytes", "1000"});
  const auto bus = take(adapters::make_kafka_bus(options));
  const auto consumer = take(bus->consumer({"metrics"}, {}, false));
  const auto begin = std::chrono::steady_clock::now();
  Heard heard;
  poll_records(*consumer, heard, kFetches * kEach);
  EXPECT_EQ(heard.records.size(), std::size_t{kFetches * kEach});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
}

// ---- Files alone ----------------------------------------------------------------------------

TEST(FileBus, ReadsLinesThatAnyProgramAppends) {
  const TemporaryDirectory directory;
  const auto bus = take(adapters::make_file_bus(directory.path()));
  directory.append("metrics.jsonl",
                   "{\"metric\":\"a\"}\n\nplain\r\n{\"key\":\"k\",\"value\":{\"b\": 1}}\n");
  const auto consumer = take(bus->consumer({"metrics"}, {}, false));
  Heard heard;
  poll_records(*consumer, heard, 3);
  EXPECT_THAT(heard.values(), ElementsAre("{\"metric\":\"a\"}", "plain", "{\"b\": 1}"));
  EXPECT_EQ(heard.records[2].key, "k");
  EXPECT_EQ(heard.records[2].offset, 3);

  directory.append("metrics.jsonl", "{\"half\":");
  EXPECT_EQ(take(consumer->poll(0ms, 10, heard.events())), 0U);
  directory.append("metrics.jsonl", "1}\n");
  poll_records(*consumer, heard, 4);
  EXPECT_EQ(heard.records[3].value, "{\"half\":1}");
}

TEST(FileBus, TakesAnObjectOfOtherFieldsForAValue) {
  const TemporaryDirectory directory;
  const auto bus = take(adapters::make_file_bus(directory.path()));
  const std::vector<std::string> lines = {
      R"({"time":"2026-01-05T10:00:00Z","metric":"a","value":1})", R"({"value":3})",
      R"({"key":"k"})", R"({"key":"k","value":"v","time":"soon"})", R"({"key":"k","value")"};
  for (const std::string& line : lines) directory.append("t.jsonl", line + "\n");
  const auto consumer = take(bus->consumer({"t"}, {}, false));
  Heard heard;
  poll_records(*consumer, heard, lines.size());
  EXPECT_EQ(heard.values(), lines);
}

TEST(FileBus, GoesOnAtTheEndOfAFileThatWasReplaced) {
  const TemporaryDirectory directory;
  const auto bus = take(adapters::make_file_bus(directory.path()));
  directory.append("t.jsonl", "a\nb\nc\n");
  const auto consumer = take(bus->consumer({"t"}, {}, false));
  Heard heard;
  poll_records(*consumer, heard, 3);
  std::ofstream(directory.path("t.jsonl"), std::ios::trunc) << "x\n";
  poll_until(*consumer, heard, [&] { return !heard.gaps.empty(); });
  EXPECT_EQ(heard.gaps[0].from, 3);
  EXPECT_LE(heard.gaps[0].to, 1);
  directory.append("t.jsonl", "y\n");
  poll_until(*consumer, heard, [&] { return heard.records.back().value == "y"; });
}

TEST(FileBus, RefusesWhatIsNoDirectoryAndNoName) {
  const TemporaryDirectory directory;
  directory.append("file", "x");
  EXPECT_THAT(adapters::make_file_bus(directory.path("file")).error().message,
              HasSubstr("cannot use `" + directory.path("file") + "` as a bus: "));
  const auto bus = take(adapters::make_file_bus(directory.path("made/here")));
  EXPECT_THAT(bus->ensure_topics({"../escape"}).error().message, HasSubstr("`../escape`"));
  EXPECT_THAT(bus->consumer({"no/such"}, {}, false).error().message, HasSubstr("`no/such`"));
}

TEST(FileBus, RefusesBytesThatAreNoText) {
  const TemporaryDirectory directory;
  const auto bus = take(adapters::make_file_bus(directory.path()));
  ASSERT_TRUE(bus->ensure_topics({"t"}).has_value());
  const auto producer = take(bus->producer());
  std::optional<core::Error> told;
  ASSERT_TRUE(producer->send({"t", "", "", "", "\xff"},
                             [&](std::optional<core::Error> error) { told = std::move(error); }));
  EXPECT_EQ(producer->flush(1s), 0U);
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(take(bus->ends({"t"}))[0].next, 0);
}

// ---- Memory alone ---------------------------------------------------------------------------

TEST(MemoryBus, ForgetsWhatAllHaveRead) {
  MemoryBus bus({.now = [] { return at(0ms); }, .forget_read = true});
  bus.create_topic("metrics", 1);
  const auto first = take(bus.consumer({"metrics"}, {}, false));
  const auto second = take(bus.consumer({"metrics"}, {}, false));
  for (int i = 0; i < 10; ++i) bus.append("metrics", 0, "", std::to_string(i));
  Heard heard;
  ASSERT_EQ(take(first->poll(0ms, 8, heard.events())), 8U);
  EXPECT_EQ(bus.messages("metrics").size(), 10U);
  ASSERT_EQ(take(second->poll(0ms, 5, heard.events())), 5U);
  EXPECT_EQ(bus.messages("metrics").size(), 5U);
  ASSERT_EQ(take(second->poll(0ms, 99, heard.events())), 5U);
  EXPECT_EQ(bus.messages("metrics").size(), 2U);
  EXPECT_EQ(take(bus.ends({"metrics"}))[0].next, 10);
  EXPECT_THAT(heard.gaps, IsEmpty());
}

TEST(MemoryBus, StampsMessagesWithItsClock) {
  Time now = at(0ms);
  MemoryBus bus({.now = [&] { return now; }});
  bus.create_topic("t", 1);
  const auto producer = take(bus.producer());
  now = at(5s);
  ASSERT_TRUE(producer->send({"t", "k", "", "", "v"}, {}));
  now = at(9s);
  producer->poll(0ms);
  EXPECT_EQ(bus.messages("t").front().time, at(5s));
}

}  // namespace
}  // namespace rollbook::tests
