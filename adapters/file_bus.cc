#include "adapters/file_bus.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "adapters/file_envelope.h"
#include "adapters/file_tail.h"

namespace rollbook::adapters {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kUnderWayMost = 100'000;
constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

class FileConsumer : public runtime::Consumer {
 public:
  FileConsumer(std::string directory, std::vector<std::string> topics)
      : directory_(std::move(directory)), topics_(std::move(topics)) {}

  core::Status open(const std::vector<core::SourceOffset>& from, bool new_from_end) {
    changes_ = File(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    // The directory rather than its files: a file that is replaced is seen too.
    if (!changes_.open() || ::inotify_add_watch(changes_.get(), directory_.c_str(),
                                                IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
      return core::fail("cannot watch `" + directory_ + "`: " + system_error());
    }
    for (const std::string& topic : topics_) {
      TRY(const std::string path, file_of_topic(directory_, topic));
      FileTail& tail = tails_.emplace_back(topic, path);
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
    return ends_of_files(directory_, topics_);
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
    for (FileTail& tail : tails_) {
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
      FileTail* oldest = nullptr;
      for (FileTail& tail : tails_) {
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
  std::deque<FileTail> tails_;
  std::vector<runtime::Gap> gaps_;
};

class FileSpanReader : public runtime::SpanReader {
 public:
  core::Status open(const std::string& directory, const std::vector<runtime::Span>& spans) {
    for (const runtime::Span& span : spans) {
      if (span.partition != 0 || span.from >= span.to) continue;
      TRY(const std::string path, file_of_topic(directory, span.topic));
      Part& part = parts_.emplace_back(FileTail(span.topic, path), span.to);
      TRY_DO(part.tail.open());
      TRY_DO(part.tail.skip_to(span.from));
    }
    return {};
  }

  core::Result<std::size_t> poll(core::Duration, std::size_t most,
                                 const runtime::ConsumerEvents& events) override {
    std::size_t count = 0;
    for (; count < most; ++count) {
      TRY(Part * oldest, find_oldest());
      if (oldest == nullptr) break;
      FileTail& tail = oldest->tail;
      if (events.on_record) {
        events.on_record({tail.topic(), 0, tail.head_offset(), tail.head_time(), tail.head()->key,
                          tail.head()->value});
      }
      tail.drop_head();
    }
    return count;
  }

  bool done() const override { return parts_.empty(); }

 private:
  struct Part {
    Part(FileTail the_tail, std::int64_t the_end) : tail(std::move(the_tail)), to(the_end) {}
    FileTail tail;
    std::int64_t to;
  };

  // A file that is shorter than it was has no more to give.
  core::Result<Part*> find_oldest() {
    Part* oldest = nullptr;
    for (auto part = parts_.begin(); part != parts_.end();) {
      TRY_DO(part->tail.fill());
      if (!part->tail.head() || part->tail.head_offset() >= part->to) {
        part = parts_.erase(part);
        continue;
      }
      ++part;
    }
    for (Part& part : parts_) {
      if (oldest == nullptr || part.tail.head_time() < oldest->tail.head_time()) oldest = &part;
    }
    return oldest;
  }

  std::vector<Part> parts_;
};

class FileProducer : public runtime::Producer {
 public:
  explicit FileProducer(std::string directory) : directory_(std::move(directory)) {}

  bool send(const runtime::Outgoing& message, runtime::OnSent delivered) override {
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
      const runtime::SendError error{"cannot sync topic `" + topic + "`: " + system_error()};
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
    std::optional<runtime::SendError> error;
    runtime::OnSent delivered;
  };

  // One write() of a whole line: lines of several programs do not mix.
  std::optional<runtime::SendError> write(const runtime::Outgoing& message) {
    auto file = open(message.topic);
    if (!file) return runtime::SendError{file.error()};
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    auto line = to_envelope({message.key, core::Time(now), message.payload});
    if (!line) return runtime::SendError{line.error()};
    *line += '\n';
    const ssize_t written = ::write(*file, line->data(), line->size());
    written_.insert(message.topic);
    if (written == static_cast<ssize_t>(line->size())) return std::nullopt;
    const runtime::SendError error{"cannot write to topic `" + message.topic +
                                   "`: " + (written < 0 ? system_error() : "no space left")};
    // A line cut short would swallow the next one.
    if (written > 0 && ::write(*file, "\n", 1) != 1) files_.erase(message.topic);
    return error;
  }

  core::Result<int> open(const std::string& topic) {
    const auto known = files_.find(topic);
    if (known != files_.end()) return known->second.get();
    TRY(const std::string path, file_of_topic(directory_, topic));
    File file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!file.open()) return tl::unexpected(cannot_open(topic, path));
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
    return ends_of_files(directory_, topics);
  }

  core::Result<std::vector<runtime::Place>> places(const std::vector<std::string>& topics,
                                                   core::Time time) override {
    std::vector<runtime::Place> places;
    for (const std::string& topic : topics) {
      TRY(const PlaceInFile place, place_in_file(directory_, topic, time));
      places.push_back({topic, 0, 0, place.at, place.end});
    }
    return places;
  }

  core::Result<std::unique_ptr<runtime::SpanReader>> reader(
      const std::vector<runtime::Span>& spans) override {
    auto reader = std::make_unique<FileSpanReader>();
    TRY_DO(reader->open(directory_, spans));
    return reader;
  }

  core::Status ensure_topics(const std::vector<std::string>& topics) override {
    for (const std::string& topic : topics) {
      TRY(const std::string path, file_of_topic(directory_, topic));
      const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
      if (!file.open()) return core::fail("cannot make `" + path + "`: " + system_error());
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
