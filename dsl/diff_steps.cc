// Stages and rollbacks: what is waited for, and in which order.

#include "dsl/diff_parts.h"
#include "dsl/format_value.h"
#include "dsl/long_time.h"
#include "dsl/print_machine.h"

namespace rollbook::dsl {

namespace {

// All that is done, by kind: a changed weight or time is said elsewhere.
std::vector<std::string> order_of(const std::vector<Step>& steps, const Outline& outline) {
  std::vector<std::string> order;
  for (const Step& step : steps) {
    if (step.kind == Step::Kind::ramp) {
      for (const core::TargetIndex target : step.ramp.targets) {
        order.push_back("traffic " + target_name(outline, target));
      }
      if (step.ramp.targets.empty()) order.push_back("traffic ");
    } else if (step.effects.empty()) {
      order.push_back(step_text(step));
    }
    for (const core::Effect& effect : step.effects) {
      const bool shift = effect.kind == core::EffectKind::traffic;
      order.push_back(shift ? "traffic " + target_name(outline, effect.target) : deed(effect));
    }
    for (const std::string& beside : order_of(step.block, outline)) {
      order.push_back(beside + " beside the hold");
    }
  }
  return order;
}

// What is waited for before a target has moved for the last time: acts, and other targets.
struct Waits {
  std::vector<std::string> steps;
  core::Duration ramps{};
};
Waits waits_before(const RollbackOutline& rollback, const Outline& outline,
                   core::TargetIndex target) {
  Waits all;
  Waits settled;
  for (const Step& step : rollback.steps) {
    if (weight_after(step, target)) {
      settled = all;
    } else if (step.kind != Step::Kind::effects) {
      for (std::string& each : order_of({step}, outline)) all.steps.push_back(std::move(each));
      if (step.kind == Step::Kind::ramp) all.ramps = add_up(all.ramps, step.ramp.over);
    }
  }
  return settled;
}

}  // namespace

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

// Of what both do: an act that moved to the other side of a shift or a hold is done elsewhere.
void Comparison::compare_order(const Place& where, const Both<std::vector<Step>>& both,
                               core::Span before, core::Span after) {
  std::vector<std::string> order = order_of(both.before, before_);
  std::vector<std::string> other = order_of(both.after, after_);
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

void Comparison::compare_stage(const Both<StageOutline>& both) {
  const Place where = "stage " + quoted(both.before.name);
  compare_weights(where, both);
  compare_ramps(where, {both.before.steps, both.after.steps});
  compare_holds(where, both);
  compare_untils(where, both);
  compare_acts(where, {both.before.steps, both.after.steps}, both.before.span, both.after.span,
               true);
  compare_order(where, {both.before.steps, both.after.steps}, both.before.span, both.after.span);
  compare_undo(where, both);
  compare_on_enter(where, both);
  compare_effects(where + ", on exit", {both.before.exit, both.after.exit}, both.before.span,
                  both.after.span, true);
  looked_at_ = &both.before;
  compare_reviews(where, {both.before.review, both.after.review}, false);
  looked_at_ = nullptr;
}

void Comparison::compare_rollback(const Both<RollbackOutline>& both) {
  const Place where = "rollback " + quoted(both.before.name);
  const core::Span before = both.before.span;
  const core::Span after = both.after.span;
  for (const core::TargetIndex target : targets_of(before_)) {
    compare_way_back(where, both, target);
    const Waits first = waits_before(both.before, before_, target);
    const Waits second = waits_before(both.after, after_, target);
    if (without(second.steps, first.steps).empty() && second.ramps <= first.ramps) continue;
    add(Bearing::weakens, where,
        "waits for something before traffic " + whose(before_, target) + "goes back", before,
        after);
  }
  compare_ramps(where, {both.before.steps, both.after.steps});
  compare_acts(where, {both.before.steps, both.after.steps}, before, after, false);
  compare_order(where, {both.before.steps, both.after.steps}, before, after);
  compare_effects(where, {both.before.entry, both.after.entry}, before, after, false);
}

void Comparison::compare_rollbacks() {
  match_by_name(
      before_.rollbacks, after_.rollbacks,
      [](const RollbackOutline& rollback) { return rollback.name; },
      [&](const RollbackOutline& before, const RollbackOutline& after) {
        compare_rollback({before, after});
      },
      [&](const RollbackOutline& rollback) {
        add(Bearing::weakens, "rollback " + quoted(rollback.name), "removed", rollback.span,
            core::Span{});
      },
      [&](const RollbackOutline& rollback) { add_rollback(rollback); });
}

// What leads to a new one says so itself. `rollback --gradual` does without: it ramps down where no
// block has that name, which this one must not be slower than.
void Comparison::add_rollback(const RollbackOutline& added) {
  const Place where = "rollback " + quoted(added.name);
  Bearing bearing = Bearing::strengthens;
  if (added.name == "gradual") {
    RollbackOutline usual;
    Step& step = usual.steps.emplace_back();
    step.kind = Step::Kind::ramp;
    step.ramp = core::Ramp{core::kNoTraffic, core::kGradualOver, core::kGradualEvery, {}, true, {}};
    bool slower = waits_for_something(added.steps) || !goes_all_back(added, after_, {});
    for (const core::TargetIndex target : targets_of(after_)) {
      if (target.valid()) usual.steps.front().ramp.targets = {target};
      slower = slower || is_slower(added, usual, target);
    }
    if (slower) bearing = Bearing::weakens;
  }
  add(bearing, where, "added", core::Span{}, added.span);
}

}  // namespace rollbook::dsl
