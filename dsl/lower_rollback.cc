// Rollbacks: the guards' own, the softer ones, those by command, and what stages undo in all of
// them.
//
//   any stop ─► rollback.automatic.look ─ traffic was shifted ─► undo ─► its acts ─► rolled_back
//                                       └ nothing was done ─► aborted

#include <algorithm>

#include "dsl/format_value.h"
#include "dsl/lower_flow.h"

namespace rollbook::dsl {

using core::TriggerKind;

namespace {

bool runs(const std::vector<Step>& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const Step& step) {
    return step.kind == Step::Kind::act || step.kind == Step::Kind::until || runs(step.block);
  });
}

// Whether a rollback is owed to a stage, also where nothing was shifted in it: what the stage has
// run may be what the rollback's own runs take back.
bool owes(const StageOutline& stage, const std::vector<Step>& rollback) {
  return !stage.undo.empty() || (runs(stage.steps) && runs(rollback));
}

}  // namespace

bool Flow::shifts() const {
  for (const StageOutline& stage : outline_.stages) {
    for (const Step& step : stage.steps) {
      if (weight_after(step)) return true;
    }
  }
  return false;
}

// A block of that name is what the command runs; else one is made for it.
Flow::Label Flow::named_rollback(const std::string& name) {
  for (std::size_t i = 0; i < outline_.rollbacks.size(); ++i) {
    if (outline_.rollbacks[i].name == name) return rollbacks_[i];
  }
  return builder_.label();
}

// Those that no guard leads to, and those that only a command does.
void Flow::lower_softer(StateIndex parent) {
  bool gradual = false;
  bool immediate = !ranked_.empty();
  for (std::size_t i = 0; i < outline_.rollbacks.size(); ++i) {
    gradual = gradual || outline_.rollbacks[i].name == "gradual";
    immediate = immediate || outline_.rollbacks[i].name == "immediate";
    if (rank_of(i) == kSofterRank) lower_rollback(i, parent);
  }
  if (!gradual) lower_plain_rollback("rollback.gradual", parent, gradual_);
  if (!immediate) lower_plain_rollback("rollback.immediate", parent, immediate_);
  if (shifts()) lower_partial(parent);
}

core::StateIndex Flow::begin_rollback(const std::string& name, StateIndex parent,
                                      std::uint32_t rank) {
  core::State compound = rollback_state(name, name);
  compound.rollback_rank = rank;
  return builder_.add_compound(parent, std::move(compound));
}

// What waits runs in order; a failed run pages (Machine::pager) and does not keep the rest from
// happening.
void Flow::lower_rollback(std::size_t index, StateIndex parent) {
  const RollbackOutline& rollback = outline_.rollbacks[index];
  const std::string name = "rollback." + rollback.name;
  const StateIndex compound = begin_rollback(name, parent, rank_of(index));
  builder_.at(compound).entry = builder_.add_effects(rollback.entry);
  builder_.at(compound).span = rollback.span;
  builder_.at(compound).lowers = lowerings_of(index);
  builder_.bind(rollbacks_[index], compound);
  const Label done_label = is_whole(index) ? rolled_back_ : some_back_;
  const Label acts = builder_.label();
  const bool looks =
      is_whole(index) && comes_before_shift(index) && !lowers_beginning(rollback.steps);
  const std::vector<Owed> taken_back = looks ? owed(rollback.steps) : std::vector<Owed>{};
  if (is_whole(index)) lower_taking_back(name, compound, taken_back, acts);
  const bool nothing = looks && taken_back.empty();
  if (rollback.steps.empty()) {
    const StateIndex done = builder_.add_state(compound, rollback_state(name + ".done", name));
    builder_.at(done).span = rollback.span;
    builder_.go(done, on(TriggerKind::always), nothing ? aborted_ : done_label,
                {.label = "nothing else to do"});
    builder_.bind(acts, done);
    return;
  }
  builder_.bind(acts, lower_steps(rollback.steps, Steps{name + ".", compound, name, nullptr,
                                                        done_label, done_label}));
}

// By command, where the runbook has no block for it: back to where the rollout began, in a ramp
// when that is wished for.
void Flow::lower_plain_rollback(const std::string& name, StateIndex parent, Label begin) {
  const bool softer = name == "rollback.gradual";
  const StateIndex compound = begin_rollback(name, parent, softer ? kSofterRank : kSofterRank + 1);
  builder_.bind(begin, compound);
  builder_.at(compound).lowers = lowerings_by_command(core::TargetIndex{}, !softer);
  const Label acts = builder_.label();
  lower_undo(name, compound, acts);
  if (!shifts()) {
    const StateIndex done = builder_.add_state(compound, rollback_state(name + ".done", name));
    builder_.go(done, on(TriggerKind::always), rolled_back_, {.label = "nothing else to do"});
    builder_.bind(acts, done);
    return;
  }
  core::State ramp = rollback_state(name + ".ramp", name);
  const core::Duration over = softer ? core::kGradualOver : core::Duration::zero();
  ramp.ramp = core::Ramp{core::kNoTraffic,       over, core::kGradualEvery,
                         core::Duration::zero(), true, targets()};
  const StateIndex state = builder_.add_state(compound, std::move(ramp));
  builder_.go(state, on(TriggerKind::settled), rolled_back_, {.label = "traffic is at 0%"});
  builder_.bind(acts, state);
}

// To a weight that the command names, above nothing; there the rollout halts.
void Flow::lower_partial(StateIndex parent) {
  const std::string name = "rollback.partial";
  core::State ramp = rollback_state(name, name);
  ramp.rollback_rank = kSofterRank;
  ramp.ramp = core::Ramp{
      core::kNoTraffic, core::kGradualOver, core::kGradualEvery, core::Duration::zero(), true,
      targets()};
  const StateIndex state = builder_.add_state(parent, std::move(ramp));
  builder_.bind(partial_, state);
  builder_.go(state, on(TriggerKind::settled), builder_.halt(),
              {.label = "traffic is at the weight that was asked for"});
}

// A guard that is armed from the start leads to it. What else does so in a stage that has not
// shifted says it in so many words, and has it as it is written.
bool Flow::comes_before_shift(std::size_t rollback) const {
  return std::any_of(outline_.guards.begin(), outline_.guards.end(),
                     [&](const GuardOutline& guard) {
                       return guard.always && guard.otherwise.kind == Exit::Kind::rollback &&
                              guard.otherwise.target == rollback;
                     });
}

bool Flow::lowers_beginning(const std::vector<Step>& steps) const {
  const std::vector<core::TargetIndex> all = targets_of(outline_);
  return std::any_of(all.begin(), all.end(), [&](core::TargetIndex target) {
    const std::optional<core::Weight> to = weight_after(steps, target);
    return to && *to < begins_of(outline_, target);
  });
}

std::vector<Flow::Owed> Flow::owed(const std::vector<Step>& rollback) const {
  std::vector<Owed> owed;
  if (first_shift_.valid()) owed.push_back({first_shift_, "traffic was shifted"});
  const core::Machine& machine = builder_.machine();
  for (std::size_t i = 0; i < outline_.stages.size(); ++i) {
    const StateIndex stage = machine.stages[i].state;
    // Not the stage itself: that is forgotten as soon as it is undone.
    const StateIndex begin = machine.leaf(stage);
    if (owes(outline_.stages[i], rollback) && begin != first_shift_) {
      owed.push_back({begin, "`" + outline_.stages[i].name + "` was entered"});
    }
    // Whoever comes further has come by the first shift.
    if (first_shift_.valid() && machine.contains(stage, first_shift_)) break;
  }
  return owed;
}

// Before its acts: what it has to take back. Where that is nothing its messages are out, and that
// is all: nobody waits for the settlement of a shift that lowers nothing.
void Flow::lower_taking_back(const std::string& name, StateIndex compound,
                             const std::vector<Owed>& owed, Label acts) {
  const Label undo = !owed.empty() && undoes() ? builder_.label() : acts;
  if (!owed.empty()) {
    const StateIndex look = builder_.add_state(compound, rollback_state(name + ".look", name));
    builder_.at(look).span = builder_.at(compound).span;
    for (const Owed& one : owed) {
      builder_.go(look, on_entered(one.entered), undo, {.label = one.label});
    }
    builder_.go(look, on(TriggerKind::always), aborted_,
                {.label = "nothing was shifted, and nothing has to be undone"});
  }
  const StateIndex first = lower_undo(name, compound, acts);
  if (!owed.empty() && first.valid()) builder_.bind(undo, first);
}

bool Flow::undoes() const {
  return std::any_of(outline_.stages.begin(), outline_.stages.end(),
                     [](const StageOutline& stage) { return !stage.undo.empty(); });
}

// For each stage that was entered, the last one first: a branch point, what it undoes, and a mark
// that it is done, so that a faster rollback that takes over does not undo it again.
core::StateIndex Flow::lower_undo(const std::string& name, StateIndex compound, Label next) {
  const auto& stages = outline_.stages;
  std::vector<std::size_t> undone;
  for (std::size_t i = stages.size(); i-- > 0;) {
    if (!stages[i].undo.empty()) undone.push_back(i);
  }
  Label begin;
  StateIndex first;
  for (std::size_t k = 0; k < undone.size(); ++k) {
    const StageOutline& stage = stages[undone[k]];
    const StateIndex entered = builder_.machine().stages[undone[k]].state;
    const std::string path = name + ".undo." + stage.name;
    const Label after = k + 1 == undone.size() ? next : builder_.label();
    const StateIndex branch = builder_.add_state(compound, rollback_state(path, name));
    builder_.at(branch).span = stage.span;
    if (k > 0) builder_.bind(begin, branch);
    if (k == 0) first = branch;
    const Label steps = builder_.label();
    const Label done = builder_.label();
    builder_.go(branch, on_entered(entered), steps, {.label = "`" + stage.name + "` is undone"});
    builder_.go(branch, on(TriggerKind::always), after,
                {.label = "`" + stage.name + "` was not entered"});
    builder_.bind(steps,
                  lower_steps(stage.undo, Steps{path + ".", compound, name, nullptr, done, done}));
    const StateIndex mark = builder_.add_state(compound, rollback_state(path + ".done", name));
    builder_.at(mark).span = stage.span;
    builder_.bind(done, mark);
    builder_.go(mark, on(TriggerKind::always), after, {.label = "`" + stage.name + "` is undone"})
        .undoes = entered;
    begin = after;
  }
  return first;
}

}  // namespace rollbook::dsl
