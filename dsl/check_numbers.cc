// Findings about numbers: windows that do not fit, limits that contradict each other, samples
// that are too few, and names without use. All warnings: the author may know better.

#include <algorithm>
#include <cmath>
#include <set>

#include "dsl/check_rules.h"
#include "dsl/format_value.h"

namespace rollbook::dsl {

namespace {

std::string quoted(const std::string& text) { return "`" + text + "`"; }

// ---- Windows --------------------------------------------------------------------------------

void warn_of_hold(const StageOutline& stage, const Outline& outline, Findings& findings) {
  const Judgement* longest = nullptr;
  const auto needs = [](const Judgement& judgement) { return judgement.over + judgement.sustain; };
  const auto consider = [&](const std::vector<Judgement>& judgements) {
    for (const Judgement& judgement : judgements) {
      if (judgement.what.measure == core::Measure::absent) continue;
      if (longest == nullptr || needs(judgement) > needs(*longest)) longest = &judgement;
    }
  };
  consider(outline.guard->stops);
  consider(stage.review.criteria);
  const Step* hold = hold_of(stage);
  const bool moves = std::any_of(stage.steps.begin(), stage.steps.end(),
                                 [](const Step& step) { return weight_after(step).has_value(); });
  if (longest == nullptr) return;
  if (hold == nullptr) {
    if (!moves || !stage.review.criteria.empty()) return;
    findings.warning(Code::hold_too_short, stage.span,
                     "stage " + quoted(stage.name) + " has no hold: it is left before " +
                         quoted(longest->text) + " can be judged on it",
                     "add `hold " + format_duration(2 * needs(*longest)) + "`");
  } else if (hold->duration <= needs(*longest)) {
    findings.warning(Code::hold_too_short, hold->span,
                     "a hold of " + format_duration(hold->duration) + " is not longer than the " +
                         format_duration(needs(*longest)) + " that " + quoted(longest->text) +
                         " looks at");
  }
}

void warn_of_silence(const Outline& outline, Findings& findings) {
  const Judgement* ratio = nullptr;
  for (const Judgement& stop : outline.guard->stops) {
    if (stop.what.measure == core::Measure::absent) return;
    if (ratio == nullptr) ratio = &stop;
  }
  if (ratio == nullptr) return;
  const core::MetricIndex metric =
      ratio->what.measure == core::Measure::ratio ? ratio->what.denominator : ratio->what.metric;
  findings.warning(Code::silence_not_covered, outline.guard->span,
                   "a canary that sends no metrics at all is not stopped by this guard",
                   "add `stop absent(" + outline.metrics[metric.value].name +
                       ") for 3m`: silence is not health");
}

// ---- Samples --------------------------------------------------------------------------------

// The chance that a Poisson variable exceeds `most`. Summed in the log domain from the mode's
// side, so that no term underflows to a wrong total.
double chance_above(double mean, double most) {
  if (mean <= 0) return 0;
  double below = 0;
  for (double k = 0; k <= most; ++k) {
    below += std::exp(k * std::log(mean) - mean - std::lgamma(k + 1));
  }
  return std::clamp(1 - below, 0.0, 1.0);
}

double as_double(core::Fixed value) { return static_cast<double>(value.nanos) * 1e-9; }
double in_seconds(core::Duration duration) { return static_cast<double>(duration.count()) * 1e-9; }

std::string about_percent(double share) {
  const double percent = std::floor(share * 100);
  return std::to_string(static_cast<int>(std::min(percent, 99.0))) + "%";
}

std::string about_number(double number) {
  return std::to_string(static_cast<long long>(std::llround(std::min(number, 1e15))));
}

struct Stage {
  const StageOutline* outline;
  core::Weight weight;
};

// The part of the traffic that the judged arm has.
core::Weight share_of(core::Arm arm, core::Weight canary) {
  switch (arm) {
    case core::Arm::canary:
      return canary;
    case core::Arm::baseline:
      return core::Weight{core::kAllTraffic.nanos - canary.nanos};
    case core::Arm::total:
      break;
  }
  return core::kAllTraffic;
}

// Requests of the judged arm within the window.
double requests_in(const Judgement& judgement, double per_second, core::Weight canary) {
  const core::Weight share = share_of(judgement.what.arm, canary);
  return per_second * static_cast<double>(share.nanos) * 1e-9 * in_seconds(judgement.over);
}

// How often a canary at four fifths of the limit, which passes, is stopped within the hold all the
// same: windows are taken as independent, one after another, each with Poisson errors. Sustain is
// left out: an upper bound, said as "up to".
std::string false_stops(const Judgement& stop, const Stage& stage, const Outline& outline) {
  const Step* hold = hold_of(*stage.outline);
  if (!outline.load || hold == nullptr || stop.what.measure != core::Measure::ratio) return "";
  const double requests = requests_in(stop, as_double(outline.load->peak), stage.weight);
  const double limit = as_double(stop.limit) * requests;
  constexpr double kMostTerms = 1e6;
  if (limit <= 0 || limit > kMostTerms) return "";
  const double chance = chance_above(0.8 * limit, std::floor(limit));
  const double windows = in_seconds(hold->duration) / in_seconds(stop.over);
  const double stopped = 1 - std::pow(1 - chance, std::max(1.0, windows));
  const core::Fixed healthy = core::Fixed::from_nanos(stop.limit.nanos * 4 / 5);
  return ": at a true " + format_percent(healthy) + ", which passes, chance stops up to " +
         about_percent(stopped) + " of its holds of " + format_duration(hold->duration) + " at " +
         about_number(as_double(outline.load->peak)) + "/s × " + format_percent(stage.weight);
}

void warn_of_equal(const Judgement& expect, const Judgement& stop, const Stage& stage,
                   const Outline& outline, Findings& findings) {
  findings.warning(Code::equal_thresholds, expect.span,
                   quoted(expect.text) + " passes up to the limit at which " + quoted(stop.text) +
                       " stops" + false_stops(stop, stage, outline),
                   "leave room between the two: expect less than is stopped at");
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
         dead.what.arm == other.what.arm && dead.what.quantile < other.what.quantile &&
         bounds_above(dead) && bounds_above(other) && dead.limit >= other.limit &&
         dead.over == other.over && dead.sustain >= other.sustain &&
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

void warn_of_few(const Judgement& judgement, core::Weight weight, const Outline& outline,
                 Findings& findings) {
  if (judgement.test != core::Test::none) return;  // it waits for as many as it needs
  const bool ratio = judgement.what.measure == core::Measure::ratio && !judgement.other;
  if (!ratio && judgement.what.measure != core::Measure::quantile) return;
  const core::Fixed load = outline.load->trough.value_or(outline.load->peak);
  const double requests = requests_in(judgement, as_double(load), weight);
  const std::string have = "about " + about_number(requests) + " requests come within " +
                           format_duration(judgement.over) + " at " + format_decimal(load) +
                           "/s × " + format_percent(share_of(judgement.what.arm, weight));
  if (requests < static_cast<double>(judgement.at_least)) {
    findings.warning(Code::too_few_requests, judgement.span,
                     quoted(judgement.text) + " is blind: " + have + ", it waits for " +
                         std::to_string(judgement.at_least),
                     "say `at least N requests` with a smaller N, or take a longer window");
  } else if (ratio && bounds_above(judgement) && requests * as_double(judgement.limit) < 1) {
    findings.warning(Code::too_few_requests, judgement.span,
                     "one error is enough to break " + quoted(judgement.text) + ": " + have,
                     "take a longer window or a higher limit");
  }
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
  for (const StageOutline& stage : outline.stages) warn_of_hold(stage, outline, findings);
  warn_of_silence(outline, findings);
}

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
  for (std::size_t i = 0; i < outline.stages.size(); ++i) {
    compare(outline.stages[i].review, Stage{&outline.stages[i], weights[i]});
  }
  if (outline.success) {
    compare(*outline.success, Stage{&outline.stages.back(), weights.back()});
    warn_of_dead(outline.success->criteria, findings);
  }
  warn_of_dead(outline.guard->stops, findings);
  for (const StageOutline& stage : outline.stages) warn_of_dead(stage.review.criteria, findings);
}

void warn_of_samples(const Outline& outline, Findings& findings) {
  if (!outline.load) return;
  const std::vector<core::Weight> weights = stage_weights(outline);
  // The guard is weakest at the first weight above nothing.
  const auto first = std::find_if(weights.begin(), weights.end(),
                                  [](core::Weight weight) { return weight > core::kNoTraffic; });
  if (first == weights.end()) return;
  for (const Judgement& stop : outline.guard->stops) {
    warn_of_few(stop, *first, outline, findings);
  }
  for (std::size_t i = 0; i < outline.stages.size(); ++i) {
    for (const Judgement& expect : outline.stages[i].review.criteria) {
      warn_of_few(expect, weights[i], outline, findings);
    }
  }
}

void warn_of_unused(const Outline& outline, Findings& findings) {
  for (const Declared& declared : outline.declared) {
    if (declared.used || declared.noun == "rollback") continue;
    const bool metric = declared.noun == "metric";
    findings.warning(
        Code::unused, declared.span,
        (metric ? "no criterion uses metric " : "nothing uses " + declared.noun + " ") +
            quoted(declared.name),
        "leave it out, or use it");
  }
  for (const DecisionOutline& decision : outline.decisions) {
    if (!decision.notified.empty() || !decision.paged.empty()) continue;
    findings.warning(Code::nobody_asked, decision.span,
                     "nobody is told when decision " + quoted(decision.name) + " is open",
                     "add `ask …` with a channel");
  }
}

}  // namespace rollbook::dsl
