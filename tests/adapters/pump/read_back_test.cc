// Reading metrics back at a start: prerequisites over a day are judged at once, never half-read,
// and what the log holds is all that the engine knows.

#include <gmock/gmock.h>

#include "engine/core/limits.h"
#include "tests/adapters/pump/read_back_rig.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;

TEST(ReadBack, PassesAtOnceWhereTheTopicHoldsTheWindow) {
  ReadBackRig rig;
  rig.shadow(kStart - 30h, kStart);
  rig.open();
  rig.start(kShadow);
  EXPECT_TRUE(rig.waits());
  EXPECT_TRUE(rig.state().back.reading());
  rig.read_back();
  EXPECT_FALSE(rig.waits());
  EXPECT_FALSE(rig.state().back.reading());
  ASSERT_EQ(rig.pasts().size(), 1U);
  EXPECT_EQ(rig.pasts()[0].whole_from, kStart - 24h - core::kStaleAfter);
  rig.expect_replays();
}

TEST(ReadBack, ABreachInsideTheWindowFails) {
  ReadBackRig rig;
  rig.shadow(kStart - 30h, kStart - 20h);
  rig.shadow(kStart - 20h, kStart - 16h, 100, 50);
  rig.shadow(kStart - 16h, kStart);
  rig.open();
  rig.start(kShadow);
  rig.read_back();
  // The prerequisite failed, and with it the rollout: `otherwise end`.
  EXPECT_EQ(rig.shard->find("r1"), nullptr);
  const auto* finished = std::get_if<core::RolloutFinished>(&rig.events.back().body);
  ASSERT_NE(finished, nullptr);
  EXPECT_EQ(finished->outcome, core::Outcome::aborted);
  EXPECT_TRUE(rig.shard->readings().empty());
}

TEST(ReadBack, NothingPassesOnAHalfReadWindow) {
  ReadBackRig rig;
  rig.shadow(kStart - 30h, kStart);
  rig.open();
  rig.start(kShadow);
  ASSERT_TRUE(rig.begin_pass());
  for (int i = 0; i < 20; ++i) {
    ASSERT_FALSE(rig.step(100));
    rig.clock += 1s;
    rig.turn();
    EXPECT_TRUE(rig.waits());
    EXPECT_EQ(rig.counted_after(kStart - 30h), 0);
  }
  while (!rig.step(100)) {
  }
  EXPECT_FALSE(rig.waits());
}

// Retention has removed six of the hours: they are missed until as much has been watched.
TEST(ReadBack, SaysWhatIsMissingAndWaitsForIt) {
  ReadBackRig rig;
  rig.shadow(kStart - 30h, kStart);
  rig.bus.remove_before({"metrics", 0, 12 * 60 * 2});
  rig.open();
  rig.start(kShadow);
  rig.read_back();
  EXPECT_TRUE(rig.waits());
  EXPECT_EQ(rig.reading().verdict, core::Verdict::undecided);
  EXPECT_GE(rig.reading().seen, 18h - 2min);
  EXPECT_LE(rig.reading().seen, 18h);
  rig.clock += 1s;
  const auto live_for = [&](core::Duration time) {
    for (const Time until = rig.clock + time; rig.clock < until;) {
      rig.shadow(rig.clock - 1s, rig.clock + 59s);
      rig.clock += 1min;
      rig.turn();
    }
  };
  live_for(5h + 50min);
  EXPECT_TRUE(rig.waits());
  live_for(15min);
  EXPECT_FALSE(rig.waits());
  rig.expect_replays();
}

// A partition of which nothing is left may have lost anything.
TEST(ReadBack, APartitionThatWasEmptiedIsNotKnown) {
  ReadBackRig rig(2);
  rig.shadow(kStart - 30h, kStart);
  rig.put(kStart - 3h, text_of({"other", 1, kStart - 3h}), 1);
  rig.bus.remove_before({"metrics", 1, 1});
  rig.open();
  rig.start(kShadow);
  rig.read_back();
  EXPECT_TRUE(rig.waits());
  EXPECT_EQ(rig.pasts()[0].whole_from, kStart);
}

TEST(ReadBack, APartitionThatNeverHadARecordHidesNothing) {
  ReadBackRig rig(3);
  rig.shadow(kStart - 30h, kStart);
  rig.put(kStart - 3h, text_of({"other", 1, kStart - 3h}), 1);
  rig.open();
  rig.start(kShadow);
  rig.read_back();
  EXPECT_FALSE(rig.waits());
}

// The topic is old, the shadow is not: a day of it was asked for.
TEST(ReadBack, TwoHoursOfShadowAreNoDay) {
  ReadBackRig rig;
  for (Time time = kStart - 30h; time < kStart; time += 1min) {
    rig.put({"other_total", 1, time});
  }
  rig.shadow(kStart - 2h, kStart);
  rig.open();
  rig.start(kShadow);
  rig.read_back();
  EXPECT_TRUE(rig.waits());
  EXPECT_EQ(rig.reading().verdict, core::Verdict::undecided);
  EXPECT_EQ(rig.reading().seen, 2h);
}

TEST(ReadBack, ATopicWithNothingInItLeavesNoData) {
  ReadBackRig rig;
  rig.open();
  rig.start(kShadow);
  rig.read_back();
  EXPECT_TRUE(rig.waits());
  EXPECT_EQ(rig.reading().missing, core::Missing::no_series);
  // And what comes from now on is not a day old.
  rig.shadow(kStart, kStart + 5min);
  rig.clock = kStart + 5min + 2s;
  rig.turn();
  EXPECT_EQ(rig.reading().verdict, core::Verdict::undecided);
  EXPECT_LE(rig.reading().seen, 5min);
}

// What fell silent ten minutes before the start has not been seen whole up to it, and is no news.
TEST(ReadBack, AMetricThatStoppedBeforeTheStartDoesNotPass) {
  ReadBackRig rig;
  rig.shadow(kStart - 30h, kStart - 10min);
  rig.open();
  rig.start(kShadow);
  rig.read_back();
  EXPECT_TRUE(rig.waits());
  EXPECT_EQ(rig.reading().verdict, core::Verdict::no_data);
  EXPECT_EQ(rig.reading().missing, core::Missing::stale);
}

TEST(ReadBack, PointsOfBrokenClocksAreLeftOut) {
  ReadBackRig rig;
  rig.shadow(kStart - 30h, kStart);
  rig.put(kStart - 5min, text_of({"shadow_total", 1'000'000, kStart + 1h}));
  rig.put(kStart - 5min, text_of({"shadow_total", 1'000'000, kStart - 400h}));
  rig.open();
  rig.start(kShadow);
  rig.read_back();
  EXPECT_FALSE(rig.waits());
  EXPECT_EQ(rig.state().quarantined, 1);
  EXPECT_EQ(rig.counted_after(kStart - 12h), 12 * 60 * 100);
}

TEST(ReadBack, ReachesNoFurtherThanItMay) {
  ReadBackRig rig;
  rig.most = 6h;
  rig.shadow(kStart - 30h, kStart);
  rig.open();
  rig.start(kShadow);
  rig.read_back();
  EXPECT_TRUE(rig.waits());
  EXPECT_GE(rig.reading().seen, 6h);
  EXPECT_LE(rig.reading().seen, 6h + core::kStaleAfter);
}

TEST(ReadBack, IsLeftOutWhereItIsTurnedOffAndWhereNothingLooksBack) {
  ReadBackRig off;
  off.most = 0s;
  off.shadow(kStart - 30h, kStart);
  off.open();
  off.start(kShadow);
  EXPECT_TRUE(off.shard->readings().empty());
  EXPECT_EQ(off.state().back, core::BackState{});

  std::string text = kShadow;
  text.erase(text.find("  require {"), text.find("  guard {") - text.find("  require {"));
  ReadBackRig without;
  without.open();
  without.start(text);
  EXPECT_TRUE(without.shard->readings().empty());
}

// The guard's windows and those of stages begin where they always have.
TEST(ReadBack, FeedsNoWindowThatBeginsWithTheRollout) {
  std::string text = kShadow;
  text.replace(text.find("  guard {"), 9, "  guard always {");
  ReadBackRig rig;
  for (Time end = kStart - 30h; end < kStart; end += 1min) {
    const auto labelled = [&](const char* metric, std::int64_t value) {
      std::string point = text_of({metric, value, end});
      point.replace(point.find("\"pod\":\"a\""), 9, "\"version\":\"new\"");
      rig.put(end + 1s, point);
    };
    labelled("shop_requests_total", 100);
    labelled("shop_errors_total", 50);  // half of them: but that was before
  }
  rig.shadow(kStart - 30h, kStart);
  rig.open();
  rig.start(text);
  rig.read_back();
  EXPECT_FALSE(rig.waits());
  EXPECT_FALSE(rig.state().finished());
  EXPECT_NE(rig.machine().at(rig.state().active).phase, core::Phase::rollback);
  for (std::size_t i = 0; i < rig.machine().windows.size(); ++i) {
    if (rig.machine().windows[i].floor == core::Floor::before) continue;
    EXPECT_TRUE(rig.state().windows[i].cells.empty()) << i;
  }
}

TEST(ReadBack, GivesTheSameLogHoweverItIsStepped) {
  std::optional<core::Past> first;
  for (const std::size_t most : {1U, 7U, 100U, 100'000U}) {
    ReadBackRig rig(3);
    for (Time end = kStart - 26h; end <= kStart; end += 1min) {
      const auto partition = static_cast<std::int32_t>(end.time_since_epoch() / 1min % 3);
      rig.put({"shadow_total", 100, end, "counter_delta", end - 1min}, partition);
      rig.put({"shadow_match_total", 100, end, "counter_delta", end - 1min}, (partition + 1) % 3);
    }
    rig.open();
    rig.start(kShadow);
    rig.read_back(most);
    EXPECT_FALSE(rig.waits());
    ASSERT_EQ(rig.pasts().size(), 1U);
    if (!first) first = rig.pasts()[0];
    EXPECT_TRUE(rig.pasts()[0] == *first) << most;
  }
}

TEST(ReadBack, AllThatWaitShareOnePass) {
  ReadBackRig rig;
  rig.shadow(kStart - 30h, kStart);
  rig.open();
  std::string other = kShadow;
  other.replace(other.find("\"shop\""), 6, "\"mail\"");
  rig.start(kShadow, "r1");
  rig.shadow(kStart, kStart + 5min);
  rig.clock = kStart + 5min + 2s;
  rig.turn();
  rig.start(other, "r2");
  rig.read_back();
  EXPECT_FALSE(rig.waits("r1"));
  EXPECT_FALSE(rig.waits("r2"));
  EXPECT_EQ(rig.counted_after(kStart - 12h, "r1"), (12 * 60 + 5) * 100);
  EXPECT_EQ(rig.counted_after(kStart - 12h, "r2"), (12 * 60 + 5) * 100);
}

TEST(ReadBack, ForgetsWhoDoesNotWaitAnyMore) {
  ReadBackRig rig;
  rig.shadow(kStart - 30h, kStart);
  rig.open();
  rig.start(kShadow);
  ASSERT_TRUE(rig.begin_pass());
  ASSERT_FALSE(rig.step(100));
  runtime::CommandInput abort;
  abort.command.key = {"test", "abort"};
  abort.command.verb = core::Verb::abort;
  abort.command.rollout = "r1";
  rig.shard->command(abort, rig.clock);
  rig.commit();
  EXPECT_EQ(rig.shard->find("r1"), nullptr);
  EXPECT_TRUE(rig.shard->readings().empty());
  while (!rig.step(100'000)) {  // what it finds is for nobody
  }
  EXPECT_TRUE(rig.pasts().empty());
}

TEST(ReadBack, TellsHowFarItIs) {
  ReadBackRig rig;
  rig.shadow(kStart - 10h, kStart);
  rig.open();
  rig.start(kShadow);
  ASSERT_TRUE(rig.begin_pass());
  ASSERT_FALSE(rig.step(300));
  const runtime::ReadSoFar so_far = rig.pass->so_far();
  EXPECT_EQ(so_far.done, 300);
  EXPECT_EQ(so_far.total, 1200);
  EXPECT_EQ(so_far.points, 300);
  const core::StreamId stream = rig.state().stream;
  rig.shard->read_so_far(stream, so_far);
  rig.commit();
  const auto told = *rig.log.value(runtime::read_so_far_name(stream));
  ASSERT_TRUE(told);
  EXPECT_EQ(runtime::decode_read_so_far(*told), so_far);
  EXPECT_EQ(rig.shard->read_back_points(), 300);
  while (!rig.step(300)) {
  }
  EXPECT_FALSE(*rig.log.value(runtime::read_so_far_name(stream)));
}

TEST(ReadBack, SaysThatATopicIsMissing) {
  ReadBackRig rig;
  rig.open();
  rig.start(kShadow);
  rig.bus.delete_topic("metrics");
  EXPECT_THAT(rig.begin_pass().error().message, HasSubstr("topic `metrics`"));
}

}  // namespace
}  // namespace rollbook::tests
