#pragma once
// Evenly: a rate or a count that is held against its own past step by step. What a sender counted
// between two points comes with the second of them; where steps are short, each point would be a
// burst of all that it tells, and a step's time would have nothing to do with what came in it. So
// here each increment is spread over the panes of the time in which it came, once and for all, as
// it comes in:
//
//   |--- 15 s, 900 counted ---|            panes of 6 s:  360 | 360 | 180 …
//
// That is whole up to where all senders were heard, and the test goes no further. What comes for
// panes that have been judged already (a sender that was away, a restart of the engine) counts in
// the first one that has not: nothing is counted twice, or not at all, and all that is once the
// present is once the past.
//
// A counter with `default 0` is silent while nothing happens: when in that time it came nobody
// knows, and it counts at its point. So does what took too long for the lag.

#include "engine/core/found.h"

namespace rollbook::core {

// The longest time over which what comes in the window is spread; zero: nothing is.
Duration spread_most(const Machine& machine, const Window& window);

// What the deltas bring to such a window, at least what they bring to others: its own, with those
// that are spread in parts.
std::vector<CellDelta> evenly(const Machine& machine, const RolloutState& state, WindowIndex window,
                              const std::vector<CellDelta>& deltas);

// For how long a step of the test lasts at least, so that what is spread leaves enough of the
// differences between two that a dispersion can be told from them; zero: nothing is spread.
Duration even_step(const Subject& subject);
// A dispersion that such steps have told, as it is: two of four intervals each share up to one, and
// differ by as much as 13 of 16 less.
Fixed without_spreading(const Subject& subject, Fixed dispersion);

}  // namespace rollbook::core
