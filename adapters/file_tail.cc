#include "adapters/file_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace rollbook::adapters {

namespace {

constexpr std::size_t kReadBytes = 1 << 18;
// Longer than any message that is accepted: what goes beyond is cut, and refused when decoded.
constexpr std::size_t kLineMost = 16 << 20;

core::Time change_of(const struct stat& status) {
  return core::Time(std::chrono::seconds(status.st_mtim.tv_sec) +
                    std::chrono::nanoseconds(status.st_mtim.tv_nsec));
}

core::Result<std::int64_t> count_lines(const std::string& topic, const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return tl::unexpected(cannot_open(topic, path));
  std::int64_t lines = 0;
  std::array<char, kReadBytes> buffer;
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) return core::fail("cannot read `" + path + "`: " + system_error());
    if (count == 0) return lines;
    lines += std::count(buffer.begin(), buffer.begin() + count, '\n');
  }
}

}  // namespace

void File::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string system_error() { return std::generic_category().message(errno); }

core::Result<std::string> file_of_topic(const std::string& directory, const std::string& topic) {
  const bool plain = !topic.empty() && topic != "." && topic != ".." && topic.size() <= 249 &&
                     std::all_of(topic.begin(), topic.end(), [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
                     });
  if (!plain) {
    return core::fail("topic `" + topic +
                      "` has a name that no topic may have; use A-Z a-z 0-9 . _ -");
  }
  return directory + "/" + topic + ".jsonl";
}

core::Error cannot_open(const std::string& topic, const std::string& path) {
  return core::Error{"topic `" + topic + "` is not there: cannot open `" + path +
                     "`: " + system_error()};
}

core::Result<std::vector<core::SourceOffset>> ends_of_files(
    const std::string& directory, const std::vector<std::string>& topics) {
  std::vector<core::SourceOffset> ends;
  for (const std::string& topic : topics) {
    TRY(const std::string path, file_of_topic(directory, topic));
    TRY(const std::int64_t lines, count_lines(topic, path));
    ends.push_back({topic, 0, lines});
  }
  return ends;
}

core::Result<PlaceInFile> place_in_file(const std::string& directory, const std::string& topic,
                                        core::Time time) {
  TRY(const std::string path, file_of_topic(directory, topic));
  TRY(const std::int64_t end, count_lines(topic, path));
  FileTail tail(topic, path);
  TRY_DO(tail.open());
  while (true) {
    TRY_DO(tail.fill());
    if (!tail.head()) return PlaceInFile{end, end};
    if (tail.head_time() >= time) return PlaceInFile{std::min(tail.head_offset(), end), end};
    tail.drop_head();
  }
}

core::Status FileTail::open() {
  file_ = File(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file_.open()) return tl::unexpected(cannot_open(topic_, path_));
  read_ = 0;
  next_ = 0;
  pending_.clear();
  cursor_ = 0;
  scanned_ = 0;
  cut_ = false;
  return {};
}

core::Status FileTail::skip_to(std::int64_t line) {
  while (next_ < line) {
    TRY(const auto passed, take_line());
    if (!passed) break;
  }
  return {};
}

core::Status FileTail::fill() {
  while (!head_) {
    TRY(auto line, take_line());
    if (!line) return {};
    if (line->find_first_not_of(" \t\r") == std::string_view::npos) continue;
    head_ = from_line(*line);
    if (!head_->time) head_->time = changed_;
  }
  return {};
}

bool FileTail::was_replaced() const {
  struct stat now {};
  struct stat opened {};
  if (::stat(path_.c_str(), &now) != 0 || ::fstat(file_.get(), &opened) != 0) return false;
  return now.st_ino != opened.st_ino || now.st_dev != opened.st_dev || now.st_size < read_;
}

// The next whole line, valid until the next call; nothing at the end.
core::Result<std::optional<std::string_view>> FileTail::take_line() {
  for (;;) {
    const auto end = pending_.find('\n', scanned_ = std::max(scanned_, cursor_));
    if (end != std::string::npos) {
      std::string_view line(pending_.data() + cursor_, end - cursor_);
      if (line.ends_with('\r')) line.remove_suffix(1);
      cursor_ = scanned_ = end + 1;
      cut_ = false;
      ++next_;
      return line;
    }
    scanned_ = pending_.size();
    TRY(const bool more, read_more());
    if (!more) return std::nullopt;
  }
}

core::Result<bool> FileTail::read_more() {
  pending_.erase(0, cursor_);
  scanned_ -= cursor_;
  cursor_ = 0;
  struct stat status {};
  if (::fstat(file_.get(), &status) == 0) changed_ = change_of(status);
  std::array<char, kReadBytes> buffer;
  const ssize_t count = ::pread(file_.get(), buffer.data(), buffer.size(), read_);
  if (count < 0) return core::fail("cannot read `" + path_ + "`: " + system_error());
  read_ += count;
  std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
  if (pending_.size() > kLineMost) cut_ = true;
  if (cut_) {
    const auto end = bytes.find('\n');
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end);
  }
  pending_ += bytes;
  return count > 0;
}

}  // namespace rollbook::adapters
