// `judge kayenta` and `bracket` in whole rollouts, through the log and back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/runbooks.h"

namespace rollbook::tests {
namespace {

using testing::HasSubstr;

const Labels kNew{{"v", "new"}};
const Labels kOld{{"v", "old"}};

const std::string& judged() {
  static const std::string text =
      text_of({.guard = "stop error_rate > 50% over 5m\nstop absent(requests) for 3m\n",
               .stages = "stage canary {\n traffic 20%\n hold 10m\n"
                         "expect judge kayenta over 10m pass 90% marginal 60% {\n"
                         "  error_rate   increase critical\n"
                         "  p99(latency) increase\n"
                         "  depth        either\n"
                         "}\n within 4h otherwise decide verdict\n}\n"});
  return text;
}

// Both arms alike.
void alike(Rehearsal& r) {
  healthy(r);
  r.histogram("dur", kOld, {5, 10, 20, 50}, {540, 360, 0, 0, 0});
  r.gauge("queue_depth", kNew, 7);
  r.gauge("queue_depth", kOld, 7);
}
void slow(Rehearsal& r) { r.histogram("dur", kNew, {5, 10, 20, 50}, {0, 40, 40, 20, 0}); }

std::size_t looks(const Rehearsal& r) {
  std::size_t found = 0;
  for (const core::Event& event : r.events()) {
    const auto* changed = std::get_if<core::VerdictChanged>(&event.body);
    if (changed != nullptr && changed->reading.evidence) ++found;
  }
  return found;
}

TEST(JudgeKayenta, LooksWhenItsWindowHasEndedAndOnce) {
  Rehearsal r(judged());
  alike(r);
  r.start();
  // The shift settles after a moment, so the window begins with minute 1.
  r.run_for(10min + 50s);
  EXPECT_EQ(r.state(), "canary.review.gate");
  EXPECT_EQ(looks(r), 0U);
  r.run_for(30s);
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(looks(r), 1U);
}

TEST(JudgeKayenta, AMetricThatIsWorseLeadsToPeople) {
  Rehearsal r(judged());
  alike(r);
  slow(r);
  r.start();
  r.run_for(11min + 15s);
  EXPECT_EQ(r.reading("canary.expect[1]").verdict, core::Verdict::undecided);  // 2 of 3: marginal
  EXPECT_EQ(r.reading("canary.expect[1]").value, core::Fixed{666'700'000});
  r.run_for(1h);
  EXPECT_EQ(looks(r), 1U);
  EXPECT_EQ(r.state(), "canary.review.gate");
  r.run_for(3h);
  EXPECT_EQ(r.state(), "canary.review.otherwise");
}

TEST(JudgeKayenta, ACriticalMetricFailsTheReviewAndSaysWhich) {
  Rehearsal r(judged());
  alike(r);
  r.counter("err", kNew, 2);
  r.start();
  r.run_for(11min + 15s);
  EXPECT_EQ(r.state(), "canary.review.otherwise");
  EXPECT_THAT(r.because(),
              HasSubstr("judge kayenta over 10m pass 90% marginal 60%: 0% against 90%"));
  EXPECT_THAT(r.because(), HasSubstr("error_rate high (critical)"));
}

TEST(JudgeKayenta, AnExtensionIsAnotherChance) {
  Rehearsal r(judged());
  alike(r);
  r.counter("err", kNew, 2);
  r.start();
  r.run_for(12min);
  ASSERT_EQ(r.state(), "canary.review.otherwise");
  r.counter("err", kNew, 0);
  EXPECT_EQ(r.decide("longer", "dev", "ann"), "");
  EXPECT_EQ(r.decide("longer", "ops", "bob"), "");
  r.run_for(1h + 1min);
  EXPECT_EQ(r.state(), "succeeded");
  EXPECT_EQ(looks(r), 2U);
}

TEST(JudgeKayenta, AnEngineThatDiesOnTheWayFindsTheSame) {
  Rehearsal whole(judged()), broken(judged());
  for (Rehearsal* r : {&whole, &broken}) {
    alike(*r);
    slow(*r);
    r->start();
    r->run_for(6min + 7s);
    if (r == &broken) r->crash();
    r->run_for(5min + 30s);
    if (r == &broken) r->crash();
    r->run_for(1min);
  }
  ASSERT_TRUE(whole.reading("canary.expect[1]").evidence);
  EXPECT_EQ(whole.reading("canary.expect[1]").evidence,
            broken.reading("canary.expect[1]").evidence);
  EXPECT_EQ(looks(broken), 1U);
}

// ---- Brackets -----------------------------------------------------------------------------------

std::string bracketed(const std::string& guard, const std::string& review) {
  return text_of({.before = "metric pods = gauge last pod_p99\n",
                  .guard = "stop absent(requests) for 3m\n" + guard,
                  .stages = "stage canary {\n traffic 20%\n hold 10m\n" + review + "}\n"});
}

void pods(Rehearsal& r, std::int64_t a, std::int64_t b) {
  healthy(r);
  r.gauge("pod_p99", {{"v", "new"}, {"pod", "a"}}, a);
  r.gauge("pod_p99", {{"v", "new"}, {"pod", "b"}}, b);
}

TEST(Bracket, AReviewPassesWhenAllComponentsDoAndFailsWhenNoneDoes) {
  const std::string text =
      bracketed("", "expect bracket(pods) < 15 over 5m\nwithin 1h otherwise rollback automatic\n");
  const struct {
    std::int64_t a, b;
    const char* soon;
    const char* later;
  } cases[] = {{10, 12, "succeeded", "succeeded"},
               {16, 20, "rolled_back", "rolled_back"},
               {10, 20, "canary.review.gate", "rolled_back"}};
  for (const auto& c : cases) {
    Rehearsal r(text);
    pods(r, c.a, c.b);
    r.start();
    r.run_for(11min);
    EXPECT_EQ(r.state(), c.soon) << c.a << ", " << c.b;
    r.run_for(2h);
    EXPECT_EQ(r.state(), c.later) << c.a << ", " << c.b;
  }
}

TEST(Bracket, AGuardStopsWhenAllComponentsBreach) {
  const std::string text = bracketed("stop bracket(pods) > 15 over 5m for 1m\n", "");
  for (const bool both : {false, true}) {
    Rehearsal r(text);
    pods(r, both ? 16 : 10, 20);
    r.start();
    r.run_for(5min);
    EXPECT_EQ(r.state(), both ? "rolled_back" : "canary.hold.wait");
  }
}

}  // namespace
}  // namespace rollbook::tests
