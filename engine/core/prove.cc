#include "engine/core/prove.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/stats.h"
#include "engine/core/trials.h"

namespace rollbook::core {
namespace {

using stats::Sample;

constexpr Fixed kWhole = Fixed::from_int(1);
// Starts that add less than this to a guard's sum are not worth a special function: together they
// change the statistic by less than a hundredth of a micro-nat.
const double kNegligible = std::log(1e-11);

double log_of(std::int64_t number) { return std::log(static_cast<double>(number)); }

// log(1/from − 1/to).
double log_weight(const TestStart& start) {
  if (start.to == 0) return 0;
  return std::log(static_cast<double>(start.to - start.from)) - log_of(start.from) -
         log_of(start.to);
}

// log(e^a + e^b).
double log_sum(double a, double b) {
  const double most = std::max(a, b);
  return most == -HUGE_VAL ? most : most + std::log1p(std::exp(std::min(a, b) - most));
}

std::vector<std::int64_t> since(const std::vector<std::int64_t>& now,
                                const std::vector<std::int64_t>& then) {
  std::vector<std::int64_t> counts = now;
  for (std::size_t i = 0; i < counts.size() && i < then.size(); ++i) counts[i] -= then[i];
  return counts;
}

void settle_verdict(const Criterion& criterion, Found& found) {
  const std::int64_t threshold = threshold_of(criterion.alpha);
  found.true_ = found.evidence->statistic >= threshold;
  found.false_ = !found.true_ && found.evidence->contrary >= threshold;
}

Evidence evidence_of(const Criterion& criterion) {
  Evidence evidence;
  evidence.test = criterion.test;
  evidence.alpha = criterion.alpha;
  return evidence;
}

// ---- A share against a limit ----------------------------------------------------------------

// The share that is allowed: of a quantile, what may lie above its limit.
Fixed allowed_share(const Criterion& criterion) {
  return criterion.measure == Measure::quantile ? kWhole - criterion.quantile : criterion.limit;
}

// A test of "more than allowed" counts only what is certain, one of "less" all that may be: where
// the limit lies inside a bucket both err to the side that proves nothing.
struct Side {
  Fixed limit;
  bool above = true;

  Sample sample(const std::vector<std::int64_t>& counts) const {
    const std::int64_t requests = std::max<std::int64_t>(counts[0], 0);
    return {requests, std::clamp<std::int64_t>(above ? counts[1] : counts[2], 0, requests)};
  }
  Sample sample(const std::vector<std::int64_t>& now, const TestStart& start) const {
    const auto came = [&](std::size_t i) {
      return now[i] - (i < start.counts.size() ? start.counts[i] : 0);
    };
    const std::int64_t requests = std::max<std::int64_t>(came(0), 0);
    return {requests, std::clamp<std::int64_t>(came(above ? 1 : 2), 0, requests)};
  }
  stats::Beta prior() const {
    return above ? stats::prior_above(limit) : stats::prior_below(limit);
  }
  double log_value(const Sample& sample) const {
    return above ? stats::log_above(sample, limit, prior())
                 : stats::log_below(sample, limit, prior());
  }
  double bound(const Sample& sample) const {
    return above ? stats::bound_above(sample, limit) : stats::bound_below(sample, limit);
  }
};

void prove_gate(const Subject& subject, const std::vector<std::int64_t>& now, Found& found) {
  const Criterion& criterion = subject.criterion;
  const TestStart& start = subject.state.tests[subject.index().value].starts.front();
  const Fixed limit = allowed_share(criterion);
  const bool above = says_greater(criterion.comparison);
  const Side says{limit, above}, contrary{limit, !above};
  Evidence evidence = evidence_of(criterion);
  evidence.counts = since(now, start.counts);
  evidence.prior_a = says.prior().a;
  evidence.prior_b = says.prior().b;
  evidence.statistic = stats::micro_nats(says.log_value(says.sample(evidence.counts)));
  evidence.contrary = stats::micro_nats(contrary.log_value(contrary.sample(evidence.counts)));
  found.evidence = std::move(evidence);
  settle_verdict(criterion, found);
}

// The sum over the starts of a guard's test. `terms`: those that make it up.
double log_of_sum(const TestState& test, const std::vector<std::int64_t>& now, const Side& side,
                  std::vector<TestStart>* terms) {
  double total = -log_of(test.starts.back().to);  // the weight that has not begun
  for (const TestStart& start : test.starts) {
    const Sample sample = side.sample(now, start);
    const double weight = log_weight(start);
    if (weight + side.bound(sample) < total + kNegligible) continue;
    const double term = weight + side.log_value(sample);
    total = log_sum(total, term);
    if (terms != nullptr && term > total + kNegligible) terms->push_back(start);
  }
  return total;
}

// An upper bound of the sum, without one special function.
double log_of_bound(const TestState& test, const std::vector<std::int64_t>& now,
                    const Side& side) {
  double total = 1.0 / static_cast<double>(test.starts.back().to);
  for (const TestStart& start : test.starts) {
    const double bound = side.bound(side.sample(now, start));
    const double weight =
        1.0 / static_cast<double>(start.from) - 1.0 / static_cast<double>(start.to);
    total += bound == 0 ? weight : weight * std::exp(bound);
  }
  return std::log(total);
}

// What the start says that speaks loudest: its counts are what people are told.
std::vector<std::int64_t> loudest(const std::vector<TestStart>& terms,
                                  const std::vector<std::int64_t>& now, const Side& side) {
  std::vector<std::int64_t> counts;
  double most = -HUGE_VAL;
  for (const TestStart& start : terms) {
    std::vector<std::int64_t> mine = since(now, start.counts);
    const double value = log_weight(start) + side.log_value(side.sample(mine));
    if (value <= most) continue;
    most = value;
    counts = std::move(mine);
  }
  return counts;
}

void prove_guard(const Subject& subject, const std::vector<std::int64_t>& now, bool in_full,
                 Found& found) {
  const Criterion& criterion = subject.criterion;
  const TestState& test = subject.state.tests[subject.index().value];
  const Side side{allowed_share(criterion), says_greater(criterion.comparison)};
  if (!in_full) {
    const std::int64_t bound = stats::micro_nats(log_of_bound(test, now, side));
    if (bound < threshold_of(criterion.alpha)) return;
  }
  Evidence evidence = evidence_of(criterion);
  evidence.prior_a = side.prior().a;
  evidence.prior_b = side.prior().b;
  std::vector<TestStart> terms;
  evidence.statistic = stats::micro_nats(log_of_sum(test, now, side, &terms));
  evidence.counts = loudest(terms, now, side);
  if (evidence.counts.empty()) evidence.counts = now;
  found.evidence = std::move(evidence);
  settle_verdict(criterion, found);
  if (!found.true_) return;
  // What each had counted since it began, so that a reader needs no other number.
  for (TestStart& start : terms) start.counts = since(now, start.counts);
  found.evidence->starts = std::move(terms);
}

// The bucket that the limit lies in, where it is on no edge.
void tell_bracket(const Subject& subject, Found& found) {
  if (subject.criterion.measure != Measure::quantile) return;
  const auto& bounds = subject.bounds(subject.criterion.window);
  const Fixed limit = subject.criterion.limit;
  const auto above = std::lower_bound(bounds.begin(), bounds.end(), limit);
  if (above == bounds.end() || *above == limit) return;
  found.low = above == bounds.begin() ? Fixed{} : *std::prev(above);
  found.high = *above;
}

void tell_counts(const Subject& subject, const std::vector<std::int64_t>& now, Found& found) {
  const TestState& test = subject.state.tests[subject.index().value];
  const std::vector<std::int64_t> counts =
      found.evidence ? found.evidence->counts : since(now, test.starts.front().counts);
  found.samples = counts[0];
  if (counts[0] <= 0) {
    found.missing = Missing::no_traffic;
  } else if (subject.criterion.measure == Measure::ratio) {
    found.value = Fixed{Int128{counts[1]} * Fixed::kScale / counts[0]};
  }
}

// The test's own estimate of a quantile: of everything since the first of its starts.
void tell_quantile(const Subject& subject, Found& found) {
  if (subject.criterion.measure != Measure::quantile) return;
  const auto& bounds = subject.bounds(subject.criterion.window);
  std::vector<std::int64_t> buckets = subject.sum(subject.criterion.window, found.at).buckets;
  if (bounds.empty()) return;
  buckets.resize(bounds.size() + 1);
  if (std::all_of(buckets.begin(), buckets.end(), [](std::int64_t n) { return n == 0; })) return;
  found.value = quantile_of(bounds, buckets, subject.criterion.quantile);
  tell_bracket(subject, found);
}

Found proportion(const Subject& subject, bool in_full) {
  const Criterion& criterion = subject.criterion;
  Found found;
  found.at = cut_of(subject);
  const WindowIndex whole =
      criterion.denominator.valid() ? criterion.denominator : criterion.window;
  if (!subject.counted(whole) || !subject.counted(criterion.window)) {
    found.missing = Missing::no_series;
    return found;
  }
  const std::vector<std::int64_t> now = counts_at(subject, found.at);
  tell_counts(subject, now, found);
  if (found.missing != Missing::none) return found;
  if (criterion.kind == CriterionKind::stop) {
    prove_guard(subject, now, in_full, found);
  } else {
    prove_gate(subject, now, found);
  }
  tell_counts(subject, now, found);
  tell_quantile(subject, found);
  return found;
}

// ---- Two rates ------------------------------------------------------------------------------

// The Fano factor of the other arm's events from step to step, at least 1: bursts make a
// likelihood that takes events for independent overconfident.
Fixed dispersion_of(const TestState& test) {
  if (test.steps < 2 || test.events <= 0) return kWhole;
  // χ² = Σ e² / (n p) − Σ e with p = Σ e / Σ n; over its degrees of freedom.
  const double squares = static_cast<double>(test.spread.nanos) * 1e-9 *
                         static_cast<double>(test.exposure) / static_cast<double>(test.events);
  const double factor =
      (squares - static_cast<double>(test.events)) / static_cast<double>(test.steps - 1);
  return Fixed{std::max<Int128>(std::llround(std::min(factor, 1e9) * 1e9), Fixed::kScale)};
}

double divided(double log, Fixed dispersion) {
  return log * 1e9 / static_cast<double>(dispersion.nanos);
}

double log_of_group(const std::vector<std::int64_t>& logs, std::size_t from, std::size_t count) {
  if (logs.size() < from + count) return 0;
  return stats::log_mean({logs.data() + from, count});
}

// An upper bound of the sum over a guard's starts: a mean is at most its greatest part.
double log_of_starts_bound(const TestState& test, Fixed dispersion) {
  double total = 1.0 / static_cast<double>(test.starts.back().to);
  for (const TestStart& start : test.starts) {
    std::int64_t most = std::numeric_limits<std::int64_t>::min();
    for (std::size_t i = 0; i < test.logs.size(); ++i) {
      most = std::max(most, test.logs[i] - (i < start.logs.size() ? start.logs[i] : 0));
    }
    if (test.logs.empty()) most = 0;
    total += (1.0 / static_cast<double>(start.from) - 1.0 / static_cast<double>(start.to)) *
             std::exp(divided(static_cast<double>(most) * 1e-12, dispersion));
  }
  return std::log(total);
}

double log_of_starts(const TestState& test, Fixed dispersion) {
  const std::vector<std::int64_t>& logs = test.logs;
  double total = -log_of(test.starts.back().to);
  for (const TestStart& start : test.starts) {
    const std::vector<std::int64_t> mine = since(logs, start.logs);
    total = log_sum(total,
                    log_weight(start) + divided(log_of_group(mine, 0, mine.size()), dispersion));
  }
  return total;
}

// The test with the step that is pending, as if it had been logged.
TestState with_pending(const Subject& subject) {
  TestState test = subject.state.tests[subject.index().value];
  const auto advanced = step_of(subject);
  if (!advanced) return test;
  take_step(advanced->step, test);
  test.logs = advanced->logs;
  test.cut = advanced->cut;
  return test;
}

Fixed rate_of(std::int64_t events, std::int64_t exposure) {
  return exposure <= 0 ? Fixed{} : Fixed{Int128{events} * Fixed::kScale / exposure};
}

void tell_rates(const Criterion& criterion, const std::vector<std::int64_t>& counts,
                Found& found) {
  const bool timed = !criterion.denominator.valid();  // exposure is nanoseconds
  const auto rate = [&](std::int64_t events, std::int64_t exposure) {
    return timed ? Fixed{rate_of(events, exposure).nanos * Fixed::kScale}
                 : rate_of(events, exposure);
  };
  found.value = rate(counts[0], counts[1]);
  const Fixed other = rate(counts[2], counts[3]);
  found.limit = Fixed{other.nanos * criterion.factor.nanos / Fixed::kScale};
  found.samples = timed ? counts[0] : counts[1];
}

Found two_rates(const Subject& subject, bool in_full) {
  const Criterion& criterion = subject.criterion;
  Found found;
  found.at = cut_of(subject);
  for (const WindowIndex window : {criterion.window, criterion.denominator, criterion.other,
                                   criterion.other_denominator}) {
    if (window.valid() && !subject.counted(window)) found.missing = Missing::no_series;
  }
  if (found.missing != Missing::none) return found;
  const TestState test = with_pending(subject);
  if (test.counts.size() < 4) {
    found.missing = Missing::no_traffic;
    return found;
  }
  tell_rates(criterion, test.counts, found);
  Evidence evidence = evidence_of(criterion);
  evidence.counts = test.counts;
  evidence.dispersion = dispersion_of(test);
  if (criterion.kind == CriterionKind::stop && !in_full &&
      stats::micro_nats(log_of_starts_bound(test, evidence.dispersion)) <
          threshold_of(criterion.alpha)) {
    return found;
  }
  const std::vector<Alternatives> sides = alternatives_of(criterion);
  double statistic = HUGE_VAL, contrary = -HUGE_VAL;
  std::size_t at = 0;
  for (const Alternatives& side : sides) {
    const bool guards = criterion.kind == CriterionKind::stop;
    statistic = std::min(
        statistic, guards ? log_of_starts(test, evidence.dispersion)
                          : divided(log_of_group(test.logs, at, side.proof.size()),
                                    evidence.dispersion));
    at += side.proof.size();
    if (side.contrary.empty()) continue;
    contrary = std::max(contrary, divided(log_of_group(test.logs, at, side.contrary.size()),
                                          evidence.dispersion));
    at += side.contrary.size();
  }
  evidence.statistic = stats::micro_nats(statistic);
  evidence.contrary = contrary == -HUGE_VAL ? 0 : stats::micro_nats(contrary);
  found.evidence = std::move(evidence);
  settle_verdict(criterion, found);
  return found;
}

// The past must have been watched as far back as the present is compared with it.
Found unchanged(const Subject& subject) {
  const RolloutState& state = subject.state;
  const TestState& test = state.tests[subject.index().value];
  Found found = two_rates(subject, true);
  const Duration pane = subject.machine.at(subject.criterion.window).pane;
  const Time begun = test.cut - pane * test.steps;
  if (found.missing == Missing::none &&
      begun - subject.criterion.lag < std::max(state.started, state.whole_from)) {
    found.missing = Missing::too_few;
    found.true_ = found.false_ = false;
  }
  return found;
}

// ---- Two quantiles --------------------------------------------------------------------------

// Edges between which the quantile lies, each with a chance of at most α/2 to err; nothing where
// the counts do not show one yet.
struct Bracket {
  std::optional<std::size_t> low, high;  // into the bounds
};

Bracket bracket_of(const std::vector<std::int64_t>& buckets, std::size_t edges, Fixed limit,
                   std::int64_t threshold) {
  std::int64_t all = 0;
  for (const std::int64_t bucket : buckets) all += bucket;
  Bracket bracket;
  std::int64_t higher = all;
  for (std::size_t i = 0; i < edges; ++i) {
    higher -= buckets[i];
    const Sample sample{all, higher};
    // Counts fall as the edge rises, so the e-values are ordered and no correction is needed.
    const auto proven = [&](double log) { return stats::micro_nats(log) >= threshold; };
    if (stats::bound_above(sample, limit) > 0) {
      if (proven(stats::log_above(sample, limit, stats::prior_above(limit)))) bracket.low = i;
    } else if (!bracket.high &&
               proven(stats::log_below(sample, limit, stats::prior_below(limit)))) {
      bracket.high = i;
      break;
    }
  }
  return bracket;
}

Found two_quantiles(const Subject& subject) {
  const Criterion& criterion = subject.criterion;
  const TestState& test = subject.state.tests[subject.index().value];
  Found found;
  found.at = cut_of(subject);
  const auto& bounds = subject.bounds(criterion.window);
  if (bounds.empty()) return missing(Missing::no_series, found.at);
  const std::vector<std::int64_t> both =
      since(counts_at(subject, found.at), test.starts.front().counts);
  const auto middle = both.begin() + static_cast<std::ptrdiff_t>(bounds.size() + 1);
  const std::vector<std::int64_t> judged(both.begin(), middle), other(middle, both.end());
  std::int64_t judged_all = 0, other_all = 0;
  for (const std::int64_t bucket : judged) judged_all += bucket;
  for (const std::int64_t bucket : other) other_all += bucket;
  found.samples = judged_all;
  if (judged_all <= 0 || other_all <= 0) return missing(Missing::no_traffic, found.at);
  found.value = quantile_of(bounds, judged, criterion.quantile);
  found.limit = Fixed{quantile_of(bounds, other, criterion.quantile).nanos *
                      criterion.factor.nanos / Fixed::kScale};

  const Fixed limit = allowed_share(criterion);
  const std::int64_t threshold = threshold_of(Fixed{criterion.alpha.nanos / 2});
  const Bracket mine = bracket_of(judged, bounds.size(), limit, threshold);
  const Bracket theirs = bracket_of(other, bounds.size(), limit, threshold);
  const auto scaled = [&](std::size_t edge) {
    return bounds[edge].nanos * criterion.factor.nanos;
  };
  const bool below = mine.high && theirs.low &&
                     bounds[*mine.high].nanos * Fixed::kScale <= scaled(*theirs.low);
  const bool above = mine.low && theirs.high &&
                     bounds[*mine.low].nanos * Fixed::kScale > scaled(*theirs.high);
  found.true_ = says_greater(criterion.comparison) ? above : below;
  found.false_ = says_greater(criterion.comparison) ? below : above;
  if (mine.low) found.low = bounds[*mine.low];
  if (mine.high) found.high = bounds[*mine.high];

  Evidence evidence = evidence_of(criterion);
  evidence.counts = both;
  evidence.prior_a = stats::prior_below(limit).a;
  evidence.prior_b = stats::prior_below(limit).b;
  evidence.statistic = found.true_ ? threshold : 0;
  evidence.contrary = found.false_ ? threshold : 0;
  found.evidence = std::move(evidence);
  return found;
}

// ---- The split of traffic -------------------------------------------------------------------

Found split(const Subject& subject) {
  const Criterion& criterion = subject.criterion;
  const TestState& test = subject.state.tests[subject.index().value];
  Found found;
  found.at = cut_of(subject);
  if (!subject.counted(criterion.window)) return missing(Missing::no_series, found.at);
  const std::vector<std::int64_t> counts =
      since(counts_at(subject, found.at), test.starts.front().counts);
  found.samples = counts[0] + counts[1];
  found.limit = Fixed{subject.state.settled.nanos};
  if (found.samples < kAtLeastRequests) {
    found.missing = found.samples == 0 ? Missing::no_traffic : Missing::too_few;
    return found;
  }
  found.value = rate_of(counts[0], found.samples);
  const Weight planned = subject.state.settled;
  Evidence evidence = evidence_of(criterion);
  evidence.counts = counts;
  evidence.prior_a = evidence.prior_b = kWhole;
  if (planned == kNoTraffic || planned == kAllTraffic) {
    // Nothing may go to an arm without a weight: one request there is the proof.
    const std::int64_t stray = planned == kNoTraffic ? counts[0] : counts[1];
    evidence.contrary = stray > 0 ? threshold_of(criterion.alpha) : 0;
  } else {
    evidence.contrary =
        stats::micro_nats(stats::log_split(counts[0], counts[1], Fixed{planned.nanos}));
  }
  found.false_ = evidence.contrary >= threshold_of(criterion.alpha);
  found.true_ = !found.false_;
  found.evidence = std::move(evidence);
  return found;
}

Found prove(const Subject& subject, bool in_full) {
  const std::vector<TestState>& tests = subject.state.tests;
  if (subject.index().value >= tests.size() || tests[subject.index().value].starts.empty()) {
    return missing(Missing::no_traffic, cut_of(subject));
  }
  switch (subject.criterion.test) {
    case Test::proportion:
      return proportion(subject, in_full);
    case Test::two_rates:
      return two_rates(subject, in_full);
    case Test::unchanged:
      return unchanged(subject);
    case Test::two_quantiles:
      return two_quantiles(subject);
    case Test::split:
      return split(subject);
    case Test::none:
      break;
  }
  return {};
}

}  // namespace

Found prove(const Subject& subject) { return prove(subject, false); }
Found prove_in_full(const Subject& subject) { return prove(subject, true); }

std::int64_t threshold_of(Fixed alpha) {
  return stats::micro_nats(-std::log(static_cast<double>(alpha.nanos) * 1e-9));
}

}  // namespace rollbook::core
