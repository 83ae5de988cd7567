// Every decision of control flow is recomputed from the log alone, word for word.

#include "tools/recompute.h"

#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using core::RollbackHow;
using core::Verb;

const Labels kNew{{"v", "new"}};

// All that a stage can do between its first shift and a step that cannot be taken back.
const std::string kEverything =
    text_of({.before = R"(action copy(phase: text) idempotent
  guard always {
    stop absent(compared) for 1h
    otherwise halt
  }
)",
             .guard = "stop error_rate > 10% over 1m\n"
                      "stop error_rate > 1% over 5m and error_rate > 0.5% over 30m\n"
                      "pause while error_rate > 0.3% over 5m\n",
             .stages = R"(guard {
    stop p99(latency) > 20ms over 5m
    otherwise halt
  }
  stage first {
    start copy(phase: "backfill")
    traffic 10%
    hold 30m and 100000 requests at most 8h { run copy(phase: "beside") within 10m }
    hold until copy at most 8h
    expect error_rate < 0.2% over 5m
    confirm "Fine" by ops
    within 4h otherwise halt
    undo { run copy(phase: "undone") within 5m }
  }
  stage second {
    traffic 20%
    run soak(phase: "contract") within 1h irreversible
    hold 1h
    within 4h otherwise halt
  }
)"});

void expect_recomputed(Rehearsal& r) {
  tools::Recompute recompute(r.log());
  const auto found = recompute.run({});
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_FALSE(found->has_value()) << (*found)->message;
  EXPECT_EQ(recompute.hashes().at("r1"), core::hash(r.rollout()));
}

void begin(Rehearsal& r) {
  healthy(r);
  r.counter("err", kNew, 0);
  r.counter("shadow", {}, 5);
  int failures = 2;
  r.settles = [failures](const core::EffectRequested& effect) mutable {
    const bool copies = effect.name == "copy";
    return Rehearsal::Settlement{.after = copies ? core::Duration(1min) : 200ms,
                                 .succeeds = !copies || failures-- <= 0};
  };
  r.start();
}

TEST(Recompute, AHaltAndItsResumption) {
  Rehearsal r(kEverything);
  begin(r);
  r.run_for(20min);
  r.add("err", kNew, 120);  // pauses itself
  r.run_for(10min);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {0, 0, 0, 100, 0});
  r.run_for(10min);
  EXPECT_TRUE(r.rollout().halted);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {60, 40, 0, 0, 0});
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::promote), "halted");
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to("first.review");
  EXPECT_EQ(r.confirm("Fine", "ops", "ann", false), "");
  EXPECT_TRUE(r.rollout().halted);
  EXPECT_EQ(r.verb(Verb::resume), "");
  EXPECT_EQ(r.confirm("Fine", "ops", "ann"), "");
  r.run_to("second.hold");
  EXPECT_EQ(r.verb(Verb::abort), "");
  EXPECT_EQ(r.rollback(RollbackHow::immediate), "irreversible");
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to_end();
  EXPECT_EQ(r.state(), "succeeded");
  expect_recomputed(r);
}

TEST(Recompute, ARollbackInPartAndThenInWholeWithWhatIsUndone) {
  Rehearsal r(kEverything);
  begin(r);
  r.run_to("first.hold.wait");
  EXPECT_EQ(r.rollback_to(core::Weight{50'000'000}, RollbackHow::gradual, 3min), "");
  r.run_for(10min);
  EXPECT_EQ(r.verb(Verb::resume), "");
  r.run_to("first.hold");
  r.run_for(40min);
  r.add("err", kNew, 2000);
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  expect_recomputed(r);
}

// What metrics have by their labels is logged once a minute, and before a rollback begins: in the
// middle of what one input brings about.
TEST(Recompute, ARollbackForAKindOfErrorsThatIsNew) {
  for (const bool by_hand : {false, true}) {
    Rehearsal r(text_by_labels("stop new(errors by type) at least 5 over 5m"));
    r.counter("req", {{"v", "new"}, {"endpoint", "/pay"}}, 100);
    r.counter("err", {{"v", "new"}, {"type", "timeout"}}, 1);
    r.counter("err", {{"v", "old"}, {"type", "timeout"}}, 1);
    r.start();
    r.run_for(20min + 20s);
    if (by_hand) {
      EXPECT_EQ(r.verb(Verb::rebalance), "");
      r.run_for(1min + 3s);
      EXPECT_EQ(r.verb(Verb::abort), "");
    } else {
      r.add("err", {{"v", "new"}, {"type", "oom"}}, 9);
    }
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back");
    expect_recomputed(r);
  }
}

// Halted for a cause that both arms share, waiting for the baseline, and the stop that acts when it
// alone recovers; and the same of silence.
TEST(Recompute, AVetoAndItsEnd) {
  for (const char* stop :
       {"stop error_rate > 1% with confidence 99%\n", "stop error_rate > 1% over 5m for 2m\n",
        "stop absent(requests) for 4m\n"}) {
    Rehearsal r(text_of({.guard = std::string(stop) + "when baseline fails too halt\n",
                         .stages = "stage canary {\n traffic 20%\n hold 6h\n}\n"}));
    healthy(r);
    r.start();
    r.run_for(20min);
    r.lag("req", {{"v", "old"}}, 4s);
    r.counter("err", kNew, 5);
    r.counter("err", {{"v", "old"}}, 45);
    if (std::string(stop).find("absent") != std::string::npos) r.silence();
    r.run_for(20min);
    ASSERT_TRUE(r.rollout().halted) << stop;
    r.speak();
    r.silence("req", kNew);
    r.counter("err", {{"v", "old"}}, 0);
    if (std::string(stop).find("absent") == std::string::npos) r.counter("req", kNew, 100);
    r.run_to_end();
    EXPECT_EQ(r.state(), "rolled_back") << stop;
    expect_recomputed(r);
  }
}

// Statistics of every kind that is held against something else, over silences short and long.
TEST(Recompute, TestsOfTwoArmsAndOfThePastOverGaps) {
  Rehearsal r(text_of(
      {.guard = "stop canary.p99(latency) > baseline.p99(latency) * 105% with confidence 99%\n"
                "stop error_rate > baseline.error_rate * 150% with confidence 99%\n",
       .stages = "stage canary {\n traffic 20%\n hold 5h\n"
                 " expect rate(requests) unchanged from previous 20m by at most 20%\n"
                 " expect error_rate unchanged from previous 20m by at most 50%\n"
                 " expect canary.p99(latency) <= baseline.p99(latency) * 105% with confidence 95%\n"
                 " expect traffic split as planned\n"
                 " within 4h otherwise halt\n}\n"}));
  healthy(r);
  r.histogram("dur", {{"v", "old"}}, {5, 10, 20, 50}, {540, 360, 0, 0, 0});
  r.counter("err", kNew, 1);
  r.counter("err", {{"v", "old"}}, 9);
  r.start();
  for (const core::Duration silence : {core::Duration(4min), core::Duration(35min)}) {
    r.run_for(50min);
    r.silence();
    r.run_for(silence);
    r.speak();
  }
  r.run_for(90min);
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, core::Verdict::pass);
  r.histogram("dur", kNew, {5, 10, 20, 50}, {50, 30, 0, 20, 0});
  r.run_to_end();
  EXPECT_EQ(r.state(), "rolled_back");
  EXPECT_EQ(r.verdicts("canary.expect[1]").find("fail"), std::string::npos);
  expect_recomputed(r);
}

}  // namespace
}  // namespace rollbook::tests
