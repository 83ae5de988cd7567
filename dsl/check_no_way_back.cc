// After an irreversible step no rollback is possible. The engine refuses one there; this proof
// finds, before anything runs, the runbook that would have wanted it.

#include <set>
#include <utility>
#include <vector>

#include "dsl/check_rules.h"

namespace rollbook::dsl {

namespace {

using core::Machine;
using core::StateIndex;
using core::TriggerKind;

// What the engine itself holds back: guards that lead to a rollback halt, and commands are refused.
bool gives_way(const core::Transition& transition) {
  switch (transition.trigger.kind) {
    case TriggerKind::stop:
    case TriggerKind::abort:
    case TriggerKind::rollback_immediate:
    case TriggerKind::rollback_gradual:
    case TriggerKind::rollback_partial:
      return true;
    default:
      return false;
  }
}

// How a leaf was come to first: for the path in words.
struct Trace {
  StateIndex from;
  bool seen = false;
};

std::string path_to(const Machine& machine, const std::vector<Trace>& traces, StateIndex leaf) {
  std::string path = "`" + machine.at(leaf).name + "`";
  for (StateIndex i = traces[leaf.value].from; i.valid(); i = traces[i.value].from) {
    path = "`" + machine.at(i).name + "` → " + path;
  }
  return path;
}

void report(const Machine& machine, const std::vector<Trace>& traces, StateIndex leaf,
            const core::Transition& transition, Sink& sink) {
  const core::State& target = machine.at(transition.to);
  sink.error(Code::no_way_back, transition.span,
             "this leads to `" + target.stage + "`, but there is no way back any more: " +
                 path_to(machine, traces, leaf) + ", then \"" + transition.label + "\"",
             "write `otherwise halt`, or put the irreversible step behind it");
}

}  // namespace

void check_no_way_back(const Machine& machine, Sink& sink) {
  std::vector<Trace> traces(machine.states.size());
  std::vector<StateIndex> leaves;
  for (std::uint32_t i = 0; i < machine.states.size(); ++i) {
    if (!machine.states[i].irreversible) continue;
    const StateIndex leaf = machine.leaf(StateIndex{i});
    if (traces[leaf.value].seen) continue;
    traces[leaf.value].seen = true;
    leaves.push_back(leaf);
  }
  std::set<std::pair<std::string, std::string>> said;  // one finding for each stage and rollback
  for (std::size_t next = 0; next < leaves.size(); ++next) {
    const StateIndex leaf = leaves[next];
    for (const core::Transition& transition : machine.transitions) {
      if (transition.halts || !machine.contains(transition.from, leaf)) continue;
      if (machine.rank(transition.to) > 0) {
        const bool news =
            !gives_way(transition) &&
            said.emplace(machine.at(leaf).stage, machine.at(transition.to).stage).second;
        if (news) report(machine, traces, leaf, transition, sink);
        continue;
      }
      const StateIndex to = machine.leaf(transition.to);
      if (traces[to.value].seen) continue;
      traces[to.value] = Trace{leaf, true};
      leaves.push_back(to);
    }
  }
}

}  // namespace rollbook::dsl
