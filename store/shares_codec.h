#pragma once
// The part of Observed that breakdowns and exemplars fill. Internal to observed_codec.

#include "engine/core/event.h"
#include "store/event.pb.h"
#include "store/wire_values.h"

namespace rollbook::store {

// `time` is the event's.
void put_breakdowns(const core::Observed& observed, core::Time time, wire::Observed& out);
void take_breakdowns(const wire::Observed& stored, core::Time time, core::Observed& out,
                     Fault& fault);

}  // namespace rollbook::store
