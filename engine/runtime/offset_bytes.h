#pragma once
// Places in topics, as they stand in the values that a turn remembers.

#include <vector>

#include "engine/core/event.h"
#include "engine/runtime/bytes.h"

namespace rollbook::runtime {

inline void put_offsets(Bytes& bytes, const std::vector<core::SourceOffset>& offsets) {
  bytes.number(offsets.size());
  for (const core::SourceOffset& offset : offsets) {
    bytes.text(offset.topic);
    bytes.signed_number(offset.partition);
    bytes.signed_number(offset.next);
  }
}

inline std::vector<core::SourceOffset> get_offsets(BytesReader& bytes) {
  std::vector<core::SourceOffset> offsets;
  for (std::uint64_t left = bytes.number(); left > 0 && !bytes.failed; --left) {
    core::SourceOffset offset;
    offset.topic = bytes.text();
    offset.partition = static_cast<std::int32_t>(bytes.signed_number());
    offset.next = bytes.signed_number();
    offsets.push_back(std::move(offset));
  }
  return offsets;
}

}  // namespace rollbook::runtime
