#include "tools/scenario/recording.h"

#include <gmock/gmock.h>

#include "engine/core/sentence.h"
#include "tests/tools/scenario/stage.h"

namespace rollbook::tests {
namespace {

using namespace std::chrono_literals;
using core::Fixed;
using testing::ElementsAre;
using tools::Recording;
using tools::slowed;

std::string line(int second, const std::string& name, const std::string& version, int value) {
  return "{\"metric\":\"" + name + "\",\"labels\":{\"version\":\"" + version +
         "\"},\"kind\":\"counter\",\"value\":" + std::to_string(value) +
         ",\"time\":" + std::to_string(1'767'571'200'000'000'000LL + second * 1'000'000'000LL) +
         "}\n";
}

core::Time at(int second) { return tools::kPlayBegin + std::chrono::seconds(second); }

Recording recorded(const std::string& text) {
  auto recording = Recording::read(stage_plan()->machine, text);
  EXPECT_TRUE(recording.has_value()) << recording.error().message;
  return std::move(*recording);
}

TEST(Recording, GivesItsPointsAtTheirTimes) {
  Recording recording =
      recorded(line(30, "shop_requests_total", "new", 7) + "\n" +
               line(15, "shop_requests_total", "new", 5) + line(15, "other", "new", 1));
  EXPECT_EQ(recording.begin(), at(15));
  EXPECT_EQ(recording.end(), at(30));
  EXPECT_THAT(recording.unfed(), ElementsAre("errors", "latency", "depth"));
  runtime::PointBatch batch;
  recording.run_until(at(14), batch);
  EXPECT_TRUE(batch.points.empty());
  recording.run_until(at(15), batch);
  EXPECT_EQ(batch.points.size(), 2U);
  EXPECT_EQ(batch.new_series.size(), 2U);
  EXPECT_EQ(recording.next(), at(30));
  recording.run_until(at(40), batch);
  EXPECT_EQ(batch.points.size(), 3U);
  EXPECT_EQ(recording.next(), core::kDistantFuture);
}

TEST(Recording, RefusesWhatIsNoRecording) {
  const auto refusal = [](const std::string& text) {
    const auto read = Recording::read(stage_plan()->machine, text);
    return read ? "" : read.error().message;
  };
  EXPECT_EQ(refusal("\n \n"), "no metrics were recorded there");
  EXPECT_THAT(refusal(line(1, "a", "new", 1) + "{\"metric\":}\n"),
              testing::StartsWith("line 2, column 11: "));
  EXPECT_EQ(refusal(R"({"metric":"a","labels":{},"kind":"counter","value":1})"),
            "line 1: a recorded metric needs its `time`");
}

TEST(Recording, ErrorsLaidOverAreAShareOfTheRecordedRequests) {
  std::string text;
  for (int i = 0; i <= 4; ++i) text += line(i * 15, "shop_requests_total", "new", i * 1000);
  Recording recording = recorded(text);
  ASSERT_TRUE(recording.lay_over_errors().has_value());
  adapters::FaultClock faults(stage_plan()->machine, {*adapters::parse_fault("errors 10%")});
  faults.mark("", at(0));
  runtime::PointBatch batch;
  recording.run_until(at(30), batch);  // healthy so far
  recording.suffer(faults, at(30));
  recording.run_until(at(60), batch);
  std::vector<std::int64_t> errors;
  for (const runtime::MetricPoint& point : batch.points) {
    const runtime::SeriesName& name = batch.new_series[point.series.value];
    bool canary = false;
    for (const auto& [label, value] : name.labels) canary = canary || value == "new";
    if (name.name == "shop_errors_total" && canary) {
      errors.push_back(static_cast<std::int64_t>(point.value.nanos / Fixed::kScale));
    }
  }
  EXPECT_THAT(errors, ElementsAre(0, 0, 0, 100, 200));
}

std::string traced(int second, const std::string& version, const std::string& exemplars) {
  std::string text = line(second, "shop_latency_seconds", version, 0);
  const std::string plain = R"("kind":"counter","value":0)";
  text.replace(
      text.find(plain), plain.size(),
      R"("kind":"histogram_delta","bounds":[0.05],"counts":[9,1],"exemplars":[)" + exemplars + "]");
  return text;
}
std::string exemplar(int number, const std::string& value) {
  const std::string digits = std::to_string(number);
  return R"({"value":)" + value + R"(,"trace_id":")" + std::string(32 - digits.size(), '0') +
         digits + "\"}";
}

TEST(Recording, ExemplarsGoAlongWithTheirPoints) {
  // Not by time, and of a point that has none before it.
  Recording recording =
      recorded(traced(30, "new", exemplar(3, "0.3")) + line(20, "shop_requests_total", "new", 5) +
               traced(15, "new", exemplar(1, "0.1") + "," + exemplar(2, "0.2")) +
               traced(15, "old", exemplar(9, "0.9")) + traced(45, "new", exemplar(4, "0.4")));
  adapters::FaultClock faults(
      stage_plan()->machine,
      {*adapters::parse_fault("silence from 40s"), *adapters::parse_fault("latency x2 from 25s")});
  faults.mark("", at(0));
  runtime::PointBatch batch;
  for (const int second : {15, 20, 30, 45, 60}) {
    recording.suffer(faults, at(second));
    recording.run_until(at(second), batch);
  }
  std::vector<std::string> told;
  for (const runtime::PointExemplar& one : batch.exemplars) {
    const runtime::MetricPoint& point = batch.points.at(one.point);
    const auto& labels = batch.new_series[point.series.value].labels;
    told.push_back(labels.front().second + " " + std::to_string((point.end - at(0)) / 1s) + " " +
                   std::to_string(one.trace.back()) + " " + core::decimal_text(one.value));
  }
  EXPECT_THAT(told, ElementsAre("new 15 2 0.2", "new 15 1 0.1", "old 15 9 0.9", "new 30 3 0.6"))
      << "at 30 s all is twice as slow, at 45 s nothing of the canary comes";
}

TEST(Recording, KeepsMoreExemplarsThanOneBatchMayHave) {
  std::string text;
  for (int i = 1; i <= 2000; ++i) text += traced(i, "new", exemplar(i, "0.1"));
  Recording recording = recorded(text);
  runtime::PointBatch batch;
  recording.run_until(at(2000), batch);
  EXPECT_EQ(batch.exemplars.size(), 2000U);
  EXPECT_EQ(batch.exemplars.back().point, 1999U);
}

TEST(Recording, SilenceLeavesItsArmOut) {
  Recording recording = recorded(line(0, "shop_requests_total", "new", 0) +
                                 line(15, "shop_requests_total", "new", 5) +
                                 line(15, "shop_requests_total", "old", 5));
  adapters::FaultClock faults(stage_plan()->machine, {*adapters::parse_fault("silence")});
  faults.mark("", at(0));
  recording.suffer(faults, at(0));
  runtime::PointBatch batch;
  recording.run_until(at(15), batch);
  EXPECT_EQ(batch.points.size(), 1U);
}

TEST(Slowed, MovesObservationsUpAndLosesNone) {
  const std::vector<Fixed> bounds = {Fixed::from_nanos(10), Fixed::from_nanos(20),
                                     Fixed::from_nanos(40)};
  EXPECT_THAT(slowed(bounds, {100, 50, 20, 5}, Fixed::from_int(1)), ElementsAre(100, 50, 20, 5));
  // Twice as slow: what took up to 10 takes up to 20, evenly.
  EXPECT_THAT(slowed(bounds, {100, 50, 20, 5}, Fixed::from_int(2)), ElementsAre(50, 50, 50, 25));
  EXPECT_THAT(slowed(bounds, {100, 50, 20, 5}, Fixed::from_int(1000)), ElementsAre(0, 0, 0, 175));
}

}  // namespace
}  // namespace rollbook::tests
