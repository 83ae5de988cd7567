#include "tools/calibration/alarms.h"

#include <algorithm>
#include <cmath>

#include "engine/core/sentence.h"
#include "tools/calibration/trial.h"
#include "tools/draw.h"

namespace rollbook::calibration {

using namespace rollbook::core;
using tools::Draw;

namespace {

double share(Fixed value) { return static_cast<double>(value.nanos) * 1e-9; }
double share(Weight value) { return static_cast<double>(value.nanos) * 1e-9; }

constexpr Fixed kMargin{1'050'000'000};    // of `arms_gate`
constexpr Fixed kTolerance{20'000'000};    // of `unchanged`
constexpr std::int64_t kLagSeconds = 300;  // of `unchanged`

Criterion criterion_of(const Setting& setting, Fixed alpha) {
  if (setting.test == "guard") return stop_above(setting.rate, alpha);
  if (setting.test == "gate") return expect_below(setting.rate, alpha);
  if (setting.test == "arms") return stop_above_baseline(Fixed::from_int(1), alpha);
  if (setting.test == "arms_gate") return expect_within_baseline(kMargin, alpha);
  if (setting.test == "quantiles") return expect_p99_within_baseline(Fixed{950'000'000}, alpha);
  if (setting.test == "quantile_guard") {
    return stop_p99_above_baseline(Fixed::from_int(1), alpha);
  }
  if (setting.test == "unchanged") {
    return expect_unchanged(std::chrono::seconds(kLagSeconds), kTolerance, alpha);
  }
  ROLLBOOK_CHECK(setting.test == "split");
  return expect_split(alpha);
}

// How much worse the canary is at a second where it is just as bad as it must not be. What is
// compared with its own past grows from lag to lag.
double change_of(const Setting& setting, std::int64_t second) {
  if (setting.test == "arms_gate") return share(kMargin);
  if (setting.test != "unchanged") return 1;
  return std::pow(1 + share(kTolerance), static_cast<double>(1 + second / kLagSeconds));
}

// One point of one arm.
Second second_of(const Setting& setting, Draw& draw, double arm, double change,
                 std::size_t buckets) {
  Second second;
  // Of the split it is requests that come so many at a time, each time to one arm.
  const std::int64_t at_once = setting.test == "split" ? setting.burst : 1;
  second.requests = at_once * draw.poisson(static_cast<double>(setting.per_second * setting.every) *
                                           arm / static_cast<double>(at_once));
  const double chance = share(setting.rate) * change / static_cast<double>(setting.burst);
  second.errors = std::min(second.requests, setting.burst * draw.binomial(second.requests, chance));
  if (!setting.test.starts_with("quantile")) return second;
  // One in a hundred at 20 ms or above, the rest below.
  second.buckets.assign(buckets, 0);
  const std::int64_t slow = std::min(
      second.requests,
      setting.burst * draw.binomial(second.requests, 0.01 / static_cast<double>(setting.burst)));
  second.buckets[2] = second.requests - slow;
  second.buckets[buckets / 2] = slow;
  return second;
}

// What a test must not say. A gate must not pass what lies just at its limit, margin or tolerance;
// two equal quantiles must not pass for one that is 5 % smaller.
bool is_wrong(const Setting& setting, Verdict verdict) {
  if (setting.test == "guard" || setting.test == "quantile_guard" || setting.test == "arms" ||
      setting.test == "split") {
    return verdict == Verdict::fail;
  }
  return verdict == Verdict::pass;
}

}  // namespace

std::vector<std::string> tests() {
  return {"guard",     "gate",           "arms",      "arms_gate",
          "quantiles", "quantile_guard", "unchanged", "split"};
}

bool errs(const Setting& setting, Fixed alpha, std::uint64_t number) {
  Draw draw({number});
  Trial trial(criterion_of(setting, alpha), setting.weight);
  const std::size_t buckets = trial.state.metrics[2].bounds.size() + 1;
  const bool past = setting.test == "unchanged";
  double weight = past ? 1 : share(setting.weight);
  if (past) {
    for (int i = 0; i < kLagSeconds; ++i) {
      trial.second(second_of(setting, draw, weight, 1, buckets));
    }
    trial.shift(setting.weight);
  }
  if (setting.seen > 0) {
    Setting longer = setting;
    longer.every = 10;
    for (std::int64_t at = 0; at < setting.seen; at += longer.every) {
      trial.seconds(longer.every, second_of(longer, draw, weight, 1, buckets));
    }
    trial.shift(setting.weight);
  }
  for (std::int64_t at = 0; at < setting.seconds; at += setting.every) {
    if (setting.shift_after > 0 && at == setting.shift_after) {
      weight = std::min(1.0, 2 * weight);
      trial.shift(Weight{std::llround(weight * 1e9)});
    }
    const Second canary = second_of(setting, draw, weight, change_of(setting, at), buckets);
    const Second baseline = second_of(setting, draw, 1 - weight, 1, buckets);
    if (is_wrong(setting, trial.seconds(setting.every, canary, baseline).verdict)) return true;
  }
  return false;
}

std::size_t errs_at(const Setting& setting, const std::vector<Fixed>& alphas,
                    std::uint64_t number) {
  std::size_t count = 0;
  while (count < alphas.size() && errs(setting, alphas[count], number)) ++count;
  return count;
}

std::int64_t allowed(Fixed alpha, std::int64_t runs) {
  constexpr double kDeviations = 3.09;  // 999 of 1000
  const double n = static_cast<double>(runs), p = share(alpha);
  return static_cast<std::int64_t>(
      std::floor(n * p + kDeviations * std::sqrt(n * p * (1 - p)) + 1));
}

namespace {

// What else happens in the settings of a test, beside nothing.
std::vector<Setting> specials_of(const std::string& test, bool few) {
  Setting plain{test, {}, {}};
  // A look at two quantiles costs as much as six others.
  if (few || test.starts_with("quantile")) plain.seconds = few ? 300 : 500;
  std::vector<Setting> all = {plain};
  // A gate begins anew with a shift, so that a shift is a second gate.
  if ((test == "guard" || test == "arms") && !few) {
    all.push_back(plain);
    all.back().shift_after = plain.seconds / 2;
  }
  // What is divided by the dispersion.
  all.push_back(plain);
  all.back().burst = 10;
  if (test == "split") {
    all.push_back(plain);
    all.back().burst = 30;
  } else {
    // A gate has no other arm to tell it, and without one error it would not know of bursts.
    if (test == "gate") all.back().seen = few ? 2'000 : 10'000;
  }
  // Few points, so that it long stays unknown how errors come.
  if (test == "arms" && !few) {
    plain.every = 60;
    plain.seconds = 60 * plain.every;
    plain.per_second = 100;
    for (const std::int64_t burst : {1, 10, 100}) {
      all.push_back(plain);
      all.back().burst = burst;
    }
  }
  return all;
}

}  // namespace

std::vector<Setting> settings(bool few) {
  const std::vector<Fixed> rates =
      few ? std::vector{Fixed{10'000'000}}
          : std::vector{Fixed{200'000}, Fixed{1'000'000}, Fixed{10'000'000}, Fixed{50'000'000}};
  const std::vector<Weight> weights =
      few ? std::vector{Weight{50'000'000}} : std::vector{Weight{50'000'000}, Weight{500'000'000}};
  std::vector<Setting> all;
  for (const std::string& test : tests()) {
    const bool of_errors = !test.starts_with("quantile") && test != "split";
    for (const Weight weight : weights) {
      for (Setting setting : specials_of(test, few)) {
        setting.weight = weight;
        for (const Fixed rate : of_errors ? rates : std::vector{rates.back()}) {
          setting.rate = rate;
          all.push_back(setting);
        }
      }
    }
  }
  return all;
}

std::vector<std::int64_t> disprove(Fixed rate, int runs, std::uint64_t seed) {
  constexpr std::int64_t kMost = 200'000;
  Draw draw({seed});
  std::vector<std::int64_t> all;
  for (int run = 0; run < runs; ++run) {
    Trial trial(expect_below(Fixed{1'000'000}, Fixed{10'000'000}));
    while (trial.reading().verdict != Verdict::fail && trial.requests() < kMost) {
      trial.second({.requests = 1, .errors = draw.uniform() < share(rate) ? 1 : 0});
    }
    all.push_back(trial.requests());
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::int64_t> notice(Fixed rate, std::int64_t healthy_seconds, int runs,
                                 std::uint64_t seed) {
  constexpr std::int64_t kPerSecond = 45, kMost = 2'000'000;
  const Fixed limit{1'000'000}, alpha{10'000'000};
  Draw draw({seed});
  Trial healthy(stop_above(limit, alpha));
  for (std::int64_t second = 0; second < healthy_seconds; ++second) {
    healthy.second({.requests = kPerSecond, .errors = draw.binomial(kPerSecond, 0.0002)});
  }
  std::vector<std::int64_t> all;
  for (int run = 0; run < runs; ++run) {
    Trial trial = healthy;
    std::int64_t requests = 0;
    while (trial.reading().verdict != Verdict::fail && requests < kMost) {
      trial.second({.requests = kPerSecond, .errors = draw.binomial(kPerSecond, share(rate))});
      requests += kPerSecond;
    }
    all.push_back(requests);
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace rollbook::calibration
