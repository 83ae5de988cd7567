#pragma once
// Advance: one input brought to rest, the inside of decide.h. Its parts read the state and change
// it only by emitting events, which evolve it at once.

#include <string>
#include <string_view>
#include <vector>

#include "engine/core/clocks.h"
#include "engine/core/decide.h"
#include "engine/core/judge.h"

namespace rollbook::core {

class Advance {
 public:
  Advance(const Machine& machine, ShardState& shard, RolloutState& state, Pending& pending,
          Time now, std::vector<Event>& out)
      : machine_(machine), shard_(shard), state_(state), pending_(pending), now_(now), out_(out) {}

  bool run(const InputBody& input);
  void enter_machine(Sequence cause);

 private:
  Sequence emit(Body body, Sequence cause);

  // Evidence and verdicts (advance.cc).
  bool look_is_due() const;
  void observe();
  void log_shares();
  bool judge();

  // The input itself (advance.cc, obey.cc).
  void take(const InputBody& input);
  void leave_out_pending(Time from, Time to);
  void page_lost_commands(const InputBody& input, Sequence cause);
  void obey(const Command& command);
  void refuse(const Command& command, std::string reason, std::string detail);
  Sequence accept(const Command& command);
  void confirm(const Command& command);
  void decide(const Command& command);
  void pause(const Command& command);
  void resume(const Command& command);
  void resume_halted(const Command& command);
  void promote(const Command& command);
  void extend(const Command& command);
  void roll_back(const Command& command);
  void roll_back_partly(const Command& command, TargetIndex target);
  void roll_back_again(const Command& command, TargetIndex target);
  void abort(const Command& command);
  void settle(const Command& command);
  void rebalance(const Command& command);
  const Question* question_of(const Command& command, ItemKind kind) const;
  bool may_answer(const Command& command, const Question& question);
  const Stage* stage() const;
  TransitionIndex triggered(TriggerKind kind, TargetIndex target = {}) const;

  // Moving (step.cc).
  bool step();
  bool enabled(const Transition& transition) const;
  bool enabled_while_halted(const Transition& transition) const;
  bool stops(const Trigger& trigger) const;
  void take_transition(TransitionIndex index, Sequence cause, std::string because);
  void move(TransitionIndex index, StateIndex to, Sequence cause, std::string because);
  void halt(Sequence cause, std::string because, CriterionIndex criterion);
  bool goes_back(const Transition& transition) const;
  bool has_no_way_back(const Transition& transition) const;
  bool is_short(const Transition& transition) const;
  bool lacks_requests(const Transition& transition) const;
  bool has_settled(const Transition& transition) const;
  bool barred() const { return waking_ || core::barred(machine_, state_); }

  // Why (reason.cc).
  void read_again(const Transition& transition);
  std::vector<CriterionIndex> quoted_by(const Transition& transition) const;
  std::vector<CriterionIndex> unmet() const;
  CriterionIndex failing() const;
  std::string lacking() const;
  const Promotion* promotion_of(const Transition& transition) const;
  std::string held_text(const Transition& transition) const;
  std::string said_no() const;
  std::string reason_of(const Transition& transition) const;
  Sequence cause_of(const Transition& transition);

  // `advance only` (hours.cc).
  bool closed() const { return !machine_.advance_only.open(now_); }
  bool has_opened() const;
  bool waits_for_opening(const Transition& transition) const;
  bool is_ready(const Transition& transition) const;

  // Acts (act.cc).
  // What brings an act about, in words; its evidence where that was a stop.
  struct Why {
    std::string text;
    CriterionIndex criterion{};
  };
  Why why() const;
  struct Act {
    EffectIndex spec;
    StateIndex owner;
    Sequence cause;
    Sequence retry_of{};
  };
  void request(const Act& act) { request(act, why()); }
  void request(const Act& act, const Why& why);
  struct Shift {
    TargetIndex target;
    Weight to;
    bool rollback = false;
    Duration deadline{};  // zero: the usual one
    EffectIndex spec{};
    StateIndex owner;
    Sequence retry_of{};
  };
  Sequence request_traffic(const Shift& shift, Sequence cause);
  void ask(ItemIndex item, Sequence cause);
  bool keep_time();
  bool step_ramp();
  bool retry_rollback();
  bool retry_act();
  bool act_is_wanted(const EffectState& effect) const;
  bool acts_settled(StateIndex leaf) const;
  bool acts_failed(StateIndex leaf) const;
  std::optional<EffectOutcome> outcome_of(EffectIndex effect) const;
  void page(std::string text, Sequence cause);
  void shift_again(TargetIndex target, Sequence cause);
  void shift_all_again(Sequence cause);

  // Targets (targets.cc).
  bool is_skipped(StateIndex owner) const;
  bool is_down(TargetIndex target) const;
  bool holds_of_targets(TriggerKind kind) const;
  void lower_the_rest(StateIndex from, StateIndex to, Sequence cause);
  bool lose_shift(const EffectState& effect, Sequence cause, const std::string& how);
  const std::string& breach_of(TargetIndex target) const;
  bool is_shut(TargetIndex target, StateIndex owner, Sequence after, Weight wanted) const;
  void tell_unbalanced(Sequence effect, const std::string& why, Sequence cause);

  // Reviews (gate.cc).
  enum class GateView { passes, fails, waits };
  GateView view_gate(const Gate& gate) const;
  bool chosen(ItemIndex item, std::uint32_t option) const;
  const Question* open_question(ItemIndex item) const;
  const Question* open_decision() const;

  const Machine& machine_;
  ShardState& shard_;
  RolloutState& state_;
  Pending& pending_;
  Time now_;
  std::vector<Event>& out_;
  Sequence cause_;                  // of what follows from the input
  std::vector<SourceOffset> read_;  // up to where, when the input came; empty: nothing new
  bool waking_ = false;             // what came while the engine was away has not been read yet
  bool instant_ = false;            // a moment at which reviews are looked at
  bool changed_ = false;            // a verdict of the review changed at all
  Sequence instant_cause_;          // what made it one
  std::string actor_, reason_;      // of the command under way
};

// Whether a reading is to be logged because of what it says of its criterion, whatever its numbers.
bool differs(const Reading& a, const Reading& b);

// Whether the answers to a question satisfy its quorum with a yes, and whether one says no.
bool quorum_agrees(const Quorum& quorum, const std::vector<Answer>& answers);

}  // namespace rollbook::core
