// A process that appends to a log until it is killed: crash_test starts it, kills it, and counts.
// After each durable turn it writes the last sequence as a line to standard output.

#include <unistd.h>

#include <cstdio>
#include <string>

#include "store/rocks_event_log.h"
#include "tests/store/log_fixture.h"

using namespace rollbook;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto log = store::RocksEventLog::open(argv[1]);
  if (!log) {
    std::fprintf(stderr, "%s\n", log.error().message.c_str());
    return 1;
  }
  std::uint64_t next = (*log)->last_position().value + 1;
  while (true) {
    // Turns of one to five events, with an outbox row for each fifth event and now and then a
    // value as large as a snapshot.
    const std::uint64_t count = 1 + next % 5;
    runtime::Turn turn;
    turn.events = store::test::events_from(1, next, count);
    turn.values.push_back({"last", std::to_string(next + count - 1)});
    if (next % 7 == 0) turn.values.push_back({"ballast", std::string(100'000, 'x')});
    const auto appended = (*log)->append(turn, store::test::render);
    if (!appended) {
      std::fprintf(stderr, "%s\n", appended.error().message.c_str());
      return 1;
    }
    next += count;
    const std::string line = std::to_string(next - 1) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) return 0;
  }
}
