#include "tools/scenario/recording.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "adapters/wire/metric_decoder.h"
#include "engine/runtime/selector.h"

namespace rollbook::tools {

using adapters::Whose;
using core::Fixed;
using core::Int128;
using core::Time;
using runtime::MetricPoint;
using runtime::PointKind;

namespace {

// The decoder was given one line only, and knows it as the first.
std::string of_the_line(const std::string& reason) {
  constexpr std::string_view kFirst = "line 1, ";
  return reason.starts_with(kFirst) ? ", " + reason.substr(kFirst.size()) : ": " + reason;
}

}  // namespace

core::Result<Recording> Recording::read(const core::Machine& machine, const std::string& text) {
  Recording recording(machine);
  adapters::MetricDecoder decoder;
  runtime::PointBatch all;
  std::vector<runtime::PointExemplar> exemplars;
  std::int64_t line_number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    ++line_number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    std::vector<adapters::DeadLetter> letters;
    const std::size_t before = all.points.size();
    decoder.decode({"metrics", 0, line_number, core::kDistantPast, "", line}, all, letters);
    const std::string at = "line " + std::to_string(line_number);
    if (!letters.empty()) return core::fail(at + of_the_line(letters.front().reason));
    for (std::size_t i = before; i < all.points.size(); ++i) {
      if (all.points[i].end == core::kDistantPast) {
        return core::fail(at + ": a recorded metric needs its `time`");
      }
    }
    // A decoder leaves out what is too much for one batch; a recording is many.
    std::move(all.exemplars.begin(), all.exemplars.end(), std::back_inserter(exemplars));
    all.exemplars.clear();
  }
  if (all.points.empty()) return core::fail("no metrics were recorded there");
  recording.put_in_order(std::move(all.points), std::move(exemplars));
  recording.names_ = std::move(all.new_series);
  recording.layouts_ = std::move(all.new_layouts);
  recording.buckets_ = std::move(all.buckets);
  recording.learn();
  return recording;
}

void Recording::put_in_order(std::vector<MetricPoint> points,
                             std::vector<runtime::PointExemplar> exemplars) {
  std::vector<std::uint32_t> order(points.size()), place(points.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return points[a].end < points[b].end; });
  for (const std::uint32_t from : order) {
    place[from] = static_cast<std::uint32_t>(points_.size());
    points_.push_back(points[from]);
  }
  exemplars_ = std::move(exemplars);
  for (runtime::PointExemplar& exemplar : exemplars_) exemplar.point = place[exemplar.point];
  std::stable_sort(exemplars_.begin(), exemplars_.end(),
                   [](const auto& a, const auto& b) { return a.point < b.point; });
}

void Recording::learn() {
  const runtime::Selector selector(machine_);
  for (const runtime::SeriesName& name : names_) {
    Known& known = known_.emplace_back();
    for (const runtime::Match& match : selector.match(name)) known.feeds.push_back(match.metric);
    for (const auto& [label, value] : name.labels) {
      for (std::uint32_t i = 0; i < machine_.targets.size(); ++i) {
        const core::Target& target = machine_.targets[i];
        if (label == target.label && value == target.value) known.target = core::TargetIndex{i};
      }
      if (!machine_.arms || label != machine_.arms->label) continue;
      if (value == machine_.arms->canary) known.whose = Whose::canary;
      if (value == machine_.arms->baseline) known.whose = Whose::baseline;
    }
  }
}

std::vector<std::string> Recording::unfed() const {
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < machine_.metrics.size(); ++i) {
    const bool fed = std::any_of(known_.begin(), known_.end(), [&](const Known& known) {
      return std::find(known.feeds.begin(), known.feeds.end(), core::MetricIndex{i}) !=
             known.feeds.end();
    });
    if (!fed) names.push_back(machine_.metrics[i].name);
  }
  return names;
}

std::string Recording::exponential() const {
  for (const MetricPoint& point : points_) {
    const Known& known = known_[point.series.value];
    if (runtime::is_exponential(point.kind) && !known.feeds.empty()) {
      return machine_.at(known.feeds.front()).name;
    }
  }
  return "";
}

core::Status Recording::lay_over_errors() {
  TRY(const auto healthy, adapters::healthy_series(machine_, 1));
  const runtime::Selector selector(machine_);
  for (const adapters::WireSeries& series : healthy) {
    if (series.ceilings.empty()) continue;
    runtime::SeriesName name{{}, series.name, series.labels};
    // Told apart from what was recorded under the same labels.
    name.labels.emplace_back("rollbook_fault", "errors");
    std::sort(name.labels.begin(), name.labels.end());
    for (const core::Criterion& criterion : machine_.criteria) {
      if (criterion.measure != core::Measure::ratio) continue;
      const core::MetricIndex metric = machine_.at(machine_.at(criterion.window).series).metric;
      const auto matches = selector.match(name);
      const bool counts = std::any_of(matches.begin(), matches.end(),
                                      [&](const auto& match) { return match.metric == metric; });
      if (!counts) continue;
      Errors errors;
      errors.denominator = machine_.at(machine_.at(criterion.denominator).series).metric;
      errors.whose = series.whose;
      errors.target = series.target;
      name.number = runtime::SeriesNumber{static_cast<std::uint32_t>(names_.size())};
      errors.number = name.number.value;
      errors_.push_back(errors);
      names_.push_back(std::move(name));
      break;
    }
  }
  if (errors_.empty()) return core::fail("no ratio of the runbook is one that errors could raise");
  return {};
}

Time Recording::next() const {
  return next_ < points_.size() ? points_[next_].end : core::kDistantFuture;
}

void Recording::suffer(const adapters::FaultClock& faults, Time now) {
  for (std::size_t i = 0; i < troubles_.size(); ++i) {
    const core::TargetIndex target =
        i == 0 ? core::TargetIndex{} : core::TargetIndex{static_cast<std::uint32_t>(i - 1)};
    for (const Whose whose : {Whose::all, Whose::canary, Whose::baseline}) {
      troubles_[i][static_cast<std::size_t>(whose)] = faults.trouble_of(whose, target, now);
    }
  }
}

void Recording::run_until(Time now, runtime::PointBatch& batch) {
  while (next() <= now) {
    const Time time = next();
    if (next_ == 0) {
      batch.new_series = names_;
      batch.new_layouts = layouts_;
    }
    for (; next_ < points_.size() && points_[next_].end == time; ++next_) {
      const std::size_t before = batch.points.size();
      put(points_[next_], batch);
      put_exemplars(batch, batch.points.size() > before);
    }
    put_errors(batch, time);
    batch.topic = "metrics";
    batch.next_offset = ++offset_;
  }
}

// Of a cumulative series since the last point, or all that a delta says. A fall is a restart.
Int128 Recording::increment(Known& known, const MetricPoint& point) const {
  if (point.kind == PointKind::counter_delta) return point.value.nanos;
  if (point.kind != PointKind::counter) return 0;
  const Int128 before = std::exchange(known.value, point.value.nanos);
  return point.value.nanos >= before ? point.value.nanos - before : point.value.nanos;
}

void Recording::put(const MetricPoint& recorded, runtime::PointBatch& batch) {
  Known& known = known_[recorded.series.value];
  const Int128 more = increment(known, recorded);
  for (Errors& errors : errors_) {
    const auto& feeds = known.feeds;
    const bool counts = errors.whose == known.whose && errors.target == known.target &&
                        std::find(feeds.begin(), feeds.end(), errors.denominator) != feeds.end();
    if (!counts) continue;
    errors.count += more * trouble(errors.whose, errors.target).errors.nanos / Fixed::kScale;
  }
  if (trouble(known.whose, known.target).silent) return;
  MetricPoint point = recorded;
  point.offset = offset_;
  if (runtime::is_exponential(point.kind)) {
    point.first_bucket = static_cast<std::uint32_t>(batch.buckets.size());
    runtime::put_exponential(runtime::exponential_at(buckets_, recorded.first_bucket),
                             batch.buckets);
  } else if (is_histogram(point.kind)) {
    return put_buckets(point, batch);
  }
  batch.points.push_back(point);
}

// Those of the point that was just `sent`, or left out. A request that is slower is so in its
// exemplar as well.
void Recording::put_exemplars(runtime::PointBatch& batch, bool sent) {
  const MetricPoint& of = points_[next_];
  const Known& known = known_[of.series.value];
  const bool slows = is_histogram(of.kind) && !runtime::is_exponential(of.kind);
  const Fixed factor = slows ? trouble(known.whose, known.target).latency : Fixed::from_int(1);
  for (; next_exemplar_ < exemplars_.size(); ++next_exemplar_) {
    if (exemplars_[next_exemplar_].point != next_) return;
    if (!sent) continue;
    runtime::PointExemplar exemplar = exemplars_[next_exemplar_];
    exemplar.point = static_cast<std::uint32_t>(batch.points.size() - 1);
    exemplar.value.nanos = exemplar.value.nanos * factor.nanos / Fixed::kScale;
    batch.exemplars.push_back(std::move(exemplar));
  }
}

void Recording::put_buckets(const MetricPoint& recorded, runtime::PointBatch& batch) {
  Known& known = known_[recorded.series.value];
  const std::vector<Fixed>& bounds = layouts_[recorded.layout.value];
  const auto from = buckets_.begin() + static_cast<std::ptrdiff_t>(recorded.first_bucket);
  std::vector<std::int64_t> counts(from, from + static_cast<std::ptrdiff_t>(bounds.size() + 1));
  const Fixed factor = trouble(known.whose, known.target).latency;
  if (recorded.kind == PointKind::histogram_delta) {
    counts = slowed(bounds, counts, factor);
  } else {
    std::vector<std::int64_t> more = counts;
    const bool goes_on = known.buckets.size() == counts.size() &&
                         std::equal(counts.begin(), counts.end(), known.buckets.begin(),
                                    [](std::int64_t now, std::int64_t was) { return now >= was; });
    for (std::size_t i = 0; goes_on && i < more.size(); ++i) more[i] -= known.buckets[i];
    if (!goes_on) known.slowed.assign(counts.size(), 0);
    known.buckets = std::move(counts);
    more = slowed(bounds, more, factor);
    for (std::size_t i = 0; i < more.size(); ++i) known.slowed[i] += more[i];
    counts = known.slowed;
  }
  MetricPoint point = recorded;
  point.first_bucket = static_cast<std::uint32_t>(batch.buckets.size());
  batch.buckets.insert(batch.buckets.end(), counts.begin(), counts.end());
  batch.points.push_back(point);
}

void Recording::put_errors(runtime::PointBatch& batch, Time now) {
  for (const Errors& errors : errors_) {
    if (trouble(errors.whose, errors.target).silent) continue;
    MetricPoint point;
    point.series = runtime::SeriesNumber{errors.number};
    point.kind = PointKind::counter;
    point.start = begin();
    point.end = now;
    point.value = Fixed{errors.count / Fixed::kScale * Fixed::kScale};
    point.offset = offset_;
    batch.points.push_back(point);
  }
}

std::vector<std::int64_t> slowed(const std::vector<Fixed>& bounds,
                                 const std::vector<std::int64_t>& counts, Fixed factor) {
  if (factor.nanos == Fixed::kScale) return counts;
  std::vector<std::int64_t> result;
  std::int64_t before = 0;
  std::int64_t total = 0;
  for (const std::int64_t count : counts) total += count;
  for (const Fixed bound : bounds) {
    // As many as took no longer than bound / factor, on a straight line within each bucket.
    const Int128 at = bound.nanos * Fixed::kScale / factor.nanos;
    std::int64_t within = 0;
    Int128 low = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      const Int128 high = bounds[i].nanos;
      if (at < high) {
        if (at > low) within += static_cast<std::int64_t>(counts[i] * (at - low) / (high - low));
        break;
      }
      within += counts[i];
      low = high;
    }
    result.push_back(within - before);
    before = within;
  }
  result.push_back(total - before);
  return result;
}

}  // namespace rollbook::tools
