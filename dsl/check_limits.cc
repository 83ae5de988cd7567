// Limits that contradict each other: a gate as loose as the guard, a bound that another makes dead,
// an arm that is not there any more.

#include <set>

#include "dsl/check_rules.h"
#include "dsl/format_value.h"

namespace rollbook::dsl {

namespace {

struct Stage {
  const StageOutline* outline;
  core::Weight weight;
  bool first = true;  // that has traffic: the guard's windows begin with it
};

// How often a canary at four fifths of the limit, which passes, is stopped within the hold all the
// same.
std::string false_stops(const Judgement& stop, const Stage& stage, const Outline& outline) {
  const Step* hold = hold_of(*stage.outline);
  const bool counted = stop.what.measure == core::Measure::ratio && bounds_above(stop) &&
                       stop.limit > core::Fixed{} && stop.limit < core::Fixed::from_int(1) &&
                       !stop.what.target.valid();
  if (!outline.load || hold == nullptr || !counted) return "";
  const core::Fixed healthy = core::Fixed::from_nanos(stop.limit.nanos * 4 / 5);
  const Flow flow{flow_of(stop, outline.load->peak, stage.weight), as_double(healthy)};
  const Alarm alarm = alarm_within(windowed_limit(stop), flow, hold->duration, stage.first);
  return "; a canary at " + format_percent(healthy) +
         ", which passes, is rolled back by chance in " + about_range(alarm.least, alarm.most) +
         " of holds of " + format_duration(hold->duration) + " at " +
         format_decimal(outline.load->peak) + "/s × " +
         format_percent(share_of(stop.what.arm, stage.weight));
}

void warn_of_equal(const Judgement& expect, const Judgement& stop, const Stage& stage,
                   const Outline& outline, Findings& findings) {
  findings.warning(Code::equal_thresholds, expect.span,
                   quoted(expect.text) + " passes up to the limit at which " + quoted(stop.text) +
                       " stops" + false_stops(stop, stage, outline),
                   "leave room between the two: expect less than is stopped at");
}

// An arm without traffic sends nothing to compare with.
void warn_of_no_baseline(const Review& review, const Outline& outline, std::size_t stage,
                         Findings& findings) {
  for (const Judgement& expect : review.criteria) {
    if (stage_weights(outline, expect.what.target)[stage] != core::kAllTraffic) continue;
    const bool other = expect.other && expect.other->arm == core::Arm::baseline &&
                       expect.what.measure != core::Measure::split;
    if (expect.what.arm != core::Arm::baseline && !other) continue;
    findings.warning(Code::no_baseline, expect.span,
                     quoted(expect.text) +
                         " looks at the baseline, which has no traffic while the canary has 100%",
                     "judge it in a stage below 100%");
  }
}

// A judge takes each arm's numbers as they are: of a tenth of the traffic comes a tenth of the
// requests.
void warn_of_unequal_arms(const Review& review, core::Weight weight, Findings& findings) {
  if (weight.nanos * 2 == core::kAllTraffic.nanos || weight == core::kAllTraffic) return;
  for (const Judgement& expect : review.criteria) {
    if (!expect.judge) continue;
    for (const JudgedOutline& metric : expect.judge->metrics) {
      const core::Measure measure = metric.judged.measure;
      if (measure != core::Measure::rate && measure != core::Measure::count) continue;
      findings.warning(Code::unequal_arms, expect.span,
                       quoted(metric.judged.text) + " is judged where the canary has " +
                           format_percent(weight) + " of the traffic: of equal health it has " +
                           "as little of what is counted",
                       "judge a ratio of it, or do it at 50%");
    }
  }
}

void warn_of_looser(const Judgement& expect, const Judgement& stop, Findings& findings) {
  findings.warning(
      Code::looser_than_guard, expect.span,
      quoted(expect.text) + " is looser than " + quoted(stop.text) +
          " of the guard: the rollout is stopped before it could fail",
      (bounds_above(expect) ? "expect less than " : "expect more than ") + stop.limit_text);
}

// A quantile is at most every higher one: whenever p50 is above a limit, p99 is as well, so a bound
// on p50 that is no lower than one on p99 never decides anything.
bool never_decides(const Judgement& dead, const Judgement& other) {
  const auto has_limit = [](const Judgement& judgement) {
    return judgement.test == core::Test::none && !judgement.other;
  };
  return has_limit(dead) && has_limit(other) && dead.what.measure == core::Measure::quantile &&
         other.what.measure == core::Measure::quantile && dead.what.metric == other.what.metric &&
         dead.what.arm == other.what.arm && dead.what.target == other.what.target &&
         dead.what.quantile < other.what.quantile && bounds_above(dead) && bounds_above(other) &&
         dead.limit >= other.limit && dead.over == other.over && dead.sustain >= other.sustain &&
         dead.at_least >= other.at_least;
}

void warn_of_dead(const std::vector<Judgement>& judgements, Findings& findings) {
  for (const Judgement& dead : judgements) {
    if (dead.what.measure != core::Measure::quantile) continue;
    for (const Judgement& other : judgements) {
      if (!never_decides(dead, other)) continue;
      findings.warning(Code::dead_bound, dead.span,
                       quoted(dead.text) + " never decides anything: " + quoted(other.text) +
                           " does whenever it would",
                       "lower its limit, or leave it out");
      break;
    }
  }
}

}  // namespace

void warn_of_limits(const Outline& outline, Findings& findings) {
  const std::vector<core::Weight> weights = stage_weights(outline);
  // A template's criterion is said once, with the first stage that uses it: the worst of them.
  std::set<std::pair<std::uint32_t, std::uint32_t>> said;
  const auto compare = [&](const Review& review, const Stage& stage) {
    for (const Judgement& expect : review.criteria) {
      if (said.contains({expect.span.line, expect.span.column})) continue;
      for (const Judgement& stop : outline.guard->stops) {
        if (!same_bound(expect, stop)) continue;
        if (expect.limit == stop.limit) {
          warn_of_equal(expect, stop, stage, outline, findings);
        } else if ((expect.limit > stop.limit) == bounds_above(expect)) {
          warn_of_looser(expect, stop, findings);
        } else {
          continue;
        }
        said.emplace(expect.span.line, expect.span.column);
        break;
      }
    }
  };
  bool first = true;
  for (std::size_t i = 0; i < outline.stages.size(); ++i) {
    compare(outline.stages[i].review, Stage{&outline.stages[i], weights[i], first});
    first = first && weights[i] == core::kNoTraffic;
    warn_of_no_baseline(outline.stages[i].review, outline, i, findings);
    warn_of_unequal_arms(outline.stages[i].review, weights[i], findings);
  }
  if (outline.success) {
    compare(*outline.success, Stage{&outline.stages.back(), weights.back(), first});
    warn_of_no_baseline(*outline.success, outline, outline.stages.size() - 1, findings);
    warn_of_unequal_arms(*outline.success, weights.back(), findings);
    warn_of_dead(outline.success->criteria, findings);
  }
  warn_of_dead(outline.guard->stops, findings);
  for (const StageOutline& stage : outline.stages) warn_of_dead(stage.review.criteria, findings);
}

}  // namespace rollbook::dsl
