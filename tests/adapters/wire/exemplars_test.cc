// Exemplars of OTLP points, from both encodings.

#include <gmock/gmock.h>

#include "adapters/wire/otlp.pb.h"
#include "engine/core/limits.h"
#include "tests/adapters/wire/decoding.h"

namespace rollbook::adapters::tests {
namespace {

using testing::IsEmpty;

std::string trace(char last) { return std::string(15, '\x0a') + last; }

class ExemplarsTest : public Decoding {
 protected:
  otlp::HistogramDataPoint& point() {
    if (data.resource_metrics_size() == 0) {
      otlp::Metric& metric = *data.add_resource_metrics()->add_scope_metrics()->add_metrics();
      metric.set_name("m");
      metric.mutable_histogram()->set_aggregation_temporality(otlp::AGGREGATION_TEMPORALITY_DELTA);
      points_ = metric.mutable_histogram();
    }
    point_.set_time_unix_nano(5'000'000'000);
    point_.set_count(1);
    point_.add_bucket_counts(1);
    return point_;
  }
  void add(double value, const std::string& of, std::uint64_t time = 4'000'000'000) {
    otlp::Exemplar exemplar;
    exemplar.set_time_unix_nano(time);
    exemplar.set_as_double(value);
    exemplar.set_trace_id(of);
    exemplar.SerializeToString(point_.add_exemplars());
  }
  void send() {
    point_.SerializeToString(points_->add_data_points());
    std::string bytes;
    data.SerializeToString(&bytes);
    decode(bytes);
    EXPECT_THAT(letters, IsEmpty());
  }

  otlp::MetricsData data;

 private:
  otlp::HistogramDataPoint point_;
  otlp::Histogram* points_ = nullptr;
};

TEST_F(ExemplarsTest, CarryValueTimeAndTrace) {
  point();
  add(0.25, trace('\x01'));
  send();
  ASSERT_EQ(batch.exemplars.size(), 1U);
  const runtime::PointExemplar& one = batch.exemplars[0];
  EXPECT_EQ(one.point, 0U);
  EXPECT_EQ(one.value, core::Fixed::from_nanos(250'000'000));
  EXPECT_EQ(one.at, core::Time(std::chrono::seconds(4)));
  EXPECT_EQ(std::string(one.trace.begin(), one.trace.end()), trace('\x01'));
}

TEST_F(ExemplarsTest, WithoutATimeHaveTheirPoints) {
  point();
  add(1, trace('\x01'), 0);
  send();
  EXPECT_EQ(batch.exemplars.at(0).at, core::Time(std::chrono::seconds(5)));
}

TEST_F(ExemplarsTest, WithoutATraceSayNothing) {
  point();
  add(1, "");
  add(1, "short");
  add(1, std::string(16, '\0'));
  add(std::numeric_limits<double>::quiet_NaN(), trace('\x01'));
  send();
  EXPECT_THAT(batch.exemplars, IsEmpty());
  EXPECT_EQ(batch.points.size(), 1U);
}

TEST_F(ExemplarsTest, AreTheHighestOfTheirPoint) {
  point();
  for (int i = 0; i < 20; ++i) add(i, trace(static_cast<char>(i)));
  send();
  ASSERT_EQ(batch.exemplars.size(), core::kExemplars);
  EXPECT_EQ(batch.exemplars.front().value, core::Fixed::from_int(19));
  EXPECT_EQ(batch.exemplars.back().value, core::Fixed::from_int(15));
}

TEST_F(ExemplarsTest, CarryTheAttributesThatAreNotOfTheirSeries) {
  otlp::Exemplar exemplar;
  exemplar.set_as_int(3);
  exemplar.set_trace_id(trace('\x01'));
  otlp::KeyValue attribute;
  attribute.set_key("route");
  attribute.mutable_value()->set_string_value("/pay");
  attribute.SerializeToString(exemplar.add_filtered_attributes());
  attribute.mutable_value()->set_string_value("\xff");  // no UTF-8: left out
  attribute.SerializeToString(exemplar.add_filtered_attributes());
  exemplar.SerializeToString(point().add_exemplars());
  send();
  EXPECT_THAT(batch.exemplars.at(0).labels, testing::ElementsAre(testing::Pair("route", "/pay")));
}

// Beyond the limits they are passed over, and cost their point nothing.
TEST_F(ExemplarsTest, AreBoundedInAPointAndInABatch) {
  point();
  for (std::size_t i = 0; i < 2 * core::kExemplarsOfPoint; ++i) {
    add(static_cast<double>(i), trace('\x01'));
  }
  send();
  EXPECT_EQ(batch.exemplars.front().value,
            core::Fixed::from_int(static_cast<std::int64_t>(core::kExemplarsOfPoint) - 1));
  for (int i = 0; i < 300; ++i) send();
  EXPECT_EQ(batch.exemplars.size(), core::kExemplarsOfBatch);
}

TEST_F(ExemplarsTest, ComeFromJsonToo) {
  decode(
      R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","sum":{"isMonotonic":true,)"
      R"("aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"5000000000","asInt":"3",)"
      R"("exemplars":[{"timeUnixNano":"4000000000","asInt":"1","traceId":"0af7651916cd43dd8448eb211c80319c",)"
      R"("filteredAttributes":[{"key":"route","value":{"stringValue":"/pay"}}]},)"
      R"({"asInt":"1","traceId":"no hex digits at all, 32 of them"}]}]}}]}]}]})");
  EXPECT_THAT(letters, IsEmpty());
  ASSERT_EQ(batch.exemplars.size(), 1U);
  EXPECT_EQ(batch.exemplars[0].value, core::Fixed::from_int(1));
  EXPECT_EQ(batch.exemplars[0].trace[0], 0x0a);
  EXPECT_EQ(batch.exemplars[0].trace[15], 0x9c);
  EXPECT_THAT(batch.exemplars[0].labels, testing::ElementsAre(testing::Pair("route", "/pay")));
}

}  // namespace
}  // namespace rollbook::adapters::tests
