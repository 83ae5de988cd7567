// Some of what tools/seeds plays a thousand times: the canary of 62 hours, over metrics that are
// lost, come twice, begin anew.

#include "tools/seeding/seeds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/adapters/sandbox/compiled.h"

namespace rollbook::seeding {
namespace {

using testing::StartsWith;

constexpr std::uint64_t kSeeds = 20;

runtime::Plan compiled(const std::string& text) {
  auto found = dsl::Compiler().compile("hal9-canary.runbook", text, {});
  EXPECT_TRUE(found.plan) << text;
  return std::move(*found.plan);
}
const runtime::Plan& canary() {
  static const runtime::Plan plan = compiled(tests::read_plan("hal9-canary.runbook"));
  return plan;
}
const runtime::Plan& halting_canary() {
  static const runtime::Plan plan = compiled(*halting(tests::read_plan("hal9-canary.runbook")));
  return plan;
}

TEST(Seeds, AreDrawnAlikeEveryTime) {
  for (const Kind kind : {Kind::broken, Kind::shared}) {
    EXPECT_EQ(draw(7, kind).faults, draw(7, kind).faults);
    EXPECT_NE(draw(7, kind).faults, draw(8, kind).faults);
  }
  EXPECT_FALSE(draw(7, Kind::healthy).broken);
}

// A run that breaks meets the same delivery as the healthy one of its seed.
TEST(Seeds, OfWhatBreaksAddItsFailuresAlone) {
  const std::vector<std::string> healthy = draw(3, Kind::healthy).faults;
  for (const Kind kind : {Kind::broken, Kind::shared}) {
    const std::vector<std::string> broken = draw(3, kind).faults;
    ASSERT_GT(broken.size(), healthy.size());
    EXPECT_TRUE(std::equal(healthy.begin(), healthy.end(), broken.begin()));
  }
  EXPECT_THAT(draw(3, Kind::broken).faults.back(), StartsWith("errors 1% at random from "));
}

TEST(Seeds, OfASharedFailureEndForBothOrForTheBaselineAlone) {
  const std::vector<std::string> both = draw(4, Kind::shared).faults;
  EXPECT_THAT(both.back(), testing::MatchesRegex("errors .*% at random from .* for .* on both"));
  const std::vector<std::string> alone = draw(3, Kind::shared).faults;
  const std::string& canary = alone.back();
  const std::string& baseline = alone[alone.size() - 2];
  EXPECT_THAT(canary, testing::EndsWith(" on canary"));
  const std::string failing = canary.substr(0, canary.size() - 10);  // the same, from the same time
  EXPECT_THAT(baseline, testing::MatchesRegex(failing + " for .* on baseline"));
}

TEST(Seeds, PutTheClauseIntoTheGuardOfARunbookAndNowhereElse) {
  const std::string text = tests::read_plan("hal9-canary.runbook");
  std::string put = *halting(text);
  const std::string clause = "    when baseline fails too halt\n";
  EXPECT_NE(put.find("# silence is not health\n" + clause + "    otherwise rollback automatic\n"),
            std::string::npos);
  put.erase(put.find(clause), clause.size());
  EXPECT_EQ(put, text);
  EXPECT_FALSE(halting("edition 1\n"));
}

// ---- What a run must not do -------------------------------------------------------------------

Played halted_in(core::Duration took) {
  Played played;
  played.halted = Stretch{took, 1};
  played.stays_halted = true;
  return played;
}

TEST(Seeds, OfBothThatRecoverMustHaltAndStaySo) {
  using namespace std::chrono_literals;
  const auto run = draw(4, Kind::shared);
  EXPECT_EQ(wrong_in(run, halted_in(1min)), "");
  EXPECT_THAT(wrong_in(run, {}), StartsWith("not halted while both failed"));
  EXPECT_THAT(wrong_in(run, halted_in(4h)), StartsWith("not halted while both failed"));
  EXPECT_THAT(wrong_in(run, halted_in(-1min)), StartsWith("halted before"));
  Played played = halted_in(1min);
  played.stays_halted = false;
  EXPECT_THAT(wrong_in(run, played), StartsWith("went on"));
  played = halted_in(1min);
  played.moved = true;
  EXPECT_THAT(wrong_in(run, played), StartsWith("went forward"));
  played = halted_in(1min);
  played.outcome = core::Outcome::rolled_back;
  EXPECT_THAT(wrong_in(run, played), StartsWith("rolled back"));
}

TEST(Seeds, OfABaselineThatRecoversAloneMustHaltAndThenRollBack) {
  using namespace std::chrono_literals;
  const auto run = draw(3, Kind::shared);
  EXPECT_THAT(wrong_in(run, halted_in(1min)), StartsWith("not rolled back"));
  Played played = halted_in(1min);
  played.outcome = core::Outcome::rolled_back;
  played.back = Stretch{5min, 1};
  EXPECT_EQ(wrong_in(run, played), "");
  played.back = Stretch{-5min, 0};
  EXPECT_THAT(wrong_in(run, played), StartsWith("rolled back, which both"));
  played.back = Stretch{5min, 1};
  played.halted.reset();
  EXPECT_THAT(wrong_in(run, played), StartsWith("not halted while both failed"));
}

// ---- Some of the thousand ---------------------------------------------------------------------

TEST(Seeds, NeverRollAHealthyCanaryBack) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto run = draw(seed, Kind::healthy);
    const auto played = play(canary(), run);
    ASSERT_TRUE(played) << played.error().message;
    EXPECT_EQ(wrong_in(run, *played), "") << seed;
  }
}

TEST(Seeds, AlwaysRollABrokenCanaryBack) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto run = draw(seed, Kind::broken);
    const auto played = play(canary(), run);
    ASSERT_TRUE(played) << played.error().message;
    EXPECT_EQ(wrong_in(run, *played), "") << seed;
    ASSERT_TRUE(played->back) << seed;
    EXPECT_GT(played->back->requests, 0) << seed;
    EXPECT_LT(played->back->took, std::chrono::minutes(10)) << seed << ": " << played->because;
  }
}

TEST(Seeds, HaltAFailureOfBothArmsAndRollBackTheCanarysOwn) {
  for (std::uint64_t seed = 1; seed <= kSeeds / 2; ++seed) {
    const auto run = draw(seed, Kind::shared);
    const auto played = play(halting_canary(), run);
    ASSERT_TRUE(played) << played.error().message;
    EXPECT_EQ(wrong_in(run, *played), "") << seed;
    EXPECT_GT(played->halted->requests, 0) << seed;
    EXPECT_EQ(played->outcome.has_value(), !run.both_recover) << seed;
  }
}

}  // namespace
}  // namespace rollbook::seeding
