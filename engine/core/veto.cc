#include "engine/core/veto.h"

#include <algorithm>

#include "engine/core/common_time.h"
#include "engine/core/found.h"
#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/stretches.h"

namespace rollbook::core {
namespace {

bool fails(const Machine& machine, const RolloutState& state, CriterionIndex index) {
  return is_judged(state, machine.at(index)) &&
         state.readings[index.value].verdict == Verdict::fail;
}

// ---- The last moments of a condition --------------------------------------------------------

enum class Lately : std::uint8_t { unknown, healthy, failing };

Lately lately(Int128 left, Comparison comparison, Int128 right) {
  return holds(left, comparison, right) ? Lately::failing : Lately::healthy;
}

// Of a quantile: the share of the observations above its limit, for certain.
Lately lately_quantile(const Subject& subject, const std::vector<std::int64_t>& buckets) {
  const Criterion& criterion = subject.criterion;
  const auto& bounds = subject.bounds(criterion.window);
  const auto cut = static_cast<std::size_t>(
      std::lower_bound(bounds.begin(), bounds.end(), criterion.limit) - bounds.begin());
  Int128 all = 0, above = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    all += buckets[i];
    if (i > cut) above += buckets[i];
  }
  if (all <= 0) return Lately::unknown;
  const Int128 allowed = Fixed::kScale - criterion.quantile.nanos;
  return lately(above * Fixed::kScale, criterion.comparison, allowed * all);
}

// What the condition says of (to − span, to] alone: a window of minutes, and a test of days, look
// back on more than what goes on now.
Lately lately(const Subject& subject, Time at, Duration span) {
  const Criterion& criterion = subject.criterion;
  // The pane that `at` lies in ends with it: a common time leaves none in two.
  const Time to = ceil_to(at, kPaneMin);
  const auto sum = [&](WindowIndex window) { return sum_spread(subject, window, to - span, to); };
  const Sum judged = sum(criterion.window);
  const Int128 limit = criterion.limit.nanos;
  switch (criterion.measure) {
    case Measure::ratio: {
      const Int128 whole = sum(criterion.denominator).value.nanos;
      if (whole <= 0) return Lately::unknown;
      return lately(judged.value.nanos * Fixed::kScale, criterion.comparison, limit * whole);
    }
    case Measure::quantile:
      return lately_quantile(subject, judged.buckets);
    case Measure::rate:
      return lately(judged.value.nanos * Fixed::kScale, criterion.comparison, limit * span.count());
    case Measure::count: {  // as many as the whole window would hold of it
      const Duration width = subject.machine.at(criterion.window).width;
      const bool counts = subject.metric_of(criterion.window).kind == MetricKind::counter;
      const Int128 here = counts ? judged.value.nanos : Int128{judged.samples} * Fixed::kScale;
      return lately(here * width.count(), criterion.comparison, limit * span.count());
    }
    case Measure::gauge:
    case Measure::absent:
    case Measure::split:
    case Measure::bracket:
    case Measure::score:
      break;
  }
  return Lately::unknown;
}

// ---- Waiting --------------------------------------------------------------------------------

struct Stop {
  const Machine& machine;
  const RolloutState& state;
  const Trigger& trigger;
  Pending nothing{};

  // Up to where the condition's windows are filled; kDistantPast where it has none.
  Time filled(CriterionIndex index) const {
    return common_time(Subject{machine, state, nothing, machine.at(index)});
  }
  // Of the last `span` of its data.
  Lately lately(CriterionIndex index, Duration span) const {
    const Time to = filled(index);
    if (to == kDistantPast) return Lately::unknown;
    return core::lately(Subject{machine, state, nothing, machine.at(index)}, to, span);
  }
  // Whether the limit is broken by what came since some moment of the last `grace`.
  bool begins_to_fail(CriterionIndex index) const {
    for (Duration span = kPaneMin; span <= state.limits.grace; span += kPaneMin) {
      if (lately(index, span) == Lately::failing) return true;
    }
    return false;
  }
  bool is_absent(CriterionIndex index) const {
    return machine.at(index).measure == Measure::absent;
  }

  // Since when all of it fails for the canary.
  Time broken() const {
    Time since = state.turned[trigger.criterion.value];
    for (const CriterionIndex index : trigger.also) {
      since = std::max(since, state.turned[index.value]);
    }
    return since;
  }
  // When the baseline's share last turned.
  Time turned() const {
    Time last = kDistantPast;
    for (const CriterionIndex index : trigger.unless) {
      last = std::max(last, state.turned[index.value]);
    }
    return last;
  }

  Time began() const { return std::max(broken(), turned()); }

  // How long the canary's next points are waited for after both were silent: as long as makes the
  // baseline a silent one.
  Duration patience() const {
    Duration most = state.limits.grace;
    for (const CriterionIndex index : trigger.unless) {
      if (is_absent(index)) most = std::max(most, machine.at(index).sustain);
    }
    return most;
  }

  // How long the baseline is waited for that may come to fail by that condition as well, for all
  // that is known; zero: it may not. It is judged when its next points come: an export interval
  // later, or two where what it said was lost. What says nothing for `stale_after` is not waited
  // for, and what has too few requests to be judged only for as long as a part of a ratio is.
  Duration awaited(CriterionIndex index) const {
    const Criterion& criterion = machine.at(index);
    // Silence shows by itself: who was heard half the time ago is not silent.
    if (criterion.measure == Measure::absent) return Duration::zero();
    const SeriesState& series = state.series[fed_by(machine, criterion).value];
    if (!series.seen || series.stale) return Duration::zero();
    if (state.settled_at(criterion.target) == kAllTraffic) return Duration::zero();
    const bool heard = series.watermark >= state.readings[trigger.criterion.value].at;
    if (!heard) return state.limits.stale_after;
    if (!begins_to_fail(index)) return Duration::zero();
    const bool is_known = state.readings[index.value].verdict != Verdict::no_data;
    return is_known ? state.limits.stale_after : state.limits.grace;
  }

  // The baseline is not known to fail in all that the stop says, but it may.
  bool may_be_shared(Time now) const {
    return std::all_of(trigger.unless.begin(), trigger.unless.end(), [&](CriterionIndex index) {
      return fails(machine, state, index) || now < began() + awaited(index);
    });
  }

  // Whether the baseline has recovered from what both had: it turned after the canary broke, and
  // later than two arms that break together turn.
  bool was_shared() const {
    return turned() > broken() && (state.halted || turned() > broken() + patience());
  }

  // After that, what the canary's windows still hold is no breach of its own. It is told from what
  // came since the baseline recovered, as far back as cells are kept by the second.
  bool recovers() const {
    if (!was_shared()) return false;
    Time since = kDistantPast;
    for (const CriterionIndex index : trigger.unless) {
      since = std::max(since, state.readings[index.value].at);
    }
    const auto recovering = [&](CriterionIndex index) {
      if (is_absent(index) || filled(index) == kDistantPast) return false;
      const Duration span = filled(index) - std::min(filled(index), since);
      const Duration least = state.limits.grace, most = std::max(least, kFinePanes);
      return lately(index, std::clamp(span, least, most)) == Lately::healthy;
    };
    return recovering(trigger.criterion) ||
           std::any_of(trigger.also.begin(), trigger.also.end(), recovering);
  }

  // The same of silence: the canary's next points may be on their way.
  bool may_be_heard() const {
    const auto silent = [&](CriterionIndex index) { return is_absent(index); };
    return was_shared() && std::any_of(trigger.unless.begin(), trigger.unless.end(), silent);
  }

  bool is_shared() const {
    return std::all_of(trigger.unless.begin(), trigger.unless.end(),
                       [&](CriterionIndex index) { return fails(machine, state, index); });
  }
  bool waits(Time now) const {
    return recovers() || may_be_shared(now) || (now < began() + patience() && may_be_heard());
  }
  Time waits_until(Time now) const {
    Time next = kDistantFuture;
    for (const Duration span : {state.limits.grace, patience(), state.limits.stale_after}) {
      if (began() + span > now) next = std::min(next, began() + span);
    }
    return next;
  }
};

}  // namespace

bool fails(const Machine& machine, const RolloutState& state, const Trigger& trigger) {
  return fails(machine, state, trigger.criterion) &&
         std::all_of(trigger.also.begin(), trigger.also.end(),
                     [&](CriterionIndex index) { return fails(machine, state, index); });
}

bool acts(const Machine& machine, const RolloutState& state, const Trigger& trigger, Time now) {
  if (trigger.unless.empty()) return true;
  const Stop stop{machine, state, trigger};
  return !stop.is_shared() && !stop.waits(now);
}

bool is_held_back(const Machine& machine, const RolloutState& state) {
  return std::any_of(machine.transitions.begin(), machine.transitions.end(),
                     [&](const Transition& transition) {
                       return !transition.trigger.unless.empty() &&
                              machine.contains(transition.from, state.active) &&
                              fails(machine, state, transition.trigger);
                     });
}

bool awaits_baseline(const Machine& machine, const RolloutState& state, Time now) {
  return std::any_of(machine.transitions.begin(), machine.transitions.end(),
                     [&](const Transition& transition) {
                       const Trigger& trigger = transition.trigger;
                       if (trigger.unless.empty()) return false;
                       if (!machine.contains(transition.from, state.active)) return false;
                       if (!fails(machine, state, trigger)) return false;
                       const Stop stop{machine, state, trigger};
                       return !stop.is_shared() && stop.may_be_shared(now);
                     });
}

bool may_be_held_back(const Machine& machine, CriterionIndex criterion) {
  return std::any_of(
      machine.transitions.begin(), machine.transitions.end(), [&](const Transition& transition) {
        const Trigger& trigger = transition.trigger;
        if (trigger.unless.empty()) return false;
        return trigger.criterion == criterion ||
               std::find(trigger.also.begin(), trigger.also.end(), criterion) != trigger.also.end();
      });
}

Time waits_until(const Machine& machine, const RolloutState& state, const Trigger& trigger,
                 Time now) {
  if (trigger.unless.empty() || !fails(machine, state, trigger)) return kDistantFuture;
  const Stop stop{machine, state, trigger};
  return stop.is_shared() ? kDistantFuture : stop.waits_until(now);
}

}  // namespace rollbook::core
