#pragma once
// Invariants: what must hold after every event of every rollout, whatever happened to it. The
// numbers are those of the design: weights and orders (1), no step forward without a review that
// passes (2), nothing forward after a breach (3), durable intents (4), offsets and deadlines (6),
// answers that count once (7), ids that are never used twice (9), a halt that only a person ends or
// the guard (10), no way back after an irreversible step (11). Replay against live (5) is the
// Rehearsal's own; progress (8) is what its run_to_end() demands.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/core/decide.h"

namespace rollbook::tests {

class Invariants {
 public:
  // `before` is the state that the event will be folded into.
  void see(const core::Machine& machine, const core::RolloutState& before,
           const core::Event& event);
  // At the end of a turn: the state at rest, and how far the topic has been read.
  void rest(const core::Machine& machine, const core::RolloutState& state, core::Time now,
            std::int64_t read);
  // The ids of the messages that a turn made, in order.
  void sent(const std::vector<std::string>& ids);
  // What was broken since the last call, a sentence each.
  std::vector<std::string> take();

 private:
  void expect(bool condition, const core::Event& event, const std::string& what);
  static bool waits(const core::Machine& machine, const core::RolloutState& before);
  void see_shift(const core::Machine& machine, const core::RolloutState& before,
                 const core::Event& event, const core::EffectRequested& effect);
  void see_move(const core::Machine& machine, const core::RolloutState& before,
                const core::Event& event, const core::Transitioned& moved);
  void see_review(const core::Machine& machine, const core::RolloutState& before,
                  const core::Event& event, const core::State& from);
  void see_ids(const core::RolloutState& before, const core::Event& event);

  std::map<std::string, std::int64_t> orders_;  // by service
  std::map<core::StreamId, core::Sequence> last_;
  std::map<core::StreamId, std::vector<core::SourceOffset>> offsets_;
  std::set<core::StreamId> going_back_;
  std::set<std::pair<core::StreamId, core::TargetIndex>> back_;  // for good
  std::set<core::CommandKey> commands_;
  std::set<std::string> rollouts_, sent_;
  std::vector<std::string> broken_;
};

}  // namespace rollbook::tests
