// Reviews: quorums as tables, and the instants at which a review is looked at.

#include <gtest/gtest.h>

#include "engine/core/advance.h"
#include "tests/engine/stage_machine.h"

namespace rollbook::core::tests {
namespace {

struct Row {
  QuorumKind kind;
  std::uint32_t needed;
  std::vector<std::string> roles;
  std::vector<Answer> answers;
  bool agrees;
};
Answer by(const char* role, const char* actor) { return Answer{role, actor, true, 0}; }

class Quorums : public testing::TestWithParam<Row> {};
TEST_P(Quorums, CountDistinctPeople) {
  const Quorum quorum{GetParam().kind, GetParam().needed, GetParam().roles};
  EXPECT_EQ(quorum_agrees(quorum, GetParam().answers), GetParam().agrees);
}
INSTANTIATE_TEST_SUITE_P(
    Gate, Quorums,
    testing::Values(
        Row{QuorumKind::any, 1, {"dev"}, {}, false},
        Row{QuorumKind::any, 1, {"dev"}, {by("dev", "ann")}, true},
        Row{QuorumKind::any, 1, {"dev", "ops"}, {by("ops", "bob")}, true},
        Row{QuorumKind::any, 1, {"dev"}, {by("qa", "eve")}, false},
        Row{QuorumKind::all, 2, {"dev", "ops"}, {by("dev", "ann")}, false},
        Row{QuorumKind::all, 2, {"dev", "ops"}, {by("dev", "ann"), by("dev", "bob")}, false},
        Row{QuorumKind::all, 2, {"dev", "ops"}, {by("dev", "ann"), by("ops", "bob")}, true},
        Row{QuorumKind::at_least, 2, {"sre"}, {by("sre", "ann")}, false},
        Row{QuorumKind::at_least, 2, {"sre"}, {by("sre", "ann"), by("sre", "bob")}, true},
        Row{QuorumKind::at_least, 2, {"sre"}, {by("sre", "ann"), by("qa", "bob")}, false},
        Row{QuorumKind::at_least, 2, {"sre", "dev"}, {by("sre", "ann"), by("dev", "bob")}, true},
        Row{QuorumKind::at_least,
            3,
            {"sre"},
            {by("sre", "ann"), by("sre", "bob"), by("sre", "cyd")},
            true}));

// ---- A review with a criterion and a confirmation ----------------------------------------------

TEST(Gate, PassesWhenEverythingPasses) {
  Drive drive;
  drive.to("canary.review");
  EXPECT_EQ(drive.state.readings[kErrorExpect.value].verdict, Verdict::pass);
  drive.confirm("No complaints", "ops", "bob");
  EXPECT_EQ(drive.name(), "succeeded");
  EXPECT_EQ(drive.last<RolloutFinished>().weight, Weight{100'000'000});
}

TEST(Gate, FailsOnOneNoAtOnce) {
  Drive drive;
  drive.to("canary.review");
  drive.confirm("No complaints", "ops", "bob", false);
  EXPECT_EQ(drive.name(), "canary.decide");
  EXPECT_EQ(drive.last<Transitioned>().because, "bob (ops) says no to `No complaints`");
}

TEST(Gate, SaysAlsoWhoSaidNoWhereACheckFailsAtTheSameInstant) {
  Drive drive;
  drive.to("canary.review");
  drive.now += 1s;
  Fixed& limit = drive.machine.criteria[kErrorExpect.value].limit;
  limit = Fixed{};
  drive.confirm("No complaints", "ops", "bob", false);
  EXPECT_EQ(drive.name(), "canary.decide");
  const std::string because = drive.last<Transitioned>().because;
  EXPECT_EQ(because.substr(0, 9), "not met: ");
  const std::string who = "; bob (ops) says no to `No complaints`";
  EXPECT_EQ(because.substr(because.size() - who.size()), who);
}

TEST(Gate, FailsOnOneCriterionAtOnceAndSaysWhich) {
  Drive drive;
  drive.to("canary.run");
  drive.now += 1s;
  drive.traffic(6000, 180);  // 0.6 %: above what the review asks, below what the guard stops
  drive.settle_all();
  EXPECT_EQ(drive.name(), "canary.decide");
  EXPECT_EQ(drive.last<Transitioned>().because.substr(0, 9), "not met: ");
}

TEST(Gate, WaitsForAnAnswerUpToItsDeadline) {
  Drive drive;
  drive.to("canary.review");
  for (Duration passed = 0min; passed < 4h - 1min; passed += 1min) {
    drive.pass(1min);
    drive.traffic(6000, 6);
  }
  EXPECT_EQ(drive.name(), "canary.review");
  drive.pass(2min);
  EXPECT_EQ(drive.name(), "canary.decide");
  EXPECT_EQ(drive.last<Transitioned>().because, "no answer in 4h: `No complaints` not confirmed");
}

TEST(Gate, WaitsWhileACriterionIsUndecidedAndLooksAgainOnceItIsNot) {
  Drive drive;
  drive.machine.clocks[kHold.value].limit = 2min;
  drive.to("canary.shift");
  drive.settle_all();
  drive.pass(1min);
  drive.traffic(6000, 6);
  drive.pass(1min);
  drive.settle_all();
  ASSERT_EQ(drive.name(), "canary.review");
  EXPECT_EQ(drive.state.readings[kErrorExpect.value].verdict, Verdict::undecided);
  drive.confirm("No complaints", "ops", "bob");
  EXPECT_EQ(drive.name(), "canary.review");
  for (int minute = 3; minute <= 4; ++minute) {
    drive.pass(1min);
    drive.traffic(6000, 6);
    EXPECT_EQ(drive.name(), "canary.review");
  }
  drive.pass(1min);
  drive.traffic(6000, 6);  // five minutes are whole
  EXPECT_EQ(drive.name(), "succeeded");
}

TEST(Gate, DoesNotLookWhenAPassBecomesAFailBetweenTheInstants) {
  Drive drive;
  drive.to("canary.review");
  drive.now += 1s;
  drive.traffic(6000, 180);
  EXPECT_EQ(drive.state.readings[kErrorExpect.value].verdict, Verdict::fail);
  EXPECT_EQ(drive.name(), "canary.review");
  drive.confirm("No complaints", "ops", "bob");  // now it is looked at
  EXPECT_EQ(drive.name(), "canary.decide");
}

TEST(Gate, WaitsWhilePausedAndLooksWhenItEnds) {
  Drive drive;
  drive.to("canary.review");
  drive.obey(drive.command(Verb::pause));
  drive.confirm("No complaints", "ops", "bob");
  EXPECT_EQ(drive.name(), "canary.review");
  drive.obey(drive.command(Verb::resume));
  EXPECT_EQ(drive.name(), "succeeded");
}

TEST(Gate, WaitsWhileCatchingUpAndLooksWhenItIsLive) {
  Drive drive;
  drive.to("canary.review");
  drive.give(See{SourceStatus{"bus", Sight::catching_up}});
  drive.confirm("No complaints", "ops", "bob", false);
  EXPECT_EQ(drive.name(), "canary.review");
  drive.give(See{SourceStatus{"bus", Sight::live}});
  EXPECT_EQ(drive.name(), "canary.decide");
}

// ---- A decision ---------------------------------------------------------------------------------

TEST(Decision, NeedsAllRolesForOneOption) {
  Drive drive;
  drive.to("canary.decide");
  EXPECT_EQ(drive.decide("proceed", "dev", "ann"), "");
  EXPECT_EQ(drive.name(), "canary.decide");
  EXPECT_EQ(drive.decide("longer", "ops", "bob"), "");
  EXPECT_EQ(drive.name(), "canary.decide");
  EXPECT_EQ(drive.decide("proceed", "ops", "bob"), "");  // the later vote replaces the earlier
  EXPECT_EQ(drive.name(), "succeeded");
}

TEST(Decision, OneVoteForARollbackWins) {
  Drive drive;
  drive.to("canary.decide");
  drive.decide("proceed", "dev", "ann");
  drive.decide("back", "ops", "bob");
  EXPECT_EQ(drive.name(), "gradual");
}

TEST(Decision, AgainstADissenterOfTheSameRoleAllDoNotAgree) {
  Drive drive;
  drive.to("canary.decide");
  drive.decide("longer", "dev", "ann");
  drive.decide("proceed", "dev", "cyd");
  drive.decide("proceed", "ops", "bob");
  EXPECT_EQ(drive.name(), "canary.decide");
  drive.decide("proceed", "dev", "ann");
  EXPECT_EQ(drive.name(), "succeeded");
}

TEST(Decision, ForNextActsOnceTheRestPasses) {
  Drive drive;
  drive.to("canary.run");
  drive.now += 1s;
  drive.traffic(6000, 180);
  drive.settle_all();
  ASSERT_EQ(drive.name(), "canary.decide");
  drive.decide("proceed", "dev", "ann");
  drive.decide("proceed", "ops", "bob");
  EXPECT_EQ(drive.name(), "canary.decide");  // the errors are still too many
  for (int i = 0; i < 6; ++i) {
    drive.pass(1min);
    drive.traffic(6000, 6);
  }
  EXPECT_EQ(drive.name(), "succeeded");
}

TEST(Decision, WaitsForNextWhilePausedButNotForARollback) {
  Drive drive;
  drive.to("canary.decide");
  drive.obey(drive.command(Verb::pause));
  drive.decide("proceed", "dev", "ann");
  drive.decide("proceed", "ops", "bob");
  EXPECT_EQ(drive.name(), "canary.decide");
  drive.decide("back", "dev", "ann");
  EXPECT_EQ(drive.name(), "gradual");
}

TEST(Decision, WithoutAnAnswerItsDeadlineSpeaks) {
  Drive drive;
  drive.to("canary.decide");
  for (int minute = 0; minute < 3 * 60 - 1; ++minute) {
    drive.pass(1min);
    drive.traffic(6000, 6);
  }
  EXPECT_EQ(drive.name(), "canary.decide");
  drive.pass(1min + 10s);
  EXPECT_EQ(drive.name(), "gradual");
  EXPECT_EQ(drive.state.breach, "no decision in 3h");
}

TEST(Decision, RemindsWhileItIsOpen) {
  Drive drive;
  drive.to("canary.decide");
  const std::size_t before = drive.requested(EffectKind::notify).size();
  for (int minute = 0; minute < 150; ++minute) {
    drive.pass(1min);
    drive.traffic(6000, 6);
  }
  const auto notes = drive.requested(EffectKind::notify);
  ASSERT_EQ(notes.size(), before + 2);
  EXPECT_EQ(notes.back().text, "canary still waits");
  EXPECT_EQ(notes.back().channel, "mail");
}

}  // namespace
}  // namespace rollbook::core::tests
