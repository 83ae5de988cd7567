#pragma once
// unified_diff: two texts of lines compared, as `diff -u` prints it.

#include <string>
#include <string_view>

namespace rollbook::tools {

// "" when they are the same.
std::string unified_diff(std::string_view from, std::string_view to, const std::string& file);

}  // namespace rollbook::tools
