#pragma once
// Ranks: the Mann-Whitney U test of two samples, with the Hodges-Lehmann estimate of how far one
// lies from the other and the interval around it. Plain functions of exact values: what comes out
// is one of the samples' differences (or the middle of two), never a rounded root, and no noise is
// added to what is tied. docs/judging.md has the formulas and their sources.
//
//   ranks::shift_of({10, 11, 12, …}, {9, 9, 10, …})->low
//
// Cost: O((n + m) log range), not O(n m); a day of minutes takes a millisecond.

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/core/types.h"

namespace rollbook::core::ranks {

// The judged sample's values minus the other's.
struct Shift {
  std::int64_t twice_u = 0;        // 2 U: pairs in which the judged value is greater, ties by half
  Fixed estimate;                  // Hodges-Lehmann: the median of all differences
  std::optional<Fixed> low, high;  // of 98 %; nothing where even a complete separation of samples
                                   // of this size would not reach that
};
// Both need a value; 98 % two-sided, normal approximation with continuity and ties corrected.
Shift shift_of(std::vector<Fixed> judged, std::vector<Fixed> other);

// The judged sample's mean over the other's; nothing where one of them is 0.
std::optional<Fixed> mean_ratio(const std::vector<Fixed>& judged, const std::vector<Fixed>& other);

// Without what lies further from the quartiles than `factor` times their distance, unless that is
// within the outermost hundredths: Tukey's fences, widened to the 1st and the 99th percentile.
// Percentiles are interpolated linearly (Hyndman & Fan 1996, type 7).
std::vector<Fixed> without_outliers(const std::vector<Fixed>& values, Fixed factor);

}  // namespace rollbook::core::ranks
