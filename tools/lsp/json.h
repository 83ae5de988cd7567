#pragma once
// JSON of the protocol: nlohmann's ordered_json, with the shapes that every feature answers in.
// A field of the wrong type throws Json::exception, which the server answers as invalid params.

#include <nlohmann/json.hpp>

#include "tools/lsp/text.h"

namespace rollbook::tools::lsp {

using Json = nlohmann::ordered_json;

inline Json to_json(Position position) {
  return {{"line", position.line}, {"character", position.character}};
}
inline Json to_json(const Range& range) {
  return {{"start", to_json(range.start)}, {"end", to_json(range.end)}};
}
inline Json edit(const Range& range, std::string text) {
  return {{"range", to_json(range)}, {"newText", std::move(text)}};
}

// A negative number is 0, one that is too large is beyond every line.
inline std::uint32_t to_index(const Json& number) {
  constexpr std::int64_t kBeyond = 0x7FFFFFFF;
  if (!number.is_number_integer())
    throw Json::type_error::create(302, "a position is an integer", &number);
  if (!number.is_number_unsigned()) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(number.get<std::uint64_t>(), kBeyond));
}
inline Position to_position(const Json& json) {
  return {to_index(json.at("line")), to_index(json.at("character"))};
}
inline Range to_range(const Json& json) {
  return {to_position(json.at("start")), to_position(json.at("end"))};
}

}  // namespace rollbook::tools::lsp
