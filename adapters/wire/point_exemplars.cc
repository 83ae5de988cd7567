#include "adapters/wire/point_exemplars.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "engine/core/limits.h"

namespace rollbook::adapters {

std::optional<Trace> trace_of(std::string_view hex) {
  Trace trace{};
  if (hex.size() != 2 * trace.size()) return std::nullopt;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const char* const digits = hex.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, trace[i], 16);
    if (error != std::errc{} || end != digits + 2) return std::nullopt;
  }
  return trace;
}

bool is_trace(const Trace& trace) {
  return std::any_of(trace.begin(), trace.end(), [](std::uint8_t byte) { return byte != 0; });
}

void bound_labels(Labels& labels) {
  std::size_t bytes = 0;
  std::erase_if(labels, [&](const auto& label) {
    const std::size_t more = label.first.size() + label.second.size();
    if (bytes + more > core::kLabelSetBytes) return true;
    bytes += more;
    return false;
  });
}

void put_exemplars(std::vector<runtime::PointExemplar> found, runtime::PointBatch& batch) {
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.value > b.value; });
  auto& all = batch.exemplars;
  const std::size_t room = core::kExemplarsOfBatch - std::min(all.size(), core::kExemplarsOfBatch);
  found.resize(std::min({found.size(), core::kExemplars, room}));
  for (runtime::PointExemplar& one : found) {
    one.point = static_cast<std::uint32_t>(batch.points.size() - 1);
    all.push_back(std::move(one));
  }
}

}  // namespace rollbook::adapters
