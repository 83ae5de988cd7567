#include "tests/tools/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/paths.h"

namespace rollbook::tests {
namespace {

// Reads both pipes to their ends, whichever speaks first.
void drain(int out, int err, Ran& ran) {
  std::array<pollfd, 2> pipes{{{out, POLLIN, 0}, {err, POLLIN, 0}}};
  while (pipes[0].fd >= 0 || pipes[1].fd >= 0) {
    if (poll(pipes.data(), pipes.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < pipes.size(); ++i) {
      if (pipes[i].fd < 0 || pipes[i].revents == 0) continue;
      std::array<char, 4096> buffer{};
      const ssize_t n = read(pipes[i].fd, buffer.data(), buffer.size());
      if (n <= 0) {
        close(pipes[i].fd);
        pipes[i].fd = -1;
      } else {
        (i == 0 ? ran.out : ran.err).append(buffer.data(), static_cast<std::size_t>(n));
      }
    }
  }
}

}  // namespace

Ran rollbook(const std::vector<std::string>& words, const std::string& input) {
  const std::string program = std::string(ROLLBOOK_BINARY_DIR) + "/rollbook";
  std::vector<std::string> environment{"PATH=/usr/bin:/bin", "USER=tester"};
  std::vector<std::string> arguments{program};
  for (const std::string& word : words) {
    const bool variable = arguments.size() == 1 && word.find('=') != std::string::npos;
    (variable ? environment : arguments).push_back(word);
  }
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (std::string& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
  };
  int in[2], out[2], err[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
    return {};
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  auto argv = pointers(arguments);
  auto envp = pointers(environment);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  for (const int end : {in[0], out[1], err[1]}) close(end);
  Ran ran;
  if (failed == 0 && !input.empty()) {
    EXPECT_EQ(write(in[1], input.data(), input.size()), static_cast<ssize_t>(input.size()));
  }
  close(in[1]);
  drain(out[0], err[0], ran);
  int status = 0;
  if (failed == 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)) {
    ran.exit = WEXITSTATUS(status);
  }
  return ran;
}

Directory::Directory() {
  std::string pattern = testing::TempDir() + "rollbook_XXXXXX";
  if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
}
Directory::~Directory() { std::filesystem::remove_all(path_); }

std::string Directory::write(const std::string& name, const std::string& text) const {
  std::string path = file(name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace rollbook::tests
