#include "tools/scenario/script_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/names.h"
#include "adapters/wire/text.h"

namespace rollbook::tools {
namespace {

using core::Machine;
using dsl::Code;
using dsl::scenario::EffectExpected;
using dsl::scenario::Expectation;
using dsl::scenario::Moment;
using Names = std::vector<std::string>;

bool holds(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "did you mean …?", or all there are when they are few.
std::string help_for(const std::string& name, const Names& names) {
  std::string help = dsl::did_you_mean(name, names);
  if (!help.empty() || names.empty() || names.size() > 12) return help;
  return fmt::format("there are `{}`", fmt::join(names, "`, `"));
}

class Resolver {
 public:
  Resolver(Script& script, dsl::Sink& sink)
      : script_(script), machine_(script.machine()), sink_(sink) {}

  void run() {
    const dsl::scenario::Scenario& scenario = script_.scenario;
    for (const GivenSeries& series : script_.given) {
      for (const auto& phase : series.phases) {
        if (phase.until) moment(*phase.until);
      }
    }
    for (const auto& away : scenario.aways) {
      moment(away.from);
      if (away.until) moment(*away.until);
    }
    if (scenario.end) moment(*scenario.end);
    for (const auto& given : scenario.predecessors) predecessor(given.runbook);
    for (const auto& rule : scenario.answers) answering(rule);
    for (const auto& act : scenario.acts) check(act);
    for (const Expectation& expectation : scenario.expectations) {
      moment(expectation.at);
      script_.states.emplace_back();
      script_.criteria.emplace_back();
      std::visit([&](const auto& what) { check(what, expectation); }, expectation.what);
    }
  }

 private:
  void missing(Code code, dsl::ast::Span span, std::string_view what, const std::string& name,
               const Names& names) {
    sink_.error(code, span, fmt::format("runbook `{}` has no {} `{}`", machine_.name, what, name),
                help_for(name, names));
  }

  void moment(const Moment& moment) {
    if (moment.stage.empty()) return;
    Names names;
    for (const core::Stage& stage : machine_.stages) names.push_back(stage.name);
    if (!holds(names, moment.stage)) {
      missing(Code::scenario_unknown_stage, moment.span, "stage", moment.stage, names);
    }
  }

  void target(const dsl::ast::Name& name) {
    Names names;
    for (const core::Target& one : machine_.targets) names.push_back(one.name);
    if (!holds(names, name.text)) {
      missing(Code::scenario_unknown_target, name.span, "target", name.text, names);
    }
  }

  // What the runbook does not ask for changes nothing.
  void predecessor(const dsl::ast::Name& name) {
    if (holds(machine_.after, name.text)) return;
    sink_.error(
        Code::scenario_unknown_predecessor, name.span,
        fmt::format("runbook `{}` does not say `after runbook {}`", machine_.name, name.text),
        machine_.after.empty() ? "leave it out: it comes after none"
                               : help_for(name.text, machine_.after));
  }

  void role(const dsl::ast::Name& name) {
    if (!holds(machine_.roles, name.text)) {
      missing(Code::scenario_unknown_role, name.span, "role", name.text, machine_.roles);
    }
  }

  const core::Item* item(const std::string& text) const {
    for (const core::Item& one : machine_.items) {
      if (one.text == text) return &one;
    }
    return nullptr;
  }

  void question(const std::string& text, dsl::ast::Span span) {
    if (item(text) != nullptr) return;
    Names names;
    for (const core::Item& one : machine_.items) names.push_back(one.text);
    missing(Code::scenario_unknown_question, span, "question", text, names);
  }

  Names options_of(const core::Item* only) const {
    Names names;
    for (const core::Item& one : machine_.items) {
      if (only != nullptr && &one != only) continue;
      for (const core::Option& option : one.options) {
        if (!holds(names, option.name)) names.push_back(option.name);
      }
    }
    return names;
  }

  void answering(const dsl::scenario::Answering& rule) {
    const core::Item* asked = nullptr;
    if (rule.question) {
      question(rule.question->value, rule.question->span);
      asked = item(rule.question->value);
    }
    for (const dsl::ast::Name& word : rule.words) {
      if (word.text == "yes" || word.text == "no" || word.text == "nothing") continue;
      const Names names = options_of(asked);
      if (!holds(names, word.text)) {
        missing(Code::scenario_unknown_option, word.span, "option", word.text, names);
      }
    }
    for (const dsl::ast::Name& name : rule.roles) role(name);
  }

  void check(const dsl::scenario::Act& act) {
    moment(act.at);
    if (act.role) role(*act.role);
    if (act.target) target(*act.target);
    if (act.item) question(act.item->value, act.item->span);
    if (act.verb != core::Verb::decide) return;
    const Names names = options_of(nullptr);
    if (!holds(names, act.option.text)) {
      missing(Code::scenario_unknown_option, act.option.span, "option", act.option.text, names);
    }
  }

  void check(const dsl::scenario::StateExpected& what, const Expectation& expectation) {
    const core::StateIndex named = machine_.find(what.name);
    std::vector<bool>& fits = script_.states.back();
    fits.assign(machine_.states.size(), false);
    Names names;
    bool any = false;
    for (std::uint32_t i = 0; i < machine_.states.size(); ++i) {
      const core::State& state = machine_.states[i];
      fits[i] = state.stage == what.name ||
                (named.valid() && machine_.contains(named, core::StateIndex{i}));
      any = any || fits[i];
      for (const std::string& name : {state.name, state.stage}) {
        if (!name.empty() && !holds(names, name)) names.push_back(name);
      }
    }
    if (!any) {
      missing(Code::scenario_unknown_state, expectation.what_span, "state", what.name, names);
    }
  }

  void check(const dsl::scenario::VerdictExpected& what, const Expectation& expectation) {
    Names names;
    for (std::uint32_t i = 0; i < machine_.criteria.size(); ++i) {
      const core::Criterion& criterion = machine_.criteria[i];
      names.push_back(criterion.id);
      if (criterion.id == what.criterion || criterion.text == what.criterion) {
        script_.criteria.back() = core::CriterionIndex{i};
        return;
      }
    }
    missing(Code::scenario_unknown_criterion, expectation.what_span, "criterion", what.criterion,
            names);
  }

  void check(const EffectExpected& what, const Expectation& expectation) {
    // A ramp shifts to weights that no effect of the machine names, and so does a person.
    if (what.target) target(*what.target);
    if (what.kind == core::EffectKind::traffic) return;
    Names names;
    for (const core::Effect& effect : machine_.effects) {
      // What is started is stopped when its stage is left.
      const bool ends =
          what.kind == core::EffectKind::stop && effect.kind == core::EffectKind::start;
      if (effect.kind != what.kind && !ends) continue;
      if (!effect.name.empty()) names.push_back(effect.name);
      names.insert(names.end(), effect.channels.begin(), effect.channels.end());
    }
    if (what.kind == core::EffectKind::page && !machine_.pager.empty()) {
      names.push_back(machine_.pager);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const std::string kind(adapters::name_of(what.kind));
    if (names.empty() && what.name.empty()) {
      sink_.error(Code::scenario_unknown_effect, expectation.what_span,
                  fmt::format("runbook `{}` has no `{}`", machine_.name, kind));
    } else if (!what.name.empty() && !holds(names, what.name)) {
      missing(Code::scenario_unknown_effect, expectation.what_span, "effect",
              kind + " " + what.name, names);
    }
  }

  void check(const dsl::scenario::QuestionExpected& what, const Expectation& expectation) {
    question(what.item, expectation.what_span);
  }
  void check(const dsl::scenario::OutcomeExpected&, const Expectation&) {}
  void check(const dsl::scenario::WeightExpected& what, const Expectation& expectation) {
    if (what.target) return target(*what.target);
    if (machine_.targets.empty()) return;
    sink_.error(Code::scenario_unknown_target, expectation.what_span,
                fmt::format("runbook `{}` has targets, and this says not whose traffic it means",
                            machine_.name),
                fmt::format("write `traffic {} …`", machine_.targets.front().name));
  }
  void check(const dsl::scenario::StandingExpected&, const Expectation&) {}
  void check(const dsl::scenario::RefusalExpected&, const Expectation&) {}

  Script& script_;
  const Machine& machine_;
  dsl::Sink& sink_;
};

}  // namespace

void resolve_names(Script& script, dsl::Sink& sink) { Resolver(script, sink).run(); }

}  // namespace rollbook::tools
