// The tests that hold one arm against another, or against its own past.

#include <limits>

#include "engine/core/dispersion.h"
#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/prove_parts.h"
#include "engine/core/stats.h"
#include "engine/core/trials.h"

namespace rollbook::core {
namespace {

using stats::Sample;

constexpr Fixed kWhole = Fixed::from_int(1);

// ---- Two rates ------------------------------------------------------------------------------

// log of the mean over some alternatives, each divided by the dispersion first: the root of a mean
// is more than the mean of roots, and would promise too much.
double log_of_group(std::span<const std::int64_t> logs, Fixed dispersion) {
  if (dispersion == kWhole) return stats::log_mean(logs);
  std::vector<std::int64_t> less;
  for (const std::int64_t log : logs) {
    less.push_back(std::llround(divided(static_cast<double>(log), dispersion)));
  }
  return stats::log_mean(less);
}

// The alternatives of one side of a gate.
double log_of_side(const std::vector<std::int64_t>& logs, std::size_t from, std::size_t count,
                   Fixed dispersion) {
  if (logs.size() < from + count) return 0;
  return log_of_group({logs.data() + from, count}, dispersion);
}

// An upper bound of the sum over a guard's starts: a mean is at most its greatest part.
using Starts = std::vector<TestStart>;
double log_of_starts_bound(const Starts& starts, const std::vector<std::int64_t>& logs,
                           Fixed dispersion) {
  double total = 1.0 / static_cast<double>(starts.back().to);
  for (const TestStart& start : starts) {
    std::int64_t most = logs.empty() ? 0 : std::numeric_limits<std::int64_t>::min();
    for (std::size_t i = 0; i < logs.size(); ++i) {
      most = std::max(most, logs[i] - (i < start.logs.size() ? start.logs[i] : 0));
    }
    total += (1.0 / static_cast<double>(start.from) - 1.0 / static_cast<double>(start.to)) *
             std::exp(divided(static_cast<double>(most) * 1e-12, dispersion));
  }
  return std::log(total);
}

double log_of_start(const TestStart& start, const std::vector<std::int64_t>& mine,
                    Fixed dispersion) {
  return log_weight(start) + log_of_group(mine, dispersion);
}

double log_of_starts(const Starts& starts, const std::vector<std::int64_t>& logs,
                     Fixed dispersion) {
  double total = -log_of(starts.back().to);
  for (const TestStart& start : starts) {
    total = log_sum(total, log_of_start(start, since(logs, start.logs), dispersion));
  }
  return total;
}

// Those that make up the sum, each with what it has added up itself, and the newest: what has not
// begun is 1 / its `to`.
Starts terms_of(const Starts& starts, const std::vector<std::int64_t>& logs, Fixed dispersion,
                double total) {
  Starts terms;
  for (const TestStart& start : starts) {
    std::vector<std::int64_t> mine = since(logs, start.logs);
    const bool counts = log_of_start(start, mine, dispersion) > total + kNegligible;
    if (counts || &start == &starts.back()) {
      terms.push_back({start.from, start.to, {}, std::move(mine)});
    }
  }
  return terms;
}

// The books of the test with the step that is pending, as if it had been logged; its starts stay
// where they are, for they are many.
TestState with_pending(const Subject& subject) {
  const TestState& logged = subject.state.tests[subject.index().value];
  TestState test;
  test.cut = logged.cut;
  test.counts = logged.counts;
  test.logs = logged.logs;
  test.spread = logged.spread;
  const auto advanced = step_of(subject);
  if (!advanced) return test;
  if (!advanced->skipped) add_step(advanced->step, test);
  test.logs = advanced->logs;
  test.cut = advanced->cut;
  return test;
}

Fixed rate_of(std::int64_t events, std::int64_t exposure) {
  return exposure <= 0 ? Fixed{} : Fixed{Int128{events} * Fixed::kScale / exposure};
}

// How many come in so long, of what came in `exposure`; exact to the last digit, and in 128 bits
// for all that 64 can hold.
Fixed in_time(std::int64_t events, std::int64_t exposure, Duration span) {
  if (exposure <= 0) return Fixed{};
  const Int128 all = Int128{events} * span.count();
  return Fixed{all / exposure * Fixed::kScale + all % exposure * Fixed::kScale / exposure};
}

// Of a rate what comes in a second, of a count what comes in the lag.
void tell_rates(const Criterion& criterion, const std::vector<std::int64_t>& counts, Found& found) {
  const bool timed = !criterion.denominator.valid();  // exposure is nanoseconds
  const bool counted = criterion.measure == Measure::count && criterion.lag > Duration::zero();
  const Duration span = counted ? criterion.lag : std::chrono::seconds(1);
  const auto rate = [&](std::int64_t events, std::int64_t exposure) {
    return timed ? in_time(events, exposure, span) : rate_of(events, exposure);
  };
  found.value = rate(counts[0], counts[1]);
  const Fixed other = rate(counts[2], counts[3]);
  found.limit = Fixed{other.nanos * criterion.factor.nanos / Fixed::kScale};
  found.samples = timed ? counts[0] : counts[1];
}

}  // namespace

Found prove_two_rates(const Subject& subject, bool in_full) {
  const Criterion& criterion = subject.criterion;
  Found found;
  found.at = cut_of(subject);
  for (const WindowIndex window :
       {criterion.window, criterion.denominator, criterion.other, criterion.other_denominator}) {
    if (window.valid() && !subject.counted(window)) found.missing = Missing::no_series;
  }
  if (found.missing != Missing::none) return found;
  const TestState test = with_pending(subject);
  const Starts& starts = subject.state.tests[subject.index().value].starts;
  if (test.counts.size() < 4) {
    found.missing = Missing::no_traffic;
    return found;
  }
  tell_rates(criterion, test.counts, found);
  Evidence evidence = evidence_of(criterion);
  evidence.counts = test.counts;
  evidence.dispersion = dispersion_of(test.spread);
  if (criterion.kind == CriterionKind::stop && !in_full &&
      stats::micro_nats(log_of_starts_bound(starts, test.logs, evidence.dispersion)) <
          threshold_of(criterion.alpha)) {
    return found;
  }
  const std::vector<Alternatives> sides = alternatives_of(criterion);
  double statistic = HUGE_VAL, contrary = -HUGE_VAL;
  std::size_t at = 0;
  for (const Alternatives& side : sides) {
    const bool guards = criterion.kind == CriterionKind::stop;
    statistic = std::min(
        statistic, guards ? log_of_starts(starts, test.logs, evidence.dispersion)
                          : log_of_side(test.logs, at, side.proof.size(), evidence.dispersion));
    at += side.proof.size();
    if (side.contrary.empty()) continue;
    contrary =
        std::max(contrary, log_of_side(test.logs, at, side.contrary.size(), evidence.dispersion));
    at += side.contrary.size();
  }
  evidence.statistic = stats::micro_nats(statistic);
  evidence.contrary = contrary == -HUGE_VAL ? 0 : stats::micro_nats(contrary);
  evidence.logs = test.logs;
  found.evidence = std::move(evidence);
  settle_verdict(criterion, found);
  if (criterion.kind == CriterionKind::stop && found.true_) {
    found.evidence->starts = terms_of(starts, test.logs, found.evidence->dispersion, statistic);
  }
  return found;
}

// ---- The split of traffic -------------------------------------------------------------------

Found prove_split(const Subject& subject) {
  const Criterion& criterion = subject.criterion;
  const TestState& test = subject.state.tests[subject.index().value];
  Found found;
  found.at = cut_of(subject);
  if (!subject.counted(criterion.window)) return missing(Missing::no_series, found.at);
  const std::vector<std::int64_t> counts =
      since(counts_at(subject, found.at), test.starts.front().counts);
  found.samples = counts[0] + counts[1];
  const Weight planned = subject.state.settled_at(criterion.target);
  found.limit = Fixed{planned.nanos};
  if (found.samples < kAtLeastRequests) {
    found.missing = found.samples == 0 ? Missing::no_traffic : Missing::too_few;
    return found;
  }
  found.value = rate_of(counts[0], found.samples);
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

}  // namespace rollbook::core
