#pragma once
// Builder: the tables of a Machine while they grow. States are added in the order they are read
// in; transitions may lead to labels that are bound to a state later, so that a way back to a
// state that does not exist yet needs no second pass. Internal to dsl/lower*.cc.

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "dsl/outline.h"
#include "engine/core/machine.h"

namespace rollbook::dsl {

class Builder {
 public:
  // A place in the machine that something leads to.
  struct Label {
    std::uint32_t value = 0;
  };
  struct Going {
    bool forward = false;
    bool needs_gate = false;
    std::string label{};  // the sentence of the step
    core::Span span{};
  };

  Builder();

  // A state under `parent`; the first child of a compound state is its initial one.
  core::StateIndex add_state(core::StateIndex parent, core::State state);
  core::StateIndex add_compound(core::StateIndex parent, core::State state);
  core::State& at(core::StateIndex state) { return machine_.states[state.value]; }
  core::StateIndex root() const { return core::StateIndex{0}; }

  Label label();
  // Not a state: what leads here halts the rollout where it stands.
  Label halt() const { return Label{0}; }
  void bind(Label label, core::StateIndex state);

  // The transition, for what Going does not say (extensions).
  core::Transition& go(core::StateIndex from, core::Trigger trigger, Label to, Going going);

  core::EffectIndex add_effect(core::Effect effect);
  std::vector<core::EffectIndex> add_effects(const std::vector<core::Effect>& effects);
  core::CriterionIndex add_criterion(const Judgement& judgement, core::Floor floor);
  core::ClockIndex add_clock(core::Clock clock);
  core::ItemIndex add_item(core::Item item);

  core::Machine& machine() { return machine_; }
  const core::Machine& machine() const { return machine_; }
  // INVARIANT: every label that a transition leads to is bound.
  core::Machine finish();

 private:
  core::SeriesIndex add_series(core::Series series);
  core::WindowIndex add_window(core::Window window, core::Series series, core::Test test);
  // The windows of one side of a criterion: what is measured, and a ratio's denominator.
  struct Side {
    core::WindowIndex window;
    core::WindowIndex denominator;
  };
  Side add_side(const Measurement& what, const core::Window& window, core::Test test);
  core::Judge make_judge(const Judgement& judgement, const core::Window& window);

  core::Machine machine_;
  std::vector<core::StateIndex> labels_;
  // Equal series and windows are one; but what is held against time and its own past is counted in
  // a way of its own (engine/core/evenly.h).
  std::map<std::tuple<core::MetricIndex, core::Arm, core::TargetIndex>, core::SeriesIndex> series_;
  std::map<
      std::tuple<core::SeriesIndex, core::Duration, core::Duration, core::Floor, bool, bool, bool>,
      core::WindowIndex>
      windows_;
};

core::Trigger on(core::TriggerKind kind);
core::Trigger on_clock(core::ClockIndex clock);
core::Trigger on_stop(const std::vector<core::CriterionIndex>& criteria);
core::Trigger on_entered(core::StateIndex state);
// A rollback of one target by command.
core::Trigger on_target(core::TriggerKind kind, core::TargetIndex target);
// Of one effect that was requested in another state.
core::Trigger on_effect(core::TriggerKind kind, core::EffectIndex effect);
core::Trigger on_choice(core::ItemIndex item, std::uint32_t option);

}  // namespace rollbook::dsl
