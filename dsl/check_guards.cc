// Guards: each stops something and leads somewhere, one at least is armed whenever it must be.

#include <algorithm>

#include "dsl/check_rules.h"

namespace rollbook::dsl {

namespace {

// `when baseline fails too halt` holds back what would move traffic away from the canary.
void check_veto(const GuardOutline& guard, Findings& findings) {
  if (!guard.veto) return;
  if (guard.otherwise.kind == Exit::Kind::halt) {
    findings.error(Code::nothing_to_veto, *guard.veto,
                   "this guard halts whether the baseline fails or not", "leave it out");
    return;
  }
  const bool any = std::any_of(guard.stops.begin(), guard.stops.end(),
                               [](const Judgement& stop) { return stop.veto; });
  if (any || guard.stops.empty()) return;
  findings.error(
      Code::nothing_to_veto, *guard.veto,
      "the baseline can fail no `stop` here: none is about the canary's share alone",
      "leave it out, or stop at a limit of the canary's, like `error_rate > 1% over 5m`");
}

// A rollback that is there; without one, the name that people give it.
std::string some_exit(const Outline& outline) {
  const std::string name = outline.rollbacks.empty() ? "automatic" : outline.rollbacks.front().name;
  return "`otherwise rollback " + name + "`";
}

void check_guard(const GuardOutline& guard, const Outline& outline, Findings& findings) {
  if (guard.stops.empty() && guard.pauses.empty()) {
    findings.error(Code::missing_guard, guard.span, "this guard stops nothing",
                   "add `stop error_rate > 1% over 5m`");
  }
  check_veto(guard, findings);
  const bool leads =
      guard.otherwise.kind == Exit::Kind::rollback || guard.otherwise.kind == Exit::Kind::halt;
  if (leads) return;
  if (guard.otherwise.kind != Exit::Kind::none) {
    findings.error(Code::misplaced_statement, guard.otherwise.span,
                   "a guard leads to a rollback, or halts",
                   "write " + some_exit(outline) + " or `otherwise halt`");
  } else if (!guard.stops.empty()) {
    findings.error(Code::missing_exit, guard.span, "this guard says not where a stop leads",
                   "add " + some_exit(outline));
  }
}

// Where the first step stands that cannot be taken back; null: there is none.
const core::Span* first_irreversible(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    if (step.irreversible) return &step.span;
    if (const core::Span* inner = first_irreversible(step.block)) return inner;
  }
  return nullptr;
}

const core::Span* first_irreversible(const Outline& outline) {
  if (const core::Span* found = first_irreversible(outline.setup)) return found;
  for (const StageOutline& stage : outline.stages) {
    if (!stage.irreversible.empty()) return &stage.irreversible.front().span;
    if (const core::Span* found = first_irreversible(stage.steps)) return found;
  }
  return nullptr;
}

}  // namespace

void check_guards(const Outline& outline, bool moves, Findings& findings) {
  if (outline.guards.empty()) {
    findings.error(Code::missing_guard, outline.span, "nothing guards this rollout",
                   moves || outline.stages.empty()
                       ? "add `guard { … }` with a `stop` and " + some_exit(outline) + " in it"
                       : "add `guard always { … }` with a `stop` and `otherwise halt` in it");
    return;
  }
  for (const GuardOutline& guard : outline.guards) check_guard(guard, outline, findings);
  const auto any = [&](const auto& holds) {
    return std::any_of(outline.guards.begin(), outline.guards.end(), holds);
  };
  const bool stops = any([](const GuardOutline& guard) { return !guard.stops.empty(); });
  if (!stops && outline.guards.front().pauses.size() > 0) {
    findings.error(Code::missing_guard, outline.guards.front().span,
                   "this guard only pauses, nothing stops the rollout",
                   "add `stop error_rate > 1% over 5m` and " + some_exit(outline));
  }
  for (const GuardOutline& guard : outline.guards) {
    if (moves || guard.always || outline.stages.empty()) continue;
    findings.error(Code::missing_guard, guard.span,
                   "no stage shifts traffic, so this guard is never armed",
                   "write `guard always { … }`: it is armed from the start");
  }
  const bool halts =
      any([](const GuardOutline& guard) { return guard.otherwise.kind == Exit::Kind::halt; });
  const core::Span* step = first_irreversible(outline);
  if (step == nullptr || halts) return;
  findings.error(Code::guard_must_halt, *step,
                 "after this step no rollback is possible, and no guard says `otherwise halt`",
                 "add a second `guard { … otherwise halt }`: it goes on watching from here");
}

}  // namespace rollbook::dsl
