#include "engine/runtime/senders.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/core/limits.h"

namespace rollbook::runtime::tests {
namespace {

using core::Duration;
using core::kDistantPast;
using core::SeriesIndex;
using core::Time;
using namespace std::chrono_literals;

constexpr SeriesIndex kCanary{0};
constexpr Time kBegin{};

core::Machine comparing() {
  core::Machine machine;
  machine.series = {core::Series{core::MetricIndex{0}, core::Arm::canary, {}},
                    core::Series{core::MetricIndex{0}, core::Arm::total, {}}};
  core::Criterion criterion;
  criterion.window = core::WindowIndex{0};
  criterion.other = core::WindowIndex{1};
  machine.criteria.push_back(criterion);
  return machine;
}

class SendersTest : public testing::Test {
 protected:
  void hear(std::size_t sender, Duration from, Duration to) {
    if (numbers_.size() <= sender) numbers_.resize(sender + 1, Senders::kNew);
    Increment heard;
    heard.start = kBegin + from;
    heard.end = kBegin + to;
    heard.measured = true;
    senders.hear(kCanary, numbers_[sender], heard);
    watermark_ = std::max(watermark_, heard.end);
  }
  core::SeriesSeen told() {
    core::Pending pending;
    pending.observed.seen = {core::SeriesSeen{kCanary, watermark_, watermark_}};
    senders.tell(pending);
    return pending.observed.seen[0];
  }

  Senders senders{comparing()};

 private:
  std::vector<std::uint32_t> numbers_;
  Time watermark_ = kDistantPast;
};

TEST_F(SendersTest, OneIsWholeAtItsPoint) {
  hear(0, 0s, 15s);
  EXPECT_EQ(told().whole, kBegin + 15s);
  EXPECT_EQ(told().interval, 0s) << "nothing was heard since";
  hear(0, 15s, 31s);
  EXPECT_EQ(told().whole, kBegin + 31s);
  hear(0, 31s, 46s);
  EXPECT_EQ(told().interval, 15s);
}

TEST_F(SendersTest, ManyAreWholeWhereTheOneThatWasHeardLeastLatelyIs) {
  hear(0, 0s, 60s);
  hear(1, 10s, 70s);
  hear(2, 50s, 110s);
  EXPECT_EQ(told().whole, kBegin + 60s);
  hear(0, 60s, 120s);
  EXPECT_EQ(told().whole, kBegin + 70s);
  hear(1, 70s, 131s);
  const core::SeriesSeen seen = told();
  EXPECT_EQ(seen.whole, kBegin + 110s);
  EXPECT_EQ(seen.interval, 61s);
}

TEST_F(SendersTest, OneThatHasGoneIsNotWaitedFor) {
  hear(0, 0s, 15s);
  hear(1, 0s, 16s);
  for (Duration at = 15s; at < 45s; at += 15s) hear(0, at, at + 15s);
  EXPECT_EQ(told().whole, kBegin + 16s) << "it missed one";
  hear(0, 45s, 60s);
  EXPECT_EQ(told().whole, kBegin + 60s) << "it missed two";
  hear(1, 16s, 61s);
  EXPECT_EQ(told().whole, kBegin + 60s) << "it is there again";
}

TEST_F(SendersTest, NobodyIsWaitedForLongerThanTheMost) {
  hear(0, 0s, 5min);
  hear(1, 0s, 6min);
  hear(1, 6min, 6min + core::kStretchMost);
  EXPECT_EQ(told().whole, kBegin + 6min + core::kStretchMost);
}

// A rare label set is heard once, and perhaps never again.
TEST_F(SendersTest, OneThatHasNoIntervalYetIsNotWaitedFor) {
  Increment first;
  first.start = first.end = kBegin + 20s;
  std::uint32_t rare = Senders::kNew;
  senders.hear(kCanary, rare, first);
  hear(0, 15s, 30s);
  EXPECT_EQ(told().whole, kBegin + 30s);
}

TEST(Senders, AreKeptOnlyOfArmsThatAreHeldAgainstEachOther) {
  core::Machine machine = comparing();
  EXPECT_TRUE(Senders(machine).asks(kCanary));
  EXPECT_FALSE(Senders(machine).asks(SeriesIndex{1})) << "of no arm";
  EXPECT_FALSE(Senders(machine).asks(SeriesIndex{}));
  machine.criteria[0].other = {};
  EXPECT_FALSE(Senders(machine).asks(kCanary));
}

}  // namespace
}  // namespace rollbook::runtime::tests
