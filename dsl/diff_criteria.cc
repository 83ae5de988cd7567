// Criteria: of a guard, and of reviews. What judges the same measurement from the same side over
// the same window can be compared; anything else is one removed and another added.

#include "dsl/diff_parts.h"
#include "dsl/format_value.h"

namespace rollbook::dsl {

namespace {

const std::string& name_of(const Outline& outline, core::MetricIndex metric) {
  static const std::string kNone;
  return metric.valid() ? outline.metrics[metric.value].name : kNone;
}

// Which of the two is stricter, in one number: above 0 the second.
int compare_strictness(core::Int128 before, core::Int128 after, bool more_is_stricter) {
  if (before == after) return 0;
  return (after > before) == more_is_stricter ? 1 : -1;
}

int compare_limits(const Judgement& before, const Judgement& after) {
  if (before.limit == after.limit) return 0;
  // A stop is stricter the earlier it acts, an expectation the less it lets pass: both have the
  // lower limit where they bound from above.
  return (after.limit < before.limit) == bounds_above(before) ? 1 : -1;
}

int compare_factors(const Judgement& before, const Judgement& after) {
  if (before.factor == after.factor) return 0;
  return (after.factor < before.factor) == bounds_above(before) ? 1 : -1;
}

// Whether it acts when it is true: `stop`, `pause while`.
bool acts(const Judgement& judgement) {
  return judgement.kind == core::CriterionKind::stop ||
         judgement.kind == core::CriterionKind::pause;
}

int compare_sides(const Judgement& before, const Judgement& after) {
  if (before.comparison == after.comparison) return 0;
  const bool inclusive = after.comparison == core::Comparison::greater_equal ||
                         after.comparison == core::Comparison::less_equal;
  return inclusive == acts(after) ? 1 : -1;
}

std::string word_of(const Judgement& judgement) {
  switch (judgement.kind) {
    case core::CriterionKind::stop:
      return "stop " + quoted(judgement.text);
    case core::CriterionKind::pause:
      return "pause while " + quoted(judgement.text);
    case core::CriterionKind::expect:
    case core::CriterionKind::enough:
      break;
  }
  return "expect " + quoted(judgement.text);
}

// Whether the two look at other data, or decide in another way: which of them is stricter is no
// question of a number then.
bool judged_otherwise(const Judgement& before, const Judgement& after) {
  const auto written = [](const Judgement& each) {
    return each.judge ? each.judge->written : std::string();
  };
  return before.over != after.over || before.lag != after.lag || before.test != after.test ||
         written(before) != written(after);
}

}  // namespace

bool Comparison::same_series(const Measurement& before, const Measurement& after) const {
  return before.measure == after.measure && before.arm == after.arm &&
         before.quantile == after.quantile &&
         target_name(before_, before.target) == target_name(after_, after.target) &&
         name_of(before_, before.metric) == name_of(after_, after.metric) &&
         name_of(before_, before.denominator) == name_of(after_, after.denominator);
}

bool Comparison::same_measurement(const Judgement& before, const Judgement& after) const {
  if (before.kind != after.kind || before.other.has_value() != after.other.has_value())
    return false;
  if (!same_series(before.what, after.what) || before.new_by != after.new_by) return false;
  if (before.other && !same_series(*before.other, *after.other)) return false;
  return before.what.measure == core::Measure::absent ||
         bounds_above(before) == bounds_above(after);
}

void Comparison::compare_criterion(const Place& where, const Judgement& before,
                                   const Judgement& after) {
  const bool stop = acts(before);
  const std::string pair = quoted(before.text) + " → " + quoted(after.text);
  if (judged_otherwise(before, after)) {
    add(Bearing::weakens, where,
        pair + (before.test != after.test   ? ": decided in another way"
                : before.over != after.over ? ": another window judges other data"
                : before.judge              ? ": judged by other rules"
                                            : ": another window judges other data"),
        before.span, after.span);
    return;
  }
  const int limit = compare_limits(before, after);
  const int factor = compare_factors(before, after);
  // A chance of a wrong verdict: what acts acts sooner with more of it, a gate lets more pass.
  const int alpha = compare_strictness(before.alpha.nanos, after.alpha.nanos, stop);
  const int tolerance = compare_strictness(before.tolerance.nanos, after.tolerance.nanos, false);
  // `>` and `>=` differ by one point of the scale, which another limit leaves behind.
  const int sides = limit == 0 && factor == 0 ? compare_sides(before, after) : 0;
  const int sustain = compare_strictness(before.sustain.count(), after.sustain.count(), !stop);
  const int at_least = compare_strictness(before.at_least, after.at_least, false);
  const int worst = std::min({limit, factor, alpha, tolerance, sides, sustain, at_least});
  const int best = std::max({limit, factor, alpha, tolerance, sides, sustain, at_least});
  if (before.veto != after.veto) (after.veto ? held_back_ : set_free_) += 1;
  if (worst < 0) {
    add(Bearing::weakens, where, pair, before.span, after.span,
        limit < 0 ? scenario_of_criterion(before, &after) : "");
  } else if (best > 0) {
    add(Bearing::strengthens, where, pair, before.span, after.span);
  } else if (before.text != after.text) {
    add(Bearing::cosmetic, where, pair, before.span, after.span);
  }
}

void Comparison::compare_criteria(const Place& where, const Both<std::vector<Judgement>>& both) {
  std::vector<const Judgement*> rest;
  for (const Judgement& after : both.after) rest.push_back(&after);
  std::vector<const Judgement*> unmatched;
  // The same text first, then the same window, then the same measurement.
  const auto match = [&](const Judgement& before, auto fits) {
    const auto other = std::find_if(rest.begin(), rest.end(), [&](const Judgement* after) {
      return same_measurement(before, *after) && fits(*after);
    });
    if (other == rest.end()) return false;
    compare_criterion(where, before, **other);
    rest.erase(other);
    return true;
  };
  for (const Judgement& before : both.before) unmatched.push_back(&before);
  const auto pass = [&](auto fits) {
    std::erase_if(unmatched, [&](const Judgement* before) {
      return match(*before, [&](const Judgement& after) { return fits(*before, after); });
    });
  };
  pass([](const Judgement& before, const Judgement& after) {
    return before.limit == after.limit && !judged_otherwise(before, after) &&
           before.sustain == after.sustain && before.comparison == after.comparison &&
           before.factor == after.factor && before.alpha == after.alpha &&
           before.tolerance == after.tolerance;
  });
  pass([](const Judgement& before, const Judgement& after) {
    return !judged_otherwise(before, after);
  });
  pass([](const Judgement&, const Judgement&) { return true; });
  for (const Judgement* before : unmatched) {
    add(Bearing::weakens, where, word_of(*before) + " removed", before->span, {},
        scenario_of_criterion(*before, nullptr));
  }
  for (const Judgement* after : rest) {
    add(Bearing::strengthens, where, word_of(*after) + " added", {}, after->span);
  }
}

}  // namespace rollbook::dsl
