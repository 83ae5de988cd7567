#pragma once
// SmallDisk: a tmpfs at a directory of the test, unmounted with the object. Mounting needs root:
// a test looks at mounted() first.

#include <sys/mount.h>

#include <filesystem>
#include <string>
#include <utility>

namespace rollbook::tests {

class SmallDisk {
 public:
  // `size` as mount(8) takes it, such as "24m".
  SmallDisk(std::string path, const std::string& size) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

}  // namespace rollbook::tests
