#pragma once

#include <string_view>

namespace rollbook::core {

// The first `most` bytes of UTF-8, or fewer: cut between two characters.
inline std::string_view whole_characters(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return text.substr(0, most);
}

}  // namespace rollbook::core
