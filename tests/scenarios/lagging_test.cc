// A part of a proof that lags: what the proof rests upon when it is begun anew meanwhile.

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Verb;
using core::Verdict;

const Labels kNew{{"v", "new"}};

const std::string& proof() {
  static const std::string text = text_of(
      {.guard = "stop absent(requests) for 1h\n",
       .stages =
           "stage canary {\n traffic 20%\n hold 1h\n"
           " expect error_rate < 1% with confidence 95%\n"
           " expect p99(latency) < 50ms with confidence 95%\n within 8h otherwise halt\n}\n"});
  return text;
}

// Half an hour of errors, whose requests then come late by so much; after ten minutes of it the
// stage is extended, and everything is well and in time again.
void play(Rehearsal& r, const std::vector<std::string>& late, core::Duration by) {
  healthy(r);
  r.counter("err", kNew, 5);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {60, 30, 0, 0, 10});
  r.start();
  r.run_for(30min);
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, Verdict::fail);
  EXPECT_EQ(r.reading("canary.expect[2]").verdict, Verdict::fail);
  r.counter("err", kNew, 0);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {60, 40, 0, 0, 0});
  r.run_for(20s);
  for (const std::string& series : late) r.lag(series, kNew, by);
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::extend, 1h), "");
  r.run_for(5min);
  for (const std::string& series : late) r.lag(series, kNew, 0s);
  r.run_for(10min);
}

TEST(Lagging, AProofThatIsExtendedMeanwhileCountsNothingOfBefore) {
  for (const core::Duration by :
       {core::Duration(1min), core::Duration(145s), core::Duration(200s), core::Duration(9min)}) {
    Rehearsal r(proof());
    play(r, {"req"}, by);
    const core::Reading reading = r.reading("canary.expect[1]");
    EXPECT_EQ(reading.verdict, Verdict::pass) << by.count();
    ASSERT_TRUE(reading.evidence);
    EXPECT_EQ(reading.evidence->counts[1], 0) << by.count();
    // Since the extension, or since up to 150 s before it: as far as the requests had come.
    EXPECT_GE(reading.evidence->counts[0], 100 * 9 * 60) << by.count();
    EXPECT_LE(reading.evidence->counts[0], 100 * (15 * 60 + 150)) << by.count();
    EXPECT_EQ(r.reading("canary.expect[2]").verdict, Verdict::pass) << "which was in time";
  }
}

TEST(Lagging, TheOnlyProofOfARunbookBeginsAsWellWhenItsPartIsThereAgain) {
  Rehearsal r(text_of({.guard = "stop absent(requests) for 1h\n",
                       .stages = "stage canary {\n traffic 20%\n hold 1h\n"
                                 " expect error_rate < 1% with confidence 95%\n"
                                 " within 8h otherwise halt\n}\n"}));
  healthy(r);
  r.counter("err", kNew, 5);
  r.start();
  r.run_for(30min);
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, Verdict::fail);
  r.counter("err", kNew, 0);
  r.lag("req", kNew, 200s);
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::extend, 1h), "");
  r.run_for(5min);
  r.lag("req", kNew, 0s);
  r.run_for(10min);
  const core::Reading reading = r.reading("canary.expect[1]");
  EXPECT_EQ(reading.verdict, Verdict::pass);
  ASSERT_TRUE(reading.evidence);
  EXPECT_EQ(reading.evidence->counts[1], 0);
}

TEST(Lagging, WhileItLagsNothingIsProven) {
  Rehearsal r(proof());
  play(r, {}, 0s);
  r.lag("req", kNew, 200s);
  r.run_for(5min);
  EXPECT_EQ(r.verb(Verb::extend, 1h), "");
  r.counter("err", kNew, 50);
  r.run_for(3min);
  EXPECT_EQ(r.reading("canary.expect[1]").missing, core::Missing::stale);
  r.lag("req", kNew, 0s);
  r.run_for(3min);
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, Verdict::fail) << "what came since counts";
}

// A shift begins the windows anew, so that a test has nothing to leave out.
TEST(Lagging, ATestThatBeginsWithAShiftCountsAllSince) {
  Rehearsal r(text_of({.guard = "stop absent(requests) for 1h\n",
                       .stages = "stage a {\n traffic 10%\n hold 30m\n}\nstage b {\n traffic 20%\n"
                                 " hold 1h\n expect error_rate < 1% with confidence 95%\n"
                                 " within 8h otherwise halt\n}\n"}));
  healthy(r);
  r.start();
  r.run_for(20min);
  r.lag("req", kNew, 200s);
  r.run_to("b.hold");
  r.counter("err", kNew, 5);
  r.run_for(5min);
  r.lag("req", kNew, 0s);
  r.run_for(5min);
  const core::Reading reading = r.reading("b.expect[1]");
  EXPECT_EQ(reading.verdict, Verdict::fail);
  ASSERT_TRUE(reading.evidence);
  EXPECT_GE(reading.evidence->counts[1], 5 * 9 * 60) << "the errors of while it lagged too";
}

}  // namespace
}  // namespace rollbook::tests
