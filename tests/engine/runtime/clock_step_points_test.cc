// Points of clocks that were set back by an hour together with the engine's: their intervals go on
// in engine time where they stood, whatever they are intervals of.

#include <gtest/gtest.h>

#include "tests/engine/shard_rig.h"

namespace rollbook::runtime::tests {
namespace {

class SteppedDeltas : public testing::TestWithParam<PointKind> {
 protected:
  void start() {
    CommandInput input;
    input.command = rig.command(core::Verb::start, "r1");
    input.compiled = rig.compiled();
    if (is_histogram(GetParam())) {
      for (core::Metric& metric : input.compiled->plan->machine.metrics) {
        metric.kind = core::MetricKind::histogram;
      }
    }
    rig.shard->command(input, rig.now);
    rig.commit();
  }
  // Ten seconds of a service whose clock is `by` off.
  void send(core::Duration by) {
    rig.now += 10s;
    const Time to = rig.now + by, from = to - 10s;
    switch (GetParam()) {
      case PointKind::histogram_delta:
        rig.points.histogram(GetParam(), series, layout, to, {5, 1}, from);
        break;
      case PointKind::exponential_delta:
        rig.points.exponential(GetParam(), series, to, {4, 7, 0, 0, {5, 1}}, from);
        break;
      default:
        rig.points.delta(series, to, 6, from);
    }
    rig.feed(rig.points.take());
  }

  ShardRig rig;
  const SeriesNumber series = rig.points.series("requests", {{"v", "new"}});
  const LayoutNumber layout = rig.points.layout({5});
};

TEST_P(SteppedDeltas, AreCountedOnAfterAStepBack) {
  start();
  for (int i = 0; i < 3; ++i) send(0s);
  ASSERT_EQ(rig.shard->counters().counted, 3U);
  rig.shard->clock_step(-1h, rig.now);
  rig.commit();
  for (int i = 0; i < 20; ++i) send(-1h);
  EXPECT_EQ(rig.shard->counters().counted, 23U);
  EXPECT_EQ(rig.shard->counters().refused, 0U);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SteppedDeltas,
                         testing::Values(PointKind::counter_delta, PointKind::histogram_delta,
                                         PointKind::exponential_delta));

}  // namespace
}  // namespace rollbook::runtime::tests
