#include "tools/metric_survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "adapters/wire/text.h"
#include "engine/runtime/selector.h"
#include "tools/metric_checks.h"

namespace rollbook::tools {
namespace {

using core::Fixed;
using core::MetricKind;
using runtime::PointKind;

constexpr std::size_t kValuesShown = 5;
constexpr std::size_t kTimesTold = 2;  // once is a restart

// Numbers without a type may be totals; a gauge's going back and forth is looked at by nobody.
bool is_cumulative(PointKind kind) {
  return kind == PointKind::counter || kind == PointKind::histogram ||
         kind == PointKind::exponential || kind == PointKind::untyped;
}

// What a cumulative point counts: of a histogram of explicit buckets its observations, of an
// exponential one the sum of its values, which only rises too.
Fixed total_of(const runtime::MetricPoint& point, const runtime::PointBatch& batch,
               std::size_t edges) {
  if (point.kind != PointKind::histogram) return point.value;
  std::int64_t count = 0;
  for (std::size_t i = 0; i <= edges; ++i) count += batch.buckets[point.first_bucket + i];
  return Fixed::from_int(count);
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

// Slips of the hand: letters that are wrong, left out or too many.
std::size_t slips(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

// A metric that is only ever counted as a part of another: without it there is no breach.
bool is_numerator(const core::Machine& machine, core::MetricIndex metric) {
  const auto is_it = [&](core::WindowIndex window) {
    return window.valid() && machine.at(machine.at(window).series).metric == metric;
  };
  bool found = false;
  for (const core::Criterion& criterion : machine.criteria) {
    const bool ratio = criterion.measure == core::Measure::ratio;
    if (criterion.measure == core::Measure::absent &&
        machine.at(criterion.series).metric == metric) {
      return false;
    }
    if (is_it(criterion.denominator) || is_it(criterion.other_denominator)) return false;
    if (!is_it(criterion.window) && !is_it(criterion.other)) continue;
    if (!ratio) return false;
    found = true;
  }
  return found;
}

}  // namespace

bool MetricFinding::is_doubtful() const {
  return !warnings.empty() || std::any_of(limits.begin(), limits.end(),
                                          [](const LimitFinding& limit) { return limit.blunt; });
}

void MetricSurvey::take(const runtime::PointBatch& batch) {
  layouts_.insert(layouts_.end(), batch.new_layouts.begin(), batch.new_layouts.end());
  for (const runtime::SeriesName& name : batch.new_series) {
    if (series_.size() <= name.number.value) series_.resize(name.number.value + 1);
    series_[name.number.value].name = name;
    names_.insert(name.name);
  }
  deltas_.learn(batch);
  for (const runtime::MetricPoint& point : batch.points) {
    Seen& seen = series_[point.series.value];
    follow(batch, point, seen);
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

void MetricSurvey::follow(const runtime::PointBatch& batch, const runtime::MetricPoint& point,
                          Seen& seen) {
  if (is_cumulative(point.kind)) {
    const bool explicit_ = point.kind == PointKind::histogram;
    const std::size_t edges = explicit_ ? layouts_[point.layout.value].size() : 0;
    return follow_total(point.end, total_of(point, batch, edges), seen);
  }
  if (point.kind == PointKind::gauge) {
    if (point.end == seen.last && point.value != seen.total) ++seen.clashed;
    if (point.end > seen.last) seen.total = point.value;
    return;
  }
  const auto taken = deltas_.take(batch, point);
  if (taken && taken->clashes) ++seen.overlaps;
}

void MetricSurvey::follow_total(core::Time end, Fixed total, Seen& seen) {
  if (end == seen.last && total != seen.total) ++seen.clashed;
  if (end <= seen.last) return;
  const bool first = seen.last == core::kDistantPast;
  const bool falls = !first && total < seen.total;
  if (seen.fell && total >= seen.top) ++seen.returned;
  if (falls) seen.top = seen.total;
  seen.fell = falls;
  seen.total = total;
}

// Of totals: two that send under one set of labels look like one that restarts with every point,
// and each restart counts its whole total once more. Of intervals and gauges one is left out.
void MetricSurvey::check_senders(MetricKind kind, const Group& matched, MetricFinding& found) {
  const bool gauge = kind == MetricKind::gauge;
  const char* const one_counts = "of each two only one counts";
  const char* const restarts = "each fall counts as a restart, with all that stands behind it";
  for (const Seen* seen : matched) {
    const std::string labels = "{" + adapters::printable(runtime::labels_text(seen->name)) + "}";
    std::string how, cost = gauge ? one_counts : restarts;
    std::size_t count = std::max(seen->clashed, gauge ? 0 : seen->returned);
    if (!gauge && seen->overlaps > 0) {
      how = "intervals of " + labels + " overlap";
      cost = one_counts;
      count = seen->overlaps;
    } else if (count < kTimesTold) {
      continue;
    } else if (!gauge && seen->returned == count) {
      how = "the total of " + labels + " goes back and forth";
    } else {
      how = (gauge ? "the gauge " : "the total of ") + labels + " has two values at one moment";
    }
    found.problems.push_back(
        fmt::format("{}, {}: two senders under one set of labels; {}. Give each a label of its "
                    "own, such as `service.instance.id` or `instance`",
                    how, count == 1 ? "once" : fmt::format("{} times", count), cost));
    return;
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

// The one name that differs by a slip or two, and that is not another metric of the runbook.
std::string MetricSurvey::meant(const core::Machine& machine, const std::string& name) const {
  const std::size_t most = name.size() < 8 ? 1 : 2;
  std::string best;
  std::size_t least = most + 1;
  for (const std::string& candidate : names_) {
    const bool used =
        std::any_of(machine.metrics.begin(), machine.metrics.end(),
                    [&](const core::Metric& metric) { return metric.selector == candidate; });
    const std::size_t longer = std::max(name.size(), candidate.size());
    if (used || longer - std::min(name.size(), candidate.size()) > most) continue;
    const std::size_t distance = slips(name, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

void MetricSurvey::check_name(const Subject& subject, MetricFinding& found) const {
  const core::Metric& metric = subject.metric;
  if (metric.kind == MetricKind::histogram &&
      names_.contains(metric.selector + std::string(kBucketSuffix))) {
    found.problems.push_back(missing_whole(metric.selector));
    return;
  }
  std::vector<std::string>& told = subject.may_lack ? found.warnings : found.problems;
  const std::string near = meant(subject.machine, metric.selector);
  if (!near.empty()) {
    told.push_back(fmt::format("no point is named `{}`, did you mean `{}`?", metric.selector,
                               adapters::printable(near)));
    found.suggestion = replaced(subject.line, metric.selector, near);
  } else if (metric.default_zero) {
    found.notes.push_back(fmt::format("no point is named `{}` yet; `default 0` counts that as none",
                                      metric.selector));
  } else if (subject.may_lack) {
    told.push_back(fmt::format(
        "no point is named `{}` yet; until one comes its ratios are no data, which no gate passes. "
        "If a healthy service sends none, say `default 0`",
        metric.selector));
    if (!subject.line.empty()) {
      found.suggestion = without_comment(subject.line) + " default 0";
    }
  } else {
    told.push_back(
        fmt::format("no point is named `{}`, and none of the {} names seen is near to it",
                    metric.selector, names_.size()));
  }
}

std::vector<MetricFinding> MetricSurvey::findings(const core::Machine& machine,
                                                  const std::string& text, core::Time now) const {
  const runtime::Selector selector(machine);
  std::vector<MetricFinding> all;
  for (std::size_t m = 0; m < machine.metrics.size(); ++m) {
    const core::Metric& metric = machine.metrics[m];
    const core::MetricIndex index{static_cast<std::uint32_t>(m)};
    if (!machine.is_declared(index)) continue;
    Subject subject{machine, metric, line_of(text, metric.span.line), false, {}, {}, {}};
    subject.may_lack = metric.default_zero || is_numerator(machine, index);
    MetricFinding& found = all.emplace_back();
    found.metric = metric.name;
    found.name = metric.selector;
    found.kind = word_of(metric.kind);
    found.unit = core::unit_of(machine, index);
    const Group group = of(metric.selector);
    found.seen = !group.empty();
    if (!found.seen) {
      check_name(subject, found);
      continue;
    }
    const bool split = machine.arms && !metric.unsplit;
    core::Time first = core::kDistantFuture, last = core::kDistantPast;
    std::size_t points = 0;
    Group matched;
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
      const bool matches_it =
          std::any_of(matches.begin(), matches.end(),
                      [&](const runtime::Match& match) { return match.metric == index; });
      if (matches_it) matched.push_back(seen);
    }
    found.series = matched.size();
    found.arms.assign(subject.arms.begin(), subject.arms.end());
    for (const PointKind kind : subject.kinds) {
      found.kinds.emplace_back(word_of(kind));
      found.exponential = found.exponential || runtime::is_exponential(kind);
    }
    const double span = std::chrono::duration<double>(last - first).count();
    found.points_per_second = static_cast<double>(points) / std::max(span, 1.0);
    found.lag = now - last;
    check_kind(subject, found);
    if (split) check_arms(subject, found);
    check_matchers(subject, found);
    check_by(subject, found);
    check_clock(found);
    check_senders(metric.kind, matched, found);
    if (metric.kind != MetricKind::histogram || subject.layouts.empty()) continue;
    check_layouts(subject, found);
    if (found.edges.empty()) continue;
    found.limits = limits_of(machine, index, found.edges);
    // Nobody chooses the edges of an exponential one; they lie closer than limits are meant.
    for (LimitFinding& limit : found.limits) {
      if (found.exponential && limit.high) limit.blunt = false;
    }
  }
  return all;
}

}  // namespace rollbook::tools
