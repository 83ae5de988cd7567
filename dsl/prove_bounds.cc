// The longest way through a machine. Without `extend` it has no circle: every transition leads to
// something later or to an end. An extension goes back into its hold a limited number of times,
// so a node is a leaf together with the extensions taken in its stage.

#include <algorithm>
#include <map>
#include <set>

#include "dsl/long_time.h"
#include "dsl/prove.h"
#include "dsl/prove_graph.h"

namespace rollbook::dsl {

namespace {

using core::Duration;
using core::StateIndex;

// What a state asks for a target going forward; empty: nothing.
std::optional<core::Weight> asked_for(const core::Machine& machine, const core::State& state,
                                      core::TargetIndex target) {
  std::optional<core::Weight> to;
  if (state.ramp && !state.ramp->rollback) {
    const auto& whose = state.ramp->targets;
    if ((whose.empty() ? core::TargetIndex{} : whose.front()) == target) to = state.ramp->to;
  }
  for (const core::EffectIndex effect : state.entry) {
    const core::Effect& spec = machine.at(effect);
    const bool shifts = spec.kind == core::EffectKind::traffic && !spec.rollback;
    if (shifts && spec.target == target) to = spec.to;
  }
  return to;
}

// Whether something is shifted forward in a leaf; of one target, or of any.
bool shifts(const core::Machine& machine, StateIndex leaf, core::TargetIndex target) {
  const auto asks = [&](core::TargetIndex each) {
    for (StateIndex i = leaf; i.valid(); i = machine.at(i).parent) {
      if (asked_for(machine, machine.at(i), each)) return true;
    }
    return false;
  };
  if (target.valid() || machine.targets.empty()) return asks(target);
  for (std::uint32_t i = 0; i < machine.targets.size(); ++i) {
    if (asks(core::TargetIndex{i})) return true;
  }
  return false;
}

// By state: whether it may be rested in, or in something inside it, once that was shifted.
std::vector<bool> after_shift(const Ways& ways, core::TargetIndex target) {
  const core::Machine& machine = ways.machine();
  std::vector<bool> after(machine.states.size(), false);
  std::vector<StateIndex> leaves;
  const auto enter = [&](StateIndex leaf) {
    if (after[leaf.value]) return;
    leaves.push_back(leaf);
    for (StateIndex i = leaf; i.valid(); i = machine.at(i).parent) after[i.value] = true;
  };
  for (std::uint32_t i = 0; i < machine.states.size(); ++i) {
    const bool leaf = machine.states[i].kind != core::StateKind::compound;
    if (leaf && ways.reached(StateIndex{i}) && shifts(machine, StateIndex{i}, target)) {
      enter(StateIndex{i});
    }
  }
  for (std::size_t next = 0; next < leaves.size(); ++next) {
    for (const core::TransitionIndex by : ways.out(leaves[next])) {
      if (!machine.at(by).halts) enter(machine.leaf(machine.at(by).to));
    }
  }
  return after;
}

class Longest {
 public:
  Longest(const Ways& ways, Halts halts)
      : ways_(ways), machine_(ways.machine()), halts_(halts), stages_(machine_.states.size()) {
    after_shift_.push_back(after_shift(ways, core::TargetIndex{}));
    for (std::uint32_t i = 0; i < machine_.targets.size(); ++i) {
      after_shift_.push_back(after_shift(ways, core::TargetIndex{i}));
    }
    for (const core::Stage& stage : machine_.stages) stages_[stage.state.value] = &stage;
    for (const core::Transition& by : machine_.transitions) {
      if (by.extends.valid()) most_ = std::max(most_, most_extensions(by));
    }
    // A state stands before those inside it.
    for (std::size_t i = 1; i < stages_.size(); ++i) {
      if (stages_[i] == nullptr) stages_[i] = stages_[machine_.states[i].parent.value];
    }
    walk_backwards();
  }

  // How long from somewhere to an end, or what keeps it from being bounded.
  struct Way {
    std::optional<Duration> longest;
    StateIndex endless;
    core::TransitionIndex halts;
  };
  // From the entry of `leaf`.
  Way from(StateIndex leaf) { return from(Node{leaf, 0, false}); }

 private:
  struct Node {
    StateIndex leaf;
    std::uint32_t extended = 0;  // how often in this stage
    bool again = false;          // come back to by an extension: only the added time is left
    auto operator<=>(const Node&) const = default;
  };
  static constexpr std::size_t kDeepest = 1'000;

  // States stand in the order in which they are come to. Stage by stage from the last to the first,
  // and in each from the last extension to none, what a leaf leads to is known when it is asked:
  // nothing nests deep.
  void walk_backwards() {
    for (auto end = static_cast<std::uint32_t>(machine_.states.size()); end > 0;) {
      std::uint32_t begin = end - 1;
      while (begin > 0 && stages_[begin - 1] == stages_[end - 1]) --begin;
      const std::uint32_t levels = stages_[begin] == nullptr ? 1 : most_ + 1;
      for (std::uint32_t extended = levels; extended-- > 0;) {
        for (std::uint32_t i = end; i-- > begin;) ask(Node{StateIndex{i}, extended, false});
      }
      end = begin;
    }
  }
  void ask(const Node& node) {
    const bool leaf = machine_.at(node.leaf).kind != core::StateKind::compound;
    if (leaf && ways_.reached(node.leaf)) from(node);
  }

  const core::Stage* stage_of(StateIndex state) const { return stages_[state.value]; }

  // How many times the transition may be taken, by what its option allows.
  std::uint32_t most_extensions(const core::Transition& by) const {
    return machine_.at(by.trigger.item).options[by.trigger.option].extend_at_most;
  }
  Duration extension(const core::Transition& by) const {
    return machine_.at(by.trigger.item).options[by.trigger.option].extend_by;
  }

  Way from(const Node& node) {
    if (machine_.at(node.leaf).kind == core::StateKind::final_) return {Duration::zero(), {}, {}};
    if (const auto known = known_.find(node); known != known_.end()) return known->second;
    // A circle that is no extension would be walked for ever: it has no longest way.
    if (open_.size() >= kDeepest || !open_.insert(node).second) return {{}, node.leaf, {}};
    const Ways::Stay stay = ways_.stay(node.leaf);
    const Way way = stay.most ? after(node, stay) : Way{{}, node.leaf, {}};
    open_.erase(node);
    known_[node] = way;
    return way;
  }

  Way after(const Node& node, const Ways::Stay& stay) {
    Duration rest{};
    const std::vector<core::TransitionIndex> ways = exits(stay.frame);
    // What halts right here is a plainer reason than what may halt later.
    for (const core::TransitionIndex index : ways) {
      const core::Transition& by = machine_.at(index);
      if (by.halts && counts(node, stay.frame, by)) return {{}, node.leaf, index};
    }
    for (const core::TransitionIndex index : ways) {
      const core::Transition& by = machine_.at(index);
      if (by.halts || !counts(node, stay.frame, by)) continue;
      const Way further = by.extends.valid() ? extended(node, by) : entered(node, by);
      if (!further.longest) return further;
      rest = std::max(rest, *further.longest);
    }
    return {add_up(node.again ? Duration::zero() : *stay.most, rest), {}, {}};
  }

  // What leaves the frame: from anywhere in it, or from around it.
  std::vector<core::TransitionIndex> exits(StateIndex frame) const {
    std::vector<core::TransitionIndex> exits = ways_.out(frame);
    for (const core::TransitionIndex index : ways_.within(frame)) {
      const core::Transition& by = machine_.at(index);
      if (by.halts || !machine_.contains(frame, machine_.leaf(by.to))) exits.push_back(index);
    }
    return exits;
  }

  // Whether it may be taken during the stay in `frame`, by itself or by an order that counts.
  bool counts(const Node& node, StateIndex frame, const core::Transition& by) const {
    if (by.halts && halts_ == Halts::never_happen) return false;
    return is_armed(frame, by.trigger) && !refused(node.leaf, by);
  }

  // A guard begins with the first shift: of its target, where it speaks of one.
  bool is_armed(StateIndex frame, const core::Trigger& trigger) const {
    if (trigger.kind != core::TriggerKind::stop) return true;
    const auto armed = [&](core::CriterionIndex index) {
      const core::Criterion& stop = machine_.at(index);
      const std::size_t of = stop.target.valid() ? stop.target.value + 1 : 0;
      return stop.always || after_shift_[of][frame.value];
    };
    return armed(trigger.criterion) && std::all_of(trigger.also.begin(), trigger.also.end(), armed);
  }

  // During a rollback nothing from outside leads to a softer one, or to the same again. What people
  // order to halt is theirs, as their pauses are: a rollback of a part of the traffic as well.
  bool refused(StateIndex leaf, const core::Transition& by) const {
    using core::TriggerKind;
    const TriggerKind kind = by.trigger.kind;
    if (kind == TriggerKind::rollback_partial || by.trigger.target.valid()) return true;
    // The guard of one target brings back that one, and halts for the others.
    if (by.halts && kind == TriggerKind::some_left) return false;
    if (by.halts) return kind == TriggerKind::abort || machine_.rank(leaf) > 0;
    const bool outside = kind == TriggerKind::abort || kind == TriggerKind::stop ||
                         kind == TriggerKind::rollback_immediate ||
                         kind == TriggerKind::rollback_gradual;
    return outside && machine_.rank(leaf) > 0 && machine_.rank(by.to) <= machine_.rank(leaf);
  }

  Way entered(const Node& node, const core::Transition& by) {
    const StateIndex leaf = machine_.leaf(by.to);
    const bool same = stage_of(leaf) != nullptr && stage_of(leaf) == stage_of(node.leaf);
    return from(Node{leaf, same ? node.extended : 0, false});
  }

  Way extended(const Node& node, const core::Transition& by) {
    if (node.extended >= most_extensions(by)) return {Duration::zero(), {}, {}};
    Way rest = from(Node{machine_.leaf(by.to), node.extended + 1, true});
    if (rest.longest) rest.longest = add_up(extension(by), *rest.longest);
    return rest;
  }

  const Ways& ways_;
  const core::Machine& machine_;
  const Halts halts_;
  std::vector<std::vector<bool>> after_shift_;  // of anything, then of each target; by state
  std::map<Node, Way> known_;
  std::set<Node> open_;
  std::vector<const core::Stage*> stages_;  // by state
  std::uint32_t most_ = 0;                  // extensions of any stage
};

// The highest weight that anything forward asks for, and the states that ask for it.
core::Weight most_weight(const core::Machine& machine, core::TargetIndex target,
                         std::vector<StateIndex>& asking) {
  core::Weight most = target.valid() ? machine.at(target).begins : machine.begins;
  for (std::uint32_t i = 0; i < machine.states.size(); ++i) {
    const std::optional<core::Weight> to = asked_for(machine, machine.states[i], target);
    if (!to || *to < most) continue;
    if (*to > most) asking.clear();
    most = *to;
    asking.push_back(StateIndex{i});
  }
  return most;
}

Bounds::Exposure find_exposure(Longest& longest, const core::Machine& machine,
                               core::TargetIndex target) {
  Bounds::Exposure exposure;
  std::vector<StateIndex> asking;
  exposure.most = most_weight(machine, target, asking);
  Duration exposed{};
  for (const StateIndex state : asking) {
    const Longest::Way rest = longest.from(machine.leaf(state));
    if (!rest.longest) return exposure;
    exposed = std::max(exposed, *rest.longest);
  }
  exposure.exposed = exposed;
  return exposure;
}

}  // namespace

Bounds find_bounds(const core::Machine& machine, Halts halts) {
  const Ways ways(machine);
  Longest longest(ways, halts);
  Bounds bounds;
  const Longest::Way whole = longest.from(ways.start());
  bounds.longest = whole.longest;
  bounds.endless = whole.endless;
  bounds.halts = whole.halts;
  if (machine.targets.empty()) {
    const Bounds::Exposure exposure = find_exposure(longest, machine, core::TargetIndex{});
    bounds.most = exposure.most;
    bounds.exposed = exposure.exposed;
    return bounds;
  }
  for (std::uint32_t i = 0; i < machine.targets.size(); ++i) {
    bounds.targets.push_back(find_exposure(longest, machine, core::TargetIndex{i}));
    const Bounds::Exposure& exposure = bounds.targets.back();
    if (exposure.most < bounds.most) continue;
    bounds.most = exposure.most;
    bounds.exposed = exposure.exposed;
  }
  return bounds;
}

}  // namespace rollbook::dsl
