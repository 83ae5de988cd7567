#pragma once
// Beside: what a log's directory says of a rollout beside its events: whether an engine is there to
// run it, and which of its points are refused.

#include "adapters/wire/standing.h"
#include "store/rocks_reader.h"
#include "tools/cli.h"

namespace rollbook::tools {

// The lock says it; where it cannot be seen, that the engine's last turn was seconds ago.
adapters::Beside::Engine engine_of(const store::RocksReader& log, core::Time now);

adapters::Beside beside_of(const store::RocksReader& log, core::StreamId stream, core::Time now);

}  // namespace rollbook::tools
