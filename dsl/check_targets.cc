// Targets: each gets traffic before anything speaks of it, and has a way back of its own.

#include <algorithm>
#include <set>

#include "dsl/check_rules.h"
#include "dsl/format_value.h"

namespace rollbook::dsl {

namespace {

using core::TargetIndex;

const std::string& name_of(const Outline& outline, TargetIndex target) {
  return outline.targets[target.value].name;
}

bool has_weight(const std::vector<Step>& steps, TargetIndex target) {
  return weight_after(steps, target).has_value();
}

bool gets_weight(const Outline& outline, TargetIndex target) {
  return std::any_of(outline.stages.begin(), outline.stages.end(),
                     [&](const StageOutline& stage) { return has_weight(stage.steps, target); });
}

// One finding for each target: of its guard where it has one, else of its declaration.
void check_idle(const Outline& outline, TargetIndex target, Findings& findings) {
  if (gets_weight(outline, target)) return;
  const std::string& name = name_of(outline, target);
  const std::string help = "add `traffic " + name + " 5%` to a stage, or leave the target out";
  for (const GuardOutline& guard : outline.guards) {
    if (guard.target != target) continue;
    findings.error(Code::idle_target, guard.span,
                   "no stage gives `" + name + "` traffic, so this guard is never armed", help);
    return;
  }
  findings.error(Code::idle_target, outline.targets[target.value].span,
                 "no stage gives target `" + name + "` traffic", help);
}

// What a stage expects of a target that has nothing yet is never there.
void check_early(const Outline& outline, Findings& findings) {
  std::set<TargetIndex> moved;
  const auto check = [&](const Review& review) {
    for (const Judgement& judgement : review.criteria) {
      const TargetIndex target = judgement.what.target;
      if (!target.valid() || moved.contains(target)) continue;
      if (judgement.what.arm == core::Arm::total || !gets_weight(outline, target)) continue;
      findings.error(Code::idle_target, judgement.span,
                     "`" + name_of(outline, target) + "` has no traffic on the canary here yet",
                     "expect it after the first `traffic " + name_of(outline, target) + " …`");
    }
  };
  if (outline.require) check(*outline.require);
  for (const StageOutline& stage : outline.stages) {
    for (const TargetIndex target : targets_of(outline)) {
      if (has_weight(stage.steps, target)) moved.insert(target);
    }
    check(stage.review);
  }
}

// A breach must not leave up what it speaks of.
void check_way_back(const Outline& outline, const GuardOutline& guard, Findings& findings) {
  if (guard.otherwise.kind != Exit::Kind::rollback || guard.stops.empty()) return;
  const RollbackOutline& rollback = outline.rollbacks[guard.otherwise.target];
  for (const TargetIndex target : targets_of(outline)) {
    const bool speaks = !guard.target.valid() || guard.target == target;
    if (!speaks || !gets_weight(outline, target) || has_weight(rollback.steps, target)) continue;
    const std::string& name = name_of(outline, target);
    findings.error(Code::rollback_not_lower, guard.otherwise.span,
                   "this guard watches " +
                       (guard.target.valid() ? "`" + name + "`" : std::string("all targets")) +
                       ", and rollback `" + rollback.name + "` leaves `" + name + "` where it is",
                   "add `traffic " + name + " " + format_percent(begins_of(outline, target)) +
                       "` to the rollback" +
                       (guard.target.valid() ? "" : ", or write `guard NAME { … }` for each"));
    return;
  }
}

// What the command runs for all targets must lower them all.
void check_command(const Outline& outline, const RollbackOutline& rollback, Findings& findings) {
  if (rollback.name != "gradual" && rollback.name != "immediate") return;
  for (const TargetIndex target : targets_of(outline)) {
    if (has_weight(rollback.steps, target) || !gets_weight(outline, target)) continue;
    findings.error(Code::rollback_not_lower, rollback.span,
                   "`rollbook rollback` runs `" + rollback.name +
                       "` for all targets, and it leaves `" + name_of(outline, target) +
                       "` where it is",
                   "add `traffic " + name_of(outline, target) + " " +
                       format_percent(begins_of(outline, target)) + "`, or give it another name");
    return;
  }
}

}  // namespace

void check_targets(const Outline& outline, Findings& findings) {
  if (outline.targets.empty()) return;
  for (const TargetIndex target : targets_of(outline)) check_idle(outline, target, findings);
  check_early(outline, findings);
  for (const GuardOutline& guard : outline.guards) check_way_back(outline, guard, findings);
  for (const RollbackOutline& rollback : outline.rollbacks) {
    check_command(outline, rollback, findings);
  }
}

}  // namespace rollbook::dsl
