// Ways back that depend on what may be broken: a canary that is sick answers late or never.

#include "dsl/check_rules.h"
#include "dsl/format_value.h"
#include "dsl/long_time.h"

namespace rollbook::dsl {

namespace {

std::string name_of_act(const core::Effect& effect) {
  return quoted((effect.kind == core::EffectKind::checkpoint ? "checkpoint " : "run ") +
                effect.name);
}

void warn_of_waiting(const RollbackOutline& rollback, Findings& findings) {
  for (const Step& step : rollback.steps) {
    if (weight_after(step)) return;
    if (step.kind != Step::Kind::act) continue;
    const core::Effect& effect = step.effects.front();
    const core::Duration deadline = longest_act(effect);
    findings.warning(Code::rollback_waits, step.span,
                     "traffic goes back only when " + name_of_act(effect) + " has ended, up to " +
                         format_duration(deadline) +
                         " later: what needs a healthy canary may never answer",
                     "move it below the `traffic` of this rollback");
  }
}

bool ramps_first(const RollbackOutline& rollback) {
  for (const Step& step : rollback.steps) {
    if (step.kind == Step::Kind::shift) return false;
    if (step.kind == Step::Kind::ramp) return true;
  }
  return false;
}

void warn_of_slow(const RollbackOutline& rollback, Findings& findings) {
  for (const Step& step : rollback.steps) {
    if (step.kind != Step::Kind::ramp) continue;
    findings.warning(Code::rollback_waits, step.span,
                     "the guard leads to rollback " + quoted(rollback.name) +
                         ", which leaves traffic on a canary that failed for " +
                         format_duration(step.ramp.over),
                     "write `traffic " + format_percent(step.ramp.to) +
                         "`, and ramp in `rollback "
                         "gradual`");
    return;
  }
}

}  // namespace

void warn_of_rollbacks(const Outline& outline, Findings& findings) {
  for (const RollbackOutline& rollback : outline.rollbacks) warn_of_waiting(rollback, findings);
  // A softer limit may lead to a softer rollback, as long as another guard has a fast one.
  const RollbackOutline* slow = nullptr;
  for (const GuardOutline& guard : outline.guards) {
    if (guard.otherwise.kind != Exit::Kind::rollback) continue;
    const RollbackOutline& rollback = outline.rollbacks[guard.otherwise.target];
    if (!ramps_first(rollback)) return;
    if (slow == nullptr) slow = &rollback;
  }
  if (slow != nullptr) warn_of_slow(*slow, findings);
}

}  // namespace rollbook::dsl
