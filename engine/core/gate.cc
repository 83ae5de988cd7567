// Reviews: criteria, confirmations and decisions looked at together.

#include <algorithm>
#include <set>

#include "engine/core/advance.h"

namespace rollbook::core {

bool quorum_agrees(const Quorum& quorum, const std::vector<Answer>& answers) {
  const auto entitled = [&](const Answer& answer) {
    return std::find(quorum.roles.begin(), quorum.roles.end(), answer.role) != quorum.roles.end();
  };
  // One actor has one answer (evolve keeps the last), so distinct persons are distinct answers.
  if (quorum.kind == QuorumKind::all) {
    return std::all_of(quorum.roles.begin(), quorum.roles.end(), [&](const std::string& role) {
      return std::any_of(answers.begin(), answers.end(),
                         [&](const Answer& answer) { return answer.role == role; });
    });
  }
  const auto count = std::count_if(answers.begin(), answers.end(), entitled);
  return count >= static_cast<std::ptrdiff_t>(quorum.kind == QuorumKind::any ? 1 : quorum.needed);
}

const Question* Advance::open_question(ItemIndex item) const {
  for (const Question& question : state_.questions) {
    if (question.item == item) return &question;
  }
  return nullptr;
}

const Question* Advance::open_decision() const {
  for (const Question& question : state_.questions) {
    if (machine_.at(question.item).kind == ItemKind::decide) return &question;
  }
  return nullptr;
}

Advance::GateView Advance::view_gate(const Gate& gate) const {
  bool waits = false;
  for (const CriterionIndex criterion : gate.criteria) {
    if (!is_judged(state_, machine_.at(criterion))) continue;
    const Verdict verdict = state_.readings[criterion.value].verdict;
    if (verdict == Verdict::fail) return GateView::fails;
    if (verdict != Verdict::pass) waits = true;
  }
  for (const ItemIndex item : gate.confirms) {
    const Question* question = open_question(item);
    if (question == nullptr) {
      waits = true;
      continue;
    }
    const auto& answers = question->answers;
    if (std::any_of(answers.begin(), answers.end(), [](const Answer& a) { return !a.yes; })) {
      return GateView::fails;
    }
    if (!quorum_agrees(machine_.at(item).quorum, answers)) waits = true;
  }
  return waits ? GateView::waits : GateView::passes;
}

bool Advance::chosen(ItemIndex item, std::uint32_t option) const {
  const Question* question = open_question(item);
  if (question == nullptr) return false;
  const Item& spec = machine_.at(item);
  std::vector<Answer> votes;
  for (const Answer& answer : question->answers) {
    if (answer.option == option) votes.push_back(answer);
  }
  if (votes.empty()) return false;
  // A vote for a rollback by anyone entitled wins at once.
  if (spec.options[option].kind == OptionKind::rollback) return true;
  if (spec.quorum.kind == QuorumKind::all) {
    // All must agree: no role may stand for another option.
    return votes.size() == question->answers.size() && quorum_agrees(spec.quorum, votes);
  }
  return quorum_agrees(spec.quorum, votes);
}

}  // namespace rollbook::core
