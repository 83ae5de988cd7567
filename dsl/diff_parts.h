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
  void compare_stages();
  void compare_targets();
  void compare_decisions();
  void compare_rollbacks();

  // diff_guards.cc
  void compare_guards();
  void compare_guard(const Place& where, const Both<GuardOutline>& both);
  void compare_vetoes(const Place& where, const Both<GuardOutline>& both);
  void compare_conjunctions(const Place& where, const Both<GuardOutline>& both);

  // diff_criteria.cc: matches what judges the same and says what became of the rest.
  void compare_criteria(const Place& where, const Both<std::vector<Judgement>>& both);
  void compare_criterion(const Place& where, const Judgement& before, const Judgement& after);
  bool same_measurement(const Judgement& before, const Judgement& after) const;
  bool same_series(const Measurement& before, const Measurement& after) const;

  // diff_reviews.cc
  void compare_reviews(const Place& where, const Both<Review>& both);
  void compare_confirms(const Place& where, const Both<Review>& both);
  void compare_quorums(const Place& where, const std::string& what, const Both<core::Quorum>& both,
                       core::Span before, core::Span after);
  void compare_exits(const Place& where, const Both<Exit>& both, core::Span before,
                     core::Span after);
  void compare_decision(const Both<DecisionOutline>& both);
  void compare_options(const Place& where, const Both<DecisionOutline>& both);
  std::string exit_text(const Exit& exit, const Outline& outline) const;
  core::Duration way_back(const Exit& exit, const Outline& outline) const;

  // diff_steps.cc
  void compare_stage(const Both<StageOutline>& both);
  void compare_weights(const Place& where, const Both<StageOutline>& both);
  void compare_weights(const Place& where, const Both<StageOutline>& both,
                       core::TargetIndex target);
  void compare_way_back(const Place& where, const Both<RollbackOutline>& both,
                        core::TargetIndex target);
  void compare_ramps(const Place& where, const Both<std::vector<Step>>& both, core::Span before,
                     core::Span after);
  void compare_holds(const Place& where, const Both<StageOutline>& both);
  void compare_requests(const Place& where, const Both<Step>& both);
  void compare_untils(const Place& where, const Both<StageOutline>& both);
  void compare_undo(const Place& where, const Both<StageOutline>& both);
  void compare_marks(const Place& where, const Both<std::vector<std::string>>& both,
                     core::Span before, core::Span after);
  void compare_acts(const Place& where, const Both<std::vector<Step>>& both, core::Span before,
                    core::Span after);
  void compare_rollback(const Both<RollbackOutline>& both);
  void compare_effects(const Place& where, const Both<std::vector<core::Effect>>& both,
                       core::Span before, core::Span after);

  // Longer is less safe, shorter is safer.
  void compare_wait(const Place& where, const std::string& what, core::Duration before,
                    core::Duration after, const std::pair<core::Span, core::Span>& spans);

  // diff_scenario.cc: the difference as a test, where it can be shown.
  std::string scenario_of_stop(const Judgement& before, const Judgement* after) const;
  std::string scenario_of_hold(const Both<StageOutline>& both) const;

  const Outline& before_;
  const Outline& after_;
  const Exit* leads_to_ = nullptr;  // where the guard that is looked at leads, before
  std::vector<Change> changes_;
};

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
