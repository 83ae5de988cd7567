#include "tools/scenario/recording.h"

#include <gmock/gmock.h>

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
