#pragma once
// RocksEventLog: the event log of one shard on a local RocksDB, the truth on one machine. A turn
// is one synced write; when append() returns a value, it is durable. Any failed append is final:
// what is on disk is unknown then, every later append fails too, and the process must end.
//
//   auto log = RocksEventLog::open("/var/lib/rollbook", options);
//   if (!log && log.error().failure == OpenFailure::locked) exit(6);
//   TRY(Appended appended, (*log)->append(turn, render));
//
// append() belongs to the loop's thread; all reads may be called from other threads meanwhile.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/runtime/event_log.h"
#include "store/open_error.h"

namespace rollbook::store {

struct RocksOptions {
  // False: a turn is written but not synced. For benchmarks; the promise does not hold then.
  bool sync = true;
  // Below this much free space on the disk `warn` is called; below `refuse_below` open() fails.
  std::uint64_t warn_below_bytes = 1 << 30;
  std::uint64_t refuse_below_bytes = 16 << 20;
  // Sentences for the engine's own log; called from the thread that opens or appends.
  std::function<void(const std::string&)> warn;
};

class RocksEventLog final : public runtime::EventLog {
 public:
  // Makes the directory when it is missing. Checks the format, the lock, free space, and the end
  // of the log: continuity of positions and hash chains since the last anchor, and the head file.
  static OpenResult<std::unique_ptr<RocksEventLog>> open(const std::string& directory,
                                                         RocksOptions options = {});
  ~RocksEventLog() override;

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

 private:
  class Writer;
  explicit RocksEventLog(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

}  // namespace rollbook::store
