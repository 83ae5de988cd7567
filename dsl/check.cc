#include "dsl/check.h"

#include <algorithm>

#include "dsl/check_rules.h"
#include "dsl/format_value.h"

namespace rollbook::dsl {

std::string quoted(const std::string& text) { return "`" + text + "`"; }

bool bounds_above(const Judgement& judgement) {
  const bool greater = judgement.comparison == core::Comparison::greater ||
                       judgement.comparison == core::Comparison::greater_equal;
  const bool acts =
      judgement.kind == core::CriterionKind::stop || judgement.kind == core::CriterionKind::pause;
  return greater == acts;
}

bool same_bound(const Judgement& expect, const Judgement& stop) {
  const auto has_limit = [](const Judgement& judgement) {
    return judgement.what.measure != core::Measure::absent && !judgement.limit_text.empty() &&
           judgement.test == core::Test::none;
  };
  return has_limit(expect) && has_limit(stop) && expect.what == stop.what &&
         bounds_above(expect) == bounds_above(stop);
}

std::vector<core::Weight> stage_weights(const Outline& outline, core::TargetIndex target) {
  std::vector<core::Weight> weights;
  if (!target.valid() && !outline.targets.empty()) {
    weights.assign(outline.stages.size(), core::kNoTraffic);
    for (const core::TargetIndex each : targets_of(outline)) {
      const std::vector<core::Weight> own = stage_weights(outline, each);
      for (std::size_t i = 0; i < own.size(); ++i) weights[i] = std::max(weights[i], own[i]);
    }
    return weights;
  }
  core::Weight weight = begins_of(outline, target);
  for (const StageOutline& stage : outline.stages) {
    weight = weight_after(stage.steps, target).value_or(weight);
    weights.push_back(weight);
  }
  return weights;
}

const Step* hold_of(const StageOutline& stage) {
  for (const Step& step : stage.steps)
    if (step.kind == Step::Kind::hold) return &step;
  return nullptr;
}

bool moves_traffic(const StageOutline& stage) {
  return std::any_of(stage.steps.begin(), stage.steps.end(),
                     [](const Step& step) { return weight_after(step).has_value(); });
}

double as_double(core::Fixed value) { return static_cast<double>(value.nanos) * 1e-9; }
double in_seconds(core::Duration duration) { return static_cast<double>(duration.count()) * 1e-9; }

core::Weight share_of(core::Arm arm, core::Weight canary) {
  switch (arm) {
    case core::Arm::canary:
      return canary;
    case core::Arm::baseline:
      return core::Weight{core::kAllTraffic.nanos - canary.nanos};
    case core::Arm::total:
      break;
  }
  return core::kAllTraffic;
}

double flow_of(const Judgement& judgement, core::Fixed per_second, core::Weight canary) {
  const core::Weight share = share_of(judgement.what.arm, canary);
  return as_double(per_second) * static_cast<double>(share.nanos) * 1e-9;
}

double requests_in(const Judgement& judgement, core::Fixed per_second, core::Weight canary) {
  return flow_of(judgement, per_second, canary) * in_seconds(judgement.over);
}

WindowedLimit windowed_limit(const Judgement& judgement) {
  return {judgement.limit, breaks_at_limit(judgement.kind, judgement.comparison), judgement.over,
          judgement.sustain, judgement.at_least};
}

void check_head(const Outline& outline, Findings& findings) {
  if (outline.service.empty()) {
    findings.error(Code::missing_statement, outline.span, "this runbook names no service",
                   "add `service \"shop\"`: one rollout at a time runs for a service");
  }
  const bool moves = std::any_of(outline.stages.begin(), outline.stages.end(), moves_traffic);
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
  check_targets(outline, findings);
}

void warn(const Outline& outline, Sink& sink) {
  Findings findings(sink);
  warn_of_windows(outline, findings);
  warn_of_limits(outline, findings);
  warn_of_contradictions(outline, findings);
  warn_of_before_traffic(outline, findings);
  warn_of_samples(outline, findings);
  warn_of_people(outline, findings);
  warn_of_rollbacks(outline, findings);
  warn_of_unused(outline, findings);
}

}  // namespace rollbook::dsl
