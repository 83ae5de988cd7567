#include "tests/acceptance/recorded_otlp.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "adapters/wire/otlp.pb.h"

namespace rollbook::tests {
namespace {

otlp::MetricsData read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  otlp::MetricsData data;
  EXPECT_TRUE(data.ParseFromIstream(&stream)) << path;
  return data;
}

template <class Point>
void move(google::protobuf::RepeatedPtrField<std::string>& points, std::int64_t by) {
  for (std::string& bytes : points) {
    Point point;
    ASSERT_TRUE(point.ParseFromString(bytes));
    point.set_start_time_unix_nano(point.start_time_unix_nano() + static_cast<std::uint64_t>(by));
    point.set_time_unix_nano(point.time_unix_nano() + static_cast<std::uint64_t>(by));
    bytes = point.SerializeAsString();
  }
}

}  // namespace

std::string moved(const std::string& path, std::int64_t by) {
  otlp::MetricsData data = read(path);
  for (auto& resource : *data.mutable_resource_metrics()) {
    for (auto& scope : *resource.mutable_scope_metrics()) {
      for (auto& metric : *scope.mutable_metrics()) {
        if (metric.has_sum()) {
          move<otlp::NumberDataPoint>(*metric.mutable_sum()->mutable_data_points(), by);
        } else if (metric.has_histogram()) {
          move<otlp::HistogramDataPoint>(*metric.mutable_histogram()->mutable_data_points(), by);
        } else {
          move<otlp::ExponentialHistogramDataPoint>(
              *metric.mutable_exponential_histogram()->mutable_data_points(), by);
        }
      }
    }
  }
  return data.SerializeAsString();
}

std::int64_t recorded_time(const std::string& path) {
  otlp::NumberDataPoint point;
  EXPECT_TRUE(point.ParseFromString(
      read(path).resource_metrics(0).scope_metrics(0).metrics(0).sum().data_points(0)));
  return static_cast<std::int64_t>(point.time_unix_nano());
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace rollbook::tests
