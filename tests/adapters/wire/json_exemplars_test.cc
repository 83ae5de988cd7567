// Exemplars of Rollbook JSON: what is read, what is refused without its point, and the bounds.

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "engine/core/limits.h"
#include "tests/adapters/wire/decoding.h"
#include "tests/paths.h"

namespace rollbook::adapters::tests {
namespace {

using core::Fixed;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr char kTrace[] = "0af7651916cd43dd8448eb211c80319c";

std::string with(const std::string& exemplars, const std::string& rest) {
  return R"({"metric":"m","labels":{"v":"new"},)" + rest + R"(,"exemplars":)" + exemplars +
         R"(,"time":"2026-01-05T10:00:00Z"})";
}
std::string histogram(const std::string& exemplars) {
  return with(exemplars, R"("kind":"histogram_delta","bounds":[0.1],"counts":[3,1])");
}
std::string counter(const std::string& exemplars) {
  return with(exemplars, R"("kind":"counter_delta","value":4)");
}
std::string one(const std::string& value, const std::string& more = "") {
  return R"({"value":)" + value + R"(,"trace_id":")" + kTrace + "\"" + more + "}";
}
std::string many(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += (i == 0 ? "" : ",") + one(std::to_string(i));
  return "[" + list + "]";
}

class JsonExemplarsTest : public Decoding {
 protected:
  // The reason of the only dead letter of a message whose point must be taken all the same.
  std::string flaw(const std::string& message) {
    const std::size_t points = batch.points.size();
    letters.clear();
    decode(message);
    EXPECT_EQ(batch.points.size(), points + 1) << message;
    return letters.size() == 1 ? letters[0].reason : "letters: " + std::to_string(letters.size());
  }
};

TEST_F(JsonExemplarsTest, CarryValueTimeTraceAndLabels) {
  decode(histogram(
      "[" + one("0.25", R"(,"time":"2026-01-05T09:59:58.5Z","labels":{"route":"/pay"})") + "]"));
  EXPECT_THAT(letters, IsEmpty());
  ASSERT_THAT(batch.exemplars, SizeIs(1));
  const runtime::PointExemplar& read = batch.exemplars[0];
  EXPECT_EQ(read.point, 0U);
  EXPECT_EQ(read.value, Fixed::from_nanos(250'000'000));
  EXPECT_EQ(format_time(read.at), "2026-01-05T09:59:58.5Z");
  EXPECT_EQ(read.trace[0], 0x0a);
  EXPECT_EQ(read.trace[15], 0x9c);
  EXPECT_THAT(read.labels, ElementsAre(Pair("route", "/pay")));
}

TEST_F(JsonExemplarsTest, NeedNoTimeAndOfACounterNoValue) {
  decode(
      counter(R"([{"trace_id":"0AF7651916CD43DD8448EB211C80319C","span_id":"b7ad6b7169203331"}])"));
  EXPECT_THAT(letters, IsEmpty());
  ASSERT_THAT(batch.exemplars, SizeIs(1));
  EXPECT_EQ(batch.exemplars[0].value, Fixed::from_int(1));
  EXPECT_EQ(batch.exemplars[0].at, batch.points[0].end);
  EXPECT_EQ(batch.exemplars[0].trace[0], 0x0a);
}

TEST_F(JsonExemplarsTest, BelongToThePointTheyCameWith) {
  decode(counter("[]") + "\n" + counter("[" + one("1") + "]") + "\n" + counter("null") + "\n" +
         histogram("[" + one("2") + "," + one("3") + "]"));
  ASSERT_THAT(batch.exemplars, SizeIs(3));
  EXPECT_EQ(batch.exemplars[0].point, 1U);
  EXPECT_EQ(batch.exemplars[1].point, 3U);
  EXPECT_EQ(batch.exemplars[1].value, Fixed::from_int(3));  // the highest first
  EXPECT_EQ(batch.exemplars[2].point, 3U);
}

TEST_F(JsonExemplarsTest, BadOnesSayWhatIsWrongAndLeaveTheirPoint) {
  const std::string trace = kTrace;
  const struct {
    std::string exemplars;
    std::string reason;
  } cases[] = {
      {R"({"value":1})", R"(`exemplars` is not a list of {"value":…,"time":…,"trace_id":…})"},
      {"7", R"(`exemplars` is not a list of {"value":…,"time":…,"trace_id":…})"},
      {"[7]", "`exemplars[0]` is not an object; the point was taken without this exemplar"},
      {R"([{"value":1}])",
       "`exemplars[0].trace_id` is missing: 32 hexadecimal digits, as a traceparent has them; the "
       "point was taken without this exemplar"},
      {R"([{"value":1,"trace_id":"0af7"}])",
       "`exemplars[0].trace_id` is not 32 hexadecimal digits, as a traceparent has them; the point "
       "was taken without this exemplar"},
      {R"([{"value":1,"trace_id":"0af7651916cd43dd8448eb211c80319g"}])",
       "`exemplars[0].trace_id` is not 32 hexadecimal digits, as a traceparent has them; the point "
       "was taken without this exemplar"},
      {R"([{"value":1,"trace_id":7}])",
       "`exemplars[0].trace_id` is not 32 hexadecimal digits, as a traceparent has them; the point "
       "was taken without this exemplar"},
      {R"([{"value":1,"trace_id":"00000000000000000000000000000000"}])",
       "`exemplars[0].trace_id` is all zeros, which is no trace; the point was taken without this "
       "exemplar"},
      {R"([{"trace_id":")" + trace + R"("}])",
       "`exemplars[0].value` is missing: what this request took; the point was taken without this "
       "exemplar"},
      {"[" + one("\"fast\"") + "]",
       "`exemplars[0].value` is not a number; the point was taken without this exemplar"},
      {"[" + one("1e300") + "]",
       "`exemplars[0].value` is beyond the limit of 1000000000000000; the point was taken without "
       "this exemplar"},
      {"[" + one("1", R"(,"time":"yesterday")") + "]",
       "`exemplars[0].time` is neither RFC 3339 nor integer nanoseconds; the point was taken "
       "without this exemplar"},
      {"[" + one("1", R"(,"labels":["route"])") + "]",
       "`exemplars[0]`: `labels` is not an object; the point was taken without this exemplar"},
      {"[" + one("1", R"(,"labels":{"route":7})") + "]",
       "`exemplars[0]`: label `route` is not a text; the point was taken without this exemplar"},
      {"[" + one("1", R"(,"value":2)") + "]",
       "`exemplars[0]`: `value` is given twice; the point was taken without this exemplar"},
      {"[" + one("1") + R"(,{"value":2},7])",
       "`exemplars[1].trace_id` is missing: 32 hexadecimal digits, as a traceparent has them; the "
       "point was taken without 2 exemplars"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(flaw(histogram(c.exemplars)), testing::EndsWith(": " + c.reason));
  }
  EXPECT_THAT(batch.exemplars, SizeIs(1));  // the good one of the last
  EXPECT_THAT(
      flaw(with("[" + one("1") + "]", R"("kind":"gauge","value":4)")),
      testing::EndsWith(": `exemplars` belong to a counter or a histogram, this is a gauge"));
}

TEST_F(JsonExemplarsTest, SayWhereInTheMessageTheFaultIs) {
  EXPECT_EQ(flaw(R"({"metric":"m","kind":"counter","value":1,
 "exemplars":[{"trace_id":"7"}]})"),
            "line 2, column 27: `exemplars[0].trace_id` is not 32 hexadecimal digits, as a "
            "traceparent has them; the point was taken without this exemplar");
  EXPECT_EQ(letters[0].size, batch.bytes);
}

TEST_F(JsonExemplarsTest, OfManyBadLinesSixteenAreTold) {
  std::string message;
  for (int i = 0; i < 40; ++i) message += counter("[7]") + "\n";
  decode(message);
  EXPECT_THAT(batch.points, SizeIs(40));
  ASSERT_THAT(letters, SizeIs(16));
  EXPECT_THAT(letters.back().reason, testing::EndsWith(" (and 24 more lines of this message)"));
}

TEST_F(JsonExemplarsTest, OfALineThatIsRefusedAreNotKept) {
  EXPECT_THAT(reason(with("[" + one("1") + "]", R"("kind":"counter_delta","value":-4)")),
              testing::HasSubstr("`value` of a counter is negative"));
  EXPECT_THAT(batch.exemplars, IsEmpty());
}

TEST_F(JsonExemplarsTest, AreBoundedInAPointAndInABatch) {
  decode(histogram(many(2 * core::kExemplarsOfPoint)));
  EXPECT_THAT(letters, IsEmpty());
  ASSERT_THAT(batch.exemplars, SizeIs(core::kExemplars));
  EXPECT_EQ(batch.exemplars.front().value,
            Fixed::from_int(static_cast<std::int64_t>(core::kExemplarsOfPoint) - 1));
  for (int i = 0; i < 300; ++i) decode(histogram(many(7)));
  EXPECT_THAT(batch.exemplars, SizeIs(core::kExemplarsOfBatch));
  EXPECT_THAT(batch.points, SizeIs(301));
}

TEST_F(JsonExemplarsTest, KeepLabelsAsFarAsTheyAreShort) {
  const std::string text(200, 'x');
  decode(counter(
      "[" + one("1", R"(,"labels":{"a":")" + text + R"(","b":")" + text + R"(","c":"short"})") +
      "]"));
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(batch.exemplars.at(0).labels, ElementsAre(Pair("a", text), Pair("c", "short")));
}

// They have no place for exemplars; what stands there all the same is no fault.
TEST_F(JsonExemplarsTest, OtherFormatsHaveNone) {
  decode(R"({"timestamp":"2026-01-05T10:00:00Z","value":"4","name":"m","labels":{"__name__":"m"},)"
         R"("exemplars":[{"value":1,"trace_id":"0af7651916cd43dd8448eb211c80319c"}]})");
  decode("m,route=/pay value=4 1767607200000000000");
  EXPECT_THAT(letters, IsEmpty());
  EXPECT_THAT(batch.points, SizeIs(2));
  EXPECT_THAT(batch.exemplars, IsEmpty());
}

// ---- docs/metrics.md ------------------------------------------------------------------------

// Its examples stand indented by four blanks.
TEST_F(JsonExemplarsTest, TheExamplesOfTheDocumentsAreReadAsTheyStand) {
  std::ifstream file(ROLLBOOK_SOURCE_DIR "/docs/metrics.md");
  std::string example;
  std::size_t examples = 0;
  const auto take = [&] {
    if (example.find("\"metric\"") != std::string::npos) {
      decode(example);
      ++examples;
    }
    example.clear();
  };
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("    ")) {
      example += line + "\n";
    } else {
      take();
    }
  }
  take();
  EXPECT_EQ(examples, 3U);
  for (const DeadLetter& letter : letters) ADD_FAILURE() << letter.reason;
  EXPECT_THAT(all(),
              ElementsAre("hal9_requests_total{system=hierarchical} (-, 1767607200000000000] "
                          "counter 120345",
                          "hal9_request_duration_seconds{system=hierarchical} (-, "
                          "1767607200000000000] histogram_delta 4.1 [0.005, 0.01, 0.025, 0.05, "
                          "0.1] [900, 80, 15, 4, 1, 0]",
                          "hal9_errors_total{system=hierarchical,type=timeout} (-, "
                          "1767607200000000000] counter_delta 1"));
  EXPECT_THAT(batch.exemplars, SizeIs(2));
}

}  // namespace
}  // namespace rollbook::adapters::tests
