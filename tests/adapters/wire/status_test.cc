#include "adapters/wire/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/adapters/wire/sample.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;
using sample::kNow;

core::RolloutState in_review() {
  core::RolloutState state = sample::state(sample::kReview);
  state.questions = {
      {core::Sequence{41}, core::ItemIndex{0}, {}, {}},
      {core::Sequence{43}, core::ItemIndex{1}, {{"engineering_lead", "maria", true, 2}}, {0, 2}}};
  core::EffectState open;
  open.kind = core::EffectKind::traffic;
  open.to = core::kNoTraffic;
  open.rollback = true;
  open.attempts = 3;
  open.retry_at = kNow + 40s;
  state.effects[core::Sequence{40}] = open;
  return state;
}

TEST(Status, IsTheContractsObject) {
  const core::Machine machine = sample::machine();
  EXPECT_EQ(
      status_json(status_of(machine, in_review(), kNow)),
      R"({"rollout":"hal9-7f3k2q","runbook":"hal9_canary","service":"hal9","version":"sha256:41","state":"canary_25","phase":"review","step":"canary_25.review","outcome":null,"stage":{"name":"canary_25","index":2,"of":2,"weight":0.25},"settled_weight":0.25,"requested_weight":0.25,"observed_weight":0.25,"paused":false,"paused_until":null,"halted":false,"held_by":[],"sight":"live","hold":{"elapsed":"1h10m","remaining":"6h50m","running":true},"criteria":[{"id":"guard.stop[1]","text":"error_rate > 0.1% over 5m for 2m","verdict":"undecided","value":0.0124,"limit":0.001,"samples":15021,"pending":"1m10s","for":"2m","window":"5m","seen":"5m","source":"hal9.runbook:31:5"},{"id":"canary_25.expect[1]","text":"error_rate < 0.1% over 5m","verdict":"no_data","missing":"stale","value":null,"limit":0.001,"samples":0,"pending":null,"window":"5m","seen":"3m","source":"hal9.runbook:40:5"},{"id":"guard.stop[2]","text":"absent(requests) for 3m","verdict":"undecided","value":null,"limit":180,"samples":0,"pending":null,"for":"3m","source":"hal9.runbook:35:5"}],"waiting_for":[{"question":41,"kind":"confirm","item":"No user complaints","roles":["product_owner"],"needed":1,"answers":[],"options":["yes","no"],"deadline":"2026-01-06T09:00:00Z"},{"question":43,"kind":"decide","item":"verdict","roles":["engineering_lead","operations_lead"],"needed":2,"answers":[{"role":"engineering_lead","actor":"maria","answer":"investigate"}],"options":["proceed","investigate"],"deadline":null}],"effects":[{"sequence":40,"kind":"traffic","to":0,"rollback":true,"attempts":3,"again":"2026-01-05T10:00:40Z"}],"because":"all checks passed","last_sequence":42,"time":"2026-01-05T10:00:00Z"})");
}

TEST(Status, SaysUntilWhenStepsForwardWait) {
  core::Machine machine = sample::machine();
  constexpr std::uint8_t kTuesday = 2;
  machine.advance_only.hours = {
      {kTuesday, 9h, 17h, "UTC", {{core::kDistantPast, core::Duration::zero()}}, "Tue"}};
  const RolloutStatus status = status_of(machine, sample::state(sample::kReview), kNow);
  EXPECT_THAT(status_json(status), testing::HasSubstr(R"("opens":"2026-01-06T09:00:00Z")"));
  EXPECT_EQ(condition_text(status), "running, steps forward wait until 2026-01-06T09:00:00Z");
  const core::Time open = kNow + 24h;
  EXPECT_EQ(condition_text(status_of(machine, sample::state(sample::kReview), open)), "running");
}

TEST(Status, APageFits80ColumnsAndSaysHowToAnswer) {
  const core::Machine machine = sample::machine();
  EXPECT_EQ(status_text(status_of(machine, in_review(), kNow), {}),
            R"(hal9-7f3k2q  ? waiting for people
runbook   hal9_canary for hal9, version sha256:41
at        canary_25, stage 2 of 2, review
traffic   25% settled, 25% observed
because   all checks passed

waiting to settle
  • shift to 0% requested as hal9-7f3k2q/40, attempt 3, again in 40s

criteria
  · stop   error_rate > 0.1% over 5m for 2m
           undecided, at 1.24% in 15021 samples, pending 1m10s of 2m
  ? expect error_rate < 0.1% over 5m
           no data, stale, 3m of 5m seen
  · stop   absent(requests) for 3m
           undecided

waiting for
  ? 41 confirm "No user complaints" by product_owner, 23h left
    rollbook confirm hal9-7f3k2q "No user complaints" --role product_owner
  ? 43 decide "verdict" by all of engineering_lead, operations_lead
    maria (engineering_lead): investigate
    rollbook decide hal9-7f3k2q proceed|investigate --role engineering_lead|operations_lead
)");
}

TEST(Status, EachConditionHasItsWord) {
  const core::Machine machine = sample::machine();
  const auto head = [&](const core::RolloutState& state) {
    const std::string text = status_text(status_of(machine, state, kNow), {});
    return text.substr(13, text.find('\n') - 13);
  };
  core::RolloutState state = sample::state(sample::kHold);
  EXPECT_EQ(head(state), "✓ running");
  EXPECT_THAT(status_text(status_of(machine, state, kNow), {}),
              testing::HasSubstr("canary_25, stage 2 of 2, hold, 1h10m done, 6h50m left\n"));
  state.clocks[0].mark.reset();
  EXPECT_THAT(status_text(status_of(machine, state, kNow), {}),
              testing::HasSubstr("7h left (stands still)"));
  state.paused = true;
  EXPECT_EQ(head(state), "? paused");
  state.paused_until = kNow + 1h;
  EXPECT_EQ(head(state), "? paused until 2026-01-05T11:00:00Z");
  state.sight = core::Sight::catching_up;
  EXPECT_EQ(head(state), "? catching up");
  state.sight = core::Sight::unreachable;
  EXPECT_EQ(head(state), "✗ blind, the bus is out of reach");
  EXPECT_EQ(head(sample::state(sample::kBack)), "✗ rolling back");
  state = sample::state(sample::kOut);
  state.outcome = core::Outcome::rolled_back;
  state.breach = "error_rate > 0.1%";
  state.settled = core::kNoTraffic;
  EXPECT_EQ(head(state), "✗ rolled back");
  EXPECT_EQ(status_summary(status_of(machine, state, kNow)),
            "hal9-7f3k2q  hal9  rolled_back  0%  ✗ rolled back");
}

// A target that is back has a line of its own; what the others do has another reason.
TEST(Status, GivesTheReasonOfARollbackWhileItIsUnderWay) {
  const core::Machine machine = sample::machine();
  const auto why = [&](sample::StateNumber at) {
    core::RolloutState state = sample::state(at);
    state.because = "the last step";
    state.breach = "error_rate > 0.1%";
    const std::string text = status_text(status_of(machine, state, kNow), {});
    const std::size_t begin = text.find("because   ") + 10;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_EQ(why(sample::kBack), "error_rate > 0.1%");
  EXPECT_EQ(why(sample::kHold), "the last step");
  EXPECT_EQ(why(sample::kOut), "the last step");  // what ended it: its `because` has the breach
}

TEST(Status, SaysThatItIsHaltedAndWhatHoldsIt) {
  core::Machine machine = sample::machine();
  machine.criteria[0].kind = core::CriterionKind::pause;
  core::RolloutState state = in_review();
  state.readings[0].verdict = core::Verdict::fail;
  RolloutStatus status = status_of(machine, state, kNow);
  EXPECT_THAT(status_json(status),
              testing::HasSubstr(R"("held_by":["error_rate > 0.1% over 5m for 2m"])"));
  EXPECT_EQ(condition_text(status), "held by error_rate > 0.1% over 5m for 2m");
  state.halted = true;
  state.halted_because = "run `copy` failed";
  status = status_of(machine, state, kNow);
  EXPECT_THAT(status_json(status),
              testing::HasSubstr(R"("halted":true,"halted_because":"run `copy` failed")"));
  EXPECT_EQ(condition_text(status), "halted");
  EXPECT_THAT(status_text(status, {}), testing::HasSubstr("run `copy` failed"));
}

TEST(Status, TellsAConditionThatActsWithOthersOnly) {
  core::Machine machine = sample::machine();
  machine.criteria[0].part = true;
  const RolloutStatus status = status_of(machine, in_review(), kNow);
  EXPECT_THAT(status_json(status),
              testing::HasSubstr(R"(over 5m for 2m","part":true,"verdict":"undecided")"));
  EXPECT_THAT(status_text(status, {}),
              testing::HasSubstr("undecided, acts with its other conditions only"));
}

TEST(Status, TellsTheRequestsOfAHoldThatCountsThem) {
  core::Machine machine = sample::machine();
  core::Criterion enough;
  enough.id = "canary_25.hold.requests";
  enough.text = "500 requests";
  enough.kind = core::CriterionKind::enough;
  enough.measure = core::Measure::count;
  enough.window = core::WindowIndex{1};
  enough.limit = core::Fixed::from_int(500);
  machine.criteria.push_back(enough);
  machine.stages.back().enough = core::CriterionIndex{3};
  core::RolloutState state = in_review();
  state.readings.resize(machine.criteria.size());
  state.readings[3].value = core::Fixed::from_int(120);
  EXPECT_THAT(status_json(status_of(machine, state, kNow)),
              testing::HasSubstr(R"("running":true,"requests":120,"requests_needed":500})"));
}

TEST(Status, OfShiftsBackTheLastIsWaitedForAndAtTheEndNone) {
  const core::Machine machine = sample::machine();
  core::RolloutState state = in_review();
  core::EffectState again = state.effects.at(core::Sequence{40});
  again.attempts = 4;
  state.effects[core::Sequence{44}] = again;
  const RolloutStatus status = status_of(machine, state, kNow);
  ASSERT_EQ(status.effects.size(), 1U);
  EXPECT_EQ(status.effects.front().sequence, core::Sequence{44});
  state.outcome = core::Outcome::rolled_back;
  EXPECT_TRUE(status_of(machine, state, kNow).effects.empty());
}

TEST(Status, ARolloutThatHasNotEnteredItsMachineHasOneToo) {
  const core::Machine machine = sample::machine();
  core::RolloutState state;
  state.id = "r";
  const RolloutStatus status = status_of(machine, state, kNow);
  EXPECT_THAT(status_json(status), testing::HasSubstr(R"("state":"","phase":"none")"));
  EXPECT_THAT(status_text(status, {}), testing::HasSubstr("✓ running"));
}

TEST(Status, LongLinesBreakAtWords) {
  core::Machine machine = sample::machine();
  core::RolloutState state = sample::state(sample::kHold);
  state.because = "one two three four five six seven eight nine ten eleven";
  EXPECT_THAT(status_text(status_of(machine, state, kNow), {.width = 40, .colour = false}),
              testing::HasSubstr("because   one two three four five six\n"
                                 "          seven eight nine ten eleven\n"));
}

}  // namespace
}  // namespace rollbook::adapters
