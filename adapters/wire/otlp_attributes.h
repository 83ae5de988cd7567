#pragma once
// OTLP attributes as labels: texts as they are, numbers and booleans as they are written, lists and
// maps as JSON. For otlp_points.cc only.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/wire/metric_tokens.h"

namespace rollbook::adapters {

struct LabelRules {
  std::size_t labels, name_bytes, value_bytes;
};

// Appends a label for each; `attributes` are the bytes of KeyValues. Returns what is wrong with the
// first that is none or is beyond its limit; "" for nothing.
std::string add_labels(const std::vector<std::string_view>& attributes, const LabelRules& rules,
                       Labels& labels);

}  // namespace rollbook::adapters
