// `stop new(…) over D` where something else of the arm comes more seldom than D: it is looked at as
// far as that was heard, so looks lie further apart than the window is wide.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using testing::HasSubstr;

constexpr const char* kBack = "rollback.automatic.shift";
constexpr const char* kHold = "canary.hold.wait";
constexpr Duration kSlow = 2min;

const std::string kSeldom = text_by_labels(
    "stop new(errors by type) at least 5 over 1m\n"
    "stop canary.rate(jobs) > baseline.rate(jobs) * 300% over 10m",
    "metric jobs = counter jobs_done\n");

Labels oom(const char* arm) { return {{"v", arm}, {"type", "oom"}, {"endpoint", "/pay"}}; }

// Its jobs are told every two minutes, all else every 15 s.
class Service {
 public:
  explicit Service(Rehearsal& r) : r_(r) {
    r_.counter("req", {{"v", "new"}, {"endpoint", "/pay"}}, 100);
    r_.counter("req", {{"v", "old"}, {"endpoint", "/pay"}}, 400);
    r_.start();
    for (int i = 0; i < 10; ++i) go_on(kSlow);
    EXPECT_EQ(r_.state(), kHold);
  }
  void go_on(Duration duration) {
    for (Duration left = duration; left > 0s && !r_.rollout().finished();) {
      const Duration step = std::min(left, next_ - r_.elapsed());
      r_.run_for(step);
      left -= step;
      if (r_.elapsed() == next_) tell_jobs();
    }
  }

 private:
  void tell_jobs() {
    for (const char* arm : {"new", "old"}) r_.point("jobs_done", {{"v", arm}}, 120, 0s);
    next_ += kSlow;
  }
  Rehearsal& r_;
  Duration next_ = kSlow;
};

TEST(NewKindsSeldomLookedAt, ABurstBetweenTwoLooksIsJudgedWhereverItLies) {
  for (const Duration after : {5s, 35s, 65s, 95s}) {
    Rehearsal r(kSeldom);
    Service service(r);
    service.go_on(after);
    r.add("err", oom("new"), 7);
    service.go_on(kSlow + 5s);
    ASSERT_NE(r.entered(kBack), core::kNever) << after.count();
    EXPECT_THAT(r.because(kBack), HasSubstr("type=\"oom\" 7"));
  }
}

TEST(NewKindsSeldomLookedAt, ABurstThatTheLookBeforeSawTheBeginOfIsWhole) {
  Rehearsal r(kSeldom);
  Service service(r);
  service.go_on(kSlow - 20s);
  r.add("err", oom("new"), 4);
  service.go_on(35s);
  EXPECT_EQ(r.state(), kHold);
  r.add("err", oom("new"), 1);
  service.go_on(kSlow);
  EXPECT_NE(r.entered(kBack), core::kNever);
}

// More than five between two looks, and in no minute more than four.
TEST(NewKindsSeldomLookedAt, WhatIsNoBurstInAnyWindowIsNone) {
  Rehearsal r(kSeldom);
  Service service(r);
  for (int i = 0; i < 6; ++i) {
    r.add("err", oom("new"), 4);
    service.go_on(75s);
  }
  service.go_on(10min);
  EXPECT_EQ(r.state(), kHold);
}

TEST(NewKindsSeldomLookedAt, WhatTheBaselineShowsByThenIsNotNew) {
  Rehearsal r(kSeldom);
  Service service(r);
  service.go_on(20s);
  r.add("err", oom("new"), 7);
  service.go_on(70s);
  r.add("err", oom("old"), 1);
  service.go_on(10min);
  EXPECT_EQ(r.state(), kHold);
}

TEST(NewKindsSeldomLookedAt, ABurstIsJudgedAfterARestartToo) {
  Rehearsal r(kSeldom);
  Service service(r);
  service.go_on(20s);
  r.add("err", oom("new"), 7);
  service.go_on(60s);
  r.crash();
  service.go_on(kSlow);
  EXPECT_NE(r.entered(kBack), core::kNever);
}

// When the jobs are not told any more they are waited for no longer than 150 s.
TEST(NewKindsSeldomLookedAt, ABurstIsJudgedWhenTheSeldomOneFallsSilent) {
  for (const Duration after : {5s, 95s, 140s}) {
    Rehearsal r(kSeldom);
    Service service(r);
    r.run_for(after);
    r.add("err", oom("new"), 7);
    r.run_for(4min);
    EXPECT_NE(r.entered(kBack), core::kNever) << after.count();
  }
}

}  // namespace
}  // namespace rollbook::tests
