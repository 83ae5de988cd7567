#include "engine/runtime/selector.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace rollbook::runtime {

using core::Arm;
using core::MatchKind;

// A compiled pattern per regular-expression matcher, by metric and matcher.
struct Selector::Patterns {
  std::vector<std::vector<std::unique_ptr<re2::RE2>>> by_metric;
};

Selector::Selector(const core::Machine& machine)
    : machine_(&machine),
      breakdowns_(core::breakdowns_of(machine)),
      patterns_(std::make_unique<Patterns>()) {
  for (const core::Metric& metric : machine.metrics) {
    auto& patterns = patterns_->by_metric.emplace_back();
    for (const core::LabelMatcher& matcher : metric.matchers) {
      const bool expression =
          matcher.kind == MatchKind::matches || matcher.kind == MatchKind::not_matches;
      patterns.push_back(expression ? std::make_unique<re2::RE2>(matcher.value, re2::RE2::Quiet)
                                    : nullptr);
    }
  }
}
Selector::~Selector() = default;
Selector::Selector(Selector&&) noexcept = default;
Selector& Selector::operator=(Selector&&) noexcept = default;

namespace {

// PromQL: a label that is not there is the empty text.
std::string_view label_of(const SeriesName& name, const std::string& label) {
  for (const auto& [key, value] : name.labels) {
    if (key == label) return value;
  }
  return {};
}

bool holds(const core::LabelMatcher& matcher, const re2::RE2* pattern, std::string_view value) {
  switch (matcher.kind) {
    case MatchKind::equal:
      return value == matcher.value;
    case MatchKind::not_equal:
      return value != matcher.value;
    case MatchKind::matches:
      return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *pattern);
    case MatchKind::not_matches:
      return !re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *pattern);
  }
  return false;
}

}  // namespace

// A criterion of one target tells apart what that one shows.
bool Selector::is_in_target(const SeriesName& name, const core::Breakdown& breakdown) const {
  if (!breakdown.criterion.valid()) return true;
  const core::TargetIndex index = machine_->at(breakdown.criterion).target;
  if (!index.valid()) return true;
  const core::Target& target = machine_->at(index);
  return label_of(name, target.label) == target.value;
}

std::vector<Match> Selector::match(const SeriesName& name) const {
  std::vector<Match> matches;
  for (std::uint32_t m = 0; m < machine_->metrics.size(); ++m) {
    const core::Metric& metric = machine_->metrics[m];
    if (metric.selector != name.name) continue;
    bool all = true;
    for (std::size_t i = 0; all && i < metric.matchers.size(); ++i) {
      all = holds(metric.matchers[i], patterns_->by_metric[m][i].get(),
                  label_of(name, metric.matchers[i].label));
    }
    if (!all) continue;
    std::optional<Arm> arm;
    const bool split = machine_->arms && !metric.unsplit;
    if (split) {
      const std::string_view value = label_of(name, machine_->arms->label);
      if (value == machine_->arms->canary) arm = Arm::canary;
      if (value == machine_->arms->baseline) arm = Arm::baseline;
      if (!arm) continue;
    }
    const Arm whose = arm.value_or(Arm::total);
    bool kept = false;
    for (std::uint32_t s = 0; s < machine_->series.size(); ++s) {
      const core::Series& series = machine_->series[s];
      if (series.metric.value != m) continue;
      if (series.arm != Arm::total && series.arm != arm) continue;
      if (series.target.valid()) {
        const core::Target& target = machine_->at(series.target);
        if (label_of(name, target.label) != target.value) continue;
      }
      matches.push_back(Match{core::MetricIndex{m}, core::SeriesIndex{s}, whose});
      kept = true;
    }
    if (!kept) matches.push_back(Match{core::MetricIndex{m}, core::SeriesIndex{}, whose});
    if (metric.kind == core::MetricKind::gauge) continue;
    for (std::uint32_t b = 0; b < breakdowns_.size(); ++b) {
      if (breakdowns_[b].metric.value != m || !is_in_target(name, breakdowns_[b])) continue;
      matches.push_back(
          Match{core::MetricIndex{m}, core::SeriesIndex{}, whose, core::BreakdownIndex{b}});
    }
  }
  return matches;
}

}  // namespace rollbook::runtime
