// What is said outside where a runbook names targets; without any, nothing of it is there
// (event_test.cc, status_test.cc).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/wire/command_decoder.h"
#include "adapters/wire/command_encoder.h"
#include "adapters/wire/effect_json.h"
#include "adapters/wire/event_text.h"
#include "adapters/wire/status.h"
#include "tests/adapters/wire/sample.h"

namespace rollbook::adapters {
namespace {

using core::TargetIndex;
using core::Weight;
using testing::HasSubstr;

core::Machine machine() {
  core::Machine m = sample::machine();
  m.targets = {{"eu", "region", "eu", {}, {}, {}}, {"us", "region", "us", {}, {}, {}}};
  return m;
}

core::RolloutState state() {
  core::RolloutState s = sample::state(sample::kHold);
  s.targets.resize(2);
  s.targets[0].name = "eu";
  s.targets[0].breach = "error_rate > 1%";
  s.targets[0].back = true;
  s.targets[0].requested = Weight{};
  s.targets[0].settled = Weight{50'000'000};
  s.targets[1].name = "us";
  s.targets[1].settled = s.targets[1].requested = Weight{250'000'000};
  return s;
}

core::EffectRequested shift() {
  core::EffectRequested effect;
  effect.kind = core::EffectKind::traffic;
  effect.state = core::StateIndex{sample::kShift};
  effect.target = TargetIndex{1};
  effect.to = Weight{250'000'000};
  effect.order = 7;
  return effect;
}

TEST(Targets, AnEffectNamesTheOneThatIsShifted) {
  const core::Machine m = machine();
  const core::Event event{core::StreamId{1}, core::Sequence{45}, sample::kNow, core::Sequence{44},
                          shift()};
  EXPECT_THAT(effect_row("t", m, state(), event, {"0badcafe"}).payload,
              HasSubstr(R"("target":"us","order":7,"from":0,"to":0.25)"));
}

TEST(Targets, EventsNameThemAndTheirWeights) {
  const core::Machine m = machine();
  const EventContext context = sample::context(m);
  EXPECT_THAT(event_json(context, sample::stored(45, shift())),
              HasSubstr(R"("state":"canary_25.shift","target":"us","order":7)"));
  EXPECT_EQ(tell(context, sample::stored(45, shift())).text,
            "canary_25: shift us to 25% requested");
  core::RolloutFinished finished;
  finished.outcome = core::Outcome::rolled_back;
  finished.weight = Weight{250'000'000};
  finished.targets = {{"eu", Weight{}}, {"us", Weight{250'000'000}}};
  EXPECT_THAT(event_json(context, sample::stored(46, finished)),
              HasSubstr(R"("weight":0.25,"weights":{"eu":0,"us":0.25})"));
  EXPECT_EQ(tell(context, sample::stored(46, finished)).text, "rolled back at eu 0%, us 25%");
}

TEST(Targets, TheStatusHasAWeightForEach) {
  const core::Machine m = machine();
  const RolloutStatus status = status_of(m, state(), sample::kNow);
  EXPECT_THAT(
      status_json(status),
      HasSubstr(
          R"("targets":[{"name":"eu","settled_weight":0.05,"requested_weight":0,"observed_weight":null,"rolled_back":true,"because":"error_rate > 1%"},{"name":"us","settled_weight":0.25,"requested_weight":0.25,"observed_weight":null,"rolled_back":false}])"));
  EXPECT_THAT(status_text(status, {}),
              HasSubstr("traffic   eu: 5% settled, 0% requested, rolled back: error_rate > 1%\n"
                        "          us: 25% settled\n"));
  EXPECT_THAT(status_summary(status), HasSubstr("eu 5%, us 25%"));
}

TEST(Targets, AStartSaysTheWeightsThatWereChangedByHand) {
  core::Command start;
  start.key = {"test", "c-1"};
  start.runbook = "edition 1";
  start.weights = {{"eu", Weight{100'000'000}}, {"us", Weight{}}};
  const std::string json = encode(start);
  EXPECT_THAT(json, HasSubstr(R"("weights":{"eu":0.1,"us":0})"));
  const Incoming incoming = decode_command(json, {});
  const auto* decoded = std::get_if<core::Command>(&incoming);
  ASSERT_NE(decoded, nullptr);
  EXPECT_EQ(decoded->weights, start.weights);
}

}  // namespace
}  // namespace rollbook::adapters
