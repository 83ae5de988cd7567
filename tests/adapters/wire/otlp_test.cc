#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <memory>

#include "adapters/wire/otlp.pb.h"
#include "tests/adapters/wire/decoding.h"

namespace rollbook::adapters::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void put(const std::string& key, const otlp::AnyValue& value,
         google::protobuf::RepeatedPtrField<std::string>& attributes) {
  otlp::KeyValue attribute;
  attribute.set_key(key);
  *attribute.mutable_value() = value;
  attribute.SerializeToString(attributes.Add());
}
void put(const std::string& key, const std::string& text,
         google::protobuf::RepeatedPtrField<std::string>& attributes) {
  otlp::AnyValue value;
  value.set_string_value(text);
  put(key, value, attributes);
}

class OtlpTest : public Decoding {
 protected:
  OtlpTest() { metric().set_name("m"); }
  otlp::ResourceMetrics& resource() {
    return data.resource_metrics_size() == 0 ? *data.add_resource_metrics()
                                             : *data.mutable_resource_metrics(0);
  }
  otlp::ScopeMetrics& scope() {
    return resource().scope_metrics_size() == 0 ? *resource().add_scope_metrics()
                                                : *resource().mutable_scope_metrics(0);
  }
  otlp::Metric& metric() {
    return scope().metrics_size() == 0 ? *scope().add_metrics() : *scope().mutable_metrics(0);
  }
  // A point whose bytes go to `data_points` when the message is sent.
  template <class Point>
  Point& add(google::protobuf::RepeatedPtrField<std::string>& data_points) {
    auto made = std::make_unique<Point>();
    Point& point = *made;
    pending_.emplace_back(&data_points, std::move(made));
    return point;
  }
  otlp::NumberDataPoint& gauge(double value) {
    auto& point = add<otlp::NumberDataPoint>(*metric().mutable_gauge()->mutable_data_points());
    point.set_time_unix_nano(7);
    point.set_as_double(value);
    return point;
  }
  otlp::NumberDataPoint& sum(
      std::int64_t value, bool monotonic = true,
      otlp::AggregationTemporality temporality = otlp::AGGREGATION_TEMPORALITY_CUMULATIVE) {
    metric().mutable_sum()->set_is_monotonic(monotonic);
    metric().mutable_sum()->set_aggregation_temporality(temporality);
    auto& point = add<otlp::NumberDataPoint>(*metric().mutable_sum()->mutable_data_points());
    point.set_time_unix_nano(7);
    point.set_as_int(value);
    return point;
  }
  otlp::HistogramDataPoint& histogram(std::vector<double> bounds,
                                      std::vector<std::uint64_t> counts) {
    metric().mutable_histogram()->set_aggregation_temporality(otlp::AGGREGATION_TEMPORALITY_DELTA);
    auto& point =
        add<otlp::HistogramDataPoint>(*metric().mutable_histogram()->mutable_data_points());
    point.set_time_unix_nano(7);
    point.mutable_explicit_bounds()->Add(bounds.begin(), bounds.end());
    point.mutable_bucket_counts()->Add(counts.begin(), counts.end());
    std::uint64_t count = 0;
    for (const std::uint64_t bucket : counts) count += bucket;
    point.set_count(count);
    return point;
  }
  otlp::ExponentialHistogramDataPoint& exponential(std::int32_t scale, std::int32_t first,
                                                   std::vector<std::uint64_t> counts) {
    metric().mutable_exponential_histogram()->set_aggregation_temporality(
        otlp::AGGREGATION_TEMPORALITY_CUMULATIVE);
    auto& point = add<otlp::ExponentialHistogramDataPoint>(
        *metric().mutable_exponential_histogram()->mutable_data_points());
    point.set_time_unix_nano(7);
    point.set_scale(scale);
    point.mutable_positive()->set_offset(first);
    std::uint64_t count = 0;
    for (const std::uint64_t bucket : counts) {
      point.mutable_positive()->add_bucket_counts(bucket);
      count += bucket;
    }
    point.set_count(count);
    return point;
  }
  std::string bytes() {
    for (auto& [list, point] : pending_) point->SerializeToString(list->Add());
    pending_.clear();
    return data.SerializeAsString();
  }
  void decode_data() { decode(bytes(), MetricFormat::otlp); }
  // Why the only point is refused; the message and the metric it is in come before.
  std::string refused() {
    std::string why = reason(bytes(), MetricFormat::otlp);
    data.Clear();
    metric().set_name("m");
    const std::string begin = "resourceMetrics[0].scopeMetrics[0].metrics[0] `m`";
    EXPECT_THAT(why, testing::StartsWith(begin));
    return why.substr(std::min(begin.size(), why.size()));
  }

  otlp::MetricsData data;

 private:
  std::vector<std::pair<google::protobuf::RepeatedPtrField<std::string>*,
                        std::unique_ptr<google::protobuf::MessageLite>>>
      pending_;
};

// ---- Series -------------------------------------------------------------------------------------

TEST_F(OtlpTest, AttributesOfResourceAndScopeAreLabelsAndTheNearestWins) {
  put("service.name", "hal9", *resource().mutable_resource()->mutable_attributes());
  put("region", "eu-1", *resource().mutable_resource()->mutable_attributes());
  put("region", "eu-2", *scope().mutable_scope()->mutable_attributes());
  put("library", "http", *scope().mutable_scope()->mutable_attributes());
  put("library", "grpc", *gauge(1).mutable_attributes());
  decode_data();
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(all(), ElementsAre("m{library=grpc,region=eu-2,service.name=hal9} (-, 7] gauge 1"));
}

TEST_F(OtlpTest, ValuesThatAreNoTextsAreWrittenOut) {
  auto& attributes = *gauge(1).mutable_attributes();
  otlp::AnyValue value;
  value.set_bool_value(true);
  put("a", value, attributes);
  value.set_int_value(-7);
  put("b", value, attributes);
  value.set_double_value(0.5);
  put("c", value, attributes);
  value.set_bytes_value("hi");
  put("d", value, attributes);
  value.mutable_array_value()->add_values()->set_string_value("x\"y");
  value.mutable_array_value()->add_values()->set_int_value(2);
  put("e", value, attributes);
  auto& entry = *value.mutable_kvlist_value()->add_values();
  entry.set_key("k");
  entry.mutable_value()->set_bool_value(false);
  put("f", value, attributes);
  put("g", otlp::AnyValue(), attributes);
  decode_data();
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(
      batch.new_series[0].labels,
      ElementsAre(testing::Pair("a", "true"), testing::Pair("b", "-7"), testing::Pair("c", "0.5"),
                  testing::Pair("d", "\"aGk=\""), testing::Pair("e", R"(["x\"y",2])"),
                  testing::Pair("f", R"({"k":false})"), testing::Pair("g", "")));
}

TEST_F(OtlpTest, TheOrderOfAttributesMakesNoSeries) {
  auto& one = gauge(1);
  put("a", "1", *one.mutable_attributes());
  put("b", "2", *one.mutable_attributes());
  auto& other = gauge(2);
  put("b", "2", *other.mutable_attributes());
  put("a", "1", *other.mutable_attributes());
  // The same bytes, cut elsewhere between resource and point, are another series.
  put("a", "1", *resource().mutable_resource()->mutable_attributes());
  decode_data();
  EXPECT_EQ(batch.new_series.size(), 1U);
  EXPECT_EQ(batch.points.size(), 2U);
}

TEST_F(OtlpTest, WhatCanBeNoLabelSaysWhy) {
  put("", "x", *gauge(1).mutable_attributes());
  EXPECT_EQ(refused(), ", dataPoints[0]: an attribute has no key");
  put("a\xff", "x", *gauge(1).mutable_attributes());
  EXPECT_EQ(refused(), ", dataPoints[0]: the key of an attribute is no UTF-8");
  put("a", "\xff", *gauge(1).mutable_attributes());
  EXPECT_EQ(refused(), ", dataPoints[0]: attribute `a` is no UTF-8");
  put("a", std::string(5000, 'x'), *gauge(1).mutable_attributes());
  EXPECT_EQ(refused(),
            ", dataPoints[0]: attribute `a` is longer than its limit (256 bytes, its value 4096)");
  auto& twice = gauge(1);
  put("a", "1", *twice.mutable_attributes());
  put("a", "2", *twice.mutable_attributes());
  EXPECT_EQ(refused(), ", dataPoints[0]: label `a` is given twice");
  *gauge(1).add_attributes() = "\x0a\x05x";
  EXPECT_EQ(refused(), ", dataPoints[0]: an attribute cannot be read");
  auto& many = gauge(1);
  for (int i = 0; i < 65; ++i) put("a" + std::to_string(i), "", *many.mutable_attributes());
  EXPECT_EQ(refused(), ", dataPoints[0]: more than 64 labels");
  gauge(1);
  metric().clear_name();
  decode_data();
  EXPECT_THAT(letters.back().reason, HasSubstr("the metric has no name"));
}

// ---- Numbers ------------------------------------------------------------------------------------

TEST_F(OtlpTest, ASumIsACounterUnlessItMayFall) {
  sum(5).set_start_time_unix_nano(3);
  sum(6, true, otlp::AGGREGATION_TEMPORALITY_CUMULATIVE).set_time_unix_nano(0);
  decode_data();
  metric().clear_sum();
  sum(7, true, otlp::AGGREGATION_TEMPORALITY_DELTA);
  decode_data();
  metric().clear_sum();
  sum(-8, false);
  decode_data();
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(all(), ElementsAre("m{} (3, 7] counter 5", "m{} (-, 1767607207000000000] counter 6",
                                 "m{} (-, 7] counter_delta 7", "m{} (-, 7] gauge -8"));
}

TEST_F(OtlpTest, ANumberIsExactToANano) {
  gauge(0.1);
  gauge(-123456.789);
  gauge(1e15);
  gauge(2.5e-10);
  decode_data();
  EXPECT_THAT(all(), ElementsAre("m{} (-, 7] gauge 0.1", "m{} (-, 7] gauge -123456.789",
                                 "m{} (-, 7] gauge 1000000000000000", "m{} (-, 7] gauge 0"));
}

TEST_F(OtlpTest, WhereNothingWasRecordedThereIsNoPoint) {
  gauge(1).set_flags(1);
  gauge(2).set_flags(2);  // a flag that is not known
  auto& empty = gauge(3);
  empty.clear_value();
  empty.set_flags(1);
  decode_data();
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(all(), ElementsAre("m{} (-, 7] gauge 2"));
}

TEST_F(OtlpTest, WhatIsNoNumberOrNoSumSaysWhy) {
  for (const double value : {std::nan(""), std::numeric_limits<double>::infinity(), -1.1e15}) {
    gauge(value);
    EXPECT_EQ(refused(),
              ", dataPoints[0]: asDouble is no finite number, or beyond the limit of "
              "1000000000000000");
  }
  sum(std::numeric_limits<std::int64_t>::min(), false);
  EXPECT_EQ(refused(), ", dataPoints[0]: asInt is beyond the limit of 1000000000000000");
  sum(-1);
  EXPECT_EQ(refused(), ", dataPoints[0]: the value of a monotonic sum is negative");
  gauge(1).clear_value();
  EXPECT_EQ(refused(), ", dataPoints[0]: it has no value");
  gauge(1).set_start_time_unix_nano(8);
  EXPECT_EQ(refused(), ", dataPoints[0]: startTimeUnixNano lies after timeUnixNano");
  gauge(1).set_time_unix_nano(std::uint64_t{1} << 63);
  EXPECT_EQ(refused(), ", dataPoints[0]: a time is beyond the year 2262");
  sum(1, true, otlp::AGGREGATION_TEMPORALITY_UNSPECIFIED);
  EXPECT_EQ(refused(), ": its aggregationTemporality is neither delta nor cumulative");
  sum(1, false, otlp::AGGREGATION_TEMPORALITY_DELTA);
  EXPECT_THAT(refused(), HasSubstr("not monotonic has delta temporality; send it cumulative"));
  EXPECT_EQ(refused(), ": it has no data of a kind that is known");
}

TEST_F(OtlpTest, ASummaryIsRefusedAndSaysWhatToSend) {
  metric().mutable_summary();
  EXPECT_EQ(refused(),
            ": a summary: quantiles that others computed cannot be added up; send a histogram");
}

TEST_F(OtlpTest, APointThatIsRefusedLeavesTheOthers) {
  gauge(1);
  gauge(std::nan(""));
  gauge(2);
  gauge(std::nan(""));
  decode_data();
  EXPECT_EQ(batch.points.size(), 2U);
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_THAT(letters[0].reason, HasSubstr("dataPoints[1]"));
  EXPECT_THAT(letters[0].reason, HasSubstr("(and 1 more points of this message)"));
  EXPECT_EQ(letters[0].offset, 81);
}

// ---- Histograms ---------------------------------------------------------------------------------

TEST_F(OtlpTest, AHistogramIsKeptOnItsOwnBuckets) {
  histogram({0.005, 0.01}, {3, 2, 1}).set_sum(0.25);
  decode_data();
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(all(), ElementsAre("m{} (-, 7] histogram_delta 0.25 [0.005, 0.01] [3, 2, 1]"));
}

TEST_F(OtlpTest, WhatIsNoHistogramSaysWhyAndLeavesNothingBehind) {
  histogram({}, {});
  EXPECT_EQ(refused(), ", dataPoints[0]: it has no buckets");
  histogram({1}, {1});
  EXPECT_EQ(refused(), ", dataPoints[0]: bucketCounts has 1 entries, 1 explicitBounds need 2");
  histogram({1}, {1, 2}).set_count(4);
  EXPECT_EQ(refused(), ", dataPoints[0]: count is 4, its buckets sum up to 3");
  histogram({2, 1}, {1, 2, 3});
  EXPECT_EQ(refused(), ", dataPoints[0]: explicitBounds must rise, 1 comes after 2");
  histogram({std::nan("")}, {1, 2});
  EXPECT_THAT(refused(), HasSubstr("explicitBounds holds no finite number"));
  histogram({1}, {std::numeric_limits<std::uint64_t>::max(), 2});
  EXPECT_THAT(refused(), HasSubstr("bucketCounts sum up to more than 1000000000000000"));
  histogram({1}, {1, 2}).set_sum(std::nan(""));
  EXPECT_THAT(refused(), HasSubstr("sum is no finite number"));
  std::vector<double> bounds(512);
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<double>(i);
  histogram(bounds, std::vector<std::uint64_t>(513));
  EXPECT_EQ(refused(), ", dataPoints[0]: more than 512 buckets");
}

TEST_F(OtlpTest, AnExponentialHistogramIsBroughtToTheScaleThatIsKept) {
  auto& point = exponential(6, -5, {0, 1, 0, 2, 4, 8, 0});
  point.set_zero_count(3);
  point.mutable_negative()->add_bucket_counts(2);
  point.set_count(20);
  point.set_zero_threshold(std::ldexp(1.0, -128));
  decode_data();
  EXPECT_THAT(letters, IsEmpty());
  // Buckets -4, -2, -1 and 0 of scale 6 are -1, -1, -1 and 0 of scale 4; what is negative is zero.
  EXPECT_THAT(all(), ElementsAre("m{} (-, 7] exponential 0 scale 4 offset -1 zero 5 [7, 8]"));
}

TEST_F(OtlpTest, ValuesBelowANanoAreZero) {
  exponential(0, -1000, {1, 1});
  exponential(0, -31, {1, 2});
  decode_data();
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(all(), ElementsAre("m{} (-, 7] exponential 0 scale 0 offset 0 zero 2 []",
                                 "m{} (-, 7] exponential 0 scale 0 offset -30 zero 1 [2]"));
}

TEST_F(OtlpTest, WhatIsNoExponentialHistogramSaysWhy) {
  exponential(-4, 0, {1});
  EXPECT_EQ(refused(), ", dataPoints[0]: its scale is -4, those from -3 to 20 are read");
  exponential(21, 0, {1});
  EXPECT_EQ(refused(), ", dataPoints[0]: its scale is 21, those from -3 to 20 are read");
  exponential(4, 0, {1, 2}).set_count(2);
  EXPECT_EQ(refused(), ", dataPoints[0]: count is 2, its buckets sum up to 3");
  exponential(0, 49, {1, 1});
  EXPECT_EQ(refused(), ", dataPoints[0]: a bucket lies beyond the limit of 1000000000000000");
  exponential(20, std::numeric_limits<std::int32_t>::max(), {1});
  EXPECT_THAT(refused(), HasSubstr("the offset of its positive buckets is beyond 31 bits"));
  exponential(0, 0, {1}).set_zero_threshold(-1);
  EXPECT_THAT(refused(), HasSubstr("its zeroThreshold is no number"));
}

// Numbers packed or one by one, unknown fields, and a field of another type than is known: as
// protobuf itself has it.
TEST_F(OtlpTest, APointMayBeWrittenInOtherWays) {
  using namespace std::string_literals;
  auto& sum = *metric().mutable_gauge();
  const std::string time = "\x19\x07\0\0\0\0\0\0\0"s;
  const std::string five = "\x31\x05\0\0\0\0\0\0\0"s;
  *sum.add_data_points() = five + "\xfa\x01\x02hi"s + "\xfd\x01\1\2\3\4"s + time + "\x20\x05"s;
  decode_data();
  metric().mutable_histogram()->set_aggregation_temporality(otlp::AGGREGATION_TEMPORALITY_DELTA);
  const std::string one = "\x31\x01\0\0\0\0\0\0\0"s, two = "\x31\x02\0\0\0\0\0\0\0"s;
  const std::string bound = "\x39\0\0\0\0\0\0\xf0\x3f"s, count = "\x21\x03\0\0\0\0\0\0\0"s;
  *metric().mutable_histogram()->add_data_points() = one + bound + two + count + time;
  decode_data();
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(all(), ElementsAre("m{} (-, 7] gauge 5", "m{} (-, 7] histogram_delta 0 [1] [1, 2]"));
}

TEST_F(OtlpTest, ADamagedPointIsRefusedAlone) {
  gauge(1);
  *metric().mutable_gauge()->add_data_points() = "\x19\x07";
  const std::string message = bytes();
  decode(message, MetricFormat::otlp);
  EXPECT_EQ(batch.points.size(), 1U);
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_THAT(letters[0].reason, HasSubstr("dataPoints[0]: the bytes of the point cannot be read"));
}

// ---- Damage -------------------------------------------------------------------------------------

TEST_F(OtlpTest, DamagedBytesSayWhere) {
  EXPECT_EQ(reason("\x0A\x05hello"),
            "no OTLP message: byte 4, in resourceMetrics: a field of a type that is not known");
  EXPECT_EQ(reason("\x0A\x7f"), "no OTLP message: byte 0: a field of 127 bytes, 0 are left");
  EXPECT_EQ(reason("\x0A\x04\x12\x02\x12\x05"),
            "no OTLP message: byte 4, in resourceMetrics.scopeMetrics: a field of 5 bytes, 0 are "
            "left");
  EXPECT_EQ(reason("\x0A\xff\xff"), "no OTLP message: byte 0: a length does not end");
}

// ---- JSON ---------------------------------------------------------------------------------------

std::string json(const std::string& metric) {
  return R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[)" + metric + "]}]}]}";
}

TEST_F(OtlpTest, JsonHasIntegersAsTextsAndEnumsAsNames) {
  decode(json(R"({"name":"a","unit":"1","sum":{"isMonotonic":true,"aggregationTemporality":1,
      "dataPoints":[{"timeUnixNano":7,"asInt":5,"exemplars":[{"asInt":9}]}]}},
    {"name":"b","sum":{"isMonotonic":true,"aggregationTemporality":"AGGREGATION_TEMPORALITY_CUMULATIVE",
      "dataPoints":[{"startTimeUnixNano":"3","timeUnixNano":"7","asInt":"6"}]}},
    {"name":"c","gauge":{"dataPoints":[{"timeUnixNano":"7","asDouble":"0.5"},
      {"timeUnixNano":"7","asDouble":2,"flags":1},{"timeUnixNano":"7","asDouble":3,"flags":0}]}},
    {"name":"d","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"7","count":"3",
      "sum":1,"bucketCounts":["1",2],"explicitBounds":[1]}]}},
    {"name":"e","exponentialHistogram":{"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA",
      "dataPoints":[{"timeUnixNano":"7","count":3,"scale":2,"zeroCount":"1",
      "positive":{"offset":-3,"bucketCounts":["2"]}}]}})"));
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(all(), ElementsAre("a{} (-, 7] counter_delta 5", "b{} (3, 7] counter 6",
                                 "c{} (-, 7] gauge 0.5", "c{} (-, 7] gauge 3",
                                 "d{} (-, 7] histogram 1 [1] [1, 2]",
                                 "e{} (-, 7] exponential_delta 0 scale 2 offset -3 zero 1 [2]"));
}

TEST_F(OtlpTest, AUnitComesWithTheFirstPointOfASeries) {
  metric().set_unit("ms");
  gauge(1);
  gauge(2);
  decode_data();
  ASSERT_EQ(batch.new_units.size(), 1U);
  EXPECT_EQ(batch.new_units[0].series, batch.new_series[0].number);
  EXPECT_EQ(batch.new_units[0].unit, "ms");
  decode(json(R"({"name":"a","unit":"s","gauge":{"dataPoints":[{"timeUnixNano":7,"asInt":5}]}},
    {"name":"b","gauge":{"dataPoints":[{"timeUnixNano":7,"asInt":5}]}},
    {"name":"c","unit":7,"gauge":{"dataPoints":[{"timeUnixNano":7,"asInt":5}]}})"));
  EXPECT_THAT(letters, IsEmpty());  // of a unit that is no text nothing is known
  ASSERT_EQ(batch.new_units.size(), 2U);
  EXPECT_EQ(batch.new_units[1].unit, "s");
  EXPECT_EQ(batch.new_series.size(), 4U);
}

TEST_F(OtlpTest, JsonIsKnownByItsKeyWhereverItStands) {
  decode(R"({"schema":"x","resourceMetrics":[]})");
  decode(" { \"resourceMetrics\" : [ ] }");
  EXPECT_THAT(letters, IsEmpty());
}

TEST_F(OtlpTest, JsonThatIsNotOtlpsSaysWhere) {
  const std::pair<std::string, std::string_view> table[] = {
      {json("7"), "resourceMetrics[0].scopeMetrics[0].metrics[0] is not an object"},
      {json(R"({"name":7})"), "resourceMetrics[0].scopeMetrics[0].metrics[0].name is not a text"},
      {json(R"({"name":"m","sum":{"aggregationTemporality":"OFTEN"}})"),
       "resourceMetrics[0].scopeMetrics[0].metrics[0].sum.aggregationTemporality is no "
       "temporality"},
      {json(R"({"name":"m","gauge":{"dataPoints":[{"asInt":"1e3"}]}})"),
       "resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0].asInt is not a whole "
       "number that fits"},
      {json(R"({"name":"m","gauge":{"dataPoints":[{"asDouble":"NaN"}]}})"),
       "resourceMetrics[0].scopeMetrics[0].metrics[0] `m`, dataPoints[0]: asDouble is no finite "
       "number, or beyond the limit of 1000000000000000"},
      {R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":"b"}]}}]})",
       "resourceMetrics[0].resource.attributes[0].value is not an object"},
  };
  for (const auto& [message, expected] : table) {
    EXPECT_EQ(reason(message), "line 1, column 1: " + std::string(expected));
  }
  EXPECT_EQ(reason(R"({"resourceMetrics":[}]})"), "line 1, column 21: expected a value");
  EXPECT_EQ(reason(R"({"metric":"m"})", MetricFormat::otlp_json),
            "line 1, column 1: `resourceMetrics` is missing");
}

TEST_F(OtlpTest, JsonThatNestsWithoutEndIsRefused) {
  std::string value = R"({"intValue":1})";
  for (int i = 0; i < 200; ++i) value = R"({"arrayValue":{"values":[)" + value + "]}}";
  EXPECT_THAT(reason(R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":)" +
                     value + "}]}}]}"),
              HasSubstr("nested deeper than 64"));
}

}  // namespace
}  // namespace rollbook::adapters::tests
