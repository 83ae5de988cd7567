#pragma once
// Frames of the language server protocol: `Content-Length: 42\r\n\r\n` and as many bytes. The
// reader takes bytes as they come and hands out whole bodies; what is no frame is an error, after
// which it goes on at the next header it finds. No bytes make it crash or grow beyond its limits.
//
//   reader.feed(bytes);
//   while (auto body = reader.next()) handle(*body);

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/types.h"

namespace rollbook::tools::lsp {

// Two short lines are what a header has.
inline constexpr std::size_t kHeaderBytes = 4096;
// The largest runbook (1 MiB) with every byte escaped, and room around it.
inline constexpr std::size_t kBodyBytes = std::size_t{8} << 20;

class FrameReader {
 public:
  void feed(std::string_view bytes) { buffer_ += bytes; }
  // The next body, or why there is none; empty when more bytes are needed.
  std::optional<core::Result<std::string>> next();

 private:
  core::Result<std::size_t> read_header(std::size_t end) const;
  void skip_to_header();
  bool skip_dropped();

  std::string buffer_;
  std::optional<std::size_t> body_;  // its length, when its header was read
  std::size_t dropped_ = 0;          // bytes of a body that is too large, still to come
  bool lost_ = false;                // looking for a header
};

std::string frame(std::string_view body);

}  // namespace rollbook::tools::lsp
