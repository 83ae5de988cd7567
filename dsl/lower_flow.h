#pragma once
// Flow: the parts of the lowering and what they share: the outline, the growing machine and the
// labels that everything may lead to. Internal to dsl/lower*.cc.

#include <map>
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

  // What a rollback has to take back: the state that was entered for it, and what people read.
  struct Owed {
    StateIndex entered;
    std::string label;
  };
  // A `stop` as the machine has it: its conditions, and where its guard leads.
  struct Stop {
    std::vector<core::CriterionIndex> criteria;
    std::vector<core::CriterionIndex> vetoes;  // the same on the baseline's share
    std::size_t guard = 0;
    std::string label;
    core::Span span;
  };

  // lower.cc
  void lower_before(StateIndex parent);
  void lower_guarded(StateIndex parent);
  void lower_forward(StateIndex parent);
  void lower_finals();
  std::vector<core::CriterionIndex> add_criteria(const Review& review, core::Floor floor);

  // lower_guard.cc
  // The rollbacks that guards lead to, the fastest first: the slower lie within its reach.
  std::vector<std::size_t> rank_rollbacks() const;
  std::uint32_t rank_of(std::size_t rollback) const;
  bool any_always() const;
  bool any_halts() const;
  Label exit_of(const GuardOutline& guard);
  // Adds the criteria of all guards that are, or are not, armed from the start.
  void add_guards(bool always, StateIndex armed_in);
  void stop_from(StateIndex from, const Stop& stop);
  // Where both arms fail.
  void halt_from(StateIndex from, const Stop& stop);
  // Where an abort and a missing `otherwise` lead, and a shift that fails where there are no
  // targets.
  Label breach() const;

  // lower_rollback.cc
  Label named_rollback(const std::string& name);
  void lower_softer(StateIndex parent);
  void lower_rollback(std::size_t index, StateIndex parent);
  void lower_plain_rollback(const std::string& name, StateIndex parent, Label begin);
  void lower_partial(StateIndex parent);
  // The first state; an invalid one when no stage undoes anything.
  StateIndex lower_undo(const std::string& name, StateIndex compound, Label next);
  StateIndex begin_rollback(const std::string& name, StateIndex parent, std::uint32_t rank);
  // Whether it may come before anything was shifted.
  bool comes_before_shift(std::size_t rollback) const;
  // Whether it lowers something even then: the rollout began above where it leads.
  bool lowers_beginning(const std::vector<Step>& steps) const;
  // States that a rollback of these steps has to take something back of, once they were entered.
  std::vector<Owed> owed(const std::vector<Step>& rollback) const;
  void lower_taking_back(const std::string& name, StateIndex compound,
                         const std::vector<Owed>& owed, Label acts);
  bool undoes() const;
  bool shifts() const;
  // Where the windows of a stage begin: before the first shift, with the rollout.
  core::Floor floor() const { return moved_ ? core::Floor::shift : core::Floor::start; }

  // lower_targets.cc
  bool has_targets() const { return !outline_.targets.empty(); }
  std::vector<core::TargetIndex> targets() const;
  // Whether it lowers every target, so that the rollout ends with it.
  bool is_whole(std::size_t rollback) const;
  std::vector<core::Lowering> lowerings_of(std::size_t rollback) const;
  std::vector<core::Lowering> lowerings_by_command(core::TargetIndex target, bool disarms) const;
  Label breach_of(core::TargetIndex target) const;
  void lower_target_commands(StateIndex from, StateIndex parent);
  void lower_target_rollback(const std::string& name, StateIndex parent, core::TargetIndex target,
                             Label begin, core::Duration over);
  void lower_some_back(StateIndex parent);
  void lower_finish(StateIndex parent, Label begin);

  // lower_stage.cc
  void lower_stage(const StageOutline& stage, StateIndex parent, Label begin, Label next);
  // The first state.
  StateIndex lower_steps(const std::vector<Step>& steps, const Steps& place);
  StateIndex lower_step(const Step& step, const Steps& place, const std::string& name, Label next);
  StateIndex lower_hold(const Step& step, const Steps& place, Label next);
  StateIndex lower_until(const Step& step, const Steps& place, const std::string& name, Label next);
  std::vector<core::EffectIndex> add_effects(const std::vector<core::Effect>& effects);

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
  Label gradual_;    // what a gradual rollback by command runs
  Label immediate_;  // and an immediate one, where no guard leads to a rollback
  Label partial_;
  Label some_back_;  // where a rollback of some targets only ends
  std::vector<Label> rollbacks_;
  std::vector<std::size_t> ranked_;  // of rollbacks that guards lead to, the fastest first
  std::vector<Stop> stops_;
  std::map<std::string, core::EffectIndex> tracked_;  // starts of this stage that settle, by action
  StateIndex first_shift_;                            // the first step of all that shifts traffic
  StateIndex restart_;          // this stage's first step that starts something
  bool moved_ = false;          // a stage up to the one that is lowered now shifts traffic
  bool irreversible_ = false;   // no way back from what is lowered now
  bool reviewed_late_ = false;  // nor from the review that is
};

// Of rollbacks that no guard leads to: every guard's is faster.
inline constexpr std::uint32_t kSofterRank = 1;

inline core::State rollback_state(std::string name, std::string stage) {
  core::State state;
  state.name = std::move(name);
  state.stage = std::move(stage);
  state.phase = core::Phase::rollback;
  return state;
}

}  // namespace rollbook::dsl
