#include "adapters/kafka/refetch.h"

#include <gtest/gtest.h>

namespace rollbook::adapters::kafka {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kEnough = 1000;
const Refetch::Clock::time_point kNow{};

TEST(Refetch, IsDueOnceWhenHalfOfWhatItStoppedAtIsLeft) {
  Refetch refetch;
  EXPECT_FALSE(refetch.is_due(400, kEnough, true, kNow));
  EXPECT_FALSE(refetch.is_due(1200, kEnough, true, kNow));
  EXPECT_FALSE(refetch.is_due(501, kEnough, true, kNow));
  EXPECT_TRUE(refetch.is_due(500, kEnough, true, kNow));
  EXPECT_FALSE(refetch.is_due(300, kEnough, true, kNow));
  EXPECT_FALSE(refetch.is_due(1000, kEnough, true, kNow));
  EXPECT_TRUE(refetch.is_due(0, kEnough, false, kNow)) << "the end that is known may be old";
}

TEST(Refetch, IsDueWhenNothingComesThoughThereIsMore) {
  Refetch refetch;
  EXPECT_FALSE(refetch.is_due(0, kEnough, true, kNow));
  ASSERT_TRUE(refetch.at().has_value());
  EXPECT_FALSE(refetch.is_due(0, kEnough, true, *refetch.at() - 1ms));
  EXPECT_TRUE(refetch.is_due(0, kEnough, true, *refetch.at()));
  EXPECT_FALSE(refetch.is_due(0, kEnough, true, kNow + 1s)) << "not again at once";
  EXPECT_TRUE(refetch.is_due(0, kEnough, true, *refetch.at()));
}

TEST(Refetch, WaitsForNothingAtTheEndOrWhileMessagesCome) {
  Refetch refetch;
  EXPECT_FALSE(refetch.is_due(0, kEnough, true, kNow));
  EXPECT_FALSE(refetch.is_due(3, kEnough, true, kNow + 1h));
  EXPECT_FALSE(refetch.at().has_value());
  EXPECT_FALSE(refetch.is_due(0, kEnough, false, kNow + 1h));
  EXPECT_FALSE(refetch.at().has_value());
}

}  // namespace
}  // namespace rollbook::adapters::kafka
