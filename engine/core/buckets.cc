#include "engine/core/buckets.h"

#include <algorithm>

namespace rollbook::core {

void cover(Cell& into, const Cell& from) {
  if (into.buckets.empty()) into.first = from.first;
  if (from.first < into.first) {
    into.buckets.insert(into.buckets.begin(), into.first - from.first, 0);
    into.first = from.first;
  }
  const std::size_t shift = from.first - into.first;
  if (into.buckets.size() < shift + from.buckets.size()) {
    into.buckets.resize(shift + from.buckets.size());
  }
}

BucketMap bucket_map(const std::vector<Fixed>& from, const std::vector<Fixed>& to) {
  BucketMap map{0};
  for (std::size_t i = 1; i < from.size(); ++i) {
    const auto place = std::lower_bound(to.begin(), to.end(), from[i]);
    map.push_back(std::max(map.back(), static_cast<std::uint32_t>(place - to.begin())));
  }
  map.push_back(static_cast<std::uint32_t>(to.size()));
  return map;
}

void remap(const BucketMap& map, Cell& cell) {
  if (cell.buckets.empty()) return;
  // A log that was altered may name buckets that no layout has; they stay the last.
  const auto place = [&](std::size_t bucket) { return map[std::min(bucket, map.size() - 1)]; };
  const std::uint32_t first = place(cell.first);
  std::vector<std::int64_t> buckets(place(cell.first + cell.buckets.size() - 1) - first + 1);
  for (std::size_t i = 0; i < cell.buckets.size(); ++i) {
    buckets[place(cell.first + i) - first] += cell.buckets[i];
  }
  cell.first = first;
  cell.buckets = std::move(buckets);
}

}  // namespace rollbook::core
