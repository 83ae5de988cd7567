#pragma once
// The words that JSON and people see for the core's closed sets. A word that has been written to
// a topic never changes.

#include <span>
#include <string_view>

#include "engine/core/event.h"
#include "engine/core/machine.h"

namespace rollbook::adapters {

std::string_view name_of(core::EffectKind kind);        // "traffic", "run", …
std::string_view name_of(core::EffectOutcome outcome);  // "succeeded", "failed", "timed_out"
std::string_view name_of(core::Verdict verdict);        // "undecided", "pass", "fail", "no_data"
std::string_view name_of(core::Missing missing);        // "no_series", …; "" for none
std::string_view name_of(core::Outcome outcome);        // "succeeded", "rolled_back", "aborted"
std::string_view name_of(core::Phase phase);            // "hold", "review", …
std::string_view name_of(core::Sight sight);            // "live", "catching_up", "unreachable"
std::string_view name_of(core::ItemKind kind);          // "confirm", "decide"
std::string_view name_of(core::Test test);              // "proportion", …; "" for none
std::string_view name_of(core::Classification classification);  // "pass", "high", …
std::string_view name_of(core::Arm arm);                        // "canary", "baseline", "total"

// "rollout_started", "verdict_changed", …: the type of an event.
std::string_view type_of(const core::Body& body);
// All of them, in the order of core::Body.
std::span<const std::string_view> event_types();

// For people: "no series yet", "too few requests".
std::string_view words_for(core::Missing missing);

// How many answers satisfy a quorum.
std::size_t needed(const core::Quorum& quorum);

}  // namespace rollbook::adapters
