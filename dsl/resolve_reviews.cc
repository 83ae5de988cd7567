#include <algorithm>
#include <map>

#include "dsl/resolve_context.h"

namespace rollbook::dsl {

namespace {

constexpr std::size_t kOptionsMost = 32;

// The parts of a review that a stage takes from its template unless it says them itself.
struct Deadlines {
  const ast::Number* within = nullptr;
  const ast::Exit* otherwise = nullptr;
};

Deadlines find_deadlines(Context& context, const std::vector<ast::Statement>& block) {
  Deadlines found;
  for (const ast::Within* within : ast::all<ast::Within>(block)) {
    if (within->duration) {
      if (found.within != nullptr) {
        report_second(context, "`within`", within->span, found.within->span);
      }
      found.within = &*within->duration;
    }
    if (within->otherwise) {
      if (found.otherwise != nullptr) {
        report_second(context, "`otherwise`", within->otherwise->span, found.otherwise->span);
      }
      found.otherwise = &*within->otherwise;
    }
  }
  return found;
}

// What has been read of a review so far.
struct Reading {
  Review review;
  Names names{"criterion", Code::unknown_metric};
  std::map<std::string, core::Span> confirms;  // by text
  std::size_t position = 0;                    // of the last `expect`
};

// What a stage states anew of its template's criteria, by their names.
using Replacements = std::map<std::string, const ast::Expect*>;

Replacements find_replacements(Context& context, const Blocks& blocks) {
  Replacements found;
  for (const ast::Expect* expect : ast::all<ast::Expect>(*blocks.back())) {
    if (!expect->replaces) continue;
    const auto [other, added] = found.emplace(expect->name->text, expect);
    if (!added) report_second(context, "this `replace`", expect->span, other->second->span);
  }
  if (blocks.size() < 2) {
    for (const auto& [name, expect] : found) {
      context.findings.error(Code::unknown_criterion, expect->span,
                             "nothing to replace: no template is used here",
                             "write `expect " + name + ": …`");
    }
    return {};
  }
  std::vector<std::string> names;
  for (const ast::Expect* expect : ast::all<ast::Expect>(*blocks.front())) {
    if (expect->replaces) {
      context.findings.error(Code::misplaced_statement, expect->span,
                             "a template uses no other one, so there is nothing to replace",
                             "`replace` belongs in a stage that uses a template");
    } else if (expect->name) {
      names.push_back(expect->name->text);
    }
  }
  // One that could not be read may be the one that is meant.
  if (!ast::all<ast::Error>(*blocks.front()).empty()) return found;
  for (const auto& [name, expect] : found) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string help = did_you_mean(name, names);
    if (help.empty() && names.empty()) {
      help = "give it a name there: `expect " + name + ": …`";
    } else if (help.empty()) {
      help = "there is " + alternatives(names);
    }
    context.findings.error(Code::unknown_criterion, expect->name->span,
                           "the template has no criterion called `" + name + "`", help);
  }
  return found;
}

void add_expect(Context& context, const std::string& prefix, const ast::Expect& expect,
                Reading& reading) {
  ++reading.position;
  std::string id = prefix + ".";
  if (expect.name) {
    reading.names.declare(*expect.name, reading.position, context.findings);
    id += expect.name->text;
  } else {
    id += "expect[" + std::to_string(reading.position) + "]";
  }
  auto judgement = resolve_criterion(context, expect.criterion, core::CriterionKind::expect, id);
  if (judgement) reading.review.criteria.push_back(std::move(*judgement));
}

// Answers name the text: two of one text could not be told apart.
void add_confirm(Context& context, const ast::Confirm& confirm, Reading& reading) {
  const auto [other, added] = reading.confirms.emplace(confirm.text.value, confirm.span);
  if (!added) report_second(context, "this confirmation", confirm.text.span, other->second);
  reading.review.confirms.push_back(
      Confirmation{confirm.text.value, resolve_quorum(context, confirm.quorum), confirm.span});
}

void add_decision(Context& context, const ast::DecideUse& use, Review& review) {
  if (review.decision) report_second(context, "`decide`", use.span, review.decision_span);
  review.decision = context.decisions.find(use.decision, context.findings);
  review.decision_span = use.span;
}

OptionOutline resolve_option(Context& context, const ast::Option& option) {
  OptionOutline outline;
  outline.option.name = option.name.text;
  outline.option.text = option.text.value;
  outline.option.kind = option.kind;
  outline.option.overrides = option.overrides;
  outline.span = option.span;
  if (option.kind == core::OptionKind::extend) {
    outline.option.extend_by = option.extend_by.duration();
    const std::int64_t most = option.extend_at_most.whole();
    if (most > core::kExtensionsMost) {
      context.findings.error(
          Code::bad_value, option.extend_at_most.span,
          "a stage is extended " + std::to_string(core::kExtensionsMost) + " times at most",
          "write " + std::to_string(core::kExtensionsMost) + " or less");
    } else {
      outline.option.extend_at_most = static_cast<std::uint32_t>(most);
    }
  }
  if (option.kind == core::OptionKind::rollback) {
    outline.rollback = context.rollbacks.find(option.rollback, context.findings).value_or(0);
  }
  return outline;
}

// `next` is always offered, so that nobody is ever asked to choose between evils only.
void add_next(DecisionOutline& outline, const ast::Decision& decision) {
  for (const OptionOutline& option : outline.options)
    if (option.option.kind == core::OptionKind::next) return;
  OptionOutline next;
  next.option.name = "next";
  next.option.text = "Go on";
  next.span = decision.span;
  outline.options.insert(outline.options.begin(), std::move(next));
}

void resolve_ask(Context& context, const ast::Ask& ask, DecisionOutline& outline) {
  for (std::string& channel : resolve_channels(context, ask.channels)) {
    auto& list = is_pager(context, channel) ? outline.paged : outline.notified;
    list.push_back(std::move(channel));
  }
  if (!ask.remind_every) return;
  const core::Duration every = ask.remind_every->duration();
  if (every < std::chrono::seconds(1)) {
    context.findings.error(Code::bad_value, ask.remind_every->span,
                           "reminders come a second apart at least", "write `1s` or more");
    return;
  }
  outline.remind_every = every;
}

void resolve_decision_deadlines(Context& context, const ast::Decision& decision,
                                DecisionOutline& outline) {
  const ast::Within* first = nullptr;
  for (const ast::Within* within : ast::all<ast::Within>(decision.block)) {
    if (first != nullptr) report_second(context, "`within`", within->span, first->span);
    first = within;
    if (within->duration) outline.within = within->duration->duration();
    if (within->otherwise) outline.otherwise = resolve_exit(context, *within->otherwise);
  }
}

}  // namespace

void report_second(Context& context, const std::string& what, const core::Span& second,
                   const core::Span& first) {
  context.findings.error(
      Code::duplicate_statement, second,
      what + " stands here a second time, after line " + std::to_string(first.line),
      "leave one out");
}

Review resolve_review(Context& context, const ReviewHead& head, const Blocks& blocks) {
  Reading reading;
  Review& review = reading.review;
  review.span = head.span;
  Deadlines deadlines;
  const Replacements replaced = find_replacements(context, blocks);
  for (const auto* block : blocks) {
    for (const ast::Statement& statement : *block) {
      if (const auto* expect = std::get_if<ast::Expect>(&statement.node)) {
        if (expect->replaces) continue;
        const auto instead = expect->name && block != blocks.back()
                                 ? replaced.find(expect->name->text)
                                 : replaced.end();
        add_expect(context, head.name, instead == replaced.end() ? *expect : *instead->second,
                   reading);
      } else if (const auto* confirm = std::get_if<ast::Confirm>(&statement.node)) {
        add_confirm(context, *confirm, reading);
      } else if (const auto* use = std::get_if<ast::DecideUse>(&statement.node)) {
        add_decision(context, *use, review);
      }
    }
    const Deadlines own = find_deadlines(context, *block);
    if (own.within != nullptr) deadlines.within = own.within;
    if (own.otherwise != nullptr) deadlines.otherwise = own.otherwise;
  }
  if (deadlines.within != nullptr) review.within = deadlines.within->duration();
  if (deadlines.otherwise != nullptr) {
    review.otherwise = resolve_exit(context, *deadlines.otherwise);
  }
  return std::move(reading.review);
}

DecisionOutline resolve_decision(Context& context, const ast::Decision& decision) {
  DecisionOutline outline;
  outline.name = decision.name.text;
  outline.span = decision.span;
  const ast::DecidedBy* by = nullptr;
  for (const ast::DecidedBy* each : ast::all<ast::DecidedBy>(decision.block)) {
    if (by != nullptr) report_second(context, "`by`", each->span, by->span);
    by = each;
    outline.quorum = resolve_quorum(context, each->quorum);
  }
  const ast::Ask* asked = nullptr;
  for (const ast::Ask* ask : ast::all<ast::Ask>(decision.block)) {
    if (asked != nullptr) report_second(context, "`ask`", ask->span, asked->span);
    asked = ask;
    resolve_ask(context, *ask, outline);
  }
  resolve_decision_deadlines(context, decision, outline);
  Names names("option", Code::unknown_decision);
  if (ast::all<ast::Option>(decision.block).size() > kOptionsMost) {
    context.findings.error(Code::bad_value, decision.span,
                           "a decision has " + std::to_string(kOptionsMost) + " options at most",
                           "nobody chooses well among more");
    return outline;
  }
  for (const ast::Option* option : ast::all<ast::Option>(decision.block)) {
    if (!names.declare(option->name, outline.options.size(), context.findings)) continue;
    outline.options.push_back(resolve_option(context, *option));
  }
  if (names.has("next")) {
    // An option of that name that leads elsewhere would be read wrong at 3 a.m.
    for (const ast::Option* option : ast::all<ast::Option>(decision.block)) {
      if (option->name.text == "next" && option->kind != core::OptionKind::next) {
        context.findings.error(Code::reserved_name, option->name.span,
                               "an option called `next` must lead to `next`",
                               "give it another name");
      }
    }
  }
  add_next(outline, decision);
  return outline;
}

GuardOutline resolve_guard(Context& context, const ast::Guard& guard, const std::string& name) {
  GuardOutline outline;
  outline.always = guard.always;
  outline.span = guard.span;
  if (guard.target) {
    const auto row = context.targets.find(*guard.target, context.findings);
    if (row) outline.target = core::TargetIndex{static_cast<std::uint32_t>(*row)};
  }
  context.here = outline.target;
  const auto judge = [&](const ast::Criterion& criterion, core::CriterionKind kind,
                         const std::string& id) {
    auto judgement = resolve_criterion(context, criterion, kind, id);
    if (!judgement) return judgement;
    judgement->always = guard.always;
    // Said of each target in the same words: whoever is paged must read which one it is.
    const std::string target = outline.target.valid() ? guard.target->text : "";
    const bool says_it = judgement->text.find(target + ".") != std::string::npos;
    if (!target.empty() && !says_it) judgement->text = target + ": " + judgement->text;
    return judgement;
  };
  const ast::BaselineFails* of_all = nullptr;
  for (const ast::BaselineFails* each : ast::all<ast::BaselineFails>(guard.block)) {
    if (of_all != nullptr) {
      report_second(context, "`when baseline fails too`", each->span, of_all->span);
    }
    of_all = each;
    outline.veto = each->span;
  }
  std::size_t position = 0;
  for (const ast::Stop* stop : ast::all<ast::Stop>(guard.block)) {
    const std::string id = name + ".stop[" + std::to_string(++position) + "]";
    std::vector<Judgement> parts;
    auto first = judge(stop->criterion, core::CriterionKind::stop, id);
    if (first) parts.push_back(std::move(*first));
    for (std::size_t i = 0; i < stop->also.size(); ++i) {
      auto part = judge(stop->also[i], core::CriterionKind::stop,
                        id + ".and[" + std::to_string(i + 1) + "]");
      if (part) parts.push_back(std::move(*part));
    }
    // A part that could not be resolved is reported: the rest would stop for less than was meant.
    if (parts.size() != stop->also.size() + 1) continue;
    const bool veto = stop->unless.has_value() || of_all != nullptr;
    if (stop->unless && !outline.veto) outline.veto = stop->unless->span;
    for (Judgement& part : parts) {
      part.parts = 0;
      part.veto = veto && is_canarys(part);
    }
    parts.front().parts = parts.size();
    for (Judgement& part : parts) outline.stops.push_back(std::move(part));
  }
  position = 0;
  for (const ast::PauseWhile* pause : ast::all<ast::PauseWhile>(guard.block)) {
    const std::string id = name + ".pause[" + std::to_string(++position) + "]";
    auto judgement = judge(pause->criterion, core::CriterionKind::pause, id);
    if (judgement) outline.pauses.push_back(std::move(*judgement));
  }
  const ast::Otherwise* otherwise = nullptr;
  for (const ast::Otherwise* each : ast::all<ast::Otherwise>(guard.block)) {
    if (otherwise != nullptr) report_second(context, "`otherwise`", each->span, otherwise->span);
    otherwise = each;
    outline.otherwise = resolve_exit(context, each->exit);
  }
  context.here = {};
  return outline;
}

std::optional<GuardOutline> join_guards(const std::vector<GuardOutline>& guards) {
  if (guards.empty()) return std::nullopt;
  GuardOutline joined = guards.front();
  joined.stops.clear();
  for (const GuardOutline& guard : guards) {
    for (const Judgement& stop : guard.stops) {
      if (stop.parts == 1) joined.stops.push_back(stop);
    }
  }
  return joined;
}

}  // namespace rollbook::dsl
