// Samples that are too few: a stop that never has the requests it waits for, and a limit that one
// unlucky request crosses. What the author is told is a chance, not a rule of thumb.

#include <algorithm>
#include <cmath>

#include "dsl/check_rules.h"
#include "dsl/format_value.h"

namespace rollbook::dsl {

namespace {

// A healthy canary is taken to fail a fifth as often as the limit allows.
constexpr double kHealthy = 0.2;
// Rolled back by chance more often than this, a plan is worth a word.
constexpr double kWorthSaying = 0.05;

struct Place {
  core::Weight weight;
  core::Duration hold{};  // zero: there is none
};

std::string about_number(double number) {
  return std::to_string(static_cast<long long>(std::llround(std::min(number, 1e15))));
}

void warn_of_blind(const Judgement& stop, const std::string& have, Findings& findings) {
  findings.warning(
      Code::blind_stop, stop.span,
      quoted(stop.text) + " is blind: " + have + ", it waits for " + std::to_string(stop.at_least),
      "say `at least N requests` with a smaller N, or take a longer window");
}

// How often a canary that fails a fifth as often as the limit allows breaks it: a gate, which looks
// when the hold is over, once; a stop at any time of the hold, and where `filling` is true also
// while its window fills, for the first stage with traffic is its first.
Alarm alarm_of(const Judgement& judgement, const Place& place, double per_second, bool filling) {
  const WindowedLimit limit = windowed_limit(judgement);
  const Flow flow{per_second, kHealthy * as_double(judgement.limit)};
  if (judgement.kind != core::CriterionKind::stop) return alarm_at_review(limit, flow);
  return alarm_within(limit, flow, std::max(place.hold, judgement.over), filling);
}

// So many requests in a window that is filling keep it from breaking by chance.
std::int64_t enough_of(Judgement stop, const Place& place, double per_second) {
  const double whole = per_second * in_seconds(stop.over);
  while (static_cast<double>(stop.at_least) < whole / 2) {
    stop.at_least *= 2;
    if (alarm_of(stop, place, per_second, true).most < kWorthSaying) return stop.at_least;
  }
  return 0;
}

void warn_of_chance(const Judgement& judgement, const Place& place, const std::string& have,
                    double per_second, Findings& findings) {
  const bool stops = judgement.kind == core::CriterionKind::stop;
  const Alarm alarm = alarm_of(judgement, place, per_second, true);
  const bool one = per_second * in_seconds(judgement.over) * as_double(judgement.limit) < 1;
  if (alarm.most < kWorthSaying && !one) return;
  const core::Fixed healthy = core::Fixed::from_nanos(judgement.limit.nanos / 5);
  std::string often =
      about_range(alarm.least, alarm.most) + (stops ? " of windows" : " of reviews");
  if (stops && place.hold > judgement.over) {
    often = about_range(alarm.least, alarm.most) + " of holds of " + format_duration(place.hold);
  }
  // Its full window may hold enough when the little that it judges before does not.
  const bool filled = stops && alarm_of(judgement, place, per_second, false).most < kWorthSaying;
  const std::int64_t enough = filled && !one ? enough_of(judgement, place, per_second) : 0;
  findings.warning(Code::too_few_requests, judgement.span,
                   (one ? "one error is enough to break " : "a few errors are enough to break ") +
                       quoted(judgement.text) +
                       (enough > 0 ? " while its window fills: it speaks from " +
                                         std::to_string(judgement.at_least) + " requests on, and "
                                   : ": ") +
                       have + "; a canary with " + format_percent(healthy) +
                       " errors, a fifth of the limit, breaks it in " + often,
                   enough > 0 ? "say `at least " + std::to_string(enough) + " requests`"
                              : "take a longer window or a higher limit");
}

void warn_of_few(const Judgement& judgement, const Place& place, const Outline& outline,
                 Findings& findings) {
  const bool ratio = judgement.what.measure == core::Measure::ratio;
  if (!ratio && judgement.what.measure != core::Measure::quantile) return;
  if (judgement.test != core::Test::none) return;  // it waits for as many as it needs
  if (judgement.what.target.valid()) return;       // nobody says how much of the load is its own
  // Of a canary without traffic something else is said.
  if (share_of(judgement.what.arm, place.weight) == core::kNoTraffic) return;
  const core::Fixed load = outline.load->trough.value_or(outline.load->peak);
  const double requests = requests_in(judgement, load, place.weight);
  const std::string have = "about " + about_number(requests) + " requests come within " +
                           format_duration(judgement.over) + " at " + format_decimal(load) +
                           "/s × " + format_percent(share_of(judgement.what.arm, place.weight));
  if (requests < static_cast<double>(judgement.at_least)) {
    warn_of_blind(judgement, have, findings);
  } else if (ratio && bounds_above(judgement) && judgement.limit > core::Fixed{} &&
             judgement.limit < core::Fixed::from_int(1)) {
    warn_of_chance(judgement, place, have, flow_of(judgement, load, place.weight), findings);
  }
}

Place place_of(const StageOutline& stage, core::Weight weight) {
  const Step* hold = hold_of(stage);
  return Place{weight, hold == nullptr ? core::Duration::zero() : hold->duration};
}

}  // namespace

void warn_of_samples(const Outline& outline, Findings& findings) {
  if (!outline.load) return;
  const std::vector<core::Weight> weights = stage_weights(outline);
  // The guard is weakest at the first weight above nothing.
  const auto first = std::find_if(weights.begin(), weights.end(),
                                  [](core::Weight weight) { return weight > core::kNoTraffic; });
  if (first == weights.end()) return;
  const auto row = static_cast<std::size_t>(first - weights.begin());
  for (const Judgement& stop : outline.guard->stops) {
    warn_of_few(stop, place_of(outline.stages[row], *first), outline, findings);
  }
  for (std::size_t i = 0; i < outline.stages.size(); ++i) {
    for (const Judgement& expect : outline.stages[i].review.criteria) {
      warn_of_few(expect, place_of(outline.stages[i], weights[i]), outline, findings);
    }
  }
}

}  // namespace rollbook::dsl
