#include "engine/runtime/coverage.h"

#include <gtest/gtest.h>

#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

TimeRange interval(core::Duration from, core::Duration to) { return {kBegin + from, kBegin + to}; }

TEST(Coverage, AnUnbrokenStreamIsOneRange) {
  Coverage covered;
  for (const int i : {0, 1, 4, 3, 2}) covered.add(interval(i * 10s, (i + 1) * 10s));
  EXPECT_EQ(covered.ranges(), (std::vector<TimeRange>{interval(0s, 50s)}));
  covered.add(interval(50s + 1us, 60s));  // its clock, not a gap
  EXPECT_EQ(covered.ranges().size(), 1U);
  covered.add(interval(61s, 70s));
  EXPECT_EQ(covered.ranges().size(), 2U);
}

TEST(Coverage, MeetsWhatOverlapsWhatHasCome) {
  Coverage covered;
  covered.add(interval(10s, 20s));
  covered.add(interval(30s, 40s));
  covered.add(interval(50s, 50s));
  for (const auto& come : {interval(10s, 20s), interval(5s, 11s), interval(12s, 13s),
                           interval(19s, 25s), interval(0s, 45s), interval(40s, 50s),
                           interval(45s, 55s), interval(50s, 50s), interval(20s, 20s)}) {
    EXPECT_TRUE(covered.meets(come))
        << (come.start - kBegin) / 1s << " " << (come.end - kBegin) / 1s;
  }
  for (const auto& fresh : {interval(0s, 10s), interval(20s, 30s), interval(40s, 49s),
                            interval(50s, 60s), interval(25s, 25s), interval(60s, 60s)}) {
    EXPECT_FALSE(covered.meets(fresh))
        << (fresh.start - kBegin) / 1s << " " << (fresh.end - kBegin) / 1s;
  }
}

TEST(Coverage, MomentsJoinNothing) {
  Coverage covered;
  for (const int i : {1, 2, 3}) covered.add(interval(i * 1s, i * 1s));
  covered.add(interval(3s, 4s));
  EXPECT_EQ(covered.ranges().size(), 4U);
  EXPECT_FALSE(covered.meets(interval(1500ms, 1500ms)));
}

TEST(Coverage, BehindWhatWasForgottenEverythingMayHaveCome) {
  Coverage covered;
  for (std::size_t i = 0; i <= Coverage::kMost; ++i) covered.add(interval(i * 20s, i * 20s + 10s));
  EXPECT_EQ(covered.ranges().size(), Coverage::kMost);
  EXPECT_EQ(covered.forgotten(), kBegin + 10s);
  EXPECT_TRUE(covered.meets(interval(5s, 15s)));
  EXPECT_TRUE(covered.meets(interval(10s, 10s)));
  EXPECT_FALSE(covered.meets(interval(10s, 20s)));
}

TEST(Coverage, TwoAreUnited) {
  Coverage covered, other;
  for (const int i : {0, 1, 5}) covered.add(interval(i * 10s, (i + 1) * 10s));
  for (const int i : {1, 2, 8}) other.add(interval(i * 10s, (i + 1) * 10s));
  covered.unite(other);
  EXPECT_EQ(covered.ranges(),
            (std::vector<TimeRange>{interval(0s, 30s), interval(50s, 60s), interval(80s, 90s)}));
}

}  // namespace
}  // namespace rollbook::runtime::tests
