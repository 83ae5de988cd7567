#pragma once
// DataDirectory: the files around the database (FORMAT.md, The data directory): the format's
// number, the lock of the one engine that writes, and the head file that says how far the log was
// durable. Belongs to one thread.

#include <cstdint>
#include <optional>
#include <string>

#include "engine/runtime/event_log.h"
#include "store/hash.h"
#include "store/open_error.h"

namespace rollbook::store {

// An open file, closed with the object.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(other.release()) {}
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle();
  int get() const { return descriptor_; }
  bool open() const { return descriptor_ >= 0; }
  int release();

 private:
  int descriptor_ = -1;
};

// How far the log was durable when the head file was last written.
struct HeadMark {
  runtime::Position position;
  Hash hash{};  // of the event there
};
// Nothing: there is no head file, or a torn one.
std::optional<HeadMark> read_head(const std::string& directory);

std::string rocks_path(const std::string& directory);

// Error: no log there, or one of a newer format. Writes nothing.
OpenResult<void> check_format(const std::string& directory);

// Bytes that an ordinary user may still write on the disk of `path`; nothing when unknown.
std::optional<std::uint64_t> free_bytes(const std::string& path);

class DataDirectory {
 public:
  // Makes the directory and its FORMAT when they are missing, and takes the lock.
  static OpenResult<DataDirectory> open(const std::string& path);

  const std::string& path() const { return path_; }
  // After a durable batch. Not synced: FORMAT.md says why that is enough.
  core::Status write_head(const HeadMark& mark);

  // Hard links of the write-ahead files, kept while the log is opened and checked: RocksDB drops
  // what stands behind a flipped byte, and it must not be gone when the log is refused.
  void keep_write_ahead();
  void drop_kept_write_ahead();
  std::string kept_path() const;

 private:
  std::string path_;
  FileHandle lock_;
  FileHandle head_;
};

}  // namespace rollbook::store
