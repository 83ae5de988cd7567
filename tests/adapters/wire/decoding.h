#pragma once
// Decoding: a decoder with what it has handed over so far, for the tests of the formats.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "adapters/wire/metric_decoder.h"
#include "adapters/wire/text.h"

namespace rollbook::adapters::tests {

class Decoding : public testing::Test {
 protected:
  void decode(std::string_view message, MetricFormat format = MetricFormat::automatic) {
    decoder.decode({"metrics", 3, offset++, *parse_time("2026-01-05T10:00:07Z"), "", message},
                   batch, letters, format);
  }
  // The reason of the only dead letter of `message`, which must leave everything as it was.
  std::string reason(std::string_view message, MetricFormat format = MetricFormat::automatic) {
    const std::size_t points = batch.points.size();
    const std::size_t buckets = batch.buckets.size();
    const std::size_t series = batch.new_series.size();
    const std::size_t layouts = batch.new_layouts.size();
    letters.clear();
    decode(message, format);
    EXPECT_EQ(batch.points.size(), points) << message;
    EXPECT_EQ(batch.buckets.size(), buckets) << message;
    EXPECT_EQ(batch.new_series.size(), series) << message;
    EXPECT_EQ(batch.new_layouts.size(), layouts) << message;
    return letters.size() == 1 ? letters[0].reason : "letters: " + std::to_string(letters.size());
  }

  // "name{a=1,b=2} (start, end] kind value [bounds] [counts]"
  std::string describe(const runtime::MetricPoint& point) const {
    static constexpr const char* kKinds[] = {"counter",           "counter_delta",   "gauge",
                                             "histogram",         "histogram_delta", "exponential",
                                             "exponential_delta", "untyped"};
    std::string text = name_of(point) + " (";
    text += point.start == core::kDistantPast
                ? "-"
                : std::to_string(point.start.time_since_epoch().count());
    text += ", " + std::to_string(point.end.time_since_epoch().count()) + "] ";
    text += kKinds[static_cast<std::size_t>(point.kind)];
    text += " " + format_fixed(point.value);
    if (runtime::is_exponential(point.kind)) {
      const auto histogram = runtime::exponential_at(batch.buckets, point.first_bucket);
      return text + " scale " + std::to_string(histogram.scale) + " offset " +
             std::to_string(histogram.offset) + " zero " + std::to_string(histogram.zero) + " " +
             list(histogram.counts, [](auto count) { return std::to_string(count); });
    }
    if (!runtime::is_histogram(point.kind)) return text;
    const auto& bounds = batch.new_layouts[point.layout.value];
    const auto first = batch.buckets.begin() + point.first_bucket;
    const std::vector<std::int64_t> counts(first,
                                           first + static_cast<std::ptrdiff_t>(bounds.size()) + 1);
    return text + " " + list(bounds, format_fixed) + " " +
           list(counts, [](auto count) { return std::to_string(count); });
  }
  std::vector<std::string> all() const {
    std::vector<std::string> lines;
    for (const runtime::MetricPoint& point : batch.points) lines.push_back(describe(point));
    return lines;
  }

  MetricDecoder decoder;
  runtime::PointBatch batch;
  std::vector<DeadLetter> letters;
  std::int64_t offset = 81;

 private:
  std::string name_of(const runtime::MetricPoint& point) const {
    const runtime::SeriesName& series = batch.new_series[point.series.value];
    std::string text = series.name + "{";
    for (const auto& [label, value] : series.labels) {
      text += (text.back() == '{' ? "" : ",") + label + "=" + value;
    }
    return text + "}";
  }
  template <class List, class Write>
  static std::string list(const List& entries, Write write) {
    std::string text = "[";
    for (const auto& entry : entries) text += (text.size() > 1 ? ", " : "") + write(entry);
    return text + "]";
  }
};

}  // namespace rollbook::adapters::tests
