#include "tools/files.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "engine/core/limits.h"

namespace rollbook::tools {

Outcome<std::string> read_runbook(const std::string& path) {
  const auto read = [&](std::istream& stream) -> Outcome<std::string> {
    std::string text;
    char block[1 << 16];
    while (stream.read(block, sizeof(block)) || stream.gcount() > 0) {
      text.append(block, static_cast<std::size_t>(stream.gcount()));
      if (text.size() > core::kRunbookBytes) {
        return give_up(fmt::format("{}: larger than {} KiB, which no runbook may be", path,
                                   core::kRunbookBytes >> 10));
      }
    }
    if (stream.bad()) return give_up(fmt::format("{}: cannot be read", path));
    if (text.find('\0') != std::string::npos) {
      return give_up(fmt::format("{}: not a text, it holds zero bytes", path));
    }
    return text;
  };
  if (path == "-") return read(std::cin);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return give_up(fmt::format("{}: no such file", path));
  }
  if (std::filesystem::is_directory(path, error)) {
    return give_up(fmt::format("{}: a directory, not a runbook", path));
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return give_up(fmt::format("{}: cannot be read, permission denied?", path));
  return read(stream);
}

}  // namespace rollbook::tools
