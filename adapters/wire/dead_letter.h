#pragma once
// DeadLetter: a message, or a line of one, that could not be read, with the reason and the place
// it came from, as the topic rollbook.deadletter has it (contract.md).

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/types.h"
#include "engine/runtime/bus.h"

namespace rollbook::adapters {

struct DeadLetter {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  core::Time time{};     // the record's timestamp
  std::string reason;    // "line 1, column 2: expected a key"
  std::string payload;   // the first core::kDeadLetterBytes of what could not be read
  std::size_t size = 0;  // of the whole of it

  bool operator==(const DeadLetter&) const = default;
};

// `part` is what could not be read: the record's value or a line of it.
DeadLetter make_dead_letter(const runtime::Record& record, std::string_view part,
                            std::string reason);

// One JSON object on one line; the payload in base64.
std::string encode(const DeadLetter& letter);

}  // namespace rollbook::adapters
