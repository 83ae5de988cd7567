// From what the windows say to a verdict: `for`, wholeness and missing data, as judging.md has it.

#include <algorithm>

#include "engine/core/breakdown.h"
#include "engine/core/common_time.h"
#include "engine/core/found.h"
#include "engine/core/gaps.h"
#include "engine/core/judge.h"
#include "engine/core/kayenta.h"
#include "engine/core/limits.h"
#include "engine/core/prove.h"
#include "engine/core/veto.h"

namespace rollbook::core {
namespace {

// From when `for` and `absent` count: the first settled shift of what the criterion speaks of.
Time settled_since(const RolloutState& state, const Criterion& criterion) {
  return criterion.target.valid() ? state.at(criterion.target).first_settled : state.first_settled;
}

// Engine time: silence since the last arrival, counted from the first settled shift.
Reading absent(const Machine& machine, const RolloutState& state, const Pending& pending,
               const Criterion& criterion, Time now) {
  Reading reading;
  reading.at = watermark_of(state, pending, criterion.series);
  if (criterion.veto) {
    // A baseline that was never heard, or that has no traffic, is not known to have fallen silent.
    if (reading.at == kDistantPast) reading.missing = Missing::no_series;
    if (state.settled_at(criterion.target) == kAllTraffic) reading.missing = Missing::no_traffic;
    reading.verdict = Verdict::no_data;
    if (reading.missing != Missing::none) return reading;
  }
  const Time since = silent_since(machine, state, pending, criterion);
  reading.raw = Raw::false_;
  reading.verdict = Verdict::pass;
  if (since == kDistantFuture || state.sight != Sight::live) return reading;
  if (now - since >= criterion.sustain) {
    reading.raw = Raw::true_;
    reading.verdict = Verdict::fail;
    reading.value = Fixed{Int128{(now - since).count()}};
  }
  return reading;
}

// What the estimate says; of a bracket that the limit lies inside, and of two quantiles whose
// buckets cannot tell, nothing.
Raw raw_of(const Criterion& criterion, const Found& found) {
  const bool may_be_open = criterion.measure == Measure::bracket || is_of_two_quantiles(criterion);
  if (may_be_open && !found.true_ && !found.false_) return Raw::unknown;
  return found.true_ ? Raw::true_ : Raw::false_;
}

// How long the raw condition has been true; the sum of what was held before it was frozen.
Duration sustained(const Reading& reading) {
  return reading.since == kDistantFuture
             ? reading.held
             : reading.held + std::max(Duration::zero(), reading.at - reading.since);
}

void apply_sustain(const Reading& before, Time begins, Reading& reading, bool freezes) {
  reading.held = before.held;
  reading.since = before.since;
  if (reading.raw == Raw::true_) {
    if (reading.since == kDistantFuture) reading.since = std::max(reading.at, begins);
    return;
  }
  if (reading.raw == Raw::unknown && freezes) {
    if (before.since != kDistantFuture) {
      reading.held += std::max(Duration::zero(), reading.at - before.since);
    }
  } else {
    reading.held = Duration::zero();
  }
  reading.since = kDistantFuture;
}

// Old data are no good news: what they do not show to be broken is not known any more. A limit that
// they break stays broken, but to hold a stop back takes news.
Reading aged(const Subject& subject, Reading reading) {
  const bool broken = reading.verdict == Verdict::fail && !subject.criterion.veto;
  if (broken || reading.missing != Missing::none) return reading;
  if (!stale_of(subject.machine, subject.state, subject.criterion)) return reading;
  reading.verdict = Verdict::no_data;
  reading.missing = Missing::stale;
  if (reading.raw == Raw::false_ || subject.criterion.veto) reading.raw = Raw::unknown;
  return reading;
}

// For how long up to `at` the window's series was heard without a gap.
Duration heard_for(const Subject& subject, WindowIndex window, Time at) {
  Duration heard = Duration::max();
  const SeriesIndex series =
      told_by(subject.machine, subject.state, subject.pending, subject.series_of(window));
  if (!series.valid()) return heard;  // nothing speaks for it: silence is zero
  const Time mark = watermark_of(subject.state, subject.pending, series);
  if (at - mark > subject.state.limits.stale_after) return Duration::zero();
  for (const Gap& gap : gaps_of(subject.state, subject.pending, series)) {
    if (gap.from < at) heard = std::min(heard, std::max(Duration::zero(), Duration(at - gap.to)));
  }
  return heard;
}

// What is held against time comes scrape by scrape, and of one that began before the window's floor
// nothing counts: of a window that has only begun too little is known to say that it holds little,
// or less than another arm's. It begins anew when points come again after a silence: what would
// have come meanwhile may be lost.
bool is_too_early(const Subject& subject, const Reading& reading) {
  const Criterion& criterion = subject.criterion;
  const Window& window = subject.machine.at(criterion.window);
  const bool counts = criterion.measure == Measure::count;
  const Duration enough = counts ? window.width : std::min(window.width, kLowRateWatched);
  if (reading.seen < enough) return true;
  Duration watched =
      watched_of(subject.machine, subject.state, window, reading.at, criterion.target);
  for (const WindowIndex index : {criterion.window, criterion.other}) {
    if (index.valid()) watched = std::min(watched, heard_for(subject, index, reading.at));
  }
  return watched < enough + kStretchMost;
}

bool lacks_requests(const Criterion& criterion, const Found& found) {
  return found.missing == Missing::none && criterion.at_least > 0 &&
         (criterion.measure == Measure::ratio || criterion.measure == Measure::quantile) &&
         found.samples < criterion.at_least;
}

Reading judge_stop(const Subject& subject, const Found& found, Reading reading, Time now) {
  const Criterion& criterion = subject.criterion;
  const auto shared = [&](Raw raw) {
    const bool taken = raw == Raw::false_ && criterion.veto;
    return taken && is_taken_for_failing(subject, now, reading) ? Raw::true_ : raw;
  };
  if (criterion.test != Test::none && reading.missing == Missing::none) {
    // Proven or not: what the test says holds at once and needs no number of requests.
    reading.raw = shared(found.true_ ? Raw::true_ : Raw::false_);
    reading.verdict = reading.raw == Raw::true_ ? Verdict::fail : Verdict::pass;
    return aged(subject, reading);
  }
  const Reading& before =
      subject.state.readings[std::size_t(&criterion - subject.machine.criteria.data())];
  if (lacks_requests(criterion, found)) reading.missing = Missing::too_few;
  if (reading.missing != Missing::none) {
    // A pause is not over because nobody knows any more: it lets go on good news alone. And old
    // data that broke a limit are no better for others going on.
    const bool old = reading.missing == Missing::stale && !criterion.veto;
    const bool holds =
        (criterion.kind == CriterionKind::pause || old) && before.verdict == Verdict::fail;
    reading.verdict = holds ? Verdict::fail : Verdict::no_data;
    reading.raw = Raw::unknown;
  } else {
    const bool early = finds_little(criterion) && is_too_early(subject, reading);
    reading.raw = early ? Raw::unknown : shared(raw_of(criterion, found));
    const bool stays = criterion.kind == CriterionKind::pause && before.verdict == Verdict::fail;
    const Verdict unknown = stays ? Verdict::fail : Verdict::undecided;
    reading.verdict = reading.raw == Raw::unknown ? unknown : Verdict::pass;
  }
  const bool waits = criterion.sustain > Duration::zero();
  const bool since_shift = waits && !criterion.always;
  apply_sustain(before, since_shift ? settled_since(subject.state, criterion) : kDistantPast,
                reading, true);
  if (reading.raw == Raw::true_ && sustained(reading) >= criterion.sustain &&
      reading.since <= reading.at) {
    reading.verdict = Verdict::fail;
  }
  return aged(subject, reading);
}

Reading judge_expect(const Subject& subject, const Found& found, Reading reading) {
  const Criterion& criterion = subject.criterion;
  const Reading& before =
      subject.state.readings[std::size_t(&criterion - subject.machine.criteria.data())];
  if (reading.missing == Missing::none && stale_of(subject.machine, subject.state, criterion)) {
    reading.missing = Missing::stale;
  }
  if (reading.missing != Missing::none) {
    reading.verdict = Verdict::no_data;
    reading.raw = Raw::unknown;
  } else if (criterion.test != Test::none) {
    reading.raw = found.true_ ? Raw::true_ : found.false_ ? Raw::false_ : Raw::unknown;
    reading.verdict = found.true_    ? Verdict::pass
                      : found.false_ ? Verdict::fail
                                     : Verdict::undecided;
  } else if (reading.seen < subject.machine.at(criterion.window).width) {
    reading.verdict = Verdict::undecided;
    reading.raw = Raw::unknown;
  } else {
    const bool early = !found.true_ && finds_little(criterion) && is_too_early(subject, reading);
    reading.raw = early ? Raw::unknown : raw_of(criterion, found);
    reading.verdict = found.true_                   ? Verdict::pass
                      : reading.raw == Raw::unknown ? Verdict::undecided
                                                    : Verdict::fail;
  }
  apply_sustain(before, kDistantPast, reading, false);
  if (reading.verdict == Verdict::pass && sustained(reading) < criterion.sustain) {
    reading.verdict = Verdict::undecided;
  }
  return reading;
}

Found find(const Subject& subject) {
  const Criterion& criterion = subject.criterion;
  Found found = !criterion.new_by.empty()      ? find_new(subject)
                : criterion.test == Test::none ? estimate(subject)
                                               : prove(subject);
  if (found.at != kDistantPast) return found;
  const Limits& limits = subject.state.limits;
  const Reach reach = reach_of(subject);
  return reach.lags(limits) ? missing(Missing::stale, reach.cut(limits)) : found;
}

// Counted since the shift: the window is wider than the hold may last, so it never has to be whole.
Reading judge_enough(const Found& found, Reading reading) {
  reading.raw = found.true_ ? Raw::true_ : Raw::false_;
  reading.verdict = found.true_ ? Verdict::pass : Verdict::undecided;
  if (reading.missing == Missing::no_series || reading.missing == Missing::no_traffic) {
    reading.verdict = Verdict::no_data;
    reading.raw = Raw::unknown;
  }
  return reading;
}

Reading judge(const Subject& subject, const Found& found, Reading reading, Time now) {
  const Criterion& criterion = subject.criterion;
  if (criterion.test == Test::kayenta) return judged_reading(found, std::move(reading));
  switch (criterion.kind) {
    case CriterionKind::stop:
    case CriterionKind::pause:
      return judge_stop(subject, found, reading, now);
    case CriterionKind::expect:
      return judge_expect(subject, found, reading);
    case CriterionKind::enough:
      return judge_enough(found, reading);
  }
  return reading;
}

// Where one of two senders is left out a breach is a breach, and that there is none is not known.
Reading doubted(const Subject& subject, Reading reading) {
  const CriterionKind kind = subject.criterion.kind;
  if (reading.verdict == Verdict::fail || reading.missing != Missing::none) return reading;
  if (kind == CriterionKind::enough) return reading;  // so many there are
  const bool paused = kind == CriterionKind::pause &&
                      subject.state.readings[subject.index().value].verdict == Verdict::fail;
  reading.verdict = paused ? Verdict::fail : Verdict::no_data;
  reading.missing = Missing::two_senders;
  if (kind == CriterionKind::expect) {  // its `for` begins anew
    reading.raw = Raw::unknown;
    reading.since = kDistantFuture;
    reading.held = Duration::zero();
  } else if (reading.raw == Raw::false_) {
    reading.raw = Raw::unknown;
  }
  return reading;
}

// That nothing is of after the shift says nothing of the traffic where all that comes is old.
Reading for_its_reason(const Subject& subject, Reading reading) {
  const bool empty = reading.missing == Missing::no_traffic && reading.verdict == Verdict::no_data;
  if (!empty || subject.criterion.veto) return reading;
  const bool behind = any_feeding(subject.machine, subject.criterion, [&](SeriesIndex series) {
    return subject.state.series[series.value].behind;
  });
  if (behind) reading.missing = Missing::stale;
  return reading;
}

}  // namespace

bool finds_little(const Criterion& criterion) {
  if (!is_by_time(criterion.measure) || criterion.test != Test::none || !criterion.new_by.empty())
    return false;
  return !breaks_when_more(criterion) || criterion.other.valid();
}

Duration watched_of(const Machine& machine, const RolloutState& state, const Window& window,
                    Time at, TargetIndex target) {
  const Time floor = floor_of(state, floor_of(machine, state, window), target);
  if (floor == kDistantFuture || at == kDistantPast) return Duration::zero();
  const Time from = std::max(floor, state.whole_from);
  return std::max(Duration(at - from), Duration::zero());
}

Duration seen_of(const Machine& machine, const RolloutState& state, const Window& window, Time at,
                 TargetIndex target) {
  const Duration watched = watched_of(machine, state, window, at, target);
  return window.cumulative ? watched : std::min(watched, window.width);
}

SeriesIndex fed_by(const Machine& machine, const Criterion& criterion) {
  if (criterion.measure == Measure::absent) return criterion.series;
  if (criterion.measure == Measure::ratio) return machine.at(criterion.denominator).series;
  return machine.at(criterion.window).series;
}

bool may_be_silent(const Machine& machine, const Criterion& criterion) {
  return criterion.measure == Measure::absent || !criterion.new_by.empty() ||
         machine.at(machine.at(fed_by(machine, criterion)).metric).default_zero;
}

SeriesIndex held_against(const Machine& machine, const Criterion& criterion) {
  const bool alone = criterion.test == Test::split || !criterion.new_by.empty();
  if (!criterion.other.valid() || alone) return {};
  const WindowIndex window =
      criterion.measure == Measure::ratio ? criterion.other_denominator : criterion.other;
  const SeriesIndex series = machine.at(window).series;
  return machine.at(machine.at(series).metric).default_zero ? SeriesIndex{} : series;
}

bool stale_of(const Machine& machine, const RolloutState& state, const Criterion& criterion) {
  return any_feeding(machine, criterion, [&](SeriesIndex index) {
    const SeriesState& series = state.series[index.value];
    // Whether the baseline fails as the canary does is asked of one time, however long ago it is.
    return series.stale || (series.behind && !criterion.veto);
  });
}

Time clash_ends(const RolloutState& state, const std::vector<SeriesClash>& pending,
                SeriesIndex series) {
  Time last = state.series[series.value].clashed;
  for (const SeriesClash& clash : pending) {
    if (clash.series == series) last = std::max(last, clash.at);
  }
  return last + state.limits.stale_after;
}

bool is_clashing(const RolloutState& state, const std::vector<SeriesClash>& pending,
                 SeriesIndex series, Time now) {
  return now < clash_ends(state, pending, series);
}

bool is_clashing(const Machine& machine, const RolloutState& state,
                 const std::vector<SeriesClash>& pending, const Criterion& criterion, Time now) {
  return !criterion.veto && any_read(machine, criterion, [&](SeriesIndex series) {
    return is_clashing(state, pending, series, now);
  });
}

Time silent_since(const Machine&, const RolloutState& state, const Pending& pending,
                  const Criterion& criterion) {
  const Time begins = criterion.always ? state.started : settled_since(state, criterion);
  if (begins == kDistantFuture) return kDistantFuture;
  return std::max({arrival_of(state, pending, criterion.series), state.quiet_since, begins});
}

Time stale_at(const RolloutState& state, const Pending& pending, SeriesIndex series) {
  Time since = std::max(arrival_of(state, pending, series), state.quiet_since);
  if (state.shift_floor != kDistantFuture) since = std::max(since, state.shift_floor);
  return since + state.limits.stale_after;
}

Reading evaluate(const Machine& machine, const RolloutState& state, const Pending& pending,
                 CriterionIndex index, Time now) {
  const Criterion& criterion = machine.at(index);
  if (criterion.measure == Measure::absent) {
    return absent(machine, state, pending, criterion, now);
  }
  const Subject subject{machine, state, pending, criterion};
  const Found found = find(subject);
  Reading reading;
  reading.missing = found.missing;
  reading.value = found.value;
  reading.low = found.low;
  reading.high = found.high;
  reading.limit = found.limit;
  reading.evidence = found.evidence;
  reading.kinds = found.kinds;
  reading.samples = found.samples;
  reading.at = found.at;
  reading.seen = seen_of(machine, state, criterion, found.at);
  reading = for_its_reason(subject, judge(subject, found, std::move(reading), now));
  const bool clashing = is_clashing(machine, state, pending.observed.clashes, criterion, now);
  return clashing ? doubted(subject, std::move(reading)) : reading;
}

}  // namespace rollbook::core
