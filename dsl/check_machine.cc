// The machine as a graph. What the passes before promise is proved here on what really runs.

#include <vector>

#include "dsl/check.h"
#include "dsl/check_rules.h"
#include "engine/core/limits.h"

namespace rollbook::dsl {

namespace {

using core::Machine;
using core::StateIndex;

// The states that are active when `state` is entered: its leaf, and all around it.
void enter(const Machine& machine, StateIndex state, std::vector<bool>& active,
           std::vector<StateIndex>& leaves) {
  const StateIndex leaf = machine.leaf(state);
  if (!active[leaf.value]) leaves.push_back(leaf);
  for (StateIndex i = leaf; i.valid(); i = machine.at(i).parent) active[i.value] = true;
}

std::vector<bool> reachable(const Machine& machine) {
  std::vector<bool> active(machine.states.size(), false);
  std::vector<StateIndex> leaves;
  enter(machine, StateIndex{0}, active, leaves);
  while (!leaves.empty()) {
    const StateIndex leaf = leaves.back();
    leaves.pop_back();
    for (const core::Transition& transition : machine.transitions) {
      if (machine.contains(transition.from, leaf)) enter(machine, transition.to, active, leaves);
    }
  }
  return active;
}

// The leaves from which some final state can be reached, found backwards.
std::vector<bool> ending(const Machine& machine) {
  std::vector<bool> ends(machine.states.size(), false);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    ends[i] = machine.states[i].kind == core::StateKind::final_;
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (const core::Transition& transition : machine.transitions) {
      // Where a wait halts, somebody resumes it or rolls it back.
      const bool waits = transition.trigger.kind != core::TriggerKind::stop &&
                         transition.trigger.kind != core::TriggerKind::abort;
      const bool leads = transition.halts ? waits : ends[machine.leaf(transition.to).value];
      if (!leads) continue;
      for (std::uint32_t i = 0; i < machine.states.size(); ++i) {
        const bool inside = machine.states[i].kind == core::StateKind::atomic &&
                            machine.contains(transition.from, StateIndex{i});
        if (!inside || ends[i]) continue;
        ends[i] = true;
        grown = true;
      }
    }
  }
  return ends;
}

}  // namespace

void check_machine(const Machine& machine, Sink& sink) {
  if (machine.states.size() > core::kStates) {
    sink.error(Code::too_many_states, machine.states[core::kStates].span,
               "this runbook needs " + std::to_string(machine.states.size()) + " states, at most " +
                   std::to_string(core::kStates) + " can run",
               "split it into several runbooks");
    return;
  }
  check_no_way_back(machine, sink);
  const std::vector<bool> reached = reachable(machine);
  const std::vector<bool> ends = ending(machine);
  for (std::size_t i = 0; i < machine.states.size(); ++i) {
    const core::State& state = machine.states[i];
    // Ends and rollbacks exist in every machine, whether or not this runbook can come there.
    if (!reached[i] && state.kind != core::StateKind::final_) {
      sink.error(Code::unreachable, state.span, "nothing leads to `" + state.name + "`",
                 "leave it out");
    } else if (state.kind == core::StateKind::atomic && !ends[i]) {
      sink.error(Code::missing_exit, state.span, "no way leads on from `" + state.name + "`",
                 "add an `otherwise`");
    }
  }
}

}  // namespace rollbook::dsl
