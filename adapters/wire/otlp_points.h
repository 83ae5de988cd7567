#pragma once
// OtlpPoints: an OTLP export request, from protobuf or from JSON, into points. Resource and scope
// attributes become labels of their points; where names meet, the point's own wins over the scope's
// over the resource's. For metric_decoder.cc only.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/wire/otlp.pb.h"
#include "adapters/wire/otlp_attributes.h"
#include "adapters/wire/otlp_wire.h"
#include "adapters/wire/point_sink.h"

namespace rollbook::adapters {

class OtlpPoints {
 public:
  explicit OtlpPoints(PointSink& sink) : sink_(sink) {}

  // Each point stands for itself: what is wrong with one leaves the others. Says what was refused,
  // with the first reason and its place ("…metrics[2] `dur`, dataPoints[0]: …"); "" for nothing.
  std::string take(const otlp::MetricsData& data);

 private:
  template <class Attributes>
  void begin_scope(const Attributes& resource, const Attributes& scope);
  void take_metric(const otlp::Metric& metric);
  template <class Data, class Point, class Take>
  void each_point(const Data& data, Point& point, Take take);
  void refuse_all(std::string reason);
  bool refuse(std::string reason);  // the point under way

  bool take_number(const OtlpNumber& data, runtime::PointKind kind);
  bool take_histogram(const OtlpHistogram& data, runtime::PointKind kind);
  bool take_exponential(const OtlpExponential& data, runtime::PointKind kind);
  bool read_exponential(const OtlpExponential& data, core::Exponential& histogram);
  bool read_times(const OtlpPoint& data, runtime::MetricPoint& point);
  bool read_sum(const OtlpPoint& data, runtime::MetricPoint& point);
  bool read_series(const OtlpPoint& data, runtime::MetricPoint& point);
  bool intern(const OtlpPoint& data, runtime::MetricPoint& point);
  bool read_bounds(const OtlpHistogram& data);
  bool read_layout(runtime::MetricPoint& point);
  void add_point(const OtlpPoint& data, const runtime::MetricPoint& point);
  void add_exemplars(const OtlpPoint& data);
  LabelRules label_rules() const;

  PointSink& sink_;
  std::string spelling_;
  std::size_t scope_spelling_ = 0;   // how much of it is the resource's and the scope's
  std::size_t metric_spelling_ = 0;  // and the metric's name
  const google::protobuf::RepeatedPtrField<std::string>* resource_ = nullptr;
  const google::protobuf::RepeatedPtrField<std::string>* scope_ = nullptr;
  std::string_view metric_name_, metric_unit_;
  // The point under way; they keep the memory of their lists.
  OtlpNumber number_;
  OtlpHistogram histogram_;
  OtlpExponential exponential_;
  std::string layout_spelling_;
  std::vector<core::Fixed> bounds_;
  // Where we are, and what was refused so far.
  int resource_index_ = 0, scope_index_ = 0, metric_index_ = 0, point_index_ = -1;
  std::string first_refusal_;
  std::size_t refused_ = 0;
};

}  // namespace rollbook::adapters
