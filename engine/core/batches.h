#pragma once
// Batches: how far the arms' shares of the traffic vary, beside what they would if each request
// were drawn by itself. A connection or a user that sticks to an arm is one draw of many requests,
// and a split of single draws would be disproved by a few of them.
//
// The time since the shift is parted into batches of one length. The canary's share x of n requests
// and y of m in the next vary by
//
//   (x − y n/m)² m/n   =   φ (n + m) p (1 − p)   in the mean,   p their common share
//
// (successive differences as in dispersion.h, so that a split that changes is no dispersion). When
// there are 16, each two become one, as in batch means (Schmeiser, Oper. Res. 30(3), 1982): what
// sticks for a minute shows once a batch is longer than that, and points that come to this side or
// that of a border weigh the less the longer it is. The first is left out, for senders begin with
// the shift.

#include "engine/core/found.h"

namespace rollbook::core {

// evolve: the batches that are over.
void take_batches(const Subject& subject, Time cut, TestState& test);

// How many requests are one draw, as far as is known at `cut`; at least 1.
Fixed dispersion_of_split(const Subject& subject, Time cut);

}  // namespace rollbook::core
