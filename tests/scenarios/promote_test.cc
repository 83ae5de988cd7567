// A hold that somebody ended: the record says so, and how much of it was watched.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Sequence;
using core::Verb;

std::string held(const std::string& hold) {
  return text_of({.stages = "stage canary {\n traffic 20%\n hold " + hold +
                            "\n within 4h otherwise rollback gradual\n}\n"});
}

// The last event of a kind.
template <class Body>
const core::Event* last(const Rehearsal& r) {
  const core::Event* found = nullptr;
  for (const core::Event& event : r.events()) {
    if (std::holds_alternative<Body>(event.body)) found = &event;
  }
  return found;
}
bool ran_out(const Rehearsal& r) {
  const auto hold = r.machine().stages[0].hold;
  for (const core::Event& event : r.events()) {
    const auto* fired = std::get_if<core::TimerFired>(&event.body);
    if (fired != nullptr && fired->clock == hold) return true;
  }
  return false;
}

TEST(Promote, IsWhatTheStepNames) {
  Rehearsal r(held("1h"));
  healthy(r);
  r.start();
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::promote), "");
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.because("succeeded"), "promoted by maria after 9m59s of 1h");
  EXPECT_EQ(last<core::Transitioned>(r)->cause, last<core::Commanded>(r)->sequence);
  EXPECT_FALSE(ran_out(r));
}

TEST(Promote, IsToldOfAStepThatHadToWaitToo) {
  Rehearsal r(held("1h"));
  healthy(r);
  r.start();
  r.run_for(10min);
  r.verb(Verb::pause);
  EXPECT_EQ(r.verb(Verb::promote), "");
  const Sequence promoted = last<core::Commanded>(r)->sequence;
  r.run_for(20min);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  r.crash();
  r.verb(Verb::resume);
  EXPECT_EQ(r.because("succeeded"), "promoted by maria after 9m59s of 1h");
  EXPECT_EQ(last<core::Transitioned>(r)->cause, promoted);
}

TEST(Promote, SaysWhatTheHoldHadNotSeen) {
  Rehearsal r(held("10m and 720000 requests at most 4h"));
  healthy(r);
  r.start();
  r.run_for(30min);
  EXPECT_EQ(r.verb(Verb::promote), "");
  EXPECT_EQ(r.because("succeeded"), "promoted by maria after 10m of 10m, before 720000 requests");
}

// Its own end then comes, and it was not watched for all that its clock has counted.
TEST(Promote, IsNotForgottenWhereTheHoldIsExtended) {
  Rehearsal r(held("1h"));
  healthy(r);
  r.start();
  r.run_for(10min);
  r.verb(Verb::pause);
  r.verb(Verb::promote);
  EXPECT_EQ(r.verb(Verb::extend, 20min), "");
  r.verb(Verb::resume);
  EXPECT_EQ(r.state(), "canary.hold.wait");
  r.run_to_end();
  EXPECT_EQ(r.because("succeeded"), "held for 29m59s of 1h20m, the rest was promoted");
  EXPECT_TRUE(ran_out(r));
}

TEST(Promote, OfAHoldThatTimeHasEndedChangesNothing) {
  Rehearsal r(text_of({.stages = R"(stage canary {
    traffic 20%
    hold 10m {
      run soak(phase: "a") within 1h
    }
    within 4h otherwise rollback gradual
  }
)"}));
  healthy(r);
  r.settles = [](const core::EffectRequested& effect) {
    return Rehearsal::Settlement{.never = effect.kind == core::EffectKind::run};
  };
  r.start();
  r.run_for(5min);
  EXPECT_EQ(r.verb(Verb::promote), "");
  r.run_for(15min);
  EXPECT_EQ(r.settle(r.last_effect(core::EffectKind::run), true), "");
  EXPECT_EQ(r.because("succeeded"), "held for 10m");
}

}  // namespace
}  // namespace rollbook::tests
