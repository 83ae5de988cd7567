#pragma once
// Ways: a machine as a graph of its leaves, the states that a rollout can rest in. What halts leads
// nowhere: the rollout stays where it is. Internal to dsl/prove*.cc and dsl/schedule.cc.

#include <vector>

#include "engine/core/machine.h"

namespace rollbook::dsl {

class Ways {
 public:
  explicit Ways(const core::Machine& machine);

  const core::Machine& machine() const { return machine_; }
  core::StateIndex start() const { return start_; }
  bool reached(core::StateIndex state) const { return reached_[state.value]; }
  // What may be taken in a leaf: its own transitions and those of every state around it, those that
  // halt too.
  std::vector<core::TransitionIndex> out(core::StateIndex leaf) const;
  // The transitions of every state inside a compound one, without its own.
  std::vector<core::TransitionIndex> within(core::StateIndex frame) const;
  // The shortest way from the start; empty for the start itself and for what is not reached.
  std::vector<core::TransitionIndex> path(core::StateIndex leaf) const;
  // Every leaf that does not wait in vain: an end can be reached, or it halts and people are paged.
  std::vector<bool> ending() const;

  // How long a leaf is stayed in, at most: `frame` is the state around it (or it itself) whose
  // deadline says so, and the stay is that frame's.
  struct Stay {
    core::StateIndex frame;
    std::optional<core::Duration> most;
  };
  Stay stay(core::StateIndex leaf) const;

 private:
  const core::Machine& machine_;
  core::StateIndex start_;
  std::vector<std::vector<core::TransitionIndex>> from_;  // by state
  std::vector<std::vector<core::StateIndex>> children_;
  std::vector<core::TransitionIndex> came_by_;  // by leaf
  std::vector<bool> reached_;
};

}  // namespace rollbook::dsl
