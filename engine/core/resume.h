#pragma once
// Resuming: the books of what a rollout can go back to, and of what it goes on with after a halt.
// Called by evolve(), but for the question it answers.

#include "engine/core/decide.h"

namespace rollbook::core {

// A step was taken: it ends a halt, enters stages (and what a trigger `entered` asks about), and
// may leave the ways back fewer. After a rollback to more than nothing it knows the shift at which
// the stage would begin anew.
void end_halt(const Machine& machine, RolloutState& state, StateIndex from,
              const Transitioned& moved);

// Somebody resumed a halted rollout. It goes on where it stood: the hold has its remaining time,
// deadlines begin again, people are asked anew, and what had failed is tried once more.
void resume_halted(const Machine& machine, RolloutState& state, Time now);

// The baseline's share of a stop does not fail any more: its test begins anew, and the tests of the
// stops that it held back, as their proof has the same cause. What goes on is proven anew within
// some requests.
void baseline_recovered(const Machine& machine, RolloutState& state, CriterionIndex veto);

// Whether the same act has not been asked for anew since: only the last one is worth another try.
bool is_last_attempt(const RolloutState& state, Sequence sequence, const EffectState& effect);

}  // namespace rollbook::core
