#pragma once
// JsonFields: the fields of one JSON object, read with simdjson and asked for by name and type.
// The first field of a wrong type is remembered, so that a decoder reads all of them in a row and
// asks once what was wrong. For the .cc files of this folder.
//
//   TRY(JsonFields fields, JsonFields::read(json));
//   fields.text("actor", command.actor, 4096);
//   if (fields.problem()) …   // "`actor` is a number, expected a text"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::adapters {

enum class JsonType : std::uint8_t { text, number, boolean, null, object, list };

struct JsonField {
  std::string key;
  JsonType type = JsonType::null;
  std::string text;  // a text without its escapes; everything else as it was written
};

class JsonFields {
 public:
  // Error: no JSON object (with the place), or a key twice.
  static core::Result<JsonFields> read(std::string_view json);

  // nullptr when it is not there, or null.
  const JsonField* find(std::string_view key) const;
  const std::vector<JsonField>& all() const { return fields_; }

  // Each of these leaves `out` alone and returns false when the field is not there or is wrong.
  bool text(std::string_view key, std::string& out, std::size_t most_bytes);
  bool duration(std::string_view key, std::optional<core::Duration>& out);
  bool weight(std::string_view key, core::Weight& out);
  bool whole(std::string_view key, std::uint64_t& out);
  // One of `words`; returns its index.
  std::optional<std::size_t> word(std::string_view key, std::span<const std::string_view> words);
  // Any JSON, as it was written.
  bool raw(std::string_view key, std::string& out, std::size_t most_bytes);

  // The first thing that was wrong; later ones do not replace it.
  void complain(std::string problem);
  const std::optional<std::string>& problem() const { return problem_; }

 private:
  bool has(const JsonField* field, JsonType type, std::string_view expected);

  std::vector<JsonField> fields_;
  std::optional<std::string> problem_;
};

}  // namespace rollbook::adapters
