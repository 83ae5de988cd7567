#include "store/rocks_event_log.h"

#include <rocksdb/transaction_log.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <optional>
#include <utility>

#include "store/data_directory.h"
#include "store/log_check.h"
#include "store/rocks_tables.h"
#include "store/stream_reader.h"
#include "store/turn_writer.h"

namespace rollbook::store {
namespace {

// An anchor costs opening a look at the write-ahead files; its distance bounds what the next
// opening has to check beyond those.
constexpr std::uint64_t kAnchorEvery = 4096;
constexpr std::uint64_t kLookAtSpaceEvery = 64;  // appends

// Turns into rows of one WriteBatch.
class BatchSink final : public TurnSink {
 public:
  explicit BatchSink(const RocksTables& tables) : tables_(tables) {}

  void put_event(core::StreamId stream, core::Sequence sequence, std::string_view row) override {
    put(tables_.events(), event_key(stream, sequence).view(), row);
  }
  void put_position(runtime::Position position, const PositionRow& row) override {
    put(tables_.positions(), position_key(position).view(), encode_position(row).view());
  }
  void put_plan(const Hash& digest, std::string_view row) override {
    put(tables_.plans(), as_bytes(digest), row);
  }
  void open_outbox(const runtime::OutboxRow& row) override {
    put(tables_.state(), outbox_key(row.stream, row.sequence).view(), encode_outbox(row));
  }
  void close_outbox(runtime::OutboxKey key) override {
    keep(batch_.Delete(tables_.state(), slice(outbox_key(key.stream, key.sequence).view())));
  }
  void put_value(const runtime::Value& value) override {
    const std::string key = kValuePrefix + value.name;
    if (value.bytes.empty()) {
      keep(batch_.Delete(tables_.state(), key));
    } else {
      put(tables_.state(), key, value.bytes);
    }
  }
  void put_durable(runtime::Position durable) {
    put(tables_.state(), std::string_view(&kDurableKey, 1), position_key(durable).view());
  }
  void put_anchor(const Anchor& anchor) {
    std::string key(1, kAnchorPrefix);
    append_u64(key, anchor.position.value);
    put(tables_.state(), key, as_bytes(anchor.global));
  }

  void clear() {
    batch_.Clear();
    status_ = rocksdb::Status::OK();
  }
  rocksdb::Status write(bool sync) {
    if (!status_.ok()) return status_;
    rocksdb::WriteOptions options;
    options.sync = sync;
    return tables_.db().Write(options, &batch_);
  }

 private:
  void put(rocksdb::ColumnFamilyHandle* table, std::string_view key, std::string_view value) {
    keep(batch_.Put(table, slice(key), slice(value)));
  }
  void keep(const rocksdb::Status& status) {
    if (status_.ok()) status_ = status;
  }
  const RocksTables& tables_;
  rocksdb::WriteBatch batch_;
  rocksdb::Status status_;
};

// When an anchor may be written: once everything up to it has left the write-ahead log, because a
// hole in that log is what the next opening looks for behind the last anchor.
class Anchoring {
 public:
  void begin_after(runtime::Position anchored) { next_ = anchored.value + kAnchorEvery; }

  // The log has come this far. Asked after opening and after each durable turn.
  void offer(const Anchor& now, rocksdb::DB& db) {
    if (!waiting_) {
      waiting_ = now;
      written_ = db.GetLatestSequenceNumber();
    }
    next_ = now.position.value + kAnchorEvery;
    rocksdb::VectorLogPtr files;
    if (!db.GetSortedWalFiles(files).ok()) return;
    // Oldest first; a file without a record yet is not among them.
    if (!files.empty() && files.front()->StartSequence() <= written_) return;
    ready_ = std::exchange(waiting_, std::nullopt);
  }
  bool due(runtime::Position last) const { return last.value >= next_; }
  // To be put into the next batch.
  std::optional<Anchor> take_ready() { return std::exchange(ready_, std::nullopt); }

 private:
  std::optional<Anchor> ready_;
  std::optional<Anchor> waiting_;
  rocksdb::SequenceNumber written_ = 0;
  std::uint64_t next_ = kAnchorEvery;
};

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

class RocksEventLog::Writer {
 public:
  Writer(DataDirectory directory, std::unique_ptr<RocksTables> tables, RocksOptions options)
      : directory_(std::move(directory)),
        tables_(std::move(tables)),
        options_(std::move(options)),
        writer_(*tables_),
        sink_(*tables_) {}
  ~Writer();

  OpenResult<void> check();
  core::Result<runtime::Appended> append(const runtime::Turn& turn, const runtime::Render& render);

  const RocksTables& tables() const { return *tables_; }
  runtime::Position last() const { return {last_.load(std::memory_order_acquire)}; }

 private:
  core::Result<runtime::Appended> write(const runtime::Turn& turn, const runtime::Render& render);
  OpenResult<void> leave_anchor(const Anchor& before, const Anchor& now);
  void look_at_space();
  void warn(const std::string& sentence) const {
    if (options_.warn) options_.warn(sentence);
  }

  DataDirectory directory_;
  std::unique_ptr<RocksTables> tables_;
  RocksOptions options_;
  TurnWriter writer_;
  BatchSink sink_;
  Anchoring anchoring_;
  std::atomic<std::uint64_t> last_{0};  // read by other threads
  std::optional<core::Error> failed_;
  std::uint64_t appends_ = 0;
  bool warned_of_space_ = false;
};

// Where the log is closed in order, a reader without the head file sees its last turn too.
RocksEventLog::Writer::~Writer() {
  if (failed_ || appends_ == 0) return;
  sink_.clear();
  sink_.put_durable(writer_.last());
  static_cast<void>(sink_.write(options_.sync));
}

OpenResult<void> RocksEventLog::Writer::check() {
  const std::string& path = directory_.path();
  const auto damaged = [&](const std::string& why) {
    return fail_open(OpenFailure::damaged,
                     "the log in `" + path + "` is damaged: " + why + "; restore a backup");
  };
  const auto anchor = last_anchor(*tables_);
  if (!anchor) return damaged(anchor.error().message);
  LogCheck check;
  check.from = *anchor;
  check.head = read_head(path);
  const auto checked = check_log(*tables_, check);
  if (!checked) return damaged(checked.error().message);
  if (checked->finding && checked->finding->cut_short) {
    return fail_open(OpenFailure::cut_short,
                     "the log in `" + path + "` cannot be used: " + checked->finding->message +
                         "; restore a backup (its write-ahead files are kept in `" +
                         directory_.kept_path() + "`), or remove `" + path +
                         "/HEAD` to go on without the events that are missing");
  }
  if (checked->finding) return damaged(checked->finding->message);
  if (!check.head && checked->last.value > 0) {
    warn("the log in `" + path +
         "` has no readable head file: whether events are missing at its end cannot be told");
  }
  directory_.drop_kept_write_ahead();
  writer_.go_on_from(checked->last, checked->last_hash, checked->global);
  last_.store(checked->last.value, std::memory_order_release);
  return leave_anchor(*anchor, {checked->last, checked->global});
}

// What was recovered and checked now need not be checked again by the next opening.
OpenResult<void> RocksEventLog::Writer::leave_anchor(const Anchor& before, const Anchor& now) {
  anchoring_.begin_after(now.position);
  if (now.position == before.position) return {};
  anchoring_.offer(now, tables_->db());
  if (now.position.value - before.position.value < kAnchorEvery) return {};
  const auto ready = anchoring_.take_ready();
  if (!ready) return {};
  sink_.clear();
  sink_.put_anchor(*ready);
  const rocksdb::Status status = sink_.write(options_.sync);
  if (status.ok()) return {};
  return fail_open(
      status.IsNoSpace() ? OpenFailure::no_space : OpenFailure::unreadable,
      "the log in `" + directory_.path() + "` cannot be written: " + error_of(status).message);
}

void RocksEventLog::Writer::look_at_space() {
  if (appends_ % kLookAtSpaceEvery != 0) return;
  const auto free = free_bytes(directory_.path());
  if (!free) return;
  if (*free >= options_.warn_below_bytes) {
    warned_of_space_ = false;
  } else if (!warned_of_space_) {
    warned_of_space_ = true;
    warn("only " + mebibytes(*free) + " are left on the disk of `" + directory_.path() +
         "`; the engine stops when it is full");
  }
}

core::Result<runtime::Appended> RocksEventLog::Writer::append(const runtime::Turn& turn,
                                                              const runtime::Render& render) {
  if (failed_) {
    return core::fail("the log takes no more events after a failed append: " + failed_->message);
  }
  if (turn.empty()) return runtime::Appended{last(), {}, {}};
  auto appended = write(turn, render);
  if (!appended) failed_ = appended.error();
  return appended;
}

core::Result<runtime::Appended> RocksEventLog::Writer::write(const runtime::Turn& turn,
                                                             const runtime::Render& render) {
  look_at_space();
  ++appends_;
  sink_.clear();
  TRY(runtime::Appended appended, writer_.write(turn, render, sink_));
  sink_.put_durable(writer_.last());
  if (const auto anchor = anchoring_.take_ready()) sink_.put_anchor(*anchor);
  const rocksdb::Status status = sink_.write(options_.sync);
  if (!status.ok()) {
    return core::fail("cannot append to the log in `" + directory_.path() +
                      "`: " + error_of(status).message);
  }
  writer_.commit();
  if (!turn.events.empty()) {
    TRY_DO(directory_.write_head({writer_.last(), writer_.last_hash()}));
    last_.store(writer_.last().value, std::memory_order_release);
    if (anchoring_.due(writer_.last())) {
      anchoring_.offer({writer_.last(), writer_.global()}, tables_->db());
    }
  }
  return appended;
}

RocksEventLog::RocksEventLog(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
RocksEventLog::~RocksEventLog() = default;

OpenResult<std::unique_ptr<RocksEventLog>> RocksEventLog::open(const std::string& directory,
                                                               RocksOptions options) {
  auto data = DataDirectory::open(directory);
  if (!data) return tl::make_unexpected(data.error());
  const auto free = free_bytes(directory);
  if (free && *free < options.refuse_below_bytes) {
    return fail_open(OpenFailure::no_space,
                     "only " + mebibytes(*free) + " are left on the disk of `" + directory +
                         "`; the log needs " + mebibytes(options.refuse_below_bytes) +
                         " to begin with");
  }
  data->keep_write_ahead();
  auto tables = RocksTables::open(directory);
  if (!tables) return tl::make_unexpected(tables.error());
  auto writer = std::make_unique<Writer>(std::move(*data), std::move(*tables), std::move(options));
  if (auto checked = writer->check(); !checked) return tl::make_unexpected(checked.error());
  return std::unique_ptr<RocksEventLog>(new RocksEventLog(std::move(writer)));
}

core::Result<runtime::Appended> RocksEventLog::append(const runtime::Turn& turn,
                                                      const runtime::Render& render) {
  return writer_->append(turn, render);
}
core::Result<std::vector<core::StreamId>> RocksEventLog::streams() const {
  return writer_->tables().streams(kNoLimit);
}
core::Status RocksEventLog::read(
    core::StreamId stream, core::Sequence from,
    const std::function<bool(const runtime::StoredEvent&)>& visit) const {
  return read_stream(writer_->tables(), stream, from, kNoLimit, visit);
}
core::Result<std::vector<runtime::StoredEvent>> RocksEventLog::read_positions(
    runtime::Position after, std::size_t most) const {
  return writer_->tables().read_positions(after, most, last_position());
}
runtime::Position RocksEventLog::last_position() const { return writer_->last(); }
core::Result<runtime::Plan> RocksEventLog::plan(const core::Digest& digest) const {
  return writer_->tables().plan(digest);
}
core::Result<std::vector<runtime::OutboxRow>> RocksEventLog::outbox() const {
  return writer_->tables().outbox();
}
core::Result<std::optional<std::string>> RocksEventLog::value(const std::string& name) const {
  return writer_->tables().value(name);
}

}  // namespace rollbook::store
