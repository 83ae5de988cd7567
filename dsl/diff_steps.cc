// Stages and rollbacks: how much traffic, for how long, and what is done beside it.

#include "dsl/diff_parts.h"
#include "dsl/format_value.h"
#include "dsl/long_time.h"
#include "dsl/print_machine.h"

namespace rollbook::dsl {

namespace {

// What an effect does, without its wording, its deadline and how often it is asked for.
std::string deed(const core::Effect& effect) {
  core::Effect plain = effect;
  plain.text.clear();
  plain.deadline = {};
  plain.attempts = 1;
  plain.tracked = false;
  return describe(core::Machine{}, plain);
}

// The weights that steps bring a target through, and how long each ramp takes.
std::vector<std::pair<core::Weight, core::Duration>> weights_of(const std::vector<Step>& steps,
                                                                core::TargetIndex target) {
  std::vector<std::pair<core::Weight, core::Duration>> weights;
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

core::Weight highest(const std::vector<Step>& steps, core::TargetIndex target) {
  core::Weight most = core::kNoTraffic;
  for (const auto& [weight, over] : weights_of(steps, target)) most = std::max(most, weight);
  return most;
}

// One that is waited for.
struct Act {
  std::string deed;
  core::Duration deadline{};
  std::uint32_t attempts = 1;
};

// What acts and is waited for, in order; notices on their own.
struct Acts {
  std::vector<Act> awaited;
  std::vector<std::string> told;
  std::string texts;
};

void add_acts(const std::vector<Step>& steps, const char* place, Acts& acts) {
  for (const Step& step : steps) {
    for (const core::Effect& effect : step.effects) {
      if (!effect.text.empty()) acts.texts += effect.text + "\n";
      if (effect.kind == core::EffectKind::traffic) continue;
      if (core::is_awaited(effect.kind)) {
        acts.awaited.push_back({deed(effect) + place, longest_act(effect), effect.attempts});
      } else {
        acts.told.push_back(deed(effect) + place);
      }
    }
    add_acts(step.block, " beside the hold", acts);
  }
}

Acts acts_of(const std::vector<Step>& steps) {
  Acts acts;
  add_acts(steps, "", acts);
  return acts;
}

std::vector<std::string> deeds_of(const Acts& acts) {
  std::vector<std::string> deeds;
  for (const Act& act : acts.awaited) deeds.push_back(act.deed);
  return deeds;
}

// The acts that are in both, in the order of the first.
std::vector<Act> common(const std::vector<Act>& acts, std::vector<std::string> others) {
  std::vector<Act> both;
  for (const Act& act : acts) {
    const auto other = std::find(others.begin(), others.end(), act.deed);
    if (other == others.end()) continue;
    both.push_back(act);
    others.erase(other);
  }
  return both;
}

core::Duration all_deadlines(const std::vector<Act>& acts) {
  core::Duration sum{};
  for (const Act& act : acts) sum = add_up(sum, act.deadline);
  return sum;
}

std::uint32_t all_attempts(const std::vector<Act>& acts) {
  std::uint32_t sum = 0;
  for (const Act& act : acts) sum += act.attempts;
  return sum;
}

// What a step is called beside others: "traffic 5%", "hold 2h", "run suite(phase: x)".
std::string step_text(const Step& step) {
  switch (step.kind) {
    case Step::Kind::shift:
      return "traffic " + format_percent(step.effects.front().to);
    case Step::Kind::ramp:
      return "ramp traffic to " + format_percent(step.ramp.to);
    case Step::Kind::hold:
      return "hold";
    case Step::Kind::until:
      return "hold until " + step.name;
    case Step::Kind::act:
    case Step::Kind::effects:
      return deed(step.effects.front());
  }
  return "";
}

// What acts or waits, by kind: a changed weight or time is said elsewhere.
std::vector<std::string> order_of(const std::vector<Step>& steps) {
  std::vector<std::string> order;
  for (const Step& step : steps) {
    if (weight_after(step)) {
      order.push_back("traffic");
    } else if (step.kind != Step::Kind::effects) {
      order.push_back(step_text(step));
    }
  }
  return order;
}

std::vector<std::string> deeds_of(const std::vector<core::Effect>& effects) {
  std::vector<std::string> deeds;
  for (const core::Effect& effect : effects) deeds.push_back(deed(effect));
  return deeds;
}

std::vector<std::string> irreversible_steps(const std::vector<Step>& steps) {
  std::vector<std::string> marked;
  for (const Step& step : steps) {
    if (step.irreversible) marked.push_back(step_text(step));
    for (std::string& inner : irreversible_steps(step.block)) marked.push_back(std::move(inner));
  }
  return marked;
}

// Those of the first that the second does not have, each as often as it is there.
std::vector<std::string> without(std::vector<std::string> first, std::vector<std::string> second) {
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  std::vector<std::string> rest;
  std::set_difference(first.begin(), first.end(), second.begin(), second.end(),
                      std::back_inserter(rest));
  return rest;
}

// Whether something is waited for before traffic moves.
bool shifts_first(const RollbackOutline& rollback) {
  return rollback.steps.empty() || weight_after(rollback.steps.front()).has_value();
}

}  // namespace

void Comparison::compare_weights(const Place& where, const Both<StageOutline>& both) {
  for (const core::TargetIndex target : targets_of(before_)) compare_weights(where, both, target);
}

void Comparison::compare_weights(const Place& where, const Both<StageOutline>& both,
                                 core::TargetIndex target) {
  const auto before = weights_of(both.before.steps, target);
  const auto after = weights_of(both.after.steps, target);
  if (before == after) return;
  const bool lower = highest(both.after.steps, target) < highest(both.before.steps, target);
  const bool same = highest(both.after.steps, target) == highest(both.before.steps, target);
  // Reached in more or slower steps is gentler.
  const bool slower =
      after.size() > before.size() ||
      (after.size() == before.size() &&
       std::equal(before.begin(), before.end(), after.begin(), [](const auto& a, const auto& b) {
         return b.first == a.first && b.second >= a.second;
       }));
  add(lower || (same && slower) ? Bearing::strengthens : Bearing::weakens, where,
      "traffic " + whose(before_, target) + weights_text(both.before.steps, target) + " → " +
          weights_text(both.after.steps, target),
      both.before.span, both.after.span);
}

// How each ramp steps, and how long a shift may take to be settled.
void Comparison::compare_ramps(const Place& where, const Both<std::vector<Step>>& both,
                               core::Span before, core::Span after) {
  const auto shifts = [](const std::vector<Step>& steps) {
    std::vector<const Step*> all;
    for (const Step& step : steps) {
      if (weight_after(step)) all.push_back(&step);
    }
    return all;
  };
  const auto first = shifts(both.before);
  const auto second = shifts(both.after);
  for (std::size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
    const auto deadline = [](const Step& step) {
      return deadline_of(step.kind == Step::Kind::ramp ? step.ramp.deadline
                                                       : step.effects.front().deadline);
    };
    compare_wait(where, "deadline of the shift", deadline(*first[i]), deadline(*second[i]),
                 {first[i]->span, second[i]->span});
    if (first[i]->kind != Step::Kind::ramp || second[i]->kind != Step::Kind::ramp) continue;
    compare_wait(where, "a step of the ramp every", first[i]->ramp.every, second[i]->ramp.every,
                 {first[i]->span, second[i]->span});
  }
  // Of what both do: an act that moved to the other side of a shift or a hold is done elsewhere.
  std::vector<std::string> order = order_of(both.before);
  std::vector<std::string> other = order_of(both.after);
  const auto lost = without(order, other);
  const auto won = without(other, order);
  const auto leave_out = [](std::vector<std::string>& all, const std::vector<std::string>& some) {
    for (const std::string& each : some) all.erase(std::find(all.begin(), all.end(), each));
  };
  leave_out(order, lost);
  leave_out(other, won);
  if (order != other) add(Bearing::weakens, where, "steps come in another order", before, after);
}

void Comparison::compare_requests(const Place& where, const Both<Step>& both) {
  const auto& before = both.before.enough;
  const auto& after = both.after.enough;
  if (!before && !after) return;
  const auto words = [](const std::optional<Judgement>& enough) {
    return "hold for " + enough->text;
  };
  if (!before || !after) {
    add(after ? Bearing::strengthens : Bearing::weakens, where,
        words(after ? after : before) + (after ? " added" : " removed"), both.before.span,
        both.after.span);
  } else if (!same_series(before->what, after->what)) {
    add(Bearing::weakens, where, words(after) + ": counts something else", both.before.span,
        both.after.span);
  } else if (before->limit != after->limit) {
    add(after->limit > before->limit ? Bearing::strengthens : Bearing::weakens, where,
        words(before) + " → " + after->text, both.before.span, both.after.span);
  }
}

void Comparison::compare_holds(const Place& where, const Both<StageOutline>& both) {
  const Step* before = hold_of(both.before);
  const Step* after = hold_of(both.after);
  if (before == nullptr && after == nullptr) return;
  if (before == nullptr || after == nullptr) {
    const Step* hold = before != nullptr ? before : after;
    add(before == nullptr ? Bearing::strengthens : Bearing::weakens, where,
        "hold " + format_duration(hold->duration) + (before == nullptr ? " added" : " removed"),
        before != nullptr ? before->span : core::Span{},
        after != nullptr ? after->span : core::Span{});
    return;
  }
  if (before->duration != after->duration) {
    const bool shorter = after->duration < before->duration;
    add(shorter ? Bearing::weakens : Bearing::strengthens, where,
        "hold " + format_duration(before->duration) + " → " + format_duration(after->duration),
        before->span, after->span, shorter ? scenario_of_hold(both) : "");
  }
  compare_requests(where, {*before, *after});
  // `at most` follows from the hold unless it was said.
  const auto usual = [](const Step& hold) {
    return hold.at_most == 2 * hold.duration + std::chrono::hours(24);
  };
  if (before->duration != after->duration && usual(*before) && usual(*after)) return;
  compare_wait(where, "hold at most", before->at_most, after->at_most, {before->span, after->span});
}

void Comparison::compare_untils(const Place& where, const Both<StageOutline>& both) {
  const auto untils = [](const StageOutline& stage) {
    std::vector<Step> all;
    std::copy_if(stage.steps.begin(), stage.steps.end(), std::back_inserter(all),
                 [](const Step& step) { return step.kind == Step::Kind::until; });
    return all;
  };
  match_by_name(
      untils(both.before), untils(both.after), [](const Step& step) { return step.name; },
      [&](const Step& before, const Step& after) {
        compare_wait(where, step_text(before) + " at most", before.at_most, after.at_most,
                     {before.span, after.span});
      },
      [&](const Step& step) {
        add(Bearing::weakens, where, quoted(step_text(step)) + " removed", step.span, {});
      },
      [&](const Step& step) {
        add(Bearing::strengthens, where, quoted(step_text(step)) + " added", {}, step.span);
      });
}

// What cannot be taken back is neither less safe nor safer without the mark, but another plan: the
// guard leads elsewhere behind it.
void Comparison::compare_marks(const Place& where, const Both<std::vector<std::string>>& both,
                               core::Span before, core::Span after) {
  for (const std::string& step : without(both.before, both.after)) {
    add(Bearing::weakens, where, quoted(step) + " is not irreversible any more", before, after);
  }
  for (const std::string& step : without(both.after, both.before)) {
    add(Bearing::weakens, where, quoted(step) + " is irreversible", before, after);
  }
}

// It comes before the rollback's own acts: what it waits for delays the way back.
void Comparison::compare_undo(const Place& where, const Both<StageOutline>& both) {
  const Place place = where + ", undo";
  const auto first = acts_of(both.before.undo);
  const auto second = acts_of(both.after.undo);
  for (const std::string& act : without(deeds_of(second), deeds_of(first))) {
    add(Bearing::weakens, place, quoted(act) + " is waited for before traffic goes back",
        both.before.span, both.after.span);
  }
  compare_acts(place, {both.before.undo, both.after.undo}, both.before.span, both.after.span);
}

void Comparison::compare_acts(const Place& where, const Both<std::vector<Step>>& both,
                              core::Span before, core::Span after) {
  const Acts first = acts_of(both.before);
  const Acts second = acts_of(both.after);
  for (const std::string& act : without(deeds_of(first), deeds_of(second))) {
    add(Bearing::weakens, where, quoted(act) + " removed", before, after);
  }
  for (const std::string& act : without(deeds_of(second), deeds_of(first))) {
    add(Bearing::strengthens, where, quoted(act) + " added", before, after);
  }
  const std::vector<Act> kept = common(first.awaited, deeds_of(second));
  const std::vector<Act> now = common(second.awaited, deeds_of(first));
  const std::uint32_t tries = all_attempts(kept);
  const std::uint32_t more = all_attempts(now);
  if (tries != more) {
    add(more > tries ? Bearing::weakens : Bearing::strengthens, where,
        more > tries ? "what failed is tried again: its action is idempotent"
                     : "what failed is not tried again: its action is not idempotent",
        before, after);
  } else {
    compare_wait(where, "deadlines of acts", all_deadlines(kept), all_deadlines(now),
                 {before, after});
  }
  compare_marks(where, {irreversible_steps(both.before), irreversible_steps(both.after)}, before,
                after);
  for (const std::string& act : without(first.told, second.told)) {
    add(Bearing::weakens, where, quoted(act) + " removed", before, after);
  }
  for (const std::string& act : without(second.told, first.told)) {
    add(Bearing::strengthens, where, quoted(act) + " added", before, after);
  }
  if (first.told == second.told && first.texts != second.texts) {
    add(Bearing::cosmetic, where, "messages are worded in another way", before, after);
  }
}

void Comparison::compare_effects(const Place& where, const Both<std::vector<core::Effect>>& both,
                                 core::Span before, core::Span after) {
  const auto as_step = [](const std::vector<core::Effect>& effects) {
    std::vector<Step> steps(1);
    steps.front().effects = effects;
    return steps;
  };
  compare_acts(where, {as_step(both.before), as_step(both.after)}, before, after);
}

void Comparison::compare_stage(const Both<StageOutline>& both) {
  const Place where = "stage " + quoted(both.before.name);
  compare_weights(where, both);
  compare_ramps(where, {both.before.steps, both.after.steps}, both.before.span, both.after.span);
  compare_holds(where, both);
  compare_untils(where, both);
  compare_acts(where, {both.before.steps, both.after.steps}, both.before.span, both.after.span);
  compare_undo(where, both);
  compare_effects(where + ", on enter", {both.before.enter, both.after.enter}, both.before.span,
                  both.after.span);
  compare_marks(where + ", on enter",
                {deeds_of(both.before.irreversible), deeds_of(both.after.irreversible)},
                both.before.span, both.after.span);
  compare_effects(where + ", on exit", {both.before.exit, both.after.exit}, both.before.span,
                  both.after.span);
  compare_reviews(where, {both.before.review, both.after.review});
}

void Comparison::compare_way_back(const Place& where, const Both<RollbackOutline>& both,
                                  core::TargetIndex target) {
  const auto before = weights_of(both.before.steps, target);
  const auto after = weights_of(both.after.steps, target);
  if (before == after) return;
  const auto last = [](const auto& weights) {
    return weights.empty() ? core::kAllTraffic : weights.back().first;
  };
  const auto slow = [](const auto& weights) {
    core::Duration sum{};
    for (const auto& [weight, over] : weights) sum = add_up(sum, over);
    return sum;
  };
  const bool safer = last(after) <= last(before) && slow(after) <= slow(before);
  add(safer ? Bearing::strengthens : Bearing::weakens, where,
      "traffic " + whose(before_, target) + weights_text(both.before.steps, target) + " → " +
          weights_text(both.after.steps, target),
      both.before.span, both.after.span);
}

void Comparison::compare_rollback(const Both<RollbackOutline>& both) {
  const Place where = "rollback " + quoted(both.before.name);
  const core::Span before = both.before.span;
  const core::Span after = both.after.span;
  for (const core::TargetIndex target : targets_of(before_)) compare_way_back(where, both, target);
  if (shifts_first(both.before) && !shifts_first(both.after)) {
    add(Bearing::weakens, where, "waits for something before traffic goes back", before, after);
  }
  compare_ramps(where, {both.before.steps, both.after.steps}, before, after);
  compare_acts(where, {both.before.steps, both.after.steps}, before, after);
  compare_effects(where, {both.before.entry, both.after.entry}, before, after);
}

}  // namespace rollbook::dsl
