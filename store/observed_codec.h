#pragma once
// Observed, most of the log, as columns (event.proto). Internal to event_codec.

#include "engine/core/event.h"
#include "store/event.pb.h"
#include "store/wire_values.h"

namespace rollbook::store {

// `time` is the event's; `out` is clear.
void put_observed(const core::Observed& observed, core::Time time, wire::Observed& out);
// Overwrites `out`, reusing its memory.
void take_observed(const wire::Observed& stored, core::Time time, core::Observed& out,
                   Fault& fault);

}  // namespace rollbook::store
