#include "engine/core/ranks.h"

#include <algorithm>
#include <cmath>

namespace rollbook::core::ranks {
namespace {

// Φ⁻¹(0.99): a two-sided interval of 98 %.
constexpr double kQuantile = 2.3263478740408408;

using Values = std::vector<Fixed>;

// Σ (t³ − t) over the groups of equal values; `values` rise.
double tied(const Values& values) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size();) {
    std::size_t end = i;
    while (end < values.size() && values[end] == values[i]) ++end;
    const auto t = static_cast<double>(end - i);
    sum += t * t * t - t;
    i = end;
  }
  return sum;
}

// The n·m differences judged − other of two samples that rise, by rank and without a list of them.
class Differences {
 public:
  Differences(const Values& judged, const Values& other) : judged_(judged), other_(other) {}

  std::int64_t size() const {
    return static_cast<std::int64_t>(judged_.size()) * static_cast<std::int64_t>(other_.size());
  }
  // How many are at most `most`.
  std::int64_t up_to(Int128 most) const {
    std::int64_t count = 0;
    std::size_t below = 0;  // of the other sample: those that lie too far below
    for (const Fixed value : judged_) {
      while (below < other_.size() && value.nanos - other_[below].nanos > most) ++below;
      count += static_cast<std::int64_t>(other_.size() - below);
    }
    return count;
  }
  // The one of that rank, from 1 on.
  Fixed at(std::int64_t rank) const {
    Int128 low = judged_.front().nanos - other_.back().nanos;
    Int128 high = judged_.back().nanos - other_.front().nanos;
    while (low < high) {
      const Int128 middle = low + (high - low) / 2;
      if (up_to(middle) >= rank) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return Fixed{low};
  }
  Fixed median() const {
    const Fixed upper = at(size() / 2 + 1);
    if (size() % 2 == 1) return upper;
    return Fixed{(at(size() / 2).nanos + upper.nanos) >> 1};  // rounded down
  }

 private:
  const Values& judged_;
  const Values& other_;
};

// How many differences lie below the interval's lower end, and so above its upper: the statistic
// of a shift d, with k differences below d, is (nm/2 − k ∓ ½) / σ, and is within the quantile from
// some k on. 0: from the first on.
std::int64_t outside(std::int64_t pairs, double sigma) {
  // Monotone in k, so the least k with (nm/2 − k − ½) / σ ≤ z: a division and a comparison each.
  const auto within = [&](std::int64_t k) {
    const double deviation = static_cast<double>(pairs) / 2 - static_cast<double>(k);
    const double corrected = deviation - (deviation > 0 ? 0.5 : deviation < 0 ? -0.5 : 0);
    return corrected / sigma <= kQuantile;
  };
  std::int64_t low = 0, high = pairs;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (within(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

double mean_of(const Values& values) {
  Int128 sum = 0;
  for (const Fixed value : values) sum += value.nanos;
  return static_cast<double>(sum) / static_cast<double>(values.size());
}

// `values` rise.
Fixed percentile(const Values& values, std::int64_t percent) {
  const std::int64_t place = static_cast<std::int64_t>(values.size() - 1) * percent;
  const auto index = static_cast<std::size_t>(place / 100);
  if (index + 1 >= values.size()) return values.back();
  const Int128 width = values[index + 1].nanos - values[index].nanos;
  return Fixed{values[index].nanos + width * (place % 100) / 100};
}

}  // namespace

Shift shift_of(Values judged, Values other) {
  std::sort(judged.begin(), judged.end());
  std::sort(other.begin(), other.end());
  const Differences differences(judged, other);
  const std::int64_t pairs = differences.size();
  Shift shift;
  shift.twice_u = 2 * pairs - differences.up_to(0) - differences.up_to(-1);
  shift.estimate = differences.median();
  const auto n = static_cast<double>(judged.size()), m = static_cast<double>(other.size());
  const double all = n + m;
  // For a shift that is none of the differences only each sample's own ties remain.
  const double ties = (tied(judged) + tied(other)) / (all * (all - 1));
  const double sigma = std::sqrt(n * m / 12 * (all + 1 - ties));
  const std::int64_t low = outside(pairs, sigma);
  if (low == 0) return shift;
  shift.low = differences.at(low);
  shift.high = differences.at(pairs + 1 - low);
  return shift;
}

std::optional<Fixed> mean_ratio(const Values& judged, const Values& other) {
  const double above = mean_of(judged), below = mean_of(other);
  if (above == 0 || below == 0) return std::nullopt;
  constexpr double kMost = 9e18;
  return Fixed{std::llround(std::clamp(above / below * 1e9, -kMost, kMost))};
}

Values without_outliers(const Values& values, Fixed factor) {
  if (values.empty()) return values;
  Values rising = values;
  std::sort(rising.begin(), rising.end());
  const Fixed lower = percentile(rising, 25), upper = percentile(rising, 75);
  const Int128 reach = (upper.nanos - lower.nanos) * factor.nanos / Fixed::kScale;
  const Fixed least = std::min(percentile(rising, 1), Fixed{lower.nanos - reach});
  const Fixed most = std::max(percentile(rising, 99), Fixed{upper.nanos + reach});
  Values kept;
  for (const Fixed value : values) {
    if (value >= least && value <= most) kept.push_back(value);
  }
  return kept;
}

}  // namespace rollbook::core::ranks
