#include "engine/runtime/namesakes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class NamesakesTest : public testing::Test {
 protected:
  void add(const std::string& name, const Labels& labels, core::Duration at = 0s) {
    names_.push_back(series_name(static_cast<std::uint32_t>(names_.size()), name, labels));
    namesakes_.add(names_.back(), kBegin + at, [this](SeriesNumber number) -> const SeriesName& {
      return names_[number.value];
    });
  }
  // By number, of the one that came last.
  std::vector<std::uint32_t> like_last() const {
    std::vector<std::uint32_t> found;
    namesakes_.each_like(names_.back(),
                         [&](SeriesNumber number) { found.push_back(number.value); });
    return found;
  }
  std::vector<std::uint32_t> nested_in_last() const {
    std::vector<std::uint32_t> found;
    namesakes_.each_nested(names_.back(),
                           [&](SeriesNumber number) { found.push_back(number.value); });
    return found;
  }

 private:
  std::vector<SeriesName> names_;
  Namesakes namesakes_;
};

TEST_F(NamesakesTest, OtherValuesAreNotNested) {
  add("err", {{"pod", "a"}, {"v", "new"}});
  add("err", {{"pod", "b"}, {"v", "new"}});
  EXPECT_THAT(nested_in_last(), IsEmpty());
}

TEST_F(NamesakesTest, ThoseOfFewerLabelsAreNested) {
  add("err", {{"pod", "a"}, {"v", "new"}});
  add("err", {{"pod", "a"}, {"v", "new"}, {"zone", "x"}});
  EXPECT_THAT(nested_in_last(), ElementsAre(0));
  EXPECT_THAT(like_last(), IsEmpty());
  add("err", {{"pod", "b"}, {"v", "new"}, {"zone", "x"}});
  EXPECT_THAT(nested_in_last(), IsEmpty());
  add("err", {{"area", "1"}, {"pod", "a"}, {"v", "new"}, {"zone", "x"}});
  EXPECT_THAT(nested_in_last(), ElementsAre(0, 1));
}

TEST_F(NamesakesTest, AndThoseOfMore) {
  add("err", {{"pod", "a"}, {"v", "new"}, {"zone", "x"}});
  add("err", {{"pod", "a"}, {"v", "new"}});
  EXPECT_THAT(nested_in_last(), ElementsAre(0));
  add("err", {{"pod", "b"}, {"v", "new"}});
  EXPECT_THAT(nested_in_last(), IsEmpty());
  // Also those that came when these labels were known already.
  add("err", {{"pod", "c"}, {"v", "new"}, {"zone", "x"}});
  add("err", {{"pod", "c"}, {"v", "new"}, {"zone", "y"}});
  add("err", {{"pod", "c"}, {"v", "new"}});
  EXPECT_THAT(nested_in_last(), ElementsAre(4, 3));
}

// Two that lose different labels have no more in common than any two pods.
TEST_F(NamesakesTest, ASharedPartIsNotNested) {
  add("err", {{"v", "new"}, {"zone", "x"}});
  add("err", {{"pod", "a"}, {"v", "new"}, {"zone", "y"}});
  add("err", {{"pod", "b"}, {"v", "new"}, {"zone", "y"}});
  EXPECT_THAT(nested_in_last(), IsEmpty());
}

TEST_F(NamesakesTest, AnotherNameHasNothingToDoWithIt) {
  add("err", {{"v", "new"}});
  add("req", {{"v", "new"}, {"zone", "x"}});
  EXPECT_THAT(nested_in_last(), IsEmpty());
}

TEST_F(NamesakesTest, TheSameOnceMoreIsNoOther) {
  add("err", {{"v", "new"}});
  add("err", {{"v", "new"}});
  add("err", {{"v", "new"}, {"zone", "x"}});
  EXPECT_THAT(nested_in_last(), ElementsAre(0));
}

TEST_F(NamesakesTest, SetsOfLabelNamesBeyondTheLimitAreNotToldApart) {
  for (std::size_t i = 0; i < Namesakes::kSchemas; ++i) {
    add("err", {{"label" + std::to_string(10 + i), "a"}, {"v", "new"}});
  }
  add("err", {{"label10", "a"}, {"v", "new"}, {"zone", "x"}});
  EXPECT_THAT(nested_in_last(), IsEmpty());
}

TEST_F(NamesakesTest, CandidatesDifferInTheValueOfOneLabel) {
  add("err", {{"pod", "a"}, {"type", "timeout"}, {"v", "new"}});
  add("err", {{"pod", "b"}, {"type", "timeout"}, {"v", "new"}});
  add("err", {{"pod", "b"}, {"type", "full"}, {"v", "new"}});
  EXPECT_THAT(like_last(), ElementsAre(1));
  add("err", {{"pod", "a"}, {"type", "full"}, {"v", "new"}});
  EXPECT_THAT(like_last(), ElementsAre(2, 0));
  add("req", {{"pod", "c"}, {"type", "full"}, {"v", "new"}});
  EXPECT_THAT(like_last(), IsEmpty()) << "another name";
}

TEST_F(NamesakesTest, OrInAllLabelsThatHadNewValuesAtOnce) {
  add("err", {{"instance", "1"}, {"pod", "a"}, {"v", "new"}});
  add("err", {{"instance", "2"}, {"pod", "b"}, {"v", "new"}});
  EXPECT_THAT(like_last(), IsEmpty()) << "as each of a name's first series has";
  add("err", {{"instance", "3"}, {"pod", "c"}, {"v", "new"}}, Namesakes::kSettled);
  EXPECT_THAT(like_last(), ElementsAre(1, 0));
  add("err", {{"instance", "3"}, {"pod", "a"}, {"v", "old"}}, Namesakes::kSettled);
  EXPECT_THAT(like_last(), IsEmpty());
}

TEST_F(NamesakesTest, OrInTheNameOfALabel) {
  add("err", {{"pod", "a"}, {"v", "new"}});
  add("err", {{"pod", "b"}, {"v", "old"}});
  add("err", {{"pod_name", "a"}, {"v", "new"}});
  EXPECT_THAT(like_last(), ElementsAre(0));
  add("err", {{"pod", "c"}, {"v", "new"}});
  EXPECT_THAT(like_last(), ElementsAre(0, 2));
}

TEST_F(NamesakesTest, TheLastOfManyThatAreAlikeAreLookedAt) {
  for (std::size_t i = 0; i < 3 * Namesakes::kCandidates; ++i) {
    add("err", {{"user", std::to_string(i)}, {"v", "new"}});
  }
  const auto found = like_last();
  EXPECT_LE(found.size(), Namesakes::kCandidates);
  EXPECT_EQ(found.front(), 3 * Namesakes::kCandidates - 2);
}

}  // namespace
}  // namespace rollbook::runtime::tests
