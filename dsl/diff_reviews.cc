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

void Comparison::compare_quorums(const Place& where, const std::string& what,
                                 const Both<core::Quorum>& both, core::Span before,
                                 core::Span after) {
  const bool still = implies(both.after, both.before);
  const bool more = !implies(both.before, both.after);
  if (still && !more) return;
  add(still ? Bearing::strengthens : Bearing::weakens, where,
      what + " by " + describe(both.before) + " → by " + describe(both.after), before, after);
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

// How long a rollback leaves traffic on the canary.
core::Duration Comparison::way_back(const Exit& exit, const Outline& outline) const {
  core::Duration longest{};
  for (const Step& step : outline.rollbacks[exit.target].steps) {
    if (step.kind == Step::Kind::ramp) longest = add_up(longest, step.ramp.over);
  }
  return longest;
}

void Comparison::compare_exits(const Place& where, const Both<Exit>& both, core::Span before,
                               core::Span after) {
  const std::string first = exit_text(both.before, before_);
  const std::string second = exit_text(both.after, after_);
  if (first == second) return;
  const auto goes_back = [](const Exit& exit) {
    return exit.kind == Exit::Kind::rollback || exit.kind == Exit::Kind::end;
  };
  Bearing bearing = Bearing::weakens;
  if (goes_back(both.after) && !goes_back(both.before)) bearing = Bearing::strengthens;
  const bool both_back =
      both.before.kind == Exit::Kind::rollback && both.after.kind == Exit::Kind::rollback;
  if (both_back && way_back(both.after, after_) < way_back(both.before, before_)) {
    bearing = Bearing::strengthens;
  }
  add(bearing, where, "otherwise " + first + " → " + second, before, after);
}

void Comparison::compare_confirms(const Place& where, const Both<Review>& both) {
  match_by_name(
      both.before.confirms, both.after.confirms,
      [](const Confirmation& confirm) { return confirm.text; },
      [&](const Confirmation& before, const Confirmation& after) {
        compare_quorums(where, "confirm \"" + before.text + "\"", {before.quorum, after.quorum},
                        before.span, after.span);
      },
      [&](const Confirmation& confirm) {
        add(Bearing::weakens, where, "confirm \"" + confirm.text + "\" removed", confirm.span, {});
      },
      [&](const Confirmation& confirm) {
        add(Bearing::strengthens, where, "confirm \"" + confirm.text + "\" added", {},
            confirm.span);
      });
}

void Comparison::compare_reviews(const Place& where, const Both<Review>& both) {
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
  // Of a review that is new or gone, its parts were said already.
  if (both.before.empty() || both.after.empty()) return;
  compare_wait(where, "within", both.before.within, both.after.within,
               {both.before.span, both.after.span});
  compare_exits(where, {both.before.otherwise, both.after.otherwise}, both.before.span,
                both.after.span);
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
        const bool shorter = a.kind == core::OptionKind::extend && b.kind == a.kind &&
                             b.extend_by <= a.extend_by && b.extend_at_most <= a.extend_at_most;
        const bool bound = a.kind == core::OptionKind::next && b.kind == a.kind && a.overrides;
        const bool less = shorter || bound;
        add(less ? Bearing::strengthens : Bearing::weakens, where,
            option_text(a) + " → " + option_text(b), before.span, after.span);
      },
      [&](const OptionOutline& option) {
        add(way_out(option) ? Bearing::weakens : Bearing::strengthens, where,
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
  compare_quorums(where, "decided", {both.before.quorum, both.after.quorum}, spans.first,
                  spans.second);
  compare_wait(where, "within", both.before.within, both.after.within, spans);
  compare_exits(where, {both.before.otherwise, both.after.otherwise}, spans.first, spans.second);
  compare_options(where, both);
  const auto told = [](const DecisionOutline& decision) {
    std::vector<std::string> channels = decision.notified;
    channels.insert(channels.end(), decision.paged.begin(), decision.paged.end());
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
