#include "tools/replace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace rollbook::tools {
namespace {

tl::unexpected<Failure> failed(const std::string& path, const char* what) {
  return give_up(fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
}

// Writes all of it and makes it durable; closes the file.
bool fill(int file, const std::string& text) {
  std::size_t done = 0;
  bool sound = true;
  while (sound && done < text.size()) {
    const ssize_t wrote = ::write(file, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    sound = wrote > 0;
    if (sound) done += static_cast<std::size_t>(wrote);
  }
  sound = sound && ::fsync(file) == 0;
  return ::close(file) == 0 && sound;
}

}  // namespace

Outcome<Exit> replace_file(const std::string& path, const std::string& text) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) return give_up(fmt::format("{}: {}", path, error.message()));
  struct stat status {};
  if (::stat(real.c_str(), &status) != 0) return failed(path, "cannot be looked at");
  std::string beside = real.string() + ".XXXXXX";
  const int file = ::mkstemp(beside.data());
  if (file < 0) return failed(path, "no file can be made beside it");
  const bool written = ::fchmod(file, status.st_mode) == 0 && fill(file, text) &&
                       ::rename(beside.c_str(), real.c_str()) == 0;
  if (written) return Exit::done;
  auto failure = failed(path, "cannot be written");
  ::unlink(beside.c_str());
  return failure;
}

Outcome<Exit> create_file(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0 && errno == EEXIST) {
    return give_up(fmt::format("{}: is there already; choose another name", path));
  }
  if (file < 0) return failed(path, "cannot be made");
  if (!fill(file, text)) return failed(path, "cannot be written");
  return Exit::done;
}

}  // namespace rollbook::tools
