#include "tests/engine/stage_machine.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rollbook::core::tests {
namespace {

constexpr Weight kTenPercent{100'000'000};

Span line(std::uint32_t number) { return Span{number, 5, number, 20}; }

void measure(Machine& machine) {
  const std::string names[] = {"requests", "errors"};
  const Floor floors[] = {Floor::guard, Floor::shift};
  for (std::uint32_t i = 0; i < 2; ++i) {
    Metric metric;
    metric.name = names[i];
    metric.selector = names[i];
    metric.default_zero = i == 1;
    machine.metrics.push_back(metric);
    machine.series.push_back(Series{MetricIndex{i}, Arm::canary});
  }
  for (const Floor floor : floors) {
    for (std::uint32_t i = 0; i < 2; ++i) {
      machine.windows.push_back(Window{SeriesIndex{i}, 5min, 1s, floor});
    }
  }
  Criterion stop;
  stop.id = "guard.stop[1]";
  stop.text = "error_rate > 1% over 5m";
  stop.denominator = WindowIndex{0};
  stop.window = WindowIndex{1};
  stop.limit = Fixed::from_nanos(10'000'000);
  stop.at_least = 100;
  stop.span = line(12);
  Criterion expect = stop;
  expect.id = "canary.expect[1]";
  expect.text = "error_rate < 0.5% over 5m";
  expect.kind = CriterionKind::expect;
  expect.denominator = WindowIndex{2};
  expect.window = WindowIndex{3};
  expect.comparison = Comparison::less;
  expect.limit = Fixed::from_nanos(5'000'000);
  expect.at_least = 0;
  expect.span = line(21);
  Criterion absent;
  absent.id = "guard.stop[2]";
  absent.text = "absent(requests) for 3m";
  absent.measure = Measure::absent;
  absent.series = SeriesIndex{0};
  absent.sustain = 3min;
  absent.span = line(13);
  machine.criteria = {stop, expect, absent};
}

void ask(Machine& machine) {
  Item complaints;
  complaints.text = "No complaints";
  complaints.quorum = {QuorumKind::any, 1, {"ops"}};
  complaints.deadline = kReviewWithin;
  Item verdict;
  verdict.kind = ItemKind::decide;
  verdict.text = "verdict";
  verdict.quorum = {QuorumKind::all, 2, {"dev", "ops"}};
  verdict.options = {{"proceed", "Go on", OptionKind::next, {}, 0},
                     {"longer", "Hold on", OptionKind::extend, 1h, 2},
                     {"back", "Roll back", OptionKind::rollback, {}, 0}};
  verdict.deadline = kDecideWithin;
  Item ready;
  ready.text = "Ready";
  ready.quorum = {QuorumKind::at_least, 2, {"dev", "ops"}};
  machine.items = {complaints, verdict, ready};
}

Effect effect(EffectKind kind, std::string name, std::string text = "") {
  Effect made;
  made.kind = kind;
  made.name = std::move(name);
  made.text = std::move(text);
  return made;
}

void act(Machine& machine) {
  Effect shift = effect(EffectKind::traffic, "");
  shift.to = kTenPercent;
  Effect back = effect(EffectKind::traffic, "");
  back.rollback = true;
  Effect run = effect(EffectKind::run, "validation");
  run.deadline = 1h;
  Effect mail = effect(EffectKind::notify, "", "{service} goes back gradually");
  mail.channels = {"mail", "status"};
  Effect page = effect(EffectKind::page, "", "Rolled back: {cause}");
  page.channels = {"oncall"};
  Effect remind = effect(EffectKind::notify, "", "{stage} still waits");
  remind.channels = {"mail"};
  machine.effects = {shift,  back,
                     run,    mail,
                     page,   effect(EffectKind::checkpoint, "before"),
                     remind, effect(EffectKind::report, "stage")};
}

State state(std::string name, std::uint32_t parent, Phase phase = Phase::none) {
  State made;
  made.name = name;
  made.stage = name.substr(0, name.find('.'));
  made.parent = StateIndex{parent};
  made.phase = phase;
  return made;
}

State end(std::string name, Outcome outcome) {
  State made = state(std::move(name), 0, Phase::done);
  made.kind = StateKind::final_;
  made.outcome = outcome;
  return made;
}

void nest(Machine& machine) {
  std::vector<State> s;
  s.push_back(state("root", Index<StateTag>::kNone));
  s.push_back(state("preflight", 0, Phase::preflight));
  s.push_back(state("setup", 0, Phase::setup));
  s.push_back(state("guarded", 0));
  s.push_back(state("canary", 3));
  s.push_back(state("canary.shift", 4, Phase::shift));
  s.push_back(state("canary.hold", 4, Phase::hold));
  s.push_back(state("canary.run", 4, Phase::run));
  s.push_back(state("canary.review", 4, Phase::review));
  s.push_back(state("canary.decide", 4, Phase::decide));
  s.push_back(state("rollback", 0, Phase::rollback));
  s.push_back(state("gradual", 0, Phase::rollback));
  s.push_back(end("succeeded", Outcome::succeeded));
  s.push_back(end("rolled_back", Outcome::rolled_back));
  s.push_back(end("aborted", Outcome::aborted));
  const std::pair<std::uint32_t, std::uint32_t> compounds[] = {{0, 1}, {3, 4}, {4, 5}};
  for (const auto& [outer, initial] : compounds) {
    s[outer].kind = StateKind::compound;
    s[outer].initial = StateIndex{initial};
  }
  s[1].asks = {kReady};
  s[1].gate = Gate{{}, {kReady}};
  s[2].entry = {EffectIndex{5}};
  s[3].armed = {kErrorStop, kAbsentStop};
  s[4].exit = {EffectIndex{7}};
  s[5].entry = {EffectIndex{0}};
  s[7].entry = {EffectIndex{2}};
  s[8].armed = {kErrorExpect};
  s[8].asks = {kNoComplaints};
  s[8].gate = Gate{{kErrorExpect}, {kNoComplaints}};
  s[9].armed = {kErrorExpect};
  s[9].asks = {kVerdict};
  s[9].gate = Gate{{kErrorExpect}, {}};
  s[10].entry = {EffectIndex{1}, EffectIndex{4}};
  s[10].rollback_rank = 2;
  s[11].entry = {EffectIndex{3}};
  s[11].armed = {kErrorStop};
  s[11].ramp = Ramp{kNoTraffic, 10min, 1min, {}, true};
  s[11].rollback_rank = 1;
  machine.states = std::move(s);
}

void move(Machine& machine) {
  const auto made_clock = [](ClockKind kind, Duration limit, std::uint32_t owner) {
    Clock made;
    made.kind = kind;
    made.limit = limit;
    made.owner = StateIndex{owner};
    return made;
  };
  machine.clocks = {made_clock(ClockKind::watched, 1h, 6), made_clock(ClockKind::engine, 4h, 8),
                    made_clock(ClockKind::engine, 3h, 9), made_clock(ClockKind::engine, 1h, 9)};
  machine.clocks[1].restarts = machine.clocks[2].restarts = machine.clocks[3].restarts = true;
  machine.clocks[3].repeats = true;
  machine.clocks[3].on_reached = {EffectIndex{6}};

  const auto go = [&](std::uint32_t from, Trigger trigger, std::uint32_t to, bool forward,
                      std::string label) -> Transition& {
    Transition made;
    made.from = StateIndex{from};
    made.trigger = trigger;
    made.to = StateIndex{to};
    made.forward = forward;
    made.label = std::move(label);
    return machine.transitions.emplace_back(made);
  };
  const auto on = [](TriggerKind kind) { return Trigger{kind, {}, {}, {}, 0}; };
  const auto at = [](ClockIndex index) { return Trigger{TriggerKind::clock, index, {}, {}, 0}; };
  const auto stop = [](CriterionIndex index) {
    return Trigger{TriggerKind::stop, {}, index, {}, 0};
  };
  const auto chose = [](std::uint32_t option) {
    return Trigger{TriggerKind::chosen, {}, {}, kVerdict, option};
  };
  using Kind = TriggerKind;
  go(1, on(Kind::gate_passed), 2, true, "ready");
  go(1, on(Kind::gate_failed), 14, false, "not ready");
  go(1, on(Kind::abort), 14, false, "");
  go(2, on(Kind::settled), 3, true, "set up");
  go(2, on(Kind::failed), 14, false, "the checkpoint failed");
  go(2, on(Kind::abort), 14, false, "");
  go(3, stop(kErrorStop), 10, false, "");
  go(3, stop(kAbsentStop), 10, false, "");
  go(3, on(Kind::abort), 10, false, "");
  go(3, on(Kind::rollback_immediate), 10, false, "");
  go(3, on(Kind::rollback_gradual), 11, false, "");
  go(5, on(Kind::settled), 6, true, "shifted");
  go(5, on(Kind::failed), 10, false, "the shift failed");
  go(6, at(kHold), 7, true, "held");
  go(7, on(Kind::settled), 8, true, "validated");
  go(7, on(Kind::failed), 10, false, "the validation failed");
  go(8, on(Kind::gate_passed), 12, true, "all passed");
  go(8, on(Kind::gate_failed), 9, false, "not met");
  go(8, at(kReviewWithin), 9, false, "no answer in 4h");
  go(9, chose(0), 12, true, "proceed").needs_gate = true;
  go(9, chose(1), 6, true, "longer").extends = kHold;
  go(9, chose(2), 11, false, "back");
  go(9, at(kDecideWithin), 11, false, "no decision in 3h");
  go(11, stop(kErrorStop), 10, false, "");
  go(11, on(Kind::rollback_immediate), 10, false, "");
  go(10, on(Kind::settled), 13, false, "back at 0%");
  go(11, on(Kind::settled), 13, false, "back at 0%");
  machine.stages = {Stage{"canary", StateIndex{4}, kTenPercent, kHold, {}, StateIndex{6}, 2}};
}

}  // namespace

Machine stage_machine() {
  Machine machine;
  machine.name = "shop_canary";
  machine.service = "shop";
  machine.file = "shop.runbook";
  machine.roles = {"dev", "ops"};
  machine.arms = Arms{"v", "old", "new"};
  machine.finishes = kTenPercent;
  machine.pager = "oncall";
  measure(machine);
  ask(machine);
  act(machine);
  nest(machine);
  move(machine);
  return machine;
}

// ---- Drive ------------------------------------------------------------------------------------

Drive::Drive(Machine made) : machine(std::move(made)) {}

void Drive::begin(Sight sight) {
  Start start;
  start.command = command(Verb::start);
  start.rollout = "r1";
  start.stream = StreamId{1};
  start.digest = "d";
  start.limits = kLimits;
  start.sight = sight;
  start.now = now;
  shard_replica_ = shard;
  state = begin_by(semantics, machine, shard, start, events);
  check_replica();
}

bool Drive::give(InputBody input) {
  const std::size_t before = events.size();
  const bool trace = advance(machine, shard, state, pending, Input{now, std::move(input)}, events);
  EXPECT_EQ(trace, events.size() != before);
  check_replica();
  return trace;
}

void Drive::check_replica() {
  for (; replayed_ < events.size(); ++replayed_) {
    const Event& event = events[replayed_];
    if (event.stream == kShardStream) continue;
    EXPECT_EQ(event.sequence.value, replica_.last.value + 1);
    EXPECT_LT(event.cause, event.sequence);
    EXPECT_GE(event.time, replica_.now);
    evolve(machine, replica_, event);
    evolve(shard_replica_, &replica_, event);
  }
  EXPECT_EQ(replica_, state);
  shard_replica_.last = shard.last;
  EXPECT_EQ(shard_replica_.services, shard.services);
}

void Drive::pass(Duration by) {
  const Time until = now + by;
  while (!state.finished()) {
    const Time next = next_deadline(machine, state, pending, now);
    EXPECT_GT(next, now);
    if (next > until) break;
    now = next;
    tick();
  }
  now = until;
}

void Drive::to(const std::string& wanted) {
  begin();
  const auto there = [&] { return name() == wanted; };
  if (there()) return;
  confirm("Ready", "dev", "ann");
  confirm("Ready", "ops", "bob");
  if (there()) return;
  settle_all();
  if (there()) return;
  settle_all();
  for (int i = 0; i < 62 && !there(); ++i) {
    pass(1min);
    traffic(6000, 6);
  }
  if (there()) return;
  settle_all();
  if (there()) return;
  if (wanted == "canary.decide") confirm("No complaints", "ops", "bob", false);
  if (wanted == "rollback") obey(command(Verb::abort));
  if (wanted == "gradual") {
    Command softly = command(Verb::rollback);
    softly.how = RollbackHow::gradual;
    obey(softly);
  }
  ASSERT_EQ(name(), wanted);
}

Command Drive::command(Verb verb) const {
  Command made;
  made.key = CommandKey{"test", "c-" + std::to_string(events.size())};
  made.verb = verb;
  made.rollout = "r1";
  made.actor = "maria";
  return made;
}

std::string Drive::obey(Command given) {
  const std::size_t before = events.size();
  const CommandKey key = given.key;
  give(Obey{std::move(given)});
  for (std::size_t i = before; i < events.size(); ++i) {
    const auto* rejected = std::get_if<Rejected>(&events[i].body);
    if (rejected == nullptr) continue;
    EXPECT_EQ(rejected->command.key, key);
    EXPECT_NE(rejected->detail, "");
    return rejected->reason;
  }
  return "";
}

std::string Drive::confirm(const std::string& item, const std::string& role,
                           const std::string& actor, bool yes) {
  Command given = command(Verb::confirm);
  given.item = item;
  given.role = role;
  given.actor = actor;
  given.yes = yes;
  return obey(given);
}

std::string Drive::decide(const std::string& option, const std::string& role,
                          const std::string& actor) {
  Command given = command(Verb::decide);
  given.option = option;
  given.role = role;
  given.actor = actor;
  return obey(given);
}

std::string Drive::settle(Sequence effect, bool succeeded) {
  Command given = command(Verb::settle);
  given.effect = "r1/" + std::to_string(effect.value) + "/01234567";
  given.succeeded = succeeded;
  return obey(given);
}

void Drive::settle_all(bool succeeded) {
  std::vector<Sequence> open;
  for (const auto& [sequence, effect] : state.effects) {
    if (!effect.outcome) open.push_back(sequence);
  }
  for (const Sequence sequence : open) settle(sequence, succeeded);
}

void Drive::traffic(std::int64_t requests, std::int64_t errors) {
  const std::int64_t counts[] = {requests, errors};
  for (std::uint32_t i = 0; i < 2; ++i) {
    CellDelta delta;
    delta.series = SeriesIndex{i};
    delta.reach = Floor::shift;
    delta.cell.latest = now;
    const auto rest = now.time_since_epoch() % kPaneMin;
    delta.cell.end = rest == Duration::zero() ? now : now + (kPaneMin - rest);
    delta.cell.value = Fixed::from_int(counts[i]);
    delta.cell.samples = 1;
    pending.observed.deltas.push_back(delta);
    pending.observed.seen.push_back(SeriesSeen{SeriesIndex{i}, now, now});
    if (!state.metrics[i].named) pending.observed.names.push_back(NameSeen{MetricIndex{i}, now});
  }
  give(Look{});
}

std::vector<EffectRequested> Drive::requested(EffectKind kind) const {
  std::vector<EffectRequested> found;
  for (const Event& event : events) {
    const auto* body = std::get_if<EffectRequested>(&event.body);
    if (body != nullptr && body->kind == kind) found.push_back(*body);
  }
  return found;
}

Sequence Drive::effect(EffectKind kind) const {
  Sequence last;
  for (const Event& event : events) {
    const auto* body = std::get_if<EffectRequested>(&event.body);
    if (body != nullptr && body->kind == kind) last = event.sequence;
  }
  return last;
}

}  // namespace rollbook::core::tests
