#pragma once
// TurnWriter: what one turn puts into the log, the same for every implementation of EventLog: it
// numbers positions, chains hashes, pins plans and renders the outbox. Where the rows go is the
// sink's business, what the log already holds the source's. Internal to store.
//
//   TRY(Appended appended, writer.write(turn, render, sink));
//   … make what the sink holds durable …
//   writer.commit();

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/runtime/event_log.h"
#include "store/hash.h"
#include "store/record.h"

namespace rollbook::store {

// The last event of a stream; sequence 0 and the stream's seed before the first.
struct Head {
  core::Sequence sequence;
  Hash hash{};
};

class TurnSource {
 public:
  virtual ~TurnSource() = default;
  virtual core::Result<Head> head(core::StreamId stream) const = 0;
  // The stored value of a plan, or nothing.
  virtual core::Result<std::optional<std::string>> plan_row(const Hash& digest) const = 0;
};

class TurnSink {
 public:
  virtual ~TurnSink() = default;
  virtual void put_event(core::StreamId stream, core::Sequence sequence, std::string_view row) = 0;
  virtual void put_position(runtime::Position position, const PositionRow& row) = 0;
  virtual void put_plan(const Hash& digest, std::string_view row) = 0;
  virtual void open_outbox(const runtime::OutboxRow& row) = 0;
  virtual void close_outbox(runtime::OutboxKey key) = 0;
  virtual void put_value(const runtime::Value& value) = 0;
};

class TurnWriter {
 public:
  // `source` must outlive the writer.
  explicit TurnWriter(const TurnSource& source) : source_(source), global_(log_seed()) {}

  // Where a log that is there already goes on.
  void go_on_from(runtime::Position last, const Hash& last_hash, const Hash& global);

  // Error: events do not go on where their stream ends, or a digest is none; nothing has reached
  // the sink then.
  core::Result<runtime::Appended> write(const runtime::Turn& turn, const runtime::Render& render,
                                        TurnSink& sink);
  // The turn last written is durable.
  void commit();

  runtime::Position last() const { return last_; }
  // The hash of the event at last(), and the global chain up to it.
  const Hash& last_hash() const { return last_hash_; }
  const Hash& global() const { return global_; }

 private:
  struct Staged {
    std::unordered_map<std::uint64_t, Head> heads;
    std::map<core::Digest, std::string> new_plans;  // rows by digest
    std::map<core::Digest, Hash> pins;
    runtime::Position last;
    Hash last_hash{};
    Hash global{};
  };

  core::Result<Head> head_of(core::StreamId stream);
  core::Status check_events(const runtime::Turn& turn);
  core::Status stage_plans(const runtime::Turn& turn);
  core::Status pin(const core::Digest& digest);
  void write_event(const core::Event& event, TurnSink& sink);

  const TurnSource& source_;
  RowEncoder encoder_;
  Sha256 sha_;
  std::unordered_map<std::uint64_t, Head> heads_;  // of streams written since the start
  runtime::Position last_;
  Hash last_hash_{};
  Hash global_;
  Staged staged_;
};

}  // namespace rollbook::store
