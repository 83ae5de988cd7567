#include "adapters/wire/otlp_points.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "adapters/wire/point_exemplars.h"
#include "adapters/wire/text.h"
#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

using core::Fixed;
using otlp::AggregationTemporality;
using runtime::PointKind;

constexpr std::uint32_t kNoRecordedValue = 1;  // of DataPointFlags
constexpr std::int32_t kFinestOtlpScale = 20;

// Exact to 10⁻⁹; false for what is no finite number, or beyond the limit.
bool to_fixed(double value, Fixed& out) {
  if (!(std::abs(value) <= static_cast<double>(core::kValueMax))) return false;
  const double whole = std::trunc(value);
  const auto rest = static_cast<std::int64_t>(std::llround((value - whole) * 1e9));
  out = Fixed{core::Int128{static_cast<std::int64_t>(whole)} * Fixed::kScale + rest};
  return true;
}

// With its length before it, so that no two series are spelled alike.
void append(std::string& spelling, std::string_view part) {
  const auto size = static_cast<std::uint32_t>(part.size());
  char length[sizeof size];
  std::memcpy(length, &size, sizeof size);
  spelling.append(length, sizeof size);
  spelling += part;
}

template <class Attributes>
void append_all(std::string& spelling, const Attributes& attributes) {
  for (const std::string& attribute : attributes) append(spelling, attribute);
  append(spelling, {});  // an empty attribute is none: this ends the list
}

// The sum of counts that come from outside; nothing when it is beyond the limit.
template <class Counts>
std::optional<std::int64_t> sum_of(const Counts& counts) {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) {
    if (count > static_cast<std::uint64_t>(core::kValueMax)) return std::nullopt;
    sum += count;
    if (sum > static_cast<std::uint64_t>(core::kValueMax)) return std::nullopt;
  }
  return static_cast<std::int64_t>(sum);
}

}  // namespace

std::string OtlpPoints::take(const otlp::MetricsData& data) {
  first_refusal_.clear();
  refused_ = 0;
  for (resource_index_ = 0; resource_index_ < data.resource_metrics_size(); ++resource_index_) {
    const otlp::ResourceMetrics& resource = data.resource_metrics(resource_index_);
    for (scope_index_ = 0; scope_index_ < resource.scope_metrics_size(); ++scope_index_) {
      const otlp::ScopeMetrics& scope = resource.scope_metrics(scope_index_);
      begin_scope(resource.resource().attributes(), scope.scope().attributes());
      for (metric_index_ = 0; metric_index_ < scope.metrics_size(); ++metric_index_) {
        take_metric(scope.metrics(metric_index_));
      }
    }
  }
  if (refused_ > 1) {
    first_refusal_ += fmt::format(" (and {} more points of this message)", refused_ - 1);
  }
  return std::move(first_refusal_);
}

template <class Attributes>
void OtlpPoints::begin_scope(const Attributes& resource, const Attributes& scope) {
  spelling_.assign(1, '\x01');  // no JSON begins so
  append_all(spelling_, resource);
  append_all(spelling_, scope);
  scope_spelling_ = spelling_.size();
  resource_ = &resource;
  scope_ = &scope;
}

void OtlpPoints::take_metric(const otlp::Metric& metric) {
  spelling_.resize(scope_spelling_);
  append(spelling_, metric.name());
  metric_spelling_ = spelling_.size();
  metric_name_ = metric.name();
  metric_unit_ = metric.unit();
  point_index_ = -1;
  const auto kind_of = [&](AggregationTemporality temporality, PointKind cumulative,
                           PointKind delta) -> std::optional<PointKind> {
    if (temporality == otlp::AGGREGATION_TEMPORALITY_CUMULATIVE) return cumulative;
    if (temporality == otlp::AGGREGATION_TEMPORALITY_DELTA) return delta;
    refuse_all("its aggregationTemporality is neither delta nor cumulative");
    return std::nullopt;
  };
  const auto numbers = [&](const auto& data, PointKind kind) {
    each_point(data, number_, [&](const auto& point) { return take_number(point, kind); });
  };
  switch (metric.data_case()) {
    case otlp::Metric::kGauge:
      return numbers(metric.gauge(), PointKind::gauge);
    case otlp::Metric::kSum: {
      const otlp::Sum& sum = metric.sum();
      const auto kind =
          kind_of(sum.aggregation_temporality(), PointKind::counter, PointKind::counter_delta);
      if (!kind) return;
      if (sum.is_monotonic()) return numbers(sum, *kind);
      // A sum that also falls is a level; of its changes alone no level can be told.
      if (*kind == PointKind::counter) return numbers(sum, PointKind::gauge);
      return refuse_all(
          "a sum that is not monotonic has delta temporality; send it cumulative, or as a gauge");
    }
    case otlp::Metric::kHistogram: {
      const auto kind = kind_of(metric.histogram().aggregation_temporality(), PointKind::histogram,
                                PointKind::histogram_delta);
      if (!kind) return;
      return each_point(metric.histogram(), histogram_,
                        [&](const auto& point) { return take_histogram(point, *kind); });
    }
    case otlp::Metric::kExponentialHistogram: {
      const auto& histogram = metric.exponential_histogram();
      const auto kind = kind_of(histogram.aggregation_temporality(), PointKind::exponential,
                                PointKind::exponential_delta);
      if (!kind) return;
      return each_point(histogram, exponential_,
                        [&](const auto& point) { return take_exponential(point, *kind); });
    }
    case otlp::Metric::kSummary:
      return refuse_all(
          "a summary: quantiles that others computed cannot be added up; send a histogram");
    case otlp::Metric::DATA_NOT_SET:
      return refuse_all("it has no data of a kind that is known");
  }
}

template <class Data, class Point, class Take>
void OtlpPoints::each_point(const Data& data, Point& point, Take take) {
  for (point_index_ = 0; point_index_ < data.data_points_size(); ++point_index_) {
    if (!read(data.data_points(point_index_), point)) {
      refuse("the bytes of the point cannot be read");
    } else if ((point.flags & kNoRecordedValue) == 0) {
      take(point);
    }
  }
}

void OtlpPoints::refuse_all(std::string reason) {
  point_index_ = -1;
  refuse(std::move(reason));
}

bool OtlpPoints::refuse(std::string reason) {
  if (refused_++ > 0) return false;
  first_refusal_ = fmt::format("resourceMetrics[{}].scopeMetrics[{}].metrics[{}] `{}`",
                               resource_index_, scope_index_, metric_index_,
                               printable(metric_name_.substr(0, sink_.limits.name_bytes)));
  if (point_index_ >= 0) first_refusal_ += fmt::format(", dataPoints[{}]", point_index_);
  first_refusal_ += ": " + reason;
  return false;
}

// ---- Points ---------------------------------------------------------------------------------

void OtlpPoints::add_point(const OtlpPoint& data, const runtime::MetricPoint& point) {
  sink_.batch->points.push_back(point);
  if (!data.exemplars.empty()) add_exemplars(data);
}

// One that cannot be read, or has no trace, says nothing: it is left out.
void OtlpPoints::add_exemplars(const OtlpPoint& data) {
  std::vector<runtime::PointExemplar> found;
  for (const std::string_view bytes : data.exemplars) {
    OtlpExemplar read_one;
    runtime::PointExemplar one;
    if (!read(bytes, read_one) || read_one.trace.size() != one.trace.size()) continue;
    std::memcpy(one.trace.data(), read_one.trace.data(), one.trace.size());
    const double value =
        read_one.as_int ? static_cast<double>(*read_one.as_int) : read_one.as_double.value_or(0);
    if (!is_trace(one.trace) || !to_fixed(value, one.value)) continue;
    if (read_one.time > static_cast<std::uint64_t>(core::Duration::max().count())) continue;
    one.at = read_one.time == 0
                 ? sink_.batch->points.back().end
                 : core::Time(core::Duration(static_cast<std::int64_t>(read_one.time)));
    add_labels(read_one.attributes, label_rules(), one.labels);  // as far as they can be read
    bound_labels(one.labels);
    found.push_back(std::move(one));
  }
  put_exemplars(std::move(found), *sink_.batch);
}

LabelRules OtlpPoints::label_rules() const {
  return {sink_.limits.labels, sink_.limits.name_bytes, core::kTextBytes};
}

bool OtlpPoints::read_times(const OtlpPoint& data, runtime::MetricPoint& point) {
  constexpr auto kMost = static_cast<std::uint64_t>(core::Duration::max().count());
  if (data.time > kMost || data.start > kMost) {
    return refuse("a time is beyond the year 2262");
  }
  const auto time = [](std::uint64_t nanos) {
    return core::Time(core::Duration(static_cast<std::int64_t>(nanos)));
  };
  point.offset = sink_.record->offset;
  point.end = data.time == 0 ? sink_.record->time : time(data.time);
  if (data.start == 0) return true;
  point.start = time(data.start);
  return point.start <= point.end || refuse("startTimeUnixNano lies after timeUnixNano");
}

bool OtlpPoints::take_number(const OtlpNumber& data, PointKind kind) {
  runtime::MetricPoint point;
  point.kind = kind;
  if (data.as_int) {
    if (*data.as_int > core::kValueMax || *data.as_int < -core::kValueMax) {
      return refuse(fmt::format("asInt is beyond the limit of {}", core::kValueMax));
    }
    point.value = Fixed::from_int(*data.as_int);
  } else if (!data.as_double) {
    return refuse("it has no value");
  } else if (!to_fixed(*data.as_double, point.value)) {
    return refuse(
        fmt::format("asDouble is no finite number, or beyond the limit of {}", core::kValueMax));
  }
  if (kind != PointKind::gauge && point.value.nanos < 0) {
    return refuse("the value of a monotonic sum is negative");
  }
  if (!read_times(data, point) || !read_series(data, point)) return false;
  add_point(data, point);
  return true;
}

bool OtlpPoints::read_sum(const OtlpPoint& data, runtime::MetricPoint& point) {
  return !data.sum || to_fixed(*data.sum, point.value) ||
         refuse(fmt::format("sum is no finite number, or beyond the limit of {}", core::kValueMax));
}

bool OtlpPoints::take_histogram(const OtlpHistogram& data, PointKind kind) {
  if (data.bucket_counts.size() != data.explicit_bounds.size() + 1) {
    if (data.bucket_counts.size() == 0) return refuse("it has no buckets");
    return refuse(fmt::format("bucketCounts has {} entries, {} explicitBounds need {}",
                              data.bucket_counts.size(), data.explicit_bounds.size(),
                              data.explicit_bounds.size() + 1));
  }
  if (data.bucket_counts.size() > core::kBucketsMax) {
    return refuse(fmt::format("more than {} buckets", core::kBucketsMax));
  }
  const auto sum = sum_of(data.bucket_counts);
  if (!sum) return refuse(fmt::format("bucketCounts sum up to more than {}", core::kValueMax));
  if (static_cast<std::uint64_t>(*sum) != data.count) {
    return refuse(fmt::format("count is {}, its buckets sum up to {}", data.count, *sum));
  }
  runtime::MetricPoint point;
  point.kind = kind;
  // What may grow a table comes last: a refused point leaves nothing behind.
  if (!read_times(data, point) || !read_sum(data, point) || !read_bounds(data) ||
      !read_series(data, point) || !read_layout(point)) {
    return false;
  }
  auto& buckets = sink_.batch->buckets;
  point.first_bucket = static_cast<std::uint32_t>(buckets.size());
  for (const std::uint64_t count : data.bucket_counts) {
    buckets.push_back(static_cast<std::int64_t>(count));
  }
  add_point(data, point);
  return true;
}

bool OtlpPoints::read_bounds(const OtlpHistogram& data) {
  const auto& given = data.explicit_bounds;
  layout_spelling_.assign(1, '\x02');
  layout_spelling_.append(reinterpret_cast<const char*>(given.data()),
                          given.size() * sizeof(double));
  if (sink_.table.find_layout(layout_spelling_) != nullptr) return true;
  bounds_.clear();
  for (const double bound : given) {
    Fixed value;
    if (!to_fixed(bound, value)) {
      return refuse(
          fmt::format("explicitBounds holds no finite number, or one beyond {}", core::kValueMax));
    }
    if (!bounds_.empty() && value <= bounds_.back()) {
      return refuse(fmt::format("explicitBounds must rise, {} comes after {}", format_fixed(value),
                                format_fixed(bounds_.back())));
    }
    bounds_.push_back(value);
  }
  return true;
}

bool OtlpPoints::read_layout(runtime::MetricPoint& point) {
  if (const auto* known = sink_.table.find_layout(layout_spelling_)) {
    point.layout = known->number;
    return true;
  }
  const auto layout = sink_.table.intern_layout(layout_spelling_, bounds_, *sink_.batch);
  if (!layout) return refuse(layout.error().message);
  point.layout = layout->number;
  return true;
}

bool OtlpPoints::take_exponential(const OtlpExponential& data, PointKind kind) {
  core::Exponential histogram;
  if (!read_exponential(data, histogram)) return false;
  runtime::MetricPoint point;
  point.kind = kind;
  if (!read_times(data, point) || !read_sum(data, point) || !read_series(data, point)) {
    return false;
  }
  point.first_bucket = static_cast<std::uint32_t>(sink_.batch->buckets.size());
  runtime::put_exponential(histogram, sink_.batch->buckets);
  add_point(data, point);
  return true;
}

bool OtlpPoints::read_exponential(const OtlpExponential& data, core::Exponential& histogram) {
  if (data.scale < core::kCoarsestScale || data.scale > kFinestOtlpScale) {
    return refuse(fmt::format("its scale is {}, those from {} to {} are read", data.scale,
                              core::kCoarsestScale, kFinestOtlpScale));
  }
  const auto positive = sum_of(data.positive.counts);
  const auto negative = sum_of(data.negative.counts);
  const auto all =
      positive && negative
          ? sum_of(std::array{data.zero_count, std::uint64_t(*positive), std::uint64_t(*negative)})
          : std::nullopt;
  if (!all) return refuse(fmt::format("bucketCounts sum up to more than {}", core::kValueMax));
  if (static_cast<std::uint64_t>(*all) != data.count) {
    return refuse(fmt::format("count is {}, its buckets sum up to {}", data.count, *all));
  }
  Fixed threshold;
  if (!to_fixed(data.zero_threshold, threshold) || threshold.nanos < 0 ||
      threshold.nanos > INT64_MAX) {
    return refuse("its zeroThreshold is no number from 0 to 9.2e9");
  }
  const auto& counts = data.positive.counts;
  const std::int64_t offset = data.positive.offset;
  if (offset < -INT32_MAX || offset + static_cast<std::int64_t>(counts.size()) > INT32_MAX) {
    return refuse("the offset of its positive buckets is beyond 31 bits");
  }
  histogram.scale = data.scale;
  histogram.offset = static_cast<std::int32_t>(offset);
  histogram.counts.assign(counts.begin(), counts.end());
  // Negative values lie below every limit, as zeros do.
  histogram.zero = static_cast<std::int64_t>(data.zero_count) + *negative;
  histogram.threshold_nanos = static_cast<std::int64_t>(threshold.nanos);
  trim(histogram);
  coarsen(histogram, std::min(histogram.scale, core::kExponentialScale));
  if (!clamp_to_values(histogram)) {
    return refuse(fmt::format("a bucket lies beyond the limit of {}", core::kValueMax));
  }
  return true;
}

// ---- Series ---------------------------------------------------------------------------------

bool OtlpPoints::read_series(const OtlpPoint& data, runtime::MetricPoint& point) {
  spelling_.resize(metric_spelling_);
  for (const std::string_view attribute : data.attributes) append(spelling_, attribute);
  if (const auto* known = sink_.table.find_spelling(spelling_)) {
    point.series = *known;
    return true;
  }
  return intern(data, point);
}

bool OtlpPoints::intern(const OtlpPoint& data, runtime::MetricPoint& point) {
  const std::string_view name = metric_name_;
  if (name.empty()) return refuse("the metric has no name");
  if (!simdjson::validate_utf8(name)) return refuse("the metric's name is no UTF-8");
  if (name.size() > sink_.limits.name_bytes) {
    return refuse(
        fmt::format("the metric's name is longer than {} bytes", sink_.limits.name_bytes));
  }
  const LabelRules rules = label_rules();
  Labels labels;
  std::string problem = add_labels(data.attributes, rules, labels);
  // The nearest wins: what stands farther out gives only the labels that are not there yet.
  for (const auto* outer : {scope_, resource_}) {
    if (!problem.empty()) break;
    Labels around;
    problem = add_labels({outer->begin(), outer->end()}, rules, around);
    for (auto& label : around) {
      const bool there = std::any_of(labels.begin(), labels.end(),
                                     [&](const auto& known) { return known.first == label.first; });
      if (!there) labels.push_back(std::move(label));
    }
  }
  if (!problem.empty()) return refuse(std::move(problem));
  if (labels.size() > rules.labels) return refuse(fmt::format("more than {} labels", rules.labels));
  const std::size_t known = sink_.batch->new_series.size();
  const auto number =
      sink_.table.intern(spelling_, std::string(name), std::move(labels), *sink_.batch);
  if (!number) return refuse(number.error().message);
  point.series = *number;
  if (sink_.batch->new_series.size() > known && !metric_unit_.empty() &&
      metric_unit_.size() <= sink_.limits.name_bytes) {
    sink_.batch->new_units.push_back({*number, std::string(metric_unit_)});
  }
  return true;
}

}  // namespace rollbook::adapters
