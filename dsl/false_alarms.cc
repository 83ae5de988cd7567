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
constexpr double kNothing = 1e-7;

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

// The chance that some window within `lengths` of its own lengths holds `k` or more.
double scan(double mean, std::int64_t k, double lengths) {
  const NoneWithin none = none_within(mean, k);
  // Where nearly every window breaks the limit the differences above may fall below nothing.
  if (none.one <= 0 || none.two <= 0 || none.three <= 0) return 1;
  const double growth = lengths < 2 ? none.one * std::pow(none.two / none.one, lengths - 1)
                                    : none.two * std::pow(none.three / none.two, lengths - 2);
  return std::clamp(1 - growth, 0.0, 1.0);
}

// Chances of counts, from `first` on. What lies beyond either end is too unlikely to matter.
struct Spread {
  std::int64_t first = 0;
  std::vector<double> chances{1};
};
constexpr double kUnlikely = 1e-18;

void trim(Spread& spread) {
  std::vector<double>& chances = spread.chances;
  while (!chances.empty() && chances.back() < kUnlikely) chances.pop_back();
  std::size_t low = 0;
  while (low < chances.size() && chances[low] < kUnlikely) ++low;
  chances.erase(chances.begin(), chances.begin() + static_cast<std::ptrdiff_t>(low));
  spread.first += static_cast<std::int64_t>(low);
}

// Of bad ones among `requests`.
Spread spread_of(std::int64_t requests, double rate) {
  const auto n = static_cast<double>(requests);
  const double mean = n * rate, reach = 10 * std::sqrt(mean) + 10;  // beyond ten deviations
  Spread spread{static_cast<std::int64_t>(std::max(0.0, mean - reach)), {}};
  for (std::int64_t k = spread.first; k <= requests; ++k) {
    const auto count = static_cast<double>(k);
    spread.chances.push_back(std::exp(std::lgamma(n + 1) - std::lgamma(count + 1) -
                                      std::lgamma(n - count + 1) + count * std::log(rate) +
                                      (n - count) * std::log1p(-rate)));
    if (count > mean && spread.chances.back() < kUnlikely) break;
  }
  trim(spread);
  return spread;
}

Spread sum_of(const Spread& a, const Spread& b) {
  if (a.chances.empty() || b.chances.empty()) return {0, {}};
  Spread sum{a.first + b.first, std::vector<double>(a.chances.size() + b.chances.size() - 1, 0)};
  for (std::size_t i = 0; i < a.chances.size(); ++i) {
    for (std::size_t k = 0; k < b.chances.size(); ++k) {
      sum.chances[i + k] += a.chances[i] * b.chances[k];
    }
  }
  return sum;
}

// Takes away what lies at `least` or above, and tells how likely it was.
double cut_from(std::int64_t least, Spread& spread) {
  const auto kept = static_cast<std::size_t>(std::max<std::int64_t>(0, least - spread.first));
  double cut = 0;
  for (std::size_t i = kept; i < spread.chances.size(); ++i) cut += spread.chances[i];
  spread.chances.resize(std::min(kept, spread.chances.size()));
  return cut;
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
  const double apart = std::max(in_seconds(kLook), over / core::kPanesPerWindow);
  const auto looks = static_cast<std::int64_t>(std::ceil(over / apart - 1e-9));
  Spread bad, more;  // with no limit broken so far
  double broken = 0;
  std::int64_t requests = 0, more_of = -1;
  for (std::int64_t look = 1; look <= looks && !bad.chances.empty(); ++look) {
    const double at = std::min(over, static_cast<double>(look) * apart);
    const std::int64_t now = requests_in(flow, at);
    if (now - requests != more_of) more = spread_of(more_of = now - requests, flow.rate);
    requests = now;
    bad = sum_of(bad, more);
    if (requests >= limit.at_least) broken += cut_from(breaking(limit, requests), bad);
    trim(bad);
  }
  return std::clamp(broken, 0.0, 1.0);
}

double chance_of_any(const WindowedLimit& limit, Flow flow, core::Duration watched) {
  const double over = in_seconds(limit.over);
  const double lengths = in_seconds(watched) / over;
  const std::int64_t requests = requests_in(flow, over);
  if (lengths < 1 || flow.rate <= 0 || requests < limit.at_least) return 0;
  const std::int64_t k = breaking(limit, requests);
  // Each window that breaks it ends with a bad request, and there are so many of those: where that
  // bounds it by nothing that anybody would print, no sum is needed.
  const double each = chance_above(requests, flow.rate, k - 2);
  const double bound = flow.per_second * in_seconds(watched) * flow.rate * each;
  if (bound < kNothing) return bound;
  if (k > kScanMost || flow.rate >= 1) return broken_with(limit, flow, requests);
  return scan(flow.per_second * over * flow.rate, std::max<std::int64_t>(k, 1), lengths);
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

double least_of_sustained(const WindowedLimit& limit, Flow flow, core::Duration watched) {
  const double kept = in_seconds(limit.over - limit.sustain);
  const std::int64_t requests = requests_in(flow, in_seconds(limit.over));
  const std::int64_t k = breaking(limit, requests);
  const double lengths = in_seconds(watched - 2 * limit.sustain) / std::max(kept, 1e-9);
  if (kept <= 0 || lengths < 1 || requests < limit.at_least || k > kScanMost) return 0;
  const double mean = flow.per_second * kept * flow.rate;
  return mean > 0 ? scan(mean, std::max<std::int64_t>(k, 1), lengths) : 0;
}

namespace {

// Without `sustain`.
double alarm_of_any(const WindowedLimit& limit, Flow flow, core::Duration watched, bool filling) {
  const double any = chance_of_any(limit, flow, watched);
  if (!filling) return any;
  const double first = chance_of_one(limit, flow);
  const double fills = chance_while_filling(limit, flow);
  // The filling ends with the first full window: it counts once.
  if (first >= 1) return 1;
  return std::clamp(1 - (1 - fills) * std::min(1.0, (1 - std::max(any, first)) / (1 - first)), 0.0,
                    1.0);
}

}  // namespace

Alarm alarm_within(const WindowedLimit& limit, Flow flow, core::Duration watched, bool filling) {
  if (limit.sustain == core::Duration::zero()) {
    const double any = alarm_of_any(limit, flow, watched, filling);
    return {any, any, true};
  }
  double most = bound_of_sustained(limit, flow, watched, filling);
  const bool walked = breaking(limit, requests_in(flow, in_seconds(limit.over))) <= kWalkMost;
  if (most < kNothing || !walked) return {0, most, false};
  // What must last is no likelier than what need not: where it must not last long that says more.
  most = std::min(most, alarm_of_any(limit, flow, watched, filling));
  return {std::min(most, least_of_sustained(limit, flow, watched)), most, false};
}

Alarm alarm_at_review(const WindowedLimit& limit, Flow flow) {
  const double one = chance_of_one(limit, flow);
  if (limit.sustain == core::Duration::zero()) return {one, one, true};
  // Any breach within the last `sustain` keeps it from passing, and one at the last look alone
  // does.
  return {one, std::max(one, chance_of_any(limit, flow, limit.over + limit.sustain)), false};
}

bool breaks_at_limit(core::CriterionKind kind, core::Comparison comparison) {
  const bool strict =
      comparison == core::Comparison::greater || comparison == core::Comparison::less;
  return kind == core::CriterionKind::expect ? strict : !strict;
}

}  // namespace rollbook::dsl
