#include "engine/core/lately.h"

#include <algorithm>

#include "engine/core/judge.h"
#include "engine/core/limits.h"
#include "engine/core/stretches.h"

namespace rollbook::core {
namespace {

using Says = Lately::Says;

Says said(bool breaks) { return breaks ? Says::failing : Says::healthy; }

Says said(Int128 left, Comparison comparison, Int128 right) {
  return said(holds(left, comparison, right));
}

Lately of_ratio(const Criterion& criterion, const Sum& part, const Sum& whole) {
  Lately lately;
  if (whole.value.nanos <= 0) return lately;
  lately.value = Fixed{part.value.nanos * Fixed::kScale / whole.value.nanos};
  lately.samples = static_cast<std::int64_t>(whole.value.nanos / Fixed::kScale);
  lately.says = said(part.value.nanos * Fixed::kScale, criterion.comparison,
                     criterion.limit.nanos * whole.value.nanos);
  return lately;
}

Lately of_quantile(const Subject& subject, std::vector<std::int64_t> counts) {
  const Criterion& criterion = subject.criterion;
  const std::vector<Fixed>& bounds = subject.bounds(criterion.window);
  Lately lately;
  if (bounds.empty()) return lately;
  counts.resize(bounds.size() + 1);
  for (const std::int64_t count : counts) lately.samples += count;
  if (lately.samples <= 0) return lately;
  lately.value = quantile_of(bounds, counts, criterion.quantile);
  lately.says = said(above_limit(criterion, bounds, counts).holds);
  return lately;
}

// As many as the whole window would hold of it.
Lately of_count(const Subject& subject, const Sum& sum, Duration span) {
  const Criterion& criterion = subject.criterion;
  const Duration width = subject.machine.at(criterion.window).width;
  const bool counter = subject.metric_of(criterion.window).kind == MetricKind::counter;
  const Int128 here = counter ? sum.value.nanos : Int128{sum.samples} * Fixed::kScale;
  return {said(here * width.count(), criterion.comparison, criterion.limit.nanos * span.count()),
          std::nullopt, 0};
}

Lately of_gauge(const Subject& subject, const Sum& sum) {
  const Criterion& criterion = subject.criterion;
  if (sum.samples == 0) return {};
  const bool mean = subject.metric_of(criterion.window).fold == GaugeFold::mean;
  const Int128 limit = criterion.limit.nanos * (mean ? sum.samples : 1);
  return {said(sum.value.nanos, criterion.comparison, limit), std::nullopt, 0};
}

// Open, as the window is, while the limit lies between them.
Lately of_bracket(const Criterion& criterion, const Sum& greatest, const Sum& least) {
  if (greatest.samples == 0) return {};
  const auto says = [&](const Sum& end) {
    return said(end.value.nanos, criterion.comparison, criterion.limit.nanos);
  };
  if (says(greatest) != says(least)) return {};
  return {says(greatest), std::nullopt, 0};
}

}  // namespace

Lately lately(const Subject& subject, Time at, Duration span) {
  const Criterion& criterion = subject.criterion;
  const bool alone = criterion.test == Test::none || criterion.test == Test::proportion;
  if (!alone || criterion.other.valid() || at == kDistantPast) return {};
  const Time to = ceil_to(at, kPaneMin);
  // Shares and gauges take what came as it came, whatever else is read from their windows.
  const auto sum = [&](WindowIndex window) {
    return sum_between(subject.machine, subject.state, subject.pending, window, to - span, to);
  };
  const auto spread = [&] { return sum_spread(subject, criterion.window, to - span, to); };
  switch (criterion.measure) {
    case Measure::ratio:
      return of_ratio(criterion, sum(criterion.window), sum(criterion.denominator));
    case Measure::quantile:
      return of_quantile(subject, sum(criterion.window).buckets);
    case Measure::rate:
      return {said(spread().value.nanos * Fixed::kScale, criterion.comparison,
                   criterion.limit.nanos * span.count()),
              std::nullopt, 0};
    case Measure::count:
      return of_count(subject, spread(), span);
    case Measure::gauge:
      return of_gauge(subject, sum(criterion.window));
    case Measure::bracket:
      return of_bracket(criterion, sum(criterion.window), sum(criterion.denominator));
    case Measure::absent:
    case Measure::split:
    case Measure::score:
      break;
  }
  return {};
}

}  // namespace rollbook::core
