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
                           "the step of a ramp lasts a second at least");
    resolved.every = kShortestRampStep;
  }
  if (ramp.within) resolved.deadline = ramp.within->duration();
  return resolved;
}

void append_effect(std::vector<Step>& steps, core::Effect effect) {
  const bool awaited = core::is_awaited(effect.kind);
  if (!awaited && !steps.empty() && steps.back().kind == Step::Kind::effects) {
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

Step resolve_hold(Context& context, const ast::Hold& hold) {
  Step step;
  step.kind = Step::Kind::hold;
  step.span = hold.span;
  step.block = resolve_steps(context, {&hold.block});
  step.duration = hold.duration.duration();
  step.at_most =
      hold.at_most ? hold.at_most->duration() : 2 * step.duration + std::chrono::hours(24);
  return step;
}

// The effects of all blocks of one kind (`on enter`), in order.
template <class Block>
std::vector<core::Effect> block_effects(Context& context, const Blocks& blocks) {
  std::vector<core::Effect> effects;
  for (const auto* block : blocks)
    for (const Block* part : ast::all<Block>(*block))
      for (const ast::Statement& statement : part->block)
        if (auto effect = resolve_effect(context, statement)) effects.push_back(std::move(*effect));
  return effects;
}

// What was started in the stage ends with it, in whatever step it was started.
void add_stops(const std::vector<core::Effect>& effects, std::vector<core::Effect>& exit) {
  for (const core::Effect& effect : effects) {
    if (effect.kind != core::EffectKind::start) continue;
    core::Effect stop = effect;
    stop.kind = core::EffectKind::stop;
    exit.push_back(std::move(stop));
  }
}

void add_stops(const std::vector<Step>& steps, std::vector<core::Effect>& exit) {
  for (const Step& step : steps) {
    add_stops(step.effects, exit);
    add_stops(step.block, exit);
  }
}

}  // namespace

std::vector<Step> resolve_steps(Context& context, const Blocks& blocks) {
  std::vector<Step> steps;
  for (const auto* block : blocks) {
    for (const ast::Statement& statement : *block) {
      if (const auto* hold = std::get_if<ast::Hold>(&statement.node)) {
        steps.push_back(resolve_hold(context, *hold));
      } else if (const auto* ramp = std::get_if<ast::Ramp>(&statement.node)) {
        Step step;
        step.kind = Step::Kind::ramp;
        step.ramp = resolve_ramp(context, *ramp);
        step.span = ramp->span;
        steps.push_back(std::move(step));
      } else if (auto effect = resolve_effect(context, statement)) {
        append_effect(steps, std::move(*effect));
      }
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
  outline.enter = block_effects<ast::OnEnter>(context, blocks);
  outline.exit = block_effects<ast::OnExit>(context, blocks);
  outline.steps = resolve_steps(context, blocks);
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
  for (Step& step : resolve_steps(context, {&rollback.block})) {
    if (step.kind == Step::Kind::effects) {
      for (core::Effect& effect : step.effects) outline.entry.push_back(std::move(effect));
      continue;
    }
    step.ramp.rollback = step.kind == Step::Kind::ramp;
    if (step.kind == Step::Kind::shift) step.effects.front().rollback = true;
    outline.steps.push_back(std::move(step));
  }
  return outline;
}

}  // namespace rollbook::dsl
