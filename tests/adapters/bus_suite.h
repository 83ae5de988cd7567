#pragma once
// What every runtime::Bus promises, as one typed suite: tests/adapters/bus_test.cc runs it over
// memory, files and librdkafka's mock cluster, tests/acceptance/kafka_bus_test.cc over a real
// broker.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>

#include "tests/adapters/bus_rig.h"

namespace rollbook::tests {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <class RigType>
class BusSuite : public testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = RigType::missing();
    if (missing.empty()) {
      rig_ = std::make_unique<RigType>();
    } else if (std::getenv("CI") != nullptr) {
      FAIL() << missing;
    } else {
      GTEST_SKIP() << missing;
    }
  }
  std::string make_topic(const std::string& name, int partitions = 1) {
    const std::string topic = rig_->topic(name);
    rig_->create_topic(topic, partitions);
    return topic;
  }
  std::unique_ptr<runtime::Consumer> consumer(const std::vector<std::string>& topics,
                                              const std::vector<core::SourceOffset>& from = {},
                                              bool new_from_end = false) {
    return take(rig_->bus().consumer(topics, from, new_from_end));
  }
  // Sends and waits for the reports.
  void send(runtime::Producer& producer, const std::vector<runtime::Outgoing>& messages) {
    std::size_t delivered = 0;
    for (const auto& message : messages) {
      ASSERT_TRUE(producer.send(message, [&](std::optional<core::Error> error) {
        EXPECT_FALSE(error.has_value()) << error->message;
        ++delivered;
      }));
    }
    EXPECT_EQ(producer.flush(kPatience), 0U);
    EXPECT_EQ(delivered, messages.size());
  }

  std::unique_ptr<RigType> rig_;
};
TYPED_TEST_SUITE_P(BusSuite);

TYPED_TEST_P(BusSuite, DeliversInOrderWithOffsetsAndKeys) {
  const std::string topic = this->make_topic("orders");
  const auto producer = take(this->rig_->bus().producer());
  std::vector<runtime::Outgoing> messages;
  for (int i = 0; i < 200; ++i) {
    messages.push_back({topic, "key-" + std::to_string(i % 3), "", "", std::to_string(i)});
  }
  this->send(*producer, messages);

  const auto consumer = this->consumer({topic});
  Heard heard;
  poll_records(*consumer, heard, 200);
  ASSERT_EQ(heard.records.size(), 200U);
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_EQ(heard.records[i].topic, topic);
    EXPECT_EQ(heard.records[i].partition, 0);
    EXPECT_EQ(heard.records[i].offset, static_cast<std::int64_t>(i));
    EXPECT_EQ(heard.records[i].key, messages[i].key);
    EXPECT_EQ(heard.records[i].value, messages[i].payload);
    EXPECT_GE(heard.records[i].time, at(0ms));
  }
  EXPECT_THAT(heard.gaps, IsEmpty());
  EXPECT_THAT(heard.reachable, IsEmpty());
}

TYPED_TEST_P(BusSuite, KeepsTheBytesOfEveryMessage) {
  const std::string topic = this->make_topic("bytes");
  std::vector<std::string> values = {"{\"a\": [1, 2.50, \"x\\u0000\"]}",
                                     "{}",
                                     "[1, 2]",
                                     "\"a text\"",
                                     "plain",
                                     "two\nlines\r\n",
                                     "{ \"key\": \"k\", \"value\": \"v\" }",
                                     "{\"broken\": ",
                                     "größe ≤ 50 %",
                                     " ",
                                     std::string(300'000, 'x')};
  if (this->rig_->abilities().any_bytes) {
    values.push_back(std::string("\xff\x00\x80\n\"", 5));
    std::string garbage(1 << 19, '\0');
    std::uint32_t state = 1;
    for (char& byte : garbage) {
      state = state * 1664525U + 1013904223U;
      byte = static_cast<char>(state >> 24U);
    }
    values.push_back(garbage);
  }
  const auto producer = take(this->rig_->bus().producer());
  std::vector<runtime::Outgoing> messages;
  for (const std::string& value : values) messages.push_back({topic, "k", "", "", value});
  this->send(*producer, messages);

  const auto consumer = this->consumer({topic});
  Heard heard;
  poll_records(*consumer, heard, values.size());
  EXPECT_EQ(heard.values(), values);
}

TYPED_TEST_P(BusSuite, BeginsWhereItIsTold) {
  const std::string topic = this->make_topic("begin");
  for (int i = 0; i < 5; ++i) this->rig_->put(topic, 0, at(i * 1s), "", std::to_string(i));
  this->rig_->visible();

  const auto all = this->consumer({topic});
  const auto rest = this->consumer({topic}, {{topic, 0, 3}}, true);
  const auto fresh = this->consumer({topic}, {}, true);
  this->rig_->put(topic, 0, at(9s), "", "new");

  Heard from_all;
  poll_records(*all, from_all, 6);
  EXPECT_THAT(from_all.values(), ElementsAre("0", "1", "2", "3", "4", "new"));
  Heard from_rest;
  poll_records(*rest, from_rest, 3);
  EXPECT_THAT(from_rest.values(), ElementsAre("3", "4", "new"));
  Heard from_fresh;
  poll_records(*fresh, from_fresh, 1);
  EXPECT_THAT(from_fresh.values(), ElementsAre("new"));
  EXPECT_EQ(from_fresh.records[0].offset, 5);
}

TYPED_TEST_P(BusSuite, GoesOnInEachPartitionWhereItStood) {
  const int partitions = this->rig_->abilities().partitions;
  const std::string first = this->make_topic("stood", partitions);
  const std::string second = this->make_topic("beside");
  for (int i = 0; i < 6; ++i) {
    for (int p = 0; p < partitions; ++p) this->rig_->put(first, p, at(i * 1s), "", "x");
    this->rig_->put(second, 0, at(i * 1s), "", "x");
  }
  this->rig_->visible();
  std::vector<runtime::SourceOffset> from{{second, 0, 5}};
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> expected{{{second, 0}, 5}};
  std::size_t total = 1;
  for (int p = 0; p < partitions; ++p) {
    from.push_back({first, p, p + 1});  // each stands somewhere else
    expected[{first, p}] = p + 1;
    total += static_cast<std::size_t>(5 - p);
  }
  const auto consumer = this->consumer({first, second}, from);
  Heard heard;
  poll_records(*consumer, heard, total);
  ASSERT_EQ(heard.records.size(), total);
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> began;
  for (const auto& record : heard.records) {
    began.try_emplace({record.topic, record.partition}, record.offset);
  }
  EXPECT_EQ(began, expected);
}

TYPED_TEST_P(BusSuite, TellsTheEndsOfAllPartitions) {
  const int partitions = this->rig_->abilities().partitions;
  const std::string first = this->make_topic("first", partitions);
  const std::string second = this->make_topic("second");
  this->rig_->put(second, 0, at(1s), "", "a");
  this->rig_->put(second, 0, at(2s), "", "b");
  this->rig_->visible();

  std::map<std::pair<std::string, std::int32_t>, std::int64_t> expected = {{{second, 0}, 2}};
  for (int i = 0; i < partitions; ++i) expected[{first, i}] = 0;
  const auto as_map = [](const std::vector<core::SourceOffset>& ends) {
    std::map<std::pair<std::string, std::int32_t>, std::int64_t> map;
    for (const auto& end : ends) map[{end.topic, end.partition}] = end.next;
    return map;
  };
  EXPECT_EQ(as_map(take(this->rig_->bus().ends({first, second}))), expected);
  const auto consumer = this->consumer({first, second});
  EXPECT_EQ(as_map(take(consumer->ends())), expected);
}

TYPED_TEST_P(BusSuite, HandsOverNoMoreThanAsked) {
  const std::string topic = this->make_topic("most");
  for (int i = 0; i < 10; ++i) this->rig_->put(topic, 0, at(i * 1s), "", std::to_string(i));
  const auto consumer = this->consumer({topic});
  Heard heard;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (heard.records.size() < 10 && std::chrono::steady_clock::now() < until) {
    const std::size_t before = heard.records.size();
    const std::size_t count = take(consumer->poll(100ms, 3, heard.events()));
    EXPECT_LE(count, 3U);
    EXPECT_EQ(heard.records.size(), before + count);
  }
  EXPECT_EQ(heard.records.size(), 10U);
}

TYPED_TEST_P(BusSuite, ReturnsWhenNothingCame) {
  const std::string topic = this->make_topic("idle");
  const auto consumer = this->consumer({topic});
  Heard heard;
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(take(consumer->poll(30ms, 10, heard.events())), 0U);
  const auto waited = std::chrono::steady_clock::now() - before;
  if (this->rig_->abilities().waits) {
    EXPECT_GE(waited, 29ms);
  }
  EXPECT_LT(waited, 5s);
}

TYPED_TEST_P(BusSuite, ReportsDeliveryOnlyWhenPolledAndInOrder) {
  const std::string topic = this->make_topic("reports");
  const auto producer = take(this->rig_->bus().producer());
  std::vector<int> reported;
  bool polling = false;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(producer->send({topic, "k", "", "", "x"}, [&, i](std::optional<core::Error> error) {
      EXPECT_TRUE(polling);
      EXPECT_FALSE(error.has_value());
      reported.push_back(i);
    }));
  }
  EXPECT_THAT(reported, IsEmpty());
  polling = true;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (reported.size() < 20 && std::chrono::steady_clock::now() < until) producer->poll(50ms);
  EXPECT_EQ(reported.size(), 20U);
  EXPECT_TRUE(std::is_sorted(reported.begin(), reported.end()));
  EXPECT_EQ(producer->flush(0ms), 0U);
}

TYPED_TEST_P(BusSuite, AReportMaySendTheNextMessage) {
  const std::string topic = this->make_topic("chain");
  const auto producer = take(this->rig_->bus().producer());
  int sent = 0;
  std::function<void(std::optional<core::Error>)> next = [&](std::optional<core::Error>) {
    if (++sent < 5) {
      EXPECT_TRUE(producer->send({topic, "k", "", "", "x"}, next));
    }
  };
  ASSERT_TRUE(producer->send({topic, "k", "", "", "x"}, next));
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (sent < 5 && std::chrono::steady_clock::now() < until) producer->poll(50ms);
  EXPECT_EQ(sent, 5);
}

TYPED_TEST_P(BusSuite, NamesATopicThatIsNotThere) {
  if (!this->rig_->abilities().names_missing) GTEST_SKIP() << "topics make themselves here";
  const std::string topic = this->rig_->topic("missing");
  const auto consumer = this->rig_->bus().consumer({topic}, {}, false);
  ASSERT_FALSE(consumer.has_value());
  EXPECT_THAT(consumer.error().message, HasSubstr("topic `" + topic + "`"));
  const auto ends = this->rig_->bus().ends({topic});
  ASSERT_FALSE(ends.has_value());
  EXPECT_THAT(ends.error().message, HasSubstr("topic `" + topic + "`"));
  const auto places = this->rig_->bus().places({topic}, at(0s));
  ASSERT_FALSE(places.has_value());
  EXPECT_THAT(places.error().message, HasSubstr("topic `" + topic + "`"));
  const auto reader = this->rig_->bus().reader({{topic, 0, 0, 10}});
  ASSERT_FALSE(reader.has_value());
  EXPECT_THAT(reader.error().message, HasSubstr("topic `" + topic + "`"));

  const auto producer = take(this->rig_->bus().producer());
  std::optional<core::Error> told;
  ASSERT_TRUE(producer->send({topic, "k", "", "", "x"},
                             [&](std::optional<core::Error> error) { told = std::move(error); }));
  EXPECT_EQ(producer->flush(kPatience), 0U);
  ASSERT_TRUE(told.has_value());
  EXPECT_THAT(told->message, HasSubstr("topic `" + topic + "`"));
}

TYPED_TEST_P(BusSuite, MergesABacklogByTime) {
  // Topics (and partitions) of very different density: read one after the other, the dense one
  // would run hours ahead.
  const int partitions = this->rig_->abilities().partitions;
  const std::string dense = this->make_topic("dense", partitions);
  const std::string sparse = this->make_topic("sparse");
  const std::string filler(200, 'x');
  for (int second = 0; second < 600; ++second) {
    for (int i = 0; i < partitions; ++i) this->rig_->put(dense, i, at(second * 1s), "", filler);
    if (second % 10 == 0) this->rig_->put(sparse, 0, at(second * 1s), "", filler);
  }
  this->rig_->visible();
  const std::size_t total = static_cast<std::size_t>(600 * partitions + 60);

  const auto consumer = this->consumer({dense, sparse});
  Heard heard;
  poll_records(*consumer, heard, total);
  ASSERT_EQ(heard.records.size(), total);
  Time latest{};
  core::Duration behind{};
  for (const Kept& record : heard.records) {
    behind = std::max(behind, latest - record.time);
    latest = std::max(latest, record.time);
  }
  EXPECT_LE(behind, 200ms);
}

TYPED_TEST_P(BusSuite, SkipsWhatIsGoneAndSaysSo) {
  if (!this->rig_->abilities().can_remove) GTEST_SKIP() << "nothing is ever removed from this bus";
  const std::string topic = this->make_topic("gap");
  for (int i = 0; i < 6; ++i) this->rig_->put(topic, 0, at(i * 1s), "", std::to_string(i));
  this->rig_->visible();
  this->rig_->remove_before({topic, 0, 4});

  const auto behind = this->consumer({topic}, {{topic, 0, 1}});
  Heard heard;
  poll_records(*behind, heard, 2);
  EXPECT_THAT(heard.values(), ElementsAre("4", "5"));
  ASSERT_EQ(heard.gaps.size(), 1U);
  EXPECT_EQ(heard.gaps[0].topic, topic);
  EXPECT_EQ(heard.gaps[0].from, 1);
  EXPECT_EQ(heard.gaps[0].to, 4);

  const auto beyond = this->consumer({topic}, {{topic, 0, 99}});
  Heard heard_beyond;
  poll_until(*beyond, heard_beyond, [&] { return !heard_beyond.gaps.empty(); });
  EXPECT_EQ(heard_beyond.gaps[0].from, 99);
  EXPECT_EQ(heard_beyond.gaps[0].to, 6);
  EXPECT_EQ(heard_beyond.gaps.size(), 1U);
  this->rig_->put(topic, 0, at(9s), "", "new");
  poll_records(*beyond, heard_beyond, 1);
  EXPECT_THAT(heard_beyond.values(), ElementsAre("new"));
}

TYPED_TEST_P(BusSuite, ReadsPartitionsThatAreAddedFromTheirBeginning) {
  if (!this->rig_->abilities().can_widen) GTEST_SKIP() << "topics of this bus have one width";
  const std::string topic = this->make_topic("wider");
  const auto consumer = this->consumer({topic}, {}, true);
  this->rig_->widen(topic, 3);
  this->rig_->put(topic, 2, at(1s), "", "two");
  this->rig_->put(topic, 1, at(2s), "", "one");
  Heard heard;
  poll_records(*consumer, heard, 2);
  auto values = heard.values();
  std::sort(values.begin(), values.end());
  EXPECT_THAT(values, ElementsAre("one", "two"));
  EXPECT_THAT(heard.gaps, IsEmpty());
}

TYPED_TEST_P(BusSuite, TellsWhenItIsCutOffAndGoesOnAfterwards) {
  if (!this->rig_->abilities().can_be_cut) GTEST_SKIP() << "this bus is always there";
  const std::string topic = this->make_topic("cut");
  const auto producer = take(this->rig_->bus().producer());
  const auto consumer = this->consumer({topic});
  this->send(*producer, {{topic, "k", "", "", "before"}});
  Heard heard;
  poll_records(*consumer, heard, 1);
  EXPECT_THAT(heard.reachable, IsEmpty());

  this->rig_->cut();
  const auto cut_at = std::chrono::steady_clock::now();
  poll_until(*consumer, heard, [&] { return !heard.reachable.empty(); });
  EXPECT_LT(std::chrono::steady_clock::now() - cut_at, 3s);
  EXPECT_THAT(heard.reachable, ElementsAre(false));
  int delivered = 0;
  for (const char* value : {"while away 1", "while away 2"}) {
    ASSERT_TRUE(producer->send({topic, "k", "", "", value}, [&](auto) { ++delivered; }));
  }
  producer->poll(50ms);
  EXPECT_EQ(delivered, 0);
  EXPECT_EQ(producer->flush(10ms), 2U);

  this->rig_->restore();
  EXPECT_EQ(producer->flush(kPatience), 0U);
  EXPECT_EQ(delivered, 2);
  poll_records(*consumer, heard, 3);
  EXPECT_THAT(heard.values(), ElementsAre("before", "while away 1", "while away 2"));
  EXPECT_THAT(heard.reachable, ElementsAre(false, true));
  EXPECT_THAT(heard.gaps, IsEmpty());
}

TYPED_TEST_P(BusSuite, FailsWhenItsTopicIsRemoved) {
  if (!this->rig_->abilities().can_drop) GTEST_SKIP() << "topics of this bus stay";
  const std::string topic = this->make_topic("dropped");
  const auto consumer = this->consumer({topic});
  Heard heard;
  EXPECT_EQ(take(consumer->poll(0ms, 10, heard.events())), 0U);
  this->rig_->drop_topic(topic);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  core::Result<std::size_t> last = 0U;
  while (last && std::chrono::steady_clock::now() < until) {
    last = consumer->poll(100ms, 10, heard.events());
  }
  ASSERT_FALSE(last.has_value());
  EXPECT_THAT(last.error().message, HasSubstr("topic `" + topic + "`"));
}

TYPED_TEST_P(BusSuite, FindsAMomentInEachPartition) {
  if (!this->rig_->abilities().knows_times) GTEST_SKIP() << "this bus cannot look up times";
  const int partitions = this->rig_->abilities().partitions;
  const std::string topic = this->make_topic("times", partitions);
  const std::string empty = this->make_topic("empty");
  // Each partition is some seconds behind the one before.
  for (int p = 0; p < partitions; ++p) {
    for (int i = 0; i < 10; ++i) this->rig_->put(topic, p, at(i * 10s + p * 1s), "", "x");
  }
  this->rig_->visible();
  const auto at_of = [&](Time time) {
    std::vector<std::int64_t> found;
    for (const auto& place : take(this->rig_->bus().places({topic}, time))) {
      EXPECT_EQ(place.partition, static_cast<std::int32_t>(found.size()));
      EXPECT_EQ(place.begin, 0);
      EXPECT_EQ(place.end, 10);
      found.push_back(place.at);
    }
    return found;
  };
  const auto all = [&](std::int64_t offset) {
    return std::vector<std::int64_t>(static_cast<std::size_t>(partitions), offset);
  };
  EXPECT_EQ(at_of(at(-5s)), all(0));
  EXPECT_EQ(at_of(at(35s)), all(4));
  EXPECT_EQ(at_of(at(40s)), all(4));  // there in the first, a moment later in the others
  EXPECT_EQ(at_of(at(1h)), all(10));
  const auto nothing = take(this->rig_->bus().places({empty}, at(0s)));
  ASSERT_EQ(nothing.size(), 1U);
  EXPECT_EQ(nothing[0].at, 0);
  EXPECT_EQ(nothing[0].end, 0);
}

TYPED_TEST_P(BusSuite, ReadsSpansOnceMergedByTime) {
  const int partitions = this->rig_->abilities().partitions;
  const std::string first = this->make_topic("spans", partitions);
  const std::string second = this->make_topic("spans-beside");
  for (int i = 0; i < 300; ++i) {
    for (int p = 0; p < partitions; ++p) this->rig_->put(first, p, at(i * 1s), "", "x");
    if (i % 10 == 0) this->rig_->put(second, 0, at(i * 1s), "", "x");
  }
  this->rig_->visible();
  std::vector<runtime::Span> spans{{second, 0, 5, 25}};
  std::map<std::pair<std::string, std::int32_t>, std::pair<std::int64_t, std::int64_t>> expected{
      {{second, 0}, {5, 24}}};
  std::size_t total = 20;
  for (int p = 0; p < partitions; ++p) {
    spans.push_back({first, p, 50 + p, 250});
    expected[{first, p}] = {50 + p, 249};
    total += static_cast<std::size_t>(200 - p);
  }
  const auto reader = take(this->rig_->bus().reader(spans));
  Heard heard;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!reader->done()) {
    ASSERT_LT(std::chrono::steady_clock::now(), until) << heard.records.size();
    const std::size_t before = heard.records.size();
    EXPECT_LE(take(reader->poll(100ms, 37, heard.events())), 37U);
    EXPECT_LE(heard.records.size(), before + 37);
    // What comes meanwhile lies behind the span.
    this->rig_->put(second, 0, at(400s), "", "new");
  }
  ASSERT_EQ(heard.records.size(), total);
  std::map<std::pair<std::string, std::int32_t>, std::pair<std::int64_t, std::int64_t>> read;
  Time latest{};
  for (const Kept& record : heard.records) {
    const auto [known, fresh] =
        read.try_emplace({record.topic, record.partition}, record.offset, record.offset);
    if (!fresh) {
      EXPECT_EQ(record.offset, ++known->second.second);
    }
    EXPECT_LE(latest - record.time, 200ms);
    latest = std::max(latest, record.time);
  }
  EXPECT_EQ(read, expected);
  EXPECT_THAT(heard.gaps, IsEmpty());
  EXPECT_EQ(take(reader->poll(0ms, 10, heard.events())), 0U);
}

TYPED_TEST_P(BusSuite, ASpanOfNothingIsDoneAtOnce) {
  const std::string topic = this->make_topic("none");
  const auto reader = take(this->rig_->bus().reader({{topic, 0, 0, 0}}));
  Heard heard;
  EXPECT_EQ(take(reader->poll(0ms, 10, heard.events())), 0U);
  EXPECT_TRUE(reader->done());
}

TYPED_TEST_P(BusSuite, ASpanSkipsWhatIsGoneAndSaysSo) {
  if (!this->rig_->abilities().can_remove) GTEST_SKIP() << "this bus keeps everything";
  const std::string topic = this->make_topic("span-gone");
  for (int i = 0; i < 10; ++i) this->rig_->put(topic, 0, at(i * 1s), "", std::to_string(i));
  this->rig_->visible();
  this->rig_->remove_before({topic, 0, 4});
  if (this->rig_->abilities().knows_times) {
    const auto places = take(this->rig_->bus().places({topic}, at(0s)));
    ASSERT_EQ(places.size(), 1U);
    EXPECT_EQ(places[0].begin, 4);
    EXPECT_EQ(places[0].at, 4);
  }
  const auto reader = take(this->rig_->bus().reader({{topic, 0, 1, 6}}));
  Heard heard;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!reader->done() && std::chrono::steady_clock::now() < until) {
    take(reader->poll(100ms, 100, heard.events()));
  }
  EXPECT_TRUE(reader->done());
  EXPECT_THAT(heard.values(), ElementsAre("4", "5"));
  ASSERT_EQ(heard.gaps.size(), 1U);
  EXPECT_EQ(heard.gaps[0].from, 1);
  EXPECT_EQ(heard.gaps[0].to, 4);
}

TYPED_TEST_P(BusSuite, MakesTopicsThatAreMissing) {
  const std::string topic = this->rig_->topic("fresh");
  if (!this->rig_->abilities().names_missing) GTEST_SKIP() << "topics make themselves here";
  const auto made = this->rig_->bus().ensure_topics({topic});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_TRUE(this->rig_->bus().ensure_topics({topic}).has_value());
  EXPECT_EQ(take(this->rig_->bus().ends({topic})).size(), 1U);
}

REGISTER_TYPED_TEST_SUITE_P(
    BusSuite, DeliversInOrderWithOffsetsAndKeys, KeepsTheBytesOfEveryMessage, BeginsWhereItIsTold,
    GoesOnInEachPartitionWhereItStood, TellsTheEndsOfAllPartitions, HandsOverNoMoreThanAsked,
    ReturnsWhenNothingCame, ReportsDeliveryOnlyWhenPolledAndInOrder, AReportMaySendTheNextMessage,
    NamesATopicThatIsNotThere, MergesABacklogByTime, SkipsWhatIsGoneAndSaysSo,
    ReadsPartitionsThatAreAddedFromTheirBeginning, TellsWhenItIsCutOffAndGoesOnAfterwards,
    FailsWhenItsTopicIsRemoved, FindsAMomentInEachPartition, ReadsSpansOnceMergedByTime,
    ASpanOfNothingIsDoneAtOnce, ASpanSkipsWhatIsGoneAndSaysSo, MakesTopicsThatAreMissing);

}  // namespace rollbook::tests
