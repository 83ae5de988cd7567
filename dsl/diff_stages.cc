// Stages that are new, gone, or in another order. A new one makes a plan safer when at no moment
// more traffic is on the canary than the plan before would have put there, and nothing that stood
// between is passed by. Whoever wants anything else of a new stage asks people.

#include "dsl/diff_parts.h"
#include "dsl/format_value.h"
#include "dsl/print_machine.h"

namespace rollbook::dsl {

namespace {

const StageOutline* stage_of(const Outline& outline, const std::string& name) {
  const auto found = std::find_if(outline.stages.begin(), outline.stages.end(),
                                  [&](const StageOutline& stage) { return stage.name == name; });
  return found == outline.stages.end() ? nullptr : &*found;
}

// The names of those stages that the other runbook has too.
std::vector<std::string> common_names(const Outline& outline, const Outline& other) {
  std::vector<std::string> names;
  for (const StageOutline& stage : outline.stages) {
    if (stage_of(other, stage.name) != nullptr) names.push_back(stage.name);
  }
  return names;
}

// Where the stage would bring the target before anything else is waited for; empty when something
// stands before it, or when it is a ramp, which comes there later.
std::optional<core::Weight> first_shift(const StageOutline& stage, core::TargetIndex target) {
  for (const Step& step : stage.steps) {
    if (step.kind == Step::Kind::effects) continue;
    if (step.kind != Step::Kind::shift) return std::nullopt;
    if (const auto weight = weight_after(step, target)) return weight;
  }
  return std::nullopt;
}

core::Weight highest(const StageOutline& stage, core::TargetIndex target) {
  core::Weight most = core::kNoTraffic;
  for (const Step& step : stage.steps) {
    most = std::max(most, weight_after(step, target).value_or(core::kNoTraffic));
  }
  return most;
}

core::Weight finish_of(const Outline& outline, core::TargetIndex target) {
  for (const FinishOutline& finish : outline.finishes) {
    if (finish.target == target) return finish.weight;
  }
  return core::kAllTraffic;
}

}  // namespace

void Comparison::compare_stages() {
  match_by_name(
      before_.stages, after_.stages, [](const StageOutline& stage) { return stage.name; },
      [&](const StageOutline& before, const StageOutline& after) {
        compare_stage({before, after});
      },
      [&](const StageOutline& stage) {
        add(Bearing::weakens, "stage " + quoted(stage.name), "removed", stage.span, {});
      },
      [&](const StageOutline& stage) { add_stage(stage); });
  compare_stage_order();
}

void Comparison::compare_stage_order() {
  const std::vector<std::string> before = common_names(before_, after_);
  const std::vector<std::string> after = common_names(after_, before_);
  if (before == after) return;
  const auto first = std::mismatch(before.begin(), before.end(), after.begin()).first;
  add(Bearing::weakens, "stage " + quoted(*first), "the stages come in another order",
      before_.stages.front().span, after_.stages.front().span);
}

void Comparison::add_stage(const StageOutline& stage) {
  const Place where = "stage " + quoted(stage.name);
  const std::string doubt = doubt_of(stage);
  add(doubt.empty() ? Bearing::strengthens : Bearing::weakens, where,
      doubt.empty() ? "added" : "added: " + doubt, {}, stage.span);
  for (const std::string& act : unapproved_acts(stage)) add_act(where, act, {}, stage.span, true);
  if (is_irreversible(stage)) add(Bearing::weakens, where, "is irreversible", {}, stage.span);
  if (waits_for_something(stage.undo)) {
    add(Bearing::weakens, where + ", undo", "is waited for before traffic goes back", {},
        stage.span);
  }
}

std::string Comparison::doubt_of(const StageOutline& added) const {
  // Its neighbours among the stages that there were.
  const StageOutline* last = nullptr;
  const StageOutline* next = nullptr;
  bool passed = false;
  for (const StageOutline& stage : after_.stages) {
    if (stage.name == added.name) passed = true;
    const StageOutline* known = stage_of(before_, stage.name);
    if (known == nullptr) continue;
    if (!passed) last = known;
    if (passed && next == nullptr) next = known;
  }
  for (const core::TargetIndex target : targets_of(before_)) {
    const core::Weight most = highest(added, target);
    const core::Weight now =
        last != nullptr
            ? stage_weights(before_, target)[static_cast<std::size_t>(last - &before_.stages[0])]
            : begins_of(before_, target);
    if (most <= now) continue;
    const std::string traffic =
        "traffic " + whose(before_, target) + format_percent(now) + " → " + format_percent(most);
    if (next == nullptr) return traffic + " behind the last stage that was approved";
    const auto comes = first_shift(*next, target);
    if (comes && most <= *comes) continue;
    return traffic + (comes ? ", more than" : " before what stood between it and") + " stage " +
           quoted(next->name) + (comes ? " brings" : "");
  }
  return "";
}

void Comparison::compare_finish() {
  for (const core::TargetIndex target : targets_of(before_)) {
    const core::Weight before = finish_of(before_, target);
    const core::Weight after = finish_of(after_, target);
    if (after <= before) continue;
    add(Bearing::weakens, "finish",
        "traffic " + whose(before_, target) + format_percent(before) + " → " +
            format_percent(after),
        before_.span, after_.span);
  }
}

}  // namespace rollbook::dsl
