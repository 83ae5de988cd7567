#include "engine/core/prove.h"

#include <algorithm>
#include <cmath>

#include "engine/core/judge.h"
#include "engine/core/kayenta.h"
#include "engine/core/lately.h"
#include "engine/core/pane_steps.h"
#include "engine/core/prove_parts.h"
#include "engine/core/stats.h"
#include "engine/core/trials.h"

namespace rollbook::core {
namespace {

using stats::Sample;

// ---- A share against a limit ----------------------------------------------------------------

// A test of "more than allowed" counts only what is certain, one of "less" all that may be: where
// the limit lies inside a bucket both err to the side that proves nothing.
struct Side {
  Fixed limit;
  bool above = true;
  Fixed dispersion = Fixed::from_int(1);

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
    return above ? stats::log_above(sample, limit, prior(), dispersion)
                 : stats::log_below(sample, limit, prior(), dispersion);
  }
  double bound(const Sample& sample) const {
    return divided(above ? stats::bound_above(sample, limit) : stats::bound_below(sample, limit),
                   dispersion);
  }
};

Side side_of(const Criterion& criterion) {
  return {allowed_share(criterion), says_greater(criterion.comparison)};
}

void prove_gate(const Subject& subject, const std::vector<std::int64_t>& now, Found& found) {
  const Criterion& criterion = subject.criterion;
  const TestStart& start = subject.state.tests[subject.index().value].starts.front();
  const Fixed limit = allowed_share(criterion);
  const bool above = says_greater(criterion.comparison);
  Evidence evidence = evidence_of(criterion);
  evidence.dispersion = dispersion_at(subject, found.at);
  const Side says{limit, above, evidence.dispersion}, contrary{limit, !above, evidence.dispersion};
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
double log_of_bound(const TestState& test, const std::vector<std::int64_t>& now, const Side& side) {
  double total = 1.0 / static_cast<double>(test.starts.back().to);
  for (const TestStart& start : test.starts) {
    const double bound = side.bound(side.sample(now, start));
    const double weight =
        1.0 / static_cast<double>(start.from) - 1.0 / static_cast<double>(start.to);
    total += bound == 0 ? weight : weight * std::exp(bound);
  }
  return std::log(total);
}

// The start that speaks loudest; nullptr: none adds anything.
const TestStart* loudest(const std::vector<TestStart>& terms, const std::vector<std::int64_t>& now,
                         const Side& side) {
  const TestStart* found = nullptr;
  double most = -HUGE_VAL;
  for (const TestStart& start : terms) {
    const double value = log_weight(start) + side.log_value(side.sample(now, start));
    if (value <= most) continue;
    most = value;
    found = &start;
  }
  return found;
}

// A guard's proof stands for hours after what it proved is over. Of the baseline that would hold a
// sick canary back. So the baseline is well again when since the newest start that is `stale_after`
// old, and in which 20 requests may break the limit, at most half as many did. At the limit itself
// one look in a hundred finds that by chance (Poisson). What may lie on either side of the limit
// counts as broken.
constexpr std::int64_t kSurely = 20;

bool is_over(const Subject& subject, const std::vector<std::int64_t>& now, Time at,
             Evidence& evidence) {
  const Criterion& criterion = subject.criterion;
  const bool above = says_greater(criterion.comparison);
  const Fixed share = allowed_share(criterion);
  const Side contrary{share, !above};
  const Fixed breaks = above ? share : Fixed::from_int(1) - share;
  const std::vector<TestStart>& starts = subject.state.tests[subject.index().value].starts;
  for (auto start = starts.rbegin(); start != starts.rend(); ++start) {
    if (began_at(subject, *start) > at - subject.state.limits.stale_after) continue;
    const Sample sample = contrary.sample(now, *start);
    const Int128 allowed = Int128{sample.requests} * breaks.nanos;
    if (allowed < kSurely * Fixed::kScale) continue;
    const std::int64_t broke = above ? sample.errors : sample.requests - sample.errors;
    if (2 * Int128{broke} * Fixed::kScale > allowed) return false;
    evidence.counts = since(now, start->counts);
    return true;
  }
  return false;
}

void prove_guard(const Subject& subject, const std::vector<std::int64_t>& now, bool in_full,
                 Found& found) {
  const Criterion& criterion = subject.criterion;
  const TestState& test = subject.state.tests[subject.index().value];
  Side side = side_of(criterion);
  const auto is_far = [&] {
    return !in_full &&
           stats::micro_nats(log_of_bound(test, now, side)) < threshold_of(criterion.alpha);
  };
  if (is_far()) return;  // the more so where events do not come alone
  side.dispersion = dispersion_at(subject, found.at);
  if (is_far()) return;
  Evidence evidence = evidence_of(criterion);
  evidence.dispersion = side.dispersion;
  evidence.prior_a = side.prior().a;
  evidence.prior_b = side.prior().b;
  std::vector<TestStart> terms;
  evidence.statistic = stats::micro_nats(log_of_sum(test, now, side, &terms));
  // What the loudest one counts is what people are told.
  const TestStart* told = loudest(terms, now, side);
  evidence.counts = told != nullptr ? since(now, told->counts) : now;
  found.evidence = std::move(evidence);
  settle_verdict(criterion, found);
  if (!found.true_) return;
  if (criterion.veto && is_over(subject, now, found.at, *found.evidence)) {
    found.true_ = false;
    return;
  }
  // The newest too: what has not begun is 1 / its `to`.
  if (terms.empty() || terms.back().to != test.starts.back().to) {
    terms.push_back(test.starts.back());
  }
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

// The test's own estimate of a quantile: of everything in its window. A test that began anew, and
// one that is well again, do not speak of all of that: of these what it is now.
void tell_quantile(const Subject& subject, Found& found) {
  if (subject.criterion.measure != Measure::quantile) return;
  const auto& before = subject.state.tests[subject.index().value].starts.front().counts;
  const bool began_anew = !before.empty() && before.front() > 0;
  if (began_anew || (found.evidence && !found.true_ && stands(*found.evidence))) {
    found.value = lately(subject, found.at, subject.state.limits.stale_after).value;
    return;
  }
  const auto& bounds = subject.bounds(subject.criterion.window);
  std::vector<std::int64_t> buckets = subject.sum(subject.criterion.window, found.at).buckets;
  if (bounds.empty()) return;
  buckets.resize(bounds.size() + 1);
  if (std::all_of(buckets.begin(), buckets.end(), [](std::int64_t n) { return n == 0; })) return;
  found.value = quantile_of(bounds, buckets, subject.criterion.quantile);
  tell_bracket(subject, found);
  const bool beyond = lies_beyond(bounds, buckets, subject.criterion.quantile);
  if (beyond && !found.high) found.low = bounds.back();
}

// Whether the criterion is a guard's test of a share, and has begun.
bool guards_share(const Subject& subject) {
  const auto& tests = subject.state.tests;
  const std::size_t index = subject.index().value;
  return subject.criterion.test == Test::proportion &&
         subject.criterion.kind == CriterionKind::stop && index < tests.size() &&
         !tests[index].starts.empty();
}

Broken broken_in(const Subject& subject, const std::vector<std::int64_t>& now,
                 const TestStart& start) {
  const Side side = side_of(subject.criterion);
  const Sample sample = side.sample(now, start);
  return {began_at(subject, start), sample.requests,
          side.above ? sample.errors : sample.requests - sample.errors,
          side.above ? side.limit : Fixed::from_int(1) - side.limit};
}

Found proportion(const Subject& subject, bool in_full) {
  const Criterion& criterion = subject.criterion;
  Found found;
  found.at = cut_of(subject);
  const WindowIndex whole = whole_of(criterion);
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

Found prove(const Subject& subject, bool in_full) {
  const std::vector<TestState>& tests = subject.state.tests;
  if (subject.index().value >= tests.size() || tests[subject.index().value].starts.empty()) {
    return missing(Missing::no_traffic, cut_of(subject));
  }
  switch (subject.criterion.test) {
    case Test::proportion:
      return proportion(subject, in_full);
    case Test::two_rates:
    case Test::unchanged:
      return prove_two_rates(subject, in_full);
    case Test::two_quantiles:
      return prove_two_quantiles(subject, in_full);
    case Test::split:
      return prove_split(subject);
    case Test::kayenta:
      return prove_kayenta(subject);
    case Test::none:
      break;
  }
  return {};
}

}  // namespace

Found prove(const Subject& subject) { return prove(subject, false); }
Found prove_in_full(const Subject& subject) { return prove(subject, true); }

bool is_well_again(const Reading& reading) {
  return reading.raw == Raw::false_ && reading.evidence &&
         reading.evidence->test == Test::proportion && stands(*reading.evidence);
}

std::optional<Broken> loudest_of(const Subject& subject) {
  if (!guards_share(subject)) return std::nullopt;
  const TestState& test = subject.state.tests[subject.index().value];
  const Time at = cut_of(subject);
  Side side = side_of(subject.criterion);
  side.dispersion = dispersion_at(subject, at);
  const std::vector<std::int64_t> now = counts_at(subject, at);
  std::vector<TestStart> terms;
  log_of_sum(test, now, side, &terms);
  const TestStart* start = loudest(terms, now, side);
  return start != nullptr ? std::optional(broken_in(subject, now, *start)) : std::nullopt;
}

std::optional<Broken> broken_since(const Subject& subject, Time since) {
  if (!guards_share(subject)) return std::nullopt;
  const std::vector<TestStart>& starts = subject.state.tests[subject.index().value].starts;
  const auto is_made = [&](const TestStart& start) { return began_at(subject, start) <= since; };
  const auto newest = std::find_if(starts.rbegin(), starts.rend(), is_made);
  return broken_in(subject, counts_at(subject, cut_of(subject)),
                   newest != starts.rend() ? *newest : starts.front());
}

std::int64_t threshold_of(Fixed alpha) {
  return stats::micro_nats(-std::log(static_cast<double>(alpha.nanos) * 1e-9));
}

}  // namespace rollbook::core
