// Metrics by their labels: what is kept for people, and kinds of errors that only the canary has.

#include "engine/core/breakdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <map>

#include "engine/core/limits.h"
#include "store/event_codec.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Arm;
using core::EffectKind;
using core::Verdict;
using testing::HasSubstr;

constexpr const char* kBack = "rollback.automatic.shift";

const std::string kKinds = text_by_labels("stop new(errors by type) at least 5 over 5m");
const std::string kShare =
    text_by_labels("stop error_rate > 50% over 5m\nstop p99(latency) > 1s over 5m");

Labels canary(const std::string& type, const std::string& endpoint = "/pay") {
  return {{"v", "new"}, {"type", type}, {"endpoint", endpoint}};
}
Labels baseline(const std::string& type, const std::string& endpoint = "/pay") {
  return {{"v", "old"}, {"type", type}, {"endpoint", endpoint}};
}

// Both arms have timeouts, the baseline more.
void usual(Rehearsal& r) {
  r.counter("req", {{"v", "new"}, {"endpoint", "/pay"}}, 100);
  r.counter("req", {{"v", "old"}, {"endpoint", "/pay"}}, 400);
  r.counter("err", canary("timeout"), 1);
  r.counter("err", baseline("timeout"), 4);
  r.histogram("dur", {{"v", "new"}, {"layer", "db"}}, {5, 10}, {50, 50, 0});
}

// ---- `stop new(…)` ------------------------------------------------------------------------------

TEST(NewKinds, StopForWhatTheBaselineHasNotShownAndNameIt) {
  Rehearsal r(kKinds);
  usual(r);
  r.start();
  r.run_for(20min);
  ASSERT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.reading("guard.stop[1]").verdict, Verdict::pass);
  r.add("err", canary("oom"), 7);
  r.run_for(15s);
  ASSERT_EQ(r.state(), kBack);
  EXPECT_THAT(r.because(kBack),
              HasSubstr("new(errors by type) at least 5 over 5m: 7 of a kind that the baseline has "
                        "not shown: type=\"oom\" 7"));
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.weights(), "20% 0%");
}

// A healthy service has no series of errors: its baseline is heard by its requests.
TEST(NewKinds, WaitForABaselineThatHasNeverHadAnError) {
  for (const bool shared : {true, false}) {
    Rehearsal r(kKinds);
    for (const char* series : {"req", "err"})
      r.lag(series, {{"v", "old"}, {"endpoint", "/pay"}}, 7s);
    r.lag("err", baseline("oom"), 7s);
    r.counter("req", {{"v", "new"}, {"endpoint", "/pay"}}, 100);
    r.counter("req", {{"v", "old"}, {"endpoint", "/pay"}}, 400);
    r.start();
    r.run_for(20min);
    if (shared) r.add("err", baseline("oom"), 7);
    r.add("err", canary("oom"), 7);
    r.run_to_end();
    EXPECT_EQ(r.state(), shared ? "succeeded" : "rolled_back");
  }
}

TEST(NewKinds, PassWhatTheBaselineHasShownOnce) {
  Rehearsal r(kKinds);
  usual(r);
  r.start();
  r.run_for(20min);
  r.add("err", baseline("oom", "/search"), 1);
  r.run_for(1min);
  r.counter("err", canary("oom"), 1);
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(NewKinds, CountWithinTheirWindowOnly) {
  Rehearsal r(kKinds);
  usual(r);
  r.start();
  r.run_for(20min);
  r.add("err", canary("oom"), 4);
  r.run_for(1min);
  EXPECT_EQ(r.reading("guard.stop[1]").value, core::Fixed::from_int(4));
  r.run_for(5min);
  EXPECT_EQ(r.reading("guard.stop[1]").value, core::Fixed{});
  r.add("err", canary("oom"), 4);
  r.run_for(1min);
  ASSERT_EQ(r.state(), "canary.hold.wait");
  r.add("err", canary("oom"), 1);
  r.run_for(15s);
  EXPECT_EQ(r.state(), kBack);
}

// The metric has more labels than `new` tells apart.
TEST(NewKinds, AddUpOverLabelsThatDoNotMatter) {
  Rehearsal r(kKinds);
  usual(r);
  r.start();
  r.run_for(20min);
  r.add("err", canary("oom", "/pay"), 3);
  r.add("err", canary("oom", "/search"), 2);
  r.run_for(15s);
  EXPECT_EQ(r.state(), kBack);
}

TEST(NewKinds, TellTheMostFrequentFirst) {
  Rehearsal r(kKinds);
  usual(r);
  r.start();
  r.run_for(20min);
  for (int i = 0; i < 7; ++i) r.add("err", canary("kind-" + std::to_string(i)), 5 + i);
  r.run_for(15s);
  ASSERT_EQ(r.state(), kBack);
  for (const core::Event& event : r.events()) {
    const auto* changed = std::get_if<core::VerdictChanged>(&event.body);
    if (changed == nullptr || changed->reading.verdict != Verdict::fail) continue;
    EXPECT_THAT(
        changed->reading.kinds,
        testing::ElementsAre("type=\"kind-6\" 11", "type=\"kind-5\" 10", "type=\"kind-4\" 9",
                             "type=\"kind-3\" 8", "type=\"kind-2\" 7"));
  }
}

// What is beyond the two hundredth may be anything, so it is nothing new.
TEST(NewKinds, NeverTakeOtherForNew) {
  Rehearsal r(kKinds);
  usual(r);
  r.start();
  r.run_for(10min);
  for (int i = 0; i < 300; ++i) r.add("err", baseline("kind-" + std::to_string(i)), 1);
  r.run_for(1min);
  r.counter("err", canary("oom"), 10);
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  const auto index = core::breakdown_of(r.machine(), core::CriterionIndex{0});
  EXPECT_EQ(r.rollout().breakdowns[index.value].sets.size(), core::kOtherSet);
}

TEST(NewKinds, ForgetWhatTheBaselineShowedBeforeTheFirstShift) {
  Rehearsal r(
      text_by_labels("stop new(errors by type) at least 5 over 5m",
                     "require {\n confirm \"Ready\" by dev\n within 2h otherwise end\n}\n"));
  usual(r);
  r.counter("err", baseline("oom"), 1);
  r.start();
  r.run_for(30min);
  r.counter("err", baseline("oom"), 0);
  r.run_for(1min);
  EXPECT_EQ(r.confirm("Ready", "dev", "ann"), "");
  r.run_for(10min);
  r.add("err", canary("oom"), 5);
  r.run_for(15s);
  EXPECT_EQ(r.state(), kBack);
}

TEST(NewKinds, AreCountedOnAfterACrash) {
  Rehearsal r(kKinds);
  usual(r);
  r.start();
  r.run_for(20min);
  r.add("err", canary("oom"), 3);
  r.run_for(1min);
  r.crash();
  r.run_for(30s);
  ASSERT_EQ(r.state(), "canary.hold.wait");
  r.add("err", canary("oom"), 2);
  r.run_for(30s);
  EXPECT_EQ(r.state(), "rolled_back");
}

// The canary's errors come a moment before the baseline's of the same kind.
TEST(NewKinds, WaitForTheBaselineAsARatioDoesForItsParts) {
  Rehearsal r(kKinds);
  usual(r);
  r.start();
  r.run_for(20min);
  r.lag("err", baseline("oom"), 5s);
  r.lag("err", baseline("timeout"), 5s);
  r.add("err", canary("oom"), 50);
  r.add("err", baseline("oom"), 1);
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

// Its gauge comes each second from another exporter than its errors.
TEST(NewKinds, AreNotHeldAgainstABaselineThatOnlyItsGaugesSpeakFor) {
  Rehearsal r(
      text_by_labels("stop new(errors by type) at least 5 over 5m\n"
                     "stop canary.depth > baseline.depth * 300% over 5m",
                     "metric depth = gauge max queue_depth\n"));
  r.scrape_every = 5s;
  r.counter("req", {{"v", "new"}, {"endpoint", "/pay"}}, 100);
  for (const char* arm : {"new", "old"}) r.gauge("queue_depth", {{"v", arm}}, 3);
  r.start();
  r.run_for(20min);
  ASSERT_EQ(r.state(), "canary.hold.wait");
  r.point("err", canary("db_gone"), 75, 0s);
  r.run_for(40s);
  r.point("err", baseline("db_gone"), 275, 0s);
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

// ---- What is kept -------------------------------------------------------------------------------

using Sums = std::map<std::pair<std::string, Arm>, core::Fixed>;

// Everything that the log has of a metric by its labels, added up.
Sums logged(const Rehearsal& r, const std::string& metric) {
  std::uint32_t place = 0;
  while (r.machine().metrics[place].name != metric) ++place;
  const auto index = core::breakdown_of(r.machine(), core::MetricIndex{place});
  const core::Breakdown breakdown{core::MetricIndex{place}, r.machine().metrics[place].by, {}};
  std::vector<std::vector<std::string>> sets;
  Sums sums;
  for (const core::Event& event : r.events()) {
    const auto* observed = std::get_if<core::Observed>(&event.body);
    if (observed == nullptr) continue;
    for (const core::LabelSet& set : observed->sets) {
      if (set.breakdown == index) sets.push_back(set.values);
    }
    for (const core::Share& share : observed->shares) {
      if (share.breakdown != index) continue;
      const std::vector<std::string> none;
      const auto& values = share.set < sets.size() ? sets[share.set] : none;
      const bool histogram = !share.cell.buckets.empty();
      sums[{core::set_text(breakdown, values), share.arm}] +=
          histogram ? core::Fixed::from_int(share.cell.samples) : share.cell.value;
    }
  }
  return sums;
}

std::size_t times_logged(const Rehearsal& r) {
  std::size_t times = 0;
  for (const core::Event& event : r.events()) {
    const auto* observed = std::get_if<core::Observed>(&event.body);
    if (observed != nullptr) times += observed->shares_whole ? 1 : 0;
  }
  return times;
}

constexpr const char* kTimeouts = "type=\"timeout\", endpoint=\"/pay\"";

TEST(Breakdown, IsLoggedOnceAMinuteForBothArms) {
  Rehearsal r(kShare);
  usual(r);
  r.start();
  r.run_for(30min);
  EXPECT_GE(times_logged(r), 25U);
  EXPECT_LE(times_logged(r), 31U);
  const Sums errors = logged(r, "errors");
  // The baseline's are looked at by no criterion, and kept all the same.
  EXPECT_EQ(errors.size(), 2U);
  EXPECT_GE(errors.at({kTimeouts, Arm::canary}).nanos, 25 * 60 * core::Fixed::kScale);
  EXPECT_EQ(errors.at({kTimeouts, Arm::baseline}).nanos,
            4 * errors.at({kTimeouts, Arm::canary}).nanos);
  EXPECT_GT(logged(r, "latency").at({"layer=\"db\"", Arm::canary}).nanos, 0);
}

TEST(Breakdown, LosesAndDoublesNothingInACrash) {
  Rehearsal r(kShare), undisturbed(kShare);
  for (Rehearsal* each : {&r, &undisturbed}) {
    usual(*each);
    each->start();
    each->run_for(10min + 20s);
  }
  r.crash();
  for (Rehearsal* each : {&r, &undisturbed}) each->run_to_end();
  EXPECT_EQ(logged(r, "errors"), logged(undisturbed, "errors"));
  EXPECT_EQ(logged(r, "requests"), logged(undisturbed, "requests"));
}

// The second time it ends before all was read again, and what was read had been logged.
TEST(Breakdown, LosesAndDoublesNothingInACrashWhileItReadsAgain) {
  Rehearsal r(kShare), undisturbed(kShare);
  for (Rehearsal* each : {&r, &undisturbed}) {
    usual(*each);
    each->start();
    each->run_for(10min + 50s);
  }
  r.crash(2);
  for (Rehearsal* each : {&r, &undisturbed}) EXPECT_EQ(each->verb(core::Verb::abort), "");
  const core::SourceOffset by_labels = r.rollout().shares_offsets.at(0);
  EXPECT_LT(by_labels.next, r.rollout().offsets.at(0).next);
  ASSERT_LT(logged(r, "errors"), logged(undisturbed, "errors"));
  r.crash();
  for (Rehearsal* each : {&r, &undisturbed}) each->run_to_end();
  EXPECT_EQ(logged(r, "errors"), logged(undisturbed, "errors"));
  EXPECT_EQ(logged(r, "requests"), logged(undisturbed, "requests"));
}

TEST(Breakdown, IsWholeBeforeARollbackBegins) {
  Rehearsal r(kShare);
  usual(r);
  r.start();
  r.run_for(20min);
  r.add("err", canary("oom"), 100'000);
  r.run_for(15s);
  ASSERT_EQ(r.state(), kBack);
  EXPECT_EQ(logged(r, "errors").at({"type=\"oom\", endpoint=\"/pay\"", Arm::canary}),
            core::Fixed::from_int(100'000));
  for (const core::Event& event : r.events()) {
    const auto* moved = std::get_if<core::Transitioned>(&event.body);
    if (moved == nullptr || r.machine().at(moved->to).name != kBack) continue;
    const core::Event& before = r.events()[event.sequence.value - 2];
    const auto* observed = std::get_if<core::Observed>(&before.body);
    ASSERT_NE(observed, nullptr);
    EXPECT_TRUE(observed->shares_whole);
  }
}

TEST(Breakdown, KeepsStaleSeriesStaleWhenItIsLoggedByItself) {
  Rehearsal r(kShare);
  usual(r);
  r.start();
  r.run_for(20min);
  r.silence();
  r.run_for(2min + 45s);  // stale after 150 s, absent after 3 min
  const core::Duration held = r.rollout().clocks[0].elapsed;
  EXPECT_EQ(r.verb(core::Verb::abort), "");
  EXPECT_EQ(r.state(), kBack);
  EXPECT_EQ(r.rollout().clocks[0].elapsed, held);
}

// A message with a hundred thousand label sets, and again.
TEST(Breakdown, DoesNotGrowWithLabelSets) {
  constexpr std::uint32_t kSets = 100'000;
  Rehearsal r(kShare);
  usual(r);
  r.start();
  r.run_for(10min);
  runtime::PointBatch batch;
  batch.topic = "flood";
  for (std::uint32_t i = 0; i < kSets; ++i) {
    const runtime::SeriesNumber number{1000 + i};
    batch.new_series.push_back(
        {number, "req", {{"endpoint", "/" + std::to_string(i)}, {"v", "new"}}});
    runtime::MetricPoint point;
    point.series = number;
    point.kind = runtime::PointKind::counter_delta;
    point.offset = 0;
    point.value = core::Fixed::from_int(1);
    batch.points.push_back(point);
  }
  const auto send = [&](std::int64_t offset) {
    r.run_for(70s);
    for (runtime::MetricPoint& point : batch.points) {
      point.offset = offset;
      point.end = r.now();
    }
    batch.next_offset = offset + 1;
    r.shard().points(batch, r.now());
    batch.new_series.clear();
    const auto& rollout = *r.shard().find("r1");
    EXPECT_LE(rollout.pending.shares.size(), 3 * 2 * (core::kOtherSet + 1));
    r.run_for(70s);
  };
  // The series themselves stay known, with three checkpoints of their bases: kSeriesMax and
  // kSeriesBytes bound those.
  for (int i = 0; i < 4; ++i) send(i);
  const std::size_t before = mallinfo2().uordblks;
  for (int i = 4; i < 8; ++i) send(i);
  EXPECT_LT(mallinfo2().uordblks, before + (2U << 20));
  EXPECT_LT(core::encode(r.rollout()).size(), 256U << 10);
  const Sums requests = logged(r, "requests");
  core::Fixed all;
  for (const auto& [key, sum] : requests) {
    if (key.second == Arm::canary && key.first != "endpoint=\"/pay\"") all += sum;
  }
  EXPECT_EQ(all, core::Fixed::from_int(8 * kSets));
  EXPECT_EQ(requests.at({"other", Arm::canary}),
            core::Fixed::from_int(8 * (kSets - (core::kOtherSet - 1))));
}

// Three metrics, each with all the label sets that are kept, on both arms, every one of them busy.
TEST(Breakdown, KeepsTheLogWithinThirtyMegabytesADay) {
  Rehearsal r(kShare);
  r.scrape_every = 5s;
  for (const char* version : {"new", "old"}) {
    for (std::uint32_t i = 0; i < core::kOtherSet; ++i) {
      const std::string value = "value-" + std::to_string(i);
      r.counter("req", {{"v", version}, {"endpoint", value}}, 100);
      r.counter("err", {{"v", version}, {"endpoint", value}, {"type", "timeout"}}, 3);
      r.histogram("dur", {{"v", version}, {"layer", value}}, {5, 10, 25, 50, 100, 250, 500, 1000},
                  {300, 300, 200, 90, 60, 40, 8, 1, 1});
    }
  }
  r.start();
  r.run_for(15min);
  store::EventCodec codec;
  const auto bytes_of = [&] {
    std::string encoded;
    for (const core::Event& event : r.events()) codec.encode(event, encoded);
    return encoded.size();
  };
  const std::size_t before = bytes_of();  // with the names of all sets
  r.run_for(30min);
  EXPECT_LT((bytes_of() - before) * 48, 30U << 20);
}

TEST(Breakdown, TakesALongTextForNoKind) {
  Rehearsal r(kShare);
  usual(r);
  r.start();
  r.run_for(10min);
  r.add("err", canary(std::string(10'000, 'x')), 3);
  r.run_for(2min);
  EXPECT_EQ(logged(r, "errors").at({"other", Arm::canary}), core::Fixed::from_int(3));
}

// ---- Rebalancing --------------------------------------------------------------------------------

TEST(Rebalance, AsksForTheSettledWeightUnderAFreshOrder) {
  Rehearsal r(kShare);
  usual(r);
  EXPECT_EQ(r.start(), "");
  r.run_to("canary.hold");
  r.run_for(10min);
  const std::int64_t order = r.rollout().settled_order;
  EXPECT_EQ(r.verb(core::Verb::rebalance), "");
  const auto shifts = r.effects(EffectKind::traffic);
  ASSERT_EQ(shifts.size(), 2U);
  EXPECT_EQ(shifts[1].to, shifts[0].to);
  EXPECT_EQ(shifts[1].from, shifts[0].to);
  EXPECT_GT(shifts[1].order, order);
  EXPECT_TRUE(shifts[1].retry_of.valid());
  EXPECT_FALSE(shifts[1].rollback);
  EXPECT_EQ(r.verb(core::Verb::rebalance), "shifting");
  r.run_for(1s);
  EXPECT_EQ(r.rollout().settled_order, shifts[1].order);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Rebalance, PagesWhereItFailsAndMovesNothing) {
  Rehearsal r(kShare);
  usual(r);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.succeeds = !effect.retry_of.valid()};
  };
  r.start();
  r.run_to("canary.hold");
  r.run_for(10min);
  EXPECT_EQ(r.verb(core::Verb::rebalance), "");
  r.run_for(1s);
  ASSERT_EQ(r.effects(EffectKind::page).size(), 1U);
  EXPECT_THAT(r.effects(EffectKind::page)[0].text,
              HasSubstr("Traffic was to be set to 20% once more, and was not: "));
  EXPECT_EQ(r.state(), "canary.hold.wait");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Rebalance, PagesWhereNobodyAnswers) {
  Rehearsal r(kShare);
  usual(r);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.never = effect.retry_of.valid()};
  };
  r.start();
  r.run_to("canary.hold");
  r.run_for(10min);
  EXPECT_EQ(r.verb(core::Verb::rebalance), "");
  r.run_for(6min);
  ASSERT_EQ(r.effects(EffectKind::page).size(), 1U);
  EXPECT_THAT(r.effects(EffectKind::page)[0].text, HasSubstr("no settle before the deadline"));
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Rebalance, IsRefusedWhereNothingIsToBeBalanced) {
  Rehearsal r(
      text_by_labels("stop error_rate > 50% over 5m",
                     "require {\n confirm \"Ready\" by dev\n within 2h otherwise end\n}\n"));
  usual(r);
  r.start();
  r.run_for(1min);
  EXPECT_EQ(r.verb(core::Verb::rebalance), "not_shifted");
  EXPECT_EQ(r.confirm("Ready", "dev", "ann"), "");
  EXPECT_EQ(r.verb(core::Verb::rebalance), "not_shifted");  // the first has not settled
  r.run_to("canary.hold");
  EXPECT_EQ(r.verb(core::Verb::pause), "");
  EXPECT_EQ(r.verb(core::Verb::rebalance), "paused");
  EXPECT_EQ(r.verb(core::Verb::resume), "");
  EXPECT_EQ(r.verb(core::Verb::abort), "");
  EXPECT_EQ(r.verb(core::Verb::rebalance), "rolling_back");
}

// A rollback waits until nothing can come in between.
TEST(Rebalance, IsOvertakenByARollback) {
  Rehearsal r(kShare);
  usual(r);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.never = effect.retry_of.valid() && !effect.rollback};
  };
  r.start();
  r.run_to("canary.hold");
  r.run_for(10min);
  EXPECT_EQ(r.verb(core::Verb::rebalance), "");
  EXPECT_EQ(r.verb(core::Verb::abort), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.rollout().settled, core::kNoTraffic);
}

}  // namespace
}  // namespace rollbook::tests
