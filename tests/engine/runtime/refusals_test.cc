// Points that are turned away: told once for each series, and kept beside the log for who looks.

#include "engine/runtime/refusals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/shard_rig.h"

namespace rollbook::runtime::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A rollout whose canary sends, beside its counters, gauges under a counter's name.
class ShardRefusals : public testing::Test {
 protected:
  ShardRefusals() {
    rig.start("r1");
    rig.to_hold();
    sender = rig.points.series("requests", {{"pod", "b"}, {"v", "new"}});
  }
  std::vector<std::string> refuse() {
    rig.points.gauge(sender, rig.now, 5);
    rig.shard->points(rig.points.take(), rig.now);
    auto committed = rig.shard->commit(rig.now);
    EXPECT_TRUE(committed);
    return committed->refusals;
  }
  std::vector<RefusedSeries> kept() const {
    const auto value = *rig.log.value(refusals_name(rig.shard->find("r1")->state.stream));
    return value ? decode_refusals(*value) : std::vector<RefusedSeries>{};
  }

  ShardRig rig;
  SeriesNumber sender;
};

TEST_F(ShardRefusals, AreToldOnceForASeriesAndNotForEachPoint) {
  EXPECT_THAT(refuse(), ElementsAre("r1: points of `requests{pod=\"b\",v=\"new\"}` are refused: "
                                    "`requests` is a counter, the points of `requests` are "
                                    "gauges"));
  for (int i = 0; i < 100; ++i) {
    rig.now += 1s;
    EXPECT_THAT(refuse(), IsEmpty());
  }
  EXPECT_EQ(rig.shard->counters().refused, 101U);
}

TEST_F(ShardRefusals, AreKeptForOtherProcessesAtOnceAndThenCountedOn) {
  const Time begun = rig.now;
  refuse();
  ASSERT_EQ(kept().size(), 1U);
  EXPECT_EQ(kept()[0].since, begun);
  EXPECT_EQ(kept()[0].points, 1U);
  rig.now += 1s;
  refuse();
  EXPECT_EQ(kept()[0].points, 1U) << "not with every point";
  rig.now += 10s;
  refuse();
  EXPECT_EQ(kept()[0].points, 3U);
  EXPECT_EQ(kept()[0].last, rig.now);
  EXPECT_EQ(kept()[0].since, begun);
}

TEST_F(ShardRefusals, AfterASilenceAreNewsAgain) {
  refuse();
  rig.pass(rig.options.limits.stale_after);
  EXPECT_THAT(refuse(), ElementsAre(HasSubstr("are refused")));
  EXPECT_EQ(kept()[0].since, rig.now);
}

TEST_F(ShardRefusals, GoOnOverARestart) {
  const Time begun = rig.now;
  refuse();
  rig.recover();
  rig.now += 30s;
  sender = rig.points.series("requests", {{"pod", "b"}, {"v", "new"}});
  const auto told = refuse();
  EXPECT_THAT(told, IsEmpty());
  EXPECT_EQ(kept()[0].since, begun);
}

// ---- Two senders under one set of labels ------------------------------------------------------

class ShardSenders : public testing::Test {
 protected:
  ShardSenders() {
    rig.start("r1");
    rig.to_hold();
    requests = rig.points.series("requests", {{"v", "new"}});
  }
  // Each as its pod says it, in ten seconds that end now, or so much later.
  std::vector<std::string> export_of(std::int64_t value, core::Duration late = {}) {
    const Time end = rig.now + late;
    rig.points.delta(requests, end, value, end - 10s);
    rig.shard->points(rig.points.take(), rig.now + late);
    auto committed = rig.shard->commit(rig.now + late);
    EXPECT_TRUE(committed);
    for (const core::Event& event : committed->events) events.push_back(event);
    return committed->refusals;
  }

  ShardRig rig;
  SeriesNumber requests;
  std::vector<core::Event> events;
};

TEST_F(ShardSenders, AreToldOnceAndCountedAmongWhatIsRefused) {
  rig.now += 1min;
  EXPECT_THAT(export_of(1000), IsEmpty());
  EXPECT_THAT(export_of(1000), IsEmpty()) << "the same batch again";
  EXPECT_THAT(export_of(900, 400ms),
              ElementsAre("r1: points of `requests{v=\"new\"}` are refused: an interval overlaps "
                          "one that was counted, and is another: two senders under one set of "
                          "labels, of which one is left out; give each a label of its own, such "
                          "as `service.instance.id`"));
  rig.now += 10s;
  EXPECT_THAT(export_of(1000), IsEmpty());
  EXPECT_THAT(export_of(900, 400ms), IsEmpty());
  EXPECT_EQ(rig.shard->counters().counted, 2U);
  EXPECT_EQ(rig.shard->counters().refused, 2U);
}

TEST_F(ShardSenders, AreInTheLogAtOnce) {
  rig.now += 1min;
  export_of(1000);
  export_of(900, 400ms);
  const core::Observed* observed = nullptr;
  for (const core::Event& event : events) {
    if (const auto* body = std::get_if<core::Observed>(&event.body)) observed = body;
  }
  ASSERT_NE(observed, nullptr);
  EXPECT_EQ(observed->refused, 1);
  ASSERT_EQ(observed->clashes.size(), 1U);
  EXPECT_EQ(observed->clashes[0].at, rig.now + 400ms);
  const core::RolloutState& state = rig.shard->find("r1")->state;
  EXPECT_EQ(state.series[observed->clashes[0].series.value].clashed, rig.now + 400ms);
}

TEST_F(ShardSenders, AreNoneWhereEachHasALabelOfItsOwn) {
  rig.now += 1min;
  export_of(1000);
  requests = rig.points.series("requests", {{"pod", "b"}, {"v", "new"}});
  EXPECT_THAT(export_of(900, 400ms), IsEmpty());
  EXPECT_EQ(rig.shard->counters().refused, 0U);
}

TEST(Refusals, OfDamagedBytesNothingIsKnown) {
  const std::vector<RefusedSeries> refused{
      {core::SeriesIndex{3}, kBegin, kBegin + 5s, 7, "lat", "other bounds"}};
  const std::string bytes = encode(refused);
  EXPECT_EQ(decode_refusals(bytes), refused);
  EXPECT_THAT(decode_refusals(bytes.substr(0, bytes.size() - 1)), IsEmpty());
}

}  // namespace
}  // namespace rollbook::runtime::tests
