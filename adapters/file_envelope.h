#pragma once
// One line of a topic's file (file_bus.h): from a message and back.

#include <optional>
#include <string>
#include <string_view>

#include "engine/core/types.h"

namespace rollbook::adapters {

struct FileMessage {
  std::string key;
  std::optional<core::Time> time;  // empty: the line has none
  std::string value;
};

// One line without its end. The value's bytes are kept where they are a JSON object of
// one line, else they become a JSON text. Error: key or value is no UTF-8.
core::Result<std::string> to_envelope(const FileMessage& message);
// Never fails: what is no envelope is a value.
FileMessage from_line(std::string_view line);

}  // namespace rollbook::adapters
