#pragma once
// What is wrong with a text that should be JSON, and where. simdjson says quickly that a text is
// no JSON but not in words a sender can act upon; this slow, exact reader is asked only then, and
// before texts (commands) that are rare enough to be checked whole.
//
//   find_syntax_error("{x}")   → {offset 1, "expected a key"}
//   place("{x}", 1)            → "line 1, column 2"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rollbook::adapters {

struct SyntaxError {
  std::size_t offset = 0;  // in bytes from the text's beginning
  std::string reason;      // "expected a key"
};

// The first error of a text that should be one JSON object (RFC 8259), white space around it
// allowed; nothing when it is one. Never recurses; brackets nest at most 64 deep.
std::optional<SyntaxError> find_syntax_error(std::string_view text);

// The place of a byte, lines and columns (in bytes) from 1.
std::string place(std::string_view text, std::size_t offset);

}  // namespace rollbook::adapters
