#include "adapters/wire/metric_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "adapters/wire/text.h"
#include "engine/core/limits.h"

namespace rollbook::adapters {
namespace {

using core::Fixed;
using core::Time;
using runtime::MetricPoint;
using runtime::PointBatch;
using runtime::PointKind;
using namespace std::chrono_literals;

const Time kRecordTime = *parse_time("2026-01-05T10:00:07Z");

class MetricDecoderTest : public testing::Test {
 protected:
  void decode(std::string_view message, MetricFormat format = MetricFormat::automatic) {
    decoder_.decode({"metrics", 3, offset_++, kRecordTime, "", message}, batch_, letters_, format);
  }
  // The reason of the only dead letter of `message`; everything else must be left as it was.
  std::string reason(std::string_view message) {
    const std::size_t points = batch_.points.size();
    const std::size_t buckets = batch_.buckets.size();
    const std::size_t series = batch_.new_series.size();
    const std::size_t layouts = batch_.new_layouts.size();
    letters_.clear();
    decode(message);
    EXPECT_EQ(batch_.points.size(), points) << message;
    EXPECT_EQ(batch_.buckets.size(), buckets) << message;
    EXPECT_EQ(batch_.new_series.size(), series) << message;
    EXPECT_EQ(batch_.new_layouts.size(), layouts) << message;
    return letters_.size() == 1 ? letters_[0].reason
                                : "letters: " + std::to_string(letters_.size());
  }

  MetricDecoder decoder_;
  PointBatch batch_;
  std::vector<DeadLetter> letters_;
  std::int64_t offset_ = 81;
};

TEST_F(MetricDecoderTest, ReadsTheContractsCounter) {
  decode(
      R"({"metric":"hal9_requests_total","labels":{"system":"hierarchical"},"kind":"counter","value":120345,"time":"2026-01-05T10:00:00Z"})");
  ASSERT_THAT(letters_, testing::IsEmpty());
  ASSERT_EQ(batch_.points.size(), 1U);
  const MetricPoint& point = batch_.points[0];
  EXPECT_EQ(point.kind, PointKind::counter);
  EXPECT_TRUE(point.value == Fixed::from_int(120345));
  EXPECT_EQ(format_time(point.end), "2026-01-05T10:00:00Z");
  EXPECT_EQ(point.start, core::kDistantPast);
  EXPECT_EQ(point.offset, 81);
  ASSERT_EQ(batch_.new_series.size(), 1U);
  EXPECT_EQ(batch_.new_series[0].name, "hal9_requests_total");
  EXPECT_THAT(batch_.new_series[0].labels,
              testing::ElementsAre(testing::Pair("system", "hierarchical")));
  EXPECT_EQ(batch_.topic, "metrics");
  EXPECT_EQ(batch_.partition, 3);
  EXPECT_EQ(batch_.next_offset, 82);
  EXPECT_GT(batch_.bytes, 100U);
}

TEST_F(MetricDecoderTest, ReadsTheContractsHistogram) {
  decode(R"({"metric":"hal9_request_duration_seconds","labels":{"system":"hierarchical"},
 "kind":"histogram_delta","bounds":[0.005,0.01,0.025,0.05,0.1],"counts":[900,80,15,4,1,0],"sum":4.1,
 "time":"2026-01-05T10:00:00Z"})");
  ASSERT_THAT(letters_, testing::IsEmpty());
  ASSERT_EQ(batch_.points.size(), 1U);
  EXPECT_EQ(batch_.points[0].kind, PointKind::histogram_delta);
  EXPECT_TRUE(batch_.points[0].value == Fixed{4'100'000'000});
  EXPECT_THAT(batch_.buckets, testing::ElementsAre(900, 80, 15, 4, 1, 0));
  ASSERT_EQ(batch_.new_layouts.size(), 1U);
  EXPECT_TRUE(batch_.new_layouts[0][0] == Fixed{5'000'000});
  EXPECT_EQ(batch_.new_layouts[0].size(), 5U);
}

TEST_F(MetricDecoderTest, EveryKindAndFieldOrderIsRead) {
  const std::pair<const char*, PointKind> table[] = {
      {R"({"kind":"counter","value":1.5,"metric":"m"})", PointKind::counter},
      {R"({"value":0,"kind":"counter_delta","metric":"m","labels":{}})", PointKind::counter_delta},
      {R"( { "metric" : "m" , "kind" : "gauge" , "value" : -1e-3 } )", PointKind::gauge},
      {R"({"metric":"m","kind":"histogram","bounds":[],"counts":[7]})", PointKind::histogram},
      {R"({"metric":"m","kind":"histogram_delta","bounds":[ 1 , 2 ],"counts":[ 1 ,0, 2 ],"x":{"y":[1]}})",
       PointKind::histogram_delta},
  };
  for (const auto& [message, kind] : table) {
    decode(message);
    ASSERT_THAT(letters_, testing::IsEmpty()) << letters_[0].reason << "\n" << message;
    EXPECT_EQ(batch_.points.back().kind, kind) << message;
    EXPECT_EQ(batch_.points.back().end, kRecordTime);
  }
  EXPECT_EQ(batch_.new_series.size(), 1U);
}

TEST_F(MetricDecoderTest, ASeriesHasOneNumberHoweverItIsSpelt) {
  decode(R"({"metric":"m","labels":{"a":"1","b":"2"},"kind":"gauge","value":1})");
  decode(R"({"metric":"m","labels":{"b":"2","a":"1"},"kind":"gauge","value":1})");
  decode(R"({"metric":"m","labels":{ "b" : "\u0032", "a":"1"},"kind":"gauge","value":1})");
  decode(R"({"metric":"m","labels":{"a":"12"},"kind":"gauge","value":1})");
  decode(R"({"metric":"m","kind":"gauge","value":1})");
  std::vector<std::uint32_t> numbers;
  for (const MetricPoint& point : batch_.points) numbers.push_back(point.series.value);
  EXPECT_THAT(numbers, testing::ElementsAre(0, 0, 0, 1, 2));
  EXPECT_EQ(batch_.new_series.size(), 3U);
  EXPECT_THAT(batch_.new_series[0].labels,
              testing::ElementsAre(testing::Pair("a", "1"), testing::Pair("b", "2")));
}

TEST_F(MetricDecoderTest, NumbersGoOnOverBatchesAndTopics) {
  decode(R"({"metric":"a","kind":"gauge","value":1})");
  PointBatch second;
  decoder_.decode({"other", 0, 0, kRecordTime, "", R"({"metric":"b","kind":"gauge","value":1})"},
                  second, letters_);
  decoder_.decode({"other", 0, 1, kRecordTime, "", R"({"metric":"a","kind":"gauge","value":1})"},
                  second, letters_);
  ASSERT_EQ(second.new_series.size(), 1U);
  EXPECT_EQ(second.new_series[0].number.value, 1U);
  EXPECT_EQ(second.points[1].series.value, 0U);
}

TEST_F(MetricDecoderTest, EqualBoundsAreOneLayout) {
  decode(R"({"metric":"m","kind":"histogram","bounds":[0.1,1],"counts":[1,2,3]})");
  decode(R"({"metric":"m","kind":"histogram","bounds":[0.10,1.0],"counts":[4,5,6]})");
  decode(R"({"metric":"m","kind":"histogram","bounds":[0.1,2],"counts":[7,8,9]})");
  ASSERT_EQ(batch_.points.size(), 3U);
  EXPECT_EQ(batch_.points[1].layout.value, 0U);
  EXPECT_EQ(batch_.points[2].layout.value, 1U);
  EXPECT_EQ(batch_.points[2].first_bucket, 6U);
  EXPECT_EQ(batch_.new_layouts.size(), 2U);
}

TEST_F(MetricDecoderTest, StartAndIntegerTimesAreRead) {
  decode(
      R"({"metric":"m","kind":"counter","value":1,"start":1767571200000000000,"time":1767571260000000001})");
  ASSERT_EQ(batch_.points.size(), 1U);
  EXPECT_EQ(format_time(batch_.points[0].start), "2026-01-05T00:00:00Z");
  EXPECT_EQ(format_time(batch_.points[0].end), "2026-01-05T00:01:00.000000001Z");
}

TEST_F(MetricDecoderTest, EachMistakeHasItsPlaceAndReason) {
  const std::pair<const char*, const char*> table[] = {
      {"{garbage", "line 1, column 2: expected a key"},
      {"42", "line 1, column 1: expected an object"},
      {"", "an empty message"},
      {" \r\n\t", "an empty message"},
      {"{}", "line 1, column 1: `metric` is missing"},
      {R"({"metric":"m","value":1})", "line 1, column 1: `kind` is missing"},
      {R"({"resourceMetrics":7})", "line 1, column 1: resourceMetrics is not a list"},
      {R"({"metric":7,"kind":"gauge","value":1})", "line 1, column 11: `metric` is not a text"},
      {R"({"metric":"","kind":"gauge","value":1})", "line 1, column 11: `metric` is empty"},
      {R"({"metric":"m","kind":3,"value":1})", "line 1, column 22: `kind` is not a text"},
      {R"({"metric":"m","kind":"gaug","value":1})",
       "line 1, column 22: `gaug` is no kind of metric, did you mean `gauge`?"},
      {R"({"metric":"m","kind":"gauge"})", "line 1, column 1: `value` is missing"},
      {R"({"metric":"m","kind":"gauge","value":"1"})",
       "line 1, column 38: `value` is not a number"},
      {R"({"metric":"m","kind":"gauge","value":null})",
       "line 1, column 38: `value` is not a number"},
      {R"({"metric":"m","kind":"gauge","value":"NaN"})",
       "line 1, column 38: `value` is not a number"},
      {R"({"metric":"m","kind":"gauge","value":NaN})",
       "line 1, column 38: `NaN` is not a finite number"},
      {R"({"metric":"m","kind":"gauge","value":-Infinity})",
       "line 1, column 38: `-Infinity` is not a finite number"},
      {R"({"metric":"m","kind":"gauge","value":1e400})",
       "line 1, column 38: `value` is beyond the limit of 1000000000000000"},
      {R"({"metric":"m","kind":"gauge","value":-1000000000000001})",
       "line 1, column 38: `value` is beyond the limit of 1000000000000000"},
      {R"({"metric":"m","kind":"gauge","value":01})",
       "line 1, column 38: a number may not begin with 0"},
      {R"({"metric":"m","kind":"gauge","value":1,"value":2})",
       "line 1, column 41: `value` is given twice"},
      {R"({"metric":"m","kind":"counter","value":-1})",
       "line 1, column 40: `value` of a counter is negative"},
      {R"({"metric":"m","kind":"counter_delta","value":-0.5})",
       "line 1, column 46: `value` of a counter is negative"},
      {R"({"metric":"m","kind":"gauge","value":1,"bounds":[1]})",
       "line 1, column 49: `bounds` belongs to a histogram, this is a gauge"},
      {R"({"metric":"m","kind":"gauge","value":1,"labels":["a"]})",
       "line 1, column 49: `labels` is not an object"},
      {R"({"metric":"m","kind":"gauge","value":1,"labels":{"a":1}})",
       "line 1, column 54: label `a` is not a text"},
      {R"({"metric":"m","kind":"gauge","value":1,"labels":{"a":"1","a":"2"}})",
       "line 1, column 49: label `a` is given twice"},
      {R"({"metric":"m","kind":"gauge","value":1,"labels":{"":"1"}})",
       "line 1, column 53: a label has no name"},
      {R"({"metric":"m","kind":"gauge","value":1,"time":"10:00"})",
       "line 1, column 47: `time` is neither RFC 3339 nor integer nanoseconds"},
      {R"({"metric":"m","kind":"gauge","value":1,"time":1.5})",
       "line 1, column 47: `time` is neither RFC 3339 nor integer nanoseconds"},
      {R"({"metric":"m","kind":"gauge","value":1,"time":-1})",
       "line 1, column 47: `time` lies before 1970"},
      {R"({"metric":"m","kind":"counter","value":1,"time":5,"start":6})",
       "line 1, column 59: `start` lies after `time`"},
      {R"({"metric":"m","kind":"histogram","counts":[1]})",
       "line 1, column 1: `bounds` is missing"},
      {R"({"metric":"m","kind":"histogram","bounds":[1]})",
       "line 1, column 1: `counts` is missing"},
      {R"({"metric":"m","kind":"histogram","bounds":[1],"counts":[1,2],"value":3})",
       "line 1, column 70: `value` does not belong to a histogram"},
      {R"({"metric":"m","kind":"histogram","bounds":[1,1],"counts":[1,2,3]})",
       "line 1, column 46: `bounds` must rise, 1 comes after 1"},
      {R"({"metric":"m","kind":"histogram","bounds":[2,1.5],"counts":[1,2,3]})",
       "line 1, column 46: `bounds` must rise, 1.5 comes after 2"},
      {R"({"metric":"m","kind":"histogram","bounds":["1"],"counts":[1,2]})",
       "line 1, column 44: `bounds` is not a number"},
      {R"({"metric":"m","kind":"histogram","bounds":{},"counts":[1,2]})",
       "line 1, column 43: `bounds` is not a list"},
      {R"({"metric":"m","kind":"histogram","bounds":[1],"counts":[1,2,3]})",
       "line 1, column 56: `counts` has 3 entries, 1 `bounds` need 2"},
      {R"({"metric":"m","kind":"histogram","bounds":[1],"counts":[1]})",
       "line 1, column 56: `counts` has 1 entries, 1 `bounds` need 2"},
      {R"({"metric":"m","kind":"histogram","bounds":[1],"counts":[1,-2]})",
       "line 1, column 59: `counts` holds a negative number"},
      {R"({"metric":"m","kind":"histogram","bounds":[1],"counts":[1,2.5]})",
       "line 1, column 59: `counts` holds what is not a whole number"},
      {R"({"metric":"m","kind":"histogram","bounds":[1],"counts":[1,99999999999999999999]})",
       "line 1, column 59: `counts` is beyond the limit of 1000000000000000"},
      {R"({"metric":"m","kind":"histogram","bounds":[1],"counts":[1000000000000000,1]})",
       "line 1, column 74: `counts` sum up to more than 1000000000000000"},
      {R"({"metric":"m","kind":"histogram","bounds":[1],"counts":[1,2],"sum":"4"})",
       "line 1, column 68: `sum` is not a number"},
      {R"({"metric":"m","kind":"gauge","value":1} {})",
       "line 1, column 41: expected nothing after the object"},
  };
  for (const auto& [message, expected] : table) EXPECT_EQ(reason(message), expected) << message;
}

TEST_F(MetricDecoderTest, AMessageMayBeginWithAnEmptyLineWhereTheFormatIsSaid) {
  decode("\n{\"metric\":\"m\",\"kind\":\"gauge\",\"value\":1}", MetricFormat::rollbook);
  EXPECT_THAT(letters_, testing::IsEmpty());
  EXPECT_EQ(batch_.points.size(), 1U);
}

TEST_F(MetricDecoderTest, AFrameOfASchemaRegistryIsTakenOff) {
  using namespace std::string_literals;
  decode("\0\0\0\0\1"s + R"({"metric":"m","kind":"gauge","value":1})");
  EXPECT_THAT(letters_, testing::IsEmpty());
  EXPECT_EQ(batch_.points.size(), 1U);
  EXPECT_EQ(reason("\0\0\0\0\1"s), "an empty message");
  EXPECT_EQ(reason("\0\0\0\1"s), "line 1, column 1: expected an object");
}

TEST_F(MetricDecoderTest, FormatsHaveTheirNames) {
  EXPECT_EQ(metric_format("auto"), MetricFormat::automatic);
  EXPECT_EQ(metric_format("otlp"), MetricFormat::otlp);
  EXPECT_EQ(metric_format("otlp-json"), MetricFormat::otlp_json);
  EXPECT_EQ(metric_format("prometheus"), MetricFormat::prometheus);
  EXPECT_EQ(metric_format("influx"), MetricFormat::influx);
  EXPECT_EQ(metric_format("rollbook"), MetricFormat::rollbook);
  EXPECT_FALSE(metric_format("json"));
}

TEST_F(MetricDecoderTest, ABadLineTakesNoOtherWithIt) {
  decode(
      "{\"metric\":\"m\",\"kind\":\"gauge\",\"value\":1}\n"
      "{\"metric\":\"m\",\"kind\":\"gauge\",\"value\":}\r\n"
      "\n"
      "{\"metric\":\"m\",\"kind\":\"counter\",\"value\":-3}\n"
      "{\"metric\":\"m\",\"kind\":\"gauge\",\"value\":2}\n");
  EXPECT_EQ(batch_.points.size(), 2U);
  ASSERT_EQ(letters_.size(), 2U);
  EXPECT_EQ(letters_[0].reason, "line 2, column 38: expected a value");
  EXPECT_EQ(letters_[0].payload, "{\"metric\":\"m\",\"kind\":\"gauge\",\"value\":}\r");
  EXPECT_EQ(letters_[1].reason, "line 4, column 40: `value` of a counter is negative");
  EXPECT_EQ(letters_[1].offset, 81);
  EXPECT_EQ(letters_[1].partition, 3);
}

TEST_F(MetricDecoderTest, ABadFirstLineIsABadLineToo) {
  decode("{x\n{\"metric\":\"m\",\"kind\":\"gauge\",\"value\":1}\n");
  EXPECT_EQ(batch_.points.size(), 1U);
  ASSERT_EQ(letters_.size(), 1U);
  EXPECT_EQ(letters_[0].reason, "line 1, column 2: expected a key");
}

TEST_F(MetricDecoderTest, OneObjectOverManyLinesIsJudgedAsOne) {
  EXPECT_EQ(reason("{\"metric\":\"m\",\n \"kind\":\"counter\",\n \"value\":-1}\n"),
            "line 3, column 10: `value` of a counter is negative");
}

TEST_F(MetricDecoderTest, AMessageOfGarbageIsOneLetter) {
  std::string garbage;
  for (int i = 0; i < 1000; ++i) garbage += "no metrics at all\n";
  EXPECT_EQ(reason(garbage), "line 1, column 1: expected an object");
  EXPECT_EQ(letters_[0].payload.size(), core::kDeadLetterBytes);
  EXPECT_EQ(letters_[0].size, garbage.size());
}

TEST_F(MetricDecoderTest, ManyBadLinesAmongGoodOnesAreSummedUp) {
  std::string message = "{\"metric\":\"m\",\"kind\":\"gauge\",\"value\":1}\n";
  for (int i = 0; i < 100; ++i) message += "x\n";
  decode(message);
  ASSERT_EQ(letters_.size(), 16U);
  EXPECT_EQ(letters_.back().reason,
            "line 17, column 1: expected an object (and 84 more lines of this message)");
}

TEST_F(MetricDecoderTest, AMessageBeyondTheLimitIsRefusedUnread) {
  EXPECT_EQ(reason(std::string(core::kMessageBytes + 1, '{')),
            "a message of 4194305 bytes, the limit is 4194304");
}

TEST_F(MetricDecoderTest, TablesDoNotGrowWithoutEnd) {
  decoder_ = MetricDecoder(DecoderLimits{.series = 2, .layouts = 1, .labels = 1, .name_bytes = 4});
  decode(R"({"metric":"a","kind":"gauge","value":1})");
  decode(R"({"metric":"b","kind":"histogram","bounds":[1],"counts":[1,2]})");
  EXPECT_EQ(reason(R"({"metric":"c","kind":"gauge","value":1})"),
            "line 1, column 11: more than 2 series");
  EXPECT_EQ(reason(R"({"metric":"a","kind":"histogram","bounds":[2],"counts":[1,2]})"),
            "line 1, column 43: more than 1 kinds of `bounds`");
  EXPECT_EQ(reason(R"({"metric":"a","labels":{"x":"","y":""},"kind":"gauge","value":1})"),
            "line 1, column 36: more than 1 labels");
  EXPECT_EQ(reason(R"({"metric":"aaaaa","kind":"gauge","value":1})"),
            "line 1, column 11: `metric` is longer than 4 bytes");
}

TEST_F(MetricDecoderTest, TooManyBucketsAreRefused) {
  std::string bounds, counts = "0";
  for (std::size_t i = 0; i < core::kBucketsMax; ++i) {
    bounds += (i == 0 ? "" : ",") + std::to_string(i);
    counts += ",0";
  }
  EXPECT_THAT(reason(R"({"metric":"m","kind":"histogram","counts":[)" + counts + R"(],"bounds":[)" +
                     bounds + "]}"),
              testing::EndsWith("more than 512 buckets"));
}

// No bytes may crash it, and every message ends as points or as letters with a reason.
TEST_F(MetricDecoderTest, SurvivesMutatedMessages) {
  const std::string seeds[] = {
      R"({"metric":"m","labels":{"a":"\u00e4","b":"2"},"kind":"counter","value":120345.25,"time":"2026-01-05T10:00:00Z","start":17})",
      R"({"metric":"h","kind":"histogram","bounds":[0.005,0.01],"counts":[900,80,15],"sum":4.1})"
      "\n"
      R"({"metric":"g","kind":"gauge","value":-1e-3,"x":[{"y":null}]})"};
  std::mt19937 random(7);  // NOLINT: the same bytes in every run
  for (int round = 0; round < 20'000; ++round) {
    std::string message = seeds[random() % std::size(seeds)];
    for (auto edits = random() % 6; edits > 0; --edits) {
      const std::size_t at = random() % message.size();
      switch (random() % 4) {
        case 0:
          message[at] = static_cast<char>(random());
          break;
        case 1:
          message.erase(at, random() % 8 + 1);
          break;
        case 2:
          message.insert(at, 1, "{}[]\",:\\0-eE.\n"[random() % 14]);
          break;
        default:
          message += message.substr(at);
      }
      if (message.empty()) message = "{";
    }
    letters_.clear();
    const std::size_t before = batch_.points.size();
    decode(message);
    EXPECT_TRUE(batch_.points.size() > before || !letters_.empty()) << message;
    for (const DeadLetter& letter : letters_) {
      EXPECT_FALSE(letter.reason.empty());
      EXPECT_THAT(letter.reason, testing::Not(testing::HasSubstr("not an object of a metric")));
    }
  }
}

TEST_F(MetricDecoderTest, SurvivesRandomBytes) {
  std::mt19937 random(11);  // NOLINT
  for (int round = 0; round < 2'000; ++round) {
    std::string message(random() % 300 + 1, '\0');
    for (char& byte : message) byte = static_cast<char>(random());
    letters_.clear();
    decode(message, round % 2 == 0 ? MetricFormat::automatic : MetricFormat::rollbook);
    EXPECT_FALSE(letters_.empty());
  }
  EXPECT_TRUE(batch_.points.empty());
}

TEST(DeadLetter, IsOneLineOfTheContractsShape) {
  const DeadLetter letter = make_dead_letter({"metrics", 0, 81, kRecordTime, "", ""},
                                             "{garbage \xff", "line 1, column 2: expected a key");
  EXPECT_EQ(
      encode(letter),
      R"({"topic":"metrics","partition":0,"offset":81,"time":"2026-01-05T10:00:07Z","reason":"line 1, column 2: expected a key","payload":"e2dhcmJhZ2Ug/w==","size":10})");
}

}  // namespace
}  // namespace rollbook::adapters
