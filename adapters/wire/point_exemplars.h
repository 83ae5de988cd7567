#pragma once
// The exemplars of a point, whatever format they came in: which of them are kept, and how many.
// They are for people, so what is too much is left out and costs its point nothing. For the .cc
// files of this folder.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "adapters/wire/metric_tokens.h"
#include "engine/runtime/metric_point.h"

namespace rollbook::adapters {

using Trace = std::array<std::uint8_t, 16>;
// Of 32 hexadecimal digits; nothing for any other text.
std::optional<Trace> trace_of(std::string_view hex);
// An id of zeros is none (W3C Trace Context, 3.2.2.3).
bool is_trace(const Trace& trace);

// Leaves out the labels that make them longer than kLabelSetBytes.
void bound_labels(Labels& labels);

// Gives those of the highest values, five at most, to the last point of the batch.
void put_exemplars(std::vector<runtime::PointExemplar> found, runtime::PointBatch& batch);

}  // namespace rollbook::adapters
