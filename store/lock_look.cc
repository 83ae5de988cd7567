#include "store/lock_look.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <cstdio>
#include <fstream>

namespace rollbook::store {

// A line: "1: FLOCK  ADVISORY  WRITE 25770 fe:00:9980422 0 EOF".
bool is_seen_locked(const std::string& directory) {
  struct stat file {};
  if (::stat((directory + "/LOCK").c_str(), &file) != 0) return false;
  std::array<char, 64> place{};
  std::snprintf(place.data(), place.size(), " %02x:%02x:%llu ", major(file.st_dev),
                minor(file.st_dev), static_cast<unsigned long long>(file.st_ino));
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    const bool held = line.find(" FLOCK ") != std::string::npos &&
                      line.find("->") == std::string::npos;  // that one waits
    if (held && line.find(place.data()) != std::string::npos) return true;
  }
  return false;
}

}  // namespace rollbook::store
