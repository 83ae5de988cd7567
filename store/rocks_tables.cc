#include "store/rocks_tables.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <filesystem>

#include "store/data_directory.h"
#include "store/machine_codec.h"
#include "store/rocks_framing.h"

namespace rollbook::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTables[] = {"default", "events", "positions", "plans"};

// Drops RocksDB's own messages: a reader may not write into the directory, not even its log file.
class NoLogger final : public rocksdb::Logger {
 public:
  void Logv(const char*, va_list) override {}
};

rocksdb::DBOptions options_for(bool beside) {
  rocksdb::DBOptions options;
  options.create_missing_column_families = !beside;
  options.paranoid_checks = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // Quiet families pinned 1 GB of write-ahead log: recovery took 11 s.
  options.max_total_wal_size = 64 << 20;
  // All families are flushed together, so none is ahead of the write-ahead log that is left.
  options.atomic_flush = true;
  // A failed write is never tried again in this process (FORMAT.md, One turn is one batch).
  options.max_bgerror_resume_count = 0;
  options.max_manifest_file_size = 16 << 20;
  options.bytes_per_sync = 1 << 20;
  options.max_open_files = -1;  // a reader died under compaction when they were bounded
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.max_log_file_size = 1 << 20;
  options.keep_log_file_num = 2;
  if (beside) options.info_log = std::make_shared<NoLogger>();
  return options;
}

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 << 10;
  table.format_version = 5;
  table.max_auto_readahead_size = 1 << 20;  // streams are read from end to end
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = 32 << 20;
  options.level_compaction_dynamic_level_bytes = true;
  const auto supported = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(supported.begin(), supported.end(),
                             rocksdb::CompressionType::kLZ4Compression) != supported.end();
  options.compression =
      lz4 ? rocksdb::CompressionType::kLZ4Compression : rocksdb::CompressionType::kNoCompression;
  return options;
}

OpenError open_error_of(const std::string& directory, const rocksdb::Status& status) {
  const std::string text = "the log in `" + directory + "` ";
  if (status.IsCorruption()) {
    return {{text + "is damaged: " + status.ToString() + "; restore a backup"},
            OpenFailure::damaged};
  }
  if (status.IsNoSpace()) {
    return {{text + "cannot be opened: no space left on its disk"}, OpenFailure::no_space};
  }
  return {{text + "cannot be opened: " + status.ToString()}, OpenFailure::unreadable};
}

// What tables the database has; those a later version has added are opened and ignored.
OpenResult<std::vector<std::string>> table_names(const std::string& directory, bool beside) {
  const std::string path = rocks_path(directory);
  std::vector<std::string> names(std::begin(kTables), std::end(kTables));
  std::error_code error;
  if (!fs::exists(path + "/CURRENT", error)) {
    // RocksDB would begin an empty database here and remove the files of the old one.
    if (beside || read_head(directory)) {
      return fail_open(OpenFailure::damaged, "the log in `" + directory + "` has lost `" + path +
                                                 "/CURRENT`; restore a backup");
    }
    return names;
  }
  std::vector<std::string> found;
  const rocksdb::Status status =
      rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions{}, path, &found);
  if (!status.ok()) return tl::make_unexpected(open_error_of(directory, status));
  for (const std::string& name : found) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace

core::Error error_of(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return {"no space left on the disk of the log"};
  return {"the log cannot be read or written: " + status.ToString()};
}

TableRange::TableRange(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* table, std::string_view first,
                       std::string_view end, bool bulk)
    : end_(end), end_slice_(slice(end_)) {
  rocksdb::ReadOptions options;
  options.fill_cache = !bulk;
  options.adaptive_readahead = bulk;
  if (!end_.empty()) options.iterate_upper_bound = &end_slice_;
  iterator_.reset(db.NewIterator(options, table));
  iterator_->Seek(slice(first));
}

core::Status TableRange::status() const {
  const rocksdb::Status status = iterator_->status();
  if (!status.ok()) return tl::make_unexpected(error_of(status));
  return {};
}

RocksTables::~RocksTables() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (db_) static_cast<void>(db_->DestroyColumnFamilyHandle(handle));
  }
  if (db_) static_cast<void>(db_->Close());
}

OpenResult<std::unique_ptr<RocksTables>> RocksTables::open(const std::string& directory) {
  return open_as(directory, false);
}
OpenResult<std::unique_ptr<RocksTables>> RocksTables::open_beside(const std::string& directory) {
  return open_as(directory, true);
}

OpenResult<std::unique_ptr<RocksTables>> RocksTables::open_as(const std::string& directory,
                                                              bool beside) {
  auto names = table_names(directory, beside);
  if (!names) return tl::make_unexpected(names.error());
  const std::string path = rocks_path(directory);
  if (const auto file = beside ? find_recycled_header(path) : std::nullopt) {
    return fail_open(OpenFailure::damaged, "the log in `" + directory + "` is damaged: `" + *file +
                                               "` has a bad header; restore a backup");
  }
  rocksdb::DBOptions options = options_for(beside);
  std::error_code error;
  options.create_if_missing = !beside && !fs::exists(path + "/CURRENT", error);

  const auto cache = rocksdb::NewLRUCache(64 << 20);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : *names) families.emplace_back(name, family_options(cache));

  std::unique_ptr<RocksTables> tables(new RocksTables());
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      beside ? rocksdb::DB::OpenAsSecondary(options, path, path, families, &tables->handles_, &db)
             : rocksdb::DB::Open(options, path, families, &tables->handles_, &db);
  tables->db_.reset(db);
  if (!status.ok()) return tl::make_unexpected(open_error_of(directory, status));
  tables->state_ = tables->handles_[0];
  tables->events_ = tables->handles_[1];
  tables->positions_ = tables->handles_[2];
  tables->plans_ = tables->handles_[3];
  return tables;
}

core::Result<std::optional<std::string>> RocksTables::get(rocksdb::ColumnFamilyHandle* table,
                                                          std::string_view key) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions{}, table, slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return tl::make_unexpected(error_of(status));
  return value;
}

core::Result<Head> RocksTables::head(core::StreamId stream) const {
  const auto first = event_key(stream, {0});
  const std::unique_ptr<rocksdb::Iterator> iterator(
      db_->NewIterator(rocksdb::ReadOptions{}, events_));
  iterator->SeekForPrev(slice(event_key(stream, {UINT64_MAX}).view()));
  if (!iterator->status().ok()) return tl::make_unexpected(error_of(iterator->status()));
  if (!iterator->Valid() || view(iterator->key()) < first.view()) {
    return Head{core::Sequence{}, stream_seed(stream)};
  }
  Head head;
  head.sequence = {read_u64(iterator->key().data() + 8)};
  EventRow row;
  if (!split_row(view(iterator->value()), row)) {
    return core::fail(place_of(stream, head.sequence) + " is damaged");
  }
  std::copy(row.hash.begin(), row.hash.end(), head.hash.begin());
  return head;
}

core::Result<std::optional<std::string>> RocksTables::plan_row(const Hash& digest) const {
  return get(plans_, as_bytes(digest));
}

core::Result<runtime::Position> RocksTables::last_position() const {
  const std::unique_ptr<rocksdb::Iterator> iterator(
      db_->NewIterator(rocksdb::ReadOptions{}, positions_));
  iterator->SeekToLast();
  if (!iterator->status().ok()) return tl::make_unexpected(error_of(iterator->status()));
  if (!iterator->Valid()) return runtime::Position{};
  return runtime::Position{read_u64(iterator->key().data())};
}

core::Result<std::optional<PositionRow>> RocksTables::position(runtime::Position position) const {
  TRY(const auto value, get(positions_, position_key(position).view()));
  if (!value) return std::nullopt;
  PositionRow row;
  if (!decode_position(*value, row)) {
    return core::fail("position " + std::to_string(position.value) + " is damaged");
  }
  return row;
}

core::Result<runtime::Position> RocksTables::durable() const {
  TRY(const auto value, get(state_, std::string_view(&kDurableKey, 1)));
  if (!value) return runtime::Position{};
  if (value->size() != 8) return core::fail("the record of the durable position is damaged");
  return runtime::Position{read_u64(value->data())};
}

core::Result<std::vector<core::StreamId>> RocksTables::streams(runtime::Position limit) const {
  std::vector<core::StreamId> streams;
  TableRange range(*db_, events_, event_key({1}, {0}).view(), {});
  while (range.valid()) {
    const core::StreamId stream{read_u64(range.key().data())};
    EventRow row;
    if (!split_row(range.value(), row)) return core::fail(place_of(stream, {1}) + " is damaged");
    if (row.position <= limit) streams.push_back(stream);
    if (stream.value == UINT64_MAX) return streams;
    range.seek(event_key({stream.value + 1}, {0}).view());
  }
  TRY_DO(range.status());
  return streams;
}

core::Result<std::vector<runtime::StoredEvent>> RocksTables::read_positions(
    runtime::Position after, std::size_t most, runtime::Position limit) const {
  std::vector<runtime::StoredEvent> out;
  RowDecoder decoder;
  runtime::Position next{after.value + 1};
  TableRange range(*db_, positions_, position_key(next).view(), {});
  for (; range.valid() && out.size() < most && next <= limit; range.next(), ++next.value) {
    PositionRow row;
    if (read_u64(range.key().data()) != next.value || !decode_position(range.value(), row)) {
      return core::fail("position " + std::to_string(next.value) + " is missing or damaged");
    }
    TRY(const auto event, get(events_, event_key(row.stream, row.sequence).view()));
    if (!event || !event->ends_with(as_bytes(row.hash))) {
      return core::fail(place_of(row.stream, row.sequence) + " is missing or altered");
    }
    TRY_DO(decoder.decode(row.stream, row.sequence, *event, out.emplace_back()));
  }
  TRY_DO(range.status());
  return out;
}

core::Result<runtime::Plan> RocksTables::plan(const core::Digest& digest) const {
  Hash key;
  if (from_hex(digest, key)) {
    TRY(const auto row, plan_row(key));
    if (row) return decode_plan(digest, *row);
  }
  return core::fail("no plan `" + digest + "` in this log");
}

core::Result<std::vector<runtime::OutboxRow>> RocksTables::outbox() const {
  std::vector<runtime::OutboxRow> rows;
  const std::string first(1, kOutboxPrefix);
  const std::string end(1, static_cast<char>(kOutboxPrefix + 1));
  TableRange range(*db_, state_, first, end);
  for (; range.valid(); range.next()) {
    if (range.key().size() != 17) return core::fail("an outbox row has a damaged key");
    const runtime::OutboxKey key{{read_u64(range.key().data() + 1)},
                                 {read_u64(range.key().data() + 9)}};
    TRY(auto row, decode_outbox(key, range.value()));
    rows.push_back(std::move(row));
  }
  TRY_DO(range.status());
  return rows;
}

core::Result<std::optional<std::string>> RocksTables::value(const std::string& name) const {
  return get(state_, kValuePrefix + name);
}

}  // namespace rollbook::store
