#include "adapters/wire/json_fields.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "adapters/wire/json_syntax.h"
#include "adapters/wire/text.h"

namespace rollbook::adapters {
namespace {

namespace ondemand = simdjson::ondemand;
using core::fail;

constexpr std::string_view kTypeNames[] = {"a text", "a number",  "true or false",
                                           "null",   "an object", "a list"};

std::string_view name_of(JsonType type) { return kTypeNames[static_cast<std::size_t>(type)]; }

std::string trimmed(std::string_view token) {
  const std::size_t end = token.find_last_not_of(" \t\r\n");
  return std::string(token.substr(0, end + 1));
}

// The text is known to be good JSON: no call can fail but by a bug, and then the field is null.
JsonField read_value(ondemand::value value) {
  JsonField field;
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return field;
  std::string_view view;
  switch (type) {
    case ondemand::json_type::string:
      field.type = JsonType::text;
      if (value.get_string().get(view) == simdjson::SUCCESS) field.text = view;
      break;
    case ondemand::json_type::object: {
      field.type = JsonType::object;
      ondemand::object object;
      if (value.get_object().get(object) == simdjson::SUCCESS &&
          object.raw_json().get(view) == simdjson::SUCCESS) {
        field.text = view;
      }
      break;
    }
    case ondemand::json_type::array: {
      field.type = JsonType::list;
      ondemand::array array;
      if (value.get_array().get(array) == simdjson::SUCCESS &&
          array.raw_json().get(view) == simdjson::SUCCESS) {
        field.text = view;
      }
      break;
    }
    case ondemand::json_type::number:
      field.type = JsonType::number;
      field.text = trimmed(value.raw_json_token());
      break;
    case ondemand::json_type::boolean:
      field.type = JsonType::boolean;
      field.text = trimmed(value.raw_json_token());
      break;
    case ondemand::json_type::null:
      field.text = "null";
      break;
  }
  return field;
}

}  // namespace

core::Result<JsonFields> JsonFields::read(std::string_view json) {
  if (const auto error = find_syntax_error(json)) {
    return fail(place(json, error->offset) + ": " + error->reason);
  }
  const simdjson::padded_string padded(json);
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object object;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return fail("line 1, column 1: expected an object");
  }
  JsonFields fields;
  for (auto entry : object) {
    ondemand::field raw;
    std::string_view key;
    if (std::move(entry).get(raw) != simdjson::SUCCESS ||
        raw.unescaped_key().get(key) != simdjson::SUCCESS) {
      return fail("line 1, column 1: a key cannot be read");
    }
    std::string name(key);
    JsonField field = read_value(raw.value());
    field.key = std::move(name);
    const bool twice = std::any_of(fields.fields_.begin(), fields.fields_.end(),
                                   [&](const JsonField& other) { return other.key == field.key; });
    if (twice) return fail(fmt::format("`{}` is given twice", printable(field.key)));
    fields.fields_.push_back(std::move(field));
  }
  return fields;
}

const JsonField* JsonFields::find(std::string_view key) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const JsonField& field) { return field.key == key; });
  return found == fields_.end() || found->type == JsonType::null ? nullptr : &*found;
}

void JsonFields::complain(std::string problem) {
  if (!problem_) problem_ = std::move(problem);
}

bool JsonFields::has(const JsonField* field, JsonType type, std::string_view expected) {
  if (field == nullptr) return false;
  if (field->type == type) return true;
  complain(fmt::format("`{}` is {}, expected {}", field->key, name_of(field->type), expected));
  return false;
}

bool JsonFields::text(std::string_view key, std::string& out, std::size_t most_bytes) {
  const JsonField* field = find(key);
  if (!has(field, JsonType::text, "a text")) return false;
  if (field->text.size() > most_bytes) {
    complain(fmt::format("`{}` is longer than {} bytes", key, most_bytes));
    return false;
  }
  out = field->text;
  return true;
}

bool JsonFields::duration(std::string_view key, std::optional<core::Duration>& out) {
  const JsonField* field = find(key);
  if (!has(field, JsonType::text, "a duration such as \"2m30s\"")) return false;
  const auto read = parse_duration(field->text);
  if (!read) {
    complain(fmt::format("`{}`: {}", key, read.error().message));
    return false;
  }
  if (*read == core::Duration::zero()) {
    complain(fmt::format("`{}` is no time at all", key));
    return false;
  }
  out = *read;
  return true;
}

bool JsonFields::weight(std::string_view key, core::Weight& out) {
  const JsonField* field = find(key);
  if (field == nullptr) return false;
  if (field->type != JsonType::number &&
      !has(field, JsonType::text, "a fraction such as 0.05 or \"5%\"")) {
    return false;
  }
  const auto read = parse_weight(field->text);
  if (!read) {
    complain(fmt::format("`{}`: {}", key, read.error().message));
    return false;
  }
  out = *read;
  return true;
}

bool JsonFields::whole(std::string_view key, std::uint64_t& out) {
  const JsonField* field = find(key);
  if (!has(field, JsonType::number, "a whole number")) return false;
  const char* end = field->text.data() + field->text.size();
  std::uint64_t value = 0;
  const auto [stopped, error] = std::from_chars(field->text.data(), end, value);
  if (error != std::errc{} || stopped != end) {
    complain(fmt::format("`{}` is {}, expected a whole number", key, field->text));
    return false;
  }
  out = value;
  return true;
}

std::optional<std::size_t> JsonFields::word(std::string_view key,
                                            std::span<const std::string_view> words) {
  const JsonField* field = find(key);
  const std::string choice = fmt::format("{}", fmt::join(words, " or "));
  if (!has(field, JsonType::text, choice)) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), field->text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  complain(fmt::format("`{}` is `{}`, expected {}", key,
                       printable(std::string_view(field->text).substr(0, 64)), choice));
  return std::nullopt;
}

bool JsonFields::raw(std::string_view key, std::string& out, std::size_t most_bytes) {
  const JsonField* field = find(key);
  if (field == nullptr) return false;
  if (field->text.size() > most_bytes) {
    complain(fmt::format("`{}` is longer than {} bytes", key, most_bytes));
    return false;
  }
  out = field->text;
  return true;
}

}  // namespace rollbook::adapters
