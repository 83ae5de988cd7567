#pragma once
// Buckets: runs of histogram counts, added, subtracted and brought to a coarser or longer layout,
// all exactly. A run is `Cell::buckets` from bucket `Cell::first` on; what is outside is zero, so
// that a histogram of three hundred buckets costs what its few full ones do.

#include <cstdint>
#include <vector>

#include "engine/core/event.h"

namespace rollbook::core {

// Makes room for those of `from`.
void cover(Cell& into, const Cell& from);

// into += sign × from
inline void add_buckets(Cell& into, const Cell& from, std::int64_t sign) {
  const std::size_t count = from.buckets.size();
  if (count == 0) return;
  if (from.first < into.first || from.first - into.first + count > into.buckets.size()) {
    cover(into, from);
  }
  std::int64_t* to = into.buckets.data() + (from.first - into.first);
  for (std::size_t i = 0; i < count; ++i) to[i] += sign * from.buckets[i];
}

// The new number of every bucket of an old layout; rises.
using BucketMap = std::vector<std::uint32_t>;

// For `to` whose bounds are among those of `from`, or that covers a grid's (event.h, Layout). The
// first and the last bucket keep their place: what lies at or below a first bound stays there.
BucketMap bucket_map(const std::vector<Fixed>& from, const std::vector<Fixed>& to);
void remap(const BucketMap& map, Cell& cell);

}  // namespace rollbook::core
