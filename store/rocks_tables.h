#pragma once
// RocksTables: the database of FORMAT.md with its four tables, opened for writing or as a reader
// beside a running engine, and the reads that both share. Internal to store: nothing outside sees
// a RocksDB type.
//
// Events beyond `limit` are not shown: a reader sees batches before they are synced.

#include <rocksdb/db.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/event_log.h"
#include "store/open_error.h"
#include "store/record.h"
#include "store/turn_writer.h"

namespace rollbook::store {

inline constexpr runtime::Position kNoLimit{UINT64_MAX};

inline rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// An iterator over one table between two keys. It keeps the upper bound that RocksDB only points
// to, and must not outlive its tables.
class TableRange {
 public:
  // [first, end); an empty `end` means to the end of the table.
  TableRange(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* table, std::string_view first,
             std::string_view end, bool bulk = false);
  bool valid() const { return iterator_->Valid(); }
  void next() { iterator_->Next(); }
  void seek(std::string_view key) { iterator_->Seek(slice(key)); }
  std::string_view key() const { return view(iterator_->key()); }
  std::string_view value() const { return view(iterator_->value()); }
  // To be asked whenever valid() has become false.
  core::Status status() const;

 private:
  std::string end_;
  rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksTables final : public TurnSource {
 public:
  static OpenResult<std::unique_ptr<RocksTables>> open(const std::string& directory);
  static OpenResult<std::unique_ptr<RocksTables>> open_beside(const std::string& directory);
  ~RocksTables() override;

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* state() const { return state_; }
  rocksdb::ColumnFamilyHandle* events() const { return events_; }
  rocksdb::ColumnFamilyHandle* positions() const { return positions_; }
  rocksdb::ColumnFamilyHandle* plans() const { return plans_; }

  // Nothing when there is no such key.
  core::Result<std::optional<std::string>> get(rocksdb::ColumnFamilyHandle* table,
                                               std::string_view key) const;

  core::Result<Head> head(core::StreamId stream) const override;
  core::Result<std::optional<std::string>> plan_row(const Hash& digest) const override;

  // The last in the table, synced or not; 0 when there is none.
  core::Result<runtime::Position> last_position() const;
  core::Result<std::optional<PositionRow>> position(runtime::Position position) const;
  // The position that a batch recorded as durable.
  core::Result<runtime::Position> durable() const;

  core::Result<std::vector<core::StreamId>> streams(runtime::Position limit) const;
  core::Result<std::vector<runtime::StoredEvent>> read_positions(runtime::Position after,
                                                                 std::size_t most,
                                                                 runtime::Position limit) const;
  core::Result<runtime::Plan> plan(const core::Digest& digest) const;
  core::Result<std::vector<runtime::OutboxRow>> outbox() const;
  core::Result<std::optional<std::string>> value(const std::string& name) const;

 private:
  RocksTables() = default;
  static OpenResult<std::unique_ptr<RocksTables>> open_as(const std::string& directory,
                                                          bool beside);
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  rocksdb::ColumnFamilyHandle* state_ = nullptr;
  rocksdb::ColumnFamilyHandle* events_ = nullptr;
  rocksdb::ColumnFamilyHandle* positions_ = nullptr;
  rocksdb::ColumnFamilyHandle* plans_ = nullptr;
};

// A sentence about a failure of the database.
core::Error error_of(const rocksdb::Status& status);

}  // namespace rollbook::store
