// Reviews and decisions: who is asked, how long is waited, and where it leads.

#include "dsl/diff_parts.h"
#include "dsl/format_value.h"
#include "dsl/long_time.h"
#include "dsl/print_machine.h"

namespace rollbook::dsl {

namespace {

// Whether any persons who satisfy `given` satisfy `wanted` too.
bool implies(const core::Quorum& given, const core::Quorum& wanted) {
  const auto has = [](const core::Quorum& quorum, const std::string& role) {
    return std::find(quorum.roles.begin(), quorum.roles.end(), role) != quorum.roles.end();
  };
  if (wanted.kind == core::QuorumKind::all) {
    return given.kind == core::QuorumKind::all &&
           std::all_of(wanted.roles.begin(), wanted.roles.end(),
                       [&](const std::string& role) { return has(given, role); });
  }
  if (given.kind == core::QuorumKind::all) {
    const auto common = std::count_if(given.roles.begin(), given.roles.end(),
                                      [&](const std::string& role) { return has(wanted, role); });
    return common >= static_cast<std::ptrdiff_t>(wanted.needed);
  }
  return given.needed >= wanted.needed &&
         std::all_of(given.roles.begin(), given.roles.end(),
                     [&](const std::string& role) { return has(wanted, role); });
}

std::string option_text(const core::Option& option) {
  std::string text = "option " + quoted(option.name);
  if (option.kind == core::OptionKind::halt) return text + " (halt)";
  if (option.overrides) return text + " (next override)";
  if (option.kind != core::OptionKind::extend) return text;
  return text + " (extend " + format_duration(option.extend_by) + " at most " +
         std::to_string(option.extend_at_most) + ")";
}

}  // namespace

Exit effective(const Review& review, const Outline& outline, bool before_traffic) {
  Exit exit = review.otherwise;
  if (exit.kind == Exit::Kind::none && review.decision) {
    exit = outline.decisions[*review.decision].otherwise;
  }
  if (before_traffic && exit.kind != Exit::Kind::decide && exit.kind != Exit::Kind::halt) {
    exit.kind = Exit::Kind::end;
  }
  if (exit.kind != Exit::Kind::none) return exit;
  if (const GuardOutline* guard = first_way_back(outline)) return guard->otherwise;
  if (outline.targets.empty()) exit.kind = Exit::Kind::halt;
  return exit;
}

bool goes_all_back(const RollbackOutline& rollback, const Outline& outline,
                   core::TargetIndex target) {
  const std::vector<core::TargetIndex> targets =
      target.valid() ? std::vector{target} : targets_of(outline);
  return std::all_of(targets.begin(), targets.end(), [&](core::TargetIndex each) {
    const bool moved = std::any_of(
        outline.stages.begin(), outline.stages.end(),
        [&](const StageOutline& stage) { return weight_after(stage.steps, each).has_value(); });
    const auto weight = weight_after(rollback.steps, each);
    return !moved || (weight && *weight <= begins_of(outline, each));
  });
}

bool goes_all_back(const Exit& exit, const Outline& outline, core::TargetIndex target) {
  return exit.kind == Exit::Kind::rollback &&
         goes_all_back(outline.rollbacks[exit.target], outline, target);
}

void Comparison::compare_quorums(const Place& where, const std::string& what,
                                 const Both<core::Quorum>& both,
                                 const std::pair<core::Span, core::Span>& spans,
                                 const std::string& scenario) {
  const bool still = implies(both.after, both.before);
  const bool more = !implies(both.before, both.after);
  if (still && !more) return;
  add(still ? Bearing::strengthens : Bearing::weakens, where,
      what + " by " + describe(both.before) + " → by " + describe(both.after), spans.first,
      spans.second, still ? "" : scenario);
}

std::string Comparison::exit_text(const Exit& exit, const Outline& outline) const {
  switch (exit.kind) {
    case Exit::Kind::rollback:
      return "rollback " + outline.rollbacks[exit.target].name;
    case Exit::Kind::decide:
      return "decide " + outline.decisions[exit.target].name;
    case Exit::Kind::halt:
      return "halt";
    case Exit::Kind::end:
      return "end";
    case Exit::Kind::none:
      break;
  }
  return "left out";
}

// A rollback for another is what it were to change the one into the other: every target, every
// step, every page is compared. Instead of people, or of a halt, all traffic must go.
Bearing Comparison::bearing_of(const Exit& before, const Exit& after,
                               core::TargetIndex target) const {
  using Kind = Exit::Kind;
  if (before.kind == Kind::rollback && after.kind == Kind::rollback) {
    Comparison ways(before_, after_);
    ways.compare_rollback({before_.rollbacks[before.target], after_.rollbacks[after.target]});
    const bool weaker =
        std::any_of(ways.changes_.begin(), ways.changes_.end(),
                    [](const Change& change) { return change.bearing == Bearing::weakens; });
    return weaker ? Bearing::weakens : Bearing::strengthens;
  }
  // `none`: each target's own way, at once.
  const bool back_before = before.kind != Kind::decide && before.kind != Kind::halt;
  if (back_before) return Bearing::weakens;
  const bool back = after.kind == Kind::end || goes_all_back(after, after_, target);
  return back ? Bearing::strengthens : Bearing::weakens;
}

void Comparison::compare_exits(const Place& where, const Both<Exit>& both, core::Span before,
                               core::Span after, core::TargetIndex target) {
  const std::string first = exit_text(both.before, before_);
  const std::string second = exit_text(both.after, after_);
  if (first == second) return;
  add(bearing_of(both.before, both.after, target), where, "otherwise " + first + " → " + second,
      before, after);
}

void Comparison::compare_confirms(const Place& where, const Both<Review>& both) {
  match_by_name(
      both.before.confirms, both.after.confirms,
      [](const Confirmation& confirm) { return confirm.text; },
      [&](const Confirmation& before, const Confirmation& after) {
        const Both<core::Quorum> quorums{before.quorum, after.quorum};
        compare_quorums(where, "confirm \"" + before.text + "\"", quorums,
                        {before.span, after.span},
                        scenario_of_quorum("\"" + before.text + "\"", both.before, quorums));
      },
      [&](const Confirmation& confirm) {
        add(Bearing::weakens, where, "confirm \"" + confirm.text + "\" removed", confirm.span, {},
            scenario_of_confirm(confirm));
      },
      [&](const Confirmation& confirm) {
        add(Bearing::strengthens, where, "confirm \"" + confirm.text + "\" added", {},
            confirm.span);
      });
}

void Comparison::compare_reviews(const Place& where, const Both<Review>& both,
                                 bool before_traffic) {
  before_traffic_ = before_traffic;
  compare_criteria(where, {both.before.criteria, both.after.criteria});
  compare_confirms(where, both);
  const auto decision = [](const Review& review, const Outline& outline) {
    return review.decision ? outline.decisions[*review.decision].name : std::string();
  };
  const std::string first = decision(both.before, before_);
  const std::string second = decision(both.after, after_);
  if (first != second) {
    add(first.empty() ? Bearing::strengthens : Bearing::weakens, where,
        first.empty()    ? "decide " + quoted(second) + " added"
        : second.empty() ? "decide " + quoted(first) + " removed"
                         : "decide " + quoted(first) + " → " + quoted(second),
        both.before.decision_span, both.after.decision_span);
  }
  // Of a review that is new or gone nobody waits in one of the two; where the steps of its stage
  // lead when they fail is the same question in both.
  if (!both.before.empty() && !both.after.empty()) {
    compare_wait(where, "within", both.before.within, both.after.within,
                 {both.before.span, both.after.span});
  }
  // Left out in both, it is the guard's, of which the guard says what became.
  const auto left_out = [](const Review& review) {
    return review.otherwise.kind == Exit::Kind::none && !review.decision;
  };
  if (left_out(both.before) && left_out(both.after)) return;
  compare_exits(where,
                {effective(both.before, before_, before_traffic),
                 effective(both.after, after_, before_traffic)},
                both.before.span, both.after.span);
}

void Comparison::compare_options(const Place& where, const Both<DecisionOutline>& both) {
  const auto back = [](const OptionOutline& option) {
    return option.option.kind == core::OptionKind::rollback;
  };
  // A way out of going forward; without it fewer can be chosen.
  const auto way_out = [&](const OptionOutline& option) {
    return back(option) || option.option.kind == core::OptionKind::halt;
  };
  match_by_name(
      both.before.options, both.after.options,
      [](const OptionOutline& option) { return option.option.name; },
      [&](const OptionOutline& before, const OptionOutline& after) {
        core::Option a = before.option;
        core::Option b = after.option;
        const bool worded = a.text != b.text;
        a.text = b.text = "";
        const bool same_target =
            !back(before) || !back(after) ||
            before_.rollbacks[before.rollback].name == after_.rollbacks[after.rollback].name;
        if (a == b && same_target) {
          if (worded) {
            add(Bearing::cosmetic, where, "option " + quoted(a.name) + " worded in another way",
                before.span, after.span);
          }
          return;
        }
        // To look longer is time at this weight, and not to be able to is going on with less seen.
        const bool bound = a.kind == core::OptionKind::next && b.kind == a.kind && a.overrides;
        const bool same_back =
            back(before) && back(after) &&
            bearing_of({Exit::Kind::rollback, before.rollback, {}},
                       {Exit::Kind::rollback, after.rollback, {}}, {}) != Bearing::weakens;
        const bool less = bound || same_back;
        add(less ? Bearing::strengthens : Bearing::weakens, where,
            option_text(a) + " → " + option_text(b), before.span, after.span);
      },
      [&](const OptionOutline& option) {
        const bool onward = option.option.kind == core::OptionKind::next;
        add(onward ? Bearing::strengthens : Bearing::weakens, where,
            option_text(option.option) + " removed", option.span, {});
      },
      [&](const OptionOutline& option) {
        add(way_out(option) ? Bearing::strengthens : Bearing::weakens, where,
            option_text(option.option) + " added", {}, option.span);
      });
}

void Comparison::compare_decision(const Both<DecisionOutline>& both) {
  const Place where = "decide " + quoted(both.before.name);
  const std::pair spans(both.before.span, both.after.span);
  compare_quorums(where, "decided", {both.before.quorum, both.after.quorum}, spans,
                  scenario_of_decision(both));
  compare_wait(where, "within", both.before.within, both.after.within, spans);
  compare_exits(where, {both.before.otherwise, both.after.otherwise}, spans.first, spans.second);
  compare_options(where, both);
  const auto told = [](const DecisionOutline& decision) {
    std::vector<std::string> channels;
    for (const std::string& each : decision.notified) channels.push_back("notify " + each);
    for (const std::string& each : decision.paged) channels.push_back("page " + each);
    std::sort(channels.begin(), channels.end());
    return channels;
  };
  const auto before = told(both.before);
  const auto after = told(both.after);
  if (before != after) {
    const bool more = std::includes(after.begin(), after.end(), before.begin(), before.end());
    add(more ? Bearing::strengthens : Bearing::weakens, where, "others are asked", spans.first,
        spans.second);
  }
  const core::Duration never = std::chrono::hours(24 * 3650);
  const auto remind = [&](const DecisionOutline& decision) {
    return decision.remind_every == core::Duration::zero() ? never : decision.remind_every;
  };
  if (remind(both.before) == remind(both.after)) return;
  add(remind(both.after) > remind(both.before) ? Bearing::weakens : Bearing::strengthens, where,
      "reminded at other times", spans.first, spans.second);
}

}  // namespace rollbook::dsl
