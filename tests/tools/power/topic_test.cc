// `rollbook power --from TOPIC`: the same of a topic as of a file, over a bus of files; over Kafka
// in tests/acceptance/power_test.cc.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/tools/power/recorded_shop.h"
#include "tests/tools/program.h"

namespace rollbook::tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class PowerTopic : public testing::Test {
 protected:
  PowerTopic() { std::filesystem::create_directories(directory_.file("bus")); }
  void send(const std::string& topic, const std::vector<Sent>& all) {
    std::ofstream file(directory_.file("bus") + "/" + topic + ".jsonl", std::ios::app);
    for (const Sent& each : all) {
      file << "{\"time\":" << each.at.time_since_epoch().count() << ",\"value\":" << each.payload
           << "}\n";
    }
  }
  Ran power(std::vector<std::string> more) {
    std::vector<std::string> words{"power",  directory_.write("shop.runbook", kRecordedShop),
                                   "--runs", "5",
                                   "--bus",  "file:" + directory_.file("bus")};
    words.insert(words.end(), more.begin(), more.end());
    return rollbook(words);
  }
  std::string file_of(const std::vector<Sent>& all) {
    std::string text;
    for (const Sent& each : all) text += each.payload + "\n";
    return directory_.write("recorded.jsonl", text);
  }
  Directory directory_;
};

TEST_F(PowerTopic, SaysOfATopicWhatItSaysOfTheSameLinesInAFile) {
  const std::vector<Sent> all = recorded_shop(now_in_seconds() - 1h, 20min);
  send("metrics", all);
  const Ran topic = power({"--from", "metrics", "-o", "json"});
  ASSERT_EQ(topic.exit, 0) << topic.err;
  const Ran file = power({"--from", file_of(all), "-o", "json"});
  ASSERT_EQ(file.exit, 0) << file.err;
  auto of_topic = nlohmann::json::parse(topic.out), of_file = nlohmann::json::parse(file.out);
  EXPECT_EQ(of_topic["recorded"]["from"], "topic `metrics`");
  EXPECT_EQ(of_topic["recorded"]["span_seconds"], 1200);
  EXPECT_NEAR(of_topic["criteria"][0]["healthy"].get<double>(), 0.01, 0.0002);
  of_topic["recorded"].erase("from");
  of_file["recorded"].erase("from");
  EXPECT_EQ(of_topic, of_file);
  EXPECT_THAT(topic.err, HasSubstr("topic `metrics`: it holds 20m of the last 24h"));
}

// What is older than that was another service: all of its requests failed.
TEST_F(PowerTopic, NoFurtherBackThanAsked) {
  std::vector<Sent> all = recorded_shop(now_in_seconds() - 5h, 20min, 1);
  const std::vector<Sent> late = recorded_shop(now_in_seconds() - 1h, 20min);
  all.insert(all.end(), late.begin(), late.end());
  send("metrics", all);
  const auto healthy = [&](const std::string& last) {
    const Ran ran = power({"--from", "metrics", "--last", last, "-o", "json"});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return nlohmann::json::parse(ran.out)["criteria"][0]["healthy"].get<double>();
  };
  EXPECT_NEAR(healthy("2h"), 0.01, 0.0002);
  EXPECT_GT(healthy("6h"), 0.3);
}

TEST_F(PowerTopic, AFileOfThatNameComesFirst) {
  send("metrics", recorded_shop(now_in_seconds() - 1h, 20min));
  std::ofstream(directory_.file("metrics")) << "no metric\n";
  EXPECT_THAT(power({"--from", directory_.file("metrics")}).err, HasSubstr("metrics: line 1: "));
  EXPECT_THAT(power({"--from", directory_.file("bus")}).err, HasSubstr("bus: not a file"));
}

TEST_F(PowerTopic, WhatCannotBeReadIsCountedAndTold) {
  std::vector<Sent> all = recorded_shop(now_in_seconds() - 1h, 20min);
  all.push_back({all.back().at, R"({"metric":7})"});
  send("metrics", all);
  const Ran ran = power({"--from", "metrics"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("topic `metrics`: 1 could not be read; the first, metrics/0/"));
  EXPECT_THAT(ran.out, HasSubstr("recorded: 20m of topic `metrics`, 363 points"));
  EXPECT_THAT(ran.out, HasSubstr("limit 4% (broken in "));
}

TEST_F(PowerTopic, MistakesAreNamed) {
  const Ran none = power({"--from", "metrcs"});
  EXPECT_EQ(none.exit, 6);
  EXPECT_THAT(none.err, HasSubstr("--from metrcs: there is no file of that name, so it is a topic: "
                                  "topic `metrcs` is not there"));
  send("empty", {});
  const Ran empty = power({"--from", "empty", "--last", "2h"});
  EXPECT_EQ(empty.exit, 1);
  EXPECT_THAT(empty.err, HasSubstr("topic `empty` holds no record of the last 2h; --last 7d"));
  const auto now = now_in_seconds() - 1min;
  send("other", {{now, R"({"metric":"other_total","kind":"counter","value":1,"time":)" +
                           std::to_string(now.time_since_epoch().count()) + "}"}});
  const Ran other = power({"--from", "other"});
  EXPECT_EQ(other.exit, 1);
  EXPECT_THAT(other.err, HasSubstr("topic `other`, 1 records of the last 24h: no requests that a "
                                   "criterion of this runbook counts were recorded there: it asks "
                                   "for `shop_requests_total`"));
  for (const char* last : {"soon", "0s", "32d", "-1h"}) {
    const Ran wrong = power({"--from", "empty", "--last", last});
    EXPECT_EQ(wrong.exit, 2);
    EXPECT_THAT(wrong.err, HasSubstr("is no duration up to 31d"));
  }
  // What no topic may be called is a file, and none is there.
  EXPECT_THAT(power({"--from", "a/b"}).err, HasSubstr("a/b: no such file"));
}

TEST_F(PowerTopic, NoBrokerIsSaidWithWhatItWasTakenFor) {
  const Ran ran = rollbook({"power", directory_.write("shop.runbook", kRecordedShop), "--from",
                            "metrics", "--brokers", "127.0.0.1:1"});
  EXPECT_EQ(ran.exit, 6);
  EXPECT_THAT(ran.err, HasSubstr("so it is a topic: cannot reach 127.0.0.1:1"));
}

}  // namespace
}  // namespace rollbook::tests
