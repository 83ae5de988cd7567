#include "engine/runtime/namesakes.h"

#include <gtest/gtest.h>

#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

class NamesakesTest : public testing::Test {
 protected:
  bool add(const std::string& name, const Labels& labels) {
    names_.push_back(series_name(static_cast<std::uint32_t>(names_.size()), name, labels));
    return namesakes_.add(names_.back(), [this](SeriesNumber number) -> const SeriesName& {
      return names_[number.value];
    });
  }

 private:
  std::vector<SeriesName> names_;
  Namesakes namesakes_;
};

TEST_F(NamesakesTest, OtherValuesAreAnotherSeries) {
  EXPECT_FALSE(add("err", {{"pod", "a"}, {"v", "new"}}));
  EXPECT_FALSE(add("err", {{"pod", "b"}, {"v", "new"}}));
  EXPECT_FALSE(add("err", {{"pod", "a"}, {"v", "old"}}));
}

TEST_F(NamesakesTest, MoreLabelsOfTheSameAreTheSame) {
  add("err", {{"pod", "a"}, {"v", "new"}});
  EXPECT_TRUE(add("err", {{"pod", "a"}, {"v", "new"}, {"zone", "x"}}));
  EXPECT_FALSE(add("err", {{"pod", "b"}, {"v", "new"}, {"zone", "x"}}));
  EXPECT_TRUE(add("err", {{"area", "1"}, {"pod", "b"}, {"v", "new"}, {"zone", "x"}}));
}

TEST_F(NamesakesTest, FewerLabelsOfTheSameAreTheSame) {
  add("err", {{"pod", "a"}, {"v", "new"}, {"zone", "x"}});
  EXPECT_TRUE(add("err", {{"pod", "a"}, {"v", "new"}}));
  EXPECT_FALSE(add("err", {{"pod", "b"}, {"v", "new"}}));
  // Also of one that came when these labels were known already.
  add("err", {{"pod", "c"}, {"v", "new"}, {"zone", "x"}});
  EXPECT_TRUE(add("err", {{"pod", "c"}, {"v", "new"}}));
}

// Two that lose different labels have no more in common than any two pods.
TEST_F(NamesakesTest, ASharedPartIsNotTheSame) {
  add("err", {{"v", "new"}, {"zone", "x"}});
  add("err", {{"pod", "a"}, {"v", "new"}, {"zone", "y"}});
  EXPECT_FALSE(add("err", {{"pod", "b"}, {"v", "new"}, {"zone", "y"}}));
}

TEST_F(NamesakesTest, AnotherNameHasNothingToDoWithIt) {
  add("err", {{"v", "new"}});
  EXPECT_FALSE(add("req", {{"v", "new"}, {"zone", "x"}}));
}

TEST_F(NamesakesTest, TheSameOnceMoreIsNoOther) {
  add("err", {{"v", "new"}});
  EXPECT_FALSE(add("err", {{"v", "new"}}));
}

TEST_F(NamesakesTest, SetsOfLabelNamesBeyondTheLimitAreNotToldApart) {
  for (std::size_t i = 0; i < Namesakes::kSchemas; ++i) {
    add("err", {{"label" + std::to_string(10 + i), "a"}, {"v", "new"}});
  }
  EXPECT_FALSE(add("err", {{"label10", "a"}, {"v", "new"}, {"zone", "x"}}));
}

}  // namespace
}  // namespace rollbook::runtime::tests
