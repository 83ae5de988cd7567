#include "dsl/lower.h"

#include <algorithm>

#include "dsl/lower_flow.h"

namespace rollbook::dsl {

namespace {

using core::TriggerKind;

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
  partial_ = builder_.label();
  some_back_ = builder_.label();
  for (std::size_t i = 0; i < outline.rollbacks.size(); ++i) {
    rollbacks_.push_back(builder_.label());
  }
  ranked_ = rank_rollbacks();
  gradual_ = named_rollback("gradual");
  immediate_ = named_rollback("immediate");
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
  machine.targets = outline_.targets;
  StateIndex parent = builder_.root();
  if (any_always()) {
    parent = builder_.add_compound(parent, named("always", "", core::Phase::none));
    add_guards(true, parent);
  }
  lower_before(parent);
  lower_guarded(parent);
  lower_finals();
  return builder_.finish();
}

std::vector<core::CriterionIndex> Flow::add_criteria(const Review& review, core::Floor floor) {
  std::vector<core::CriterionIndex> criteria;
  // The tests of one gate share its α (Bonferroni): all pass by chance no oftener than one may.
  const auto tests = std::count_if(review.criteria.begin(), review.criteria.end(),
                                   [](const Judgement& each) { return each.alpha.nanos > 0; });
  for (Judgement judgement : review.criteria) {
    if (tests > 1 && judgement.alpha.nanos > 0) {
      judgement.alpha.nanos /= tests;
      judgement.shared_by = static_cast<std::uint32_t>(tests);
    }
    criteria.push_back(builder_.add_criterion(judgement, floor));
  }
  return criteria;
}

// begin ─► preflight ─► setup.1 ─► … ─► guarded. Nothing was shifted yet, so every way out ends.
void Flow::lower_before(StateIndex parent) {
  const StateIndex before = builder_.add_compound(parent, named("before", "", core::Phase::none));
  for (const Stop& stop : stops_) {  // of guards armed from the start
    stop_from(before, stop);
    halt_from(before, stop);
  }
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
    place.floor = core::Floor::before;
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

// What the guard watches: the stages, the acceptance, and every softer rollback. A guard's own
// rollback lies outside of its reach, that of a slower guard within the faster one's.
void Flow::lower_guarded(StateIndex parent) {
  const StateIndex guarded = builder_.add_compound(parent, named("guarded", "", core::Phase::none));
  builder_.bind(guarded_, guarded);
  add_guards(false, guarded);
  std::vector<StateIndex> levels;
  for (std::size_t i = 0; i < std::max<std::size_t>(1, ranked_.size()); ++i) {
    levels.push_back(
        i == 0 ? guarded
               : builder_.add_compound(levels.back(), named("guarded." + std::to_string(i + 1), "",
                                                            core::Phase::none)));
    for (const Stop& stop : stops_) {
      const Exit& exit = outline_.guards[stop.guard].otherwise;
      const bool here =
          exit.kind == Exit::Kind::rollback && !ranked_.empty() && exit.target == ranked_[i];
      if (here) stop_from(levels.back(), stop);
    }
    // A target's own guard acts in every rollback but the fastest one, which has no less to lower.
    for (const Stop& stop : stops_) {
      const Exit& exit = outline_.guards[stop.guard].otherwise;
      const bool some = exit.kind == Exit::Kind::rollback && !is_whole(exit.target);
      if (i == 0 && some) stop_from(guarded, stop);
    }
  }
  builder_.go(guarded, on(TriggerKind::abort), breach(), {.label = "aborted"});
  builder_.go(guarded, on(TriggerKind::rollback_immediate),
              ranked_.empty() ? immediate_ : rollbacks_[ranked_.front()], {.label = "rolled back"});
  builder_.go(guarded, on(TriggerKind::rollback_gradual), gradual_,
              {.label = "rolled back gradually"});
  if (shifts()) {
    builder_.go(guarded, on(TriggerKind::rollback_partial), partial_,
                {.label = "rolled back in part"});
  }
  StateIndex forward = levels.back();
  if (any_halts()) {
    forward = builder_.add_compound(forward, named("guarded.forward", "", core::Phase::none));
    for (const Stop& stop : stops_) {
      if (outline_.guards[stop.guard].otherwise.kind == Exit::Kind::halt) stop_from(forward, stop);
      halt_from(forward, stop);
    }
  }
  lower_forward(forward);
  lower_softer(levels.back());
  // The first state of a compound one is where it begins: these stand behind the stages.
  lower_target_commands(guarded, levels.back());
  if (has_targets()) lower_some_back(levels.back());
  for (std::size_t i = ranked_.size(); i-- > 0;) {
    lower_rollback(ranked_[i], i == 0 ? builder_.root() : levels[i - 1]);
  }
}

void Flow::lower_forward(StateIndex parent) {
  const std::size_t count = outline_.stages.size();
  const bool accepted = outline_.success && !outline_.success->empty();
  const Label done = has_targets() ? builder_.label() : succeeded_;
  const Label success = accepted ? builder_.label() : done;
  Label begin = builder_.label();
  // Records are pointed to while stages are lowered: the table must not move.
  builder_.machine().stages.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Label next = i + 1 == count ? success : builder_.label();
    lower_stage(outline_.stages[i], parent, begin, next);
    begin = next;
  }
  core::Machine& machine = builder_.machine();
  machine.finishes = count > 0 ? machine.stages.back().weight : outline_.begins;
  for (std::size_t i = 0; i < machine.targets.size() && count > 0; ++i) {
    machine.targets[i].finishes = machine.stages.back().weights[i];
  }
  for (const FinishOutline& finish : outline_.finishes) {
    (finish.target.valid() ? machine.targets[finish.target.value].finishes : machine.finishes) =
        finish.weight;
  }
  if (has_targets()) lower_finish(parent, done);
  if (!accepted) return;
  Place place;
  place.path = "success";
  place.parent = parent;
  place.stage = "success";
  place.floor = floor();
  place.criteria = add_criteria(*outline_.success, place.floor);
  place.next = done;
  place.otherwise = otherwise_of(*outline_.success, false);
  const StateIndex state = lower_review(*outline_.success, place);
  builder_.at(state).armed = place.criteria;
  builder_.bind(success, state);
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
