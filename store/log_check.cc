#include "store/log_check.h"

#include <algorithm>
#include <map>

#include "store/stream_reader.h"

namespace rollbook::store {
namespace {

constexpr std::uint64_t kProgressEvery = 4096;

// What `positions` says of one stream. The fingerprint is a sum over its rows that does not
// depend on their order, so that the two tables are compared without looking each event up.
struct Share {
  core::Sequence first;
  core::Sequence last;
  std::uint64_t fingerprint = 0;
};

std::uint64_t fingerprint(runtime::Position position, core::Sequence sequence,
                          std::string_view hash) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15u;
  std::uint64_t mixed = (position.value * kOdd ^ sequence.value) * kOdd;
  for (std::size_t word = 0; word < kHashBytes; word += 8) {
    mixed = (mixed ^ mixed >> 32 ^ read_u64(hash.data() + word)) * kOdd;
  }
  return mixed;
}

class Check {
 public:
  Check(const RocksTables& tables, const LogCheck& check) : tables_(tables), check_(check) {}

  core::Result<Checked> run() {
    TRY_DO(walk_positions());
    if (!out_.finding) TRY_DO(check_head());
    for (const auto& [stream, share] : shares_) {
      if (out_.finding) break;
      TRY_DO(walk_stream(stream, share));
    }
    if (!out_.finding) TRY_DO(look_for_strangers());
    report(out_.events);
    return out_;
  }

 private:
  void find(Finding finding) {
    if (!out_.finding) out_.finding = std::move(finding);
  }
  void report(std::uint64_t done) const {
    if (check_.progress) check_.progress(done, total_);
  }

  // ---- The global order ----

  core::Status walk_positions() {
    out_.last = check_.from.position;
    out_.global = check_.from.global;
    if (out_.last.value > 0) {
      TRY(const auto row, tables_.position(out_.last));
      if (!row) {
        out_.last = {};
        find({true, {}, {}, {}, cut_text(check_.from.position)});
        return {};
      }
      out_.last_hash = row->hash;
    }
    TableRange anchors(tables_.db(), tables_.state(), anchor_key({out_.last.value + 1}),
                       std::string(1, static_cast<char>(kAnchorPrefix + 1)));
    TableRange range(tables_.db(), tables_.positions(), position_key({out_.last.value + 1}).view(),
                     {}, true);
    for (; range.valid() && !out_.finding; range.next()) {
      const runtime::Position position{read_u64(range.key().data())};
      if (position > check_.limit) break;
      take_position(position, range.value());
      check_anchor(anchors);
    }
    TRY_DO(range.status());
    TRY_DO(anchors.status());
    if (!out_.finding && anchors.valid() && anchored_position(anchors) <= check_.limit) {
      find({true, {}, {}, out_.last, cut_text(anchored_position(anchors))});
    }
    total_ = out_.last.value - check_.from.position.value;
    return {};
  }

  void take_position(runtime::Position position, std::string_view value) {
    const runtime::Position expected{out_.last.value + 1};
    PositionRow row;
    if (position != expected || !decode_position(value, row)) {
      return find({false,
                   {},
                   {},
                   expected,
                   "position " + std::to_string(expected.value) + " is missing or damaged"});
    }
    Share& share = shares_[row.stream];
    const bool whole = check_.from.position.value == 0;  // else a stream may have begun before
    if (!share.first.valid() && (!whole || row.sequence.value == 1)) {
      share.first = row.sequence;
    } else if (row.sequence.value != share.last.value + 1) {
      return find({false, row.stream, row.sequence, position,
                   place_of(row.stream, row.sequence) + " stands at position " +
                       std::to_string(position.value) + " where event " +
                       std::to_string(share.last.value + 1) + " is expected"});
    }
    share.last = row.sequence;
    share.fingerprint += fingerprint(position, row.sequence, as_bytes(row.hash));
    out_.global = sha_.of(out_.global, value);
    out_.last = position;
    out_.last_hash = row.hash;
  }

  static std::string anchor_key(runtime::Position position) {
    return std::string(1, kAnchorPrefix) + std::string(position_key(position).view());
  }
  static runtime::Position anchored_position(const TableRange& anchors) {
    return {read_u64(anchors.key().data() + 1)};
  }
  void check_anchor(TableRange& anchors) {
    if (out_.finding || !anchors.valid() || anchored_position(anchors) != out_.last) return;
    if (anchors.value() != as_bytes(out_.global)) {
      return find({false,
                   {},
                   {},
                   out_.last,
                   "the global chain does not hold at the anchor of position " +
                       std::to_string(out_.last.value) + ": the order was altered before it"});
    }
    anchors.next();
  }

  // ---- The head file ----

  std::string cut_text(runtime::Position durable) const {
    return "the log is cut short: position " + std::to_string(durable.value) +
           " was durable, it ends at " + std::to_string(out_.last.value);
  }
  core::Status check_head() {
    if (!check_.head || check_.head->position.value == 0) return {};
    const runtime::Position durable = check_.head->position;
    TRY(const auto row, tables_.position(durable));
    if (!row) {
      find({true, {}, {}, out_.last, cut_text(durable)});
    } else if (row->hash != check_.head->hash) {
      find({false, row->stream, row->sequence, durable,
            place_of(row->stream, row->sequence) +
                " is not the event that the head file knows: this is another log"});
    }
    return {};
  }

  // ---- Streams ----

  core::Status walk_stream(core::StreamId stream, const Share& share) {
    if (stream != core::kShardStream) ++out_.streams;
    ChainWalk walk(tables_, stream, share.first);
    EventRow row;
    std::uint64_t sum = 0;
    core::Sequence last;
    while (true) {
      const auto more = walk.next(row);
      if (!more) {
        find({false, stream, walk.sequence(), {}, more.error().message});
        return {};
      }
      if (!*more || row.position > check_.limit) break;
      last = walk.sequence();
      sum += fingerprint(row.position, last, row.hash);
      TRY_DO(check_plan(stream, last, row));
      out_.bytes += walk.bytes().size();
      if (++out_.events % kProgressEvery == 0) report(out_.events);
    }
    if (last != share.last || sum != share.fingerprint) return locate(stream, share);
    return {};
  }

  // The tables disagree about a stream: where first?
  core::Status locate(core::StreamId stream, const Share& share) {
    ChainWalk walk(tables_, stream, share.first);
    EventRow row;
    core::Sequence next = share.first;
    for (;; ++next.value) {
      const auto more = walk.next(row);
      if (!more || !*more || row.position > check_.limit) break;
      TRY(const auto position, tables_.position(row.position));
      if (!position || position->stream != stream || position->sequence != next ||
          as_bytes(position->hash) != row.hash) {
        break;
      }
    }
    find({false,
          stream,
          next,
          {},
          place_of(stream, next) + " is missing, or is not the one of the global order"});
    return {};
  }

  core::Status check_plan(core::StreamId stream, core::Sequence sequence, const EventRow& row) {
    const std::string pinned = pinned_plan_hash(row);
    if (pinned.empty()) return {};
    RowDecoder decoder;
    runtime::StoredEvent event;
    if (!decoder.decode(stream, sequence, walk_bytes(row), event)) return {};
    const auto& started = std::get<core::RolloutStarted>(event.event.body);
    Hash digest;
    std::optional<std::string> plan;
    if (from_hex(started.digest, digest)) {
      TRY(plan, tables_.plan_row(digest));
    }
    if (!plan || as_bytes(sha_.of(*plan)) != pinned) {
      find({false, stream, sequence, row.position,
            "the plan of " + place_of(stream, sequence) + " is missing or was altered"});
    }
    return {};
  }
  // The row that `row` is a view of.
  static std::string_view walk_bytes(const EventRow& row) {
    return {row.hashed.data(), row.hashed.size() + row.hash.size()};
  }

  // Streams that no position names. Behind an anchor they need no second look.
  core::Status look_for_strangers() {
    if (check_.from.position.value != 0) return {};
    TRY(const auto streams, tables_.streams(check_.limit));
    for (const core::StreamId stream : streams) {
      if (shares_.contains(stream)) continue;
      find({false, stream, {1}, {}, place_of(stream, {1}) + " is not in the global order"});
      return {};
    }
    return {};
  }

  const RocksTables& tables_;
  const LogCheck& check_;
  Sha256 sha_;
  std::map<core::StreamId, Share> shares_;
  std::uint64_t total_ = 0;
  Checked out_;
};

}  // namespace

core::Result<Anchor> last_anchor(const RocksTables& tables) {
  const std::string end(1, static_cast<char>(kAnchorPrefix + 1));
  const std::unique_ptr<rocksdb::Iterator> iterator(
      tables.db().NewIterator(rocksdb::ReadOptions{}, tables.state()));
  iterator->SeekForPrev(end);
  if (!iterator->status().ok()) return tl::make_unexpected(error_of(iterator->status()));
  Anchor anchor;
  if (!iterator->Valid() || iterator->key().empty() || iterator->key()[0] != kAnchorPrefix) {
    return anchor;
  }
  if (iterator->key().size() != 9 || iterator->value().size() != kHashBytes) {
    return core::fail("the last anchor of the log is damaged");
  }
  anchor.position = {read_u64(iterator->key().data() + 1)};
  const std::string_view global = view(iterator->value());
  std::copy(global.begin(), global.end(), anchor.global.begin());
  return anchor;
}

core::Result<Checked> check_log(const RocksTables& tables, const LogCheck& check) {
  return Check(tables, check).run();
}

}  // namespace rollbook::store
