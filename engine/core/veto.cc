#include "engine/core/veto.h"

#include <algorithm>

#include "engine/core/common_time.h"
#include "engine/core/judge.h"
#include "engine/core/lately.h"
#include "engine/core/limits.h"
#include "engine/core/prove.h"

namespace rollbook::core {
namespace {

bool fails(const Machine& machine, const RolloutState& state, CriterionIndex index) {
  return is_judged(state, machine.at(index)) &&
         state.readings[index.value].verdict == Verdict::fail;
}

// What was measured in as long as the baseline is waited for. Of shares alone: what is held against
// time is less than it was where not all have told the last of it. Too few requests say nothing, as
// of any estimate.
Lately measured(const Subject& subject, Time at) {
  const Criterion& criterion = subject.criterion;
  const bool shares = criterion.measure == Measure::ratio || criterion.measure == Measure::quantile;
  if (!shares) return {};
  const Window& window = subject.machine.at(criterion.window);
  const Duration most = subject.state.limits.stale_after;
  Lately found = lately(subject, at, window.cumulative ? most : std::min(most, window.width));
  return found.samples < std::max(criterion.at_least, kAtLeastRequests) ? Lately{} : found;
}

// ---- Of one cause ---------------------------------------------------------------------------

// The condition of the stop that `veto` is the baseline's share of.
const Criterion* judged_with(const Machine& machine, const Trigger& trigger,
                             const Criterion& veto) {
  const auto metric = [&](WindowIndex window) {
    return window.valid() ? machine.at(machine.at(window).series).metric : MetricIndex{};
  };
  const auto is_same = [&](const Criterion& own) {
    return own.test == veto.test && own.measure == veto.measure && own.alpha == veto.alpha &&
           own.comparison == veto.comparison && own.limit == veto.limit &&
           own.quantile == veto.quantile && metric(own.window) == metric(veto.window) &&
           metric(own.denominator) == metric(veto.denominator);
  };
  if (is_same(machine.at(trigger.criterion))) return &machine.at(trigger.criterion);
  for (const CriterionIndex index : trigger.also) {
    if (is_same(machine.at(index))) return &machine.at(index);
  }
  return nullptr;
}

// Whether the canary breaks its limit at more than one and a half times the baseline's rate, and
// not by chance: by three standard deviations (Poisson).
bool is_much_worse(const Broken& canary, const Broken& baseline) {
  const Int128 likely = Int128{3} * baseline.broken * canary.requests / (2 * baseline.requests);
  const Int128 more = canary.broken - likely;
  return more > 0 && more * more > 9 * likely;
}

// Whether what proves the canary's condition goes for the baseline as well: since the start that
// carries the proof the baseline broke the limit too, and the canary is not much worse. Where
// failures of seconds come and go the baseline, which has more requests at a time, may never be
// proven itself.
bool has_same_cause(const Subject& subject, const Trigger& trigger) {
  const auto& [machine, state, pending, veto] = subject;
  const Criterion* own = judged_with(machine, trigger, veto);
  if (own == nullptr) return false;
  const auto canary = loudest_of(Subject{machine, state, pending, *own});
  if (!canary) return false;
  const auto baseline = broken_since(subject, canary->since);
  return baseline && baseline->too_many() && !is_much_worse(*canary, *baseline);
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
    return core::lately(Subject{machine, state, nothing, machine.at(index)}, filled(index), span);
  }
  // Whether the limit is broken by what came since some moment of the last `grace`; of shares also
  // by what came in as long as is waited, for points of a few requests vary.
  bool begins_to_fail(CriterionIndex index) const {
    for (Duration span = kPaneMin; span <= state.limits.grace; span += kPaneMin) {
      if (lately(index, span).failing()) return true;
    }
    return measured(Subject{machine, state, nothing, machine.at(index)}, filled(index)).failing();
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

  // Up to what of its data the baseline was judged when it last turned.
  Time recovered() const {
    Time last = kDistantPast;
    for (const CriterionIndex index : trigger.unless) {
      last = std::max(last, state.readings[index.value].at);
    }
    return last;
  }
  template <class Predicate>
  bool any_own(const Predicate& holds) const {
    return holds(trigger.criterion) || std::any_of(trigger.also.begin(), trigger.also.end(), holds);
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
    const auto recovering = [&](CriterionIndex index) {
      if (is_absent(index) || filled(index) == kDistantPast) return false;
      const Duration span = filled(index) - std::min(filled(index), recovered());
      const Duration least = state.limits.grace, most = std::max(least, kFinePanes);
      return lately(index, std::clamp(span, least, most)).healthy();
    };
    return any_own(recovering);
  }

  // Halted, a canary that was not heard since then may have recovered with it, which its next point
  // tells.
  bool may_have_recovered(Time now) const {
    if (!state.halted || !was_shared() || now >= turned() + state.limits.stale_after) return false;
    return any_own([&](CriterionIndex index) {
      return !is_absent(index) && filled(index) != kDistantPast && filled(index) < recovered();
    });
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
    return recovers() || may_have_recovered(now) || may_be_shared(now) ||
           (now < began() + patience() && may_be_heard());
  }
  Time waits_until(Time now) const {
    Time next = kDistantFuture;
    for (const Duration span : {state.limits.grace, patience(), state.limits.stale_after}) {
      for (const Time since : {began(), broken()}) {
        if (since + span > now) next = std::min(next, since + span);
      }
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

bool awaits_points(const Machine& machine, const RolloutState& state, Time now) {
  return std::any_of(machine.transitions.begin(), machine.transitions.end(),
                     [&](const Transition& transition) {
                       const Trigger& trigger = transition.trigger;
                       if (trigger.unless.empty()) return false;
                       if (!machine.contains(transition.from, state.active)) return false;
                       if (!fails(machine, state, trigger)) return false;
                       const Stop stop{machine, state, trigger};
                       if (stop.is_shared()) return false;
                       return stop.may_be_shared(now) || stop.may_have_recovered(now);
                     });
}

bool is_taken_for_failing(const Subject& subject, Time now, Reading& reading) {
  const auto& [machine, state, pending, criterion] = subject;
  const CriterionIndex index = subject.index();
  const auto held_back = [&](const Transition& transition) {
    const Trigger& trigger = transition.trigger;
    return holds_back(trigger, index) && machine.contains(transition.from, state.active) &&
           fails(machine, state, trigger);
  };
  const auto& transitions = machine.transitions;
  if (std::none_of(transitions.begin(), transitions.end(), held_back)) return false;
  const Lately found = measured(subject, reading.at);
  if (!found.failing()) return false;
  const auto is_shared = [&](const Transition& transition) {
    if (!held_back(transition)) return false;
    const Trigger& trigger = transition.trigger;
    return now >= Stop{machine, state, trigger}.broken() + state.limits.stale_after ||
           has_same_cause(subject, trigger);
  };
  if (std::none_of(transitions.begin(), transitions.end(), is_shared)) return false;
  reading.value = found.value;
  reading.samples = found.samples;
  return true;
}

bool may_be_held_back(const Machine& machine, CriterionIndex criterion) {
  return std::any_of(machine.transitions.begin(), machine.transitions.end(),
                     [&](const Transition& transition) {
                       const Trigger& trigger = transition.trigger;
                       return !trigger.unless.empty() && is_own(trigger, criterion);
                     });
}

Time waits_until(const Machine& machine, const RolloutState& state, const Trigger& trigger,
                 Time now) {
  if (trigger.unless.empty() || !fails(machine, state, trigger)) return kDistantFuture;
  const Stop stop{machine, state, trigger};
  return stop.is_shared() ? kDistantFuture : stop.waits_until(now);
}

}  // namespace rollbook::core
