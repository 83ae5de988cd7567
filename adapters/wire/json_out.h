#pragma once
// For the .cc files of this folder: JSON out with nlohmann's ordered_json, keys in the order in
// which they were set. Not included by any header.

#include <charconv>
#include <nlohmann/json.hpp>
#include <string>

#include "adapters/wire/text.h"
#include "engine/core/types.h"

namespace rollbook::adapters {

using Json = nlohmann::ordered_json;

// One line; a byte that is no UTF-8 becomes U+FFFD rather than an exception.
inline std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A JSON number: exact for whole numbers and for up to 15 significant digits.
inline Json number(core::Fixed value) {
  const std::string text = format_fixed(value);
  if (value.nanos % core::Fixed::kScale == 0) {
    std::int64_t whole = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error == std::errc{} && end == text.data() + text.size()) return whole;
  }
  double nearest_double = 0;
  std::from_chars(text.data(), text.data() + text.size(), nearest_double);
  return nearest_double;
}

// JSON that was kept as text, put back in its place; a text that is none becomes a JSON text.
inline Json embedded(const std::string& json) {
  Json value = Json::parse(json, nullptr, false);
  return value.is_discarded() ? Json(json) : value;
}

inline Json number(core::Weight weight) { return number(core::Fixed{weight.nanos}); }

}  // namespace rollbook::adapters
