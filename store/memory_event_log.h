#pragma once
// MemoryEventLog: the EventLog of tests and of the sandbox without `--data`. It keeps the very
// bytes that RocksEventLog would store, hash chain included, but nothing survives the object.
//
//   MemoryEventLog log;
//   log.append(turn, render);
//   assert(log.dump() == other_run.dump());   // same events, byte for byte

#include <cstddef>
#include <memory>
#include <string>

#include "engine/runtime/event_log.h"

namespace rollbook::store {

class MemoryEventLog final : public runtime::EventLog {
 public:
  MemoryEventLog();
  ~MemoryEventLog() override;

  core::Result<runtime::Appended> append(const runtime::Turn& turn,
                                         const runtime::Render& render) override;
  core::Result<std::vector<core::StreamId>> streams() const override;
  core::Status read(core::StreamId stream, core::Sequence from,
                    const std::function<bool(const runtime::StoredEvent&)>& visit) const override;
  core::Result<std::vector<runtime::StoredEvent>> read_positions(runtime::Position after,
                                                                 std::size_t most) const override;
  runtime::Position last_position() const override;
  core::Result<runtime::Plan> plan(const core::Digest& digest) const override;
  core::Result<std::vector<runtime::OutboxRow>> outbox() const override;
  core::Result<std::optional<std::string>> value(const std::string& name) const override;

  // Every event in the global order: stream (8) | sequence (8) | length (8) | row of FORMAT.md.
  std::string dump() const;
  // Bytes of all rows in `events`: what the log grows by.
  std::size_t event_bytes() const;

  // From now on every append fails, as on a disk that is full or gone.
  void fail_appends(std::string why);

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace rollbook::store
