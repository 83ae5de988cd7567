// How much traffic, and how soon: on the way forward and on the way back. What counts is that at no
// moment more of it is on the canary than before; a lower peak that is reached sooner is no gain.

#include "dsl/diff_parts.h"
#include "dsl/format_value.h"
#include "dsl/long_time.h"

namespace rollbook::dsl {

namespace {

using Weights = std::vector<std::pair<core::Weight, core::Duration>>;

// The weights that steps bring a target through, and how long each ramp takes.
Weights weights_of(const std::vector<Step>& steps, core::TargetIndex target) {
  Weights weights;
  for (const Step& step : steps) {
    if (const auto weight = weight_after(step, target)) {
      weights.emplace_back(*weight,
                           step.kind == Step::Kind::ramp ? step.ramp.over : core::Duration::zero());
    }
  }
  return weights;
}

std::string weights_text(const std::vector<Step>& steps, core::TargetIndex target) {
  std::string text;
  for (const auto& [weight, over] : weights_of(steps, target)) {
    text += (text.empty() ? "" : ", ") + format_percent(weight);
    if (over > core::Duration::zero()) text += " over " + format_duration(over);
  }
  return text.empty() ? "none" : text;
}

// Whether each of the second comes no sooner than that of the first at its place, and is no higher.
bool is_gentler(const Weights& before, const Weights& after) {
  // What came at once may come in several steps.
  if (before.size() == 1 && before.front().second == core::Duration::zero()) {
    return !after.empty() && std::all_of(after.begin(), after.end(), [&](const auto& step) {
      return step.first <= before.front().first;
    });
  }
  return std::equal(
      before.begin(), before.end(), after.begin(), after.end(),
      [](const auto& a, const auto& b) { return b.first <= a.first && b.second >= a.second; });
}

// Whether the way down of the second is nowhere above that of the first. It may leave out steps
// before a shift, which then comes at once.
bool goes_down_sooner(const Weights& before, const Weights& after) {
  if (before.empty()) return true;
  if (after.empty() || after.size() > before.size()) return false;
  const auto begin = before.end() - static_cast<std::ptrdiff_t>(after.size());
  const bool lower = std::equal(
      begin, before.end(), after.begin(),
      [](const auto& a, const auto& b) { return b.first <= a.first && b.second <= a.second; });
  return lower && (after.size() == before.size() || after.front().second == core::Duration::zero());
}

}  // namespace

bool is_slower(const RollbackOutline& one, const RollbackOutline& than, core::TargetIndex target) {
  return !goes_down_sooner(weights_of(than.steps, target), weights_of(one.steps, target));
}

void Comparison::compare_weights(const Place& where, const Both<StageOutline>& both) {
  for (const core::TargetIndex target : targets_of(before_)) compare_weights(where, both, target);
}

void Comparison::compare_weights(const Place& where, const Both<StageOutline>& both,
                                 core::TargetIndex target) {
  const Weights before = weights_of(both.before.steps, target);
  const Weights after = weights_of(both.after.steps, target);
  if (before == after) return;
  // Less of it in a stage that others follow: what is learnt there of the canary is less, too.
  const bool learns = after.empty() || before.empty() ||
                      after.back().first == before.back().first ||
                      !is_raised_after(both.before.name, target);
  const bool safer = learns && is_gentler(before, after);
  add(safer ? Bearing::strengthens : Bearing::weakens, where,
      "traffic " + whose(before_, target) + weights_text(both.before.steps, target) + " → " +
          weights_text(both.after.steps, target),
      both.before.span, both.after.span);
}

bool Comparison::is_raised_after(const std::string& stage, core::TargetIndex target) const {
  bool passed = false;
  for (const StageOutline& each : before_.stages) {
    if (passed && weight_after(each.steps, target)) return true;
    passed = passed || each.name == stage;
  }
  return false;
}

void Comparison::compare_way_back(const Place& where, const Both<RollbackOutline>& both,
                                  core::TargetIndex target) {
  const Weights before = weights_of(both.before.steps, target);
  const Weights after = weights_of(both.after.steps, target);
  if (before == after) return;
  add(goes_down_sooner(before, after) ? Bearing::strengthens : Bearing::weakens, where,
      "traffic " + whose(before_, target) + weights_text(both.before.steps, target) + " → " +
          weights_text(both.after.steps, target),
      both.before.span, both.after.span);
}

// How each ramp steps, and how long a shift may take to be settled.
void Comparison::compare_ramps(const Place& where, const Both<std::vector<Step>>& both) {
  const auto shifts = [](const std::vector<Step>& steps) {
    std::vector<const Step*> all;
    for (const Step& step : steps) {
      if (weight_after(step)) all.push_back(&step);
    }
    return all;
  };
  const auto first = shifts(both.before);
  const auto second = shifts(both.after);
  const auto deadline = [](const Step& step) {
    return deadline_of(step.kind == Step::Kind::ramp ? step.ramp.deadline
                                                     : step.effects.front().deadline);
  };
  if (first.size() != second.size()) {
    if (first.empty() || second.empty()) return;
    const auto longest = [&](const std::vector<const Step*>& steps) {
      core::Duration most{};
      for (const Step* step : steps) most = std::max(most, deadline(*step));
      return most;
    };
    compare_wait(where, "deadline of the shifts", longest(first), longest(second),
                 {first.front()->span, second.front()->span});
    return;
  }
  for (std::size_t i = 0; i < first.size(); ++i) {
    compare_wait(where, "deadline of the shift", deadline(*first[i]), deadline(*second[i]),
                 {first[i]->span, second[i]->span});
    if (first[i]->kind != Step::Kind::ramp || second[i]->kind != Step::Kind::ramp) continue;
    compare_wait(where, "a step of the ramp every", first[i]->ramp.every, second[i]->ramp.every,
                 {first[i]->span, second[i]->span});
  }
}

}  // namespace rollbook::dsl
