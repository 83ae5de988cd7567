#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/wire/effect_json.h"
#include "adapters/wire/event_json.h"
#include "adapters/wire/event_text.h"
#include "adapters/wire/json_fields.h"
#include "adapters/wire/json_syntax.h"
#include "adapters/wire/names.h"
#include "tests/adapters/wire/sample.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;
using core::CriterionIndex;
using core::Sequence;
using core::StateIndex;
using sample::kNow;
using sample::stored;

struct Case {
  runtime::StoredEvent event;
  std::string json;  // after rollout, sequence, time
  std::string sentence;
};

core::Command command(core::Verb verb) {
  core::Command c;
  c.key = {"ops/cli", "c-81"};
  c.verb = verb;
  c.rollout = "hal9-7f3k2q";
  c.actor = "maria";
  c.reason = "lunch";
  return c;
}

core::Reading breach() {
  core::Reading reading = sample::state(sample::kHold).readings[0];
  reading.verdict = core::Verdict::fail;
  return reading;
}

core::EffectRequested shift() {
  core::EffectRequested effect;
  effect.kind = core::EffectKind::traffic;
  effect.state = StateIndex{sample::kShift};
  effect.from = core::Weight{100'000'000};
  effect.to = core::Weight{250'000'000};
  effect.order = 1'767'607'200'000'000;
  effect.deadline = kNow + 5min;
  effect.cause_text = "all checks passed";
  return effect;
}

core::EffectRequested page() {
  core::EffectRequested effect;
  effect.kind = core::EffectKind::page;
  effect.state = StateIndex{sample::kBack};
  effect.channel = "oncall";
  effect.text = "Rolled back: errors";
  effect.severity = "high";
  effect.rollback = true;
  effect.cause_text = "error_rate > 0.1%";
  effect.criterion = CriterionIndex{0};
  return effect;
}

std::vector<Case> cases() {
  core::RolloutStarted started;
  started.rollout = "hal9-7f3k2q";
  started.service = "hal9";
  started.runbook = "hal9_canary";
  started.version = "sha256:41";
  started.digest = "ab12";
  started.limits = {10s, 10s, 150s, 5min};
  started.params = {{"limit", "0.1%"}};
  started.actor = "maria";
  started.reason = "release 41";
  started.command = {"ops/cli", "c-81"};

  core::Observed observed;
  observed.deltas = {{core::SeriesIndex{1},
                      core::Floor::guard,
                      {kNow, kNow - 1ms, core::Fixed::from_int(45), 45, {40, 5}}}};
  observed.seen = {{core::SeriesIndex{1}, kNow - 1ms, kNow}};
  observed.names = {{core::MetricIndex{1}, kNow}};
  observed.layouts = {{core::MetricIndex{1}, {core::Fixed{5'000'000}}}};
  observed.offsets = {{"metrics", 3, 82}};
  observed.stale = {core::SeriesIndex{2}};
  observed.late = 2;

  core::Command pause = command(core::Verb::pause);
  pause.duration = 2h;
  core::Command rollback = command(core::Verb::rollback);
  rollback.how = core::RollbackHow::gradual;
  core::Command settle = command(core::Verb::settle);
  settle.effect = "hal9-7f3k2q/40/0badcafe";
  core::Command vote = command(core::Verb::decide);
  vote.option = "proceed";
  vote.role = "engineering_lead";
  vote.question = 41;

  core::EffectRequested run = shift();
  run.kind = core::EffectKind::run;
  run.name = "validation_suite";
  run.arguments = {{"phase", "canary-25"}};
  core::EffectRequested again = shift();
  again.rollback = true;
  again.to = core::kNoTraffic;
  again.retry_of = Sequence{40};

  core::Observed refusing;
  refusing.clashes = {{core::SeriesIndex{1}, kNow}};
  refusing.refused = 3;
  return {
      {stored(1, started),
       R"("type":"rollout_started","service":"hal9","runbook":"hal9_canary","version":"sha256:41","digest":"ab12","weight":0,"params":{"limit":"0.1%"},"actor":"maria","reason":"release 41","command":"c-81","semantics":1,"grace":"10s","skew":"10s","stale_after":"2m30s","effect_deadline":"5m")",
       "• started hal9_canary for hal9 at 0% by maria: release 41"},
      {stored(42, observed),
       R"("type":"observed","deltas":[{"metric":"requests","arm":"canary","end":"2026-01-05T10:00:00Z","latest":"2026-01-05T09:59:59.999Z","value":45,"samples":45,"buckets":[40,5]}],"seen":[{"metric":"requests","arm":"canary","watermark":"2026-01-05T09:59:59.999Z","arrival":"2026-01-05T10:00:00Z"}],"names":[{"metric":"requests","at":"2026-01-05T10:00:00Z"}],"layouts":[{"metric":"requests","bounds":[0.005]}],"offsets":[{"topic":"metrics","partition":3,"next":82}],"stale":[{"metric":"requests","arm":"baseline"}],"late":2,"quarantined":0)",
       "· looked at 1 pane, 1 series stale, 2 points late"},
      {stored(43, refusing),
       R"("type":"observed","deltas":[],"seen":[],"offsets":[],"late":0,"quarantined":0,"refused":3,"two_senders":[{"metric":"requests","arm":"canary","at":"2026-01-05T10:00:00Z"}])",
       "· looked at 0 panes, 3 refused"},
      {stored(42, core::VerdictChanged{CriterionIndex{0}, breach()}, 41),
       R"("type":"verdict_changed","cause":41,"criterion":"guard.stop[1]","source":"hal9.runbook:31:5","verdict":"fail","value":0.0124,"limit":0.001,"window":"5m","samples":15021,"text":"error_rate > 0.1% over 5m for 2m","at":"2026-01-05T10:00:00Z","pending":"1m10s")",
       "✗ guard.stop[1] fail: error_rate > 0.1% over 5m for 2m: 1.24% in 15021 samples, "
       "hal9.runbook:31:5"},
      {stored(42, core::VerdictChanged{CriterionIndex{1}, sample::state(0).readings[1]}),
       R"("type":"verdict_changed","criterion":"canary_25.expect[1]","source":"hal9.runbook:40:5","verdict":"no_data","missing":"stale","value":null,"limit":0.001,"window":"5m","samples":0,"text":"error_rate < 0.1% over 5m","seen":"3m")",
       "· canary_25.expect[1] no data (stale): error_rate < 0.1% over 5m, hal9.runbook:40:5"},
      {stored(43,
              core::Transitioned{core::TransitionIndex{0}, StateIndex{sample::kHold},
                                 StateIndex{sample::kBack}, "too many errors"},
              42),
       R"("type":"transitioned","cause":42,"from":"canary_25.hold","to":"rollback.automatic","because":"too many errors","label":"error_rate > 0.1% over 5m for 2m","source":"hal9.runbook:31:5")",
       "• canary_25.hold → rollback.automatic: too many errors"},
      {stored(44, core::TimerFired{core::ClockIndex{0}}),
       R"("type":"timer_fired","timer":"canary_25.hold")", "· canary_25.hold has run out"},
      {stored(45, shift(), 44),
       R"("type":"effect_requested","cause":44,"effect":"hal9-7f3k2q/45/0badcafe","kind":"traffic","state":"canary_25.shift","order":1767607200000000,"from":0.1,"to":0.25,"rollback":false,"deadline":"2026-01-05T10:05:00Z","because":"all checks passed")",
       "• canary_25: shift to 25% requested"},
      {stored(45, again),
       R"("type":"effect_requested","effect":"hal9-7f3k2q/45/0badcafe","kind":"traffic","state":"canary_25.shift","order":1767607200000000,"from":0.1,"to":0,"rollback":true,"deadline":"2026-01-05T10:05:00Z","retry_of":"hal9-7f3k2q/40/0badcafe","because":"all checks passed")",
       "• canary_25: shift back to 0% requested again"},
      {stored(45, run),
       R"("type":"effect_requested","effect":"hal9-7f3k2q/45/0badcafe","kind":"run","state":"canary_25.shift","name":"validation_suite","arguments":{"phase":"canary-25"},"deadline":"2026-01-05T10:05:00Z","because":"all checks passed")",
       "• canary_25: run validation_suite(phase: canary-25) requested"},
      {stored(46, page()),
       R"("type":"effect_requested","effect":"hal9-7f3k2q/46/0badcafe","kind":"page","state":"rollback.automatic","channel":"oncall","text":"Rolled back: errors","severity":"high","rollback":true,"because":"error_rate > 0.1%","criterion":"guard.stop[1]","source":"hal9.runbook:31:5")",
       "• rollback.automatic: page oncall requested: Rolled back: errors"},
      {stored(47, core::EffectDelivered{Sequence{40}}),
       R"("type":"effect_delivered","effect":"hal9-7f3k2q/40/0badcafe")",
       "· canary_25: shift to 25% delivered"},
      {stored(48,
              core::EffectSettled{Sequence{40}, core::EffectOutcome::succeeded, "", "{\"a\":1}"}),
       R"("type":"effect_settled","effect":"hal9-7f3k2q/40/0badcafe","outcome":"succeeded","result":{"a":1})",
       "✓ canary_25: shift to 25% settled"},
      {stored(48,
              core::EffectSettled{Sequence{40}, core::EffectOutcome::timed_out, "no settle", ""}),
       R"("type":"effect_settled","effect":"hal9-7f3k2q/40/0badcafe","outcome":"timed_out","detail":"no settle")",
       "✗ canary_25: shift to 25% timed out: no settle"},
      {stored(49, core::Commanded{pause}),
       R"("type":"commanded","command":"c-81","command_source":"ops/cli","verb":"pause","actor":"maria","reason":"lunch","for":"2h")",
       "• pause by maria for 2h: lunch"},
      {stored(49, core::Commanded{rollback}),
       R"("type":"commanded","command":"c-81","command_source":"ops/cli","verb":"rollback","actor":"maria","reason":"lunch","how":"gradual","to":0)",
       "• rollback by maria: lunch"},
      {stored(49, core::Commanded{settle}),
       R"("type":"commanded","command":"c-81","command_source":"ops/cli","verb":"settle","actor":"maria","reason":"lunch","effect":"hal9-7f3k2q/40/0badcafe","outcome":"succeeded")",
       "· settle of hal9-7f3k2q/40/0badcafe"},
      {stored(49, core::Commanded{vote}),
       R"("type":"commanded","command":"c-81","command_source":"ops/cli","verb":"decide","actor":"maria","reason":"lunch","role":"engineering_lead","option":"proceed","question":41)",
       "• decide by maria: lunch"},
      {stored(50, core::Rejected{command(core::Verb::promote), "not_in_hold", "only a hold"}),
       R"("type":"rejected","command":"c-81","command_source":"ops/cli","verb":"promote","actor":"maria","reason":"not_in_hold","detail":"only a hold")",
       "✗ rejected promote by maria as not_in_hold: only a hold"},
      {stored(51, core::Asked{core::ItemIndex{0}, kNow + 24h, {}}, 43),
       R"("type":"asked","cause":43,"question":51,"kind":"confirm","item":"No user complaints","roles":["product_owner"],"needed":1,"options":["yes","no"],"deadline":"2026-01-06T10:00:00Z","source":"hal9.runbook:42:3")",
       "? question 51: confirm \"No user complaints\", asked of product_owner, until "
       "2026-01-06T10:00:00Z"},
      {stored(51, core::Asked{core::ItemIndex{1}, {}, {0, 2}}),
       R"("type":"asked","question":51,"kind":"decide","item":"verdict","roles":["engineering_lead","operations_lead"],"needed":2,"options":["proceed","investigate"],"deadline":null)",
       "? question 51: decide \"verdict\", asked of all of engineering_lead, operations_lead"},
      {stored(52, core::Confirmed{Sequence{41}, "product_owner", "otto", false}),
       R"("type":"confirmed","question":41,"item":"verdict","role":"product_owner","actor":"otto","answer":"no")",
       "✗ otto (product_owner) says no to \"verdict\""},
      {stored(53, core::Decided{Sequence{41}, "engineering_lead", "maria", 2}),
       R"("type":"decided","question":41,"item":"verdict","role":"engineering_lead","actor":"maria","option":"investigate")",
       "• maria (engineering_lead) votes investigate on \"verdict\""},
      {stored(54, core::Paused{kNow + 2h}), R"("type":"paused","until":"2026-01-05T12:00:00Z")",
       "• paused until 2026-01-05T12:00:00Z"},
      {stored(54, core::Paused{}), R"("type":"paused","until":null)", "• paused"},
      {stored(54, core::Paused{std::nullopt, true, "run `copy` failed"}),
       R"("type":"paused","until":null,"halted":true,"because":"run `copy` failed")",
       "✗ halted: run `copy` failed"},
      {stored(55, core::Resumed{}), R"("type":"resumed")", "• resumed"},
      {stored(56, core::RolloutFinished{core::Outcome::rolled_back, core::kNoTraffic, "errors"}),
       R"("type":"rollout_finished","outcome":"rolled_back","weight":0,"because":"errors")",
       "✗ rolled back at 0%: errors"},
      {stored(56, core::RolloutFinished{core::Outcome::succeeded, core::kAllTraffic, ""}),
       R"("type":"rollout_finished","outcome":"succeeded","weight":1)", "✓ succeeded at 100%"},
      {stored(57, core::EngineGap{kNow, kNow + 6min}),
       R"("type":"engine_gap","from":"2026-01-05T10:00:00Z","to":"2026-01-05T10:06:00Z")",
       "• the engine was away for 6m"},
      {stored(58, core::ClockStep{-1h}), R"("type":"clock_step","by":"-1h")",
       "• the wall clock stepped by -1h"},
      {stored(59, core::SourceStatus{"bus", core::Sight::unreachable}),
       R"("type":"source_status","input":"bus","status":"unreachable")", "✗ bus is out of reach"},
      {stored(60, core::SourceGap{"metrics", 3, 5, 9}),
       R"("type":"source_gap","topic":"metrics","partition":3,"from":5,"to":9)",
       "✗ offsets 5 to 8 of metrics/3 are gone"},
  };
}

EventContext context_with_recall(const core::Machine& machine) {
  EventContext context = sample::context(machine);
  context.recall = [](Sequence sequence) -> std::optional<runtime::StoredEvent> {
    if (sequence.value == 40) return stored(40, shift());
    if (sequence.value == 41) return stored(41, core::Asked{core::ItemIndex{1}, {}, {}});
    return std::nullopt;
  };
  return context;
}

TEST(EventJson, EveryKindIsTheContractsFlatObject) {
  const core::Machine machine = sample::machine();
  const EventContext context = context_with_recall(machine);
  std::vector<bool> seen(std::variant_size_v<core::Body>);
  for (const Case& c : cases()) {
    seen[c.event.event.body.index()] = true;
    const std::string head = R"({"rollout":"hal9-7f3k2q","sequence":)" +
                             std::to_string(c.event.event.sequence.value) +
                             R"(,"time":"2026-01-05T10:00:00Z",)";
    EXPECT_EQ(event_json(context, c.event), head + c.json + "}");
  }
  EXPECT_THAT(seen, testing::Each(true)) << "a kind of event without a case";
}

TEST(EventText, EveryKindIsASentence) {
  const core::Machine machine = sample::machine();
  const EventContext context = context_with_recall(machine);
  for (const Case& c : cases()) {
    const Sentence sentence = tell(context, c.event);
    EXPECT_EQ(std::string(glyph(sentence.tone)) + " " + sentence.text, c.sentence);
  }
}

TEST(EventJson, NothingIsLostWithoutAMachineOrAMemory) {
  const EventContext bare{"r", "", "", nullptr, {}};
  for (const Case& c : cases()) {
    EXPECT_FALSE(find_syntax_error(event_json(bare, c.event))) << event_json(bare, c.event);
    EXPECT_FALSE(tell(bare, c.event).text.empty());
  }
  EXPECT_EQ(
      event_json(bare, stored(48, core::EffectDelivered{Sequence{40}})),
      R"({"rollout":"r","sequence":48,"time":"2026-01-05T10:00:00Z","type":"effect_delivered","effect":"r/40"})");
  EXPECT_EQ(tell(bare, stored(48, core::EffectDelivered{Sequence{40}})).text,
            "effect 40 delivered");
}

TEST(EventJson, ARefusalOfTheShardIsToldUnderTheNameItGave) {
  core::Command abort = command(core::Verb::abort);
  abort.rollout = "nobody";
  const EventContext shard;
  const auto message = event_message("rollbook.events", shard,
                                     stored(7, core::Rejected{abort, "unknown_rollout", "no"}));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->key, "nobody");
  EXPECT_EQ(message->id, "nobody/7/0badcafe");
}

// A rollout of that name has an event 7 of its own, or will have.
TEST(EventJson, ARefusalOfTheShardHasNoSequenceOfTheRollout) {
  core::Command start = command(core::Verb::start);
  start.rollout = "hal9-7f3k2q";
  const auto refused = stored(7, core::Rejected{start, "exists", "no"});
  const auto message = event_message("rollbook.events", EventContext{}, refused);
  ASSERT_TRUE(message);
  EXPECT_EQ(
      message->payload,
      R"({"specversion":"1.0","id":"hal9-7f3k2q/7/0badcafe","source":"rollbook/engine","type":"dev.rollbook.rejected","subject":"hal9-7f3k2q","time":"2026-01-05T10:00:00Z","datacontenttype":"application/json","data":{"rollout":"hal9-7f3k2q","shard_sequence":7,"time":"2026-01-05T10:00:00Z","type":"rejected","command":"c-81","command_source":"ops/cli","verb":"start","actor":"maria","reason":"exists","detail":"no"}})");
  EXPECT_EQ(tell(EventContext{}, refused).text,
            "rejected start of hal9-7f3k2q by maria as exists: no");
  const core::Machine machine = sample::machine();
  EXPECT_EQ(tell(sample::context(machine), refused).text, "rejected start by maria as exists: no");
}

TEST(EventMessage, IsTheContractsCloudEvent) {
  const core::Machine machine = sample::machine();
  const EventContext context = sample::context(machine);
  const auto message = event_message("rollbook.events", context, stored(42, core::Resumed{}, 41));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->topic, "rollbook.events");
  EXPECT_EQ(message->key, "hal9-7f3k2q");
  EXPECT_EQ(message->id, "hal9-7f3k2q/42/0badcafe");
  EXPECT_EQ(message->type, "dev.rollbook.resumed");
  EXPECT_EQ(
      message->payload,
      R"({"specversion":"1.0","id":"hal9-7f3k2q/42/0badcafe","source":"rollbook/engine","type":"dev.rollbook.resumed","subject":"hal9-7f3k2q","time":"2026-01-05T10:00:00Z","sequence":"00000000000000000042","datacontenttype":"application/json","data":{"rollout":"hal9-7f3k2q","sequence":42,"time":"2026-01-05T10:00:00Z","type":"resumed","cause":41}})");
  EXPECT_FALSE(event_message("rollbook.events", context, stored(42, core::Observed{})));
}

TEST(EventText, WhatIsMissingIsSaidInWords) {
  const core::Machine machine = sample::machine();
  core::Reading reading;
  reading.verdict = core::Verdict::no_data;
  const std::pair<core::Missing, const char*> table[] = {
      {core::Missing::no_series, "no series yet"},
      {core::Missing::no_arm, "no series of this arm"},
      {core::Missing::stale, "stale"},
      {core::Missing::no_traffic, "no traffic"},
      {core::Missing::too_few, "too few requests"}};
  for (const auto& [missing, words] : table) {
    reading.missing = missing;
    EXPECT_THAT(
        tell(sample::context(machine), stored(42, core::VerdictChanged{CriterionIndex{0}, reading}))
            .text,
        testing::HasSubstr("no data (" + std::string(words) + ")"));
  }
}

TEST(EventText, AnyTextFromOutsideStaysOnItsLine) {
  core::Command pause = command(core::Verb::pause);
  pause.reason = "a\n\x1b[2Jb";
  const core::Machine machine = sample::machine();
  EXPECT_EQ(log_line(sample::context(machine), stored(42, core::Commanded{pause}), false),
            "2026-01-05T10:00:00Z     42  • pause by maria: a??[2Jb");
  EXPECT_EQ(
      log_line(sample::context(machine), stored(42, core::TimerFired{core::ClockIndex{0}}), true),
      "2026-01-05T10:00:00Z     42  \x1b[2m· canary_25.hold has run out\x1b[0m");
}

TEST(EventText, ASettleThatFailedSaysWhy) {
  core::Command settle = command(core::Verb::settle);
  settle.effect = "r1/29/b5be3ab0";
  settle.succeeded = false;
  settle.detail = "too large";
  const core::Machine machine = sample::machine();
  EXPECT_EQ(tell(sample::context(machine), stored(42, core::Commanded{settle})).text,
            "settle of r1/29/b5be3ab0 as failed: too large");
}

// ---- Effects ------------------------------------------------------------------------------

TEST(EffectJson, ATrafficEffectIsTheContracts) {
  const core::Machine machine = sample::machine();
  const auto event = stored(45, shift(), 44);
  const runtime::OutboxRow row = effect_row(
      "rollbook.effects", machine, sample::state(sample::kShift), event.event, {event.hash});
  EXPECT_EQ(row.topic, "rollbook.effects");
  EXPECT_EQ(row.key, "hal9-7f3k2q");
  EXPECT_EQ(row.id, "hal9-7f3k2q/45/0badcafe");
  EXPECT_EQ(row.type, "dev.rollbook.effect.traffic");
  EXPECT_TRUE(row.forward);
  EXPECT_EQ(row.stream, core::StreamId{1});
  EXPECT_EQ(row.sequence, Sequence{45});
  EXPECT_EQ(
      row.payload,
      R"({"specversion":"1.0","id":"hal9-7f3k2q/45/0badcafe","source":"rollbook/engine","type":"dev.rollbook.effect.traffic","subject":"hal9-7f3k2q","time":"2026-01-05T10:00:00Z","datacontenttype":"application/json","data":{"rollout":"hal9-7f3k2q","service":"hal9","version":"sha256:41","runbook":"hal9_canary","effect":"hal9-7f3k2q/45/0badcafe","state":"canary_25.shift","cause":{"sequence":44,"text":"all checks passed"},"target":"","order":1767607200000000,"from":0.1,"to":0.25,"arms":{"flat":0.75,"hierarchical":0.25},"rollback":false,"deadline":"2026-01-05T10:05:00Z"}})");
}

TEST(EffectJson, EveryKindHasItsOwnFields) {
  const core::Machine machine = sample::machine();
  const auto data = [&](const core::EffectRequested& effect) {
    const auto event = stored(45, effect, 44);
    const auto row = effect_row("t", machine, sample::state(sample::kBack), event.event,
                                {event.hash, "1badcafe"});
    const std::size_t at = row.payload.find(R"("text":"error_rate > 0.1%"})");
    return row.payload.substr(row.payload.find(',', at) + 1);
  };
  core::EffectRequested effect = page();
  EXPECT_EQ(
      data(effect),
      R"("channel":"oncall","text":"Rolled back: errors","severity":"high","evidence":{"criterion":"guard.stop[1]","source":"hal9.runbook:31:5","verdict":"undecided","value":0.0124,"limit":0.001,"window":"5m","samples":15021,"text":"error_rate > 0.1% over 5m for 2m","at":"2026-01-05T10:00:00Z","pending":"1m10s"}}})");
  // Of two conditions that acted together both are told.
  core::Machine joined = machine;
  joined.criteria[0].part = true;
  joined.transitions.emplace_back();
  joined.transitions.back().trigger.kind = core::TriggerKind::stop;
  joined.transitions.back().trigger.criterion = core::CriterionIndex{0};
  joined.transitions.back().trigger.also = {core::CriterionIndex{2}};
  const auto both = effect_row("t", joined, sample::state(sample::kBack),
                               stored(45, effect, 44).event, {"0badcafe"});
  EXPECT_NE(both.payload.find(R"("pending":"1m10s","and":[{"criterion":"guard.stop[2]")"),
            std::string::npos)
      << both.payload;
  effect.criterion = {};
  effect.kind = core::EffectKind::incident;
  effect.name = "incident";
  effect.channel = "";
  EXPECT_EQ(data(effect),
            R"("name":"incident","channel":"","text":"Rolled back: errors","severity":"high"}})");
  effect.kind = core::EffectKind::run;
  effect.name = "validation_suite";
  effect.arguments = {{"phase", "canary-25"}};
  effect.deadline = kNow + 1h;
  EXPECT_EQ(
      data(effect),
      R"("action":"validation_suite","arguments":{"phase":"canary-25"},"deadline":"2026-01-05T11:00:00Z"}})");
  effect.kind = core::EffectKind::start;
  effect.tracked = true;
  EXPECT_EQ(
      data(effect),
      R"("action":"validation_suite","arguments":{"phase":"canary-25"},"settle":true,"deadline":"2026-01-05T11:00:00Z"}})");
  effect.kind = core::EffectKind::checkpoint;
  effect.name = "pre-canary";
  effect.retry_of = Sequence{40};
  EXPECT_EQ(
      data(effect),
      R"("name":"pre-canary","deadline":"2026-01-05T11:00:00Z","retry_of":"hal9-7f3k2q/40/1badcafe"}})");
}

TEST(EffectJson, OnlyStepsForwardMayBeTakenBack) {
  const core::Machine machine = sample::machine();
  const auto forward = [&](core::EffectKind kind, bool rollback) {
    core::EffectRequested effect = shift();
    effect.kind = kind;
    effect.rollback = rollback;
    return effect_row("t", machine, sample::state(sample::kShift), stored(45, effect).event, {"0"})
        .forward;
  };
  EXPECT_TRUE(forward(core::EffectKind::traffic, false));
  EXPECT_FALSE(forward(core::EffectKind::traffic, true));
  EXPECT_TRUE(forward(core::EffectKind::run, false));
  EXPECT_TRUE(forward(core::EffectKind::checkpoint, false));
  EXPECT_FALSE(forward(core::EffectKind::stop, false));
  EXPECT_FALSE(forward(core::EffectKind::page, false));
  EXPECT_FALSE(forward(core::EffectKind::notify, true));
}

TEST(EventJson, AGatesEvidenceHasTheContraryAlsoWhereItIsNothing) {
  const core::Machine machine = sample::machine();
  core::Reading reading;
  reading.evidence = core::Evidence{};
  reading.evidence->test = core::Test::proportion;
  reading.evidence->alpha = core::Fixed{50'000'000};
  const auto json_of = [&](std::uint32_t criterion) {
    const core::VerdictChanged changed{core::CriterionIndex{criterion}, reading};
    return event_json(sample::context(machine), sample::stored(7, changed));
  };
  constexpr std::uint32_t kStop = 0, kExpect = 1;
  EXPECT_THAT(json_of(kExpect), testing::HasSubstr(R"("log_e":0,"log_e_contrary":0,"needed":)"));
  EXPECT_THAT(json_of(kStop), testing::Not(testing::HasSubstr("log_e_contrary")));
}

}  // namespace
}  // namespace rollbook::adapters
