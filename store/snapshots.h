#pragma once
// Snapshots: encoded states kept beside the events, so that a start does not fold a whole stream
// again. A cache and nothing more: whoever finds none, or one that is of no use, reads the stream
// from its first event. The bytes of a state are the core's business (core::encode).
//
//   turn.values.push_back(snapshot_value({stream, state.last, core::encode(state)}));
//   if (auto snapshot = find_snapshot(log, stream)) …   // then read from snapshot->sequence + 1

#include <optional>
#include <string>

#include "engine/core/event.h"
#include "engine/runtime/event_log.h"

namespace rollbook::store {

struct Snapshot {
  core::StreamId stream;
  core::Sequence sequence;  // of the last event that is folded into it
  std::string state;
};

// "snapshot/17".
std::string snapshot_name(core::StreamId stream);
runtime::Value snapshot_value(const Snapshot& snapshot);
// Removes a stream's snapshot.
runtime::Value no_snapshot(core::StreamId stream);
// Nothing: there is none, it is of another version, or it cannot be read.
std::optional<Snapshot> find_snapshot(const runtime::EventLog& log, core::StreamId stream);

}  // namespace rollbook::store
