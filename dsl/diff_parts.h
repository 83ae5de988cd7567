#pragma once
// The parts of the comparison behind diff.h. Internal to dsl/diff*.cc.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsl/check_rules.h"
#include "dsl/diff.h"
#include "dsl/outline.h"

namespace rollbook::dsl {

// Two versions of one part.
template <class Part>
struct Both {
  const Part& before;
  const Part& after;
};

// "": the unnamed one, or all of them. Rows of two runbooks cannot be compared, names can.
inline std::string target_name(const Outline& outline, core::TargetIndex target) {
  return target.valid() ? outline.targets[target.value].name : "";
}

class Comparison {
 public:
  Comparison(const Outline& before, const Outline& after) : before_(before), after_(after) {}

  std::vector<Change> run();

 private:
  using Place = std::string;

  // diff.cc
  void add(Bearing bearing, const Place& where, std::string what, core::Span before,
           core::Span after, std::string scenario = "");
  void compare_head();
  void compare_metrics();
  void compare_calendar();
  void compare_targets();
  void compare_decisions();

  // diff_stages.cc: stages that are new, gone, or in another order.
  void compare_stages();
  void compare_stage_order();
  void compare_finish();
  void add_stage(const StageOutline& stage);
  // Why it is not proven to make the plan safer; empty when it is.
  std::string doubt_of(const StageOutline& added) const;

  // diff_guards.cc
  void compare_guards();
  void compare_guard(const Place& where, const Both<GuardOutline>& both);
  void compare_vetoes(const Place& where, const Both<GuardOutline>& both);
  // Of each guard before, the one that it became; null: none.
  void compare_guard_order(const std::vector<const GuardOutline*>& partners);
  void compare_conjunctions(const Place& where, const Both<GuardOutline>& both);

  // diff_criteria.cc: matches what judges the same and says what became of the rest.
  void compare_criteria(const Place& where, const Both<std::vector<Judgement>>& both);
  void compare_criterion(const Place& where, const Judgement& before, const Judgement& after);
  bool same_measurement(const Judgement& before, const Judgement& after) const;
  bool same_series(const Measurement& before, const Measurement& after) const;

  // diff_reviews.cc
  void compare_reviews(const Place& where, const Both<Review>& both, bool before_traffic);
  void compare_confirms(const Place& where, const Both<Review>& both);
  void compare_quorums(const Place& where, const std::string& what, const Both<core::Quorum>& both,
                       const std::pair<core::Span, core::Span>& spans, const std::string& scenario);
  // `target`: whose guard it is the exit of; invalid: it is that of the whole.
  void compare_exits(const Place& where, const Both<Exit>& both, core::Span before,
                     core::Span after, core::TargetIndex target = {});
  void compare_decision(const Both<DecisionOutline>& both);
  void compare_options(const Place& where, const Both<DecisionOutline>& both);
  std::string exit_text(const Exit& exit, const Outline& outline) const;
  // What leading there instead means: only what is proven to be no worse is not weaker.
  Bearing bearing_of(const Exit& before, const Exit& after, core::TargetIndex target) const;

  // diff_steps.cc
  void compare_stage(const Both<StageOutline>& both);
  void compare_rollbacks();
  void add_rollback(const RollbackOutline& added);
  void compare_rollback(const Both<RollbackOutline>& both);
  void compare_order(const Place& where, const Both<std::vector<Step>>& both, core::Span before,
                     core::Span after);
  void compare_holds(const Place& where, const Both<StageOutline>& both);
  void compare_requests(const Place& where, const Both<Step>& both);
  void compare_untils(const Place& where, const Both<StageOutline>& both);

  // diff_traffic.cc
  void compare_weights(const Place& where, const Both<StageOutline>& both);
  void compare_weights(const Place& where, const Both<StageOutline>& both,
                       core::TargetIndex target);
  // Whether a stage behind that one shifts the target, in the plan before.
  bool is_raised_after(const std::string& stage, core::TargetIndex target) const;
  void compare_way_back(const Place& where, const Both<RollbackOutline>& both,
                        core::TargetIndex target);
  void compare_ramps(const Place& where, const Both<std::vector<Step>>& both);

  // diff_acts.cc; `forward`: not on the way back.
  void compare_acts(const Place& where, const Both<std::vector<Step>>& both, core::Span before,
                    core::Span after, bool forward);
  void compare_common_acts(const Place& where, const Both<std::vector<Step>>& both,
                           core::Span before, core::Span after);
  void compare_on_enter(const Place& where, const Both<StageOutline>& both);
  void compare_effects(const Place& where, const Both<std::vector<core::Effect>>& both,
                       core::Span before, core::Span after, bool forward);
  void compare_undo(const Place& where, const Both<StageOutline>& both);
  void compare_marks(const Place& where, const Both<std::vector<std::string>>& both,
                     core::Span before, core::Span after);
  // An act that is new at its place: one that changes the world, and that the plan before has at
  // no place of that kind, is nothing that people have approved.
  void add_act(const Place& where, const std::string& act, core::Span before, core::Span after,
               bool forward);
  bool is_approved(const std::string& act, bool forward) const;
  std::vector<std::string> unapproved_acts(const StageOutline& added) const;

  // Longer is less safe, shorter is safer.
  void compare_wait(const Place& where, const std::string& what, core::Duration before,
                    core::Duration after, const std::pair<core::Span, core::Span>& spans);

  // diff_scenario.cc: the difference as a test, where it can be shown.
  std::string scenario_of_criterion(const Judgement& before, const Judgement* after) const;
  std::string scenario_of_stop(const Judgement& before, const Judgement* after) const;
  std::string scenario_of_guard(const GuardOutline& removed);
  std::string scenario_of_expect(const Judgement& before, const Judgement* after) const;
  std::string scenario_of_confirm(const Confirmation& before) const;
  // `question` as a scenario names it: a text in quotes, or a decision.
  std::string scenario_of_quorum(const std::string& question, const Review& review,
                                 const Both<core::Quorum>& both) const;
  std::string scenario_of_decision(const Both<DecisionOutline>& both);
  // The last line: what must not be reached.
  std::string stays_back() const;
  std::string scenario_of_hold(const Both<StageOutline>& both) const;

  const Outline& before_;
  const Outline& after_;
  const Exit* leads_to_ = nullptr;           // where the guard that is looked at leads, before
  const StageOutline* looked_at_ = nullptr;  // whose review it is, before; null: of the whole
  bool before_traffic_ = false;              // and whether it comes before the first shift
  std::size_t held_back_ = 0;  // its conditions that `when baseline fails too` holds back now
  std::size_t set_free_ = 0;   // and those that it does not any more
  std::vector<Change> changes_;
};

// Where an exit that was left out leads.
Exit effective(const Review& review, const Outline& outline, bool before_traffic);
// Whether a rollback takes all traffic from the target; invalid: from every one.
bool goes_all_back(const Exit& exit, const Outline& outline, core::TargetIndex target);
bool goes_all_back(const RollbackOutline& rollback, const Outline& outline,
                   core::TargetIndex target);
// Whether traffic is anywhere later, or more of it, on the way back; or is not shown to be so.
bool is_slower(const RollbackOutline& one, const RollbackOutline& than, core::TargetIndex target);
// What an effect does, without its wording, its deadline and how often it is asked for.
std::string deed(const core::Effect& effect);
// What a step is called beside others: "traffic 5%", "hold", "run suite(phase: x)".
std::string step_text(const Step& step);
// Those of the first that the second does not have, each as often as it is there.
std::vector<std::string> without(std::vector<std::string> first, std::vector<std::string> second);
// Whether one of the steps is an act that keeps the next one waiting.
bool waits_for_something(const std::vector<Step>& steps);
// The first guard's rollback of the whole: where an abort leads. Null when every guard halts.
const GuardOutline* first_way_back(const Outline& outline);

// The parts of one name in both, and those in one only. `name` gives it.
template <class Part, class Name, class Same, class Removed, class Added>
void match_by_name(const std::vector<Part>& before, const std::vector<Part>& after, Name name,
                   Same same, Removed removed, Added added) {
  for (const Part& part : before) {
    const auto other = std::find_if(after.begin(), after.end(),
                                    [&](const Part& each) { return name(each) == name(part); });
    if (other == after.end()) {
      removed(part);
    } else {
      same(part, *other);
    }
  }
  for (const Part& part : after) {
    const bool known = std::any_of(before.begin(), before.end(),
                                   [&](const Part& each) { return name(each) == name(part); });
    if (!known) added(part);
  }
}

}  // namespace rollbook::dsl
