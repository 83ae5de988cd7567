#pragma once
// Time zones by their IANA names, from the system's tzdata. The compiler asks once and writes the
// answer into the machine, so that two engines, or an engine and a replay, never differ by theirs.

#include <optional>
#include <string>
#include <vector>

#include "engine/core/calendar.h"

namespace rollbook::dsl {

// The offsets of a zone up to the end of 2037, as far as compiled tzdata reach; nothing when there
// is no zone of that name. Always the same years, so that a text compiles to one machine whenever
// it is compiled.
std::optional<std::vector<core::OffsetChange>> zone_offsets(const std::string& name);

// Every name; empty when this machine has no tzdata.
std::vector<std::string> zone_names();

}  // namespace rollbook::dsl
