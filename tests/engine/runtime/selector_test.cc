#include "engine/runtime/selector.h"

#include <gtest/gtest.h>

#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

using core::Arm;
using core::Machine;
using core::MatchKind;
using core::MetricIndex;

core::Metric metric(const std::string& selector, std::vector<core::LabelMatcher> matchers = {}) {
  core::Metric made;
  made.selector = selector;
  made.matchers = std::move(matchers);
  return made;
}

struct Row {
  MatchKind kind;
  const char* pattern;
  Labels labels;
  bool matches;
};
class Matchers : public testing::TestWithParam<Row> {};

TEST_P(Matchers, AreThoseOfPromQL) {
  Machine machine;
  machine.metrics = {metric("req", {{"code", GetParam().kind, GetParam().pattern}})};
  machine.series = {{MetricIndex{0}, Arm::total}};
  const Selector selector(machine);
  EXPECT_EQ(selector.match(series_name(0, "req", GetParam().labels)).size(),
            GetParam().matches ? 1U : 0U);
}
INSTANTIATE_TEST_SUITE_P(
    Selector, Matchers,
    testing::Values(Row{MatchKind::equal, "500", {{"code", "500"}}, true},
                    Row{MatchKind::equal, "500", {{"code", "5000"}}, false},
                    Row{MatchKind::equal, "500", {}, false},
                    Row{MatchKind::equal, "", {}, true},  // a label that is not there is empty
                    Row{MatchKind::not_equal, "500", {{"code", "200"}}, true},
                    Row{MatchKind::not_equal, "500", {{"code", "500"}}, false},
                    Row{MatchKind::not_equal, "500", {}, true},
                    Row{MatchKind::matches, "5..", {{"code", "503"}}, true},
                    Row{MatchKind::matches, "5..", {{"code", "5033"}}, false},  // anchored
                    Row{MatchKind::matches, "5..", {{"code", "1503"}}, false},
                    Row{MatchKind::matches, "4..|5..", {{"code", "404"}}, true},
                    Row{MatchKind::matches, ".*", {}, true},
                    Row{MatchKind::not_matches, "5..", {{"code", "503"}}, false},
                    Row{MatchKind::not_matches, "5..", {{"code", "200"}}, true},
                    Row{MatchKind::not_matches, ".+", {}, true}));

TEST(Selector, NeedsTheNameAndEveryMatcher) {
  Machine machine;
  machine.metrics = {
      metric("req", {{"a", MatchKind::equal, "1"}, {"b", MatchKind::matches, "2|3"}})};
  machine.series = {{MetricIndex{0}, Arm::total}};
  const Selector selector(machine);
  EXPECT_EQ(selector.match(series_name(0, "req", {{"a", "1"}, {"b", "3"}})).size(), 1U);
  EXPECT_TRUE(selector.match(series_name(0, "req", {{"a", "1"}, {"b", "4"}})).empty());
  EXPECT_TRUE(selector.match(series_name(0, "req", {{"a", "2"}, {"b", "3"}})).empty());
  EXPECT_TRUE(selector.match(series_name(0, "other", {{"a", "1"}, {"b", "3"}})).empty());
}

class SplitSelector : public testing::Test {
 protected:
  SplitSelector() {
    machine.arms = core::Arms{"v", "old", "new"};
    machine.metrics = {metric("req"), metric("total"), metric("err")};
    machine.metrics[1].unsplit = true;
    machine.series = {{MetricIndex{0}, Arm::canary},
                      {MetricIndex{0}, Arm::baseline},
                      {MetricIndex{0}, Arm::total},
                      {MetricIndex{1}, Arm::total},
                      {MetricIndex{2}, Arm::canary}};
  }
  std::vector<std::uint32_t> fed(const std::string& name, const Labels& labels) const {
    std::vector<std::uint32_t> series;
    for (const Match& match : Selector(machine).match(series_name(0, name, labels))) {
      series.push_back(match.series.value);
    }
    return series;
  }
  Machine machine;
  static constexpr std::uint32_t kNone = core::SeriesIndex::kNone;
};
using Fed = std::vector<std::uint32_t>;

TEST_F(SplitSelector, FeedsTheArmOfTheLabelAndTheTotal) {
  EXPECT_EQ(fed("req", {{"v", "new"}}), (Fed{0, 2}));
  EXPECT_EQ(fed("req", {{"v", "old"}}), (Fed{1, 2}));
}
TEST_F(SplitSelector, LeavesOutWhatIsOfNoArm) {
  EXPECT_EQ(fed("req", {{"v", "other"}}), Fed{});
  EXPECT_EQ(fed("req", {}), Fed{});
}
TEST_F(SplitSelector, DoesNotLookAtTheArmOfAnUnsplitMetric) {
  EXPECT_EQ(fed("total", {}), Fed{3});
  EXPECT_EQ(fed("total", {{"v", "new"}}), Fed{3});
}
TEST_F(SplitSelector, SaysTheNameOfAnArmThatNoWindowKeeps) {
  EXPECT_EQ(fed("err", {{"v", "old"}}), Fed{kNone});
}
TEST_F(SplitSelector, WithoutArmsEverythingIsATotal) {
  machine.arms.reset();
  EXPECT_EQ(fed("req", {{"v", "old"}}), Fed{2});
}
TEST_F(SplitSelector, CanBeMoved) {
  Selector first(machine);
  Selector second(std::move(first));
  first = Selector(machine);
  EXPECT_EQ(second.match(series_name(0, "req", {{"v", "new"}})).size(), 2U);
}

}  // namespace
}  // namespace rollbook::runtime::tests
