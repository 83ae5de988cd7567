#pragma once
// InfluxLines: InfluxDB's line protocol, as Telegraf's kafka output writes it by default:
//
//   cpu,host=a,cpu=cpu0 usage_idle=98.2,count=7i 1767607200000000000
//
// Tags are labels; each field that is a number or a boolean is a point named measurement_field,
// texts are no metrics. Whether a number counts or is a level the line does not say. For
// metric_decoder.cc only.

#include <string>
#include <string_view>
#include <vector>

#include "adapters/wire/point_sink.h"

namespace rollbook::adapters {

class InfluxLines {
 public:
  explicit InfluxLines(PointSink& sink) : sink_(sink) {}

  // Takes all points of the line, or none: then the sink's problem is set.
  bool decode(std::string_view line);

 private:
  struct Value {
    std::string_view key;  // as it stands
    core::Fixed number;
  };
  bool read_fields(std::string_view line);
  bool read_value(std::string_view token, core::Fixed& value, bool& number);
  bool read_time(std::string_view token);
  bool read_series(const Value& value, runtime::MetricPoint& point);
  bool read_head(Labels& labels, std::string& measurement);

  PointSink& sink_;
  std::string_view head_;  // measurement and tags
  std::vector<Value> values_;
  core::Time time_{};
  std::string spelling_;
};

}  // namespace rollbook::adapters
