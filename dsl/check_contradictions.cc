// Limits that cannot be kept together, or by anything: an expectation that never passes, a stop
// that always or never acts. Only what is certain is said: of the same share over the same window.

#include "dsl/check_rules.h"
#include "dsl/format_value.h"

namespace rollbook::dsl {

namespace {

// A condition `measured ⋚ limit` without a test and without another arm on its right side.
bool is_plain(const Judgement& judgement) {
  return judgement.test == core::Test::none && !judgement.other && !judgement.judge &&
         judgement.new_by.empty() && !judgement.limit_text.empty() &&
         judgement.what.measure != core::Measure::absent;
}

bool is_below(const Judgement& judgement) {
  return judgement.comparison == core::Comparison::less ||
         judgement.comparison == core::Comparison::less_equal;
}
bool holds_at_limit(const Judgement& judgement) {
  return judgement.comparison == core::Comparison::less_equal ||
         judgement.comparison == core::Comparison::greater_equal;
}

bool of_the_same(const Judgement& one, const Judgement& other) {
  return is_plain(one) && is_plain(other) && one.what == other.what && one.over == other.over;
}

// Whether no value is on the side that both ask for.
bool exclude_each_other(const Judgement& one, const Judgement& other) {
  if (!of_the_same(one, other) || is_below(one) == is_below(other)) return false;
  const Judgement& below = is_below(one) ? one : other;
  const Judgement& above = is_below(one) ? other : one;
  if (below.limit != above.limit) return below.limit < above.limit;
  return !holds_at_limit(below) || !holds_at_limit(above);
}

// Whether each value that meets `expect` meets `stop`.
bool is_within(const Judgement& expect, const Judgement& stop) {
  if (!of_the_same(expect, stop) || is_below(expect) != is_below(stop)) return false;
  if (expect.limit == stop.limit) return holds_at_limit(stop) || !holds_at_limit(expect);
  return is_below(expect) ? expect.limit < stop.limit : expect.limit > stop.limit;
}

void warn_of_pairs(const Review& review, Findings& findings) {
  for (std::size_t i = 1; i < review.criteria.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!exclude_each_other(review.criteria[j], review.criteria[i])) continue;
      findings.warning(Code::dead_bound, review.criteria[i].span,
                       quoted(review.criteria[i].text) + " and " + quoted(review.criteria[j].text) +
                           " can never both pass: no value is on both sides",
                       "turn one of them round, or leave it out");
      break;
    }
  }
}

// The guard stops the very rollouts that are as they are expected to be.
void warn_of_stopped(const Review& review, const Outline& outline, Findings& findings) {
  for (const Judgement& expect : review.criteria) {
    for (const GuardOutline& guard : outline.guards) {
      for (const Judgement& stop : guard.stops) {
        if (stop.parts != 1 || !is_within(expect, stop)) continue;
        findings.warning(Code::dead_bound, expect.span,
                         quoted(expect.text) + " passes only where " + quoted(stop.text) +
                             " stops: a rollout that is as expected is stopped",
                         "turn the comparison of one of them round");
        return;
      }
    }
  }
}

// What is counted is never below nothing.
bool is_counted(const Judgement& judgement) {
  switch (judgement.what.measure) {
    case core::Measure::ratio:
    case core::Measure::rate:
    case core::Measure::count:
      return true;
    default:
      return false;
  }
}

bool never_holds(const Judgement& judgement) {
  if (!is_plain(judgement) || !is_counted(judgement) || !is_below(judgement)) return false;
  const core::Fixed nothing;
  return judgement.limit < nothing ||
         (judgement.limit == nothing && judgement.comparison == core::Comparison::less);
}

void warn_of_less_than_nothing(const std::vector<Judgement>& judgements, Findings& findings) {
  for (const Judgement& judgement : judgements) {
    if (!never_holds(judgement)) continue;
    const bool expected = judgement.kind == core::CriterionKind::expect;
    findings.warning(Code::dead_bound, judgement.span,
                     quoted(judgement.text) +
                         (expected ? " can never pass: " : " never decides anything: ") +
                         quoted(judgement.measured) + " is never less than nothing",
                     expected ? "write `<= " + judgement.limit_text + "`, or a higher limit"
                              : "raise its limit, or leave it out");
  }
}

}  // namespace

void warn_of_contradictions(const Outline& outline, Findings& findings) {
  const auto look_at = [&](const Review& review) {
    warn_of_pairs(review, findings);
    warn_of_stopped(review, outline, findings);
    warn_of_less_than_nothing(review.criteria, findings);
  };
  if (outline.require) {
    warn_of_pairs(*outline.require, findings);
    warn_of_less_than_nothing(outline.require->criteria, findings);
  }
  for (const StageOutline& stage : outline.stages) look_at(stage.review);
  if (outline.success) look_at(*outline.success);
  for (const GuardOutline& guard : outline.guards) {
    warn_of_less_than_nothing(guard.stops, findings);
    warn_of_less_than_nothing(guard.pauses, findings);
  }
}

}  // namespace rollbook::dsl
