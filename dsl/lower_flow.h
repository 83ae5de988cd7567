#pragma once
// Flow: the parts of the lowering and what they share: the outline, the growing machine and the
// labels that everything may lead to. Internal to dsl/lower*.cc.

#include <string>
#include <vector>

#include "dsl/lower_builder.h"
#include "dsl/outline.h"

namespace rollbook::dsl {

class Flow {
 public:
  explicit Flow(const Outline& outline);
  core::Machine lower();

 private:
  using Label = Builder::Label;
  using StateIndex = core::StateIndex;

  // Where a run of steps stands, and where it leads.
  struct Steps {
    std::string prefix;  // of the states' names: "canary_5."
    StateIndex parent;
    std::string stage;              // what people see
    core::Stage* record = nullptr;  // of a stage: takes the hold's clocks
    Label next;
    Label otherwise;  // when an act fails
  };
  // Where a review stands.
  struct Place {
    std::string path;  // "canary_5.review"
    StateIndex parent;
    std::string stage;
    core::Phase phase = core::Phase::review;
    core::Floor floor = core::Floor::shift;
    bool before = false;            // no traffic yet: there is nothing to roll back
    core::Stage* record = nullptr;  // whose hold `extend` extends
    std::vector<core::CriterionIndex> criteria;
    Label next;
    Label otherwise;
  };
  // What a review looks at, and how long.
  struct Looking {
    StateIndex compound;
    core::Gate gate;
    core::ClockIndex within;
  };
  // Where a decision stands.
  struct Opening {
    std::string path;  // "canary_5.review.decide"
    StateIndex parent;
    std::size_t decision = 0;
    core::Gate gate;
    bool gated = false;  // `next` needs the gate
  };

  // lower.cc
  void lower_before();
  void lower_guarded();
  void lower_rollbacks(StateIndex guarded);
  void lower_rollback(std::size_t index, StateIndex parent);
  StateIndex begin_rollback(const std::string& name, StateIndex parent, std::uint32_t rank);
  void lower_finals();
  std::vector<core::CriterionIndex> add_criteria(const Review& review, core::Floor floor);

  // lower_stage.cc
  void lower_stage(const StageOutline& stage, StateIndex parent, Label begin, Label next);
  void lower_steps(const std::vector<Step>& steps, const Steps& place);
  StateIndex lower_step(const Step& step, const Steps& place, const std::string& name, Label next);
  StateIndex lower_hold(const Step& step, const Steps& place, Label next);

  // lower_review.cc
  // Where `otherwise` leads; a fresh label when it is a decision inside the review.
  Label otherwise_of(const Review& review, bool before);
  Label exit_label(const Exit& exit, bool before);
  StateIndex lower_review(const Review& review, const Place& place);
  void lower_gate(const Review& review, const Place& place, const Looking& looking);
  StateIndex lower_decision(const Opening& opening, const Place& place);
  void lower_options(const Opening& opening, const Place& place, StateIndex state,
                     core::ItemIndex item);
  std::vector<core::EffectIndex> add_asks(const DecisionOutline& decision, const char* how);

  const Outline& outline_;
  Builder builder_;
  Label guarded_, succeeded_, rolled_back_, aborted_;
  Label gradual_;  // what a gradual rollback by command runs
  std::vector<Label> rollbacks_;
};

}  // namespace rollbook::dsl
