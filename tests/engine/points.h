#pragma once
// Points: batches as the decoder would hand them over, for tests of the runtime.
//
//   Points points;
//   const auto requests = points.series("req", {{"v", "new"}});
//   table.learn(points.batch());
//   table.take(points.batch(), points.counter(requests, kBegin + 1s, 10));

#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/metric_point.h"

namespace rollbook::runtime::tests {

using namespace std::chrono_literals;
using core::Fixed;
using core::Time;

inline constexpr Time kBegin{std::chrono::seconds(1767571200)};  // 2026-01-05T00:00Z
using Labels = std::vector<std::pair<std::string, std::string>>;

inline SeriesName series_name(std::uint32_t number, std::string name, Labels labels = {}) {
  return SeriesName{SeriesNumber{number}, std::move(name), std::move(labels)};
}

class Points {
 public:
  explicit Points(std::string topic = "metrics") { batch_.topic = std::move(topic); }

  // Names are numbered in the order of these calls, as are layouts.
  SeriesNumber series(std::string name, Labels labels = {}) {
    const SeriesNumber number{series_++};
    batch_.new_series.push_back(series_name(number.value, std::move(name), std::move(labels)));
    return number;
  }
  LayoutNumber layout(const std::vector<std::int64_t>& bounds_ms) {
    std::vector<Fixed> bounds;
    for (const std::int64_t bound : bounds_ms)
      bounds.push_back(Fixed{core::Int128{bound} * 1'000'000});
    batch_.new_layouts.push_back(bounds);
    return LayoutNumber{layouts_++};
  }

  // Each is the one point of a record of its own.
  MetricPoint& add(PointKind kind, SeriesNumber series, Time end, std::int64_t value,
                   Time start = core::kDistantPast) {
    MetricPoint point;
    point.series = series;
    point.kind = kind;
    point.start = start;
    point.end = end;
    point.value = Fixed::from_int(value);
    point.offset = batch_.next_offset++;
    return batch_.points.emplace_back(point);
  }
  MetricPoint& counter(SeriesNumber series, Time end, std::int64_t value,
                       Time start = core::kDistantPast) {
    return add(PointKind::counter, series, end, value, start);
  }
  MetricPoint& delta(SeriesNumber series, Time end, std::int64_t value,
                     Time start = core::kDistantPast) {
    return add(PointKind::counter_delta, series, end, value, start);
  }
  MetricPoint& gauge(SeriesNumber series, Time end, std::int64_t value) {
    return add(PointKind::gauge, series, end, value);
  }
  MetricPoint& histogram(PointKind kind, SeriesNumber series, LayoutNumber layout, Time end,
                         std::vector<std::int64_t> buckets, Time start = core::kDistantPast) {
    MetricPoint& point = add(kind, series, end, 0, start);
    point.layout = layout;
    point.first_bucket = static_cast<std::uint32_t>(batch_.buckets.size());
    batch_.buckets.insert(batch_.buckets.end(), buckets.begin(), buckets.end());
    return point;
  }

  MetricPoint& exponential(PointKind kind, SeriesNumber series, Time end,
                           const core::Exponential& histogram, Time start = core::kDistantPast) {
    MetricPoint& point = add(kind, series, end, 0, start);
    point.first_bucket = static_cast<std::uint32_t>(batch_.buckets.size());
    put_exponential(histogram, batch_.buckets);
    return point;
  }

  const PointBatch& batch() const { return batch_; }
  // The batch so far; the next goes on at its offsets and numbers.
  PointBatch take() {
    PointBatch taken = std::move(batch_);
    batch_ = PointBatch{};
    batch_.topic = taken.topic;
    batch_.partition = taken.partition;
    batch_.next_offset = taken.next_offset;
    return taken;
  }
  void partition(std::int32_t number) { batch_.partition = number; }
  void next_offset(std::int64_t offset) { batch_.next_offset = offset; }

 private:
  PointBatch batch_;
  std::uint32_t series_ = 0;
  std::uint32_t layouts_ = 0;
};

}  // namespace rollbook::runtime::tests
