#pragma once
// read_stream: one stream from a database, in order, its hash chain checked before anything of it
// is shown. A long stream is read on two threads: one fetches and hashes, the caller's decodes and
// visits, a few chunks behind. Internal to store.

#include <functional>

#include "engine/runtime/event_log.h"
#include "store/rocks_tables.h"

namespace rollbook::store {

// Error: the chain does not hold, an event is missing or cannot be decoded; names the place.
core::Status read_stream(const RocksTables& tables, core::StreamId stream, core::Sequence from,
                         runtime::Position limit,
                         const std::function<bool(const runtime::StoredEvent&)>& visit);

// Rows of one stream, one after the other, each checked against the one before it.
class ChainWalk {
 public:
  // Begins at `from`; the event before it, if any, is only taken for its hash.
  ChainWalk(const RocksTables& tables, core::StreamId stream, core::Sequence from);

  // The next row, or false at the end of the stream. Error: as read_stream. The row's views hold
  // until the next call.
  core::Result<bool> next(EventRow& row);
  // Of the row that next() gave, its bytes and its hash.
  core::Sequence sequence() const { return sequence_; }
  std::string_view bytes() const { return bytes_; }
  const Hash& hash() const { return hash_; }

 private:
  core::Status begin();
  core::Status check(const EventRow& row);

  core::StreamId stream_;
  core::Sequence from_;
  TableRange range_;
  Sha256 sha_;
  bool begun_ = false;
  core::Sequence sequence_;
  runtime::Position position_;
  std::string_view bytes_;
  Hash hash_{};
};

}  // namespace rollbook::store
