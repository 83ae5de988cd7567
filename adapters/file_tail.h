#pragma once
// The files behind file_bus.h: a descriptor that closes itself, the file of a topic, and a reader
// that follows a file as other programs append to it.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/file_envelope.h"
#include "engine/core/event.h"

namespace rollbook::adapters {

class File {
 public:
  File() = default;
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
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
  void close();
  int descriptor_ = -1;
};

// The last error of the system, in words.
std::string system_error();

// DIR/<topic>.jsonl. Error: a name that no topic may have.
core::Result<std::string> file_of_topic(const std::string& directory, const std::string& topic);
core::Error cannot_open(const std::string& topic, const std::string& path);
// The number of whole lines in each topic's file.
core::Result<std::vector<core::SourceOffset>> ends_of_files(const std::string& directory,
                                                            const std::vector<std::string>& topics);

// The first message of `time` or later, by the order of the file, and the number of whole lines.
struct PlaceInFile {
  std::int64_t at = 0;
  std::int64_t end = 0;
};
core::Result<PlaceInFile> place_in_file(const std::string& directory, const std::string& topic,
                                        core::Time time);

// Reads one topic's file line by line.
class FileTail {
 public:
  FileTail(std::string topic, std::string path)
      : topic_(std::move(topic)), path_(std::move(path)) {}

  // From its first line on.
  core::Status open();

  const std::string& topic() const { return topic_; }
  std::int64_t next() const { return next_; }
  // The message that is to be handed over next, once fill() has found one.
  const std::optional<FileMessage>& head() const { return head_; }
  std::int64_t head_offset() const { return next_ - 1; }
  core::Time head_time() const { return *head_->time; }
  void drop_head() { head_.reset(); }

  // Passes over lines until the next is `line`, or the last that is there has been passed.
  core::Status skip_to(std::int64_t line);
  // Fills head(), unless the end is reached.
  core::Status fill();
  // True when the file is not the one that was read so far: cut short, or replaced.
  bool was_replaced() const;

 private:
  core::Result<std::optional<std::string_view>> take_line();
  core::Result<bool> read_more();

  std::string topic_;
  std::string path_;
  File file_;
  off_t read_ = 0;       // bytes taken from the file
  std::string pending_;  // read, not taken: [cursor_, end)
  std::size_t cursor_ = 0;
  std::size_t scanned_ = 0;  // no line's end in [cursor_, scanned_)
  bool cut_ = false;         // the line at hand is longer than any message may be
  std::int64_t next_ = 0;
  core::Time changed_{};
  std::optional<FileMessage> head_;
};

}  // namespace rollbook::adapters
