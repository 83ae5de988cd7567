// `rollbook check` of the canary beside a bare start of the same program, in wall time: starting,
// reading, compiling, warning.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "engine/core/types.h"
#include "tools/benchmarks/benchmarks.h"

namespace rollbook::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Milliseconds until it has ended, with nothing to read and nobody to print to.
double run_program(std::vector<std::string> arguments) {
  const std::string program =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "rollbook").string();
  arguments.insert(arguments.begin(), program);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0);
  }
  pid_t child = 0;
  const auto begin = Clock::now();
  ROLLBOOK_CHECK(
      posix_spawn(&child, program.c_str(), &actions, nullptr, pointers.data(), environ) == 0);
  int status = 0;
  ROLLBOOK_CHECK(waitpid(child, &status, 0) == child);
  const double taken = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  posix_spawn_file_actions_destroy(&actions);
  ROLLBOOK_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return taken;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

}  // namespace

void check(std::vector<Row>& rows) {
  std::vector<double> bare, ours;
  for (int i = 0; i < 41; ++i) {
    bare.push_back(run_program({"--version"}));
    ours.push_back(run_program({"check", "plans/hal9-canary.runbook"}));
  }
  const double more = median(ours) - median(bare);
  rows.push_back({"check of the canary, more than a bare start", number(more, "ms"),
                  number(median(bare), "ms"), "", "< 10 ms", more < 10});
}

}  // namespace rollbook::bench
