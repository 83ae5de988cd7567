#include "tools/dot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

extern char** environ;

namespace rollbook::tools {
namespace {

// An end of a pipe, closed with the object.
class End {
 public:
  explicit End(int fd) : fd_(fd) {}
  ~End() { close(); }
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// Writes and reads in turn, whichever is possible: neither pipe may fill up while the other waits.
std::string exchange(End& in, End& out, std::string_view rest) {
  std::string answer;
  while (out.get() >= 0) {
    std::array<pollfd, 2> ends{{{out.get(), POLLIN, 0}, {in.get(), POLLOUT, 0}}};
    if (poll(ends.data(), in.get() >= 0 ? 2 : 1, -1) < 0 && errno != EINTR) break;
    if (in.get() >= 0 && ends[1].revents != 0) {
      const ssize_t n = ::write(in.get(), rest.data(), rest.size());
      if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
      if (rest.empty() || (n < 0 && errno != EAGAIN && errno != EINTR)) in.close();
    }
    if (ends[0].revents == 0) continue;
    std::array<char, 1 << 16> block{};
    const ssize_t n = ::read(out.get(), block.data(), block.size());
    if (n > 0) {
      answer.append(block.data(), static_cast<std::size_t>(n));
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
      out.close();
    }
  }
  return answer;
}

}  // namespace

Outcome<std::string> draw_svg(const std::string& dot) {
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC) != 0) return give_up("no pipe: " + std::string(std::strerror(errno)));
  End in_read(to[0]), in(to[1]);
  if (pipe2(from, O_CLOEXEC) != 0) return give_up("no pipe: " + std::string(std::strerror(errno)));
  End out(from[0]), out_write(from[1]);
  fcntl(in.get(), F_SETFL, O_NONBLOCK);
  std::signal(SIGPIPE, SIG_IGN);  // dot may give up before it has read all

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in_read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out_write.get(), STDOUT_FILENO);
  std::array<char, 4> name{"dot"};
  std::array<char, 6> option{"-Tsvg"};
  std::array<char*, 3> arguments{name.data(), option.data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "dot", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT) {
    return give_up(
        "`dot` of Graphviz is not installed: install it (apt-get install graphviz), or "
        "use `-o dot` or `-o mermaid`");
  }
  if (failed != 0) return give_up(fmt::format("`dot` did not start: {}", std::strerror(failed)));
  in_read.close();
  out_write.close();
  const std::string svg = exchange(in, out, dot);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || svg.empty()) {
    return give_up("`dot` could not draw this graph");
  }
  return svg;
}

}  // namespace rollbook::tools
