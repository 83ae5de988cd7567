#include "engine/runtime/exemplars.h"

#include <gtest/gtest.h>

#include "engine/core/limits.h"
#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

using core::Arm;
using core::MetricIndex;

constexpr MetricIndex kErrors{0}, kRequests{1}, kLatency{2};

// errors / requests < 1 %, p99(latency) ≤ 50 ms, latency in milliseconds on the wire.
core::Machine machine() {
  core::Machine made;
  made.metrics.resize(3);
  made.metrics[2].kind = core::MetricKind::histogram;
  made.metrics[2].unit = Fixed::from_nanos(1'000'000);
  for (std::uint32_t i = 0; i < 3; ++i) {
    made.series.push_back({MetricIndex{i}, Arm::canary});
    made.windows.emplace_back().series = core::SeriesIndex{i};
  }
  core::Criterion ratio;
  ratio.measure = core::Measure::ratio;
  ratio.window = core::WindowIndex{0};
  ratio.denominator = core::WindowIndex{1};
  ratio.limit = Fixed::from_nanos(10'000'000);
  made.criteria.push_back(ratio);
  for (const std::int64_t limit_ms : {80, 50}) {
    core::Criterion quantile;
    quantile.kind = core::CriterionKind::expect;
    quantile.measure = core::Measure::quantile;
    quantile.comparison = core::Comparison::less;
    quantile.window = core::WindowIndex{2};
    quantile.limit = Fixed::from_nanos(core::Int128{limit_ms} * 1'000'000);
    made.criteria.push_back(quantile);
  }
  return made;
}

class ExemplarsTest : public testing::Test {
 protected:
  ExemplarsTest() { exemplars_.begin(machine_); }
  void take(MetricIndex metric, std::int64_t value, core::Duration after = 0s,
            Arm arm = Arm::canary) {
    core::Exemplar exemplar;
    exemplar.value = Fixed::from_int(value);
    exemplar.at = kBegin + after;
    exemplar.trace = std::to_string(++traces_);
    Match match{metric, core::SeriesIndex{0}, arm};
    exemplars_.take(match, exemplar, pending_);
  }
  // Values in the metric's unit, in 10⁻⁹.
  std::vector<std::int64_t> kept() const {
    std::vector<std::int64_t> values;
    for (const core::Exemplar& one : pending_.observed.exemplars) {
      values.push_back(static_cast<std::int64_t>(one.value.nanos));
    }
    return values;
  }

  core::Machine machine_ = machine();
  Exemplars exemplars_;
  core::Pending pending_;
  int traces_ = 0;
};

TEST_F(ExemplarsTest, AreKeptFromTheLeastLimitOn) {
  take(kLatency, 49);
  take(kLatency, 50);
  EXPECT_EQ(kept(), (std::vector<std::int64_t>{50'000'000}));
}

TEST_F(ExemplarsTest, AreKeptOfWhatARatioCountsAndNotOfWhatItIsAShareOf) {
  take(kErrors, 1);
  take(kRequests, 1);
  ASSERT_EQ(pending_.observed.exemplars.size(), 1U);
  EXPECT_EQ(pending_.observed.exemplars[0].metric, kErrors);
}

TEST_F(ExemplarsTest, AreTheHighestOfThoseThatWait) {
  for (const std::int64_t ms : {60, 90, 70, 95, 65, 100, 50}) take(kLatency, ms);
  EXPECT_EQ(kept(), (std::vector<std::int64_t>{100'000'000, 90'000'000, 70'000'000, 95'000'000,
                                               65'000'000}));
}

TEST_F(ExemplarsTest, AreBoundedInAMinuteAlsoWhenTheyWereLogged) {
  for (int i = 0; i < 9; ++i) take(kLatency, 60 + i);
  pending_.observed.exemplars.clear();  // logged
  take(kLatency, 999, 59s);
  EXPECT_TRUE(kept().empty());
  take(kLatency, 60, 61s);
  EXPECT_EQ(kept().size(), 1U);
  // What comes late has the minute that is under way.
  for (int i = 0; i < 9; ++i) take(kLatency, 60, 10s);
  EXPECT_EQ(kept().size(), core::kExemplars);
}

TEST_F(ExemplarsTest, AreKeptOfAShareThatIsHeldAgainstTheOtherArm) {
  machine_.criteria.resize(1);
  machine_.criteria[0].other = core::WindowIndex{0};
  exemplars_.begin(machine_);
  take(kErrors, 1);
  take(kLatency, 99);
  ASSERT_EQ(pending_.observed.exemplars.size(), 1U);
  EXPECT_EQ(pending_.observed.exemplars[0].metric, kErrors);
}

// Orders that are to stay as they were are no failures.
TEST_F(ExemplarsTest, AreNotKeptOfWhatIsToStayAsItWas) {
  machine_.criteria.resize(1);
  machine_.criteria[0].test = core::Test::unchanged;
  exemplars_.begin(machine_);
  take(kErrors, 1);
  EXPECT_TRUE(kept().empty());
}

// ---- Of a batch -----------------------------------------------------------------------------

class ExemplarsOfABatchTest : public ExemplarsTest {
 protected:
  ExemplarsOfABatchTest() {
    machine_.metrics[kLatency.value].by = {"layer", "zone"};
    exemplars_.begin(machine_);
    batch_.topic = "metrics";
    batch_.partition = 3;
    for (std::uint32_t i = 0; i < 3; ++i) {
      MetricPoint& point = batch_.points.emplace_back();
      point.offset = 70 + i;
      point.end = kBegin + 10s;
    }
    series_.labels = {{"layer", "db"}, {"pod", "shop-7f3"}, {"version", "new"}};
  }
  void add(std::uint32_t point, std::int64_t value, core::Time at,
           std::vector<std::pair<std::string, std::string>> labels = {}) {
    batch_.exemplars.push_back({point, Fixed::from_int(value), at, {}, std::move(labels)});
  }
  void hand_out() {
    ExemplarsOfPoint of(batch_);
    for (const MetricPoint& point : batch_.points) {
      of.move_to(point);
      of.give({kLatency, core::SeriesIndex{0}, Arm::canary}, series_, exemplars_, pending_);
    }
  }

  PointBatch batch_;
  SeriesName series_;
};

TEST_F(ExemplarsOfABatchTest, SayWhereTheyCameFromAndWhatTheyWereOf) {
  add(0, 49, kBegin);
  add(1, 60, kBegin + 4s, {{"route", "/pay"}, {"layer", "web"}});
  hand_out();
  ASSERT_EQ(pending_.observed.exemplars.size(), 1U);
  const core::Exemplar& one = pending_.observed.exemplars[0];
  EXPECT_EQ(one.at, kBegin + 4s);
  EXPECT_EQ(one.trace, std::string(32, '0'));
  EXPECT_EQ(one.topic, "metrics");
  EXPECT_EQ(one.partition, 3);
  EXPECT_EQ(one.offset, 71);
  // What the metric is kept by, as far as the series has it; the series' word counts.
  const std::vector<std::pair<std::string, std::string>> labels{{"layer", "db"}, {"route", "/pay"}};
  EXPECT_EQ(one.labels, labels);
}

TEST_F(ExemplarsOfABatchTest, SayWhichTargetTheyWereOf) {
  core::Target& target = machine_.targets.emplace_back();
  target.label = "region";
  target.value = "eu-1";
  exemplars_.begin(machine_);
  series_.labels.emplace_back("region", "eu-1");
  add(0, 60, kBegin);
  hand_out();
  const std::vector<std::pair<std::string, std::string>> labels{{"region", "eu-1"},
                                                                {"layer", "db"}};
  EXPECT_EQ(pending_.observed.exemplars.at(0).labels, labels);
}

TEST_F(ExemplarsOfABatchTest, HaveLabelsUpToTheirBound) {
  series_.labels[0].second = std::string(core::kLabelSetBytes - 5, 'x');  // "layer" and it
  add(0, 60, kBegin, {{"route", "/pay"}});
  hand_out();
  ASSERT_EQ(pending_.observed.exemplars.size(), 1U);
  EXPECT_EQ(pending_.observed.exemplars[0].labels.size(), 1U);
}

// A sender whose clock is wrong in one request must not use up the minutes to come.
TEST_F(ExemplarsOfABatchTest, AreNoLaterThanTheirPoint) {
  for (std::uint32_t i = 0; i < 5; ++i) add(0, 60 + i, kBegin + 24h);
  hand_out();
  ASSERT_EQ(pending_.observed.exemplars.size(), core::kExemplars);
  for (const core::Exemplar& one : pending_.observed.exemplars) EXPECT_EQ(one.at, kBegin + 10s);
  pending_.observed.exemplars.clear();  // logged
  take(kLatency, 60, 70s);
  EXPECT_EQ(kept().size(), 1U);
}

TEST_F(ExemplarsTest, HaveABudgetOfTheirArm) {
  for (int i = 0; i < 9; ++i) {
    take(kLatency, 60);
    take(kLatency, 60, 0s, Arm::baseline);
  }
  EXPECT_EQ(kept().size(), 2 * core::kExemplars);
}

}  // namespace
}  // namespace rollbook::runtime::tests
