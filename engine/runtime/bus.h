#pragma once
// Bus: the port to the outside's topics. Bytes in and out; decoding is done by adapters/wire.
// Implementations: adapters/kafka (librdkafka), adapters/file_bus (JSON lines in a directory),
// adapters/memory_bus (the sandbox). One typed test suite runs over all.
//
// Delivery is at least once and in order per partition. A Consumer and a Producer belong to the
// thread that made them.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/event.h"
#include "engine/core/types.h"

namespace rollbook::runtime {

using core::SourceOffset;  // {topic, partition, next}

// A message as it came in; the views hold until the callback returns.
struct Record {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  core::Time time{};  // the record's timestamp
  std::string_view key;
  std::string_view value;
};

// Offsets that are gone: retention removed them before they were read.
struct Gap {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t from = 0;  // wanted
  std::int64_t to = 0;    // the first that is there
};

struct ConsumerEvents {
  std::function<void(const Record&)> on_record;
  std::function<void(const Gap&)> on_gap;            // then it goes on at `to`
  std::function<void(bool reachable)> on_reachable;  // changes only
};

class Consumer {
 public:
  virtual ~Consumer() = default;
  // Waits up to `wait` for a first record, then hands over what is there, up to `most`.
  // Returns how many. Error: only what cannot get better by itself (authorisation, no such topic).
  virtual core::Result<std::size_t> poll(core::Duration wait, std::size_t most,
                                         const ConsumerEvents& events) = 0;
  // The next offset of each partition, as of now: catching up ends there.
  virtual core::Result<std::vector<SourceOffset>> ends() = 0;
};

// Where a moment lies in a partition.
struct Place {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t begin = 0;  // the oldest record that is still there
  std::int64_t at = 0;     // the first of that moment or later; `end` when there is none
  std::int64_t end = 0;
};

// Offsets [from, to) of a partition.
struct Span {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t from = 0;
  std::int64_t to = 0;
};

// Reads some spans once, partitions merged by time as a Consumer merges a backlog. Private: it
// takes nothing from any consumer and holds little.
class SpanReader {
 public:
  virtual ~SpanReader() = default;
  // As Consumer::poll(); tells of gaps, never of reachability: while the bus is away nothing comes.
  virtual core::Result<std::size_t> poll(core::Duration wait, std::size_t most,
                                         const ConsumerEvents& events) = 0;
  // Nothing more will come.
  virtual bool done() const = 0;
};

struct Outgoing {
  std::string topic;
  std::string key;
  std::string id;    // header ce_id
  std::string type;  // header ce_type; "" for what is no CloudEvent
  std::string payload;
};

struct SendError : core::Error {
  // Of this message, or of all that went with it in one request. It does not go away.
  bool too_large = false;
};
using OnSent = std::function<void(std::optional<SendError>)>;

class Producer {
 public:
  virtual ~Producer() = default;
  // Never blocks; false when its buffer is full: poll() and try again. `delivered` is called from
  // poll(), with no error once the message is acknowledged by all replicas.
  virtual bool send(const Outgoing& message, OnSent delivered) = 0;
  // Serves delivery reports for up to `wait`.
  virtual void poll(core::Duration wait) = 0;
  // Waits up to `wait` until nothing is under way; returns how many are still.
  virtual std::size_t flush(core::Duration wait) = 0;
};

class Bus {
 public:
  virtual ~Bus() = default;
  // Reads all partitions of `topics` from `from`; a partition not named there begins at its end
  // when `new_from_end`, else at its beginning.
  // Error: unreachable within the connect limit, or a topic that is not there and names itself.
  virtual core::Result<std::unique_ptr<Consumer>> consumer(const std::vector<std::string>& topics,
                                                           const std::vector<SourceOffset>& from,
                                                           bool new_from_end) = 0;
  virtual core::Result<std::unique_ptr<Producer>> producer() = 0;
  // Present ends of all partitions of `topics`.
  virtual core::Result<std::vector<SourceOffset>> ends(const std::vector<std::string>& topics) = 0;
  // Where `time` lies in all partitions of `topics`. Error: as for ends().
  virtual core::Result<std::vector<Place>> places(const std::vector<std::string>& topics,
                                                  core::Time time) = 0;
  // Error: unreachable, or a topic that is not there.
  virtual core::Result<std::unique_ptr<SpanReader>> reader(const std::vector<Span>& spans) = 0;
  // Makes topics that are missing, where the bus can; Error: it cannot and says how to.
  virtual core::Status ensure_topics(const std::vector<std::string>& topics) = 0;
};

}  // namespace rollbook::runtime
