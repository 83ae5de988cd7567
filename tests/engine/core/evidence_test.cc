// Evidence: what is logged with a verdict is enough to calculate it again. Each kind of test is
// recalculated here from its evidence alone by other means than the engine's: likelihood ratios are
// integrated by Simpson's rule over the prior, steps are told by their shares as docs/judging.md
// writes them, and a split by log Γ.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "engine/core/pane_steps.h"
#include "engine/core/prove.h"
#include "tools/calibration/trial.h"

namespace rollbook::calibration {
namespace {

using namespace std::chrono_literals;
using namespace rollbook::core;

constexpr Fixed kPerMille{1'000'000}, kOnePercent{10'000'000}, kFivePercent{50'000'000};
constexpr Fixed kFivePercentMore{1'050'000'000};
constexpr double kNats = 3e-6;  // what the integrals are good for

double real(Fixed value) { return static_cast<double>(value.nanos) * 1e-9; }
double nats(std::int64_t micro) { return static_cast<double>(micro) * 1e-6; }
std::int64_t sum_of(const std::vector<std::int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

// log ∫₀^end e^f(u) du.
double log_integral(const std::function<double(double)>& f, double end) {
  constexpr int kParts = 60'000;
  std::vector<double> logs(kParts + 1);
  for (int i = 0; i <= kParts; ++i) logs[std::size_t(i)] = f(end * i / kParts);
  const double most = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (int i = 0; i <= kParts; ++i) {
    const double weight = i == 0 || i == kParts ? 1 : i % 2 == 1 ? 4 : 2;
    sum += weight * std::exp(logs[std::size_t(i)] - most);
  }
  return most + std::log(sum * end / kParts / 3);
}

// log of the e-value of s in n against a share of `limit`: the likelihood ratio averaged over
// Beta(1, b) beyond the limit. p = limit · e^±u.
double log_share(double n, double s, double limit, double b, bool above) {
  const double end = above ? -std::log(limit) * (1 - 1e-12) : 40;
  const auto prior = [&](double u) {
    const double p = limit * std::exp(above ? u : -u);
    return (b - 1) * std::log1p(-p) + std::log(p);
  };
  const auto both = [&](double u) {
    const double p = limit * std::exp(above ? u : -u);
    return prior(u) + s * (above ? u : -u) + (n - s) * (std::log1p(-p) - std::log1p(-limit));
  };
  return log_integral(both, end) - log_integral(prior, end);
}

double log_weight(const TestStart& start) {
  return std::log(1.0 / static_cast<double>(start.from) -
                  (start.to == 0 ? 0 : 1.0 / static_cast<double>(start.to)));
}

const Evidence& evidence_of(const Trial& trial) { return *trial.reading().evidence; }

// ---- A share against a limit --------------------------------------------------------------------

double log_share(const Evidence& evidence, Fixed limit, bool above, std::size_t count) {
  const double n = static_cast<double>(evidence.counts[0]) / real(evidence.dispersion);
  const double s = static_cast<double>(evidence.counts[count]) / real(evidence.dispersion);
  return log_share(n, s, real(limit), above ? 0.1 / real(limit) : 1 / real(limit), above);
}

TEST(Evidence, OfAGateOnARatio) {
  Trial trial(expect_below(kPerMille, kFivePercent));
  for (int i = 0; trial.reading().verdict != Verdict::pass && i < 100; ++i) {
    trial.second({.requests = 137, .errors = i == 3 ? 1 : 0});
  }
  ASSERT_EQ(trial.reading().verdict, Verdict::pass);
  const Evidence& found = evidence_of(trial);
  EXPECT_EQ(found.counts[1], 1);
  EXPECT_EQ(found.dispersion, Fixed::from_int(1));
  EXPECT_NEAR(real(found.prior_b), 1 / 0.001, 1e-6);
  EXPECT_NEAR(nats(found.statistic), log_share(found, kPerMille, false, 2), kNats);
  EXPECT_NEAR(nats(found.contrary), log_share(found, kPerMille, true, 1), kNats);
  EXPECT_GE(nats(found.statistic), std::log(1 / 0.05));
}

TEST(Evidence, OfAGuardOnARatioAddedUpOverItsStarts) {
  Trial trial(stop_above(kPerMille, kOnePercent));
  for (int i = 0; i < 1200; ++i) trial.second({.requests = 45, .errors = i % 400 == 0 ? 1 : 0});
  for (int i = 0; trial.reading().verdict == Verdict::pass; ++i) {
    trial.second({.requests = 45, .errors = i % 2 == 0 ? 6 : 0});
  }
  ASSERT_EQ(trial.reading().verdict, Verdict::fail);
  const Evidence& found = evidence_of(trial);
  EXPECT_NEAR(real(found.prior_b), 0.1 / 0.001, 1e-6);
  EXPECT_GT(found.dispersion, Fixed::from_int(1));  // two came at a time
  ASSERT_GT(found.starts.size(), 3u);
  double sum = 1.0 / static_cast<double>(found.starts.back().to);
  for (const TestStart& start : found.starts) {
    const double n = static_cast<double>(start.counts[0]) / real(found.dispersion);
    const double s = static_cast<double>(start.counts[1]) / real(found.dispersion);
    sum += std::exp(log_weight(start) + log_share(n, s, 0.001, 100, true));
  }
  EXPECT_NEAR(nats(found.statistic), std::log(sum), kNats);
  EXPECT_GE(nats(found.statistic), std::log(1 / 0.01));
}

std::vector<std::int64_t> at_buckets(const Trial& trial, std::vector<std::pair<int, int>> counts) {
  std::vector<std::int64_t> buckets(trial.state.metrics[2].bounds.size() + 1);
  for (const auto& [bucket, count] : counts) buckets[std::size_t(bucket)] += count;
  return buckets;
}

TEST(Evidence, OfAQuantileAgainstALimit) {
  Trial trial(expect_p99_below(kPerMille, kFivePercent));
  trial.machine.criteria[0].limit = trial.state.metrics[2].bounds[10];
  const auto buckets = at_buckets(trial, {{3, 197}, {20, 3}});  // 1.5 % above
  while (trial.reading().verdict != Verdict::fail) trial.second({.buckets = buckets});
  const Evidence& found = evidence_of(trial);
  EXPECT_EQ(found.counts[1] * 200, found.counts[0] * 3);
  EXPECT_NEAR(nats(found.contrary), log_share(found, kOnePercent, true, 1), kNats);
  EXPECT_NEAR(nats(found.statistic), log_share(found, kOnePercent, false, 2), kNats);
}

TEST(Evidence, SaysAmongHowManyTestsAlphaWasShared) {
  Criterion criterion = expect_below(kPerMille, Fixed{kFivePercent.nanos / 3});
  criterion.shared_by = 3;
  Trial trial(criterion);
  trial.second({.requests = 6000});
  const Evidence& found = evidence_of(trial);
  EXPECT_EQ(found.shared_by, 3u);
  EXPECT_EQ(found.alpha.nanos * 3 + 2, kFivePercent.nanos);
  EXPECT_NEAR(nats(threshold_of(found.alpha)), std::log(3 / 0.05), 1e-6);
}

// ---- Two rates ----------------------------------------------------------------------------------

const double kFar[] = {1.25, 1.5, 2, 3, 5, 10, 20, 50};
std::vector<double> near(double margin, bool turned) {
  std::vector<double> all{1 / (1 + margin), 1 / (1 + 2 * margin), 0.9, 0.75, 0.5};
  if (turned) {
    for (double& each : all) each = 1 / each;
  }
  return all;
}

struct Step {
  double e, n, f, m;
};
// As docs/judging.md writes it: each step by its shares.
double log_steps(const std::vector<Step>& steps, double bound, double multiple) {
  double sum = 0;
  for (const Step& s : steps) {
    const double w = bound * s.n / (bound * s.n + s.m);
    const double q = multiple * bound * s.n / (multiple * bound * s.n + s.m);
    sum += s.e * std::log(q / w) + s.f * std::log((1 - q) / (1 - w));
  }
  return sum;
}
// From differences between steps; of both arms, and at least the events of a step, until the other
// arm has had events in 30 steps.
double dispersion(const std::vector<Step>& steps) {
  double squares = 0, events = 0, judged = 0, other = 0;
  int eventful = 0;
  const auto add = [&](double x, double n, double y, double m) {
    const double apart = x - y * n / m;
    squares += apart * apart * m / n;
    events += x + y;
  };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& s = steps[i];
    if (i > 0 && eventful < 30) add(s.e, s.n, steps[i - 1].e, steps[i - 1].n);
    if (i > 0) add(s.f, s.m, steps[i - 1].f, steps[i - 1].m);
    judged += s.e;
    other += s.f;
    if (s.f > 0) ++eventful;
  }
  double factor = squares / events;
  if (eventful < 30) {
    factor = std::max(factor, std::max(judged, other) / static_cast<double>(steps.size()));
  }
  return std::max(1.0, factor);
}
template <class Range>
double log_mean(const Range& logs, double divisor) {
  double sum = 0;
  for (const double log : logs) sum += std::exp(log / divisor);
  return std::log(sum / static_cast<double>(std::size(logs)));
}
std::vector<double> nats_of(const std::vector<std::int64_t>& pico, std::size_t from = 0,
                            std::size_t count = 100) {
  std::vector<double> logs;
  for (std::size_t i = from; i < std::min(pico.size(), from + count); ++i) {
    logs.push_back(static_cast<double>(pico[i]) * 1e-12);
  }
  return logs;
}

TEST(Evidence, OfAGateOnTwoArms) {
  Trial trial(expect_within_baseline(Fixed{1'500'000'000}, kFivePercent));
  std::vector<Step> steps;
  for (int i = 0; trial.reading().verdict != Verdict::pass && i < 600; ++i) {
    const int burst = i % 7 == 0 ? 9 : 2;
    trial.second({.requests = 300 + i, .errors = 3}, {.requests = 700, .errors = burst});
    steps.push_back({3, 300.0 + i, double(burst), 700});
  }
  ASSERT_EQ(trial.reading().verdict, Verdict::pass);
  const Evidence& found = evidence_of(trial);
  EXPECT_GT(real(found.dispersion), 1.2);
  EXPECT_NEAR(real(found.dispersion), dispersion(steps), 1e-6);
  std::vector<double> proof, contrary;
  for (const double multiple : near(0.5, false)) proof.push_back(log_steps(steps, 1.5, multiple));
  for (const double multiple : kFar) contrary.push_back(log_steps(steps, 1.5, multiple));
  ASSERT_EQ(found.logs.size(), proof.size() + contrary.size());
  for (std::size_t i = 0; i < proof.size(); ++i) {
    EXPECT_NEAR(nats_of(found.logs)[i], proof[i], 1e-8) << i;
  }
  const double divisor = real(found.dispersion);
  EXPECT_NEAR(nats(found.statistic), log_mean(proof, divisor), kNats);
  EXPECT_NEAR(nats(found.contrary), log_mean(contrary, divisor), kNats);
}

TEST(Evidence, OfAGuardOnTwoArmsAddedUpOverItsStarts) {
  Trial trial(stop_above_baseline(kFivePercentMore, kOnePercent));
  for (int i = 0; i < 300; ++i) {
    trial.second({.requests = 100, .errors = 1}, {.requests = 900, .errors = 9});
  }
  while (trial.reading().verdict == Verdict::pass) {
    trial.second({.requests = 100, .errors = 8}, {.requests = 900, .errors = 9});
  }
  ASSERT_EQ(trial.reading().verdict, Verdict::fail);
  const Evidence& found = evidence_of(trial);
  ASSERT_GT(found.starts.size(), 2u);
  double sum = 1.0 / static_cast<double>(found.starts.back().to);
  for (const TestStart& start : found.starts) {
    ASSERT_EQ(start.logs.size(), std::size(kFar));
    sum += std::exp(log_weight(start) + log_mean(nats_of(start.logs), real(found.dispersion)));
  }
  EXPECT_NEAR(nats(found.statistic), std::log(sum), kNats);
}

TEST(Evidence, OfTheSameAsBefore) {
  Trial trial(expect_unchanged(5min, Fixed{100'000'000}, kFivePercent));
  for (int i = 0; i < 300; ++i) trial.second({.requests = 1000, .errors = 90 + i % 20});
  trial.shift(Weight{250'000'000});
  std::vector<Step> steps;
  for (int i = 0; trial.reading().verdict != Verdict::pass && i < 300; ++i) {
    trial.second({.requests = 1000, .errors = 99});
    steps.push_back({99, 1000, double(90 + i % 20), 1000});
  }
  ASSERT_EQ(trial.reading().verdict, Verdict::pass);
  const Evidence& found = evidence_of(trial);
  std::vector<Step> turned;
  for (const Step& s : steps) turned.push_back({s.f, s.m, s.e, s.n});
  double statistic = HUGE_VAL, contrary = -HUGE_VAL;
  for (const bool lower : {false, true}) {
    const double bound = lower ? 1 / 0.9 : 1.1;
    const auto& judged = lower ? turned : steps;
    std::vector<double> proof, against;
    for (const double multiple : near(0.1, false)) {
      proof.push_back(log_steps(judged, bound, multiple));
    }
    for (const double multiple : near(0.1, true)) {
      against.push_back(log_steps(judged, bound, multiple));
    }
    statistic = std::min(statistic, log_mean(proof, real(found.dispersion)));
    contrary = std::max(contrary, log_mean(against, real(found.dispersion)));
  }
  EXPECT_NEAR(real(found.dispersion), dispersion(steps), 1e-6);
  EXPECT_NEAR(nats(found.statistic), statistic, kNats);
  EXPECT_NEAR(nats(found.contrary), contrary, kNats);
  EXPECT_EQ(found.logs.size(), 20u);
}

// ---- Two quantiles ------------------------------------------------------------------------------

// The histograms of the evidence, and what a reader makes of them.
struct Arms {
  std::vector<Fixed> bounds;
  std::vector<std::int64_t> judged, other;
  double needed;  // of each edge
  double phi;

  Arms(const Trial& trial, const Evidence& evidence)
      : bounds(trial.state.metrics[2].bounds),
        judged(evidence.counts.begin(),
               evidence.counts.begin() + std::ptrdiff_t(bounds.size()) + 1),
        other(evidence.counts.begin() + std::ptrdiff_t(bounds.size()) + 1, evidence.counts.end()),
        needed(std::log(2 / real(evidence.alpha))),
        phi(real(evidence.dispersion)) {
    if (!evidence.starts.empty()) needed -= log_weight(evidence.starts.front());
  }
  std::size_t row(const Edge& edge) const {
    return std::size_t(std::find(bounds.begin(), bounds.end(), edge.at) - bounds.begin());
  }
  static std::int64_t above(const std::vector<std::int64_t>& arm, std::size_t row) {
    return std::accumulate(arm.begin() + std::ptrdiff_t(row) + 1, arm.end(), std::int64_t{0});
  }
  double log(const std::vector<std::int64_t>& arm, std::size_t row, bool more) const {
    return log_share(double(sum_of(arm)) / phi, double(above(arm, row)) / phi, 0.01,
                     more ? 10 : 100, more);
  }
  // A bound is what it says it is, and no better one is proven.
  void expect_bound(const std::vector<std::int64_t>& arm, const std::optional<Edge>& edge,
                    bool low) const {
    ASSERT_TRUE(edge);
    const std::size_t at = row(*edge);
    EXPECT_EQ(edge->above, above(arm, at));
    EXPECT_NEAR(nats(edge->log), log(arm, at, low), kNats);
    EXPECT_GE(nats(edge->log), needed - 1e-6);
    const std::size_t better = low ? at + 1 : at - 1;
    if (better >= bounds.size()) return;
    EXPECT_LT(log(arm, better, low), needed);
  }
  void expect_pair(const std::vector<Edge>& pair, bool above_factor, double factor, double weight,
                   std::int64_t statistic) const {
    ASSERT_EQ(pair.size(), 2u);
    EXPECT_EQ(real(pair[0].at) > factor * real(pair[1].at), above_factor);
    EXPECT_NEAR(nats(pair[0].log), log(judged, row(pair[0]), above_factor), kNats);
    EXPECT_NEAR(nats(pair[1].log), log(other, row(pair[1]), !above_factor), kNats);
    EXPECT_NEAR(nats(statistic), nats(std::min(pair[0].log, pair[1].log)) + weight - std::log(2),
                kNats);
  }
};

TEST(Evidence, OfTwoQuantilesHasTheBoundsOfBoth) {
  for (const bool slower : {false, true}) {
    Trial trial(expect_p99_within_baseline(kFivePercentMore, kFivePercent));
    const auto alike = at_buckets(trial, {{5, 950}, {20, 45}, {40, 5}});
    const auto slow = at_buckets(trial, {{5, 950}, {20, 5}, {40, 45}});
    const Verdict wanted = slower ? Verdict::fail : Verdict::pass;
    for (int i = 0; trial.reading().verdict != wanted && i < 200; ++i) {
      trial.second({.buckets = slower ? slow : alike}, {.buckets = alike});
    }
    ASSERT_EQ(trial.reading().verdict, wanted);
    const Evidence& found = evidence_of(trial);
    ASSERT_TRUE(found.edges);
    const Arms arms(trial, found);
    arms.expect_bound(arms.judged, found.edges->low, true);
    arms.expect_bound(arms.judged, found.edges->high, false);
    arms.expect_bound(arms.other, found.edges->other_low, true);
    arms.expect_bound(arms.other, found.edges->other_high, false);
    arms.expect_pair(found.edges->pair, false, 1.05, 0, found.statistic);
    arms.expect_pair(found.edges->contrary_pair, true, 1.05, 0, found.contrary);
    if (slower) {
      EXPECT_GT(real(found.edges->low->at), 1.05 * real(found.edges->other_high->at));
      EXPECT_GE(found.contrary, threshold_of(found.alpha));
    } else {
      EXPECT_LE(real(found.edges->high->at), 1.05 * real(found.edges->other_low->at));
      EXPECT_GE(found.statistic, threshold_of(found.alpha));
    }
  }
}

// ---- A guard on two quantiles -------------------------------------------------------------------

// Good hours do not dilute what begins now: each start is a test of its own.
TEST(Evidence, OfAGuardOnTwoQuantilesIsOfOneStart) {
  Trial trial(stop_p99_above_baseline(kFivePercentMore, kOnePercent));
  const auto fast = at_buckets(trial, {{5, 950}, {20, 45}, {40, 5}});
  const auto slow = at_buckets(trial, {{5, 900}, {20, 10}, {40, 90}});
  for (int i = 0; i < 1800; ++i) trial.second({.buckets = fast}, {.buckets = fast});
  EXPECT_EQ(trial.reading().verdict, Verdict::pass);
  int seconds = 0;
  for (; trial.reading().verdict == Verdict::pass && seconds < 120; ++seconds) {
    trial.second({.buckets = slow}, {.buckets = fast});
  }
  ASSERT_EQ(trial.reading().verdict, Verdict::fail);
  EXPECT_LE(seconds, 20);
  const Evidence& found = evidence_of(trial);
  ASSERT_EQ(found.starts.size(), 1u);
  EXPECT_GT(found.starts[0].from, 300);  // not the one that began with the guard
  const Arms arms(trial, found);
  EXPECT_LE(sum_of(arms.judged), 1000 * (seconds + 80));
  arms.expect_bound(arms.judged, found.edges->low, true);
  arms.expect_bound(arms.other, found.edges->other_high, false);
  arms.expect_pair(found.edges->pair, true, 1.05, log_weight(found.starts[0]), found.statistic);
  EXPECT_GT(real(found.edges->low->at), 1.05 * real(found.edges->other_high->at));
  EXPECT_GE(found.statistic, threshold_of(found.alpha));
}

// A service that is slower by day is so in both arms.
TEST(Evidence, AMorningThatIsSlowerForBothArmsIsNoBreach) {
  Trial trial(stop_p99_above_baseline(kFivePercentMore, kOnePercent));
  const auto night = at_buckets(trial, {{5, 950}, {10, 45}, {20, 5}});
  const auto day = at_buckets(trial, {{5, 850}, {40, 145}, {60, 5}});
  for (int i = 0; i < 3600; ++i) trial.second({.buckets = night}, {.buckets = night});
  for (int i = 0; i < 1200; ++i) {
    trial.second({.buckets = day}, {.buckets = day});
    ASSERT_EQ(trial.reading().verdict, Verdict::pass) << i;
  }
}

TEST(Evidence, TheStartsOfTwoQuantilesAreFew) {
  Trial trial(stop_p99_above_baseline(kFivePercentMore, kOnePercent));
  const auto fast = at_buckets(trial, {{5, 95}, {20, 5}});
  for (int i = 0; i < 7200; ++i) trial.second({.buckets = fast}, {.buckets = fast});
  const auto& starts = trial.state.tests[0].starts;
  EXPECT_LE(starts.size(), 6u * 12u);
  EXPECT_GE(starts.size(), 20u);
  EXPECT_EQ(starts.front().from, 1);
}

// One request faster than any before brings a bucket that none of the others had.
TEST(Evidence, BucketsOfAnotherLayoutAreNoBurst) {
  for (const Criterion& criterion : {stop_p99_above_baseline(kFivePercentMore, kOnePercent),
                                     stop_p99_above(Fixed::from_int(1), kOnePercent)}) {
    Trial trial(criterion);
    std::vector<Fixed> bounds = trial.state.metrics[2].bounds;
    trial.machine.criteria[0].limit = bounds[30];
    const auto burst = [&](int second) { return second % 7 == 0 ? 60 : 0; };
    const auto play = [&](int from, int to, int shifted) {
      for (int i = from; i < to; ++i) {
        const int slow = burst(i);
        const auto mine = at_buckets(
            trial, {{5 + shifted, 950}, {20 + shifted, 50 - slow / 2}, {31 + shifted, slow}});
        trial.second({.buckets = mine}, {.buckets = mine});
      }
    };
    const auto known = [&] {
      const Pending nothing;
      const Subject subject{trial.machine, trial.state, nothing, trial.machine.criteria[0]};
      return real(dispersion_at(subject, trial.now));
    };
    play(0, 700, 0);
    const double before = known();
    EXPECT_GT(before, 10);
    Pending pending;
    bounds.insert(bounds.begin(), {Fixed{bounds[0].nanos / 4}, Fixed{bounds[0].nanos / 2}});
    pending.observed.layouts.push_back({MetricIndex{2}, bounds});
    const Subject laid_out{trial.machine, trial.state, pending, trial.machine.criteria[0]};
    EXPECT_NEAR(real(dispersion_at(laid_out, trial.now)), before, before / 10);
    std::vector<Event> events;
    advance(trial.machine, trial.shard, trial.state, pending, Input{trial.now, Look{true}}, events);
    EXPECT_NEAR(known(), before, before / 10);
    play(700, 1400, 2);
    EXPECT_NEAR(known(), before, before / 5);
  }
}

// ---- The split ----------------------------------------------------------------------------------

TEST(Evidence, OfTheSplit) {
  Trial trial(expect_split(kPerMille), Weight{100'000'000});
  trial.second({.requests = 120}, {.requests = 700});
  const Evidence& found = evidence_of(trial);
  EXPECT_EQ(found.dispersion, Fixed::from_int(30));  // before batches are over
  const double many = double(found.dispersion.nanos) * 1e-9;
  const double n = double(found.counts[0]) / many, m = double(found.counts[1]) / many;
  const double log_beta = std::lgamma(1 + n) + std::lgamma(1 + m) - std::lgamma(2 + n + m);
  EXPECT_NEAR(nats(found.contrary), log_beta - n * std::log(0.1) - m * std::log(0.9), kNats);
}

}  // namespace
}  // namespace rollbook::calibration
