// Commands in every state they can meet: what is taken, what is refused, and where it leads.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::EffectRequested;
using core::RollbackHow;
using core::Verb;
using Settlement = Rehearsal::Settlement;

constexpr const char* kBack = "rollback.automatic.shift";
const Labels kNew{{"v", "new"}};

// Every kind of place a rollout can be in.
const std::string& everywhere() {
  static const std::string text =
      text_of({.before = "require {\n confirm \"Ready\" by dev\n within 48h otherwise end\n}\n"
                         "setup {\n checkpoint \"pre\"\n}\n",
               .stages = R"(stage canary {
    traffic 20%
    run warm(share: 50%) within 1h
    hold 1h { run soak(phase: "a") within 3h }
    confirm "Fine" by ops
    within 4h otherwise decide verdict
  }
)",
               .success = "confirm \"Accepted\" by dev\nwithin 24h otherwise rollback gradual\n"
                          "finish traffic 20%\n"});
  return text;
}

const std::vector<std::string> kPlaces = {"preflight.gate",
                                          "setup.1",
                                          "canary.shift",
                                          "canary.run1",
                                          "canary.hold.run1",
                                          "canary.hold.wait",
                                          "canary.review.gate",
                                          "canary.review.otherwise",
                                          "success.gate",
                                          "rollback.gradual.ramp",
                                          "rollback.automatic.shift"};

// Brings a fresh rollout to the place, with every effect still open that is awaited there.
void go(Rehearsal& r, const std::string& place) {
  healthy(r);
  r.settles = [&r, place](const EffectRequested& effect) {
    const bool here = r.machine().at(effect.state).name == place;
    // Rollbacks are watched in mid-flight.
    return here ? Settlement{.never = true} : Settlement{.after = 1s};
  };
  r.start();
  const auto arrived = [&] { return r.state() == place; };
  if (arrived()) return;
  r.confirm("Ready", "dev", "dora");
  r.run_for(10s);
  if (arrived()) return;
  if (place.rfind("rollback.gradual", 0) == 0) r.rollback(RollbackHow::gradual);
  if (place == kBack) r.rollback(RollbackHow::immediate);
  if (arrived()) return;
  r.run_for(10min);
  if (arrived()) return;
  r.run_to("canary.review.gate");
  if (arrived()) return;
  r.confirm("Fine", "ops", "olga", place != "canary.review.otherwise");
  if (arrived()) return;
  r.run_to(place);
}

TEST(Commands, EveryPlaceIsReached) {
  for (const std::string& place : kPlaces) {
    Rehearsal r(everywhere());
    go(r, place);
    EXPECT_EQ(r.state(), place);
  }
}

// ---- Promote ------------------------------------------------------------------------------------

TEST(Commands, PromoteEndsAHoldAndIsRefusedElsewhere) {
  for (const std::string& place : kPlaces) {
    Rehearsal r(everywhere());
    go(r, place);
    const bool holds = place.rfind("canary.hold", 0) == 0;
    EXPECT_EQ(r.verb(Verb::promote), holds ? "" : "not_in_hold") << place;
    // A run that is still open is waited for; then the review is not left out.
    EXPECT_EQ(r.state(), place == "canary.hold.wait" ? "canary.review.gate" : place) << place;
    if (place != "canary.hold.run1") continue;
    EXPECT_EQ(r.settle(r.last_effect(EffectKind::run), true), "");
    EXPECT_EQ(r.state(), "canary.review.gate");
  }
}

// ---- Extend -------------------------------------------------------------------------------------

TEST(Commands, ExtendLengthensAHoldAndReopensAReview) {
  for (const std::string& place : kPlaces) {
    Rehearsal r(everywhere());
    go(r, place);
    const bool holds = place.rfind("canary.hold", 0) == 0;
    const bool reviews = place == "canary.review.gate";
    const bool decides = place == "canary.review.otherwise";
    const auto hold = r.machine().stages[0].hold;
    EXPECT_EQ(r.verb(Verb::extend, 2h), holds || reviews ? ""
                                        : decides        ? "deciding"
                                                         : "not_in_hold")
        << place;
    EXPECT_EQ(r.rollout().clocks[hold.value].extra, holds || reviews ? Duration(2h) : Duration{})
        << place;
    EXPECT_EQ(r.state(), reviews ? "canary.hold.wait" : place) << place;
    if (reviews) {
      EXPECT_EQ(r.because(), "extended by 2h by maria");
    }
  }
}

TEST(Commands, ExtendNeedsADurationAboveZero) {
  Rehearsal r(everywhere());
  go(r, "canary.hold.wait");
  EXPECT_EQ(r.verb(Verb::extend), "invalid");
  EXPECT_EQ(r.verb(Verb::extend, 0s), "invalid");
  EXPECT_EQ(r.verb(Verb::extend, -1h), "invalid");
  EXPECT_EQ(r.rollout().extensions[0], 0U);
}

TEST(Commands, AStageWithoutAnExtendingOptionHasTheGeneralLimit) {
  Rehearsal r(text_of({}));
  healthy(r);
  r.start();
  r.run_to("canary.hold");
  for (int i = 0; i < 16; ++i) EXPECT_EQ(r.verb(Verb::extend, 1min), "");
  EXPECT_EQ(r.verb(Verb::extend, 1min), "used_up");
  r.run_to_end();
  EXPECT_EQ(r.entered("succeeded"), 1h + 16min + 200ms);
}

// ---- Abort --------------------------------------------------------------------------------------

TEST(Commands, AbortIsTakenInEveryPlace) {
  for (const std::string& place : kPlaces) {
    Rehearsal r(everywhere());
    go(r, place);
    const std::size_t shifts = r.effects(EffectKind::traffic).size();
    EXPECT_EQ(r.verb(Verb::abort), "") << place;
    if (place == "preflight.gate" || place == "setup.1") {
      EXPECT_EQ(r.state(), "aborted") << place;
      EXPECT_EQ(r.rollout().outcome, core::Outcome::aborted);
      EXPECT_EQ(r.because(), "aborted by maria") << place;
      EXPECT_EQ(r.weights(), "");
      continue;
    }
    // During a rollback it only asks for that one's shift again.
    const bool back = place.rfind("rollback", 0) == 0;
    EXPECT_EQ(r.state(), back ? place : kBack) << place;
    if (!back) {
      EXPECT_EQ(r.because(), "aborted by maria") << place;
    }
    const auto effects = r.effects(EffectKind::traffic);
    ASSERT_EQ(effects.size(), shifts + 1) << place;
    EXPECT_TRUE(effects.back().rollback);
    EXPECT_EQ(effects.back().retry_of.valid(), back);
    if (back) {
      EXPECT_EQ(effects.back().to, effects[shifts - 1].to);
    }
    r.settles = nullptr;
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back") << place;
    EXPECT_EQ(r.rollout().settled, core::kNoTraffic);
    EXPECT_TRUE(r.asked().empty());
  }
}

// ---- Rollback -----------------------------------------------------------------------------------

TEST(Commands, AnImmediateRollbackIsTakenInEveryPlace) {
  for (const std::string& place : kPlaces) {
    Rehearsal r(everywhere());
    go(r, place);
    EXPECT_EQ(r.rollback(RollbackHow::immediate), "") << place;
    if (place == "preflight.gate" || place == "setup.1") {
      EXPECT_EQ(r.state(), "aborted") << place;
      continue;
    }
    EXPECT_EQ(r.state(), kBack) << place;
    if (place != kBack) {
      EXPECT_EQ(r.because(), "immediate rollback by maria") << place;
    }
    r.settles = nullptr;
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back") << place;
  }
}

TEST(Commands, AGradualRollbackIsTakenWhereNoFasterOneIsUnderWay) {
  for (const std::string& place : kPlaces) {
    Rehearsal r(everywhere());
    go(r, place);
    const std::string refused = place == kBack                    ? "softer"
                                : place.rfind("rollback", 0) == 0 ? "already"
                                                                  : "";
    EXPECT_EQ(r.rollback(RollbackHow::gradual), refused) << place;
    if (place == "preflight.gate" || place == "setup.1") {
      EXPECT_EQ(r.state(), "aborted") << place;
      continue;
    }
    EXPECT_EQ(r.state(), refused.empty() ? "rollback.gradual.ramp" : place) << place;
    r.settles = nullptr;
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back") << place;
  }
}

TEST(Commands, AManualRollbackDuringTheGradualOneTakesOver) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  EXPECT_EQ(r.rollback(RollbackHow::gradual), "");
  r.run_for(2min + 30s);
  EXPECT_EQ(r.weights(), "10% 9% 8% 7%");
  EXPECT_EQ(r.rollback(RollbackHow::immediate), "");
  EXPECT_EQ(r.weights(), "10% 9% 8% 7% 0%");
  EXPECT_EQ(r.effects(EffectKind::traffic).back().from.nanos, 70'000'000);
  r.run_to_end();
  EXPECT_EQ(r.elapsed(), 12min + 30s + 200ms);
}

TEST(Commands, AGradualRollbackTakesTheTimeItIsGiven) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  EXPECT_EQ(r.rollback(RollbackHow::gradual, 4min), "");
  r.run_to_end();
  EXPECT_EQ(r.weights(), "10% 7.5% 5% 2.5% 0%");
  EXPECT_EQ(r.elapsed(), 13min + 200ms);
}

TEST(Commands, WithoutABlockAGradualRollbackRampsOverHalfAnHour) {
  const std::string two = kTwoStages;
  std::string text = two;
  const auto erase = [&](const std::string& from, const std::string& to) {
    const auto begin = text.find(from);
    text.erase(begin, text.find(to, begin) - begin);
  };
  erase("  rollback gradual {", "  success {");
  for (std::size_t at; (at = text.find("rollback gradual")) != std::string::npos;) {
    text.replace(at, 16, "rollback automatic");
  }
  Rehearsal r(text);
  healthy(r);
  r.start();
  r.run_for(10min);
  EXPECT_EQ(r.rollback(RollbackHow::gradual), "");
  EXPECT_EQ(r.state(), "rollback.gradual.ramp");
  r.run_to_end();
  EXPECT_EQ(r.effects(EffectKind::traffic).size(), 31U);
  EXPECT_EQ(r.elapsed(), 39min + 200ms);
}

TEST(Commands, ARollbackOfATargetThatIsNotThereSaysSo) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  core::Command command;
  command.verb = Verb::rollback;
  command.rollout = "r1";
  command.actor = "maria";
  command.target = "eu";
  EXPECT_EQ(r.send(command), "invalid");
  const auto& body = std::get<core::Rejected>(r.events().back().body);
  EXPECT_EQ(body.detail, "target `eu` is unknown: this runbook has a single, unnamed one");
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
}

TEST(Commands, ReasonsAreKeptInTheSentence) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.run_for(10min);
  core::Command command;
  command.verb = Verb::abort;
  command.rollout = "r1";
  command.actor = "maria";
  command.reason = "the database is down";
  EXPECT_EQ(r.send(command), "");
  EXPECT_EQ(r.because(), "aborted by maria: the database is down");
  EXPECT_EQ(r.effects(EffectKind::page)[0].text,
            "Rolled back: aborted by maria: the database is down");
}

// ---- Start --------------------------------------------------------------------------------------

core::Command start_of(const std::string& rollout, const std::string& id, core::Time sent) {
  core::Command command;
  command.key = {"test", id};
  command.verb = Verb::start;
  command.rollout = rollout;
  command.actor = "maria";
  command.sent = sent;
  return command;
}

TEST(Commands, ASecondStartForAServiceIsBusy) {
  Rehearsal r(kTwoStages);
  healthy(r);
  EXPECT_EQ(r.start(), "");
  EXPECT_EQ(r.start(start_of("r2", "s-2", r.now())), "busy");
  const auto& body = std::get<core::Rejected>(r.events().back().body);
  EXPECT_EQ(body.detail, "service `shop` has the active rollout `r1`; wait for it or abort it");
  EXPECT_EQ(r.start(start_of("r1", "s-3", r.now())), "exists");
  EXPECT_EQ(r.shard().rollouts().size(), 1U);
  r.run_for(10min);
  EXPECT_EQ(r.state(), "canary_10.hold.wait");
}

TEST(Commands, TwoStartsInOneTurnBeginOne) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.start();
  r.verb(Verb::abort);
  EXPECT_EQ(r.start(start_of("r2", "s-2", r.now())), "busy");  // going back is active too
  r.run_to_end();
  EXPECT_EQ(r.start(start_of("r1", "s-3", r.now())), "exists");
  EXPECT_EQ(r.start(start_of("r2", "s-4", r.now())), "");
  EXPECT_EQ(r.rollout().id, "r2");
  const auto orders = r.effects(EffectKind::traffic);
  EXPECT_GT(orders.back().order, orders[orders.size() - 2].order);
}

TEST(Commands, TheSameStartTwiceBeginsOnce) {
  Rehearsal r(kTwoStages);
  const auto start = start_of("", "s-1", r.now());
  EXPECT_EQ(r.start(start), "");
  const std::size_t events = r.events().size();
  EXPECT_EQ(r.start(start), "");
  EXPECT_EQ(r.events().size(), events);
  EXPECT_EQ(r.rollout().id.substr(0, 5), "shop-");
  EXPECT_EQ(r.rollout().id.size(), 11U);
}

TEST(Commands, AStartNeedsTheWeightItBeginsAt) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  r.start();
  r.run_to_end();
  ASSERT_EQ(r.state(), "succeeded");  // and 50 % are on the canary
  r.rollout_id = "r2";
  EXPECT_EQ(r.start(), "weight_mismatch");
  const auto& body = std::get<core::Rejected>(r.events().back().body);
  EXPECT_EQ(body.detail,
            "the runbook begins at 0%, the last settled weight of `shop` is 50%; say `weight` if "
            "it was changed by hand");
  auto by_hand = start_of("r2", "s-2", r.now());
  by_hand.weight = core::kNoTraffic;
  EXPECT_EQ(r.start(by_hand), "");
  r.run_to("canary_10.hold");
}

TEST(Commands, ANextRunbookGoesOnFromTheWeightOfTheLast) {
  Rehearsal r(kTwoStages);
  healthy(r);
  r.agreeable = true;
  r.start();
  r.run_to_end();
  r.take(text_of({.before = "begins traffic 50%\n",
                  .stages = "stage all {\n traffic 100%\n hold 10m\n}\n",
                  .success = "finish traffic 100%\n"}));
  r.rollout_id = "r2";
  EXPECT_EQ(r.start(), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.effects(EffectKind::traffic).back().from.nanos, 500'000'000);
  // All of it: what was the canary is the baseline of what comes next.
  r.take(kTwoStages);
  r.rollout_id = "r3";
  EXPECT_EQ(r.start(), "");
}

TEST(Commands, ARollbackGoesBackToTheWeightThatItBeganAt) {
  Rehearsal r(text_of({.before = "begins traffic 50%\n",
                       .stages = "stage all {\n traffic 100%\n hold 10m\n}\n",
                       .success = "finish traffic 100%\n"}));
  healthy(r);
  auto start = start_of("r1", "s-1", r.now());
  start.weight = core::Weight{500'000'000};
  EXPECT_EQ(r.start(start), "");
  EXPECT_EQ(r.effects(EffectKind::traffic)[0].from.nanos, 500'000'000);
  r.run_for(5min);
  r.verb(Verb::abort);
  r.run_to_end();
  EXPECT_EQ(r.weights(), "100% 0%");  // the runbook says 0 %
}

// ---- What is refused ----------------------------------------------------------------------------

TEST(Commands, OldOrdersForwardAreTooOldWhatStopsIsNot) {
  for (const auto& [verb, reason] :
       std::vector<std::pair<Verb, std::string>>{{Verb::promote, "too_old"},
                                                 {Verb::extend, "too_old"},
                                                 {Verb::pause, ""},
                                                 {Verb::abort, ""},
                                                 {Verb::rollback, ""}}) {
    Rehearsal r(kTwoStages);
    healthy(r);
    r.start();
    r.run_for(30min);
    core::Command command;
    command.verb = verb;
    command.rollout = "r1";
    command.actor = "maria";
    command.duration = 1h;
    command.sent = r.now() - 10min;
    core::Command older = command;
    older.sent -= 1ns;
    EXPECT_EQ(r.send(older), reason) << core::name_of(verb);
    if (!reason.empty()) {
      EXPECT_EQ(r.send(command), "") << core::name_of(verb);
    }
  }
  Rehearsal r(kTwoStages);
  EXPECT_EQ(r.start(start_of("r1", "s-1", r.now() - 11min)), "too_old");
}

TEST(Commands, OrdersForNobodyAndForTheEndedAreRefused) {
  Rehearsal r(kTwoStages);
  healthy(r);
  EXPECT_EQ(r.verb(Verb::pause), "unknown_rollout");
  r.start();
  r.verb(Verb::abort);
  r.run_to_end();
  const std::size_t before = r.rollout().last.value;
  for (const Verb verb : {Verb::pause, Verb::resume, Verb::promote, Verb::extend, Verb::abort,
                          Verb::rollback, Verb::confirm, Verb::decide}) {
    EXPECT_EQ(r.verb(verb, 1h), "finished") << core::name_of(verb);
  }
  EXPECT_EQ(r.rollout().last.value, before);
}

}  // namespace
}  // namespace rollbook::tests
