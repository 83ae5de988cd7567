#include "tools/metric_survey.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/text.h"
#include "engine/runtime/selector.h"

namespace rollbook::tools {
namespace {

using core::Fixed;
using core::MetricKind;
using runtime::PointKind;

constexpr std::size_t kValuesShown = 5;

constexpr std::string_view kKindWords[] = {"counter", "histogram", "gauge"};
constexpr std::string_view kPointWords[] = {
    "counter (cumulative)",          "counter (delta)",      "gauge",
    "histogram (cumulative)",        "histogram (delta)",    "exponential histogram (cumulative)",
    "exponential histogram (delta)", "number without a type"};

std::string_view word_of(MetricKind kind) { return kKindWords[static_cast<std::size_t>(kind)]; }

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

std::string line_of(const std::string& text, std::uint32_t line) {
  std::size_t begin = 0;
  for (std::uint32_t i = 1; i < line && begin != std::string::npos; ++i) {
    begin = text.find('\n', begin);
    if (begin != std::string::npos) ++begin;
  }
  if (line == 0 || begin == std::string::npos) return "";
  std::string found = text.substr(begin, text.find('\n', begin) - begin);
  found.erase(0, std::min(found.find_first_not_of(" \t"), found.size()));
  return found;
}

// `line` with one word replaced behind its `=`; "" when the word is not there.
std::string replaced(const std::string& line, const std::string& word, std::string_view by) {
  const std::size_t at = line.find(word, std::min(line.find('='), line.size()));
  if (at == std::string::npos || word.empty()) return "";
  std::string result = line;
  return result.replace(at, word.size(), by);
}

std::string_view label_of(const runtime::SeriesName& name, const std::string& label) {
  for (const auto& [key, value] : name.labels) {
    if (key == label) return value;
  }
  return {};
}

void note_labels(const runtime::SeriesName& name, MetricFinding& found) {
  for (const auto& [label, value] : name.labels) {
    auto& values = found.labels[label];
    if (values.size() < kValuesShown &&
        std::find(values.begin(), values.end(), value) == values.end()) {
      values.push_back(value);
    }
  }
}

std::string list_of(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) {
    text += (text.empty() ? "`" : ", `") + adapters::printable(value) + "`";
  }
  return text;
}

std::vector<LimitFinding> limits_of(const core::Machine& machine, std::size_t metric,
                                    const std::vector<Fixed>& edges) {
  std::vector<LimitFinding> found;
  for (const core::Criterion& criterion : machine.criteria) {
    if (criterion.measure != core::Measure::quantile) continue;
    if (machine.at(machine.at(criterion.window).series).metric.value != metric) continue;
    LimitFinding limit{criterion.text, criterion.limit, false, {}, {}};
    const auto edge = std::lower_bound(edges.begin(), edges.end(), criterion.limit);
    limit.on_edge = edge != edges.end() && *edge == criterion.limit;
    if (!limit.on_edge) {
      if (edge != edges.begin()) limit.low = *std::prev(edge);
      if (edge != edges.end()) limit.high = *edge;
    }
    found.push_back(std::move(limit));
  }
  return found;
}

// What the series of one name have in common, and what the runbook wants of them.
struct Subject {
  const core::Machine& machine;
  const core::Metric& metric;
  std::string line;  // of the runbook
  std::set<PointKind> kinds;
  std::set<std::vector<Fixed>> layouts;
  std::map<std::string, std::size_t> arms;
};

constexpr std::string_view kBucketSuffix = "_bucket";

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

// Each of these says what does not fit; the first that knows one gives the line to write.
void check_kind(const Subject& subject, MetricFinding& found) {
  const core::Metric& metric = subject.metric;
  const MetricKind wanted = metric.kind;
  const std::set<PointKind>& kinds = subject.kinds;
  const std::string& line = subject.line;
  const auto wrong =
      std::find_if(kinds.begin(), kinds.end(), [&](PointKind k) { return !fits(wanted, k); });
  if (wrong != kinds.end()) {
    found.problems.push_back(fmt::format("the runbook says {}, its points are of the kind {}",
                                         word_of(metric.kind),
                                         kPointWords[static_cast<std::size_t>(*wrong)]));
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
      found.problems.push_back(fmt::format("no series has `{}` in the arm's label `{}`; seen: {}",
                                           arm, machine.arms->label, list_of(values)));
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
      found.problems.push_back(fmt::format("no series has {}=\"{}\"; values seen: {}",
                                           matcher.label, matcher.value, list_of(label->second)));
    }
  }
  if (found.series == 0 && found.problems.empty()) {
    found.problems.push_back("no series fits the runbook's matchers");
  }
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

}  // namespace

void MetricSurvey::take(const runtime::PointBatch& batch) {
  layouts_.insert(layouts_.end(), batch.new_layouts.begin(), batch.new_layouts.end());
  for (const runtime::SeriesName& name : batch.new_series) {
    if (series_.size() <= name.number.value) series_.resize(name.number.value + 1);
    series_[name.number.value].name = name;
    names_.insert(name.name);
  }
  for (const runtime::MetricPoint& point : batch.points) {
    Seen& seen = series_[point.series.value];
    ++points_;
    ++seen.points;
    seen.kinds.insert(point.kind);
    seen.first = std::min(seen.first, point.end);
    seen.last = std::max(seen.last, point.end);
    if (runtime::is_exponential(point.kind)) {
      const auto histogram = runtime::exponential_at(batch.buckets, point.first_bucket);
      seen.layouts.insert(core::grid_for(histogram, Fixed::from_int(1), {}).bounds);
    } else if (runtime::is_histogram(point.kind)) {
      seen.layouts.insert(layouts_[point.layout.value]);
    }
  }
}

MetricSurvey::Group MetricSurvey::of(const std::string& name) const {
  Group group;
  for (const Seen& seen : series_) {
    if (seen.name.name == name) group.push_back(&seen);
  }
  return group;
}

// Why there are buckets, and no histogram that they were put together to.
std::string MetricSurvey::missing_whole(const std::string& name) const {
  const std::string buckets = name + std::string(kBucketSuffix);
  std::set<std::string> edges;
  for (const Seen* seen : of(buckets)) {
    edges.insert(std::string(label_of(seen->name, "le")));
  }
  edges.erase("");
  if (edges.empty()) {
    return fmt::format("no point is named `{}`, and `{}` has no label `le`", name, buckets);
  }
  if (!edges.contains("+Inf")) {
    return fmt::format(
        "`{}` is there, but not its bucket le=\"+Inf\", without which nobody knows how many "
        "requests there were; let the sender keep it",
        buckets);
  }
  return fmt::format(
      "`{}` is there with {} buckets, but no two scrapes of it came whole; listen longer than two "
      "scrapes take: --for 2m",
      buckets, edges.size());
}

void MetricSurvey::check_name(const core::Metric& metric, const std::string& line,
                              MetricFinding& found) const {
  if (metric.kind == MetricKind::histogram &&
      names_.contains(metric.selector + std::string(kBucketSuffix))) {
    found.problems.push_back(missing_whole(metric.selector));
    return;
  }
  const std::vector<std::string_view> candidates(names_.begin(), names_.end());
  const std::string_view meant = adapters::nearest(metric.selector, candidates);
  if (!meant.empty()) {
    found.problems.push_back(fmt::format("no point is named `{}`, did you mean `{}`?",
                                         metric.selector, adapters::printable(meant)));
    found.suggestion = replaced(line, metric.selector, meant);
    return;
  }
  found.problems.push_back(fmt::format(
      "no point is named `{}`, and none of the {} names seen is near to it{}", metric.selector,
      names_.size(), metric.default_zero ? "; `default 0` counts that as none" : ""));
}

std::vector<MetricFinding> MetricSurvey::findings(const core::Machine& machine,
                                                  const std::string& text, core::Time now) const {
  const runtime::Selector selector(machine);
  std::vector<MetricFinding> all;
  for (std::size_t m = 0; m < machine.metrics.size(); ++m) {
    const core::Metric& metric = machine.metrics[m];
    if (!machine.is_declared(core::MetricIndex{static_cast<std::uint32_t>(m)})) continue;
    Subject subject{machine, metric, line_of(text, metric.span.line), {}, {}, {}};
    MetricFinding& found = all.emplace_back();
    found.metric = metric.name;
    found.name = metric.selector;
    found.kind = word_of(metric.kind);
    const Group group = of(metric.selector);
    found.seen = !group.empty();
    if (!found.seen) {
      check_name(metric, subject.line, found);
      continue;
    }
    const bool split = machine.arms && !metric.unsplit;
    core::Time first = core::kDistantFuture, last = core::kDistantPast;
    std::size_t points = 0;
    for (const Seen* seen : group) {
      subject.kinds.insert(seen->kinds.begin(), seen->kinds.end());
      subject.layouts.insert(seen->layouts.begin(), seen->layouts.end());
      points += seen->points;
      first = std::min(first, seen->first);
      last = std::max(last, seen->last);
      note_labels(seen->name, found);
      const std::string_view arm =
          split ? label_of(seen->name, machine.arms->label) : std::string_view();
      if (!arm.empty()) ++subject.arms[std::string(arm)];
      const auto matches = selector.match(seen->name);
      found.series += static_cast<std::size_t>(
          std::any_of(matches.begin(), matches.end(),
                      [&](const runtime::Match& match) { return match.metric.value == m; }));
    }
    found.arms.assign(subject.arms.begin(), subject.arms.end());
    for (const PointKind kind : subject.kinds) {
      found.kinds.emplace_back(kPointWords[static_cast<std::size_t>(kind)]);
      found.exponential = found.exponential || runtime::is_exponential(kind);
    }
    const double span = std::chrono::duration<double>(last - first).count();
    found.points_per_second = static_cast<double>(points) / std::max(span, 1.0);
    found.lag = now - last;
    if (!check_buckets(subject, found)) check_kind(subject, found);
    if (split) check_arms(subject, found);
    check_matchers(subject, found);
    if (metric.kind != MetricKind::histogram || subject.layouts.empty()) continue;
    check_layouts(subject, found);
    found.limits = limits_of(machine, m, found.edges);
  }
  return all;
}

}  // namespace rollbook::tools
