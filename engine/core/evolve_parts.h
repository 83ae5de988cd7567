#pragma once
// The parts of evolve() that have a file of their own: what was measured, and traffic with all that
// is awaited. Each folds its share of one event into the state. Internal to evolve*.cc.

#include "engine/core/decide.h"

namespace rollbook::core {

// evolve_measured.cc
struct MeasuredFold {
  const Machine& machine;
  RolloutState& state;
  const Event& event;

  void take(const Observed& body) const;
  // What is counted from that floor on begins anew; of one target, with its guard.
  void clear(Floor floor) const;
  void clear_guard_of(TargetIndex target) const;

 private:
  void lay_out(const Layout& layout) const;
  void fill(std::size_t i, const Observed& body) const;
};

// evolve_traffic.cc
struct TrafficFold {
  const Machine& machine;
  RolloutState& state;
  const Event& event;

  void start(const RolloutStarted& body) const;
  void request(const EffectRequested& body) const;
  void settle(const EffectSettled& body) const;
  // From the state that was left: what goes back, and the ramp that begins.
  void move(StateIndex from, const Transitioned& body) const;
  // A ramp that had failed goes on from the weight that it has come to.
  void resume_ramp() const;
  // What somebody wishes of the rollback that is about to begin.
  void aim_rollback(const Command& command) const;

 private:
  void sum_up_targets() const;
  void plan_retry(EffectState& effect) const;
  void count_attempt(EffectState& effect) const;
  void stop_retries(Sequence first) const;
  void request_traffic(const EffectRequested& body, EffectState& effect) const;
  void request_of_target(const EffectRequested& body) const;
  bool settle_weight(const EffectState& effect) const;
  void begin_ramp(const Ramp& ramp) const;
  void forget_wish() const;
  void forget_breach() const;
  bool is_commanded(TransitionIndex by) const;
  bool is_new(StateIndex inside, StateIndex from) const;
  bool enters_lowering(StateIndex from, StateIndex to) const;
  void go_back(StateIndex from, const Transitioned& body) const;
  void lower_target(const Lowering& lowering) const;
};

}  // namespace rollbook::core
