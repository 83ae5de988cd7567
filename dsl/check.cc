#include "dsl/check.h"

#include "dsl/check_rules.h"
#include "dsl/format_value.h"

namespace rollbook::dsl {

bool bounds_above(const Judgement& judgement) {
  const bool greater = judgement.comparison == core::Comparison::greater ||
                       judgement.comparison == core::Comparison::greater_equal;
  return greater == (judgement.kind == core::CriterionKind::stop);
}

bool same_bound(const Judgement& expect, const Judgement& stop) {
  const auto has_limit = [](const Judgement& judgement) {
    return judgement.what.measure != core::Measure::absent && !judgement.limit_text.empty() &&
           judgement.test == core::Test::none;
  };
  return has_limit(expect) && has_limit(stop) && expect.what == stop.what &&
         bounds_above(expect) == bounds_above(stop);
}

std::vector<core::Weight> stage_weights(const Outline& outline) {
  std::vector<core::Weight> weights;
  core::Weight weight = outline.begins;
  for (const StageOutline& stage : outline.stages) {
    for (const Step& step : stage.steps) weight = weight_after(step).value_or(weight);
    weights.push_back(weight);
  }
  return weights;
}

const Step* hold_of(const StageOutline& stage) {
  for (const Step& step : stage.steps)
    if (step.kind == Step::Kind::hold) return &step;
  return nullptr;
}

void check_head(const Outline& outline, Findings& findings) {
  if (outline.service.empty()) {
    findings.error(Code::missing_statement, outline.span, "this runbook names no service",
                   "add `service \"shop\"`: one rollout at a time runs for a service");
  }
  bool moves = false;
  for (const StageOutline& stage : outline.stages)
    for (const Step& step : stage.steps) moves = moves || weight_after(step).has_value();
  if (outline.stages.empty()) {
    findings.error(Code::missing_statement, outline.span, "this runbook has no stage",
                   "add `stage first { … }` with `traffic 5%` and `hold 1h` in it");
  } else if (moves && !outline.arms) {
    findings.error(Code::missing_statement, outline.span,
                   "traffic is shifted, but nothing says between which arms",
                   "add `arms by label \"version\": baseline \"old\", canary \"new\"`");
  }
  check_guards(outline, moves, findings);
}

void check(const Outline& outline, Sink& sink) {
  Findings findings(sink);
  check_head(outline, findings);
  check_exits(outline, findings);
  check_decisions(outline, findings);
  check_traffic(outline, findings);
}

void warn(const Outline& outline, Sink& sink) {
  Findings findings(sink);
  warn_of_windows(outline, findings);
  warn_of_limits(outline, findings);
  warn_of_samples(outline, findings);
  warn_of_unused(outline, findings);
}

}  // namespace rollbook::dsl
