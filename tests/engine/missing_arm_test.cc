// Whole rollouts in which one part of what is compared falls silent for less than makes it stale,
// comes later than the others, or comes back under other labels. None of it is a difference between
// the arms.

#include <gtest/gtest.h>

#include "tests/scenarios/rehearsal.h"

namespace rollbook::tests {
namespace {

const Labels kNew{{"v", "new"}}, kOld{{"v", "old"}};
constexpr const char* kBack = "rolled_back";

// A stage of half an hour; reviews last another.
std::string runbook(const std::string& stop, const std::string& expect) {
  return R"(edition 1
runbook shop {
  service "shop"
  arms by label "v": baseline "old", canary "new"
  metric requests = counter req
  metric errors = counter err
  metric orders = counter ord
  metric order_rate = orders / requests
  guard {
    stop absent(requests) for 10m
)" + stop +
         R"(
    otherwise rollback automatic
  }
  stage half {
    traffic 50%
    hold 30m
)" + expect +
         R"(
    within 30m otherwise rollback automatic
  }
  rollback automatic { traffic 0% }
  finish traffic 50%
}
)";
}

// The canary loses a fifth of its orders.
void flow(Rehearsal& r) {
  for (const Labels& labels : {kNew, kOld}) {
    r.counter("req", labels, 100);
    r.counter("err", labels, 2);
    r.counter("ord", labels, labels == kNew ? 16 : 20);
  }
}

void be_silent_for(Rehearsal& r, const std::vector<std::string>& series, const Labels& labels,
                   core::Duration duration) {
  for (const std::string& each : series) r.silence(each, labels);
  r.run_for(duration);
}

// Two minutes before the review, or from the beginning on, when it becomes stale.
TEST(MissingArm, AGateDoesNotPassOnABaselineThatFallsSilent) {
  for (const char* expect : {"expect canary.rate(orders) >= baseline.rate(orders) * 95% over 5m",
                             "expect canary.order_rate >= baseline.order_rate * 95% over 5m",
                             "expect canary.order_rate >= baseline.order_rate * 95% with "
                             "confidence 95%"}) {
    for (const auto& silent :
         {std::vector<std::string>{"ord"}, std::vector<std::string>{"ord", "req"}}) {
      for (const core::Duration after : {1min, 28min}) {
        Rehearsal r(runbook("", expect));
        flow(r);
        r.start();
        r.run_for(after);
        be_silent_for(r, silent, kOld, 59min - after);
        EXPECT_EQ(r.verdicts("half.expect[1]").find("pass"), std::string::npos) << expect;
        EXPECT_NE(r.state(), "succeeded") << expect << " " << after / 1min;
      }
    }
  }
}

TEST(MissingArm, AGuardTakesASilentBaselineForNoBetterOne) {
  for (const char* stop : {"stop canary.rate(errors) > baseline.rate(errors) * 130% over 5m",
                           "stop canary.rate(requests) > baseline.rate(requests) * 130% over 5m",
                           "stop canary.order_rate > baseline.order_rate * 130% over 5m"}) {
    Rehearsal r(runbook(stop, "expect errors / requests < 5% over 5m"));
    flow(r);
    r.start();
    r.run_for(15min);
    be_silent_for(r, {"req", "err", "ord"}, kOld, 15min);
    EXPECT_NE(r.state(), kBack) << stop << ": " << r.because();
    EXPECT_EQ(r.reading("guard.stop[2]").missing, core::Missing::stale) << stop;
  }
}

TEST(MissingArm, AGuardOfTheCanaryAloneSeesWhatItDoesWhileTheBaselineIsSilent) {
  Rehearsal r(runbook("stop errors / requests > 5% over 5m", ""));
  flow(r);
  r.start();
  r.run_for(10min);
  be_silent_for(r, {"req", "err", "ord"}, kOld, 1min);
  r.counter("err", kNew, 50);
  r.run_for(2min);
  EXPECT_EQ(r.state(), kBack);
}

// Errors that come a minute before their requests are no breach, and a breach is none the less.
TEST(MissingArm, RequestsThatComeLaterThanErrorsAreWaitedFor) {
  for (const char* stop :
       {"stop errors / requests > 3% over 5m", "stop errors / requests > 3% with confidence 99%"}) {
    for (const core::Duration late : {20s, 60s, 120s}) {
      Rehearsal r(runbook(stop, ""));
      flow(r);
      for (const Labels& labels : {kNew, kOld}) r.lag("req", labels, late);
      r.start();
      r.run_for(25min);
      EXPECT_NE(r.state(), kBack) << stop << ": " << r.because();
      r.counter("err", kNew, 20);
      r.run_for(late + 4min);
      EXPECT_EQ(r.state(), kBack) << stop << " " << late / 1s;
    }
  }
}

// The canary's errors by type, all in all 100,000 of them before the rollout.
const Labels kTimeouts{{"type", "timeout"}, {"v", "new"}};
void have_failed_before(Rehearsal& r) {
  r.counter("req", kNew, 100);
  r.counter("err", kTimeouts, 1);
  r.add("err", kTimeouts, 100'000);
}

TEST(MissingArm, ALabelThatIsAddedBringsNoErrors) {
  Rehearsal r(runbook("stop errors / requests > 3% over 5m", ""));
  have_failed_before(r);
  r.start();
  r.run_for(15min);
  const Labels same{{"type", "timeout"}, {"v", "new"}, {"zone", "a"}};
  r.silence("err", kTimeouts);
  r.counter("err", same, 1);
  r.add("err", same, 100'900);
  r.run_for(10min);
  EXPECT_NE(r.state(), kBack) << r.because();
  r.counter("err", same, 50);
  r.run_for(2min);
  EXPECT_EQ(r.state(), kBack) << "what comes from then on counts";
}

TEST(MissingArm, AnErrorThatIsNewBeginsAtZero) {
  Rehearsal r(runbook("stop errors / requests > 3% over 5m", ""));
  have_failed_before(r);
  r.start();
  r.run_for(15min);
  const Labels other{{"type", "full"}, {"v", "new"}};
  r.counter("err", other, 0);
  r.add("err", other, 5'000);
  r.run_for(1min);
  EXPECT_EQ(r.state(), kBack);
}

}  // namespace
}  // namespace rollbook::tests
