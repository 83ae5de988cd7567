#pragma once
// RocksReader: the log as a reader beside a running engine sees it (a RocksDB secondary), or of
// an engine that is stopped. It writes nothing, takes no lock, and shows only what was durable
// when refresh() last looked. It is an EventLog whose append() refuses. Belongs to one thread.
//
//   TRY(auto reader, RocksReader::open(directory));
//   reader->read(stream, Sequence{1}, visit);
//   TRY_DO(reader->refresh());   // sees what was appended meanwhile

#include <memory>
#include <string>

#include "engine/runtime/event_log.h"
#include "store/open_error.h"

namespace rollbook::store {

class RocksTables;
struct HeadMark;

class RocksReader final : public runtime::EventLog {
 public:
  static OpenResult<std::unique_ptr<RocksReader>> open(const std::string& directory);
  ~RocksReader() override;

  // Looks again. Error: the log cannot be read any more.
  core::Status refresh();

  // Always an error: this log is open for reading.
  core::Result<runtime::Appended> append(const runtime::Turn& turn,
                                         const runtime::Render& render) override;
  core::Result<std::vector<core::StreamId>> streams() const override;
  core::Status read(core::StreamId stream, core::Sequence from,
                    const std::function<bool(const runtime::StoredEvent&)>& visit) const override;
  core::Result<std::vector<runtime::StoredEvent>> read_positions(runtime::Position after,
                                                                 std::size_t most) const override;
  // The last durable position at the last refresh().
  runtime::Position last_position() const override;
  core::Result<runtime::Plan> plan(const core::Digest& digest) const override;
  core::Result<std::vector<runtime::OutboxRow>> outbox() const override;
  core::Result<std::optional<std::string>> value(const std::string& name) const override;

  // For verify().
  const std::string& directory() const;
  const RocksTables& tables() const;
  // The head file as it was before the last refresh(); nullptr: none, or torn.
  const HeadMark* head() const;

 private:
  struct View;
  explicit RocksReader(std::unique_ptr<View> view);
  std::unique_ptr<View> view_;
};

}  // namespace rollbook::store
