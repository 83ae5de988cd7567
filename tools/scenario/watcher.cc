#include "tools/scenario/watcher.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>

namespace rollbook::tools {
namespace {

namespace fs = std::filesystem;

// An editor saves in several steps.
constexpr int kQuietMs = 50;
constexpr int kLookMs = 500;

bool concerns(std::string_view name) {
  return name.ends_with(".scenario") || name.ends_with(".runbook");
}

}  // namespace

Outcome<Watcher> Watcher::make(const std::vector<std::string>& paths) {
  const int descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (descriptor < 0) return give_up(fmt::format("inotify: {}", std::strerror(errno)));
  Watcher watcher(descriptor);
  TRY_DO(watcher.add(paths));
  return watcher;
}

Watcher::Watcher(Watcher&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      directories_(std::move(other.directories_)) {}

Watcher::~Watcher() {
  if (descriptor_ >= 0) close(descriptor_);
}

Outcome<void> Watcher::add(const std::vector<std::string>& paths) {
  std::set<std::string> directories;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      const fs::path parent = fs::path(path).parent_path();
      directories.insert(parent.empty() ? "." : parent.string());
      continue;
    }
    directories.insert(path);
    fs::recursive_directory_iterator entry(path, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      std::error_code ignored;
      if (entry->is_directory(ignored)) directories.insert(entry->path().string());
    }
  }
  for (const std::string& directory : directories) {
    if (!directories_.insert(directory).second) continue;
    constexpr std::uint32_t kChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE;
    if (inotify_add_watch(descriptor_, directory.c_str(), kChanges) < 0) {
      return give_up(fmt::format("{}: cannot be watched: {}", directory, std::strerror(errno)));
    }
  }
  return {};
}

bool Watcher::take_changes() {
  alignas(inotify_event) std::array<char, 4096> buffer{};
  bool any = false;
  while (true) {
    const ssize_t size = read(descriptor_, buffer.data(), buffer.size());
    if (size <= 0) return any;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      any = any || (event->len > 0 && concerns(event->name));
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
}

bool Watcher::wait() {
  pollfd watched{descriptor_, POLLIN, 0};
  while (!interrupted()) {
    if (poll(&watched, 1, kLookMs) <= 0 || !take_changes()) continue;
    while (poll(&watched, 1, kQuietMs) > 0) take_changes();
    return true;
  }
  return false;
}

}  // namespace rollbook::tools
