#include "store/rocks_reader.h"

#include <algorithm>
#include <optional>

#include "store/data_directory.h"
#include "store/rocks_tables.h"
#include "store/stream_reader.h"

namespace rollbook::store {
namespace {

// Files come and go under a reader while the engine compacts; the next look finds the new ones.
constexpr int kLooks = 8;

}  // namespace

struct RocksReader::View {
  std::string directory;
  std::unique_ptr<RocksTables> tables;
  std::optional<HeadMark> head;
  runtime::Position durable;

  OpenResult<void> open() {
    auto opened = RocksTables::open_beside(directory);
    for (int look = 1; !opened && look < kLooks; ++look) {
      opened = RocksTables::open_beside(directory);
    }
    if (!opened) return tl::make_unexpected(opened.error());
    tables = std::move(*opened);
    return {};
  }

  core::Status look() {
    // Before the tables are, so that they hold at least what it knows.
    head = read_head(directory);
    rocksdb::Status status = tables->db().TryCatchUpWithPrimary();
    for (int look = 1; !status.ok() && look < kLooks; ++look) {
      status = tables->db().TryCatchUpWithPrimary();
    }
    if (!status.ok()) {
      // A view that cannot follow any more is replaced by a new one.
      if (auto opened = open(); !opened) return tl::make_unexpected(opened.error());
    }
    TRY(const runtime::Position last, tables->last_position());
    TRY(const runtime::Position recorded, tables->durable());
    durable = std::max(recorded, head ? head->position : runtime::Position{});
    durable = std::min(durable, last);
    return {};
  }
};

RocksReader::RocksReader(std::unique_ptr<View> view) : view_(std::move(view)) {}
RocksReader::~RocksReader() = default;

OpenResult<std::unique_ptr<RocksReader>> RocksReader::open(const std::string& directory) {
  if (auto format = check_format(directory); !format) return tl::make_unexpected(format.error());
  auto view = std::make_unique<View>();
  view->directory = directory;
  if (auto opened = view->open(); !opened) return tl::make_unexpected(opened.error());
  if (auto looked = view->look(); !looked) {
    return fail_open(OpenFailure::damaged,
                     "the log in `" + directory + "` is damaged: " + looked.error().message);
  }
  return std::unique_ptr<RocksReader>(new RocksReader(std::move(view)));
}

core::Status RocksReader::refresh() { return view_->look(); }

core::Result<runtime::Appended> RocksReader::append(const runtime::Turn&, const runtime::Render&) {
  return core::fail("the log in `" + view_->directory + "` is open for reading only");
}
core::Result<std::vector<core::StreamId>> RocksReader::streams() const {
  return view_->tables->streams(view_->durable);
}
core::Status RocksReader::read(
    core::StreamId stream, core::Sequence from,
    const std::function<bool(const runtime::StoredEvent&)>& visit) const {
  return read_stream(*view_->tables, stream, from, view_->durable, visit);
}
core::Result<std::vector<runtime::StoredEvent>> RocksReader::read_positions(
    runtime::Position after, std::size_t most) const {
  return view_->tables->read_positions(after, most, view_->durable);
}
runtime::Position RocksReader::last_position() const { return view_->durable; }
core::Result<runtime::Plan> RocksReader::plan(const core::Digest& digest) const {
  return view_->tables->plan(digest);
}
core::Result<std::vector<runtime::OutboxRow>> RocksReader::outbox() const {
  return view_->tables->outbox();
}
core::Result<std::optional<std::string>> RocksReader::value(const std::string& name) const {
  return view_->tables->value(name);
}

const std::string& RocksReader::directory() const { return view_->directory; }
const RocksTables& RocksReader::tables() const { return *view_->tables; }
const HeadMark* RocksReader::head() const { return view_->head ? &*view_->head : nullptr; }

}  // namespace rollbook::store
