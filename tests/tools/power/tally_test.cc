// What a recording comes to: resets, duplicates, histograms of several layouts, targets, and what
// lies outside of the time that is watched.

#include "tools/power/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/wire/metric_decoder.h"
#include "dsl/compiler.h"
#include "tests/paths.h"
#include "tools/power/propose.h"

namespace rollbook::power {
namespace {

using namespace std::chrono_literals;
using core::Fixed;
using core::Time;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kShop[] = R"(edition 1
runbook shop_canary {
  service "shop"
  arms by label "version": baseline "old", canary "new"
  target eu where region = "eu"
  target us where region = "us"
  metric requests = counter shop_requests_total
  metric errors   = counter shop_errors_total default 0
  metric latency  = histogram shop_seconds
  guard {
    stop errors / requests > 5% over 1m
    stop p90(latency) > 100ms over 1m
    otherwise rollback automatic
  }
  guard eu {
    stop errors / requests > 5% over 1m
    otherwise rollback automatic
  }
  stage half {
    traffic eu 50%
    traffic us 50%
    hold 20m
    within 1h otherwise rollback automatic
  }
  rollback automatic {
    traffic eu 0%
    traffic us 0%
  }
  finish traffic eu 50%
  finish traffic us 50%
}
)";

const Time kBegin{1'767'600'000s};  // on the border of a slice

class TallyTest : public testing::Test {
 protected:
  TallyTest() {
    const runtime::Compiled compiled = dsl::Compiler().compile("shop.runbook", kShop, {});
    std::string said;
    for (const runtime::Diagnostic& found : compiled.diagnostics) said += found.message + "\n";
    EXPECT_TRUE(compiled.plan.has_value()) << said;
    machine_ = compiled.plan->machine;
    tally_ = std::make_unique<Tally>(machine_, Watched{kBegin, kBegin + 1h});
  }
  void line(const std::string& name, const std::string& region, core::Duration at,
            const std::string& rest) {
    const std::string text =
        R"({"metric":")" + name + R"(","labels":{"version":"old","region":")" + region + R"("},)" +
        rest + ",\"time\":" + std::to_string((kBegin + at).time_since_epoch().count()) + "}";
    runtime::PointBatch batch;
    std::vector<adapters::DeadLetter> letters;
    decoder_.decode({"metrics", 0, offset_++, kBegin, "", text}, batch, letters);
    ASSERT_TRUE(letters.empty()) << letters.front().reason;
    tally_->take(batch);
  }
  void requests(const std::string& region, core::Duration at, std::int64_t value) {
    line("shop_requests_total", region, at, R"("kind":"counter","value":)" + std::to_string(value));
  }
  void buckets(const std::string& region, core::Duration at, const std::string& bounds,
               const std::string& counts) {
    line("shop_seconds", region, at,
         R"("kind":"histogram_delta","sum":1,"bounds":[)" + bounds + R"(],"counts":[)" + counts +
             "],\"start\":" + std::to_string((kBegin + at - 10s).time_since_epoch().count()));
  }
  core::MetricIndex metric(const std::string& name) const {
    for (std::uint32_t i = 0; i < machine_.metrics.size(); ++i) {
      if (machine_.metrics[i].name == name) return core::MetricIndex{i};
    }
    ADD_FAILURE() << name;
    return {};
  }
  std::int64_t total(const std::string& name, core::TargetIndex target = {}) const {
    const core::Series series{metric(name), core::Arm::total, target};
    return static_cast<std::int64_t>(tally_->of(series).total.nanos / Fixed::kScale);
  }

  core::Machine machine_;
  std::unique_ptr<Tally> tally_;
  adapters::MetricDecoder decoder_;
  std::int64_t offset_ = 0;
};

TEST_F(TallyTest, OfACumulativeCounterTheFirstIsABaseAndAFallIsARestart) {
  requests("eu", 0s, 1000);
  requests("eu", 10s, 1040);
  requests("eu", 10s, 1040);  // the same again
  requests("eu", 20s, 5);
  requests("eu", 5s, 1020);  // late
  EXPECT_EQ(total("requests"), 45);
}

TEST_F(TallyTest, NothingFromOutsideOfTheTimeIsCounted) {
  requests("eu", -10s, 100);
  requests("eu", 0s, 300);  // a base only: it came before
  requests("eu", 10s, 340);
  requests("eu", 2h, 9999);  // a clock that runs ahead
  requests("eu", 20s, 350);
  EXPECT_EQ(total("requests"), 50);
  EXPECT_EQ(tally_->span(), 20s);
  EXPECT_EQ(tally_->points(), 3);
}

TEST_F(TallyTest, TargetsAreCountedApartAndTogether) {
  for (const char* region : {"eu", "us", "ap"}) requests(region, 0s, 0);
  requests("eu", 10s, 30);
  requests("us", 10s, 10);
  requests("ap", 10s, 2);
  EXPECT_EQ(total("requests"), 42);
  EXPECT_EQ(total("requests", core::TargetIndex{0}), 30);
  EXPECT_EQ(total("requests", core::TargetIndex{1}), 10);
}

// A counter has no series before its first increment: once the metric is known, all of it counts.
TEST_F(TallyTest, AFirstErrorLongAfterTheBeginCounts) {
  requests("eu", 0s, 0);
  line("shop_errors_total", "eu", 10s, R"("kind":"counter","value":7)");  // too early to tell
  EXPECT_EQ(total("errors"), 0);
  line("shop_errors_total", "us", 5min, R"("kind":"counter","value":3)");
  EXPECT_EQ(total("errors"), 3);
}

// Its total may be that of one that has just fallen silent: it waits for the second point.
TEST_F(TallyTest, WhatIsNotKnownToBeNewYetCountsOnce) {
  const auto errors = [&](const char* region, core::Duration at, int value) {
    line("shop_errors_total", region, at, R"("kind":"counter","value":)" + std::to_string(value));
  };
  for (int i = 0; i <= 20; ++i) errors("eu", i * 1min, 100);
  errors("us", 21min, 105);
  EXPECT_EQ(total("errors"), 0);
  errors("eu", 21min, 100);
  errors("us", 22min, 110);
  EXPECT_EQ(total("errors"), 110);
}

TEST_F(TallyTest, HistogramsComeToTheCoarserLayout) {
  buckets("eu", 10s, "0.05,0.1,0.2", "1,2,3,4");
  buckets("us", 10s, "0.1,0.2", "10,20,30");
  buckets("eu", 20s, "0.05,0.1,0.2", "1,0,0,0");
  buckets("us", 20s, "0.3", "5,5");  // fits none: told as observations, not in buckets
  const Came& came = tally_->of(metric("latency"));
  EXPECT_EQ(came.layout.bounds.size(), 2U);
  EXPECT_THAT(came.buckets.buckets, ElementsAre(14, 23, 34));
}

TEST_F(TallyTest, ASliceIsWholeWhereItLiesWithinWhatWasRecorded) {
  const std::int64_t first = kBegin.time_since_epoch() / kSlice;
  requests("eu", 0s, 0);
  requests("eu", 5min, 300);  // (0, 5m]: the first slice, with its end
  requests("eu", 7min, 400);
  EXPECT_EQ(tally_->of(metric("requests")).slices.at(first), Fixed::from_int(300));
  EXPECT_TRUE(tally_->is_whole(first));
  EXPECT_FALSE(tally_->is_whole(first + 1));
  requests("eu", 20min, 4000);  // its sender was away: of no one slice
  EXPECT_FALSE(tally_->of(metric("requests")).slices.contains(first + 3));
  EXPECT_EQ(total("requests"), 4000);
}

// Scrapes jitter, some are lost, some come late or twice; what is seldom comes when it does.
TEST_F(TallyTest, PointsOfRequestsTellHowFarApartTheyCome) {
  for (int scrape = 0; scrape < 40; ++scrape) {
    if (scrape % 7 == 3) continue;
    requests("eu", scrape * 15s + (scrape % 3) * 10ms, scrape * 100);
    requests("us", scrape * 15s + 4s, scrape * 100);
    if (scrape % 5 == 0) requests("us", scrape * 15s + 4s, scrape * 100);
    if (scrape % 9 == 8) requests("us", scrape * 15s - 60s, scrape * 100 - 400);
    line("shop_errors_total", "eu", scrape * 15s + (scrape % 4) * 2s,
         R"("kind":"counter_delta","value":1)");
  }
  const auto recorded = recorded_of(machine_, *tally_);
  ASSERT_TRUE(recorded) << recorded.error().message;
  EXPECT_EQ(recorded->every, 15s);
}

TEST_F(TallyTest, ASecondIsTheLeastThatPointsComeApart) {
  for (int tenth = 0; tenth < 40; ++tenth) requests("eu", tenth * 100ms, tenth * 10);
  const auto recorded = recorded_of(machine_, *tally_);
  ASSERT_TRUE(recorded) << recorded.error().message;
  EXPECT_EQ(recorded->every, 1s);
}

TEST_F(TallyTest, LoadsAreOfEachTargetByItself) {
  for (int minute = 0; minute <= 20; ++minute) {
    const int busy = std::min(minute, 10);
    requests("eu", minute * 60s, busy * 600);    // 10/s for ten minutes, then nothing
    requests("us", minute * 60s, minute * 120);  // 2/s
  }
  const auto recorded = recorded_of(machine_, *tally_);
  ASSERT_TRUE(recorded) << recorded.error().message;
  ASSERT_EQ(recorded->loads.size(), 2U);
  EXPECT_NEAR(recorded->loads[0].per_second, 12, 1e-9);
  EXPECT_THAT(recorded->loads[0].of_targets,
              ElementsAre(testing::DoubleNear(10, 1e-9), testing::DoubleNear(2, 1e-9)));
  EXPECT_NEAR(recorded->loads[1].per_second, 2, 1e-9);
  // None was bad: as many as would show one in twenty such recordings.
  EXPECT_DOUBLE_EQ(recorded->rates.at("guard[2].stop[1]"), 3.0 / 6000);
  EXPECT_DOUBLE_EQ(recorded->rates.at("guard.stop[1]"), 3.0 / 8400);
}

// Fifteen messages of the OpenTelemetry SDK: the same requests as a counter, as a histogram of
// explicit buckets and as an exponential one.
TEST(Tally, OfTheSdksOwnMessagesAllKindsCountTheSame) {
  const runtime::Compiled compiled = dsl::Compiler().compile("hal9.runbook", R"(edition 1
runbook hal9 {
  service "hal9"
  arms by label "system": baseline "flat", canary "hierarchical"
  metric requests = counter   hal9_requests_total
  metric errors   = counter   hal9_errors_total default 0
  metric latency  = histogram hal9_request_duration_seconds
  metric grid     = histogram hal9_request_duration_exp
  guard {
    stop errors / requests > 5% over 1m
    stop p90(latency) > 10ms over 1m
    stop p90(grid) > 10ms over 1m
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 20m
    within 1h otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)",
                                                             {});
  ASSERT_TRUE(compiled.plan);
  const core::Machine& machine = compiled.plan->machine;
  auto recorded =
      read_recorded(machine, ROLLBOOK_SOURCE_DIR "/tests/adapters/wire/otlp/messages.jsonl");
  ASSERT_TRUE(recorded) << recorded.error().message;
  const auto& fixed = recorded->edges.at("guard.stop[2]");
  const auto& grid = recorded->edges.at("guard.stop[3]");
  EXPECT_FALSE(fixed.exponential);
  EXPECT_TRUE(grid.exponential);
  const Fixed limit{10'000'000};  // 10 ms, an edge of the explicit ones only
  const auto at = std::find_if(fixed.above.begin(), fixed.above.end(),
                               [&](const auto& edge) { return edge.first == limit; });
  ASSERT_NE(at, fixed.above.end());
  EXPECT_GT(at->second, 0.01);
  const auto over = std::find_if(grid.above.begin(), grid.above.end(),
                                 [&](const auto& edge) { return edge.first > limit; });
  ASSERT_NE(over, grid.above.end());
  EXPECT_LE(over->second, at->second);
  EXPECT_GE((over - 1)->second, at->second);
  EXPECT_DOUBLE_EQ(recorded->rates.at("guard.stop[2]"), at->second);
  // Inside a bucket the engine divides it evenly, and so what it counts is told.
  const auto low = static_cast<double>((over - 1)->first.nanos);
  const double part = (10e6 - low) / (static_cast<double>(over->first.nanos) - low);
  EXPECT_DOUBLE_EQ(recorded->rates.at("guard.stop[3]"),
                   (over - 1)->second + (over->second - (over - 1)->second) * part);
  // Limits are proposed as people write them.
  Settings settings;
  for (const auto& [id, rate] : recorded->rates) settings.healthy_rates[id] = rate;
  const auto study = Study::of(machine, recorded->loads, settings);
  ASSERT_TRUE(study);
  const auto proposals = propose(machine, *recorded, *study);
  ASSERT_EQ(proposals.size(), 3U);
  EXPECT_THAT(proposals[2].limit, testing::MatchesRegex("[0-9]+m?s([0-9]+us)?"));
}

TEST_F(TallyTest, WhatHasNoRequestsIsSaidByName) {
  line("shop_other_total", "eu", 0s, R"("kind":"counter","value":7)");
  const auto recorded = recorded_of(machine_, *tally_);
  ASSERT_FALSE(recorded);
  EXPECT_THAT(recorded.error().message,
              HasSubstr("it asks for `shop_requests_total`, `shop_seconds`"));
  EXPECT_THAT(recorded.error().message, HasSubstr("with the label `version`"));
}

}  // namespace
}  // namespace rollbook::power
