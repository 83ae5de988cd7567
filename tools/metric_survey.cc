#include "tools/metric_survey.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/wire/text.h"
#include "engine/runtime/selector.h"
#include "tools/metric_buckets.h"
#include "tools/metric_lines.h"
#include "tools/metric_names.h"
#include "tools/metric_times.h"
#include "tools/metric_units.h"

namespace rollbook::tools {
namespace {

using core::MetricKind;
using runtime::PointKind;

constexpr std::size_t kValuesShown = 5;

void note_labels(const runtime::SeriesName& name, MetricFinding& found) {
  for (const auto& [label, value] : name.labels) {
    auto& values = found.labels[label];
    if (values.size() < kValuesShown &&
        std::find(values.begin(), values.end(), value) == values.end()) {
      values.push_back(value);
    }
  }
}

void add_layouts(const SeenSeries& seen, Layouts& layouts) {
  for (const auto& [bounds, counts] : seen.layouts) {
    auto& sums = layouts[bounds];
    sums.resize(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) sums[i] += counts[i];
  }
}

bool all_fit(MetricKind kind, const std::set<PointKind>& kinds) {
  return std::all_of(kinds.begin(), kinds.end(), [&](PointKind k) { return fits(kind, k); });
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

void MetricSurvey::take(const runtime::PointBatch& batch, const Arrival& how) {
  layouts_.insert(layouts_.end(), batch.new_layouts.begin(), batch.new_layouts.end());
  for (const runtime::SeriesName& name : batch.new_series) {
    if (series_.size() <= name.number.value) series_.resize(name.number.value + 1);
    series_[name.number.value].name = name;
    names_[name.name].series.push_back(name.number.value);
  }
  for (const runtime::SeriesUnit& said : batch.new_units) {
    series_[said.series.value].unit = said.unit;
  }
  deltas_.learn(batch);
  for (const runtime::MetricPoint& point : batch.points) {
    SeenSeries& seen = series_[point.series.value];
    const auto taken = runtime::is_delta(point.kind) ? deltas_.take(batch, point) : std::nullopt;
    if (!seen.kinds.contains(point.kind)) names_[seen.name.name].kinds.insert(point.kind);
    seen.take({batch, point, layouts_, how, taken && taken->clashes});
    ++points_;
  }
}

SeenGroup MetricSurvey::of(const std::string& name) const {
  SeenGroup group;
  const auto found = names_.find(name);
  if (found == names_.end()) return group;
  for (const std::size_t number : found->second.series) {
    if (series_[number].points > 0) group.push_back(&series_[number]);
  }
  return group;
}

// ---- A name that is not there ---------------------------------------------------------------

// A histogram of which only the buckets are there.
bool MetricSurvey::is_in_pieces(const std::string& name) const {
  const std::string buckets = name + std::string(kBucketSuffix);
  return !names_.contains(name) && names_.contains(buckets) && are_buckets(of(buckets));
}

// The names that a metric of the kind could have, and none of the runbook has.
std::vector<std::string> MetricSurvey::candidates(const core::Machine& machine,
                                                  MetricKind kind) const {
  std::vector<std::string> names;
  const auto take_up = [&](const std::string& name) {
    const bool used =
        std::any_of(machine.metrics.begin(), machine.metrics.end(),
                    [&](const core::Metric& metric) { return metric.selector == name; });
    if (!used) names.push_back(name);
  };
  for (const auto& [name, seen] : names_) {
    const bool bucket = name.ends_with(kBucketSuffix) && are_buckets(of(name));
    if (!bucket && all_fit(kind, seen.kinds)) take_up(name);
    if (!bucket || kind != MetricKind::histogram) continue;
    const std::string whole = name.substr(0, name.size() - kBucketSuffix.size());
    if (!names_.contains(whole)) take_up(whole);
  }
  return names;
}

// A near one that the runbook could not read as it says: "`lat` is near, but of the kind gauge".
std::string MetricSurvey::wrong_kind(const Subject& subject) const {
  std::vector<std::string> others;
  for (const auto& [name, seen] : names_) {
    if (!all_fit(subject.metric.kind, seen.kinds)) others.push_back(name);
  }
  const NearNames near = near_names(subject.metric.selector, others);
  if (near.nearness >= Nearness::inside) return "";
  const std::string& name = near.names.front();
  if (are_buckets(of(name))) return "";
  return fmt::format("`{}` is near, but of the kind {}", adapters::printable(name),
                     word_of(*names_.at(name).kinds.begin()));
}

// Requests that are told apart by how they ended, as most servers count them: there errors have no
// name of their own, and one that is taken for silent would never be heard.
std::string MetricSurvey::errors_elsewhere(const Subject& subject) const {
  for (const core::Metric& metric : subject.machine.metrics) {
    if (metric.kind != MetricKind::counter) continue;
    for (const SeenSeries* seen : of(metric.selector)) {
      for (const auto& [label, value] : seen->name.labels) {
        if (!label.ends_with("code") && !label.ends_with("status")) continue;
        return fmt::format(
            "are errors those points of `{0}` whose `{1}` says so? Then select them by it: "
            "`{2}{{{3}=~\"5..\"}}`",
            metric.selector, adapters::printable(label), spelled(metric.selector), spelled(label));
      }
    }
  }
  return "";
}

// Nothing is near. What a healthy service has not sent yet may still come under that name.
void MetricSurvey::check_lack(const Subject& subject, std::vector<std::string> others,
                              MetricFinding& found) const {
  std::erase_if(others, [&](const std::string& other) { return is_in_pieces(other); });
  const std::string& name = subject.metric.selector;
  const std::string near = wrong_kind(subject);
  const std::string elsewhere = subject.may_lack ? errors_elsewhere(subject) : "";
  const auto kind = word_of(subject.metric.kind);
  const std::string there =
      others.empty() ? fmt::format("no other {} is there", kind)
                     : fmt::format("{}s there: {}", kind, list_of(some_names(name, others)));
  if (!subject.may_lack) {
    found.problems.push_back(
        fmt::format("no point is named `{}`, and none of the {} names seen is near to it{}; {}",
                    name, names_.size(), near.empty() ? "" : "; " + near, there));
  } else if (!near.empty()) {
    found.warnings.push_back(fmt::format("no point is named `{}`; {}", name, near));
  } else if (subject.metric.default_zero) {
    found.notes.push_back(
        fmt::format("no point is named `{}` yet; `default 0` counts that as "
                    "none{}",
                    name, elsewhere.empty() ? "" : "; " + elsewhere));
  } else if (!elsewhere.empty()) {
    found.warnings.push_back(fmt::format("no point is named `{}`; {}", name, elsewhere));
  } else {
    found.warnings.push_back(fmt::format(
        "no point is named `{}` yet; until one comes its ratios are no data, which no gate passes. "
        "If a healthy service sends none, say `default 0`; {}",
        name, there));
    propose(subject, with_clause(subject.line, "default 0"), found);
  }
}

void MetricSurvey::check_name(const Subject& subject, MetricFinding& found) const {
  const core::Metric& metric = subject.metric;
  const std::string& name = metric.selector;
  if (metric.kind == MetricKind::histogram && names_.contains(name + std::string(kBucketSuffix))) {
    found.problems.push_back(missing_whole(name, of(name + std::string(kBucketSuffix))));
    return;
  }
  const std::vector<std::string> others = candidates(subject.machine, metric.kind);
  const NearNames near = near_names(name, others);
  if (near.nearness == Nearness::none) return check_lack(subject, others, found);
  std::vector<std::string>& told = subject.may_lack ? found.warnings : found.problems;
  if (near.nearness == Nearness::inside) {
    // Too little to write it, and enough not to take the name for one that is healthy and silent.
    told.push_back(
        fmt::format("no point is named `{}`; is {} meant?", name, list_of(near.names, " or ")));
    return;
  }
  told.push_back(
      fmt::format("no point is named `{}`, did you mean {}?", name, list_of(near.names, " or ")));
  if (near.names.size() > 1) return;
  if (is_in_pieces(near.names.front())) {
    const std::string buckets = near.names.front() + std::string(kBucketSuffix);
    found.problems.push_back(missing_whole(near.names.front(), of(buckets)));
    return;
  }
  propose(subject, with_name(subject.line, name, near.names.front()), found);
}

// A runbook that names the buckets, as PromQL does, where it means what they are parts of.
bool MetricSurvey::check_buckets(const Subject& subject, MetricFinding& found) const {
  const std::string& name = subject.metric.selector;
  const SeenGroup group = of(name);
  if (subject.metric.kind != MetricKind::histogram || !are_buckets(group)) return false;
  const std::string whole = name.substr(0, name.size() - kBucketSuffix.size());
  if (is_in_pieces(whole)) {
    found.problems.push_back(missing_whole(whole, group));
    return true;
  }
  found.problems.push_back(fmt::format(
      "the points of `{}` are a counter for each bucket; the histogram that they are put together "
      "to is named `{}`",
      name, whole));
  propose(subject, with_name(subject.line, name, whole), found);
  return true;
}

// ---- A name that is there -------------------------------------------------------------------

namespace {

// Points a second, of which the first only begins: zero until a second one came.
double rate_of(const SeenSeries& seen) {
  const double span = std::chrono::duration<double>(seen.last - seen.first).count();
  return seen.points > 1 && span > 0 ? static_cast<double>(seen.points - 1) / span : 0;
}

}  // namespace

// What its series have in common.
void MetricSurvey::look(Subject& subject, core::MetricIndex index, core::Time now,
                        MetricFinding& found) const {
  const runtime::Selector selector(subject.machine);
  core::Time last = core::kDistantPast;
  for (const SeenSeries* seen : of(subject.metric.selector)) {
    subject.kinds.insert(seen->kinds.begin(), seen->kinds.end());
    add_layouts(*seen, subject.layouts);
    found.points_per_second += rate_of(*seen);
    last = std::max(last, seen->last);
    note_labels(seen->name, found);
    const std::string_view arm =
        subject.split() ? label_of(seen->name, subject.machine.arms->label) : std::string_view();
    if (!arm.empty()) ++subject.arms[std::string(arm)];
    const auto matches = selector.match(seen->name);
    const bool matches_it =
        std::any_of(matches.begin(), matches.end(),
                    [&](const runtime::Match& match) { return match.metric == index; });
    if (matches_it) subject.matched.push_back(seen);
  }
  found.series = subject.matched.size();
  found.arms.assign(subject.arms.begin(), subject.arms.end());
  for (const PointKind kind : subject.kinds) {
    found.kinds.emplace_back(word_of(kind));
    found.exponential = found.exponential || runtime::is_exponential(kind);
  }
  found.lag = now - last;
}

MetricFinding MetricSurvey::finding(Subject& subject, core::MetricIndex index,
                                    core::Time now) const {
  const core::Metric& metric = subject.metric;
  MetricFinding found;
  found.metric = metric.name;
  found.name = metric.selector;
  found.kind = word_of(metric.kind);
  found.unit = core::unit_of(subject.machine, index);
  found.seen = !of(metric.selector).empty();
  if (!found.seen) {
    check_name(subject, found);
    return found;
  }
  look(subject, index, now, found);
  if (!check_buckets(subject, found)) check_kind(subject, found);
  if (subject.split()) check_arms(subject, found);
  check_matchers(subject, found);
  check_by(subject, found);
  check_clock(subject, found, now);
  check_senders(subject, found);
  check_unit(subject, found);
  if (metric.kind != MetricKind::histogram || subject.layouts.empty()) return found;
  check_layouts(subject, found);
  if (found.edges.empty()) return found;
  found.limits = limits_of(subject.machine, index, found.edges);
  // Nobody chooses the edges of an exponential one; they lie closer than limits are meant, and
  // there are more as soon as greater values come.
  for (LimitFinding& limit : found.limits) {
    if (!found.exponential || !limit.limit) continue;
    limit.blunt = false;
    if (!limit.on_edge && !limit.high) limit.says = "the limit lies above all that was seen";
  }
  check_values(subject, found);
  return found;
}

std::vector<MetricFinding> MetricSurvey::findings(const core::Machine& machine,
                                                  const std::string& text, core::Time now) const {
  std::vector<MetricFinding> all;
  for (std::size_t m = 0; m < machine.metrics.size(); ++m) {
    const core::Metric& metric = machine.metrics[m];
    const core::MetricIndex index{static_cast<std::uint32_t>(m)};
    if (!machine.is_declared(index)) continue;
    Subject subject{machine, metric, text, line_of(text, metric.span.line), false, {}, {}, {}, {}};
    subject.may_lack = metric.default_zero || is_numerator(machine, index);
    all.push_back(finding(subject, index, now));
  }
  return all;
}

}  // namespace rollbook::tools
