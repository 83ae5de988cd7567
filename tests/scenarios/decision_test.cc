// Decisions: who is asked, whose voice counts, what ends them, and what each option does.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::EffectKind;
using core::Verb;

const Labels kNew{{"v", "new"}};

// Ten minutes at 20 %; whatever fails opens `verdict`, by all of dev and ops.
std::string disputed(const std::string& review =
                         "confirm \"Fine\" by ops\n"
                         "within 4h otherwise decide verdict\n") {
  return text_of({.stages = "stage canary {\n traffic 20%\n hold 10m\n" + review + "}\n"});
}
// The decision is a part of the review itself.
const char* const kPlanned =
    "expect error_rate < 0.5% over 5m\nconfirm \"Fine\" by ops\nwithin 4h otherwise rollback "
    "gradual\ndecide verdict\n";

// Until the decision that follows a `no` is open.
void open(Rehearsal& r) {
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.run_for(5min);
  r.confirm("Fine", "ops", "olga", false);
  ASSERT_EQ(r.state(), "canary.review.otherwise");
}

std::vector<std::string> offered(const Rehearsal& r) {
  std::vector<std::string> names;
  for (const core::Question& question : r.rollout().questions) {
    const core::Item& item = r.machine().at(question.item);
    for (const std::uint32_t i : question.offered) names.push_back(item.options[i].name);
  }
  return names;
}

// ---- Options ------------------------------------------------------------------------------------

TEST(Decision, NextActsWhenTheOtherItemsPass) {
  Rehearsal r(disputed());
  open(r);
  EXPECT_EQ(r.asked(), (std::vector<std::string>{"confirm Fine", "decide verdict"}));
  EXPECT_EQ(offered(r), (std::vector<std::string>{"proceed", "longer", "back", "quick"}));
  EXPECT_EQ(r.decide("proceed", "dev", "dora"), "");
  EXPECT_EQ(r.decide("proceed", "ops", "otto"), "");
  // All agree, but `Fine` was answered no: the quorum stands and waits.
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  r.run_for(1h);
  EXPECT_EQ(r.confirm("Fine", "ops", "olga", true), "");
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.because(), "decided: Go on");
}

TEST(Decision, NextActsWhenAFailedCheckPassesAgain) {
  Rehearsal r(disputed("expect error_rate < 0.5% over 5m\nwithin 4h otherwise decide verdict\n"));
  healthy(r);
  r.start();
  r.run_for(9min);
  r.add("err", kNew, 200);
  r.run_to("canary.review.otherwise");
  r.decide("proceed", "dev", "dora");
  r.decide("proceed", "ops", "olga");
  r.run_for(3min);
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.entered("succeeded"), 14min + 15s);  // the burst, seen at 9 m 15 s, has left
}

TEST(Decision, ExtendHoldsOnAndReviewsAnew) {
  Rehearsal r(disputed());
  open(r);
  const Duration decided = r.elapsed();
  r.decide("longer", "dev", "dora");
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  r.decide("longer", "ops", "olga");
  EXPECT_EQ(r.state(), "canary.hold.wait");
  EXPECT_EQ(r.because(), "decided: Hold on");
  EXPECT_TRUE(r.asked().empty());
  r.run_to("canary.review.gate");
  EXPECT_EQ(r.entered("canary.review.gate"), decided + 1h);
  EXPECT_EQ(r.asked(), (std::vector<std::string>{"confirm Fine"}));
  r.confirm("Fine", "ops", "olga");
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.weights(), "20%");
}

TEST(Decision, OneVoteForARollbackWinsAtOnce) {
  Rehearsal r(disputed());
  open(r);
  r.decide("proceed", "dev", "dora");
  EXPECT_EQ(r.decide("back", "ops", "olga"), "");
  EXPECT_EQ(r.state(), "rollback.gradual.ramp");
  EXPECT_EQ(r.because(), "decided: Roll back");
  r.run_to_end();
  EXPECT_EQ(r.weights(), "20% 18% 16% 14% 12% 10% 8% 6% 4% 2% 0%");
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.effects(EffectKind::notify).back().text, "Gradual rollback: decided: Roll back");
}

TEST(Decision, AnOptionMayNameTheGuardsRollback) {
  Rehearsal r(disputed());
  open(r);
  EXPECT_EQ(r.decide("quick", "dev", "dora"), "");
  EXPECT_EQ(r.state(), "rollback.automatic.shift");
  r.run_to_end();
  EXPECT_EQ(r.weights(), "20% 0%");
}

// ---- Silence and lateness -----------------------------------------------------------------------

TEST(Decision, NoAnswerEndsInItsOtherwise) {
  Rehearsal r(disputed());
  open(r);
  const Duration opened = r.elapsed();
  r.run_for(3h - 1ms);
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  r.run_to_end();
  EXPECT_EQ(r.entered("rollback.gradual.ramp"), opened + 3h);
  EXPECT_EQ(r.because("rollback.gradual.ramp"), "`verdict` was not decided within 3h");
}

TEST(Decision, OneOfTwoIsNoQuorum) {
  Rehearsal r(disputed());
  open(r);
  const Duration opened = r.elapsed();
  r.decide("proceed", "dev", "dora");
  r.confirm("Fine", "ops", "olga", true);
  r.run_to_end();
  EXPECT_EQ(r.entered("rollback.gradual.ramp"), opened + 3h);
}

TEST(Decision, RemindsWhoeverMustAnswer) {
  Rehearsal r(disputed());
  open(r);
  const Duration opened = r.elapsed();
  r.run_to("rollback.gradual");
  std::vector<Duration> paged = r.times(EffectKind::page);
  EXPECT_EQ(paged, (std::vector<Duration>{opened, opened + 1h, opened + 2h}));
  EXPECT_EQ(r.effects(EffectKind::page)[0].text,
            "shop, canary: decision `verdict` is open: proceed, longer, back, quick");
  EXPECT_EQ(r.effects(EffectKind::page)[1].text,
            "shop, canary: decision `verdict` is still open: proceed, longer, back, quick");
}

TEST(Decision, ALateAnswerToAnOldQuestionIsRefused) {
  Rehearsal r(disputed());
  open(r);
  const auto old = r.question("verdict");
  r.decide("longer", "dev", "dora");
  r.decide("longer", "ops", "olga");
  r.run_to("canary.review.gate");
  r.confirm("Fine", "ops", "olga", false);
  ASSERT_EQ(r.state(), "canary.review.otherwise");
  EXPECT_EQ(r.decide("back", "dev", "dora", old), "no_question");
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  EXPECT_EQ(r.decide("back", "dev", "dora", r.question("verdict")), "");
  EXPECT_EQ(r.state(), "rollback.gradual.ramp");
  EXPECT_EQ(r.decide("proceed", "ops", "olga"), "no_question");
}

// ---- Voices -------------------------------------------------------------------------------------

TEST(Decision, TwoOfThreeAreEnough) {
  Rehearsal r(disputed("confirm \"Fine\" by ops\nwithin 4h otherwise decide by_two\n"));
  open(r);
  r.confirm("Fine", "ops", "olga", true);
  EXPECT_EQ(r.decide("proceed", "sre", "sam"), "");
  EXPECT_EQ(r.decide("proceed", "sre", "sam"), "");  // the same person twice is one
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  EXPECT_EQ(r.decide("proceed", "sre", "sina"), "");  // the third is not waited for
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Decision, AllMustAgreeAndAVoteMayChange) {
  Rehearsal r(disputed());
  open(r);
  r.confirm("Fine", "ops", "olga", true);
  r.decide("proceed", "dev", "dora");
  r.decide("longer", "ops", "olga");
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  r.run_for(1h);
  EXPECT_EQ(r.decide("proceed", "ops", "olga"), "");  // in place of her earlier one
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Decision, RefusesWhoIsNotAskedAndWhatIsNotOffered) {
  Rehearsal r(disputed());
  open(r);
  EXPECT_EQ(r.decide("proceed", "sre", "sam"), "role");
  EXPECT_EQ(r.decide("shrug", "dev", "dora"), "option");
  EXPECT_EQ(r.decide("proceed", "dev", ""), "invalid");
  EXPECT_EQ(r.decide("proceed", "dev", "maria"), "");
  EXPECT_EQ(r.decide("proceed", "ops", "maria"), "same_person");
  EXPECT_EQ(r.state(), "canary.review.otherwise");
}

// ---- A decision that is part of the review ------------------------------------------------------

TEST(Decision, OpensWhenTheOtherItemsPass) {
  Rehearsal r(disputed(kPlanned));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.run_for(1h);
  EXPECT_EQ(r.asked(), (std::vector<std::string>{"confirm Fine"}));
  r.confirm("Fine", "ops", "olga");
  EXPECT_EQ(r.state(), "canary.review.decide");
  EXPECT_EQ(r.asked(), (std::vector<std::string>{"confirm Fine", "decide verdict"}));
  r.decide("proceed", "dev", "dora");
  r.decide("proceed", "ops", "olga");
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Decision, OnceOpenAFailingCheckDoesNotEndItButHoldsNext) {
  Rehearsal r(disputed(kPlanned));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.confirm("Fine", "ops", "olga");
  ASSERT_EQ(r.state(), "canary.review.decide");
  r.add("err", kNew, 200);
  r.run_for(15s);
  r.decide("proceed", "dev", "dora");
  r.decide("proceed", "ops", "olga");
  r.run_for(1min);
  EXPECT_EQ(r.state(), "canary.review.decide");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.entered("succeeded"), r.entered("canary.review.decide") + 5min + 14s + 800ms);
}

TEST(Decision, ItsOwnDeadlineTakesThePlaceOfTheStages) {
  Rehearsal r(disputed(kPlanned));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.run_for(3h + 30min);
  r.confirm("Fine", "ops", "olga");
  const Duration opened = r.elapsed();
  r.run_to_end();
  EXPECT_EQ(r.entered("rollback.gradual.ramp"), opened + 3h);
  EXPECT_EQ(r.because("rollback.gradual.ramp"), "`verdict` was not decided within 3h");
}

// ---- Extensions ---------------------------------------------------------------------------------

TEST(Decision, TwoExtensionsAndThenSilence) {
  Rehearsal r(disputed());
  open(r);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(r.decide("longer", "dev", "dora"), "");
    EXPECT_EQ(r.decide("longer", "ops", "olga"), "");
    EXPECT_EQ(r.state(), "canary.hold.wait");
    r.run_to("canary.review.gate");
    r.confirm("Fine", "ops", "olga", false);
    ASSERT_EQ(r.state(), "canary.review.otherwise");
  }
  EXPECT_EQ(offered(r), (std::vector<std::string>{"proceed", "back", "quick"}));
  EXPECT_EQ(r.decide("longer", "dev", "dora"), "option");
  EXPECT_EQ(r.verb(Verb::extend, 1h), "used_up");
  const Duration opened = r.elapsed();
  r.run_to_end();
  EXPECT_EQ(r.entered("rollback.gradual.ramp"), opened + 3h);
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.entered("canary.review.gate"), 15min + 200ms + 2h);
}

// It is one person's, and the decision is of several: what it is about, its deadline and the no
// that opened it stand.
TEST(Decision, TheCommandDoesNotExtendWhatSeveralDecide) {
  for (const std::string& text : {disputed(), disputed(kPlanned)}) {
    Rehearsal r(text);
    healthy(r);
    r.start();
    r.run_to("canary.review.gate");
    r.run_for(5min);
    r.confirm("Fine", "ops", "olga", text != disputed());
    const std::string decides = r.state();
    const auto number = r.question("verdict");
    const Duration opened = r.elapsed();
    r.run_for(2h);
    EXPECT_EQ(r.verb(Verb::extend, 1h), "deciding");
    EXPECT_EQ(r.state(), decides);
    EXPECT_EQ(r.question("verdict"), number);
    EXPECT_EQ(r.rollout().extensions[0], 0U);
    r.run_to_end();
    EXPECT_EQ(r.entered("rollback.gradual.ramp"), opened + 3h);
    EXPECT_EQ(r.because("rollback.gradual.ramp"), "`verdict` was not decided within 3h");
  }
}

TEST(Decision, TheCommandCountsAsAnExtension) {
  Rehearsal r(disputed());
  healthy(r);
  r.start();
  r.run_to("canary.hold");
  EXPECT_EQ(r.verb(Verb::extend, 30min), "");
  EXPECT_EQ(r.verb(Verb::extend, 30min), "");
  EXPECT_EQ(r.verb(Verb::extend, 30min), "used_up");
  r.run_to("canary.review.gate");
  EXPECT_EQ(r.entered("canary.review.gate"), 1h + 10min + 200ms);
  r.confirm("Fine", "ops", "olga", false);
  EXPECT_EQ(offered(r), (std::vector<std::string>{"proceed", "back", "quick"}));
}

}  // namespace
}  // namespace rollbook::tests
