// The process ends without a goodbye, at any moment: it goes on from the log as if nothing had
// happened, with the same events, effects and verdicts.

#include <gtest/gtest.h>

#include <sstream>

#include "engine/core/sentence.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::EffectRequested;
using core::RollbackHow;
using core::Verb;
using Settlement = Rehearsal::Settlement;

const Labels kNew{{"v", "new"}};

// All that happened but the looks in between: what, when, why, and with which numbers.
std::string story(const Rehearsal& r) {
  std::ostringstream lines;
  for (const core::Event& event : r.events()) {
    const std::string at = core::duration_text(event.time - r.kBegin) + " ";
    if (const auto* moved = std::get_if<core::Transitioned>(&event.body)) {
      lines << at << r.machine().at(moved->to).name << ": " << moved->because << "\n";
    } else if (const auto* changed = std::get_if<core::VerdictChanged>(&event.body)) {
      const core::Reading& reading = changed->reading;
      lines << at << r.machine().at(changed->criterion).id << " "
            << static_cast<int>(reading.verdict) << static_cast<int>(reading.raw) << " "
            << (reading.value ? core::decimal_text(*reading.value) : "-") << " in "
            << reading.samples << "\n";
    } else if (const auto* effect = std::get_if<EffectRequested>(&event.body)) {
      lines << at << "effect " << static_cast<int>(effect->kind) << " " << effect->to.nanos << " "
            << effect->text << "\n";
    } else if (const auto* settled = std::get_if<core::EffectSettled>(&event.body)) {
      lines << at << "settled " << static_cast<int>(settled->outcome) << "\n";
    }
  }
  return lines.str();
}

// Runs `act` step by step, with a crash after every `every` of time (zero: never).
std::string told(const std::function<void(Rehearsal&)>& act, Duration length, Duration every) {
  Rehearsal r(kTwoStages);
  r.counter("err", kNew, 0);
  healthy(r);
  act(r);
  for (Duration passed{}; passed < length && !r.rollout().finished(); passed += 5s) {
    r.run_for(5s);
    if (every > 0s && (passed + 5s) % every == 0s) r.crash();
  }
  return story(r);
}

TEST(Crash, AnywhereOnTheWayToSuccess) {
  const auto act = [](Rehearsal& r) {
    r.agreeable = true;
    r.start();
  };
  const std::string wanted = told(act, 3h + 5min, 0s);
  EXPECT_NE(wanted.find("succeeded: all checks passed"), std::string::npos);
  for (const Duration every : {Duration(35s), Duration(5min), Duration(61min + 5s)}) {
    EXPECT_EQ(told(act, 3h + 5min, every), wanted) << every.count();
  }
}

TEST(Crash, WhileABreachIsGrowing) {
  const auto act = [](Rehearsal& r) {
    r.start();
    r.run_for(20min);
    r.counter("err", kNew, 2);
  };
  const std::string wanted = told(act, 15min, 0s);
  EXPECT_NE(wanted.find("rollback.automatic.shift: error_rate > 1% over 5m for 2m"),
            std::string::npos);
  for (const Duration every : {Duration(5s), Duration(10s), Duration(25s), Duration(90s)}) {
    EXPECT_EQ(told(act, 15min, every), wanted) << every.count();
  }
}

TEST(Crash, InTheMiddleOfARampDown) {
  const auto act = [](Rehearsal& r) {
    // The third step is never settled, the fifth fails.
    r.settles = [](const EffectRequested& effect) {
      return Settlement{.after = 7s,
                        .succeeds = effect.to.nanos != 50'000'000,
                        .never = effect.to.nanos == 70'000'000};
    };
    r.start();
    r.run_for(20min);
    r.rollback(RollbackHow::gradual);
  };
  const std::string wanted = told(act, 15min, 0s);
  EXPECT_NE(wanted.find("rolled_back: traffic is at 0%"), std::string::npos);
  for (const Duration every : {Duration(5s), Duration(10s), Duration(20s), Duration(95s)}) {
    EXPECT_EQ(told(act, 15min, every), wanted) << every.count();
  }
}

TEST(Crash, BetweenTheAnswersOfADecision) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_to("canary_10.review.gate");
  r.confirm("No complaints", "ops", "olga", false);
  r.crash();
  EXPECT_EQ(r.decide("longer", "dev", "dora"), "");
  const auto number = r.question("verdict");
  r.crash();
  EXPECT_EQ(r.question("verdict"), number);
  EXPECT_EQ(r.decide("longer", "ops", "dora"), "same_person");
  EXPECT_EQ(r.decide("longer", "ops", "olga"), "");
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
  r.crash();
  r.run_to("canary_10.review.gate");
  EXPECT_EQ(r.entered("canary_10.review.gate"), 2h + 200ms);
}

TEST(Crash, ACommandIsAnsweredOnceAllTheSame) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  core::Command pause;
  pause.key = {"test", "p-1"};
  pause.verb = Verb::pause;
  pause.rollout = "r1";
  pause.actor = "maria";
  EXPECT_EQ(r.send(pause), "");
  r.verb(Verb::resume);
  r.crash();
  EXPECT_EQ(r.send(pause), "");  // read again from the topic
  EXPECT_FALSE(r.rollout().paused);
  EXPECT_EQ(r.start(), "exists");
}

TEST(Crash, OrdersRiseAcrossIt) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  r.crash();
  r.verb(Verb::abort);
  const auto effects = r.effects(EffectKind::traffic);
  EXPECT_GT(effects[1].order, effects[0].order);
  r.run_to_end();
  r.crash();
  EXPECT_EQ(r.shard().state().services.at("shop").settled, core::kNoTraffic);
  r.rollout_id = "r2";
  EXPECT_EQ(r.start(), "");
  EXPECT_GT(r.effects(EffectKind::traffic).back().order, effects[1].order);
}

}  // namespace
}  // namespace rollbook::tests
