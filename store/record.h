#pragma once
// Rows and keys of the log, byte by byte as FORMAT.md has them, and the hash chain over them.
// Everything here is pure; who stores the bytes is rocks_event_log and memory_event_log.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/event.h"
#include "engine/core/types.h"
#include "engine/runtime/event_log.h"
#include "store/event_codec.h"
#include "store/hash.h"

namespace rollbook::store {

inline constexpr int kFormatVersion = 1;
inline constexpr std::uint8_t kEventRowVersion = 1;
inline constexpr std::size_t kEnvelopeBytes = 26;
inline constexpr std::size_t kHashBytes = std::tuple_size_v<Hash>;
inline constexpr std::size_t kPositionRowBytes = 16 + kHashBytes;

// ---- Numbers and keys -----------------------------------------------------------------------

void append_u64(std::string& out, std::uint64_t value);  // big-endian
std::uint64_t read_u64(const char* bytes);

// A key of fixed length without the heap.
template <std::size_t size>
struct FixedKey {
  std::array<char, size> bytes{};
  std::string_view view() const { return {bytes.data(), size}; }
};
FixedKey<8> position_key(runtime::Position position);
FixedKey<16> event_key(core::StreamId stream, core::Sequence sequence);
// A prefix byte before a stream and a sequence: outbox rows.
FixedKey<17> outbox_key(core::StreamId stream, core::Sequence sequence);
inline constexpr char kAnchorPrefix = 'a';
inline constexpr char kDurableKey = 'd';
inline constexpr char kOutboxPrefix = 'o';
inline constexpr char kValuePrefix = 'v';

// ---- Events ---------------------------------------------------------------------------------

// What stands before the first event of a stream, and before position 1.
Hash stream_seed(core::StreamId stream);
Hash log_seed();

// A row of `events`, taken apart; views into its bytes.
struct EventRow {
  std::uint8_t version = 0;
  std::uint8_t kind = 0;
  runtime::Position position;
  core::Time time{};
  core::Sequence cause;
  std::string_view hashed;  // envelope and body
  std::string_view body;
  std::string_view hash;
};
// False: too short to be a row.
bool split_row(std::string_view bytes, EventRow& row);

// "stream 3, event 17", "the shard's stream, event 2": for messages.
std::string place_of(core::StreamId stream, core::Sequence sequence);

// Makes rows of events. One per writer: it keeps its buffers.
class RowEncoder {
 public:
  // The row of `event` at `position`, after an event with hash `previous`; `plan_hash` is what a
  // RolloutStarted pins, or nullptr. The view holds until the next call.
  std::string_view encode(const core::Event& event, runtime::Position position,
                          const Hash& previous, const Hash* plan_hash);
  // Of the last row.
  const Hash& hash() const { return hash_; }

 private:
  EventCodec codec_;
  Sha256 sha_;
  std::string row_;
  Hash hash_{};
};

// Makes events of rows. `out` is reused, so that a log is read without heap churn.
class RowDecoder {
 public:
  // Error: names the place and what is wrong. Does not check the chain.
  core::Status decode(core::StreamId stream, core::Sequence sequence, std::string_view row,
                      runtime::StoredEvent& out);

 private:
  EventCodec codec_;
};

// The plan_hash that a RolloutStarted's body pins; empty when it has none or is none.
std::string pinned_plan_hash(const EventRow& row);

// ---- Positions ------------------------------------------------------------------------------

struct PositionRow {
  core::StreamId stream;
  core::Sequence sequence;
  Hash hash{};
};
FixedKey<kPositionRowBytes> encode_position(const PositionRow& row);
bool decode_position(std::string_view bytes, PositionRow& row);

// ---- Outbox ---------------------------------------------------------------------------------

std::string encode_outbox(const runtime::OutboxRow& row);
core::Result<runtime::OutboxRow> decode_outbox(runtime::OutboxKey key, std::string_view value);

}  // namespace rollbook::store
