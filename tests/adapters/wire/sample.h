#pragma once
// A small machine and a state in it, for the tests of what is said about rollouts: one stage with
// a guard, a review with a confirm and a decision, a rollback.

#include "adapters/wire/event_json.h"
#include "adapters/wire/text.h"
#include "engine/core/machine.h"
#include "engine/core/state.h"

namespace rollbook::adapters::sample {

using namespace std::chrono_literals;

inline const core::Time kNow = *parse_time("2026-01-05T10:00:00Z");

enum StateNumber : std::uint32_t { kRoot, kStage, kShift, kHold, kReview, kBack, kOut };

inline core::Machine machine() {
  core::Machine m;
  m.name = "hal9_canary";
  m.service = "hal9";
  m.file = "hal9.runbook";
  m.arms = core::Arms{"system", "flat", "hierarchical"};
  m.metrics.resize(2);
  m.metrics[0].name = "errors";
  m.metrics[1].name = "requests";
  m.series = {{core::MetricIndex{0}, core::Arm::canary},
              {core::MetricIndex{1}, core::Arm::canary},
              {core::MetricIndex{1}, core::Arm::baseline}};
  for (std::uint32_t i = 0; i < 3; ++i) {
    m.windows.push_back({core::SeriesIndex{i}, 5min, 1s, core::Floor::guard});
  }
  core::Criterion stop;
  stop.id = "guard.stop[1]";
  stop.text = "error_rate > 0.1% over 5m for 2m";
  stop.window = core::WindowIndex{0};
  stop.denominator = core::WindowIndex{1};
  stop.limit = core::Fixed{1'000'000};
  stop.sustain = 2min;
  stop.span = {31, 5, 31, 40};
  core::Criterion expect = stop;
  expect.id = "canary_25.expect[1]";
  expect.text = "error_rate < 0.1% over 5m";
  expect.kind = core::CriterionKind::expect;
  expect.comparison = core::Comparison::less;
  expect.sustain = 0s;
  expect.span = {40, 5, 40, 30};
  core::Criterion absent;
  absent.id = "guard.stop[2]";
  absent.text = "absent(requests) for 3m";
  absent.measure = core::Measure::absent;
  absent.series = core::SeriesIndex{1};
  absent.sustain = 3min;
  absent.span = {35, 5, 35, 30};
  m.criteria = {stop, expect, absent};

  core::Item confirm;
  confirm.text = "No user complaints";
  confirm.quorum = {core::QuorumKind::any, 1, {"product_owner"}};
  confirm.deadline = core::ClockIndex{1};
  confirm.span = {42, 3, 42, 20};
  core::Item decide;
  decide.kind = core::ItemKind::decide;
  decide.text = "verdict";
  decide.quorum = {core::QuorumKind::all, 1, {"engineering_lead", "operations_lead"}};
  decide.options = {{"proceed", "Proceed", core::OptionKind::next, 0s, 0},
                    {"extend", "Extend", core::OptionKind::extend, 24h, 2},
                    {"investigate", "Roll back", core::OptionKind::rollback, 0s, 0}};
  m.items = {confirm, decide};

  const auto clock = [](const char* name, core::ClockKind kind, core::Duration limit,
                        std::uint32_t owner) {
    core::Clock c;
    c.name = name;
    c.kind = kind;
    c.limit = limit;
    c.owner = core::StateIndex{owner};
    return c;
  };
  m.clocks = {clock("canary_25.hold", core::ClockKind::watched, 8h, kHold),
              clock("canary_25.within", core::ClockKind::engine, 24h, kReview)};

  const auto state = [](const char* name, const char* stage, core::Phase phase,
                        std::uint32_t parent) {
    core::State s;
    s.name = name;
    s.stage = stage;
    s.phase = phase;
    if (parent != core::StateIndex::kNone) s.parent = core::StateIndex{parent};
    return s;
  };
  constexpr std::uint32_t kNone = core::StateIndex::kNone;
  m.states = {state("hal9_canary", "", core::Phase::none, kNone),
              state("canary_25", "canary_25", core::Phase::none, kRoot),
              state("canary_25.shift", "canary_25", core::Phase::shift, kStage),
              state("canary_25.hold", "canary_25", core::Phase::hold, kStage),
              state("canary_25.review", "canary_25", core::Phase::review, kStage),
              state("rollback.automatic", "rollback.automatic", core::Phase::rollback, kRoot),
              state("rolled_back", "rolled_back", core::Phase::done, kRoot)};
  m.states[kRoot].kind = m.states[kStage].kind = core::StateKind::compound;
  m.states[kRoot].initial = core::StateIndex{kStage};
  m.states[kStage].initial = core::StateIndex{kShift};
  m.states[kRoot].armed = {core::CriterionIndex{0}, core::CriterionIndex{2}};
  m.states[kReview].gate = core::Gate{{core::CriterionIndex{1}}, {core::ItemIndex{0}}};
  m.states[kOut].kind = core::StateKind::final_;
  m.states[kOut].outcome = core::Outcome::rolled_back;
  core::Transition stopped;
  stopped.from = core::StateIndex{kRoot};
  stopped.trigger.kind = core::TriggerKind::stop;
  stopped.trigger.criterion = core::CriterionIndex{0};
  stopped.to = core::StateIndex{kBack};
  stopped.label = stop.text;
  stopped.span = stop.span;
  m.transitions = {stopped};
  m.stages = {{"canary_5", core::StateIndex{kBack}, core::Weight{50'000'000}, {}, {}, {}, 0},
              {"canary_25",
               core::StateIndex{kStage},
               core::Weight{250'000'000},
               core::ClockIndex{0},
               {},
               core::StateIndex{kHold},
               2}};
  return m;
}

inline core::RolloutState state(std::uint32_t active) {
  core::RolloutState s;
  s.id = "hal9-7f3k2q";
  s.service = "hal9";
  s.version = "sha256:41";
  s.active = core::StateIndex{active};
  s.settled = s.requested = core::Weight{250'000'000};
  s.because = "all checks passed";
  s.last = core::Sequence{42};
  s.clocks.resize(2);
  s.clocks[0].elapsed = 1h;
  s.clocks[0].mark = kNow - 10min;
  s.clocks[1].mark = kNow - 1h;
  s.series.assign(3,
                  {.seen = true, .watermark = kNow, .arrival = kNow, .stale = false, .gaps = {}});
  s.metrics.resize(2);
  s.windows.resize(3);
  s.windows[1].total.value = core::Fixed::from_int(250);
  s.windows[2].total.value = core::Fixed::from_int(750);
  s.readings.resize(3);
  s.readings[0].verdict = core::Verdict::undecided;
  s.readings[0].raw = core::Raw::true_;
  s.readings[0].value = core::Fixed{12'400'000};
  s.readings[0].samples = 15021;
  s.readings[0].at = kNow;
  s.readings[0].seen = 5min;
  s.readings[0].since = kNow - 70s;
  s.readings[1].verdict = core::Verdict::no_data;
  s.readings[1].missing = core::Missing::stale;
  s.readings[1].seen = 3min;
  s.extensions.resize(2);
  return s;
}

inline EventContext context(const core::Machine& m) {
  return EventContext{"hal9-7f3k2q", "hal9", "sha256:41", &m, {}};
}

inline runtime::StoredEvent stored(std::uint64_t sequence, core::Body body,
                                   std::uint64_t cause = 0) {
  return {runtime::Position{sequence + 100}, "0badcafe",
          core::Event{core::StreamId{1}, core::Sequence{sequence}, kNow, core::Sequence{cause},
                      std::move(body)}};
}

}  // namespace rollbook::adapters::sample
