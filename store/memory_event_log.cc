#include "store/memory_event_log.h"

#include <map>
#include <mutex>
#include <vector>

#include "store/machine_codec.h"
#include "store/record.h"
#include "store/turn_writer.h"

namespace rollbook::store {

// The tables of FORMAT.md. `mutex` guards all of them: the loop's thread appends while the
// publishing thread reads.
struct MemoryEventLog::Tables final : TurnSource, TurnSink {
  mutable std::mutex mutex;
  std::map<core::StreamId, std::vector<std::string>> events;  // sequence n at n − 1
  std::vector<PositionRow> positions;                         // position n at n − 1
  std::map<Hash, std::string> plans;
  std::map<runtime::OutboxKey, std::string> outbox;
  std::map<std::string, std::string> values;
  std::optional<core::Error> failed;
  TurnWriter writer{*this};

  // ---- TurnSource, TurnSink: called with `mutex` held ----
  core::Result<Head> head(core::StreamId stream) const override {
    return Head{core::Sequence{}, stream_seed(stream)};
  }
  core::Result<std::optional<std::string>> plan_row(const Hash& digest) const override {
    const auto found = plans.find(digest);
    if (found == plans.end()) return std::nullopt;
    return found->second;
  }
  void put_event(core::StreamId stream, core::Sequence, std::string_view row) override {
    events[stream].emplace_back(row);
  }
  void put_position(runtime::Position, const PositionRow& row) override {
    positions.push_back(row);
  }
  void put_plan(const Hash& digest, std::string_view row) override {
    plans.emplace(digest, std::string(row));
  }
  void open_outbox(const runtime::OutboxRow& row) override {
    outbox.insert_or_assign({row.stream, row.sequence}, encode_outbox(row));
  }
  void close_outbox(runtime::OutboxKey key) override { outbox.erase(key); }
  void put_value(const runtime::Value& value) override {
    if (value.bytes.empty()) {
      values.erase(value.name);
    } else {
      values.insert_or_assign(value.name, value.bytes);
    }
  }

  const std::string& row_at(const PositionRow& position) const {
    return events.at(position.stream)[position.sequence.value - 1];
  }
};

MemoryEventLog::MemoryEventLog() : tables_(std::make_unique<Tables>()) {}
MemoryEventLog::~MemoryEventLog() = default;

core::Result<runtime::Appended> MemoryEventLog::append(const runtime::Turn& turn,
                                                       const runtime::Render& render) {
  const std::scoped_lock lock(tables_->mutex);
  if (tables_->failed) return tl::make_unexpected(*tables_->failed);
  auto appended = tables_->writer.write(turn, render, *tables_);
  if (appended) {
    tables_->writer.commit();
  } else {
    tables_->failed = appended.error();
  }
  return appended;
}

core::Result<std::vector<core::StreamId>> MemoryEventLog::streams() const {
  const std::scoped_lock lock(tables_->mutex);
  std::vector<core::StreamId> streams;
  for (const auto& [stream, rows] : tables_->events) {
    if (stream != core::kShardStream) streams.push_back(stream);
  }
  return streams;
}

core::Status MemoryEventLog::read(
    core::StreamId stream, core::Sequence from,
    const std::function<bool(const runtime::StoredEvent&)>& visit) const {
  RowDecoder decoder;
  runtime::StoredEvent event;
  std::string row;
  for (core::Sequence next{std::max<std::uint64_t>(from.value, 1)};; ++next.value) {
    {
      // Not held during `visit`, which may ask the log for more.
      const std::scoped_lock lock(tables_->mutex);
      const auto rows = tables_->events.find(stream);
      if (rows == tables_->events.end() || next.value > rows->second.size()) return {};
      row = rows->second[next.value - 1];
    }
    TRY_DO(decoder.decode(stream, next, row, event));
    if (!visit(event)) return {};
  }
}

core::Result<std::vector<runtime::StoredEvent>> MemoryEventLog::read_positions(
    runtime::Position after, std::size_t most) const {
  const std::scoped_lock lock(tables_->mutex);
  RowDecoder decoder;
  std::vector<runtime::StoredEvent> out;
  for (std::size_t i = after.value; i < tables_->positions.size() && out.size() < most; ++i) {
    const PositionRow& position = tables_->positions[i];
    TRY_DO(decoder.decode(position.stream, position.sequence, tables_->row_at(position),
                          out.emplace_back()));
  }
  return out;
}

runtime::Position MemoryEventLog::last_position() const {
  const std::scoped_lock lock(tables_->mutex);
  return tables_->writer.last();
}

core::Result<runtime::Plan> MemoryEventLog::plan(const core::Digest& digest) const {
  const std::scoped_lock lock(tables_->mutex);
  Hash key;
  if (from_hex(digest, key)) {
    const auto found = tables_->plans.find(key);
    if (found != tables_->plans.end()) return decode_plan(digest, found->second);
  }
  return core::fail("no plan `" + digest + "` in this log");
}

core::Result<std::vector<runtime::OutboxRow>> MemoryEventLog::outbox() const {
  const std::scoped_lock lock(tables_->mutex);
  std::vector<runtime::OutboxRow> rows;
  for (const auto& [key, value] : tables_->outbox) {
    TRY(auto row, decode_outbox(key, value));
    rows.push_back(std::move(row));
  }
  return rows;
}

core::Result<std::optional<std::string>> MemoryEventLog::value(const std::string& name) const {
  const std::scoped_lock lock(tables_->mutex);
  const auto found = tables_->values.find(name);
  if (found == tables_->values.end()) return std::nullopt;
  return found->second;
}

std::string MemoryEventLog::dump() const {
  const std::scoped_lock lock(tables_->mutex);
  std::string bytes;
  for (const PositionRow& position : tables_->positions) {
    const std::string& row = tables_->row_at(position);
    bytes.append(event_key(position.stream, position.sequence).view());
    append_u64(bytes, row.size());
    bytes.append(row);
  }
  return bytes;
}

std::size_t MemoryEventLog::event_bytes() const {
  const std::scoped_lock lock(tables_->mutex);
  std::size_t bytes = 0;
  for (const auto& [stream, rows] : tables_->events) {
    for (const std::string& row : rows) bytes += row.size();
  }
  return bytes;
}

void MemoryEventLog::fail_appends(std::string why) {
  const std::scoped_lock lock(tables_->mutex);
  tables_->failed = core::Error{std::move(why)};
}

}  // namespace rollbook::store
