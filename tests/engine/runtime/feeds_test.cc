#include "engine/runtime/feeds.h"

#include <gtest/gtest.h>

#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

using core::MatchKind;
using core::StreamId;

// A rollout that watches `req{service="…"}`, and with `second` another metric.
core::Machine watching(const std::string& service, const std::string& second = "") {
  core::Machine machine;
  core::Metric metric;
  metric.selector = "req";
  if (!service.empty()) metric.matchers = {{"service", MatchKind::equal, service}};
  machine.metrics = {metric};
  if (!second.empty()) {
    metric.selector = second;
    metric.matchers = {{"service", MatchKind::matches, service + ".*"}};
    machine.metrics.push_back(metric);
  }
  for (std::uint32_t i = 0; i < machine.metrics.size(); ++i) {
    machine.series.push_back({core::MetricIndex{i}, core::Arm::total});
  }
  return machine;
}

class FeedsTest : public testing::Test {
 protected:
  void add(std::uint64_t stream, core::Machine machine) {
    machines.push_back(std::make_unique<core::Machine>(std::move(machine)));
    feeds.add(StreamId{stream}, *machines.back(), std::make_shared<Selector>(*machines.back()));
  }
  void learn(std::uint32_t number, const std::string& name, Labels labels) {
    feeds.learn(series_name(number, name, std::move(labels)));
  }
  std::vector<std::uint64_t> fed(std::uint32_t number) const {
    std::vector<std::uint64_t> streams;
    for (const Feed& feed : feeds.of(SeriesNumber{number})) streams.push_back(feed.stream.value);
    return streams;
  }
  std::vector<std::unique_ptr<core::Machine>> machines;
  Feeds feeds;
};
using Streams = std::vector<std::uint64_t>;

TEST_F(FeedsTest, ASeriesFeedsTheRolloutsThatAskForIt) {
  add(1, watching("shop"));
  add(2, watching("mail"));
  add(3, watching(""));
  learn(0, "req", {{"service", "shop"}});
  learn(1, "req", {{"service", "news"}});
  learn(2, "req", {});
  learn(3, "other", {{"service", "shop"}});
  EXPECT_EQ(fed(0), (Streams{3, 1}));
  EXPECT_EQ(fed(1), Streams{3});
  EXPECT_EQ(fed(2), Streams{3});
  EXPECT_EQ(fed(3), Streams{});
}

TEST_F(FeedsTest, ARolloutThatStartsLaterIsFedBySeriesKnownBefore) {
  learn(0, "req", {{"service", "shop"}});
  learn(1, "err", {{"service", "shop"}, {"code", "500"}});
  add(1, watching("shop", "err"));
  EXPECT_EQ(fed(0), Streams{1});
  EXPECT_EQ(fed(1), Streams{1});
}

TEST_F(FeedsTest, EachMatchFeedsOnceThoughSeveralKeysFindIt) {
  core::Machine machine = watching("shop");
  core::Metric again = machine.metrics[0];
  again.matchers = {{"zone", MatchKind::equal, "a"}};
  machine.metrics.push_back(again);
  machine.series.push_back({core::MetricIndex{1}, core::Arm::total});
  add(1, machine);
  learn(0, "req", {{"service", "shop"}, {"zone", "a"}});
  const auto& matches = feeds.of(SeriesNumber{0});
  ASSERT_EQ(matches.size(), 2U);  // of the two metrics
  EXPECT_NE(matches[0].match.metric, matches[1].match.metric);
}

TEST_F(FeedsTest, ARolloutThatHasEndedIsFedNoMore) {
  add(1, watching("shop", "err"));
  add(2, watching("shop"));
  learn(0, "req", {{"service", "shop"}});
  learn(1, "err", {{"service", "shop"}});
  feeds.remove(StreamId{1});
  EXPECT_EQ(fed(0), Streams{2});
  EXPECT_EQ(fed(1), Streams{});
  learn(2, "req", {{"service", "shop"}, {"zone", "b"}});
  EXPECT_EQ(fed(2), Streams{2});
  feeds.remove(StreamId{2});
  feeds.remove(StreamId{7});  // was never there
  learn(3, "req", {{"service", "shop"}, {"zone", "c"}});
  EXPECT_EQ(fed(3), Streams{});
}

}  // namespace
}  // namespace rollbook::runtime::tests
