#include "tools/scenario/coverage.h"

#include <fmt/format.h>

#include <algorithm>

#include "dsl/print_machine.h"

namespace rollbook::tools {
namespace {

Coverage::Share share_of(const std::vector<bool>& seen) {
  return {static_cast<std::size_t>(std::count(seen.begin(), seen.end(), true)), seen.size()};
}

std::string place(const core::Machine& machine, core::Span span) {
  if (span.line == 0) return "";
  return fmt::format(", {}:{}:{}", machine.file, span.line, span.column);
}

}  // namespace

Coverage::Coverage(const core::Machine& machine)
    : states_(machine.states.size()),
      transitions_(machine.transitions.size()),
      criteria_(machine.criteria.size()) {}

void Coverage::add(const core::Machine& machine, const Seen& seen) {
  for (const core::Event& event : seen.events) {
    if (const auto* moved = std::get_if<core::Transitioned>(&event.body)) {
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

Coverage::Share Coverage::states() const { return share_of(states_); }
Coverage::Share Coverage::transitions() const { return share_of(transitions_); }

bool Coverage::covered(const core::Machine& machine, std::size_t criterion) const {
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
    if (states_[i]) continue;
    lines.push_back(fmt::format("state {} was never active{}", machine.states[i].name,
                                place(machine, machine.states[i].span)));
  }
  for (std::size_t i = 0; i < transitions_.size(); ++i) {
    const core::Transition& transition = machine.transitions[i];
    if (transitions_[i]) continue;
    lines.push_back(fmt::format("{} → {} on {} was never taken{}", machine.at(transition.from).name,
                                machine.at(transition.to).name,
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
