#pragma once
// 64-bit FNV-1a: for tables, and for bytes that are held against each other. Nobody is kept out by
// it.

#include <cstdint>
#include <string_view>

namespace rollbook::core {

struct Fnv {
  static constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t value = 0xcbf29ce484222325;

  void take(std::string_view bytes) {
    for (const char byte : bytes) value = (value ^ static_cast<std::uint8_t>(byte)) * kPrime;
  }
  // One of several: as if a byte 0 came behind it.
  void take_text(std::string_view text) {
    take(text);
    end();
  }
  void end() { value *= kPrime; }
};

}  // namespace rollbook::core
