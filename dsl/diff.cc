#include "dsl/diff.h"

#include <tuple>

#include "dsl/diff_parts.h"
#include "dsl/format_value.h"
#include "dsl/lower.h"
#include "dsl/parse.h"
#include "dsl/resolve.h"
#include "dsl/source.h"

namespace rollbook::dsl {

namespace {

constexpr core::Span kNowhere{};

// Only the metrics that something uses, in the order of their use.
void keep_used_metrics(core::Machine& machine) {
  std::vector<core::Metric> used;
  std::vector<core::MetricIndex> rows(machine.metrics.size());
  for (core::Series& series : machine.series) {
    core::MetricIndex& row = rows[series.metric.value];
    if (!row.valid()) {
      row.value = static_cast<std::uint32_t>(used.size());
      used.push_back(machine.at(series.metric));
    }
    series.metric = row;
  }
  machine.metrics = std::move(used);
}

// What a machine does, without its wording and places.
core::Machine bare(core::Machine machine) {
  keep_used_metrics(machine);
  machine.title.clear();
  machine.roles.clear();
  machine.file.clear();
  for (auto& metric : machine.metrics) {
    metric.span = kNowhere;
    metric.by.clear();
  }
  for (auto& criterion : machine.criteria) {
    criterion.span = kNowhere;
    criterion.text.clear();
  }
  for (auto& item : machine.items) {
    item.span = kNowhere;
    std::sort(item.quorum.roles.begin(), item.quorum.roles.end());
    for (auto& option : item.options) option.text.clear();
  }
  for (auto& effect : machine.effects) {
    effect.span = kNowhere;
    effect.text.clear();
  }
  for (auto& state : machine.states) state.span = kNowhere;
  for (auto& target : machine.targets) target.span = kNowhere;
  for (auto& transition : machine.transitions) {
    transition.span = kNowhere;
    transition.label.clear();
  }
  for (auto& hours : machine.advance_only.hours) hours.text.clear();
  return machine;
}

// Criteria and sign-offs of one place in an order that does not depend on the author's. What must
// come together stays together.
void put_in_order(std::vector<Judgement>& judgements) {
  std::vector<std::vector<Judgement>> groups;
  for (Judgement& judgement : judgements) {
    judgement.id.clear();
    if (judgement.parts > 0) groups.emplace_back();
    groups.back().push_back(std::move(judgement));
  }
  const auto key = [](const std::vector<Judgement>& group) {
    const Judgement& first = group.front();
    return std::tuple(first.measured, first.comparison, first.limit, first.over, first.sustain,
                      first.at_least, first.alpha, group.size());
  };
  std::stable_sort(groups.begin(), groups.end(),
                   [&](const auto& a, const auto& b) { return key(a) < key(b); });
  judgements.clear();
  for (auto& group : groups) {
    for (Judgement& judgement : group) judgements.push_back(std::move(judgement));
  }
}
void put_in_order(Review& review) {
  put_in_order(review.criteria);
  std::stable_sort(review.confirms.begin(), review.confirms.end(),
                   [](const Confirmation& a, const Confirmation& b) { return a.text < b.text; });
}
core::Machine in_order(Outline outline) {
  for (GuardOutline& guard : outline.guards) {
    put_in_order(guard.stops);
    put_in_order(guard.pauses);
  }
  if (outline.require) put_in_order(*outline.require);
  for (StageOutline& stage : outline.stages) put_in_order(stage.review);
  if (outline.success) put_in_order(*outline.success);
  for (DecisionOutline& decision : outline.decisions) {
    std::stable_sort(decision.options.begin(), decision.options.end(),
                     [](const OptionOutline& a, const OptionOutline& b) {
                       return a.option.name < b.option.name;
                     });
  }
  return bare(lower(outline));
}

struct ParsedPlan {
  const std::string& text;
  ast::Runbook runbook;
  Outline outline;
};

ParsedPlan parsed(const runtime::Plan& plan) {
  Sink sink(plan.file);
  ast::Runbook runbook = parse(plan.expanded, sink);
  Outline outline = resolve(runbook, sink);
  return {plan.expanded, std::move(runbook), std::move(outline)};
}

}  // namespace

std::string_view to_string(Bearing bearing) {
  switch (bearing) {
    case Bearing::cosmetic:
      return "cosmetic";
    case Bearing::strengthens:
      return "strengthens";
    case Bearing::weakens:
      return "weakens";
  }
  return "";
}

void Comparison::add(Bearing bearing, const Place& where, std::string what, core::Span before,
                     core::Span after, std::string scenario) {
  changes_.push_back({bearing, where, std::move(what), before, after, std::move(scenario)});
}

void Comparison::compare_wait(const Place& where, const std::string& what, core::Duration before,
                              core::Duration after,
                              const std::pair<core::Span, core::Span>& spans) {
  if (before == after) return;
  add(after > before ? Bearing::weakens : Bearing::strengthens, where,
      what + " " + format_duration(before) + " → " + format_duration(after), spans.first,
      spans.second);
}

void Comparison::compare_head() {
  const core::Span& before = before_.span;
  const core::Span& after = after_.span;
  if (before_.name != after_.name) {
    // Others come `after` it by its name.
    add(Bearing::weakens, "runbook",
        "renamed " + quoted(before_.name) + " → " + quoted(after_.name), before, after);
  }
  if (before_.title != after_.title) {
    add(Bearing::cosmetic, "runbook", "another title", before, after);
  }
  if (before_.service != after_.service) {
    add(Bearing::weakens, "runbook",
        "another service: " + quoted(before_.service) + " → " + quoted(after_.service), before,
        after);
  }
  if (before_.arms != after_.arms) {
    add(Bearing::weakens, "runbook", "the arms are told apart in another way", before, after);
  }
  if (before_.begins != after_.begins) {
    add(after_.begins > before_.begins ? Bearing::weakens : Bearing::strengthens, "runbook",
        "begins traffic " + format_percent(before_.begins) + " → " + format_percent(after_.begins),
        before, after);
  }
  compare_targets();
  if (before_.edition != after_.edition) {
    add(Bearing::weakens, "runbook", "another edition of the language", before, after);
  }
  if (before_.pager != after_.pager) {
    add(Bearing::weakens, "runbook",
        "another channel is paged when a rollback's own act fails: " + quoted(before_.pager) +
            " → " + quoted(after_.pager),
        before, after);
  }
  for (const std::string& runbook : before_.after) {
    if (std::find(after_.after.begin(), after_.after.end(), runbook) != after_.after.end())
      continue;
    add(Bearing::weakens, "runbook", "after runbook " + quoted(runbook) + " removed", before,
        after);
  }
  for (const std::string& runbook : after_.after) {
    if (std::find(before_.after.begin(), before_.after.end(), runbook) != before_.after.end()) {
      continue;
    }
    add(Bearing::strengthens, "runbook", "after runbook " + quoted(runbook) + " added", before,
        after);
  }
}

void Comparison::compare_calendar() {
  const auto text = [](core::Calendar calendar) {
    std::string all;
    for (core::OpenHours& hours : calendar.hours) {
      all += (all.empty() ? "" : ", ") + hours.text;
      hours.text.clear();
    }
    return std::pair(all, calendar);
  };
  const auto [before, first] = text(before_.advance_only);
  const auto [after, second] = text(after_.advance_only);
  if (first == second) return;
  const std::string what = before.empty()  ? "advance only " + after + " added"
                           : after.empty() ? "advance only " + before + " removed"
                                           : "advance only " + before + " → " + after;
  add(before.empty() ? Bearing::strengthens : Bearing::weakens, "runbook", what, before_.span,
      after_.span);
}

void Comparison::compare_metrics() {
  match_by_name(
      before_.metrics, after_.metrics, [](const core::Metric& metric) { return metric.name; },
      [&](const core::Metric& before, core::Metric after) {
        core::Metric plain = before;
        plain.span = after.span = kNowhere;
        if (plain == after) return;
        const bool carried = plain.by != after.by;
        plain.by = after.by = {};
        const bool same = plain == after;
        add(same && carried ? Bearing::cosmetic : Bearing::weakens, "metric " + quoted(before.name),
            same ? "broken down by other labels" : "measures something else", before.span, {});
      },
      // What uses a metric that is gone says so itself.
      [](const core::Metric&) {}, [](const core::Metric&) {});
}

// Weights, guards and ways back are those of the same places, or nothing can be compared.
void Comparison::compare_targets() {
  match_by_name(
      before_.targets, after_.targets, [](const core::Target& target) { return target.name; },
      [&](const core::Target& before, const core::Target& after) {
        const Place where = "target " + quoted(before.name);
        if (before.label != after.label || before.value != after.value) {
          add(Bearing::weakens, where, "is told apart in another way", before.span, after.span);
        }
        if (before.begins != after.begins) {
          add(after.begins > before.begins ? Bearing::weakens : Bearing::strengthens, where,
              "begins traffic " + format_percent(before.begins) + " → " +
                  format_percent(after.begins),
              before.span, after.span);
        }
      },
      [&](const core::Target& target) {
        add(Bearing::weakens, "target " + quoted(target.name), "removed", target.span, kNowhere);
      },
      [&](const core::Target& target) {
        add(Bearing::weakens, "target " + quoted(target.name), "added", kNowhere, target.span);
      });
  const bool same_rows = std::equal(
      before_.targets.begin(), before_.targets.end(), after_.targets.begin(), after_.targets.end(),
      [](const core::Target& a, const core::Target& b) { return a.name == b.name; });
  if (same_rows || before_.targets.size() != after_.targets.size()) return;
  add(Bearing::weakens, "runbook", "the targets come in another order", before_.span, after_.span);
}

void Comparison::compare_decisions() {
  match_by_name(
      before_.decisions, after_.decisions,
      [](const DecisionOutline& decision) { return decision.name; },
      [&](const DecisionOutline& before, const DecisionOutline& after) {
        compare_decision({before, after});
      },
      // Where one was used and is not any more, the review says so.
      [](const DecisionOutline&) {}, [](const DecisionOutline&) {});
}

std::vector<Change> Comparison::run() {
  compare_head();
  compare_calendar();
  compare_metrics();
  static const Review kNone;
  compare_reviews(
      "require",
      {before_.require ? *before_.require : kNone, after_.require ? *after_.require : kNone}, true);
  compare_acts("setup", {before_.setup, after_.setup}, before_.span, after_.span, true);
  compare_order("setup", {before_.setup, after_.setup}, before_.span, after_.span);
  compare_guards();
  compare_stages();
  compare_decisions();
  compare_rollbacks();
  compare_reviews(
      "success",
      {before_.success ? *before_.success : kNone, after_.success ? *after_.success : kNone},
      false);
  compare_finish();
  return std::move(changes_);
}

namespace {

// A statement as it is written, white space folded.
std::string written(const Source& source, std::string_view text, const core::Span& span) {
  const std::size_t begin = source.offset(span.line, span.column);
  const std::size_t end = source.offset(span.end_line, span.end_column);
  std::string folded;
  for (const char c : text.substr(begin, end - begin)) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) folded += c;
    if (blank && !folded.ends_with(' ')) folded += ' ';
  }
  return folded;
}

struct Line {
  std::string name;
  std::string text;
  core::Span span;
};

template <class Node>
std::vector<Line> lines_of(const ast::Runbook& runbook, const std::string& text) {
  const Source source(text);
  std::vector<Line> lines;
  for (const Node* node : ast::all<Node>(runbook.statements)) {
    lines.push_back({node->name.text, written(source, text, node->span), node->span});
  }
  return lines;
}

// What the machine does not hold: where a channel leads, and what may be given at the start.
template <class Node>
void compare_lines(const std::string& noun, const Both<ParsedPlan>& both, std::vector<Change>& into,
                   bool alone_matters) {
  const auto add = [&](const Line* before, const Line* after, const std::string& what) {
    into.push_back({Bearing::weakens, noun + " " + quoted((before ? before : after)->name), what,
                    before ? before->span : core::Span{}, after ? after->span : core::Span{}, ""});
  };
  match_by_name(
      lines_of<Node>(both.before.runbook, both.before.text),
      lines_of<Node>(both.after.runbook, both.after.text),
      [](const Line& line) { return line.name; },
      [&](const Line& before, const Line& after) {
        if (before.text == after.text) return;
        add(&before, &after, quoted(before.text) + " → " + quoted(after.text));
      },
      [&](const Line& line) {
        if (alone_matters) add(&line, nullptr, "removed");
      },
      [&](const Line& line) {
        if (alone_matters) add(nullptr, &line, "added: its value may be given at the start");
      });
}

}  // namespace

std::vector<Change> diff(const runtime::Plan& before, const runtime::Plan& after) {
  const ParsedPlan old_plan = parsed(before);
  const ParsedPlan new_plan = parsed(after);
  const Both<ParsedPlan> both{old_plan, new_plan};
  const Outline& first = old_plan.outline;
  const Outline& second = new_plan.outline;
  std::vector<Change> changes;
  // One that nothing uses, or that is gone, says so where it is used.
  compare_lines<ast::Channel>("channel", both, changes, false);
  compare_lines<ast::Param>("parameter", both, changes, true);
  for (Change& change : Comparison(first, second).run()) changes.push_back(std::move(change));
  if (before.expanded == after.expanded) return changes;
  const bool said = std::any_of(changes.begin(), changes.end(), [](const Change& change) {
    return change.bearing != Bearing::cosmetic;
  });
  if (!said && in_order(first) != in_order(second)) {
    changes.push_back({Bearing::weakens, "runbook",
                       "does something else, which this comparison has no word for", first.span,
                       second.span, ""});
  } else if (changes.empty()) {
    changes.push_back(
        {Bearing::cosmetic, "runbook", "worded in another way", first.span, second.span, ""});
  }
  return changes;
}

}  // namespace rollbook::dsl
