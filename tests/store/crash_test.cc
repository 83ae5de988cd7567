// kill -9 of a process that appends, at moments that differ, again and again on one log: what was
// acknowledged is there, nothing is there in part.

#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>

#include "store/rocks_event_log.h"
#include "store/rocks_reader.h"
#include "store/verify.h"
#include "tests/paths.h"
#include "tests/store/log_fixture.h"

extern char** environ;

namespace rollbook::store {
namespace {

using namespace test;

// Runs the child until it has acknowledged `turns` turns and lived `longer` after that, kills it,
// and returns the last sequence that it acknowledged.
std::uint64_t run_and_kill(const std::string& directory, int turns,
                           std::chrono::microseconds longer) {
  std::array<int, 2> pipe{};
  EXPECT_EQ(::pipe(pipe.data()), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, pipe[0]);
  posix_spawn_file_actions_addclose(&actions, pipe[1]);
  std::string program = ROLLBOOK_BINARY_DIR "/store_crash_child";
  std::string argument = directory;
  std::array<char*, 3> arguments{program.data(), argument.data(), nullptr};
  pid_t child = 0;
  EXPECT_EQ(::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environ),
            0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);

  std::string lines;
  std::array<char, 4096> bytes{};
  ssize_t got = 1;
  const auto read_some = [&] {
    got = ::read(pipe[0], bytes.data(), bytes.size());
    if (got > 0) lines.append(bytes.data(), static_cast<std::size_t>(got));
  };
  while (got > 0 && std::count(lines.begin(), lines.end(), '\n') < turns) read_some();
  // So that the kill hits any moment of a turn, not only the one after an answer.
  using Clock = std::chrono::steady_clock;
  for (const auto end = Clock::now() + longer; got > 0 && Clock::now() < end;) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(end - Clock::now());
    const timespec wait{0, std::max<long>(left.count(), 0)};
    pollfd answer{pipe[0], POLLIN, 0};
    if (::ppoll(&answer, 1, &wait, nullptr) > 0) read_some();
  }
  ::kill(child, SIGKILL);
  while (got > 0) read_some();
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);

  const std::size_t end = lines.rfind('\n');
  if (end == std::string::npos) return 0;
  const std::size_t begin = lines.rfind('\n', end - 1);
  return std::stoull(lines.substr(begin == std::string::npos ? 0 : begin + 1));
}

int cycles() {
  const char* number = std::getenv("ROLLBOOK_KILL_CYCLES");
  return number == nullptr ? 30 : std::atoi(number);
}

TEST(Crash, loses_nothing_acknowledged_and_keeps_no_turn_in_part) {
  TemporaryDirectory directory(Place::on_disk);
  std::mt19937 random(7);
  std::uint64_t acknowledged = 0;
  for (int cycle = 0; cycle < cycles(); ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle));
    const int turns = 1 + static_cast<int>(random() % 40);
    const std::chrono::microseconds longer(random() % 3'000);
    acknowledged = std::max(acknowledged, run_and_kill(directory.path(), turns, longer));
    {
      // Before the engine comes back, a reader sees what was acknowledged.
      const auto reader = RocksReader::open(directory.path());
      ASSERT_TRUE(reader) << reader.error().message;
      ASSERT_GE((*reader)->last_position().value, acknowledged);
      const VerifyReport report = verify(**reader, nullptr);
      ASSERT_EQ(report.soundness, Soundness::sound) << report.message;
    }
    const auto log = RocksEventLog::open(directory.path());
    ASSERT_TRUE(log) << log.error().message;
    const std::uint64_t last = (*log)->last_position().value;
    ASSERT_GE(last, acknowledged);
    // The value of a turn is there exactly when its events are.
    ASSERT_EQ(*(*log)->value("last"), std::to_string(last));
    ASSERT_EQ(all_of(**log, 1), events_from(1, 1, last));
    ASSERT_EQ((*log)->outbox()->size(), last / 5);
    acknowledged = last;
  }
}

}  // namespace
}  // namespace rollbook::store
