#include "dsl/lower.h"

#include <algorithm>

#include "dsl/format_value.h"
#include "dsl/lower_flow.h"

namespace rollbook::dsl {

namespace {

using core::TriggerKind;

constexpr std::uint32_t kSofterRank = 1;
constexpr std::uint32_t kGuardRank = 2;

core::State named(std::string name, std::string stage, core::Phase phase) {
  core::State state;
  state.name = std::move(name);
  state.stage = std::move(stage);
  state.phase = phase;
  return state;
}

}  // namespace

Flow::Flow(const Outline& outline) : outline_(outline) {
  guarded_ = builder_.label();
  succeeded_ = builder_.label();
  rolled_back_ = builder_.label();
  aborted_ = builder_.label();
  for (std::size_t i = 0; i < outline.rollbacks.size(); ++i) {
    rollbacks_.push_back(builder_.label());
  }
  for (std::size_t i = 0; i < outline.rollbacks.size(); ++i) {
    if (outline.rollbacks[i].name != "gradual") continue;
    gradual_ = rollbacks_[i];
    return;
  }
  gradual_ = builder_.label();
}

core::Machine Flow::lower() {
  core::Machine& machine = builder_.machine();
  machine.name = outline_.name;
  machine.title = outline_.title;
  machine.service = outline_.service;
  machine.file = outline_.file;
  machine.edition = outline_.edition;
  machine.roles = outline_.roles;
  machine.arms = outline_.arms;
  machine.begins = outline_.begins;
  machine.pager = outline_.pager;
  machine.advance_only = outline_.advance_only;
  machine.after = outline_.after;
  machine.metrics = outline_.metrics;
  lower_before();
  lower_guarded();
  lower_finals();
  return builder_.finish();
}

std::vector<core::CriterionIndex> Flow::add_criteria(const Review& review, core::Floor floor) {
  std::vector<core::CriterionIndex> criteria;
  // The tests of one gate share its α (Bonferroni): all pass by chance no oftener than one may.
  const auto tests = std::count_if(review.criteria.begin(), review.criteria.end(),
                                   [](const Judgement& each) { return each.alpha.nanos > 0; });
  for (Judgement judgement : review.criteria) {
    if (tests > 1) judgement.alpha.nanos /= tests;
    criteria.push_back(builder_.add_criterion(judgement, floor));
  }
  return criteria;
}

// begin ─► preflight ─► setup.1 ─► … ─► guarded. Nothing was shifted yet, so every way out ends.
void Flow::lower_before() {
  const StateIndex before =
      builder_.add_compound(builder_.root(), named("before", "", core::Phase::none));
  for (const TriggerKind kind :
       {TriggerKind::abort, TriggerKind::rollback_immediate, TriggerKind::rollback_gradual}) {
    builder_.go(before, on(kind), aborted_, {.label = "ended before any traffic"});
  }
  const StateIndex begin =
      builder_.add_state(before, named("before.begin", "", core::Phase::begin));
  const Label setup = outline_.setup.empty() ? guarded_ : builder_.label();
  Label first = setup;
  const bool required = outline_.require && !outline_.require->empty();
  if (required) first = builder_.label();
  builder_.go(begin, on(TriggerKind::always), first,
              {.forward = true, .label = "the rollout begins"});
  if (required) {
    Place place;
    place.path = "preflight";
    place.parent = before;
    place.stage = "preflight";
    place.phase = core::Phase::preflight;
    place.floor = core::Floor::start;
    place.before = true;
    place.criteria = add_criteria(*outline_.require, place.floor);
    place.next = setup;
    place.otherwise = otherwise_of(*outline_.require, true);
    const StateIndex state = lower_review(*outline_.require, place);
    builder_.at(state).armed = place.criteria;
    builder_.bind(first, state);
  }
  Label next = setup;
  for (std::size_t i = 0; i < outline_.setup.size(); ++i) {
    const Label begin_label = next;
    next = i + 1 == outline_.setup.size() ? guarded_ : builder_.label();
    const Steps place{"setup.", before, "setup", nullptr, next, aborted_};
    const StateIndex state =
        lower_step(outline_.setup[i], place, "setup." + std::to_string(i + 1), next);
    builder_.at(state).phase = core::Phase::setup;
    builder_.bind(begin_label, state);
  }
}

// What the guard watches: the stages, the acceptance, and every softer rollback.
void Flow::lower_guarded() {
  const StateIndex guarded =
      builder_.add_compound(builder_.root(), named("guarded", "", core::Phase::none));
  builder_.bind(guarded_, guarded);
  const Label back = rollbacks_[outline_.guard->otherwise.target];
  std::vector<core::CriterionIndex> armed;
  for (const Judgement& stop : outline_.guard->stops) {
    const core::CriterionIndex criterion = builder_.add_criterion(stop, core::Floor::guard);
    armed.push_back(criterion);
    builder_.go(guarded, on_stop(criterion), back, {.label = stop.text, .span = stop.span});
  }
  builder_.at(guarded).armed = armed;
  builder_.go(guarded, on(TriggerKind::abort), back, {.label = "aborted"});
  builder_.go(guarded, on(TriggerKind::rollback_immediate), back, {.label = "rolled back"});
  builder_.go(guarded, on(TriggerKind::rollback_gradual), gradual_,
              {.label = "rolled back gradually"});

  const std::size_t count = outline_.stages.size();
  const bool accepted = outline_.success && !outline_.success->empty();
  const Label success = accepted ? builder_.label() : succeeded_;
  Label begin = builder_.label();
  // Records are pointed to while stages are lowered: the table must not move.
  builder_.machine().stages.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Label next = i + 1 == count ? success : builder_.label();
    lower_stage(outline_.stages[i], guarded, begin, next);
    begin = next;
  }
  core::Machine& machine = builder_.machine();
  machine.finishes = outline_.finish ? outline_.finish->weight
                     : count > 0     ? machine.stages.back().weight
                                     : outline_.begins;
  if (accepted) {
    Place place;
    place.path = "success";
    place.parent = guarded;
    place.stage = "success";
    place.criteria = add_criteria(*outline_.success, place.floor);
    place.next = succeeded_;
    place.otherwise = otherwise_of(*outline_.success, false);
    const StateIndex state = lower_review(*outline_.success, place);
    builder_.at(state).armed = place.criteria;
    builder_.bind(success, state);
  }
  lower_rollbacks(guarded);
}

void Flow::lower_rollbacks(StateIndex guarded) {
  const std::size_t own = outline_.guard->otherwise.target;
  bool gradual = false;
  for (std::size_t i = 0; i < outline_.rollbacks.size(); ++i) {
    gradual = gradual || outline_.rollbacks[i].name == "gradual";
    if (i != own) lower_rollback(i, guarded);
  }
  if (!gradual) {
    const StateIndex compound = begin_rollback("rollback.gradual", guarded, kSofterRank);
    core::State ramp = named("rollback.gradual.ramp", "rollback.gradual", core::Phase::rollback);
    ramp.ramp = core::Ramp{core::kNoTraffic, core::kGradualOver, core::kGradualEvery,
                           core::Duration::zero(), true};
    const StateIndex state = builder_.add_state(compound, std::move(ramp));
    builder_.go(state, on(TriggerKind::settled), rolled_back_, {.label = "traffic is at 0%"});
    builder_.bind(gradual_, compound);
  }
  lower_rollback(own, builder_.root());
}

core::StateIndex Flow::begin_rollback(const std::string& name, StateIndex parent,
                                      std::uint32_t rank) {
  core::State compound = named(name, name, core::Phase::rollback);
  compound.rollback_rank = rank;
  return builder_.add_compound(parent, std::move(compound));
}

// What waits runs in order; a failed run pages (Machine::pager) and does not keep the rest from
// happening.
void Flow::lower_rollback(std::size_t index, StateIndex parent) {
  const RollbackOutline& rollback = outline_.rollbacks[index];
  const bool own = index == outline_.guard->otherwise.target;
  const std::string name = "rollback." + rollback.name;
  const StateIndex compound = begin_rollback(name, parent, own ? kGuardRank : kSofterRank);
  builder_.at(compound).entry = builder_.add_effects(rollback.entry);
  builder_.at(compound).span = rollback.span;
  builder_.bind(rollbacks_[index], compound);
  lower_steps(rollback.steps,
              Steps{name + ".", compound, name, nullptr, rolled_back_, rolled_back_});
}

void Flow::lower_finals() {
  const struct {
    const char* name;
    core::Outcome outcome;
    Label label;
  } finals[] = {{"succeeded", core::Outcome::succeeded, succeeded_},
                {"rolled_back", core::Outcome::rolled_back, rolled_back_},
                {"aborted", core::Outcome::aborted, aborted_}};
  for (const auto& final : finals) {
    core::State state = named(final.name, "", core::Phase::done);
    state.kind = core::StateKind::final_;
    state.outcome = final.outcome;
    builder_.bind(final.label, builder_.add_state(builder_.root(), std::move(state)));
  }
}

core::Machine lower(const Outline& outline) {
  core::Machine machine = Flow(outline).lower();
  put_on_calendar(machine);
  return machine;
}

}  // namespace rollbook::dsl
