#include <algorithm>

#include "dsl/resolve_context.h"

namespace rollbook::dsl {

namespace {

constexpr core::Duration kShortestRampStep = std::chrono::seconds(1);

core::Ramp resolve_ramp(Context& context, const ast::Ramp& ramp) {
  core::Ramp resolved;
  resolved.to = weight_of(ramp.to);
  resolved.over = ramp.over.duration();
  resolved.every = std::min(core::kGradualEvery, resolved.over);
  if (ramp.every) resolved.every = ramp.every->duration();
  if (resolved.every < kShortestRampStep) {
    context.findings.error(Code::bad_value, ramp.every ? ramp.every->span : ramp.over.span,
                           "the step of a ramp lasts a second at least", "write `1s` or more");
    resolved.every = kShortestRampStep;
  }
  if (ramp.within) resolved.deadline = ramp.within->duration();
  const core::TargetIndex target = traffic_target(context, ramp.target, ramp.span);
  if (target.valid()) resolved.targets = {target};
  return resolved;
}

void append_effect(std::vector<Step>& steps, core::Effect effect, bool irreversible) {
  const bool awaited = core::is_awaited(effect.kind);
  // What cannot be taken back stands alone, so that it is known what that is.
  const bool joins = !awaited && !irreversible && !steps.empty() && !steps.back().irreversible;
  if (joins && steps.back().kind == Step::Kind::effects) {
    steps.back().effects.push_back(std::move(effect));
    return;
  }
  Step step;
  step.kind = !awaited                                   ? Step::Kind::effects
              : effect.kind == core::EffectKind::traffic ? Step::Kind::shift
                                                         : Step::Kind::act;
  step.span = effect.span;
  step.effects.push_back(std::move(effect));
  steps.push_back(std::move(step));
}

bool marks_irreversible(const ast::Statement& statement) {
  return std::visit(
      [](const auto& node) {
        if constexpr (requires { node.irreversible; }) {
          return node.irreversible;
        } else {
          return false;
        }
      },
      statement.node);
}

// `hold … and 1000 requests`: counted from the shift on, over all that the hold may last.
std::optional<Judgement> resolve_requests(Context& context, const ast::Hold& hold,
                                          const Step& step) {
  const auto requests = requests_of(context, hold.requests->span);
  if (!requests) return std::nullopt;
  if (hold.requests->whole() < 1) {
    context.findings.error(Code::bad_value, hold.requests->span,
                           "a hold counts one request at least", "leave `and … requests` out");
    return std::nullopt;
  }
  Judgement judgement;
  judgement.text = hold.requests->text + " requests";
  judgement.kind = core::CriterionKind::enough;
  judgement.what = *requests;
  judgement.measured = "count(" + context.outline.metrics[requests->metric.value].name + ")";
  judgement.comparison = core::Comparison::greater_equal;
  judgement.limit = core::Fixed::from_int(hold.requests->whole());
  judgement.limit_text = hold.requests->text;
  judgement.over = step.at_most;
  judgement.span = hold.requests->span;
  return judgement;
}

Step resolve_hold(Context& context, const ast::Hold& hold) {
  Step step;
  step.kind = Step::Kind::hold;
  step.span = hold.span;
  step.block = resolve_steps(context, {&hold.block});
  step.duration = hold.duration.duration();
  step.at_most =
      hold.at_most ? hold.at_most->duration() : 2 * step.duration + std::chrono::hours(24);
  if (hold.requests) step.enough = resolve_requests(context, hold, step);
  return step;
}

core::Effect* started_in(std::vector<core::Effect>& effects, const std::string& action) {
  core::Effect* found = nullptr;
  for (core::Effect& effect : effects) {
    if (effect.kind == core::EffectKind::start && effect.name == action) found = &effect;
  }
  return found;
}

// Each `hold until` waits for the last start of its action before it, which has to settle then.
void link_starts(Context& context, StageOutline& stage) {
  for (std::size_t i = 0; i < stage.steps.size(); ++i) {
    const Step& until = stage.steps[i];
    if (until.kind != Step::Kind::until) continue;
    core::Effect* start = started_in(stage.enter, until.name);
    for (std::size_t k = 0; k < i; ++k) {
      if (auto* found = started_in(stage.steps[k].effects, until.name)) start = found;
      for (Step& inner : stage.steps[k].block) {
        if (auto* found = started_in(inner.effects, until.name)) start = found;
      }
    }
    if (start == nullptr) {
      context.findings.error(
          Code::nothing_started, until.span,
          "nothing is waited for here: `" + until.name + "` was not started in this stage before",
          "write `start " + until.name + "(…)` above; a `run` is waited for where it stands");
      continue;
    }
    start->tracked = true;
  }
}

// The effects of all blocks of one kind (`on enter`), in order; those that are marked so in
// `irreversible` too.
template <class Block>
std::vector<core::Effect> block_effects(Context& context, const Blocks& blocks,
                                        std::vector<core::Effect>* irreversible) {
  std::vector<core::Effect> effects;
  for (const auto* block : blocks) {
    for (const Block* part : ast::all<Block>(*block)) {
      for (const ast::Statement& statement : part->block) {
        auto effect = resolve_effect(context, statement);
        if (!effect) continue;
        if (irreversible != nullptr && marks_irreversible(statement)) {
          irreversible->push_back(*effect);
        }
        effects.push_back(std::move(*effect));
      }
    }
  }
  return effects;
}

// What was started in the stage ends with it, in whatever step it was started.
void add_stops(const std::vector<core::Effect>& effects, std::vector<core::Effect>& exit) {
  for (const core::Effect& effect : effects) {
    if (effect.kind != core::EffectKind::start) continue;
    core::Effect stop = effect;
    stop.kind = core::EffectKind::stop;
    stop.attempts = 1;
    stop.tracked = false;
    exit.push_back(std::move(stop));
  }
}

void add_stops(const std::vector<Step>& steps, std::vector<core::Effect>& exit) {
  for (const Step& step : steps) {
    add_stops(step.effects, exit);
    add_stops(step.block, exit);
  }
}

// A rollback's shifts of several targets in a row go out together: one that hangs must not keep
// another up.
std::vector<Step> join_shifts(std::vector<Step> steps) {
  std::vector<Step> joined;
  for (Step& step : steps) {
    Step* before = joined.empty() ? nullptr : &joined.back();
    const bool both =
        before != nullptr && before->kind == Step::Kind::shift && step.kind == Step::Kind::shift;
    if (both && !weight_after(*before, step.effects.front().target)) {
      before->effects.push_back(std::move(step.effects.front()));
    } else {
      joined.push_back(std::move(step));
    }
  }
  return joined;
}

// What takes back can itself be taken back, or nobody could.
void refuse_irreversible(Context& context, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    if (!step.irreversible) continue;
    context.findings.error(Code::misplaced_statement, step.span,
                           "a rollback and what a stage undoes cannot be irreversible",
                           "leave the word out: nothing goes forward from here anyway");
  }
}

}  // namespace

std::vector<Step> resolve_steps(Context& context, const Blocks& blocks) {
  std::vector<Step> steps;
  for (const auto* block : blocks) {
    for (const ast::Statement& statement : *block) {
      const std::size_t before = steps.size();
      if (const auto* hold = std::get_if<ast::Hold>(&statement.node)) {
        steps.push_back(resolve_hold(context, *hold));
      } else if (const auto* until = std::get_if<ast::HoldUntil>(&statement.node)) {
        if (!context.actions.find(until->action, context.findings)) continue;
        Step step;
        step.kind = Step::Kind::until;
        step.name = until->action.text;
        step.at_most = until->at_most.duration();
        step.span = until->span;
        steps.push_back(std::move(step));
      } else if (const auto* ramp = std::get_if<ast::Ramp>(&statement.node)) {
        Step step;
        step.kind = Step::Kind::ramp;
        step.ramp = resolve_ramp(context, *ramp);
        step.span = ramp->span;
        steps.push_back(std::move(step));
      } else if (auto effect = resolve_effect(context, statement)) {
        append_effect(steps, std::move(*effect), marks_irreversible(statement));
      }
      if (steps.size() > before) steps.back().irreversible = marks_irreversible(statement);
    }
  }
  return steps;
}

StageOutline resolve_stage(Context& context, const ast::Stage& stage) {
  StageOutline outline;
  outline.name = stage.name.text;
  outline.span = stage.span;
  Blocks blocks;
  if (stage.base) {
    const auto row = context.templates.find(*stage.base, context.findings);
    if (row) blocks.push_back(&context.template_entries[*row]->block);
  }
  blocks.push_back(&stage.block);
  outline.enter = block_effects<ast::OnEnter>(context, blocks, &outline.irreversible);
  outline.exit = block_effects<ast::OnExit>(context, blocks, nullptr);
  outline.steps = resolve_steps(context, blocks);
  link_starts(context, outline);
  for (const auto* block : blocks) {
    for (const ast::Undo* undo : ast::all<ast::Undo>(*block)) {
      for (Step& step : resolve_steps(context, {&undo->block})) {
        outline.undo.push_back(std::move(step));
      }
    }
  }
  refuse_irreversible(context, outline.undo);
  for (Step& step : outline.steps) {
    if (step.enough) step.enough->id = outline.name + ".hold.requests";
  }
  add_stops(outline.enter, outline.exit);
  add_stops(outline.steps, outline.exit);
  outline.review = resolve_review(context, ReviewHead{stage.name.text, stage.span}, blocks);

  const Step* held = nullptr;
  for (const Step& step : outline.steps) {
    if (step.kind != Step::Kind::hold) continue;
    if (held != nullptr) report_second(context, "`hold`", step.span, held->span);
    held = &step;
  }
  return outline;
}

RollbackOutline resolve_rollback(Context& context, const ast::Rollback& rollback) {
  RollbackOutline outline;
  outline.name = rollback.name.text;
  outline.span = rollback.span;
  std::vector<Step> steps = join_shifts(resolve_steps(context, {&rollback.block}));
  refuse_irreversible(context, steps);
  for (Step& step : steps) {
    if (step.kind == Step::Kind::effects) {
      for (core::Effect& effect : step.effects) outline.entry.push_back(std::move(effect));
      continue;
    }
    step.ramp.rollback = step.kind == Step::Kind::ramp;
    if (step.kind == Step::Kind::shift) {
      for (core::Effect& effect : step.effects) effect.rollback = true;
    }
    outline.steps.push_back(std::move(step));
  }
  return outline;
}

}  // namespace rollbook::dsl
