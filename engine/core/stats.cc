#include "engine/core/stats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace rollbook::core::stats {
namespace {

constexpr double kHalfLogTwoPi = 0.918938533204672741780329736405617639861;
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

double share_of(Fixed value) { return static_cast<double>(value.nanos) * 1e-9; }
double rest_of(Fixed value) { return static_cast<double>(Fixed::kScale - value.nanos) * 1e-9; }

// The rest of Stirling's series, log Γ(z) − ((z − ½) log z − z + ½ log 2π).
double stirling_rest(double z) {
  if (z < 15) return std::lgamma(z) - ((z - 0.5) * std::log(z) - z + kHalfLogTwoPi);
  const double s = 1 / (z * z);
  return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - s / 1188) * s) * s) * s) / z;
}

// x log(x/m) + m − x without cancellation near x = m (Loader 2000, "bd0").
double deviance(double x, double m) {
  if (std::abs(x - m) >= 0.1 * (x + m)) return x * std::log(x / m) + m - x;
  const double v = (x - m) / (x + m);
  double sum = (x - m) * v;
  double term = 2 * x * v;
  for (int j = 3; j < 1000; j += 2) {
    term *= v * v;
    const double next = sum + term / j;
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

// The continued fraction K of algorithm 708 ("bfrac", in Boost "ibeta_fraction2"):
// ∫₀ˣ t^(a−1) (1−t)^(b−1) dt = x^a y^b / K. Converges fast for x < a / (a + b). Modified Lentz.
double lower_fraction(double a, double b, double x, double y) {
  constexpr int kMost = 4'000'000;
  constexpr double kTiny = 1e-300;
  double value = a * (a * y - b * x + 1) / (a + 1);
  if (value == 0) value = kTiny;
  double c = value, d = 0;
  for (int m = 1; m < kMost; ++m) {
    const double k = m;
    const double at = a + 2 * k;
    const double numerator =
        ((a + k - 1) / (at - 1)) * ((a + b + k - 1) / (at - 1)) * k * (b - k) * x * x;
    const double term =
        k + k * (b - k) * x / (at - 1) + (a + k) * (a * y - b * x + 1 + k * (2 - x)) / (at + 1);
    d = term + numerator * d;
    if (d == 0) d = kTiny;
    c = term + numerator / c;
    if (c == 0) c = kTiny;
    d = 1 / d;
    const double change = c * d;
    value *= change;
    if (std::abs(change - 1) <= 2 * kEpsilon) break;
  }
  return value;
}

}  // namespace

double log_power(double a, double b, double x, double y) {
  const double n = a + b;
  return -deviance(a, n * x) - deviance(b, n * y) + 0.5 * std::log(a / n * b) - kHalfLogTwoPi +
         stirling_rest(n) - stirling_rest(a) - stirling_rest(b);
}

double log_upper(double a, double b, double x, double y) {
  // Beyond the mode the integral is a tail.
  if (a * y <= b * x) return -std::log(lower_fraction(b, a, y, x));
  const double power = log_power(a, b, x, y);
  const double lower = std::exp(power) / lower_fraction(a, b, x, y);
  return std::log1p(-lower) - power;
}

// ---- One share against a limit --------------------------------------------------------------

namespace {

// Of a share over a half it is the complement that is judged, from the other side.
struct Turned {
  Sample sample;
  Fixed limit;
  bool turned = false;
};
Turned turn(Sample sample, Fixed limit) {
  if (limit.nanos * 2 <= Fixed::kScale) return {sample, limit, false};
  return {
      {sample.requests, sample.requests - sample.errors}, Fixed{Fixed::kScale - limit.nanos}, true};
}

Beta prior_of(Fixed limit, std::int64_t tenths) {
  const Int128 rare = limit.nanos * 2 <= Fixed::kScale ? limit.nanos : Fixed::kScale - limit.nanos;
  return {Fixed::from_int(1), Fixed{tenths * (Fixed::kScale / 10) * Fixed::kScale / rare}};
}

double log_proportion(Sample sample, Fixed limit, Beta prior, Fixed dispersion, bool above) {
  const double x = share_of(limit), y = rest_of(limit);
  const double a = share_of(prior.a), b = share_of(prior.b), at_a_time = share_of(dispersion);
  const double more_a = a + static_cast<double>(sample.errors) / at_a_time;
  const double more_b = b + static_cast<double>(sample.requests - sample.errors) / at_a_time;
  return above ? log_upper(more_a, more_b, x, y) - log_upper(a, b, x, y)
               : log_upper(more_b, more_a, y, x) - log_upper(b, a, y, x);
}

// n · KL(share ‖ limit): log of the likelihood ratio at its maximum.
double log_greatest(Sample sample, Fixed limit) {
  const auto errors = static_cast<double>(sample.errors);
  const auto rest = static_cast<double>(sample.requests - sample.errors);
  const auto n = static_cast<double>(sample.requests);
  return (errors > 0 ? deviance(errors, n * share_of(limit)) : n * share_of(limit)) +
         (rest > 0 ? deviance(rest, n * rest_of(limit)) : n * rest_of(limit));
}

// Whether the share lies above the limit: exact.
int side_of(Sample sample, Fixed limit) {
  const Int128 got = Int128{sample.errors} * Fixed::kScale;
  const Int128 allowed = Int128{sample.requests} * limit.nanos;
  return got > allowed ? 1 : got < allowed ? -1 : 0;
}

}  // namespace

Beta prior_above(Fixed limit) { return prior_of(limit, limit.nanos * 2 > Fixed::kScale ? 10 : 1); }
Beta prior_below(Fixed limit) { return prior_of(limit, limit.nanos * 2 > Fixed::kScale ? 1 : 10); }

double log_above(Sample sample, Fixed limit, Beta prior, Fixed dispersion) {
  const Turned turned = turn(sample, limit);
  return log_proportion(turned.sample, turned.limit, prior, dispersion, !turned.turned);
}

double log_below(Sample sample, Fixed limit, Beta prior, Fixed dispersion) {
  const Turned turned = turn(sample, limit);
  return log_proportion(turned.sample, turned.limit, prior, dispersion, turned.turned);
}

double bound_above(Sample sample, Fixed limit) {
  return side_of(sample, limit) > 0 ? log_greatest(sample, limit) : 0;
}
double bound_below(Sample sample, Fixed limit) {
  return side_of(sample, limit) < 0 ? log_greatest(sample, limit) : 0;
}

// ---- Two rates ------------------------------------------------------------------------------

std::span<const double> far_above() {
  static constexpr std::array kMultiples = {1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0};
  return kMultiples;
}

std::vector<double> below(Fixed tolerance) {
  const double p = share_of(tolerance);
  return {1 / (1 + p), 1 / (1 + 2 * p), 0.9, 0.75, 0.5};
}

std::vector<double> above(Fixed tolerance) {
  std::vector<double> multiples = below(tolerance);
  for (double& multiple : multiples) multiple = 1 / multiple;
  return multiples;
}

// With w = b n / (b n + m) the judged arm's share of events at the bound, and q at the alternative:
// (q/w)^e ((1−q)/(1−w))^f = r^e / (1 + (r−1) w)^(e+f).
double log_step(const Step& step, double bound, double multiple) {
  const double judged = bound * static_cast<double>(step.exposure);
  const double share = judged / (judged + static_cast<double>(step.other_exposure));
  return static_cast<double>(step.events) * std::log(multiple) -
         static_cast<double>(step.events + step.other_events) * std::log1p((multiple - 1) * share);
}

double log_mean(std::span<const std::int64_t> logs) {
  if (logs.empty()) return 0;
  const std::int64_t most = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (const std::int64_t log : logs) {
    sum += std::exp((static_cast<double>(log) - static_cast<double>(most)) * 1e-12);
  }
  return static_cast<double>(most) * 1e-12 + std::log(sum / static_cast<double>(logs.size()));
}

// ---- The split of traffic -------------------------------------------------------------------

double log_split(std::int64_t first, std::int64_t second, Fixed planned, Fixed dispersion) {
  const double x = share_of(planned), y = rest_of(planned), many = share_of(dispersion);
  return std::log(x) + std::log(y) -
         log_power(1 + static_cast<double>(first) / many, 1 + static_cast<double>(second) / many, x,
                   y);
}

// ---- Integers for the log -------------------------------------------------------------------

namespace {
std::int64_t in_units(double nats, double units) {
  constexpr double kMost = 9e18;
  return static_cast<std::int64_t>(std::llround(std::clamp(nats * units, -kMost, kMost)));
}
}  // namespace

std::int64_t micro_nats(double nats) { return in_units(nats, 1e6); }
std::int64_t pico_nats(double nats) { return in_units(nats, 1e12); }

void add_log(std::int64_t more, std::int64_t& sum) {
  if (std::abs(sum) >= kMostPicoNats) return;
  sum += std::clamp(more, -kMostPicoNats, kMostPicoNats);
  sum = std::clamp(sum, -kMostPicoNats, kMostPicoNats);
}

}  // namespace rollbook::core::stats
