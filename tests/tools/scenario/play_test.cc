#include "tools/scenario/play.h"

#include "tests/tools/scenario/stage.h"

namespace rollbook::tests {
namespace {

using core::Outcome;

// A scenario that keeps what it says, and ends so.
void passes(const std::string& body, Outcome outcome) {
  const Played played = play(body);
  EXPECT_EQ(played.told(), "") << body;
  EXPECT_EQ(played.seen.outcome, outcome) << body;
}

TEST(Play, AHealthyServiceGoesThrough) {
  passes(R"(series healthy at 100/s
at every question answer yes
at 30m expect state half.hold
at 30m expect traffic 50%
expect effect run suite
never expect effect page)",
         Outcome::succeeded);
}

TEST(Play, TheSameScriptGivesTheSameLog) {
  const char* body = "series healthy at 100/s\nerrors 20% from 10m\nexpect outcome rolled_back";
  EXPECT_EQ(play(body).log, play(body).log);
}

TEST(Play, ASeriesThatIsNotGivenIsSilent) {
  passes(R"(series shop_errors_total{version="new"} 0/s
within 4m of 0s expect state rollback.automatic
expect verdict "guard.stop[4]" fail)",
         Outcome::rolled_back);
}

TEST(Play, ARateASharedAndAGaugeAreJudgedAsWritten) {
  passes(R"(series healthy at 100/s
series shop_errors_total{version="new"} 0/s until 20m then 10/s
at every question answer yes
within 5m of 20m expect verdict "guard.stop[1]" fail)",
         Outcome::rolled_back);
  // 4 % of the canary's requests is below the limit, 6 % above it.
  passes(R"(series healthy at 100/s
series shop_errors_total{version="new"} 4% until 30m then 6%
at every question answer yes
at 29m expect verdict "guard.stop[1]" pass
within 6m of 30m expect state rollback.automatic)",
         Outcome::rolled_back);
  passes(R"(series healthy at 100/s
series shop_queue_depth{version="new"} 40 until stage half + 10m then 101
at every question answer yes
within 1m of stage half + 10m expect verdict "guard.stop[3]" fail)",
         Outcome::rolled_back);
}

TEST(Play, AQuantileComesOutAsWritten) {
  const Played played = play(R"(series healthy at 100/s
series shop_latency_seconds{version="new"} p50 8ms p99 49ms until 20m then p50 8ms p99 51ms
at every question answer yes
at 19m expect verdict "guard.stop[2]" pass
within 6m of 20m expect verdict "guard.stop[2]" fail)");
  EXPECT_EQ(played.told(), "");
  for (const core::Event& event : played.seen.events) {
    const auto* changed = std::get_if<core::VerdictChanged>(&event.body);
    if (changed == nullptr || changed->criterion.value != 1 || !changed->reading.value) continue;
    // The first verdicts are of a minute or so; each count is a whole one.
    EXPECT_GT(changed->reading.value->nanos, 48'000'000);
    EXPECT_LT(changed->reading.value->nanos, 52'000'000);
  }
}

TEST(Play, ASeriesMayFallSilentAndComeBack) {
  passes(R"(series healthy at 100/s
series shop_requests_total{version="new"} 50/s until 20m then silent until 22m then 50/s
at every question answer yes
never expect verdict "guard.stop[4]" fail)",
         Outcome::succeeded);
}

TEST(Play, EffectsFailAndHangAsTheFaultsSay) {
  passes("series healthy at 100/s\ncheckpoint \"before it\" fails\nnever expect effect traffic",
         Outcome::aborted);
  passes("series healthy at 100/s\nshift to 50% fails\nnever expect traffic 50%",
         Outcome::rolled_back);
  passes(R"(series healthy at 100/s
run suite hangs
at every question answer nothing
at stage half + 1h29m expect state half.run1
within 2m of stage half + 1h30m expect state half.review.otherwise)",
         Outcome::rolled_back);
  passes(R"(series healthy at 100/s
errors 50% from 10m
rollback fails until 20m
at every question answer yes
at 19m expect traffic 50%
within 3m of 20m expect traffic 0%)",
         Outcome::rolled_back);
}

TEST(Play, AHungRunIsSettledByHand) {
  passes(R"(series healthy at 100/s
run suite hangs
at every question answer yes
at stage half + 1h10m settle run succeeded
within 1m of stage half + 1h10m expect state succeeded)",
         Outcome::succeeded);
}

TEST(Play, AnswersGoByTheirRulesInTurn) {
  passes(R"(series healthy at 100/s
at every question answer yes
at question "No complaints" answer no, yes
at question verdict answer longer, proceed
at 2h30m expect outcome succeeded
expect state half.review.otherwise)",
         Outcome::succeeded);
  // One of two roles is no quorum.
  passes(R"(series healthy at 100/s
at question "No complaints" answer no
at question verdict answer proceed as owner
within 2m of stage half + 2h expect state rollback.automatic)",
         Outcome::rolled_back);
  passes(R"(series healthy at 100/s
at every question answer yes after 10m
at stage half + 1h5m expect state half.review
at stage half + 1h11m expect outcome succeeded)",
         Outcome::succeeded);
}

TEST(Play, OrdersAreGivenAndTheirRejectionsExpected) {
  passes(R"(series healthy at 100/s
at every question answer yes
at 10m pause for 1h
at 20m decide proceed rejected no_question
at 2h5m expect outcome succeeded
at 3h abort rejected finished)",
         Outcome::succeeded);
  passes(R"(series healthy at 100/s
at 1h5m confirm "No complaints" as owner by otto
within 1m of 1h5m expect outcome succeeded)",
         Outcome::succeeded);
  passes(R"(series healthy at 100/s
at question "No complaints" answer no
at 1h5m decide back as lead
within 1m of 1h5m expect state rollback.automatic)",
         Outcome::rolled_back);
  passes(R"(series healthy at 100/s
at every question answer yes
at 10m extend by 2h
at 2h expect state half.hold
at 3h5m expect outcome succeeded)",
         Outcome::succeeded);
}

TEST(Play, WhatIsSentWhileTheEngineIsAwayIsReadTogether) {
  passes(
      "series healthy at 100/s\nengine away from 0s for 1m\nat 30s abort\n"
      "never expect effect traffic\nat 1m expect outcome aborted",
      Outcome::aborted);
}

TEST(Play, AnEngineThatWasAwayReadsWhatItMissed) {
  passes(R"(series healthy at 100/s
engine away from 10m for 20m
errors 50% from 15m
at every question answer yes
at 29m expect traffic 50%
within 1m of 30m expect state rollback.automatic)",
         Outcome::rolled_back);
}

TEST(Play, ABusThatIsAwayStopsTheClockOfAHold) {
  passes(R"(series healthy at 100/s
bus away from 10m until 40m
at every question answer yes
at 1h10m expect state half.hold
at 1h35m expect outcome succeeded)",
         Outcome::succeeded);
}

TEST(Play, SaysWhatKeepsAnAbsenceFromBeingPlayed) {
  const auto error = [](const std::string& body) {
    const Made made = make("series healthy at 100/s\n" + body + "\nexpect outcome succeeded");
    EXPECT_TRUE(made.script) << made.findings;
    store::MemoryEventLog log;
    tools::Meters meters(*made.script, tools::kPlayBegin);
    const auto seen = tools::play(log, *made.script, meters, {});
    return seen ? "" : seen.error().message;
  };
  EXPECT_EQ(error("engine away from 10m for 20m\nbus away from 15m for 1m"),
            "line 4: the engine or its bus is away already");
  EXPECT_EQ(error("bus away from 10m until stage half"),
            "line 3: when it begins, its end is not to come: stage `half` has begun earlier");
  EXPECT_EQ(error("bus away from 0s until stage half"),
            "line 3: when it begins, its end is not to come: stage `half` has not begun");
}

TEST(Play, EndsWhereItIsToldTo) {
  const Played played = play("series healthy at 100/s\nend at 30m\nat 20m expect state half");
  EXPECT_EQ(played.told(), "");
  EXPECT_FALSE(played.seen.outcome.has_value());
  EXPECT_LE(played.seen.end - played.seen.begin, std::chrono::minutes(31));
}

// What the canary's requests rise by in an hour.
core::Int128 requests_between(tools::Meters& meters, core::Duration from, core::Duration to) {
  core::Fixed first, last;
  for (const auto& [until, value] : {std::pair{from, &first}, std::pair{to, &last}}) {
    runtime::PointBatch batch;
    meters.run_until(tools::kPlayBegin + until, batch);
    // The names came with the first batch; requests of the canary are its second series.
    for (const runtime::MetricPoint& point : batch.points) {
      if (point.series.value == 1) *value = point.value;
    }
  }
  return (last - first).nanos / core::Fixed::kScale;
}

TEST(Meters, TheLoadFollowsTheDayAndTheWeight) {
  const Made made = make("series healthy at 900/s trough 120/s\nexpect outcome succeeded");
  ASSERT_TRUE(made.script) << made.findings;
  ASSERT_EQ(made.script->healthy[1].name, "shop_requests_total");
  ASSERT_EQ(made.script->healthy[1].whose, adapters::Whose::canary);
  tools::Meters meters(*made.script, tools::kPlayBegin);
  using namespace std::chrono_literals;
  EXPECT_EQ(requests_between(meters, 1h, 2h), 0);
  meters.set_weight({}, core::Weight{500'000'000});
  const auto trough = static_cast<double>(requests_between(meters, 3h + 30min, 4h + 30min));
  const auto peak = static_cast<double>(requests_between(meters, 15h + 30min, 16h + 30min));
  EXPECT_NEAR(trough, 3600 * (120 + 16) / 2.0, 3600 * 2.0);
  EXPECT_NEAR(peak, 3600 * (900 - 16) / 2.0, 3600 * 2.0);
}

TEST(Play, ARunbookThatComesAfterAnotherIsRefusedUnlessThatHasSucceeded) {
  const auto plan =
      plan_of(stage_with("service \"shop\"", "service \"shop\"\nafter runbook shop_shadow"));
  const Played refused = play("expect start rejected after", plan);
  EXPECT_EQ(refused.told(), "");
  ASSERT_TRUE(refused.seen.refused);
  EXPECT_EQ(refused.seen.outcome, std::nullopt);
  const std::string gone =
      "given runbook shop_shadow succeeded\nseries healthy at 100/s\nat every question answer "
      "yes\n";
  const Played played = play(gone + "expect outcome succeeded\nat 1m expect traffic 50%", plan);
  EXPECT_EQ(played.told(), "");
  EXPECT_EQ(played.seen.outcome, Outcome::succeeded);
  // It was expected to be refused, and was not; or for another reason.
  EXPECT_EQ(play(gone + "expect start rejected after", plan).told(),
            "5: expect start rejected after / there was none");
  EXPECT_EQ(play("expect start rejected busy", plan)
                .told()
                .rfind("2: expect start rejected busy / the start was rejected as after: a rollout "
                       "of `shop_shadow` for service `shop` must have succeeded",
                       0),
            0U);
}

TEST(Play, WhatWasBeforeLeavesTheWeightWhereTheRunbookBegins) {
  std::string text = stage_with("service \"shop\"",
                                "service \"shop\"\nafter runbook shop_shadow\nbegins traffic 10%");
  text.replace(text.find("traffic 0%"), 10, "traffic 10%");
  const Played played = play(R"(series healthy at 100/s
given runbook shop_shadow succeeded
errors 50% from 10m
at every question answer yes
at 0s expect traffic 10%
expect outcome rolled_back)",
                             plan_of(text));
  EXPECT_EQ(played.told(), "");
}

TEST(Play, AnOperatorMayRollBackToAWeightAboveNothing) {
  passes(R"(series healthy at 100/s
at every question answer yes
at 10m rollback to 20% because "too many complaints"
within 1m of 10m expect traffic 20%
within 1m of 10m expect halted
at 20m expect halted
at 30m resume
within 1m of 30m expect traffic 50%
at 40m expect state half.hold
never expect paused)",
         Outcome::succeeded);
  passes(R"(series healthy at 100/s
at 10m rollback gradual to 10% over 10m
at 14m expect state rollback.partial
at 25m expect traffic 10%
at 25m expect halted
at 30m rollback
expect outcome rolled_back)",
         Outcome::rolled_back);
}

TEST(Play, APauseIsSeenWhileItLasts) {
  passes(R"(series healthy at 100/s
at every question answer yes
at 10m pause for 10m
at 9m expect state half.hold
at 15m expect paused
never expect halted)",
         Outcome::succeeded);
  EXPECT_EQ(play(R"(series healthy at 100/s
at every question answer yes
at 10m pause for 10m
at 25m expect paused)")
                .told(),
            "5: at 25m expect paused / it went on at 25m");
  EXPECT_EQ(play(R"(series healthy at 100/s
at every question answer yes
expect halted)")
                .told(),
            "4: expect halted / it was never halted");
}

TEST(Play, WhatIsStartedAndWaitedForSettlesByItselfOrByAnOrder) {
  const auto plan =
      plan_of(stage_with("run suite() within 30m", "start suite()\nhold until suite at most 4h"));
  for (const char* body : {
           R"(series healthy at 100/s
at every question answer yes
within 1m of 1h expect question "No complaints"
expect outcome succeeded)",
           R"(series healthy at 100/s
start suite hangs
at every question answer yes
at 3h expect state half.until
at 3h10m settle start succeeded
within 1m of 3h10m expect question "No complaints"
expect outcome succeeded)",
           R"(series healthy at 100/s
start fails
at every question answer no
within 1m of 1h expect question verdict
expect outcome rolled_back)"}) {
    EXPECT_EQ(play(body, plan).told(), "");
  }
}

}  // namespace
}  // namespace rollbook::tests
