#pragma once
// Machines and plans as the log stores them (machine.proto, FORMAT.md). Exact both ways.

#include <string>
#include <string_view>

#include "engine/core/machine.h"
#include "engine/core/types.h"
#include "engine/runtime/event_log.h"

namespace rollbook::store {

inline constexpr char kPlanRowVersion = 1;

std::string encode_machine(const core::Machine& machine);
// Error: not a machine, or one that uses what this version does not know.
core::Result<core::Machine> decode_machine(std::string_view bytes);

// The value of a row in `plans`, with its version byte; the digest is the row's key.
std::string encode_plan(const runtime::Plan& plan);
core::Result<runtime::Plan> decode_plan(const core::Digest& digest, std::string_view value);

}  // namespace rollbook::store
