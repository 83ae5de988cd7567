#pragma once
// Bytes: varint writing and reading for the runtime's own checkpoints (bases, cursors). A reader
// that runs out of bytes says `failed` and gives zeros from then on.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/types.h"

namespace rollbook::runtime {

class Bytes {
 public:
  std::string data;
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) data.push_back(static_cast<char>(value | 0x80));
    data.push_back(static_cast<char>(value));
  }
  void signed_number(std::int64_t value) {
    number((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void text(std::string_view value) {
    number(value.size());
    data += value;
  }
  void time(core::Time value) { signed_number(value.time_since_epoch().count()); }
  void fixed(core::Fixed value) {
    number(static_cast<std::uint64_t>(value.nanos));
    signed_number(static_cast<std::int64_t>(value.nanos >> 64));
  }
};

class BytesReader {
 public:
  explicit BytesReader(std::string_view data) : rest_(data) {}
  bool failed = false;

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 70 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      if (shift < 64) value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    failed = true;
    return 0;
  }
  std::int64_t signed_number() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  std::string text() {
    const std::uint64_t length = number();
    if (length > rest_.size()) failed = true;
    if (failed) return {};
    std::string value(rest_.substr(0, static_cast<std::size_t>(length)));
    rest_.remove_prefix(static_cast<std::size_t>(length));
    return value;
  }
  core::Time time() { return core::Time(core::Duration(signed_number())); }
  core::Fixed fixed() {
    const std::uint64_t low = number();
    const core::Int128 high = signed_number();
    return core::Fixed{high * (core::Int128{1} << 64) + core::Int128{low}};
  }

 private:
  std::string_view rest_;
};

}  // namespace rollbook::runtime
