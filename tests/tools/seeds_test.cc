// Some of what tools/seeds plays a thousand times: the canary of 62 hours, over metrics that are
// lost, come twice, begin anew.

#include "tools/seeding/seeds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/adapters/sandbox/compiled.h"

namespace rollbook::seeding {
namespace {

constexpr std::uint64_t kSeeds = 20;

const runtime::Plan& canary() {
  static const runtime::Plan plan =
      *dsl::Compiler()
           .compile("hal9-canary.runbook", tests::read_plan("hal9-canary.runbook"), {})
           .plan;
  return plan;
}

TEST(Seeds, AreDrawnAlikeEveryTime) {
  EXPECT_EQ(draw(7, true).faults, draw(7, true).faults);
  EXPECT_NE(draw(7, true).faults, draw(8, true).faults);
  EXPECT_FALSE(draw(7, false).broken);
}

// A broken run meets the same delivery as the healthy one of its seed.
TEST(Seeds, OfABrokenCanaryAddItsFailuresAlone) {
  const std::vector<std::string> healthy = draw(3, false).faults;
  const std::vector<std::string> broken = draw(3, true).faults;
  ASSERT_EQ(broken.size(), healthy.size() + 1);
  EXPECT_TRUE(std::equal(healthy.begin(), healthy.end(), broken.begin()));
  EXPECT_THAT(broken.back(), testing::StartsWith("errors 1% at random from "));
}

TEST(Seeds, NeverRollAHealthyCanaryBack) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto played = play(canary(), draw(seed, false));
    ASSERT_TRUE(played) << played.error().message;
    EXPECT_EQ(played->outcome, core::Outcome::succeeded) << seed << ": " << played->because;
  }
}

TEST(Seeds, AlwaysRollABrokenCanaryBack) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto played = play(canary(), draw(seed, true));
    ASSERT_TRUE(played) << played.error().message;
    EXPECT_EQ(played->outcome, core::Outcome::rolled_back) << seed;
    EXPECT_GT(played->requests, 0) << seed;
    EXPECT_LT(played->took, std::chrono::minutes(10)) << seed << ": " << played->because;
  }
}

}  // namespace
}  // namespace rollbook::seeding
