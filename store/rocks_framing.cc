#include "store/rocks_framing.h"

#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

namespace rollbook::store {
namespace {

namespace fs = std::filesystem;

// db/log_format.h of RocksDB: blocks of 32 KiB, in each one records of
// checksum (4) | length (2, little-endian) | type (1) | data, never across a block's end.
constexpr std::size_t kBlock = 32 << 10;
constexpr std::size_t kHeader = 7;
constexpr unsigned kFirstRecycled = 5;
constexpr unsigned kLastRecycled = 8;

bool has_recycled_header(std::string_view block) {
  while (block.size() >= kHeader) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(block[i]); };
    const std::size_t length = byte(4) + std::size_t{byte(5)} * 256;
    const unsigned type = byte(6);
    if (type >= kFirstRecycled && type <= kLastRecycled) return true;
    if (kHeader + length > block.size()) return false;  // being written, or damaged: not our case
    block.remove_prefix(kHeader + length);
  }
  return false;
}

}  // namespace

std::optional<std::string> find_recycled_header(const std::string& path) {
  std::error_code error;
  std::vector<char> block(kBlock);
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("MANIFEST-") && entry.path().extension() != ".log") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    while (file) {
      file.read(block.data(), static_cast<std::streamsize>(block.size()));
      const auto size = static_cast<std::size_t>(file.gcount());
      if (has_recycled_header({block.data(), size})) return entry.path().string();
    }
  }
  return std::nullopt;
}

}  // namespace rollbook::store
