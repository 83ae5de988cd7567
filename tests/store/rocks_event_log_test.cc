// What only a log on disk can go through: closing and opening again, locks, formats, torn and
// flipped bytes, a full disk, kill -9.

#include "store/rocks_event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "store/rocks_reader.h"
#include "store/verify.h"
#include "tests/small_disk.h"
#include "tests/store/log_fixture.h"

namespace rollbook::store {
namespace {

namespace fs = std::filesystem;
using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;

std::unique_ptr<RocksEventLog> open_log(const std::string& path, RocksOptions options = {}) {
  auto log = RocksEventLog::open(path, std::move(options));
  EXPECT_TRUE(log) << log.error().message;
  return log ? std::move(*log) : nullptr;
}

// Events `first`, `first` + 1, … of stream 1, each in a turn of its own.
void append_singly(RocksEventLog& log, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t sequence = first; sequence < first + count; ++sequence) {
    const auto appended = log.append({{event_at(1, sequence)}, {}, {}, {}}, render);
    ASSERT_TRUE(appended) << appended.error().message;
  }
}

OpenError open_error(const std::string& path) {
  const auto log = RocksEventLog::open(path);
  EXPECT_FALSE(log);
  return log ? OpenError{} : log.error();
}

// The write-ahead file with the newest events.
std::string newest_write_ahead(const std::string& path) {
  std::string newest;
  for (const auto& entry : fs::directory_iterator(path + "/rocks")) {
    if (entry.path().extension() == ".log" && entry.path().string() > newest) {
      newest = entry.path().string();
    }
  }
  return newest;
}

TEST(RocksEventLog, goes_on_after_a_restart) {
  TemporaryDirectory directory;
  std::vector<std::string> hashes;
  {
    auto log = open_log(directory.path());
    hashes =
        log->append({events_from(1, 1, 10), {some_plan()}, {}, {{"cursor", "7"}}}, render)->hashes;
  }
  auto log = open_log(directory.path());
  EXPECT_EQ(log->last_position(), runtime::Position{10});
  EXPECT_EQ(all_of(*log, 1), events_from(1, 1, 10));
  EXPECT_EQ(*log->value("cursor"), "7");
  EXPECT_TRUE(log->plan(some_plan().digest));
  const auto rows = log->outbox();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].id, "rollout-1/5/" + hashes[4]);
  const auto next = log->append({{event_at(1, 11), event_at(2, 1)}, {}, {{{1}, {5}}}, {}}, render);
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->last, runtime::Position{12});
  EXPECT_EQ(log->outbox()->size(), 1u);
  EXPECT_EQ(all_of(*log, 1), events_from(1, 1, 11));
}

TEST(RocksEventLog, checks_from_its_anchor_on_after_many_events_and_restarts) {
  TemporaryDirectory directory;
  std::uint64_t next = 1;
  for (int restart = 0; restart < 3; ++restart) {
    auto log = open_log(directory.path());
    for (int turn = 0; turn < 30; ++turn, next += 200) {
      ASSERT_TRUE(log->append({events_from(1, next, 200), {}, {}, {}}, render));
    }
  }
  auto log = open_log(directory.path());
  EXPECT_EQ(log->last_position().value, next - 1);
  const auto reader = RocksReader::open(directory.path());
  ASSERT_TRUE(reader);
  const VerifyReport report = verify(**reader, nullptr);
  EXPECT_EQ(report.soundness, Soundness::sound) << report.message;
  EXPECT_EQ(report.events, next - 1);
}

TEST(RocksEventLog, is_locked_against_another_engine) {
  TemporaryDirectory directory;
  auto log = open_log(directory.path());
  const OpenError error = open_error(directory.path());
  EXPECT_EQ(error.failure, OpenFailure::locked);
  EXPECT_EQ(error.message, "the log in `" + directory.path() +
                               "` is locked by another engine (process " +
                               std::to_string(::getpid()) +
                               "); stop it first, or give this one a directory of its own");
  log.reset();
  EXPECT_TRUE(RocksEventLog::open(directory.path()));
}

TEST(RocksEventLog, refuses_a_newer_format_untouched) {
  TemporaryDirectory directory;
  open_log(directory.path());
  write_bytes(directory.path("log/FORMAT"), "rollbook log, format 2\n");
  const OpenError error = open_error(directory.path());
  EXPECT_EQ(error.failure, OpenFailure::newer_format);
  EXPECT_EQ(error.message, "the log in `" + directory.path() +
                               "` has format 2, written by a newer rollbook; this one reads "
                               "formats up to 1");
  const auto reader = RocksReader::open(directory.path());
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().failure, OpenFailure::newer_format);
}

TEST(RocksEventLog, refuses_a_format_it_cannot_read) {
  for (const char* text :
       {"", "x", "rollbook log, format ", "rollbook log, format 1", "rollbook log, format 0\n",
        "rollbook log, format 1\n\n", "rollbook log, format 99999999999999999999\n"}) {
    TemporaryDirectory directory;
    open_log(directory.path());
    write_bytes(directory.path("log/FORMAT"), text);
    EXPECT_EQ(open_error(directory.path()).failure, OpenFailure::damaged) << text;
  }
}

TEST(RocksEventLog, refuses_a_log_that_lost_its_files) {
  for (const char* file : {"FORMAT", "rocks/CURRENT", "rocks"}) {
    TemporaryDirectory directory;
    {
      auto log = open_log(directory.path());
      append_singly(*log, 1, 3);
    }
    fs::remove_all(directory.path(std::string("log/") + file));
    EXPECT_EQ(open_error(directory.path()).failure, OpenFailure::damaged) << file;
  }
}

TEST(RocksEventLog, says_when_it_cannot_be_where_it_should) {
  TemporaryDirectory directory;
  write_bytes(directory.path("file"), "x");
  const OpenError error = open_error(directory.path("file/log"));
  EXPECT_EQ(error.failure, OpenFailure::unreadable);
  EXPECT_THAT(error.message, HasSubstr("cannot make the directory"));
}

TEST(RocksEventLog, opens_a_torn_tail_without_the_turn_nobody_was_told_about) {
  TemporaryDirectory directory;
  std::string head;
  std::uintmax_t before = 0;
  {
    auto log = open_log(directory.path());
    append_singly(*log, 1, 20);
    head = read_bytes(directory.path("log/HEAD"));
    before = fs::file_size(newest_write_ahead(directory.path()));
    append_singly(*log, 21, 1);
    // What a crash in the middle of writing event 21 leaves.
    fs::copy(directory.path(), directory.path("torn"), fs::copy_options::recursive);
  }
  const std::string file = newest_write_ahead(directory.path("torn"));
  const std::string bytes = read_bytes(file);
  write_bytes(directory.path("torn/HEAD"), head);
  write_bytes(file, bytes.substr(0, before + (bytes.size() - before) / 2));
  auto log = open_log(directory.path("torn"));
  EXPECT_EQ(log->last_position(), runtime::Position{20});
  EXPECT_EQ(all_of(*log, 1), events_from(1, 1, 20));
  append_singly(*log, 21, 5);
  EXPECT_EQ(all_of(*log, 1), events_from(1, 1, 25));
}

TEST(RocksEventLog, refuses_a_log_cut_short_of_what_was_durable_and_keeps_its_bytes) {
  TemporaryDirectory directory;
  {
    auto log = open_log(directory.path());
    append_singly(*log, 1, 20);
    fs::copy(directory.path(), directory.path("cut"), fs::copy_options::recursive);
  }
  const std::string file = newest_write_ahead(directory.path("cut"));
  const std::string bytes = read_bytes(file);
  const std::string rest = bytes.substr(0, bytes.size() - 10);
  write_bytes(file, rest);
  // Twice: what the first opening did must not make the second one succeed.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const OpenError error = open_error(directory.path("cut"));
    EXPECT_EQ(error.failure, OpenFailure::cut_short);
    EXPECT_THAT(error.message,
                HasSubstr("the log is cut short: position 20 was durable, it ends at 19"));
  }
  EXPECT_EQ(read_bytes(directory.path("cut/kept/" + fs::path(file).filename().string())), rest);
  const auto reader = RocksReader::open(directory.path("cut"));
  ASSERT_TRUE(reader) << reader.error().message;
  const VerifyReport report = verify(**reader, nullptr);
  EXPECT_EQ(report.soundness, Soundness::cut_short) << report.message;
  // The way out that the message names.
  fs::remove(directory.path("cut/HEAD"));
  std::vector<std::string> warnings;
  RocksOptions options;
  options.warn = [&](const std::string& warning) { warnings.push_back(warning); };
  auto log = open_log(directory.path("cut"), options);
  EXPECT_EQ(log->last_position(), runtime::Position{19});
  ASSERT_FALSE(warnings.empty());
  EXPECT_THAT(warnings[0], HasSubstr("no readable head file"));
}

// Every file of a log, bits flipped all over: the log is refused, or verify() sees it, or the
// file did not matter and every event is there. Nothing is ever missing without a word.
TEST(RocksEventLog, never_goes_on_silently_after_a_flipped_bit) {
  TemporaryDirectory directory;
  {
    auto log = open_log(directory.path());
    ASSERT_TRUE(log->append({events_from(1, 1, 100), {some_plan()}, {}, {}}, render));
    append_singly(*log, 101, 20);
  }
  {
    // A second life: the first is in table files now, this one in the write-ahead log.
    auto log = open_log(directory.path());
    append_singly(*log, 121, 150);  // more than one block of 32 KiB
  }
  const std::string sound = directory.path();
  const std::string flipped = directory.path("flipped");
  const std::vector<core::Event> expected = events_from(1, 1, 270);
  const char* wanted = std::getenv("ROLLBOOK_FLIPS");  // in each file
  const std::size_t flips = wanted == nullptr ? 12 : std::stoul(wanted);
  int seen = 0, harmless = 0;
  for (const auto& entry : fs::recursive_directory_iterator(sound)) {
    if (!entry.is_regular_file() || entry.file_size() == 0) continue;
    const std::string name = fs::relative(entry.path(), sound).string();
    const std::string bytes = read_bytes(entry.path().string());
    for (std::size_t i = 0; i < flips; ++i) {
      const std::size_t at = bytes.size() * (2 * i + 1) / (2 * flips);
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << (i % 8)));
      fs::remove_all(flipped);
      fs::copy(sound, flipped, fs::copy_options::recursive);
      write_bytes(flipped + "/" + name, changed);
      SCOPED_TRACE(name + " byte " + std::to_string(at));
      bool refused = false;
      {
        const auto reader = RocksReader::open(flipped);
        refused = !reader || verify(**reader, nullptr).soundness != Soundness::sound;
        if (!refused) {
          EXPECT_EQ((*reader)->last_position(), runtime::Position{270});
        }
      }
      auto log = RocksEventLog::open(flipped);
      if (!log) {
        ++seen;
        continue;
      }
      // Opening reads the end of the log only; what is older, reading a stream checks.
      std::vector<core::Event> events;
      const auto status = (*log)->read({1}, {1}, [&](const runtime::StoredEvent& stored) {
        events.push_back(stored.event);
        return true;
      });
      if (!status || refused) {
        ++seen;
        continue;
      }
      ++harmless;
      EXPECT_EQ((*log)->last_position(), runtime::Position{270});
      EXPECT_EQ(events, expected);
      EXPECT_TRUE((*log)->plan(some_plan().digest));
    }
  }
  EXPECT_GT(seen, 20);
  RecordProperty("seen", seen);
  RecordProperty("harmless", harmless);
}

TEST(RocksEventLog, warns_of_little_space_and_refuses_to_begin_without) {
  TemporaryDirectory directory;
  std::vector<std::string> warnings;
  RocksOptions options;
  options.warn = [&](const std::string& warning) { warnings.push_back(warning); };
  options.warn_below_bytes = UINT64_MAX;
  {
    auto log = open_log(directory.path(), options);
    append_singly(*log, 1, 200);
  }
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr("are left on the disk of `" + directory.path() + "`"));
  options.refuse_below_bytes = UINT64_MAX;
  const auto refused = RocksEventLog::open(directory.path(), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, OpenFailure::no_space);
}

TEST(RocksEventLog, ends_at_a_full_disk_and_loses_nothing_it_acknowledged) {
  TemporaryDirectory directory;
  const tests::SmallDisk disk(directory.path("disk"), "24m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  RocksOptions options;
  options.refuse_below_bytes = 0;
  std::uint64_t acknowledged = 0;
  {
    auto log = open_log(disk.path() + "/log", options);
    runtime::Turn turn;
    turn.values = {{"ballast", std::string(1 << 20, 'x')}};
    core::Error error;
    for (std::uint64_t sequence = 1; sequence < 200; ++sequence) {
      turn.events = {event_at(1, sequence)};
      const auto appended = log->append(turn, render);
      if (!appended) {
        error = appended.error();
        break;
      }
      acknowledged = sequence;
    }
    EXPECT_THAT(error.message, HasSubstr("no space left on the disk"));
    EXPECT_GT(acknowledged, 5u);
    turn.values.clear();
    const auto again = log->append(turn, render);
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().message,
                HasSubstr("the log takes no more events after a failed append"));
  }
  // On a disk with room it is all there.
  TemporaryDirectory roomy;
  fs::copy(disk.path() + "/log", roomy.path(), fs::copy_options::recursive);
  auto log = open_log(roomy.path());
  EXPECT_GE(log->last_position().value, acknowledged);
  EXPECT_EQ(all_of(*log, 1), events_from(1, 1, log->last_position().value));
}

}  // namespace
}  // namespace rollbook::store
