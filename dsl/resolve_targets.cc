// Targets: how they are told apart, where each begins and ends, and whose traffic is meant.

#include <algorithm>

#include "dsl/resolve_context.h"

namespace rollbook::dsl {

namespace {

// Each has ways back of its own: what people can still keep apart at 3 a.m.
constexpr std::size_t kTargetsMost = 16;

// Words that stand where a target's name may.
bool is_taken(const std::string& name) {
  for (const char* word : {"canary", "baseline", "total", "always", "to", "split"}) {
    if (name == word) return true;
  }
  return false;
}

void check_target(Context& context, const ast::Target& target) {
  const std::string& name = target.name.text;
  const bool plain =
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
      std::string::npos;
  if (!plain || is_taken(name)) {
    context.findings.error(Code::reserved_name, target.name.span,
                           "no target can be called `" + name + "`", "give it another name");
  }
  const auto& arms = context.outline.arms;
  if (arms && arms->label == target.label.text) {
    context.findings.error(Code::bad_value, target.label.span,
                           "`" + target.label.text + "` tells the arms apart, not the targets",
                           "take the label that says where a request was served");
  }
}

// One label for all: what carries two targets' labels would have two weights.
void check_apart(Context& context, const core::Target& other, const ast::Target& target) {
  const auto& arms = context.outline.arms;
  if (arms && arms->label == target.label.text) return;  // said already
  if (other.label != target.label.text) {
    context.findings.error(Code::bad_value, target.label.span,
                           "target `" + other.name + "` is told by `" + other.label +
                               "`, this one by `" + target.label.text +
                               "`: a request could belong to both",
                           "tell all targets of a runbook apart by one label");
  } else if (other.value == target.value.value) {
    context.findings.error(Code::bad_value, target.value.span,
                           "target `" + other.name + "` has the same value already",
                           "give each target a value of its own");
  }
}

template <class Node>
struct Said {
  const Node* node;
  core::TargetIndex target;
};

// Each target, or the unnamed one, may be spoken of once.
template <class Node>
std::vector<Said<Node>> say_once(Context& context, const std::vector<const Node*>& all,
                                 const char* what) {
  std::vector<Said<Node>> said;
  for (const Node* node : all) {
    const core::TargetIndex target = traffic_target(context, node->target, node->span);
    const auto before = std::find_if(said.begin(), said.end(),
                                     [&](const Said<Node>& each) { return each.target == target; });
    if (before != said.end()) {
      report_second(context, what, node->span, before->node->span);
    } else {
      said.push_back({node, target});
    }
  }
  return said;
}

}  // namespace

void declare_targets(Context& context, const ast::Runbook& runbook) {
  auto& targets = context.outline.targets;
  for (const auto* target : ast::all<ast::Target>(runbook.statements)) {
    check_target(context, *target);
    if (!context.targets.declare(target->name, targets.size(), context.findings)) continue;
    if (!targets.empty()) check_apart(context, targets.front(), *target);
    for (std::size_t i = 1; i < targets.size(); ++i) {
      if (targets[i].value == target->value.value) check_apart(context, targets[i], *target);
    }
    if (targets.size() == kTargetsMost) {
      context.findings.error(Code::bad_value, target->span,
                             "a runbook has " + std::to_string(kTargetsMost) + " targets at most",
                             "write a runbook for each group of them");
    }
    core::Target& added = targets.emplace_back();
    added.name = target->name.text;
    added.label = target->label.text;
    added.value = target->value.value;
    added.span = target->span;
  }
}

void resolve_begins(Context& context, const ast::Runbook& runbook) {
  const auto all = ast::all<ast::BeginsTraffic>(runbook.statements);
  for (const auto& [begins, target] : say_once(context, all, "`begins traffic`")) {
    core::Weight& weight =
        target.valid() ? context.outline.targets[target.value].begins : context.outline.begins;
    weight = weight_of(begins->weight);
  }
}

void resolve_finish(Context& context, const ast::Runbook& runbook, const ast::Success* success) {
  std::vector<const ast::FinishTraffic*> all = ast::all<ast::FinishTraffic>(runbook.statements);
  if (success != nullptr) {
    for (const auto* finish : ast::all<ast::FinishTraffic>(success->block)) all.push_back(finish);
  }
  for (const auto& [finish, target] : say_once(context, all, "`finish traffic`")) {
    context.outline.finishes.push_back(
        FinishOutline{target, weight_of(finish->weight), finish->span});
  }
}

core::TargetIndex traffic_target(Context& context, const std::optional<ast::Name>& name,
                                 const core::Span& span) {
  if (name) {
    const auto row = context.targets.find(*name, context.findings);
    if (!row) return {};
    return core::TargetIndex{static_cast<std::uint32_t>(*row)};
  }
  const auto& targets = context.outline.targets;
  if (targets.empty()) return {};
  std::vector<std::string> names;
  for (const core::Target& target : targets) names.push_back(target.name);
  context.findings.error(Code::unnamed_traffic, span,
                         "this runbook has targets, and this says not whose traffic it means",
                         "put " + alternatives(names) + " behind `traffic`");
  return {};
}

core::TargetIndex metric_target(Context& context, const ast::Reference& reference,
                                const core::Metric& metric) {
  core::TargetIndex target = context.here;
  if (reference.target) {
    const auto row = context.targets.find(*reference.target, context.findings);
    if (row) target = core::TargetIndex{static_cast<std::uint32_t>(*row)};
  }
  if (!target.valid()) return target;
  const core::Target& own = context.outline.targets[target.value];
  for (const core::LabelMatcher& matcher : metric.matchers) {
    if (matcher.label != own.label) continue;
    context.findings.error(
        Code::bad_value, reference.span,
        "metric `" + metric.name + "` selects by `" + own.label +
            "`, the label that tells the targets apart",
        "leave the matcher out of the metric: here it counts what belongs to `" + own.name + "`");
  }
  return target;
}

}  // namespace rollbook::dsl
