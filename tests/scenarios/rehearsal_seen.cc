// What a test sees of a Rehearsal.

#include <gtest/gtest.h>

#include "engine/core/sentence.h"
#include "tests/scenarios/rehearsal.h"

namespace rollbook::tests {

std::string Rehearsal::state() const {
  if (!replica_.active.valid()) return "";
  return machine().at(replica_.active).name;
}

std::vector<core::EffectRequested> Rehearsal::effects(core::EffectKind kind) const {
  std::vector<core::EffectRequested> found;
  for (const core::Event& event : events_) {
    const auto* requested = std::get_if<core::EffectRequested>(&event.body);
    if (requested != nullptr && requested->kind == kind) found.push_back(*requested);
  }
  return found;
}

std::vector<core::Duration> Rehearsal::times(core::EffectKind kind) const {
  std::vector<core::Duration> found;
  for (const core::Event& event : events_) {
    const auto* requested = std::get_if<core::EffectRequested>(&event.body);
    if (requested != nullptr && requested->kind == kind) found.push_back(event.time - kBegin);
  }
  return found;
}

std::string Rehearsal::weights() const {
  std::string text;
  for (const core::EffectRequested& effect : effects(core::EffectKind::traffic)) {
    text += (text.empty() ? "" : " ") + core::percent_text(core::Fixed{effect.to.nanos});
  }
  return text;
}

std::string Rehearsal::id_of(const core::Event& event) const {
  return rollout_ + "/" + std::to_string(event.sequence.value) + "/" +
         hashes_.at(event.sequence.value);
}

std::string Rehearsal::last_effect(core::EffectKind kind) const {
  std::string id;
  for (const core::Event& event : events_) {
    const auto* requested = std::get_if<core::EffectRequested>(&event.body);
    if (requested != nullptr && requested->kind == kind) id = id_of(event);
  }
  return id;
}

std::uint64_t Rehearsal::question(const std::string& text) const {
  for (const core::Question& open : replica_.questions) {
    if (machine().at(open.item).text == text) return open.number.value;
  }
  return 0;
}

core::Reading Rehearsal::reading(const std::string& criterion) const {
  for (std::uint32_t i = 0; i < machine().criteria.size(); ++i) {
    if (machine().criteria[i].id == criterion) {
      const runtime::Shard::Rollout* live = shard_->find(rollout_);
      const core::Pending pending = live == nullptr ? core::Pending{} : live->pending;
      return core::evaluate(machine(), replica_, pending, core::CriterionIndex{i}, now_);
    }
  }
  ADD_FAILURE() << "no criterion " << criterion;
  return {};
}

std::string Rehearsal::path() const {
  std::string text;
  for (const core::Event& event : events_) {
    const auto* moved = std::get_if<core::Transitioned>(&event.body);
    if (moved != nullptr) text += (text.empty() ? "" : " ") + machine().at(moved->to).name;
  }
  return text;
}

std::string Rehearsal::because(const std::string& state) const {
  std::string text;
  for (const core::Event& event : events_) {
    const auto* moved = std::get_if<core::Transitioned>(&event.body);
    if (moved == nullptr) continue;
    if (state.empty() || machine().at(moved->to).name == state) text = moved->because;
  }
  return text;
}

core::Duration Rehearsal::entered(const std::string& state) const {
  core::Duration at = core::kNever;
  for (const core::Event& event : events_) {
    const auto* moved = std::get_if<core::Transitioned>(&event.body);
    if (moved != nullptr && machine().at(moved->to).name == state) at = event.time - kBegin;
  }
  return at;
}

std::string Rehearsal::verdicts(const std::string& criterion) const {
  static constexpr const char* kNames[] = {"undecided", "pass", "fail", "no_data"};
  std::string text;
  core::Verdict last = core::Verdict::undecided;
  for (const core::Event& event : events_) {
    const auto* changed = std::get_if<core::VerdictChanged>(&event.body);
    if (changed == nullptr || machine().at(changed->criterion).id != criterion) continue;
    if (changed->reading.verdict == last) continue;
    last = changed->reading.verdict;
    text += (text.empty() ? "" : " ") + std::string(kNames[static_cast<std::size_t>(last)]);
  }
  return text;
}

std::vector<std::string> Rehearsal::asked() const {
  std::vector<std::string> texts;
  for (const core::Question& question : replica_.questions) {
    const core::Item& item = machine().at(question.item);
    texts.push_back((item.kind == core::ItemKind::confirm ? "confirm " : "decide ") + item.text);
  }
  return texts;
}

}  // namespace rollbook::tests
