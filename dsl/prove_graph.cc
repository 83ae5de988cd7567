#include "dsl/prove_graph.h"

#include <algorithm>

#include "dsl/long_time.h"
#include "engine/core/limits.h"

namespace rollbook::dsl {

using core::StateIndex;
using core::TransitionIndex;
using core::TriggerKind;

Ways::Ways(const core::Machine& machine)
    : machine_(machine),
      start_(machine.leaf(StateIndex{0})),
      from_(machine.states.size()),
      children_(machine.states.size()),
      came_by_(machine.states.size()),
      reached_(machine.states.size(), false) {
  for (std::uint32_t i = 0; i < machine.transitions.size(); ++i) {
    from_[machine.transitions[i].from.value].push_back(TransitionIndex{i});
  }
  for (std::uint32_t i = 0; i < machine.states.size(); ++i) {
    const StateIndex parent = machine.states[i].parent;
    if (parent.valid()) children_[parent.value].push_back(StateIndex{i});
  }
  // Breadth first, so that every leaf is come to by the shortest way.
  std::vector<StateIndex> leaves;
  const auto enter = [&](StateIndex leaf, TransitionIndex by) {
    if (reached_[leaf.value]) return;
    came_by_[leaf.value] = by;
    leaves.push_back(leaf);
    for (StateIndex i = leaf; i.valid(); i = machine.at(i).parent) reached_[i.value] = true;
  };
  enter(start_, TransitionIndex{});
  for (std::size_t next = 0; next < leaves.size(); ++next) {
    for (const TransitionIndex by : out(leaves[next])) {
      if (!machine.at(by).halts) enter(machine.leaf(machine.at(by).to), by);
    }
  }
}

std::vector<TransitionIndex> Ways::out(StateIndex leaf) const {
  std::vector<TransitionIndex> ways;
  for (StateIndex i = leaf; i.valid(); i = machine_.at(i).parent) {
    ways.insert(ways.end(), from_[i.value].begin(), from_[i.value].end());
  }
  return ways;
}

std::vector<TransitionIndex> Ways::within(StateIndex frame) const {
  std::vector<TransitionIndex> found;
  std::vector<StateIndex> inside = children_[frame.value];
  for (std::size_t next = 0; next < inside.size(); ++next) {
    const StateIndex state = inside[next];
    found.insert(found.end(), from_[state.value].begin(), from_[state.value].end());
    inside.insert(inside.end(), children_[state.value].begin(), children_[state.value].end());
  }
  return found;
}

std::vector<TransitionIndex> Ways::path(StateIndex leaf) const {
  // A transition starts in any leaf of its `from`: the one that was reached first.
  std::vector<TransitionIndex> back;
  while (leaf != start_ && reached_[leaf.value] && came_by_[leaf.value].valid()) {
    const TransitionIndex by = came_by_[leaf.value];
    if (std::find(back.begin(), back.end(), by) != back.end()) break;
    back.push_back(by);
    leaf = machine_.leaf(machine_.at(by).from);
  }
  std::reverse(back.begin(), back.end());
  return back;
}

namespace {

// A wait that ends in a halt: people resume it or roll it back. A guard's halt ends no wait, it may
// never come.
bool ends_in_halt(const core::Transition& by) {
  return by.halts && by.trigger.kind != TriggerKind::stop && by.trigger.kind != TriggerKind::abort;
}

// What is known as soon as its state is entered: nothing is waited for.
bool is_at_once(TriggerKind kind) {
  return kind == TriggerKind::always || kind == TriggerKind::all_back ||
         kind == TriggerKind::some_left || kind == TriggerKind::any_back ||
         kind == TriggerKind::none_back;
}

}  // namespace

std::vector<bool> Ways::ending() const {
  std::vector<std::vector<StateIndex>> before(machine_.states.size());
  std::vector<StateIndex> found;
  std::vector<bool> ends(machine_.states.size(), false);
  for (std::uint32_t i = 0; i < machine_.states.size(); ++i) {
    const core::State& state = machine_.states[i];
    if (state.kind == core::StateKind::final_) {
      ends[i] = true;
      found.push_back(StateIndex{i});
    } else if (state.kind == core::StateKind::atomic) {
      bool halts = false;
      for (const TransitionIndex by : out(StateIndex{i})) {
        halts = halts || ends_in_halt(machine_.at(by));
        if (machine_.at(by).halts) continue;
        before[machine_.leaf(machine_.at(by).to).value].push_back(StateIndex{i});
      }
      if (!halts) continue;
      ends[i] = true;
      found.push_back(StateIndex{i});
    }
  }
  while (!found.empty()) {
    const StateIndex leaf = found.back();
    found.pop_back();
    for (const StateIndex earlier : before[leaf.value]) {
      if (ends[earlier.value]) continue;
      ends[earlier.value] = true;
      found.push_back(earlier);
    }
  }
  return ends;
}

Ways::Stay Ways::stay(StateIndex leaf) const {
  // The outermost deadline: what is inside it cannot last longer, whichever way it goes. A clock
  // that counts watched time may stand still for ever, and reminders end nothing.
  Stay stay{leaf, std::nullopt};
  for (StateIndex i = leaf; i.valid(); i = machine_.at(i).parent) {
    for (const TransitionIndex by : from_[i.value]) {
      const core::Trigger& trigger = machine_.at(by).trigger;
      if (trigger.kind != TriggerKind::clock) continue;
      const core::Clock& clock = machine_.at(trigger.clock);
      if (clock.kind == core::ClockKind::watched || clock.repeats) continue;
      const bool same = stay.frame == i && stay.most;
      stay.most = same ? std::min(*stay.most, clock.limit) : clock.limit;
      stay.frame = i;
    }
  }
  if (stay.most) return stay;
  const core::State& state = machine_.at(leaf);
  if (state.ramp) return {leaf, add_up(state.ramp->over, deadline_of(state.ramp->deadline))};
  for (const core::EffectIndex index : state.entry) {
    const core::Effect& effect = machine_.at(index);
    if (!core::is_awaited(effect.kind)) continue;
    stay.most = add_up(stay.most.value_or(core::Duration::zero()), longest_act(effect));
  }
  if (stay.most) return stay;
  for (const TransitionIndex by : from_[leaf.value]) {
    if (is_at_once(machine_.at(by).trigger.kind)) return {leaf, core::Duration::zero()};
  }
  return stay;
}

}  // namespace rollbook::dsl
