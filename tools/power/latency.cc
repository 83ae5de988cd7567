#include "tools/power/latency.h"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>

namespace rollbook::power {

using core::Fixed;

namespace {

constexpr double kMedian = 0.01;                // seconds; only ratios to it matter
constexpr double kSpread = 0.6918302848827697;  // log 5 / Φ⁻¹(0.99)
const double kApart = std::exp2(1.0 / 32);      // of two edges
constexpr double kBelow = 4, kAbove = 8;        // times the quantile: where the edges begin and end
constexpr double kRoot2 = 1.4142135623730951;

double seconds(Fixed value) { return static_cast<double>(value.nanos) * 1e-9; }

}  // namespace

Latency Latency::usual(Fixed quantile) {
  Latency latency;
  const double middle = latency.exceeded_by(1 - seconds(quantile));
  for (double at = middle / kBelow; at < middle * kAbove; at *= kApart) {
    latency.edges_.push_back(Fixed{std::llround(at * 1e9)});
  }
  return latency;
}

Latency Latency::recorded(const std::vector<std::pair<Fixed, double>>& above) {
  Latency latency;
  for (const auto& [edge, share] : above) {
    latency.edges_.push_back(edge);
    latency.above_.push_back(share);
  }
  return latency;
}

double Latency::above(double at) const {
  if (at <= 0) return 1;
  if (!is_recorded()) return 0.5 * std::erfc(std::log(at / kMedian) / (kSpread * kRoot2));
  const auto edge =
      std::lower_bound(edges_.begin(), edges_.end(), at,
                       [](Fixed each, double value) { return seconds(each) < value; });
  if (edge == edges_.end()) return above_.back();
  const auto i = static_cast<std::size_t>(edge - edges_.begin());
  const double low = i == 0 ? 0 : seconds(edges_[i - 1]), before = i == 0 ? 1 : above_[i - 1];
  const double part = (at - low) / (seconds(*edge) - low);
  return before + (above_[i] - before) * part;
}

double Latency::exceeded_by(double share) const {
  if (!is_recorded()) {
    return kMedian * std::exp(kSpread * kRoot2 * boost::math::erfc_inv(2 * share));
  }
  double low = 0, before = 1;
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    const double here = seconds(edges_[i]);
    if (above_[i] <= share) {
      const double fall = before - above_[i];
      return fall <= 0 ? here : low + (here - low) * (before - share) / fall;
    }
    low = here;
    before = above_[i];
  }
  return low;
}

double Latency::exceeded_by(double share, double near) const {
  if (!is_recorded()) return share > 0 ? exceeded_by(share) : near;
  const double least = exceeded_by(share);
  const auto last = std::find(above_.rbegin(), above_.rend(), share);
  if (last == above_.rend()) return least;
  // Beyond the last edge as much lies above any time, as far as was recorded.
  if (last == above_.rbegin()) return std::max(near, least);
  const auto i = static_cast<std::size_t>(above_.rend() - last) - 1;
  return std::max(std::min(near, seconds(edges_[i])), least);
}

bool Latency::knows(double share) const { return !is_recorded() || above_.back() < share; }

}  // namespace rollbook::power
