#pragma once
// Pane steps: what came pane by pane, from which a test learns how many events come at a time
// (dispersion.h). Of a share against a limit its rarer side; of two quantiles what lies above an
// edge near the other arm's. A pane of which something is still to come is no step yet.

#include "engine/core/found.h"

namespace rollbook::core {

bool has_steps(const Criterion& criterion);

// The window of all that could have had an event: a ratio's denominator, a quantile's own.
inline WindowIndex whole_of(const Criterion& criterion) {
  return criterion.denominator.valid() ? criterion.denominator : criterion.window;
}

// The borders of panes after `from` up to `to` at which a window had counted something; rising.
std::vector<Time> borders(const Subject& subject, WindowIndex counted, Time from, Time to);

// evolve: the panes that are over. How events come is a matter of the service, so it is learnt
// before a test begins as well.
void take_steps(const Machine& machine, RolloutState& state);
// evolve: steps are counted from `at` on, where the windows begin anew or their buckets are others.
void rebase_steps(const Subject& subject, Time at, TestState& test);

// How many events come at a time, as far as is known at `cut`, which is not before that of the
// test. A pane that is not over may raise it only.
Fixed dispersion_at(const Subject& subject, Time cut);

}  // namespace rollbook::core
