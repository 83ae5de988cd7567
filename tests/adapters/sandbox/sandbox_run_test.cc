// Whole runs of the sandbox: engine, bus and synthetic service on virtual time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "adapters/sandbox/sandbox.h"
#include "store/memory_event_log.h"
#include "tests/adapters/sandbox/compiled.h"

namespace rollbook::adapters {
namespace {

using core::Outcome;
using testing::ElementsAre;

struct Seen {
  std::optional<Outcome> outcome;
  core::Duration took{};
  std::vector<std::string> weights;  // of the traffic effects, in per cent
  std::vector<core::Event> events;
};

Seen play(const std::string& plan, const std::vector<std::string>& faults, std::uint64_t seed = 1) {
  const std::string text = tests::read_plan(plan);
  const core::Machine machine = tests::compile(text);
  store::MemoryEventLog log;
  const dsl::Compiler compiler;
  Seen result;
  SandboxOptions options;
  options.file = plan;
  options.service.seed = seed;
  for (const std::string& fault : faults) options.service.faults.push_back(*parse_fault(fault));
  options.on_turn = [&](const runtime::Committed& committed, const runtime::Shard&, core::Time) {
    for (const core::Event& event : committed.events) {
      const auto* effect = std::get_if<core::EffectRequested>(&event.body);
      if (effect != nullptr && effect->kind == core::EffectKind::traffic) {
        result.weights.push_back(std::to_string(effect->to.nanos / 10'000'000));
      }
      result.events.push_back(event);
    }
    return true;
  };
  auto sandbox = Sandbox::make(log, compiler, machine, text, options);
  EXPECT_TRUE(sandbox.has_value()) << sandbox.error().message;
  const auto outcome = (*sandbox)->run();
  EXPECT_TRUE(outcome.has_value()) << outcome.error().message;
  result.outcome = outcome.value_or(std::nullopt);
  result.took = (*sandbox)->now() - kSandboxBegin;
  return result;
}

TEST(SandboxRun, AHealthyCanarySucceeds) {
  const Seen healthy = play("hal9-canary.runbook", {});
  EXPECT_EQ(healthy.outcome, Outcome::succeeded);
  EXPECT_THAT(healthy.weights, ElementsAre("5", "10", "25", "50"));
  EXPECT_GE(healthy.took, std::chrono::hours(62));
  EXPECT_LE(healthy.took, std::chrono::hours(63));
}

// Traces are for people: of a hundred million requests a page an hour is in the log.
TEST(SandboxRun, OfAHealthyCanaryFewRequestsAreTraced) {
  const Seen healthy = play("hal9-canary.runbook", {});
  std::map<std::pair<core::MetricIndex, core::Arm>, std::size_t> traced;
  for (const core::Event& event : healthy.events) {
    const auto* observed = std::get_if<core::Observed>(&event.body);
    if (observed == nullptr) continue;
    for (const core::Exemplar& one : observed->exemplars) {
      EXPECT_FALSE(one.labels.empty());
      ++traced[{one.metric, one.arm}];
    }
  }
  EXPECT_EQ(traced.size(), 4U);  // failures and latencies of both arms
  for (const auto& [whose, count] : traced) {
    EXPECT_GT(count, 62U);
    EXPECT_LT(count, 62U * 60);
  }
}

TEST(SandboxRun, EveryFaultThatTheGuardStopsRollsBack) {
  for (const char* fault :
       {"errors 2% from 33h", "latency x10 from stage canary_10 + 1h", "silence from 30h"}) {
    const Seen broken = play("hal9-canary.runbook", {fault});
    EXPECT_EQ(broken.outcome, Outcome::rolled_back) << fault;
    EXPECT_EQ(broken.weights.back(), "0") << fault;
  }
}

// Each of what delivery does to a canary that is well, alone and hard; tools/seeds mixes them.
TEST(SandboxRun, NoFaultOfDeliveryRollsBack) {
  for (const char* fault :
       {"collector restarts from stage canary_10 + 1h for 100s", "gaps 25% on both",
        "duplicates 60% on both", "partitions double from stage canary_25 + 1h"}) {
    EXPECT_EQ(play("hal9-canary.runbook", {fault}).outcome, Outcome::succeeded) << fault;
  }
}

// Its people only answer questions: nobody resumes it or takes it back.
TEST(SandboxRun, AHaltedRolloutThatNothingCanChangeAnyMoreEndsTheRun) {
  const Seen halted = play("cache-replacement.runbook", {"errors 5% from 4h on both"});
  EXPECT_EQ(halted.outcome, std::nullopt);
  EXPECT_THAT(halted.weights, ElementsAre("2", "10", "50"));
  EXPECT_GT(halted.took, std::chrono::hours(28));
  EXPECT_LT(halted.took, std::chrono::hours(29));
}

TEST(SandboxRun, AHaltedRolloutIsPlayedOnForAFaultThatEndsLater) {
  const Seen halted = play("cache-replacement.runbook",
                           {"errors 5% from 4h", "errors 5% from 4h for 50h on baseline"});
  EXPECT_EQ(halted.outcome, Outcome::rolled_back);
  EXPECT_GT(halted.took, std::chrono::hours(54));
}

TEST(SandboxRun, TheSameSeedGivesTheSameEvents) {
  const std::vector<std::string> faults = {"errors 2% from 26h"};
  const Seen first = play("hal9-canary.runbook", faults, 3);
  const Seen second = play("hal9-canary.runbook", faults, 3);
  EXPECT_TRUE(first.events == second.events);
  const Seen other = play("hal9-canary.runbook", faults, 4);
  EXPECT_FALSE(first.events == other.events);
}

TEST(SandboxRun, EverySeedOfAHealthyMinimalRunSucceeds) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(play("minimal.runbook", {}, seed).outcome, Outcome::succeeded) << seed;
  }
}

TEST(SandboxRun, ARunbookThatBeginsWithTrafficGoesOnFromThere) {
  const Seen next = play("hal9-migration.runbook", {"errors 2% from stage all + 1h"});
  EXPECT_EQ(next.outcome, Outcome::rolled_back);
  EXPECT_THAT(next.weights, ElementsAre("60", "75", "100", "50"));
}

TEST(SandboxRun, ARollbackThatFailsForAWhileIsTriedAgain) {
  const Seen stubborn = play("minimal.runbook", {"errors 50% from 10s", "rollback fails until 3m"});
  EXPECT_EQ(stubborn.outcome, Outcome::rolled_back);
  EXPECT_GE(stubborn.weights.size(), 4U);
  EXPECT_GE(stubborn.took, std::chrono::minutes(3));
}

}  // namespace
}  // namespace rollbook::adapters
