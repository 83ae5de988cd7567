#include "store/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "store/record.h"

namespace rollbook::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormatText = "rollbook log, format ";
constexpr std::string_view kHeadMagic = "RBHEAD1\n";
constexpr std::size_t kHeadBytes = 8 + 8 + kHashBytes + 8;

std::string reason() { return std::generic_category().message(errno); }

OpenFailure failure_of(int error) {
  return error == ENOSPC || error == EDQUOT ? OpenFailure::no_space : OpenFailure::unreadable;
}

// The first bytes of a small file; nothing when it is not there.
std::optional<std::string> read_file(const std::string& path) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return std::nullopt;
  std::array<char, 256> bytes{};
  const ssize_t size = ::read(file.get(), bytes.data(), bytes.size());
  if (size < 0) return std::nullopt;
  return std::string(bytes.data(), static_cast<std::size_t>(size));
}

// Whole and synced, or not there at all.
OpenResult<void> write_format(const std::string& directory) {
  const std::string path = directory + "/FORMAT";
  const std::string temporary = path + ".new";
  const std::string text = std::string(kFormatText) + std::to_string(kFormatVersion) + "\n";
  const FileHandle file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  const bool written =
      file.open() &&
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file.get()) == 0 && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    return fail_open(failure_of(errno), "cannot begin a log in `" + directory + "`: " + reason());
  }
  const FileHandle folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open() || ::fsync(folder.get()) != 0) {
    return fail_open(failure_of(errno), "cannot begin a log in `" + directory + "`: " + reason());
  }
  return {};
}

OpenResult<FileHandle> take_lock(const std::string& directory) {
  const std::string path = directory + "/LOCK";
  FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file.open()) {
    return fail_open(failure_of(errno), "cannot open `" + path + "`: " + reason());
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return fail_open(OpenFailure::unreadable, "cannot lock `" + path + "`: " + reason());
    }
    std::string owner = read_file(path).value_or("");
    while (!owner.empty() && owner.back() == '\n') owner.pop_back();
    return fail_open(OpenFailure::locked,
                     "the log in `" + directory + "` is locked by another engine" +
                         (owner.empty() ? "" : " (process " + owner + ")") +
                         "; stop it first, or give this one a directory of its own");
  }
  const std::string owner = std::to_string(::getpid()) + "\n";
  // For a message only: a lock without an owner's number still locks.
  if (::ftruncate(file.get(), 0) == 0) {
    static_cast<void>(::pwrite(file.get(), owner.data(), owner.size(), 0));
  }
  return file;
}

std::string encode_head(const HeadMark& mark) {
  std::string bytes(kHeadMagic);
  append_u64(bytes, mark.position.value);
  bytes.append(as_bytes(mark.hash));
  bytes.append(as_bytes(Sha256().of(bytes)).substr(0, 8));
  return bytes;
}

}  // namespace

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  if (this != &other) {
    if (open()) ::close(descriptor_);
    descriptor_ = other.release();
  }
  return *this;
}
FileHandle::~FileHandle() {
  if (open()) ::close(descriptor_);
}
int FileHandle::release() { return std::exchange(descriptor_, -1); }

std::string rocks_path(const std::string& directory) { return directory + "/rocks"; }

std::optional<HeadMark> read_head(const std::string& directory) {
  const auto bytes = read_file(directory + "/HEAD");
  if (!bytes || bytes->size() != kHeadBytes) return std::nullopt;
  HeadMark mark;
  mark.position = {read_u64(bytes->data() + 8)};
  std::memcpy(mark.hash.data(), bytes->data() + 16, kHashBytes);
  if (encode_head(mark) != *bytes) return std::nullopt;
  return mark;
}

OpenResult<void> check_format(const std::string& directory) {
  const auto text = read_file(directory + "/FORMAT");
  if (!text) {
    return fail_open(OpenFailure::unreadable,
                     "there is no log in `" + directory + "` (no file FORMAT)");
  }
  int version = 0;
  const std::string_view number =
      std::string_view(*text).substr(std::min(kFormatText.size(), text->size()));
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), version);
  if (!text->starts_with(kFormatText) || error != std::errc{} || version < 1 ||
      std::string_view(end, static_cast<std::size_t>(number.data() + number.size() - end)) !=
          "\n") {
    return fail_open(OpenFailure::damaged, "`" + directory + "/FORMAT` is damaged: it must say `" +
                                               std::string(kFormatText) +
                                               std::to_string(kFormatVersion) + "`");
  }
  if (version > kFormatVersion) {
    return fail_open(OpenFailure::newer_format,
                     "the log in `" + directory + "` has format " + std::to_string(version) +
                         ", written by a newer rollbook; this one reads formats up to " +
                         std::to_string(kFormatVersion));
  }
  return {};
}

std::optional<std::uint64_t> free_bytes(const std::string& path) {
  struct statvfs disk {};
  if (::statvfs(path.c_str(), &disk) != 0) return std::nullopt;
  return std::uint64_t{disk.f_bavail} * std::uint64_t{disk.f_frsize};
}

OpenResult<DataDirectory> DataDirectory::open(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    return fail_open(failure_of(error.value()),
                     "cannot make the directory `" + path + "`: " + error.message());
  }
  const bool begun = fs::exists(path + "/FORMAT", error);
  if (begun) {
    if (auto format = check_format(path); !format) return tl::make_unexpected(format.error());
  } else if (fs::exists(path + "/HEAD", error) || fs::exists(rocks_path(path), error)) {
    return fail_open(OpenFailure::damaged,
                     "the log in `" + path + "` has lost its file FORMAT; restore it");
  }
  DataDirectory directory;
  directory.path_ = path;
  auto lock = take_lock(path);
  if (!lock) return tl::make_unexpected(lock.error());
  directory.lock_ = std::move(*lock);
  if (!begun) {
    if (auto written = write_format(path); !written) return tl::make_unexpected(written.error());
  }
  const std::string head = path + "/HEAD";
  directory.head_ = FileHandle(::open(head.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!directory.head_.open()) {
    return fail_open(failure_of(errno), "cannot open `" + head + "`: " + reason());
  }
  return directory;
}

core::Status DataDirectory::write_head(const HeadMark& mark) {
  const std::string bytes = encode_head(mark);
  if (::pwrite(head_.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return core::fail("cannot write `" + path_ + "/HEAD`: " + reason());
  }
  return {};
}

std::string DataDirectory::kept_path() const { return path_ + "/kept"; }

void DataDirectory::keep_write_ahead() {
  std::error_code error;
  // What an earlier refusal kept is older than what is there now, and holds more.
  if (fs::exists(kept_path(), error)) return;
  for (const auto& entry : fs::directory_iterator(rocks_path(path_), error)) {
    if (entry.path().extension() != ".log") continue;
    fs::create_directories(kept_path(), error);
    fs::create_hard_link(entry.path(), kept_path() + "/" + entry.path().filename().string(), error);
  }
}

void DataDirectory::drop_kept_write_ahead() {
  std::error_code error;
  fs::remove_all(kept_path(), error);
}

}  // namespace rollbook::store
