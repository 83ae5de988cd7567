#pragma once
// Recorded OTLP messages, sent as if they were written now: their times are moved.

#include <cstdint>
#include <string>

namespace rollbook::tests {

// The bytes of a recorded message as they would have been written `by` nanoseconds later.
std::string moved(const std::string& path, std::int64_t by);
// The time of its first number, in nanoseconds since 1970.
std::int64_t recorded_time(const std::string& path);
std::int64_t now_ns();

}  // namespace rollbook::tests
