// An event is on the disk before append() returns: what nobody synced a power cut takes away, and
// no kill -9 shows that it was missing. So the calls themselves are counted.

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "store/rocks_event_log.h"
#include "tests/store/log_fixture.h"

namespace {

std::mutex mutex;                 // guards the next
std::vector<std::string> synced;  // the files, in order

void take_down(int file) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t length = ::readlink(link.c_str(), path, sizeof path);
  if (length <= 0) return;
  const std::lock_guard lock(mutex);
  synced.emplace_back(path, static_cast<std::size_t>(length));
}

}  // namespace

// Ours go before those of libc, for RocksDB too, which is a shared library.
extern "C" int fdatasync(int file) {
  take_down(file);
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}
extern "C" int fsync(int file) {
  take_down(file);
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace rollbook::store {
namespace {

using namespace test;

// How many of the files that were synced since the last call have this in their names.
std::ptrdiff_t count_synced(const std::string& part) {
  const std::lock_guard lock(mutex);
  return std::count_if(synced.begin(), synced.end(), [&](const std::string& path) {
    return path.find(part) != std::string::npos;
  });
}
void forget() {
  const std::lock_guard lock(mutex);
  synced.clear();
}

TEST(Sync, every_turn_is_on_the_disk_before_it_is_acknowledged) {
  TemporaryDirectory directory;
  const auto opened = RocksEventLog::open(directory.path());
  ASSERT_TRUE(opened) << opened.error().message;
  runtime::EventLog* const log = opened->get();
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
    forget();
    ASSERT_TRUE(log->append({{event_at(1, sequence)}, {}, {}, {}}, render));
    EXPECT_EQ(count_synced(directory.path() + "/rocks/"), 1) << sequence;
  }
  // A turn without events, such as a heartbeat or a checkpoint, is as durable.
  forget();
  ASSERT_TRUE(log->append({{}, {}, {}, {{"cursor", "7"}}}, render));
  EXPECT_EQ(count_synced(directory.path() + "/rocks/"), 1);
}

TEST(Sync, a_log_that_need_not_last_is_not_synced) {
  TemporaryDirectory directory;
  RocksOptions options;
  options.sync = false;
  const auto opened = RocksEventLog::open(directory.path(), options);
  ASSERT_TRUE(opened) << opened.error().message;
  runtime::EventLog* const log = opened->get();
  forget();
  ASSERT_TRUE(log->append({{event_at(1, 1)}, {}, {}, {}}, render));
  EXPECT_EQ(count_synced(directory.path() + "/rocks/"), 0);
}

}  // namespace
}  // namespace rollbook::store
