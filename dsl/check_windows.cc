// Windows that do not fit: into their `for`, into a hold, or into the time there is to fill them.

#include <algorithm>
#include <set>

#include "dsl/check_rules.h"
#include "dsl/format_value.h"
#include "dsl/long_time.h"

namespace rollbook::dsl {

namespace {

void warn_of_hold(const StageOutline& stage, const Outline& outline, Findings& findings) {
  const Judgement* longest = nullptr;
  const Step* hold = hold_of(stage);
  const auto needs = [](const Judgement& judgement) { return judgement.over + judgement.sustain; };
  const auto consider = [&](const std::vector<Judgement>& judgements) {
    for (const Judgement& judgement : judgements) {
      // A test speaks as soon as it has seen enough: it has no window to fill.
      const bool windowed = judgement.over > core::Duration::zero();
      if (!windowed || judgement.what.measure == core::Measure::absent) continue;
      // A judge looks once: its window may be all of the hold.
      if (judgement.judge && hold != nullptr && hold->duration >= judgement.over) continue;
      if (longest == nullptr || needs(judgement) > needs(*longest)) longest = &judgement;
    }
  };
  consider(outline.guard->stops);
  consider(stage.review.criteria);
  if (longest == nullptr) return;
  if (hold == nullptr) {
    const bool waits = std::any_of(stage.steps.begin(), stage.steps.end(),
                                   [](const Step& step) { return step.kind == Step::Kind::until; });
    if (waits || !moves_traffic(stage) || !stage.review.criteria.empty()) return;
    findings.warning(Code::hold_too_short, stage.span,
                     "stage " + quoted(stage.name) + " has no hold: it is left before " +
                         quoted(longest->text) + " can be judged on it",
                     "add `hold " + format_duration(2 * needs(*longest)) + "`");
  } else if (hold->duration <= needs(*longest)) {
    findings.warning(
        Code::hold_too_short, hold->span,
        "a hold of " + format_duration(hold->duration) + " is not longer than the " +
            format_duration(needs(*longest)) + " that " + quoted(longest->text) + " looks at",
        "hold for " + format_duration(2 * needs(*longest)) + " or more, or judge a shorter window");
  }
}

// One that must come together with others does not cover silence alone.
bool covers_silence(const GuardOutline& guard) {
  return std::any_of(guard.stops.begin(), guard.stops.end(), [](const Judgement& stop) {
    return stop.what.measure == core::Measure::absent && stop.parts == 1;
  });
}

// What the guard stops at, for a metric whose silence would tell; null: nothing, or silence itself.
const Measurement* measured_by(const GuardOutline& guard) {
  for (const Judgement& stop : guard.stops) {
    if (stop.what.measure != core::Measure::absent) return &stop.what;
  }
  return nullptr;
}

void warn_of_silence(const GuardOutline& guard, const Measurement& first, const std::string& who,
                     const Outline& outline, Findings& findings) {
  const core::MetricIndex metric =
      first.measure == core::Measure::ratio ? first.denominator : first.metric;
  findings.warning(Code::silence_not_covered, guard.span,
                   who + " that sends no metrics at all is not stopped by this guard",
                   "add `stop absent(" + outline.metrics[metric.value].name +
                       ") for 3m`: silence is not health");
}

// What watches one target says nothing of the silence of another.
void warn_of_silence(const Outline& outline, Findings& findings) {
  const Measurement* first = nullptr;
  bool any = false, whole = false;
  for (const GuardOutline& guard : outline.guards) {
    if (first == nullptr) first = measured_by(guard);
    any = any || covers_silence(guard);
    whole = whole || (!guard.target.valid() && covers_silence(guard));
  }
  if (!any) {
    if (first != nullptr) {
      warn_of_silence(*outline.guard, *first, "a canary", outline, findings);
    }
    return;
  }
  std::set<core::TargetIndex> seen;
  for (const GuardOutline& guard : outline.guards) {
    if (whole || !guard.target.valid() || !seen.insert(guard.target).second) continue;
    const bool covered =
        std::any_of(outline.guards.begin(), outline.guards.end(), [&](const GuardOutline& other) {
          return other.target == guard.target && covers_silence(other);
        });
    const Measurement* measured = measured_by(guard);
    if (covered || measured == nullptr) continue;
    warn_of_silence(guard, *measured,
                    "a canary in `" + outline.targets[guard.target.value].name + "`", outline,
                    findings);
  }
}

// The longest time from a stage's shift to the end of its review, as far as deadlines say it.
core::Duration longest_watch(const StageOutline& stage) {
  core::Duration watched = stage.review.within;
  for (const Step& step : stage.steps) {
    const bool holds = step.kind == Step::Kind::hold || step.kind == Step::Kind::until;
    if (holds) watched = add_up(watched, step.at_most);
    if (step.kind == Step::Kind::act) {
      watched = add_up(watched, longest_act(step.effects.front()));
    }
  }
  return watched;
}

// From the start of the rollout to its first stage.
core::Duration longest_before(const Outline& outline) {
  core::Duration watched{};
  if (outline.require && !outline.require->empty()) watched = outline.require->within;
  for (const Step& step : outline.setup) {
    if (step.kind != Step::Kind::act) continue;
    watched = add_up(watched, longest_act(step.effects.front()));
  }
  return watched;
}

// `over`: "stage `a` is over after 2h".
bool warn_of_never_full(const Review& review, core::Duration watched, const std::string& over,
                        Findings& findings) {
  for (const Judgement& expect : review.criteria) {
    if (expect.what.measure == core::Measure::absent || expect.over + expect.sustain <= watched) {
      continue;
    }
    findings.warning(Code::never_full, expect.span,
                     quoted(expect.text) + " can never pass: " + over +
                         " at the latest, the window is never full",
                     "judge a shorter window, or give it more time with `within`");
    return true;
  }
  return false;
}

// An extension adds time that nobody knows yet, and so does a halt that people resume.
bool may_extend(const Review& review, const Outline& outline) {
  const auto extends = [&](std::size_t decision) {
    const auto& options = outline.decisions[decision].options;
    return std::any_of(options.begin(), options.end(), [](const OptionOutline& option) {
      return option.option.kind == core::OptionKind::extend ||
             option.option.kind == core::OptionKind::halt;
    });
  };
  if (review.otherwise.kind == Exit::Kind::halt) return true;
  if (review.decision && extends(*review.decision)) return true;
  return review.otherwise.kind == Exit::Kind::decide && extends(review.otherwise.target);
}

}  // namespace

void warn_of_windows(const Outline& outline, Findings& findings) {
  for (const Judgement& stop : outline.guard->stops) {
    const bool shorter = stop.sustain > core::Duration::zero() && stop.sustain < stop.over;
    if (!shorter || stop.what.measure == core::Measure::absent) continue;
    findings.warning(Code::sustain_shorter_than_window, stop.span,
                     "`for " + format_duration(stop.sustain) + "` is shorter than `over " +
                         format_duration(stop.over) +
                         "`: a single burst stays in the window longer than that",
                     "write `for " + format_duration(stop.over) + "`, or leave `for` out");
  }
  // Windows begin with the rollout, and from its first shift on with the shift of their stage. A
  // stage behind it that moves nothing looks back to the shift of one before.
  core::Duration since_start = longest_before(outline);
  // Nobody knows how long what stands before a stage waits for people, or for its hours.
  bool extended = !outline.advance_only.hours.empty() ||
                  (outline.require && may_extend(*outline.require, outline));
  bool shifted = false;
  for (const StageOutline& stage : outline.stages) {
    const bool moves = moves_traffic(stage);
    shifted = shifted || moves;
    extended = may_extend(stage.review, outline) || (!shifted && extended);
    since_start = add_up(since_start, longest_watch(stage));
    const core::Duration watched = shifted ? longest_watch(stage) : since_start;
    const bool bounded = (moves || !shifted) && !extended;
    // One finding for one window: of one that is never full, the hold is too short as well.
    const std::string over = "stage " + quoted(stage.name) + " is over " +
                             (shifted ? "after " + format_duration(watched)
                                      : format_duration(watched) + " after the start");
    const bool never = bounded && warn_of_never_full(stage.review, watched, over, findings);
    if (!never) warn_of_hold(stage, outline, findings);
  }
  warn_of_silence(outline, findings);
}

}  // namespace rollbook::dsl
