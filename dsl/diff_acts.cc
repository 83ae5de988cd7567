// What is done beside the traffic: runs, checkpoints, notices, and what is undone.

#include "dsl/diff_parts.h"
#include "dsl/long_time.h"
#include "dsl/print_machine.h"

namespace rollbook::dsl {

namespace {

constexpr const char* kBeside = " beside the hold";

// One that is waited for.
struct Act {
  std::string deed;
  core::Duration deadline{};
  std::uint32_t attempts = 1;
};

// What acts and is waited for, in order; notices on their own.
struct Acts {
  std::vector<Act> awaited;
  std::vector<std::string> told;
  std::string texts;
};

void add_acts(const std::vector<Step>& steps, const char* place, Acts& acts) {
  for (const Step& step : steps) {
    for (const core::Effect& effect : step.effects) {
      if (!effect.text.empty()) acts.texts += effect.text + "\n";
      if (effect.kind == core::EffectKind::traffic) continue;
      if (core::is_awaited(effect.kind)) {
        acts.awaited.push_back({deed(effect) + place, longest_act(effect), effect.attempts});
      } else {
        acts.told.push_back(deed(effect) + place);
      }
    }
    add_acts(step.block, kBeside, acts);
  }
}

Acts acts_of(const std::vector<Step>& steps) {
  Acts acts;
  add_acts(steps, "", acts);
  return acts;
}

std::vector<std::string> deeds_of(const Acts& acts) {
  std::vector<std::string> deeds;
  for (const Act& act : acts.awaited) deeds.push_back(act.deed);
  return deeds;
}

// The acts that are in both, in the order of the first.
std::vector<Act> common(const std::vector<Act>& acts, std::vector<std::string> others) {
  std::vector<Act> both;
  for (const Act& act : acts) {
    const auto other = std::find(others.begin(), others.end(), act.deed);
    if (other == others.end()) continue;
    both.push_back(act);
    others.erase(other);
  }
  return both;
}

std::vector<std::string> deeds_of(const std::vector<core::Effect>& effects) {
  std::vector<std::string> deeds;
  for (const core::Effect& effect : effects) deeds.push_back(deed(effect));
  return deeds;
}

std::vector<std::string> irreversible_steps(const std::vector<Step>& steps) {
  std::vector<std::string> marked;
  for (const Step& step : steps) {
    if (step.irreversible) marked.push_back(step_text(step));
    for (std::string& inner : irreversible_steps(step.block)) marked.push_back(std::move(inner));
  }
  return marked;
}

// Whether an act does something to the world, by its deed; a notice or a checkpoint does not.
bool changes_the_world(const std::string& act) {
  return act.starts_with("run ") || act.starts_with("start ") || act.starts_with("stop ");
}

std::string without_place(std::string act) {
  if (act.ends_with(kBeside)) act.erase(act.size() - std::string_view(kBeside).size());
  return act;
}

// All deeds of some steps, wherever they stand.
void add_deeds(const std::vector<Step>& steps, std::vector<std::string>& into) {
  for (const Step& step : steps) {
    for (const core::Effect& effect : step.effects) into.push_back(deed(effect));
    add_deeds(step.block, into);
  }
}
void add_forward_deeds(const StageOutline& stage, std::vector<std::string>& into) {
  add_deeds(stage.steps, into);
  for (const core::Effect& effect : stage.enter) into.push_back(deed(effect));
  for (const core::Effect& effect : stage.exit) into.push_back(deed(effect));
}

}  // namespace

std::string deed(const core::Effect& effect) {
  core::Effect plain = effect;
  plain.text.clear();
  plain.deadline = {};
  plain.attempts = 1;
  plain.tracked = false;
  plain.target = {};
  return describe(core::Machine{}, plain);
}

std::vector<std::string> without(std::vector<std::string> first, std::vector<std::string> second) {
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  std::vector<std::string> rest;
  std::set_difference(first.begin(), first.end(), second.begin(), second.end(),
                      std::back_inserter(rest));
  return rest;
}

bool waits_for_something(const std::vector<Step>& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const Step& step) {
    return step.kind != Step::Kind::effects && !weight_after(step);
  });
}

bool Comparison::is_approved(const std::string& act, bool forward) const {
  std::vector<std::string> deeds;
  if (forward) {
    add_deeds(before_.setup, deeds);
    for (const StageOutline& stage : before_.stages) add_forward_deeds(stage, deeds);
  } else {
    for (const StageOutline& stage : before_.stages) add_deeds(stage.undo, deeds);
    for (const RollbackOutline& rollback : before_.rollbacks) add_deeds(rollback.steps, deeds);
  }
  return std::find(deeds.begin(), deeds.end(), without_place(act)) != deeds.end();
}

void Comparison::add_act(const Place& where, const std::string& act, core::Span before,
                         core::Span after, bool forward) {
  const bool unknown = changes_the_world(act) && !is_approved(act, forward);
  add(unknown ? Bearing::weakens : Bearing::strengthens, where,
      quoted(act) + (unknown ? " added, which the plan before does nowhere" : " added"), before,
      after);
}

std::vector<std::string> Comparison::unapproved_acts(const StageOutline& added) const {
  std::vector<std::string> acts;
  add_forward_deeds(added, acts);
  std::erase_if(acts, [&](const std::string& act) {
    return !changes_the_world(act) || is_approved(act, true);
  });
  return acts;
}

// What cannot be taken back is neither less safe nor safer without the mark, but another plan: the
// guard leads elsewhere behind it.
void Comparison::compare_marks(const Place& where, const Both<std::vector<std::string>>& both,
                               core::Span before, core::Span after) {
  for (const std::string& step : without(both.before, both.after)) {
    add(Bearing::weakens, where, quoted(step) + " is not irreversible any more", before, after);
  }
  for (const std::string& step : without(both.after, both.before)) {
    add(Bearing::weakens, where, quoted(step) + " is irreversible", before, after);
  }
}

// It comes before the rollback's own acts: what it waits for delays the way back.
void Comparison::compare_undo(const Place& where, const Both<StageOutline>& both) {
  const Place place = where + ", undo";
  const auto first = acts_of(both.before.undo);
  const auto second = acts_of(both.after.undo);
  for (const std::string& act : without(deeds_of(second), deeds_of(first))) {
    add(Bearing::weakens, place, quoted(act) + " is waited for before traffic goes back",
        both.before.span, both.after.span);
  }
  compare_acts(place, {both.before.undo, both.after.undo}, both.before.span, both.after.span,
               false);
}

// Each on its own: one that takes longer is not made good by another that does not.
void Comparison::compare_common_acts(const Place& where, const Both<std::vector<Step>>& both,
                                     core::Span before, core::Span after) {
  const Acts first = acts_of(both.before);
  const Acts second = acts_of(both.after);
  const std::vector<Act> kept = common(first.awaited, deeds_of(second));
  std::vector<Act> now = common(second.awaited, deeds_of(first));
  for (const Act& act : kept) {
    const auto same = std::find_if(now.begin(), now.end(),
                                   [&](const Act& each) { return each.deed == act.deed; });
    const Act other = *same;
    now.erase(same);
    if (act.attempts != other.attempts) {
      const bool more = other.attempts > act.attempts;
      add(more ? Bearing::weakens : Bearing::strengthens, where,
          more ? "what failed is tried again: its action is idempotent"
               : "what failed is not tried again: its action is not idempotent",
          before, after);
    } else {
      compare_wait(where, "deadline of " + quoted(act.deed), act.deadline, other.deadline,
                   {before, after});
    }
  }
}

void Comparison::compare_acts(const Place& where, const Both<std::vector<Step>>& both,
                              core::Span before, core::Span after, bool forward) {
  const Acts first = acts_of(both.before);
  const Acts second = acts_of(both.after);
  for (const std::string& act : without(deeds_of(first), deeds_of(second))) {
    add(Bearing::weakens, where, quoted(act) + " removed", before, after);
  }
  for (const std::string& act : without(deeds_of(second), deeds_of(first))) {
    add_act(where, act, before, after, forward);
  }
  compare_common_acts(where, both, before, after);
  compare_marks(where, {irreversible_steps(both.before), irreversible_steps(both.after)}, before,
                after);
  for (const std::string& act : without(first.told, second.told)) {
    add(Bearing::weakens, where, quoted(act) + " removed", before, after);
  }
  for (const std::string& act : without(second.told, first.told)) {
    add_act(where, act, before, after, forward);
  }
  if (first.told == second.told && first.texts != second.texts) {
    add(Bearing::cosmetic, where, "messages are worded in another way", before, after);
  }
}

void Comparison::compare_effects(const Place& where, const Both<std::vector<core::Effect>>& both,
                                 core::Span before, core::Span after, bool forward) {
  const auto as_step = [](const std::vector<core::Effect>& effects) {
    std::vector<Step> steps(effects.empty() ? 0 : 1);
    if (!effects.empty()) steps.front().effects = effects;
    return steps;
  };
  const std::vector<Step> first = as_step(both.before);
  const std::vector<Step> second = as_step(both.after);
  compare_acts(where, {first, second}, before, after, forward);
  compare_order(where, {first, second}, before, after);
}

void Comparison::compare_on_enter(const Place& where, const Both<StageOutline>& both) {
  compare_effects(where + ", on enter", {both.before.enter, both.after.enter}, both.before.span,
                  both.after.span, true);
  compare_marks(where + ", on enter",
                {deeds_of(both.before.irreversible), deeds_of(both.after.irreversible)},
                both.before.span, both.after.span);
}

}  // namespace rollbook::dsl
