#pragma once
// Where bytes stop being an OTLP message: protobuf's parser says only that they do. For the dead
// letter of a message that cannot be read; never on the way of one that can.

#include <string>
#include <string_view>

namespace rollbook::adapters {

// "byte 81, in resourceMetrics.scopeMetrics: a field of 900 bytes, 12 are left"
std::string find_otlp_damage(std::string_view message);

}  // namespace rollbook::adapters
