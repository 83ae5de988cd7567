// What goes out of a shard, and what a rollback takes back before it has.

#include <algorithm>

#include "engine/runtime/shard.h"

namespace rollbook::runtime {

// Whether a rollback of other targets leaves this one as it is.
bool Shard::goes_on(const Rollout& rollout, core::TargetIndex target) {
  if (!target.valid() || rollout.state.is_back(target)) return false;
  const core::Machine& machine = rollout.plan->machine;
  for (core::StateIndex i = rollout.state.active; i.valid(); i = machine.at(i).parent) {
    const core::State& state = machine.at(i);
    for (const core::Lowering& lowered : state.lowers) {
      if (lowered.target == target) return false;
    }
    if (state.ramp && state.ramp->rollback &&
        (state.ramp->targets.empty() ||
         std::find(state.ramp->targets.begin(), state.ramp->targets.end(), target) !=
             state.ramp->targets.end())) {
      return false;
    }
  }
  return true;
}

// A rollback takes back what was asked for before it and has not gone out yet, in this turn or an
// earlier one: an undelivered forward effect would only be refused by its order.
void Shard::cancel_forward(Rollout& rollout, std::size_t before, std::uint32_t rank) {
  const core::StreamId stream = rollout.state.stream;
  for (std::size_t i = before; i < turn_.events.size(); ++i) {
    const auto* moved = std::get_if<core::Transitioned>(&turn_.events[i].body);
    if (moved == nullptr || rollout.plan->machine.rank(moved->to) <= rank) continue;
    rollout.taken_back = turn_.events[i].sequence;
    break;
  }
  for (auto row = undelivered_.lower_bound(OutboxKey{stream, core::Sequence{0}});
       row != undelivered_.end() && row->first < OutboxKey{stream, rollout.taken_back};) {
    const auto effect = rollout.state.effects.find(row->first.sequence);
    const bool stays =
        effect != rollout.state.effects.end() && goes_on(rollout, effect->second.target);
    if (!row->second || stays) {
      ++row;
      continue;
    }
    turn_.closed.push_back(row->first);
    cancelled_.push_back(row->first);
    row = undelivered_.erase(row);
  }
}

void Shard::delivered(const OutboxKey& key, core::Time now) {
  turn_.closed.push_back(key);
  undelivered_.erase(key);
  const auto found = rollouts_.find(key.stream);
  if (found != rollouts_.end() && !found->second.state.finished()) {
    give(found->second, core::Input{now, core::Deliver{key.sequence}});
  }
}

void Shard::undeliverable(const OutboxKey& key, const std::string& effect, const std::string& why,
                          core::Time now) {
  turn_.closed.push_back(key);
  undelivered_.erase(key);
  const auto found = rollouts_.find(key.stream);
  if (found == rollouts_.end() || found->second.state.finished()) return;
  core::Command settle;
  settle.key = {"rollbook/engine", "undeliverable/" + effect};
  settle.verb = core::Verb::settle;
  settle.rollout = found->second.state.id;
  settle.actor = "rollbook";
  settle.effect = effect;
  settle.succeeded = false;
  settle.detail = why;
  give(found->second, core::Input{now, core::Obey{std::move(settle)}});
}

// Of effects that this turn requests again, by their keys. An effect of this very turn gets its
// digits while the turn is appended, and so before its retry is rendered.
core::Status Shard::find_first_attempts() {
  first_attempts_.clear();
  for (const core::Event& event : turn_.events) {
    const auto* effect = std::get_if<core::EffectRequested>(&event.body);
    if (effect == nullptr || !effect->retry_of.valid()) continue;
    const core::Sequence first = effect->retry_of;
    std::string& digits = first_attempts_[{event.stream, first}];
    TRY_DO(log_.read(event.stream, first, [&](const StoredEvent& stored) {
      if (stored.event.sequence == first) digits = stored.hash;
      return false;
    }));
  }
  return {};
}

std::optional<OutboxRow> Shard::render(const core::Event& event, std::string_view hash) {
  if (!std::holds_alternative<core::EffectRequested>(event.body) || !options_.render) {
    return std::nullopt;
  }
  const auto known = first_attempts_.find({event.stream, event.sequence});
  if (known != first_attempts_.end()) known->second = hash;
  const Rollout& rollout = rollouts_.at(event.stream);
  const auto& effect = std::get<core::EffectRequested>(event.body);
  EffectHashes hashes{hash};
  if (effect.retry_of.valid()) hashes.first = first_attempts_.at({event.stream, effect.retry_of});
  OutboxRow row = options_.render(rollout.plan->machine, rollout.state, event, hashes);
  const bool taken_back = event.sequence < rollout.taken_back && !goes_on(rollout, effect.target);
  if (row.forward && taken_back) return std::nullopt;
  return row;
}

}  // namespace rollbook::runtime
