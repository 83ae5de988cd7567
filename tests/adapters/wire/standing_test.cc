// What a status says when it does not go on: refused points, silence, a halt, no engine.

#include "adapters/wire/standing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/wire/age.h"
#include "adapters/wire/event_text.h"
#include "adapters/wire/status.h"
#include "engine/core/limits.h"
#include "tests/adapters/wire/sample.h"

namespace rollbook::adapters {
namespace {

using namespace std::chrono_literals;
using sample::kNow;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr TextStyle kWide{.width = 400, .colour = false};

// In a hold that stands still, for nothing has come of the canary's requests for half an hour.
core::RolloutState silent() {
  core::RolloutState state = sample::state(sample::kHold);
  state.limits = core::kLimits;
  state.now = kNow - 30min;
  state.clocks[0].mark.reset();
  state.series[1].stale = true;
  state.series[1].arrival = kNow - 30min;
  return state;
}

Beside with_refused(core::Time last) {
  Beside beside;
  beside.refused = {{core::SeriesIndex{1}, kNow - 30min, last, 120,
                     R"(requests_total{system="hierarchical"})", "they are of another kind"}};
  return beside;
}

TEST(Standing, AHoldThatStandsStillNamesWhatIsSilentAndSinceWhen) {
  const core::Machine machine = sample::machine();
  const RolloutStatus status = status_of(machine, silent(), kNow);
  EXPECT_EQ(condition_text(status), "held, no points of `requests` of the canary");
  EXPECT_THAT(status_text(status, kWide),
              HasSubstr("7h left (stands still: no points of `requests` of the canary for 30m)\n"));
  EXPECT_THAT(status_json(status),
              AllOf(HasSubstr(R"("held_by":["error_rate > 0.1% over 5m for 2m"])"),
                    HasSubstr(R"("running":false,"without_data":[{"metric":"requests",)"
                              R"("arm":"canary","criterion":"error_rate > 0.1% over 5m for 2m",)"
                              R"("since":"2026-01-05T09:30:00Z","refused":false}]})")));
}

TEST(Standing, ASeriesThatWasNeverSeenSaysSo) {
  const core::Machine machine = sample::machine();
  core::RolloutState state = silent();
  state.series[1] = core::SeriesState{};
  state.series[1].stale = true;
  EXPECT_THAT(status_text(status_of(machine, state, kNow), kWide),
              HasSubstr("(stands still: no points of `requests` of the canary yet)"));
}

TEST(Standing, RefusedPointsAreNotTakenForSilence) {
  const core::Machine machine = sample::machine();
  core::RolloutState state = silent();
  state.readings[0].verdict = core::Verdict::no_data;
  state.readings[0].missing = core::Missing::stale;
  const RolloutStatus status = status_of(machine, state, kNow, with_refused(kNow - 5s));
  EXPECT_THAT(status_text(status, kWide),
              AllOf(HasSubstr("of the canary for 30m, they are refused)\n"),
                    HasSubstr("no data, points are refused"),
                    HasSubstr("\npoints that are refused\n"
                              "  ✗ `requests` of the canary: 120 points since "
                              "2026-01-05T09:30:00Z, from requests_total{system=\"hierarchical\"}: "
                              "they are of another kind\n")));
  EXPECT_THAT(status_json(status),
              AllOf(HasSubstr(R"("refused":[{"metric":"requests","arm":"canary",)"
                              R"("since":"2026-01-05T09:30:00Z","last":"2026-01-05T09:59:55Z",)"
                              R"("points":120,"sender":"requests_total{system=\"hierarchical\"}",)"
                              R"("reason":"they are of another kind"}])"),
                    HasSubstr(R"("missing":"stale","refused":["`requests` of the canary"])"),
                    HasSubstr(R"("since":"2026-01-05T09:30:00Z","refused":true}])")));
}

TEST(Standing, ACriterionThatIsJudgedWithoutThemSaysSoToo) {
  const core::Machine machine = sample::machine();
  const RolloutStatus status =
      status_of(machine, sample::state(sample::kHold), kNow, with_refused(kNow));
  EXPECT_THAT(status.refused, IsEmpty()) << "without limits nothing goes on";
  core::RolloutState state = sample::state(sample::kHold);
  state.limits = core::kLimits;
  EXPECT_THAT(status_text(status_of(machine, state, kNow, with_refused(kNow)), kWide),
              HasSubstr("points of `requests` of the canary are refused"));
}

TEST(Standing, TwoSendersUnderOneSetOfLabelsAreToldAlsoOfThePast) {
  const core::Machine machine = sample::machine();
  core::RolloutState state = sample::state(sample::kHold);
  state.limits = core::kLimits;
  state.now = kNow;
  state.clocks[0].mark.reset();
  state.series[1].arrival = kNow - 1s;
  state.series[1].clashed = kNow - 5s;
  state.readings[0].verdict = core::Verdict::no_data;
  state.readings[0].missing = core::Missing::two_senders;
  const RolloutStatus status = status_of(machine, state, kNow);
  EXPECT_EQ(condition_text(status), "held, two senders of `requests` of the canary");
  EXPECT_THAT(status_text(status, kWide),
              AllOf(HasSubstr("(stands still: two senders of `requests` of the canary)\n"),
                    HasSubstr("no data, two senders under one set of labels")));
  EXPECT_THAT(status_json(status), AllOf(HasSubstr(R"("missing":"two_senders")"),
                                         HasSubstr(R"("refused":false,"two_senders":true}])")));
  state.now = kNow + core::kLimits.stale_after;
  EXPECT_THAT(silences_of(machine, state, {}), IsEmpty());
}

TEST(Standing, ASenderThatWasPutRightIsNotToldOfAnyMore) {
  const core::Machine machine = sample::machine();
  const RolloutStatus status =
      status_of(machine, silent(), kNow, with_refused(kNow - core::kLimits.stale_after));
  EXPECT_THAT(status_text(status, kWide), Not(HasSubstr("refused")));
  EXPECT_THAT(status_json(status), Not(HasSubstr("reason")));
}

TEST(Standing, WithoutAnEngineNothingIsCountedOn) {
  const core::Machine machine = sample::machine();
  core::RolloutState state = sample::state(sample::kHold);
  Beside beside;
  beside.engine = Beside::Engine{false, kNow - 5min};
  const RolloutStatus status = status_of(machine, state, kNow, beside);
  EXPECT_EQ(condition_text(status), "no engine runs it");
  EXPECT_THAT(status_text(status, kWide),
              AllOf(HasSubstr("hold, 1h5m done, 6h55m left (stands still: no engine counts it)\n"),
                    HasSubstr("engine    none since 2026-01-05T09:55:00Z, for 5m: nothing is "
                              "watched, judged or shifted. `rollbook engine` on this directory "
                              "goes on\n")));
  EXPECT_THAT(status_json(status),
              AllOf(HasSubstr(R"("sight":"no_engine","no_engine":{"since":"2026-01-05T09:55:00Z",)"
                              R"("for":"5m"})"),
                    HasSubstr(R"("elapsed":"1h5m","remaining":"6h55m","running":false)"),
                    HasSubstr(R"("time":"2026-01-05T09:55:00Z")")));
  state.paused = true;
  EXPECT_EQ(condition_text(status_of(machine, state, kNow, beside)), "paused, no engine runs it");
  state.outcome = core::Outcome::succeeded;
  EXPECT_EQ(condition_text(status_of(machine, state, kNow, beside)), "succeeded");
  beside.engine->running = true;
  state = sample::state(sample::kHold);
  EXPECT_EQ(condition_text(status_of(machine, state, kNow, beside)), "running");
}

TEST(Standing, AHaltNamesTheWaysOutThatTheEngineTakes) {
  core::Machine machine = sample::machine();
  core::RolloutState state = sample::state(sample::kHold);
  EXPECT_THAT(ways_out(machine, state), IsEmpty());
  state.halted = true;
  EXPECT_THAT(ways_out(machine, state), ElementsAre("resume", "rollback"));
  core::Transition abort = machine.transitions[0];
  abort.trigger.kind = core::TriggerKind::abort;
  machine.transitions.push_back(abort);
  const RolloutStatus status = status_of(machine, state, kNow);
  EXPECT_THAT(status_text(status, kWide),
              HasSubstr("\nwhat may be done\n"
                        "    rollbook resume hal9-7f3k2q --reason \"...\"\n"
                        "    rollbook rollback hal9-7f3k2q --immediate --reason \"...\"\n"
                        "    rollbook abort hal9-7f3k2q --reason \"...\"\n"));
  EXPECT_THAT(status_json(status), HasSubstr(R"("ways_out":["resume","rollback","abort"])"));
  state.irreversible = true;
  EXPECT_THAT(ways_out(machine, state), ElementsAre("resume"));
}

TEST(Standing, AHistogramWithoutObservationsIsNotCalledWithoutTraffic) {
  core::Machine machine = sample::machine();
  machine.metrics[0].kind = core::MetricKind::histogram;
  machine.metrics[0].name = "latency";
  const core::Criterion& criterion = machine.criteria[0];
  EXPECT_EQ(missing_text(machine, criterion, core::Missing::no_traffic),
            "no observations of `latency` of the canary");
  EXPECT_EQ(missing_text(machine, criterion, core::Missing::stale), "stale");
  EXPECT_EQ(missing_text(sample::machine(), criterion, core::Missing::no_traffic), "no traffic");
  core::Reading reading;
  reading.verdict = core::Verdict::no_data;
  reading.missing = core::Missing::no_traffic;
  const auto told = tell(sample::context(machine),
                         sample::stored(7, core::VerdictChanged{core::CriterionIndex{0}, reading}));
  EXPECT_THAT(told.text, HasSubstr("no data (no observations of `latency` of the canary)"));
}

TEST(Standing, AgesAreToldInDays) {
  EXPECT_EQ(age_text(45s), "45s");
  EXPECT_EQ(age_text(47h), "47h");
  EXPECT_EQ(age_text(76h + 12min), "3d4h");
  EXPECT_EQ(age_text(72h), "3d");
  EXPECT_EQ(age_text(34967h + 9min), "1456d");
}

}  // namespace
}  // namespace rollbook::adapters
