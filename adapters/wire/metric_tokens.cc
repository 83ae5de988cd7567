#include "adapters/wire/metric_tokens.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstring>
#include <optional>

#include "adapters/wire/text.h"
#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

namespace ondemand = simdjson::ondemand;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::optional<Field> field_of(std::string_view key) {
  for (std::size_t i = 0; i < kFields; ++i) {
    if (kFieldNames[i] == key) return static_cast<Field>(i);
  }
  return std::nullopt;
}

bool refuse(Problem& problem, std::string_view at, std::string reason) {
  problem = {at.data(), std::move(reason)};
  return false;
}

bool read_token(ondemand::value value, std::string_view& token) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    return value.get_object().get(object) == simdjson::SUCCESS &&
           object.raw_json().get(token) == simdjson::SUCCESS;
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    return value.get_array().get(array) == simdjson::SUCCESS &&
           array.raw_json().get(token) == simdjson::SUCCESS;
  }
  token = trim(value.raw_json_token());
  return !token.empty();
}

simdjson::padded_string_view padded(std::string_view text, std::string_view buffer) {
  const auto offset = static_cast<std::size_t>(text.data() - buffer.data());
  return simdjson::padded_string_view(text.data(), text.size(), buffer.size() - offset);
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

std::optional<std::string_view> plain_text(std::string_view token) {
  if (token.size() < 2 || token.front() != '"' || token.back() != '"') return std::nullopt;
  token = token.substr(1, token.size() - 2);
  if (token.find('\\') != std::string_view::npos) return std::nullopt;
  return token;
}

core::Result<core::Time> time_of(std::string_view token) {
  const auto text = plain_text(token);
  const auto time = text ? parse_time(*text) : parse_time_or_nanos(token);
  if (!time) return core::fail("is neither RFC 3339 nor integer nanoseconds");
  if (*time < core::Time{}) return core::fail("lies before 1970");
  return time;
}

core::Result<core::Fixed> number_of(std::string_view token) {
  const auto number = parse_fixed(token);
  if (number) return number;
  const bool digits = token.front() == '-' || (token.front() >= '0' && token.front() <= '9');
  if (!digits) return core::fail("is not a number");
  return core::fail(fmt::format("is beyond the limit of {}", core::kValueMax));
}

struct TokenReader::Parsers {
  ondemand::parser objects;
  ondemand::parser texts;  // names and labels, while `objects` holds the one they are in
};

const std::size_t TokenReader::kPadding = simdjson::SIMDJSON_PADDING;

TokenReader::TokenReader() : parsers_(std::make_unique<Parsers>()) {}
TokenReader::~TokenReader() = default;

bool TokenReader::read(std::string_view text, Tokens& tokens, Problem& problem) {
  ondemand::document document;
  ondemand::object object;
  if (parsers_->objects.iterate(padded(text, buffer_)).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return false;
  }
  for (auto entry : object) {
    ondemand::field field;
    if (std::move(entry).get(field) != simdjson::SUCCESS) return false;
    const char* key = field.key().raw();
    const auto rest = static_cast<std::size_t>(text.data() + text.size() - key);
    const auto* end = static_cast<const char*>(std::memchr(key, '"', rest));
    if (end == nullptr) return false;
    const std::string_view name(key, static_cast<std::size_t>(end - key));
    const auto known = field_of(name);
    if (!known) {
      tokens.otlp = tokens.otlp || name == "resourceMetrics";
      continue;
    }
    std::string_view& token = tokens.of[*known];
    if (!token.empty()) return refuse(problem, name, fmt::format("`{}` is given twice", name));
    if (!read_token(field.value(), token)) return false;
  }
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;  // nothing follows
}

bool TokenReader::read_list(std::string_view token, std::size_t most,
                            std::vector<std::string_view>& elements) {
  ondemand::document document;
  ondemand::array array;
  elements.clear();
  if (token.front() != '[' ||
      parsers_->texts.iterate(padded(token, buffer_)).get(document) != simdjson::SUCCESS ||
      document.get_array().get(array) != simdjson::SUCCESS) {
    return false;
  }
  for (auto entry : array) {
    ondemand::value value;
    std::string_view element;
    if (elements.size() == most) break;
    if (std::move(entry).get(value) != simdjson::SUCCESS || !read_token(value, element)) {
      return false;
    }
    elements.push_back(element);
  }
  return true;
}

bool TokenReader::spell(std::string_view token, std::string& out) {
  ondemand::document document;
  std::string_view text;
  if (token.front() != '"' ||
      parsers_->texts.iterate(padded(token, buffer_)).get(document) != simdjson::SUCCESS ||
      document.get_string().get(text) != simdjson::SUCCESS) {
    return false;
  }
  out = text;
  return true;
}

bool TokenReader::read_labels(std::string_view token, const LabelLimits& limits, Labels& labels,
                              Problem& problem) {
  ondemand::document document;
  ondemand::object object;
  if (token.front() != '{' ||
      parsers_->texts.iterate(padded(token, buffer_)).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return refuse(problem, token, "`labels` is not an object");
  }
  for (auto entry : object) {
    ondemand::field field;
    std::string_view label;
    std::string_view text;
    if (std::move(entry).get(field) != simdjson::SUCCESS ||
        field.unescaped_key().get(label) != simdjson::SUCCESS) {
      return refuse(problem, token, "`labels` cannot be read");
    }
    const std::string_view raw = field.value().raw_json_token();
    if (field.value().get_string().get(text) != simdjson::SUCCESS) {
      return refuse(problem, raw, fmt::format("label `{}` is not a text", printable(label)));
    }
    if (label.empty()) return refuse(problem, raw, "a label has no name");
    if (label.size() > limits.name_bytes || text.size() > limits.value_bytes) {
      return refuse(problem, raw,
                    fmt::format("a label is longer than its limit ({} bytes, its value {})",
                                limits.name_bytes, limits.value_bytes));
    }
    if (labels.size() == limits.labels) {
      return refuse(problem, raw, fmt::format("more than {} labels", limits.labels));
    }
    labels.emplace_back(label, text);
  }
  return true;
}

}  // namespace rollbook::adapters
