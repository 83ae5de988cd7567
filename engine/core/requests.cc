#include "engine/core/requests.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace rollbook::core {
namespace {

// A ratio's numerator and denominator.
using Parts = std::pair<MetricIndex, MetricIndex>;

// In the order in which they are judged.
std::vector<Parts> ratios_of(const Machine& machine) {
  std::vector<Parts> ratios;
  const auto take = [&](const auto& measured) {
    if (measured.measure != Measure::ratio) return;
    const auto metric_of = [&](WindowIndex window) {
      return machine.at(machine.at(window).series).metric;
    };
    ratios.emplace_back(metric_of(measured.window), metric_of(measured.denominator));
  };
  for (const Criterion& criterion : machine.criteria) {
    take(criterion);
    if (!criterion.judge) continue;
    for (const JudgedMetric& metric : criterion.judge->metrics) take(metric);
  }
  return ratios;
}

}  // namespace

std::optional<SeriesIndex> counted(const Machine& machine, const Series& series) {
  for (const Window& window : machine.windows) {
    if (machine.at(window.series) == series) return window.series;
  }
  return std::nullopt;
}

std::optional<MetricIndex> requests_of(const Machine& machine, TargetIndex target) {
  for (const Criterion& criterion : machine.criteria) {
    if (criterion.measure != Measure::split || criterion.target != target) continue;
    return machine.at(machine.at(criterion.window).series).metric;
  }
  const std::vector<Parts> ratios = ratios_of(machine);
  for (const auto& [part, whole] : ratios) {
    const auto is_whole = [whole = whole](const Parts& other) { return other.first == whole; };
    if (std::any_of(ratios.begin(), ratios.end(), is_whole)) continue;  // a part of another
    const bool both = counted(machine, {whole, Arm::canary, target}) &&
                      counted(machine, {whole, Arm::baseline, target});
    if (both) return whole;
  }
  return std::nullopt;
}

}  // namespace rollbook::core
