#include "store/stream_reader.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace rollbook::store {
namespace {

constexpr std::size_t kChunkBytes = 256 << 10;
constexpr std::size_t kChunkEvents = 1024;
constexpr std::size_t kChunksAhead = 4;

// Checked rows, copied out of the iterator.
struct Chunk {
  core::Sequence first;
  std::string bytes;
  std::vector<std::size_t> ends;
  bool last = false;  // nothing follows, or `status` says why nothing can
  core::Status status;

  void clear() {
    bytes.clear();
    ends.clear();
    last = false;
    status = {};
  }
};

void fetch(ChainWalk& walk, runtime::Position limit, Chunk& chunk) {
  chunk.clear();
  EventRow row;
  while (chunk.ends.size() < kChunkEvents && chunk.bytes.size() < kChunkBytes) {
    const auto more = walk.next(row);
    if (!more) chunk.status = tl::make_unexpected(more.error());
    if (!more || !*more || row.position > limit) {
      chunk.last = true;
      return;
    }
    if (chunk.ends.empty()) chunk.first = walk.sequence();
    chunk.bytes.append(walk.bytes());
    chunk.ends.push_back(chunk.bytes.size());
  }
}

// Decodes and visits what a chunk holds.
class Visitor {
 public:
  Visitor(core::StreamId stream, const std::function<bool(const runtime::StoredEvent&)>& visit)
      : stream_(stream), visit_(visit) {}

  // False: `visit` wants no more.
  core::Result<bool> take(const Chunk& chunk) {
    std::size_t begin = 0;
    core::Sequence sequence = chunk.first;
    for (const std::size_t end : chunk.ends) {
      const std::string_view row = std::string_view(chunk.bytes).substr(begin, end - begin);
      TRY_DO(decoder_.decode(stream_, sequence, row, event_));
      if (!visit_(event_)) return false;
      begin = end;
      ++sequence.value;
    }
    if (!chunk.status) return tl::make_unexpected(chunk.status.error());
    return true;
  }

 private:
  core::StreamId stream_;
  const std::function<bool(const runtime::StoredEvent&)>& visit_;
  RowDecoder decoder_;
  runtime::StoredEvent event_;
};

// Chunks on their way from the fetching thread to the visiting one, and back to be filled again.
class Pipe {
 public:
  // False: the visiting thread wants no more.
  bool push(Chunk chunk) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || full_.size() < kChunksAhead; });
    if (closed_) return false;
    full_.push_back(std::move(chunk));
    filled_.notify_one();
    return true;
  }
  Chunk pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return !full_.empty(); });
    Chunk chunk = std::move(full_.front());
    full_.pop_front();
    room_.notify_one();
    return chunk;
  }
  // A chunk that was visited, for its memory.
  void give_back(Chunk chunk) {
    const std::scoped_lock lock(mutex_);
    empty_.push_back(std::move(chunk));
  }
  Chunk take_empty() {
    const std::scoped_lock lock(mutex_);
    if (empty_.empty()) return {};
    Chunk chunk = std::move(empty_.back());
    empty_.pop_back();
    return chunk;
  }
  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    room_.notify_one();
  }

 private:
  std::mutex mutex_;  // guards all below
  std::condition_variable room_;
  std::condition_variable filled_;
  std::deque<Chunk> full_;
  std::vector<Chunk> empty_;
  bool closed_ = false;
};

core::Status visit_rest(ChainWalk& walk, runtime::Position limit, Visitor& visitor) {
  Pipe pipe;
  const std::jthread fetcher([&] {
    for (bool last = false; !last;) {
      Chunk chunk = pipe.take_empty();
      fetch(walk, limit, chunk);
      last = chunk.last;
      if (!pipe.push(std::move(chunk))) return;
    }
  });
  // Before the thread is joined, however this function is left.
  struct Closer {
    Pipe& pipe;
    ~Closer() { pipe.close(); }
  } closer{pipe};
  while (true) {
    Chunk chunk = pipe.pop();
    TRY(const bool more, visitor.take(chunk));
    if (!more || chunk.last) return {};
    pipe.give_back(std::move(chunk));
  }
}

}  // namespace

ChainWalk::ChainWalk(const RocksTables& tables, core::StreamId stream, core::Sequence from)
    : stream_(stream),
      from_{std::max<std::uint64_t>(from.value, 1)},
      range_(tables.db(), tables.events(), event_key(stream, {from_.value - 1}).view(),
             event_key(stream, {UINT64_MAX}).view(), true) {}

// Finds the hash that the first row continues.
core::Status ChainWalk::begin() {
  begun_ = true;
  sequence_ = {from_.value - 1};
  if (!sequence_.valid()) {
    hash_ = stream_seed(stream_);
    return {};
  }
  EventRow before;
  if (!range_.valid() || read_u64(range_.key().data() + 8) != sequence_.value) return {};
  if (!split_row(range_.value(), before)) {
    return core::fail(place_of(stream_, sequence_) + " is damaged");
  }
  std::copy(before.hash.begin(), before.hash.end(), hash_.begin());
  position_ = before.position;
  range_.next();
  return {};
}

core::Status ChainWalk::check(const EventRow& row) {
  hash_ = sha_.of(hash_, row.hashed);
  if (as_bytes(hash_) != row.hash) {
    return core::fail(place_of(stream_, sequence_) +
                      ": the hash chain does not hold, the log was altered here");
  }
  if (row.position <= position_) {
    return core::fail(place_of(stream_, sequence_) + " stands before the event it follows");
  }
  position_ = row.position;
  return {};
}

core::Result<bool> ChainWalk::next(EventRow& row) {
  if (begun_) {
    range_.next();
  } else {
    TRY_DO(begin());
  }
  if (!range_.valid()) {
    TRY_DO(range_.status());
    return false;
  }
  ++sequence_.value;
  if (range_.key().size() != 16 || read_u64(range_.key().data() + 8) != sequence_.value) {
    return core::fail(place_of(stream_, sequence_) + " is missing");
  }
  bytes_ = range_.value();
  if (!split_row(bytes_, row)) return core::fail(place_of(stream_, sequence_) + " is damaged");
  TRY_DO(check(row));
  return true;
}

core::Status read_stream(const RocksTables& tables, core::StreamId stream, core::Sequence from,
                         runtime::Position limit,
                         const std::function<bool(const runtime::StoredEvent&)>& visit) {
  ChainWalk walk(tables, stream, from);
  Visitor visitor(stream, visit);
  Chunk chunk;
  fetch(walk, limit, chunk);
  TRY(const bool more, visitor.take(chunk));
  if (!more || chunk.last) return {};
  // More than a chunk: worth a thread.
  return visit_rest(walk, limit, visitor);
}

}  // namespace rollbook::store
