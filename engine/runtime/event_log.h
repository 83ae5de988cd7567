#pragma once
// EventLog: the port to the log of one shard. One promise: when append() returns a value, the
// batch is durable and in order; when it returns an error, what is on disk is unknown and the
// process must end (no retry: a failed write has been seen to come back after a reopen).
//
// Called by the loop's thread, but read_positions(), plan() and the outbox reader may be called
// from the publishing thread at the same time. Implementations: store/rocks_event_log.h,
// store/memory_event_log.h; one typed test suite runs over both.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/machine.h"

namespace rollbook::runtime {

// A place in the global order of a shard's log: 1, 2, 3, … without holes.
struct Position {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const Position&) const = default;
};

// What a rollout runs; stored once under the digest of its expanded text.
struct Plan {
  core::Digest digest;   // SHA-256 of `expanded`
  std::string file;      // for messages
  std::string source;    // as the author sent it
  std::string expanded;  // imports inlined, parameters put in
  core::Machine machine;
};

// An event as the log holds it.
struct StoredEvent {
  Position position;
  std::string hash;  // 8 hex digits, the end of the public id
  core::Event event;
};

// A message that must go out; the same id always has the same bytes.
struct OutboxRow {
  core::StreamId stream;
  core::Sequence sequence;
  bool forward = false;  // a rollback cancels it while it is undelivered
  std::string topic;
  std::string key;
  std::string id;  // `<rollout>/<sequence>/<8 hex digits>`
  std::string payload;
  std::string type = {};  // of the CloudEvent, for its header
};
struct OutboxKey {
  core::StreamId stream;
  core::Sequence sequence;
  auto operator<=>(const OutboxKey&) const = default;
};

// A named value kept beside the events in the same batch: bases, cursors, the heartbeat.
struct Value {
  std::string name;
  std::string bytes;  // empty: the value is removed
};

// All that one turn of the loop makes durable together.
struct Turn {
  std::vector<core::Event> events;  // per stream by rising sequence, without holes
  std::vector<Plan> plans;
  std::vector<OutboxKey> closed;  // outbox rows delivered or cancelled
  std::vector<Value> values;
  bool empty() const { return events.empty() && plans.empty() && closed.empty() && values.empty(); }
};

// Makes the message of an event that has one. `hash` are the 8 hex digits of the event.
using Render =
    std::function<std::optional<OutboxRow>(const core::Event& event, std::string_view hash)>;

struct Appended {
  Position last;                    // of the last event; unchanged when there was none
  std::vector<std::string> hashes;  // 8 hex digits for each event of the turn
  std::vector<OutboxRow> outbox;    // what was rendered, to be sent now
};

class EventLog {
 public:
  virtual ~EventLog() = default;

  virtual core::Result<Appended> append(const Turn& turn, const Render& render) = 0;

  // Streams in use, rising, without the shard's own.
  virtual core::Result<std::vector<core::StreamId>> streams() const = 0;
  // Calls `visit` for each event of a stream from `from` on, in order, until it returns false.
  // Error: the chain does not hold, or a body cannot be decoded; names stream and sequence.
  virtual core::Status read(core::StreamId stream, core::Sequence from,
                            const std::function<bool(const StoredEvent&)>& visit) const = 0;
  // Up to `most` events after `after` in the global order.
  virtual core::Result<std::vector<StoredEvent>> read_positions(Position after,
                                                                std::size_t most) const = 0;
  virtual Position last_position() const = 0;

  // Error: no such plan.
  virtual core::Result<Plan> plan(const core::Digest& digest) const = 0;
  // Undelivered rows by stream and sequence.
  virtual core::Result<std::vector<OutboxRow>> outbox() const = 0;
  // Empty when there is none of that name.
  virtual core::Result<std::optional<std::string>> value(const std::string& name) const = 0;
};

}  // namespace rollbook::runtime
