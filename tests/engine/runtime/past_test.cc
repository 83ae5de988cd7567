// What is read back comes to one layout with what is there live, and its bases to the live table.

#include "engine/runtime/past.h"

#include <gmock/gmock.h>

#include "engine/core/limits.h"
#include "engine/core/windows.h"
#include "engine/runtime/fold.h"
#include "tests/engine/points.h"

namespace rollbook::runtime::tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr core::MetricIndex kLatency{0};

Plan plan_of(core::MetricKind kind) {
  Plan plan;
  core::Machine& machine = plan.machine;
  machine.states.emplace_back();
  core::Metric metric;
  metric.name = "latency";
  metric.selector = "latency";
  metric.kind = kind;
  metric.unsplit = true;
  machine.metrics = {metric};
  machine.series = {{kLatency, core::Arm::total}};
  core::Window window;
  window.series = core::SeriesIndex{0};
  window.width = 1h;
  window.pane = 12s;
  window.floor = core::Floor::before;
  machine.windows = {window};
  return plan;
}

// A past of the hour before kBegin, and the live state beside it.
struct Both {
  explicit Both(core::MetricKind kind = core::MetricKind::histogram)
      : plan(std::make_shared<Plan>(plan_of(kind))),
        past({core::StreamId{1},
              plan,
              std::make_shared<Selector>(plan->machine),
              core::kLimits,
              kBegin,
              {core::counts_from(kBegin, 1h, core::kLimits), {}}}) {
    core::RolloutStarted started;
    started.limits = core::kLimits;
    started.back = past.request().back;
    core::evolve(plan->machine, live, {core::StreamId{1}, {}, kBegin, {}, started});
  }
  // All points of `from` are read.
  void read(Points& from) {
    const PointBatch batch = from.take();
    past.learn(batch.new_layouts);
    for (const SeriesName& name : batch.new_series) past.learn(name);
    for (const MetricPoint& point : batch.points) {
      past.take(batch, point, {kMatch});
    }
  }
  // And live.
  void see(Points& from) {
    const PointBatch batch = from.take();
    table.learn(batch);
    for (const MetricPoint& point : batch.points) {
      const auto increment = table.take(batch, point);
      if (!increment) continue;
      const auto* bounds =
          increment->buckets == nullptr ? nullptr : &table.bounds(increment->layout);
      fold({plan->machine, live, kMatch, *increment, bounds, point.end}, pending);
    }
  }
  // As the engine does, in one Observed.
  void join() {
    pending.observed.past = past.finish(live, pending);
    found = *pending.observed.past;
    core::evolve(plan->machine, live,
                 {core::StreamId{1}, {}, kBegin + 1min, {}, std::move(pending.observed)});
    pending = {};
  }
  std::vector<std::int64_t> buckets() const {
    std::vector<std::int64_t> all =
        core::sum_at(plan->machine, live, {}, core::WindowIndex{0}, kBegin + 1min).buckets;
    all.resize(live.metrics[0].bounds.size() + 1);
    return all;
  }

  static constexpr Match kMatch{kLatency, core::SeriesIndex{0}};
  std::shared_ptr<Plan> plan;
  Past past;
  core::RolloutState live;
  core::Pending pending;
  SeriesTable table;
  core::Past found;
};

void histogram(Points& points, const std::vector<std::int64_t>& bounds_ms, Time end,
               const std::vector<std::int64_t>& buckets) {
  const SeriesNumber series = points.series("latency");
  points.histogram(PointKind::histogram_delta, series, points.layout(bounds_ms), end, buckets,
                   end - 10s);
}

TEST(Past, TheFinerLayoutIsBroughtToTheCoarserOne) {
  for (const bool live_is_coarser : {true, false}) {
    Both both;
    Points before, now;
    const std::vector<std::int64_t> fine{10, 20, 50, 100}, coarse{20, 100};
    histogram(before, live_is_coarser ? fine : coarse, kBegin - 5min,
              live_is_coarser ? std::vector<std::int64_t>{1, 2, 4, 8, 16}
                              : std::vector<std::int64_t>{3, 12, 16});
    histogram(now, live_is_coarser ? coarse : fine, kBegin + 20s,
              live_is_coarser ? std::vector<std::int64_t>{100, 200, 300}
                              : std::vector<std::int64_t>{50, 50, 150, 50, 300});
    both.read(before);
    both.see(now);
    both.join();
    EXPECT_EQ(both.live.metrics[0].bounds.size(), 2U);
    EXPECT_THAT(both.buckets(), ElementsAre(103, 212, 316)) << live_is_coarser;
  }
}

TEST(Past, TakesItsOwnLayoutWhereNothingIsThereLive) {
  Both both;
  Points before;
  histogram(before, {10, 20}, kBegin - 5min, {1, 2, 4});
  both.read(before);
  both.join();
  EXPECT_THAT(both.buckets(), ElementsAre(1, 2, 4));
}

// Without a layout in common nothing of it is known, and no window claims to be whole.
TEST(Past, LeavesOutAMetricWhoseLayoutsHaveNothingInCommon) {
  Both both;
  Points before, now;
  histogram(before, {10, 20}, kBegin - 5min, {1, 2, 4});
  histogram(now, {15, 30}, kBegin + 20s, {10, 20, 30});
  both.read(before);
  both.see(now);
  both.join();
  EXPECT_THAT(both.found.windows, IsEmpty());
  EXPECT_THAT(both.buckets(), ElementsAre(10, 20, 30));
  EXPECT_EQ(both.live.series[0].began, kBegin + 20s);
}

TEST(Past, ExponentialHistogramsMeetOnOneGrid) {
  Both both;
  Points before, now;
  const auto at = [](std::int32_t scale, std::int32_t offset, std::vector<std::int64_t> counts) {
    core::Exponential histogram;
    histogram.scale = scale;
    histogram.offset = offset;
    histogram.counts = std::move(counts);
    return histogram;
  };
  before.exponential(PointKind::exponential_delta, before.series("latency"), kBegin - 5min,
                     at(4, 16, {1, 2, 3}), kBegin - 6min);
  now.exponential(PointKind::exponential_delta, now.series("latency"), kBegin + 20s,
                  at(2, -40, {10, 20}), kBegin);
  both.read(before);
  both.see(now);
  both.join();
  ASSERT_TRUE(both.live.metrics[0].grid);
  EXPECT_EQ(both.live.metrics[0].grid->scale, 2);
  std::int64_t total = 0;
  for (const std::int64_t bucket : both.buckets()) total += bucket;
  EXPECT_EQ(total, 36);
}

TEST(Past, CountsWhatWasHeldFromItsOwnBases) {
  Both both(core::MetricKind::counter);
  Points before;
  const SeriesNumber series = before.series("latency");
  before.counter(series, kBegin - 2min, 1000);
  before.counter(series, kBegin - 1min, 1010);
  both.read(before);
  HeldPoint held;
  held.name = series_name(7, "latency");
  held.point.kind = PointKind::counter;
  held.point.series = SeriesNumber{7};
  held.point.end = kBegin + 5s;
  held.point.value = core::Fixed::from_int(1015);
  held.matches = {Both::kMatch};
  both.past.take(held, kBegin + 6s);
  both.past.take(held, kBegin + 6s);  // sent twice
  both.join();
  EXPECT_EQ(both.live.windows[0].total.value, core::Fixed::from_int(15));
  EXPECT_EQ(both.live.series[0].began, kBegin - 2min);
}

TEST(Past, ItsBasesGoOverToTheLiveTable) {
  Both both(core::MetricKind::counter);
  Points before;
  before.counter(before.series("latency", {{"pod", "a"}}), kBegin - 1min, 1000);
  before.delta(before.series("latency", {{"pod", "b"}}), kBegin - 1min, 5, kBegin - 2min);
  before.counter(before.series("latency", {{"pod", "c"}}), kBegin - 1min, 2000);
  both.read(before);

  Points now;
  const SeriesNumber b = now.series("latency", {{"pod", "b"}});
  now.delta(b, kBegin, 7, kBegin - 1min);
  PointBatch batch = now.take();
  both.table.learn(batch);
  ASSERT_TRUE(both.table.take(batch, batch.points[0]));
  EXPECT_TRUE(both.table.knows(b));
  ASSERT_TRUE(both.table.adopt(both.past.bases(), {b}));

  // `a` is met for the first time, `b` sends again what was read back.
  const SeriesNumber a = now.series("latency", {{"pod", "a"}});
  now.counter(a, kBegin + 10s, 1010);
  now.delta(b, kBegin - 1min, 5, kBegin - 2min);
  now.delta(b, kBegin + 1min, 9, kBegin);
  batch = now.take();
  both.table.learn(batch);
  const auto risen = both.table.take(batch, batch.points[0]);
  ASSERT_TRUE(risen);
  EXPECT_EQ(risen->value, core::Fixed::from_int(10));
  EXPECT_EQ(risen->start, kBegin - 1min);
  EXPECT_FALSE(both.table.take(batch, batch.points[1]));
  EXPECT_TRUE(both.table.take(batch, batch.points[2]));
  EXPECT_FALSE(both.table.adopt("damaged", {}));
}

// What is read back of one target waits for no shift of it, and needs its books.
TEST(Past, WhatEndsLongBeforeTheStartSaysNothingOfNow) {
  const core::Duration stale = core::kLimits.stale_after;
  for (const core::Duration age : {stale - 1ns, stale}) {
    Both both(core::MetricKind::counter);
    Points before, now;
    const SeriesNumber series = before.series("latency");
    before.delta(series, kBegin - age, 5, kBegin - age - 10s);
    both.read(before);
    both.join();
    EXPECT_EQ(both.live.series[0].behind, age == stale);
    now.delta(now.series("latency"), kBegin + 1min, 5, kBegin + 50s);
    both.see(now);
    ASSERT_EQ(both.pending.observed.seen.size(), 1U);
    EXPECT_FALSE(both.pending.observed.seen[0].behind);
  }
}

TEST(Past, CountsWhatIsOneTargetsOwn) {
  Plan plan = plan_of(core::MetricKind::counter);
  core::Target eu;
  eu.name = "eu";
  eu.label = "region";
  eu.value = "eu";
  plan.machine.targets = {eu};
  plan.machine.series[0].target = core::TargetIndex{0};
  const auto shared = std::make_shared<Plan>(plan);
  Past past({core::StreamId{1},
             shared,
             std::make_shared<Selector>(shared->machine),
             core::kLimits,
             kBegin,
             {core::counts_from(kBegin, 1h, core::kLimits), {}}});
  Points points;
  const SeriesNumber series = points.series("latency", {{"region", "eu"}});
  points.delta(series, kBegin - 5min, 7, kBegin - 6min);
  const PointBatch batch = points.take();
  for (const SeriesName& name : batch.new_series) past.learn(name);
  for (const MetricPoint& point : batch.points) {
    past.take(batch, point, {{kLatency, core::SeriesIndex{0}}});
  }
  core::RolloutState live;
  core::RolloutStarted started;
  started.limits = core::kLimits;
  started.back = past.request().back;
  started.targets = {{"eu", core::Weight{}}};
  core::evolve(shared->machine, live, {core::StreamId{1}, {}, kBegin, {}, started});
  core::Pending pending;
  const core::Past found = past.finish(live, pending);
  ASSERT_EQ(found.windows.size(), 1U);
  ASSERT_EQ(found.windows[0].cells.size(), 1U);
  EXPECT_EQ(found.windows[0].cells[0].value, core::Fixed::from_int(7));
}

}  // namespace
}  // namespace rollbook::runtime::tests
