// Logs altered through RocksDB itself, so that its checksums hold and only ours can tell.

#include "store/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "store/record.h"
#include "store/rocks_event_log.h"
#include "tests/store/log_fixture.h"

namespace rollbook::store {
namespace {

using namespace test;
using testing::HasSubstr;

class VerifyTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto log = RocksEventLog::open(directory.path());
    ASSERT_TRUE(log);
    ASSERT_TRUE((*log)->append({events_from(1, 1, 20), {some_plan()}, {}, {}}, render));
    ASSERT_TRUE((*log)->append({events_from(2, 1, 20), {}, {}, {}}, render));
    ASSERT_TRUE((*log)->append({events_from(0, 1, 2), {}, {}, {}}, render));
  }

  enum Table { kState, kEvents, kPositions, kPlans };
  // Lets `change` loose on the closed database.
  void alter(Table table,
             const std::function<void(rocksdb::DB&, rocksdb::ColumnFamilyHandle*)>& change) {
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const char* name : {"default", "events", "positions", "plans"}) {
      families.emplace_back(name, rocksdb::ColumnFamilyOptions{});
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, directory.path("log/rocks"), families, &handles, &db).ok());
    change(*db, handles[table]);
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
  void put(Table table, std::string_view key, std::string_view value) {
    alter(table, [&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle) {
      ASSERT_TRUE(db.Put({}, handle, std::string(key), std::string(value)).ok());
    });
  }
  void remove(Table table, std::string_view key) {
    alter(table, [&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle) {
      ASSERT_TRUE(db.Delete({}, handle, std::string(key)).ok());
    });
  }
  std::string get(Table table, std::string_view key) {
    std::string value;
    alter(table, [&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle) {
      ASSERT_TRUE(db.Get({}, handle, std::string(key), &value).ok());
    });
    return value;
  }
  static std::string event(std::uint64_t stream, std::uint64_t sequence) {
    return std::string(event_key({stream}, {sequence}).view());
  }
  static std::string position(std::uint64_t number) {
    return std::string(position_key({number}).view());
  }

  VerifyReport report() {
    const auto reader = RocksReader::open(directory.path());
    EXPECT_TRUE(reader) << reader.error().message;
    return reader ? verify(**reader, nullptr) : VerifyReport{};
  }
  void expect_altered(const std::string& rollout, std::uint64_t sequence,
                      const std::string& message) {
    const VerifyReport found = report();
    EXPECT_EQ(found.soundness, Soundness::altered);
    EXPECT_EQ(found.rollout, rollout);
    EXPECT_EQ(found.sequence.value, sequence);
    EXPECT_THAT(found.message, HasSubstr(message));
    EXPECT_THAT(summary(found), HasSubstr("altered"));
  }

  TemporaryDirectory directory;
};

TEST_F(VerifyTest, finds_a_log_as_it_was_written_sound) {
  const auto reader = RocksReader::open(directory.path());
  ASSERT_TRUE(reader);
  std::vector<std::uint64_t> done;
  const VerifyReport found = verify(**reader, [&](std::uint64_t events, std::uint64_t total) {
    EXPECT_EQ(total, 42u);
    done.push_back(events);
  });
  EXPECT_EQ(found.soundness, Soundness::sound) << found.message;
  EXPECT_TRUE(found.anchored);
  EXPECT_EQ(found.streams, 2u);
  EXPECT_EQ(found.events, 42u);
  EXPECT_EQ(found.last, runtime::Position{42});
  EXPECT_GT(found.bytes, 42u * 58u);
  EXPECT_EQ(done.back(), 42u);
  EXPECT_THAT(summary(found), HasSubstr("sound: 2 rollouts, 42 events, "));
}

TEST_F(VerifyTest, finds_an_altered_body) {
  std::string row = get(kEvents, event(2, 7));
  row[40] = static_cast<char>(row[40] ^ 1);
  put(kEvents, event(2, 7), row);
  expect_altered("rollout-2", 7, "stream 2, event 7: the hash chain does not hold");
}

TEST_F(VerifyTest, finds_an_altered_time) {
  std::string row = get(kEvents, event(1, 20));
  row[17] = static_cast<char>(row[17] ^ 1);
  put(kEvents, event(1, 20), row);
  expect_altered("rollout-1", 20, "the hash chain does not hold");
}

TEST_F(VerifyTest, finds_an_event_rewritten_with_a_hash_that_fits) {
  // The last event of a stream has no successor whose hash would tell.
  EventRow before;
  const std::string before_bytes = get(kEvents, event(1, 19));
  ASSERT_TRUE(split_row(before_bytes, before));
  Hash previous;
  std::copy(before.hash.begin(), before.hash.end(), previous.begin());
  core::Event forged = event_at(1, 20);
  forged.time += std::chrono::seconds(1);
  RowEncoder encoder;
  put(kEvents, event(1, 20), encoder.encode(forged, {20}, previous, nullptr));
  expect_altered("rollout-1", 20, "is missing, or is not the one of the global order");
}

TEST_F(VerifyTest, finds_a_missing_event) {
  remove(kEvents, event(1, 12));
  expect_altered("rollout-1", 12, "stream 1, event 12 is missing");
}

TEST_F(VerifyTest, finds_a_missing_last_event) {
  remove(kEvents, event(2, 20));
  expect_altered("rollout-2", 20, "is missing");
}

TEST_F(VerifyTest, finds_a_missing_first_event) {
  remove(kEvents, event(1, 1));
  expect_altered("", 1, "stream 1, event 1 is missing");
}

TEST_F(VerifyTest, finds_a_missing_stream) {
  alter(kEvents, [&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle) {
    ASSERT_TRUE(db.DeleteRange({}, handle, event(2, 0), event(3, 0)).ok());
  });
  expect_altered("", 1, "stream 2, event 1 is missing");
}

TEST_F(VerifyTest, finds_an_altered_event_of_the_shard) {
  std::string row = get(kEvents, event(0, 2));
  row[30] = static_cast<char>(row[30] ^ 1);
  put(kEvents, event(0, 2), row);
  expect_altered("", 2, "the shard's stream, event 2: the hash chain does not hold");
}

TEST_F(VerifyTest, finds_a_stream_that_was_put_in) {
  RowEncoder encoder;
  put(kEvents, event(9, 1), encoder.encode(event_at(9, 1), {1}, stream_seed({9}), nullptr));
  expect_altered("rollout-9", 1, "stream 9, event 1 is not in the global order");
}

TEST_F(VerifyTest, finds_an_event_that_was_put_behind) {
  EventRow last;
  const std::string last_bytes = get(kEvents, event(2, 20));
  ASSERT_TRUE(split_row(last_bytes, last));
  Hash previous;
  std::copy(last.hash.begin(), last.hash.end(), previous.begin());
  RowEncoder encoder;
  put(kEvents, event(2, 21), encoder.encode(event_at(2, 21), {41}, previous, nullptr));
  expect_altered("rollout-2", 21, "is missing, or is not the one of the global order");
}

TEST_F(VerifyTest, finds_a_missing_position) {
  remove(kPositions, position(30));
  expect_altered("", 0, "position 30 is missing or damaged");
}

TEST_F(VerifyTest, finds_an_altered_position) {
  std::string row = get(kPositions, position(30));
  row[30] = static_cast<char>(row[30] ^ 1);
  put(kPositions, position(30), row);
  expect_altered("rollout-2", 10, "is missing, or is not the one of the global order");
}

TEST_F(VerifyTest, finds_positions_that_were_exchanged) {
  const std::string five = get(kPositions, position(5));
  put(kPositions, position(5), get(kPositions, position(6)));
  put(kPositions, position(6), five);
  expect_altered("rollout-1", 6, "stands at position 5 where event 5 is expected");
}

TEST_F(VerifyTest, finds_an_altered_plan) {
  Hash digest;
  ASSERT_TRUE(from_hex(some_plan().digest, digest));
  std::string row = get(kPlans, as_bytes(digest));
  row.back() = static_cast<char>(row.back() ^ 1);
  put(kPlans, as_bytes(digest), row);
  expect_altered("rollout-1", 1, "the plan of stream 1, event 1 is missing or was altered");
}

TEST_F(VerifyTest, finds_a_missing_plan) {
  Hash digest;
  ASSERT_TRUE(from_hex(some_plan().digest, digest));
  remove(kPlans, as_bytes(digest));
  expect_altered("rollout-1", 1, "the plan of stream 1, event 1 is missing or was altered");
}

TEST_F(VerifyTest, finds_a_log_cut_short) {
  alter(kPositions, [&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle) {
    ASSERT_TRUE(db.Delete({}, handle, position(42)).ok());
  });
  remove(kEvents, event(0, 2));
  const VerifyReport found = report();
  EXPECT_EQ(found.soundness, Soundness::cut_short);
  EXPECT_EQ(found.message, "the log is cut short: position 42 was durable, it ends at 41");
  EXPECT_EQ(summary(found), "cut short: " + found.message);
}

TEST_F(VerifyTest, finds_another_log_behind_the_head_file) {
  TemporaryDirectory other;
  {
    const auto log = RocksEventLog::open(other.path());
    ASSERT_TRUE((*log)->append({events_from(3, 1, 42), {}, {}, {}}, render));
  }
  write_bytes(directory.path("log/HEAD"), read_bytes(other.path("log/HEAD")));
  expect_altered("", 2, "is not the event that the head file knows: this is another log");
}

TEST_F(VerifyTest, says_when_the_end_cannot_be_vouched_for) {
  write_bytes(directory.path("log/HEAD"), "torn");
  const VerifyReport found = report();
  EXPECT_EQ(found.soundness, Soundness::sound);
  EXPECT_FALSE(found.anchored);
  EXPECT_THAT(summary(found), HasSubstr("no head file"));
}

TEST_F(VerifyTest, a_kind_of_a_newer_version_refuses_its_rollout_and_not_the_log) {
  // An event of kind 200, chained as it should be, appended by a version to come.
  EventRow last;
  const std::string last_bytes = get(kEvents, event(2, 20));
  ASSERT_TRUE(split_row(last_bytes, last));
  Hash previous;
  std::copy(last.hash.begin(), last.hash.end(), previous.begin());
  RowEncoder encoder;
  std::string row(encoder.encode(event_at(2, 21), {43}, previous, nullptr));
  row.resize(row.size() - kHashBytes);
  row[1] = static_cast<char>(200);
  const Hash hash = Sha256().of(previous, row);
  row += as_bytes(hash);
  put(kEvents, event(2, 21), row);
  put(kPositions, position(43), encode_position({{2}, {21}, hash}).view());
  put(kState, "d", position(43));

  EXPECT_EQ(report().soundness, Soundness::sound) << report().message;
  const auto log = RocksEventLog::open(directory.path());
  ASSERT_TRUE(log) << log.error().message;
  const auto status = (*log)->read({2}, {1}, [](const runtime::StoredEvent&) { return true; });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "stream 2, event 21 cannot be read: unknown event kind 200; a newer rollbook wrote "
            "it");
  EXPECT_EQ(all_of(**log, 1), events_from(1, 1, 20));
  EXPECT_TRUE((*log)->append({events_from(1, 21, 1), {}, {}, {}}, render));
}

// The hash is over the bytes as they are stored: whoever writes them anew would lose the field.
TEST_F(VerifyTest, a_field_of_a_newer_version_is_hashed_as_it_stands_and_passed_over) {
  EventRow last;
  const std::string last_bytes = get(kEvents, event(2, 20));
  ASSERT_TRUE(split_row(last_bytes, last));
  Hash previous;
  std::copy(last.hash.begin(), last.hash.end(), previous.begin());
  RowEncoder encoder;
  std::string row(encoder.encode(event_at(2, 21), {43}, previous, nullptr));
  row.resize(row.size() - kHashBytes);
  row += std::string("\xfa\x3e\x03new", 6);  // protobuf field 1007, a text
  const Hash hash = Sha256().of(previous, row);
  row += as_bytes(hash);
  put(kEvents, event(2, 21), row);
  put(kPositions, position(43), encode_position({{2}, {21}, hash}).view());
  put(kState, "d", position(43));

  EXPECT_EQ(report().soundness, Soundness::sound) << report().message;
  const auto log = RocksEventLog::open(directory.path());
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_EQ(all_of(**log, 2), events_from(2, 1, 21));
  EXPECT_TRUE((*log)->append({events_from(2, 22, 1), {}, {}, {}}, render));
  EXPECT_EQ(all_of(**log, 2), events_from(2, 1, 22));
}

// Opening refuses what it can see behind the last anchor.
TEST_F(VerifyTest, an_altered_end_is_not_opened_for_writing) {
  std::string row = get(kEvents, event(2, 7));
  row[40] = static_cast<char>(row[40] ^ 1);
  put(kEvents, event(2, 7), row);
  const auto log = RocksEventLog::open(directory.path());
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().failure, OpenFailure::damaged);
  EXPECT_THAT(log.error().message, HasSubstr("stream 2, event 7: the hash chain does not hold"));
}

// What lies before the anchor has left the write-ahead log: opening does not read it again, whoever
// reads the stream does.
TEST_F(VerifyTest, opening_begins_at_the_last_anchor) {
  constexpr std::uint64_t kMany = 10'000;
  {
    const auto log = RocksEventLog::open(directory.path());
    ASSERT_TRUE((*log)->append({events_from(3, 1, kMany), {}, {}, {}}, nullptr));
  }
  ASSERT_TRUE(RocksEventLog::open(directory.path()));  // leaves the anchor
  std::string row = get(kEvents, event(3, 10));
  row[40] = static_cast<char>(row[40] ^ 1);
  put(kEvents, event(3, 10), row);

  const auto log = RocksEventLog::open(directory.path());
  ASSERT_TRUE(log) << log.error().message;
  const auto status = (*log)->read({3}, {1}, [](const runtime::StoredEvent&) { return true; });
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("stream 3, event 10: the hash chain"));
  expect_altered("rollout-3", 10, "the hash chain does not hold");
  ASSERT_TRUE((*log)->append({events_from(3, kMany + 1, 1), {}, {}, {}}, nullptr));
}

TEST_F(VerifyTest, finds_an_order_altered_before_an_anchor) {
  {
    const auto log = RocksEventLog::open(directory.path());
    ASSERT_TRUE((*log)->append({events_from(3, 1, 5'000), {}, {}, {}}, nullptr));
  }
  ASSERT_TRUE(RocksEventLog::open(directory.path()));  // leaves an anchor at 5042
  const std::string key = "a" + position(5'042);
  std::string global = get(kState, key);
  global[0] = static_cast<char>(global[0] ^ 1);
  put(kState, key, global);
  expect_altered("", 0, "the global chain does not hold at the anchor of position 5042");
}

TEST_F(VerifyTest, an_anchor_beyond_the_end_means_the_log_was_cut) {
  put(kState, "a" + position(50), std::string(32, 'x'));
  const VerifyReport found = report();
  EXPECT_EQ(found.soundness, Soundness::sound) << "a reader looks no further than is durable";
  const auto log = RocksEventLog::open(directory.path());
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().failure, OpenFailure::cut_short);
}

}  // namespace
}  // namespace rollbook::store
