#include "adapters/wire/otlp_attributes.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "adapters/wire/otlp.pb.h"
#include "adapters/wire/text.h"

namespace rollbook::adapters {
namespace {

// protobuf itself refuses what nests deeper than a hundred messages.
std::string json_of(const otlp::AnyValue& value);

std::string text_of(const otlp::AnyValue& value) {
  if (value.has_string_value()) return value.string_value();
  return json_of(value);
}

std::string json_of(const otlp::AnyValue& value) {
  switch (value.value_case()) {
    case otlp::AnyValue::kStringValue:
      return adapters::quoted(value.string_value());
    case otlp::AnyValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case otlp::AnyValue::kIntValue:
      return std::to_string(value.int_value());
    case otlp::AnyValue::kDoubleValue:
      return fmt::format("{}", value.double_value());
    case otlp::AnyValue::kBytesValue:
      return adapters::quoted(base64(value.bytes_value()));
    case otlp::AnyValue::kArrayValue: {
      std::string list = "[";
      for (const otlp::AnyValue& entry : value.array_value().values()) {
        list += (list.size() > 1 ? "," : "") + json_of(entry);
      }
      return list + "]";
    }
    case otlp::AnyValue::kKvlistValue: {
      std::string map = "{";
      for (const otlp::KeyValue& entry : value.kvlist_value().values()) {
        map += (map.size() > 1 ? "," : "") + adapters::quoted(entry.key()) + ":" +
               json_of(entry.value());
      }
      return map + "}";
    }
    case otlp::AnyValue::VALUE_NOT_SET:
      break;
  }
  return "";
}

}  // namespace

std::string add_labels(const std::vector<std::string_view>& attributes, const LabelRules& rules,
                       Labels& labels) {
  otlp::KeyValue attribute;
  for (const std::string_view bytes : attributes) {
    if (!attribute.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return "an attribute cannot be read";
    const std::string& name = attribute.key();
    if (name.empty()) return "an attribute has no key";
    if (!simdjson::validate_utf8(name)) return "the key of an attribute is no UTF-8";
    std::string value = text_of(attribute.value());
    if (name.size() > rules.name_bytes || value.size() > rules.value_bytes) {
      return fmt::format("attribute `{}` is longer than its limit ({} bytes, its value {})",
                         printable(std::string_view(name).substr(0, 64)), rules.name_bytes,
                         rules.value_bytes);
    }
    if (!simdjson::validate_utf8(value))
      return fmt::format("attribute `{}` is no UTF-8", printable(name));
    if (labels.size() == rules.labels) return fmt::format("more than {} labels", rules.labels);
    labels.emplace_back(name, std::move(value));
  }
  return "";
}

}  // namespace rollbook::adapters
