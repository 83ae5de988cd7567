// The tour of the README with real processes on a real broker: a rollout that succeeds, and ten
// whose errors roll them back, with evidence that adds up and the time that it took.

#include <algorithm>
#include <cstdio>

#include "adapters/wire/text.h"
#include "tests/acceptance/world.h"
#include "tests/paths.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;

class Tour : public WithKafka {};

// What a criterion of `errors / requests over 10s` is at `at`, from the points that were sent.
struct Recomputed {
  std::int64_t errors = 0;
  std::int64_t requests = 0;
};
Recomputed recompute(const Outside& outside, const std::string& service, core::Time from,
                     core::Time at) {
  Recomputed sum;
  for (const SentPoint& point : outside.points()) {
    const core::Time time{std::chrono::nanoseconds(point.time_ns)};
    if (point.version != "new" || time <= from || time > at) continue;
    if (point.metric == service + "_errors_total") sum.errors += point.value;
    if (point.metric == service + "_requests_total") sum.requests += point.value;
  }
  return sum;
}

TEST_F(Tour, ARolloutSucceedsWhileErrorsRollTenOthersBack) {
  constexpr int kServices = 12;
  const World world = World::kafka(bootstrap());
  Outside outside(world);
  Child engine = world.engine("data");
  ASSERT_TRUE(engine.says("rollbook engine ready")) << engine.err();

  outside.serve("shop");
  Child start({"start", ROLLBOOK_SOURCE_DIR "/plans/minimal.runbook", "--rollout", "shop-1",
               "--reason", "release 41", "--wait", "--wait-timeout", "3m"},
              world.environment());
  for (int i = 0; i < kServices; ++i) {
    const std::string service = "s" + std::to_string(i);
    outside.serve(service);
    outside.command("start", {{"rollout", "r" + std::to_string(i)},
                              {"runbook", minimal_runbook(service)},
                              {"actor", "maria"}});
  }
  const auto settled = [&] {
    for (int i = 0; i < kServices; ++i) {
      if (outside.events_of("r" + std::to_string(i), "effect_settled").empty()) return false;
    }
    return true;
  };
  ASSERT_TRUE(outside.until(settled));
  outside.run_for(2s);  // traffic of the canary

  std::vector<double> times_ms;
  for (int i = 0; i < kServices; ++i) {
    const std::string service = "s" + std::to_string(i), rollout = "r" + std::to_string(i);
    const auto rolled_back = [&] {
      return std::any_of(outside.effects().begin(), outside.effects().end(), [&](const Seen& seen) {
        return seen.json["subject"] == rollout && seen.json["data"].value("rollback", false);
      });
    };
    outside.stop_serving(service);
    const std::int64_t time = outside.point(service + "_requests_total", 1000);
    const auto sent = Wall::now();
    outside.point(service + "_errors_total", 500, time);
    ASSERT_TRUE(outside.until(rolled_back));
    times_ms.push_back(std::chrono::duration<double, std::milli>(Wall::now() - sent).count());
  }
  for (int i = 0; i < kServices; ++i) {
    const std::string service = "s" + std::to_string(i), rollout = "r" + std::to_string(i);
    ASSERT_TRUE(outside.until([&] { return outside.finished(rollout) != ""; }));
    EXPECT_EQ(outside.finished(rollout), "rolled_back");
    int failures = 0;
    for (const Json& verdict : outside.events_of(rollout, "verdict_changed")) {
      if (verdict["verdict"] != "fail") continue;
      ++failures;
      const core::Time at = *adapters::parse_time(verdict["at"].get<std::string>());
      // The window begins whole panes of a second before its end, or with the shift.
      const auto seen =
          *adapters::parse_duration(verdict.value("seen", verdict["window"].get<std::string>()));
      const Recomputed sum = recompute(outside, service, at - seen, at);
      SCOPED_TRACE(verdict.dump());
      EXPECT_EQ(sum.requests, verdict["samples"].get<std::int64_t>());
      ASSERT_GT(sum.requests, 0);
      EXPECT_NEAR(verdict["value"].get<double>(),
                  static_cast<double>(sum.errors) / static_cast<double>(sum.requests), 1e-9);
      EXPECT_GT(verdict["value"].get<double>(), verdict["limit"].get<double>());
      EXPECT_EQ(verdict["limit"].get<double>(), 0.05);
      EXPECT_THAT(verdict["source"].get<std::string>(), HasSubstr(":8:"));
    }
    EXPECT_EQ(failures, 1);
  }
  ASSERT_TRUE(outside.until([&] { return outside.finished("shop-1") != ""; }, 90s));
  ASSERT_TRUE(outside.until([&] { return !start.running(); }));
  EXPECT_EQ(start.wait(), 0) << start.err();
  EXPECT_THAT(start.out(), HasSubstr("started shop-1"));
  EXPECT_EQ(outside.finished("shop-1"), "succeeded");
  EXPECT_THAT(outside.contradictions(), testing::IsEmpty());
  EXPECT_THAT(outside.letters(), testing::IsEmpty());

  std::sort(times_ms.begin(), times_ms.end());
  std::printf(
      "from the deciding point sent to the rollback's effect read: p50 %.1f ms, "
      "most %.1f ms (%zu services)\n",
      times_ms[times_ms.size() / 2], times_ms.back(), times_ms.size());

  engine.signal(SIGTERM);
  EXPECT_EQ(engine.wait(), 0) << engine.err();
  const Ran replay = world.run({"replay", world.data("data"), "--verify"});
  EXPECT_EQ(replay.exit, 0) << replay.out << replay.err;
}

}  // namespace
}  // namespace rollbook::tests
