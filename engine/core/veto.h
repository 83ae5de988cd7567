#pragma once
// Veto: `when baseline fails too halt`. A stop of such a guard carries in Trigger::unless its own
// conditions on the baseline's share (Criterion::veto), which are judged in the same look. While
// all of them fail the cause is shared, and the stop does not act: a transition beside it, which
// needs both, halts the rollout instead. Halted, the stop stays armed.
//
// Two arms never cross a limit in the same instant, so a stop is not hasty: where the baseline may
// be about to fail as well it waits until that is known, and where the canary recovers together
// with it, too. A baseline that is known to be healthy, and one that nothing is known of, is not
// waited for. Called by decide() alone; some comparisons of sums, and only while a stop fails.

#include "engine/core/found.h"

namespace rollbook::core {

// All conditions of the stop fail.
bool fails(const Machine& machine, const RolloutState& state, const Trigger& trigger);

// Whether a stop that fails moves traffic: the baseline does not fail as well, and nothing is to be
// waited for any more.
bool acts(const Machine& machine, const RolloutState& state, const Trigger& trigger, Time now);

// Whether such a stop fails and has not acted: nothing goes forward meanwhile.
bool is_held_back(const Machine& machine, const RolloutState& state);
// Whether the criterion is a condition of such a stop: when it no longer fails, what it barred
// ends.
bool may_be_held_back(const Machine& machine, CriterionIndex criterion);

// Whether such a stop waits for what an arm says next.
bool awaits_points(const Machine& machine, const RolloutState& state, Time now);

// Whether the baseline's share of a condition, `subject`, fails though its test or its window does
// not say so yet: what it brought in the last `stale_after` breaks the limit, and the canary's did
// `stale_after` ago, or is proven by what the baseline has as well. One arm may need much longer:
// the jump into a failure is taken for a burst, the more so the more requests there are, and after
// a shift most of the canary's window has come since, and most of the baseline's before. Sets the
// reading to what was measured.
bool is_taken_for_failing(const Subject& subject, Time now, Reading& reading);

// When next it has waited long enough for something; kDistantFuture: it does not wait.
Time waits_until(const Machine& machine, const RolloutState& state, const Trigger& trigger,
                 Time now);

}  // namespace rollbook::core
