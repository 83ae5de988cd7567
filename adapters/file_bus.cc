#include "adapters/file_bus.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "adapters/file_envelope.h"

namespace rollbook::adapters {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 1 << 18;
// Longer than any message that is accepted: what goes beyond is cut, and refused when decoded.
constexpr std::size_t kLineMost = 16 << 20;
constexpr std::size_t kUnderWayMost = 100'000;
constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { close(); }
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    if (this != &other) {
      close();
      descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
  }
  int get() const { return descriptor_; }
  bool open() const { return descriptor_ >= 0; }

 private:
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor_ = -1;
};

std::string why() { return std::generic_category().message(errno); }

core::Result<std::string> path_of(const std::string& directory, const std::string& topic) {
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

core::Error no_such_topic(const std::string& topic, const std::string& path) {
  return core::Error{"topic `" + topic + "` is not there: cannot open `" + path + "`: " + why()};
}

core::Time change_of(const struct stat& status) {
  return core::Time(std::chrono::seconds(status.st_mtim.tv_sec) +
                    std::chrono::nanoseconds(status.st_mtim.tv_nsec));
}

// Reads one topic's file line by line.
class Tail {
 public:
  Tail(std::string topic, std::string path) : topic_(std::move(topic)), path_(std::move(path)) {}

  core::Status open() {
    file_ = File(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_.open()) return tl::unexpected(no_such_topic(topic_, path_));
    read_ = 0;
    next_ = 0;
    pending_.clear();
    cursor_ = 0;
    cut_ = false;
    return {};
  }

  const std::string& topic() const { return topic_; }
  std::int64_t next() const { return next_; }
  const std::optional<FileMessage>& head() const { return head_; }
  std::int64_t head_offset() const { return next_ - 1; }
  core::Time head_time() const { return *head_->time; }
  void drop_head() { head_.reset(); }

  // Passes over lines until the next is `line`, or the last that is there has been passed.
  core::Status skip_to(std::int64_t line) {
    while (next_ < line) {
      TRY(const auto passed, take_line());
      if (!passed) break;
    }
    return {};
  }

  // Fills head(), unless the end is reached.
  core::Status fill() {
    while (!head_) {
      TRY(auto line, take_line());
      if (!line) return {};
      if (line->find_first_not_of(" \t\r") == std::string_view::npos) continue;
      head_ = from_line(*line);
      if (!head_->time) head_->time = changed_;
    }
    return {};
  }

  // True when the file is not the one that was read so far: cut short, or replaced.
  bool was_replaced() const {
    struct stat now {};
    struct stat opened {};
    if (::stat(path_.c_str(), &now) != 0 || ::fstat(file_.get(), &opened) != 0) return false;
    return now.st_ino != opened.st_ino || now.st_dev != opened.st_dev || now.st_size < read_;
  }

 private:
  // The next whole line, valid until the next call; nothing at the end.
  core::Result<std::optional<std::string_view>> take_line() {
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

  core::Result<bool> read_more() {
    pending_.erase(0, cursor_);
    scanned_ -= cursor_;
    cursor_ = 0;
    struct stat status {};
    if (::fstat(file_.get(), &status) == 0) changed_ = change_of(status);
    std::array<char, kReadBytes> buffer;
    const ssize_t count = ::pread(file_.get(), buffer.data(), buffer.size(), read_);
    if (count < 0) return core::fail("cannot read `" + path_ + "`: " + why());
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

  std::string topic_;
  std::string path_;
  File file_;
  off_t read_ = 0;       // bytes taken from the file
  std::string pending_;  // read, not taken: [cursor_, end)
  std::size_t cursor_ = 0;
  std::size_t scanned_ = 0;  // no line's end in [cursor_, scanned_)
  bool cut_ = false;         // the line at hand is longer than kLineMost
  std::int64_t next_ = 0;
  core::Time changed_{};
  std::optional<FileMessage> head_;
};

core::Result<std::int64_t> count_lines(const std::string& topic, const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return tl::unexpected(no_such_topic(topic, path));
  std::int64_t lines = 0;
  std::array<char, kReadBytes> buffer;
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) return core::fail("cannot read `" + path + "`: " + why());
    if (count == 0) return lines;
    lines += std::count(buffer.begin(), buffer.begin() + count, '\n');
  }
}

core::Result<std::vector<core::SourceOffset>> ends_of(const std::string& directory,
                                                      const std::vector<std::string>& topics) {
  std::vector<core::SourceOffset> ends;
  for (const std::string& topic : topics) {
    TRY(const std::string path, path_of(directory, topic));
    TRY(const std::int64_t lines, count_lines(topic, path));
    ends.push_back({topic, 0, lines});
  }
  return ends;
}

class FileConsumer : public runtime::Consumer {
 public:
  FileConsumer(std::string directory, std::vector<std::string> topics)
      : directory_(std::move(directory)), topics_(std::move(topics)) {}

  core::Status open(const std::vector<core::SourceOffset>& from, bool new_from_end) {
    changes_ = File(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    // The directory rather than its files: a file that is replaced is seen too.
    if (!changes_.open() || ::inotify_add_watch(changes_.get(), directory_.c_str(),
                                                IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
      return core::fail("cannot watch `" + directory_ + "`: " + why());
    }
    for (const std::string& topic : topics_) {
      TRY(const std::string path, path_of(directory_, topic));
      Tail& tail = tails_.emplace_back(topic, path);
      TRY_DO(tail.open());
      const auto known = std::find_if(from.begin(), from.end(), [&](const auto& offset) {
        return offset.topic == topic && offset.partition == 0;
      });
      if (known == from.end()) {
        if (new_from_end) TRY_DO(tail.skip_to(kEnd));
        continue;
      }
      TRY_DO(tail.skip_to(known->next));
      if (tail.next() < known->next) gaps_.push_back({topic, 0, known->next, tail.next()});
    }
    return {};
  }

  core::Result<std::size_t> poll(core::Duration wait, std::size_t most,
                                 const runtime::ConsumerEvents& events) override {
    const auto until = Clock::now() + wait;
    for (;;) {
      TRY_DO(follow_replaced());
      for (const runtime::Gap& gap : std::exchange(gaps_, {})) {
        if (events.on_gap) events.on_gap(gap);
      }
      TRY(const std::size_t count, hand_out(most, events));
      if (count > 0) return count;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
      if (left <= 0) return std::size_t{0};
      await_change(static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    }
  }

  core::Result<std::vector<core::SourceOffset>> ends() override {
    return ends_of(directory_, topics_);
  }

 private:
  void await_change(int ms) {
    pollfd waiting{changes_.get(), POLLIN, 0};
    ::poll(&waiting, 1, ms);
  }

  // A file that was cut short or replaced: goes on at the end of what is there now.
  core::Status follow_replaced() {
    std::array<char, 4096> notices;
    if (::read(changes_.get(), notices.data(), notices.size()) <= 0 && looked_) return {};
    looked_ = true;
    for (Tail& tail : tails_) {
      if (!tail.was_replaced()) continue;
      const std::int64_t from = tail.next() - (tail.head() ? 1 : 0);
      tail.drop_head();
      TRY_DO(tail.open());
      TRY_DO(tail.skip_to(kEnd));
      gaps_.push_back({tail.topic(), 0, from, tail.next()});
    }
    return {};
  }

  core::Result<std::size_t> hand_out(std::size_t most, const runtime::ConsumerEvents& events) {
    std::size_t count = 0;
    for (; count < most; ++count) {
      Tail* oldest = nullptr;
      for (Tail& tail : tails_) {
        TRY_DO(tail.fill());
        if (!tail.head()) continue;
        if (oldest == nullptr || tail.head_time() < oldest->head_time()) oldest = &tail;
      }
      if (oldest == nullptr) break;
      const FileMessage& message = *oldest->head();
      if (events.on_record) {
        events.on_record({oldest->topic(), 0, oldest->head_offset(), oldest->head_time(),
                          message.key, message.value});
      }
      oldest->drop_head();
    }
    return count;
  }

  const std::string directory_;
  const std::vector<std::string> topics_;
  File changes_;
  bool looked_ = false;
  std::deque<Tail> tails_;
  std::vector<runtime::Gap> gaps_;
};

class FileProducer : public runtime::Producer {
 public:
  explicit FileProducer(std::string directory) : directory_(std::move(directory)) {}

  bool send(const runtime::Outgoing& message,
            std::function<void(std::optional<core::Error>)> delivered) override {
    if (sent_.size() >= kUnderWayMost) return false;
    sent_.push_back({write(message), std::move(delivered)});
    return true;
  }

  void poll(core::Duration) override {
    if (sent_.empty()) return;
    for (const std::string& topic : std::exchange(written_, {})) {
      const auto file = files_.find(topic);
      // What is acknowledged survives the machine; all since the last poll share one sync.
      if (file == files_.end() || ::fdatasync(file->second.get()) == 0) continue;
      const core::Error error{"cannot sync topic `" + topic + "`: " + why()};
      for (Sent& sent : sent_) {
        if (!sent.error) sent.error = error;
      }
    }
    for (std::size_t left = sent_.size(); left > 0; --left) {
      Sent sent = std::move(sent_.front());
      sent_.pop_front();
      if (sent.delivered) sent.delivered(std::move(sent.error));
    }
  }

  std::size_t flush(core::Duration wait) override {
    poll(wait);
    return sent_.size();
  }

 private:
  struct Sent {
    std::optional<core::Error> error;
    std::function<void(std::optional<core::Error>)> delivered;
  };

  // One write() of a whole line: lines of several programs do not mix.
  std::optional<core::Error> write(const runtime::Outgoing& message) {
    auto file = open(message.topic);
    if (!file) return file.error();
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    auto line = to_envelope({message.key, core::Time(now), message.payload});
    if (!line) return line.error();
    *line += '\n';
    const ssize_t written = ::write(*file, line->data(), line->size());
    written_.insert(message.topic);
    if (written == static_cast<ssize_t>(line->size())) return std::nullopt;
    const core::Error error{"cannot write to topic `" + message.topic +
                            "`: " + (written < 0 ? why() : "no space left")};
    // A line cut short would swallow the next one.
    if (written > 0 && ::write(*file, "\n", 1) != 1) files_.erase(message.topic);
    return error;
  }

  core::Result<int> open(const std::string& topic) {
    const auto known = files_.find(topic);
    if (known != files_.end()) return known->second.get();
    TRY(const std::string path, path_of(directory_, topic));
    File file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!file.open()) return tl::unexpected(no_such_topic(topic, path));
    return files_.emplace(topic, std::move(file)).first->second.get();
  }

  const std::string directory_;
  std::map<std::string, File> files_;
  std::set<std::string> written_;  // topics since the last sync
  std::deque<Sent> sent_;
};

class FileBus : public runtime::Bus {
 public:
  explicit FileBus(std::string directory) : directory_(std::move(directory)) {}

  core::Result<std::unique_ptr<runtime::Consumer>> consumer(
      const std::vector<std::string>& topics, const std::vector<core::SourceOffset>& from,
      bool new_from_end) override {
    auto consumer = std::make_unique<FileConsumer>(directory_, topics);
    TRY_DO(consumer->open(from, new_from_end));
    return consumer;
  }

  core::Result<std::unique_ptr<runtime::Producer>> producer() override {
    return std::make_unique<FileProducer>(directory_);
  }

  core::Result<std::vector<core::SourceOffset>> ends(
      const std::vector<std::string>& topics) override {
    return ends_of(directory_, topics);
  }

  core::Status ensure_topics(const std::vector<std::string>& topics) override {
    for (const std::string& topic : topics) {
      TRY(const std::string path, path_of(directory_, topic));
      const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
      if (!file.open()) return core::fail("cannot make `" + path + "`: " + why());
    }
    return {};
  }

 private:
  const std::string directory_;
};

}  // namespace

core::Result<std::unique_ptr<runtime::Bus>> make_file_bus(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!std::filesystem::is_directory(directory)) {
    return core::fail("cannot use `" + directory +
                      "` as a bus: " + (error ? error.message() : "it is no directory"));
  }
  return std::make_unique<FileBus>(directory);
}

}  // namespace rollbook::adapters
