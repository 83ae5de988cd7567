// What the OpenTelemetry SDK's own exporter sends (tests/peers/opentelemetry) decodes to just what
// the recorded service did, in delta and in cumulative form.

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/adapters/wire/decoding.h"
#include "tests/paths.h"

namespace rollbook::adapters::tests {
namespace {

constexpr const char* kFolder = ROLLBOOK_SOURCE_DIR "/tests/peers/opentelemetry/recorded/";
constexpr int kMessages = 12;

std::string read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

class OtlpSdkTest : public Decoding, public testing::WithParamInterface<const char*> {
 protected:
  bool is_delta() const { return std::string(GetParam()).starts_with("delta"); }

  // "hal9_requests_total flat" → how many in all; of a histogram its samples.
  std::map<std::string, std::int64_t> totals() const {
    std::map<std::string, std::int64_t> all;
    for (const runtime::MetricPoint& point : batch.points) {
      const runtime::SeriesName& series = batch.new_series[point.series.value];
      std::string name = series.name;
      for (const auto& [label, value] : series.labels) {
        if (label == "system") name += " " + value;
      }
      std::int64_t& total = all[name];
      total = is_delta() ? total + count_of(point) : count_of(point);
    }
    return all;
  }

 private:
  std::int64_t count_of(const runtime::MetricPoint& point) const {
    if (!runtime::is_histogram(point.kind)) {
      return static_cast<std::int64_t>(point.value.nanos / core::Fixed::kScale);
    }
    std::int64_t count = 0;
    if (runtime::is_exponential(point.kind)) {
      const auto histogram = runtime::exponential_at(batch.buckets, point.first_bucket);
      count = histogram.zero;
      for (const std::int64_t bucket : histogram.counts) count += bucket;
      return count;
    }
    const std::size_t buckets = batch.new_layouts[point.layout.value].size() + 1;
    for (std::size_t i = 0; i < buckets; ++i) count += batch.buckets[point.first_bucket + i];
    return count;
  }
};

TEST_P(OtlpSdkTest, DecodesToWhatTheServiceDid) {
  for (int i = 0; i < kMessages; ++i) {
    decode(read(kFolder + std::string(GetParam()) + "/" + (i < 10 ? "0" : "") + std::to_string(i) +
                ".binpb"));
  }
  EXPECT_THAT(letters, testing::IsEmpty());
  const std::string lines = read(std::string(kFolder) + "truth.jsonl");
  const std::size_t last = lines.rfind('\n', lines.size() - 2) + 1;
  const auto truth = nlohmann::json::parse(lines.substr(last));
  std::map<std::string, std::int64_t> expected;
  for (const auto& [system, happened] : truth.items()) {
    expected["hal9_requests_total " + system] = happened["requests"];
    expected["hal9_request_duration_seconds " + system] = happened["requests"];
    if (happened["errors"] > 0) expected["hal9_errors_total " + system] = happened["errors"];
  }
  EXPECT_EQ(totals(), expected);
}

INSTANTIATE_TEST_SUITE_P(Recorded, OtlpSdkTest,
                         testing::Values("delta-explicit", "delta-exponential",
                                         "cumulative-explicit", "cumulative-exponential"));

}  // namespace
}  // namespace rollbook::adapters::tests
