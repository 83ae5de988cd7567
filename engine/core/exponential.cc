#include "engine/core/exponential.h"

#include <algorithm>
#include <array>
#include <limits>

#include "engine/core/limits.h"

namespace rollbook::core {
namespace {

// 2^(i/16), rounded down to 2⁻⁶⁰.
constexpr std::int64_t kRootBits = 60;
constexpr std::array<std::int64_t, 16> kRoots{
    1152921504606846976, 1203965700457697122, 1257269815929830108, 1312933906212862054,
    1371062456318104877, 1431764577203528245, 1495154210581915421, 1561350342796650840,
    1630477228166597776, 1702664622219298519, 1778048025250290523, 1856768936665714716,
    1938975120585633118, 2024820883206609954, 2114467362444183333, 2208082830398904709,
};
static_assert(kRoots.size() == std::size_t{1} << kExponentialScale);

// Bounds closer than this many nanos would no longer rise.
constexpr std::int64_t kLeastBoundNanos = 64;

constexpr std::int32_t floor_shift(std::int32_t value, std::int32_t by) { return value >> by; }
constexpr std::int32_t ceil_shift(std::int32_t value, std::int32_t by) { return -(-value >> by); }

Fixed scaled(Fixed value, Fixed unit) { return Fixed{value.nanos * unit.nanos / Fixed::kScale}; }

// Numbers of edges, both ends included.
struct GridEdges {
  std::int32_t scale = kExponentialScale;
  std::int32_t low = 0, high = 0;

  void coarsen(std::int32_t to) {
    low = floor_shift(low, scale - to);
    high = ceil_shift(high, scale - to);
    scale = to;
  }
  void include(GridEdges other) {
    const std::int32_t both = std::min(scale, other.scale);
    coarsen(both);
    other.coarsen(both);
    low = std::min(low, other.low);
    high = std::max(high, other.high);
  }
  void round_to_octaves() {
    if (scale <= 0) return;
    low = floor_shift(low, scale) * (1 << scale);
    high = ceil_shift(high, scale) * (1 << scale);
  }
  std::size_t count() const { return static_cast<std::size_t>(high - low) + 1; }
};

// The number of the edge 2^exponent, or of the next above it that the scale has.
std::int32_t number_of(std::int32_t exponent, std::int32_t scale) {
  return scale >= 0 ? exponent * (1 << scale) : ceil_shift(exponent, -scale);
}

std::int32_t least_exponent(Fixed unit) {
  std::int32_t exponent = kLeastExponent;
  while (exponent < kMostExponent && scaled(edge(0, exponent), unit).nanos < kLeastBoundNanos) {
    ++exponent;
  }
  return exponent;
}

GridEdges edges_of(const Exponential& histogram) {
  return {histogram.scale, histogram.offset,
          histogram.offset + static_cast<std::int32_t>(histogram.counts.size())};
}

// Counts of buckets that lie at or below the threshold go to `zero`.
void raise_threshold(Exponential& histogram, std::int64_t nanos) {
  if (histogram.threshold_nanos >= nanos) return;
  histogram.threshold_nanos = nanos;
  std::size_t gone = 0;
  while (gone < histogram.counts.size() &&
         edge(histogram.scale, histogram.offset + static_cast<std::int32_t>(gone) + 1).nanos <=
             nanos) {
    histogram.zero += histogram.counts[gone++];
  }
  histogram.offset += static_cast<std::int32_t>(gone);
  histogram.counts.erase(histogram.counts.begin(),
                         histogram.counts.begin() + static_cast<std::ptrdiff_t>(gone));
}

}  // namespace

Fixed edge(std::int32_t scale, std::int32_t number) {
  std::int32_t exponent = number;
  std::size_t root = 0;
  if (scale > 0) {
    exponent = floor_shift(number, scale);
    root = static_cast<std::size_t>(number - exponent * (1 << scale))
           << (kExponentialScale - scale);
  } else {
    exponent = number * (1 << -scale);
  }
  return Fixed{(Int128{kRoots[root]} * Fixed::kScale) >> (kRootBits - exponent)};
}

void coarsen(Exponential& histogram, std::int32_t scale) {
  const std::int32_t by = std::min(histogram.scale - scale, 31);
  histogram.scale = scale;
  if (by <= 0) return;
  const std::int32_t offset = floor_shift(histogram.offset, by);
  std::vector<std::int64_t> counts;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    // In 64 bits: offsets come from outside.
    const std::int64_t number = std::int64_t{histogram.offset} + static_cast<std::int64_t>(i);
    const auto place = static_cast<std::size_t>((number >> by) - offset);
    if (counts.size() <= place) counts.resize(place + 1);
    counts[place] += histogram.counts[i];
  }
  histogram.offset = offset;
  histogram.counts = std::move(counts);
}

void trim(Exponential& histogram) {
  auto& counts = histogram.counts;
  while (!counts.empty() && counts.back() == 0) counts.pop_back();
  const auto full = std::find_if(counts.begin(), counts.end(), [](auto n) { return n != 0; });
  histogram.offset += static_cast<std::int32_t>(full - counts.begin());
  counts.erase(counts.begin(), full);
  if (counts.empty()) histogram.offset = 0;
}

bool clamp_to_values(Exponential& histogram) {
  const std::int32_t scale = histogram.scale;
  const std::int32_t least =
      scale >= 0 ? kLeastExponent * (1 << scale) : floor_shift(kLeastExponent, -scale);
  auto& counts = histogram.counts;
  std::size_t small = 0;
  while (small < counts.size() && std::int64_t{histogram.offset} + std::int64_t(small) < least) {
    histogram.zero += counts[small++];
  }
  histogram.offset += static_cast<std::int32_t>(small);
  counts.erase(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(small));
  trim(histogram);
  return histogram.offset + std::int64_t(counts.size()) <= number_of(kMostExponent, scale);
}

std::int64_t total(const Exponential& histogram) {
  std::int64_t sum = histogram.zero;
  for (const std::int64_t count : histogram.counts) sum += count;
  return sum;
}

bool subtract(const Exponential& before, Exponential& now) {
  Exponential base = before;
  Exponential rest = now;
  const std::int32_t scale = std::min(base.scale, rest.scale);
  coarsen(base, scale);
  coarsen(rest, scale);
  const std::int64_t threshold = std::max(base.threshold_nanos, rest.threshold_nanos);
  raise_threshold(base, threshold);
  raise_threshold(rest, threshold);
  trim(base);
  if (base.zero > rest.zero) return false;
  rest.zero -= base.zero;
  if (!base.counts.empty() && base.offset < rest.offset) return false;
  for (std::size_t i = 0; i < base.counts.size(); ++i) {
    const auto place = static_cast<std::size_t>(base.offset - rest.offset) + i;
    if (place >= rest.counts.size() || rest.counts[place] < base.counts[i]) return false;
    rest.counts[place] -= base.counts[i];
  }
  trim(rest);
  now = std::move(rest);
  return true;
}

Layout grid_for(const Exponential& histogram, Fixed unit, const Layout& kept) {
  GridEdges edges = edges_of(histogram);
  if (kept.grid) {
    edges.include({kept.grid->scale, kept.grid->first,
                   kept.grid->first + static_cast<std::int32_t>(kept.bounds.size()) - 1});
  }
  edges.round_to_octaves();
  while (edges.count() >= kBucketsMax) edges.coarsen(edges.scale - 1);
  edges.low = std::max(edges.low, number_of(least_exponent(unit), edges.scale));
  edges.high = std::max(edges.high, edges.low);

  Layout layout;
  layout.metric = kept.metric;
  layout.grid = Grid{edges.scale, edges.low};
  for (std::int32_t number = edges.low; number <= edges.high; ++number) {
    layout.bounds.push_back(scaled(edge(edges.scale, number), unit));
  }
  return layout;
}

Cell on_grid(const Exponential& histogram, const Grid& grid, std::size_t bounds) {
  const std::int32_t by = histogram.scale - grid.scale;
  const auto last = static_cast<std::int32_t>(bounds);
  const auto bucket = [&](std::size_t i) {
    const std::int32_t number = histogram.offset + static_cast<std::int32_t>(i);
    return static_cast<std::uint32_t>(
        std::clamp(floor_shift(number, by) - grid.first + 1, 0, last));
  };
  Cell cell;
  const std::size_t size = histogram.counts.size();
  if (size == 0 && histogram.zero == 0) return cell;
  cell.first = histogram.zero > 0 || size == 0 ? 0 : bucket(0);
  cell.buckets.resize((size == 0 ? 0 : bucket(size - 1)) - cell.first + 1);
  if (histogram.zero > 0) cell.buckets[0] += histogram.zero;
  for (std::size_t i = 0; i < size; ++i) {
    cell.buckets[bucket(i) - cell.first] += histogram.counts[i];
  }
  return cell;
}

}  // namespace rollbook::core
