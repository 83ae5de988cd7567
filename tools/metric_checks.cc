#include "tools/metric_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/text.h"
#include "tools/metric_lines.h"
#include "tools/metric_names.h"

namespace rollbook::tools {
namespace {

using core::Fixed;
using core::MetricKind;
using runtime::PointKind;

constexpr std::string_view kKindWords[] = {"counter", "histogram", "gauge"};
constexpr std::string_view kPointWords[] = {
    "counter (cumulative)",          "counter (delta)",      "gauge",
    "histogram (cumulative)",        "histogram (delta)",    "exponential histogram (cumulative)",
    "exponential histogram (delta)", "number without a type"};

MetricKind kind_for(PointKind point) {
  if (runtime::is_histogram(point)) return MetricKind::histogram;
  return point == PointKind::gauge ? MetricKind::gauge : MetricKind::counter;
}

}  // namespace

std::string_view word_of(MetricKind kind) { return kKindWords[static_cast<std::size_t>(kind)]; }
std::string_view word_of(PointKind kind) { return kPointWords[static_cast<std::size_t>(kind)]; }

bool fits(MetricKind kind, PointKind point) {
  switch (point) {
    case PointKind::counter:
    case PointKind::counter_delta:
      return kind == MetricKind::counter;
    case PointKind::gauge:
      return kind == MetricKind::gauge;
    case PointKind::histogram:
    case PointKind::histogram_delta:
    case PointKind::exponential:
    case PointKind::exponential_delta:
      return kind == MetricKind::histogram;
    case PointKind::untyped:
      return kind != MetricKind::histogram;
  }
  return false;
}

void propose(const Subject& subject, std::string line, MetricFinding& found) {
  if (line.empty() || !found.write.text.empty()) return;
  found.write = {subject.metric.span.line, std::move(line)};
}

void check_kind(const Subject& subject, MetricFinding& found) {
  const core::Metric& metric = subject.metric;
  const std::set<PointKind>& kinds = subject.kinds;
  const auto wrong =
      std::find_if(kinds.begin(), kinds.end(), [&](PointKind k) { return !fits(metric.kind, k); });
  if (wrong == kinds.end()) return;
  const MetricKind right = kind_for(*wrong);
  const bool gauge = right == MetricKind::gauge;
  found.problems.push_back(fmt::format("the runbook says {}, its points are of the kind {}",
                                       word_of(metric.kind), word_of(*wrong)));
  propose(subject, with_kind(subject.line, metric.selector, gauge ? "gauge max" : word_of(right)),
          found);
  found.write.as = fmt::format("a {}", word_of(right));
  if (gauge) {
    found.write.note =
        "which of several values in a window counts, say `max`, `min`, `mean` or `last`";
  }
  found.write.otherwise = fmt::format("let its sender send a {}", word_of(metric.kind));
}

void check_arms(const Subject& subject, MetricFinding& found) {
  const core::Machine& machine = subject.machine;
  const auto& arms = subject.arms;
  if (arms.empty()) {
    std::string other;
    for (const auto& [label, values] : found.labels) {
      const auto has = [&](const std::string& arm) {
        return std::find(values.begin(), values.end(), arm) != values.end();
      };
      if (has(machine.arms->canary) || has(machine.arms->baseline)) other = label;
    }
    std::vector<std::string> labels;
    for (const auto& [label, values] : found.labels) labels.push_back(label);
    found.problems.push_back(fmt::format("no series has the arm's label `{}`; labels seen: {}",
                                         machine.arms->label,
                                         labels.empty() ? "none" : list_of(labels)));
    const std::uint32_t at = line_beginning_with(subject.text, "arms");
    if (!other.empty() && at > 0 && found.write.text.empty()) {
      found.write = {at, with_text(line_of(subject.text, at), machine.arms->label, other)};
    }
  } else {
    for (const std::string& arm : {machine.arms->baseline, machine.arms->canary}) {
      if (arms.contains(arm)) continue;
      std::vector<std::string> values;
      for (const auto& [value, count] : arms) values.push_back(value);
      auto& told = subject.may_lack ? found.notes : found.problems;
      told.push_back(fmt::format("no series has `{}` in the arm's label `{}`{}; seen: {}", arm,
                                 machine.arms->label, subject.may_lack ? " yet" : "",
                                 list_of(values)));
    }
  }
}

void check_matchers(const Subject& subject, MetricFinding& found) {
  const core::Metric& metric = subject.metric;
  const std::string& line = subject.line;
  for (const core::LabelMatcher& matcher : metric.matchers) {
    if (found.series > 0 || matcher.kind != core::MatchKind::equal) continue;
    const auto label = found.labels.find(matcher.label);
    if (label == found.labels.end()) {
      std::vector<std::string_view> labels;
      for (const auto& [name, values] : found.labels) labels.push_back(name);
      const std::string_view meant = adapters::nearest(matcher.label, labels);
      found.problems.push_back(fmt::format("no series has the label `{}`{}", matcher.label,
                                           adapters::did_you_mean(matcher.label, labels)));
      if (!meant.empty()) propose(subject, with_name(line, matcher.label, meant), found);
    } else if (std::find(label->second.begin(), label->second.end(), matcher.value) ==
               label->second.end()) {
      auto& told = subject.may_lack ? found.warnings : found.problems;
      told.push_back(fmt::format("no series has {}=\"{}\"; values seen: {}", matcher.label,
                                 matcher.value, list_of(label->second)));
    }
  }
  if (found.series > 0 || !found.problems.empty() || !found.warnings.empty()) return;
  if (subject.may_lack) {
    found.notes.push_back("no series fits the runbook's matchers yet");
  } else {
    found.problems.push_back("no series fits the runbook's matchers");
  }
}

// Labels that it is to be kept by. It is judged without them, and broken down into nothing.
void check_by(const Subject& subject, MetricFinding& found) {
  std::vector<std::string_view> labels;
  for (const auto& [label, values] : found.labels) labels.push_back(label);
  for (const std::string& label : subject.metric.by) {
    if (found.labels.contains(label)) continue;
    const std::string_view meant = adapters::nearest(label, labels);
    found.warnings.push_back(fmt::format("no series has the label `{}` that it is kept by{}", label,
                                         adapters::did_you_mean(label, labels)));
    if (!meant.empty()) propose(subject, with_name(subject.line, label, meant), found);
  }
}

void check_layouts(const Subject& subject, MetricFinding& found) {
  const auto& layouts = subject.layouts;
  const core::Metric& metric = subject.metric;
  // Of several layouts the coarsest is what will be kept, where one is; exponential ones are made
  // to hold all values.
  const auto shorter = [](const auto& a, const auto& b) { return a.first.size() < b.first.size(); };
  const auto coarsest = found.exponential
                            ? std::max_element(layouts.begin(), layouts.end(), shorter)
                            : std::min_element(layouts.begin(), layouts.end(), shorter);
  const Bounds& kept = coarsest->first;
  for (const Fixed bound : kept) {
    found.edges.push_back(Fixed{bound.nanos * metric.unit.nanos / Fixed::kScale});
  }
  if (layouts.size() > 1 && !found.exponential) {
    const bool nested = std::all_of(layouts.begin(), layouts.end(), [&](const auto& layout) {
      const Bounds& bounds = layout.first;
      return std::includes(bounds.begin(), bounds.end(), kept.begin(), kept.end());
    });
    found.problems.push_back(
        nested ? fmt::format("its senders use {} sets of bucket bounds; the coarsest is kept",
                             layouts.size())
               : fmt::format("its senders use {} sets of bucket bounds of which none holds in "
                             "all others; points of some will be refused",
                             layouts.size()));
  }
}

}  // namespace rollbook::tools
