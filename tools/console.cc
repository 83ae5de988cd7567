#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "tools/cli.h"

namespace rollbook::tools {
namespace {

std::atomic<bool> was_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int) { was_interrupted = true; }

std::size_t terminal_width() {
  if (const char* columns = std::getenv("COLUMNS")) {
    const long width = std::strtol(columns, nullptr, 10);
    if (width >= 40 && width <= 1000) return static_cast<std::size_t>(width);
  }
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) return size.ws_col;
  return 80;
}

}  // namespace

Console Console::of_process() {
  Look look;
  look.out_is_terminal = isatty(STDOUT_FILENO) != 0;
  look.err_is_terminal = isatty(STDERR_FILENO) != 0;
  look.in_is_terminal = isatty(STDIN_FILENO) != 0;
  const char* no_color = std::getenv("NO_COLOR");
  look.colour = look.out_is_terminal && (no_color == nullptr || *no_color == '\0');
  look.width = terminal_width();
  return Console(look);
}

void Console::print(std::string_view text) const {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Console::line(std::string_view text) const {
  print(text);
  std::fputc('\n', stdout);
  if (look_.out_is_terminal) flush();
}

void Console::flush() const { std::fflush(stdout); }

void Console::say(std::string_view message) const {
  flush();
  std::fwrite(message.data(), 1, message.size(), stderr);
  std::fputc('\n', stderr);
}

Exit Console::fail(std::string_view message, Exit exit) const {
  say(fmt::format("rollbook: {}", message));
  return exit;
}

void Console::suggest(std::string_view command) const { say(fmt::format("next: {}", command)); }

bool Console::confirm(std::string_view question) const {
  if (!look_.in_is_terminal) return false;
  flush();
  std::fwrite(question.data(), 1, question.size(), stderr);
  std::fputs(" [y/N] ", stderr);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return was_interrupted; }

}  // namespace rollbook::tools
