// Reviews: what passes, what fails, what waits, and the only instants at which they are looked at.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::Missing;
using core::Verb;
using core::Verdict;

const Labels kNew{{"v", "new"}};

// A stage of 20 % and ten minutes with the given review.
std::string reviewed(const std::string& review, const std::string& hold = "10m") {
  return text_of({.stages = "stage canary {\n traffic 20%\n hold " + hold + "\n" + review + "}\n"});
}

constexpr const char* kBoth = R"(expect error_rate < 0.5% over 5m
  confirm "Fine" by ops
  within 4h otherwise decide verdict
)";

// ---- Edges --------------------------------------------------------------------------------------

TEST(Review, AnExpectedRatioIsStrictlyBelowItsLimit) {
  for (const int errors : {149, 150}) {
    Rehearsal r(reviewed("expect error_rate < 0.5% over 5m\nwithin 4h otherwise decide verdict\n"));
    healthy(r);
    r.start();
    r.run_for(9min);
    r.add("err", kNew, errors);  // of 30,000
    r.run_for(1min + 1s);
    EXPECT_EQ(r.reading("canary.expect[1]").samples, 30000);
    EXPECT_EQ(r.state(), errors == 149 ? "succeeded" : "canary.review.otherwise");
    EXPECT_EQ(r.because(), errors == 149
                               ? "all checks passed"
                               : "not met: error_rate < 0.5% over 5m: 0.5% in 30000 samples, "
                                 "test.runbook:29:8");
  }
}

TEST(Review, AnExpectedQuantileIsJudgedByTheShareAbove) {
  for (const int slow : {0, 1}) {
    Rehearsal r(
        reviewed("expect p99(latency) < 20ms over 5m\nwithin 4h otherwise decide verdict\n"));
    healthy(r);
    r.histogram("dur", kNew, {5, 10, 20, 50}, {60, 40 - slow, 0, slow, 0});
    r.start();
    r.run_for(10min + 1s);
    // Below 1 % must lie above the limit: 1 % exactly is too much.
    EXPECT_EQ(r.state(), slow == 0 ? "succeeded" : "canary.review.otherwise");
  }
}

// ---- Whole windows ------------------------------------------------------------------------------

TEST(Review, PassesOnlyOnAWindowThatWasWatchedWhole) {
  Rehearsal r(
      reviewed("expect error_rate < 0.5% over 5m\nwithin 4h otherwise decide verdict\n", "2m"));
  healthy(r);
  r.start();
  r.run_for(5min);
  EXPECT_EQ(r.state(), "canary.review.gate");
  const auto reading = r.reading("canary.expect[1]");
  EXPECT_EQ(reading.verdict, Verdict::undecided);
  EXPECT_EQ(reading.seen, 5min - 200ms);
  r.run_for(15s);
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.entered("succeeded"), 5min + 15s);
}

TEST(Review, SaysHowMuchOfAWindowWasSeen) {
  Rehearsal r(text_of({.before = "require {\n expect match_rate > 99.9% over 24h\n"
                                 " within 48h otherwise end\n}\n"}));
  healthy(r);
  r.counter("shadow", {{"matched", "true"}}, 1000);
  r.counter("shadow", {{"matched", "false"}}, 0);
  r.scrape_every = 60s;
  r.start();
  r.run_for(18h);
  auto reading = r.reading("preflight.expect[1]");
  EXPECT_EQ(reading.verdict, Verdict::undecided);
  // The clock of the scrapes runs 15 s beside the hour.
  EXPECT_EQ(reading.seen, 18h - 45s);
  r.run_for(6h);
  EXPECT_EQ(r.state(), "preflight.gate");
  r.run_to("canary.shift");
  EXPECT_EQ(r.entered("canary.shift"), 24h + 15s);
}

TEST(Review, TheAcceptanceFindsItsWindowWhole) {
  Rehearsal r(text_of({.stages = "stage canary {\n traffic 20%\n hold 3h\n}\n",
                       .success = "expect error_rate < 0.5% over 3h\n"
                                  "within 24h otherwise rollback gradual\nfinish traffic 20%\n"}));
  healthy(r);
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  // The window filled during the stage, though the criterion was not armed yet.
  EXPECT_EQ(r.entered("success.gate"), 3h + 200ms);
  EXPECT_EQ(r.entered("succeeded"), 3h + 15s);
}

TEST(Review, AWindowBeginsAnewWithEachSettledShift) {
  Rehearsal r(text_of({.stages = "stage one {\n traffic 5%\n hold 30m\n}\n"
                                 "stage two {\n traffic 20%\n hold 1m\n"
                                 " expect error_rate < 0.5% over 5m\n"
                                 " within 1h otherwise decide verdict\n}\n"}));
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(28min);
  r.add("err", kNew, 250);  // in the first stage's last minutes: nothing to the second
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.entered("two.hold.wait"), 30min + 400ms);
  EXPECT_EQ(r.entered("succeeded"), 35min + 15s);
}

// ---- Missing data -------------------------------------------------------------------------------

TEST(Review, NoTrafficIsNoPassHoweverLong) {
  Rehearsal r(text_of({.guard = "stop error_rate > 1% over 5m\nstop absent(requests) for 24h\n",
                       .stages = "stage canary {\n traffic 20%\n hold 10m\n"
                                 " expect error_rate < 0.5% over 5m\n"
                                 " within 4h otherwise decide verdict\n}\n"}));
  r.counter("req", kNew, 0);
  r.counter("err", kNew, 0);
  r.start();
  r.run_to("canary.review.otherwise");
  EXPECT_EQ(r.reading("canary.expect[1]").missing, Missing::no_traffic);
  EXPECT_EQ(r.entered("canary.review.otherwise"), 4h + 10min + 200ms);
  EXPECT_EQ(r.because().rfind("the checks did not pass within 4h: no data: error_rate < 0.5% "
                              "over 5m, ",
                              0),
            0U)
      << r.because();
}

TEST(Review, AMisspeltNameNeverPasses) {
  Rehearsal r(reviewed("expect strict_rate < 0.5% over 5m\nwithin 4h otherwise decide verdict\n"));
  healthy(r);  // nobody sends `strict_err`
  r.start();
  r.run_to("canary.review.otherwise");
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, Verdict::no_data);
  EXPECT_EQ(r.reading("canary.expect[1]").missing, Missing::no_series);
  EXPECT_EQ(r.entered("canary.review.otherwise"), 4h + 10min + 200ms);
}

TEST(Review, ANameSeenOnTheOtherArmIsAZeroOnThisOne) {
  Rehearsal r(reviewed("expect strict_rate < 0.5% over 5m\nwithin 4h otherwise decide verdict\n"));
  healthy(r);
  r.counter("strict_err", {{"v", "old"}}, 0);
  r.start();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.entered("succeeded"), 10min + 200ms);
}

TEST(Review, ANameWithoutTheArmsLabelIsNotSeen) {
  Rehearsal r(reviewed("expect strict_rate < 0.5% over 5m\nwithin 4h otherwise decide verdict\n"));
  healthy(r);
  r.counter("strict_err", {{"instance", "a"}}, 0);
  r.start();
  r.run_for(1h);
  EXPECT_EQ(r.state(), "canary.review.gate");
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, Verdict::no_data);
}

TEST(Review, WaitsForStaleDataAndGoesOnWhenTheyAreBack) {
  Rehearsal r(reviewed(kBoth));
  healthy(r);
  r.start();
  r.run_for(10min + 1s);
  EXPECT_EQ(r.state(), "canary.review.gate");
  r.silence();
  r.run_for(2min + 35s);
  EXPECT_EQ(r.reading("canary.expect[1]").missing, Missing::stale);
  r.confirm("Fine", "ops", "olga");
  EXPECT_EQ(r.state(), "canary.review.gate");
  r.speak();
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(r.entered("succeeded"), 12min + 45s);
}

// ---- `for` --------------------------------------------------------------------------------------

constexpr const char* kSustained =
    "expect error_rate < 0.5% over 1m for 4m\nwithin 4h otherwise decide verdict\n";

TEST(Review, AnExpectationWithForNeedsItWithoutABreak) {
  Rehearsal r(reviewed(kSustained, "2m"));
  healthy(r);
  r.start();
  r.run_to_end();
  // Whole at 1 m 15 s, and four minutes more.
  EXPECT_EQ(r.entered("succeeded"), 5min + 15s);
}

TEST(Review, AnUnknownValueResetsAnExpectationsFor) {
  Rehearsal r(text_of(
      {.guard = "stop error_rate > 1% over 5m\nstop absent(requests) for 24h\n",
       .stages = "stage canary {\n traffic 20%\n hold 2m\n" + std::string(kSustained) + "}\n"}));
  healthy(r);
  r.start();
  r.run_for(4min);
  r.counter("req", kNew, 0);
  r.run_for(2min);
  EXPECT_EQ(r.reading("canary.expect[1]").missing, Missing::no_traffic);
  r.counter("req", kNew, 100);
  r.run_to_end();
  EXPECT_EQ(r.entered("succeeded"), 6min + 15s + 4min);
}

// ---- The instants -------------------------------------------------------------------------------

TEST(Review, IsNotLookedAtWhenAVerdictThatPassedFails) {
  Rehearsal r(reviewed(kBoth));
  healthy(r);
  r.start();
  r.run_for(12min);
  EXPECT_EQ(r.state(), "canary.review.gate");
  r.add("err", kNew, 200);
  r.run_for(30s);
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, Verdict::fail);
  EXPECT_EQ(r.state(), "canary.review.gate");
  // The burst leaves the window before anybody answers.
  r.run_for(10min);
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, Verdict::pass);
  r.confirm("Fine", "ops", "olga");
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Review, IsLookedAtWhenAnAnswerComes) {
  Rehearsal r(reviewed(kBoth));
  healthy(r);
  r.start();
  r.run_for(12min);
  r.add("err", kNew, 200);
  r.run_for(30s);
  r.confirm("Fine", "ops", "olga");
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  EXPECT_EQ(r.because(),
            "not met: error_rate < 0.5% over 5m: 0.6667% in 30000 samples, test.runbook:29:8");
}

TEST(Review, IsLookedAtWhenAnUndecidedVerdictFails) {
  Rehearsal r(reviewed(kBoth, "2m"));
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(3min);
  r.add("err", kNew, 200);
  r.run_for(2min);
  EXPECT_EQ(r.state(), "canary.review.gate");  // not watched whole yet
  r.run_for(15s);
  EXPECT_EQ(r.entered("canary.review.otherwise"), 5min + 15s);
}

TEST(Review, IsLookedAtWhenMissingDataFail) {
  Rehearsal r(reviewed(kBoth));
  healthy(r);
  r.counter("err", kNew, 0);
  r.start();
  r.run_for(10min + 1s);
  r.silence();
  r.run_for(2min + 35s);
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, Verdict::no_data);
  r.add("err", kNew, 240);
  r.speak();
  r.run_for(15s);
  EXPECT_EQ(r.entered("canary.review.otherwise"), 12min + 45s);
}

TEST(Review, ANoEndsIt) {
  Rehearsal r(reviewed(kBoth));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  r.confirm("Fine", "ops", "olga", false);
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  EXPECT_EQ(r.because(), "olga (ops) says no to `Fine`");
}

TEST(Review, ANoInThePrerequisitesEndsBeforeAnyTraffic) {
  Rehearsal r(
      text_of({.before = "require {\n confirm \"Ready\" by dev\n within 2h otherwise end\n}\n"}));
  healthy(r);
  r.start();
  r.run_for(1h);
  r.confirm("Ready", "dev", "dora", false);
  EXPECT_EQ(r.state(), "aborted");
  EXPECT_EQ(r.weights(), "");
}

TEST(Review, WaitsForPeopleUpToItsWithin) {
  Rehearsal r(
      text_of({.before = "require {\n confirm \"Ready\" by dev\n within 2h otherwise end\n}\n"}));
  healthy(r);
  r.start();
  r.run_for(2h - 1ms);
  EXPECT_EQ(r.state(), "preflight.gate");
  r.run_to_end();
  EXPECT_EQ(r.entered("aborted"), 2h);
  EXPECT_EQ(r.because(), "the checks did not pass within 2h: `Ready` not confirmed");
  EXPECT_EQ(r.rollout().outcome, core::Outcome::aborted);
}

TEST(Review, AStageWhoseEveryCriterionTheGuardStopsNeedsNoOtherwise) {
  Rehearsal r(
      text_of({.guard = "stop error_rate >= 0.5% over 5m for 2m\nstop absent(requests) for 3m\n",
               .stages = "stage canary {\n traffic 20%\n hold 10m\n"
                         " expect error_rate < 0.5% over 5m\n}\n"}));
  healthy(r);
  r.start();
  r.run_for(9min);
  r.add("err", kNew, 150);  // seen at 9 m 15 s; the guard would act at 11 m 15 s
  r.run_to_end();
  EXPECT_EQ(r.entered("rollback.automatic.shift"), 10min + 200ms);
  EXPECT_EQ(r.state(), "rolled_back");
}

// ---- Confirmations ------------------------------------------------------------------------------

TEST(Review, AConfirmationByAllNeedsOnePersonForEachRole) {
  Rehearsal r(
      reviewed("confirm \"Fine\" by all of dev, ops\nwithin 4h otherwise decide verdict\n"));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  EXPECT_EQ(r.confirm("Fine", "dev", "maria"), "");
  EXPECT_EQ(r.state(), "canary.review.gate");
  EXPECT_EQ(r.confirm("Fine", "ops", "maria"), "same_person");
  EXPECT_EQ(r.confirm("Fine", "sre", "sam"), "role");
  EXPECT_EQ(r.confirm("Fine", "ops", ""), "invalid");
  EXPECT_EQ(r.confirm("Finer", "ops", "olga"), "no_question");
  EXPECT_EQ(r.confirm("Fine", "ops", "olga"), "");
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Review, AConfirmationByTwoNeedsTwoPersons) {
  Rehearsal r(reviewed("confirm \"Fine\" by 2 of sre\nwithin 4h otherwise decide verdict\n"));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  EXPECT_EQ(r.confirm("Fine", "sre", "sam"), "");
  EXPECT_EQ(r.confirm("Fine", "sre", "sam"), "");  // says it again: still one person
  EXPECT_EQ(r.state(), "canary.review.gate");
  EXPECT_EQ(r.confirm("Fine", "sre", "sina"), "");
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Review, AConfirmationByAnyNeedsOne) {
  Rehearsal r(
      reviewed("confirm \"Fine\" by any of dev, ops\nwithin 4h otherwise decide verdict\n"));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  EXPECT_EQ(r.confirm("Fine", "ops", "olga"), "");
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Review, AnEarlyAnswerAnswersNothing) {
  Rehearsal r(reviewed(kBoth));
  healthy(r);
  r.start();
  r.run_for(5min);
  EXPECT_EQ(r.confirm("Fine", "ops", "olga"), "no_question");
  r.run_to("canary.review.gate");
  r.run_for(1min);
  EXPECT_EQ(r.state(), "canary.review.gate");
  EXPECT_EQ(r.confirm("Fine", "ops", "olga", true, r.question("Fine")), "");
  EXPECT_EQ(r.state(), "succeeded");
}

TEST(Review, AnExtensionClearsTheAnswersAndAsksAnew) {
  Rehearsal r(
      reviewed("confirm \"Fine\" by all of dev, ops\nwithin 4h otherwise decide verdict\n"));
  healthy(r);
  r.start();
  r.run_to("canary.review.gate");
  const auto first = r.question("Fine");
  r.confirm("Fine", "dev", "dora");
  r.verb(Verb::extend, 1h);
  EXPECT_TRUE(r.asked().empty());
  EXPECT_EQ(r.confirm("Fine", "ops", "olga", true, first), "no_question");
  r.run_to("canary.review.gate");
  const auto second = r.question("Fine");
  EXPECT_GT(second, first);
  EXPECT_EQ(r.confirm("Fine", "ops", "olga", true, first), "no_question");
  EXPECT_EQ(r.confirm("Fine", "ops", "olga", true, second), "");
  EXPECT_EQ(r.state(), "canary.review.gate");  // dora's answer went with its question
  EXPECT_EQ(r.confirm("Fine", "dev", "dora", true, second), "");
  EXPECT_EQ(r.state(), "succeeded");
}

}  // namespace
}  // namespace rollbook::tests
