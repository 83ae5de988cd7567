#include "store/record.h"

#include <cstring>

#include "store/event.pb.h"
#include "store/wire_values.h"

namespace rollbook::store {
namespace {

constexpr char kOutboxRowVersion = 1;
constexpr std::string_view kStreamSeedText = "rollbook stream";
constexpr std::string_view kLogSeedText = "rollbook log";

void write_u64(char* out, std::uint64_t value) {
  const std::uint64_t big_endian = __builtin_bswap64(value);
  std::memcpy(out, &big_endian, sizeof big_endian);
}

}  // namespace

void append_u64(std::string& out, std::uint64_t value) {
  char bytes[8];
  write_u64(bytes, value);
  out.append(bytes, sizeof bytes);
}

std::uint64_t read_u64(const char* bytes) {
  std::uint64_t big_endian = 0;
  std::memcpy(&big_endian, bytes, sizeof big_endian);
  return __builtin_bswap64(big_endian);
}

FixedKey<8> position_key(runtime::Position position) {
  FixedKey<8> key;
  write_u64(key.bytes.data(), position.value);
  return key;
}

FixedKey<16> event_key(core::StreamId stream, core::Sequence sequence) {
  FixedKey<16> key;
  write_u64(key.bytes.data(), stream.value);
  write_u64(key.bytes.data() + 8, sequence.value);
  return key;
}

FixedKey<17> outbox_key(core::StreamId stream, core::Sequence sequence) {
  FixedKey<17> key;
  key.bytes[0] = kOutboxPrefix;
  write_u64(key.bytes.data() + 1, stream.value);
  write_u64(key.bytes.data() + 9, sequence.value);
  return key;
}

Hash stream_seed(core::StreamId stream) {
  std::string text(kStreamSeedText);
  append_u64(text, stream.value);
  return Sha256().of(text);
}

Hash log_seed() { return Sha256().of(kLogSeedText); }

bool split_row(std::string_view bytes, EventRow& row) {
  if (bytes.size() < kEnvelopeBytes + kHashBytes) return false;
  row.version = static_cast<std::uint8_t>(bytes[0]);
  row.kind = static_cast<std::uint8_t>(bytes[1]);
  row.position = {read_u64(bytes.data() + 2)};
  row.time = take_time(static_cast<std::int64_t>(read_u64(bytes.data() + 10)));
  row.cause = {read_u64(bytes.data() + 18)};
  row.hashed = bytes.substr(0, bytes.size() - kHashBytes);
  row.body = row.hashed.substr(kEnvelopeBytes);
  row.hash = bytes.substr(bytes.size() - kHashBytes);
  return true;
}

std::string place_of(core::StreamId stream, core::Sequence sequence) {
  const std::string event = ", event " + std::to_string(sequence.value);
  if (stream == core::kShardStream) return "the shard's stream" + event;
  return "stream " + std::to_string(stream.value) + event;
}

std::string_view RowEncoder::encode(const core::Event& event, runtime::Position position,
                                    const Hash& previous, const Hash* plan_hash) {
  row_.clear();
  row_.push_back(static_cast<char>(kEventRowVersion));
  row_.push_back(static_cast<char>(kind_of(event.body)));
  append_u64(row_, position.value);
  append_u64(row_, static_cast<std::uint64_t>(put_time(event.time)));
  append_u64(row_, event.cause.value);
  codec_.encode(event, row_);
  if (plan_hash != nullptr) {
    // Protobuf messages may be put together by putting their bytes together.
    wire::RolloutStarted pinned;
    pinned.set_plan_hash(plan_hash->data(), plan_hash->size());
    pinned.AppendToString(&row_);
  }
  hash_ = sha_.of(previous, row_);
  row_.append(as_bytes(hash_));
  return row_;
}

core::Status RowDecoder::decode(core::StreamId stream, core::Sequence sequence,
                                std::string_view bytes, runtime::StoredEvent& out) {
  const auto refuse = [&](const std::string& why) {
    return core::fail(place_of(stream, sequence) + " cannot be read: " + why);
  };
  EventRow row;
  if (!split_row(bytes, row)) return refuse("its bytes are damaged");
  if (row.version != kEventRowVersion) {
    return refuse("unknown envelope version " + std::to_string(row.version) +
                  "; a newer rollbook wrote it");
  }
  out.position = row.position;
  out.hash = to_hex(row.hash.substr(0, 4));
  out.event.stream = stream;
  out.event.sequence = sequence;
  out.event.time = row.time;
  out.event.cause = row.cause;
  if (auto status = codec_.decode(row.kind, row.body, out.event); !status) {
    return refuse(status.error().message);
  }
  return {};
}

std::string pinned_plan_hash(const EventRow& row) {
  if (row.kind != static_cast<std::uint8_t>(EventKind::rollout_started)) return {};
  wire::RolloutStarted started;
  if (!started.ParseFromArray(row.body.data(), static_cast<int>(row.body.size()))) return {};
  return started.plan_hash();
}

FixedKey<kPositionRowBytes> encode_position(const PositionRow& row) {
  FixedKey<kPositionRowBytes> value;
  write_u64(value.bytes.data(), row.stream.value);
  write_u64(value.bytes.data() + 8, row.sequence.value);
  std::memcpy(value.bytes.data() + 16, row.hash.data(), row.hash.size());
  return value;
}

bool decode_position(std::string_view bytes, PositionRow& row) {
  if (bytes.size() != kPositionRowBytes) return false;
  row.stream = {read_u64(bytes.data())};
  row.sequence = {read_u64(bytes.data() + 8)};
  std::memcpy(row.hash.data(), bytes.data() + 16, row.hash.size());
  return true;
}

std::string encode_outbox(const runtime::OutboxRow& row) {
  wire::OutboxRow message;
  message.set_forward(row.forward);
  message.set_topic(row.topic);
  message.set_key(row.key);
  message.set_id(row.id);
  message.set_payload(row.payload);
  message.set_type(row.type);
  std::string value(1, kOutboxRowVersion);
  message.AppendToString(&value);
  return value;
}

core::Result<runtime::OutboxRow> decode_outbox(runtime::OutboxKey key, std::string_view value) {
  wire::OutboxRow message;
  if (value.empty() || value[0] != kOutboxRowVersion ||
      !message.ParseFromArray(value.data() + 1, static_cast<int>(value.size() - 1))) {
    return core::fail("the outbox row of " + place_of(key.stream, key.sequence) +
                      " cannot be read: its bytes are damaged or a newer rollbook wrote them");
  }
  return runtime::OutboxRow{key.stream,    key.sequence, message.forward(), message.topic(),
                            message.key(), message.id(), message.payload(), message.type()};
}

}  // namespace rollbook::store
