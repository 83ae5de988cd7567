#include "engine/runtime/input_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace rollbook::runtime {
namespace {

using namespace std::chrono_literals;

PointBatch batch(std::size_t bytes, std::int64_t next_offset = 0) {
  PointBatch made;
  made.bytes = bytes;
  made.next_offset = next_offset;
  return made;
}
UrgentInput published(std::uint64_t position) { return PublishedInput{Position{position}}; }
std::uint64_t position_of(const UrgentInput& input) {
  return std::get<PublishedInput>(input).position.value;
}

TEST(InputQueue, GivesEverythingUrgentAndPointsUpToABound) {
  InputQueue queue(1000);
  for (std::int64_t i = 1; i <= 4; ++i) ASSERT_TRUE(queue.push(batch(100, i)));
  for (std::uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(queue.push(published(i)));
  const auto first = queue.drain(0s, 250);
  ASSERT_EQ(first.urgent.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(position_of(first.urgent[i]), i + 1);
  ASSERT_EQ(first.points.size(), 3U);  // the batch that crosses the bound is the last
  EXPECT_EQ(first.points[2].next_offset, 3);
  EXPECT_FALSE(first.closed);
  const auto second = queue.drain(0s, 250);
  EXPECT_TRUE(second.urgent.empty());
  ASSERT_EQ(second.points.size(), 1U);
  EXPECT_EQ(second.points[0].next_offset, 4);
}

TEST(InputQueue, IsEmptyAfterItsWait) {
  InputQueue queue(1000);
  const auto nothing = queue.drain(1ms, 250);
  EXPECT_TRUE(nothing.urgent.empty());
  EXPECT_TRUE(nothing.points.empty());
}

TEST(InputQueue, PointsWaitUntilThereIsRoom) {
  InputQueue queue(100);
  ASSERT_TRUE(queue.push(batch(100, 1)));
  std::latch begun(1);
  std::atomic<bool> through = false;
  std::jthread metrics([&] {
    begun.count_down();
    EXPECT_TRUE(queue.push(batch(100, 2)));
    through = true;
  });
  begun.wait();
  // Nothing makes room but a drain, however long it is waited for.
  const auto first = queue.drain(20ms, 1000);
  ASSERT_EQ(first.points.size(), 1U);
  EXPECT_EQ(first.points[0].next_offset, 1);
  const auto second = queue.drain(1h, 1000);
  ASSERT_EQ(second.points.size(), 1U);
  EXPECT_EQ(second.points[0].next_offset, 2);
  metrics.join();
  EXPECT_TRUE(through);
}

TEST(InputQueue, WhatIsUrgentNeverWaitsBehindPoints) {
  InputQueue queue(100);
  ASSERT_TRUE(queue.push(batch(100)));
  std::latch begun(1);
  std::jthread metrics([&] {
    begun.count_down();
    queue.push(batch(100));
  });
  begun.wait();
  ASSERT_TRUE(queue.push(published(7)));
  const auto drained = queue.drain(0s, 0);  // no points are wanted
  ASSERT_EQ(drained.urgent.size(), 1U);
  EXPECT_TRUE(drained.points.empty());
  queue.close();
}

TEST(InputQueue, ASingleBatchAboveTheBoundStillPasses) {
  InputQueue queue(100);
  EXPECT_TRUE(queue.push(batch(5000)));
  EXPECT_EQ(queue.drain(0s, 1).points.size(), 1U);
}

TEST(InputQueue, ClosingWakesWhoeverWaitsAndRefusesTheRest) {
  InputQueue queue(100);
  ASSERT_TRUE(queue.push(batch(100, 1)));
  std::latch begun(1);
  std::jthread metrics([&] {
    begun.count_down();
    EXPECT_FALSE(queue.push(batch(100, 2)));
  });
  begun.wait();
  queue.close();
  metrics.join();
  EXPECT_FALSE(queue.push(batch(1)));
  EXPECT_FALSE(queue.push(published(1)));
  const auto rest = queue.drain(1h, 1000);
  EXPECT_TRUE(rest.closed);
  ASSERT_EQ(rest.points.size(), 1U);  // what was taken in is given out
  EXPECT_TRUE(queue.drain(1h, 1000).closed);
}

TEST(InputQueue, ADrainIsWokenByWhatComes) {
  InputQueue queue(100);
  std::jthread commands([&] { queue.push(published(3)); });
  const auto drained = queue.drain(1h, 1000);
  ASSERT_EQ(drained.urgent.size(), 1U);
  EXPECT_EQ(position_of(drained.urgent[0]), 3U);
}

}  // namespace
}  // namespace rollbook::runtime
