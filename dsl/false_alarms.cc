#include "dsl/false_alarms.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "dsl/chances.h"
#include "engine/core/limits.h"

namespace rollbook::dsl {

namespace {

// Counts beyond these would take long to sum up. Such windows hold so many bad requests that they
// do not break a limit by chance without sitting on it; the moments of a full window say it then.
constexpr std::int64_t kWalkMost = 4000;
constexpr std::int64_t kScanMost = 100'000;

double in_seconds(core::Duration duration) { return static_cast<double>(duration.count()) * 1e-9; }

std::int64_t requests_in(Flow flow, double seconds) {
  constexpr double kMost = 1e15;
  return static_cast<std::int64_t>(std::min(kMost, flow.per_second * seconds + 1e-9));
}

double broken_with(const WindowedLimit& limit, Flow flow, std::int64_t requests) {
  if (requests < std::max<std::int64_t>(limit.at_least, 1)) return 0;
  return chance_above(requests, flow.rate, breaking(limit, requests) - 1);
}

// Poisson probabilities and their sums, for Naus's formulas; 0 below zero.
class Poisson {
 public:
  Poisson(double mean, std::int64_t most) {
    double sum = 0;
    for (std::int64_t k = 0; k <= most; ++k) {
      const auto count = static_cast<double>(k);
      each_.push_back(std::exp(count * std::log(mean) - mean - std::lgamma(count + 1)));
      sums_.push_back(std::min(1.0, sum += each_.back()));
    }
  }
  double each(std::int64_t k) const { return k < 0 ? 0 : each_[static_cast<std::size_t>(k)]; }
  double up_to(std::int64_t k) const { return k < 0 ? 0 : sums_[static_cast<std::size_t>(k)]; }

 private:
  std::vector<double> each_, sums_;
};

// The chances that no window within two and within three of its lengths holds `k` or more.
struct NoneWithin {
  double one = 1, two = 1, three = 1;
};
NoneWithin none_within(double mean, std::int64_t k) {
  const Poisson p(mean, 2 * k);
  const auto n = static_cast<double>(k);
  const double below = p.up_to(k - 1);
  NoneWithin none;
  none.one = below;
  none.two = below * below - (n - 1) * p.each(k) * p.each(k - 2) -
             (n - 1 - mean) * p.each(k) * p.up_to(k - 3);
  const double a1 = 2 * p.each(k) * below * ((n - 1) * p.up_to(k - 2) - mean * p.up_to(k - 3));
  const double a2 = 0.5 * p.each(k) * p.each(k) *
                    ((n - 1) * (n - 2) * p.up_to(k - 3) - 2 * (n - 2) * mean * p.up_to(k - 4) +
                     mean * mean * p.up_to(k - 5));
  double a3 = 0, a4 = 0;
  for (std::int64_t r = 1; r < k; ++r) {
    const auto count = static_cast<double>(r);
    a3 += p.each(2 * k - r) * p.up_to(r - 1) * p.up_to(r - 1);
    if (r < 2) continue;
    a4 += p.each(2 * k - r) * p.each(r) * ((count - 1) * p.up_to(r - 2) - mean * p.up_to(r - 3));
  }
  none.three = below * below * below - a1 + a2 + a3 - a4;
  return none;
}

// The chances of 0, 1, 2, … bad ones among `requests`, as far as they matter.
std::vector<double> chances_of(std::int64_t requests, double rate) {
  constexpr double kNegligible = 1e-18;
  std::vector<double> chances;
  const auto n = static_cast<double>(requests);
  for (std::int64_t k = 0; k <= requests; ++k) {
    const auto count = static_cast<double>(k);
    chances.push_back(std::exp(std::lgamma(n + 1) - std::lgamma(count + 1) -
                               std::lgamma(n - count + 1) + count * std::log(rate) +
                               (n - count) * std::log1p(-rate)));
    if (count > n * rate && chances.back() < kNegligible) break;
  }
  return chances;
}

}  // namespace

std::int64_t breaking(const WindowedLimit& limit, std::int64_t requests) {
  const core::Int128 product = limit.limit.nanos * requests;
  const core::Int128 whole = product / core::Fixed::kScale;
  const bool exact = product % core::Fixed::kScale == 0;
  return static_cast<std::int64_t>(exact && limit.at_limit ? whole : whole + 1);
}

double chance_of_one(const WindowedLimit& limit, Flow flow) {
  return broken_with(limit, flow, requests_in(flow, in_seconds(limit.over)));
}

double chance_while_filling(const WindowedLimit& limit, Flow flow) {
  const double over = in_seconds(limit.over);
  if (flow.rate <= 0) return 0;
  if (flow.rate >= 1 || breaking(limit, requests_in(flow, over)) > kWalkMost) {
    return chance_of_one(limit, flow);
  }
  const double pane = std::max(1.0, over / core::kPanesPerWindow);
  const auto looks = static_cast<std::int64_t>(over / pane + 1e-9);
  std::vector<double> counts{1};  // the chance of each count with no limit broken so far
  double broken = 0;
  std::int64_t requests = 0, chances_for = -1;
  std::vector<double> chances;
  for (std::int64_t look = 1; look <= looks; ++look) {
    const std::int64_t now = requests_in(flow, static_cast<double>(look) * pane);
    if (now - requests != chances_for)
      chances = chances_of(chances_for = now - requests, flow.rate);
    requests = now;
    std::vector<double> next(counts.size() + chances.size() - 1, 0);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      for (std::size_t k = 0; k < chances.size(); ++k) next[i + k] += counts[i] * chances[k];
    }
    if (requests >= limit.at_least) {
      const auto most = static_cast<std::size_t>(breaking(limit, requests));
      for (std::size_t i = most; i < next.size(); ++i) broken += next[i];
      next.resize(std::min(next.size(), std::max<std::size_t>(most, 1)));
    }
    while (next.size() > 1 && next.back() < 1e-18) next.pop_back();
    counts = std::move(next);
  }
  return std::clamp(broken, 0.0, 1.0);
}

double chance_of_any(const WindowedLimit& limit, Flow flow, core::Duration watched) {
  const double over = in_seconds(limit.over);
  const double lengths = in_seconds(watched) / over;
  const std::int64_t requests = requests_in(flow, over);
  if (lengths < 1 || flow.rate <= 0 || requests < limit.at_least) return 0;
  const std::int64_t k = breaking(limit, requests);
  if (k > kScanMost || flow.rate >= 1) return broken_with(limit, flow, requests);
  const NoneWithin none =
      none_within(flow.per_second * over * flow.rate, std::max<std::int64_t>(k, 1));
  // Where nearly every window breaks the limit the differences above may fall below nothing.
  if (none.one <= 0 || none.two <= 0 || none.three <= 0) return 1;
  const double growth = lengths < 2 ? none.one * std::pow(none.two / none.one, lengths - 1)
                                    : none.two * std::pow(none.three / none.two, lengths - 2);
  return std::clamp(1 - growth, 0.0, 1.0);
}

double bound_of_sustained(const WindowedLimit& limit, Flow flow, core::Duration watched,
                          bool filling) {
  const double over = in_seconds(limit.over), apart = in_seconds(limit.sustain);
  const double all = in_seconds(watched);
  const double full = chance_of_one(limit, flow);
  double none = 1, at = apart;
  for (; filling && at < std::min(over, all); at += apart) {
    none *= 1 - broken_with(limit, flow, requests_in(flow, at));
  }
  const double left = std::floor((all - at) / apart + 1e-9) + 1;
  if (left > 0) none *= std::pow(1 - full, left);
  return std::clamp(1 - none, 0.0, 1.0);
}

double most_false_alarms(const WindowedLimit& limit, Flow flow, core::Duration watched,
                         bool filling) {
  if (limit.sustain > core::Duration::zero()) {
    return bound_of_sustained(limit, flow, watched, filling);
  }
  const double any = chance_of_any(limit, flow, watched);
  if (!filling) return any;
  const double first = chance_of_one(limit, flow);
  const double fills = chance_while_filling(limit, flow);
  // The filling ends with the first full window: it counts once.
  if (first >= 1) return 1;
  return std::clamp(1 - (1 - fills) * std::min(1.0, (1 - std::max(any, first)) / (1 - first)), 0.0,
                    1.0);
}

}  // namespace rollbook::dsl
