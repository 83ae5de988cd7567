// Points that come and are old: a queue that is worked off, a clock that is an hour slow. What they
// show is not of now, and nothing goes forward on it.

#include <gtest/gtest.h>

#include "engine/core/clocks.h"
#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::Duration;
using core::Missing;
using core::Verdict;
using runtime::PointKind;

const Labels kNew{{"v", "new"}};
const Labels kOld{{"v", "old"}};

std::string watched(const std::string& stages, const std::string& stops = "") {
  return text_of({.guard = "stop error_rate > 2% over 1m\nstop absent(requests) for 20m\n" + stops,
                  .stages = stages});
}

void serve_baseline(Rehearsal& r) {
  r.counter("req", kOld, 900);
  r.counter("err", kOld, 0);
}

// Delta points of an arm, each `every`, which are `age` old when they come.
struct Sender {
  Rehearsal& r;
  Duration age{};
  std::int64_t errors = 0;  // of 100 requests
  Duration every = 15s;
  Labels labels = kNew;

  void send() const {
    const std::int64_t seconds = every / Duration(1s);
    r.point("req", labels, 100 * seconds, age, PointKind::counter_delta, every);
    if (errors > 0) {
      r.point("err", labels, errors * seconds, age, PointKind::counter_delta, every);
    }
  }
  void run_for(Duration duration) const {
    for (Duration passed{}; passed < duration; passed += every) {
      send();
      r.run_for(every);
    }
  }
};

Duration held(const Rehearsal& r) {
  return core::elapsed(r.rollout(), r.machine().stages[0].hold, r.now());
}

std::size_t times_behind(const Rehearsal& r) {
  std::size_t times = 0;
  for (const core::Event& event : r.events()) {
    const auto* observed = std::get_if<core::Observed>(&event.body);
    if (observed == nullptr) continue;
    for (const core::SeriesSeen& seen : observed->seen) times += seen.behind;
  }
  return times;
}

TEST(Behind, AHoldStandsStillWhileAllThatComesIsOlderThanTheShift) {
  for (const Duration age : {Duration(200s), Duration(1h)}) {
    Rehearsal r(watched("stage canary {\n traffic 20%\n hold 4m\n}\n"));
    serve_baseline(r);
    r.start();
    Sender sender{r, age, 100};
    sender.run_for(2min);
    EXPECT_EQ(r.state(), "canary.hold.wait");
    EXPECT_LT(held(r), 16s) << "until the first of them came";
    EXPECT_EQ(r.reading("guard.stop[1]").verdict, Verdict::no_data);
    EXPECT_EQ(r.reading("guard.stop[1]").missing, Missing::stale);
    EXPECT_EQ(r.reading("guard.stop[2]").verdict, Verdict::pass) << "points do come";
    if (age == Duration(1h)) {
      sender.run_for(40min);
      EXPECT_EQ(r.state(), "canary.hold.wait");
      EXPECT_LT(held(r), 16s);
    }
    // The clock is put right.
    sender.age = 0s;
    sender.run_for(1min);
    EXPECT_EQ(r.state(), "rolled_back");
  }
}

TEST(Behind, AQueueThatIsWorkedOffIsActedUpon) {
  Rehearsal r(watched("stage canary {\n traffic 20%\n hold 1h\n}\n"));
  serve_baseline(r);
  r.start();
  Sender sender{r};
  sender.run_for(10min);
  r.run_for(10min - 1s);
  // Errors of ten minutes ago, and nothing that is newer.
  sender.age = 9min;
  sender.errors = 100;
  sender.run_for(30s);
  EXPECT_EQ(r.state(), "rolled_back");
}

TEST(Behind, AnExportIntervalAndABatchAreInTime) {
  for (const Duration age : {Duration(90s), Duration(149s)}) {
    Rehearsal r(watched("stage canary {\n traffic 20%\n hold 30m\n}\n"));
    serve_baseline(r);
    r.start();
    Sender{r, age, 0, 60s}.run_for(30min);
    r.run_for(1s);
    EXPECT_EQ(r.state(), "succeeded");
    EXPECT_EQ(r.elapsed(), 30min + 1s);
    EXPECT_EQ(times_behind(r), 0U);
  }
}

TEST(Behind, AnExpectHasNoDataUntilNewOnesCome) {
  Rehearsal r(
      watched("stage canary {\n traffic 20%\n hold 10m\n"
              " expect error_rate < 0.5% over 20m\n within 8h otherwise halt\n}\n"));
  serve_baseline(r);
  r.start();
  Sender sender{r};
  sender.run_for(13min);
  EXPECT_EQ(r.state(), "canary.review.gate");
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, Verdict::undecided);
  // A queue has grown: the window comes to be whole, and good, of minutes ago.
  sender.age = 200s;
  sender.run_for(15min);
  EXPECT_EQ(r.state(), "canary.review.gate");
  EXPECT_EQ(r.reading("canary.expect[1]").missing, Missing::stale);
  EXPECT_EQ(r.reading("canary.expect[1]").seen, Duration(20min));
  sender.age = 100s;
  sender.run_for(1min);
  EXPECT_EQ(r.state(), "succeeded");
}

// Ten minutes of what a sender has kept, worked off at nine times the speed.
TEST(Behind, AfterABacklogTheHoldGoesOnAsSoonAsItIsNew) {
  Rehearsal r(watched("stage canary {\n traffic 20%\n hold 1h\n}\n"));
  serve_baseline(r);
  r.start();
  Sender sender{r};
  sender.run_for(10min);
  r.run_for(10min);
  const Duration stood = held(r);
  EXPECT_EQ(stood / 1s, 12 * 60 + 14) << "up to 150 s after the last of them, from 200 ms on";
  const std::string before = r.verdicts("guard.stop[1]");
  Duration goes_on{};
  core::Time told = r.now() - 10min;
  for (int turn = 0; turn < 6; ++turn) {
    for (int i = 0; i < 9 && told < r.now(); ++i) {
      told += 15s;
      sender.age = r.now() - told;
      sender.send();
    }
    r.run_for(15s);
    if (goes_on == Duration{} && held(r) > stood) goes_on = r.elapsed();
  }
  sender.age = 0s;
  sender.run_for(1min);
  EXPECT_EQ(goes_on, 21min) << "the fourth turn has brought it within 150 s";
  EXPECT_EQ(r.verdicts("guard.stop[1]"), before + " pass") << "it does not flap";
}

// What was written while the engine was away is old when it is read, and no less whole for that.
TEST(Behind, TheEnginesOwnAbsenceIsNotTheSendersLateness) {
  Rehearsal r(
      watched("stage canary {\n traffic 20%\n hold 2h\n expect error_rate < 1% over 30m\n"
              " within 8h otherwise halt\n}\n"));
  healthy(r);
  r.start();
  r.run_for(40min);
  const std::string before = r.verdicts("canary.expect[1]");
  r.hoard();
  r.run_for(30min);
  r.release();
  r.run_for(1min);
  EXPECT_EQ(times_behind(r), 0U);
  EXPECT_EQ(r.verdicts("canary.expect[1]"), before);
  r.run_to("succeeded");
  EXPECT_EQ(r.entered("succeeded"), 2h + 30min + 200ms);
}

TEST(Behind, ABaselineThatIsAsLateAsTheCanaryHoldsAStopBack) {
  Rehearsal r(watched("stage canary {\n traffic 20%\n hold 1h\n}\n",
                      "stop error_rate > 1% over 5m\nwhen baseline fails too halt\n"));
  r.start();
  Sender canary{r}, baseline{r, 0s, 0, 15s, kOld};
  const auto run_for = [&](Duration duration) {
    for (Duration passed{}; passed < duration; passed += 15s) {
      canary.send();
      baseline.send();
      r.run_for(15s);
    }
  };
  run_for(10min);
  // Both hang on one queue.
  canary.age = baseline.age = 200s;
  run_for(6min);
  canary.errors = baseline.errors = 2;
  run_for(10min);
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.weights(), "20%");
}

}  // namespace
}  // namespace rollbook::tests
