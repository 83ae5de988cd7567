#include "adapters/sandbox/load.h"

#include <algorithm>
#include <optional>

namespace rollbook::adapters {
namespace {

using core::Comparison;
using core::Criterion;
using core::CriterionKind;
using core::Fixed;
using core::Measure;
using core::Metric;

constexpr Fixed kWhole = Fixed::from_int(1);

// A healthy value of a criterion lies below its limit (or above it).
bool wants_less(const Criterion& criterion) {
  const bool less =
      criterion.comparison == Comparison::less || criterion.comparison == Comparison::less_equal;
  return less == (criterion.kind == CriterionKind::expect);
}

core::MetricIndex metric_of(const core::Machine& machine, core::WindowIndex window) {
  return machine.at(machine.at(window).series).metric;
}

// What the criteria of a measure ask of a metric: below the least, above the greatest limit.
struct Asked {
  std::optional<Fixed> below, above;
};
Asked asked_of(const core::Machine& machine, std::uint32_t metric, Measure measure) {
  Asked asked;
  for (const Criterion& criterion : machine.criteria) {
    if (criterion.measure != measure || metric_of(machine, criterion.window).value != metric) {
      continue;
    }
    if (wants_less(criterion)) {
      asked.below = asked.below ? std::min(*asked.below, criterion.limit) : criterion.limit;
    } else {
      asked.above = asked.above ? std::max(*asked.above, criterion.limit) : criterion.limit;
    }
  }
  return asked;
}

// A text that a matcher accepts: of an expression its first alternative, dots as zeros.
std::string accepted(const core::LabelMatcher& matcher) {
  if (matcher.kind == core::MatchKind::equal) return matcher.value;
  if (matcher.kind != core::MatchKind::matches) return "other";
  std::string text = matcher.value.substr(0, matcher.value.find('|'));
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool repeated = i + 1 < text.size() && (text[i + 1] == '*' || text[i + 1] == '+');
    if (c == '(' || c == ')' || c == '*' || c == '+' || c == '?' || c == '^' || c == '$') continue;
    if (c == '.') {
      if (!repeated) plain += '0';
    } else {
      plain += c;
    }
  }
  return plain;
}

std::vector<std::pair<std::string, std::string>> labels_of(const Metric& metric) {
  std::vector<std::pair<std::string, std::string>> labels;
  for (const core::LabelMatcher& matcher : metric.matchers) {
    labels.emplace_back(matcher.label, accepted(matcher));
  }
  return labels;
}

// Edges on every limit, so that a healthy service is never judged by interpolation.
void shape_latency(const core::Machine& machine, std::uint32_t index, LoadSeries& series) {
  const Metric& metric = machine.metrics[index];
  const auto on_wire = [&](Fixed value) {
    return Fixed{value.nanos * Fixed::kScale / metric.unit.nanos};
  };
  std::optional<Fixed> strict;
  for (const Criterion& criterion : machine.criteria) {
    if (criterion.measure != Measure::quantile) continue;
    if (metric_of(machine, criterion.window).value != index) continue;
    series.bounds.push_back(on_wire(criterion.limit));
    strict = strict ? std::min(*strict, criterion.limit) : criterion.limit;
  }
  const Fixed least = strict.value_or(Fixed::from_nanos(100'000'000));
  for (const int parts : {1, 2, 3, 5, 10, 20, 30, 50, 100, 300, 1000}) {
    series.bounds.push_back(on_wire(Fixed{least.nanos * parts / 10}));
  }
  std::sort(series.bounds.begin(), series.bounds.end());
  series.bounds.erase(std::unique(series.bounds.begin(), series.bounds.end()), series.bounds.end());
  series.values = {{on_wire(Fixed{least.nanos / 4}), 600},
                   {on_wire(Fixed{least.nanos / 2}), 350},
                   {on_wire(Fixed{least.nanos * 8 / 10}), 50}};
}

LoadSeries series_of(const core::Machine& machine, std::uint32_t index) {
  const Metric& metric = machine.metrics[index];
  LoadSeries series;
  series.name = metric.selector;
  series.labels = labels_of(metric);
  series.split = machine.arms && !metric.unsplit;
  if (metric.kind == core::MetricKind::histogram) {
    series.part = Part::latency;
    shape_latency(machine, index, series);
    return series;
  }
  if (metric.kind == core::MetricKind::gauge) {
    const Asked asked = asked_of(machine, index, Measure::gauge);
    series.part = Part::gauge;
    const Fixed value = asked.below   ? Fixed{asked.below->nanos / 2}
                        : asked.above ? Fixed{asked.above->nanos * 3 / 2}
                                      : kWhole;
    series.value = Fixed{value.nanos * Fixed::kScale / metric.unit.nanos};
    return series;
  }
  const Asked ratio = asked_of(machine, index, Measure::ratio);
  series.share = kWhole;
  if (ratio.below) {
    series.part = Part::errors;
    series.share = Fixed{ratio.below->nanos / 5};
  }
  return series;
}

}  // namespace

std::vector<LoadSeries> load_of(const core::Machine& machine) {
  std::vector<LoadSeries> load;
  for (std::uint32_t i = 0; i < machine.metrics.size(); ++i) {
    LoadSeries series = series_of(machine, i);
    const bool doubled = std::any_of(load.begin(), load.end(), [&](const LoadSeries& known) {
      return known.name == series.name && known.labels == series.labels;
    });
    if (!doubled) load.push_back(std::move(series));
  }
  // A metric without matchers is the sum of all series of its name: it has a series of its own only
  // for what the others leave.
  for (LoadSeries& whole : load) {
    if (!whole.labels.empty() || whole.part != Part::traffic) continue;
    for (const LoadSeries& other : load) {
      if (&other == &whole || other.name != whole.name) continue;
      whole.share -= std::min(whole.share, other.share);
    }
  }
  std::erase_if(load, [](const LoadSeries& series) {
    return series.part == Part::traffic && series.share.nanos == 0;
  });
  return load;
}

}  // namespace rollbook::adapters
