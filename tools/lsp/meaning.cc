#include "tools/lsp/meaning.h"

#include <algorithm>

#include "dsl/format_value.h"
#include "dsl/print_machine.h"

namespace rollbook::tools::lsp {
namespace {

using dsl::format_duration;
using dsl::Judgement;

std::string code(const std::string& text) { return "`" + text + "`"; }

std::string list(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? " and " : ", ";
    text += items[i];
  }
  return text;
}

std::string of_arm(core::Arm arm) {
  switch (arm) {
    case core::Arm::canary:
      return "the canary's ";
    case core::Arm::baseline:
      return "the baseline's ";
    case core::Arm::total:
      return "the total ";
  }
  return "";
}

std::string words_of(core::Comparison comparison) {
  switch (comparison) {
    case core::Comparison::less:
      return "is below";
    case core::Comparison::less_equal:
      return "is at most";
    case core::Comparison::greater:
      return "is above";
    case core::Comparison::greater_equal:
      return "is at least";
  }
  return "";
}

std::string matcher_text(const core::LabelMatcher& matcher) {
  static constexpr const char* kSigns[] = {"=", "!=", "=~", "!~"};
  return matcher.label + kSigns[static_cast<std::size_t>(matcher.kind)] + "\"" + matcher.value +
         "\"";
}

std::string selector_text(const core::Metric& metric) {
  std::string matchers;
  for (const core::LabelMatcher& matcher : metric.matchers)
    matchers += (matchers.empty() ? "" : ", ") + matcher_text(matcher);
  return metric.selector + (matchers.empty() ? "" : "{" + matchers + "}");
}

std::string kind_text(const core::Metric& metric) {
  static constexpr const char* kKinds[] = {"counter", "histogram", "gauge"};
  static constexpr const char* kFolds[] = {"greatest", "least", "mean", "last"};
  std::string text = kKinds[static_cast<std::size_t>(metric.kind)];
  if (metric.kind == core::MetricKind::gauge)
    text +=
        ", the " + std::string(kFolds[static_cast<std::size_t>(metric.fold)]) + " of its values";
  return text;
}

bool holds(const core::Span& span, std::uint32_t line, std::uint32_t column) {
  const std::pair at(line, column);
  return std::pair(span.line, span.column) <= at && at <= std::pair(span.end_line, span.end_column);
}

using IsMeant = std::function<bool(const core::Span&)>;

const Judgement* find(const std::vector<Judgement>& all, const IsMeant& meant) {
  for (const Judgement& one : all)
    if (meant(one.span)) return &one;
  return nullptr;
}

template <class Row>
const Row* find(const std::vector<Row>& rows, const std::string& name) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

// As the language writes it.
std::string effect_text(const core::Machine& machine, const core::Effect& effect) {
  if (effect.kind == core::EffectKind::incident)
    return "open " + effect.name + (effect.severity.empty() ? "" : ", severity " + effect.severity);
  core::Effect written = effect;
  written.rollback = false;  // where it stands says so
  return dsl::describe(machine, written);
}

bool asks(const core::Quorum& quorum, const std::string& role) {
  return std::find(quorum.roles.begin(), quorum.roles.end(), role) != quorum.roles.end();
}

}  // namespace

std::string Meaning::metric(const std::string& name) const {
  const core::Metric* metric = find(outline.metrics, name);
  if (metric == nullptr) return "";
  std::string text = code(selector_text(*metric)) + ", a " + kind_text(*metric) + ".";
  if (metric->unit != core::Fixed::from_int(1))
    text += " Its values are multiplied by " + dsl::format_decimal(metric->unit) +
            " to make seconds of them.";
  if (metric->unsplit || !outline.arms) {
    text += " A total: it is not told apart by arm.";
  } else {
    text += " Split by the label " + code(outline.arms->label) + "; alone it means the canary's (" +
            code(outline.arms->canary) + ").";
  }
  if (metric->default_zero) text += " While there is no such series it counts as 0.";
  if (!metric->by.empty()) text += " Broken down by " + list(metric->by) + ".";
  return text;
}

std::string Meaning::measured(const dsl::Measurement& what) const {
  const std::string& name = outline.metrics[what.metric.value].name;
  const std::string arm = of_arm(what.arm);
  switch (what.measure) {
    case core::Measure::ratio:
      return arm + "ratio of " + code(name) + " to " +
             code(outline.metrics[what.denominator.value].name);
    case core::Measure::quantile:
      return arm + dsl::format_percent(what.quantile) + " quantile of " + code(name);
    case core::Measure::rate:
      return arm + "rate of " + code(name) + " a second";
    case core::Measure::count:
      return arm + "count of " + code(name);
    case core::Measure::split:
      return "split of " + code(name) + " between the arms";
    case core::Measure::bracket:
      return "each point of " + arm + code(name);
    case core::Measure::score:
      return "score of the judge";
    case core::Measure::gauge:
    case core::Measure::absent:
      return arm + code(name);
  }
  return "";
}

std::string Meaning::sentence(const Judgement& judgement) const {
  const bool stop =
      judgement.kind == core::CriterionKind::stop || judgement.kind == core::CriterionKind::pause;
  const std::string begin = judgement.kind == core::CriterionKind::pause
                                ? "Holds and forward steps wait while "
                            : stop ? "Stops when "
                                   : "Passes when ";
  if (judgement.what.measure == core::Measure::absent)
    return begin + "nothing is heard of " + measured(judgement.what) + " for " +
           format_duration(judgement.sustain) + ".";
  // What is not one measurement against one limit reads best as it was written.
  if (judgement.limit_text.empty() || judgement.over == core::Duration::zero())
    return begin + code(judgement.text) + ".";
  std::string text = begin + measured(judgement.what) + " " + words_of(judgement.comparison) +
                     " **" + judgement.limit_text + "**, over the last " +
                     format_duration(judgement.over);
  if (judgement.sustain > core::Duration::zero())
    text += stop ? ", and has been for " + format_duration(judgement.sustain) + " without a break"
                 : ", and was for the last " + format_duration(judgement.sustain);
  text += ".";
  if (judgement.at_least > 0)
    text += " Fewer than " + std::to_string(judgement.at_least) +
            " requests in that window stop nothing.";
  return text;
}

std::string Meaning::criterion_at(std::uint32_t line, std::uint32_t column) const {
  return criterion([&](const core::Span& span) { return holds(span, line, column); });
}

std::string Meaning::criterion_after(std::uint32_t line, std::uint32_t column) const {
  return criterion(
      [&](const core::Span& span) { return span.line == line && span.column >= column; });
}

std::string Meaning::criterion(const IsMeant& meant) const {
  for (const dsl::GuardOutline& guard : outline.guards) {
    if (const Judgement* stop = find(guard.stops, meant))
      return sentence(*stop) + " Then " + exit(guard.otherwise) + ".";
    if (const Judgement* pause = find(guard.pauses, meant)) return sentence(*pause);
  }
  const auto reviewed = [&](const dsl::Review& review) -> std::string {
    const Judgement* expect = find(review.criteria, meant);
    if (expect == nullptr) return "";
    return sentence(*expect) + " Looked at when the steps before the review are done.";
  };
  for (const auto* review : {&outline.require, &outline.success}) {
    const std::string text = *review ? reviewed(**review) : "";
    if (!text.empty()) return text;
  }
  for (const dsl::StageOutline& stage : outline.stages) {
    const std::string text = reviewed(stage.review);
    if (!text.empty()) return text;
  }
  return "";
}

std::string Meaning::exit(const dsl::Exit& exit) const {
  switch (exit.kind) {
    case dsl::Exit::Kind::none:
      return "nothing is said";
    case dsl::Exit::Kind::decide:
      return "decide " + code(outline.decisions[exit.target].name);
    case dsl::Exit::Kind::rollback:
      return "rollback " + code(outline.rollbacks[exit.target].name);
    case dsl::Exit::Kind::halt:
      return "halt, and people are paged";
    case dsl::Exit::Kind::end:
      return "the rollout ends";
  }
  return "";
}

std::string Meaning::step(const dsl::Step& step, const std::string& indent) const {
  std::string text;
  switch (step.kind) {
    case dsl::Step::Kind::effects:
    case dsl::Step::Kind::act:
    case dsl::Step::Kind::shift:
      for (const core::Effect& effect : step.effects)
        text += indent + "- " + effect_text(machine, effect) + "\n";
      break;
    case dsl::Step::Kind::ramp:
      text += indent + "- ramp to " + dsl::format_percent(step.ramp.to) + " over " +
              format_duration(step.ramp.over) + " every " + format_duration(step.ramp.every) + "\n";
      break;
    case dsl::Step::Kind::hold:
      text += indent + "- hold " + format_duration(step.duration) + " of watched time, at most " +
              format_duration(step.at_most) + " in all\n";
      for (const dsl::Step& inner : step.block) text += this->step(inner, indent + "  ");
      break;
    case dsl::Step::Kind::until:
      text += indent + "- hold until " + code(step.name) + " has settled, at most " +
              format_duration(step.at_most) + "\n";
      break;
  }
  return text;
}

std::string Meaning::review(const dsl::Review& review) const {
  std::string text;
  for (const Judgement& judgement : review.criteria) text += "  - " + code(judgement.text) + "\n";
  for (const dsl::Confirmation& confirm : review.confirms)
    text += "  - \"" + confirm.text + "\" by " + dsl::describe(confirm.quorum) + "\n";
  if (review.decision)
    text += "  - decide " + code(outline.decisions[*review.decision].name) + "\n";
  text = "- review, within " + format_duration(review.within) + (text.empty() ? "" : ":") + "\n" +
         text;
  if (review.otherwise.kind != dsl::Exit::Kind::none)
    text += "- otherwise " + exit(review.otherwise) + "\n";
  return text;
}

std::string Meaning::stage(const std::string& name) const {
  const dsl::StageOutline* stage = find(outline.stages, name);
  if (stage == nullptr) return "";
  const auto index = static_cast<std::size_t>(stage - outline.stages.data()) + 1;
  std::string text =
      "Stage " + std::to_string(index) + " of " + std::to_string(outline.stages.size()) + ":\n\n";
  for (const core::Effect& effect : stage->enter)
    text += "- on enter: " + effect_text(machine, effect) + "\n";
  for (const dsl::Step& one : stage->steps) text += step(one, "");
  if (!stage->review.empty()) text += review(stage->review);
  for (const core::Effect& effect : stage->exit)
    text += "- on exit: " + effect_text(machine, effect) + "\n";
  return text;
}

std::string Meaning::decision(const std::string& name) const {
  const dsl::DecisionOutline* decision = find(outline.decisions, name);
  if (decision == nullptr) return "";
  std::string text = "Decided by " + dsl::describe(decision->quorum) + ", within " +
                     format_duration(decision->within) + "; otherwise " +
                     exit(decision->otherwise) + ".\n\n";
  for (const dsl::OptionOutline& option : decision->options)
    text += "- " + code(option.option.name) + " " + option.option.text + "\n";
  return text;
}

std::string Meaning::rollback(const std::string& name) const {
  const dsl::RollbackOutline* rollback = find(outline.rollbacks, name);
  if (rollback == nullptr) return "";
  std::string text = "The way back. At once:\n\n";
  for (const core::Effect& effect : rollback->entry)
    text += "- " + effect_text(machine, effect) + "\n";
  if (rollback->steps.empty()) return text;
  text += "\nThen, each waiting for the one before:\n\n";
  for (const dsl::Step& one : rollback->steps) text += step(one, "");
  return text;
}

std::string Meaning::role(const std::string& name) const {
  std::string text;
  const auto confirms = [&](const std::optional<dsl::Review>& review, const std::string& where) {
    if (!review) return;
    for (const dsl::Confirmation& confirm : review->confirms)
      if (asks(confirm.quorum, name))
        text += "- confirms \"" + confirm.text + "\" in " + where + "\n";
  };
  confirms(outline.require, "`require`");
  for (const dsl::StageOutline& stage : outline.stages) confirms(stage.review, code(stage.name));
  confirms(outline.success, "`success`");
  for (const dsl::DecisionOutline& decision : outline.decisions)
    if (asks(decision.quorum, name)) text += "- decides " + code(decision.name) + "\n";
  return text;
}

}  // namespace rollbook::tools::lsp
