#pragma once
// Exponential: a base-2 exponential histogram as OpenTelemetry has it (metrics data model,
// "ExponentialHistogram"). Bucket i of scale s holds what lies in (2^(i/2^s), 2^((i+1)/2^s)].
// Every bucket of a scale is the union of two of the next finer one, so bringing two histograms to
// one scale, adding and subtracting them is exact; integers throughout.
//
//   Exponential now = …, before = …;
//   if (subtract(before, now)) …        // now holds what came since

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/core/event.h"

namespace rollbook::core {

struct Exponential {
  std::int32_t scale = 0;
  std::int32_t offset = 0;           // the number of counts[0]
  std::int64_t zero = 0;             // observations of at most `zero_threshold`, negative ones too
  std::int64_t threshold_nanos = 0;  // zero_threshold in 10⁻⁹
  std::vector<std::int64_t> counts;
  bool operator==(const Exponential&) const = default;
};

// The scales that are kept: kExponentialScale (limits.h) down to buckets of a factor of 256. Values
// below 10⁻⁹ are zero in the core and none is above kValueMax, so a number of a bucket is small.
inline constexpr std::int32_t kCoarsestScale = -3;
inline constexpr std::int32_t kLeastExponent = -30;  // 2^-30 is below 10⁻⁹
inline constexpr std::int32_t kMostExponent = 50;    // 2^50 is above 10¹⁵

// 2^(number / 2^scale), rounded down to 10⁻⁹; equal edges of two scales give equal values. Needs a
// scale that is kept, and an exponent between -64 and 58.
Fixed edge(std::int32_t scale, std::int32_t number);

// Down to `scale`, which is not above its own.
void coarsen(Exponential& histogram, std::int32_t scale);
// Without empty buckets at both ends.
void trim(Exponential& histogram);
// Buckets below 10⁻⁹ are counted as zero; false when one lies beyond kValueMax. For a histogram of
// a scale that is kept, without empty buckets at its ends.
bool clamp_to_values(Exponential& histogram);
std::int64_t total(const Exponential& histogram);

// now −= before, both brought to one scale and zero threshold. False, and `now` is as it was, when
// a count would be negative: the series was reset.
bool subtract(const Exponential& before, Exponential& now);

// The layout that holds all of `histogram` and of a metric's `kept` one (no bounds: none yet): at
// the finest scale that both can have within kBucketsMax, in whole octaves, so that it changes
// seldom. Bounds are multiplied by `unit`.
Layout grid_for(const Exponential& histogram, Fixed unit, const Layout& kept);
// The counts on a grid that grid_for() gave for them, as a run of its buckets.
Cell on_grid(const Exponential& histogram, const Grid& grid, std::size_t bounds);

}  // namespace rollbook::core
