// Stages and their steps.

#include <algorithm>

#include "dsl/format_value.h"
#include "dsl/lower_flow.h"
#include "dsl/print_machine.h"

namespace rollbook::dsl {

namespace {

using core::TriggerKind;

// "shift", then "shift2": the names of the steps of one kind.
std::string step_name(const char* kind, std::size_t count, bool first_bare) {
  return first_bare && count == 1 ? kind : kind + std::to_string(count);
}

// Whether a failing step asks for the stage's `otherwise`.
bool may_fail(const Step& step) {
  return step.kind == Step::Kind::hold || step.kind == Step::Kind::until ||
         step.kind == Step::Kind::act;
}

// "traffic is at 5%"; where there are targets "`eu` is at 5%".
std::string is_at(const Outline& outline, core::TargetIndex target, core::Weight weight) {
  const std::string what =
      target.valid() ? "`" + outline.targets[target.value].name + "`" : std::string("traffic");
  return what + " is at " + format_percent(weight);
}

core::TargetIndex target_of(const core::Ramp& ramp) {
  return ramp.targets.empty() ? core::TargetIndex{} : ramp.targets.front();
}

// Where a step ends in success: what people read as the reason of the next one.
std::string settled_label(const Step& step, const Outline& outline) {
  switch (step.kind) {
    case Step::Kind::shift: {
      std::string text;
      for (const core::Effect& effect : step.effects) {
        text += (text.empty() ? "" : ", ") + is_at(outline, effect.target, effect.to);
      }
      return text;
    }
    case Step::Kind::ramp:
      return is_at(outline, target_of(step.ramp), step.ramp.to);
    case Step::Kind::act: {
      const core::Effect& effect = step.effects.front();
      return (effect.kind == core::EffectKind::checkpoint ? "checkpoint `" : "run `") +
             effect.name + "` succeeded";
    }
    case Step::Kind::effects: {
      std::string kinds;
      for (const core::Effect& effect : step.effects) {
        kinds += (kinds.empty() ? "" : ", ") + std::string(name_of(effect.kind));
      }
      return kinds + " requested";
    }
    case Step::Kind::hold:
    case Step::Kind::until:
      break;
  }
  return "";
}

std::string failed_label(const Step& step, const Outline& outline) {
  const auto of = [&](core::TargetIndex target) {
    return target.valid() ? "of `" + outline.targets[target.value].name + "` " : std::string();
  };
  switch (step.kind) {
    case Step::Kind::shift:
      return "the shift " + of(step.effects.front().target) + "to " +
             format_percent(step.effects.front().to) + " failed";
    case Step::Kind::ramp:
      return "the ramp " + of(target_of(step.ramp)) + "to " + format_percent(step.ramp.to) +
             " failed";
    case Step::Kind::act: {
      const core::Effect& effect = step.effects.front();
      return (effect.kind == core::EffectKind::checkpoint ? "checkpoint `" : "run `") +
             effect.name + "` failed";
    }
    case Step::Kind::effects:
    case Step::Kind::hold:
    case Step::Kind::until:
      break;
  }
  return "";
}

}  // namespace

void Flow::lower_stage(const StageOutline& stage, StateIndex parent, Label begin, Label next) {
  core::State state;
  state.name = stage.name;
  state.stage = stage.name;
  state.span = stage.span;
  const StateIndex compound = builder_.add_compound(parent, std::move(state));
  builder_.bind(begin, compound);
  for (const Step& step : stage.steps) moved_ = moved_ || weight_after(step).has_value();
  tracked_.clear();
  restart_ = StateIndex{};
  builder_.at(compound).entry = add_effects(stage.enter);
  builder_.at(compound).exit = builder_.add_effects(stage.exit);
  builder_.at(compound).irreversible = !stage.irreversible.empty();
  irreversible_ = irreversible_ || !stage.irreversible.empty();

  auto& stages = builder_.machine().stages;
  const core::Weight before = stages.empty() ? outline_.begins : stages.back().weight;
  std::vector<core::Weight> weights;
  for (const core::TargetIndex target : targets()) {
    const core::Weight had =
        stages.empty() ? begins_of(outline_, target) : stages.back().weights[target.value];
    weights.push_back(weight_after(stage.steps, target).value_or(had));
  }
  core::Stage& record = stages.emplace_back();
  record.name = stage.name;
  record.state = compound;
  record.weight = before;
  bool fails = !stage.review.empty();
  for (const Step& step : stage.steps) {
    record.weight = weight_after(step).value_or(record.weight);
    fails = fails || may_fail(step);
  }
  if (has_targets()) record.weight = *std::max_element(weights.begin(), weights.end());
  record.weights = std::move(weights);

  Place place;
  place.path = stage.name + ".review";
  place.parent = compound;
  place.stage = stage.name;
  place.record = &record;
  place.floor = floor();
  place.criteria = add_criteria(stage.review, place.floor);
  place.next = next;
  // Within the stage there may be a way back until its irreversible step; from its review not.
  reviewed_late_ = irreversible_ || is_irreversible(stage);
  place.otherwise = otherwise_of(stage.review, false);
  builder_.at(compound).armed = place.criteria;
  // A review that looks at nothing is passed by; its decision may still be where failures lead.
  const bool reviewed = !stage.review.empty();
  const bool built = reviewed || (fails && stage.review.otherwise.kind == Exit::Kind::decide);
  const Label after_steps = reviewed ? builder_.label() : next;
  lower_steps(stage.steps,
              Steps{stage.name + ".", compound, stage.name, &record, after_steps, place.otherwise});
  if (!built) return;
  const StateIndex review = lower_review(stage.review, place);
  if (reviewed) builder_.bind(after_steps, review);
}

std::vector<core::EffectIndex> Flow::add_effects(const std::vector<core::Effect>& effects) {
  const std::vector<core::EffectIndex> indices = builder_.add_effects(effects);
  for (std::size_t i = 0; i < effects.size(); ++i) {
    if (effects[i].tracked) tracked_[effects[i].name] = indices[i];
  }
  return indices;
}

core::StateIndex Flow::lower_steps(const std::vector<Step>& steps, const Steps& place) {
  std::size_t shifts = 0, ramps = 0, acts = 0, groups = 0, untils = 0;
  std::optional<Label> begin;
  StateIndex first;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    std::string name = place.prefix;
    switch (step.kind) {
      case Step::Kind::shift:
        name += step_name("shift", ++shifts, true);
        break;
      case Step::Kind::ramp:
        name += step_name("ramp", ++ramps, true);
        break;
      case Step::Kind::act:
        name += step_name("run", ++acts, false);
        break;
      case Step::Kind::effects:
        name += step_name("step", ++groups, false);
        break;
      case Step::Kind::hold:
        name += "hold";
        break;
      case Step::Kind::until:
        name += step_name("until", ++untils, true);
        break;
    }
    const Label next = i + 1 == steps.size() ? place.next : builder_.label();
    const StateIndex state = step.kind == Step::Kind::hold    ? lower_hold(step, place, next)
                             : step.kind == Step::Kind::until ? lower_until(step, place, name, next)
                                                              : lower_step(step, place, name, next);
    if (begin) builder_.bind(*begin, state);
    if (i == 0) first = state;
    begin = next;
  }
  return first;
}

core::StateIndex Flow::lower_step(const Step& step, const Steps& place, const std::string& name,
                                  Label next) {
  const bool back = builder_.at(place.parent).rollback_rank > 0;
  core::State state;
  state.name = name;
  state.stage = place.stage;
  state.span = step.span;
  state.entry = add_effects(step.effects);
  state.irreversible = step.irreversible;
  irreversible_ = irreversible_ || step.irreversible;
  const bool shifts = step.kind == Step::Kind::shift || step.kind == Step::Kind::ramp;
  state.phase = back ? core::Phase::rollback : shifts ? core::Phase::shift : core::Phase::run;
  if (step.kind == Step::Kind::ramp) state.ramp = step.ramp;
  const StateIndex index = builder_.add_state(place.parent, std::move(state));
  // A stage that begins anew starts again what was started before its shift.
  const bool starts = std::any_of(step.effects.begin(), step.effects.end(), [](const auto& effect) {
    return effect.kind == core::EffectKind::start;
  });
  if (starts && !restart_.valid()) restart_ = index;
  if (shifts && !back && !first_shift_.valid()) first_shift_ = index;
  if (shifts && place.record != nullptr && !place.record->shift.valid()) {
    place.record->shift = restart_.valid() ? restart_ : index;
  }
  if (step.kind == Step::Kind::effects) {
    builder_.go(index, on(TriggerKind::always), next,
                {.forward = !back, .label = settled_label(step, outline_), .span = step.span});
    return index;
  }
  // A rollback's shift is asked for until it settles; a forward one that fails is a breach.
  if (back) {
    if (!shifts) {
      builder_.go(index, on(TriggerKind::failed), next,
                  {.label = failed_label(step, outline_), .span = step.span});
    }
  } else {
    const core::TargetIndex target =
        step.kind == Step::Kind::shift ? step.effects.front().target : target_of(step.ramp);
    const Label out = !shifts         ? place.otherwise
                      : irreversible_ ? builder_.halt()
                                      : breach_of(target);
    builder_.go(index, on(TriggerKind::failed), out,
                {.label = failed_label(step, outline_), .span = step.span});
  }
  builder_.go(index, on(TriggerKind::settled), next,
              {.forward = !back, .label = settled_label(step, outline_), .span = step.span});
  return index;
}

// The clock runs while the hold is entered, beside the steps of its block; it leads on only from
// `wait`, so that an open run is waited for. `at most` ends it wherever it stands.
core::StateIndex Flow::lower_hold(const Step& step, const Steps& place, Label next) {
  const std::string name = place.prefix + "hold";
  core::State state;
  state.name = name;
  state.stage = place.stage;
  state.phase = core::Phase::hold;
  state.span = step.span;
  const StateIndex compound = builder_.add_compound(place.parent, std::move(state));
  core::Clock hold;
  hold.name = name;
  hold.kind = core::ClockKind::watched;
  hold.limit = step.duration;
  hold.owner = compound;
  const core::ClockIndex clock = builder_.add_clock(std::move(hold));
  core::Clock most;
  most.name = name + ".most";
  most.limit = step.at_most;
  most.owner = compound;
  const core::ClockIndex most_clock = builder_.add_clock(std::move(most));
  std::string wanted = format_duration(step.duration) + " of watched time";
  if (step.enough) wanted += " and " + step.enough->text;
  builder_.go(compound, on_clock(most_clock), place.otherwise,
              {.label = "not held for " + wanted + " within " + format_duration(step.at_most),
               .span = step.span});
  if (step.enough) {
    place.record->enough = builder_.add_criterion(*step.enough, floor());
    builder_.at(compound).armed = {place.record->enough};
  }

  const Label wait = builder_.label();
  lower_steps(step.block,
              Steps{name + ".", compound, place.stage, place.record, wait, place.otherwise});
  core::State waiting;
  waiting.name = name + ".wait";
  waiting.stage = place.stage;
  waiting.phase = core::Phase::hold;
  waiting.span = step.span;
  const StateIndex leaf = builder_.add_state(compound, std::move(waiting));
  builder_.bind(wait, leaf);
  std::string held = "held for " + format_duration(step.duration);
  if (step.enough) held += " and " + step.enough->text;
  builder_.go(leaf, on_clock(clock), next, {.forward = true, .label = held, .span = step.span})
      .needs = step.enough ? place.record->enough : core::CriterionIndex{};
  place.record->hold = clock;
  place.record->hold_most = most_clock;
  place.record->after_extend = leaf;
  return compound;
}

// Waits for what was started before; its clock is the engine's, as that of every deadline.
core::StateIndex Flow::lower_until(const Step& step, const Steps& place, const std::string& name,
                                   Label next) {
  core::State state;
  state.name = name;
  state.stage = place.stage;
  state.phase = core::Phase::hold;
  state.span = step.span;
  const StateIndex index = builder_.add_state(place.parent, std::move(state));
  core::Clock most;
  most.name = name + ".most";
  most.limit = step.at_most;
  most.owner = index;
  const core::ClockIndex clock = builder_.add_clock(std::move(most));
  const core::EffectIndex start = tracked_.at(step.name);
  builder_.go(index, on_effect(TriggerKind::failed, start), place.otherwise,
              {.label = "`" + step.name + "` failed", .span = step.span});
  builder_.go(index, on_clock(clock), place.otherwise,
              {.label = "`" + step.name + "` was not done within " + format_duration(step.at_most),
               .span = step.span});
  builder_.go(index, on_effect(TriggerKind::settled, start), next,
              {.forward = true, .label = "`" + step.name + "` is done", .span = step.span});
  return index;
}

}  // namespace rollbook::dsl
