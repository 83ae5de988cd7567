// The shape is that of prometheus-kafka-adapter's README: one object a sample, its value as text.

#include <gmock/gmock.h>

#include "tests/adapters/wire/decoding.h"

namespace rollbook::adapters::tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using PrometheusTest = Decoding;

TEST_F(PrometheusTest, ReadsTheAdaptersExample) {
  decode(R"({
  "timestamp": "1970-01-01T00:00:00Z",
  "value": "9876543210",
  "name": "up",

  "labels": {
    "__name__": "up",
    "label1": "value1",
    "label2": "value2"
  }
})");
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(all(), ElementsAre("up{label1=value1,label2=value2} (-, 0] untyped 9876543210"));
}

TEST_F(PrometheusTest, ReadsManyAMessageAndFindsASeriesAgain) {
  decode(
      R"({"timestamp":"2026-01-05T10:00:00Z","value":"0.25","name":"load","labels":{"__name__":"load","a":"1"}})"
      "\n"
      R"({"timestamp":"2026-01-05T10:01:00Z","value":"-1.5e-3","name":"load","labels":{"__name__":"load","a":"1"}})",
      MetricFormat::prometheus);
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(all(), ElementsAre("load{a=1} (-, 1767607200000000000] untyped 0.25",
                                 "load{a=1} (-, 1767607260000000000] untyped -0.0015"));
  EXPECT_EQ(batch.new_series.size(), 1U);
}

TEST_F(PrometheusTest, ANumberThatIsNoneWasNotRecorded) {
  decode(R"({"timestamp":"2026-01-05T10:00:00Z","value":"NaN","name":"up","labels":{}})");
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(batch.points, IsEmpty());
}

TEST_F(PrometheusTest, WhatIsNoSampleSaysWhy) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {R"({"timestamp":"2026-01-05T10:00:00Z","name":"up"})",
       "line 1, column 1: `value` is missing"},
      {R"({"timestamp":"2026-01-05T10:00:00Z","name":"up","value":1})",
       "line 1, column 57: `value` is not a text"},
      {R"({"timestamp":"2026-01-05T10:00:00Z","name":"up","value":"+Inf"})",
       "line 1, column 58: `value` is not a number"},
      {R"({"timestamp":"2026-01-05T10:00:00Z","name":"up","value":""})",
       "line 1, column 57: `value` is empty"},
      {R"({"timestamp":"noon","name":"up","value":"1"})",
       "line 1, column 14: `timestamp` is neither RFC 3339 nor integer nanoseconds"},
      {R"({"timestamp":"2026-01-05T10:00:00Z","name":"","value":"1"})",
       "line 1, column 44: `name` is empty"},
  };
  for (const auto& [line, expected] : table) EXPECT_EQ(reason(line), expected) << line;
}

TEST_F(PrometheusTest, OneShapeIsNotTakenForTheOther) {
  EXPECT_EQ(reason(R"({"metric":"m","kind":"gauge","value":1})", MetricFormat::prometheus),
            "line 1, column 1: `name` is missing");
  EXPECT_EQ(reason(R"({"timestamp":"2026-01-05T10:00:00Z","value":"1","name":"up"})",
                   MetricFormat::rollbook),
            "line 1, column 1: `metric` is missing");
}

}  // namespace
}  // namespace rollbook::adapters::tests
