// The tests that hold one arm against another, or against its own past.

#include <algorithm>
#include <limits>

#include "engine/core/batches.h"
#include "engine/core/common_time.h"
#include "engine/core/dispersion.h"
#include "engine/core/evenly.h"
#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/prove_parts.h"
#include "engine/core/semantics.h"
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

// The books of the test with what came since, as if it had been logged; its starts stay where they
// are, for they are many. What is not over yet may only raise the dispersion.
TestState with_pending(const Subject& subject, const ArmSteps& steps, Fixed& dispersion) {
  const TestState& logged = subject.state.tests[subject.index().value];
  TestState test;
  test.counts = logged.counts;
  test.logs = logged.logs;
  test.spread = logged.spread;
  for (const ArmStep& each : steps.over) add_step(each, subject.criterion, test);
  dispersion = without_spreading(subject, dispersion_of(test.spread));
  if (!steps.open) return test;
  add_step(*steps.open, subject.criterion, test);
  dispersion = std::max(dispersion, dispersion_of(test.spread));
  return test;
}

// The sums as they are once the other arm has answered the newest step.
std::vector<std::int64_t> answered(const Criterion& criterion, const ArmSteps& steps,
                                   const std::vector<std::int64_t>& logs) {
  std::vector<std::int64_t> newest, with_answer, sums = logs;
  add_logs(*steps.newest, criterion, newest);
  add_logs(*steps.answered, criterion, with_answer);
  for (std::size_t i = 0; i < std::min(sums.size(), newest.size()); ++i) {
    sums[i] += with_answer[i] - newest[i];
  }
  return sums;
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

// What came since the start that speaks loudest: over a guard's whole life a canary that was well
// for days looks well. The first start began with the test.
std::vector<std::int64_t> loudest(const Starts& starts, const std::vector<std::int64_t>& counts,
                                  const Evidence& evidence) {
  const TestStart* best = nullptr;
  double most = -HUGE_VAL;
  for (const TestStart& start : starts) {
    const double value = log_of_start(start, since(evidence.logs, start.logs), evidence.dispersion);
    if (best != nullptr && value <= most) continue;
    best = &start;
    most = value;
  }
  return best->logs.empty() ? counts : since(counts, best->counts);
}

// What the sums of the evidence say.
void say(const Criterion& criterion, const Starts& starts, Evidence& evidence) {
  const bool guards = criterion.kind == CriterionKind::stop;
  double statistic = HUGE_VAL, contrary = -HUGE_VAL;
  std::size_t at = 0;
  for (const Alternatives& side : alternatives_of(criterion)) {
    statistic = std::min(
        statistic, guards ? log_of_starts(starts, evidence.logs, evidence.dispersion)
                          : log_of_side(evidence.logs, at, side.proof.size(), evidence.dispersion));
    at += side.proof.size();
    if (side.contrary.empty()) continue;
    contrary = std::max(contrary,
                        log_of_side(evidence.logs, at, side.contrary.size(), evidence.dispersion));
    at += side.contrary.size();
  }
  evidence.statistic = stats::micro_nats(statistic);
  evidence.contrary = contrary == -HUGE_VAL ? 0 : stats::micro_nats(contrary);
}

// What speaks against the judged arm must do so with the other arm's answer as well.
void take_lesser(const Criterion& criterion, const Evidence& answered, Evidence& evidence) {
  if (criterion.kind == CriterionKind::stop) {
    if (answered.statistic < evidence.statistic) evidence = answered;
    return;
  }
  if (answered.contrary >= evidence.contrary) return;
  const auto proof = static_cast<std::ptrdiff_t>(alternatives_of(criterion).front().proof.size());
  evidence.contrary = answered.contrary;
  std::copy(answered.logs.begin() + proof, answered.logs.end(), evidence.logs.begin() + proof);
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
  Evidence evidence = evidence_of(criterion);
  const ArmSteps steps = arm_steps(subject);
  const TestState test = with_pending(subject, steps, evidence.dispersion);
  const Starts& starts = subject.state.tests[subject.index().value].starts;
  if (test.counts.size() < 4) {
    found.missing = Missing::no_traffic;
    return found;
  }
  tell_rates(criterion, test.counts, found);
  evidence.counts = test.counts;
  evidence.logs = test.logs;
  const bool guards = criterion.kind == CriterionKind::stop;
  if (guards && !in_full &&
      stats::micro_nats(log_of_starts_bound(starts, test.logs, evidence.dispersion)) <
          threshold_of(criterion.alpha)) {
    return found;
  }
  say(criterion, starts, evidence);
  if (steps.answered) {
    Evidence again = evidence;
    again.logs = answered(criterion, steps, test.logs);
    say(criterion, starts, again);
    take_lesser(criterion, again, evidence);
  }
  const double statistic = static_cast<double>(evidence.statistic) * 1e-6;
  found.evidence = std::move(evidence);
  settle_verdict(criterion, found);
  if (guards && found.true_) {
    if (subject.state.semantics >= kWordOfPeople) {
      found.evidence->counts = loudest(starts, test.counts, *found.evidence);
      tell_rates(criterion, found.evidence->counts, found);
    }
    found.evidence->starts =
        terms_of(starts, found.evidence->logs, found.evidence->dispersion, statistic);
  }
  return found;
}

// ---- The split of traffic -------------------------------------------------------------------

namespace {

// What an arm has been counted up to, and how much of that more it may have had: of what a sender
// had begun to count before the test did nothing counts, which is up to one interval of its.
struct Sent {
  Time until;
  Int128 lacks = 0;  // 10⁻⁹ of what was counted
};

Int128 lacks_of(const Subject& subject, WindowIndex window, Time at) {
  const RolloutState& state = subject.state;
  const Duration interval = interval_of(state, subject.pending, subject.series_of(window));
  Time began = floor_of(state, subject.machine.at(window).floor, subject.criterion.target);
  if (state.shift_floor != kDistantFuture) began = std::max(began, state.shift_floor);
  const Duration whole = at - began - interval;
  if (interval == Duration::zero()) return 0;
  return whole <= interval ? Int128{Fixed::kScale}
                           : Int128{Fixed::kScale} * interval.count() / whole.count();
}

// The requests of each arm since the test began.
Found split_at(const Subject& subject, Time at, const Sent& canary, const Sent& baseline) {
  const Criterion& criterion = subject.criterion;
  const TestState& test = subject.state.tests[subject.index().value];
  Found found;
  found.at = at;
  std::vector<std::int64_t> counts =
      since({counts_at(subject, canary.until)[0], counts_at(subject, baseline.until)[1]},
            test.starts.front().counts);
  const Int128 lacks[] = {canary.lacks, baseline.lacks};
  for (std::size_t i = 0; i < 2; ++i) {
    counts[i] += static_cast<std::int64_t>(counts[i] * lacks[i] / Fixed::kScale);
  }
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
    evidence.dispersion = dispersion_of_split(subject, at);
    evidence.contrary = stats::micro_nats(
        stats::log_split(counts[0], counts[1], Fixed{planned.nanos}, evidence.dispersion));
  }
  found.false_ = evidence.contrary >= threshold_of(criterion.alpha);
  found.true_ = !found.false_;
  found.evidence = std::move(evidence);
  return found;
}

bool has_more(const Found& found) { return *found.value > *found.limit; }

}  // namespace

// One arm is always ahead of the other, by up to an export interval at the end, and by one at the
// begin where its senders began with the test: what they have sent differs from the plan only where
// it does, to the same side, whichever of them is ahead.
Found prove_split(const Subject& subject) {
  const Criterion& criterion = subject.criterion;
  const Time at = cut_of(subject);
  if (!subject.counted(criterion.window)) return missing(Missing::no_series, at);
  Found found = split_at(subject, at, {at}, {at});
  if (!found.false_) return found;
  const auto ahead_of = [&](WindowIndex window) {
    return Sent{answered_at(subject, window, at), lacks_of(subject, window, at)};
  };
  for (const Found& ahead : {split_at(subject, at, ahead_of(criterion.window), {at}),
                             split_at(subject, at, {at}, ahead_of(criterion.other))}) {
    if (!ahead.false_) return ahead;
    if (has_more(ahead) == has_more(found)) {
      if (ahead.evidence->contrary < found.evidence->contrary) found = ahead;
      continue;
    }
    // To one side with the one ahead, to the other with the other: the plan lies between.
    found.evidence->contrary = 0;
    found.false_ = false;
    found.true_ = true;
    return found;
  }
  return found;
}

}  // namespace rollbook::core
