#include "tools/beside.h"

#include "engine/runtime/loop.h"
#include "engine/runtime/refusals.h"
#include "store/lock_look.h"

namespace rollbook::tools {
namespace {

using namespace std::chrono_literals;

constexpr core::Duration kTurns = 10s;  // an engine writes its heartbeat down every second

}  // namespace

adapters::Beside::Engine engine_of(const store::RocksReader& log, core::Time now) {
  adapters::Beside::Engine engine;
  if (const auto heartbeat = runtime::Loop::last_heartbeat(log)) engine.last_turn = *heartbeat;
  const bool turns = engine.last_turn && now - *engine.last_turn < kTurns;
  engine.running = turns || store::is_seen_locked(log.directory());
  return engine;
}

adapters::Beside beside_of(const store::RocksReader& log, core::StreamId stream, core::Time now) {
  adapters::Beside beside;
  const auto refused = log.value(runtime::refusals_name(stream));
  if (refused && *refused) beside.refused = runtime::decode_refusals(**refused);
  beside.engine = engine_of(log, now);
  return beside;
}

}  // namespace rollbook::tools
