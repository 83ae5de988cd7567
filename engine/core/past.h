#pragma once
// Past: metrics of before the start, for the windows that may reach there (Floor::before). The
// runtime reads them back apart from the live stream (engine/runtime/past.h) and hands them over
// whole, in one Observed: up to then such a window is not whole and opens no gate, and no part of
// a ratio is ever there without the other.

#include "engine/core/decide.h"

namespace rollbook::core {

// How far its windows reach back before the start: the widest. Zero: none does.
Duration reach_back(const Machine& machine);

// From where points count, so that such a window is whole at the start, though the last export may
// be as old as what is not yet stale.
Time counts_from(Time started, Duration reach, const Limits& limits);
// From where records are read: the first sample of a cumulative series is only a base.
Time reads_from(Time counts_from, const Limits& limits);

// evolve: it is asked for, and what was found comes in.
void begin_back(RolloutState& state, const ReadBack& back);
void take_past(const Machine& machine, RolloutState& state, const Past& past);

// Whether anything is judged by a window that reaches there.
bool looks_back(const Machine& machine, const Criterion& criterion);

}  // namespace rollbook::core
