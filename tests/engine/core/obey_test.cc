// Commands: who may do what when, and every refusal with its reason.

#include <gtest/gtest.h>

#include "tests/engine/stage_machine.h"

namespace rollbook::core::tests {
namespace {

const char* const kStates[] = {"preflight",     "setup",      "canary.shift",
                               "canary.hold",   "canary.run", "canary.review",
                               "canary.decide", "rollback",   "gradual"};

// Asserts that the command is refused for that reason, and moves nothing.
void refused(Drive& drive, const Command& command, const std::string& reason) {
  const StateIndex active = drive.state.active;
  if (!drive.pending.empty()) drive.give(Look{true});  // evidence goes before anything else
  const std::size_t before = drive.events.size();
  EXPECT_EQ(drive.obey(command), reason);
  EXPECT_EQ(drive.state.active, active);
  EXPECT_EQ(drive.events.size(), before + 1);
  EXPECT_TRUE(drive.state.commands.contains(command.key));
  EXPECT_TRUE(drive.shard.commands.contains(command.key));
}

// ---- Answers ----------------------------------------------------------------------------------

TEST(ObeyConfirm, NeedsAnOpenQuestionOfThatTextOrNumber) {
  Drive drive;
  drive.to("canary.review");
  Command command = drive.command(Verb::confirm);
  command.role = "ops";
  command.item = "No complaint";
  refused(drive, command, "no_question");
  command = drive.command(Verb::confirm);
  command.role = "ops";
  command.item = "No complaints";
  command.question = drive.state.questions[0].number.value - 1;
  refused(drive, command, "no_question");
  EXPECT_NE(drive.last<Rejected>().detail.find("of number"), std::string::npos);
  command = drive.command(Verb::confirm);
  command.item = "verdict";
  refused(drive, command, "no_question");
}

TEST(ObeyConfirm, ANumberAloneIsEnough) {
  Drive drive;
  drive.to("canary.review");
  Command command = drive.command(Verb::confirm);
  command.question = drive.state.questions[0].number.value;
  EXPECT_EQ(drive.obey(command), "");  // one role is asked: it need not be said
  EXPECT_EQ(drive.last<Confirmed>().role, "ops");
  EXPECT_EQ(drive.name(), "succeeded");
}

TEST(ObeyConfirm, NeedsTheRoleAndAnActor) {
  Drive drive;
  drive.to("preflight");
  EXPECT_EQ(drive.confirm("Ready", "qa", "ann"), "role");
  EXPECT_EQ(drive.last<Rejected>().detail, "role `qa` is not asked; asked is `dev`, `ops`");
  EXPECT_EQ(drive.confirm("Ready", "", "ann"), "role");
  EXPECT_EQ(drive.confirm("Ready", "dev", ""), "invalid");
}

TEST(ObeyConfirm, OnePersonStandsForOneRole) {
  Drive drive;
  drive.to("preflight");
  EXPECT_EQ(drive.confirm("Ready", "dev", "ann"), "");
  EXPECT_EQ(drive.confirm("Ready", "ops", "ann"), "same_person");
  EXPECT_EQ(drive.confirm("Ready", "dev", "ann"), "");  // may say it again
  EXPECT_EQ(drive.name(), "preflight");
  EXPECT_EQ(drive.confirm("Ready", "dev", "bob"), "");
  EXPECT_EQ(drive.name(), "setup");
}

TEST(ObeyConfirm, NoIsANo) {
  Drive drive;
  drive.to("preflight");
  EXPECT_EQ(drive.confirm("Ready", "dev", "ann", false), "");
  EXPECT_EQ(drive.name(), "aborted");
  EXPECT_EQ(drive.last<RolloutFinished>().outcome, Outcome::aborted);
}

TEST(ObeyDecide, NeedsAnOpenDecisionAndAnOfferedOption) {
  Drive drive;
  drive.to("canary.review");
  EXPECT_EQ(drive.decide("proceed", "dev", "ann"), "no_question");
  drive.confirm("No complaints", "ops", "bob", false);
  EXPECT_EQ(drive.decide("sideways", "dev", "ann"), "option");
  EXPECT_EQ(drive.last<Rejected>().detail,
            "option `sideways` is not offered; offered is `proceed`, `longer`, `back`");
  EXPECT_EQ(drive.decide("proceed", "qa", "ann"), "role");
  EXPECT_EQ(drive.decide("proceed", "", "ann"), "role");
  EXPECT_EQ(drive.decide("proceed", "dev", "ann"), "");
  EXPECT_EQ(drive.decide("proceed", "ops", "ann"), "same_person");
}

TEST(ObeyDecide, TakesALateAnswerForNoQuestion) {
  Drive drive;
  drive.to("canary.decide");
  const std::uint64_t old = drive.state.questions[0].number.value;
  drive.decide("longer", "dev", "ann");
  drive.decide("longer", "ops", "bob");
  EXPECT_EQ(drive.name(), "canary.hold");
  Command late = drive.command(Verb::decide);
  late.option = "proceed";
  late.role = "dev";
  late.question = old;
  refused(drive, late, "no_question");
}

TEST(ObeyDecide, AnExtensionThatIsUsedUpIsNotOffered) {
  Drive drive;
  drive.to("canary.decide");
  for (int i = 0; i < 2; ++i) {
    drive.decide("longer", "dev", "ann");
    drive.decide("longer", "ops", "bob");
    EXPECT_EQ(drive.name(), "canary.hold");
    EXPECT_TRUE(drive.state.questions.empty());
    for (int minute = 0; minute < 60; ++minute) {
      drive.pass(1min);
      drive.traffic(6000, 6);
    }
    drive.pass(10s);
    drive.settle_all();
    EXPECT_EQ(drive.name(), "canary.review");
    drive.confirm("No complaints", "ops", "bob", false);
  }
  EXPECT_EQ(drive.name(), "canary.decide");
  EXPECT_EQ(drive.last<Asked>().offered, (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(drive.decide("longer", "dev", "ann"), "option");
}

// ---- Holding ----------------------------------------------------------------------------------

TEST(ObeyPause, IsTakenInEveryStateAndResumeOnlyWhenPaused) {
  for (const char* name : kStates) {
    Drive drive;
    drive.to(name);
    refused(drive, drive.command(Verb::resume), "not_paused");
    EXPECT_EQ(drive.obey(drive.command(Verb::pause)), "") << name;
    EXPECT_TRUE(drive.state.paused);
    EXPECT_EQ(drive.state.paused_until, std::nullopt);
    EXPECT_EQ(drive.obey(drive.command(Verb::resume)), "") << name;
    EXPECT_FALSE(drive.state.paused);
  }
}

TEST(ObeyPause, ForADurationEndsByItself) {
  Drive drive;
  drive.to("canary.hold");
  Command pause = drive.command(Verb::pause);
  pause.duration = 20min;
  drive.obey(pause);
  const Time from = drive.now;
  const Duration held = drive.state.clocks[kHold.value].elapsed;
  drive.now = from + 20min - 1ns;
  drive.tick();
  EXPECT_TRUE(drive.state.paused);
  drive.now = from + 20min;
  drive.tick();
  EXPECT_FALSE(drive.state.paused);
  EXPECT_EQ(drive.count<Resumed>(), 1);
  EXPECT_EQ(drive.state.clocks[kHold.value].elapsed, held);
}

TEST(ObeyPromote, EndsAHoldAndNothingElse) {
  for (const char* name : kStates) {
    Drive drive;
    drive.to(name);
    if (name == std::string("canary.hold")) {
      EXPECT_EQ(drive.obey(drive.command(Verb::promote)), "");
      EXPECT_EQ(drive.name(), "canary.run");
    } else {
      refused(drive, drive.command(Verb::promote), "not_in_hold");
    }
  }
}

TEST(ObeyPromote, WaitsWhilePaused) {
  Drive drive;
  drive.to("canary.hold");
  drive.obey(drive.command(Verb::pause));
  EXPECT_EQ(drive.obey(drive.command(Verb::promote)), "");
  EXPECT_EQ(drive.name(), "canary.hold");
  drive.obey(drive.command(Verb::resume));
  EXPECT_EQ(drive.name(), "canary.run");
}

TEST(ObeyExtend, WorksInHoldAndReview) {
  for (const char* name : kStates) {
    Drive drive;
    drive.to(name);
    Command extend = drive.command(Verb::extend);
    extend.duration = 30min;
    const std::string state = name;
    if (state == "canary.hold" || state == "canary.review") {
      EXPECT_EQ(drive.obey(extend), "") << name;
      EXPECT_EQ(drive.name(), "canary.hold");
      EXPECT_EQ(drive.state.clocks[kHold.value].extra, 30min);
      EXPECT_EQ(drive.state.extensions[0], 1U);
      EXPECT_TRUE(drive.state.questions.empty());
    } else {
      refused(drive, extend, state == "canary.decide" ? "deciding" : "not_in_hold");
    }
  }
}

// One person does not wipe what several are asked, nor put its deadline off.
TEST(ObeyExtend, LeavesAnOpenDecisionToItsQuorum) {
  Drive drive;
  drive.to("canary.decide");
  const std::vector<Question> open = drive.state.questions;
  const auto clocks = drive.state.clocks;
  Command extend = drive.command(Verb::extend);
  extend.duration = 1h;
  refused(drive, extend, "deciding");
  EXPECT_EQ(drive.last<Rejected>().detail,
            "decision `verdict` is open, and only those it asks extend the stage: vote for its "
            "option `longer`");
  EXPECT_EQ(drive.name(), "canary.decide");
  EXPECT_EQ(drive.state.questions, open);
  EXPECT_EQ(drive.state.clocks, clocks);
  EXPECT_EQ(drive.state.extensions[0], 0U);
  EXPECT_EQ(drive.decide("longer", "dev", "ann"), "");
  EXPECT_EQ(drive.decide("longer", "ops", "bob"), "");
  EXPECT_EQ(drive.name(), "canary.hold");
}

TEST(ObeyExtend, NamesWhatADecisionOffersThatDoesNotExtend) {
  Drive drive;
  drive.machine.items[kVerdict.value].options[1] = {"stop", "Stop", OptionKind::halt, {}, 0};
  drive.to("canary.decide");
  Command extend = drive.command(Verb::extend);
  extend.duration = 1h;
  refused(drive, extend, "deciding");
  EXPECT_EQ(drive.last<Rejected>().detail,
            "decision `verdict` is open, and only those it asks extend the stage: it offers "
            "`proceed`, `stop`, `back`");
}

TEST(ObeyExtend, NeedsADurationAndHasAnEnd) {
  Drive drive;
  drive.to("canary.hold");
  refused(drive, drive.command(Verb::extend), "invalid");
  Command extend = drive.command(Verb::extend);
  extend.duration = 0s;
  refused(drive, extend, "invalid");
  for (int i = 0; i < 2; ++i) {
    extend = drive.command(Verb::extend);
    extend.duration = 1h;
    EXPECT_EQ(drive.obey(extend), "");
  }
  extend = drive.command(Verb::extend);
  extend.duration = 1h;
  refused(drive, extend, "used_up");
  EXPECT_EQ(drive.last<Rejected>().detail,
            "stage `canary` has been extended 2 times, at most 2 are allowed");
  drive.machine.stages[0].extend_at_most = 0;  // the runbook names none: the product's limit
  extend = drive.command(Verb::extend);
  extend.duration = 1h;
  EXPECT_EQ(drive.obey(extend), "");
}

// ---- Going back -------------------------------------------------------------------------------

Command back(const Drive& drive, RollbackHow how) {
  Command command = drive.command(Verb::rollback);
  command.how = how;
  return command;
}

TEST(ObeyRollback, GoesBackAtOnceOrGradually) {
  for (const char* name :
       {"canary.shift", "canary.hold", "canary.run", "canary.review", "canary.decide"}) {
    Drive at_once;
    at_once.to(name);
    EXPECT_EQ(at_once.obey(back(at_once, RollbackHow::immediate)), "") << name;
    EXPECT_EQ(at_once.name(), "rollback");
    EXPECT_EQ(at_once.state.because, "immediate rollback by maria");
    Drive gradually;
    gradually.to(name);
    EXPECT_EQ(gradually.obey(back(gradually, RollbackHow::gradual)), "") << name;
    EXPECT_EQ(gradually.name(), "gradual");
  }
}

TEST(ObeyRollback, NamesItsReason) {
  Drive drive;
  drive.to("canary.hold");
  Command command = back(drive, RollbackHow::immediate);
  command.reason = "bad feeling";
  drive.obey(command);
  EXPECT_EQ(drive.state.breach, "immediate rollback by maria: bad feeling");
  EXPECT_EQ(drive.requested(EffectKind::page).back().text,
            "Rolled back: immediate rollback by maria: bad feeling");
}

TEST(ObeyRollback, NeverGetsSofter) {
  Drive drive;
  drive.to("rollback");
  refused(drive, back(drive, RollbackHow::gradual), "softer");
  Drive gradual;
  gradual.to("gradual");
  refused(gradual, back(gradual, RollbackHow::gradual), "already");
  EXPECT_EQ(gradual.obey(back(gradual, RollbackHow::immediate)), "");
  EXPECT_EQ(gradual.name(), "rollback");
}

TEST(ObeyRollback, AgainAsksForItsShiftAgain) {
  Drive drive;
  drive.to("rollback");
  const std::size_t before = drive.requested(EffectKind::traffic).size();
  EXPECT_EQ(drive.obey(back(drive, RollbackHow::immediate)), "");
  const auto shifts = drive.requested(EffectKind::traffic);
  ASSERT_EQ(shifts.size(), before + 1);
  EXPECT_TRUE(shifts.back().retry_of.valid());
  EXPECT_GT(shifts.back().order, shifts[before - 1].order);
}

TEST(ObeyRollback, RefusesWhatIsNotThere) {
  Drive drive;
  drive.to("canary.hold");
  Command target = back(drive, RollbackHow::immediate);
  target.target = "eu";
  refused(drive, target, "invalid");
  Command weight = back(drive, RollbackHow::immediate);
  weight.to = Weight{50'000'000};
  refused(drive, weight, "invalid");
  // A machine compiled before there were rollbacks in part has no state for one.
  EXPECT_EQ(drive.last<Rejected>().detail, "nothing has been shifted that could be lowered");
}

TEST(ObeyRollback, TakesItsOwnLength) {
  Drive drive;
  drive.to("canary.hold");
  Command command = back(drive, RollbackHow::gradual);
  command.duration = 2min;
  drive.obey(command);
  ASSERT_TRUE(drive.state.ramp);
  EXPECT_EQ(drive.state.ramp->over, 2min);
}

TEST(ObeyAbort, EndsARolloutThatHasNotShifted) {
  for (const char* name : {"preflight", "setup"}) {
    Drive drive;
    drive.to(name);
    EXPECT_EQ(drive.obey(drive.command(Verb::abort)), "");
    EXPECT_EQ(drive.name(), "aborted");
  }
}

TEST(ObeyAbort, GoesBackFromEveryStateWithTraffic) {
  for (const char* name :
       {"canary.shift", "canary.hold", "canary.run", "canary.review", "canary.decide"}) {
    Drive drive;
    drive.to(name);
    EXPECT_EQ(drive.obey(drive.command(Verb::abort)), "");
    EXPECT_EQ(drive.name(), "rollback") << name;
    drive.settle_all();
    EXPECT_EQ(drive.name(), "rolled_back") << name;
  }
}

TEST(ObeyAbort, InARollbackOnlyAsksForItsShiftAgain) {
  for (const char* name : {"rollback", "gradual"}) {
    Drive drive;
    drive.to(name);
    const std::size_t before = drive.requested(EffectKind::traffic).size();
    EXPECT_EQ(drive.obey(drive.command(Verb::abort)), "");
    EXPECT_EQ(drive.name(), name);
    EXPECT_EQ(drive.requested(EffectKind::traffic).size(), before + 1);
  }
}

TEST(ObeyAbort, ActsWhilePausedAndWhileCatchingUp) {
  Drive drive;
  drive.to("canary.hold");
  drive.obey(drive.command(Verb::pause));
  drive.give(See{SourceStatus{"bus", Sight::catching_up}});
  EXPECT_EQ(drive.obey(drive.command(Verb::abort)), "");
  EXPECT_EQ(drive.name(), "rollback");
}

// ---- Outcomes ---------------------------------------------------------------------------------

TEST(ObeySettle, RefusesIdsThatNameNothing) {
  Drive drive;
  drive.to("canary.shift");
  const std::string beyond = std::to_string(drive.state.last.value + 100);
  for (const std::string& id : {std::string("r1"), std::string("r1/"), std::string("r1/x/01234567"),
                                std::string("r1/0/01234567"), std::string("r1/-1/01234567"),
                                std::string("r1/99999999999999999999/01234567"), std::string(),
                                "r1/" + beyond + "/01234567"}) {
    Command command = drive.command(Verb::settle);
    command.effect = id;
    refused(drive, command, "unknown_effect");
  }
}

TEST(ObeySettle, OnceOnly) {
  Drive drive;
  drive.to("canary.shift");
  const Sequence shift = drive.effect(EffectKind::traffic);
  EXPECT_EQ(drive.settle(shift), "");
  EXPECT_EQ(drive.name(), "canary.hold");
  EXPECT_EQ(drive.settle(shift), "settled");
  EXPECT_EQ(drive.settle(shift, false), "settled");
  EXPECT_EQ(drive.name(), "canary.hold");
}

TEST(ObeySettle, AfterTheDeadlineIsLate) {
  Drive drive;
  drive.to("canary.shift");
  const Sequence shift = drive.effect(EffectKind::traffic);
  drive.pass(kEffectDeadline);
  EXPECT_EQ(drive.name(), "rollback");
  EXPECT_EQ(drive.settle(shift), "late");
  EXPECT_EQ(drive.state.settled, kNoTraffic);
}

TEST(ObeySettle, WhatNobodyAwaitsIsKeptAndMovesNothing) {
  Drive drive;
  drive.to("gradual");
  const Sequence mail = drive.effect(EffectKind::notify);
  const StateIndex active = drive.state.active;
  EXPECT_EQ(drive.settle(mail, false), "");
  EXPECT_EQ(drive.state.active, active);
  EXPECT_EQ(drive.last<Commanded>().command.verb, Verb::settle);
}

TEST(ObeySettle, KeepsDetailAndResult) {
  Drive drive;
  drive.to("setup");
  Command command = drive.command(Verb::settle);
  command.effect = "r1/" + std::to_string(drive.effect(EffectKind::checkpoint).value) + "/01234567";
  command.detail = "saved";
  command.result = R"({"offset":7})";
  EXPECT_EQ(drive.obey(command), "");
  EXPECT_EQ(drive.last<EffectSettled>().detail, "saved");
  EXPECT_EQ(drive.last<EffectSettled>().result, R"({"offset":7})");
  EXPECT_EQ(drive.name(), "canary.shift");
}

TEST(ObeySettle, AFailureTakesTheWayOfItsState) {
  Drive setup;
  setup.to("setup");
  setup.settle_all(false);
  EXPECT_EQ(setup.name(), "aborted");
  for (const char* name : {"canary.shift", "canary.run"}) {
    Drive drive;
    drive.to(name);
    drive.settle_all(false);
    EXPECT_EQ(drive.name(), "rollback") << name;
  }
}

// ---- After the end ----------------------------------------------------------------------------

TEST(Obey, NothingButAnOutcomeIsTakenAfterTheEnd) {
  for (const Verb verb : {Verb::confirm, Verb::decide, Verb::pause, Verb::resume, Verb::promote,
                          Verb::extend, Verb::rollback, Verb::abort}) {
    Drive drive;
    drive.to("preflight");
    drive.obey(drive.command(Verb::abort));
    ASSERT_TRUE(drive.state.finished());
    refused(drive, drive.command(verb), "finished");
  }
  Drive drive;
  drive.to("preflight");
  drive.obey(drive.command(Verb::abort));
  EXPECT_EQ(drive.settle(Sequence{1}), "");
  drive.now += 1h;
  EXPECT_FALSE(drive.tick());
  EXPECT_EQ(next_deadline(drive.machine, drive.state, drive.pending, drive.now), kDistantFuture);
}

}  // namespace
}  // namespace rollbook::core::tests
