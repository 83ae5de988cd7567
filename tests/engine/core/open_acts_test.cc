// Which effects are looked at in every turn: all that may still want something, and no more of a
// shift back that fails for weeks than its last attempt.

#include "engine/core/open_acts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rollbook::core {
namespace {

constexpr Time kSoon{std::chrono::hours(1)};

// The books as evolve() keeps them.
class Books {
 public:
  void act(bool waits) {
    EffectState act;
    act.first = next();
    if (waits) act.deadline = kSoon;
    effects[act.first] = act;
  }
  // A new shift back of the target, or the last one asked for again.
  void shift_back(TargetIndex target, bool again) {
    EffectState act;
    const Sequence sequence = next();
    act.first = sequence;
    act.rollback = true;
    act.target = target;
    act.retry_at = kSoon;
    for (const auto& [earlier, other] : effects) {
      if (again && other.rollback && other.target == target) act.first = other.first;
    }
    act.attempts = take_over(effects, act);
    effects[sequence] = act;
  }

  // Whether of each target the last one alone is asked for again, and says how many there were.
  bool are_sound() const {
    std::map<TargetIndex, Sequence> last;
    std::map<Sequence, std::uint32_t> attempts;
    for (const auto& [sequence, effect] : effects) {
      if (!effect.rollback) continue;
      last[effect.target] = sequence;
      if (effect.attempts != ++attempts[effect.first]) return false;
    }
    return std::all_of(effects.begin(), effects.end(), [&](const auto& one) {
      return one.second.retry_at.has_value() ==
             (one.second.rollback && last[one.second.target] == one.first);
    });
  }

  std::vector<Sequence> looked_at() const {
    std::vector<Sequence> sequences;
    any_open_act(effects, [&](Sequence sequence, const EffectState&) {
      sequences.push_back(sequence);
      return false;
    });
    return sequences;
  }
  std::vector<Sequence> wanting() const {
    std::vector<Sequence> sequences;
    for (const auto& [sequence, effect] : effects) {
      if (effect.retry_at || effect.deadline) sequences.push_back(sequence);
    }
    return sequences;
  }

  Effects effects;

 private:
  // Other events lie between.
  Sequence next() { return Sequence{last_ += 3}; }
  std::uint64_t last_ = 0;
};

TEST(OpenActs, OfAShiftBackThatFailsForWeeksTheLastAttemptIsLookedAt) {
  Books books;
  for (int i = 0; i < 5; ++i) books.act(i == 3);
  for (int i = 0; i < 1'000; ++i) books.shift_back({}, i > 0);
  EXPECT_EQ(books.looked_at().size(), 6U);
  EXPECT_EQ(books.looked_at().back(), books.effects.rbegin()->first);
}

TEST(OpenActs, OfTwoTargetsThatFailTogetherEachLastAttemptIsLookedAt) {
  Books books;
  books.act(true);
  for (int i = 0; i < 500; ++i) {
    books.shift_back(TargetIndex{0}, i > 0);
    books.shift_back(TargetIndex{1}, i > 0);
    if (i % 2 == 0) books.shift_back(TargetIndex{1}, true);
  }
  EXPECT_EQ(books.looked_at().size(), 3U);
}

TEST(OpenActs, AnActAmongTheAttemptsIsNotPassedBy) {
  Books books;
  for (int i = 0; i < 100; ++i) books.shift_back({}, i > 0);
  books.act(true);
  const Sequence waits = books.effects.rbegin()->first;
  for (int i = 0; i < 100; ++i) books.shift_back({}, true);
  const std::vector<Sequence> seen = books.looked_at();
  EXPECT_NE(std::find(seen.begin(), seen.end(), waits), seen.end());
}

TEST(OpenActs, WhateverHappensAllThatWantSomethingAreLookedAtInTheirOrder) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 dice(seed);
    Books books;
    const std::uint64_t acts = dice() % 30;
    for (std::uint64_t i = 0; i < 150; ++i) {
      const TargetIndex target = dice() % 2 == 0 ? TargetIndex{} : TargetIndex{0};
      if (i < acts || dice() % 60 == 0) {
        books.act(dice() % 2 == 0);
      } else {
        books.shift_back(target, dice() % 20 != 0);
      }
      ASSERT_TRUE(books.are_sound()) << seed;
      const std::vector<Sequence> seen = books.looked_at(), wanting = books.wanting();
      ASSERT_TRUE(std::is_sorted(seen.begin(), seen.end())) << seed;
      ASSERT_TRUE(std::includes(seen.begin(), seen.end(), wanting.begin(), wanting.end())) << seed;
    }
  }
}

}  // namespace
}  // namespace rollbook::core
