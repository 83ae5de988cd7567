#include "tools/calibration/alarms.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/core/sentence.h"
#include "tools/calibration/trial.h"

namespace rollbook::calibration {

using namespace rollbook::core;

namespace {

using Random = std::mt19937_64;

double share(Fixed value) { return static_cast<double>(value.nanos) * 1e-9; }
double share(Weight value) { return static_cast<double>(value.nanos) * 1e-9; }

// std's distributions differ from library to library; these do not.
double uniform(Random& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

std::int64_t poisson(Random& random, double mean) {
  if (mean > 30) {  // the normal law is near enough, and quick
    const double radius = std::sqrt(-2 * std::log(1 - uniform(random)));
    const double normal = radius * std::cos(6.283185307179586 * uniform(random));
    return std::max<std::int64_t>(0, std::llround(mean + std::sqrt(mean) * normal));
  }
  const double limit = std::exp(-mean);
  std::int64_t count = 0;
  for (double product = uniform(random); product > limit; product *= uniform(random)) ++count;
  return count;
}

std::int64_t binomial(Random& random, std::int64_t of, double chance) {
  if (static_cast<double>(of) * chance > 30) {
    const double mean = static_cast<double>(of) * chance;
    const double radius = std::sqrt(-2 * std::log(1 - uniform(random)));
    const double normal = radius * std::cos(6.283185307179586 * uniform(random));
    return std::clamp<std::int64_t>(std::llround(mean + std::sqrt(mean * (1 - chance)) * normal), 0,
                                    of);
  }
  // From one success to the next: geometric steps.
  std::int64_t count = 0, at = 0;
  while (chance > 0) {
    at += 1 + static_cast<std::int64_t>(std::log(1 - uniform(random)) / std::log1p(-chance));
    if (at > of) break;
    ++count;
  }
  return count;
}

Criterion criterion_of(const Setting& setting) {
  if (setting.test == "guard") return stop_above(setting.rate, setting.alpha);
  if (setting.test == "gate") return expect_below(setting.rate, setting.alpha);
  if (setting.test == "arms") return stop_above_baseline(Fixed::from_int(1), setting.alpha);
  if (setting.test == "quantiles") {
    return expect_p99_within_baseline(Fixed{950'000'000}, setting.alpha);
  }
  if (setting.test == "quantile_guard") {
    return stop_p99_above_baseline(Fixed::from_int(1), setting.alpha);
  }
  if (setting.test == "unchanged") {
    return expect_unchanged(std::chrono::minutes(5), Fixed{20'000'000}, setting.alpha);
  }
  return expect_split(setting.alpha);
}

// One second of one arm.
Second second_of(const Setting& setting, Random& random, double arm, double change,
                 std::size_t buckets) {
  Second second;
  second.requests = poisson(random, static_cast<double>(setting.per_second) * arm);
  const double chance = share(setting.rate) * change / static_cast<double>(setting.burst);
  second.errors =
      std::min(second.requests, setting.burst * binomial(random, second.requests, chance));
  if (!setting.test.starts_with("quantile")) return second;
  // One in a hundred at 20 ms or above, the rest below.
  second.buckets.assign(buckets, 0);
  const std::int64_t slow = binomial(random, second.requests, 0.01);
  second.buckets[2] = second.requests - slow;
  second.buckets[buckets / 2] = slow;
  return second;
}

// What a test must not say where nothing is wrong. `unchanged` must not pass a change just at its
// tolerance; two equal quantiles must not pass for one that is 5 % smaller.
bool is_wrong(const Setting& setting, Verdict verdict) {
  if (setting.test == "guard" || setting.test == "quantile_guard" || setting.test == "arms" ||
      setting.test == "split") {
    return verdict == Verdict::fail;
  }
  return verdict == Verdict::pass;
}

}  // namespace

bool errs(const Setting& setting, std::uint64_t number) {
  Random random(number * 0x9e3779b97f4a7c15 + 1);
  Trial trial(criterion_of(setting), setting.weight);
  const std::size_t buckets = trial.state.metrics[2].bounds.size() + 1;
  const bool past = setting.test == "unchanged";
  double weight = past ? 1 : share(setting.weight);
  if (past) {
    for (int i = 0; i < 300; ++i) trial.second(second_of(setting, random, weight, 1, buckets));
    trial.shift(setting.weight);
  }
  for (std::int64_t at = 0; at < setting.seconds; ++at) {
    if (setting.shift_after > 0 && at == setting.shift_after) {
      weight = std::min(1.0, 2 * weight);
      trial.shift(Weight{std::llround(weight * 1e9)});
    }
    const Second canary = second_of(setting, random, weight, past ? 1.02 : 1, buckets);
    const Second baseline = second_of(setting, random, 1 - weight, 1, buckets);
    if (is_wrong(setting, trial.second(canary, baseline).verdict)) return true;
  }
  return false;
}

std::int64_t allowed(Fixed alpha, std::int64_t runs) {
  constexpr double kDeviations = 3.09;  // 999 of 1000
  const double n = static_cast<double>(runs), p = share(alpha);
  return static_cast<std::int64_t>(
      std::floor(n * p + kDeviations * std::sqrt(n * p * (1 - p)) + 1));
}

std::vector<Setting> settings(bool few) {
  std::vector<Setting> all;
  const std::vector<std::int64_t> alphas = few ? std::vector<std::int64_t>{50'000'000}
                                               : std::vector<std::int64_t>{10'000'000, 50'000'000};
  const std::vector<std::int64_t> rates =
      few ? std::vector<std::int64_t>{10'000'000}
          : std::vector<std::int64_t>{200'000, 1'000'000, 10'000'000, 50'000'000};
  const std::vector<std::int64_t> weights =
      few ? std::vector<std::int64_t>{50'000'000}
          : std::vector<std::int64_t>{50'000'000, 500'000'000};
  for (const char* test :
       {"guard", "gate", "arms", "quantiles", "quantile_guard", "unchanged", "split"}) {
    for (const std::int64_t alpha : alphas) {
      for (const std::int64_t rate : rates) {
        for (const std::int64_t weight : weights) {
          Setting setting{test, Fixed{alpha}, Fixed{rate}, Weight{weight}};
          setting.per_second = 1000;
          setting.seconds = few ? 300 : 2000;
          all.push_back(setting);
          // A gate begins anew with a shift, so that a shift is a second gate.
          const bool guards = setting.test == "guard" || setting.test == "arms";
          if (few || !guards) continue;
          setting.shift_after = setting.seconds / 2;
          all.push_back(setting);
          setting.shift_after = 0;
          setting.burst = 10;
          if (setting.test == "arms") all.push_back(setting);
        }
      }
    }
  }
  return all;
}

std::string describe(const Setting& setting) {
  std::string text = setting.test + ", alpha " + percent_text(setting.alpha) + ", errors " +
                     percent_text(setting.rate) + ", canary " +
                     percent_text(Fixed{setting.weight.nanos});
  if (setting.shift_after > 0) text += ", a shift in the middle";
  if (setting.burst > 1) text += ", bursts of " + std::to_string(setting.burst);
  return text;
}

std::vector<std::int64_t> disprove(Fixed rate, int runs) {
  constexpr std::int64_t kMost = 200'000;
  Random random(20260106);
  std::vector<std::int64_t> all;
  for (int run = 0; run < runs; ++run) {
    Trial trial(expect_below(Fixed{1'000'000}, Fixed{10'000'000}));
    while (trial.reading().verdict != Verdict::fail && trial.requests() < kMost) {
      trial.second({.requests = 1, .errors = uniform(random) < share(rate) ? 1 : 0});
    }
    all.push_back(trial.requests());
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::int64_t> notice(Fixed rate, std::int64_t healthy_seconds, int runs) {
  constexpr std::int64_t kPerSecond = 45, kMost = 2'000'000;
  const Fixed limit{1'000'000}, alpha{10'000'000};
  Random random(20260105);
  Trial healthy(stop_above(limit, alpha));
  for (std::int64_t second = 0; second < healthy_seconds; ++second) {
    healthy.second({.requests = kPerSecond, .errors = binomial(random, kPerSecond, 0.0002)});
  }
  std::vector<std::int64_t> all;
  for (int run = 0; run < runs; ++run) {
    Trial trial = healthy;
    std::int64_t requests = 0;
    while (trial.reading().verdict != Verdict::fail && requests < kMost) {
      trial.second({.requests = kPerSecond, .errors = binomial(random, kPerSecond, share(rate))});
      requests += kPerSecond;
    }
    all.push_back(requests);
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace rollbook::calibration
