#include "engine/core/coarse.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/core/sentence.h"
#include "engine/core/units.h"

namespace rollbook::core {
namespace {

constexpr Int128 kSteps = 10'000;  // of a whole: hundredths of a percent

struct Bucket {
  Fixed low, high;
  bool operator==(const Bucket&) const = default;
};

// The one bucket that an arm's quantile was shown to lie in; nothing while it may be in others.
std::optional<Bucket> bucket_of(const std::vector<Fixed>& bounds, const std::optional<Edge>& low,
                                const std::optional<Edge>& high) {
  if (!high) return std::nullopt;
  const auto end = std::lower_bound(bounds.begin(), bounds.end(), high->at);
  if (end == bounds.end()) return std::nullopt;
  if (end == bounds.begin()) return Bucket{std::min(Fixed{}, high->at), high->at};
  if (!low || low->at != *std::prev(end)) return std::nullopt;
  return Bucket{low->at, high->at};
}

std::string text_of(Unit unit, const Bucket& bucket) {
  return value_text(unit, bucket.low) + " and " + value_text(unit, bucket.high);
}

}  // namespace

std::optional<Fixed> width_for(Fixed factor) {
  if (factor <= Fixed::from_int(1)) return std::nullopt;
  const double root = std::sqrt(static_cast<double>(factor.nanos) * 1e-9);
  auto width = static_cast<Int128>((root - 1) * static_cast<double>(kSteps));
  // The root is rounded; what it is of is not.
  const auto fits = [&](Int128 steps) {
    return (kSteps + steps) * (kSteps + steps) * Fixed::kScale <= factor.nanos * kSteps * kSteps;
  };
  while (fits(width + 1)) ++width;
  while (width > 0 && !fits(width)) --width;
  return Fixed{width * Fixed::kScale / kSteps};
}

std::string coarse_text(const Machine& machine, const RolloutState& state,
                        const Criterion& criterion, const Reading& reading) {
  const bool gate =
      criterion.test == Test::two_quantiles && criterion.kind == CriterionKind::expect;
  if (!gate || !reading.evidence || !reading.evidence->edges) return "";
  if (reading.verdict != Verdict::undecided) return "";
  const Edges& edges = *reading.evidence->edges;
  const MetricIndex metric = machine.at(machine.at(criterion.window).series).metric;
  const std::vector<Fixed>& bounds = state.metrics[metric.value].bounds;
  const auto judged = bucket_of(bounds, edges.low, edges.high);
  const auto other = bucket_of(bounds, edges.other_low, edges.other_high);
  if (!judged || !other) return "";
  const Int128 factor = criterion.factor.nanos;
  const bool beyond = judged->low.nanos * Fixed::kScale > factor * other->high.nanos;
  const bool within = judged->high.nanos * Fixed::kScale <= factor * other->low.nanos;
  if (beyond || within) return "";  // a matter of requests

  const Unit unit = unit_of(machine, metric);
  std::string text = "its buckets cannot decide it: ";
  text += *judged == *other ? "both lie between the edges " + text_of(unit, *judged)
                            : "it lies between the edges " + text_of(unit, *judged) +
                                  ", the other between " + text_of(unit, *other);
  if (const auto width = width_for(criterion.factor)) {
    text += ", and a margin of " + percent_text(criterion.factor - Fixed::from_int(1)) +
            " needs edges at most " + percent_text(*width) + " apart";
  }
  return text;
}

}  // namespace rollbook::core
