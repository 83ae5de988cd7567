#include "dsl/prove.h"

#include <algorithm>

#include "dsl/prove_graph.h"

namespace rollbook::dsl {

namespace {

using core::StateIndex;

std::string named(const core::Machine& machine, StateIndex state) {
  return "`" + machine.at(state).name + "`";
}

bool is_atomic(const core::Machine& machine, StateIndex state) {
  return machine.at(state).kind == core::StateKind::atomic;
}

class Prover {
 public:
  explicit Prover(const core::Machine& machine) : machine_(machine), ways_(machine) {}

  Proofs prove() {
    const std::vector<bool> ends = ways_.ending();
    for (std::uint32_t i = 0; i < machine_.states.size(); ++i) {
      const StateIndex state{i};
      // Ends and rollbacks exist in every machine, whether or not this runbook can come there.
      if (!ways_.reached(state)) {
        if (machine_.at(state).kind != core::StateKind::final_) unreachable(state);
      } else if (is_atomic(machine_, state)) {
        if (!ends[i]) no_exit(state);
        if (shifted(state) && !has_way_back(state)) no_way_back(state);
      }
      if (is_atomic(machine_, state) && machine_.rank(state) > 0) check_backwards(state);
    }
    proofs_.claims = {"every state can be reached", "every wait has an exit",
                      "a rollback can be asked for wherever there is traffic",
                      "nothing goes forward by itself after a rollback"};
    if (!machine_.targets.empty()) {
      proofs_.claims[2] =
          "a rollback, of all targets or of each, can be asked for wherever there "
          "is traffic";
    }
    const bool late = std::any_of(machine_.states.begin(), machine_.states.end(),
                                  [](const core::State& state) { return state.irreversible; });
    if (late) {
      proofs_.claims[2] += ", up to the step that is irreversible";
      proofs_.claims.push_back("nothing leads to a rollback after it: the guard halts");
    }
    return std::move(proofs_);
  }

 private:
  void add(Fault fault) {
    fault.path = ways_.path(machine_.leaf(fault.state));
    proofs_.faults.push_back(std::move(fault));
  }

  void unreachable(StateIndex state) {
    add({Code::unreachable,
         "every state can be reached",
         "nothing leads to " + named(machine_, state),
         "leave it out",
         state,
         {}});
  }

  void no_exit(StateIndex state) {
    add({Code::missing_exit,
         "every wait has an exit",
         "no way leads on from " + named(machine_, state),
         "add an `otherwise`",
         state,
         {}});
  }

  void no_way_back(StateIndex state) {
    add({Code::no_rollback,
         "a rollback can be asked for wherever there is traffic",
         "no rollback can be asked for in " + named(machine_, state),
         "add an `otherwise rollback …` around it",
         state,
         {}});
  }

  // Whether the canary may have traffic of this rollout here: something was shifted on the way.
  bool shifted(StateIndex leaf) const {
    for (StateIndex i = leaf; i.valid(); i = machine_.at(i).parent) {
      for (const core::Stage& stage : machine_.stages) {
        if (stage.state == i && has_shifted(stage)) return true;
      }
    }
    return false;
  }

  bool has_shifted(const core::Stage& stage) const {
    if (machine_.targets.empty()) return stage.weight > machine_.begins;
    for (std::size_t i = 0; i < machine_.targets.size(); ++i) {
      if (stage.weights[i] > machine_.targets[i].begins) return true;
    }
    return false;
  }

  // Of all traffic, and of each target alone.
  bool has_way_back(StateIndex leaf) const {
    if (machine_.rank(leaf) > 0) return true;
    for (std::uint32_t i = 0; i < machine_.targets.size(); ++i) {
      if (!has_way_back(leaf, core::TargetIndex{i})) return false;
    }
    return has_way_back(leaf, core::TargetIndex{});
  }
  bool has_way_back(StateIndex leaf, core::TargetIndex target) const {
    for (const core::TransitionIndex index : ways_.out(leaf)) {
      const core::Transition& by = machine_.at(index);
      if (by.trigger.kind == core::TriggerKind::rollback_immediate && by.trigger.target == target &&
          machine_.rank(by.to) > 0) {
        return true;
      }
    }
    return false;
  }

  void check_backwards(StateIndex leaf) {
    for (const core::TransitionIndex index : ways_.out(leaf)) {
      const core::Transition& by = machine_.at(index);
      if (by.halts) continue;
      const StateIndex to = machine_.leaf(by.to);
      const core::State& target = machine_.at(to);
      const bool ends =
          target.kind == core::StateKind::final_ && target.outcome != core::Outcome::succeeded;
      if (ends || machine_.rank(to) > 0) continue;
      Fault fault{Code::backwards_forward,
                  "nothing goes forward by itself after a rollback",
                  named(machine_, leaf) + " leads on to " + named(machine_, to),
                  "end the rollback there",
                  leaf,
                  {}};
      fault.path = ways_.path(leaf);
      fault.path.push_back(index);
      proofs_.faults.push_back(std::move(fault));
      return;
    }
  }

  const core::Machine& machine_;
  Ways ways_;
  Proofs proofs_;
};

}  // namespace

Fault fault_at(const core::Machine& machine, StateIndex state) {
  Fault fault;
  fault.what = "the way to " + named(machine, state);
  fault.state = state;
  fault.path = Ways(machine).path(machine.leaf(state));
  return fault;
}

Proofs prove(const core::Machine& machine) { return Prover(machine).prove(); }

}  // namespace rollbook::dsl
