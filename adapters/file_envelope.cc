#include "adapters/file_envelope.h"

#include <simdjson.h>

#include "adapters/wire/json_fields.h"
#include "adapters/wire/json_syntax.h"
#include "adapters/wire/text.h"

namespace rollbook::adapters {

namespace {

bool is_text(const std::string& bytes) {
  return simdjson::validate_utf8(bytes.data(), bytes.size());
}

// The bytes of an object of one line are kept, so that other programs find it where it belongs.
bool is_one_line_object(const std::string& text) {
  return text.starts_with('{') && text.ends_with('}') && text.find('\n') == std::string::npos &&
         !find_syntax_error(text);
}

// Spares the reader of JSON the lines of metrics and commands, which are nearly all: an envelope
// begins with one of its three keys.
bool may_be_envelope(std::string_view line) {
  const auto skip_blanks = [&] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  };
  skip_blanks();
  if (!line.starts_with('{')) return false;
  line.remove_prefix(1);
  skip_blanks();
  return line.starts_with("\"key\"") || line.starts_with("\"time\"") ||
         line.starts_with("\"value\"");
}

std::optional<FileMessage> read_envelope(std::string_view line) {
  const auto fields = JsonFields::read(line);
  if (!fields) return std::nullopt;
  FileMessage message;
  bool has_value = false;
  for (const JsonField& field : fields->all()) {
    const bool is_text = field.type == JsonType::text;
    if (field.key == "value" && (is_text || field.type == JsonType::object)) {
      message.value = field.text;
      has_value = true;
    } else if (field.key == "key" && is_text) {
      message.key = field.text;
    } else if (field.key == "time") {
      const auto time = parse_time_or_nanos(field.text);
      if (!time) return std::nullopt;
      message.time = *time;
    } else {
      return std::nullopt;
    }
  }
  return has_value ? std::optional(std::move(message)) : std::nullopt;
}

}  // namespace

core::Result<std::string> to_envelope(const FileMessage& message) {
  if (!is_text(message.key) || !is_text(message.value)) {
    return core::fail("a topic in a file carries UTF-8 text, and this message is none");
  }
  std::string line = "{\"key\":" + adapters::quoted(message.key);
  if (message.time) line += ",\"time\":" + adapters::quoted(format_time(*message.time));
  line += ",\"value\":";
  line += is_one_line_object(message.value) ? message.value : adapters::quoted(message.value);
  line += '}';
  return line;
}

FileMessage from_line(std::string_view line) {
  if (may_be_envelope(line)) {
    if (auto message = read_envelope(line)) return std::move(*message);
  }
  return {{}, std::nullopt, std::string(line)};
}

}  // namespace rollbook::adapters
