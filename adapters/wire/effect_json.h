#pragma once
// EffectRequested → the message for the topic rollbook.effects (contract.md, Effects out). The
// bytes are made once, in the turn that requests the effect, and kept in the outbox: sent again
// they are the same.
//
//   options.render = [&](const auto& machine, const auto& state, const auto& event, auto hashes) {
//     return effect_row(topics.effects, machine, state, event, hashes);
//   };

#include <string>

#include "engine/core/event.h"
#include "engine/core/machine.h"
#include "engine/core/state.h"
#include "engine/runtime/bus.h"
#include "engine/runtime/effect_hashes.h"
#include "engine/runtime/event_log.h"

namespace rollbook::adapters {

// `event` holds an EffectRequested; `state` has evolved by it; `hashes` are of the event, and of
// the one that it requests again. Traffic upwards and acts of stages are `forward`: a rollback
// takes them back undelivered.
runtime::OutboxRow effect_row(const std::string& topic, const core::Machine& machine,
                              const core::RolloutState& state, const core::Event& event,
                              const runtime::EffectHashes& hashes);

// The row as a message of the bus, with its type.
runtime::Outgoing message_of(const runtime::OutboxRow& row);

}  // namespace rollbook::adapters
