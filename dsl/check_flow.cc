// Structure: every wait has an exit that makes sense where it stands, and weights go one way.

#include <algorithm>

#include "dsl/check_rules.h"
#include "dsl/format_value.h"

namespace rollbook::dsl {

namespace {

// Whether the guard stops as soon as the criterion fails, so that no band between the two is left
// in which nothing would happen.
bool is_guarded(const Judgement& expect, const Outline& outline) {
  if (!outline.guard) return false;
  for (const Judgement& stop : outline.guard->stops) {
    if (!same_bound(expect, stop)) continue;
    if (bounds_above(expect) ? stop.limit <= expect.limit : stop.limit >= expect.limit) return true;
  }
  return false;
}

struct Block {
  std::string what;  // "stage `canary_5`"
  bool before = false;
  bool has_hold = false;
};

void check_exit_place(const Exit& exit, const Block& block, Findings& findings) {
  if (block.before && exit.kind == Exit::Kind::rollback) {
    findings.error(Code::misplaced_statement, exit.span,
                   "before the first shift there is nothing to roll back", "write `otherwise end`",
                   {{exit.span, "end"}});
  }
  if (!block.before && exit.kind == Exit::Kind::end) {
    findings.error(Code::misplaced_statement, exit.span,
                   "traffic has been shifted here: a rollout cannot just end",
                   "write `otherwise rollback …`");
  }
}

// The stop that speaks of what an expectation asks for, only later: between the two nothing is
// said.
const Judgement* looser_stop(const Judgement& expect, const Outline& outline) {
  if (!outline.guard) return nullptr;
  for (const Judgement& stop : outline.guard->stops)
    if (same_bound(expect, stop)) return &stop;
  return nullptr;
}

std::string exit_help(const Block& block) {
  return block.before ? "add `within 24h otherwise end`"
                      : "add `within 24h otherwise rollback …` or `… decide …`";
}

void check_exit_left_out(const Review& review, const Block& block, const Outline& outline,
                         Findings& findings) {
  if (!review.confirms.empty()) {
    findings.error(Code::missing_exit, review.span,
                   block.what + " says not what happens with \"" + review.confirms.front().text +
                       "\" answered with no",
                   exit_help(block));
    return;
  }
  for (const Judgement& expect : review.criteria) {
    if (!block.before && is_guarded(expect, outline)) continue;
    const Judgement* stop = block.before ? nullptr : looser_stop(expect, outline);
    if (stop == nullptr) {
      findings.error(Code::missing_exit, review.span,
                     block.what + " says not what happens with " + quoted(expect.text) + " not met",
                     exit_help(block));
    } else {
      findings.error(Code::undefined_band, review.span,
                     block.what + " says not what happens between " + expect.limit_text + " and " +
                         stop->limit_text + ": " + quoted(expect.text) + " is not met there, " +
                         quoted(stop->text) + " does not stop yet",
                     exit_help(block));
    }
    return;
  }
}

// A decision used here: its exit and its options must make sense in this place.
void check_decision_use(const DecisionOutline& decision, const core::Span& span, const Block& block,
                        Findings& findings) {
  if (!block.before && decision.otherwise.kind == Exit::Kind::end) {
    findings.error(Code::misplaced_statement, decision.otherwise.span,
                   "`" + decision.name + "` is decided in " + block.what +
                       " too, after traffic has been shifted: a rollout cannot just end there",
                   "write `otherwise rollback …`");
  }
  if (block.has_hold) return;
  for (const OptionOutline& option : decision.options) {
    if (option.option.kind != core::OptionKind::extend) continue;
    findings.error(
        Code::misplaced_statement, span,
        block.what + " has no hold that option `" + option.option.name + "` could extend",
        "use a decision without `extend` here");
  }
}

void check_review(const Review& review, const Block& block, const Outline& outline,
                  Findings& findings) {
  check_exit_place(review.otherwise, block, findings);
  if (review.otherwise.kind == Exit::Kind::none && !review.decision) {
    check_exit_left_out(review, block, outline, findings);
  }
  if (review.otherwise.kind == Exit::Kind::decide) {
    check_decision_use(outline.decisions[review.otherwise.target], review.otherwise.span, block,
                       findings);
  }
  if (review.decision) {
    check_decision_use(outline.decisions[*review.decision], review.decision_span, block, findings);
  }
}

// The first weight that a stage gives a target; empty: none does.
std::optional<core::Weight> first_weight(const Outline& outline, core::TargetIndex target) {
  for (const StageOutline& stage : outline.stages) {
    for (const Step& step : stage.steps) {
      if (const auto weight = weight_after(step, target)) return weight;
    }
  }
  return std::nullopt;
}

// False: it does not move the target at all.
bool check_rollback(const RollbackOutline& rollback, core::TargetIndex target,
                    const Outline& outline, Findings& findings) {
  const auto first = first_weight(outline, target);
  std::optional<core::Weight> last;
  for (const Step& step : rollback.steps) {
    const auto weight = weight_after(step, target);
    if (!weight) continue;
    if (last && *weight > *last) {
      findings.error(
          Code::rollback_not_lower, step.span,
          "a rollback only ever lowers the weight: it is at " + format_percent(*last) + " already",
          "put its steps in falling order");
    }
    last = weight;
  }
  if (!last) return false;
  // At the lowest there is, it is the first stage that shifts nothing, and that is said there.
  if (first && *last >= *first && *last > begins_of(outline, target)) {
    findings.error(Code::rollback_not_lower, rollback.span,
                   "rollback `" + rollback.name + "` ends " +
                       (target.valid() ? "`" + outline.targets[target.value].name + "` " : "") +
                       "at " + format_percent(*last) + ", the first stage is at " +
                       format_percent(*first),
                   "end it at " + format_percent(begins_of(outline, target)));
  }
  return true;
}

void check_rollback(const RollbackOutline& rollback, const Outline& outline, Findings& findings) {
  bool lowers = false, moved = false;
  for (const core::TargetIndex target : targets_of(outline)) {
    moved = moved || first_weight(outline, target);
    lowers = check_rollback(rollback, target, outline, findings) || lowers;
  }
  if (lowers || !moved) return;
  findings.error(Code::rollback_not_lower, rollback.span,
                 "rollback `" + rollback.name + "` shifts no traffic back",
                 "add `traffic " + whose(outline, targets_of(outline).front()) +
                     format_percent(begins_of(outline, targets_of(outline).front())) + "`");
}

void check_finish(const Outline& outline, core::TargetIndex target, core::Weight last,
                  Findings& findings) {
  const auto finish =
      std::find_if(outline.finishes.begin(), outline.finishes.end(),
                   [&](const FinishOutline& each) { return each.target == target; });
  const std::string leaves =
      "the last stage leaves " +
      (target.valid() ? "`" + outline.targets[target.value].name + "`" : "the canary") + " at " +
      format_percent(last);
  const std::string written = "finish traffic " + whose(outline, target) + format_percent(last);
  if (finish != outline.finishes.end() && finish->weight != last) {
    findings.error(Code::missing_finish, finish->span,
                   leaves + ", not at " + format_percent(finish->weight),
                   "`finish traffic` states the last weight and shifts nothing: write `" + written +
                       "`, or add a stage");
  }
  if (finish == outline.finishes.end() && last != core::kAllTraffic) {
    findings.error(Code::missing_finish, outline.stages.back().span,
                   leaves + " and nothing says that this is the end", "add `" + written + "`");
  }
}

void check_rising(const Outline& outline, core::TargetIndex target, Findings& findings) {
  core::Weight weight = begins_of(outline, target);
  bool moves = false;
  for (const StageOutline& stage : outline.stages) {
    for (const Step& step : stage.steps) {
      const auto next = weight_after(step, target);
      if (!next) continue;
      moves = true;
      if (*next <= weight) {
        findings.error(
            Code::traffic_not_rising, step.span,
            format_percent(*next) + " is not more than the " + format_percent(weight) + " that " +
                (target.valid() ? "`" + outline.targets[target.value].name + "`" : "the canary") +
                " has already",
            "write more, or leave `traffic` out to stay; only a `rollback` lowers it");
      }
      weight = *next;
    }
  }
  if (moves) check_finish(outline, target, weight, findings);
}

}  // namespace

void check_exits(const Outline& outline, Findings& findings) {
  if (outline.require) {
    check_review(*outline.require, Block{"`require`", true, false}, outline, findings);
  }
  for (const StageOutline& stage : outline.stages) {
    const Block block{"stage `" + stage.name + "`", false, hold_of(stage) != nullptr};
    if (stage.steps.empty() && stage.review.empty()) {
      findings.error(Code::missing_statement, stage.span, block.what + " does nothing",
                     "add `traffic 5%` and `hold 1h`, or leave it out");
    }
    check_review(stage.review, block, outline, findings);
  }
  if (outline.success) {
    check_review(*outline.success, Block{"`success`", false, false}, outline, findings);
  }
}

void check_decisions(const Outline& outline, Findings& findings) {
  for (const DecisionOutline& decision : outline.decisions) {
    if (decision.quorum.roles.empty()) {
      findings.error(Code::nobody_asked, decision.span,
                     "decision `" + decision.name + "` says not who decides",
                     "add `by …` with a role");
    }
    if (decision.otherwise.kind == Exit::Kind::none) {
      findings.error(Code::missing_exit, decision.span,
                     "decision `" + decision.name + "` says not what happens when nobody answers",
                     "add `within 24h otherwise rollback …`");
    }
    if (decision.otherwise.kind == Exit::Kind::decide) {
      findings.error(Code::misplaced_statement, decision.otherwise.span,
                     "a decision cannot lead to another one when nobody answers",
                     "write `otherwise rollback …`");
    }
  }
}

void check_traffic(const Outline& outline, Findings& findings) {
  for (const core::TargetIndex target : targets_of(outline)) {
    check_rising(outline, target, findings);
  }
  for (const RollbackOutline& rollback : outline.rollbacks) {
    check_rollback(rollback, outline, findings);
  }
  for (const Declared& declared : outline.declared) {
    // `gradual` is what `rollbook rollback --gradual` runs.
    const bool by_command = declared.name == "gradual";
    if (declared.noun != "rollback" || declared.used || by_command) continue;
    findings.error(Code::unreachable, declared.span,
                   "nothing leads to rollback `" + declared.name + "`",
                   "name it in an `otherwise`, or leave it out");
  }
}

}  // namespace rollbook::dsl
