// What a shard does with commands before and after the core: identity, age, duplicates, starts.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/engine/shard_rig.h"

namespace rollbook::runtime::tests {
namespace {

using core::Verb;

const core::Rejected& last_refusal(const ShardRig& rig) {
  for (auto event = rig.events.rbegin(); event != rig.events.rend(); ++event) {
    if (const auto* rejected = std::get_if<core::Rejected>(&event->body)) return *rejected;
  }
  ROLLBOOK_CHECK(false);
}

// ---- Starts -------------------------------------------------------------------------------------

TEST(ShardStart, BeginsARolloutAndStoresItsPlan) {
  ShardRig rig;
  EXPECT_EQ(rig.start("r1"), "");
  EXPECT_EQ(rig.state(), "preflight");
  EXPECT_TRUE(rig.log.plan(rig.compiled().plan->digest));
  EXPECT_EQ(rig.shard->rollouts().size(), 1U);
  EXPECT_EQ(rig.shard->state().services.at("shop").active, "r1");
}

TEST(ShardStart, MakesTheSameIdOfTheSameCommand) {
  const auto id = [](const std::string& key) {
    ShardRig rig;
    core::Command start = rig.command(Verb::start, "");
    start.key.id = key;
    EXPECT_EQ(rig.send(start), "");
    return rig.shard->state().rollouts.begin()->first;
  };
  const std::string first = id("c-1");
  EXPECT_EQ(first.substr(0, 12), "shop-canary-");
  EXPECT_EQ(first.size(), 18U);
  EXPECT_EQ(id("c-1"), first);
  EXPECT_NE(id("c-2"), first);
}

TEST(ShardStart, RefusesAnIdOfOtherCharacters) {
  for (const std::string& id :
       {std::string("Shop"), std::string("a b"), std::string("a/b"), std::string(64, 'a')}) {
    ShardRig rig;
    EXPECT_EQ(rig.start(id), "invalid") << id;
    EXPECT_EQ(rig.shard->rollouts().size(), 0U);
  }
  ShardRig rig;
  EXPECT_EQ(rig.start(std::string(63, 'a')), "");
}

TEST(ShardStart, RefusesWhatDoesNotCompileWithItsDiagnostics) {
  ShardRig rig;
  CommandInput input;
  input.command = rig.command(Verb::start);
  rig.shard->command(input, rig.now);
  input.command = rig.command(Verb::start);
  input.compiled = Compiled{};
  input.compiled->diagnostics = {
      {"RB0301", Severity::error, "no metric `x`", "a.runbook", {3, 7, 3, 8}, ""},
      {"RB0900", Severity::warning, "few requests", "a.runbook", {4, 1, 4, 2}, ""},
      {"RB0302", Severity::error, "no role `y`", "a.runbook", {5, 2, 5, 3}, "write `x`"}};
  rig.shard->command(input, rig.now);
  rig.commit();
  ASSERT_EQ(rig.count<core::Rejected>(), 2);
  EXPECT_EQ(std::get<core::Rejected>(rig.events[0].body).reason, "invalid");
  EXPECT_EQ(last_refusal(rig).detail,
            "a.runbook:3:7: RB0301: no metric `x`\na.runbook:5:2: RB0302: no role `y`; write `x`");
}

TEST(ShardStart, RefusesADigestThatDoesNotMatch) {
  ShardRig rig;
  core::Command start = rig.command(Verb::start);
  start.digest = std::string(64, 'b');
  EXPECT_EQ(rig.send(start), "invalid");
  EXPECT_NE(last_refusal(rig).detail.find(rig.compiled().plan->digest), std::string::npos);
  start = rig.command(Verb::start);
  start.digest = rig.compiled().plan->digest;
  EXPECT_EQ(rig.send(start), "");
}

TEST(ShardStart, RefusesKnownIdsAndBusyServices) {
  ShardRig rig;
  EXPECT_EQ(rig.start("r1"), "");
  EXPECT_EQ(rig.start("r1", "mail"), "exists");
  EXPECT_EQ(rig.start("r2"), "busy");
  EXPECT_EQ(rig.start("r3", "mail"), "");
  rig.send(rig.command(Verb::abort, "r1"));
  EXPECT_EQ(rig.start("r1"), "exists");
  EXPECT_EQ(rig.start("r2"), "");
}

TEST(ShardStart, IsRefusedUnderTheIdItWouldHaveHad) {
  ShardRig rig;
  rig.start("r1");
  EXPECT_EQ(rig.send(rig.command(Verb::start, "")), "busy");
  EXPECT_EQ(last_refusal(rig).command.rollout.substr(0, 12), "shop-canary-");
}

TEST(ShardStart, RefusesAWeightThatIsNotTheLastSettledOne) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  for (int minute = 0; minute < 61; ++minute) {
    rig.pass(1min);
    rig.traffic(6000, 6);
  }
  rig.settle_all();
  core::Command confirm = rig.command(Verb::confirm);
  confirm.item = "No complaints";
  rig.send(confirm);
  EXPECT_EQ(rig.shard->find("r1"), nullptr);
  EXPECT_EQ(rig.start("r2"), "weight_mismatch");
  core::Command by_hand = rig.command(Verb::start, "r3");
  by_hand.weight = core::kNoTraffic;
  EXPECT_EQ(rig.send(by_hand), "");
}

TEST(ShardStart, TwoInOneTurnDoNotBothBegin) {
  ShardRig rig;
  for (const char* id : {"r1", "r2"}) {
    CommandInput input;
    input.command = rig.command(Verb::start, id);
    input.compiled = rig.compiled();
    rig.shard->command(input, rig.now);
  }
  rig.commit();
  EXPECT_EQ(rig.shard->rollouts().size(), 1U);
  EXPECT_EQ(last_refusal(rig).reason, "busy");
}

// ---- Age, duplicates, addresses -----------------------------------------------------------------

TEST(ShardCommand, SentTwiceActsOnceAndIsAnsweredOnce) {
  ShardRig rig;
  rig.start("r1");
  const core::Command pause = rig.command(Verb::pause);
  rig.send(pause);
  const std::size_t answered = rig.events.size();
  rig.send(pause);
  rig.recover();
  rig.send(pause);
  EXPECT_EQ(rig.events.size(), answered);
  core::Command refused = rig.command(Verb::promote);
  EXPECT_EQ(rig.send(refused), "not_in_hold");
  EXPECT_EQ(rig.send(refused), "");
}

TEST(ShardCommand, AStartSentTwiceBeginsOnce) {
  ShardRig rig;
  const core::Command start = rig.command(Verb::start, "");
  rig.send(start);
  rig.send(start);
  EXPECT_EQ(rig.shard->rollouts().size(), 1U);
  EXPECT_EQ(rig.count<core::Rejected>(), 0);
}

TEST(ShardCommand, OfTwoSourcesMayHaveOneId) {
  ShardRig rig;
  rig.start("r1");
  core::Command pause = rig.command(Verb::pause);
  rig.send(pause);
  pause.key.source = "other";
  pause.verb = Verb::resume;
  EXPECT_EQ(rig.send(pause), "");
  EXPECT_FALSE(rig.shard->find("r1")->state.paused);
}

TEST(ShardCommand, WhatLeadsForwardGrowsTooOld) {
  for (const Verb verb : {Verb::start, Verb::promote, Verb::extend}) {
    ShardRig rig;
    rig.start("r1");
    core::Command old = rig.command(verb, verb == Verb::start ? "r2" : "r1");
    old.sent = rig.now - core::kCommandMaxAge - 1ns;
    EXPECT_EQ(rig.send(old), "too_old");
    EXPECT_EQ(last_refusal(rig).detail,
              "the message is older than 10m; send it again under a new `id`");
    core::Command young = rig.command(verb, verb == Verb::start ? "r2" : "r1");
    young.sent = rig.now - core::kCommandMaxAge;
    EXPECT_NE(rig.send(young), "too_old");
  }
}

TEST(ShardCommand, WhatStopsOrAnswersNeverDoes) {
  ShardRig rig;
  rig.start("r1");
  core::Command abort = rig.command(Verb::abort);
  abort.sent = rig.now - 24h;
  EXPECT_EQ(rig.send(abort), "");
}

TEST(ShardCommand, ForNoRolloutIsRefusedInTheShardsStream) {
  ShardRig rig;
  EXPECT_EQ(rig.send(rig.command(Verb::abort, "nowhere")), "unknown_rollout");
  EXPECT_EQ(rig.events.back().stream, core::kShardStream);
  EXPECT_EQ(last_refusal(rig).command.rollout, "nowhere");
}

TEST(ShardCommand, ForAnEndedRolloutIsRefused) {
  ShardRig rig;
  rig.start("r1");
  rig.send(rig.command(Verb::abort));
  EXPECT_EQ(rig.send(rig.command(Verb::pause)), "finished");
  rig.recover();
  EXPECT_EQ(rig.send(rig.command(Verb::pause)), "finished");
}

TEST(ShardCommand, WithAWrongFieldIsRefusedAsItWasRead) {
  ShardRig rig;
  CommandInput input;
  input.command = rig.command(Verb::pause);
  input.invalid = "`for` must be a duration";
  rig.shard->command(input, rig.now);
  rig.commit();
  EXPECT_EQ(last_refusal(rig).reason, "invalid");
  EXPECT_EQ(last_refusal(rig).detail, "`for` must be a duration");
}

// ---- Outcomes -----------------------------------------------------------------------------------

TEST(ShardSettle, NeedsTheWholeIdOfTheEffect) {
  ShardRig rig;
  rig.start("r1");
  rig.start("r2", "mail");
  core::Command confirm = rig.command(Verb::confirm);
  for (const char* actor : {"ann", "bob"}) {
    confirm = rig.command(Verb::confirm);
    confirm.item = "Ready";
    confirm.role = "ops";
    confirm.actor = actor;
    rig.send(confirm);
  }
  const std::string id = rig.effect_id(core::EffectKind::checkpoint);
  ASSERT_EQ(id.substr(0, 3), "r1/");
  const std::string number = id.substr(3, id.rfind('/') - 3);
  const std::string digits = id.substr(id.rfind('/') + 1);
  std::string other = digits;
  other[0] = other[0] == '0' ? '1' : '0';
  for (const std::string& wrong :
       {"r1/" + number + "/" + other, "r1/" + number, "r1//" + digits, "r1/x/" + digits,
        "r1/1" + number + "/" + digits, std::string("r1"), std::string(),
        "r1/1234567890123456789/" + digits, "r2/" + number + "/" + digits}) {
    core::Command settle = rig.command(Verb::settle);
    settle.effect = wrong;
    EXPECT_EQ(rig.send(settle), "unknown_effect") << wrong;
  }
  EXPECT_EQ(rig.settle(id), "");
  EXPECT_EQ(rig.state(), "canary.shift");
}

TEST(ShardSettle, IsRememberedAcrossARestart) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  const std::string shift = rig.effect_id(core::EffectKind::traffic);
  rig.recover();
  EXPECT_EQ(rig.settle(shift), "settled");
  EXPECT_EQ(rig.state(), "canary.hold");
}

// ---- Attempts -----------------------------------------------------------------------------------

TEST(ShardRetry, NamesTheFirstAttemptByTheIdItWasSentUnder) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  rig.send(rig.command(Verb::abort));
  const std::string first = rig.effect_id(core::EffectKind::traffic);
  EXPECT_EQ(rig.outbox.back().payload, "");
  rig.recover();
  rig.pass(10s);
  const std::string second = rig.effect_id(core::EffectKind::traffic);
  EXPECT_NE(second, first);
  EXPECT_EQ(rig.retried(second), first);
}

// Its first attempt is not in the log yet when the turn is put together.
TEST(ShardRetry, NamesAnAttemptOfTheSameTurnToo) {
  ShardRig rig;
  rig.start("r1");
  rig.to_hold();
  for (const Verb verb : {Verb::rollback, Verb::abort}) {
    CommandInput input;
    input.command = rig.command(verb);
    rig.shard->command(input, rig.now);
  }
  rig.commit();
  const std::string first = rig.retried(rig.effect_id(core::EffectKind::traffic));
  EXPECT_TRUE(std::any_of(rig.outbox.begin(), rig.outbox.end(), [&](const OutboxRow& row) {
    return row.id == first;
  })) << first;
}

// ---- Where commands are read from ---------------------------------------------------------------

TEST(ShardCommand, ItsOffsetIsRememberedWithTheTurn) {
  ShardRig rig;
  CommandInput input;
  input.command = rig.command(Verb::abort, "nowhere");
  input.position = core::SourceOffset{"commands", 0, 8};
  rig.shard->command(input, rig.now);
  rig.shard->command_read({"commands", 1, 3});
  rig.shard->command_read({"commands", 0, 5});  // never back
  rig.commit();
  rig.recover();
  const auto& offsets = rig.shard->command_offsets();
  ASSERT_EQ(offsets.size(), 2U);
  EXPECT_EQ(offsets[0], (core::SourceOffset{"commands", 0, 8}));
  EXPECT_EQ(offsets[1], (core::SourceOffset{"commands", 1, 3}));
}

// A topic that was made anew is read on from where it begins, after a restart too.
TEST(ShardCommand, BehindAGapCommandsGoOnWhereverThatIs) {
  ShardRig rig;
  rig.shard->command_read({"commands", 0, 8});
  rig.shard->commands_go_on({"commands", 0, 0});
  CommandInput input;
  input.command = rig.command(Verb::abort, "nowhere");
  input.position = core::SourceOffset{"commands", 0, 1};
  rig.shard->command(input, rig.now);
  rig.commit();
  rig.recover();
  const auto& offsets = rig.shard->command_offsets();
  ASSERT_EQ(offsets.size(), 1U);
  EXPECT_EQ(offsets[0], (core::SourceOffset{"commands", 0, 1}));
}

}  // namespace
}  // namespace rollbook::runtime::tests
