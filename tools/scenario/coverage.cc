#include "tools/scenario/coverage.h"

#include <fmt/format.h>

#include <algorithm>

#include "dsl/print_machine.h"

namespace rollbook::tools {
namespace {

Coverage::Share share_of(const std::vector<bool>& seen, const std::vector<bool>& counted) {
  Coverage::Share share;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!counted[i]) continue;
    ++share.all;
    if (seen[i]) ++share.covered;
  }
  return share;
}

std::string place(const core::Machine& machine, core::Span span) {
  if (span.line == 0) return "";
  return fmt::format(", {}:{}:{}", machine.file, span.line, span.column);
}

// Whether somebody's no to what the review there asks is the reason.
bool says_no(const core::Machine& machine, core::StateIndex active, const std::string& because) {
  const auto& gate = machine.at(active).gate;
  return gate && std::any_of(gate->confirms.begin(), gate->confirms.end(), [&](auto item) {
           return because.find(" says no to `" + machine.at(item).text + "`") != std::string::npos;
         });
}

}  // namespace

Coverage::Coverage(const core::Machine& machine)
    : states_(machine.states.size()),
      transitions_(machine.transitions.size()),
      counted_states_(machine.states.size(), true),
      counted_transitions_(machine.transitions.size(), true),
      criteria_(machine.criteria.size()) {
  for (std::size_t i = 0; i < machine.transitions.size(); ++i) {
    const core::Transition& transition = machine.transitions[i];
    if (transition.trigger.kind != core::TriggerKind::rollback_partial) continue;
    counted_transitions_[i] = false;
    counted_states_[transition.to.value] = false;
    for (std::size_t k = 0; k < machine.transitions.size(); ++k) {
      if (machine.transitions[k].from == transition.to) counted_transitions_[k] = false;
    }
  }
}

// A halt moves nothing: the step that led to it is the one that says so, around where it stands.
void Coverage::halt(const core::Machine& machine, core::StateIndex active,
                    const std::string& because) {
  for (std::size_t i = 0; i < machine.transitions.size(); ++i) {
    const core::Transition& transition = machine.transitions[i];
    if (!transition.halts || !machine.contains(transition.from, active)) continue;
    const core::Trigger& trigger = transition.trigger;
    const std::string& words = trigger.kind == core::TriggerKind::stop
                                   ? machine.at(trigger.criterion).text
                                   : transition.label;
    const bool unmet = trigger.kind == core::TriggerKind::gate_failed &&
                       (because.starts_with("not met: ") || says_no(machine, active, because));
    if (unmet || because.starts_with(words)) transitions_[i] = true;
  }
}

// Parameters change limits and times; whatever else they could change, its parts are not these.
bool Coverage::fits(const core::Machine& machine) const {
  return machine.states.size() == states_.size() &&
         machine.transitions.size() == transitions_.size() &&
         machine.criteria.size() == criteria_.size();
}

void Coverage::add(const core::Machine& machine, const Seen& seen) {
  if (!fits(machine)) return;
  core::StateIndex active;
  for (const core::Event& event : seen.events) {
    if (const auto* paused = std::get_if<core::Paused>(&event.body); paused && paused->halt) {
      halt(machine, active, paused->because);
    }
    if (const auto* moved = std::get_if<core::Transitioned>(&event.body)) {
      active = moved->to;
      if (moved->transition.valid()) transitions_[moved->transition.value] = true;
      for (core::StateIndex i = moved->to; i.valid(); i = machine.at(i).parent) {
        states_[i.value] = true;
      }
    } else if (const auto* changed = std::get_if<core::VerdictChanged>(&event.body)) {
      Judged& judged = criteria_[changed->criterion.value];
      judged.passed = judged.passed || changed->reading.verdict == core::Verdict::pass;
      judged.failed = judged.failed || changed->reading.verdict == core::Verdict::fail;
    }
  }
}

Coverage::Share Coverage::states() const { return share_of(states_, counted_states_); }
Coverage::Share Coverage::transitions() const {
  return share_of(transitions_, counted_transitions_);
}

bool Coverage::covered(const core::Machine& machine, std::size_t criterion) const {
  // What a hold counts is there sooner or later; it never fails.
  if (machine.criteria[criterion].kind == core::CriterionKind::enough) {
    return criteria_[criterion].passed;
  }
  const bool passes = machine.criteria[criterion].kind == core::CriterionKind::expect;
  return criteria_[criterion].failed && (criteria_[criterion].passed || !passes);
}

Coverage::Share Coverage::criteria(const core::Machine& machine) const {
  Share share{0, criteria_.size()};
  for (std::size_t i = 0; i < criteria_.size(); ++i) share.covered += covered(machine, i);
  return share;
}

std::vector<std::string> Coverage::missing(const core::Machine& machine) const {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i] || !counted_states_[i]) continue;
    lines.push_back(fmt::format("state {} was never active{}", machine.states[i].name,
                                place(machine, machine.states[i].span)));
  }
  for (std::size_t i = 0; i < transitions_.size(); ++i) {
    const core::Transition& transition = machine.transitions[i];
    if (transitions_[i] || !counted_transitions_[i]) continue;
    lines.push_back(fmt::format("{} → {} on {} was never taken{}", machine.at(transition.from).name,
                                transition.halts ? "halt" : machine.at(transition.to).name,
                                dsl::describe(machine, transition.trigger),
                                place(machine, transition.span)));
  }
  for (std::size_t i = 0; i < criteria_.size(); ++i) {
    const core::Criterion& criterion = machine.criteria[i];
    if (covered(machine, i)) continue;
    lines.push_back(fmt::format("{} never {}: {}{}", criterion.id,
                                criteria_[i].failed ? "passed" : "failed", criterion.text,
                                place(machine, criterion.span)));
  }
  return lines;
}

}  // namespace rollbook::tools
