#pragma once
// Dispersion: how many events come at a time. Errors come in bursts, and a likelihood that takes
// them for independent is overconfident by that factor; what is proven is divided by it
// (quasi-likelihood, McCullagh & Nelder 1989, ch. 9).
//
// It comes from differences between steps that follow each other, which a drift of the rate leaves
// alone (von Neumann's successive differences, 1941): of x events in n and y in m,
//   (x − y n/m)² m/n   is   φ (x + y) (1 − p)   in the mean,   p the share of events
// Until there are enough of these they count for more, at most as if all of a step had been one
// burst.

#include "engine/core/state.h"
#include "engine/core/stats.h"

namespace rollbook::core {

// One step more of two arms. The judged arm's differences count until the other has had events in
// so many steps that these say enough: later a canary that breaks is no burst.
void take_step(const stats::Step& step, Spread& spread);
// One step more of the only arm there is, whose events are single requests.
void take_step(const Part& part, Spread& spread);

// At least 1, at most 10⁹.
Fixed dispersion_of(const Spread& spread);

}  // namespace rollbook::core
