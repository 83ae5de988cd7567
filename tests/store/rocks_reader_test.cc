#include "store/rocks_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "store/rocks_event_log.h"
#include "tests/store/log_fixture.h"

namespace rollbook::store {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RocksReaderTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    auto opened = RocksEventLog::open(directory.path());
    ASSERT_TRUE(opened) << opened.error().message;
    log = std::move(*opened);
  }
  std::unique_ptr<RocksReader> reader() {
    auto opened = RocksReader::open(directory.path());
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  void append(std::vector<core::Event> events) {
    const auto appended = log->append({std::move(events), {}, {}, {}}, render);
    ASSERT_TRUE(appended) << appended.error().message;
  }

  TemporaryDirectory directory;
  std::unique_ptr<RocksEventLog> log;
};

TEST_F(RocksReaderTest, sees_what_a_running_engine_has_appended) {
  ASSERT_TRUE(
      log->append({{event_at(0, 1), event_at(1, 1)}, {some_plan()}, {}, {{"v", "1"}}}, render));
  append(events_from(1, 2, 9));
  auto beside = reader();
  EXPECT_EQ(beside->last_position(), runtime::Position{11});
  EXPECT_EQ(all_of(*beside, 1), events_from(1, 1, 10));
  EXPECT_THAT(*beside->streams(), ElementsAre(core::StreamId{1}));
  EXPECT_EQ(beside->read_positions({9}, 10)->size(), 2u);
  EXPECT_EQ(beside->outbox()->size(), 2u);
  EXPECT_EQ(*beside->value("v"), "1");
  EXPECT_TRUE(beside->plan(some_plan().digest));
}

TEST_F(RocksReaderTest, sees_more_only_when_it_looks_again) {
  append(events_from(1, 1, 3));
  auto beside = reader();
  append({event_at(1, 4), event_at(2, 1)});
  EXPECT_EQ(all_of(*beside, 1), events_from(1, 1, 3));
  ASSERT_TRUE(beside->refresh());
  EXPECT_EQ(all_of(*beside, 1), events_from(1, 1, 4));
  EXPECT_EQ(all_of(*beside, 2), events_from(2, 1, 1));
}

TEST_F(RocksReaderTest, shows_nothing_that_was_not_durable) {
  append(events_from(1, 1, 3));
  const std::string head = read_bytes(directory.path("log/HEAD"));
  append({event_at(1, 4), event_at(2, 1)});
  // The head file as it is while the second turn is being synced.
  write_bytes(directory.path("log/HEAD"), head);
  auto beside = reader();
  EXPECT_EQ(beside->last_position(), runtime::Position{3});
  EXPECT_EQ(all_of(*beside, 1), events_from(1, 1, 3));
  EXPECT_THAT(all_of(*beside, 2), IsEmpty());
  EXPECT_THAT(*beside->streams(), ElementsAre(core::StreamId{1}));
  EXPECT_EQ(beside->read_positions({0}, 10)->size(), 3u);
  // The next turn records that the one before it was durable.
  ASSERT_TRUE(log->append({{}, {}, {}, {{"heartbeat", "1"}}}, render));
  ASSERT_TRUE(beside->refresh());
  EXPECT_EQ(beside->last_position(), runtime::Position{5});
}

TEST_F(RocksReaderTest, sees_the_last_turn_of_an_engine_that_has_stopped_without_a_head_file) {
  append(events_from(1, 1, 3));
  log.reset();
  std::filesystem::remove(directory.path("log/HEAD"));
  EXPECT_EQ(reader()->last_position(), runtime::Position{3});
}

TEST_F(RocksReaderTest, refuses_to_append_and_writes_nothing) {
  append(events_from(1, 1, 1));
  log.reset();
  const auto files = [&] {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path())) {
      if (entry.is_regular_file()) {
        names.push_back(entry.path().string() + read_bytes(entry.path().string()));
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  };
  const auto before = files();
  {
    auto beside = reader();
    const auto appended = beside->append({{event_at(1, 2)}, {}, {}, {}}, render);
    ASSERT_FALSE(appended);
    EXPECT_THAT(appended.error().message, HasSubstr("open for reading only"));
    ASSERT_TRUE(beside->refresh());
  }
  EXPECT_EQ(files(), before);
}

TEST_F(RocksReaderTest, says_when_there_is_no_log) {
  const auto beside = RocksReader::open(directory.path("nothing"));
  ASSERT_FALSE(beside);
  EXPECT_EQ(beside.error().failure, OpenFailure::unreadable);
  EXPECT_EQ(beside.error().message,
            "there is no log in `" + directory.path("nothing") + "` (no file FORMAT)");
  EXPECT_FALSE(std::filesystem::exists(directory.path("nothing")));
}

// Such a header once kept RocksDB's reader busy for ever.
TEST_F(RocksReaderTest, refuses_a_header_of_a_recycled_file) {
  append(events_from(1, 1, 3));
  log.reset();
  open();  // the manifest has records now, and there is a new write-ahead file
  append(events_from(1, 4, 3));
  log.reset();
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path("log/rocks"))) {
    const std::string path = entry.path().string();
    const std::string bytes = read_bytes(path);
    const bool manifest = entry.path().filename().string().starts_with("MANIFEST-");
    if ((!manifest && entry.path().extension() != ".log") || bytes.size() < 7) continue;
    ++files;
    std::string changed = bytes;
    changed[6] = static_cast<char>(changed[6] | 4);  // the first record's type
    write_bytes(path, changed);
    const auto beside = RocksReader::open(directory.path());
    ASSERT_FALSE(beside);
    EXPECT_EQ(beside.error().failure, OpenFailure::damaged);
    write_bytes(path, bytes);
  }
  EXPECT_GE(files, 2);
  EXPECT_EQ(reader()->last_position(), runtime::Position{6});
}

// Through restarts, flushes and compactions of the engine, a reader that keeps looking sees the
// log grow, in order and whole.
TEST_F(RocksReaderTest, follows_a_writer_through_restarts) {
  append(events_from(1, 1, 1));
  constexpr std::uint64_t kEvents = 3'000;
  std::jthread writer([&] {
    for (std::uint64_t next = 2; next <= kEvents; ++next) {
      if (next % 500 == 0) {
        log.reset();
        open();
      }
      ASSERT_NO_FATAL_FAILURE(append({event_at(1, next)}));
    }
  });
  auto beside = reader();
  runtime::Position cursor;
  while (cursor.value < kEvents && !HasFailure()) {
    const auto status = beside->refresh();
    ASSERT_TRUE(status) << status.error().message;
    const auto events = beside->read_positions(cursor, 1'000);
    ASSERT_TRUE(events) << events.error().message;
    for (const auto& stored : *events) {
      ASSERT_EQ(stored.position.value, cursor.value + 1);
      ASSERT_EQ(stored.event, event_at(1, stored.position.value));
      cursor = stored.position;
    }
  }
}

}  // namespace
}  // namespace rollbook::store
