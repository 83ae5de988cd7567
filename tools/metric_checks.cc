#include "tools/metric_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/text.h"
#include "engine/core/limits.h"
#include "engine/core/sentence.h"

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

MetricKind kind_for(PointKind point) {
  if (runtime::is_histogram(point)) return MetricKind::histogram;
  return point == PointKind::gauge ? MetricKind::gauge : MetricKind::counter;
}

std::string list_of(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) {
    text += (text.empty() ? "`" : ", `") + adapters::printable(value) + "`";
  }
  return text;
}

// A runbook that names the buckets, as PromQL does, where it means what they are parts of.
bool check_buckets(const Subject& subject, MetricFinding& found) {
  const core::Metric& metric = subject.metric;
  const std::string_view name = metric.selector;
  if (metric.kind != MetricKind::histogram || !name.ends_with(kBucketSuffix)) return false;
  if (!subject.kinds.contains(PointKind::untyped) || !found.labels.contains("le")) return false;
  const std::string_view whole = name.substr(0, name.size() - kBucketSuffix.size());
  found.problems.push_back(fmt::format(
      "the points of `{}` are a counter for each bucket; the histogram that they are put together "
      "to is named `{}`",
      name, whole));
  found.suggestion = replaced(subject.line, metric.selector, whole);
  return true;
}

}  // namespace

std::string_view word_of(MetricKind kind) { return kKindWords[static_cast<std::size_t>(kind)]; }
std::string_view word_of(PointKind kind) { return kPointWords[static_cast<std::size_t>(kind)]; }

std::string without_comment(std::string line) {
  line.erase(std::min(line.find('#'), line.size()));
  while (line.ends_with(' ') || line.ends_with('\t')) line.pop_back();
  return line;
}

std::string replaced(const std::string& line, const std::string& word, std::string_view by) {
  const std::size_t at = line.find(word, std::min(line.find('='), line.size()));
  if (at == std::string::npos || word.empty()) return "";
  std::string result = line;
  return result.replace(at, word.size(), by);
}

void check_kind(const Subject& subject, MetricFinding& found) {
  if (check_buckets(subject, found)) return;
  const core::Metric& metric = subject.metric;
  const MetricKind wanted = metric.kind;
  const std::set<PointKind>& kinds = subject.kinds;
  const std::string& line = subject.line;
  const auto wrong =
      std::find_if(kinds.begin(), kinds.end(), [&](PointKind k) { return !fits(wanted, k); });
  if (wrong != kinds.end()) {
    found.problems.push_back(fmt::format("the runbook says {}, its points are of the kind {}",
                                         word_of(metric.kind), word_of(*wrong)));
    found.suggestion = replaced(line, std::string(word_of(metric.kind)), word_of(kind_for(*wrong)));
  }
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
    if (!other.empty() && found.suggestion.empty()) {
      found.suggestion = fmt::format("arms by label \"{}\": baseline \"{}\", canary \"{}\"", other,
                                     machine.arms->baseline, machine.arms->canary);
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
      if (!meant.empty() && found.suggestion.empty()) {
        found.suggestion = replaced(line, matcher.label, meant);
      }
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
    if (!meant.empty() && found.suggestion.empty()) {
      found.suggestion = replaced(subject.line, label, meant);
    }
  }
}

void check_clock(MetricFinding& found) {
  if (*found.lag >= -core::kSkew) return;
  const auto ahead = std::chrono::floor<std::chrono::seconds>(-*found.lag);
  found.problems.push_back(fmt::format(
      "its latest point lies {} ahead of this machine's clock; what is more than {} ahead of the "
      "engine's is quarantined and judges nothing: set the sender's clock",
      core::duration_text(ahead), core::duration_text(core::kSkew)));
}

void check_layouts(const Subject& subject, MetricFinding& found) {
  const auto& layouts = subject.layouts;
  const core::Metric& metric = subject.metric;
  // Of several layouts the coarsest is what will be kept, where one is.
  const auto coarsest =
      std::min_element(layouts.begin(), layouts.end(),
                       [](const auto& a, const auto& b) { return a.size() < b.size(); });
  for (const Fixed bound : *coarsest) {
    found.edges.push_back(Fixed{bound.nanos * metric.unit.nanos / Fixed::kScale});
  }
  if (layouts.size() > 1 && !found.exponential) {
    const bool nested = std::all_of(layouts.begin(), layouts.end(), [&](const auto& layout) {
      return std::includes(layout.begin(), layout.end(), coarsest->begin(), coarsest->end());
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
